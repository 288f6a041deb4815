import type { OpenFile } from "./file.ts";

/** Somebody who wants to know when a file becomes ready. Embedded by its owner; waiting allocates nothing. */
export abstract class Waiter {
  /** The queue it stands in, undefined when it does not wait. */
  queue: WaiterQueue | undefined = undefined;
  /** The readiness it waits for, as `POLL…` bits. */
  mask = 0;
  previous: Waiter | undefined = undefined;
  next: Waiter | undefined = undefined;

  /**
   * Runs when the socket's readiness has a bit of `mask`, in the deferred phase of an instant. Who has got what he
   * waited for leaves the queue, and may let others leave.
   */
  abstract wake(): void;

  /** The socket was closed under it, or the wait ended otherwise. It leaves the queue. `reason` is a positive errno. */
  abstract dismiss(reason: number): void;

  leave(): void {
    this.queue?.remove(this);
  }
}

/** Waiters of one file, first come first served. Intrusive; O(1) but for {@link wakeAll}. */
export class WaiterQueue {
  private head: Waiter | undefined = undefined;
  private tail: Waiter | undefined = undefined;
  /** Where {@link wakeAll} goes on: moved when the waiter it names leaves. */
  private cursor: Waiter | undefined = undefined;

  get empty(): boolean {
    return this.head === undefined;
  }

  /** Puts `waiter` at the end, to be woken for the bits of `mask`. */
  add(waiter: Waiter, mask: number): void {
    waiter.queue = this;
    waiter.mask = mask;
    waiter.previous = this.tail;
    waiter.next = undefined;
    if (this.tail === undefined) this.head = waiter;
    else this.tail.next = waiter;
    this.tail = waiter;
  }

  remove(waiter: Waiter): void {
    if (this.cursor === waiter) this.cursor = waiter.next;
    if (waiter.previous === undefined) this.head = waiter.next;
    else waiter.previous.next = waiter.next;
    if (waiter.next === undefined) this.tail = waiter.previous;
    else waiter.next.previous = waiter.previous;
    waiter.queue = undefined;
    waiter.previous = undefined;
    waiter.next = undefined;
  }

  /** Wakes the first, and when that one has left, the next: whoever is not served keeps his turn. */
  serve(file: OpenFile): void {
    for (let first = this.head; first !== undefined; first = this.head) {
      if ((first.mask & file.readiness) === 0) return;
      first.wake();
      if (this.head === first) return;
    }
  }

  /** Wakes everyone, each of whom may change the socket's readiness for the next one. */
  wakeAll(file: OpenFile): void {
    this.cursor = this.head;
    for (let waiter = this.cursor; waiter !== undefined; waiter = this.cursor) {
      this.cursor = waiter.next;
      if ((waiter.mask & file.readiness) !== 0) waiter.wake();
    }
  }

  /** Empties the queue and tells everyone why. */
  dismissAll(reason: number): void {
    for (let waiter = this.head; waiter !== undefined; waiter = this.head) {
      this.remove(waiter);
      waiter.dismiss(reason);
    }
  }
}
