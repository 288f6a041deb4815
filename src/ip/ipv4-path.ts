import type { Clock } from "../base/clock.ts";
import { copyBytes } from "../base/copy.ts";
import { EMSGSIZE, ENETUNREACH } from "../base/errno.ts";
import { NEVER } from "../base/timer.ts";
import type { Packet } from "../packet/packet.ts";
import { isMulticast } from "./address.ts";
import type { IpCounters } from "./counters.ts";
import { sendFragments } from "./fragment.ts";
import type { Identification } from "./identification.ts";
import type { Interface } from "./interface.ts";
import {
  AT_TIME_TO_LIVE,
  DONT_FRAGMENT,
  IPV4_HEADER_LENGTH,
  MAX_DATAGRAM_LENGTH,
  MIN_MTU,
  rewriteHeaderChecksum,
  writeIpv4Header,
} from "./ipv4-header.ts";
import type { Path, PathChoice, SendOptions } from "./path.ts";
import { type OriginatedOptions, originateOptions, stampTime } from "./send-options.ts";
import type { Journey } from "./way.ts";

/** What a path needs of the IPv4 layer it belongs to. */
export interface PathOwner {
  readonly clock: Clock;
  readonly counters: IpCounters;
  readonly identification: Identification;
  /** Changes with every route, interface and path MTU. */
  readonly generation: number;
  /** Has this host get a copy of `packet`, a whole datagram that `by` is about to send. Keeps nothing of it. */
  copyToSelf(packet: Packet, by: Interface): void;
  /** Sets `path`'s interface, next hop and MTU from the tables as they are now. */
  resolve(path: Ipv4Path): void;
}

/** A way to one destination: see {@link Path}. It looks its route up again when the tables have changed. */
export class Ipv4Path implements Path {
  readonly source: number;
  readonly destination: number;
  readonly isLocal: boolean;
  /** What the way is looked for with, now and whenever the tables have changed. */
  readonly journey: Journey;
  readonly optionsLength: number;
  /** The destination is many hosts, so that this one may be among them. */
  private readonly isGroup: boolean;
  private readonly multicastLoop: boolean;
  /** What {@link PathOwner.resolve} sets. */
  interface: Interface | undefined = undefined;
  nextHop = 0;
  knownMtu = MIN_MTU;
  /** When `knownMtu` may grow again, microseconds of the clock. */
  mtuUntil = NEVER;
  /** The path claims an MTU below the smallest we believe: DF would be a dead end, so it is left out. */
  neverDontFragment = false;
  private generation = -1;
  private readonly owner: PathOwner;
  private readonly options: OriginatedOptions | undefined;

  /** Where `journey` leads, from `source`, which stays whatever the journey says of it. */
  constructor(owner: PathOwner, source: number, journey: Journey, choice: PathChoice) {
    this.owner = owner;
    this.source = source;
    this.destination = journey.destination;
    this.isLocal = journey.isLocal;
    this.journey = journey;
    this.isGroup = journey.isBroadcast || isMulticast(journey.destination);
    this.multicastLoop = choice.multicastLoop;
    const wanted = choice.options === undefined || choice.options.length === 0 ? undefined : choice.options;
    this.options = wanted === undefined ? undefined : originateOptions(wanted, source);
    this.optionsLength = this.options?.bytes.length ?? 0;
  }

  get mtu(): number {
    this.refresh();
    return this.knownMtu;
  }

  get linkMtu(): number {
    return this.refresh()?.mtu ?? MIN_MTU;
  }

  get checksumTrusted(): boolean {
    return this.refresh()?.link.features.checksum ?? false;
  }

  get segmentation(): boolean {
    const by = this.refresh();
    if (by === undefined || this.neverDontFragment) return false;
    const { segmentation, checksum } = by.link.features;
    return segmentation && checksum; // who cuts makes the checksums too
  }

  send(packet: Packet, protocol: number, options: SendOptions): number {
    const { owner } = this;
    const by = this.refresh();
    if (by === undefined) {
      owner.counters.noRoute++;
      packet.release();
      return -ENETUNREACH;
    }
    packet.prepend(IPV4_HEADER_LENGTH + this.optionsLength);
    const { length } = packet;
    const dontFragment = options.dontFragment && !this.neverDontFragment;
    // A transport may probe above the learned MTU with DF (RFC 4821); the link itself is the limit.
    const limit = dontFragment || options.ignoresPathMtu === true ? by.mtu : this.knownMtu;
    const fits = length <= limit || packet.segmentSize !== 0; // the link cuts it, or the interface for one that does not
    if (length > MAX_DATAGRAM_LENGTH || (dontFragment && !fits)) {
      owner.counters.sendTooBig++;
      packet.release();
      return -EMSGSIZE;
    }
    owner.counters.sent++;
    writeIpv4Header(
      packet.slab.view,
      packet.offset,
      length,
      options.trafficClass,
      dontFragment ? 0 : owner.identification.next(), // RFC 6864 §4.1: atomic datagrams need none
      dontFragment ? DONT_FRAGMENT : 0,
      options.timeToLive,
      protocol,
      this.source,
      this.destination,
    );
    if (this.options !== undefined) this.writeOptions(packet, this.options);
    if (this.isGroup && !this.goesOut(packet, by, options.timeToLive)) {
      packet.release();
    } else if (fits) {
      by.output(packet, this.nextHop);
    } else {
      owner.counters.fragmented++;
      owner.counters.fragmentsSent += sendFragments(packet, limit, by, this.nextHop);
    }
    return 0;
  }

  /** Sends `packet`, which frames a whole datagram with a header of the user's; takes ownership. 0 or -ENETUNREACH. */
  sendWhole(packet: Packet): number {
    const { counters } = this.owner;
    const by = this.refresh();
    if (by === undefined) {
      counters.noRoute++;
      packet.release();
      return -ENETUNREACH;
    }
    counters.sent++;
    const timeToLive = packet.slab.view.getUint8(packet.offset + AT_TIME_TO_LIVE);
    if (this.isGroup && !this.goesOut(packet, by, timeToLive)) packet.release();
    else by.output(packet, this.nextHop);
    return 0;
  }

  /** Has this host get its copy of what goes to many. False: nobody else is to get one. */
  private goesOut(packet: Packet, by: Interface, timeToLive: number): boolean {
    if (by.isLoopback) return true; // which brings everything back
    // RFC 1122 §3.3.6 and RFC 1112 §6.1: the sender hears its broadcasts, and the multicasts of groups it is in
    if (this.journey.isBroadcast || (this.multicastLoop && by.isMember(this.destination))) {
      this.owner.copyToSelf(packet, by);
    }
    return timeToLive > 0;
  }

  /** Puts `options` behind the header of `packet`, where there is room for them. */
  private writeOptions(packet: Packet, options: OriginatedOptions): void {
    const { offset } = packet;
    const { bytes, view } = packet.slab;
    const start = offset + IPV4_HEADER_LENGTH;
    const headerLength = IPV4_HEADER_LENGTH + this.optionsLength;
    copyBytes(options.bytes, 0, bytes, start, this.optionsLength);
    if (options.timeAt >= 0) stampTime(view, start + options.timeAt, this.owner.clock.now);
    view.setUint8(offset, 0x40 | (headerLength >>> 2));
    rewriteHeaderChecksum(view, offset, headerLength);
  }

  /** Makes sure that the route is the present one, and returns its interface. */
  private refresh(): Interface | undefined {
    if (this.generation !== this.owner.generation || this.owner.clock.now >= this.mtuUntil) {
      this.generation = this.owner.generation;
      this.owner.resolve(this);
    }
    return this.interface;
  }
}
