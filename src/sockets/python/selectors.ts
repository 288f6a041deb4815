/** Python's `select` module: `select`, and the objects that `poll` and `epoll` make. */
import { EBADF, EINVAL, ENOENT } from "../../base/errno.ts";
import { INSPECT } from "../../base/inspect.ts";
import { POLLIN, POLLOUT, POLLPRI } from "../../base/readiness.ts";
import { EPOLLIN, EPOLLOUT, EPOLLPRI } from "../constants.ts";
import type { Description, Slot } from "../descriptors.ts";
import { EpollInstance, epollWait } from "../epoll.ts";
import { SocketError } from "../error.ts";
import { checkInteger, checkRange, checkWaiting, show } from "../misuse.ts";
import { awaitAny, POLL_ALWAYS, PollEntry, SELECT_EXCEPT, SELECT_READ, SELECT_WRITE } from "../poll.ts";
import type { SocketHost } from "../socket-host.ts";
import type { Waiting } from "./handle.ts";
import { OWNER, ownerOf } from "./owner.ts";

/** What can be waited for: a descriptor, or an object that has one: a socket, a file, an epoll object. */
export type Selectable = number | { fileno(): number };

/** What an event says: the descriptor, and its POLL… or EPOLL… bits. */
export type SelectorEvent = [fd: number, events: number];

/** Descriptors that `select` takes are below (FD_SETSIZE). */
const SET_SIZE = 1024;
/** What epoll's `poll` gives at most, unless it is told. */
const DEFAULT_MOST = SET_SIZE - 1;
const POLL_DEFAULT = POLLIN | POLLPRI | POLLOUT;
const EPOLL_DEFAULT = EPOLLIN | EPOLLPRI | EPOLLOUT;

/**
 * Waits until one of the things given can be read or has a connection to accept, can be written, or has urgent data.
 * Returns those that are ready, list by list; empty lists when the time is over. `timeoutMillis`: 0 not at all, null or
 * left out for ever. EBADF; RangeError for what is closed.
 */
export async function select<R extends Selectable, W extends Selectable, X extends Selectable>(
  host: SocketHost,
  rlist: Iterable<R>,
  wlist: Iterable<W>,
  xlist: Iterable<X>,
  timeoutMillis: number | null = null,
  waiting?: Waiting,
): Promise<[readable: R[], writable: W[], exceptional: X[]]> {
  if (typeof timeoutMillis === "number" && timeoutMillis < 0) {
    throw new RangeError(`select: the time is null or at least 0 milliseconds, not ${timeoutMillis}`);
  }
  checkTime("select", timeoutMillis);
  checkWaiting("select", waiting);
  const read = watch(host, "rlist", rlist, SELECT_READ);
  const write = watch(host, "wlist", wlist, SELECT_WRITE);
  const except = watch(host, "xlist", xlist, SELECT_EXCEPT);
  const entries = [...read, ...write, ...except].map(({ entry }) => entry);
  await awaitAny(host, "select", entries, timeoutMillis, waiting?.signal);
  return [ready(read), ready(write), ready(except)];
}

interface Watched<T> {
  readonly item: T;
  readonly entry: PollEntry;
}

function watch<T extends Selectable>(
  host: SocketHost,
  name: string,
  list: Iterable<T>,
  wanted: number,
): Watched<T>[] {
  if (typeof list !== "object" || list === null || !(Symbol.iterator in list)) {
    throw new TypeError(`select: ${name} is an array of sockets or descriptors, not ${show(list)}`);
  }
  return Array.from(list, (item) => {
    const fd = descriptorOf(host, "select", item);
    if (fd >= SET_SIZE) throw new RangeError(`select: a descriptor is below ${SET_SIZE}, not ${fd}`);
    const file = host.descriptors.get(fd)?.file;
    if (file === undefined) throw new SocketError(EBADF, "select");
    return { item, entry: new PollEntry(fd, file, wanted) };
  });
}

function ready<T>(watched: readonly Watched<T>[]): T[] {
  return watched.filter(({ entry }) => entry.ready !== 0).map(({ item }) => item);
}

