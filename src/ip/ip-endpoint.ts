/** What raw and ping endpoints have in common: addresses, a path, a queue. Calls return ≥ 0 or a negative errno. */

import type { Clock } from "../base/clock.ts";
import { copyBytes } from "../base/copy.ts";
import { EADDRNOTAVAIL, EAGAIN, EBADF, EDESTADDRREQ, EMSGSIZE, ENOTCONN } from "../base/errno.ts";
import { MSG_DONTWAIT, MSG_ERRQUEUE, MSG_PEEK, MSG_TRUNC } from "../base/message-flags.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from "../base/readiness.ts";
import { Task } from "../base/task.ts";
import { FLAG_FOREIGN, type Packet } from "../packet/packet.ts";
import { copyPacket } from "../packet/packet-copy.ts";
import { PacketQueue } from "../packet/packet-queue.ts";
import { packetPool } from "../packet/pool.ts";
import { ANY_ADDRESS, isMulticast, LOOPBACK_ADDRESS } from "./address.ts";
import type { IpConfig } from "./config.ts";
import { ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED } from "./icmp-message.ts";
import type { Identification } from "./identification.ts";
import { IPV4_HEADER_LENGTH, MAX_DATAGRAM_LENGTH } from "./ipv4-header.ts";
import type { Ipv4Path } from "./ipv4-path.ts";
import { Memberships } from "./memberships.ts";
import { learnsTooBig, mayGo, mtuFor } from "./mtu-discovery.ts";
import type { IcmpReport, PathChoice, PathFinder, SendOptions, Transport } from "./path.ts";
import type { RawCounters } from "./raw-counters.ts";
import { RawErrors } from "./raw-errors.ts";
import { RawSettings } from "./raw-settings.ts";
import type { ReceivedInfo } from "./received.ts";

/** IPv4 as a raw endpoint needs it: with paths that can take a datagram whose header is the user's. */
export interface RawPaths extends PathFinder {
  path(destination: number, source: number, choice?: PathChoice): Ipv4Path | number;
}

/** What endpoints share. */
export interface RawEnvironment {
  readonly clock: Clock;
  readonly paths: RawPaths;
  readonly config: IpConfig;
  readonly identification: Identification;
  readonly counters: RawCounters;
  /** By protocol number: who looks after it. */
  readonly transports: readonly (Transport | undefined)[];
}

/** What one `send` has otherwise than the settings say. */
export interface OneSend {
  /** 0: as it is bound. */
  readonly source: number;
  /** -1: as routed. */
  readonly interfaceIndex: number;
  /** -1: as the settings say. */
  readonly timeToLive: number;
  readonly trafficClass: number;
  /** MSG_DONTROUTE. */
  readonly onLink?: boolean;
}

/** Groups that one endpoint may join: Linux's igmp_max_memberships. */
const MAX_MEMBERSHIPS = 20;

export abstract class IpEndpoint {
  readonly settings: RawSettings;
  readonly errors: RawErrors;
  readonly memberships: Memberships;
  /** 0: any. */
  localAddress = ANY_ADDRESS;
  /** 0: not connected. */
  remoteAddress = ANY_ADDRESS;
  /** Means nothing; kept for `getpeername`. */
  remotePort = 0;
  /** Called at the end of an instant in which a datagram or an error came. */
  onEvent: (() => void) | undefined = undefined;
  /** Datagrams that found the queue full. */
  dropped = 0;
  protected readonly environment: RawEnvironment;
  protected closed = false;
  protected writeShut = false;
  private readonly queue = new PacketQueue();
  private readShut = false;
  /** The path of the last datagram, and for whom it was found. */
  private lastPath: Ipv4Path | undefined = undefined;
  private pathDestination = 0;
  /** Where the last datagram went. */
  private sentTo = ANY_ADDRESS;
  private readonly options: SendOptions = {
    timeToLive: 0,
    trafficClass: 0,
    dontFragment: false,
    ignoresPathMtu: false,
  };
  private readonly news = new Task(() => this.onEvent?.());

