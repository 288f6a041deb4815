import { Packet } from "./packet.ts";
import { Slab } from "./slab.ts";

/** Bytes left free in front of a fresh packet: virtio-net 12, Ethernet 14, IPv4 60, TCP 60, and some to spare. */
export const HEADROOM = 160;
/** A small packet holds a frame of MTU 1500 and the headroom; a large one the longest IPv4 datagram. */
export const SMALL_PACKET_SIZE = 2048;
export const LARGE_PACKET_SIZE = 65_536 + 512;

/** The first slab in bytes; each further one is twice as large. Memory that is not used is not committed. */
const FIRST_SLAB_SIZE = 16 * 1024 * 1024;
const LARGEST_SLAB_SIZE = 512 * 1024 * 1024;
/** How many packets are made at once when none is free. */
const SMALL_BATCH = 64;
const LARGE_BATCH = 4;

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
  private small: Packet | undefined = undefined;
  private large: Packet | undefined = undefined;
  /** The newest slab, and how much of it is cut into packets. */
  private slab: Slab | undefined = undefined;
  private used = 0;

  /**
   * A packet with room for `size` bytes behind the headroom, framing zero bytes there: `offset` = base + HEADROOM,
   * `length` = 0. Its bytes are not cleared. RangeError when `size` is more than a large packet holds.
   */
  allocate(size: number): Packet {
    const isSmall = size <= SMALL_PACKET_SIZE - HEADROOM;
    let packet = isSmall ? this.small : this.large;
    if (packet === undefined || !(size <= LARGE_PACKET_SIZE - HEADROOM)) packet = this.grow(size, isSmall);
    if (isSmall) this.small = packet.next;
    else this.large = packet.next;
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
    if (packet.capacity === SMALL_PACKET_SIZE) {
      packet.next = this.small;
      this.small = packet;
    } else {
      packet.next = this.large;
      this.large = packet;
    }
  }

  /** Makes a batch of free packets and returns the first; the caller takes it off the list. */
  private grow(size: number, isSmall: boolean): Packet {
    if (!(size <= LARGE_PACKET_SIZE - HEADROOM)) {
      throw new RangeError(`a packet holds 0 to ${LARGE_PACKET_SIZE - HEADROOM} bytes, not ${size}`);
    }
    const capacity = isSmall ? SMALL_PACKET_SIZE : LARGE_PACKET_SIZE;
    const count = isSmall ? SMALL_BATCH : LARGE_BATCH;
    const slab = this.slabWith(count * capacity);
    let first: Packet | undefined;
    for (let index = count - 1; index >= 0; index--) {
      const packet = new Packet(this, slab, this.used + index * capacity, capacity);
      packet.next = first;
      first = packet;
    }
    this.used += count * capacity;
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
