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
