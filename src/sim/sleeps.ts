/** Programs that wait for time to go by. */
import type { Clock } from "../base/clock.ts";
import { Timer } from "../base/timer.ts";
import type { PendingCall } from "./deadlock.ts";
import { check } from "./options.ts";

export class Sleeps {
  private readonly clock: Clock;
  private readonly sleepers = new Set<PendingCall & { readonly timer: Timer; reject(error: Error): void }>();
  private closed = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** How many have not ended. */
  get count(): number {
    return this.sleepers.size;
  }

  /** Settles when `millis` have gone by. */
  sleep(millis: number): Promise<void> {
    const delay = micros("sleep", millis);
    if (this.closed) return Promise.reject(new Error("the network is closed"));
    const { clock, sleepers } = this;
    clock.sample();
    const end = clock.now + delay;
    return new Promise((resolve, reject) => {
      const timer = new Timer(() => {
        sleepers.delete(sleeper);
        clock.settled++;
        resolve();
      });
      const sleeper = { describe: () => `sleep until ${end / 1000} ms`, timer, reject };
      sleepers.add(sleeper);
      clock.arm(timer, end);
    });
  }

  /** Those that have not ended, in words. */
  describe(): string[] {
    return [...this.sleepers].map((sleeper) => sleeper.describe());
  }

  /** Rejects those that have not ended, and all that are asked for later. */
  close(): void {
    this.closed = true;
    for (const sleeper of this.sleepers) {
      this.clock.timers.remove(sleeper.timer);
      sleeper.reject(new Error("the network was closed"));
    }
    this.sleepers.clear();
  }
}

export function micros(what: string, millis: number): number {
  check(typeof millis === "number" && millis >= 0 && millis <= 1e12, what, "0 to 1e12 milliseconds", millis);
  return Math.round(millis * 1000);
}
