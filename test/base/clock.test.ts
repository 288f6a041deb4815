import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../src/base/clock.ts";
import { Task, TaskQueue } from "../../src/base/task.ts";
import { NEVER, Timer } from "../../src/base/timer.ts";

describe("an instant", () => {
  it("runs deferred tasks after every posted one, also those posted on the way", () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    const output = new Task(() => log.push("output"));
    const second = new Task(() => {
      log.push("second");
      clock.defer(output);
    });
    const first = new Task(() => {
      log.push("first");
      clock.defer(output);
      clock.post(second);
    });
    clock.post(first);
    expect(clock.runInstant()).toBe(true);
    expect(log).toEqual(["first", "second", "output"]);
    expect(clock.runInstant()).toBe(false);
  });

  it("fires the timers that are due before the posted tasks", () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.post(new Task(() => log.push("task")));
    clock.armIn(new Timer(() => log.push("timer")), 0);
    clock.runInstant();
    expect(log).toEqual(["timer", "task"]);
  });

  it("goes on until nothing is left: what a deferred task posts belongs to the same instant", () => {
    const clock = new VirtualClock();
    let left = 5;
    const link = new Task(() => clock.defer(output));
    const output = new Task(() => {
      if (--left > 0) clock.post(link);
    });
    clock.post(link);
    clock.runInstant();
    expect(left).toBe(0);
    expect(clock.busy).toBe(false);
    expect(clock.now).toBe(0);
  });

  it("runs a task once however often it was posted", () => {
    const clock = new VirtualClock();
    let runs = 0;
    const task = new Task(() => runs++);
    clock.post(task);
    clock.post(task);
    clock.runInstant();
    expect(runs).toBe(1);
  });

  /** Any program of tasks that post and defer each other: no deferred task may run while a posted one waits. */
  it("never runs a deferred task while a posted one waits", () => {
    const action = fc.record({ who: fc.nat(9), deferred: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(fc.array(action, { maxLength: 3 }), { minLength: 10, maxLength: 10 }),
        (program) => {
          const clock = new VirtualClock();
          let budget = 100;
          let posted = 0;
          const start = ({ who, deferred }: { who: number; deferred: boolean }) => {
            if (budget-- <= 0) return;
            const task = (deferred ? defers : posts)[who]!;
            if (!task.queued && !deferred) posted++;
            if (deferred) clock.defer(task);
            else clock.post(task);
          };
          const posts = program.map(
            (actions) =>
              new Task(() => {
                posted--;
                actions.forEach(start);
              }),
          );
          let violations = 0;
          let batch = false;
          const defers = program.map(
            (actions) =>
              new Task(() => {
                // a batch of deferred tasks may post: those wait for the batch, not for one of its members
                if (posted > 0 && !batch) violations++;
                batch = true;
                actions.forEach(start);
              }),
          );
          program.flat().forEach(start);
          while (clock.busy) {
            batch = false;
            clock.step();
          }
          expect(violations).toBe(0);
          expect(posted).toBe(0);
        },
      ),
    );
  });
});

describe("VirtualClock", () => {
  it("jumps from deadline to deadline, never back", () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    const timer = new Timer(() => {
      fired.push(clock.now);
      if (fired.length < 3) clock.armIn(timer, 3_600_000_000);
    });
    clock.armIn(timer, 500);
    while (clock.nextDeadline() !== NEVER) {
      clock.jumpTo(clock.nextDeadline());
      clock.runInstant();
    }
    expect(fired).toEqual([500, 3_600_000_500, 7_200_000_500]);
    clock.jumpTo(1);
    clock.jumpTo(NEVER);
    expect(clock.now).toBe(7_200_000_500);
  });

  it("says `now` for the next deadline while the instant has work", () => {
    const clock = new VirtualClock();
    clock.jumpTo(10);
    expect(clock.nextDeadline()).toBe(NEVER);
    clock.defer(new Task(() => {}));
    expect(clock.nextDeadline()).toBe(10);
  });
});

describe("TaskQueue", () => {
  it("leaves for the next batch what the tasks of this one queue, themselves too", () => {
    const queue = new TaskQueue();
    const log: string[] = [];
    const again = new Task(() => {
      log.push("again");
      queue.push(again);
    });
    queue.push(again);
    queue.push(new Task(() => log.push("other")));
    queue.runBatch();
    expect(log).toEqual(["again", "other"]);
    queue.runBatch();
    expect(log).toEqual(["again", "other", "again"]);
  });

  it("keeps the tasks behind one that throws", () => {
    const queue = new TaskQueue();
    let ran = 0;
    const bad = new Task(() => {
      throw new Error("from a user");
    });
    queue.push(bad);
    queue.push(new Task(() => ran++));
    expect(() => queue.runBatch()).toThrow("from a user");
    expect(bad.queued).toBe(false);
    queue.runBatch();
    expect(ran).toBe(1);
  });

  it("does nothing when it is empty", () => {
    const queue = new TaskQueue();
    queue.runBatch();
    expect(queue.empty).toBe(true);
  });
});
