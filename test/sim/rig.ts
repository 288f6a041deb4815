/** A wire without hosts: packets go in at one end, and what comes out at the other is written down. */
import { VirtualClock } from "../../src/base/clock.ts";
import { Random } from "../../src/base/random.ts";
import { NEVER } from "../../src/base/timer.ts";
import type { Link } from "../../src/link/link.ts";
import type { Packet } from "../../src/packet/packet.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { Medium } from "../../src/sim/medium.ts";
import type { WireOptions } from "../../src/sim/options.ts";
import { Wire } from "../../src/sim/wire.ts";

export interface Arrival {
  /** Microseconds. */
  time: number;
  /** The number the packet was sent with. */
  number: number;
  bytes: Uint8Array;
  flags: number;
}

export class Rig {
  readonly clock = new VirtualClock();
  readonly medium = new Medium(this.clock);
  readonly wire: Wire;
  readonly atA: Arrival[] = [];
  readonly atB: Arrival[] = [];

  constructor(options: WireOptions = {}, seed: number | string = 1) {
    this.wire = new Wire(this.medium, new Random(seed), "a-b", "a", "b", options);
    this.wire.a.attach({ input: (packet) => this.receive(packet, this.atA) });
    this.wire.b.attach({ input: (packet) => this.receive(packet, this.atB) });
  }

  /** Sends a packet of `length` bytes with `number` in its first four. */
  send(number: number, length = 100, by: Link = this.wire.a): void {
    const packet = packetPool.allocate(length);
    packet.length = length;
    packet.slab.bytes.fill(0, packet.offset, packet.offset + length);
    packet.slab.view.setInt32(packet.offset, number);
    by.send(packet, 0);
  }

  /** Runs everything up to `end`, µs. */
  run(end = NEVER): void {
    for (let next = this.clock.nextDeadline(); next <= end && next !== NEVER; ) {
      this.clock.jumpTo(next);
      this.clock.runInstant();
      next = this.clock.nextDeadline();
    }
    if (end !== NEVER) this.clock.jumpTo(end);
  }

  private receive(packet: Packet, list: Arrival[]): void {
    const bytes = packet.bytes().slice();
    const number = packet.slab.view.getInt32(packet.offset);
    list.push({ time: this.clock.now, number, bytes, flags: packet.flags });
    packet.release();
  }
}

export const numbers = (arrivals: readonly Arrival[]): number[] => arrivals.map((arrival) => arrival.number);
export const times = (arrivals: readonly Arrival[]): number[] => arrivals.map((arrival) => arrival.time);

/**
 * How far the count of hits in `trials` draws of `probability` may stray: five standard deviations of the binomial
 * distribution, which one run in 1.7 million leaves. The seeds are fixed, so a run that passes passes for ever.
 */
export function deviation(trials: number, probability: number): number {
  return 5 * Math.sqrt(trials * probability * (1 - probability));
}
