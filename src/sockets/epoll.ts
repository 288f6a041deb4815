/**
 * `epoll`: a file that watches others, and tells again and again which of them are ready, without being told again
 * which to watch. What is watched is a description, under the descriptor that named it: it goes when the description
 * is closed for good, not with the descriptor.
 */
import { EAGAIN, EBADF, EEXIST, EINVAL, ELOOP, ENOENT } from "../base/errno.ts";
import { POLLIN, POLLOUT } from "../base/readiness.ts";
import { Task } from "../base/task.ts";
import { type Call, type CallOwner, perform, RECEIVING } from "./async.ts";
import { readinessFor, toTell } from "./bands.ts";
import {
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLWAKEUP,
} from "./constants.ts";
import type { Description } from "./descriptors.ts";
import { OpenFile } from "./file.ts";
import { Waiter } from "./waiter.ts";

/** `struct epoll_event`. */
export interface EpollEvent {
  /** To ask: EPOLLIN | EPOLLOUT | EPOLLET …; told: what has come about. */
  events: number;
  /** Whatever the user wants to be told with it: by custom the descriptor. */
  data?: unknown;
}

/** How deep epolls may watch epolls (Linux's EP_MAX_NESTS). */
const MAX_NESTING = 4;
/** Told whether asked for or not. */
const ALWAYS = EPOLLERR | EPOLLHUP;
const MODES = EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP;
/** What may be said beside EPOLLEXCLUSIVE. */
const EXCLUSIVE_COMPANY = EPOLLIN | EPOLLOUT | ALWAYS | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;

/** Something watched. It stands in the queue of the file's watchers. */
class EpollEntry extends Waiter {
  readonly description: Description;
  readonly descriptor: number;
  readonly epoll: EpollInstance;
  events = 0;
  data: unknown = undefined;
  /** In the epoll's list of what may be ready. */
  listed = false;
  before: EpollEntry | undefined = undefined;
  after: EpollEntry | undefined = undefined;
  /** For edges: the readiness last seen, and how far the file's news had been counted. */
  private seen = 0;
  private arrivals = 0;
  private spaces = 0;

  constructor(epoll: EpollInstance, description: Description, descriptor: number) {
    super();
    this.epoll = epoll;
    this.description = description;
    this.descriptor = descriptor;
  }

  get file(): OpenFile {
    return this.description.file;
  }

  get ready(): number {
    return this.file.readiness & this.mask;
  }

  /** {@link ready} in the words it was asked in. */
  get told(): number {
    return toTell(this.file.readiness, this.events | ALWAYS, this.file.writeBands);
  }

  /** Watches for `events` from now on, and tells of what is ready already. */
  watch(events: number, data: unknown): void {
    this.leave();
    this.events = events;
    this.data = data;
    this.seen = 0;
    this.file.watchers.add(this, readinessFor((events & ~MODES) | ALWAYS, this.file.writeBands));
    if (this.ready === 0) this.epoll.unlist(this);
    else this.epoll.list(this);
    this.look();
  }

  /** An edge is counted from here on. */
  look(): void {
    this.seen = this.ready;
    this.arrivals = this.file.arrivals;
    this.spaces = this.file.spaceNews;
  }

  /** EPOLLONESHOT: not a word until it is changed. */
  disarm(): void {
    this.mask = 0;
  }

  override wake(): void {
    const { epoll, events, file } = this;
    const isNews = (events & EPOLLET) === 0 || this.isEdge();
    this.look();
    if (!isNews) return;
    if ((events & EPOLLEXCLUSIVE) !== 0) {
      if (file.exclusiveNews === file.newsCount) return; // somebody else was woken for this
      if (!epoll.receivers.empty) file.exclusiveNews = file.newsCount;
    }
    epoll.list(this);
  }

  override dismiss(): void {
    this.epoll.forget(this);
  }

  /**
   * Whether something has happened since the last look, rather than still being so: a bit has come up; more has come
   * though the rest is unread; there is room again after a want of it.
   */
  private isEdge(): boolean {
    const { file, ready } = this;
    if ((ready & ~this.seen) !== 0) return true;
    if (file.arrivals !== this.arrivals && (ready & ~POLLOUT) !== 0) return true;
    return file.spaceNews !== this.spaces && (ready & POLLOUT) !== 0;
  }
}

