/**
 * SO_MAX_PACING_RATE: text leaves no faster than the user says. A burst of a millisecond's worth goes at once, two segments at
 * least; then nothing does until that much would have left at the rate. One timer for a connection that is paced, none for
 * others.
 */
import { Timer } from "../base/timer.ts";
import type { Tcb } from "./tcb.ts";

const SECOND_MICROS = 1_000_000;
/** How much may leave in one go, as time. */
const BURST_MICROS = 1000;
const BURST_SEGMENTS = 2;

export class Pacing {
  readonly timer: Timer;
  /** When all that has left would have left at the rate, µs. */
  private due = 0;
  /** Bytes that may still leave before that. */
  private burst = 0;

  constructor(tcb: Tcb) {
    this.timer = new Timer(() => tcb.touch());
  }

  /** Whether a segment may leave now; if not, output runs again when it may. */
  allows(tcb: Tcb, rate: number): boolean {
    const { clock } = tcb.tcp;
    if (clock.now >= this.due) {
      this.due = clock.now;
      this.burst = Math.max(BURST_SEGMENTS * tcb.snd.mss, (rate * BURST_MICROS) / SECOND_MICROS);
    } else if (this.burst <= 0) {
      if (!this.timer.armed) clock.arm(this.timer, Math.ceil(this.due));
      return false;
    }
    return true;
  }

  /** `bytes` of text leave. */
  spend(bytes: number, rate: number): void {
    this.burst -= bytes;
    this.due += (bytes * SECOND_MICROS) / rate;
  }
}

/** The bound in bytes per second; Infinity when there is none. */
export function pacingRate(tcb: Tcb): number {
  return tcb.settings.pacingBytesPerSecond || Number.POSITIVE_INFINITY;
}

/** Whether a segment with text may leave now. */
export function mayLeave(tcb: Tcb): boolean {
  const rate = pacingRate(tcb);
  if (rate === Number.POSITIVE_INFINITY) return true;
  tcb.pacing ??= new Pacing(tcb);
  return tcb.pacing.allows(tcb, rate);
}

/** `bytes` of text leave, for the first time or again. */
export function notePaced(tcb: Tcb, bytes: number): void {
  if (tcb.pacing === undefined) return;
  const rate = pacingRate(tcb);
  if (rate !== Number.POSITIVE_INFINITY) tcb.pacing.spend(bytes, rate);
}
