/** All programs, in the order of the files' names. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Program, parsePrograms } from "./language.ts";

const FOLDER = fileURLToPath(new URL("programs", import.meta.url));

/** Throws an Error when a name is used twice. */
export function readPrograms(): Program[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".txt"));
  const programs = files
    .sort()
    .flatMap((file) => parsePrograms(readFileSync(join(FOLDER, file), "utf8"), `programs/${file}`));
  const seen = new Set<string>();
  for (const { name, place } of programs) {
    if (seen.has(name)) throw new Error(`${place}: there is a program ${name} already`);
    seen.add(name);
  }
  return programs;
}
