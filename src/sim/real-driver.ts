/** What stands in for a {@link Driver} where time goes by of itself: there is nothing to move, only to wait for. */
import { macrotask, setAlarm } from "../base/ambient.ts";
import type { RealClock } from "../base/real-clock.ts";
import { NEVER } from "../base/timer.ts";
import { show } from "../sockets/misuse.ts";
import type { DrivenWorld, Mover } from "./driver.ts";
import { micros, Sleeps } from "./sleeps.ts";

/** How long `idle` looks away, ms: work may come from outside, and the network may be closed. */
const LONGEST_PAUSE = 50;

export class RealDriver implements Mover {
  readonly sleeps: Sleeps;
  private readonly clock: RealClock;
  private readonly world: DrivenWorld;
  private closed = false;

  constructor(clock: RealClock, world: DrivenWorld) {
    this.clock = clock;
    this.world = world;
    this.sleeps = new Sleeps(clock);
  }

  /** There is no DeadlockError: the world outside may always have news. */
  async run<T>(program: () => T | PromiseLike<T>): Promise<T> {
    if (typeof program !== "function") throw new TypeError(`run takes a function, got ${show(program)}`);
    this.checkOpen("run");
    const result = await program();
    this.world.rethrow();
    return result;
  }

  async idle(): Promise<void> {
    this.checkOpen("idle");
    for (;;) {
      await new Promise<void>((resolve) => macrotask(resolve));
      this.clock.sample();
      const deadline = this.clock.nextDeadline();
      if (deadline === NEVER || this.closed) break;
      await pause(Math.min((deadline - this.clock.now) / 1000, LONGEST_PAUSE));
    }
    this.world.rethrow();
  }

  async advance(millis: number): Promise<void> {
    this.checkOpen("advance");
    await pause(micros("advance", millis) / 1000);
    this.world.rethrow();
  }

  drain(): void {
    throw new Error(
      "drain: this network is on the real clock, which nobody can hurry; wait for idle() instead",
    );
  }

  async external<T>(promise: PromiseLike<T> | T): Promise<T> {
    return await promise;
  }

  close(): void {
    this.closed = true;
    this.sleeps.close();
    this.clock.close();
  }

  private checkOpen(call: string): void {
    if (this.closed) throw new Error(`${call}: the network is closed`);
  }
}

/** Waits `millis` of real time. */
function pause(millis: number): Promise<void> {
  return new Promise((resolve) => {
    setAlarm(resolve, millis);
  });
}
