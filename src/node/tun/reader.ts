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
/** After so many wakes in a row with a single packet a second one is looked for only now and then: looking in vain costs 3 µs. */
const PATIENCE = 3;
const LOOK_EVERY = 16;
/** What the largest packet leaves behind its headroom. */
const ROOM = LARGE_PACKET_SIZE - HEADROOM;

const NOWHERE = new Uint8Array(0);

const EAGAIN = 11;
const EINTR = 4;

/** Who gets what was read; takes ownership. */
export type TunReceiver = Pick<LinkReceiver, "input" | "wake">;

export class TunReader {
  receiver: TunReceiver | undefined = undefined;
  private readonly file: number;
  private readonly headerLength: number;
  private readonly linkLength: number;
  private readonly counters: TunCounters;
  private readonly onFailure: (error: unknown) => void;
  /** Nothing is read any more. */
  private closed = false;
  /** A large packet into which the next one is read. */
  private held: Packet | undefined = undefined;
  /** The last one that a waker was told of, and its bytes from the virtio-net header on. */
  private told: Packet | undefined = undefined;
  private space = NOWHERE;
  /** Wakes in a row that found a single packet. */
  private lonelyWakes = 0;
  /** Where intrinsic objects are frozen, looking in vain takes longer. */
  private readonly mutesStacks = !Object.isFrozen(Error);
  private readonly handUp = (packet: Packet) => this.deliver(packet);

  /** `onFailure` hears of the error that reading ends with. */
  constructor(device: TunDevice, counters: TunCounters, onFailure: (error: unknown) => void) {
    this.file = device.file;
    this.headerLength = device.headerLength;
    this.linkLength = device.linkHeaderLength ?? 0;
    this.counters = counters;
    this.onFailure = onFailure;
  }

  /** Where the next packet is to be read to: straight into the memory of packets. */
  readonly memory = (): Uint8Array => {
    if (this.closed) return NOWHERE;
    const packet = this.hold();
    if (this.told !== packet) {
      this.told = packet;
      this.space = packet.slab.bytes.subarray(packet.offset - this.headerLength, packet.offset + ROOM);
    }
    return this.space;
  };

  /** Packets wait; the first has been read to where {@link memory} says already if `length` is not 0. */
  readonly wake = (length: number): void => {
    if (this.closed) return;
    this.counters.wakes++;
    this.receiver?.wake?.();
    if (length > 0) {
      this.take(length);
      if (!this.worthLooking()) return;
    }
    const found = this.drain();
    if (length > 0) this.lonelyWakes = found > 0 ? 0 : this.lonelyWakes + 1;
  };

  /** Hands up nothing more; the descriptor may be closed already. */
  close(): void {
    this.closed = true;
    this.receiver = undefined;
    this.held?.release();
    this.held = undefined;
  }

  private hold(): Packet {
    this.held ??= packetPool.allocate(ROOM);
    return this.held;
  }

  private worthLooking(): boolean {
    if (this.lonelyWakes < PATIENCE) return true;
    if (this.lonelyWakes % LOOK_EVERY === 0) return true;
    this.lonelyWakes++;
    return false;
  }

  /** Takes packets until nothing is left or the bound is reached; returns how many. */
  private drain(): number {
    let packets = 0;
    for (let bytes = 0; packets < MOST_PACKETS && bytes < MOST_BYTES && !this.closed; packets++) {
      const length = this.read();
      if (length === 0) break;
      bytes += length;
      this.take(length);
    }
    return packets;
  }

  /** Reads one packet; returns its bytes, 0 when there was none. */
  private read(): number {
    const { slab, offset } = this.hold();
    const { headerLength } = this;
    const limit = Error.stackTraceLimit;
    if (this.mutesStacks) Error.stackTraceLimit = 0; // or an EAGAIN, which nobody is shown, costs three times as much
    try {
      return readSync(this.file, slab.bytes, offset - headerLength, ROOM + headerLength, null);
    } catch (error) {
      const errno = -errnoOf(error);
      if (errno !== EAGAIN && errno !== EINTR) this.onFailure(error);
      return 0;
    } finally {
      if (this.mutesStacks) Error.stackTraceLimit = limit;
    }
  }

  /** Takes the `length` bytes that were read to where {@link memory} has said. */
  private take(length: number): void {
    const { counters, headerLength, linkLength } = this;
    const packet = this.held!;
    packet.length = length - headerLength;
    counters.receivedPackets++;
    counters.receivedBytes += Math.max(packet.length, 0);
    if (packet.length < (linkLength === 0 ? 20 : linkLength)) counters.badHeader++;
    else if (linkLength === 0 && packet.slab.view.getUint8(packet.offset) >>> 4 !== 4) counters.notIpv4++;
    else if (headerLength === 0) this.deliver(this.fitting(packet));
    else this.takeOffloaded(packet, packet.offset - headerLength);
  }

  /** Takes `packet` with the virtio-net header at `at`. */
  private takeOffloaded(packet: Packet, at: number): void {
    const { view } = packet.slab;
    const kind = gsoTypeAt(view, at);
    const size = gsoSizeAt(view, at);
    packet.flags = trustAt(view, at);
    packet.segmentSize = kind === GSO_TCPV4 ? size : 0; // whole segments of one connection: TCP takes them as one
    if (kind === GSO_NONE || kind === GSO_TCPV4) {
      this.deliver(this.fitting(packet));
    } else if (kind === GSO_UDP_L4) {
      this.held = undefined;
      if (!splitDatagrams(packet, size, this.handUp, this.linkLength)) this.counters.badHeader++;
    } else {
      this.counters.badHeader++;
    }
  }

  /** What is handed up for the `packet` that is held: itself, or a copy of the size it needs, lest it use up what queues may hold. */
  private fitting(packet: Packet): Packet {
    if (packet.length > MEDIUM_PACKET_SIZE - HEADROOM) {
      this.held = undefined;
      return packet;
    }
    const small = packetPool.allocate(packet.length);
    copyBytes(packet.slab.bytes, packet.offset, small.slab.bytes, small.offset, packet.length);
    small.length = packet.length;
    small.flags = packet.flags;
    small.segmentSize = packet.segmentSize;
    return small;
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
