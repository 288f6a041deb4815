/**
 * A host on a TUN device, for link.test.ts, which runs it in a network namespace of its own: `program.ts MODE [OPTIONS]`, where
 * OPTIONS are JSON for `openTun`, null for what is to be left out. Prints one line of JSON, and must end by itself.
 */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, readdirSync, readFileSync } from "node:fs";
import { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { AF_INET, Host, packetPool, SOCK_DGRAM } from "../../../src/index.ts";
import { openTun, TunError, type TunLink, type TunOptions } from "../../../src/node/index.ts";
import { openDevice } from "../../../src/node/tun/device.ts";
import { pythonHelper, takeSteps } from "../../../src/node/tun/helper.ts";
import { intBytes, TUNSETVNETHDRSZ } from "../../../src/node/tun/ioctl.ts";
import { openTun as openWith } from "../../../src/node/tun/open-tun.ts";

const KERNEL = fileURLToPath(new URL("kernel.py", import.meta.url));
const HERE = "10.9.0.1";
const PORT = 7000;
const TEN_MEGABYTES = 10_000_000;

const [mode = "", json = "{}"] = process.argv.slice(2);
const options = JSON.parse(json) as TunOptions;
const heard: string[] = [];

/** The kernel's side does `name`; what it says in the end. `onLine` hears what it says before. */
function kernel(name: string, args: readonly (string | number)[], onLine?: () => void): Promise<object> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.env["PYTHON"] ?? "python3", ["-B", KERNEL, name, ...args.map(String)], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 40_000,
    });
    let text = "";
    child.stdout.on("data", (data) => {
      text += data;
      if (text.includes("\n")) onLine?.();
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(JSON.parse(text.trim().split("\n").at(-1)!));
      else reject(new Error(`kernel.py ${name} ended with ${code}`));
    });
  });
}

function ip(...args: string[]): { status: number | null; text: string } {
  const { status, stdout } = spawnSync("ip", args, { encoding: "utf8" });
  return { status, text: stdout };
}

function deviceExists(name: string): boolean {
  return ip("link", "show", name).status === 0;
}

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));

/** Whether the device goes, within a second: a process that waits for packets holds it until it has ended. */
async function goes(name: string): Promise<boolean> {
  for (const end = performance.now() + 1000; deviceExists(name) && performance.now() < end; ) await pause(10);
  return !deviceExists(name);
}

/** Echoes one connection. */
async function echoTcp(host: Host): Promise<void> {
  const listener = host.create_server({ address: "", port: PORT });
  const [connection] = await listener.accept();
  for (;;) {
    const data = await connection.recv(262_144);
    if (data.length === 0) break;
    await connection.sendall(data);
  }
  await connection.close();
  await listener.close();
}

async function echoUdp(host: Host, count: number): Promise<void> {
  const socket = host.socket(AF_INET, SOCK_DGRAM);
  socket.bind({ address: "", port: PORT });
  for (let number = 0; number < count; number++) {
    const [data, from] = await socket.recvfrom(70_000);
    await socket.sendto(data, from);
  }
  await socket.close();
}

/** Sends bytes of a pattern to the kernel's echo server and compares what comes back. */
async function tcpClient(host: Host): Promise<object> {
  let ready = () => {};
  const listening = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const server = kernel("tcp_server", [PORT], () => ready());
  await Promise.race([listening, server]);
  const socket = await host.create_connection({ address: HERE, port: PORT });
  const data = new Uint8Array(TEN_MEGABYTES).map((_, index) => (index * 31 + (index >>> 8) * 7) & 255);
  const sending = socket.sendall(data).then(() => socket.shutdown(1));
  let same = true;
  let bytes = 0;
  for (;;) {
    const piece = await socket.recv(262_144);
    if (piece.length === 0) break;
    for (const byte of piece) same = data[bytes++] === byte && same;
  }
  await sending;
  await socket.close();
  return { same, bytes, kernel: await server };
}

/** The kernel sends into the device while it is down, then while it is up again. */
async function downAndUp(host: Host, link: TunLink): Promise<object> {
  const ping = () => kernel("ping", [56]);
  const before = await ping();
  ip("link", "set", link.name, "down");
  const socket = host.socket(AF_INET, SOCK_DGRAM);
  for (let number = 0; number < 3; number++) await socket.sendto("x", { address: HERE, port: 9 });
  await socket.close();
  await pause(1);
  const { interfaceDown } = link.counters;
  ip("link", "set", link.name, "up");
  return { before, after: await ping(), interfaceDown };
}

