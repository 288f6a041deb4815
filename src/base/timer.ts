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
  /** Index in the heap, -1 when it is not there. */
  place = -1;
  readonly fire: () => void;
  /** Whether it only tidies up: on real time a process does not stay for it. Not to be changed while it is armed. */
  background = false;

  constructor(fire: () => void) {
    this.fire = fire;
  }

  get armed(): boolean {
    return this.deadline !== NEVER;
  }
}

/**
 * A priority queue of timers: O(log n) to arm or fire, O(1) to move later or to disarm.
 *
 * The heap is four-ary, and keeps what it compares in arrays of its own: a million timers are a million places in
 * memory, and the fewer of them are visited on the way down the better.
 */
export class TimerQueue {
  /** How many timers are armed (those disarmed but still in the heap do not count). */
  armedCount = 0;
  /** How many of them are background timers. */
  backgroundCount = 0;
  private orders = 0;
  private readonly heap: Timer[] = [];
  /** The deadline and the order under which the heap holds each; never later than the true ones while armed. */
  private placedAt = new Float64Array(64);
  private placedOrder = new Float64Array(64);

  /** Arms `timer` for `deadline` (microseconds), or moves it there if it is armed. {@link NEVER} disarms it. */
  arm(timer: Timer, deadline: number): void {
    if (!(deadline < NEVER)) {
      if (deadline !== NEVER) throw new RangeError(`a deadline is a number of microseconds, not ${deadline}`);
      this.disarm(timer);
      return;
    }
    if (timer.deadline === NEVER) {
      this.armedCount++;
      if (timer.background) this.backgroundCount++;
    }
    timer.deadline = deadline;
    timer.order = ++this.orders;
    let place = timer.place;
    if (place < 0) {
      place = this.heap.length;
      if (place === this.placedAt.length) this.growKeys();
      this.heap.push(timer);
    } else if (deadline >= this.placedAt[place]!) {
      return; // later than where it is placed: found out when it comes to the top
    }
    this.rise(timer, place, deadline, timer.order);
  }

  /** Disarms `timer`; it stays in the heap until its old deadline comes to the top. */
  disarm(timer: Timer): void {
    if (timer.deadline === NEVER) return;
    timer.deadline = NEVER;
    this.armedCount--;
    if (timer.background) this.backgroundCount--;
  }

  /** Disarms `timer` and takes it out of the heap, so that nothing keeps its owner alive. O(log n). */
  remove(timer: Timer): void {
    this.disarm(timer);
    const place = timer.place;
    if (place < 0) return;
    const last = this.heap.pop() as Timer;
    timer.place = -1;
    if (last === timer) return;
    // the last timer fills the gap; it may belong further down, or, coming from another branch, further up
    const end = this.heap.length;
    const deadline = this.placedAt[end]!;
    const order = this.placedOrder[end]!;
    this.sink(last, place, deadline, order);
    if (last.place === place) this.rise(last, place, deadline, order);
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
      if (top.deadline === NEVER) this.remove(top);
      else if (top.order === this.placedOrder[0]) return top;
      else this.sink(top, 0, top.deadline, top.order);
    }
  }

  /** Puts `timer` with this deadline and order at `place` or, as long as it comes before its parent, above. */
  private rise(timer: Timer, place: number, deadline: number, order: number): void {
    let at = place;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (!this.comesAfter(parent, deadline, order)) break;
      this.move(parent, at);
      at = parent;
    }
    this.put(timer, at, deadline, order);
  }

  /** Puts `timer` with this deadline and order at `place` or, as long as a child comes before it, below. */
  private sink(timer: Timer, place: number, deadline: number, order: number): void {
    const count = this.heap.length;
    let at = place;
    for (let child = 4 * at + 1; child < count; child = 4 * at + 1) {
      const end = Math.min(child + 4, count);
      let first = child;
      for (let other = child + 1; other < end; other++) {
        if (this.comesAfter(first, this.placedAt[other]!, this.placedOrder[other]!)) first = other;
      }
      if (this.comesAfter(first, deadline, order)) break;
      this.move(first, at);
      at = first;
    }
    this.put(timer, at, deadline, order);
  }

  private comesAfter(place: number, deadline: number, order: number): boolean {
    const placedAt = this.placedAt[place]!;
    return placedAt > deadline || (placedAt === deadline && this.placedOrder[place]! > order);
  }

  private move(from: number, to: number): void {
    this.put(this.heap[from] as Timer, to, this.placedAt[from]!, this.placedOrder[from]!);
  }

  private put(timer: Timer, place: number, deadline: number, order: number): void {
    this.heap[place] = timer;
    this.placedAt[place] = deadline;
    this.placedOrder[place] = order;
    timer.place = place;
  }

  private growKeys(): void {
    const placedAt = new Float64Array(2 * this.placedAt.length);
    placedAt.set(this.placedAt);
    this.placedAt = placedAt;
    const placedOrder = new Float64Array(2 * this.placedOrder.length);
    placedOrder.set(this.placedOrder);
    this.placedOrder = placedOrder;
  }
}
