/** Runs the tests that name requirements, and reads what became of them. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { idsIn, type TestResult } from "./conformance-report.ts";

/** What vitest's JSON reporter writes, as far as it is read here. */
interface VitestReport {
  testResults: {
    name: string;
    message: string;
    assertionResults: { title: string; status: string }[];
  }[];
}

/** The files under `root`/test that name one of `ids`, relative to `root`. */
export function filesNaming(root: string, ids: ReadonlySet<string>): string[] {
  return (readdirSync(join(root, "test"), { recursive: true }) as string[])
    .filter((name) => name.endsWith(".test.ts") && !name.startsWith("conformance"))
    .map((name) => join("test", name))
    .filter((name) => idsIn(readFileSync(join(root, name), "utf8")).some((id) => ids.has(id)))
    .sort();
}

/** Runs `files` with vitest. A file that cannot be loaded counts as a test of its own name that failed. */
export function runTests(root: string, files: readonly string[]): TestResult[] {
  if (files.length === 0) return [];
  const directory = mkdtempSync(join(tmpdir(), "conformance-"));
  const output = join(directory, "report.json");
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  try {
    const { stderr } = spawnSync(
      process.execPath,
      [vitest, "run", ...files, "--reporter=json", `--outputFile=${output}`],
      { cwd: root, encoding: "utf8", maxBuffer: 1 << 28 },
    );
    return resultsOf(readReport(output, stderr), root);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function readReport(path: string, complaint: string): VitestReport {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    throw new Error(`vitest has written no report:\n${complaint}`);
  }
}

export function resultsOf(report: VitestReport, root: string): TestResult[] {
  return report.testResults.flatMap(({ name, message, assertionResults }) => {
    const file = relative(root, name);
    if (assertionResults.length === 0)
      return [{ file, title: `${file} does not load: ${message}`, passed: false }];
    return assertionResults
      .filter(({ status }) => status === "passed" || status === "failed")
      .map(({ title, status }) => ({ file, title, passed: status === "passed" }));
  });
}
