/**
 * `npm run bench [-- [--smoke] [SUITE …]]`: runs the suites of this folder one after the other, each in a process of
 * its own, so that none finds code optimized for another. Exits 1 when one failed.
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const suites = readdirSync(folder)
  .filter((name) => name.endsWith(".ts") && name !== "run.ts" && name !== "harness.ts")
  .map((name) => name.slice(0, -".ts".length));

const wanted = process.argv.slice(2).filter((argument) => argument !== "--smoke");
const unknown = wanted.find((name) => !suites.includes(name));
if (unknown !== undefined) {
  console.error(`bench: there is no suite "${unknown}"; there are ${suites.join(", ")}`);
  process.exit(2);
}

const flags = process.argv.includes("--smoke") ? ["--smoke"] : [];
const failed = (wanted.length > 0 ? wanted : suites).filter((suite) => {
  const { status } = spawnSync(process.execPath, ["--import", "tsx", `${folder}${suite}.ts`, ...flags], {
    stdio: "inherit",
  });
  return status !== 0;
});
if (failed.length > 0) {
  console.error(`bench: failed: ${failed.join(", ")}`);
  process.exit(1);
}
