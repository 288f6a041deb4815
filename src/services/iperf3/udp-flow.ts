/** Streams over UDP: each datagram has the time when it was sent and its number, from 1 on. */
import { EAGAIN, ECONNREFUSED } from "../../base/errno.ts";
import type { Host } from "../../host/host.ts";
import type { SocketCore } from "../../sockets/core.ts";
import { type Budget, Flow, Sender } from "./flow.ts";

const AT_MICROS = 4;
const AT_NUMBER = 8;
/** What is sent before others get their turn. */
const BURST = 64;
/** What "no limit" is here, bits per second: on a simulated wire nothing else would ever end an instant. */
const UNLIMITED = 10e9;
const TWO_TO_32 = 4_294_967_296;

export class UdpSender extends Sender {
  protected override readonly blocksInTurn = BURST;
  private readonly view: DataView;
  private readonly longCounters: boolean;
  private number = 0;

  constructor(
    host: Host,
    core: SocketCore,
    id: number,
    budget: Budget,
    block: Uint8Array,
    bitsPerSecond: number,
    longCounters: boolean,
  ) {
    super(host, core, id, budget, block, bitsPerSecond || UNLIMITED);
    this.view = new DataView(block.buffer, block.byteOffset, block.length);
    this.longCounters = longCounters;
  }

  protected override prepare(): void {
    const { view } = this;
    const { clock } = this.host;
    clock.sample();
    view.setUint32(0, Math.floor(clock.now / 1e6));
    view.setUint32(AT_MICROS, clock.now % 1e6);
    const number = this.number + 1;
    if (this.longCounters) {
      view.setUint32(AT_NUMBER, Math.floor(number / TWO_TO_32));
      view.setUint32(AT_NUMBER + 4, number >>> 0);
    } else {
      view.setUint32(AT_NUMBER, number >>> 0);
    }
  }

  protected override sent(): void {
    this.number++;
    this.count.packets++;
  }

  protected override held(): void {
    this.again();
  }

  /** That nobody was there a moment ago is no reason to stop: the measurement ends by its control connection. */
  protected override survives(result: number): boolean {
    return result === -ECONNREFUSED;
  }
}

export class UdpReceiver extends Flow {
  private readonly buffer: Uint8Array;
  private readonly view: DataView;
  private readonly longCounters: boolean;
  /** The highest number that came. */
  private highest = 0;
  private transit = Number.NaN;

  constructor(
    host: Host,
    core: SocketCore,
    id: number,
    budget: Budget,
    buffer: Uint8Array,
    longCounters: boolean,
  ) {
    super(host, core, id, false, budget);
    this.buffer = buffer;
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    this.longCounters = longCounters;
  }

  protected override turn(): void {
    const { core, buffer, count, budget } = this;
    const headerLength = this.longCounters ? 16 : 12;
    for (;;) {
      const length = core.receive(buffer);
      if (length === -EAGAIN) return;
      if (length >= headerLength) {
        count.bytes += length;
        budget.take(length, length);
        this.arrived(core.message.arrivedMicros);
      } else if (length < 0 && length !== -ECONNREFUSED) {
        this.fail(length);
        return;
      }
    }
  }

  private arrived(now: number): void {
    const { view, count } = this;
    const high = this.longCounters ? view.getUint32(AT_NUMBER) : 0;
    const number = high * TWO_TO_32 + view.getUint32(this.longCounters ? AT_NUMBER + 4 : AT_NUMBER);
    if (number > this.highest) {
      count.lost += number - this.highest - 1;
      count.packets += number - this.highest;
      this.highest = number;
    } else {
      count.outOfOrder++;
      if (count.lost > 0) count.lost--;
    }
    // RFC 3550 §6.4.1 and appendix A.8; the clocks of the two ends need not agree
    const transit = now - (view.getUint32(0) * 1e6 + view.getUint32(AT_MICROS));
    if (!Number.isNaN(this.transit)) {
      this.jitterMicros += (Math.abs(transit - this.transit) - this.jitterMicros) / 16;
    }
    this.transit = transit;
  }
}
