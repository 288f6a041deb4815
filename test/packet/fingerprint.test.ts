import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Slab } from "../../src/packet/slab.ts";

const SIZE = 70_000;
const reference = new Slab(SIZE, false);
const simd = new Slab(SIZE);
for (let at = 0; at < SIZE; at++) simd.bytes[at] = reference.bytes[at] = Math.imul(at, 0x9e3779b1) >>> 24;

function fingerprintOf(bytes: ArrayLike<number>): number {
  const slab = new Slab(bytes.length + 1, false);
  slab.bytes.set(bytes);
  return slab.fingerprint(0, bytes.length);
}

describe("fingerprint", () => {
  it("in SIMD equals that in TypeScript, at any offset and length", () => {
    fc.assert(
      fc.property(fc.nat(4000), fc.oneof(fc.nat(100), fc.nat(66_000)), (offset, length) => {
        expect(simd.fingerprint(offset, length)).toBe(reference.fingerprint(offset, length));
      }),
    );
  });

  it("stays what it was: a recorded run can be compared with a later version's", () => {
    expect(fingerprintOf([])).toBe(0);
    expect(fingerprintOf(new TextEncoder().encode("pues hola"))).toBe(-1663612462);
  });

  it("does not depend on what lies around, nor on the offset", () => {
    const slab = new Slab(200);
    for (let length = 0; length <= 50; length++) {
      const expected = reference.fingerprint(500, length);
      for (const offset of [0, 1, 7, 64]) {
        slab.bytes.fill(0xff);
        slab.bytes.set(reference.bytes.subarray(500, 500 + length), offset);
        expect(slab.fingerprint(offset, length)).toBe(expected);
      }
    }
  });

  it("tells every single bit, of every byte of a packet", () => {
    const original = simd.fingerprint(3, 1500);
    const seen = new Set([original]);
    for (let at = 3; at < 1503; at++) {
      for (let bit = 1; bit < 256; bit <<= 1) {
        simd.bytes[at]! ^= bit;
        seen.add(simd.fingerprint(3, 1500));
        simd.bytes[at]! ^= bit;
      }
    }
    // of 12,000 words chosen by chance, fewer than one pair would be equal
    expect(seen.size).toBeGreaterThan(12_001 - 3);
    expect(simd.fingerprint(3, 1500)).toBe(original);
  });

  it("tells two flipped bits, the top ones too, which plain sums lose", () => {
    const length = 48;
    const seen = new Set<number>();
    let count = 0;
    const bytes = new Uint8Array(length);
    for (let first = 0; first < length * 8; first++) {
      for (let second = 0; second < first; second++) {
        bytes[first >> 3]! ^= 1 << (first & 7);
        bytes[second >> 3]! ^= 1 << (second & 7);
        simd.bytes.set(bytes, 0);
        seen.add(simd.fingerprint(0, length));
        count++;
        bytes.fill(0);
      }
    }
    // 73,536 words chosen by chance have 0.6 equal pairs
    expect(count - seen.size).toBeLessThan(6);
  });

  it("tells the order of words, and zeros at the end from a shorter packet", () => {
    const a = [1, 2, 3, 4];
    const b = [5, 6, 7, 8];
    const far = new Array<number>(12).fill(0);
    const variants = [
      [...a, ...b],
      [...b, ...a],
      [...a, ...far, ...b],
      [...b, ...far, ...a],
      a,
      [...a, 0],
      [...a, 0, 0],
      [0, ...a],
      far,
      [...far, 0],
      [0],
    ];
    expect(new Set(variants.map(fingerprintOf)).size).toBe(variants.length);
  });
});