/** What `host.poll()` makes: it is told once what to watch. */
export class Poller {
  private readonly host: SocketHost;
  /** Descriptors, and the POLL… bits that are wanted of each. */
  private readonly watched = new Map<number, number>();

  constructor(host: SocketHost) {
    this.host = host;
  }

  /** Watches it, or what was watched already for other events. `events`: POLL… bits, default IN, PRI and OUT. */
  register(what: Selectable, events = POLL_DEFAULT): void {
    const fd = descriptorOf(this.host, "register", what);
    checkRange("register", "events", events, 0, 0xffff);
    this.watched.set(fd, events);
  }

  /** Watches it for other events. ENOENT when it is not registered. */
  modify(what: Selectable, events: number): void {
    const fd = descriptorOf(this.host, "modify", what);
    checkRange("modify", "events", events, 0, 0xffff);
    if (!this.watched.has(fd)) throw new SocketError(ENOENT, "modify");
    this.watched.set(fd, events);
  }

  /** Watches it no more. ENOENT when it is not registered. A socket that is closed goes by the number it had. */
  unregister(what: Selectable): void {
    if (!this.watched.delete(descriptorOf(this.host, "unregister", what)))
      throw new SocketError(ENOENT, "unregister");
  }

  /**
   * Waits until something has come about. Returns what, as `[fd, events]`, POLLNVAL for what is not open; nothing when
   * the time is over. `timeoutMillis`: 0 not at all, below 0, null or left out for ever.
   */
  async poll(timeoutMillis: number | null = null, waiting?: Waiting): Promise<SelectorEvent[]> {
    checkTime("poll", timeoutMillis);
    checkWaiting("poll", waiting);
    const entries = Array.from(
      this.watched,
      ([fd, events]) => new PollEntry(fd, this.host.descriptors.get(fd)?.file, events | POLL_ALWAYS),
    );
    await awaitAny(this.host, "poll", entries, timeoutMillis, waiting?.signal);
    return entries
      .map((entry): SelectorEvent => [entry.descriptor, entry.ready])
      .filter(([, events]) => events !== 0);
  }

  /** In the console: "Poller { fds: 3, 4 }". */
  protected [INSPECT](): string {
    return `Poller { fds: ${[...this.watched.keys()].join(", ") || "(none)"} }`;
  }
}

/** What `host.epoll()` makes: a descriptor of its own, which watches others. */
export class Epoller {
  private readonly host: SocketHost;
  private readonly slot: Slot;
  private descriptor: number;

  /** Takes over the descriptor of an epoll instance. */
  constructor(host: SocketHost, descriptor: number) {
    this.host = host;
    this.descriptor = descriptor;
    this.slot = host.descriptors.slot(descriptor)!;
  }

  /** Whether its descriptor is closed. */
  get closed(): boolean {
    return this.descriptor < 0;
  }

  /** Its descriptor. EBADF once it is closed. */
  fileno(): number {
    this.open("fileno");
    return this.descriptor;
  }

  /** Watches it. `events`: EPOLL… bits, default IN, PRI and OUT. EEXIST, EBADF, EINVAL, ELOOP, EPERM. */
  register(what: Selectable, events = EPOLL_DEFAULT): void {
    const epoll = this.open("register");
    const [fd, description] = this.target("register", what);
    checkMask("register", events);
    checkResult("register", epoll.add(fd, description, events, fd));
  }

  /** Watches it for other events, and again when it was EPOLLONESHOT. ENOENT. */
  modify(what: Selectable, events: number): void {
    const epoll = this.open("modify");
    const [fd, description] = this.target("modify", what);
    checkMask("modify", events);
    checkResult("modify", epoll.modify(fd, description, events, fd));
  }

  /** Watches it no more. ENOENT, EBADF. */
  unregister(what: Selectable): void {
    const epoll = this.open("unregister");
    const [fd, description] = this.target("unregister", what);
    checkResult("unregister", epoll.remove(fd, description));
  }

