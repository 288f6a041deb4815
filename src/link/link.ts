import type { Packet } from "../packet/packet.ts";
import type { ClaimState } from "./address-claim.ts";

/** What a link takes off the stack's hands, as Linux's netdev features do. */
export interface LinkFeatures {
  /** The medium is trusted (`lo`) or the device does it: transport checksums are neither made nor verified. */
  readonly checksum: boolean;
  /**
   * What comes in says by itself, with FLAG_CHECKSUM_TRUSTED, which checksums need no verification, as a device does that also
   * carries what others have sent. Left out: `checksum` says it for all.
   */
  readonly marksTrusted?: boolean;
  /** The link takes TCP segments of up to 64 KiB at once and cuts them itself to `packet.segmentSize`. */
  readonly segmentation: boolean;
  /** Whether there may be routers on it that want to know which multicast groups its hosts are in (IGMP). Left out: true, but for `lo`. */
  readonly groupReports?: boolean;
}

/** Who takes what a link receives: the IP interface above it. Takes ownership of the packet. */
export interface LinkReceiver {
  input(packet: Packet): void;
  /**
   * Brings the clock up to date: a link that is woken from outside of it calls this before the packets it then hands up, since a
   * real clock may have idled.
   */
  wake?(): void;
  /** Our address on the link, int32: links with neighbours answer for it. Left out, or 0: none. */
  readonly address?: number;
  /** False: the interface is down, and the link neither hears nor says anything for it. Left out: true. */
  readonly up?: boolean;
  /** Whether the IPv4 `address` is all hosts of the link, so that it has no neighbour to be asked for. */
  isBroadcast?(address: number): boolean;
  /** Takes back a datagram that was sent (framed from its IPv4 header on): its next hop did not answer. Never from inside `send`. */
  unreachable?(packet: Packet): void;
}

/** Who looks on at the frames of a link. Keeps nothing of them: whoever wants their bytes copies them. */
export interface FrameWatcher {
  /** A frame has come, whole, for whomever it is; before anything is made of it. */
  frameIn(frame: Packet): void;
  /** A frame goes out, whole. */
  frameOut(frame: Packet): void;
}

/**
 * Carries IPv4 datagrams to a neighbour. The packet frames the whole datagram (`offset` at the IPv4 header).
 *
 * A link never calls back from inside `send`: it queues, and hands packets to its receiver later, in a task or a
 * timer of the clock. So no layer is ever entered twice.
 */
export interface Link {
  /** The largest datagram it carries, in bytes. */
  readonly mtu: number;
  readonly features: LinkFeatures;
  /** What its frames are, as an ARPHRD_ number (<net/if_arp.h>). Left out: bare datagrams, ARPHRD_NONE. */
  readonly hardwareType?: number;
  /** What it has counted: numbers by name. Left out: nothing. */
  readonly counters?: object;
  /** What those it stands on have counted, by what they are: "port". Left out: it stands on nobody. */
  readonly lowerCounters?: Readonly<Record<string, object>>;
  /** Its own link-layer address. Left out where links have none. */
  readonly hardwareAddress?: Uint8Array;
  /** Whom it knows on the link, with the link-layer address of whoever has answered. Left out where links have none. */
  neighbors?(): Iterable<{ readonly address: number; readonly hardwareAddress: Uint8Array | undefined }>;
  /**
   * Whether the receiver's address may be used: the link is asking around whether another station has it, one has, or none has.
   * Undefined while there is none; left out where links do not ask.
   */
  readonly claimState?: ClaimState | undefined;
  /** Takes ownership. `nextHop` (int32 address) matters to links with neighbours, such as Ethernet. */
  send(packet: Packet, nextHop: number): void;
  /** Who looks on; undefined while nobody does. Left out where a link carries bare datagrams. */
  watcher?: FrameWatcher | undefined;
  /** Sends a whole frame as it is, from its link header on; takes ownership. Left out where a link has no frames. */
  sendFrame?(frame: Packet): void;
  /**
   * Sets who gets what comes in; before that, and after `undefined`, incoming packets are released. Called again with the same
   * receiver when its address has changed, or it went up or down.
   */
  attach(receiver: LinkReceiver | undefined): void;
  /** Releases everything it holds; nothing is received afterwards. */
  close(): void;
}
