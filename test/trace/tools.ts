import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";

/** What `command args… -r FILE` prints for a capture. Where it is not installed the test is skipped, saying so. */
export function readWith(
  context: TestContext,
  command: string,
  args: readonly string[],
  capture: Uint8Array,
): string {
  const folder = mkdtempSync(join(tmpdir(), "netwright-"));
  try {
    const file = join(folder, "capture.pcapng");
    writeFileSync(file, capture);
    const { error, stdout, stderr, status } = spawnSync(command, [...args, "-r", file], {
      encoding: "utf8",
      env: { ...process.env, TZ: "UTC", LC_ALL: "C.UTF-8" },
    });
    if (error !== undefined) {
      console.log(`skipped: ${command} cannot be run here (${error.message})`);
      context.skip(`${command} cannot be run here: ${error.message}`);
    }
    if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
