/** What a test needs and this machine may not have. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import type { TestContext } from "vitest";

const isThere = new Map<string, boolean>();

/** Whether a program is installed. */
export function has(program: string): boolean {
  let there = isThere.get(program);
  if (there === undefined) {
    there = spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
    isThere.set(program, there);
  }
  return there;
}

/** Why a test that needs namespaces, a TUN device and `programs` cannot run here; undefined when it can. */
export function missing(programs: readonly string[] = []): string | undefined {
  if (process.platform !== "linux") return "this is not Linux";
  if (process.getuid?.() !== 0) return "not root";
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
  } catch {
    return "no /dev/net/tun";
  }
  const absent = ["ip", "bash", ...programs].filter((program) => !has(program));
  if (absent.length > 0) return `${absent.join(", ")} not installed`;
  return spawnSync("unshare", ["-n", "true"]).status === 0 ? undefined : "no network namespace can be made";
}

/** Skips the test where something is missing, and says what. */
export function needs(context: TestContext, ...programs: string[]): void {
  const reason = missing(programs);
  if (reason !== undefined) skip(context, reason);
}

export function skip(context: TestContext, reason: string): never {
  console.log(`skipped: ${context.task.name}: ${reason}`);
  return context.skip(reason);
}