export class EpollInstance extends OpenFile {
  private readonly entries = new Map<Description, Map<number, EpollEntry>>();
  /** Who watches this one. */
  private readonly parents = new Set<EpollEntry>();
  /** What may be ready, in the order in which it is to be told: nobody is told twice before everybody was told once. */
  private first: EpollEntry | undefined = undefined;
  private last: EpollEntry | undefined = undefined;
  /** News go out when all that is ready in this instant is in the list. */
  private readonly news = new Task(() => this.notify());
  private readonly epolls: Set<OpenFile>;

  constructor(owner: CallOwner) {
    super(owner);
    this.epolls = owner.epolls;
    this.epolls.add(this);
  }

  /** EPOLLIN when there is something to tell. */
  override get readiness(): number {
    for (let entry = this.first; entry !== undefined; entry = this.first) {
      if (entry.ready !== 0) return POLLIN;
      this.unlist(entry);
    }
    return 0;
  }

  /** How many descriptors it watches. */
  get size(): number {
    let size = 0;
    for (const byDescriptor of this.entries.values()) size += byDescriptor.size;
    return size;
  }

  override describe(): string {
    const descriptors = [...this.entries.values()].flatMap((byDescriptor) => [...byDescriptor.keys()]);
    return `epoll of descriptors ${descriptors.join(", ") || "(none)"}`;
  }

  /**
   * EPOLL_CTL_ADD: watches `description`, which `descriptor` stands for. EEXIST; EINVAL: itself, or EPOLLEXCLUSIVE where
   * it may not be; ELOOP: epolls that watch each other in a circle, or too deep.
   */
  add(descriptor: number, description: Description, events: number, data: unknown): number {
    if (this.closed) return -EBADF;
    const { file } = description;
    if (file === this) return -EINVAL;
    const isEpoll = file instanceof EpollInstance;
    if ((events & EPOLLEXCLUSIVE) !== 0 && (isEpoll || (events & ~EXCLUSIVE_COMPANY) !== 0)) return -EINVAL;
    if (isEpoll && this.wouldLoop(file)) return -ELOOP;
    if (this.find(descriptor, description) !== undefined) return -EEXIST;
    const entry = new EpollEntry(this, description, descriptor);
    const byDescriptor = this.entries.get(description) ?? new Map<number, EpollEntry>();
    this.entries.set(description, byDescriptor);
    byDescriptor.set(descriptor, entry);
    if (isEpoll) file.parents.add(entry);
    entry.watch(events | 0, data);
    return 0;
  }

  /** EPOLL_CTL_MOD: also has EPOLLONESHOT tell again. ENOENT; EINVAL: EPOLLEXCLUSIVE cannot be changed. */
  modify(descriptor: number, description: Description, events: number, data: unknown): number {
    if (this.closed) return -EBADF;
    if (description.file === this || (events & EPOLLEXCLUSIVE) !== 0) return -EINVAL;
    const entry = this.find(descriptor, description);
    if (entry === undefined) return -ENOENT;
    if ((entry.events & EPOLLEXCLUSIVE) !== 0) return -EINVAL;
    entry.watch(events | 0, data);
    return 0;
  }

  /** EPOLL_CTL_DEL. ENOENT; EINVAL: itself. */
  remove(descriptor: number, description: Description): number {
    if (this.closed) return -EBADF;
    if (description.file === this) return -EINVAL;
    const entry = this.find(descriptor, description);
    if (entry === undefined) return -ENOENT;
    this.forget(entry);
    return 0;
  }

  /** What is ready, at most `most` entries, each told as its mode says. */
  harvest(most: number): EpollEvent[] {
    const events: EpollEvent[] = [];
    const again: EpollEntry[] = [];
    while (this.first !== undefined && events.length < most) {
      const entry = this.first;
      this.unlist(entry);
      const { ready, told } = entry;
      entry.look();
      if (ready === 0) continue;
      events.push({ events: told, data: entry.data });
      if ((entry.events & EPOLLONESHOT) !== 0) entry.disarm();
      else if ((entry.events & EPOLLET) === 0) again.push(entry);
    }
    for (const entry of again) this.list(entry);
    return events;
  }

