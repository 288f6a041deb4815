import { copyBytes } from "../base/copy.ts";
import {
  EADDRNOTAVAIL,
  EAGAIN,
  EBADF,
  EDESTADDRREQ,
  EINVAL,
  EMSGSIZE,
  ENOTCONN,
  EPIPE,
} from "../base/errno.ts";
import { MSG_PEEK, MSG_TRUNC } from "../base/message-flags.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from "../base/readiness.ts";
import { Task } from "../base/task.ts";
import { ANY_ADDRESS, isMulticast, LOOPBACK_ADDRESS } from "../ip/address.ts";
import {
  DEFAULT_CHOICE,
  ICMP_UNREACHABLE,
  type IcmpReport,
  IPV4_HEADER_LENGTH,
  type Path,
  type PathChoice,
  type SendOptions,
  UNREACHABLE_FRAGMENTATION_NEEDED,
} from "../ip/path.ts";
import type { Packet } from "../packet/packet.ts";
import { packetPool } from "../packet/pool.ts";
import { EndpointCounters } from "./counters.ts";
import { DatagramQueue } from "./datagram-queue.ts";
import { MAX_UDP_DATA, PROTOCOL_UDP, sourcePortAt, UDP_HEADER_LENGTH, writeUdpHeader } from "./header.ts";
import {
  MTU_DISCOVERY_DO,
  MTU_DISCOVERY_DONT,
  MTU_DISCOVERY_PROBE,
  MTU_DISCOVERY_WANT,
  UdpSettings,
} from "./settings.ts";
import type { Udp } from "./udp.ts";

const BROADCAST_CHOICE: PathChoice = { ...DEFAULT_CHOICE, broadcast: true };

/** What {@link UdpEndpoint.receive} tells about a datagram beside its data. */
export class DatagramInfo {
  /** Where it came from. */
  address = 0;
  port = 0;
  /** The address of ours, or the broadcast, that it was sent to (RFC 1122 §4.1.3.5, MUST). */
  destination = 0;
  interfaceIndex = -1;
  timeToLive = 0;
  trafficClass = 0;
  /** Length of its data, bytes, however much was asked for. */
  fullLength = 0;
  /** Whether that was more than there was room for: the rest is lost. */
  truncated = false;
}

/** One user of UDP: a pair of addresses and ports, either half of which may be open, and a queue. Calls return ≥ 0 or -errno. */
export class UdpEndpoint {
  readonly settings: UdpSettings;
  readonly counters = new EndpointCounters();
  /** 0: any. */
  localAddress = ANY_ADDRESS;
  /** 0: none yet. */
  localPort = 0;
  /** 0: not connected. */
  remoteAddress = ANY_ADDRESS;
  remotePort = 0;
  /** Called at the end of an instant in which a datagram or an error came. */
  onEvent: (() => void) | undefined = undefined;
  /** Called at once for every ICMP error about a datagram of this endpoint (RFC 1122 §4.1.3.3, MUST). Must not keep `report`. */
  onError: ((report: IcmpReport) => void) | undefined = undefined;
  private readonly udp: Udp;
  private readonly queue = new DatagramQueue();
  /** Positive errno of the last hard ICMP error of a connected endpoint; 0 for none. */
  private pendingError = 0;
  private addressBound = false;
  private portBound = false;
  private readShut = false;
  private writeShut = false;
  private closed = false;
  /** The path of the last datagram, and for whom it was found. */
  private path: Path | undefined = undefined;
  private pathDestination = 0;
  private pathBroadcast = false;
  private readonly options: SendOptions = { timeToLive: 0, trafficClass: 0, dontFragment: false };
  private readonly news = new Task(() => this.onEvent?.());

  constructor(udp: Udp) {
    this.udp = udp;
    this.settings = new UdpSettings(udp.config);
  }

  get connected(): boolean {
    return this.remoteAddress !== ANY_ADDRESS;
  }

  /** Bytes of packet buffers that wait to be read. */
  get receiveQueue(): number {
    return this.queue.memory;
  }

  /** Length of the first datagram's data, 0 when there is none (FIONREAD). */
  get nextLength(): number {
    return this.queue.first?.length ?? 0;
  }

  /**
   * Takes `address` (0: any; one of ours, or a broadcast or multicast to listen to) and `port` (0: a free one). EINVAL (bound
   * already), EADDRNOTAVAIL, EADDRINUSE.
   */
  bind(address: number, port: number): number {
    if (this.closed) return -EBADF;
    if (this.localPort !== 0) return -EINVAL;
    const { paths } = this.udp;
    if (address !== ANY_ADDRESS && !paths.isLocal(address) && !paths.isBroadcastOrMulticast(address)) {
      return -EADDRNOTAVAIL;
    }
    const result = this.udp.ports.bind(this, address, port);
    if (result < 0) return result;
    this.addressBound = address !== ANY_ADDRESS;
    this.portBound = port !== 0;
    return 0;
  }

