/**
 * Bytes of a stream, each at the place that its position (a sequence number) gives: position p lives at
 * p mod capacity. So bytes that arrive out of order are written where they belong, and nothing is ever moved but
 * when the ring grows.
 */
import { copyBytes } from "./copy.ts";

const SMALLEST_CAPACITY = 4096;

export class Ring {
  private bytes = new Uint8Array(0);
  private mask = 0;

  get capacity(): number {
    return this.bytes.length;
  }

  /**
   * Makes room for `count` bytes from position `from` on, keeping the first `live` of them. The capacity is a power
   * of two and at least doubles, so a growing ring copies each byte a bounded number of times.
   */
  reserve(from: number, live: number, count: number): void {
    if (count <= this.bytes.length) return;
    let capacity = this.bytes.length === 0 ? SMALLEST_CAPACITY : this.bytes.length * 2;
    while (capacity < count) capacity *= 2;
    const bytes = new Uint8Array(capacity);
    if (live > 0) {
      const start = from & (capacity - 1);
      const first = Math.min(live, capacity - start);
      this.read(from, bytes, start, first);
      if (first < live) this.read((from + first) | 0, bytes, 0, live - first);
    }
    this.bytes = bytes;
    this.mask = capacity - 1;
  }

  /** Copies `length` bytes of `source` from `offset` on to position `at`. The room must have been reserved. */
  write(at: number, source: Uint8Array, offset: number, length: number): void {
    const bytes = this.bytes;
    const start = at & this.mask;
    const first = Math.min(length, bytes.length - start);
    copyBytes(source, offset, bytes, start, first);
    if (first < length) copyBytes(source, offset + first, bytes, 0, length - first);
  }

  /** Copies `length` bytes from position `at` on to `target` at `offset`. */
  read(at: number, target: Uint8Array, offset: number, length: number): void {
    const bytes = this.bytes;
    const start = at & this.mask;
    const first = Math.min(length, bytes.length - start);
    copyBytes(bytes, start, target, offset, first);
    if (first < length) copyBytes(bytes, 0, target, offset + first, length - first);
  }

  byteAt(position: number): number {
    return this.bytes[position & this.mask] as number;
  }

  /** Gives the memory back. */
  clear(): void {
    this.bytes = new Uint8Array(0);
    this.mask = 0;
  }
}
