import type { Clock } from "../../src/base/clock.ts";
import { Task } from "../../src/base/task.ts";
import type { Link, LinkFeatures, LinkReceiver } from "../../src/link/link.ts";
import type { Packet } from "../../src/packet/packet.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { cut } from "./cut.ts";

export interface TestLinkOptions {
  /** Default 1500. */
  mtu?: number;
  /** Whether the link is trusted with checksums. Default false: they are made and verified. */
  checksum?: boolean;
  /** Whether it takes segments of up to 64 KiB. Default false. */
  segmentation?: boolean;
  /** As a device with offload has it: both of these, and what is sent is cut and completed before it is recorded. Default false. */
  cuts?: boolean;
}

/** A link whose other end is the test: it records what is sent and receives what the test injects. */
export class TestLink implements Link {
  readonly mtu: number;
  readonly features: LinkFeatures;
  /** Copies of the datagrams that were sent, oldest first. */
  readonly sent: Uint8Array[] = [];
  /** The next hop of each of them. */
  readonly nextHops: number[] = [];
  /** `segmentSize` of each of them. */
  readonly segmentSizes: number[] = [];
  /** Of those that were handed over in one packet, how many at most. */
  longestRun = 0;
  closed = false;
  private readonly cuts: boolean;
  private readonly clock: Clock;
  private receiver: LinkReceiver | undefined = undefined;
  private readonly waiting: Packet[] = [];
  private readonly arrival = new Task(() => this.arrive());

  constructor(clock: Clock, options: TestLinkOptions = {}) {
    this.clock = clock;
    this.mtu = options.mtu ?? 1500;
    const { cuts = false, checksum = cuts, segmentation = cuts } = options;
    this.cuts = cuts;
    this.features = { checksum, segmentation, marksTrusted: cuts };
  }

  send(packet: Packet, nextHop: number): void {
    const { segmentSize } = packet;
    const bytes = packet.bytes().slice();
    packet.release();
    const pieces = this.cuts ? cut(bytes, segmentSize) : [bytes];
    this.longestRun = Math.max(this.longestRun, pieces.length);
    for (const piece of pieces) {
      this.sent.push(piece);
      this.nextHops.push(nextHop);
      this.segmentSizes.push(this.cuts ? 0 : segmentSize);
    }
  }

  attach(receiver: LinkReceiver | undefined): void {
    this.receiver = receiver;
  }

  close(): void {
    this.closed = true;
    this.receiver = undefined;
    this.arrive();
  }

  /** Has `bytes`, a whole IPv4 datagram, arrive in this instant: run it with `clock.runInstant()`. `flags` and `segmentSize` as the link sets them. */
  inject(bytes: Uint8Array, flags = 0, segmentSize = 0): void {
    const packet = packetPool.from(bytes);
    packet.flags = flags;
    packet.segmentSize = segmentSize;
    this.waiting.push(packet);
    this.clock.post(this.arrival);
  }

  /** Injects and runs the instant. */
  receive(bytes: Uint8Array, flags = 0): void {
    this.inject(bytes, flags);
    this.clock.runInstant();
  }

  /** What was sent since the last call. */
  take(): Uint8Array[] {
    this.nextHops.length = 0;
    this.segmentSizes.length = 0;
    return this.sent.splice(0);
  }

  private arrive(): void {
    for (const packet of this.waiting.splice(0)) {
      if (this.receiver === undefined) packet.release();
      else this.receiver.input(packet);
    }
  }
}
