/** Runs program.ts in a network namespace that ends with it. */
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, type TestContext } from "vitest";

const PROGRAM = fileURLToPath(new URL("program.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** As root, or as anybody where the kernel lets anybody have namespaces. */
const WAYS: readonly (readonly string[])[] = [["-n"], ["-Urn"]];

interface Report {
  result: unknown;
  packets: number;
  afterClose: number;
}

/** What the program reports in `mode`; skips the test, saying why, where it cannot run. */
export async function inNamespace(
  context: TestContext,
  mode: string,
  options: object = {},
): Promise<unknown> {
  const way = WAYS.find((flags) => spawnSync("unshare", [...flags, "true"]).status === 0);
  const skip = (why: string): never => {
    console.log(`skipped: ${why}`);
    return context.skip(why);
  };
  if (way === undefined) return skip("no network namespace can be made here with unshare");
  for (const command of ["ip", "python3"]) {
    if (spawnSync(command, ["-V"]).error !== undefined) return skip(`${command} is not installed`);
  }
  const args = [...way, process.execPath, "--import", "tsx", PROGRAM, mode, JSON.stringify(options)];
  const { code, text } = await new Promise<{ code: number | null; text: string }>((resolve) => {
    const child = spawn("unshare", args, {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 50_000,
    });
    let text = "";
    child.stdout.on("data", (data) => {
      text += data;
    });
    child.on("close", (code) => resolve({ code, text }));
  });
  expect(code).toBe(0);
  const report = JSON.parse(text.trim().split("\n").at(-1)!) as Report & { refused?: string };
  if (report.refused !== undefined) return skip(report.refused);
  expect(report.packets).toBe(0);
  expect(report.afterClose).toBeLessThan(2000); // milliseconds until the process had nothing left to do
  return report.result;
}
