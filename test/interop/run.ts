/**
 * `npm run interop`: the stack against the kernel of this machine and its programs, in network namespaces that end with it.
 *
 *     npm run interop [-- --long] [ARGUMENTS OF VITEST, such as -t NAME or a file]
 *
 * --long moves 10 GB where otherwise 200 MB are moved, and takes hours. The last line says how many tests ran, and why others did not.
 */
import { spawn } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leftBehind, removeAll } from "./support/namespaces.ts";

const args = process.argv.slice(2);
const isLong = args.includes("--long");
const run = process.pid;
/** What tests that fail leave to look at, for a day. */
const FOLDER = "netwright-interop-";
const DAY_MILLIS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), FOLDER));
let isInterrupted = false;

removeAll(leftBehind());
removeOldFolders();
const vitest = spawn(
  process.execPath,
  [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--config",
    "vitest.interop.config.ts",
    ...args.filter((arg) => arg !== "--long"),
  ],
  {
    stdio: "inherit",
    env: {
      ...process.env,
      NETWRIGHT_INTEROP_RUN: String(run),
      NETWRIGHT_INTEROP_FOLDER: folder,
      ...(isLong && { NETWRIGHT_INTEROP_LONG: "1" }),
    },
  },
);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    isInterrupted = true;
    vitest.kill(signal);
  });
}
vitest.on("close", (code) => {
  const left = leftBehind(run);
  removeAll(left);
  if (left.length > 0) console.log(`removed what was left: ${left.join(", ")}`);
  if (isInterrupted || code === 0) rmSync(folder, { recursive: true });
  process.exitCode = code ?? 1;
});

/** Those of this user's earlier runs. */
function removeOldFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    const path = join(tmpdir(), name);
    if (!name.startsWith(FOLDER)) continue;
    const found = lstatSync(path, { throwIfNoEntry: false }); // a run beside this one may have removed it
    if (found === undefined) continue;
    const isOwn = process.getuid === undefined || found.uid === process.getuid();
    if (isOwn && Date.now() - found.mtimeMs > DAY_MILLIS) rmSync(path, { recursive: true, force: true });
  }
}
