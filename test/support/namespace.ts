/**
 * Programs in a network namespace that ends with them, for tests that need this machine's kernel. Where something for that is missing
 * the test is skipped, and says what.
 */
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, type TestContext } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Options of unshare: as root, or as anybody where the kernel lets anybody have namespaces. */
const WAYS: readonly (readonly string[])[] = [["-n"], ["-Urn"]];
const OPENABLE_TUN = ["sh", "-c", "test -r /dev/net/tun && test -w /dev/net/tun"];

export function skip(context: TestContext, why: string): never {
  console.log(`skipped: ${why}`);
  return context.skip(why);
}

/** The options of unshare with which a namespace can be made here; with `needsTun` one in which /dev/net/tun can be opened. */
export function namespaceWay(context: TestContext, needsTun = false): readonly string[] {
  const check = needsTun ? OPENABLE_TUN : ["true"];
  const way = WAYS.find((flags) => spawnSync("unshare", [...flags, ...check]).status === 0);
  const which = needsTun
    ? "no network namespace with a /dev/net/tun that can be opened"
    : "no network namespace can be made here with unshare";
  return way ?? skip(context, which);
}

/** Skips the test where one of them is not installed. */
export function needPrograms(context: TestContext, ...programs: string[]): void {
  for (const program of programs) {
    const { status } = spawnSync("sh", ["-c", `command -v ${program}`]);
    if (status !== 0) skip(context, `${program} is not installed`);
  }
}

export interface UnshareOptions {
  /** What it finds in its environment beside what is there. */
  env?: Record<string, string>;
  /** Milliseconds; then it is ended. */
  timeout?: number;
}

/** What `unshare` with `args` reports: one line of JSON, the last one that it prints. It has to end well. */
export async function reportOf(args: readonly string[], options: UnshareOptions = {}): Promise<unknown> {
  const { env, timeout = 50_000 } = options;
  const child = spawn("unshare", args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
    timeout,
  });
  let text = "";
  child.stdout.on("data", (data) => {
    text += data;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect(code).toBe(0);
  return JSON.parse(text.trim().split("\n").at(-1)!);
}

/** Node and a program in TypeScript: what unshare is to run. */
export function typescript(program: string, ...args: string[]): string[] {
  return [process.execPath, "--import", "tsx", program, ...args];
}
