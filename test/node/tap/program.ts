/**
 * A host on a TAP (or TUN) device, for link.test.ts, which runs it in a network namespace of its own: `program.ts MODE`. Prints one
 * line of JSON, and must end by itself.
 */
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  AF_INET,
  AF_PACKET,
  ETH_P_ARP,
  EthernetLink,
  type EthernetOptions,
  Host,
  htons,
  IP_RECVERR,
  IPPROTO_IP,
  packetPool,
  parseHardwareAddress,
  Random,
  RealClock,
  SOCK_DGRAM,
  SOCK_RAW,
} from "../../../src/index.ts";
import { openTap, openTun, type TapPort, TunError } from "../../../src/node/index.ts";
import { playSockets } from "../sockets-play.ts";

const KERNEL = fileURLToPath(new URL("kernel.py", import.meta.url));
const HERE = "10.9.0.1";
const OWN = "10.9.0.2";
const MAC = "02:00:00:00:00:02";
const OTHER_MAC = "02:00:00:00:00:99";
const [mode = "", json = "{}"] = process.argv.slice(2);
const options = JSON.parse(json) as object;

/** The kernel's side does `what`; what it says in the end. `onLine` hears that it listens. */
function kernel(what: string, args: readonly (string | number)[], onLine?: () => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const child = spawn("python3", ["-B", KERNEL, what, ...args.map(String)], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 30_000,
    });
    let text = "";
    child.stdout.on("data", (data) => {
      text += data;
      if (text === "listening\n") onLine?.();
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(JSON.parse(text.trim().split("\n").at(-1)!));
      else reject(new Error(`kernel.py ${what} ended with ${code}`));
    });
  });
}

function ip(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
  return stdout;
}

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));

const clock = new RealClock();
const host = new Host({ clock, seed: 1 });
let port: TapPort;

function attach(ethernet: EthernetOptions = {}): EthernetLink {
  const link = new EthernetLink({ clock, random: new Random(1), port }, ethernet);
  host.attach(link, { address: `${OWN}/24` });
  return link;
}

/** Sends `count` datagrams; the errors of sending. */
async function tell(address: string, count: number): Promise<void> {
  const socket = host.socket(AF_INET, SOCK_DGRAM);
  for (let number = 0; number < count; number++)
    await socket.sendto(`number ${number}`, { address, port: 7000 });
  await socket.close();
}

/** RFC 5227: three probes, then the announcements; until then nothing else is said. */
async function probing(): Promise<unknown> {
  let link: EthernetLink | undefined;
  const heard = kernel("listen", [11], () => {
    link = attach({ probe: true });
  });
  const messages = (await heard) as [string, number][];
  return { messages, state: link?.claimState };
}

/** The kernel has our address already. */
async function taken(): Promise<unknown> {
  ip("addr", "add", `${OWN}/24`, "dev", "nw0");
  const conflicts: string[] = [];
  const link = attach({ probe: true });
  link.onConflict = (address, hardware) => conflicts.push(`${address} ${hardware.length}`);
  while (link.claimState === "probing") await pause(20);
  await tell(HERE, 1);
  const { noAddress, framesSent } = link.counters;
  return { state: link.claimState, conflicts: conflicts.length, noAddress, framesSent };
}

/** Another takes our address while we have it: we say that it is ours, but not more often than every ten seconds. */
async function defence(): Promise<unknown> {
  const link = attach();
  const first = await kernel("say", [1, OTHER_MAC, OWN, OWN]);
  const second = await kernel("say", [1, OTHER_MAC, OWN, OWN]);
  const probe = await kernel("say", [1, OTHER_MAC, "0.0.0.0", OWN]); // who asks first is told so
  return { first, second, probe, conflicts: link.counters.conflicts, state: link.claimState };
}

/** Nobody is there. */
async function unreachable(): Promise<unknown> {
  const link = attach();
  const socket = host.socket(AF_INET, SOCK_DGRAM);
  socket.setsockopt(IPPROTO_IP, IP_RECVERR, 1); // else, as in Linux, only hard errors are told
  socket.settimeout(8000);
  await socket.connect({ address: "10.9.0.99", port: 7000 });
  const start = performance.now();
  await socket.send("x");
  const { code } = await socket.recv(10).catch((error) => error);
  const seconds = Math.round((performance.now() - start) / 1000);
  await socket.close();
  const { solicitationsSent, failed } = link.neighborCounters;
  return { code, seconds, solicitationsSent, failed };
}

/** The kernel does not answer for a while: what was sent waits, and comes in order. */
async function queueing(): Promise<unknown> {
  const link = attach();
  ip("link", "set", "nw0", "arp", "off");
  let arrived: Promise<unknown> | undefined;
  await new Promise<void>((resolve) => {
    arrived = kernel("receive", [7000, 5], resolve);
  });
  await tell(HERE, 5);
  await pause(500);
  const before = link.neighbors().map(({ state }) => state);
  ip("link", "set", "nw0", "arp", "on");
  return { before, arrived: await arrived, after: link.neighbors().map(({ state }) => state) };
}

/** A packet socket asks the kernel where it is, past IP and the neighbour cache. */
async function arpByHand(): Promise<unknown> {
  const link = attach();
  const socket = host.socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ARP));
  socket.settimeout(5000);
  const arp = [0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 10, 9, 0, 2, 0, 0, 0, 0, 0, 0, 10, 9, 0, 1];
  const question = Uint8Array.of(255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 2, 8, 6, ...arp);
  await socket.sendto(question, { interface: "eth0", protocol: ETH_P_ARP });
  const [frame, from] = await socket.recvfrom(100);
  await socket.close();
  const mac = /ether (\S+)/.exec(ip("link", "show", "nw0"))![1]!;
  return {
    operation: frame[21],
    sameSource: Buffer.compare(frame.subarray(22, 28), parseHardwareAddress(mac)) === 0,
    told: Buffer.compare(from.hardwareAddress, parseHardwareAddress(mac)) === 0,
    neighbors: link.neighbors().length,
  };
}

async function play(): Promise<unknown> {
  switch (mode) {
    case "probing":
      return probing();
    case "taken":
      return taken();
    case "defence":
      return defence();
    case "unreachable":
      return unreachable();
    case "queueing":
      return queueing();
    case "arp-by-hand":
      return arpByHand();
    case "sockets":
      attach();
      return playSockets(host, OWN, HERE);
    default:
      throw new Error(`no mode ${mode}`);
  }
}

async function playOnTun(): Promise<unknown> {
  host.attach(await openTun({ address: `${HERE}/24`, ...options }), { address: `${OWN}/24` });
  return playSockets(host, OWN, HERE);
}

async function main(): Promise<void> {
  let result: unknown;
  if (mode === "sockets-on-tun") {
    result = await playOnTun();
  } else {
    port = await openTap({ address: `${HERE}/24`, hardwareAddress: parseHardwareAddress(MAC), ...options });
    result = await play();
  }
  host.close();
  clock.close();
  const closedAt = performance.now();
  process.on("exit", () => {
    const afterClose = Math.round(performance.now() - closedAt);
    console.log(JSON.stringify({ result, packets: packetPool.outstanding, afterClose }));
  });
}

main().catch((error) => {
  if (error instanceof TunError) console.log(JSON.stringify({ refused: error.message }));
  else console.error(error);
  process.exit(error instanceof TunError ? 0 : 1);
});
