import { Packet } from "./packet.ts";
import { Slab } from "./slab.ts";

/** Bytes left free in front of a fresh packet: virtio-net 12, Ethernet 14, IPv4 60, TCP 60, and some to spare. */
export const HEADROOM = 160;
/** A small packet holds a frame of MTU 1500 and the headroom, a medium one a jumbo frame, a large one the longest IPv4 datagram. */
export const SMALL_PACKET_SIZE = 2048;
export const MEDIUM_PACKET_SIZE = 16_384;
export const LARGE_PACKET_SIZE = 65_536 + 512;

/** The first slab in bytes; each further one is twice as large. Memory that is not used is not committed. */
const FIRST_SLAB_SIZE = 16 * 1024 * 1024;
const LARGEST_SLAB_SIZE = 512 * 1024 * 1024;
/** Packets of one size that are free. */
class Shelf {
  readonly size: number;
  /** How many are made at once when none is left. */
  readonly batch: number;
  first: Packet | undefined = undefined;

  constructor(size: number, batch: number) {
    this.size = size;
    this.batch = batch;
  }
}

/** What debug mode writes over released packets. */
export const POISON = 0xdb;

/**
 * Hands out packets and takes them back; counts what is out, so that a test can insist on zero.
 *
 * All packets of a pool share a few large slabs, most often one: every slab is a WebAssembly memory, for which an
 * engine reserves gigabytes of address space, and summing is fastest when there is only one.
 */
export class PacketPool {
  /** Packets handed out and not yet released. */
  outstanding = 0;
  /**
   * In debug mode a released packet's bytes are overwritten, so that a late reader sees garbage at once, and looked
   * at when the packet is handed out again, so that a late writer is found out too.
   */
  debug = false;
  private readonly small = new Shelf(SMALL_PACKET_SIZE, 64);
  private readonly medium = new Shelf(MEDIUM_PACKET_SIZE, 16);
  private readonly large = new Shelf(LARGE_PACKET_SIZE, 4);
  /** The newest slab, and how much of it is cut into packets. */
  private slab: Slab | undefined = undefined;
  private used = 0;

  /**
   * A packet with room for `size` bytes behind the headroom, framing zero bytes there: `offset` = base + HEADROOM,
   * `length` = 0. Its bytes are not cleared. RangeError when `size` is more than a large packet holds.
   */
  allocate(size: number): Packet {
    const shelf = this.shelfFor(size + HEADROOM);
    const packet = shelf.first ?? this.fill(shelf);
    shelf.first = packet.next;
    packet.next = undefined;
    if (packet.poison !== 0) checkPoison(packet);
    packet.live = true;
    packet.offset = packet.base + HEADROOM;
    packet.length = 0;
    packet.flags = 0;
    packet.interfaceIndex = -1;
    packet.segmentSize = 0;
    this.outstanding++;
    return packet;
  }

  /** A packet with a copy of `bytes` as its present layer. */
  from(bytes: Uint8Array): Packet {
    const packet = this.allocate(bytes.length);
    packet.length = bytes.length;
    packet.slab.bytes.set(bytes, packet.offset);
    return packet;
  }

  /** Takes a packet back: called by {@link Packet.release}. Throws when it has been taken back before. */
  release(packet: Packet): void {
    if (!packet.live) throw new Error("packet released twice");
    packet.live = false;
    this.outstanding--;
    if (this.debug) poison(packet);
    const shelf = this.shelfFor(packet.capacity);
    packet.next = shelf.first;
    shelf.first = packet;
  }

  /** Where packets of at least `size` bytes in all are. */
  private shelfFor(size: number): Shelf {
    if (size <= SMALL_PACKET_SIZE) return this.small;
    if (size <= MEDIUM_PACKET_SIZE) return this.medium;
    if (size <= LARGE_PACKET_SIZE) return this.large;
    throw new RangeError(`a packet holds 0 to ${LARGE_PACKET_SIZE - HEADROOM} bytes, not ${size - HEADROOM}`);
  }

  /** Makes a batch of free packets and returns the first; the caller takes it off the shelf. */
  private fill(shelf: Shelf): Packet {
    const { size, batch } = shelf;
    const slab = this.slabWith(batch * size);
    let first: Packet | undefined;
    for (let index = batch - 1; index >= 0; index--) {
      const packet = new Packet(this, slab, this.used + index * size, size);
      packet.next = first;
      first = packet;
    }
    this.used += batch * size;
    return first as Packet;
  }

  /** The newest slab if it has `size` bytes left, else a new one. */
  private slabWith(size: number): Slab {
    let slab = this.slab;
    if (slab === undefined || this.used + size > slab.bytes.length) {
      slab = new Slab(
        slab === undefined ? FIRST_SLAB_SIZE : Math.min(2 * slab.bytes.length, LARGEST_SLAB_SIZE),
      );
      this.slab = slab;
      this.used = 0;
    }
    return slab;
  }
}

function poison(packet: Packet): void {
  const { slab, base, capacity } = packet;
  slab.bytes.fill(POISON, base, base + capacity);
  packet.poison = slab.fingerprint(base, capacity);
}

function checkPoison(packet: Packet): void {
  const expected = packet.poison;
  packet.poison = 0;
  if (packet.slab.fingerprint(packet.base, packet.capacity) !== expected) {
    throw new Error("a packet was written to after its release");
  }
}

/** The pool every host of this process draws from: packets cross wires from host to host, so it is shared. */
export const packetPool = new PacketPool();
