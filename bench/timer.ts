/** Timers: what a connection does with them for each segment, while a million others are armed. */
import { Random } from "../src/base/random.ts";
import { Timer, TimerQueue } from "../src/base/timer.ts";
import { type MicroCase, micro, report, smoke } from "./harness.ts";

const COUNT = smoke ? 10_000 : 1_000_000;
const HORIZON = 60_000_000;
const OPERATIONS = smoke ? 100 : 10_000;

const random = new Random("timers");

/** A queue with COUNT timers armed over a minute, and a walk through them that no cache foresees. */
class Field {
  readonly queue = new TimerQueue();
  readonly timers: Timer[] = [];
  private readonly steps = new Int32Array(1 << 16);
  private at = 0;

  constructor() {
    for (let index = 0; index < COUNT; index++) {
      const timer = new Timer(() => {});
      this.timers.push(timer);
      this.queue.arm(timer, random.below(HORIZON));
    }
    for (let index = 0; index < this.steps.length; index++) this.steps[index] = random.below(COUNT);
  }

  next(): Timer {
    this.at = (this.at + 1) & 0xffff;
    return this.timers[this.steps[this.at]!]!;
  }
}

let field: Field | undefined;
const PLATFORM = "node: setTimeout and clearTimeout";

/** A case without the million: for what costs the same beside any number. */
function alone(name: string, operation: () => number): MicroCase {
  const run = () => {
    let sum = 0;
    for (let count = 0; count < OPERATIONS; count++) sum += operation();
    return sum;
  };
  return { name, operations: OPERATIONS, run, ...(name === PLATFORM ? {} : { peer: PLATFORM }) };
}

/** A case on a field of its own, planted before and cleared when the next one is. */
function among(name: string, operation: (field: Field) => number): MicroCase {
  const run = () => {
    const planted = field as Field;
    let sum = 0;
    for (let count = 0; count < OPERATIONS; count++) sum += operation(planted);
    return sum;
  };
  const start = () => {
    field = undefined;
    field = new Field();
  };
  return { name, operations: OPERATIONS, start, run, peer: PLATFORM };
}

const lone = new TimerQueue();
const loneTimer = new Timer(() => {});
lone.arm(loneTimer, 1);
const platform = setTimeout(() => {}, 1_000_000);
let front = 0;

const cases: MicroCase[] = [
  alone(PLATFORM, () => {
    clearTimeout(setTimeout(() => {}, 1_000_000));
    return 1;
  }),
  alone("node: timeout.refresh()", () => {
    platform.refresh();
    return 1;
  }),
  alone("re-arm later, always the same timer", () => {
    lone.arm(loneTimer, loneTimer.deadline + 1);
    return 1;
  }),
  among("re-arm later", (field) => {
    const timer = field.next();
    field.queue.arm(timer, timer.deadline + 1000);
    return timer.place;
  }),
  among("disarm and arm again, later", (field) => {
    const timer = field.next();
    const deadline = timer.deadline;
    field.queue.disarm(timer);
    field.queue.arm(timer, deadline + 1000);
    return timer.place;
  }),
  among("re-arm a millisecond earlier", (field) => {
    const timer = field.next();
    field.queue.arm(timer, timer.deadline - 1000);
    return timer.place;
  }),
  among("re-arm earlier, to the very front", (field) => {
    const timer = field.next();
    field.queue.arm(timer, --front);
    return timer.place;
  }),
  among("remove and arm", (field) => {
    const timer = field.next();
    field.queue.remove(timer);
    field.queue.arm(timer, random.uint32() % HORIZON);
    return timer.place;
  }),
  among("fire the next and arm it for some time in the coming minute", (field) => {
    const now = field.queue.nextDeadline();
    const timer = field.queue.popDue(now) as Timer;
    field.queue.arm(timer, now + (random.uint32() % HORIZON));
    return timer.place;
  }),
];

await report("timer", await micro(cases));
clearTimeout(platform);
