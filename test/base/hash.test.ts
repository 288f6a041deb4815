import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyedHash, SipKey, sipHash24 } from "../../src/base/hash.ts";
import { Random } from "../../src/base/random.ts";

/** The key of the published vectors: bytes 00 01 02 … 0f. */
const REFERENCE_KEY = new SipKey(Int32Array.of(0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c));

/**
 * From vectors_sip64 of the reference implementation (github.com/veorq/SipHash, vectors.h): the hash of the bytes
 * 00 01 … of each length, as a little-endian number. Length 15 is the worked example of the paper's appendix A.
 */
const VECTORS: [length: number, hash: bigint][] = [
  [0, 0x726fdb47dd0e0e31n],
  [1, 0x74f839c593dc67fdn],
  [2, 0x0d6c8009d9a94f5an],
  [3, 0x85676696d7fb7e2dn],
  [4, 0xcf2794e0277187b7n],
  [7, 0xab0200f58b01d137n],
  [8, 0x93f5f5799a932462n],
  [9, 0x9e0082df0ba9e4b0n],
  [12, 0x751e8fbc860ee5fbn],
  [15, 0xa129ca6149be45e5n],
  [16, 0x3f2acc7f57c29bdbn],
  [31, 0x32d892fad841c342n],
  [63, 0x958a324ceb064572n],
];

/** SipHash-2-4 straight from the paper's §2, in 64-bit integers. */
function reference(key: Int32Array, bytes: Uint8Array): bigint {
  const u64 = (low: number, high: number) => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  const rotate = (x: bigint, by: bigint) => BigInt.asUintN(64, (x << by) | (x >> (64n - by)));
  const add = (x: bigint, y: bigint) => BigInt.asUintN(64, x + y);
  const k0 = u64(key[0]!, key[1]!);
  const k1 = u64(key[2]!, key[3]!);
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;
  const round = () => {
    v0 = add(v0, v1);
    v1 = rotate(v1, 13n) ^ v0;
    v0 = rotate(v0, 32n);
    v2 = add(v2, v3);
    v3 = rotate(v3, 16n) ^ v2;
    v0 = add(v0, v3);
    v3 = rotate(v3, 21n) ^ v0;
    v2 = add(v2, v1);
    v1 = rotate(v1, 17n) ^ v2;
    v2 = rotate(v2, 32n);
  };
  const padded = new Uint8Array((bytes.length & ~7) + 8);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length;
  const view = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += 8) {
    const word = view.getBigUint64(at, true);
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  v2 ^= 0xffn;
  for (let count = 0; count < 4; count++) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

const join = ([low, high]: [number, number]) => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
const anyKey = fc.int32Array({ minLength: 4, maxLength: 4 });

describe("SipHash-2-4", () => {
  it.each(VECTORS)("hashes the %i bytes of the published vector", (length, hash) => {
    const bytes = Uint8Array.from({ length }, (_, index) => index);
    expect(join(sipHash24(REFERENCE_KEY, bytes))).toBe(hash);
    expect(reference(REFERENCE_KEY.words, bytes)).toBe(hash);
  });

  it("equals the 64-bit definition for any key and message", () => {
    fc.assert(
      fc.property(anyKey, fc.uint8Array({ maxLength: 600 }), (words, bytes) => {
        expect(join(sipHash24(new SipKey(words), bytes))).toBe(reference(words, bytes));
      }),
    );
  });

  it("hashes three words as their twelve little-endian bytes", () => {
    const word = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
    fc.assert(
      fc.property(anyKey, word, word, word, (words, a, b, c) => {
        const bytes = new Uint8Array(Int32Array.of(a, b, c).buffer);
        expect(keyedHash(new SipKey(words), a, b, c)).toBe(
          Number(BigInt.asIntN(32, reference(words, bytes))),
        );
      }),
    );
  });

  it("does not remember earlier messages", () => {
    const first = keyedHash(REFERENCE_KEY, 1, 2, 3);
    keyedHash(REFERENCE_KEY, -1, -1, -1);
    expect(keyedHash(REFERENCE_KEY, 1, 2, 3)).toBe(first);
  });

  it("draws keys from a seed", () => {
    expect(SipKey.fromRandom(new Random(5)).words).toEqual(SipKey.fromRandom(new Random(5)).words);
    expect(SipKey.fromRandom(new Random(5)).words).not.toEqual(SipKey.fromRandom(new Random(6)).words);
  });

  it("derives keys that differ by label and by key", () => {
    const key = new SipKey(Int32Array.of(1, 2, 3, 4));
    const keys = [key, key.derive("a"), key.derive("b"), key.derive("a").derive("a")];
    expect(new Set(keys.map((derived) => derived.words.join())).size).toBe(4);
    expect(key.derive("a").words).toEqual(key.derive("a").words);
    const first = sipHash24(key, new TextEncoder().encode("0a"));
    expect([...key.derive("a").words.subarray(0, 2)]).toEqual(first);
  });

  it("takes keys of four words only", () => {
    expect(() => new SipKey(new Int32Array(3))).toThrow("4 words, not 3");
  });
});
