/**
 * A running hash over everything that crosses the wires: determinism's witness. Two runs with equal digests carried
 * the same packets, over the same wires, at the same times.
 *
 * Two lanes of MurmurHash3's 32-bit round and finalizer (A. Appleby, 2011, public domain), with different constants:
 * no defence against an enemy, and good at telling two runs apart.
 */
export class Digest {
  private low = 0x2545f491;
  private high = 0x4f6cdd1d;
  private count = 0;

  /** One packet that enters or leaves at `now` (µs); `where` tells wire, direction and which of the two. */
  add(now: number, where: number, length: number, fingerprint: number): void {
    this.mix(now | 0);
    this.mix(Math.floor(now / 0x1_0000_0000) ^ Math.imul(where, 0x01000193));
    this.mix(length);
    this.mix(fingerprint);
    this.count++;
  }

  /** The digest so far as 16 hexadecimal digits. */
  toString(): string {
    const low = finish(this.low ^ this.count);
    const high = finish(this.high ^ this.count ^ low);
    return hex(high) + hex(low);
  }

  private mix(word: number): void {
    let key = Math.imul(word, 0xcc9e2d51);
    key = Math.imul((key << 15) | (key >>> 17), 0x1b873593);
    const low = this.low ^ key;
    this.low = (Math.imul((low << 13) | (low >>> 19), 5) + 0xe6546b64) | 0;
    key = Math.imul(word, 0x239b961b);
    key = Math.imul((key << 16) | (key >>> 16), 0xab0e9789);
    const high = this.high ^ key;
    this.high = (Math.imul((high << 17) | (high >>> 15), 5) + 0x561ccd1b) | 0;
  }
}

function finish(word: number): number {
  let bits = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
