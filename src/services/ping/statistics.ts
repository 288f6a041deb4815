/** What `ping` counts. Times are milliseconds. */
export interface PingStatistics {
  readonly transmitted: number;
  /** Answered requests; a second answer to one is a duplicate. */
  readonly received: number;
  readonly duplicates: number;
  /** Answers whose data were not those that were sent. */
  readonly damaged: number;
  /** ICMP errors, and requests that could not be sent. */
  readonly errors: number;
  /** From the first request to the last. */
  readonly millis: number;
  /** Round trips of answers, duplicates among them; undefined when there was none. `deviation` is their standard deviation. */
  readonly roundTrip:
    | {
        readonly min: number;
        readonly average: number;
        readonly max: number;
        readonly deviation: number;
        /** An average to which the last one contributes an eighth, all those before it the rest. */
        readonly smoothed: number;
      }
    | undefined;
  /** The most requests that were on their way at once. */
  readonly pipe: number;
}

/** Adds up what becomes of the requests. Times in it are microseconds. */
export class PingTally {
  transmitted = 0;
  received = 0;
  duplicates = 0;
  damaged = 0;
  errors = 0;
  pipe = 0;
  max = 0;
  private min = Number.POSITIVE_INFINITY;
  private sum = 0;
  private squares = 0;
  private smoothed = -1;
  private firstSent = -1;
  private lastSent = -1;

  sent(now: number): void {
    this.transmitted++;
    if (this.firstSent < 0) this.firstSent = now;
    this.lastSent = now;
  }

  answered(micros: number): void {
    this.sum += micros;
    this.squares += micros * micros;
    this.smoothed = this.smoothed < 0 ? micros : this.smoothed + (micros - this.smoothed) / 8;
    this.min = Math.min(this.min, micros);
    this.max = Math.max(this.max, micros);
  }

  statistics(): PingStatistics {
    const { transmitted, received, duplicates, damaged, errors, pipe } = this;
    const millis = (this.lastSent - this.firstSent) / 1000;
    return { transmitted, received, duplicates, damaged, errors, millis, roundTrip: this.roundTrip(), pipe };
  }

  private roundTrip(): PingStatistics["roundTrip"] {
    const count = this.received + this.duplicates;
    if (count === 0) return undefined;
    const average = this.sum / count;
    const deviation = Math.sqrt(Math.max(0, this.squares / count - average * average));
    return {
      min: this.min / 1000,
      average: average / 1000,
      max: this.max / 1000,
      deviation: deviation / 1000,
      smoothed: this.smoothed / 1000,
    };
  }
}
