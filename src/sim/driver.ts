/**
 * Moves virtual time. The world runs by itself until it has news for a program (a promise was settled); then the
 * program gets a turn of the event loop; and only when neither has anything left to do in this instant does the clock
 * jump to the next deadline.
 *
 * What is guaranteed: code that awaits only this network (sockets, `sleep`) and ready promises runs to its next such
 * await before time moves, so equal seeds give equal runs. Real work inside `run` (a file, a digest, a real timer) is
 * out of the clock's sight: time stands still for it when it is wrapped in {@link Driver.external}. Without that, time
 * stands still only while no call on the network is pending, and no longer than the grace.
 *
 * Where a world goes on for ever and nobody hears of it (the probes of a window that never opens), `run` ends by the
 * patience, in virtual time. Whoever else waits for the event loop, a test's time-out above all, gets turns meanwhile.
 */
import { type Alarm, clearAlarm, macrotask, monotonicMicros, setAlarm } from "../base/ambient.ts";
import type { VirtualClock } from "../base/clock.ts";
import { NEVER } from "../base/timer.ts";
import { show } from "../sockets/misuse.ts";
import { DeadlockError } from "./deadlock.ts";
import { micros, Sleeps } from "./sleeps.ts";

/** Turns of the event loop given in vain before real time is waited for. */
const PATIENT_TURNS = 16;

/** The longest the world runs before the event loop gets a turn, µs of real time: a test's own time-out can fire. */
const SLICE_MICROS = 20_000;

/** What the driver has to know of the network. */
export interface DrivenWorld {
  /** How many calls programs wait for, and what each of them is, the host's name in front. */
  readonly pendingCount: number;
  pending(): string[];
  /** Throws what a program's callback has thrown where it could not be thrown further. */
  rethrow(): void;
}

/** Has the world of a network go on, or waits while it does. See `Network` for what the calls mean. */
export interface Mover {
  readonly sleeps: Sleeps;
  run<T>(program: () => T | PromiseLike<T>): Promise<T>;
  idle(): Promise<void>;
  advance(millis: number): Promise<void>;
  drain(): void;
  external<T>(promise: PromiseLike<T> | T): Promise<T>;
  close(): void;
}

export class Driver implements Mover {
  readonly clock: VirtualClock;
  readonly sleeps: Sleeps;
  private readonly world: DrivenWorld;
  private readonly graceMillis: number;
  private readonly patienceMicros: number;
  /** Which of run, idle, advance, drain is at work. */
  private driving: string | undefined = undefined;
  private externals = 0;
  /** Ends a {@link pause} early. */
  private resume: (() => void) | undefined = undefined;
  private closed = false;

  constructor(clock: VirtualClock, world: DrivenWorld, graceMillis: number, patienceMillis: number) {
    this.clock = clock;
    this.sleeps = new Sleeps(clock);
    this.world = world;
    this.graceMillis = graceMillis;
    this.patienceMicros = patienceMillis * 1000;
  }

  async run<T>(program: () => T | PromiseLike<T>): Promise<T> {
    if (typeof program !== "function") throw new TypeError(`run takes a function, got ${show(program)}`);
    this.take("run");
    try {
      const outcome = new Outcome(program);
      let unseen = false; // the program waits for something that cannot be seen from here
      let settled = this.clock.settled;
      let since = this.clock.now; // when the last promise was settled
      for (;;) {
        await turn();
        if (outcome.settled) break;
        if (settled !== this.clock.settled) {
          settled = this.clock.settled;
          since = this.clock.now;
          unseen = false;
        }
        const limit = this.limit(since);
        if (this.proceed(this.clock.now)) continue;
        if (this.externals > 0) {
          await this.pause(this.graceMillis);
        } else if (!unseen && this.pendingCount === 0) {
          // Nobody waits for the network, so the program waits for something real. When nothing comes of that within the
          // grace, it may wait for the network in its own way, by a callback: go on, instant by instant.
          unseen = !(await this.grace(outcome));
        } else if (this.clock.now >= limit || !(unseen ? this.instant(NEVER) : this.proceed(NEVER, limit))) {
          if (unseen || !(await this.grace(outcome))) throw this.deadlock(since);
          since = this.clock.now;
        }
      }
      return outcome.value();
    } finally {
      this.driving = undefined;
    }
  }

  /** Runs the world until nothing is left to happen. */
  async idle(): Promise<void> {
    await this.drive("idle", NEVER);
  }

  /** Runs the world for exactly `millis`: what is due at the end still happens. */
  async advance(millis: number): Promise<void> {
    const end = this.clock.now + micros("advance", millis);
    await this.drive("advance", end);
    this.clock.jumpTo(end);
  }