  constructor(environment: RawEnvironment) {
    this.environment = environment;
    this.settings = new RawSettings(environment.config);
    this.errors = new RawErrors(environment.clock, this.settings);
    this.memberships = new Memberships(environment.paths, MAX_MEMBERSHIPS);
  }

  get connected(): boolean {
    return this.remoteAddress !== ANY_ADDRESS;
  }

  /** Length of what {@link receive} gives next, 0 when there is nothing (FIONREAD). */
  get nextLength(): number {
    return this.queue.first?.length ?? 0;
  }

  /** To be called after `settings` was changed. */
  settingsChanged(): void {
    this.lastPath = undefined;
    if (!this.settings.receiveErrors) this.errors.clearQueue();
  }

  /**
   * Names the peer: datagrams go there by default, and errors from there are told. May be called again. Address 0 is this host
   * itself. EACCES (broadcast), ENETUNREACH, EINVAL.
   */
  connect(address: number, port: number): number {
    if (this.closed) return -EBADF;
    const destination = address === ANY_ADDRESS ? LOOPBACK_ADDRESS : address;
    this.lastPath = undefined;
    const path = this.pathTo(destination, undefined);
    if (typeof path === "number") return path;
    if (this.localAddress === ANY_ADDRESS) this.localAddress = path.source;
    this.remoteAddress = destination;
    this.remotePort = port;
    return 0;
  }

  /** Forgets the peer (connect to AF_UNSPEC). */
  disconnect(): number {
    if (this.closed) return -EBADF;
    this.remoteAddress = ANY_ADDRESS;
    this.remotePort = 0;
    this.errors.take();
    this.lastPath = undefined;
    return 0;
  }

  /** {@link sendTo} the peer. EDESTADDRREQ without one. */
  send(data: Uint8Array, offset: number, length: number, one: OneSend | undefined): number {
    if (!this.closed && !this.connected) return length > MAX_DATAGRAM_LENGTH ? -EMSGSIZE : -EDESTADDRREQ;
    return this.sendTo(data, offset, length, this.remoteAddress, one);
  }

  /** Sends `length` bytes of `data` as one datagram; address 0 is this host. Returns `length` or a negative errno. */
  sendTo(
    data: Uint8Array,
    offset: number,
    length: number,
    address: number,
    one: OneSend | undefined,
  ): number {
    if (this.closed) return -EBADF;
    const isTooLong = length > MAX_DATAGRAM_LENGTH;
    const destination = address || LOOPBACK_ADDRESS;
    const result = isTooLong ? -EMSGSIZE : this.transmit(data, offset, length, destination, one);
    const { counters } = this.environment;
    if (result < 0) {
      counters.sendFailed++;
      return result;
    }
    counters.sent++;
    this.sentTo = destination;
    return length;
  }

  protected abstract transmit(
    data: Uint8Array,
    offset: number,
    length: number,
    destination: number,
    one: OneSend | undefined,
  ): number;

  /**
   * Copies what came first, cut to `length`, into `into` and drops it. Returns the bytes copied, or with MSG_TRUNC how long it
   * was; with MSG_PEEK it stays. 0 when reading was shut down, but EAGAIN with MSG_DONTWAIT, as in Linux. EAGAIN, or an ICMP error
   * that waits to be told. With MSG_ERRQUEUE it is the oldest of the errors (IP_RECVERR) instead, and what its message quotes.
   */
  receive(into: Uint8Array, offset: number, length: number, flags: number, info: ReceivedInfo): number {
    if (this.closed) return -EBADF;
    if ((flags & MSG_ERRQUEUE) !== 0) return this.receiveError(into, offset, length, info);
    if (this.errors.pending !== 0) return -this.errors.take();
    const packet = this.queue.first;
    if (packet === undefined) return this.readShut && (flags & MSG_DONTWAIT) === 0 ? 0 : -EAGAIN;
    const fullLength = packet.length;
    const copied = Math.min(length, fullLength);
    copyBytes(packet.slab.bytes, packet.offset, into, offset, copied);
    info.tellOfPacket(packet, copied);
    if ((flags & MSG_PEEK) === 0) this.queue.shift();
    return (flags & MSG_TRUNC) !== 0 ? fullLength : copied;
  }

