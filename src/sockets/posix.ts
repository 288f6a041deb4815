/**
 * Sockets the C way: functions on descriptors with the names and meanings of POSIX. What can block returns a promise;
 * what fails throws or rejects with a {@link SocketError}. The functions need no `this`:
 * `const { socket, bind } = host.posix`.
 */
import { EBADF, EINPROGRESS, EINVAL, ENOTCONN, ENOTSOCK, ENOTTY } from "../base/errno.ts";
import { formatAddress } from "../ip/address.ts";
import { FOREVER, optionPatience, type Patience, perform } from "./async.ts";
import {
  AcceptCall,
  ConnectCall,
  closeFile,
  ReceiveCall,
  SEND_BLOCKING,
  SEND_SOME,
  SendCall,
} from "./calls.ts";
import {
  AF_INET,
  AF_UNSPEC,
  F_GETFL,
  F_SETFL,
  MSG_DONTWAIT,
  MSG_OOB,
  O_NONBLOCK,
  O_RDWR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
} from "./constants.ts";
import { SocketCore } from "./core.ts";
import type { Description } from "./descriptors.ts";
import { SocketError } from "./error.ts";
import { checkBuffer, checkInteger, show, toBytes } from "./misuse.ts";
import { after } from "./names/names.ts";
import { PosixNames } from "./names/posix-names.ts";
import { type OptionValue, type OptionValueOf, readOption, writeOption } from "./options/index.ts";
import { awaitAny, POLL_ALWAYS, PollEntry, SELECT_EXCEPT, SELECT_READ, SELECT_WRITE } from "./poll.ts";
import { type ParsedSockaddrIn, parseSockaddrIn, type SockaddrIn } from "./sockaddr.ts";
import type { SocketHost } from "./socket-host.ts";
import { type InetName, inetName, namePlace, type SocketName } from "./socket-name.ts";

/** `struct sockaddr_in` as a call gives it. */
export interface Sockaddr {
  family: number;
  /** Dotted quad. */
  address: string;
  port: number;
}

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

export class Posix extends PosixNames {
  private readonly host: SocketHost;

  constructor(host: SocketHost) {
    super(host.names);
    this.host = host;
  }