/** The device is down for a while in the midst of a transfer. */
async function downWithin(host: Host, link: TunLink): Promise<object> {
  const interrupt = async () => {
    while (link.counters.receivedBytes < TEN_MEGABYTES / 4) await pause(1);
    ip("link", "set", link.name, "down");
    const { receivedBytes } = link.counters;
    await pause(300);
    ip("link", "set", link.name, "up");
    return receivedBytes < TEN_MEGABYTES && link.counters.interfaceDown > 0;
  };
  const client = kernel("tcp_client", [PORT, TEN_MEGABYTES]);
  const [wasInterrupted, , result] = await Promise.all([interrupt(), echoTcp(host), client]);
  return { ...result, wasInterrupted };
}

/** The kernel sends all that it can to a socket that nobody reads from; what has become of it, and of the timers meanwhile. */
async function flooded(host: Host, link: TunLink): Promise<object> {
  const socket = host.socket(AF_INET, SOCK_DGRAM);
  socket.bind({ address: "", port: PORT });
  let [last, longest] = [performance.now(), 0];
  const timer = setInterval(() => {
    const now = performance.now();
    [last, longest] = [now, Math.max(longest, now - last)];
  }, 5);
  const flood = await kernel("flood", [PORT, 1]);
  clearInterval(timer);
  await pause(50); // the last of them
  spawnSync(process.env["PYTHON"] ?? "python3", ["-B", KERNEL, "flood", String(PORT), "0.1"]); // its packets wait for us
  let mostAtOnce = 0;
  for (let turn = 0; turn < 200; turn++) {
    const { receivedPackets } = link.counters;
    await new Promise(setImmediate);
    mostAtOnce = Math.max(mostAtOnce, link.counters.receivedPackets - receivedPackets);
  }
  await socket.close();
  const { stats64 } = JSON.parse(ip("-j", "-s", "link", "show", link.name).text)[0];
  return { ...flood, longest, mostAtOnce, taken: stats64.tx.packets, udp: host.netstat().counters["udp"] };
}

/** Whoever had the device before has set another size of header, and wanted segments of the kernel. */
async function asLeft(): Promise<object> {
  const name = "nw5";
  const { file } = await openDevice({ name, offload: true, persist: true });
  const step = { on: "device", request: TUNSETVNETHDRSZ, argument: intBytes(24) } as const;
  const [outcome] = (await takeSteps(file, [step]))!;
  closeSync(file);
  const results: object[] = [];
  for (const offload of [true, false]) {
    const link = await openTun({ name, address: "10.9.0.1/24", offload, persist: offload });
    const host = new Host({ seed: 1 });
    host.attach(link, { address: "10.9.0.2/24" });
    const client = kernel("tcp_client", [PORT, 1_000_000]);
    const [, result] = await Promise.all([echoTcp(host), client]);
    results.push(result);
    host.close();
  }
  return { errno: outcome!.errno, results };
}

/** Whether a process waits for packets in our stead. */
function hasWaiter(): boolean {
  const threads = readdirSync("/proc/self/task");
  return threads.some((thread) => readFileSync(`/proc/self/task/${thread}/children`, "utf8").trim() !== "");
}

async function deleted(host: Host, link: TunLink): Promise<object> {
  ip("link", "delete", link.name);
  while (link.failure === undefined) await pause(5);
  const socket = host.socket(AF_INET, SOCK_DGRAM);
  await socket.sendto("x", { address: HERE, port: 9 });
  await socket.close();
  const { code, syscall } = link.failure;
  return { code, syscall, closed: link.closed, notSent: link.counters.notSent };
}

/** What becomes of a process with a link when it gets `signal`: `child` is its mode. */
async function ended(child: string, signal: NodeJS.Signals): Promise<object> {
  const other = { ...options, name: "nw7", address: "10.9.7.1/24", peer: "10.9.7.2" };
  const args = [fileURLToPath(import.meta.url), child, JSON.stringify(other)];
  const stay = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], timeout: 30_000 });
  await new Promise((resolve) => stay.stdout.once("data", resolve));
  const there = deviceExists("nw7");
  const start = performance.now();
  stay.kill(signal);
  const [code, killedBy] = await new Promise<[number | null, string | null]>((resolve) =>
    stay.once("exit", (...how) => resolve(how)),
  );
  const millis = Math.round(performance.now() - start);
  return { there, code, killedBy, millis, gone: await goes("nw7") };
}