  /**
   * Names the peer: datagrams go there by default, come from there only, and errors from there are told. May be called again.
   * Address 0 is this host itself, as in Linux. EACCES (broadcast), EAGAIN (no free port), ENETUNREACH.
   */
  connect(address: number, port: number): number {
    if (this.closed) return -EBADF;
    const destination = address === ANY_ADDRESS ? LOOPBACK_ADDRESS : address;
    const source = this.addressBound ? this.localAddress : ANY_ADDRESS; // not the last connection's choice
    const path = this.findPath(destination, source);
    if (typeof path === "number") return path;
    const bound = this.bindImplicitly();
    if (bound < 0) return bound;
    if (source === ANY_ADDRESS) this.localAddress = path.source;
    this.remoteAddress = destination;
    this.remotePort = port;
    return 0;
  }

  /** Forgets the peer, and what `connect` chose for our side (connect to AF_UNSPEC). */
  disconnect(): number {
    if (this.closed) return -EBADF;
    this.remoteAddress = ANY_ADDRESS;
    this.remotePort = 0;
    this.path = undefined;
    this.pendingError = 0;
    if (!this.addressBound) this.localAddress = ANY_ADDRESS;
    if (!this.portBound) this.udp.ports.release(this);
    return 0;
  }

  /**
   * Sends `length` bytes of `data` as one datagram to `address` and `port`, both 0 for the connected peer. Returns `length`, or:
   * an ICMP error that waits to be told; EDESTADDRREQ, EINVAL (port 0), EMSGSIZE, EACCES, EPIPE, ENETUNREACH.
   */
  send(data: Uint8Array, offset: number, length: number, address: number, port: number): number {
    if (this.closed) return -EBADF;
    if (this.pendingError !== 0) return -this.takeError();
    if (this.writeShut) return -EPIPE;
    let destination = address;
    let destinationPort = port;
    if (address === ANY_ADDRESS && port === 0) {
      if (!this.connected) return -EDESTADDRREQ;
      destination = this.remoteAddress;
      destinationPort = this.remotePort;
    } else if (address === ANY_ADDRESS) {
      destination = LOOPBACK_ADDRESS;
    }
    if (destinationPort === 0) return -EINVAL;
    if (length > MAX_UDP_DATA) return -EMSGSIZE;
    const path = this.pathTo(destination);
    if (typeof path === "number") return path;
    const bound = this.bindImplicitly();
    if (bound < 0) return bound;
    if (!this.chooseOptions(path, length + UDP_HEADER_LENGTH + IPV4_HEADER_LENGTH + path.optionsLength))
      return -EMSGSIZE;
    const packet = packetPool.allocate(UDP_HEADER_LENGTH + length);
    packet.length = UDP_HEADER_LENGTH + length;
    copyBytes(data, offset, packet.slab.bytes, packet.offset + UDP_HEADER_LENGTH, length);
    writeUdpHeader(
      packet,
      path.source,
      this.localPort,
      path.destination,
      destinationPort,
      path.checksumTrusted,
    );
    const result = path.send(packet, PROTOCOL_UDP, this.options);
    if (result < 0) {
      this.udp.counters.sendFailed++;
      this.path = undefined;
      return result;
    }
    this.udp.counters.sent++;
    this.counters.sent++;
    return length;
  }

  /**
   * Copies the first datagram, cut to `length`, into `into` and drops it. Returns the bytes copied, or with MSG_TRUNC the datagram's
   * length; with MSG_PEEK it stays. 0 when reading was shut down. EAGAIN, or an ICMP error that waits to be told.
   */
  receive(into: Uint8Array, offset: number, length: number, flags: number, info: DatagramInfo): number {
    if (this.closed) return -EBADF;
    if (this.pendingError !== 0) return -this.takeError();
    const packet = this.queue.first;
    if (packet === undefined) return this.readShut ? 0 : -EAGAIN;
    const fullLength = packet.length;
    const copied = Math.min(length, fullLength);
    copyBytes(packet.slab.bytes, packet.offset, into, offset, copied);
    info.address = packet.source;
    info.port = sourcePortAt(packet.slab.view, packet.offset - UDP_HEADER_LENGTH);
    info.destination = packet.destination;
    info.interfaceIndex = packet.interfaceIndex;
    info.timeToLive = packet.timeToLive;
    info.trafficClass = packet.trafficClass;
    info.fullLength = fullLength;
    info.truncated = copied < fullLength;
    if ((flags & MSG_PEEK) === 0) this.queue.shift();
    return (flags & MSG_TRUNC) !== 0 ? fullLength : copied;
  }

