/**
 * Command lines. `util.parseArgs` splits them; the messages are made here, one line each, because Node's run over two
 * (docs/decisions/0009-command-line.md).
 */
import { parseArgs } from "node:util";

/** What was typed makes no sense: one line, exit 2. */
export class UsageError extends Error {}

/** It made sense and did not work: one line, exit 1. */
export class Failure extends Error {}

export interface Option {
  /** What stands for its value in the help, "MS". Without one it is a switch. */
  readonly value?: string;
  /** The letter of its short form. */
  readonly short?: string;
  readonly help: string;
}

export type Options = Readonly<Record<string, Option>>;

export interface CommandLine {
  /** Values by option's name; "" for a switch. */
  readonly values: ReadonlyMap<string, string>;
  readonly positionals: readonly string[];
}

/** Splits what follows `command`. Of an option given twice the last one counts. */
export function parseCommandLine(
  command: string,
  options: Options,
  argv: readonly string[],
  positionalNames: readonly string[] = [],
): CommandLine {
  const types = Object.entries(options).map(([name, { value, short }]) => [
    name,
    { type: value === undefined ? "boolean" : "string", ...(short !== undefined && { short }) } as const,
  ]);
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(types),
    strict: false,
    tokens: true,
  });
  const values = new Map<string, string>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (option === undefined) throw new UsageError(`unknown option ${token.rawName}; see ${command} --help`);
    values.set(token.name, optionValue(token, option));
  }
  const extra = positionals[positionalNames.length];
  if (extra !== undefined) throw new UsageError(`unexpected argument ${extra}; see ${command} --help`);
  return { values, positionals };
}

interface OptionToken {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function optionValue(token: OptionToken, option: Option): string {
  const { rawName, value, inlineValue } = token;
  if (option.value === undefined) {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value; got ${value}`);
    return "";
  }
  // `--loss --json`: the next option is not meant as the value
  if (value === undefined || (!inlineValue && value.startsWith("--"))) {
    throw new UsageError(`${rawName} needs a value: ${rawName} ${option.value}`);
  }
  return value;
}

/** The number that option `name` gives, or `standard`; `allowed` says in words what `fits` checks. */
export function numberOption(
  line: CommandLine,
  name: string,
  standard: number,
  allowed: string,
  fits: (value: number) => boolean,
): number {
  const text = line.values.get(name);
  if (text === undefined) return standard;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!fits(value)) throw new UsageError(`${name} is ${allowed}; got ${text === "" ? "nothing" : text}`);
  return value;
}

/** The path that option `name` gives. */
export function pathOption(line: CommandLine, name: string): string | undefined {
  const path = line.values.get(name);
  if (path === "") throw new UsageError(`${name} is a path; got nothing`);
  return path;
}

/** The option that every command has. */
export const HELP_OPTION: Option = { short: "h", help: "prints this" };

/** The options as lines of a help text. */
export function describeOptions(options: Options): string {
  const rows = Object.entries(options).map(([name, { value, short, help }]) => ({
    left: `--${name}${short === undefined ? "" : `, -${short}`}${value === undefined ? "" : ` ${value}`}`,
    help,
  }));
  const width = Math.max(...rows.map(({ left }) => left.length));
  return rows.map(({ left, help }) => `  ${left.padEnd(width)}  ${help}`).join("\n");
}

/** What went wrong with a file, without Node's "ENOENT: …, open '…'" around it. */
export function fileError(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  return FILE_ERRORS[String(code)] ?? (error instanceof Error ? error.message : String(error));
}

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of the path is not a directory",
  ENOSPC: "no space left on the device",
  EROFS: "the file system is read-only",
};
