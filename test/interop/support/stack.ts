/** The product on the street: `netwright tun …`, and programs of the tests' own, which stand where it stands. */
import { fileURLToPath } from "node:url";
import type { Running } from "./namespace.ts";
import { ROUTER, STACK, type Street } from "./street.ts";

const CLI = fileURLToPath(new URL("../../../src/node/cli.ts", import.meta.url));

/** What Node runs TypeScript with. */
export const NODE = [process.execPath, "--import", "tsx"] as const;

export const LINK = ["--address", `${ROUTER}/24`, "--peer", STACK] as const;

/** A command line of netwright's, such as `netwright("ping", STACK)`. */
export const netwright = (...args: string[]): string[] => [...NODE, CLI, ...args];

export class Stack {
  readonly running: Running;

  private constructor(running: Running) {
    this.running = running;
  }

  /** `netwright tun` with `options` on the street; it answers when this resolves. */
  static async start(street: Street, options: readonly string[] = []): Promise<Stack> {
    const running = street.start(street.near, netwright("tun", ...LINK, ...options));
    await running.says(/^ready/m);
    await street.widen();
    return new Stack(running);
  }

  /** What it prints on SIGUSR1, parsed no further than into lines. */
  async netstat(): Promise<string[]> {
    const { running } = this;
    const [out, err] = [running.out.length, running.err.length];
    running.signal("SIGUSR1");
    await running.says(/./, 5);
    const heard = () => `${running.out.slice(out)}${running.err.slice(err)}`;
    for (let last = -1; heard().length === 0 || heard().length !== last; ) {
      last = heard().length;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return heard().trimEnd().split("\n");
  }

  /** The lines of netstat that are neither a listener's nor a connection's in TIME-WAIT. */
  async connections(): Promise<string[]> {
    const lines = await this.netstat();
    return lines.filter((line) => /^tcp\s/.test(line) && !/LISTEN|TIME-WAIT/.test(line));
  }

  /** Ends it as a user does; throws where that takes long, fails, or it has complained meanwhile. */
  async stop(): Promise<void> {
    const { running } = this;
    const start = performance.now();
    const { code, err } = await running.stop("SIGINT");
    const millis = Math.round(performance.now() - start);
    const complaints = this.complaints(err);
    if (running.timedOut) throw new Error(`the stack did not end on SIGINT; it said: ${running.out}${err}`);
    if (code !== 0 || millis > 2000 || complaints !== "") {
      throw new Error(`the stack ended with ${code} after ${millis} ms; it complained: ${complaints}`);
    }
  }

  /** Standard error without what netstat prints. */
  private complaints(err: string): string {
    return /Error|warning|Warning| {4}at /.test(err) ? err : "";
  }
}
