/** How far a transfer is, on a terminal: one line written over and over. */
import { bytesText } from "../services/iperf3/text.ts";
import type { Terminal } from "./terminal.ts";

const REDRAW_MILLIS = 200;

export class TransferProgress {
  /** So many are there. */
  bytes: number;
  private readonly terminal: Terminal;
  private readonly start: number;
  private readonly total: number | undefined;
  private readonly startedAt = performance.now();
  private shownAt = this.startedAt;
  private shown = false;

  /** `start`: bytes that were there before; `total`: with them, undefined when nobody knows. */
  constructor(terminal: Terminal, start: number, total: number | undefined) {
    this.terminal = terminal;
    this.start = start;
    this.bytes = start;
    this.total = total;
  }

  add(count: number): void {
    this.bytes += count;
    const now = performance.now();
    if (!this.terminal.redraws || now < this.shownAt + REDRAW_MILLIS) return;
    this.shownAt = now;
    this.shown = true;
    const { bytes, total } = this;
    const rate = ((bytes - this.start) / (now - this.startedAt)) * 1000;
    const of = total === undefined ? "" : ` of ${bytesText(total)} (${Math.floor((100 * bytes) / total)} %)`;
    this.terminal.err(`\r\u001b[K${bytesText(bytes)}${of}, ${bytesText(rate)}/s`);
  }

  /** Leaves the terminal as it was before. */
  end(): void {
    if (this.shown) this.terminal.err("\r\u001b[K");
  }
}
