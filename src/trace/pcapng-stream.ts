/**
 * pcapng as it is made: packets go into one of two buffers while the other is on its way to wherever it goes. Memory is bounded, and
 * a packet costs a copy.
 */
import {
  BlockWriter,
  type CaptureDirection,
  DIRECTIONS,
  ENHANCED_PACKET,
  EPB_FLAGS,
} from "./pcapng-blocks.ts";

/** Where packets are seen. */
export interface CaptureInterface {
  readonly name: string;
  readonly description?: string | undefined;
  /** A LINKTYPE_ number: 228 for bare IPv4, 1 for Ethernet. */
  readonly linkType: number;
}

/** Bytes of a packet's block beside the packet, with its padding. */
const PACKET_OVERHEAD = 32 + 12 + 3;
/** More than the description of an interface takes, but for its texts. */
const INTERFACE_OVERHEAD = 64;
/** Bytes of a block of statistics. */
const STATISTICS_LENGTH = 40;

export class PcapngStream {
  /** Packets for which there was no room. */
  dropped = 0;
  private readonly capacity: number;
  private readonly snapLength: number;
  private writer: BlockWriter;
  private spare: BlockWriter;
  private readonly interfaces = new Map<CaptureInterface, number>();
  private readonly flags = new Uint8Array(4);

  /**
   * `capacity`: bytes of each of the two buffers, far above the length of a packet; `snapLength`: the most kept of one, 0 for all of
   * it. The first bytes are there at once.
   */
  constructor(capacity: number, snapLength = 0) {
    this.capacity = capacity;
    this.snapLength = snapLength;
    this.writer = new BlockWriter(new Uint8Array(capacity));
    this.spare = new BlockWriter(new Uint8Array(capacity));
    this.writer.section();
  }

  /** Bytes that {@link take} would give: whole blocks. */
  get length(): number {
    return this.writer.at;
  }

  /** Where {@link add} puts packets. */
  get buffer(): Uint8Array {
    return this.writer.bytes!;
  }

  /**
   * Adds the `length` bytes of `data` from `at` on, seen at `time` (microseconds since 1970). Returns where in {@link buffer} they
   * now stand, so that a field can be corrected; -1 when there was no room, which is counted.
   */
  add(
    by: CaptureInterface,
    direction: CaptureDirection,
    time: number,
    data: Uint8Array,
    at: number,
    length: number,
  ): number {
    const kept = this.snapLength === 0 ? length : Math.min(length, this.snapLength);
    const number = this.numberOf(by, kept + PACKET_OVERHEAD);
    if (number < 0) {
      this.dropped++;
      return -1;
    }
    const { flags, writer } = this;
    writer.begin(ENHANCED_PACKET);
    writer.int32(number);
    writer.time(time);
    writer.int32(kept);
    writer.int32(length);
    const start = writer.at;
    writer.padded(data.subarray(at, at + kept));
    flags[0] = DIRECTIONS.indexOf(direction);
    writer.option(EPB_FLAGS, flags);
    writer.endOptions();
    writer.end();
    return start;
  }

  /** The number of an interface, which is described when it is seen first; -1 when there is no room for `more` bytes. */
  private numberOf(by: CaptureInterface, more: number): number {
    const { interfaces, writer } = this;
    const known = interfaces.get(by);
    const text = known === undefined ? 3 * (by.name.length + (by.description ?? "").length) : 0;
    const overhead = known === undefined ? INTERFACE_OVERHEAD + text : 0;
    if (writer.at + overhead + more > this.capacity) return -1;
    if (known !== undefined) return known;
    writer.interface(by.name, by.linkType, this.snapLength, by.description);
    interfaces.set(by, interfaces.size);
    return interfaces.size - 1;
  }

  /** Says at the end how many packets are missing, if there are any and somebody was seen. */
  finish(time: number): void {
    const { dropped, interfaces, writer } = this;
    if (dropped === 0 || interfaces.size === 0 || writer.at + STATISTICS_LENGTH > this.capacity) return;
    writer.statistics(0, time, dropped);
  }

  /** What has been added since the last call. It stays as it is until the next one. */
  take(): Uint8Array {
    const full = this.writer;
    this.writer = this.spare;
    this.spare = full;
    this.writer.at = 0;
    return full.bytes!.subarray(0, full.at);
  }
}
