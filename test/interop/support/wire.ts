/** What a wire between two namespaces does to packets. */
import { spawnSync } from "node:child_process";

export interface Impairment {
  /** Milliseconds, one way. */
  readonly delay?: number;
  /** Milliseconds, uniform plus or minus. */
  readonly jitter?: number;
  /** Probabilities per packet. */
  readonly loss?: number;
  readonly duplicate?: number;
  readonly corrupt?: number;
  /** Of going ahead of those that are delayed: needs `delay`. */
  readonly reorder?: number;
}

export interface Wire {
  /** Who does it; default: nobody, it is a veth pair. */
  readonly by?: "netem" | "wire.py" | undefined;
  readonly toStack?: Impairment & { readonly mtu?: number };
  readonly toKernel?: Impairment & { readonly mtu?: number };
  /** Whether segments of up to 64 KiB go over it whole, and so are lost whole. Default false. */
  readonly superpackets?: boolean;
  /** Of wire.py; default 1. */
  readonly seed?: number;
  /** Of the router's end of the veth pair, bytes; default 1500, as the kernel's end has. */
  readonly mtu?: number;
}

/** What became of how many packets, by direction: right is to the stack. */
export type WireCounts = Readonly<Record<"toRight" | "toLeft", Readonly<Record<string, number>>>>;

/** Who can make wires bad here: netem where the kernel has it. */
export function impairer(): "netem" | "wire.py" {
  const script = "ip link set lo up && tc qdisc add dev lo root netem delay 1ms";
  return spawnSync("unshare", ["-n", "sh", "-c", script]).status === 0 ? "netem" : "wire.py";
}

/** As tc wants it. Packets under way are as many as wire.py lets be. */
export function netemArguments(impairment: Impairment = {}): string {
  const { delay = 0, jitter = 0, loss, duplicate, corrupt, reorder } = impairment;
  const percent = (name: string, value?: number) => (value === undefined ? "" : ` ${name} ${value * 100}%`);
  const what = ["loss", "duplicate", "corrupt", "reorder"] as const;
  const values = { loss, duplicate, corrupt, reorder };
  return `limit 10000 delay ${delay}ms ${jitter}ms${what.map((name) => percent(name, values[name])).join("")}`;
}
