/** Descriptors: small integers that stand for open files, one table per host, shared by both faces of the API. */
import { EBADF, EMFILE, ENETDOWN, ENFILE } from "../base/errno.ts";
import type { OpenFile } from "./file.ts";

/** The first descriptor: 0, 1 and 2 are a program's standard streams. */
const FIRST = 3;

/** Bounds that a host's user may set. */
export interface Limits {
  /** Descriptors are below this number (RLIMIT_NOFILE): one more is EMFILE. Default 1048576, Linux's fs.nr_open. */
  descriptors: number;
  /** Open files, however many descriptors they have (fs.file-max): one more is ENFILE. Default 2^53 - 1, as good as none. */
  files: number;
  /** Sockets there is memory for: one more is ENOMEM. Default 2^53 - 1, as good as none. */
  sockets: number;
}

export const DEFAULT_LIMITS: Readonly<Limits> = {
  descriptors: 1_048_576,
  files: Number.MAX_SAFE_INTEGER,
  sockets: Number.MAX_SAFE_INTEGER,
};

/** POSIX's "open file description": what descriptors that are duplicates of each other share. */
export class Description {
  readonly file: OpenFile;
  /** O_NONBLOCK. */
  nonBlocking: boolean;
  /** Descriptors that stand for it, and messages under way that carry it (SCM_RIGHTS). */
  references = 0;
  /** How many of them are messages'. */
  underWay = 0;
  private readonly table: DescriptorTable;

  constructor(table: DescriptorTable, file: OpenFile, nonBlocking: boolean) {
    this.table = table;
    this.file = file;
    this.nonBlocking = nonBlocking;
  }

  /** One reference less. Returns whether that was the last: the caller then closes the file. */
  drop(): boolean {
    this.references--;
    if (this.references > 0) {
      if (this.references === this.underWay) this.table.onOnlyUnderWay?.(this.file);
      return false;
    }
    this.table.openFiles--;
    return true;
  }
}

/** One descriptor in use, as the objects that act by its number know it: dup2 changes what it stands for. */
export class Slot {
  /** When it is no longer open: what it stood for last. */
  description: Description;
  open = true;

  constructor(description: Description) {
    this.description = description;
  }
}

export class DescriptorTable {
  readonly limits: Limits;
  /** Descriptions that something refers to. */
  openFiles = 0;
  /** The host was closed: nothing can be opened any more. */
  closed = false;
  /** Called when only messages refer to `file`'s description any more, which perhaps nobody can receive. */
  onOnlyUnderWay: ((file: OpenFile) => void) | undefined = undefined;
  /** Descriptors with FD_CLOEXEC: remembered, for there is no exec. */
  readonly closeOnExec = new Set<number>();
  private readonly slots: (Slot | undefined)[] = new Array(FIRST).fill(undefined);
  /** No descriptor below this one is free. */
  private lowest = FIRST;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /** Why no file can be opened now: -EMFILE, -ENFILE, -ENETDOWN, or 0. */
  get full(): number {
    if (this.closed) return -ENETDOWN;
    if (this.openFiles >= this.limits.files) return -ENFILE;
    return this.free(FIRST) >= this.limits.descriptors ? -EMFILE : 0;
  }

  /** Gives a file that was just made the lowest free descriptor. Returns it, -EMFILE or -ENFILE. */
  open(file: OpenFile, nonBlocking = false): number {
    const { full } = this;
    if (full !== 0) return full;
    this.openFiles++;
    return this.add(new Description(this, file, nonBlocking));
  }

  /** Gives `description` the lowest free descriptor from `least` on. Returns it, or -EMFILE. */
  add(description: Description, least = FIRST): number {
    if (this.closed) return -ENETDOWN;
    const descriptor = this.free(Math.max(least, FIRST));
    if (descriptor >= this.limits.descriptors) return -EMFILE;
    this.put(descriptor, description);
    return descriptor;
  }

  /**
   * Has `descriptor` stand for `description` (dup2). Returns what it stood for before, to be dropped by the caller;
   * undefined for nothing.
   */
  put(descriptor: number, description: Description): Description | undefined {
    const slot = this.slots[descriptor];
    const before = slot?.description;
    while (this.slots.length < descriptor) this.slots.push(undefined);
    this.closeOnExec.delete(descriptor);
    if (slot === undefined) this.slots[descriptor] = new Slot(description);
    else slot.description = description;
    description.references++;
    return before;
  }

  get(descriptor: number): Description | undefined {
    return this.slots[descriptor]?.description;
  }

  /** For who goes on acting by this number. One that is closed and opened again has another slot. */
  slot(descriptor: number): Slot | undefined {
    return this.slots[descriptor];
  }

  /** Frees `descriptor`. Returns what it stood for, to be dropped by the caller, or -EBADF. */
  remove(descriptor: number): Description | number {
    const slot = this.slots[descriptor];
    if (slot === undefined) return -EBADF;
    slot.open = false;
    this.slots[descriptor] = undefined;
    this.closeOnExec.delete(descriptor);
    if (descriptor < this.lowest) this.lowest = Math.max(descriptor, FIRST);
    return slot.description;
  }

  /** The descriptors in use, in order. */
  *used(): IterableIterator<number> {
    for (let descriptor = 0; descriptor < this.slots.length; descriptor++) {
      if (this.slots[descriptor] !== undefined) yield descriptor;
    }
  }

  private free(least: number): number {
    let descriptor = Math.max(least, this.lowest);
    while (this.slots[descriptor] !== undefined) descriptor++;
    if (least <= this.lowest) this.lowest = descriptor; // the search need not begin lower again
    return descriptor;
  }
}
