import type { Clock } from "../base/clock.ts";
import type { FrameWatcher, Link, LinkReceiver } from "../link/link.ts";
import { FLAG_CHECKSUM_TRUSTED, FLAG_FOREIGN, type Packet } from "../packet/packet.ts";
import {
  ALL_HOSTS_ADDRESS,
  ANY_ADDRESS,
  formatAddress,
  isDirectedBroadcast,
  isLoopback,
  isUnicast,
} from "./address.ts";
import { MAX_DATAGRAM_LENGTH, MIN_MTU } from "./ipv4-header.ts";
import { sendSegments } from "./segment.ts";

/**
 * Who looks on at what an interface carries: whole frames where its link has such (`sendFrame`), else datagrams. Keeps nothing of it.
 */
export interface InterfaceTap {
  incoming(packet: Packet, from: Interface): void;
  outgoing(packet: Packet, by: Interface): void;
  wentDown(by: Interface): void;
}

/** What IPv4 wants to hear from its interfaces. */
export interface InterfaceOwner {
  readonly clock: Clock;
  /** Takes ownership of the packet. */
  input(packet: Packet, from: Interface): void;
  /** Takes back, with ownership, a datagram whose next hop did not answer. */
  unreachable(packet: Packet, by: Interface): void;
  /** The interface went up or down, or has another address. */
  interfaceChanged(by: Interface): void;
}

export class InterfaceCounters {
  receivedPackets = 0;
  receivedBytes = 0;
  sentPackets = 0;
  sentBytes = 0;
}

export interface InterfaceOptions {
  /** As in "lo" or "eth0"; unique on its host. */
  name: string;
  link: Link;
  /** Our address on this link, int32. Several interfaces may have the same. 0: none yet. */
  address: number;
  /** How many leading bits of it name the network, 0 to 32; 0 where there is no address. */
  prefixLength: number;
}

/** The interface of index `index`; undefined when there is none, or none any more. */
export function interfaceAt(interfaces: readonly Interface[], index: number): Interface | undefined {
  const there = interfaces[index];
  if (there?.index === index) return there; // always so until one is taken away
  return interfaces.find((each) => each.index === index);
}

/** A link and our address on it. */
export class Interface implements LinkReceiver, FrameWatcher {
  /** From 0, in the order of adding; that of one taken away is not given again. */
  readonly index: number;
  readonly name: string;
  readonly link: Link;
  /** The largest datagram the link carries, bytes; 65535 at most. */
  readonly mtu: number;
  /** Whether its address is in 127/8: the only interface that may carry such addresses. */
  readonly isLoopback: boolean;
  readonly counters = new InterfaceCounters();
  private onlooker: InterfaceTap | undefined = undefined;
  /** Who looks on at datagrams: nobody where the link shows whole frames. */
  private datagramOnlooker: InterfaceTap | undefined = undefined;
  private readonly owner: InterfaceOwner;
  private readonly inputFlags: number;
  private isUp = true;
  private ownAddress: number;
  private ownPrefixLength: number;
  /** The multicast groups joined, and how often each. */
  private readonly groups = new Map<number, number>();

  constructor(owner: InterfaceOwner, index: number, options: InterfaceOptions) {
    const { name, link, address, prefixLength } = options;
    checkAddress(name, address, prefixLength);
    if (link.mtu < MIN_MTU) {
      throw new RangeError(`the MTU of ${name} is at least ${MIN_MTU} (RFC 791 §3.2), not ${link.mtu}`);
    }
    this.owner = owner;
    this.index = index;
    this.name = name;
    this.link = link;
    this.ownAddress = address;
    this.ownPrefixLength = prefixLength;
    this.mtu = Math.min(link.mtu, MAX_DATAGRAM_LENGTH);
    this.isLoopback = isLoopback(address);
    const { checksum, marksTrusted = false } = link.features;
    this.inputFlags = checksum && !marksTrusted ? FLAG_CHECKSUM_TRUSTED : 0;
    link.attach(this);
  }

  /** Whether it sends and receives; true at first. Routes through an interface that is down are passed over; its link is silent. */
  get up(): boolean {
    return this.isUp;
  }

