/** All that a transport knows of the layer below it. */
import type { Packet } from "../packet/packet.ts";

/** What every endpoint above IP has, whatever its protocol: errors that wait to be told, and the groups it is in. */
export {
  ErrorQueue,
  localError,
  ORIGIN_ICMP,
  ORIGIN_LOCAL,
  type QueuedError,
  quotedError,
} from "./error-queue.ts";
/** Types and codes in an {@link IcmpReport}, and those for {@link PathFinder.sendError}. */
export {
  EXCEEDED_IN_REASSEMBLY,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  LAST_UNREACHABLE_CODE,
  UNREACHABLE_FRAGMENTATION_NEEDED,
  UNREACHABLE_PORT,
} from "./icmp-message.ts";
/** What {@link Path.send} prepends, bytes, unless there are options: see {@link Path.optionsLength}. */
export { IPV4_HEADER_LENGTH } from "./ipv4-header.ts";
export { Memberships } from "./memberships.ts";
export { heedsTooBig, learnsTooBig, mayGo, mtuFor } from "./mtu-discovery.ts";
/** What `receive` tells of a datagram. */
export { ReceivedInfo } from "./received.ts";

/** The fields of the IPv4 header that a transport chooses for a packet. */
export interface SendOptions {
  /** Time to live, 1 to 255; for a multicast group from 0. */
  timeToLive: number;
  /** The eight bits of DSCP and ECN. */
  trafficClass: number;
  /** Sets DF: a router that cannot pass the datagram whole says so instead of cutting it. */
  dontFragment: boolean;
  /** Only the link's MTU says what has to be cut. Left out: false. */
  ignoresPathMtu?: boolean;
}

/** What a user of the stack may ask of a path beside its ends. A path copies it. */
export interface PathChoice {
  /** Broadcast addresses are allowed (SO_BROADCAST). */
  readonly broadcast: boolean;
  /**
   * The index of the only interface that may be used, -1 for any (SO_BINDTODEVICE, IP_UNICAST_IF, IP_MULTICAST_IF). What no route
   * of that interface leads to is taken to be on its link, as in Linux.
   */
  readonly interface: number;
  /** Only what is directly connected, through no gateway (SO_DONTROUTE, MSG_DONTROUTE). */
  readonly onLink: boolean;
  /** The source need not be an address of ours (IP_FREEBIND, IP_TRANSPARENT, IP_HDRINCL). */
  readonly foreignSource: boolean;
  /** Multicasts come back to this host too, if it has joined their group on the interface they leave by (IP_MULTICAST_LOOP). */
  readonly multicastLoop: boolean;
  /** Options for every header (IP_OPTIONS), well-formed, 40 bytes at most; must not be changed afterwards. */
  readonly options: Uint8Array | undefined;
}

/** Nothing asked. */
export const DEFAULT_CHOICE: PathChoice = {
  broadcast: false,
  interface: -1,
  onLink: false,
  foreignSource: false,
  multicastLoop: true,
  options: undefined,
};

/**
 * The way to one destination, as a transport caches it: which source address, how big a packet may be, what the
 * link does for us. A path stays usable when routes change; it finds its route again by itself, but its source
 * address is kept (RFC 9293 §3.9.1.1, MUST-45).
 */
export interface Path {
  readonly source: number;
  readonly destination: number;
  /** The largest IPv4 datagram, in bytes: the link's MTU or the path MTU learned from ICMP, whichever is less. */
  readonly mtu: number;
  /** The first link's own MTU in bytes. */
  readonly linkMtu: number;
  /** Transport checksums need not be made: see `LinkFeatures.checksum`. */
  readonly checksumTrusted: boolean;
  /**
   * Several TCP segments may be sent in one packet of up to 64 KiB with `packet.segmentSize` set, all with DF. The path may have
   * changed at the next packet: who asks each time is not sent segments that have to be cut here after all.
   */
  readonly segmentation: boolean;
  /** True when the destination is one of this host's own addresses. */
  readonly isLocal: boolean;
  /**
   * Bytes of options in every header, a multiple of 4 from 0 to 40: what {@link Path.send} prepends beyond
   * {@link IPV4_HEADER_LENGTH}, and what `mtu` has to hold beside the transport's own.
   */
  readonly optionsLength: number;
  /**
   * Prepends the IPv4 header to `packet` (framing the transport's header and data) and hands it to the link; takes
   * ownership in every case. Without DF, what exceeds `mtu` goes in fragments. With it, what exceeds `linkMtu` is EMSGSIZE; what
   * lies between the two goes, so that a transport can probe (RFC 4821). Returns 0, -EMSGSIZE or -ENETUNREACH. With a time to live
   * of 0, what is for a group stays on this host.
   */
  send(packet: Packet, protocol: number, options: SendOptions): number;
}