  /** A new socket's descriptor, the lowest free. SOCK_NONBLOCK may be or-ed into `type`. */
  readonly socket = (domain: number, type: number, protocol = 0): number => {
    checkInteger("socket", "domain", domain);
    checkInteger("socket", "type", type);
    checkInteger("socket", "protocol", protocol);
    const core = this.host.makeSocket(domain, type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC), protocol);
    if (typeof core === "number") throw new SocketError(core, "socket");
    return this.add(core, (type & SOCK_NONBLOCK) !== 0, "socket");
  };

  readonly bind = (fd: number, where: SockaddrIn): void => {
    const core = this.core(fd, "bind");
    const name = this.place("bind", parseSockaddrIn("bind", where));
    if (name instanceof Promise) {
      throw new RangeError(`bind: the address in ${show(where)} is no name that this host knows by itself`);
    }
    check("bind", core.bind(name), name);
  };

  readonly listen = (fd: number, backlog: number): void => {
    check("listen", this.core(fd, "listen").listen(backlog));
  };

  readonly accept = async (fd: number): Promise<{ fd: number; address: Sockaddr }> => {
    const core = this.core(fd, "accept");
    const wrap = (connection: SocketCore) => ({
      fd: this.add(connection, false, "accept"),
      address: sockaddr(connection.remoteName),
    });
    const call = new AcceptCall(core, this.host.descriptors, wrap);
    return perform(this.host, call, patience(core, "receive", this.nonBlocking(fd)));
  };

  readonly connect = async (fd: number, where: SockaddrIn): Promise<void> => {
    const core = this.core(fd, "connect");
    const parsed = parseSockaddrIn("connect", where);
    if (parsed.family === AF_UNSPEC) return check("connect", core.disconnect());
    const place = this.place("connect", parsed);
    const name = place instanceof Promise ? await place : place;
    const result = core.connect(name);
    if (!core.connectPending || this.nonBlocking(fd)) return check("connect", result, name);
    const wait = { ...patience(core, "send", false), timeoutErrno: EINPROGRESS };
    return perform(this.host, new ConnectCall(core, name), wait);
  };

  /** Takes everything, as Linux does, unless it is non-blocking: then what there is room for. */
  readonly send = async (fd: number, data: Uint8Array | string, flags = 0): Promise<number> =>
    this.transmit(fd, "send", data, flags);

  readonly write = async (fd: number, data: Uint8Array | string): Promise<number> =>
    this.transmit(fd, "write", data, 0);

  readonly sendto = async (
    fd: number,
    data: Uint8Array | string,
    flags: number,
    where?: SockaddrIn,
  ): Promise<number> => {
    if (where === undefined) return this.transmit(fd, "sendto", data, flags);
    this.get(fd, "sendto");
    const place = this.place("sendto", parseSockaddrIn("sendto", where));
    const to = place instanceof Promise ? await place : place;
    return this.transmit(fd, "sendto", data, flags, to);
  };

  /** Fills `buffer` and returns how many bytes came: 0 at the end of a stream. */
  readonly recv = async (fd: number, buffer: Uint8Array, flags = 0): Promise<number> =>
    this.receive(fd, "recv", buffer, flags, (_, count) => count);

  readonly read = async (fd: number, buffer: Uint8Array): Promise<number> =>
    this.receive(fd, "read", buffer, 0, (_, count) => count);

  /** As `recv`: `{ n, address }` says how many bytes came, and where from. */
  readonly recvfrom = async (
    fd: number,
    buffer: Uint8Array,
    flags = 0,
  ): Promise<{ n: number; address: Sockaddr }> =>
    this.receive(fd, "recvfrom", buffer, flags, ({ core }, n) => ({ n, address: sockaddr(core.senderName) }));

  /** 1 when the next byte to read is the urgent one, or follows it; else 0. */
  readonly sockatmark = (fd: number): number => {
    const { atMark } = this.core(fd, "sockatmark");
    if (atMark === undefined) throw new SocketError(ENOTTY, "sockatmark");
    return Number(atMark);
  };

  readonly shutdown = (fd: number, how: number): void => {
    check("shutdown", this.core(fd, "shutdown").shutdown(how));
  };

  readonly close = async (fd: number): Promise<void> => {
    const removed = this.host.descriptors.remove(fd);
    if (typeof removed === "number") throw new SocketError(removed, "close");
    if (removed.drop()) await closeFile(this.host, removed.file);
  };

  readonly getsockname = (fd: number): Sockaddr => {
    return sockaddr(this.core(fd, "getsockname").localName);
  };

  readonly getpeername = (fd: number): Sockaddr => {
    const name = this.core(fd, "getpeername").peerName;
    if (name === undefined) throw new SocketError(ENOTCONN, "getpeername");
    return sockaddr(name);
  };

  readonly getsockopt = <L extends number, O extends number>(
    fd: number,
    level: L,
    option: O,
  ): OptionValueOf<L, O> => readOption(this.core(fd, "getsockopt"), level, option) as OptionValueOf<L, O>;

  readonly setsockopt = (fd: number, level: number, option: number, value: OptionValue): void =>
    writeOption(this.core(fd, "setsockopt"), level, option, value);

  /** F_GETFL, and F_SETFL, which looks at O_NONBLOCK alone. EINVAL for other commands. */
  readonly fcntl = (fd: number, command: number, flags = 0): number => {
    const description = this.get(fd, "fcntl");
    if (command === F_GETFL) return O_RDWR | (description.nonBlocking ? O_NONBLOCK : 0);
    if (command !== F_SETFL) throw new SocketError(EINVAL, "fcntl");
    checkInteger("fcntl", "flags", flags);
    description.nonBlocking = (flags & O_NONBLOCK) !== 0;
    return 0;
  };

  /** Fills in `revents` and returns how many are not 0. `timeoutMillis`: -1 for ever, 0 not at all. */
  readonly poll = async (fds: PollFd[], timeoutMillis: number | null = -1): Promise<number> => {
    if (!Array.isArray(fds)) throw new TypeError(`poll: fds is an array of { fd, events }, not ${show(fds)}`);
    checkTimeout("poll", timeoutMillis);
    for (const pollfd of fds) {
      if (typeof pollfd !== "object" || pollfd === null) {
        throw new TypeError(`poll: fds is an array of { fd, events }, of which ${show(pollfd)} is none`);
      }
      checkInteger("poll", "fd", pollfd.fd);
    }
    const asked = fds.filter(({ fd }) => fd >= 0);
    const entries = asked.map(({ fd, events }) => {
      checkInteger("poll", "events", events);
      return new PollEntry(fd, this.host.descriptors.get(fd)?.file, events | POLL_ALWAYS);
    });
    await awaitAny(this.host, "poll", entries, timeoutMillis);
    for (const pollfd of fds) pollfd.revents = 0;
    for (let index = 0; index < asked.length; index++) asked[index]!.revents = entries[index]!.ready;
    return asked.filter(({ revents }) => revents !== 0).length;
  };

  /** The descriptors of each set that are ready; none when the time is over. `timeoutMillis` as in `poll`. EBADF. */
  readonly select = async (sets: SelectSets, timeoutMillis: number | null = -1): Promise<SelectResult> => {
    checkSets(sets);
    checkTimeout("select", timeoutMillis);
    const watch = (fds: Iterable<number> | undefined, wanted: number): PollEntry[] =>
      [...(fds ?? [])].map((fd) => new PollEntry(fd, this.get(fd, "select").file, wanted));
    const read = watch(sets.read, SELECT_READ);
    const write = watch(sets.write, SELECT_WRITE);
    const except = watch(sets.except, SELECT_EXCEPT);
    await awaitAny(this.host, "select", [...read, ...write, ...except], timeoutMillis);
    return { read: ready(read), write: ready(write), except: ready(except) };
  };

  private get(fd: number, syscall: string): Description {
    const description = this.host.descriptors.get(fd);
    if (description === undefined) throw new SocketError(EBADF, syscall);
    return description;
  }

  private core(fd: number, syscall: string): SocketCore {
    const { file } = this.get(fd, syscall);
    if (file instanceof SocketCore) return file;
    throw new SocketError(ENOTSOCK, syscall);
  }

  private nonBlocking(fd: number): boolean {
    return this.host.descriptors.get(fd)?.nonBlocking ?? false;
  }

  private add(core: SocketCore, nonBlocking: boolean, syscall: string): number {
    const fd = this.host.descriptors.open(core, nonBlocking);
    if (fd >= 0) return fd;
    core.close();
    throw new SocketError(fd, syscall);
  }

  private transmit(
    fd: number,
    syscall: string,
    data: Uint8Array | string,
    flags: number,
    to?: SocketName,
  ): Promise<number> {
    const core = this.core(fd, syscall);
    checkInteger(syscall, "flags", flags);
    const atOnce = this.nonBlocking(fd) || (flags & MSG_DONTWAIT) !== 0;
    const extent = atOnce ? SEND_SOME : SEND_BLOCKING;
    const call = new SendCall(core, syscall, toBytes(syscall, data), flags, extent, to);
    return perform(this.host, call, patience(core, "send", atOnce));
  }

  private receive<T>(
    fd: number,
    syscall: string,
    buffer: Uint8Array,
    flags: number,
    result: (call: ReceiveCall<T>, count: number) => T,
  ): Promise<T> {
    const core = this.core(fd, syscall);
    checkBuffer(syscall, buffer);
    checkInteger(syscall, "flags", flags);
    const call = new ReceiveCall(core, syscall, buffer, 0, buffer.length, flags, result);
    // urgent data is never waited for, as in BSD and Linux
    const atOnce = this.nonBlocking(fd) || (flags & (MSG_DONTWAIT | MSG_OOB)) !== 0;
    return perform(this.host, call, patience(core, "receive", atOnce));
  }

  /** The name that `connect`, `bind` or `sendto` is given; a promise only if its address has to be asked for. */
  private place(syscall: string, { address, port }: ParsedSockaddrIn): InetName | Promise<InetName> {
    const found = typeof address === "number" ? address : this.host.addressOf(syscall, address);
    return after(found, (number) => inetName(number, port));
  }
}

function sockaddr(name: SocketName | undefined): Sockaddr {
  const { address, port } = name as InetName;
  return { family: AF_INET, address: formatAddress(address), port };
}

function ready(entries: readonly PollEntry[]): number[] {
  return entries.filter((entry) => entry.ready !== 0).map((entry) => entry.descriptor);
}

function patience(core: SocketCore, direction: "receive" | "send", nonBlocking: boolean): Patience {
  return nonBlocking ? { ...FOREVER, nonBlocking } : optionPatience(core, direction);
}

function check(syscall: string, result: number, name?: SocketName): void {
  if (result < 0) throw new SocketError(result, syscall, ...namePlace(name));
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

function checkTimeout(call: string, millis: unknown): void {
  if (millis === null || (typeof millis === "number" && millis <= 1e12)) return;
  throw new RangeError(
    `${call}: the time is a number of milliseconds up to 1e12, or -1 or null for ever, not ${show(millis)}`,
  );
}
