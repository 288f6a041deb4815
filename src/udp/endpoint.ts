import { copyBytes } from "../base/copy.ts";
import { EADDRNOTAVAIL, EAGAIN, EBADF, EINVAL, ENOTCONN } from "../base/errno.ts";
import { MSG_DONTWAIT, MSG_ERRQUEUE, MSG_PEEK, MSG_TRUNC } from "../base/message-flags.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from "../base/readiness.ts";
import { Task } from "../base/task.ts";
import { ANY_ADDRESS } from "../ip/address.ts";
import { type IcmpReport, Memberships, ReceivedInfo } from "../ip/path.ts";
import type { Packet } from "../packet/packet.ts";
import { PacketQueue } from "../packet/packet-queue.ts";
import { EndpointCounters } from "./counters.ts";
import { EndpointErrors } from "./errors.ts";
import { sourcePortAt, UDP_HEADER_LENGTH } from "./header.ts";
import { type DatagramChoice, DEFAULT_DATAGRAM, Sender } from "./sender.ts";
import { UdpSettings } from "./settings.ts";
import type { Udp } from "./udp.ts";

/** What {@link UdpEndpoint.receive} tells about a datagram beside its data. */
export class DatagramInfo extends ReceivedInfo {
  /** The sender's port; of an error, that of whom the datagram was for. */
  port = 0;
}

/** One user of UDP: a pair of addresses and ports, either half of which may be open, and a queue. Calls return ≥ 0 or -errno. */
export class UdpEndpoint {
  readonly settings: UdpSettings;
  readonly counters = new EndpointCounters();
  /** 0: any. */
  localAddress = ANY_ADDRESS;
  /** The source of what it sends; 0: as routed. Its local address, unless that is a broadcast or a group. */
  sourceAddress = ANY_ADDRESS;
  /** 0: none yet. */
  localPort = 0;
  /** Who was given a port later has a higher one. */
  rank = 0;
  /** 0: not connected. */
  remoteAddress = ANY_ADDRESS;
  remotePort = 0;
  readonly errors: EndpointErrors;
  readonly memberships: Memberships;
  /** Nothing more is sent. */
  writeShut = false;
  /** Called at the end of an instant in which a datagram or an error came. */
  onEvent: (() => void) | undefined = undefined;
  /** Called at once for every ICMP error about a datagram of this endpoint (RFC 1122 §4.1.3.3, MUST). Must not keep `report`. */
  onError: ((report: IcmpReport) => void) | undefined = undefined;
  private readonly udp: Udp;
  private readonly queue = new PacketQueue();
  private readonly sender: Sender;
  private isConnected = false;
  private addressBound = false;
  private portBound = false;
  private readShut = false;
  private corked = false;
  private closed = false;
  private readonly news = new Task(() => this.onEvent?.());

  constructor(udp: Udp) {
    this.udp = udp;
    this.settings = new UdpSettings(udp.config);
    this.errors = new EndpointErrors(udp, this);
    this.memberships = new Memberships(udp.paths, udp.config.maxMemberships);
    this.sender = new Sender(udp, this);
  }

  get connected(): boolean {
    return this.isConnected;
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
   * already), EADDRNOTAVAIL (unless `settings.freeBind` or `transparent`), EADDRINUSE.
   */
  bind(address: number, port: number): number {
    if (this.closed) return -EBADF;
    if (this.localPort !== 0) return -EINVAL;
    const { freeBind, transparent } = this.settings;
    const { paths } = this.udp;
    const isGroup = paths.isBroadcastOrMulticast(address);
    if (address !== ANY_ADDRESS && !isGroup && !paths.isLocal(address) && !freeBind && !transparent) {
      return -EADDRNOTAVAIL;
    }
    const result = this.udp.ports.bind(this, address, port);
    if (result < 0) return result;
    this.addressBound = address !== ANY_ADDRESS;
    this.sourceAddress = isGroup ? ANY_ADDRESS : address; // RFC 1122 §3.2.1.3, MUST NOT: never a source
    this.portBound = port !== 0;
    return 0;
  }

  /**
   * Names the peer: datagrams go there by default, come from there only, and errors from there are told. May be called again; as in
   * Linux our address then stays what the first call made it. Address 0 is this host itself. EACCES (broadcast), EAGAIN (no free
   * port), EINVAL (our address is of no use there), ENETUNREACH, ENODEV.
   */
  connect(address: number, port: number): number {
    if (this.closed) return -EBADF;
    const bound = this.bindImplicitly();
    if (bound < 0) return bound;
    const path = this.sender.connect(address);
    if (typeof path === "number") return path;
    if (this.localAddress === ANY_ADDRESS) this.localAddress = path.source;
    if (this.sourceAddress === ANY_ADDRESS) this.sourceAddress = path.source;
    this.remoteAddress = path.destination;
    this.remotePort = port;
    this.isConnected = true;
    this.udp.ports.changed(this);
    this.sender.redirect(path, port);
    return 0;
  }

