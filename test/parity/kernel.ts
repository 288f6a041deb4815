/** The kernel's side: kernel.py, run as a process, or the recording of an earlier run. */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { fileURLToPath } from "node:url";
import type { Program } from "./language.ts";

export interface Answer {
  readonly name: string;
  /** One result a step. */
  readonly results?: readonly string[];
  /** Why it could not run here. */
  readonly skipped?: string;
  /** What was wrong with the driver or with the program's text. */
  readonly failed?: string;
}

const DRIVER = fileURLToPath(new URL("kernel.py", import.meta.url));
const RECORDING = fileURLToPath(new URL("kernel.jsonl", import.meta.url));
const JOBS = 8;
/** How often a program is run at most. */
export const TRIES = 5;

/** Runs the programs on this machine's kernel; undefined where that is not possible. */
export async function runKernel(
  programs: readonly Program[],
  python = "python3",
): Promise<Map<string, Answer> | undefined> {
  if (process.platform !== "linux") return undefined;
  const answers = await new Promise<Answer[] | undefined>((resolve, reject) => {
    const child = spawn(python, ["-B", DRIVER], { stdio: ["pipe", "pipe", "inherit"] });
    let text = "";
    child.on("error", () => resolve(undefined));
    child.stdin.on("error", () => {});
    child.stdout.on("data", (chunk) => {
      text += chunk;
    });
    child.on("close", (code) => {
      if (code !== 0) reject(new Error(`kernel.py ended with ${code}`));
      else
        resolve(
          text
            .split("\n")
            .filter(Boolean)
            .map((line) => JSON.parse(line) as Answer),
        );
    });
    child.stdin.end(JSON.stringify({ programs, jobs: JOBS }));
  });
  if (answers === undefined) return undefined;
  const broken = answers.find(({ failed }) => failed !== undefined);
  if (broken !== undefined) throw new Error(`program ${broken.name}: ${broken.failed}`);
  return new Map(answers.map((answer) => [answer.name, answer]));
}

/** The recording's kernel, and its answers by program. */
export function readRecording(): { kernel: string; answers: Map<string, Answer> } {
  const [head, ...lines] = readFileSync(RECORDING, "utf8").trim().split("\n");
  const answers = lines.map((line) => JSON.parse(line) as Answer);
  return {
    kernel: (JSON.parse(head!) as { kernel: string }).kernel,
    answers: new Map(answers.map((answer) => [answer.name, answer])),
  };
}

/** Writes the recording: a line that names the kernel, then a line a program, in the programs' order. */
export function writeRecording(programs: readonly Program[], answers: Map<string, Answer>): void {
  const python = `Linux ${release().split("-")[0]}`;
  const lines = programs.map(({ name }) =>
    JSON.stringify({ name, results: answers.get(name)?.results ?? [] }),
  );
  writeFileSync(RECORDING, `${[JSON.stringify({ kernel: python }), ...lines].join("\n")}\n`);
}

export interface Kernel {
  /** By program, one a step. */
  readonly results: Map<string, readonly string[]>;
  /** Where they come from, when not from this machine, and what this machine sees otherwise. */
  readonly notes: string[];
}

/**
 * What the kernel answers: this machine's, where it can be asked (and `recorded` does not forbid it), else the recording.
 * A program whose answer is not the recorded one is run again: a machine under load can be late.
 */
export async function askKernel(programs: readonly Program[], recorded: boolean): Promise<Kernel> {
  const recording = readRecording();
  const results = new Map<string, readonly string[]>();
  for (const { name } of programs) {
    const found = recording.answers.get(name)?.results;
    if (found !== undefined) results.set(name, found);
  }
  const live = recorded ? undefined : await runKernel(programs);
  if (live === undefined)
    return { results, notes: [`the kernel's side is the recording of ${recording.kernel}`] };
  const notes: string[] = [];
  const isOther = ({ name }: Program, answers: Map<string, Answer>) =>
    answers.get(name)?.results !== undefined &&
    String(answers.get(name)?.results) !== String(results.get(name));
  let others = programs.filter((program) => isOther(program, live));
  for (let tries = 1; tries < TRIES && others.length > 0; tries++) {
    for (const [name, answer] of (await runKernel(others)) ?? []) live.set(name, answer);
    others = others.filter((program) => isOther(program, live));
  }
  for (const { name } of others) {
    if (results.has(name))
      notes.push(`${name}: this kernel does not answer as the recorded one, ${recording.kernel}`);
    results.set(name, live.get(name)!.results!);
  }
  const skipped = programs.filter(({ name }) => live.get(name)?.skipped !== undefined);
  for (const why of new Set(skipped.map(({ name }) => live.get(name)!.skipped!))) {
    const count = skipped.filter(({ name }) => live.get(name)?.skipped === why).length;
    notes.push(
      `skipped on this kernel, and judged by the recording of ${recording.kernel}: ${count} programs; ${why}`,
    );
  }
  return { results, notes };
}
