/** `netwright dump FILE.pcapng`: a capture as tcpdump prints it. */
import { readFileSync } from "node:fs";
import { printCapture } from "../trace/print.ts";
import {
  describeOptions,
  Failure,
  fileError,
  type Options,
  parseCommandLine,
  UsageError,
} from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

const OPTIONS: Options = { help: { help: "prints this" } };

const HELP = `netwright dump FILE.pcapng: prints a capture as tcpdump would

${describeOptions(OPTIONS)}
`;

export async function dumpCommand(argv: readonly string[], terminal: Terminal): Promise<void> {
  const { values, positionals } = parseCommandLine("netwright dump", OPTIONS, argv, ["FILE.pcapng"]);
  if (values.has("help")) return terminal.out(HELP);
  const [path] = positionals;
  if (path === undefined) throw new UsageError("dump needs a file: netwright dump FILE.pcapng");
  terminal.out(
    lines(path)
      .map((line) => `${line}\n`)
      .join(""),
  );
}

function lines(path: string): string[] {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new Failure(`cannot read ${path}: ${fileError(error)}`);
  }
  try {
    return printCapture(bytes);
  } catch (error) {
    if (error instanceof RangeError) throw new Failure(`${path}: ${error.message}`);
    throw error;
  }
}
