import type { SocketCore } from "./core.ts";

/** Somebody who wants to know when a socket becomes ready. Embedded by its owner; waiting allocates nothing. */
export abstract class Waiter {
  /** The socket it waits at, undefined when it does not wait. */
  core: SocketCore | undefined = undefined;
  /** The readiness it waits for, as `POLL…` bits. */
  mask = 0;
  previous: Waiter | undefined = undefined;
  next: Waiter | undefined = undefined;

  /**
   * Runs when the socket's readiness has a bit of `mask`, in the deferred phase of an instant. It stays in the list
   * until it leaves; it may leave, and let others leave, from here.
   */
  abstract wake(): void;

  /** The socket was closed under it; it has left the list. `reason` is a positive errno. */
  abstract dismiss(reason: number): void;
}

/** The waiters of one socket, first come first served. Intrusive; O(1) but for the walk. */
export class WaiterList {
  private head: Waiter | undefined = undefined;
  private tail: Waiter | undefined = undefined;
  /** Where the walk goes on: moved when the waiter it names leaves. */
  private cursor: Waiter | undefined = undefined;

  get empty(): boolean {
    return this.head === undefined;
  }

  add(waiter: Waiter): void {
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
    waiter.previous = undefined;
    waiter.next = undefined;
  }

  /** Wakes who waits for a bit of the socket's readiness, which each of them may change for the next one. */
  wake(core: SocketCore): void {
    this.cursor = this.head;
    for (let waiter = this.cursor; waiter !== undefined; waiter = this.cursor) {
      this.cursor = waiter.next;
      if ((waiter.mask & core.readiness) !== 0) waiter.wake();
    }
  }

  /** Empties the list and tells everyone why. */
  dismiss(reason: number): void {
    for (let waiter = this.head; waiter !== undefined; waiter = this.head) {
      this.remove(waiter);
      waiter.core = undefined;
      waiter.dismiss(reason);
    }
  }
}
