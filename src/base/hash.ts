/**
 * SipHash-2-4: a keyed hash whose outputs say nothing about its key or its other outputs.
 *
 * J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012. It stands behind initial
 * sequence numbers (RFC 6528 §3), ephemeral ports (RFC 6056 §3.3) and IPv4 identifications, where a plain hash would
 * let a stranger compute what he is not to know.
 *
 * A 64-bit word is a pair of int32 halves here, since JavaScript has no fast 64-bit integers. Bytes and words are
 * little-endian, as in the paper.
 */
import type { Random } from "./random.ts";

/** A 128-bit secret as four int32 words, the lowest first. */
export class SipKey {
  readonly words: Int32Array;
  /** The message being hashed, as halves of 64-bit words: room for the two of {@link keyedHash}. */
  readonly message = new Int32Array(4);
  /** The high 32 bits of the last hash. */
  high = 0;

  constructor(words: Int32Array) {
    if (words.length !== 4) throw new RangeError(`a SipHash key has 4 words, not ${words.length}`);
    this.words = words;
  }

  /** A key drawn from `random`. */
  static fromRandom(random: Random): SipKey {
    const words = new Int32Array(4);
    for (let index = 0; index < 4; index++) words[index] = random.uint32();
    return new SipKey(words);
  }

  /** Another key, which tells nothing of this one: for a second purpose. `label` names it. */
  derive(label: string): SipKey {
    const words = new Int32Array(4);
    for (let half = 0; half < 2; half++) {
      const [low, high] = sipHash24(this, new TextEncoder().encode(`${half}${label}`));
      words[2 * half] = low;
      words[2 * half + 1] = high;
    }
    return new SipKey(words);
  }
}

/** SipHash-2-4 of `bytes` under `key`, as the low and the high half (int32) of the 64-bit result. */
export function sipHash24(key: SipKey, bytes: Uint8Array): [low: number, high: number] {
  const length = bytes.length;
  const message = new Int32Array(((length >>> 3) + 1) * 2);
  for (let at = 0; at < length; at++) message[at >>> 2]! |= bytes[at]! << ((at & 3) << 3);
  // the last byte of the last word is the length modulo 256
  message[message.length - 1]! |= length << 24;
  const low = hashWords(key, message);
  return [low, key.high];
}

/**
 * SipHash-2-4 of the twelve bytes of three int32 words (little-endian) under `key`; the low 32 bits, as int32.
 * Allocates nothing.
 */
export function keyedHash(key: SipKey, a: number, b: number, c: number): number {
  const message = key.message;
  message[0] = a;
  message[1] = b;
  message[2] = c;
  message[3] = 12 << 24;
  return hashWords(key, message);
}

/**
 * A quick hash of three int32 words for a table's buckets, int32. Its results must not be seen outside the host: mixed with
 * the key, they keep a stranger from filling one bucket, and no more.
 */
export function bucketHash(key: SipKey, a: number, b: number, c: number): number {
  const words = key.words;
  let hash = Math.imul(a ^ (words[0] as number), 0x9e3779b1);
  hash = Math.imul((hash ^ (hash >>> 15) ^ b) + (words[1] as number), 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 13) ^ c ^ (words[2] as number), 0xc2b2ae3d);
  return hash ^ (hash >>> 16);
}

/**
 * Hashes whole 64-bit words, given as halves. Each word takes two rounds (the 2 of 2-4), the end four.
 * Returns the low half, and leaves the high one in `key.high`.
 */
function hashWords(key: SipKey, message: Int32Array): number {
  const words = key.words;
  const key0 = words[0]!;
  const key1 = words[1]!;
  const key2 = words[2]!;
  const key3 = words[3]!;
  // "somepseudorandomlygeneratedbytes", the constants of the paper's §2.1
  let low0 = key0 ^ 0x70736575;
  let high0 = key1 ^ 0x736f6d65;
  let low1 = key2 ^ 0x6e646f6d;
  let high1 = key3 ^ 0x646f7261;
  let low2 = key0 ^ 0x6e657261;
  let high2 = key1 ^ 0x6c796765;
  let low3 = key2 ^ 0x79746573;
  let high3 = key3 ^ 0x74656462;

  const rounds = message.length + 4;
  for (let round = 0; round < rounds; round++) {
    if ((round & 1) === 0 && round <= message.length) {
      // between two words: the last one leaves through v0, the next one enters through v3
      if (round > 0) {
        low0 ^= message[round - 2]!;
        high0 ^= message[round - 1]!;
      }
      if (round < message.length) {
        low3 ^= message[round]!;
        high3 ^= message[round + 1]!;
      } else {
        low2 ^= 0xff;
      }
    }
    // the carry of a low half is worked out from the top bits: a comparison would be a branch nobody can predict
    let sum = 0;

    // v0 += v1; v1 <<<= 13; v1 ^= v0; v0 <<<= 32
    sum = (low0 + low1) | 0;
    high0 = (high0 + high1 + (((low0 & low1) | ((low0 | low1) & ~sum)) >>> 31)) | 0;
    low0 = sum;
    sum = (low1 << 13) | (high1 >>> 19);
    high1 = ((high1 << 13) | (low1 >>> 19)) ^ high0;
    low1 = sum ^ low0;
    sum = low0;
    low0 = high0;
    high0 = sum;

    // v2 += v3; v3 <<<= 16; v3 ^= v2
    sum = (low2 + low3) | 0;
    high2 = (high2 + high3 + (((low2 & low3) | ((low2 | low3) & ~sum)) >>> 31)) | 0;
    low2 = sum;
    sum = (low3 << 16) | (high3 >>> 16);
    high3 = ((high3 << 16) | (low3 >>> 16)) ^ high2;
    low3 = sum ^ low2;

    // v0 += v3; v3 <<<= 21; v3 ^= v0
    sum = (low0 + low3) | 0;
    high0 = (high0 + high3 + (((low0 & low3) | ((low0 | low3) & ~sum)) >>> 31)) | 0;
    low0 = sum;
    sum = (low3 << 21) | (high3 >>> 11);
    high3 = ((high3 << 21) | (low3 >>> 11)) ^ high0;
    low3 = sum ^ low0;

    // v2 += v1; v1 <<<= 17; v1 ^= v2; v2 <<<= 32
    sum = (low2 + low1) | 0;
    high2 = (high2 + high1 + (((low2 & low1) | ((low2 | low1) & ~sum)) >>> 31)) | 0;
    low2 = sum;
    sum = (low1 << 17) | (high1 >>> 15);
    high1 = ((high1 << 17) | (low1 >>> 15)) ^ high2;
    low1 = sum ^ low2;
    sum = low2;
    low2 = high2;
    high2 = sum;
  }
  key.high = high0 ^ high1 ^ high2 ^ high3;
  return low0 ^ low1 ^ low2 ^ low3;
}
