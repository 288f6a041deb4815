import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addBytes,
  CORRECT_SUM,
  finish,
  fold,
  pseudoHeaderSum,
  updateChecksum,
} from "../../src/packet/checksum.ts";
import { Slab } from "../../src/packet/slab.ts";

const SIZE = 70_000;
const LONGEST = 66_000;

/** RFC 1071 §1 to the letter: pairs of bytes as 16-bit integers, their ones'-complement sum, in unlimited integers. */
function definition(bytes: Uint8Array, sum: number): number {
  let total = BigInt(sum);
  for (let at = 0; at < bytes.length; at += 2) total += BigInt(bytes[at]! * 256 + (bytes[at + 1] ?? 0));
  while (total > 0xffffn) total = (total & 0xffffn) + (total >> 16n);
  return Number(total);
}

const reference = new Slab(SIZE, false);
const simd = new Slab(SIZE);

function fill(bytes: (at: number) => number): void {
  for (let at = 0; at < SIZE; at++) simd.bytes[at] = reference.bytes[at] = bytes(at);
}

function viewOf(...bytes: number[]): DataView {
  return new DataView(Uint8Array.from(bytes).buffer);
}

describe("sums", () => {
  it("has WASM SIMD here, or these tests compare nothing", () => {
    expect(simd.bytes.buffer.byteLength % 65_536).toBe(0);
    expect(reference.bytes.buffer.byteLength).toBe(SIZE);
  });

  it("RFC 1071 §3: gives the sum of its example, ddf2", () => {
    expect(addBytes(viewOf(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7), 0, 8, 0)).toBe(0xddf2);
    [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7].forEach((byte, at) => {
      simd.bytes[3 + at] = byte;
    });
    expect(simd.checksum(3, 8, 0)).toBe(0xddf2);
  });

  it("RFC 1071 §4.1: an odd byte counts as if followed by a zero", () => {
    expect(addBytes(viewOf(0x12, 0x34, 0x56), 0, 3, 0)).toBe(0x1234 + 0x5600);
    expect(addBytes(viewOf(0xff), 0, 1, 0)).toBe(0xff00);
  });

  it("RFC 1071 §2(A): a message cut at an even place sums as a whole one", () => {
    fill((at) => Math.imul(at, 0x9e3779b1) >>> 24);
    fc.assert(
      fc.property(fc.nat(2000), fc.nat(500), fc.nat(1000), (offset, pairs, rest) => {
        const whole = simd.checksum(offset, 2 * pairs + rest, 0);
        expect(simd.checksum(offset + 2 * pairs, rest, simd.checksum(offset, 2 * pairs, 0))).toBe(whole);
      }),
    );
  });

  const contents: [string, (at: number) => number][] = [
    ["pseudo-random bytes", (at) => Math.imul(at, 0x9e3779b1) >>> 24],
    ["all 0xff", () => 0xff],
    ["all zero", () => 0],
    ["mostly zero", (at) => (at % 1009 === 0 ? 0x80 : 0)],
  ];
  it.each(contents)("in SIMD equal those in TypeScript, and the definition, of %s", (_, bytes) => {
    fill(bytes);
    const sum = fc.nat(0xffff);
    fc.assert(
      fc.property(fc.nat(SIZE - LONGEST), fc.nat(300), sum, (offset, length, sum) => {
        const expected = definition(reference.bytes.subarray(offset, offset + length), sum);
        expect(reference.checksum(offset, length, sum)).toBe(expected);
        expect(simd.checksum(offset, length, sum)).toBe(expected);
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.nat(SIZE - LONGEST), fc.nat(LONGEST), sum, (offset, length, sum) => {
        const expected = definition(reference.bytes.subarray(offset, offset + length), sum);
        expect(reference.checksum(offset, length, sum)).toBe(expected);
        expect(simd.checksum(offset, length, sum)).toBe(expected);
      }),
      { numRuns: 30 },
    );
  });

  it("covers every byte and no other, at every length up to 100", () => {
    for (let length = 0; length <= 100; length++) {
      const offset = 64 + (length % 7);
      fill((at) => (at >= offset && at < offset + length ? 0 : 0xff));
      expect(simd.checksum(offset, length, 0)).toBe(0);
      expect(reference.checksum(offset, length, 0)).toBe(0);
      for (let at = 0; at < length; at++) {
        simd.bytes[offset + at] = reference.bytes[offset + at] = 1;
        expect(simd.checksum(offset, length, 0)).toBe(at % 2 === 0 ? 0x100 : 1);
        expect(reference.checksum(offset, length, 0)).toBe(at % 2 === 0 ? 0x100 : 1);
        simd.bytes[offset + at] = reference.bytes[offset + at] = 0;
      }
    }
  });

  it("reach to the last byte of a slab of any size", () => {
    const slab = new Slab(65_536);
    slab.bytes.fill(0xff);
    expect(slab.checksum(65_536 - 17, 17, 0)).toBe(0xff00);
    expect(slab.checksum(0, 65_536, 0)).toBe(0xffff);
    expect(slab.checksum(65_536, 0, 7)).toBe(7);
    expect(() => slab.view.getUint8(65_536)).toThrow(RangeError);
  });

  it("folds sums far beyond 32 bits", () => {
    expect(fold(0xffff)).toBe(0xffff);
    expect(fold(0x1_0000)).toBe(1);
    expect(fold(0xffff_ffff)).toBe(0xffff);
    expect(fold(0x7fff_ffff_8000)).toBe(0xffff);
    expect(fold(0)).toBe(0);
  });

  it("a message with its checksum in place sums to ffff", () => {
    const slab = new Slab(100);
    slab.bytes.set([0x45, 0, 0, 20, 1, 2, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    slab.view.setUint16(10, finish(slab.checksum(0, 20, 0)));
    expect(slab.checksum(0, 20, 0)).toBe(CORRECT_SUM);
    slab.bytes[3]! ^= 1;
    expect(slab.checksum(0, 20, 0)).not.toBe(CORRECT_SUM);
  });
});

describe("the pseudo-header", () => {
  it("RFC 9293 §3.1: sums as its twelve bytes: addresses, zero, protocol, length", () => {
    const address = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
    fc.assert(
      fc.property(address, address, fc.nat(255), fc.nat(0xffff), (source, destination, protocol, length) => {
        const bytes = new DataView(new ArrayBuffer(12));
        bytes.setInt32(0, source);
        bytes.setInt32(4, destination);
        bytes.setUint8(9, protocol);
        bytes.setUint16(10, length);
        const sum = pseudoHeaderSum(source, destination, protocol, length);
        expect(sum).toBe(definition(new Uint8Array(bytes.buffer), 0));
      }),
    );
  });
});

describe("RFC 1624: incremental update", () => {
  it("§4: gives 0000 for its example, where RFC 1141's equation gives ffff", () => {
    expect(updateChecksum(0xdd2f, 0x5555, 0x3285)).toBe(0x0000);
  });

  it("equals the checksum made anew, whatever word changes to whatever", () => {
    const word = fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 0xffff, 1, 0xfffe));
    fc.assert(
      fc.property(fc.array(word, { minLength: 2, maxLength: 20 }), fc.nat(1000), word, (words, pick, now) => {
        const sumOf = (words: number[]) => words.reduce((sum, word) => fold(sum + word), 0);
        // a header is never all zeros: its version, if nothing else, is not
        fc.pre(words.slice(1).some((word) => word !== 0) && words[0] !== 0);
        const at = 1 + (pick % (words.length - 1));
        const changed = words.with(at, now);
        const before = finish(sumOf(words));
        expect(updateChecksum(before, words[at]!, now)).toBe(finish(sumOf(changed)));
      }),
    );
  });
});
