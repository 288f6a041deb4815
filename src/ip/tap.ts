/** Looking on at what the interfaces of a host carry, and sending by them past IP: what packet(7) calls packet sockets. */
import type { Clock } from "../base/clock.ts";
import { copyBytes } from "../base/copy.ts";
import { EAGAIN, EBADF, EINVAL, EMSGSIZE, ENETDOWN, ENXIO } from "../base/errno.ts";
import { MSG_PEEK, MSG_TRUNC } from "../base/message-flags.ts";
import { POLLERR, POLLIN, POLLOUT } from "../base/readiness.ts";
import { Task } from "../base/task.ts";
import {
  ETHER_TYPE_IPV4,
  ETHERNET_HEADER_LENGTH,
  EthernetHeader,
  parseEthernetHeader,
} from "../link/ethernet.ts";
import { isGroupHardwareAddress } from "../link/hardware-address.ts";
import { FLAG_BROADCAST, FLAG_FOREIGN, FLAG_OUTGOING, type Packet } from "../packet/packet.ts";
import { PacketQueue } from "../packet/packet-queue.ts";
import { packetPool } from "../packet/pool.ts";
import { isMulticast } from "./address.ts";
import { type Interface, type InterfaceTap, interfaceAt } from "./interface.ts";
import { AT_DESTINATION } from "./ipv4-header.ts";
import {
  addressee,
  etherTypeOf,
  headerLength,
  isIpv4,
  keep,
  keptAddressee,
  keptSource,
  keptType,
  LOOPBACK_HARDWARE,
  putHeader,
  stationNumber,
  stationOf,
  TO_BROADCAST,
  TO_HOST,
  TO_MULTICAST,
  TO_OTHERHOST,
  tagLength,
} from "./tap-frame.ts";

/** What a tap may ask for beside the number of one protocol: nothing, and everything, outgoing packets too. */
export const ETHER_TYPE_NONE = 0;
export const ETHER_TYPE_ALL = 0x0003;
/** PACKET_OUTGOING of <linux/if_packet.h>. */
const OUTGOING = 4;
const NO_ADDRESS = new Uint8Array(0);

/** Half of Linux's rmem_default and wmem_default, bytes. */
const BUFFER_BYTES = 106_496;

/** What a user may choose; only the size of the queue means something here. */
export class TapSettings {
  /** SO_RCVBUF: bytes that may wait to be read; the buffers they stand in may take twice as much. Default 106496. */
  receiveBufferBytes = BUFFER_BYTES;
  sendBufferBytes = BUFFER_BYTES;
  timeToLive = 0;
  trafficClass = 0;
  reuseAddress = false;
}

/** What {@link Tap.receive} tells about a packet beside its bytes. */
export class TapInfo {
  interfaceIndex = -1;
  /** 0x0800 … */
  etherType = 0;
  /** PACKET_HOST … */
  packetType = 0;
  /** Who sent it; empty where links have no frames. */
  hardwareAddress: Uint8Array = NO_ADDRESS;
  /** When it passed, microseconds of the clock. */
  arrivedMicros = 0;
  /** Length of the whole packet, bytes, however much was asked for. */
  fullLength = 0;
  truncated = false;
}

/** One who looks on. Calls return ≥ 0 or a negative errno. */
export class Tap {
  readonly settings = new TapSettings();
  /** What it wants to see: one protocol's, {@link ETHER_TYPE_ALL} or {@link ETHER_TYPE_NONE}. */
  etherType: number;
  /** -1: any interface. */
  interfaceIndex = -1;
  /** Called at the end of an instant in which a packet or an error came. */
  onEvent: (() => void) | undefined = undefined;
  private readonly taps: Taps;
  private readonly framed: boolean;
  private readonly queue = new PacketQueue();
  /** The interfaces of {@link showOthers}, one as often as it was called. */
  private readonly promiscuous: number[] = [];
  private pendingError = 0;
  private closed = false;
  private readonly news = new Task(() => this.onEvent?.());

