import { main } from "../../src/node/main.ts";
import type { Terminal } from "../../src/node/terminal.ts";

/** Remembers what a command writes. */
export class TestTerminal implements Terminal {
  readonly colours: boolean;
  readonly redraws: boolean;
  readonly columns: number | undefined;
  output = "";
  errors = "";

  constructor(options: Partial<Pick<Terminal, "colours" | "redraws" | "columns">> = {}) {
    this.colours = options.colours ?? false;
    this.redraws = options.redraws ?? false;
    this.columns = options.columns;
  }

  out(text: string): void {
    this.output += text;
  }

  err(text: string): void {
    this.errors += text;
  }
}

/** Runs `netwright ARGUMENTS…`. */
export async function netwright(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = new TestTerminal();
  const code = await main(argv, terminal);
  return { code, out: terminal.output, err: terminal.errors };
}
