/**
 * Sockets the Python way: an object whose calls have the names and meanings of Python's `socket` module. What can
 * block returns a promise, what cannot returns its value; what fails throws or rejects with a {@link SocketError}.
 */
import { EBADF, EINPROGRESS, ENOTCONN, ETIMEDOUT } from "../base/errno.ts";
import { checkSocketAddress, type InetAddress, inetAddress, type SocketAddress } from "./address.ts";
import { optionPatience, type Patience, perform } from "./async.ts";
import { AcceptCall, ConnectCall, closeFile, ReceiveCall, SEND_ALL, SEND_SOME, SendCall } from "./calls.ts";
import { MSG_DONTWAIT, MSG_OOB, SOCK_STREAM } from "./constants.ts";
import type { SocketCore } from "./core.ts";
import type { Description } from "./descriptors.ts";
import { SocketError } from "./error.ts";
import { checkBuffer, checkInteger, checkRange, show, toBytes } from "./misuse.ts";
import { type OptionValue, type OptionValueOf, readOption, writeOption } from "./options/index.ts";
import type { SocketHost } from "./socket-host.ts";
import { type InetName, inetName, namePlace, type SocketName } from "./socket-name.ts";
import { readableOf, writableOf } from "./web-streams.ts";

/** How much one step of an iteration receives at most, bytes. */
const CHUNK = 65_536;
const LARGEST = 0x7fff_ffff;

export class Socket {
  private readonly host: SocketHost;
  private readonly description: Description;
  /** -1 when closed or detached. */
  private descriptor: number;
  private timeoutMillis: number | null;
  private readableStream: ReadableStream<Uint8Array> | undefined = undefined;
  private writableStream: WritableStream<Uint8Array | string> | undefined = undefined;

  constructor(host: SocketHost, core: SocketCore, timeoutMillis: number | null = null) {
    this.host = host;
    this.timeoutMillis = timeoutMillis;
    this.descriptor = host.descriptors.open(core, timeoutMillis === 0);
    if (this.descriptor < 0) {
      core.close();
      throw new SocketError(this.descriptor, "socket");
    }
    this.description = host.descriptors.get(this.descriptor)!;
  }

  /** AF_INET … */
  get family(): number {
    return this.file.domain;
  }

  /** SOCK_STREAM … */
  get type(): number {
    return this.file.type;
  }

  /** IPPROTO_TCP … */
  get proto(): number {
    return this.file.protocol;
  }

  /** The descriptor, which `host.posix` takes too; -1 once closed. */
  fileno(): number {
    return this.descriptor;
  }

  /** Gives it a local address. "" is any address, port 0 picks a free one. A name of this host will do. */
  bind(where: SocketAddress): void {
    checkSocketAddress("bind", where);
    const core = this.open("bind");
    const address = this.host.addressOf("bind", where.address);
    if (typeof address !== "number") {
      throw new RangeError(`bind: ${show(where.address)} is no name that this host knows by itself`);
    }
    const name = inetName(address, where.port);
    this.check("bind", core.bind(name), name);
  }

  /** `backlog`: connections that may wait for {@link accept}; default 128. */
  listen(backlog = 128): void {
    this.check("listen", this.open("listen").listen(backlog));
  }

  /** The next connection, and who is at its other end. */
  async accept(): Promise<[connection: Socket, peer: InetAddress]> {
    const wrap = (core: SocketCore): [Socket, InetAddress] => [
      new Socket(this.host, core),
      addressOf(core.remoteName),
    ];
    const call = new AcceptCall(this.open("accept"), this.host.descriptors, wrap);
    return perform(this.host, call, this.patience("receive"));
  }

  /** Connects, or fails with ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH … For a datagram socket: names the peer. */
  async connect(where: SocketAddress): Promise<void> {
    checkSocketAddress("connect", where);
    const found = this.host.addressOf("connect", where.address);
    const name = inetName(typeof found === "number" ? found : await found, where.port);
    const core = this.open("connect");
    const result = core.connect(name);
    const patience = this.patience("send");
    if (!core.connectPending || patience.nonBlocking) return this.check("connect", result, name);
    return perform(this.host, new ConnectCall(core, name), {
      ...patience,
      timeoutErrno: patience.timeoutErrno === ETIMEDOUT ? ETIMEDOUT : EINPROGRESS,
    });
  }

  /** As {@link connect}, but errors of the network come as a number, positive as in Python: 0, 111, 115 … */
  async connect_ex(where: SocketAddress): Promise<number> {
    try {
      await this.connect(where);
      return 0;
    } catch (error) {
      if (error instanceof SocketError) return -error.errno;
      throw error;
    }
  }

