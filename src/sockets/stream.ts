import { EAGAIN, EALREADY, ECONNABORTED, EINPROGRESS } from "../base/errno.ts";
import { POLLERR, POLLHUP, POLLOUT, POLLWRNORM } from "../base/readiness.ts";
import { ANY_ADDRESS, LOOPBACK_ADDRESS } from "../ip/address.ts";
import {
  accept,
  atMark,
  bind,
  close,
  disconnect,
  inheritBinding,
  listen,
  open,
  outputQueue,
  readableBytes,
  readiness,
  receive,
  send,
  settingsChanged,
  shutdown,
  type Tcb,
  type Tcp,
  takeError,
} from "../tcp/index.ts";
import type { Settings } from "../tcp/settings.ts";
import { CLOSED, CLOSING, FIN_WAIT_1, isOneOf, LAST_ACK, LISTEN, SYN_SENT, TIME_WAIT } from "../tcp/state.ts";
import {
  IP_PMTUDISC_DO,
  IP_PMTUDISC_WANT,
  IPPROTO_TCP,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  SHUT_WR,
  SOCK_STREAM,
} from "./constants.ts";
import type { SocketOwner } from "./core.ts";
import { InetCore } from "./inet-core.ts";
import type { SocketName } from "./socket-name.ts";

/** States in which data or FIN of a connection that is shut down may not have arrived yet. */
const UNFINISHED = (1 << FIN_WAIT_1) | (1 << CLOSING) | (1 << LAST_ACK);

/** States in which `getpeername` has nobody to tell of; Linux's sockets are CLOSED while TIME-WAIT goes on. */
const PEERLESS = (1 << CLOSED) | (1 << SYN_SENT) | (1 << TIME_WAIT);

/** `SOCK_STREAM` in `AF_INET`: a TCP connection or listener. */
export class StreamCore extends InetCore {
  /** The transmission control block it stands for. */
  tcb: Tcb;
  private readonly tcp: Tcp;
  /** A `connect` has sent its SYN, and nobody has been told the result yet. */
  private connecting = false;

  constructor(owner: SocketOwner, tcp: Tcp, tcb: Tcb = tcp.create()) {
    super(owner, SOCK_STREAM, IPPROTO_TCP);
    this.tcp = tcp;
    this.tcb = tcb;
    tcb.onEvent = this.notify;
  }

  protected override bindTo(address: number, port: number): number {
    return bind(this.tcb, address, port);
  }

  protected override connectTo(address: number, port: number): number {
    if (this.connecting) return this.connectResult();
    // INADDR_ANY is this host itself, as in Linux
    const target = address === ANY_ADDRESS ? this.tcb.localAddress || LOOPBACK_ADDRESS : address;
    const result = open(this.tcb, target, port);
    if (result < 0) return result;
    this.connecting = true;
    return -EINPROGRESS;
  }

  protected override dissolve(): number {
    this.connecting = false;
    this.tcb = disconnect(this.tcb);
    return 0;
  }

  override get connectPending(): boolean {
    return this.connecting;
  }

  override connectResult(): number {
    if ((readiness(this.tcb) & (POLLOUT | POLLERR | POLLHUP)) === 0) return -EALREADY;
    this.connecting = false;
    const error = takeError(this.tcb);
    if (error === 0 && this.tcb.state !== CLOSED) return 0;
    this.renew();
    // when somebody has read SO_ERROR before us, Linux says ECONNABORTED
    return error === 0 ? -ECONNABORTED : -error;
  }

  /** After an attempt has failed another one may be made, with the same options from the same address. */
  private renew(): void {
    const previous = this.tcb;
    this.tcb = this.tcp.create();
    this.tcb.settings.copyFrom(previous.settings);
    this.tcb.onEvent = this.notify;
    settingsChanged(this.tcb);
    inheritBinding(this.tcb, previous);
    close(previous);
  }

  /** As Linux has it: nobody before the connection is made, nor after it has ended. */
  override get peerName(): SocketName | undefined {
    return isOneOf(this.tcb.state, PEERLESS) ? undefined : this.remoteName;
  }

  /** Bytes of a stream have no sender of their own: Linux tells recvfrom and recvmsg nobody. */
  override get senderName(): SocketName | undefined {
    return undefined;
  }

