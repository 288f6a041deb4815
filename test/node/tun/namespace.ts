/**
 * Runs program.ts, in one piece with all that it imports, in a network namespace that ends with it. Where that is not allowed the test
 * is skipped, and says why.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, type TestContext } from "vitest";
import { namespaceWay, needPrograms, reportOf, skip } from "../../support/namespace.ts";

/** Nobody's. */
const NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
const HERE = fileURLToPath(new URL(".", import.meta.url));

export interface Report {
  result: Record<string, unknown>;
  features: { checksum: boolean; segmentation: boolean };
  name: string;
  counters: Record<string, number>;
  mtu: number;
  gone: boolean;
  heard: string[];
  packets: number;
  afterClose: number;
  checksums: number;
}

/** What `openTun` has rejected with. */
export interface Refusal {
  refused: string;
  code: string;
}

/** Where and by whom the program is run. */
export interface Stage {
  /** Shell commands before it, for root in the namespace, who has mounts of his own then. Only root can have that. */
  readonly before?: string;
  /** An ordinary user runs it, without any right. */
  readonly asNobody?: boolean;
  /** That user has a namespace in which he is root. */
  readonly ownNamespace?: boolean;
  /** The only programs there are for it; default all. */
  readonly programs?: readonly string[];
  /** The device was there before and stays. */
  readonly remains?: boolean;
}

let folder = "";
/** By its own name: what "python3" stands for may have to look for it each time. */
let python = "";

/** In a file of tests that run the program: makes it before the first, in a folder that is returned then. */
export function useProgram(): () => string {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "netwright-"));
    chmodSync(folder, 0o755);
    await build({
      entryPoints: [join(HERE, "program.ts")],
      outfile: join(folder, "program.mjs"),
      bundle: true,
      platform: "node",
      format: "esm",
    });
    cpSync(join(HERE, "kernel.py"), join(folder, "kernel.py"));
    const { stdout } = spawnSync("python3", ["-c", "import sys; print(sys.executable)"], {
      encoding: "utf8",
    });
    python = stdout?.trim() ?? "";
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  return () => folder;
}

/** What the program says last when it does `mode`. */
export async function perform(
  context: TestContext,
  mode: string,
  options: object = {},
  stage: Stage = {},
): Promise<Report | Refusal> {
  const way = namespaceWay(context);
  const isSpecial = stage.before !== undefined || stage.asNobody;
  if (isSpecial && process.getuid?.() !== 0)
    skip(context, "only root can be somebody else, and have mounts of its own");
  if (python === "") skip(context, "python3 is not installed");
  needPrograms(context, "ip", ...(isSpecial ? ["setpriv"] : []));
  const path = stage.programs === undefined ? [] : ["env", `PATH=${folderOf(context, stage.programs)}`];
  const program = [...path, process.execPath, join(folder, "program.mjs"), mode, JSON.stringify(options)];
  const user = stage.asNobody ? [...NOBODY, ...(stage.ownNamespace ? ["unshare", "-Urn"] : [])] : [];
  const shell = ["sh", "-ec", `${stage.before ?? ""}\nexec "$@"`, "sh"];
  const args = isSpecial ? [...way, "-m", ...shell, ...user, ...program] : [...way, ...program];
  const report = await reportOf(args, { env: { PYTHON: stage.asNobody ? "/usr/bin/python3" : python } });
  return report as Report | Refusal;
}

/** A folder in which there are only these programs. */
function folderOf(context: TestContext, programs: readonly string[]): string {
  const path = join(folder, programs.join("-"));
  mkdirSync(path);
  for (const program of programs) {
    const { stdout } = spawnSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" });
    if (stdout === "") skip(context, `${program} is not installed`);
    symlinkSync(program === "python3" ? python : stdout.trim(), join(path, program));
  }
  return path;
}

/** The same where it has to succeed, and to leave nothing behind; what it reports. */
export async function inNamespace(
  context: TestContext,
  mode: string,
  options: object = {},
  stage: Stage = {},
): Promise<Report> {
  const report = await perform(context, mode, options, stage);
  if ("refused" in report) return skip(context, report.refused);
  expect(report).toMatchObject({ gone: !stage.remains, packets: 0, checksums: 0 });
  expect(report.counters).toMatchObject({ badHeader: 0, noReceiver: 0 });
  expect(report.afterClose).toBeLessThan(2000); // milliseconds until the process had nothing left to do
  return report;
}