  /** Takes what there is room for, at least a byte, and returns how many bytes that were. */
  async send(data: Uint8Array | string, flags = 0): Promise<number> {
    const call = new SendCall(this.open("send"), "send", toBytes("send", data), flags, SEND_SOME);
    return perform(this.host, call, this.patience("send", flags));
  }

  /** Takes everything. `data` must not change before the promise is settled. */
  async sendall(data: Uint8Array | string, flags = 0): Promise<void> {
    const call = new SendCall(this.open("send"), "send", toBytes("sendall", data), flags, SEND_ALL);
    await perform(this.host, call, this.patience("send", flags));
  }

  /** Sends one datagram to `where`: `sendto(data, where)`, or with flags `sendto(data, flags, where)`. */
  async sendto(
    data: Uint8Array | string,
    flagsOrWhere: number | SocketAddress,
    maybeWhere?: SocketAddress,
  ): Promise<number> {
    const flags = typeof flagsOrWhere === "number" ? flagsOrWhere : 0;
    const where = typeof flagsOrWhere === "number" ? maybeWhere : flagsOrWhere;
    checkSocketAddress("sendto", where);
    const bytes = toBytes("sendto", data);
    const found = this.host.addressOf("sendto", where.address);
    const to = inetName(typeof found === "number" ? found : await found, where.port);
    const call = new SendCall(this.open("sendto"), "sendto", bytes, flags, SEND_SOME, to);
    return perform(this.host, call, this.patience("send", flags));
  }

  /** At most `size` bytes; of length 0 when the peer has closed. Of a datagram the rest is lost. Size 0 does nothing. */
  async recv(size: number, flags = 0): Promise<Uint8Array> {
    checkRange("recv", "size", size, 0, LARGEST);
    if (this.asksForNothing("recv", size, flags)) return new Uint8Array(0);
    return this.receive("recv", undefined, size, flags, (call, count) => taken(call.into, count));
  }

  /** Fills `buffer`, or `size` bytes of it, and returns how many bytes came. */
  async recv_into(buffer: Uint8Array, size = 0, flags = 0): Promise<number> {
    const length = sizeFor("recv_into", buffer, size);
    if (this.asksForNothing("recv_into", length, flags)) return 0;
    return this.receive("recv_into", buffer, length, flags, (_, count) => count);
  }

  /** As {@link recv}, and where from. */
  async recvfrom(size: number, flags = 0): Promise<[data: Uint8Array, from: InetAddress]> {
    checkRange("recvfrom", "size", size, 0, LARGEST);
    return this.receive("recvfrom", undefined, size, flags, (call, count) => [
      taken(call.into, count),
      sender(call.core),
    ]);
  }

  /** As {@link recv_into}, and where from. */
  async recvfrom_into(buffer: Uint8Array, size = 0, flags = 0): Promise<[count: number, from: InetAddress]> {
    const length = sizeFor("recvfrom_into", buffer, size);
    return this.receive("recvfrom_into", buffer, length, flags, (call, count) => [count, sender(call.core)]);
  }

  /** SHUT_RD, SHUT_WR or SHUT_RDWR. */
  shutdown(how: number): void {
    this.check("shutdown", this.open("shutdown").shutdown(how));
  }

  /**
   * Closes it; a second time nothing happens. Calls that still wait reject with EBADF, and iterations end. With a time
   * in SO_LINGER it waits until the peer has everything, or the time is over.
   */
  async close(): Promise<void> {
    const { description, descriptor, host } = this;
    this.descriptor = -1;
    // somebody may have closed the descriptor by its number, and another socket may have it now
    if (descriptor < 0 || host.descriptors.get(descriptor) !== description) return;
    host.descriptors.remove(descriptor);
    if (description.drop()) await closeFile(host, description.file);
  }

  /** Closes the object and not the descriptor, which it returns. */
  detach(): number {
    const { descriptor } = this;
    this.descriptor = -1;
    return descriptor;
  }

  getsockname(): InetAddress {
    return addressOf(this.open("getsockname").localName);
  }

  /** ENOTCONN without a peer. */
  getpeername(): InetAddress {
    const name = this.open("getpeername").remoteName;
    if (name === undefined) throw new SocketError(ENOTCONN, "getpeername");
    return addressOf(name);
  }

  getsockopt<L extends number, O extends number>(level: L, option: O): OptionValueOf<L, O> {
    return readOption(this.open("getsockopt"), level, option) as OptionValueOf<L, O>;
  }

  setsockopt(level: number, option: number, value: OptionValue): void {
    writeOption(this.open("setsockopt"), level, option, value);
  }