  /** `how`: 0 reading, 1 writing, 2 both. ENOTCONN without a peer, though it counts then too, as in Linux. */
  shutdown(how: number): number {
    if (this.closed) return -EBADF;
    if (how !== 1) this.readShut = true;
    if (how !== 0) this.writeShut = true;
    this.notify();
    return this.connected ? 0 : -ENOTCONN;
  }

  /** Gives up the port and what waits to be read. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.onEvent = undefined;
    this.onError = undefined;
    this.queue.clear();
    this.path = undefined;
    this.udp.ports.release(this);
    this.udp.forget(this);
  }

  /** POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP as Linux's datagram_poll computes it. */
  readiness(): number {
    let mask = POLLOUT;
    if (this.queue.first !== undefined) mask |= POLLIN;
    if (this.pendingError !== 0) mask |= POLLERR;
    if (this.readShut) mask |= POLLIN | POLLRDHUP;
    if (this.readShut && this.writeShut) mask |= POLLHUP;
    return mask;
  }

  /** SO_ERROR: the pending error as a positive errno, and forgets it; 0 when there is none. */
  takeError(): number {
    const error = this.pendingError;
    this.pendingError = 0;
    return error;
  }

  /** A datagram for this endpoint, stripped to its data; takes ownership. */
  deliver(packet: Packet): void {
    // As in Linux, one too many is let in: a buffer of any size takes one datagram of any size.
    if (this.queue.memory > 2 * this.settings.receiveBufferBytes) {
      this.counters.receiveQueueFull++;
      this.udp.counters.receiveQueueFull++;
      packet.release();
      return;
    }
    this.counters.received++;
    this.udp.counters.delivered++;
    this.queue.push(packet);
    this.notify();
  }

  /** An ICMP error quotes a datagram of this endpoint. */
  icmpError(report: IcmpReport): void {
    this.onError?.(report);
    if (report.type === ICMP_UNREACHABLE && report.code === UNREACHABLE_FRAGMENTATION_NEEDED) {
      if (this.settings.pathMtuDiscovery === MTU_DISCOVERY_DONT) return;
      this.udp.paths.learnPathMtu(report.destination, report.mtu);
    }
    // Only a connected endpoint knows whom an error concerns, and soft ones may pass (as Linux without IP_RECVERR).
    if (!report.hard || !this.connected) return;
    this.pendingError = report.errno;
    this.notify();
  }

  private notify(): void {
    if (this.onEvent !== undefined) this.udp.clock.defer(this.news);
  }

  private bindImplicitly(): number {
    return this.localPort !== 0 ? 0 : this.udp.ports.bindAny(this);
  }

  /** The path to `destination`, that of the last datagram if possible. */
  private pathTo(destination: number): Path | number {
    const { broadcast } = this.settings;
    if (this.path !== undefined && this.pathDestination === destination && this.pathBroadcast === broadcast) {
      return this.path;
    }
    return this.findPath(destination, this.localAddress);
  }

  private findPath(destination: number, bound: number): Path | number {
    const { paths } = this.udp;
    const { broadcast } = this.settings;
    // A broadcast address that we listen at is never a source (RFC 1122 §3.2.1.3, MUST NOT).
    const source = paths.isBroadcastOrMulticast(bound) ? ANY_ADDRESS : bound;
    const path = paths.path(destination, source, broadcast ? BROADCAST_CHOICE : DEFAULT_CHOICE);
    if (typeof path === "number") return path;
    this.path = path;
    this.pathDestination = destination;
    this.pathBroadcast = broadcast;
    return path;
  }

  /** Sets the header fields of a datagram of `length` bytes in all. False: it is too long to go as it must. */
  private chooseOptions(path: Path, length: number): boolean {
    const { settings, options } = this;
    options.timeToLive = isMulticast(path.destination) ? 1 : settings.timeToLive;
    options.trafficClass = settings.trafficClass;
    const mode = settings.pathMtuDiscovery;
    if (mode === MTU_DISCOVERY_PROBE) {
      options.dontFragment = true;
      return true;
    }
    const fits = mode !== MTU_DISCOVERY_DONT && length <= path.mtu;
    options.dontFragment = fits && (mode === MTU_DISCOVERY_WANT || mode === MTU_DISCOVERY_DO);
    return fits || mode !== MTU_DISCOVERY_DO;
  }
}