  private receiveError(into: Uint8Array, offset: number, length: number, info: ReceivedInfo): number {
    const error = this.errors.shift();
    if (error === undefined) return -EAGAIN;
    const copied = Math.min(length, error.payload.length);
    copyBytes(error.payload, 0, into, offset, copied);
    info.tellOfError(error, copied);
    return copied;
  }

  /** `how`: 0 reading, 1 writing, 2 both. ENOTCONN without a peer, though it counts then too, as in Linux. */
  shutdown(how: number): number {
    if (this.closed) return -EBADF;
    if (how !== 1) this.readShut = true;
    if (how !== 0) this.writeShut = true;
    this.notify();
    return this.connected ? 0 : -ENOTCONN;
  }

  /** Gives up what waits to be read. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.onEvent = undefined;
    this.queue.clear();
    this.errors.clearQueue();
    this.memberships.clear();
    this.lastPath = undefined;
    this.forget();
  }

  /** Takes it out of the tables. */
  protected abstract forget(): void;

  /** POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP as Linux's datagram_poll computes it. */
  readiness(): number {
    let mask = POLLOUT;
    if (this.queue.first !== undefined) mask |= POLLIN;
    if (this.errors.waiting) mask |= POLLERR;
    if (this.readShut) mask |= POLLIN | POLLRDHUP;
    if (this.readShut && this.writeShut) mask |= POLLHUP;
    return mask;
  }

  /** SO_ERROR: the pending error as a positive errno, and forgets it; 0 when there is none. */
  takeError(): number {
    return this.errors.take();
  }

  /** An ICMP error quotes a datagram of this endpoint. */
  icmpError(report: IcmpReport): void {
    const { type, code } = report;
    const isTooBig = type === ICMP_UNREACHABLE && code === UNREACHABLE_FRAGMENTATION_NEEDED;
    if (isTooBig && learnsTooBig(this.settings.pathMtuDiscovery) && this.believes(report)) {
      this.environment.paths.learnPathMtu(report.destination, report.mtu);
    }
    if (this.errors.icmpError(report, this.connected, this.queue.memory)) this.notify();
  }

  /** Whether what `report` says of the path may be true: an address that we send to (RFC 5927 §7; Linux asks nothing). */
  protected believes({ destination }: IcmpReport): boolean {
    return destination === this.sentTo || (this.connected && destination === this.remoteAddress);
  }

  /** Puts a copy of `length` bytes of `packet`, from the absolute offset `start`, into the queue. */
  protected keep(packet: Packet, start: number, length: number): void {
    const { counters } = this.environment;
    // As in Linux, one too many is let in: a buffer of any size takes one datagram of any size.
    if (this.queue.memory + this.errors.memory > 2 * this.settings.receiveBufferBytes) {
      this.dropped++;
      counters.receiveQueueFull++;
      return;
    }
    counters.delivered++;
    const copy = copyPacket(packet, start, length);
    copy.arrivedMicros = this.environment.clock.now;
    this.queue.push(copy);
    this.notify();
  }

  /** Whether it listens at `destination`, and to what comes in by that interface. */
  protected hears(destination: number, interfaceIndex: number): boolean {
    if (this.localAddress !== ANY_ADDRESS && this.localAddress !== destination) return false;
    const { interface: only, multicastAll } = this.settings;
    if (only >= 0 && only !== interfaceIndex) return false;
    return multicastAll || !isMulticast(destination) || this.memberships.has(destination, interfaceIndex);
  }

