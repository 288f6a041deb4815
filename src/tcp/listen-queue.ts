import type { Tcb } from "./tcb.ts";

/** A listener's connections: those embryonic (SYN-RECEIVED), and those that wait for accept, oldest first. */
export class ListenQueue {
  /** What listen() was given. As on Linux, one more than this may wait. */
  backlog: number;
  readonly embryonic = new Set<Tcb>();
  length = 0;
  private head: Tcb | undefined = undefined;
  private tail: Tcb | undefined = undefined;

  constructor(backlog: number) {
    this.backlog = backlog;
  }

  get full(): boolean {
    return this.length > this.backlog;
  }

  push(tcb: Tcb): void {
    if (this.tail === undefined) this.head = tcb;
    else this.tail.nextAccepted = tcb;
    this.tail = tcb;
    this.length++;
  }

  shift(): Tcb | undefined {
    const tcb = this.head;
    if (tcb === undefined) return undefined;
    this.head = tcb.nextAccepted;
    if (this.head === undefined) this.tail = undefined;
    tcb.nextAccepted = undefined;
    this.length--;
    return tcb;
  }
}