  /** `framed`: it reads and writes whole frames, where the link says that it has some. */
  constructor(taps: Taps, etherType: number, framed: boolean) {
    this.taps = taps;
    this.framed = framed;
    this.etherType = etherType;
  }

  /** Length of the first packet, 0 when there is none. */
  get nextLength(): number {
    return this.queue.first?.length ?? 0;
  }

  /** Looks at `etherType` on `by` alone, undefined for all interfaces. What waits to be read stays. */
  bind(by: Interface | undefined, etherType: number): void {
    this.interfaceIndex = by?.index ?? -1;
    this.etherType = etherType;
    this.taps.changed();
    if (by !== undefined && !by.up) this.fail(ENETDOWN);
  }

  /**
   * Sends `length` bytes by `by` as they are; where they are no frame and the link has frames, in one of type `etherType` to the
   * station `destination`, zeros where it is shorter than six bytes. ENXIO (no interface), ENETDOWN, EMSGSIZE, EINVAL (nothing, no whole header of a
   * frame, no `destination`), a pending error. By `lo` a frame for another address, or with anything but IPv4 in it, goes to nobody.
   */
  send(
    data: Uint8Array,
    offset: number,
    length: number,
    by: Interface | undefined,
    etherType: number,
    destination: Uint8Array | undefined,
  ): number {
    if (this.closed) return -EBADF;
    if (by === undefined) return -ENXIO;
    if (!by.up) return -ENETDOWN;
    const header = this.framed ? headerLength(by) : 0;
    const tag = header > 0 ? tagLength(data, offset, length) : 0;
    if (length > by.mtu + header + tag) return -EMSGSIZE;
    if (this.pendingError !== 0) return -this.takeError();
    if (length < header || (length === 0 && headerLength(by) === 0)) return -EINVAL;
    const hasFrames = by.link.sendFrame !== undefined;
    if (hasFrames && !this.framed && destination === undefined) return -EINVAL;
    const packet = packetPool.allocate(length);
    const { slab } = packet;
    copyBytes(data, offset, slab.bytes, packet.offset, length);
    packet.length = length;
    packet.flags = FLAG_FOREIGN;
    if (hasFrames) {
      if (destination !== undefined && !this.framed)
        putHeader(packet, stationNumber(destination), stationOf(by), etherType);
      this.taps.sendFrameFrom(this, packet, by);
      return length;
    }
    if (header > 0 && !takeHeader(packet)) {
      packet.release();
      return length;
    }
    const isDatagram = isIpv4(packet, packet.offset, packet.length);
    const nextHop = isDatagram ? slab.view.getInt32(packet.offset + AT_DESTINATION) : 0;
    this.taps.sendFrom(this, packet, by, nextHop);
    return length;
  }

  /** As `receive` of a datagram: cut to `length`; MSG_PEEK, MSG_TRUNC. EAGAIN, ENETDOWN. */
  receive(into: Uint8Array, offset: number, length: number, flags: number, info: TapInfo): number {
    if (this.closed) return -EBADF;
    if (this.pendingError !== 0) return -this.takeError();
    const packet = this.queue.first;
    if (packet === undefined) return -EAGAIN;
    const fullLength = packet.length;
    const copied = Math.min(length, fullLength);
    copyBytes(packet.slab.bytes, packet.offset, into, offset, copied);
    info.interfaceIndex = packet.interfaceIndex;
    this.taps.describe(packet, info);
    info.arrivedMicros = packet.arrivedMicros;
    info.fullLength = fullLength;
    info.truncated = copied < fullLength;
    if ((flags & MSG_PEEK) === 0) this.queue.shift();
    return (flags & MSG_TRUNC) !== 0 ? fullLength : copied;
  }

  /** Has interface `index` show what is for other stations, until this tap is closed or {@link hideOthers} has been called as often. */
  showOthers(index: number): void {
    this.promiscuous.push(index);
    this.taps.showOthers(index);
  }

