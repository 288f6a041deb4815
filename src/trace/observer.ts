/**
 * What a wire tells of itself: captures, ladders and probes all listen through this one interface. A wire that
 * nobody listens to asks one question per packet and builds nothing.
 */
import type { Packet } from "../packet/packet.ts";

/** Why a wire did not carry a packet. */
export type DropReason =
  /** Chance, as `loss` asks. */
  | "loss"
  /** The queue in front of the transmitter was full. */
  | "queue"
  /** Longer than the wire's MTU. */
  | "mtu"
  /** The wire is cut: see `Network.partition`. */
  | "partition"
  /** A rule said "drop". */
  | "rule"
  /** This end, or the wire, is closed, or nobody is attached at the far end. */
  | "closed";

/** One direction of one wire. */
export interface Way {
  /** The wire's name, such as "a-b". */
  readonly wire: string;
  /** The names of the hosts at its ends. */
  readonly from: string;
  readonly to: string;
  /** Bytes of link header in front of every packet, outside of what it frames. Left out: 0. */
  readonly headerLength?: number;
}

/**
 * Packets begin with their IPv4 header; on a wire that carries Ethernet frames, where `headerLength` says so, with whatever is in the
 * frame, ARP for instance. Every packet is `sent` once; then it is `dropped` or, later, `delivered`. It is the same object all the way, and
 * the wire's or the receiver's: an observer copies what it keeps. Times are microseconds of the network's clock.
 */
export interface WireObserver {
  /** A host handed `packet` to the wire. */
  sent(way: Way, packet: Packet, now: number): void;
  /** The wire made `copy` of `packet`, which was sent; both are delivered. */
  duplicated(way: Way, packet: Packet, copy: Packet, now: number): void;
  /** The wire flipped a bit of `packet`, which was sent and will be delivered. */
  corrupted(way: Way, packet: Packet, now: number): void;
  /** `packet` reached the host at the far end, which is about to look at it. */
  delivered(way: Way, packet: Packet, now: number): void;
  /** `packet` goes no further. */
  dropped(way: Way, packet: Packet, reason: DropReason, now: number): void;
}
