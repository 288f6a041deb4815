/** Where packets stand on a wire: in front of the transmitter, and on the way. Neither allocates per packet. */
import type { Packet } from "../packet/packet.ts";

const INITIAL_ROOM = 16;

/** What {@link Transmitter.accept} answers when no more packets may wait. */
export const QUEUE_FULL = -1;

/**
 * The transmitter of one direction: it serialises one packet after the other, while others wait in a bounded queue.
 * It knows times only; the packets themselves are already in flight, with the time they will arrive.
 */
export class Transmitter {
  /** Bits per second. */
  private bandwidth = Number.POSITIVE_INFINITY;
  /** Packets that may wait. */
  private limit = 0;
  /** When the last accepted packet has left, µs. */
  private freeAt = 0;
  /** What rounding `freeAt` down has left over, in millionths of a bit: so that no error adds up. */
  private remainder = 0;
  /** When each waiting packet starts to leave: a ring. */
  private starts = new Float64Array(INITIAL_ROOM);
  private head = 0;
  private waiting = 0;

  configure(bandwidth: number, limit: number): void {
    if (bandwidth !== this.bandwidth) this.remainder = 0;
    this.bandwidth = bandwidth;
    this.limit = limit;
  }

  /** When the last bit of a packet of `length` bytes that comes `now` will have left, µs; or {@link QUEUE_FULL}. */
  accept(now: number, length: number): number {
    if (this.bandwidth === Number.POSITIVE_INFINITY) return now;
    let start = now;
    if (this.freeAt > now) {
      while (this.waiting > 0 && this.starts[this.head]! <= now) this.leave();
      if (this.waiting >= this.limit) return QUEUE_FULL;
      start = this.freeAt;
      this.wait(start);
    } else {
      this.waiting = 0;
      if (this.freeAt < now) this.remainder = 0;
    }
    const work = length * 8e6 + this.remainder;
    const micros = Math.floor(work / this.bandwidth);
    this.remainder = work - micros * this.bandwidth;
    this.freeAt = start + micros;
    return this.freeAt;
  }

  private leave(): void {
    this.head = (this.head + 1) & (this.starts.length - 1);
    this.waiting--;
  }

  private wait(start: number): void {
    if (this.waiting === this.starts.length) {
      const larger = new Float64Array(2 * this.waiting);
      for (let index = 0; index < this.waiting; index++) {
        larger[index] = this.starts[(this.head + index) & (this.waiting - 1)]!;
      }
      this.starts = larger;
      this.head = 0;
    }
    this.starts[(this.head + this.waiting) & (this.starts.length - 1)] = start;
    this.waiting++;
  }
}

/**
 * The packets on the way, ordered by arrival; equal arrivals in the order they were sent. A ring kept sorted from
 * its tail: a packet that overtakes nobody, the usual case, is placed in O(1).
 */
export class Flight {
  private packets: (Packet | undefined)[] = new Array(INITIAL_ROOM).fill(undefined);
  private arrivals = new Float64Array(INITIAL_ROOM);
  private fingerprints = new Int32Array(INITIAL_ROOM);
  private head = 0;
  /** How many there are. */
  count = 0;

  /** When the first one arrives, µs. Only when there is one. */
  get arrival(): number {
    return this.arrivals[this.head]!;
  }

  /** The fingerprint stored with the first one. */
  get fingerprint(): number {
    return this.fingerprints[this.head]!;
  }

  /** Puts `packet` in its place. Returns whether it is the first one now. */
  insert(packet: Packet, arrival: number, fingerprint: number): boolean {
    if (this.count === this.packets.length) this.grow();
    const mask = this.packets.length - 1;
    let steps = this.count;
    let at = (this.head + steps) & mask;
    while (steps > 0) {
      const before = (at - 1) & mask;
      if (this.arrivals[before]! <= arrival) break;
      this.packets[at] = this.packets[before];
      this.arrivals[at] = this.arrivals[before]!;
      this.fingerprints[at] = this.fingerprints[before]!;
      at = before;
      steps--;
    }
    this.packets[at] = packet;
    this.arrivals[at] = arrival;
    this.fingerprints[at] = fingerprint;
    this.count++;
    return steps === 0;
  }

  /** Takes out the first one. Only when there is one. */
  shift(): Packet {
    const packet = this.packets[this.head] as Packet;
    this.packets[this.head] = undefined;
    this.head = (this.head + 1) & (this.packets.length - 1);
    this.count--;
    return packet;
  }

  private grow(): void {
    const { packets, arrivals, fingerprints, head, count } = this;
    const mask = count - 1;
    this.packets = new Array(2 * count).fill(undefined);
    this.arrivals = new Float64Array(2 * count);
    this.fingerprints = new Int32Array(2 * count);
    this.head = 0;
    for (let index = 0; index < count; index++) {
      const from = (head + index) & mask;
      this.packets[index] = packets[from];
      this.arrivals[index] = arrivals[from]!;
      this.fingerprints[index] = fingerprints[from]!;
    }
  }
}
