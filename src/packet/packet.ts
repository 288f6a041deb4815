import type { PacketPool } from "./pool.ts";
import type { Slab } from "./slab.ts";

/** The packet came as a link-layer or IP broadcast or multicast: it must never cause an error message. */
export const FLAG_BROADCAST = 1;
/** The transport checksum needs no verification: the link trusts its medium, as `lo` does. */
export const FLAG_CHECKSUM_TRUSTED = 2;
/** A copy of a packet on its way out, for who looks on. */
export const FLAG_OUTGOING = 4;
/** The transport's bytes are the user's own, checksum and all: no link that trusts its medium vouches for them. */
export const FLAG_FOREIGN = 8;

/**
 * One packet in a slab. It has one owner at a time: `send` and `input` pass ownership on, and the last owner
 * calls {@link Packet.release}. Who wants to keep bytes copies them.
 *
 * `offset` and `length` frame what the present layer looks at: going down a layer prepends its header
 * ({@link Packet.prepend}), going up strips it ({@link Packet.strip}). IPv4 input leaves `networkOffset` on its header, so
 * that an ICMP error can quote it, and the addresses and fields below for the transport.
 */
export class Packet {
  /** Where the bytes are: `slab.bytes`, `slab.view`, `slab.checksum(...)` take absolute offsets. */
  slab: Slab;
  /** The first byte of this packet's buffer in the slab, and the buffer's size. */
  base: number;
  capacity: number;
  /** The bytes of the present layer, as an absolute offset into the slab. */
  offset = 0;
  length = 0;

  /** Absolute offset and total length of the IPv4 datagram, set by IPv4 input. */
  networkOffset = 0;
  networkLength = 0;
  /** IPv4 source and destination as int32, set by IPv4 input. */
  source = 0;
  destination = 0;
  protocol = 0;
  timeToLive = 0;
  /** The eight bits of DSCP and ECN. */
  trafficClass = 0;
  /** FLAG_BROADCAST | FLAG_CHECKSUM_TRUSTED | … */
  flags = 0;
  /** Index of the interface it came in by, -1 for a packet made here. */
  interfaceIndex = -1;
  /** When it came, microseconds of the clock, for transports that tell; their own affair. */
  arrivedMicros = 0;
  /** Payload bytes per segment when the link is to cut it (segmentation offload); 0 for an ordinary packet. */
  segmentSize = 0;

  /** The next in whatever queue its owner keeps. */
  next: Packet | undefined = undefined;
  /** True between allocation and release; the pool's guard against a second release. */
  live = false;
  /** The fingerprint of the poison that debug mode wrote at release; 0 when it wrote none. */
  poison = 0;
  private readonly pool: PacketPool;

  constructor(pool: PacketPool, slab: Slab, base: number, capacity: number) {
    this.pool = pool;
    this.slab = slab;
    this.base = base;
    this.capacity = capacity;
  }

  /** Makes room for `count` bytes of header in front. The caller has left headroom: see `HEADROOM` in the pool. */
  prepend(count: number): void {
    this.offset -= count;
    this.length += count;
  }

  /** Takes `count` bytes of header off the front. */
  strip(count: number): void {
    this.offset += count;
    this.length -= count;
  }

  /** A view of the present bytes; valid until release. Allocates: not for the data path. */
  bytes(): Uint8Array {
    return this.slab.bytes.subarray(this.offset, this.offset + this.length);
  }

  /** Gives the buffer back. The packet must not be touched afterwards. */
  release(): void {
    this.pool.release(this);
  }
}
