/** Passing on what is for others: what makes a host a router (RFC 1812 §5). */
import type { Clock } from "../base/clock.ts";
import { updateChecksum } from "../packet/checksum.ts";
import { FLAG_BROADCAST, FLAG_CHECKSUM_TRUSTED, FLAG_FOREIGN, type Packet } from "../packet/packet.ts";
import { isLinkLocal, isMulticast, isUnicast, prefixMask } from "./address.ts";
import type { IpConfig } from "./config.ts";
import type { DropReason, IpCounters } from "./counters.ts";
import { recordWay } from "./forward-options.ts";
import { sendFragments } from "./fragment.ts";
import type { Icmp } from "./icmp.ts";
import {
  EXCEEDED_IN_TRANSIT,
  ICMP_PARAMETER_PROBLEM,
  ICMP_REDIRECT,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  REDIRECT_HOST,
  UNREACHABLE_FRAGMENTATION_NEEDED,
  UNREACHABLE_NET,
} from "./icmp-message.ts";
import type { Interface } from "./interface.ts";
import {
  AT_CHECKSUM,
  AT_FRAGMENT,
  AT_TIME_TO_LIVE,
  DONT_FRAGMENT,
  IPV4_HEADER_LENGTH,
} from "./ipv4-header.ts";
import type { RouteTable } from "./route.ts";
import { completeChecksum, leaveOutChecksum, sendSegments, wireLength } from "./segment.ts";

export interface ForwarderEnvironment {
  clock: Clock;
  config: IpConfig;
  counters: IpCounters;
  routes: RouteTable;
  icmp: Icmp;
  /** Which addresses are this router's own, and which are broadcasts of its networks. */
  own: { isLocal(address: number): boolean; isBroadcast(address: number): boolean };
}

export class Forwarder {
  private readonly clock: Clock;
  private readonly config: IpConfig;
  private readonly counters: IpCounters;
  private readonly routes: RouteTable;
  private readonly icmp: Icmp;
  private readonly own: ForwarderEnvironment["own"];

  constructor(environment: ForwarderEnvironment) {
    this.clock = environment.clock;
    this.config = environment.config;
    this.counters = environment.counters;
    this.routes = environment.routes;
    this.icmp = environment.icmp;
    this.own = environment.own;
  }

  /**
   * Takes `packet`, framed from its header on, as IPv4 input has left it: good, from `from`, and for none of our addresses. Takes
   * ownership. Fragments go on singly (RFC 1812 §5.2.6, MUST NOT reassemble).
   */
  forward(packet: Packet, from: Interface): void {
    const reason = this.refuse(packet, from);
    if (reason !== undefined) {
      this.drop(packet, reason);
      return;
    }
    const route = this.routes.lookup(packet.destination);
    if (route === undefined || route.interface.isLoopback) {
      this.icmp.sendError(packet, ICMP_UNREACHABLE, UNREACHABLE_NET); // RFC 1812 §5.2.7.1, MUST
      this.drop(packet, "forwardNoRoute");
    } else if (packet.timeToLive <= 1) {
      this.icmp.sendError(packet, ICMP_TIME_EXCEEDED, EXCEEDED_IN_TRANSIT); // RFC 1812 §5.3.1, MUST
      this.drop(packet, "timeToLiveExceeded");
    } else {
      this.goOn(packet, from, route.interface, route.via || packet.destination);
    }
  }

  /** RFC 1812 §5.3.7, §5.3.5: what is passed on nowhere, whatever the table says. */
  private refuse(packet: Packet, from: Interface): DropReason | undefined {
    const { source, destination } = packet;
    if (from.isLoopback || isMulticast(destination)) return "notForUs"; // groups are routed by other rules
    if (!isUnicast(destination)) return "martianDestination";
    if ((packet.flags & FLAG_BROADCAST) !== 0) return "linkBroadcast"; // RFC 1812 §5.3.4, MUST NOT
    if (this.own.isBroadcast(destination)) return "directedBroadcast"; // RFC 2644 §2, MUST NOT
    if (isLinkLocal(destination)) return "martianDestination"; // RFC 3927 §7, MUST NOT
    if (isLinkLocal(source)) return "martianSource";
    if (!this.config.reversePathFilter) return undefined;
    return this.routes.lookup(source)?.interface === from ? undefined : "reversePath"; // RFC 1812 §5.3.8
  }

