/**
 * The synchronous socket: every call returns at once, ≥ 0 or a negative errno, and readiness says when to try
 * again. Both faces of the API, with promises and with descriptors, stand on it, and so may a program that wants
 * neither: `host.stream()` and `host.datagram()` make one.
 */
import type { Clock } from "../base/clock.ts";
import { EBADF, EOPNOTSUPP } from "../base/errno.ts";
import { Task } from "../base/task.ts";
import { type Place, placeAddress, placePort } from "./address.ts";
import { IP_PMTUDISC_WANT, MSG_DONTWAIT, SHUT_RD, SHUT_RDWR } from "./constants.ts";
import { checkInteger, checkRange } from "./misuse.ts";
import { WaiterQueue } from "./waiter.ts";

/** What a socket asks of the host it belongs to. */
export interface SocketOwner {
  readonly clock: Clock;
  /** Every open socket of the host, in the order they were made. */
  readonly sockets: Set<SocketCore>;
}

/** The options that are the socket layer's own, or that a protocol has no use for: kept and given back. */
export class CommonOptions {
  /** SO_LINGER: whether close waits until the data has arrived, and for how many seconds at most. */
  lingerOn = false;
  lingerSeconds = 0;
  /** SO_RCVTIMEO and SO_SNDTIMEO in microseconds, 0: for ever. */
  receiveTimeoutMicros = 0;
  sendTimeoutMicros = 0;
  broadcast = false;
  keepAlive = false;
  oobInline = false;
  /** IP_MTU_DISCOVER, an IP_PMTUDISC_ value. */
  mtuDiscover = IP_PMTUDISC_WANT;
}

/** Where the last message came from, and how long it was: what `recvfrom` and `recvmsg` tell. */
export class MessageInfo {
  address = 0;
  port = 0;
  /** The whole datagram's length in bytes, also when less was asked for. */
  length = 0;
  /** MSG_TRUNC when the datagram was cut. */
  flags = 0;
}

/** The options that every protocol has, by the names under which each keeps them. */
export interface TransportSettings {
  /** IP_TTL, 1 to 255. */
  timeToLive: number;
  /** IP_TOS: the eight bits of DSCP and ECN. */
  trafficClass: number;
  /** SO_RCVBUF and SO_SNDBUF: bytes of data there is room for, half of what `getsockopt` shows. */
  receiveBufferBytes: number;
  sendBufferBytes: number;
  reuseAddress: boolean;
}

export abstract class SocketCore {
  readonly owner: SocketOwner;
  /** AF_INET … */
  readonly domain: number;
  /** SOCK_STREAM … */
  readonly type: number;
  /** IPPROTO_TCP … */
  readonly protocol: number;
  readonly common = new CommonOptions();
  /** What the last {@link receive} told beside the bytes. */
  readonly message = new MessageInfo();
  closed = false;
  /** Calls that wait to receive (or accept), those that wait to send (or connect), and those that only look on (poll). */
  readonly receivers = new WaiterQueue();
  readonly senders = new WaiterQueue();
  readonly watchers = new WaiterQueue();
  private callback: ((mask: number) => void) | undefined = undefined;
  private readonly firstNews = new Task(() => {
    if (!this.closed && this.readiness !== 0) this.callback?.(this.readiness);
  });
  /** For the protocol below to call at the end of an instant in which something happened. */
  protected readonly notify = (): void => this.deliver();

  constructor(owner: SocketOwner, domain: number, type: number, protocol: number) {
    this.owner = owner;
    this.domain = domain;
    this.type = type;
    this.protocol = protocol;
    owner.sockets.add(this);
  }

  /**
   * Gives it a local address and port: `bind({ address: "10.0.0.1", port: 80 })` or `bind(0x0a000001, 80)`. Address
   * 0 or "" is any, port 0 a free one. EINVAL (bound already), EADDRINUSE, EADDRNOTAVAIL.
   */
  bind(place: Place, port?: number): number {
    const address = placeAddress("bind", place);
    const number = placePort("bind", place, port);
    if (this.closed) return -EBADF;
    this.owner.clock.sample();
    return this.bindTo(address, number);
  }

  /**
   * Names the peer. A stream answers -EINPROGRESS, and becomes writable when it is connected or has failed; another
   * `connect` then gives the result, as {@link takeError} does. EISCONN, EALREADY, EADDRNOTAVAIL, ENETUNREACH …
   */
  connect(place: Place, port?: number): number {
    const address = placeAddress("connect", place);
    const number = placePort("connect", place, port);
    if (this.closed) return -EBADF;
    this.owner.clock.sample();
    return this.connectTo(address, number);
  }

  /** Bytes taken: fewer than given when there is no room for all. EAGAIN, EPIPE, ENOTCONN, EDESTADDRREQ … */
  send(data: Uint8Array, offset = 0, length = data.length - offset, flags = 0): number {
    checkSpan("send", data, offset, length);
    if (this.closed) return -EBADF;
    this.owner.clock.sample();
    return this.sendBytes(data, offset, length, flags & ~MSG_DONTWAIT);
  }