  /** Whether it may bind to `address`: 0 or -EADDRNOTAVAIL. */
  protected checkLocal(address: number, groupsToo: boolean): number {
    const { paths } = this.environment;
    const { freeBind, transparent } = this.settings;
    if (address === ANY_ADDRESS || paths.isLocal(address)) return 0;
    const isGroup = paths.isBroadcastOrMulticast(address);
    return (isGroup ? groupsToo : freeBind || transparent) ? 0 : -EADDRNOTAVAIL;
  }

  /** The pending error as a negative errno, 0 when there is none. */
  protected failPending(): number {
    return this.errors.pending === 0 ? 0 : -this.errors.take();
  }

  /** Room for `length` bytes with the user's in it, to be sent with {@link sendPacket}. */
  protected packetOf(data: Uint8Array, offset: number, length: number): Packet {
    const packet = packetPool.allocate(length);
    copyBytes(data, offset, packet.slab.bytes, packet.offset, length);
    packet.length = length;
    packet.flags = FLAG_FOREIGN;
    return packet;
  }

  /** Whether a datagram with `length` bytes behind its header may go by `path`: 0 or -EMSGSIZE. Sets the header fields. */
  protected fit(path: Ipv4Path, length: number, one: OneSend | undefined): number {
    const { settings, options } = this;
    const total = length + IPV4_HEADER_LENGTH + path.optionsLength;
    if (total > MAX_DATAGRAM_LENGTH) return -EMSGSIZE;
    const { timeToLive, multicastTimeToLive, trafficClass, pathMtuDiscovery: mode } = settings;
    const ordinary = isMulticast(path.destination) ? multicastTimeToLive : timeToLive;
    options.timeToLive = one === undefined || one.timeToLive < 0 ? ordinary : one.timeToLive;
    options.trafficClass = one === undefined || one.trafficClass < 0 ? trafficClass : one.trafficClass;
    if (mayGo(mode, path, total, options)) return 0;
    return this.tooLong(path, mtuFor(mode, path) - path.optionsLength);
  }

  /** Tells that a datagram by `path` is longer than `mtu`; -EMSGSIZE. */
  protected tooLong(path: Ipv4Path, mtu: number): number {
    this.errors.tooLong(path.destination, this.remotePort, mtu, this.queue.memory);
    return -EMSGSIZE;
  }

  /** Sends what {@link fit} has found to fit. Takes ownership. */
  protected sendPacket(path: Ipv4Path, packet: Packet, protocol: number): number {
    return path.send(packet, protocol, this.options);
  }

  /** The path to `destination`, that of the last datagram if possible, or a negative errno. */
  protected pathTo(destination: number, one: OneSend | undefined): Ipv4Path | number {
    const usual = one === undefined || isUsual(one);
    if (usual && this.lastPath !== undefined && this.pathDestination === destination) return this.lastPath;
    const { paths } = this.environment;
    const { settings } = this;
    const isGroup = isMulticast(destination);
    // A broadcast address that we listen at is never a source (RFC 1122 §3.2.1.3, MUST NOT).
    const bound = paths.isBroadcastOrMulticast(this.localAddress) ? ANY_ADDRESS : this.localAddress;
    const chosen = usual || one.source === ANY_ADDRESS ? bound : one.source;
    const source = isGroup && chosen === ANY_ADDRESS ? settings.multicastAddress : chosen;
    const interfaceIndex = usual ? -1 : one.interfaceIndex;
    const choice = settings.pathChoice(isGroup, interfaceIndex, !usual && (one.onLink ?? false));
    const path = paths.path(destination, source, choice);
    if (typeof path === "number" || !usual) return path;
    this.lastPath = path;
    this.pathDestination = destination;
    return path;
  }

  /** What was found out about paths is no longer true: we have another address. */
  protected forgetPath(): void {
    this.lastPath = undefined;
  }

  protected notify(): void {
    if (this.onEvent !== undefined) this.environment.clock.defer(this.news);
  }
}

/** Whether it leaves the path to the settings. */
function isUsual({ source, interfaceIndex, onLink }: OneSend): boolean {
  return source === ANY_ADDRESS && interfaceIndex < 0 && onLink !== true;
}
