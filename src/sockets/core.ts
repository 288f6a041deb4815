/**
 * The synchronous socket: every call returns at once, ≥ 0 or a negative errno, and readiness says when to try
 * again. Both faces of the API, with promises and with descriptors, stand on it, and so may a program that wants
 * neither: `host.stream()` and `host.datagram()` make one.
 */
import { EAFNOSUPPORT, EBADF, EOPNOTSUPP } from "../base/errno.ts";
import type { Place } from "./address.ts";
import { IP_PMTUDISC_WANT, MSG_DONTWAIT, SHUT_RD, SHUT_RDWR } from "./constants.ts";
import { type FileOwner, OpenFile } from "./file.ts";
import { MessageInfo, type Outgoing } from "./message.ts";
import { checkInteger, checkRange } from "./misuse.ts";
import type { IpLayer } from "./socket-host.ts";
import type { SocketName } from "./socket-name.ts";

/** A right of Linux that a host has, and can drop. */
export type Capability =
  /** To bind ports below 1024. */
  | "CAP_NET_BIND_SERVICE"
  /** To make raw and packet sockets. */
  | "CAP_NET_RAW"
  /** To set options that reach beyond the socket: SO_MARK, SO_RCVBUFFORCE, IP_TRANSPARENT … */
  | "CAP_NET_ADMIN"
  /** To call the host otherwise: `sethostname`. */
  | "CAP_SYS_ADMIN";

/** What a socket asks of the host it belongs to. */
export interface SocketOwner extends FileOwner {
  /** Every open socket of the host, in the order they were made. */
  readonly sockets: Set<SocketCore>;
  /** What the host's programs may do. */
  readonly capabilities: ReadonlySet<Capability>;
  readonly ipv4: IpLayer;
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
  /** What a received message tells in control messages: IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, SO_TIMESTAMP, TCP_INQ, SO_PASSCRED. */
  receivePacketInfo = false;
  receiveTimeToLive = false;
  receiveTrafficClass = false;
  timestamp = false;
  receiveInQueue = false;
  passCredentials = false;
  /** IP_RECVERR: errors are kept in a queue, for MSG_ERRQUEUE. */
  receiveErrors = false;
  /** The rest, by name; replaced when one of them is set. */
  kept: Readonly<Record<string, unknown>> = NOTHING_KEPT;
}

const NOTHING_KEPT: Readonly<Record<string, unknown>> = {};

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

export abstract class SocketCore extends OpenFile {
  declare readonly owner: SocketOwner;
  /** AF_INET … */
  readonly domain: number;
  /** SOCK_STREAM … */
  readonly type: number;
  /** IPPROTO_TCP … */
  readonly protocol: number;
  readonly common = new CommonOptions();
  /** What the last {@link receive} told beside the bytes. */
  readonly message = new MessageInfo();
  /** What control messages ask for the next {@link send}; whoever sets it takes it back after that send. */
  outgoing: Outgoing | undefined = undefined;

  constructor(owner: SocketOwner, domain: number, type: number, protocol: number) {
    super(owner);
    this.domain = domain;
    this.type = type;
    this.protocol = protocol;
    owner.sockets.add(this);
  }

  /**
   * Gives it a name of its own. In AF_INET an address and port: `bind({ address: "10.0.0.1", port: 80 })` or
   * `bind(0x0a000001, 80)`; address 0 or "" is any, port 0 a free one. In AF_UNIX a path: `bind({ path: "/run/x" })`.
   * EINVAL (bound already), EADDRINUSE, EADDRNOTAVAIL, EACCES (a port below 1024 without CAP_NET_BIND_SERVICE).
   */
  bind(place: Place, port?: number): number {
    if (this.closed) return -this.closedErrno;
    this.owner.clock.sample();
    return this.bindPlace(place, port);
  }

  /**
   * Names the peer. A stream answers -EINPROGRESS, and becomes writable when it is connected or has failed; another
   * `connect` then gives the result, as {@link takeError} does. EISCONN, EALREADY, EADDRNOTAVAIL, ENETUNREACH …
   */
  connect(place: Place, port?: number): number {
    if (this.closed) return -this.closedErrno;
    this.owner.clock.sample();
    return this.connectPlace(place, port);
  }

  /** Forgets the peer: `connect` to AF_UNSPEC. */
  disconnect(): number {
    if (this.closed) return -this.closedErrno;
    this.owner.clock.sample();
    return this.dissolve();
  }

  /** Bytes taken: fewer than given when there is no room for all. EAGAIN, EPIPE, ENOTCONN, EDESTADDRREQ … */
  send(data: Uint8Array, offset = 0, length = data.length - offset, flags = 0): number {
    checkSpan("send", data, offset, length);
    if (this.closed) return -this.closedErrno;
    this.owner.clock.sample();
    const count = this.sendBytes(data, offset, length, flags & ~MSG_DONTWAIT);
    if (count < length) this.shortOfSpace = true;
    return count;
  }

