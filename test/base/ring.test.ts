import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Ring } from "../../src/base/ring.ts";

/** What the ring stands for: a byte at every position of the circle of 2^32. */
class Model {
  readonly bytes = new Map<number, number>();
  write(at: number, data: Uint8Array): void {
    for (const [index, byte] of data.entries()) this.bytes.set((at + index) | 0, byte);
  }
  read(at: number, length: number): number[] {
    return Array.from({ length }, (_, index) => this.bytes.get((at + index) | 0) as number);
  }
}

function readAll(ring: Ring, at: number, length: number): number[] {
  const bytes = new Uint8Array(length + 2).fill(0xee);
  ring.read(at, bytes, 1, length);
  expect([bytes[0], bytes[length + 1]]).toEqual([0xee, 0xee]); // nothing beside
  return [...bytes.subarray(1, length + 1)];
}

const start = fc.oneof(
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.integer({ min: -20_000, max: 20_000 }),
  fc.integer({ min: 2 ** 31 - 20_000, max: 2 ** 31 - 1 }),
);
/** Of each step: bytes added at the end, then bytes taken off the front (in parts of what there is). */
const steps = fc.array(fc.tuple(fc.nat(6000), fc.double({ min: 0, max: 1, noNaN: true })), {
  minLength: 1,
  maxLength: 8,
});

describe("Ring", () => {
  it("holds a window of a stream as an array would, growing and wrapping", () => {
    fc.assert(
      fc.property(start, steps, (first, plan) => {
        const ring = new Ring();
        const model = new Model();
        let from = first;
        let live = 0;
        let next = 0;
        for (const [count, part] of plan) {
          const data = Uint8Array.from({ length: count }, () => (next = (next * 31 + 7) & 255));
          const padded = new Uint8Array(count + 3);
          padded.set(data, 3);
          ring.reserve(from, live, live + count);
          ring.write((from + live) | 0, padded, 3, count);
          model.write((from + live) | 0, data);
          live += count;
          const read = readAll(ring, from, live);
          expect(model.read(from, live).findIndex((byte, index) => byte !== read[index])).toBe(-1);
          const taken = Math.floor(live * part);
          from = (from + taken) | 0;
          live -= taken;
          expect(ring.capacity).toBeGreaterThanOrEqual(live);
          if (live > 0) expect(ring.byteAt(from)).toBe(model.read(from, 1)[0]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("keeps bytes that were written ahead of a hole when it grows", () => {
    const ring = new Ring();
    const at = -100; // across the wrap of 2^32
    ring.reserve(at, 0, 200);
    ring.write((at + 150) | 0, Uint8Array.of(1, 2, 3), 0, 3);
    ring.reserve(at, 153, 100_000);
    expect(readAll(ring, (at + 150) | 0, 3)).toEqual([1, 2, 3]);
  });

  it("grows by doubling to a power of two, and never shrinks but when it is cleared", () => {
    const ring = new Ring();
    expect(ring.capacity).toBe(0);
    const sizes: number[] = [];
    for (const count of [1, 4096, 4097, 100, 20_000, 65_536]) {
      ring.reserve(0, 0, count);
      sizes.push(ring.capacity);
    }
    expect(sizes).toEqual([4096, 4096, 8192, 8192, 32_768, 65_536]);
    ring.clear();
    expect(ring.capacity).toBe(0);
  });
});