  list(entry: EpollEntry): void {
    if (entry.listed) return;
    entry.listed = true;
    entry.before = this.last;
    if (this.last === undefined) this.first = entry;
    else this.last.after = entry;
    this.last = entry;
    if (!this.receivers.empty || !this.watchers.empty) this.owner.clock.defer(this.news);
  }

  unlist(entry: EpollEntry): void {
    if (!entry.listed) return;
    entry.listed = false;
    if (entry.before === undefined) this.first = entry.after;
    else entry.before.after = entry.after;
    if (entry.after === undefined) this.last = entry.before;
    else entry.after.before = entry.before;
    entry.before = undefined;
    entry.after = undefined;
  }

  forget(entry: EpollEntry): void {
    const { description, descriptor, file } = entry;
    entry.leave();
    this.unlist(entry);
    if (file instanceof EpollInstance) file.parents.delete(entry);
    const byDescriptor = this.entries.get(description);
    byDescriptor?.delete(descriptor);
    if (byDescriptor?.size === 0) this.entries.delete(description);
  }

  protected override release(): void {
    this.epolls.delete(this);
    for (const byDescriptor of [...this.entries.values()]) {
      for (const entry of [...byDescriptor.values()]) this.forget(entry);
    }
  }

  private find(descriptor: number, description: Description): EpollEntry | undefined {
    return this.entries.get(description)?.get(descriptor);
  }

  /** Linux's ep_loop_check. */
  private wouldLoop(target: EpollInstance): boolean {
    return target.watches(this) || target.depth() + 1 + this.height() > MAX_NESTING;
  }

  private watches(other: EpollInstance): boolean {
    return this.nested().some((each) => each === other || each.watches(other));
  }

  /** Epolls below this one, in the longest line. */
  private depth(): number {
    return Math.max(0, ...this.nested().map((each) => each.depth() + 1));
  }

  /** Epolls above it. */
  private height(): number {
    return Math.max(0, ...[...this.parents].map(({ epoll }) => epoll.height() + 1));
  }

  private nested(): EpollInstance[] {
    const files = [...this.entries.keys()].map(({ file }) => file);
    return files.filter((file) => file instanceof EpollInstance);
  }
}

/** `epoll_wait`. */
class EpollWaitCall implements Call<EpollEvent[]> {
  readonly core: EpollInstance;
  readonly syscall = "epoll_wait";
  readonly direction = RECEIVING;
  private readonly most: number;
  private events: EpollEvent[] = [];

  constructor(core: EpollInstance, most: number) {
    this.core = core;
    this.most = most;
  }

  attempt(): number {
    if (this.core.closed) return -this.core.closedErrno;
    this.events = this.core.harvest(this.most);
    return this.events.length || -EAGAIN;
  }

  timedOut(): number {
    return 0;
  }

  finish(): EpollEvent[] {
    return this.events;
  }
}

/**
 * Waits until something that `epoll` watches is ready: `most` events at most (1 or more), none when the time is over.
 * `timeoutMillis`: 0 not at all, below 0 or null for ever. Rejects with EINTR when `signal` is aborted.
 */
export async function epollWait(
  owner: CallOwner,
  epoll: EpollInstance,
  most: number,
  timeoutMillis: number | null,
  signal?: AbortSignal,
): Promise<EpollEvent[]> {
  owner.clock.sample();
  if (timeoutMillis === 0 && !epoll.closed && !signal?.aborted) return epoll.harvest(most);
  const isForever = timeoutMillis === null || timeoutMillis < 0;
  const timeoutMicros = isForever ? 0 : Math.ceil(timeoutMillis * 1000);
  const call = new EpollWaitCall(epoll, most);
  return perform(owner, call, { nonBlocking: false, timeoutMicros, timeoutErrno: EAGAIN, signal });
}