  /** Forgets the peer, what `connect` chose for our side, and the interface (connect to AF_UNSPEC; the latter as in Linux). */
  disconnect(): number {
    if (this.closed) return -EBADF;
    this.isConnected = false;
    this.remoteAddress = ANY_ADDRESS;
    this.remotePort = 0;
    this.settings.interface = -1;
    this.sender.forgetPath();
    if (!this.addressBound) this.localAddress = this.sourceAddress = ANY_ADDRESS;
    if (!this.portBound) this.udp.ports.release(this);
    else this.udp.ports.changed(this);
    return 0;
  }

  /**
   * Sends `length` bytes of `data` as one datagram to `address` and `port`, both 0 for the connected peer. With MSG_MORE in `flags`,
   * or `settings.cork`, it waits for what the next calls append. MSG_DONTROUTE: see `UdpSettings.onLink`. `choice` is for this
   * datagram alone. Returns `length`, or: an ICMP error that waits to be told; EDESTADDRREQ, EINVAL (port 0), EMSGSIZE, EACCES,
   * EPIPE, ENETUNREACH, ENODEV, EAGAIN (no free port).
   */
  send(
    data: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
    flags = 0,
    choice: DatagramChoice = DEFAULT_DATAGRAM,
  ): number {
    if (this.closed) return -EBADF;
    const bound = this.bindImplicitly(); // before anything is looked at, as in Linux
    if (bound < 0) return bound;
    return this.sender.send(data, offset, length, address, port, flags, choice);
  }

  /**
   * To be called when settings were changed: looks for a path anew, pulls the cork out, forgets errors that nobody wants. 0, or why what
   * was corked was lost.
   */
  settingsChanged(): number {
    const { cork, receiveErrors } = this.settings;
    this.udp.ports.changed(this);
    this.sender.forgetPath();
    if (!receiveErrors) this.errors.clearQueue();
    const pulled = this.corked && !cork;
    this.corked = cork;
    return pulled ? this.sender.push() : 0;
  }

  /**
   * Copies the first datagram, cut to `length`, into `into` and drops it. Returns the bytes copied, or with MSG_TRUNC the datagram's
   * length; with MSG_PEEK it stays. With MSG_ERRQUEUE it reads an error and what it quotes instead. 0 when reading was shut down,
   * but EAGAIN with MSG_DONTWAIT, as in Linux. EAGAIN, or an ICMP error that waits to be told.
   */
  receive(into: Uint8Array, offset: number, length: number, flags: number, info: DatagramInfo): number {
    if (this.closed) return -EBADF;
    if ((flags & MSG_ERRQUEUE) !== 0) return this.receiveError(into, offset, length, info);
    if (this.errors.pending !== 0) return -this.errors.take();
    const packet = this.queue.first;
    if (packet === undefined) return this.readShut && (flags & MSG_DONTWAIT) === 0 ? 0 : -EAGAIN;
    const fullLength = packet.length;
    const copied = Math.min(length, fullLength);
    copyBytes(packet.slab.bytes, packet.offset, into, offset, copied);
    info.tellOfPacket(packet, copied);
    info.port = sourcePortAt(packet.slab.view, packet.offset - UDP_HEADER_LENGTH);
    if ((flags & MSG_PEEK) === 0) this.queue.shift();
    return (flags & MSG_TRUNC) !== 0 ? fullLength : copied;
  }

  private receiveError(into: Uint8Array, offset: number, length: number, info: DatagramInfo): number {
    const error = this.errors.shift();
    if (error === undefined) return -EAGAIN;
    const copied = Math.min(length, error.payload.length);
    copyBytes(error.payload, 0, into, offset, copied);
    info.tellOfError(error, copied);
    info.port = error.port;
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

  /** Whether it wants what came for the multicast `group` by interface `interfaceIndex`. */
  hears(group: number, interfaceIndex: number): boolean {
    return this.settings.multicastAll || this.memberships.has(group, interfaceIndex);
  }

  /** Gives up the port, its groups, what waits to be read, and what was corked. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.onEvent = undefined;
    this.onError = undefined;
    this.queue.clear();
    this.errors.clearQueue();
    this.memberships.clear();
    this.sender.close();
    this.udp.ports.release(this);
    this.udp.forget(this);
  }

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

  /** A datagram for this endpoint, stripped to its data; takes ownership. */
  deliver(packet: Packet): void {
    // As in Linux, one too many is let in: a buffer of any size takes one datagram of any size.
    if (this.queue.memory + this.errors.memory > 2 * this.settings.receiveBufferBytes) {
      this.counters.receiveQueueFull++;
      this.udp.counters.receiveQueueFull++;
      packet.release();
      return;
    }
    this.counters.received++;
    this.udp.counters.delivered++;
    packet.arrivedMicros = this.udp.clock.now;
    this.queue.push(packet);
    this.notify();
  }

  /** An ICMP error quotes a datagram of this endpoint. */
  icmpError(report: IcmpReport): void {
    this.onError?.(report);
    if (this.errors.icmpError(report)) this.notify();
  }

  /** Has `onEvent` called at the end of this instant: there is something new. */
  notify(): void {
    if (this.onEvent !== undefined) this.udp.clock.defer(this.news);
  }

  private bindImplicitly(): number {
    return this.localPort !== 0 ? 0 : this.udp.ports.bindAny(this);
  }
}
