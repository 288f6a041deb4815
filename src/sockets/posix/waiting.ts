/** The calls that wait for any of many descriptors. */
import { EFAULT, EINVAL } from "../../base/errno.ts";
import { type BookTimeval, isTimeval, timevalMillis } from "../book-names.ts";
import { EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD } from "../constants.ts";
import { type EpollEvent, EpollInstance, epollWait } from "../epoll.ts";
import { SocketError } from "../error.ts";
import { checkFields, checkInteger, checkRange, show } from "../misuse.ts";
import { awaitAny, POLL_ALWAYS, PollEntry, SELECT_EXCEPT, SELECT_READ, SELECT_WRITE } from "../poll.ts";
import { checkDescriptor, checkOptions } from "./checks.ts";
import { type CallOptions, check } from "./sockets.ts";
import { PosixTransfer } from "./transfer.ts";

/** `struct pollfd`. */
export interface PollFd {
  /** A negative one is passed over. */
  fd: number;
  /** POLLIN | POLLOUT | POLLPRI … */
  events: number;
  /** What came about: filled in by `poll`. */
  revents?: number;
}

export interface SelectSets {
  read?: Iterable<number>;
  write?: Iterable<number>;
  except?: Iterable<number>;
}

/** The descriptors of each set that are ready. */
export interface SelectResult {
  read: number[];
  write: number[];
  except: number[];
}

export class PosixWaiting extends PosixTransfer {
  /** Fills in `revents` and returns how many are not 0. `timeoutMillis`: -1 or null for ever, 0 not at all. */
  readonly poll = async (
    fds: PollFd[],
    timeoutMillis: number | null = -1,
    options: CallOptions = {},
  ): Promise<number> => {
    checkPollFds(fds);
    checkTimeout("poll", timeoutMillis);
    checkOptions("poll", options);
    if (fds.length > this.host.descriptors.limits.descriptors) throw new SocketError(EINVAL, "poll");
    const asked = fds.filter(({ fd }) => fd >= 0);
    const entries = asked.map(({ fd, events }) => {
      checkInteger("poll", "events", events);
      return new PollEntry(fd, this.host.descriptors.get(fd)?.file, events | POLL_ALWAYS);
    });
    await awaitAny(this.host, "poll", entries, timeoutMillis, options.signal);
    for (const pollfd of fds) pollfd.revents = 0;
    for (let index = 0; index < asked.length; index++) asked[index]!.revents = entries[index]!.ready;
    return asked.filter(({ revents }) => revents !== 0).length;
  };

  /**
   * The descriptors of each set that are ready; none when the time is over. `time`: milliseconds as
   * in `poll`, or `{ tv_sec, tv_usec }` (EINVAL below 0). EBADF.
   */
  readonly select = async (
    sets: SelectSets,
    time: number | null | BookTimeval = -1,
    options: CallOptions = {},
  ): Promise<SelectResult> => {
    checkSets(sets);
    const timeoutMillis = isTimeval(time) ? timevalMillis("select", time) : time;
    if (isTimeval(time) && (time.tv_sec < 0 || time.tv_usec < 0)) throw new SocketError(EINVAL, "select");
    checkTimeout("select", timeoutMillis);
    checkOptions("select", options);
    const watch = (fds: Iterable<number> | undefined, wanted: number): PollEntry[] =>
      [...(fds ?? [])].map((fd) => new PollEntry(fd, this.get(fd, "select").file, wanted));
    const read = watch(sets.read, SELECT_READ);
    const write = watch(sets.write, SELECT_WRITE);
    const except = watch(sets.except, SELECT_EXCEPT);
    await awaitAny(this.host, "select", [...read, ...write, ...except], timeoutMillis, options.signal);
    return { read: ready(read), write: ready(write), except: ready(except) };
  };

  /** A new epoll's descriptor. `size` says nothing, but is above 0 (EINVAL). */
  readonly epoll_create = (size: number): number => {
    checkInteger("epoll_create", "size", size);
    if (size <= 0) throw new SocketError(EINVAL, "epoll_create");
    return this.add(new EpollInstance(this.host), 0, "epoll_create");
  };

  /** A new epoll's descriptor. `flags`: EPOLL_CLOEXEC; others are EINVAL. */
  readonly epoll_create1 = (flags = 0): number => {
    checkInteger("epoll_create1", "flags", flags);
    if ((flags & ~EPOLL_CLOEXEC) !== 0) throw new SocketError(EINVAL, "epoll_create1");
    return this.add(new EpollInstance(this.host), flags, "epoll_create1");
  };

