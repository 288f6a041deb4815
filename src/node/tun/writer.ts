/** Writes packets at once: one write is one packet, and the kernel takes it or refuses it; it never asks to wait. */
import { writeSync } from "node:fs";
import type { Packet } from "../../packet/packet.ts";
import { copyPacket } from "../../packet/packet-copy.ts";
import type { TunCounters } from "./counters.ts";
import type { TunDevice } from "./device.ts";
import { errnoOf } from "./errors.ts";
import { writeVirtioHeader } from "./virtio-header.ts";

const EIO = 5;
const EAGAIN = 11;
const ENOMEM = 12;
const ENOBUFS = 105;

export class TunWriter {
  /** The last write found the interface down. */
  isDown = false;
  private readonly file: number;
  private readonly headerLength: number;
  private readonly linkLength: number;
  private readonly counters: TunCounters;
  private readonly onError: (error: unknown) => void;

  /** `onError` hears that the interface has gone down, once each time, and of every other error but a lack of room. */
  constructor(device: TunDevice, counters: TunCounters, onError: (error: unknown) => void) {
    this.file = device.file;
    this.headerLength = device.headerLength;
    this.linkLength = device.linkHeaderLength ?? 0;
    this.counters = counters;
    this.onError = onError;
  }

  /** Sends `packet`, which frames an IPv4 datagram, or a frame for a TAP device; takes ownership. What cannot be sent is counted. */
  write(packet: Packet): void {
    const { headerLength } = this;
    if (packet.offset - headerLength < packet.base) packet = withHeadroom(packet);
    if (headerLength > 0) writeVirtioHeader(packet, headerLength, this.linkLength);
    const { slab, offset, length } = packet;
    try {
      writeSync(this.file, slab.bytes, offset - headerLength, length + headerLength, null);
      this.counters.sentPackets++;
      this.counters.sentBytes += length;
      this.isDown = false;
    } catch (error) {
      this.failed(error);
    }
    packet.release();
  }

  private failed(error: unknown): void {
    const { counters } = this;
    switch (-errnoOf(error)) {
      case EIO:
        counters.interfaceDown++;
        if (!this.isDown) this.onError(error);
        this.isDown = true;
        break;
      case EAGAIN:
      case ENOMEM:
      case ENOBUFS:
        counters.queueFull++;
        break;
      default:
        counters.notSent++;
        this.onError(error);
    }
  }
}

/** The same packet where there is room in front of it. */
function withHeadroom(packet: Packet): Packet {
  const copy = copyPacket(packet, packet.offset, packet.length);
  copy.segmentSize = packet.segmentSize;
  packet.release();
  return copy;
}
