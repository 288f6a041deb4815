/**
 * Chance from a seed: equal seeds, equal worlds.
 *
 * The generator is xoshiro128** 1.1: D. Blackman and S. Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM
 * Transactions on Mathematical Software 47(4), 2021. Its state is filled by SplitMix64, as its authors advise:
 * G. L. Steele, D. Lea and C. H. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014. It is not
 * for secrets: those come from {@link entropy} on the real clock, and need not be secret on the virtual one.
 */
import { SipKey, sipHash24 } from "./hash.ts";

const MASK_64 = 0xffff_ffff_ffff_ffffn;

export class Random {
  private readonly seed: bigint;
  private state0: number;
  private state1: number;
  private state2: number;
  private state3: number;

  /** `seed`: a safe integer, a string of any length, or 64 bits as a bigint. */
  constructor(seed: number | string | bigint) {
    this.seed = seedBits(seed);
    const first = splitMix64(this.seed, 1n);
    const second = splitMix64(this.seed, 2n);
    this.state0 = Number(BigInt.asIntN(32, first));
    this.state1 = Number(BigInt.asIntN(32, first >> 32n));
    this.state2 = Number(BigInt.asIntN(32, second));
    this.state3 = Number(BigInt.asIntN(32, second >> 32n));
  }

  /**
   * A generator of its own for `label`. It depends on the seed of this one and on the label alone, not on what was
   * drawn before: one more host on a network changes nothing for the others.
   */
  fork(label: string): Random {
    return new Random(labelBits(this.seed, label));
  }

  /** A uniform integer from 0 to 2^32 - 1. */
  uint32(): number {
    const state1 = this.state1;
    let result = Math.imul(state1, 5);
    result = Math.imul((result << 7) | (result >>> 25), 9);
    const mixed2 = this.state2 ^ this.state0;
    const mixed3 = this.state3 ^ state1;
    this.state1 = state1 ^ mixed2;
    this.state0 ^= mixed3;
    this.state2 = mixed2 ^ (state1 << 9);
    this.state3 = (mixed3 << 11) | (mixed3 >>> 21);
    return result >>> 0;
  }

  /** A uniform number in [0, 1), a multiple of 2^-53. Draws twice. */
  float(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 0x400_0000 + low) / 0x20_0000_0000_0000;
  }

  /** A uniform integer from 0 to `bound` - 1, without bias. `bound`: 1 to 2^32. */
  below(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 0x1_0000_0000) {
      throw new RangeError(`below() takes an integer from 1 to 2^32, not ${bound}`);
    }
    // numbers past the last whole multiple of `bound` would favour the small remainders: draw again
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
    let drawn = this.uint32();
    while (drawn >= limit) drawn = this.uint32();
    return drawn % bound;
  }

  /**
   * True with `probability`. Draws one {@link float} when the answer is open, and nothing when it is not: 0 or less is
   * never, 1 or more always.
   */
  chance(probability: number): boolean {
    if (probability <= 0) return false;
    return probability >= 1 || this.float() < probability;
  }

  /** Fills `bytes`: four of each draw, the lowest first. */
  fill(bytes: Uint8Array): void {
    let word = 0;
    for (let at = 0; at < bytes.length; at++) {
      word = (at & 3) === 0 ? this.uint32() : word >>> 8;
      bytes[at] = word;
    }
  }
}

/** The `step`-th output, from 1, of the SplitMix64 generator that starts at `seed`. */
function splitMix64(seed: bigint, step: bigint): bigint {
  let bits = (seed + step * 0x9e37_79b9_7f4a_7c15n) & MASK_64;
  bits = ((bits ^ (bits >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & MASK_64;
  bits = ((bits ^ (bits >> 27n)) * 0x94d0_49bb_1331_11ebn) & MASK_64;
  return bits ^ (bits >> 31n);
}

function seedBits(seed: number | string | bigint): bigint {
  if (typeof seed === "string") return labelBits(0n, seed);
  if (typeof seed === "bigint") return seed & MASK_64;
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(`a seed is a safe integer or a string, not ${seed}`);
  }
  return BigInt(seed) & MASK_64;
}

/** SipHash-2-4 of `label` in UTF-8, keyed by `seed`. */
function labelBits(seed: bigint, label: string): bigint {
  const words = new Int32Array(4);
  words[0] = Number(BigInt.asIntN(32, seed));
  words[1] = Number(BigInt.asIntN(32, seed >> 32n));
  const [low, high] = sipHash24(new SipKey(words), new TextEncoder().encode(label));
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
