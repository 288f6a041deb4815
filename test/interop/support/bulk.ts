/** Bulk transfers between bulk.py and program.ts, byte-exact: who serves, who asks, and which way the bytes go. */
import { fileURLToPath } from "node:url";
import type { Running } from "./namespace.ts";
import { NODE } from "./stack.ts";
import { STACK, type Street } from "./street.ts";

const BULK = ["python3", "-B", fileURLToPath(new URL("bulk.py", import.meta.url))];
const PROGRAM = [...NODE, fileURLToPath(new URL("program.ts", import.meta.url))];
const PORT = 7000;

export const IS_LONG = process.env["NETWRIGHT_INTEROP_LONG"] === "1";

/** Bytes each way over a lossy wire. */
export const BULK_SIZE = IS_LONG ? 10e9 : 200e6;

/** "take": from who serves to who asks. "send": to who serves. */
export type What = "take" | "send";

export interface Transfer {
  /** "same N", or what is wrong. */
  readonly result: string;
  readonly seconds: number;
}

/** What program.ts prints when it ends. */
export interface Remains {
  readonly packets: number;
  /** Datagrams. */
  readonly taken: number;
  readonly counters: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly link: Readonly<Record<string, number>>;
}

/** The stack as server; ended with {@link remains}. */
export async function stackServer(street: Street, link: object = {}): Promise<Running> {
  const running = street.start(street.near, [...PROGRAM, "server", JSON.stringify({ link })], 7200);
  await running.says("listening");
  await street.widen();
  return running;
}

/** The kernel asks the stack. */
export async function kernelAsks(
  street: Street,
  what: What,
  size: number,
  seconds?: number,
): Promise<Transfer> {
  const script = [...BULK, "client", STACK, PORT, what, size].join(" ");
  return JSON.parse(await street.kernel.output(script, { seconds: seconds ?? patience(size) }));
}

/** The kernel says nothing for a while, with keep-alive probes; what it heard before and after. */
export async function kernelIdles(street: Street, seconds: number): Promise<string[]> {
  const script = [...BULK, "idle", STACK, PORT, seconds].join(" ");
  return JSON.parse(await street.kernel.output(script, { seconds: seconds + 30 })).said;
}

export async function kernelServer(street: Street): Promise<Running> {
  const running = street.start(street.kernel, [...BULK, "server", String(PORT)], 7200);
  await running.says("listening");
  return running;
}

/** The stack asks the kernel; it starts and ends with that. */
export async function stackAsks(
  street: Street,
  what: What,
  size: number,
  link: object = {},
): Promise<Transfer & Remains> {
  const options = JSON.stringify({ link, address: street.kernelAddress, what, size });
  const running = street.start(street.near, [...PROGRAM, "client", options], patience(size));
  await running.says("asking");
  await street.widen();
  const { code, out, err } = await running.ended;
  if (code !== 0) throw new Error(`program.ts client ended with ${code}: ${out}${err}`);
  const [transfer, rest] = out.trim().split("\n").slice(-2);
  return { ...JSON.parse(transfer!), ...JSON.parse(rest!) };
}

/** Ends a server; what it says is left. */
export async function remains(server: Running): Promise<Remains> {
  const { code, out, err } = await server.stop();
  if (code !== 0) throw new Error(`program.ts server ended with ${code}: ${out}${err}`);
  return JSON.parse(out.trim().split("\n").at(-1)!);
}

/** Seconds: at 0.7 MB/s it would be too slow anyway. */
const patience = (size: number): number => 60 + size / (IS_LONG ? 1.5e6 : 2e6);