/** What transports ask of IP. */
export interface PathFinder {
  /**
   * The path to `destination` (int32), from `source` if it is not 0. Destination 0 is this host itself. `choice` is
   * {@link DEFAULT_CHOICE} if left out. Returns a negative errno where there is no path: ENETUNREACH (no route; the chosen interface
   * is down; a source that is not ours and should be), ENODEV (no such interface), EACCES (a broadcast that is not allowed), EINVAL (a
   * source in 127/8 that would have to leave this host; a group, or the limited broadcast, as source).
   */
  path(destination: number, source: number, choice?: PathChoice): Path | number;
  /** The index of the interface called `name`, -1 when there is none (SO_BINDTODEVICE). */
  interfaceNamed(name: string): number;
  /** The index of the first interface whose address is `address`, -1 when there is none (IP_MULTICAST_IF by address). */
  interfaceWith(address: number): number;
  /** The name of interface `index`, "" when there is none. */
  interfaceName(index: number): string;
  /** The address of interface `index`, 0 when there is none. */
  interfaceAddress(index: number): number;
  /**
   * Takes part in the multicast `group` on interface `index`, -1 for the one by which it would be sent to. Returns the interface's
   * index, for {@link leave}, or -ENODEV. Each call counts.
   */
  join(index: number, group: number): number;
  /** The interface by which the multicast `group` is sent to when nothing chooses one, -1 when there is none. */
  interfaceTo(group: number): number;
  /** Takes one {@link join} back. */
  leave(index: number, group: number): void;
  /** Whether `address` is one of this host's unicast addresses. */
  isLocal(address: number): boolean;
  /** Whether `address` is multicast, the limited broadcast, or the directed broadcast of one of our subnets. */
  isBroadcastOrMulticast(address: number): boolean;
  /**
   * Lowers the path MTU to `destination` after a transport has checked the ICMP message that asks for it (RFC 5927 §7), or has found
   * out by itself. It is never raised so, and never falls below `IpConfig.minPathMtu`.
   */
  learnPathMtu(destination: number, mtu: number): void;
  /** Advice from a transport that the route to `destination` may be dead (RFC 9293 §3.8.3, R1). */
  suspectRoute(destination: number): void;
  /** Answers `packet` (as IPv4 input left it) with an ICMP error, subject to RFC 1122's rules; does not release it. */
  sendError(packet: Packet, type: number, code: number): void;
}

/** An ICMP error as a transport sees it: what it says, and the datagram it quotes. */
export interface IcmpReport {
  type: number;
  code: number;
  /**
   * Next-hop MTU of "fragmentation needed": as received, or, where the router did not say, the next plateau below the quoted
   * datagram's length (RFC 1191 §5). 0 for other errors.
   */
  mtu: number;
  /** The error as Linux reports it to a socket (icmp_err_convert): ECONNREFUSED for port unreachable, … (positive). */
  errno: number;
  /** Hard errors (RFC 1122 §4.2.3.9: protocol and port unreachable, and fragmentation needed) as opposed to soft ones. */
  hard: boolean;
  /** The address of the host or router that sent it. */
  from: number;
  /** The quoted datagram's source (ours) and destination. */
  source: number;
  destination: number;
  /** The first byte of the quoted IPv4 header, as an absolute offset into this packet's slab. */
  headerOffset: number;
  /** The quoted transport header: at least 8 bytes at `offset` of this packet's slab; `length` of them. */
  packet: Packet;
  offset: number;
  length: number;
}

/** A protocol above IPv4. */
export interface Transport {
  /**
   * A packet whose present layer is this protocol's header; IPv4 has set `source`, `destination`, `timeToLive`,
   * `trafficClass`, `flags`. Takes ownership.
   */
  input(packet: Packet): void;
  /** An ICMP error quotes a packet of this protocol, apparently ours. Must not keep `report`. */
  error(report: IcmpReport): void;
}
