/**
 * Timers that cost two stores to move later.
 *
 * A timer is an object its owner embeds once and arms again and again; arming allocates nothing. The queue is a
 * heap ordered by the deadline each timer had when it was last placed. Moving a deadline later, the usual case
 * (every ACK moves the retransmission timer), only stores the new deadline: the heap finds out when the old one
 * comes to the top, and sinks the timer to its true place then.
 *
 * The idea is that of intrusive timers in Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (1987) §3,
 * with the lazy re-arming of BSD-derived stacks.
 *
 * Timers with equal deadlines fire in the order in which they were armed; for one armed again, the last time counts.
 * That holds for timers moved lazily too, so what happens in an instant never depends on when somebody looked.
 */

/** The deadline of a timer that is not armed. */
export const NEVER = Number.POSITIVE_INFINITY;

/** One re-usable alarm. `fire` runs with the timer already disarmed, so it may arm it again. */
export class Timer {
  /** When it fires, in microseconds of its clock; {@link NEVER} when it is not armed. */
  deadline = NEVER;
  /** The number of the last arming, which decides among equal deadlines. */
  order = 0;
  /** The deadline and the order under which the heap holds it; never later than the true ones while armed. */
  placedAt = NEVER;
  placedOrder = 0;
  /** Index in the heap, -1 when it is not there. */
  place = -1;
  readonly fire: () => void;

  constructor(fire: () => void) {
    this.fire = fire;
  }

  get armed(): boolean {
    return this.deadline !== NEVER;
  }
}

/** A priority queue of timers: O(log n) to arm or fire, O(1) to move later or to disarm. */
export class TimerQueue {
  private readonly heap: Timer[] = [];
  private orders = 0;
  /** How many timers are armed (those disarmed but still in the heap do not count). */
  armedCount = 0;

  /** Arms `timer` for `deadline` (microseconds), or moves it there if it is armed. {@link NEVER} disarms it. */
  arm(timer: Timer, deadline: number): void {
    if (!(deadline < NEVER)) {
      if (deadline !== NEVER) throw new RangeError(`a deadline is a number of microseconds, not ${deadline}`);
      this.disarm(timer);
      return;
    }
    if (timer.deadline === NEVER) this.armedCount++;
    timer.deadline = deadline;
    timer.order = ++this.orders;
    if (timer.place < 0) {
      timer.place = this.heap.length;
      this.heap.push(timer);
    } else if (deadline >= timer.placedAt) {
      return; // later than where it is placed: found out when it comes to the top
    }
    timer.placedAt = deadline;
    timer.placedOrder = timer.order;
    this.rise(timer);
  }

  /** Disarms `timer`; it stays in the heap until its old deadline comes to the top. */
  disarm(timer: Timer): void {
    if (timer.deadline === NEVER) return;
    timer.deadline = NEVER;
    this.armedCount--;
  }

  /** Disarms `timer` and takes it out of the heap, so that nothing keeps its owner alive. O(log n). */
  remove(timer: Timer): void {
    this.disarm(timer);
    const place = timer.place;
    if (place < 0) return;
    const last = this.heap.pop() as Timer;
    timer.place = -1;
    if (last === timer) return;
    last.place = place;
    this.heap[place] = last;
    this.rise(last);
    this.sink(last);
  }

  /** The next deadline, {@link NEVER} when nothing is armed. */
  nextDeadline(): number {
    const top = this.settleTop();
    return top === undefined ? NEVER : top.deadline;
  }

  /** Takes out and returns the earliest timer whose deadline is at or before `now`; it is disarmed on return. */
  popDue(now: number): Timer | undefined {
    const top = this.settleTop();
    if (top === undefined || top.deadline > now) return undefined;
    this.remove(top);
    return top;
  }

  /** Drops disarmed timers from the top and sinks moved ones until the top's place is its true one. */
  private settleTop(): Timer | undefined {
    for (;;) {
      const top = this.heap[0];
      if (top === undefined) return undefined;
      if (top.deadline === NEVER) {
        this.remove(top);
      } else if (top.order === top.placedOrder) {
        return top;
      } else {
        top.placedAt = top.deadline;
        top.placedOrder = top.order;
        this.sink(top);
      }
    }
  }

  private before(a: Timer, b: Timer): boolean {
    return a.placedAt < b.placedAt || (a.placedAt === b.placedAt && a.placedOrder < b.placedOrder);
  }

  private rise(timer: Timer): void {
    const heap = this.heap;
    let place = timer.place;
    while (place > 0) {
      const parent = heap[(place - 1) >> 1] as Timer;
      if (!this.before(timer, parent)) break;
      heap[place] = parent;
      parent.place = place;
      place = (place - 1) >> 1;
    }
    heap[place] = timer;
    timer.place = place;
  }

  private sink(timer: Timer): void {
    const heap = this.heap;
    const count = heap.length;
    let place = timer.place;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= count) break;
      if (child + 1 < count && this.before(heap[child + 1] as Timer, heap[child] as Timer)) child++;
      const smallest = heap[child] as Timer;
      if (!this.before(smallest, timer)) break;
      heap[place] = smallest;
      smallest.place = place;
      place = child;
    }
    heap[place] = timer;
    timer.place = place;
  }
}