  /**
   * Waits until something has come about. Returns at most `maxevents` (default or -1: 1023) of what has, as
   * `[fd, events]`; nothing when the time is over. `timeoutMillis`: 0 not at all, below 0, null or left out for ever.
   */
  async poll(
    timeoutMillis: number | null = null,
    maxevents = -1,
    waiting?: Waiting,
  ): Promise<SelectorEvent[]> {
    const epoll = this.open("poll");
    checkTime("poll", timeoutMillis);
    checkInteger("poll", "maxevents", maxevents);
    checkWaiting("poll", waiting);
    if (maxevents < -1 || maxevents === 0) {
      throw new RangeError(`poll: maxevents is above 0, or -1 for the default, not ${maxevents}`);
    }
    const most = maxevents === -1 ? DEFAULT_MOST : maxevents;
    const events = await epollWait(this.host, epoll, most, timeoutMillis, waiting?.signal);
    return events.map(({ data, events }) => [data as number, events]);
  }

  /** Closes its descriptor; a second time nothing happens. */
  close(): void {
    const { descriptor, host, slot } = this;
    this.descriptor = -1;
    if (descriptor < 0 || !slot.open) return;
    const { description } = slot;
    host.descriptors.remove(descriptor);
    if (description.drop()) description.file.close();
  }

  protected get [OWNER](): SocketHost {
    return this.host;
  }

  /** In the console: "Epoller { fd: 5, epoll of descriptors 3, 4 }". */
  protected [INSPECT](): string {
    const file = this.host.descriptors.get(this.descriptor)?.file;
    return `Epoller { fd: ${this.descriptor}, ${this.closed ? "closed" : file?.describe()} }`;
  }

  /** {@link close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  private open(call: string): EpollInstance {
    const { description, open } = this.slot;
    const { file } = description;
    if (file.closed) throw new SocketError(file.closedErrno, call);
    if (this.closed || !open) throw new SocketError(EBADF, call);
    if (!(file instanceof EpollInstance)) throw new SocketError(EINVAL, call);
    return file;
  }

  private target(call: string, what: Selectable): [number, Description] {
    const fd = descriptorOf(this.host, call, what);
    const description = this.host.descriptors.get(fd);
    if (description === undefined) throw new SocketError(EBADF, call);
    return [fd, description];
  }
}

/** A new epoll object. EMFILE, ENFILE. */
export function makeEpoller(host: SocketHost): Epoller {
  const epoll = new EpollInstance(host);
  const descriptor = host.descriptors.open(epoll);
  if (descriptor < 0) {
    epoll.close();
    throw new SocketError(descriptor, "epoll");
  }
  host.descriptors.closeOnExec.add(descriptor);
  return new Epoller(host, descriptor);
}

/** The descriptor of what can be waited for. TypeError for an object of another host. */
function descriptorOf(host: SocketHost, call: string, what: unknown): number {
  const isObject = typeof what === "object" && what !== null && "fileno" in what;
  if (isObject) checkOwner(host, call, what);
  const fd: unknown = isObject && typeof what.fileno === "function" ? what.fileno() : what;
  if (typeof fd !== "number" || !Number.isInteger(fd)) {
    throw new TypeError(`${call}: what to wait for is a socket or a descriptor, not ${show(what)}`);
  }
  if (fd >= 0) return fd;
  const told = isObject ? `that of ${show(what)} is ${fd}: it is closed` : `not ${fd}`;
  throw new RangeError(`${call}: a descriptor is at least 0; ${told}`);
}

/** Another socket, or none, has the same number at this host. */
function checkOwner(host: SocketHost, call: string, what: object): void {
  const owner = ownerOf(what);
  if (owner === undefined || owner === host) return;
  const [theirs, ours] = [owner.names.gethostname(), host.names.gethostname()];
  throw new TypeError(`${call}: ${show(what)} of host ${theirs} was given, and this is host ${ours}`);
}

function checkMask(call: string, events: unknown): void {
  checkRange(call, "events", events, -0x8000_0000, 0xffff_ffff);
}

function checkResult(call: string, result: number): void {
  if (result < 0) throw new SocketError(result, call);
}

function checkTime(call: string, millis: unknown): void {
  if (millis === null || (typeof millis === "number" && millis <= 1e12)) return;
  const message = `${call}: the time is null or a number of milliseconds up to 1e12, not ${show(millis)}`;
  throw typeof millis === "number" ? new RangeError(message) : new TypeError(message);
}