  set up(up: boolean) {
    const isChange = up !== this.isUp;
    this.isUp = up;
    if (isChange) this.link.attach(this);
    this.owner.interfaceChanged(this);
    if (!up) this.tap?.wentDown(this);
  }

  /** Who looks on; undefined while nobody does. */
  get tap(): InterfaceTap | undefined {
    return this.onlooker;
  }

  set tap(tap: InterfaceTap | undefined) {
    this.onlooker = tap;
    const { link } = this;
    if (link.sendFrame === undefined) this.datagramOnlooker = tap;
    else link.watcher = tap === undefined ? undefined : this;
  }

  /** Our address on the link; 0: none yet. */
  get address(): number {
    return this.ownAddress;
  }

  get prefixLength(): number {
    return this.ownPrefixLength;
  }

  /**
   * Changes our address; 0 with a prefix length of 0 takes it away. The link begins anew with it. RangeError for one that cannot name
   * a host. Routes, and who has the address in use, are the caller's business.
   */
  setAddress(address: number, prefixLength: number): void {
    checkAddress(this.name, address, prefixLength);
    this.ownAddress = address;
    this.ownPrefixLength = prefixLength;
    this.link.attach(this);
    this.owner.interfaceChanged(this);
  }

  /** Whether `address` is a broadcast on this link; the limited one is, wherever it comes in. */
  isBroadcast(address: number): boolean {
    if (address === -1) return true;
    const { ownAddress } = this;
    return ownAddress !== 0 && isDirectedBroadcast(address, ownAddress, this.ownPrefixLength);
  }

  /** Takes part in the multicast `group` until {@link leave} has been called as often (RFC 1112 §7.1). Whether it did not before. */
  join(group: number): boolean {
    const count = this.groups.get(group) ?? 0;
    this.groups.set(group, count + 1);
    return count === 0;
  }

  /** Whether it takes part no more. */
  leave(group: number): boolean {
    const count = this.groups.get(group) ?? 0;
    if (count > 1) this.groups.set(group, count - 1);
    else this.groups.delete(group);
    return count === 1;
  }

  /** Whether what comes in for the multicast `group` is for this host. */
  isMember(group: number): boolean {
    return group === ALL_HOSTS_ADDRESS || this.groups.has(group); // RFC 1112 §4: every host, always
  }

  input(packet: Packet): void {
    this.counters.receivedPackets++;
    this.counters.receivedBytes += packet.length;
    packet.interfaceIndex = this.index;
    if ((packet.flags & FLAG_FOREIGN) === 0) packet.flags |= this.inputFlags;
    if (this.datagramOnlooker !== undefined) this.datagramOnlooker.incoming(packet, this);
    this.owner.input(packet, this);
  }

  unreachable(packet: Packet): void {
    this.owner.unreachable(packet, this);
  }

  wake(): void {
    this.owner.clock.sample();
  }

  /** Takes ownership of a whole datagram for `nextHop`. What the link is to cut and cannot is cut here. */
  output(packet: Packet, nextHop: number): void {
    if (packet.segmentSize !== 0 && !this.link.features.segmentation) {
      sendSegments(packet, this, nextHop);
      return;
    }
    this.counters.sentPackets++;
    this.counters.sentBytes += packet.length;
    if (this.datagramOnlooker !== undefined) this.datagramOnlooker.outgoing(packet, this);
    this.link.send(packet, nextHop);
  }

  frameIn(frame: Packet): void {
    this.onlooker?.incoming(frame, this);
  }

  frameOut(frame: Packet): void {
    this.onlooker?.outgoing(frame, this);
  }

  /** Takes ownership of a whole frame, for links that have such. */
  outputFrame(frame: Packet): void {
    const { link, counters } = this;
    counters.sentPackets++;
    counters.sentBytes += frame.length;
    if (link.sendFrame === undefined) frame.release();
    else link.sendFrame(frame);
  }
}

function checkAddress(name: string, address: number, prefixLength: number): void {
  if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > 32) {
    throw new RangeError(`the prefix length of ${name} is a whole number from 0 to 32, not ${prefixLength}`);
  }
  if (address === ANY_ADDRESS && prefixLength === 0) return;
  if (!isUnicast(address) || isDirectedBroadcast(address, address, prefixLength)) {
    throw new RangeError(`the address of ${name} names one host: ${formatAddress(address)} does not`);
  }
}