  /** {@link send} to a place other than the peer's. A TCP stream ignores the place, as Linux does. */
  sendTo(
    data: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    place: Place,
    port?: number,
  ): number {
    checkSpan("sendTo", data, offset, length);
    if (this.closed) return -this.closedErrno;
    this.owner.clock.sample();
    const count = this.sendToPlace(data, offset, length, flags & ~MSG_DONTWAIT, place, port);
    if (count < length) this.shortOfSpace = true;
    return count;
  }

  /** Bytes put into `into`; 0 from a stream: the peer has closed. EAGAIN, ENOTCONN, ECONNRESET … */
  receive(into: Uint8Array, offset = 0, length = into.length - offset, flags = 0): number {
    checkSpan("receive", into, offset, length);
    if (this.closed) return -this.closedErrno;
    this.owner.clock.sample();
    return this.receiveBytes(into, offset, length, flags);
  }

  /** Makes it a listener with room for `backlog` connections that wait for {@link accept}. EADDRINUSE, EOPNOTSUPP. */
  listen(backlog = 128): number {
    checkInteger("listen", "backlog", backlog);
    if (this.closed) return -this.closedErrno;
    this.owner.clock.sample();
    return this.listenWith(backlog);
  }

  /** The next established connection, or a negative errno: EAGAIN, EINVAL (not listening), ECONNABORTED. */
  accept(): SocketCore | number {
    if (this.closed) return -this.closedErrno;
    this.owner.clock.sample();
    return this.acceptNext();
  }

  /** `how`: SHUT_RD, SHUT_WR or SHUT_RDWR. ENOTCONN. */
  shutdown(how: number): number {
    checkRange("shutdown", "how", how, SHUT_RD, SHUT_RDWR);
    if (this.closed) return -this.closedErrno;
    this.owner.clock.sample();
    return this.shutdownHow(how);
  }

  override close(reason = EBADF): number {
    this.owner.sockets.delete(this);
    return super.close(reason);
  }

  protected abstract bindPlace(place: Place, port: number | undefined): number;
  protected abstract connectPlace(place: Place, port: number | undefined): number;
  protected abstract sendBytes(data: Uint8Array, offset: number, length: number, flags: number): number;
  protected abstract sendToPlace(
    data: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    place: Place,
    port: number | undefined,
  ): number;
  protected abstract receiveBytes(into: Uint8Array, offset: number, length: number, flags: number): number;
  protected abstract shutdownHow(how: number): number;

  protected dissolve(): number {
    return -EAFNOSUPPORT;
  }

  protected listenWith(_backlog: number): number {
    return -EOPNOTSUPP;
  }

  protected acceptNext(): SocketCore | number {
    return -EOPNOTSUPP;
  }

  /** Whether a `connect` has begun whose result nobody has been told yet. */
  get connectPending(): boolean {
    return false;
  }

  /** What became of a `connect` that did not end at once: 0, or why not; -EALREADY while nobody knows. */
  connectResult(): number {
    return 0;
  }

  /**
   * The first half of a close that waits (SO_LINGER with a time): FIN behind the data. Returns whether there is
   * something to wait for; {@link lingered} says for how long.
   */
  startLinger(): boolean {
    return false;
  }

  /** 0 when the peer has everything, -EAGAIN before. */
  lingered(): number {
    return 0;
  }

  /** Whether the next byte to read is the urgent one, or follows it (SIOCATMARK); undefined: no such thing here. */
  get atMark(): boolean | undefined {
    return undefined;
  }

  abstract readonly settings: TransportSettings;
  /** To be called after `settings` or `common` was changed. */
  abstract settingsChanged(): void;
  /** What SO_RCVBUF, SO_SNDBUF and IP_TTL are bounded by or go back to: the host's configuration. */
  abstract get maxReceiveBufferBytes(): number;
  abstract get maxSendBufferBytes(): number;
  abstract get defaultTimeToLive(): number;

  /** SO_ERROR: the pending error, positive, which is then forgotten; 0 when there is none. */
  abstract takeError(): number;
  /** Bytes that {@link receive} can give at once: all of a stream's, the first datagram's (FIONREAD). */
  abstract get readable(): number;
  /** Bytes sent that the peer has not acknowledged or taken (SIOCOUTQ). */
  get unacknowledged(): number {
    return 0;
  }

  /** What `getsockname` gives: also before anything was bound. */
  abstract get localName(): SocketName;
  /** Whom it was connected to, or accepted from; undefined when there has been nobody. */
  abstract get remoteName(): SocketName | undefined;
  /** What `getpeername` gives; undefined without a peer (ENOTCONN). */
  get peerName(): SocketName | undefined {
    return this.remoteName;
  }
  /** Who sent what the last {@link receive} gave: what `recvfrom` tells. Undefined when nobody can be named. */
  abstract get senderName(): SocketName | undefined;
  /** `"ESTABLISHED"` …, `"UNCONN"` for a datagram socket without a peer. */
  abstract get stateName(): string;

  /** Whether it has been told to listen. */
  get listening(): boolean {
    return false;
  }
}

function checkSpan(call: string, bytes: Uint8Array, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= bytes.length) return;
  throw new RangeError(
    `${call}: offset ${offset} and length ${length} do not lie within the ${bytes.length} bytes given`,
  );
}
