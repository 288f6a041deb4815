/**
 * `npm run parity:sockets`: the socket programs of test/parity/programs, run by Python's `socket` on the Linux kernel, by
 * netwright's Python face and by its C face. Every step must give the same result; where it may not,
 * test/parity/differences.txt says why. Exit code 1 for a difference that it does not say, or says in vain.
 *
 *     npm run parity:sockets                   all programs
 *     npm run parity:sockets -- NAME…          those alone (NAME* for all that begin so), with every step
 *     npm run parity:sockets -- --recorded     the kernel's side from the recording
 *     npm run parity:sockets -- --record       makes the recording anew from this machine's kernel
 *     npm run parity:sockets -- --docs         writes docs/differences.md
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Difference, differencesOf, judge, readAllowed } from "../test/parity/compare.ts";
import { runNetwright } from "../test/parity/interpreter.ts";
import { type Answer, askKernel, runKernel, TRIES, writeRecording } from "../test/parity/kernel.ts";
import type { Face, Program } from "../test/parity/language.ts";
import { readPrograms } from "../test/parity/programs.ts";
import { asMarkdown, describe, table } from "./parity-report.ts";

const OPTIONS = ["--record", "--recorded", "--docs"];
const FACES: readonly Face[] = ["python", "c"];
const DOCS = fileURLToPath(new URL("../docs/differences.md", import.meta.url));

async function main(given: readonly string[]): Promise<number> {
  const options = given.filter((word) => word.startsWith("--"));
  const unknown = options.find((option) => !OPTIONS.includes(option));
  if (unknown !== undefined) return usage(`no option ${unknown}; there are: ${OPTIONS.join(", ")}`);
  const all = readPrograms();
  const names = given.filter((word) => !word.startsWith("--"));
  const programs =
    names.length === 0 ? all : all.filter(({ name }) => names.some((word) => fits(word, name)));
  if (programs.length === 0) return usage(`no program is called ${names.join(" or ")}`);
  if (options.includes("--docs")) {
    writeFileSync(DOCS, asMarkdown(readAllowed(), all));
    return 0;
  }
  if (options.includes("--record")) return record(all);
  return compare(programs, options.includes("--recorded"), names.length > 0);
}

function usage(text: string): number {
  console.error(`parity: ${text}`);
  return 2;
}

function fits(word: string, name: string): boolean {
  return word.endsWith("*") ? name.startsWith(word.slice(0, -1)) : word === name;
}

/** What the kernel does not answer twice running in the same way is no judge. */
async function record(programs: readonly Program[]): Promise<number> {
  const answers = await runKernel(programs);
  if (answers === undefined) return usage("recording needs Linux and python3");
  let unsure = programs;
  for (let tries = 1; tries < TRIES && unsure.length > 0; tries++) {
    const again = (await runKernel(unsure)) ?? new Map<string, Answer>();
    unsure = unsure.filter(
      ({ name }) => String(answers.get(name)?.results) !== String(again.get(name)?.results),
    );
    for (const [name, answer] of again) answers.set(name, answer);
  }
  for (const { name } of unsure) console.error(`parity: ${name} has no steady answer`);
  const skipped = programs.filter(({ name }) => answers.get(name)?.results === undefined);
  for (const { name } of skipped) console.error(`parity: ${name}: ${answers.get(name)?.skipped}`);
  if (unsure.length + skipped.length > 0) return 1;
  writeRecording(programs, answers);
  console.log(`recorded ${programs.length} programs`);
  return 0;
}

async function compare(programs: readonly Program[], recorded: boolean, isShown: boolean): Promise<number> {
  const { results: kernel, notes } = await askKernel(programs, recorded);
  const differences: Difference[] = [];
  const judged = new Map<Face, Set<string>>();
  const answers = new Map<Face, Map<string, readonly string[]>>();
  for (const face of FACES) {
    const able = programs.filter(({ faces }) => faces.includes(face));
    const ours = new Map<string, readonly string[]>();
    for (const program of able) ours.set(program.name, await runNetwright(program, face));
    answers.set(face, ours);
    judged.set(face, new Set(able.map(({ name }) => name).filter((name) => kernel.has(name))));
    differences.push(...differencesOf(able, face, kernel, ours));
  }
  if (isShown) for (const program of programs) console.log(table(program, kernel, answers));
  const verdict = judge(differences, readAllowed(), judged);
  for (const note of notes) console.log(`note: ${note}`);
  console.log(describe(programs, differences, verdict));
  return verdict.unexpected.length + verdict.stale.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
