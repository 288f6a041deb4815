/**
 * Sockets the Python way: an object whose calls have the names and meanings of Python's `socket` module. What can
 * block returns a promise, what cannot returns its value; what fails throws or rejects with a {@link SocketError}.
 */
import { EAGAIN, EINPROGRESS, EINVAL, ETIMEDOUT } from "../base/errno.ts";
import type { AddressInput, InetAddress, NoAddress, SocketAddress } from "./address.ts";
import { perform } from "./async.ts";
import { AcceptCall, ConnectCall, ReceiveCall, SEND_ALL, SEND_SOME, SendCall } from "./calls.ts";
import {
  MSG_CMSG_CLOEXEC,
  MSG_DONTWAIT,
  SHUT_RD,
  SHUT_RDWR,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "./constants.ts";
import { collectControl, prepareControl } from "./control.ts";
import type { SocketCore } from "./core.ts";
import { SocketError } from "./error.ts";
import { checkInteger, checkRange, checkWaiting, type Sendable, show, toBytes } from "./misuse.ts";
import { roomIn, scatter } from "./pieces.ts";
import { isNoAddress, parseAddress } from "./python/addresses.ts";
import { SelectedConnectCall } from "./python/connect.ts";
import { duplicate, Handle, openDescriptor, type Waiting } from "./python/handle.ts";
import { type FileMode, type FileOf, type FileOptions, makeFile } from "./python/makefile.ts";
import {
  type Ancillary,
  checkBuffers,
  gatherBuffers,
  parseAncillary,
  showAncillary,
  sizeFor,
} from "./python/messages.ts";
import type { SocketName } from "./socket-name.ts";
import { readableOf, writableOf } from "./web-streams.ts";

/** How much one step of an iteration receives at most, bytes. */
const CHUNK = 65_536;
const LARGEST = 0x7fff_ffff;

/**
 * A socket whose addresses are of type `A`: {@link InetAddress} in AF_INET, a string in AF_UNIX, a PacketAddress in
 * AF_PACKET. Every call that may wait takes `{ signal }` as its last argument.
 */
export class Socket<A = InetAddress> extends Handle<A> {
  private readableStream: ReadableStream<Uint8Array> | undefined = undefined;
  private writableStream: WritableStream<Uint8Array | string> | undefined = undefined;

  /** Another descriptor and object for the same socket, with the same time-out. EMFILE. */
  dup(): Socket<A> {
    this.open("dup");
    const copy = new Socket<A>(this.host, duplicate(this.host, this.descriptor, "dup"), null);
    copy.settimeout(this.gettimeout());
    return copy;
  }

  /**
   * Gives it a local address. In AF_INET "" is any address, port 0 picks a free one; a name of this host will do. In
   * AF_UNIX "" picks an abstract name. EADDRINUSE, EADDRNOTAVAIL, EINVAL (bound already), EACCES; ENODEV in AF_PACKET.
   */
  bind(where: AddressInput<A>): void {
    const core = this.open("bind");
    const name = parseAddress(this.host, core.domain, "bind", where);
    if (name instanceof Promise) {
      name.catch(() => undefined);
      const { address } = where as SocketAddress;
      throw new RangeError(`bind: ${show(address)} is no name that this host knows by itself`);
    }
    this.check("bind", core.bind(name), name);
  }

  /** `backlog`: connections that may wait for `accept`; default 128; below 0 is 0. EADDRINUSE, EOPNOTSUPP, EINVAL. */
  listen(backlog = 128): void {
    checkInteger("listen", "backlog", backlog);
    this.check("listen", this.open("listen").listen(Math.max(backlog, 0)));
  }

  /** The next connection, with the host's default time-out, and who is at its other end. EINVAL, EOPNOTSUPP, EMFILE. */
  async accept(waiting?: Waiting): Promise<[connection: Socket<A>, peer: A]> {
    const wrap = (core: SocketCore): [Socket<A>, A] => [
      new Socket<A>(this.host, openDescriptor(this.host, core, "accept")),
      this.addressOf(core.remoteName),
    ];
    const patience = this.patience("accept", "receive", 0, waiting);
    return perform(this.host, new AcceptCall(this.open("accept"), this.host.descriptors, wrap), patience);
  }

  /**
   * Connects, or fails with ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH … For a datagram socket: names the peer, and
   * `{ family: AF_UNSPEC }` forgets it.
   */
  async connect(where: AddressInput<A> | NoAddress, waiting?: Waiting): Promise<void> {
    return this.connectWith("connect", where, waiting, ETIMEDOUT);
  }

  /**
   * As {@link connect}, but errors of the call come as a number, positive as in Python: 0, 111, 115 …; 11 when the time
   * of {@link settimeout} is over. What is wrong with the address is thrown nevertheless.
   */
  async connect_ex(where: AddressInput<A> | NoAddress, waiting?: Waiting): Promise<number> {
    try {
      await this.connectWith("connect_ex", where, waiting, EAGAIN);
      return 0;
    } catch (error) {
      if (error instanceof SocketError && error.syscall === "connect") return -error.errno;
      throw error;
    }
  }

  /** Takes what there is room for, a byte or more; returns how many. EPIPE, ECONNRESET, EMSGSIZE, EDESTADDRREQ. */
  async send(data: Sendable, flags = 0, waiting?: Waiting): Promise<number> {
    const bytes = toBytes("send", data);
    const patience = this.patience("send", "send", flags, waiting);
    const call = new SendCall(this.open("send"), "send", bytes, flags, SEND_SOME);
    return perform(this.host, call, patience);
  }

  /** Takes everything. `data` must not change before the promise is settled. EPIPE, ECONNRESET, EWOULDBLOCK. */
  async sendall(data: Sendable, flags = 0, waiting?: Waiting): Promise<void> {
    const bytes = toBytes("sendall", data);
    const patience = this.patience("sendall", "send", flags, waiting);
    const call = new SendCall(this.open("send"), "send", bytes, flags, SEND_ALL);
    await perform(this.host, call, patience);
  }

  /**
   * Sends one datagram to `where`: `sendto(data, where)`, or with flags `sendto(data, flags, where)`. GaiError; EMSGSIZE,
   * ENETUNREACH, EACCES (a broadcast without SO_BROADCAST), EPIPE (a stream without connection), ENOENT (no such path).
   */
  async sendto(data: Sendable, where: AddressInput<A>, waiting?: Waiting): Promise<number>;
  async sendto(data: Sendable, flags: number, where: AddressInput<A>, waiting?: Waiting): Promise<number>;
  async sendto(data: Sendable, ...rest: unknown[]): Promise<number> {
    const flags = typeof rest[0] === "number" ? (rest.shift() as number) : 0;
    const [where, waiting] = rest as [unknown, Waiting?];
    const bytes = toBytes("sendto", data);
    const found = this.parse("sendto", where);
    const patience = this.patience("sendto", "send", flags, waiting);
    const to = found instanceof Promise ? await found : found; // without a name to ask for it leaves at once
    const call = new SendCall(this.open("sendto"), "sendto", bytes, flags, SEND_SOME, to);
    return perform(this.host, call, patience);
  }

  /**
   * Sends `buffers` as one message, with control messages `[level, type, data]` beside it. Returns how many bytes were
   * taken. EMSGSIZE for more than 1024 buffers; what control messages may fail with: EINVAL, EPERM, EBADF.
   */
  async sendmsg(
    buffers: Iterable<Sendable>,
    ancdata: Iterable<Readonly<Ancillary>> = [],
    flags = 0,
    where?: AddressInput<A> | null,
    waiting?: Waiting,
  ): Promise<number> {
    const bytes = gatherBuffers(buffers);
    const control = parseAncillary(ancdata);
    const found = where === undefined || where === null ? undefined : this.parse("sendmsg", where);
    const patience = this.patience("sendmsg", "send", flags, waiting);
    const to = found instanceof Promise ? await found : found;
    const core = this.open("sendmsg");
    const call = new SendCall(core, "sendmsg", bytes, flags, SEND_SOME, to);
    const outgoing = prepareControl(this.host, core, control);
    if (typeof outgoing === "number") throw new SocketError(outgoing, "sendmsg");
    call.outgoing = outgoing;
    return perform(this.host, call, patience);
  }

  /**
   * At most `size` bytes; of length 0 when the peer has closed. Of a datagram the rest is lost. Size 0 does nothing.
   * ENOTCONN (a stream before `connect`), ECONNRESET, ECONNREFUSED (ICMP answered a datagram), EWOULDBLOCK, ETIMEDOUT.
   */
  async recv(size: number, flags = 0, waiting?: Waiting): Promise<Uint8Array> {
    checkRange("recv", "size", size, 0, LARGEST);
    if (this.asksForNothing("recv", size, flags)) return new Uint8Array(0);
    return this.receive("recv", undefined, size, flags, waiting, (call, count) => taken(call.into, count));
  }

  /** As {@link recv}, into `buffer`, or `size` bytes of it. Returns how many bytes came. */
  async recv_into(buffer: Uint8Array, size = 0, flags = 0, waiting?: Waiting): Promise<number> {
    const length = sizeFor("recv_into", buffer, size);
    if (this.asksForNothing("recv_into", length, flags)) return 0;
    return this.receive("recv_into", buffer, length, flags, waiting, (_, count) => count);
  }

  /**
   * As {@link recv}, and where from, which is null, as in Python and although its type is `A`, of a stream and of a sender
   * without a name. CAREFUL: the type leaves null out because a Socket's type does not tell streams from datagrams, and
   * every `sendto(data, from)` would have to rule it out.
   */
  async recvfrom(size: number, flags = 0, waiting?: Waiting): Promise<[data: Uint8Array, from: A]> {
    checkRange("recvfrom", "size", size, 0, LARGEST);
    return this.receive("recvfrom", undefined, size, flags, waiting, (call, count) => [
      taken(call.into, count),
      this.senderOf(call.core),
    ]);
  }

  /** As {@link recv_into}, and where from, as {@link recvfrom}: null of a stream. */
  async recvfrom_into(
    buffer: Uint8Array,
    size = 0,
    flags = 0,
    waiting?: Waiting,
  ): Promise<[count: number, from: A]> {
    const length = sizeFor("recvfrom_into", buffer, size);
    return this.receive("recvfrom_into", buffer, length, flags, waiting, (call, count) => [
      count,
      this.senderOf(call.core),
    ]);
  }

  /**
   * As {@link recvfrom}, with the control messages that came beside the bytes, as far as `ancbufsize` bytes have room
   * for them (CMSG_SPACE tells how many one takes), and with MSG_TRUNC, MSG_CTRUNC, MSG_EOR … in `flags`. `from` is null
   * where that of {@link recvfrom} is.
   */
  async recvmsg(
    size: number,
    ancbufsize = 0,
    flags = 0,
    waiting?: Waiting,
  ): Promise<[data: Uint8Array, ancdata: Ancillary[], flags: number, from: A]> {
    checkRange("recvmsg", "size", size, 0, LARGEST);
    return this.receiveMessage("recvmsg", size, ancbufsize, flags, waiting);
  }

  /** As {@link recvmsg}, into `buffers`, which are filled one after the other. Returns how many bytes came. */
  async recvmsg_into(
    buffers: Iterable<Uint8Array>,
    ancbufsize = 0,
    flags = 0,
    waiting?: Waiting,
  ): Promise<[count: number, ancdata: Ancillary[], flags: number, from: A]> {
    const all = checkBuffers(buffers);
    const size = roomIn(all);
    const [data, ...rest] = await this.receiveMessage("recvmsg_into", size, ancbufsize, flags, waiting);
    scatter(data, all);
    return [data.length, ...rest];
  }

  /** Ends a direction. `how`: SHUT_RD, SHUT_WR or SHUT_RDWR; EINVAL for another number. ENOTCONN. */
  shutdown(how: number): void {
    const core = this.open("shutdown");
    checkInteger("shutdown", "how", how);
    this.check("shutdown", how < SHUT_RD || how > SHUT_RDWR ? -EINVAL : core.shutdown(how));
  }

  /**
   * A file that reads from the socket and writes to it. `mode`: "r", "w" or both, for text; with "b" for bytes. The
   * socket must be blocking; it may have a time-out. The socket is open until its files are closed too.
   */
  makefile<const M extends FileMode = "r", B extends number = -1>(
    mode: M = "r" as M,
    options: FileOptions<B> = {},
  ): FileOf<M, B> {
    const file = makeFile({ socket: this, release: () => this.fileClosed() }, mode, options);
    this.fileOpened();
    return file as FileOf<M, B>;
  }

  /** What is received, chunk by chunk, until the peer has closed. */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    const hasEnd = this.type === SOCK_STREAM || this.type === SOCK_SEQPACKET;
    for (;;) {
      const chunk = await this.untilClosed(this.recv(CHUNK));
      if (chunk === undefined || (chunk.length === 0 && hasEnd)) return;
      yield chunk;
    }
  }

  /** The connections to a listening socket, until it is closed. */
  async *connections(): AsyncGenerator<Socket<A>, void, undefined> {
    for (;;) {
      const accepted = await this.untilClosed(this.accept());
      if (accepted === undefined) return;
      yield accepted[0];
    }
  }

  /** {@link connections} of a listening socket, {@link chunks} of any other: TypeScript cannot know which. */
  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array | Socket<A>, void, undefined> {
    return this.file.listening ? this.connections() : this.chunks();
  }

  /** What is received as a web stream, always the same one; cancelling it shuts reading down. */
  get readable(): ReadableStream<Uint8Array> {
    this.readableStream ??= readableOf(this);
    return this.readableStream;
  }

  /** A web stream whose chunks are sent, always the same one; closing it shuts writing down, aborting closes the socket. */
  get writable(): WritableStream<Uint8Array | string> {
    this.writableStream ??= writableOf(this);
    return this.writableStream;
  }

  /** `lateErrno`: what it is when the time of `settimeout` is over. */
  private async connectWith(
    call: string,
    where: unknown,
    waiting: Waiting | undefined,
    lateErrno: number,
  ): Promise<void> {
    if (isNoAddress(where)) {
      checkWaiting(call, waiting);
      return this.check("connect", this.open("connect").disconnect());
    }
    const found = this.parse(call, where);
    const patience = this.patience(call, "send", 0, waiting);
    const name = found instanceof Promise ? await found : found;
    const core = this.open("connect");
    const result = core.connect(name);
    if (patience.nonBlocking) return this.check("connect", result, name);
    if ((this.gettimeout() ?? 0) > 0) {
      if (result !== -EINPROGRESS) return this.check("connect", result, name);
      const call = new SelectedConnectCall(core, name);
      return perform(this.host, call, { ...patience, timeoutErrno: lateErrno });
    }
    if (!core.connectPending) return this.check("connect", result, name);
    // what SO_SNDTIMEO ends goes on in AF_INET (EINPROGRESS, EALREADY), and was not begun in AF_UNIX (EAGAIN)
    return perform(this.host, new ConnectCall(core, name), { ...patience, timeoutErrno: -result });
  }

  private parse(call: string, where: unknown): SocketName | Promise<SocketName> {
    const found = parseAddress(this.host, this.family, call, where);
    if (found instanceof Promise) found.catch(() => undefined); // nobody awaits it if another argument is wrong
    return found;
  }

  private receive<T>(
    syscall: string,
    buffer: Uint8Array | undefined,
    size: number,
    flags: number,
    waiting: Waiting | undefined,
    result: (call: ReceiveCall<T>, count: number) => T,
    wantsRights = false,
  ): Promise<T> {
    const patience = this.patience(syscall, "receive", flags, waiting);
    const core = this.open(syscall);
    const call = new ReceiveCall(core, syscall, buffer, 0, size, flags, result);
    call.wantsRights = wantsRights;
    // a descriptor with O_NONBLOCK gives what there is, and one with a time-out is such a one
    call.atOnce = patience.nonBlocking || this.description.nonBlocking || (flags & MSG_DONTWAIT) !== 0;
    return perform(this.host, call, patience);
  }

  private receiveMessage(
    syscall: string,
    size: number,
    ancbufsize: number,
    flags: number,
    waiting: Waiting | undefined,
  ): Promise<[Uint8Array, Ancillary[], number, A]> {
    checkRange(syscall, "ancbufsize", ancbufsize, 0, LARGEST);
    const result = (call: ReceiveCall<[Uint8Array, Ancillary[], number, A]>, count: number) => {
      const { core, into } = call;
      const from = this.senderOf(core);
      const closeOnExec = (flags & MSG_CMSG_CLOEXEC) !== 0;
      const control = collectControl(this.host, core, ancbufsize, closeOnExec);
      const got = core.message.flags | control.flags;
      return [taken(into, count), showAncillary(control.messages), got, from] as [
        Uint8Array,
        Ancillary[],
        number,
        A,
      ];
    };
    return this.receive(syscall, undefined, size, flags & ~MSG_CMSG_CLOEXEC, waiting, result, true);
  }

  /** Python's `recv` and `recv_into` of 0 bytes never reach the socket, so they neither wait nor take a datagram. */
  private asksForNothing(syscall: string, size: number, flags: number): boolean {
    checkInteger(syscall, "flags", flags);
    return size === 0;
  }

  /** The value of `promise`, undefined when this end has closed the socket meanwhile. */
  private async untilClosed<T>(promise: Promise<T>): Promise<T | undefined> {
    try {
      return await promise;
    } catch (error) {
      if (this.closedHere && error instanceof SocketError) return undefined;
      throw error;
    }
  }
}

function taken(buffer: Uint8Array, count: number): Uint8Array {
  return count < buffer.length ? buffer.subarray(0, count) : buffer;
}
