import { removeEmbryonic } from "./end.ts";
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

/**
 * Makes room for one more embryonic connection: the oldest goes, without a word. A flood of SYNs then costs a listener
 * no more memory than `maxEmbryonic`, and whoever means it and answers in time still gets in (CVE-1999-0116, RFC 4987
 * §3.4).
 */
export function makeRoom(listener: Tcb): void {
  const { config, counters } = listener.tcp;
  const queue = listener.queue!;
  if (queue.embryonic.size < config.maxEmbryonic) return;
  const [oldest] = queue.embryonic;
  counters.evictedEmbryonic++;
  removeEmbryonic(oldest!);
}
