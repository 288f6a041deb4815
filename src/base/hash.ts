/** A 128-bit secret as four int32 words. */
export class SipKey {
  readonly words: Int32Array;
  constructor(words: Int32Array) {
    this.words = words;
  }
}
/** SipHash-2-4 of three int32 words under `key`; the low 32 bits as int32. */
export declare function keyedHash(key: SipKey, a: number, b: number, c: number): number;
