/** One stream of a measurement, at one end: how it is filled or emptied, and what is counted of it. */
import { EAGAIN } from "../../base/errno.ts";
import { Timer } from "../../base/timer.ts";
import type { Host } from "../../host/host.ts";
import type { SocketCore } from "../../sockets/core.ts";

/** How soon a stream whose rate is limited goes on at the earliest: iperf3's pacing timer. */
const PACING_MICROS = 1000;
/**
 * The most it sends then, as the time its rate takes for it: who is behind, for want of turns, catches up step by step, and does not
 * overrun the receiver's buffer. Longer than the pacing timer's, or nobody would catch up.
 */
const BURST_MICROS = 3000;

/** What has been counted since the beginning. */
export interface Count {
  bytes: number;
  /** Datagrams: sent; or received and lost, by their numbers. */
  packets: number;
  lost: number;
  outOfOrder: number;
}

/** What is left of a number of bytes or blocks that streams share. */
export class Budget {
  bytes: number;
  blocks: number;
  /** Called when it is used up. */
  onEnd: () => void = () => {};

  /** 0: no limit. */
  constructor(bytes: number, blocks: number) {
    this.bytes = bytes === 0 ? Number.POSITIVE_INFINITY : bytes;
    this.blocks = blocks === 0 ? Number.POSITIVE_INFINITY : blocks;
  }

  get empty(): boolean {
    return this.bytes <= 0 || this.blocks <= 0;
  }

  take(bytes: number, blockLength: number): void {
    this.bytes -= bytes;
    this.blocks -= bytes / blockLength;
    if (this.empty) this.onEnd();
  }
}

export abstract class Flow {
  readonly core: SocketCore;
  /** iperf3's number for it: 1, 3, 4, 5 … */
  readonly id: number;
  readonly sends: boolean;
  readonly count: Count = { bytes: 0, packets: 0, lost: 0, outOfOrder: 0 };
  /** RFC 3550's interarrival jitter, microseconds. */
  jitterMicros = 0;
  /** Called when the stream has failed: a positive errno, or 0 for its end. */
  onEnd: (errno: number) => void = () => {};
  protected readonly host: Host;
  protected readonly budget: Budget;
  protected running = false;

  constructor(host: Host, core: SocketCore, id: number, sends: boolean, budget: Budget) {
    this.host = host;
    this.core = core;
    this.id = id;
    this.sends = sends;
    this.budget = budget;
  }

  begin(): void {
    this.running = true;
    this.core.onReadiness = () => {
      if (this.running) this.turn();
    };
  }

  /** Counts what has come already, where it receives. */
  drain(): void {
    if (this.running && !this.sends) this.turn();
  }

  /** No more is sent or counted. */
  end(): void {
    this.running = false;
    this.core.onReadiness = undefined;
  }

  close(): void {
    this.end();
    this.core.close();
  }

  /** Forgets what was counted: the time that is omitted is over. */
  reset(): void {
    Object.assign(this.count, { bytes: 0, packets: 0, lost: 0, outOfOrder: 0 });
  }

  /** Segments that were sent again; -1: nobody counts. */
  get retransmits(): number {
    return -1;
  }

  /** The congestion window in bytes; -1: there is none. */
  get congestionWindow(): number {
    return -1;
  }

  /** Something may be done. */
  protected abstract turn(): void;

  protected fail(result: number): void {
    this.end();
    this.onEnd(-result);
  }
}

/** A stream that sends block after block, no faster than it is allowed to. */
export abstract class Sender extends Flow {
  protected readonly block: Uint8Array;
  private readonly bitsPerSecond: number;
  private readonly timer = new Timer(() => {
    if (this.running) this.turn();
  });
  private startMicros = 0;
  /** Since `startMicros`. */
  private sentBytes = 0;
  /** What that was when it last went on after a wait, and when that was; -1: it waits. */
  private burstStart = -1;
  private burstMicros = 0;
  /** Bytes of the block under way that have not been taken. */
  private left = 0;

  /** `bitsPerSecond` 0: no limit. */
  constructor(
    host: Host,
    core: SocketCore,
    id: number,
    budget: Budget,
    block: Uint8Array,
    bitsPerSecond: number,
  ) {
    super(host, core, id, true, budget);
    this.block = block;
    this.bitsPerSecond = bitsPerSecond;
  }

  override begin(): void {
    this.host.clock.sample();
    this.startMicros = this.host.clock.now;
    super.begin();
  }

  /** The block under way is sent to its end, uncounted: who receives may wait for the whole of it. */
  override end(): void {
    super.end();
    this.host.clock.disarm(this.timer);
    if (this.left > 0 && this.left < this.block.length) {
      this.core.onReadiness = () => this.finishBlock();
      this.finishBlock();
    }
  }

  protected override turn(): void {
    const { core, block, budget, count } = this;
    for (let bursts = 0; this.running; bursts++) {
      if (this.left === 0) {
        if (budget.empty || !this.mayGoOn(bursts)) return;
        this.prepare();
        this.left = block.length;
      }
      const sent = core.send(block, block.length - this.left, this.left);
      if (sent < 0) {
        if (sent === -EAGAIN || this.survives(sent)) this.held();
        else this.fail(sent);
        return;
      }
      count.bytes += sent;
      this.sentBytes += sent;
      this.left -= sent;
      if (this.left > 0) continue;
      this.sent();
      budget.take(block.length, block.length);
    }
  }

  private finishBlock(): void {
    const { core, block } = this;
    while (this.left > 0) {
      const sent = core.send(block, block.length - this.left, this.left);
      if (sent === -EAGAIN) return;
      this.left = sent < 0 ? 0 : this.left - sent; // nobody is there any more: nobody waits
    }
    core.onReadiness = undefined;
  }

  /** The bound of one turn, blocks: what no buffer holds back must let others work. */
  protected readonly blocksInTurn: number = Number.POSITIVE_INFINITY;

  /** Makes the next block ready. */
  protected prepare(): void {}

  /** The block was taken. */
  protected sent(): void {}

  /** There was no room: the socket says when there is. */
  protected held(): void {}

  /** Whether a failed send ends nothing. */
  protected survives(_result: number): boolean {
    return false;
  }

  /** Tries again in a moment. */
  protected again(): void {
    this.host.clock.armIn(this.timer, PACING_MICROS);
  }

  /** Whether it is time for the next block; if not, the timer is set for it. */
  private mayGoOn(bursts: number): boolean {
    const { clock } = this.host;
    if (bursts >= this.blocksInTurn) {
      clock.arm(this.timer, clock.now + 1); // not in this instant: others are to hear the clock, and the network, too
      return false;
    }
    const { bitsPerSecond } = this;
    if (bitsPerSecond === 0) return true;
    if ((bursts & 15) === 0) clock.sample();
    const due = this.startMicros + (this.sentBytes * 8e6) / bitsPerSecond;
    if (this.burstStart < 0) {
      this.burstStart = this.sentBytes;
      this.burstMicros = clock.now;
    }
    const isBurstOver = (this.sentBytes - this.burstStart) * 8e6 >= bitsPerSecond * BURST_MICROS;
    if (due <= clock.now && !isBurstOver) return true;
    this.burstStart = -1;
    const soonest = isBurstOver ? Math.max(this.burstMicros, clock.now - PACING_MICROS + 1) : clock.now;
    clock.arm(this.timer, Math.max(Math.ceil(due), soonest + PACING_MICROS));
    return false;
  }
}
