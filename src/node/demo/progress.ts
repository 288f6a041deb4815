/** How far a long transfer is: one line written over and over on a terminal, four lines elsewhere. */
import type { Terminal } from "../terminal.ts";

/** Below so many bytes there is nothing to wait for. */
const LONG = 1_000_000;
const BAR = 40;

export class Progress {
  private readonly terminal: Terminal;
  private readonly total: number;
  /** Percent: what is shown now, and the step to the next. */
  private shown = 0;
  private readonly step: number;

  constructor(terminal: Terminal, total: number) {
    this.terminal = terminal;
    this.total = total;
    this.step = terminal.redraws ? 1 : 25;
  }

  /** `bytes` have arrived by `nowMillis` of virtual time. */
  readonly update = (bytes: number, nowMillis: number): void => {
    if (this.total < LONG) return;
    const percent = Math.floor((bytes / this.total) * 100);
    if (percent < this.shown + this.step) return;
    this.shown = percent - (percent % this.step);
    const filled = Math.round((bytes / this.total) * BAR);
    const bar = "█".repeat(filled) + "░".repeat(BAR - filled);
    const seconds = (nowMillis / 1000).toFixed(1);
    const line = `${bar} ${String(percent).padStart(3)} %  ${seconds} s of virtual time`;
    this.terminal.err(this.terminal.redraws ? `\r${line}` : `${line}\n`);
  };

  /** Leaves the terminal as it was before. */
  end(): void {
    if (this.terminal.redraws && this.shown > 0) this.terminal.err("\r\u001b[K");
  }
}
