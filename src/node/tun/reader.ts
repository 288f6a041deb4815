/**
 * Reads packets when woken: one read is one packet, so several a wake until there are no more, with a bound, so that the rest of
 * the program gets its turn.
 */
import { readSync } from "node:fs";
import { copyBytes } from "../../base/copy.ts";
import type { LinkReceiver } from "../../link/link.ts";
import type { Packet } from "../../packet/packet.ts";
import { HEADROOM, LARGE_PACKET_SIZE, MEDIUM_PACKET_SIZE, packetPool } from "../../packet/pool.ts";
import type { TunCounters } from "./counters.ts";
import type { TunDevice } from "./device.ts";
import { errnoOf } from "./errors.ts";
import { splitDatagrams } from "./split-datagrams.ts";
import { GSO_NONE, GSO_TCPV4, GSO_UDP_L4, gsoSizeAt, gsoTypeAt, trustAt } from "./virtio-header.ts";

/** Packets and bytes a wake: whichever comes first. */
const MOST_PACKETS = 64;
const MOST_BYTES = 1 << 20;
/** After so many wakes in a row with a single packet a second one is looked for only now and then: looking in vain costs 6 µs. */
const PATIENCE = 3;
const LOOK_EVERY = 16;
/** What the largest packet leaves behind its headroom. */
const ROOM = LARGE_PACKET_SIZE - HEADROOM;

/** Bytes that a waker's buffer has at least: the longest datagram with its header. */
export const BUFFER_SIZE = 65_536 + 512;

const EAGAIN = 11;
const EINTR = 4;

/** Who gets what was read; takes ownership. */
export type TunReceiver = Pick<LinkReceiver, "input" | "wake">;

export class TunReader {
  receiver: TunReceiver | undefined = undefined;
  /** Nothing is read any more. */
  closed = false;
  private readonly file: number;
  private readonly headerLength: number;
  private readonly linkLength: number;
  private readonly counters: TunCounters;
  private readonly onFailure: (error: unknown) => void;
  /** What the waker has read into, with a view of it. */
  private readonly buffer: Uint8Array;
  /** Wakes in a row that found a single packet. */
  private lonelyWakes = 0;
  private readonly handUp = (packet: Packet) => this.deliver(packet);

  /** `onFailure` hears of the error that reading ends with. */
  constructor(
    device: TunDevice,
    buffer: Uint8Array,
    counters: TunCounters,
    onFailure: (error: unknown) => void,
  ) {
    this.file = device.file;
    this.headerLength = device.headerLength;
    this.linkLength = device.linkHeaderLength ?? 0;
    this.buffer = buffer;
    this.counters = counters;
    this.onFailure = onFailure;
  }

  /** Packets wait; the first stands in the buffer already if `length` is not 0. */
  readonly wake = (length: number): void => {
    if (this.closed) return;
    this.counters.wakes++;
    this.receiver?.wake?.();
    if (length > 0) {
      const packet = packetPool.allocate(ROOM);
      const start = packet.offset - this.headerLength;
      copyBytes(this.buffer, 0, packet.slab.bytes, start, Math.min(length, ROOM + this.headerLength));
      this.take(packet, length);
      if (!this.worthLooking()) return;
    }
    const found = this.drain();
    if (length > 0) this.lonelyWakes = found > 0 ? 0 : this.lonelyWakes + 1;
  };

  private worthLooking(): boolean {
    if (this.lonelyWakes < PATIENCE) return true;
    if (this.lonelyWakes % LOOK_EVERY === 0) return true;
    this.lonelyWakes++;
    return false;
  }

  /** Reads until nothing is left or the bound is reached; returns how many packets. */
  private drain(): number {
    let packets = 0;
    for (let bytes = 0; packets < MOST_PACKETS && bytes < MOST_BYTES && !this.closed; packets++) {
      const length = this.readOne();
      if (length === 0) break;
      bytes += length;
    }
    return packets;
  }

  /** Reads one packet and hands it up; returns its bytes, 0 when there was none. */
  private readOne(): number {
    const packet = packetPool.allocate(ROOM);
    const { headerLength } = this;
    let length = 0;
    try {
      length = readSync(
        this.file,
        packet.slab.bytes,
        packet.offset - headerLength,
        ROOM + headerLength,
        null,
      );
    } catch (error) {
      packet.release();
      const errno = -errnoOf(error);
      if (errno !== EAGAIN && errno !== EINTR) this.onFailure(error);
      return 0;
    }
    this.take(packet, length);
    return length;
  }

  /** Takes what was read into the large `packet`: `length` bytes, with the header in front of the offset. */
  private take(packet: Packet, length: number): void {
    const { counters, headerLength, linkLength } = this;
    packet.length = length - headerLength;
    counters.receivedPackets++;
    counters.receivedBytes += Math.max(packet.length, 0);
    const { view } = packet.slab;
    if (packet.length < (linkLength === 0 ? 20 : linkLength)) {
      counters.badHeader++;
      packet.release();
    } else if (linkLength === 0 && view.getUint8(packet.offset) >>> 4 !== 4) {
      counters.notIpv4++;
      packet.release();
    } else if (headerLength === 0) {
      this.deliver(shrink(packet));
    } else {
      this.takeOffloaded(packet, packet.offset - headerLength);
    }
  }

  /** Takes `packet` with the virtio-net header at `at`. */
  private takeOffloaded(packet: Packet, at: number): void {
    const { view } = packet.slab;
    const kind = gsoTypeAt(view, at);
    const size = gsoSizeAt(view, at);
    packet.flags = trustAt(view, at);
    if (kind === GSO_UDP_L4) {
      if (!splitDatagrams(packet, size, this.handUp, this.linkLength)) this.counters.badHeader++;
    } else if (kind === GSO_NONE || kind === GSO_TCPV4) {
      if (kind === GSO_TCPV4) packet.segmentSize = size; // whole segments of one connection: TCP takes them as one
      this.deliver(shrink(packet));
    } else {
      this.counters.badHeader++;
      packet.release();
    }
  }

  private deliver(packet: Packet): void {
    if (this.receiver !== undefined) {
      this.receiver.input(packet);
    } else {
      this.counters.noReceiver++;
      packet.release();
    }
  }
}

/** `packet`, or a smaller one with the same where that holds it: a short packet in a large buffer would use up what queues may hold. */
function shrink(packet: Packet): Packet {
  if (packet.length > MEDIUM_PACKET_SIZE - HEADROOM) return packet;
  const small = packetPool.allocate(packet.length);
  copyBytes(packet.slab.bytes, packet.offset, small.slab.bytes, small.offset, packet.length);
  small.length = packet.length;
  small.flags = packet.flags;
  small.segmentSize = packet.segmentSize;
  packet.release();
  return small;
}
