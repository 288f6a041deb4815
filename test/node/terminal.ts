import { main } from "../../src/node/main.ts";
import type { Terminal } from "../../src/node/terminal.ts";

/** Remembers what a command writes. */
export class TestTerminal implements Terminal {
  readonly colours: boolean;
  readonly redraws: boolean;
  readonly columns: number | undefined;
  output = "";
  errors = "";
  /** What was written as bytes. */
  readonly written: Uint8Array[] = [];
  /** What standard input gives. */
  readonly pieces: Uint8Array[] = [];

  constructor(options: Partial<Pick<Terminal, "colours" | "redraws" | "columns">> = {}) {
    this.colours = options.colours ?? false;
    this.redraws = options.redraws ?? false;
    this.columns = options.columns;
  }

  out(text: string): void {
    this.output += text;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.written.push(bytes);
  }

  async *input(): AsyncGenerator<Uint8Array, void> {
    yield* this.pieces;
  }

  err(text: string): void {
    this.errors += text;
  }
}

/** Runs `netwright ARGUMENTS…`. */
export async function netwright(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = new TestTerminal();
  const code = await main(argv, terminal);
  const written = new TextDecoder().decode(Buffer.concat(terminal.written));
  return { code, out: terminal.output + written, err: terminal.errors };
}