  /** Sends `packet` by `by` to `nextHop`, unless it does not fit or says something that cannot be. */
  private goOn(packet: Packet, from: Interface, by: Interface, nextHop: number): void {
    const { view } = packet.slab;
    const { offset } = packet;
    const length = wireLength(packet);
    if (length === 0) {
      this.drop(packet, "notSegmentable");
      return;
    }
    const mayBeCut = (view.getUint16(offset + AT_FRAGMENT) & DONT_FRAGMENT) === 0;
    if (length > by.mtu && !mayBeCut) {
      // RFC 1812 §5.2.7.1, RFC 1191 §4, MUST: with the MTU of the next hop
      this.icmp.sendError(packet, ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED, by.mtu);
      this.drop(packet, "forwardTooBig");
      return;
    }
    if (by === from) this.redirect(packet, by, nextHop);
    const headerLength = (view.getUint8(offset) & 15) << 2;
    if (headerLength > IPV4_HEADER_LENGTH) {
      const fault = recordWay(packet, headerLength, by.address, this.own, this.clock.now);
      if (fault >= 0) {
        this.icmp.sendError(packet, ICMP_PARAMETER_PROBLEM, 0, (fault - offset) << 24);
        this.drop(packet, "badOptions");
        return;
      }
    }
    countHop(view, offset);
    this.counters.forwarded++;
    this.send(packet, by, nextHop, length > by.mtu);
  }

  /** RFC 1812 §5.2.7.2: tells a neighbour that another neighbour is the shorter way. It may listen or not; the packet goes on. */
  private redirect(packet: Packet, by: Interface, nextHop: number): void {
    if (!this.config.sendRedirects) return;
    const mask = prefixMask(by.prefixLength);
    const isNeighbor = ((packet.source ^ by.address) & mask) === 0 && ((nextHop ^ by.address) & mask) === 0;
    if (isNeighbor) this.icmp.sendError(packet, ICMP_REDIRECT, REDIRECT_HOST, nextHop);
  }

  /** Does what the link does not do by itself: cutting, and checksums that were left out on the way here. */
  private send(packet: Packet, by: Interface, nextHop: number, isTooLong: boolean): void {
    const { features } = by.link;
    if (packet.segmentSize !== 0 && (isTooLong || !features.segmentation)) {
      sendSegments(packet, by, nextHop);
      return;
    }
    if ((packet.flags & FLAG_CHECKSUM_TRUSTED) === 0) {
      packet.flags = FLAG_FOREIGN; // nobody has verified it, so the next link does not vouch for it
    } else {
      packet.flags = 0;
      if (features.checksum && !isTooLong) leaveOutChecksum(packet);
      else completeChecksum(packet);
    }
    if (isTooLong) {
      this.counters.fragmented++;
      this.counters.fragmentsSent += sendFragments(packet, by.mtu, by, nextHop);
    } else {
      by.output(packet, nextHop);
    }
  }

  private drop(packet: Packet, reason: DropReason): void {
    this.counters[reason]++;
    packet.release();
  }
}

/** Takes one off the time to live, and makes the checksum fit (RFC 1812 §5.3.1, RFC 1624 §3). */
function countHop(view: DataView, at: number): void {
  const word = view.getUint16(at + AT_TIME_TO_LIVE);
  const next = word - 0x100;
  view.setUint16(at + AT_TIME_TO_LIVE, next);
  view.setUint16(at + AT_CHECKSUM, updateChecksum(view.getUint16(at + AT_CHECKSUM), word, next));
}
