/** Python's `socket` and `select` modules, as a host's own: what makes sockets, and waits for many of them. */
import type { Clock } from "../base/clock.ts";
import { EINTR, EINVAL } from "../base/errno.ts";
import type {
  AddressInput,
  AnyAddress,
  InetAddress,
  PacketAddress,
  SocketAddress,
} from "../sockets/address.ts";
import { checkSocketAddress } from "../sockets/address.ts";
import type { Pending } from "../sockets/async.ts";
import {
  AF_INET,
  AF_INET6,
  type AF_PACKET,
  AF_UNIX,
  EPOLL_CLOEXEC,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../sockets/constants.ts";
import type { Capability, SocketCore } from "../sockets/core.ts";
import type { DescriptorTable } from "../sockets/descriptors.ts";
import { SocketError } from "../sockets/error.ts";
import { interfaceIndexes, interfaceIndexOf, interfaceNameOf } from "../sockets/interface-requests.ts";
import type { Credentials } from "../sockets/message.ts";
import { checkFields, checkInteger, show } from "../sockets/misuse.ts";
import type { Names } from "../sockets/names/names.ts";
import { checkTimeout, duplicate, openDescriptor, type Waiting } from "../sockets/python/handle.ts";
import { receiveDescriptors, sendDescriptors } from "../sockets/python/pass-descriptors.ts";
import { type Epoller, makeEpoller, Poller, type Selectable, select } from "../sockets/python/selectors.ts";
import { Socket } from "../sockets/socket.ts";
import type { IpLayer, SocketHost } from "../sockets/socket-host.ts";
import { kindError } from "../sockets/socket-kind.ts";

export interface ConnectionOptions extends Waiting {
  /** As `settimeout`: milliseconds or null; default: the host's default time-out. */
  timeout?: number | null;
  /** Where to bind first. */
  source_address?: SocketAddress | null;
  /** Whether an AggregateError tells why each address failed; default false: why the last one did. */
  all_errors?: boolean;
}

export interface ServerOptions {
  /** AF_INET (default) or AF_UNIX. */
  family?: number;
  /** As `listen` takes it; default 128. */
  backlog?: number | null;
  /** SO_REUSEPORT; default false. */
  reuse_port?: boolean;
  /** Not here: RangeError when true. */
  dualstack_ipv6?: boolean;
}

const CONNECTION_OPTIONS = ["timeout", "source_address", "all_errors", "signal"];
const SERVER_OPTIONS = ["family", "backlog", "reuse_port", "dualstack_ipv6"];

export abstract class SocketModule implements SocketHost {
  /** Whether there is IPv6: no. */
  readonly has_ipv6: boolean = false;
  defaultTimeoutMillis: number | null = null;
  abstract readonly clock: Clock;
  abstract readonly sockets: Set<SocketCore>;
  abstract readonly capabilities: Set<Capability>;
  abstract readonly pendingCalls: Set<Pending>;
  abstract readonly epolls: SocketHost["epolls"];
  abstract get closed(): boolean;
  abstract readonly descriptors: DescriptorTable;
  abstract readonly names: Names;
  abstract readonly ipv4: IpLayer;
  abstract credentials: Credentials;
  abstract unlink(path: string): void;
  abstract makeSocket(domain: number, type: number, protocol: number): SocketCore | number;
  abstract makePair(domain: number, type: number, protocol: number): [SocketCore, SocketCore] | number;
  abstract addressOf(call: string, text: string): number | Promise<number>;

  /**
   * A socket, the Python way: default, also for -1, AF_INET and SOCK_STREAM. SOCK_NONBLOCK may be or-ed into `type`. With
   * `{ fileno }` it takes over a descriptor there is. EAFNOSUPPORT, ESOCKTNOSUPPORT, EPROTONOSUPPORT, EPERM, EMFILE, ENFILE.
   */
  socket(family?: typeof AF_INET, type?: number, protocol?: number): Socket;
  socket(family: typeof AF_UNIX, type?: number, protocol?: number): Socket<string>;
  socket(family: typeof AF_PACKET, type?: number, protocol?: number): Socket<PacketAddress>;
  /** Of a family that only the running program knows: `A` says what its addresses are. */
  socket<A extends AnyAddress = InetAddress>(
    family: number | { fileno: number },
    type?: number,
    protocol?: number,
  ): Socket<A>;
  socket(
    family: number | { fileno: number } = AF_INET,
    type: number = SOCK_STREAM,
    protocol = 0,
  ): Socket<AnyAddress> {
    if (typeof family === "object" && family !== null) return this.adopt(family.fileno);
    checkKind("socket", family, type, protocol);
    const kind = type === -1 ? SOCK_STREAM : type; // in Python -1 says "the default"
    const core = this.makeSocket(
      family === -1 ? AF_INET : family,
      kind & ~(SOCK_NONBLOCK | SOCK_CLOEXEC),
      protocol === -1 ? 0 : protocol,
    );
    if (typeof core === "number") throw kindError(core, "socket", family, type, protocol);
    return this.wrap(core, "socket", kind);
  }

  /** Two sockets that are connected to each other. Only AF_UNIX, the default, has such: else EOPNOTSUPP. */
  socketpair(
    family: number = AF_UNIX,
    type: number = SOCK_STREAM,
    protocol = 0,
  ): [Socket<string>, Socket<string>] {
    checkKind("socketpair", family, type, protocol);
    const pair = this.makePair(family, type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC), protocol);
    if (typeof pair === "number") throw kindError(pair, "socketpair", family, type, protocol);
    const [first, second] = pair;
    let left: Socket<string> | undefined;
    try {
      left = this.wrap<string>(first, "socketpair", type);
      return [left, this.wrap<string>(second, "socketpair", type)];
    } catch (error) {
      void left?.close();
      second.close();
      throw error;
    }
  }

  /** A socket object for a duplicate of `fd`, which stays open; `A` says what its addresses are. EBADF, ENOTSOCK. */
  fromfd<A extends AnyAddress = InetAddress>(fd: number): Socket<A> {
    checkInteger("fromfd", "fd", fd);
    const copy = duplicate(this, fd, "fromfd");
    try {
      return new Socket<A>(this, copy);
    } catch (error) {
      const description = this.descriptors.remove(copy);
      if (typeof description !== "number") description.drop(); // not the last: `fd` is open
      throw error;
    }
  }

  /**
   * A socket connected to `port` (a number or a service's name) of `address` ("" for this host): its addresses are tried
   * one after the other. GaiError; what the last address was refused with: ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH.
   */
  async create_connection(
    where: { address: string; port: number | string },
    options: ConnectionOptions = {},
  ): Promise<Socket> {
    checkConnection(where, options);
    const { all_errors = false, signal } = options;
    const found = await this.names.getaddrinfo(where.address || null, where.port, 0, SOCK_STREAM);
    const errors: SocketError[] = [];
    for (const [family, type, protocol, , address] of found) {
      const socket = this.socket(family, type, protocol);
      try {
        if (options.timeout !== undefined) socket.settimeout(options.timeout);
        if (options.source_address) socket.bind(options.source_address);
        await socket.connect(address, { signal });
        return socket;
      } catch (error) {
        await socket.close();
        if (!(error instanceof SocketError) || error.errno === -EINTR) throw error;
        errors.push(error);
      }
    }
    throw all_errors ? new AggregateError(errors, "create_connection failed") : errors.at(-1);
  }

  /** A listening socket bound to `where`, with SO_REUSEADDR. EADDRINUSE, EADDRNOTAVAIL, EACCES … */
  create_server(where: SocketAddress, options?: ServerOptions & { family?: typeof AF_INET }): Socket;
  create_server(where: string, options: ServerOptions & { family: typeof AF_UNIX }): Socket<string>;
  create_server(where: SocketAddress | string, options: ServerOptions = {}): Socket | Socket<string> {
    if (typeof options !== "object" || options === null) {
      throw new TypeError(`create_server: the options are an object, not ${show(options)}`);
    }
    checkFields("create_server", "option", options, SERVER_OPTIONS);
    const { family = AF_INET, backlog, reuse_port = false, dualstack_ipv6 = false } = options;
    if (dualstack_ipv6) {
      throw new RangeError(
        family === AF_INET6
          ? "create_server: dualstack_ipv6 is not supported on this platform"
          : "create_server: dualstack_ipv6 requires AF_INET6, which there is none of here",
      );
    }
    if (family === AF_INET) checkSocketAddress("create_server", where);
    else if (family === AF_UNIX && typeof where !== "string") {
      throw new TypeError(`create_server: an address in AF_UNIX is a path, a string, not ${show(where)}`);
    }
    const socket = this.socket<never>(family, SOCK_STREAM);
    try {
      socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
      if (reuse_port) socket.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1);
      socket.bind(where as never);
      socket.listen(backlog ?? undefined);
      return socket;
    } catch (error) {
      void socket.close();
      throw error;
    }
  }

  /** Whether one socket can serve IPv4 and IPv6: no. */
  has_dualstack_ipv6(): boolean {
    return false;
  }

  /**
   * Sends `buffers` as one message over a socket of AF_UNIX, with the descriptors `fds` in it; returns how many bytes were
   * taken. Of AF_INET the bytes go and the descriptors do not, as in Linux. EBADF, EPIPE, ENOTCONN, EWOULDBLOCK.
   */
  send_fds<A extends AnyAddress>(
    socket: Socket<A>,
    buffers: Iterable<Uint8Array | string>,
    fds: Iterable<number>,
    flags = 0,
    where?: AddressInput<A> | null,
    waiting?: Waiting,
  ): Promise<number> {
    return sendDescriptors(socket, buffers, fds, flags, where, waiting);
  }

  /**
   * At most `size` bytes, at most `maxfds` descriptors that came with them, the flags that `recvmsg` tells, and where from.
   * ENOTCONN, ECONNRESET, EWOULDBLOCK.
   */
  recv_fds<A extends AnyAddress>(
    socket: Socket<A>,
    size: number,
    maxfds: number,
    flags = 0,
    waiting?: Waiting,
  ): Promise<[data: Uint8Array, fds: number[], flags: number, from: A | null]> {
    return receiveDescriptors(socket, size, maxfds, flags, waiting);
  }

  /** The host's interfaces, from index 1. */
  if_nameindex(): [index: number, name: string][] {
    return interfaceIndexes(this.ipv4.interfaces).map(({ index, name }) => [index, name]);
  }

  /** The index, from 1, of an interface. ENODEV. */
  if_nametoindex(name: string): number {
    const index = interfaceIndexOf(this.ipv4.interfaces, name);
    if (index < 0) throw new SocketError(index, "if_nametoindex");
    return index;
  }

  /** The name of the interface with this index, from 1. ENXIO. */
  if_indextoname(index: number): string {
    const name = interfaceNameOf(this.ipv4.interfaces, index);
    if (typeof name === "number") throw new SocketError(name, "if_indextoname");
    return name;
  }

  /** What `settimeout` is to be for sockets made from now on, and for connections they accept: milliseconds or null. */
  setdefaulttimeout(millis: number | null): void {
    checkTimeout("setdefaulttimeout", millis);
    this.defaultTimeoutMillis = millis;
  }

  /** Default null: calls wait for ever. */
  getdefaulttimeout(): number | null {
    return this.defaultTimeoutMillis;
  }

  /**
   * Waits until something of the first list can be read (or accepted), of the second be written, or of the third has
   * urgent data; gives three lists of what is ready, empty when the time is over. `timeoutMillis`: null: for ever. EBADF.
   */
  select<R extends Selectable, W extends Selectable, X extends Selectable>(
    rlist: Iterable<R>,
    wlist: Iterable<W>,
    xlist: Iterable<X>,
    timeoutMillis: number | null = null,
    waiting?: Waiting,
  ): Promise<[readable: R[], writable: W[], exceptional: X[]]> {
    return select(this, rlist, wlist, xlist, timeoutMillis, waiting);
  }

  /** An object to register sockets and descriptors at, and to wait for them: Python's `select.poll()`. */
  poll(): Poller {
    return new Poller(this);
  }

  /** As {@link poll}, with a descriptor of its own: Python's `select.epoll()`. `sizehint` is not looked at. EMFILE. */
  epoll(sizehint = -1, flags = 0): Epoller {
    checkInteger("epoll", "sizehint", sizehint);
    if (sizehint < -1 || sizehint === 0) {
      throw new RangeError(`epoll: sizehint is above 0, or -1 for the default, not ${sizehint}`);
    }
    if (flags !== 0 && flags !== EPOLL_CLOEXEC) throw new SocketError(EINVAL, "epoll");
    return makeEpoller(this);
  }

  private wrap<A extends AnyAddress>(core: SocketCore, call: string, type: number): Socket<A> {
    const descriptor = openDescriptor(this, core, call);
    return new Socket<A>(this, descriptor, (type & SOCK_NONBLOCK) !== 0 ? 0 : this.defaultTimeoutMillis);
  }

  private adopt(fileno: unknown): Socket<AnyAddress> {
    checkInteger("socket", "fileno", fileno);
    if (fileno < 0) throw new RangeError(`socket: fileno is at least 0, not ${fileno}`);
    return new Socket<AnyAddress>(this, fileno);
  }
}

function checkKind(call: string, family: unknown, type: unknown, protocol: unknown): void {
  checkInteger(call, "family", family);
  checkInteger(call, "type", type);
  checkInteger(call, "protocol", protocol);
}

function checkConnection(where: unknown, options: unknown): void {
  if (typeof where !== "object" || where === null || !("address" in where && "port" in where)) {
    throw new TypeError(`create_connection: the address is an object { address, port }, not ${show(where)}`);
  }
  if (typeof options !== "object" || options === null) {
    const form = "{ timeout, source_address, all_errors, signal }";
    throw new TypeError(`create_connection: the options are an object ${form}, not ${show(options)}`);
  }
  checkFields("create_connection", "option", options, CONNECTION_OPTIONS);
}
