import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { RealClock } from "../../src/base/real-clock.ts";
import { Task } from "../../src/base/task.ts";
import { Timer } from "../../src/base/timer.ts";

/** An event loop one can step through, in place of the platform's. Time stands still unless told otherwise. */
const loop = vi.hoisted(() => ({
  micros: 1_000_000,
  /** What each look at the clock costs, so that work takes time. */
  tick: 0,
  microtasks: [] as (() => void)[],
  macrotasks: [] as (() => void)[],
  alarms: new Map<object, { callback: () => void; at: number }>(),
  alarmsSet: 0,
  /** Alarms that the process does not stay for. */
  idle: new Set<object>(),
}));

vi.mock("../../src/base/ambient.ts", () => ({
  monotonicMicros: () => {
    loop.micros += loop.tick;
    return loop.micros;
  },
  setAlarm: (callback: () => void, delayMillis: number) => {
    const alarm = {};
    loop.alarmsSet++;
    loop.alarms.set(alarm, { callback, at: loop.micros + Math.ceil(delayMillis) * 1000 });
    return alarm;
  },
  clearAlarm: (alarm: object) => loop.alarms.delete(alarm),
  keepProcessFor: (alarm: object, stays: boolean) => (stays ? loop.idle.delete(alarm) : loop.idle.add(alarm)),
  microtask: (callback: () => void) => loop.microtasks.push(callback),
  macrotask: (callback: () => void) => loop.macrotasks.push(callback),
}));

function runMicrotasks(): void {
  for (let callback = loop.microtasks.shift(); callback; callback = loop.microtasks.shift()) callback();
}

/** One pass of the event loop: a macrotask if there is one, and all microtasks after it. */
function runMacrotask(): void {
  loop.macrotasks.shift()?.();
  runMicrotasks();
}

function runAll(): void {
  runMicrotasks();
  while (loop.macrotasks.length > 0) runMacrotask();
}

/** Sleeps until the next alarm, as an idle process does. */
function sleep(): void {
  const [[alarm, { callback, at }]] = [...loop.alarms].sort(([, a], [, b]) => a.at - b.at) as [
    [object, { callback: () => void; at: number }],
  ];
  loop.alarms.delete(alarm);
  loop.micros = Math.max(loop.micros, at);
  callback();
  runAll();
}

beforeEach(() => {
  Object.assign(loop, { micros: 1_000_000, tick: 0, alarmsSet: 0, microtasks: [], macrotasks: [] });
  loop.alarms.clear();
});

describe("a turn", () => {
  it("comes by a microtask, once for all that was posted", () => {
    const clock = new RealClock();
    let runs = 0;
    clock.post(new Task(() => runs++));
    clock.post(new Task(() => runs++));
    clock.defer(new Task(() => runs++));
    expect(runs).toBe(0);
    expect(loop.microtasks.length).toBe(1);
    runMicrotasks();
    expect(runs).toBe(3);
  });

  it("takes in what its tasks post, and never runs inside another", () => {
    const clock = new RealClock();
    const log: string[] = [];
    const inner = new Task(() => log.push("inner"));
    clock.post(
      new Task(() => {
        log.push("begin");
        clock.post(inner);
        runMicrotasks();
        runMacrotask();
        log.push("end");
      }),
    );
    runAll();
    expect(log).toEqual(["begin", "end", "inner"]);
  });

  it("keeps no macrotask waiting for more than a millisecond", () => {
    const clock = new RealClock();
    loop.tick = 10;
    let runs = 0;
    const endless = new Task(() => {
      runs++;
      clock.post(endless);
    });
    clock.post(endless);
    runMicrotasks();
    expect(runs).toBeGreaterThan(50);
    expect(runs).toBeLessThan(101);
    const before = runs;
    runMacrotask();
    expect(runs).toBeGreaterThan(before + 50);
    expect(runs).toBeLessThan(before + 102);
    expect(loop.macrotasks.length).toBe(1);
  });

  it("counts the turns of one streak together, whoever asks for them", () => {
    const clock = new RealClock();
    loop.tick = 10;
    let runs = 0;
    // a user who answers each turn by a promise continuation, as two socket programs over loopback do
    const task = new Task(() => {
      runs++;
      loop.microtasks.push(() => clock.post(task));
    });
    clock.post(task);
    runMicrotasks();
    expect(runs).toBeGreaterThan(10);
    expect(runs).toBeLessThan(101);
    expect(loop.macrotasks.length).toBe(1);
    const before = runs;
    runMacrotask();
    expect(runs).toBeGreaterThan(before + 10);
  });

  it("loses nothing when a user's callback throws", () => {
    const clock = new RealClock();
    const timer = new Timer(() => {});
    let ran = false;
    clock.arm(timer, 5000);
    clock.post(
      new Task(() => {
        throw new Error("from a user");
      }),
    );
    clock.post(
      new Task(() => {
        ran = true;
      }),
    );
    expect(runMicrotasks).toThrow("from a user");
    runAll();
    expect(ran).toBe(true);
    expect(loop.alarms.size).toBe(1);
  });
});

