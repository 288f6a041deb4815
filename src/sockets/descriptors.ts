/** Descriptors: small integers that stand for open sockets, one table per host, shared by both faces of the API. */
import { EBADF, EMFILE } from "../base/errno.ts";
import type { SocketCore } from "./core.ts";

/** The first descriptor: 0, 1 and 2 are a program's standard streams. */
const FIRST = 3;
/** One more than the largest, as Linux's fs.nr_open. */
const LIMIT = 1_048_576;

/** POSIX's "open file description": what descriptors that are duplicates of each other share. */
export class Description {
  readonly core: SocketCore;
  /** O_NONBLOCK. */
  nonBlocking: boolean;
  /** Descriptors that stand for it. */
  references = 0;

  constructor(core: SocketCore, nonBlocking = false) {
    this.core = core;
    this.nonBlocking = nonBlocking;
  }
}

export class DescriptorTable {
  private readonly entries: (Description | undefined)[] = new Array(FIRST).fill(undefined);
  /** No descriptor below this one is free. */
  private lowest = FIRST;

  /** Gives `description` the lowest free descriptor. Returns it, or -EMFILE. */
  add(description: Description): number {
    let descriptor = this.lowest;
    while (this.entries[descriptor] !== undefined) descriptor++;
    if (descriptor >= LIMIT) return -EMFILE;
    this.entries[descriptor] = description;
    this.lowest = descriptor + 1;
    description.references++;
    return descriptor;
  }

  get(descriptor: number): Description | undefined {
    return this.entries[descriptor];
  }

  /** Frees `descriptor`. Returns what it stood for, whose `references` says whether others still do, or -EBADF. */
  remove(descriptor: number): Description | number {
    const description = this.entries[descriptor];
    if (description === undefined) return -EBADF;
    this.entries[descriptor] = undefined;
    if (descriptor < this.lowest) this.lowest = descriptor;
    description.references--;
    return description;
  }
}