  hideOthers(index: number): void {
    const at = this.promiscuous.indexOf(index);
    if (at < 0) return;
    this.promiscuous.splice(at, 1);
    this.taps.hideOthers(index);
  }

  readiness(): number {
    let mask = POLLOUT;
    if (this.queue.first !== undefined) mask |= POLLIN;
    if (this.pendingError !== 0) mask |= POLLERR;
    return mask;
  }

  takeError(): number {
    const error = this.pendingError;
    this.pendingError = 0;
    return error;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.onEvent = undefined;
    for (const index of this.promiscuous.splice(0)) this.taps.hideOthers(index);
    this.queue.clear();
    this.taps.forget(this);
  }

  /** Keeps a copy of `packet`, which passes `by`, if it wants to see it. */
  offer(packet: Packet, by: Interface, direction: number): void {
    if (this.interfaceIndex >= 0 && this.interfaceIndex !== by.index) return;
    // as in Linux, only who wants everything sees what goes out
    const isIncoming = direction === 0 && this.etherType !== ETHER_TYPE_NONE;
    const wants =
      this.etherType === ETHER_TYPE_ALL || (isIncoming && this.etherType === etherTypeOf(packet, by));
    if (!wants) return;
    const { counters } = this.taps;
    if (this.queue.memory > 2 * this.settings.receiveBufferBytes) {
      counters.receiveQueueFull++;
      return;
    }
    counters.delivered++;
    const copy = keep(packet, by, this.framed);
    copy.flags = (packet.flags & FLAG_BROADCAST) | direction;
    copy.interfaceIndex = by.index;
    copy.arrivedMicros = this.taps.clock.now;
    this.queue.push(copy);
    this.notify();
  }

  fail(errno: number): void {
    this.pendingError = errno;
    this.notify();
  }

  private notify(): void {
    if (this.onEvent !== undefined) this.taps.clock.defer(this.news);
  }
}

/** What packet sockets have seen: `netstat -s` prints it by these names. */
export class TapCounters {
  /** Copies of packets put into a queue. */
  delivered = 0;
  /** Copies for which a queue had no room. */
  receiveQueueFull = 0;
}

/** Who looks on at all interfaces and copies what he wants at once, as a capture does. */
export type Onlooker = Pick<InterfaceTap, "incoming" | "outgoing">;

/** The taps of one host. While nobody looks on, the interfaces know of none. */
export class Taps implements InterfaceTap {
  readonly clock: Clock;
  readonly interfaces: readonly Interface[];
  readonly counters = new TapCounters();
  private readonly open = new Set<Tap>();
  private readonly onlookers = new Set<Onlooker>();
  /** Who is sending: it does not see its own packets, as in Linux. */
  private sender: Tap | undefined = undefined;
  /** By interface's index, who wants to see frames for other stations: how many. */
  private readonly promiscuous = new Map<number, number>();

  constructor(clock: Clock, interfaces: readonly Interface[]) {
    this.clock = clock;
    this.interfaces = interfaces;
  }

  /** The interface of index `index`, from 0; undefined when there is none. */
  interfaceAt(index: number): Interface | undefined {
    for (const each of this.interfaces) if (each.index === index) return each;
    return undefined;
  }

  /** `framed`: see {@link Tap}. */
  create(etherType: number, framed: boolean): Tap {
    const tap = new Tap(this, etherType, framed);
    this.open.add(tap);
    this.changed();
    return tap;
  }

  /** Shows `onlooker` every packet of every interface, until the function that it returns is called. */
  watch(onlooker: Onlooker): () => void {
    this.onlookers.add(onlooker);
    this.changed();
    return () => {
      this.onlookers.delete(onlooker);
      this.changed();
    };
  }

  /** Called by a tap that closes. */
  forget(tap: Tap): void {
    this.open.delete(tap);
    this.changed();
  }