  /**
   * Watches `fd` (EPOLL_CTL_ADD), changes what it is watched for (EPOLL_CTL_MOD), or no longer watches it
   * (EPOLL_CTL_DEL, which needs no `event`). EEXIST, ENOENT, EBADF, EFAULT (NULL); EINVAL: no epoll, the epoll itself, or
   * EPOLLEXCLUSIVE where it may not be; ELOOP: epolls in a circle, or more than five deep.
   */
  readonly epoll_ctl = (epfd: number, operation: number, fd: number, event?: EpollEvent | null): void => {
    checkInteger("epoll_ctl", "the operation", operation);
    const needsEvent = operation !== EPOLL_CTL_DEL;
    if (needsEvent && (event === undefined || event === null)) throw new SocketError(EFAULT, "epoll_ctl");
    if (needsEvent) checkEvent(event);
    this.get(epfd, "epoll_ctl");
    const description = this.get(fd, "epoll_ctl");
    const epoll = this.epoll(epfd, "epoll_ctl");
    const { events = 0, data } = event ?? {};
    if (operation === EPOLL_CTL_ADD) check("epoll_ctl", epoll.add(fd, description, events, data));
    else if (operation === EPOLL_CTL_MOD) check("epoll_ctl", epoll.modify(fd, description, events, data));
    else check("epoll_ctl", operation === EPOLL_CTL_DEL ? epoll.remove(fd, description) : -EINVAL);
  };

  /**
   * Fills `events` from its beginning and returns how many there are: `maxevents` at most, 0 when the time is over.
   * `timeoutMillis`: -1 or null for ever, 0 not at all. EINVAL: `maxevents` below 1, or no epoll.
   */
  readonly epoll_wait = async (
    epfd: number,
    events: EpollEvent[],
    maxevents: number,
    timeoutMillis: number | null = -1,
    options: CallOptions = {},
  ): Promise<number> => {
    checkInteger("epoll_wait", "maxevents", maxevents);
    checkTimeout("epoll_wait", timeoutMillis);
    checkOptions("epoll_wait", options);
    if (maxevents <= 0) throw new SocketError(EINVAL, "epoll_wait");
    if (events === undefined || events === null) throw new SocketError(EFAULT, "epoll_wait");
    if (!Array.isArray(events)) {
      throw new TypeError(`epoll_wait: events is an array to be filled, not ${show(events)}`);
    }
    this.get(epfd, "epoll_wait");
    const epoll = this.epoll(epfd, "epoll_wait");
    const found = await epollWait(this.host, epoll, maxevents, timeoutMillis, options.signal);
    for (let index = 0; index < found.length; index++) events[index] = found[index]!;
    return found.length;
  };

  private epoll(epfd: number, syscall: string): EpollInstance {
    const { file } = this.get(epfd, syscall);
    if (file instanceof EpollInstance) return file;
    throw new SocketError(EINVAL, syscall);
  }
}

function ready(entries: readonly PollEntry[]): number[] {
  return entries.filter((entry) => entry.ready !== 0).map((entry) => entry.descriptor);
}

function checkPollFds(fds: unknown): void {
  if (!Array.isArray(fds)) throw new TypeError(`poll: fds is an array of { fd, events }, not ${show(fds)}`);
  for (const pollfd of fds) {
    if (typeof pollfd !== "object" || pollfd === null) {
      throw new TypeError(`poll: fds is an array of { fd, events }, of which ${show(pollfd)} is none`);
    }
    checkDescriptor("poll", pollfd.fd);
  }
}

function checkSets(sets: unknown): void {
  const form = "the sets are an object { read, write, except } of descriptors";
  if (typeof sets !== "object" || sets === null || Array.isArray(sets)) {
    throw new TypeError(`select: ${form}, not ${show(sets)}`);
  }
  for (const [name, fds] of Object.entries(sets)) {
    if (!["read", "write", "except"].includes(name)) throw new TypeError(`select: ${form}, without ${name}`);
    if (fds !== undefined && typeof fds?.[Symbol.iterator] !== "function") {
      throw new TypeError(`select: ${form}; ${name} is ${show(fds)}`);
    }
  }
}

function checkEvent(event: unknown): void {
  if (typeof event !== "object") {
    throw new TypeError(`epoll_ctl: the event is an object { events, data }, not ${show(event)}`);
  }
  checkFields("epoll_ctl", "field of the event", event as object, ["events", "data"]);
  // a mask with EPOLLET is negative where bits were or-ed
  checkRange("epoll_ctl", "events", (event as EpollEvent).events, -0x8000_0000, 0xffff_ffff);
}

function checkTimeout(call: string, millis: unknown): void {
  if (millis === null || (typeof millis === "number" && millis <= 1e12)) return;
  const message = `${call}: the time is a number of milliseconds up to 1e12, or -1 or null for ever, not ${show(millis)}`;
  throw typeof millis === "number" ? new RangeError(message) : new TypeError(message);
}