  protected override listenWith(backlog: number): number {
    return listen(this.tcb, backlog);
  }

  protected override acceptNext(): StreamCore | number {
    const tcb = accept(this.tcb);
    if (typeof tcb === "number") return tcb;
    const core = new StreamCore(this.owner, this.tcp, tcb);
    core.inherit(this);
    return core;
  }

  protected override sendBytes(data: Uint8Array, offset: number, length: number, flags: number): number {
    return send(this.tcb, data, offset, length, flags);
  }

  protected override sendBytesTo(data: Uint8Array, offset: number, length: number, flags: number): number {
    return send(this.tcb, data, offset, length, flags);
  }

  protected override receiveBytes(into: Uint8Array, offset: number, length: number, flags: number): number {
    const message = this.message;
    if ((flags & MSG_ERRQUEUE) !== 0) return -EAGAIN; // TCP tells its errors at once, and keeps none
    message.flags = flags & MSG_OOB;
    const result = receive(this.tcb, into, offset, length, flags & (MSG_OOB | MSG_PEEK | MSG_TRUNC));
    message.length = result;
    return result;
  }

  protected override shutdownHow(how: number): number {
    // Linux's inet_shutdown: who waits for a connection then starts from nothing
    const { state } = this.tcb;
    if (state === SYN_SENT || (state === LISTEN && how !== SHUT_WR)) return this.dissolve();
    return shutdown(this.tcb, how);
  }

  protected override release(): void {
    this.tcb.onEvent = undefined;
    close(this.tcb);
  }

  override startLinger(): boolean {
    // RFC 9293 §3.6.1, SHLD-3: unread data means RST, at once
    if (this.tcb.receiveQueue > 0 || shutdown(this.tcb, SHUT_WR) < 0) return false;
    return this.lingered() === -EAGAIN;
  }

  /** Everything means up to our FIN. */
  override lingered(): number {
    return isOneOf(this.tcb.state, UNFINISHED) ? -EAGAIN : 0;
  }

  override get settings(): Settings {
    return this.tcb.settings;
  }

  override settingsChanged(): void {
    // Linux, ip_dont_fragment: DF in these two modes alone. Whatever the mode, no segment is longer than the path is known to carry.
    const { mtuDiscover } = this.common;
    this.settings.pathMtuDiscovery = mtuDiscover === IP_PMTUDISC_WANT || mtuDiscover === IP_PMTUDISC_DO;
    settingsChanged(this.tcb);
  }

  override get maxReceiveBufferBytes(): number {
    return this.tcp.config.maxReceiveBufferBytes;
  }

  override get maxSendBufferBytes(): number {
    return this.tcp.config.maxSendBufferBytes;
  }

  override get defaultTimeToLive(): number {
    return this.tcp.config.timeToLive;
  }

  override get atMark(): boolean {
    return atMark(this.tcb);
  }

  override get readiness(): number {
    return readiness(this.tcb);
  }

  /** Linux's tcp_poll tells no POLLWRBAND. */
  override get writeBands(): number {
    return POLLWRNORM;
  }

  override takeError(): number {
    return takeError(this.tcb);
  }

  /** What was acknowledged opens the window of the other direction, and is no arrival; nor is a repetition. */
  override get arrivals(): number {
    return this.listening ? this.newsCount : this.tcb.rcv.nxt;
  }

  override get listening(): boolean {
    return this.tcb.state === LISTEN;
  }

  override get unacknowledged(): number {
    return Math.max(0, outputQueue(this.tcb));
  }

  override get readable(): number {
    return this.listening ? 0 : readableBytes(this.tcb);
  }

  override get localAddress(): number {
    return this.tcb.localAddress;
  }

  override get localPort(): number {
    return this.tcb.localPort;
  }

  override get remoteAddress(): number {
    return this.tcb.remoteAddress;
  }

  override get remotePort(): number {
    return this.tcb.remotePort;
  }

  override get stateName(): string {
    return this.tcb.stateName;
  }

  /** A connection has its listener's options (Linux: the child is a copy of the listener's socket). */
  private inherit(listener: StreamCore): void {
    Object.assign(this.common, listener.common);
    const { kept } = listener.common;
    if ("priority" in kept) this.common.kept = { ...kept, priority: 0 }; // but SO_PRIORITY, as Linux has it
  }
}
