/**
 * `curl` through a simulated satellite: this machine's kernel, a router of netwright's on a TUN device, a wire that is slow, long and
 * loses packets, and a host of netwright's behind it that serves HTTP, all in this one process and in real time. Needs Linux and root.
 *
 *     sudo npx tsx examples/satellite.ts            # then, in another terminal, what it says
 *     sudo npx tsx examples/satellite.ts --demo     # runs curl itself
 *
 *     curl ── kernel 10.9.0.1 ── nw0 ── 10.9.0.2 ground ── satellite ── 10.20.0.1 server
 *
 * `--latency MS` one way, `--loss P`, `--bandwidth BITS` per second, `--size BYTES` of the page.
 */
import { execFile, spawnSync } from "node:child_process";
import { parseArgs, promisify } from "node:util";
import { type Host, Network, type Socket } from "../src/index.ts"; // yours: from "netwright"
import { openTun, TunError } from "../src/node/index.ts"; // yours: from "netwright/node"

const options = {
  demo: { type: "boolean", default: false },
  latency: { type: "string", default: "270" },
  loss: { type: "string", default: "0.01" },
  bandwidth: { type: "string", default: "20e6" },
  size: { type: "string", default: "100000" },
} as const;

/** The number that an option gives; says what is wrong in one line where it gives none. */
function number(name: "latency" | "loss" | "bandwidth" | "size", most: number): number {
  const value = Number(values[name] || "nothing");
  if (value >= 0 && value <= most) return value;
  return complain(`--${name} is a number from 0 to ${most}; got ${values[name] || "nothing"}`);
}

function complain(message: string): never {
  console.error(message.split(/\. |\n/)[0]);
  process.exit(2);
}

function commandLine() {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return complain((error as Error).message);
  }
}

const values = commandLine();
const [latency, loss, bandwidth] = [number("latency", 1e6), number("loss", 1), number("bandwidth", 1e12)];
const size = Math.floor(number("size", 1e9));
if (bandwidth === 0) complain("--bandwidth is above 0; got 0");

async function serve(host: Host, page: Uint8Array): Promise<void> {
  const listener = host.create_server({ address: "", port: 80 });
  for await (const connection of listener.connections()) void answer(connection, page).catch(() => {});
}

/** One request, one page, and good-bye. */
async function answer(connection: Socket, page: Uint8Array): Promise<void> {
  let request = "";
  for await (const bytes of connection.chunks()) {
    request += new TextDecoder().decode(bytes);
    if (request.includes("\r\n\r\n")) break;
  }
  await connection.sendall(`HTTP/1.1 200 OK\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n`);
  await connection.sendall(page);
  await connection.close();
}

const net = new Network({ clock: "real" });
const ground = net.router("ground", { address: "10.20.0.254/24" });
const server = net.host("server", { address: "10.20.0.1/24" });
const satellite = net.link(ground, server, { latency, loss, bandwidth });
void serve(server, new Uint8Array(size).fill(0x2a)).catch(() => {}); // until the network is closed

try {
  const tun = await openTun({ name: "nw0", address: "10.9.0.1/24" });
  ground.attach(tun, { address: "10.9.0.2/24" });
} catch (error) {
  net.close();
  if (!(error instanceof TunError)) throw error;
  console.error(error.message);
  process.exit(1);
}

// The kernel has to be told what is behind the router; the route goes when the device does.
const route = ["route", "replace", "10.20.0.0/24", "via", "10.9.0.2"];
const routed = spawnSync("ip", route).status === 0;
const command = [
  "-s",
  "-o",
  "/dev/null",
  "-w",
  "%{http_code}: %{size_download} bytes in %{time_total} s",
  "http://10.20.0.1/",
];

if (values.demo) {
  const { stdout } = await promisify(execFile)("curl", command);
  console.log(`curl says ${stdout}`);
  const { sent, dropped } = satellite.counters.b;
  console.log(`the satellite has lost ${dropped.loss} of ${sent} packets from the server`);
  net.close();
} else {
  process.once("SIGINT", () => net.close());
  process.once("SIGTERM", () => net.close());
  if (!routed) console.log(`first type: ip ${route.join(" ")}`);
  console.log("type: curl -v http://10.20.0.1/    or: ping 10.20.0.1    or: traceroute 10.20.0.1");
}
