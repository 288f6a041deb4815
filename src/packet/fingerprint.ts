/**
 * A content hash for packets: the reference in TypeScript, and the fallback where WASM SIMD is not to be had.
 *
 * Sums of sums as in J. G. Fletcher, "An Arithmetic Checksum for Serial Transmissions", IEEE Transactions on
 * Communications 30(1), 1982, four levels deep over 32-bit words as ZFS's fletcher4, kept in four lanes because
 * SIMD has four: word i goes to lane i mod 4. The sums of a lane tell where in it a word stood; the sixteen sums
 * and the length are then stirred into one word by multiplying and shifting, so the lanes are told apart as well.
 * It witnesses that two simulations sent the same bytes; it guards nothing against an adversary.
 */

/** 2654435761, the prime nearest to 2^32 divided by the golden ratio: Knuth's multiplier (TAOCP 3, §6.4). */
const STIRRER = 0x9e3779b1;

/** A hash (int32) of `length` bytes at `offset`: every byte, its position and the length tell. */
export function fingerprint(view: DataView, offset: number, length: number): number {
  const sums = new Int32Array(4);
  const end = offset + length;
  for (let lane = 0; lane < 4; lane++) {
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    let sum4 = 0;
    // a block that is cut off counts as if followed by zeros, in all four lanes
    for (let block = offset; block < end; block += 16) {
      sum1 = (sum1 + spread(wordAt(view, block + 4 * lane, end))) | 0;
      sum2 = (sum2 + sum1) | 0;
      sum3 = (sum3 + sum2) | 0;
      sum4 = (sum4 + sum3) | 0;
    }
    sums[lane] = stir(stir(stir(stir(sum4) ^ sum3) ^ sum2) ^ sum1);
  }
  return stir(stir(stir(stir(length ^ sums[0]!) ^ sums[1]!) ^ sums[2]!) ^ sums[3]!);
}

/** The little-endian word at `at`, with zeros for bytes from `end` on. */
function wordAt(view: DataView, at: number, end: number): number {
  if (at + 4 <= end) return view.getInt32(at, true);
  let word = 0;
  for (let byte = 0; at + byte < end; byte++) word |= view.getUint8(at + byte) << (8 * byte);
  return word;
}

/** Copies the high bits of a word down: high in a sum they would be carried out of it before they tell their place. */
function spread(word: number): number {
  return word ^ (word >>> 15);
}

function stir(word: number): number {
  return spread(Math.imul(word, STIRRER));
}
