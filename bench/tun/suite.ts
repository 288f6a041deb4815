/**
 * What run.ts runs in a network namespace of its own. Every case is a conversation that the kernel of this namespace begins, with the
 * kernel of another one over a veth pair, or with the stack of this process over one of four TUN devices. The kernel's end is the
 * same program in all of them, and it holds the watch.
 */
import { spawnSync } from "node:child_process";
import { Host, packetPool } from "../../src/index.ts";
import { openTun, type TunLink } from "../../src/node/index.ts";
import {
  type BatchCase,
  batches,
  printTable,
  type Row,
  type Spread,
  save,
  short,
  smoke,
} from "../harness.ts";
import { Kernel, ping, VETH_ADDRESS } from "./kernel.ts";
import { CORE_PORTS, PROMISE_PORTS, serveCore, servePromises } from "./services.ts";

const CHUNK = 65_536;
const DEFAULT_ROUNDS = 5;

/** A device and our end of it. */
interface Device {
  name: string;
  offload: boolean;
  mtu: number;
  /** How many chunks the kernel is to send, and to get: enough for some tenths of a second. */
  up: number;
  down: number;
}

/** A device that is open, and who is on it. */
interface End {
  host: Host;
  link: TunLink;
}

const DEVICES: readonly Device[] = [
  { name: "offload, MTU 1500", offload: true, mtu: 1500, up: 6000, down: 6000 },
  { name: "offload, MTU 65535", offload: true, mtu: 65_535, up: 6000, down: 6000 },
  { name: "no offload, MTU 1500", offload: false, mtu: 1500, up: 600, down: 600 },
  { name: "no offload, MTU 65535", offload: false, mtu: 65_535, up: 3000, down: 3000 },
];
const VETH_CHUNKS = 12_000;

const FACES = [
  ["core", CORE_PORTS],
  ["promises", PROMISE_PORTS],
] as const;

type Ports = typeof CORE_PORTS;

/** How the kernel pings: how often, in what way, and which flags that is. */
const PINGS = [
  ["ping, back to back", 500, ["-A"]],
  ["ping, one in 10 ms", 40, ["-i", "0.01"]],
] as const;

const UP = "kernel sends";
const DOWN = "kernel receives";
const UDP = "UDP, 64 B and back";

const addressOf = (index: number) => `10.9.${index + 1}.2`;

function bulk(
  kernel: Kernel,
  what: "up" | "down",
  where: string,
  address: string,
  ports: Ports,
  chunks: number,
): BatchCase {
  const name = what === "up" ? UP : DOWN;
  return {
    name: `${name}, ${where}`,
    peer: `${name}, veth`,
    operations: chunks,
    smokeOperations: 8,
    bytes: CHUNK,
    run: async (operations) => (await kernel.call(what, address, ports[what], operations * CHUNK)) * 1e9,
  };
}

function udp(kernel: Kernel, where: string, address: string, ports: Ports): BatchCase {
  return {
    name: `${UDP}, ${where}`,
    peer: `${UDP}, veth`,
    operations: 2000,
    run: async (operations) => (await kernel.call("udp", address, ports.udp, operations)) * 1e9,
  };
}

function pings(where: string, address: string): BatchCase[] {
  return PINGS.map(([name, count, flags]) => ({
    name: `${name}, ${where}`,
    peer: `${name}, veth`,
    operations: count,
    smokeOperations: 4,
    run: async (operations) => (await ping(address, operations, ...flags)) * 1e9 * operations,
  }));
}

/** The peers first, then the rest in the order of the table. */
function casesFor(kernel: Kernel): BatchCase[] {
  const cases = [
    bulk(kernel, "up", "veth", VETH_ADDRESS, CORE_PORTS, VETH_CHUNKS),
    bulk(kernel, "down", "veth", VETH_ADDRESS, CORE_PORTS, VETH_CHUNKS),
    udp(kernel, "veth", VETH_ADDRESS, CORE_PORTS),
  ];
  for (const [index, { name, up, down }] of DEVICES.entries()) {
    for (const [face, ports] of FACES) {
      cases.push(bulk(kernel, "up", `${name}, ${face}`, addressOf(index), ports, up));
      cases.push(bulk(kernel, "down", `${name}, ${face}`, addressOf(index), ports, down));
    }
  }
  for (const [face, ports] of FACES) cases.push(udp(kernel, `offload, ${face}`, addressOf(0), ports));
  if (spawnSync("ping", ["-V"], { stdio: "ignore" }).error !== undefined) {
    console.log("ping is not installed: its rows are left out");
  } else {
    cases.push(
      ...pings("veth", VETH_ADDRESS),
      ...pings("offload", addressOf(0)),
      ...pings("no offload", addressOf(2)),
    );
  }
  return cases;
}

