/** Lays the kernel's results beside netwright's, and the differences that are found beside those that are allowed. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Face, Program } from "./language.ts";

/** One step on which a face and the kernel do not agree. */
export interface Difference {
  readonly program: Program;
  /** From 1. */
  readonly step: number;
  readonly face: Face;
  readonly kernel: string;
  readonly netwright: string;
}

/** A difference that has a reason: a line of differences.txt. */
export interface Allowed {
  readonly program: string;
  readonly step: number;
  readonly faces: readonly Face[];
  readonly kernel: string;
  readonly netwright: string;
  readonly reason: string;
}

/** What each face answered, by program: one result a step. */
export type Results = ReadonlyMap<string, readonly string[]>;

const FILE = fileURLToPath(new URL("differences.txt", import.meta.url));

/** Where `netwright` does not say what `kernel` says. Programs without an answer of either are passed over. */
export function differencesOf(
  programs: readonly Program[],
  face: Face,
  kernel: Results,
  netwright: Results,
): Difference[] {
  return programs.flatMap((program) => {
    const theirs = kernel.get(program.name);
    const ours = netwright.get(program.name);
    if (theirs === undefined || ours === undefined) return [];
    return program.steps.flatMap((_, index) => {
      const [kernelSays, weSay] = [theirs[index] ?? "nothing", ours[index] ?? "nothing"];
      if (kernelSays === weSay) return [];
      return [{ program, step: index + 1, face, kernel: kernelSays, netwright: weSay }];
    });
  });
}

/**
 * The allowed differences. A reason stands alone on a line that begins with "==", and below it, a line each:
 * `PROGRAM STEP FACE: KERNEL => NETWRIGHT`, FACE being python, c or both.
 */
export function readAllowed(text: string = readFileSync(FILE, "utf8")): Allowed[] {
  const allowed: Allowed[] = [];
  let reason = "";
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith("==")) {
      reason = line.slice(2).trim();
      continue;
    }
    const found = /^(\S+) (\d+) (python|c|both): (.*) => (.*)$/.exec(line);
    if (found === null || reason === "") throw new Error(`differences.txt: what is "${line}"?`);
    const [, program, step, face, kernel, netwright] = found as unknown as string[];
    const faces: Face[] = face === "both" ? ["python", "c"] : [face as Face];
    allowed.push({
      program: program!,
      step: Number(step),
      faces,
      kernel: kernel!,
      netwright: netwright!,
      reason,
    });
  }
  return allowed;
}

export interface Verdict {
  /** By reason, how many steps differ as they may. */
  readonly expected: ReadonlyMap<string, number>;
  readonly unexpected: readonly Difference[];
  /** Allowed differences that are none any more. */
  readonly stale: readonly Allowed[];
}

/** `judged`: the names of the programs that were compared, per face; only their allowed differences can be stale. */
export function judge(
  differences: readonly Difference[],
  allowed: readonly Allowed[],
  judged: ReadonlyMap<Face, ReadonlySet<string>>,
): Verdict {
  const reasons = new Map<string, string>();
  for (const entry of allowed) for (const face of entry.faces) reasons.set(keyOf(entry, face), entry.reason);
  const expected = new Map<string, number>();
  const met = new Set<string>();
  const unexpected = differences.filter((difference) => {
    const key = keyOf({ ...difference, program: difference.program.name }, difference.face);
    const reason = reasons.get(key);
    if (reason === undefined) return true;
    expected.set(reason, (expected.get(reason) ?? 0) + 1);
    met.add(key);
    return false;
  });
  const stale = allowed.filter((entry) =>
    entry.faces.some((face) => judged.get(face)?.has(entry.program) && !met.has(keyOf(entry, face))),
  );
  return { expected, unexpected, stale };
}

function keyOf(entry: Omit<Allowed, "reason" | "faces">, face: Face): string {
  return [face, entry.program, entry.step, entry.kernel, entry.netwright].join("\t");
}