describe("time", () => {
  it("starts at 0 and is up to date after sample() and within turns", () => {
    const clock = new RealClock();
    expect(clock.now).toBe(0);
    loop.micros += 7_000_000;
    clock.sample();
    expect(clock.now).toBe(7_000_000);
    const seen: number[] = [];
    clock.post(new Task(() => seen.push(clock.now)));
    loop.micros += 5;
    runAll();
    expect(seen).toEqual([7_000_005]);
  });

  it("stands still within a task, and never goes back", () => {
    const clock = new RealClock();
    const seen: number[] = [];
    clock.post(
      new Task(() => {
        seen.push(clock.now);
        loop.micros += 100;
        clock.sample();
        seen.push(clock.now);
      }),
    );
    runAll();
    expect(seen).toEqual([0, 0]);
    loop.micros -= 5000;
    clock.sample();
    expect(clock.now).toBe(100);
  });
});

describe("alarms", () => {
  it("wake the clock for the next deadline", () => {
    const clock = new RealClock();
    const fired: number[] = [];
    clock.armIn(new Timer(() => fired.push(clock.now)), 2500);
    clock.armIn(new Timer(() => fired.push(clock.now)), 1500);
    runAll();
    expect(loop.alarms.size).toBe(1);
    sleep();
    expect(fired).toEqual([2000]);
    sleep();
    expect(fired).toEqual([2000, 3000]);
    expect(loop.alarms.size).toBe(0);
  });

  it("are set once in a pass of the event loop, and not for a timer moved later", () => {
    const clock = new RealClock();
    const fired: number[] = [];
    const timer = new Timer(() => fired.push(clock.now));
    clock.armIn(timer, 10_000);
    runAll();
    for (let count = 0; count < 20; count++) {
      loop.micros += 1000;
      clock.sample();
      clock.armIn(timer, 10_000);
      runAll();
    }
    expect(loop.alarmsSet).toBe(1);
    while (loop.alarms.size > 0) sleep();
    expect(fired).toEqual([30_000]);
  });

  it("are set anew for an earlier timer", () => {
    const clock = new RealClock();
    const fired: string[] = [];
    clock.armIn(new Timer(() => fired.push("late")), 10_000);
    runAll();
    clock.armIn(new Timer(() => fired.push("early")), 1000);
    runAll();
    expect(loop.alarms.size).toBe(1);
    sleep();
    expect(fired).toEqual(["early"]);
    sleep();
    expect(fired).toEqual(["early", "late"]);
  });

  it("are none when no timer is armed, so that the process can exit", () => {
    const clock = new RealClock();
    const timer = new Timer(() => {});
    clock.armIn(timer, 10_000);
    runAll();
    expect(loop.alarms.size).toBe(1);
    clock.disarm(timer);
    clock.post(new Task(() => {}));
    runAll();
    expect(loop.alarms.size).toBe(0);
    expect(loop.macrotasks.length + loop.microtasks.length).toBe(0);
  });

  it("do not keep the process for background timers alone", () => {
    const clock = new RealClock();
    const [tidying, working] = [new Timer(() => {}), new Timer(() => {})];
    tidying.background = true;
    const stays = () => [...loop.alarms.keys()].map((alarm) => !loop.idle.has(alarm));
    clock.armIn(tidying, 10_000);
    runAll();
    expect(stays()).toEqual([false]);
    clock.armIn(working, 20_000); // later than the alarm that is set
    runAll();
    expect(stays()).toEqual([true]);
    clock.disarm(working);
    clock.post(new Task(() => {}));
    runAll();
    expect(stays()).toEqual([false]);
    clock.disarm(tidying);
    expect([clock.timers.armedCount, clock.timers.backgroundCount]).toEqual([0, 0]);
    clock.close();
  });

  it("are none after close(), while what was posted still runs", () => {
    const clock = new RealClock();
    let news = 0;
    clock.armIn(new Timer(() => {}), 10_000);
    runAll();
    clock.defer(new Task(() => news++));
    clock.close();
    expect(loop.alarms.size).toBe(0);
    runAll();
    expect(news).toBe(1);
    expect(loop.alarms.size).toBe(0);
  });
});

describe("in a process", () => {
  it("fires, is heard beside a busy stack, and lets the process exit", async () => {
    const script = fileURLToPath(new URL("real-clock-process.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", script]);
    expect(stdout.trim().split("\n")).toEqual(["busy", "heard", "fired", "done"]);
  });
});