async function open(device: Device, index: number): Promise<End> {
  const { name, offload, mtu } = device;
  const link = await openTun({ address: `10.9.${index + 1}.1/24`, peer: addressOf(index), offload, mtu });
  const host = new Host({ name });
  host.attach(link, { address: `${addressOf(index)}/24` });
  serveCore(host);
  servePromises(host);
  return { host, link };
}

/** Prints what was measured: bulk transfers by their speed, round trips by the time they take. */
function print(rows: readonly Row[]): void {
  console.log(
    `\ntun${smoke ? " (smoke: the figures mean nothing)" : ""}; the kernel's end is python3 and ping\n`,
  );
  const isBulk = ({ bytesPerOperation }: Row) => bytesPerOperation !== undefined;
  const sorted = rows.toSorted((a, b) => (a.peer ?? a.name).localeCompare(b.peer ?? b.name));
  printTable([
    ["bulk TCP", "Gbit/s", "min–max", "of veth", "min–max"],
    ...sorted.filter(isBulk).map(({ name, bytesPerOperation = 0, nanosPerOperation, speedOfPeer }) => {
      const gigabits = inverse(nanosPerOperation, bytesPerOperation * 8);
      return [name, ...cells(gigabits), ...cells(speedOfPeer)];
    }),
  ]);
  console.log("");
  printTable([
    ["round trips", "µs", "min–max", "times veth", "min–max"],
    ...sorted
      .filter((row) => !isBulk(row))
      .map(({ name, nanosPerOperation, speedOfPeer }) => {
        const { min, median, max } = nanosPerOperation;
        const micros = { min: min / 1000, median: median / 1000, max: max / 1000 };
        return [name, ...cells(micros), ...cells(speedOfPeer && inverse(speedOfPeer, 1))];
      }),
  ]);
}

/** `above` over each: what was the least is the most then. */
function inverse({ min, median, max }: Spread, above: number): Spread {
  return { min: above / max, median: above / median, max: above / min };
}

function cells(spread: Spread | undefined): string[] {
  if (spread === undefined) return ["", ""];
  return [short(spread.median), `${short(spread.min)}–${short(spread.max)}`];
}

function roundsWanted(): number {
  const at = process.argv.indexOf("--rounds");
  if (at < 0) return DEFAULT_ROUNDS;
  const rounds = Number(process.argv[at + 1]);
  if (Number.isInteger(rounds) && rounds > 0) return rounds;
  console.error("bench:tun: --rounds takes a whole number above 0");
  process.exit(2);
}

async function main(): Promise<void> {
  const rounds = roundsWanted();
  const kernel = await Kernel.start();
  const ends = await Promise.all(DEVICES.map(open));
  const rows = await batches(casesFor(kernel), rounds);
  kernel.close();
  print(rows);
  ends.forEach(insistOnAll);
  for (const { host } of ends) host.close();
  if (packetPool.outstanding > 0) throw new Error(`left behind: ${packetPool.outstanding} packets`);
  if (!smoke) await save("tun", rows);
}

/** Throws when packets were lost in this process. */
function insistOnAll({ host, link: { counters, failure } }: End): void {
  const { noReceiver, badHeader, interfaceDown, queueFull, notSent } = counters;
  if (failure === undefined && noReceiver + badHeader + interfaceDown + queueFull + notSent === 0) return;
  throw failure ?? new Error(`${host.name}: packets were lost: ${JSON.stringify(counters)}`);
}

process.stdin.on("end", () => process.exit(1)).resume(); // run.ts has gone
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
await main();
process.exit(0);