  /** Milliseconds that a call may wait before it rejects with ETIMEDOUT; null: for ever; 0: not at all. */
  settimeout(millis: number | null): void {
    if (millis !== null && !(typeof millis === "number" && millis >= 0 && millis <= 1e12)) {
      throw new RangeError(
        `settimeout: the time is null or a number of milliseconds from 0 to 1e12, not ${show(millis)}`,
      );
    }
    this.open("settimeout");
    this.timeoutMillis = millis;
    this.description.nonBlocking = millis === 0;
  }

  gettimeout(): number | null {
    return this.timeoutMillis;
  }

  /** `false`: what cannot be done at once fails with EWOULDBLOCK (connect: EINPROGRESS). */
  setblocking(blocking: boolean): void {
    this.settimeout(blocking ? null : 0);
  }

  getblocking(): boolean {
    return this.timeoutMillis !== 0;
  }

  /** What is received, chunk by chunk, until the peer has closed. */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunk = await this.untilClosed(this.recv(CHUNK));
      if (chunk === undefined || (chunk.length === 0 && this.file.type === SOCK_STREAM)) return;
      yield chunk;
    }
  }

  /** The connections to a listening socket, until it is closed. */
  async *connections(): AsyncGenerator<Socket, void, undefined> {
    for (;;) {
      const accepted = await this.untilClosed(this.accept());
      if (accepted === undefined) return;
      yield accepted[0];
    }
  }

  /** {@link connections} of a listening socket, {@link chunks} of any other: TypeScript cannot know which. */
  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array | Socket, void, undefined> {
    return this.file.listening ? this.connections() : this.chunks();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
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

  /** The synchronous socket below. */
  get core(): SocketCore {
    return this.open("core");
  }

  /** The socket, open or not. */
  private get file(): SocketCore {
    return this.description.file as SocketCore;
  }

  private open(syscall: string): SocketCore {
    if (this.descriptor < 0 || this.file.closed) throw new SocketError(EBADF, syscall);
    return this.file;
  }

  private check(syscall: string, result: number, name?: SocketName): void {
    if (result < 0) throw new SocketError(result, syscall, ...namePlace(name));
  }

  private receive<T>(
    syscall: string,
    buffer: Uint8Array | undefined,
    size: number,
    flags: number,
    result: (call: ReceiveCall<T>, count: number) => T,
  ): Promise<T> {
    const call = new ReceiveCall(this.open(syscall), syscall, buffer, 0, size, flags, result);
    return perform(this.host, call, this.patience("receive", flags));
  }

  /** Python's `recv` and `recv_into` of 0 bytes never reach the socket, so they neither wait nor take a datagram. */
  private asksForNothing(syscall: string, size: number, flags: number): boolean {
    checkInteger(syscall, "flags", flags);
    this.open(syscall);
    return size === 0;
  }

  private patience(direction: "receive" | "send", flags = 0): Patience {
    checkInteger(direction, "flags", flags);
    const { timeoutMillis } = this;
    const timeoutErrno = ETIMEDOUT;
    if (timeoutMillis === 0 || (flags & atOnce(direction)) !== 0) {
      return { nonBlocking: true, timeoutMicros: 0, timeoutErrno };
    }
    if (timeoutMillis !== null) {
      return { nonBlocking: false, timeoutMicros: Math.ceil(timeoutMillis * 1000), timeoutErrno };
    }
    return optionPatience(this.file, direction);
  }

  /** The value of `promise`, undefined when this end has closed the socket meanwhile. */
  private async untilClosed<T>(promise: Promise<T>): Promise<T | undefined> {
    try {
      return await promise;
    } catch (error) {
      const closedHere = this.descriptor < 0 || this.file.closed;
      if (closedHere && error instanceof SocketError) return undefined;
      throw error;
    }
  }
}

function taken(buffer: Uint8Array, count: number): Uint8Array {
  return count < buffer.length ? buffer.subarray(0, count) : buffer;
}

function sender(core: SocketCore): InetAddress {
  return addressOf(core.senderName);
}

function addressOf(name: SocketName | undefined): InetAddress {
  const { address, port } = name as InetName;
  return inetAddress(address, port);
}

/** Python's rule: a size of 0 is the whole buffer. */
function sizeFor(call: string, buffer: Uint8Array, size: number): number {
  checkBuffer(call, buffer);
  checkRange(call, "size", size, 0, buffer.length);
  return size === 0 ? buffer.length : size;
}

/** The flags with which a call does not wait. Urgent data is never waited for, as in BSD and Linux. */
function atOnce(direction: "receive" | "send"): number {
  return direction === "receive" ? MSG_DONTWAIT | MSG_OOB : MSG_DONTWAIT;
}
