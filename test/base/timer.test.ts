import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NEVER, Timer, TimerQueue } from "../../src/base/timer.ts";

/** The same contract without a heap: looks through all timers each time. */
class NaiveQueue {
  private readonly armed = new Map<number, number>();

  arm(id: number, deadline: number): void {
    this.armed.delete(id); // a Map keeps the order of insertion: the last arming counts
    if (deadline !== NEVER) this.armed.set(id, deadline);
  }

  disarm(id: number): void {
    this.armed.delete(id);
  }

  get armedCount(): number {
    return this.armed.size;
  }

  nextDeadline(): number {
    return Math.min(NEVER, ...this.armed.values());
  }

  popDue(now: number): number | undefined {
    const earliest = this.nextDeadline();
    if (earliest > now) return undefined;
    for (const [id, deadline] of this.armed) {
      if (deadline === earliest) {
        this.armed.delete(id);
        return id;
      }
    }
    return undefined;
  }
}

const TIMERS = 40;
const id = fc.nat(TIMERS - 1);
/** Often one of few, so that equal ones are common; else of many, so that the heap has every shape. */
const deadline = fc.oneof(fc.nat(8), fc.nat(1000));
const operation = fc.oneof(
  fc.record({ kind: fc.constant("arm" as const), id, delay: deadline }),
  fc.record({ kind: fc.constant("arm" as const), id, delay: fc.constant(NEVER) }),
  fc.record({ kind: fc.constant("disarm" as const), id }),
  fc.record({ kind: fc.constant("remove" as const), id }),
  fc.record({ kind: fc.constant("look" as const) }),
  fc.record({ kind: fc.constant("advance" as const), by: deadline }),
);

describe("TimerQueue", () => {
  it("does what a list searched each time does", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 300, size: "max" }), (operations) => {
        const queue = new TimerQueue();
        const model = new NaiveQueue();
        const timers = Array.from({ length: TIMERS }, () => new Timer(() => {}));
        let now = 0;
        for (const step of operations) {
          if (step.kind === "arm") {
            queue.arm(timers[step.id]!, now + step.delay);
            model.arm(step.id, now + step.delay);
          } else if (step.kind === "disarm") {
            queue.disarm(timers[step.id]!);
            model.disarm(step.id);
          } else if (step.kind === "remove") {
            queue.remove(timers[step.id]!);
            model.disarm(step.id);
            expect(timers[step.id]!.place).toBe(-1);
          } else if (step.kind === "look") {
            expect(queue.nextDeadline()).toBe(model.nextDeadline());
          } else {
            now += step.by;
            for (;;) {
              const due = queue.popDue(now);
              expect(due === undefined ? undefined : timers.indexOf(due)).toBe(model.popDue(now));
              if (due === undefined) break;
              expect(due.armed).toBe(false);
              expect(due.place).toBe(-1);
            }
          }
          expect(queue.armedCount).toBe(model.armedCount);
        }
        expect(timers.filter((timer) => timer.armed).length).toBe(model.armedCount);
        expect(queue.nextDeadline()).toBe(model.nextDeadline());
      }),
      { numRuns: 300 },
    );
  });

  it("keeps its order when timers are taken out of the middle", () => {
    const entry = fc.record({ deadline: fc.nat(1000), removed: fc.boolean() });
    fc.assert(
      fc.property(fc.array(entry, { minLength: 10, maxLength: 200, size: "max" }), (entries) => {
        const queue = new TimerQueue();
        const timers = entries.map(() => new Timer(() => {}));
        entries.forEach(({ deadline }, index) => {
          queue.arm(timers[index]!, deadline);
        });
        entries.forEach(({ removed }, index) => {
          if (removed) queue.remove(timers[index]!);
        });
        const left = entries.filter(({ removed }) => !removed).map(({ deadline }) => deadline);
        left.sort((a, b) => a - b);
        for (const deadline of left) {
          expect(queue.nextDeadline()).toBe(deadline);
          queue.popDue(deadline);
        }
        expect(queue.nextDeadline()).toBe(NEVER);
      }),
    );
  });

  it("fires equal deadlines in the order of arming, also when one was moved there from earlier", () => {
    const queue = new TimerQueue();
    const moved = new Timer(() => {});
    const other = new Timer(() => {});
    const last = new Timer(() => {});
    queue.arm(moved, 5);
    queue.arm(last, 10);
    queue.arm(moved, 10);
    queue.arm(other, 10);
    queue.arm(last, 10);
    expect([queue.popDue(10), queue.popDue(10), queue.popDue(10)]).toEqual([moved, other, last]);
  });

  it("forgets a removed timer, and keeps a disarmed one no longer than its deadline", () => {
    const queue = new TimerQueue();
    const timer = new Timer(() => {});
    queue.arm(timer, 5);
    queue.remove(timer);
    expect(timer.place).toBe(-1);
    queue.arm(timer, 5);
    queue.disarm(timer);
    queue.disarm(timer);
    expect(queue.armedCount).toBe(0);
    expect(queue.nextDeadline()).toBe(NEVER);
    expect(timer.place).toBe(-1);
  });

  it("refuses a deadline that is no number", () => {
    expect(() => new TimerQueue().arm(new Timer(() => {}), Number.NaN)).toThrow("not NaN");
  });
});