  /** Runs the world until nothing is left to happen, at once: programs that wait for promises get no turn. */
  drain(): void {
    this.take("drain");
    try {
      for (;;) if (!this.proceed(NEVER)) return;
    } finally {
      this.driving = undefined;
    }
  }

  /** Holds virtual time until `promise`, which comes from outside the network, settles; and gives it back. */
  async external<T>(promise: PromiseLike<T> | T): Promise<T> {
    this.externals++;
    try {
      return await promise;
    } finally {
      this.externals--;
      this.resume?.();
    }
  }

  /** What programs wait for, calls and sleeps. */
  pending(): string[] {
    return [...this.world.pending(), ...this.sleeps.describe()];
  }

  private get pendingCount(): number {
    return this.world.pendingCount + this.sleeps.count;
  }

  close(): void {
    this.closed = true;
    this.sleeps.close();
  }

  private async drive(name: string, end: number): Promise<void> {
    this.take(name);
    try {
      do {
        await turn();
        while (this.externals > 0) {
          this.proceed(this.clock.now);
          await this.pause(this.graceMillis);
          await turn();
        }
      } while (this.proceed(end));
    } finally {
      this.driving = undefined;
    }
  }

  private take(name: string): void {
    if (this.closed) throw new Error(`${name}: the network is closed`);
    if (this.driving !== undefined) {
      const advice = this.driving === "run" ? "; inside run, wait with net.sleep(ms)" : "; await it first";
      throw new Error(`${name}: this network is being driven by ${this.driving} already${advice}`);
    }
    this.driving = name;
  }

  /** Up to when the world runs without news for anybody. A sleep is sure to end, and that will be news. */
  private limit(since: number): number {
    return this.sleeps.count > 0 ? NEVER : since + this.patienceMicros;
  }

  /**
   * Runs the world until the event loop is to have a turn (true): there is news for programs, the time has come to
   * `limit`, or this has taken long. False when nothing is left up to `end`.
   */
  private proceed(end: number, limit = NEVER): boolean {
    const { clock } = this;
    const settled = clock.settled;
    const enough = monotonicMicros() + SLICE_MICROS;
    while (this.instant(end)) {
      if (clock.settled !== settled || clock.now >= limit || monotonicMicros() >= enough) return true;
    }
    return false;
  }

  /** Runs the next instant if it comes no later than `end`. */
  private instant(end: number): boolean {
    const { clock } = this;
    const deadline = clock.nextDeadline();
    if (deadline > end || deadline === NEVER) return false;
    clock.jumpTo(deadline);
    clock.runInstant();
    this.world.rethrow();
    return true;
  }

  /** What is thrown when no promise will be settled any more, or none has been since `since` for too long. */
  private deadlock(since: number): DeadlockError {
    const goesOn = this.clock.nextDeadline() !== NEVER;
    return new DeadlockError(this.clock.now / 1000, this.pending(), goesOn ? since / 1000 : undefined);
  }

  /** Waits in real time for the program to do something: true as soon as it has. */
  private async grace(outcome: Outcome<unknown>): Promise<boolean> {
    const { clock } = this;
    const settled = clock.settled;
    const deadline = clock.nextDeadline();
    const pending = this.pendingCount;
    const stirred = () =>
      outcome.settled ||
      this.externals > 0 ||
      clock.settled !== settled ||
      clock.nextDeadline() !== deadline ||
      this.pendingCount !== pending;
    for (let turns = 0; turns < PATIENT_TURNS; turns++) {
      await turn();
      if (stirred()) return true;
    }
    const end = monotonicMicros() + this.graceMillis * 1000;
    outcome.onSettled = () => this.resume?.();
    while (monotonicMicros() < end) {
      await this.pause(1);
      await turn();
      if (stirred()) return true;
    }
    return false;
  }

  /** Waits `millis` of real time, or until something outside has finished. */
  private pause(millis: number): Promise<void> {
    return new Promise((resolve) => {
      const alarm: Alarm = setAlarm(() => this.resume?.(), millis);
      this.resume = () => {
        clearAlarm(alarm);
        this.resume = undefined;
        resolve();
      };
    });
  }
}

/** What became of the function given to `run`. */
class Outcome<T> {
  settled = false;
  onSettled: (() => void) | undefined = undefined;
  private readonly promise: Promise<T>;

  constructor(program: () => T | PromiseLike<T>) {
    this.promise = (async () => program())();
    const settle = () => {
      this.settled = true;
      this.onSettled?.();
    };
    this.promise.then(settle, settle);
  }

  value(): Promise<T> {
    return this.promise;
  }
}

/** Lets promise continuations, and whatever else waits in the event loop, run. */
function turn(): Promise<void> {
  return new Promise(macrotask);
}
