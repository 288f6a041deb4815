import { once } from "node:events";
import { fileError } from "./arguments.ts";

/** Where a command writes: the process's own streams, or a test's. */
export interface Terminal {
  /** To standard output: the result, and nothing that differs between two equal runs. */
  out(text: string): void;
  /** Bytes to standard output. Resolves when there is room for more; the bytes must not change after that either. */
  write(bytes: Uint8Array): Promise<void>;
  /** What comes on standard input, piece by piece as it is asked for, until its end or until `signal` is aborted. */
  input(signal: AbortSignal): AsyncIterableIterator<Uint8Array>;
  /** To standard error: progress, real time, complaints. */
  err(text: string): void;
  /** Whether standard output shows colours. */
  readonly colours: boolean;
  /** Whether lines on standard error can be written over. */
  readonly redraws: boolean;
  /** Columns of standard output; undefined when it is not a terminal. */
  readonly columns: number | undefined;
}

export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(); // a reader that has seen enough (`| head`) is no error
    stderr.write(`cannot write to standard output: ${fileError(error)}\n`);
    process.exit(1);
  });
  stderr.on("error", () => {}); // there is nowhere left to say so
  return {
    out: (text) => stdout.write(text),
    write: async (bytes) => {
      if (!stdout.write(bytes)) await once(stdout, "drain");
    },
    input: (signal) => inputOf(process.stdin, signal),
    err: (text) => stderr.write(text),
    colours: stdout.isTTY === true && !process.env["NO_COLOR"] && stdout.hasColors(),
    redraws: stderr.isTTY === true,
    columns: stdout.isTTY === true ? stdout.columns : undefined,
  };
}

async function* inputOf(stdin: NodeJS.ReadStream, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const stop = () => stdin.destroy(); // a read that waits would keep the process
  signal.addEventListener("abort", stop);
  try {
    if (!signal.aborted) for await (const piece of stdin) yield piece as Uint8Array;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

export const RED = 31;
export const YELLOW = 33;
export const BOLD = 1;

/** `text` in an SGR style of ECMA-48 §8.3.117, where the terminal shows them. */
export function styled(terminal: Terminal, style: number, text: string): string {
  return terminal.colours ? `\u001b[${style}m${text}\u001b[0m` : text;
}