  /** {@link send} to an address other than the peer's. A stream ignores the address, as Linux does. */
  sendTo(
    data: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    place: Place,
    port?: number,
  ): number {
    checkSpan("sendTo", data, offset, length);
    const address = placeAddress("sendTo", place);
    const number = placePort("sendTo", place, port);
    if (this.closed) return -EBADF;
    this.owner.clock.sample();
    return this.sendBytesTo(data, offset, length, flags & ~MSG_DONTWAIT, address, number);
  }

  /** Bytes put into `into`; 0 from a stream: the peer has closed. EAGAIN, ENOTCONN, ECONNRESET … */
  receive(into: Uint8Array, offset = 0, length = into.length - offset, flags = 0): number {
    checkSpan("receive", into, offset, length);
    if (this.closed) return -EBADF;
    this.owner.clock.sample();
    return this.receiveBytes(into, offset, length, flags & ~MSG_DONTWAIT);
  }

  /** Makes it a listener with room for `backlog` connections that wait for {@link accept}. EADDRINUSE, EOPNOTSUPP. */
  listen(backlog = 128): number {
    checkInteger("listen", "backlog", backlog);
    if (this.closed) return -EBADF;
    this.owner.clock.sample();
    return this.listenWith(backlog);
  }

  /** The next established connection, or a negative errno: EAGAIN, EINVAL (not listening), ECONNABORTED. */
  accept(): SocketCore | number {
    if (this.closed) return -EBADF;
    this.owner.clock.sample();
    return this.acceptNext();
  }

  /** `how`: SHUT_RD, SHUT_WR or SHUT_RDWR. ENOTCONN. */
  shutdown(how: number): number {
    checkRange("shutdown", "how", how, SHUT_RD, SHUT_RDWR);
    if (this.closed) return -EBADF;
    this.owner.clock.sample();
    return this.shutdownHow(how);
  }

  /** Ends it. Whoever waits at it learns `reason`, a positive errno. */
  close(reason = EBADF): number {
    if (this.closed) return -EBADF;
    this.owner.clock.sample();
    this.closed = true;
    this.owner.sockets.delete(this);
    this.callback = undefined;
    this.release();
    this.dismiss(reason);
    return 0;
  }

  protected abstract bindTo(address: number, port: number): number;
  protected abstract connectTo(address: number, port: number): number;
  protected abstract sendBytes(data: Uint8Array, offset: number, length: number, flags: number): number;
  protected abstract sendBytesTo(
    data: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    address: number,
    port: number,
  ): number;
  protected abstract receiveBytes(into: Uint8Array, offset: number, length: number, flags: number): number;
  protected abstract shutdownHow(how: number): number;
  /** Lets go of the protocol below. */
  protected abstract release(): void;

  protected listenWith(_backlog: number): number {
    return -EOPNOTSUPP;
  }

  protected acceptNext(): SocketCore | number {
    return -EOPNOTSUPP;
  }

  abstract readonly settings: TransportSettings;
  /** To be called after `settings` or `common` was changed. */
  abstract settingsChanged(): void;
  /** What SO_RCVBUF, SO_SNDBUF and IP_TTL are bounded by or go back to: the host's configuration. */
  abstract get maxReceiveBufferBytes(): number;
  abstract get maxSendBufferBytes(): number;
  abstract get defaultTimeToLive(): number;

  /** What can be done without waiting, as a mask of `POLL…` bits. */
  abstract get readiness(): number;
  /** SO_ERROR: the pending error, positive, which is then forgotten; 0 when there is none. */
  abstract takeError(): number;
  /** Bytes that {@link receive} can give at once: all of a stream's, the first datagram's (FIONREAD). */
  abstract get readable(): number;
  /** Int32; 0 for none. */
  abstract get localAddress(): number;
  abstract get localPort(): number;
  /** Int32; 0, as the port, while there is no peer. */
  abstract get remoteAddress(): number;
  abstract get remotePort(): number;
  /** `"ESTABLISHED"` …, `"UNCONN"` for a datagram socket without a peer. */
  abstract get stateName(): string;

  /** Whether it has been told to listen. */
  get listening(): boolean {
    return false;
  }

  get onReadiness(): ((mask: number) => void) | undefined {
    return this.callback;
  }

  /**
   * Called with the readiness mask when it may have changed, and once for what is ready already: at the end of an
   * instant, never from inside a call. What is sent from here carries the ACK of what has come.
   */
  set onReadiness(callback: ((mask: number) => void) | undefined) {
    this.callback = callback;
    if (callback !== undefined) this.owner.clock.defer(this.firstNews);
  }

  /** Sends everyone away who waits at it: they learn `reason`. */
  dismiss(reason: number): void {
    this.receivers.dismissAll(reason);
    this.senders.dismissAll(reason);
    this.watchers.dismissAll(reason);
  }

  private deliver(): void {
    if (this.closed) return;
    if (this.callback !== undefined) {
      this.owner.clock.settled++; // a program may wait for what its callback does
      this.callback(this.readiness);
    }
    this.receivers.serve(this);
    this.senders.serve(this);
    this.watchers.wakeAll(this);
  }
}

function checkSpan(call: string, bytes: Uint8Array, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= bytes.length) return;
  throw new RangeError(
    `${call}: offset ${offset} and length ${length} do not lie within the ${bytes.length} bytes given`,
  );
}