/** A device that stays: the second user gets other offloads than the first had, the third makes it go. */
async function persistent(): Promise<object> {
  const name = "nw8";
  (await openTun({ name, persist: true })).close();
  const stayed = deviceExists(name);
  const plain = await openTun({ name, offload: false });
  const { features } = plain;
  plain.close();
  const stayedAgain = deviceExists(name);
  const last = await openTun({ name, address: "10.9.8.1/24", peer: "10.9.9.9", persist: false });
  const route = ip("route", "get", "10.9.9.9").text.includes("dev nw8");
  const { segmentation } = last.features;
  last.close();
  return { stayed, stayedAgain, plain: features.checksum, segmentation, route, gone: !deviceExists(name) };
}

async function taken(link: TunLink): Promise<object> {
  try {
    (await openTun({ name: link.name })).close();
    return { opened: true };
  } catch (error) {
    if (!(error instanceof TunError)) throw error;
    return { code: error.code, message: error.message };
  }
}

const SIZES = [0, 1, 8, 56, 1000, 1472, 1473, 3000, 9000, 20_000, 40_000, 65_000, 65_507];

async function play(host: Host, link: TunLink): Promise<object> {
  switch (mode) {
    case "ping":
      return kernel("ping", SIZES);
    case "tcp-server": {
      const [, result] = await Promise.all([echoTcp(host), kernel("tcp_client", [PORT, TEN_MEGABYTES])]);
      return result;
    }
    case "tcp-client":
      return tcpClient(host);
    case "udp": {
      const sizes = SIZES.slice(1);
      const [, result] = await Promise.all([echoUdp(host, sizes.length), kernel("udp", [PORT, ...sizes])]);
      return result;
    }
    case "udp-segments": {
      const [, result] = await Promise.all([echoUdp(host, 5), kernel("udp_segments", [PORT])]);
      return result;
    }
    case "down-and-up":
      return downAndUp(host, link);
    case "deleted":
      return deleted(host, link);
    case "taken":
      return taken(link);
    case "down-within":
      return downWithin(host, link);
    case "flooded":
      return flooded(host, link);
    case "as-left":
      link.close(); // it is another that counts
      return asLeft();
    case "waiter":
    case "without-handle": {
      const waits = hasWaiter();
      return { waits, ...(await kernel("ping", [56])) };
    }
    case "killed":
      return ended("stay", "SIGKILL");
    case "terminated":
      return ended("stay", "SIGTERM");
    case "interrupted":
      return ended("stay-until-interrupted", "SIGINT");
    case "persistent":
      return persistent();
    case "python":
      return { name: await openedByPython() };
    case "nothing":
      return {};
    default:
      throw new Error(`no mode ${mode}`);
  }
}

async function openedByPython(): Promise<string> {
  const link = await openWith({ name: "nw6", address: "10.9.6.1/24" }, [pythonHelper]);
  link.close();
  return link.name;
}

async function main(): Promise<void> {
  const usual = { address: `${HERE}/24`, peer: "10.9.0.2" };
  const said = Object.entries({ ...usual, ...options }).filter(([, value]) => value !== null);
  const link = await openTun({ ...Object.fromEntries(said), onError: (error) => heard.push(error.message) });
  const host = new Host({ seed: 1 });
  host.attach(link, { address: "10.9.0.2/24" });
  const { name, mtu, features, counters } = link;
  if (mode.startsWith("stay")) {
    if (mode !== "stay") process.once("SIGINT", () => host.close()); // and nothing else: nothing is pending then
    console.log(JSON.stringify({ name }));
    return; // the link keeps the process
  }
  const result = await play(host, link);
  const { tcp } = host.netstat().counters;
  host.close();
  const gone = await goes(name);
  process.on("exit", () => {
    const afterClose = Math.round(performance.now() - closedAt);
    const packets = packetPool.outstanding;
    const checksums = tcp!["droppedChecksum"];
    const more = { name, mtu, features, counters, gone, heard, packets, afterClose, checksums };
    console.log(JSON.stringify({ result, ...more }));
  });
  const closedAt = performance.now();
}

if (mode === "without-handle") {
  // as if Node kept its handle elsewhere
  Socket.prototype.connect = function connect() {
    return this;
  };
}

if (mode === "in-worker") {
  new Worker(fileURLToPath(import.meta.url), { argv: ["waiter", json] });
} else {
  main().catch((error) => {
    if (error instanceof TunError) console.log(JSON.stringify({ refused: error.message, code: error.code }));
    else console.error(error);
    process.exit(error instanceof TunError ? 0 : 1);
  });
}
