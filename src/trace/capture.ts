import type { Packet } from "../packet/packet.ts";
import type { DropReason, Way, WireObserver } from "./observer.ts";
import { type CaptureDirection, type CapturedPacket, writePcapng } from "./pcapng.ts";

/** As tcpdump's default. */
const DEFAULT_SNAP_LENGTH = 262_144;

export interface CaptureOptions {
  /** Only what this host sends and receives, by name; by default everything. */
  host?: string | undefined;
  /** The most bytes kept of a packet. Default 262144: all of it. */
  snapLength?: number | undefined;
}

/**
 * Keeps copies of packets. A capture of one host sees what a tcpdump there would: what it sends when it sends it, what
 * it receives when that arrives. A capture of everything sees each packet once, when it is sent; what the wire then drops
 * carries a comment that says so. The interfaces are the wires.
 */
export class Capture implements WireObserver {
  /** Names of the wires seen so far: `packets[…].interface` is an index into it. */
  readonly interfaces: string[] = [];
  readonly packets: CapturedPacket[] = [];
  private readonly host: string | undefined;
  private readonly snapLength: number;
  /** Packets on the way and where they stand in `packets`: for the comment on what becomes of them. */
  private readonly underWay = new Map<Packet, number>();
  private detach: (() => void) | undefined;

  /** `detach`: called once, to stop listening. */
  constructor(options: CaptureOptions = {}, detach?: () => void) {
    this.host = options.host;
    this.snapLength = options.snapLength ?? DEFAULT_SNAP_LENGTH;
    if (!Number.isInteger(this.snapLength) || this.snapLength < 1) {
      throw new RangeError(`snapLength must be a whole number of bytes above 0, got ${this.snapLength}`);
    }
    this.detach = detach;
  }

  /** The capture so far, as a file that Wireshark opens. */
  pcapng(): Uint8Array<ArrayBuffer> {
    return writePcapng({ interfaces: this.interfaces, packets: this.packets, snapLength: this.snapLength });
  }

  /** Captures no more; what is there stays. */
  stop(): void {
    this.detach?.();
    this.detach = undefined;
    this.underWay.clear();
  }

  sent(way: Way, packet: Packet, now: number): void {
    if (this.host !== undefined && this.host !== way.from) return;
    this.underWay.set(packet, this.packets.length);
    this.keep(way, packet, now, this.host === undefined ? "unknown" : "out");
  }

  duplicated(): void {}

  corrupted(_way: Way, packet: Packet): void {
    this.comment(packet, "altered by the wire: one bit");
  }

  delivered(way: Way, packet: Packet, now: number): void {
    this.underWay.delete(packet);
    if (this.host === way.to) this.keep(way, packet, now, "in");
  }

  dropped(_way: Way, packet: Packet, reason: DropReason): void {
    this.comment(packet, `dropped by the wire: ${reason}`);
    this.underWay.delete(packet);
  }

  /** A host's own capture knows nothing of what happens to its packets. */
  private comment(packet: Packet, comment: string): void {
    const place = this.underWay.get(packet);
    if (place === undefined || this.host !== undefined) return;
    this.packets[place] = { ...this.packets[place]!, comment };
  }

  private keep(way: Way, packet: Packet, time: number, direction: CaptureDirection): void {
    let number = this.interfaces.indexOf(way.wire);
    if (number < 0) number = this.interfaces.push(way.wire) - 1;
    const { offset, length } = packet;
    const { bytes: all } = packet.slab;
    const bytes = all.slice(offset, offset + Math.min(length, this.snapLength));
    const { headerLength = 0 } = way;
    const header = headerLength === 0 ? undefined : all.slice(offset - headerLength, offset);
    this.packets.push({ time, interface: number, direction, bytes, header, originalLength: length });
  }
}
