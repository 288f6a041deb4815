import { Packet } from "./packet.ts";
import { Slab } from "./slab.ts";

/** Bytes left free in front of a fresh packet: virtio-net 12, Ethernet 14, IPv4 60, TCP 60, and some to spare. */
export const HEADROOM = 160;
/** A small packet holds a frame of MTU 1500 and the headroom; a large one the longest IPv4 datagram. */
export const SMALL_PACKET_SIZE = 2048;
export const LARGE_PACKET_SIZE = 65_536 + 512;

const SLAB_PACKETS = 512;

/** Hands out packets and takes them back; counts what is out, so that a test can insist on zero. */
export class PacketPool {
  /** Packets handed out and not yet released. */
  outstanding = 0;
  /** In debug mode a released packet's bytes are overwritten, so that a late reader sees garbage at once. */
  debug = false;
  private small: Packet | undefined = undefined;
  private large: Packet | undefined = undefined;

  /**
   * A packet with room for `size` bytes behind the headroom, framing zero bytes there: `offset` = base + HEADROOM,
   * `length` = 0. Its bytes are not cleared.
   */
  allocate(size: number): Packet {
    const isSmall = size + HEADROOM <= SMALL_PACKET_SIZE;
    let packet = isSmall ? this.small : this.large;
    if (packet === undefined) {
      this.grow(isSmall);
      packet = (isSmall ? this.small : this.large) as Packet;
    }
    if (isSmall) this.small = packet.next;
    else this.large = packet.next;
    packet.next = undefined;
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

  /** Takes a packet back: called by {@link Packet.release}. */
  release(packet: Packet): void {
    if (!packet.live) throw new Error("packet released twice");
    packet.live = false;
    this.outstanding--;
    if (this.debug) packet.slab.bytes.fill(0xdb, packet.base, packet.base + packet.capacity);
    if (packet.capacity === SMALL_PACKET_SIZE) {
      packet.next = this.small;
      this.small = packet;
    } else {
      packet.next = this.large;
      this.large = packet;
    }
  }

  private grow(isSmall: boolean): void {
    const size = isSmall ? SMALL_PACKET_SIZE : LARGE_PACKET_SIZE;
    const count = isSmall ? SLAB_PACKETS : 16;
    const slab = new Slab(size * count);
    for (let index = count - 1; index >= 0; index--) {
      const packet = new Packet(this, slab, index * size, size);
      packet.next = isSmall ? this.small : this.large;
      if (isSmall) this.small = packet;
      else this.large = packet;
    }
  }
}

/** The pool every host of this process draws from: packets cross wires from host to host, so it is shared. */
export const packetPool = new PacketPool();
