/**
 * Command lines. `util.parseArgs` splits them; the messages are made here, one line each, because Node's run over two
 * (docs/decisions/0009-command-line.md).
 */
import { parseArgs } from "node:util";
import { nearest } from "./nearest.ts";

/** What was typed makes no sense: one line, exit 2. */
export class UsageError extends Error {}

/** It made sense and did not work: one line, exit 1. */
export class Failure extends Error {}

export interface Option {
  /** What stands for its value in the help, "MS". Without one it is a switch. */
  readonly value?: string;
  /** The letter of its short form. */
  readonly short?: string;
  /** The value, a path, may be left out: the next word is taken only if it begins with "/", "./" or "../"; `--name=VALUE` always is. */
  readonly optional?: boolean;
  /** Given several times all its values count, with commas between them, or what `separator` says. */
  readonly repeated?: boolean;
  readonly separator?: string;
  /** The heading in the help under which it stands with its like. */
  readonly group?: string;
  readonly help: string;
}

export type Options = Readonly<Record<string, Option>>;

export interface CommandLine {
  /** Values by option's name; "" for a switch. */
  readonly values: ReadonlyMap<string, string>;
  readonly positionals: readonly string[];
}

/** Splits what follows `command`. Of an option given twice the last one counts, unless it is a `repeated` one. */
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
    args: withValues(options, argv),
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
    if (option === undefined) {
      const meant = token.rawName.startsWith("--") ? nearest(token.name, Object.keys(options)) : undefined;
      throw new UsageError(
        meant === undefined
          ? `unknown option ${token.rawName}; see ${command} --help`
          : `unknown option ${token.rawName}: is --${meant} meant? See ${command} --help`,
      );
    }
    const value = optionValue(token, option);
    const before = option.repeated ? values.get(token.name) : undefined;
    values.set(token.name, before === undefined ? value : `${before}${option.separator ?? ","}${value}`);
  }
  const extra = positionals[positionalNames.length];
  if (extra !== undefined) throw new UsageError(`unexpected argument ${extra}; see ${command} --help`);
  return { values, positionals };
}

/** `argv` with an empty value for each option that may stand without one and does. */
function withValues(options: Options, argv: readonly string[]): string[] {
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  return argv.map((word, index) => {
    const name = word.startsWith("--") && index < end ? word.slice(2) : "";
    const isOptional = Object.hasOwn(options, name) && options[name]?.optional;
    return isOptional && !/^\.{0,2}\//.test(argv[index + 1] ?? "") ? `${word}=` : word;
  });
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
  if (!fits(value)) throw new UsageError(`--${name} is ${allowed}; got ${text === "" ? "nothing" : text}`);
  return value;
}

/** The path that option `name` gives. */
export function pathOption(line: CommandLine, name: string): string | undefined {
  const path = line.values.get(name);
  if (path === "") throw new UsageError(`--${name} is a path; got nothing`);
  return path;
}

/** The option that every command has. */
export const HELP_OPTION: Option = { short: "h", help: "prints this" };

/** The options as lines of a help text: those without a group, then group by group. */
export function describeOptions(options: Options): string {
  const rows = Object.entries(options).map(([name, option]) => ({
    left: optionUsage(name, option),
    help: option.help,
    group: option.group ?? "",
  }));
  const width = Math.max(...rows.map(({ left }) => left.length));
  const groups = [...new Set(["", ...rows.map(({ group }) => group)])];
  const blocks = groups.map((heading) => {
    const lines = rows.filter(({ group }) => group === heading);
    const text = lines.map(({ left, help }) => `  ${left.padEnd(width)}  ${help}`).join("\n");
    return heading === "" ? text : `${heading}:\n${text}`;
  });
  return blocks.filter((block) => block !== "").join("\n\n");
}

function optionUsage(name: string, { value, short, optional }: Option): string {
  const shown = optional ? `[${value}]` : value;
  return `--${name}${short === undefined ? "" : `, -${short}`}${shown === undefined ? "" : ` ${shown}`}`;
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