  /** Somebody looks on, or no longer; or there is another interface. */
  changed(): void {
    const anybody = this.open.size + this.onlookers.size > 0;
    for (const each of this.interfaces) each.tap = anybody ? this : undefined;
  }

  incoming(packet: Packet, from: Interface): void {
    if (!from.up) return;
    for (const onlooker of this.onlookers) onlooker.incoming(packet, from);
    if (this.open.size === 0 || this.isFiltered(packet, from)) return;
    for (const tap of this.open) tap.offer(packet, from, 0);
  }

  outgoing(packet: Packet, by: Interface): void {
    for (const onlooker of this.onlookers) onlooker.outgoing(packet, by);
    for (const tap of this.open) if (tap !== this.sender) tap.offer(packet, by, FLAG_OUTGOING);
  }

  wentDown(by: Interface): void {
    for (const tap of this.open) if (tap.interfaceIndex === by.index) tap.fail(ENETDOWN);
  }

  /** Has interface `index` show frames that are for other stations, until {@link hideOthers} has been called as often. */
  showOthers(index: number): void {
    this.promiscuous.set(index, (this.promiscuous.get(index) ?? 0) + 1);
  }

  hideOthers(index: number): void {
    const count = this.promiscuous.get(index) ?? 0;
    if (count > 1) this.promiscuous.set(index, count - 1);
    else this.promiscuous.delete(index);
  }

  /** Whether `frame` is for another station, which a card that is not promiscuous would not let through. */
  private isFiltered(frame: Packet, from: Interface): boolean {
    if (from.link.sendFrame === undefined || this.promiscuous.has(from.index)) return false;
    return addressee(frame, frame.offset, from) === TO_OTHERHOST;
  }

  sendFrameFrom(tap: Tap, frame: Packet, by: Interface): void {
    this.sender = tap;
    by.outputFrame(frame);
    this.sender = undefined;
  }

  sendFrom(tap: Tap, packet: Packet, by: Interface, nextHop: number): void {
    this.sender = tap;
    by.output(packet, nextHop);
    this.sender = undefined;
  }

  /** What there is to tell of a kept packet. */
  describe(packet: Packet, info: TapInfo): void {
    const from = interfaceAt(this.interfaces, packet.interfaceIndex);
    info.etherType = from === undefined ? 0 : keptType(packet, from);
    info.hardwareAddress = from === undefined || headerLength(from) === 0 ? NO_ADDRESS : keptSource(packet);
    const isOutgoing = (packet.flags & FLAG_OUTGOING) !== 0;
    info.packetType = isOutgoing ? OUTGOING : addresseeOf(packet, from);
  }
}

/**
 * To whom a kept packet went. Where links have no addresses, what comes in by one is for the host at its end, and what
 * goes to many can be told by the datagram's destination, as an Ethernet's address would say it.
 */
function addresseeOf(packet: Packet, from: Interface | undefined): number {
  if (from !== undefined && headerLength(from) > 0) return keptAddressee(packet, from);
  const { networkOffset } = packet;
  if (isIpv4(packet, networkOffset, packet.networkLength)) {
    const destination = packet.slab.view.getInt32(networkOffset + AT_DESTINATION);
    if (isMulticast(destination)) return TO_MULTICAST;
    if (from?.isBroadcast(destination)) return TO_BROADCAST;
  }
  return (packet.flags & FLAG_BROADCAST) !== 0 ? TO_BROADCAST : TO_HOST;
}

/** Takes the Ethernet header off the frame that `packet` frames. False: it is not for `lo`, or carries no IPv4. */
function takeHeader(packet: Packet): boolean {
  const header = new EthernetHeader();
  if (parseEthernetHeader(packet, header) !== undefined) return false;
  packet.strip(ETHERNET_HEADER_LENGTH);
  const toMany = isGroupHardwareAddress(header.destination);
  if (toMany) packet.flags |= FLAG_BROADCAST;
  return header.etherType === ETHER_TYPE_IPV4 && (toMany || header.destination === LOOPBACK_HARDWARE);
}
