/** Runs program.ts in a network namespace that ends with it. */
import { fileURLToPath } from "node:url";
import { expect, type TestContext } from "vitest";
import { namespaceWay, needPrograms, reportOf, skip, typescript } from "../../support/namespace.ts";

const PROGRAM = fileURLToPath(new URL("program.ts", import.meta.url));

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
  const way = namespaceWay(context);
  needPrograms(context, "ip", "python3");
  const answer = await reportOf([...way, ...typescript(PROGRAM, mode, JSON.stringify(options))]);
  const report = answer as Report & { refused?: string };
  if (report.refused !== undefined) return skip(context, report.refused);
  expect(report.packets).toBe(0);
  expect(report.afterClose).toBeLessThan(2000); // milliseconds until the process had nothing left to do
  return report.result;
}
