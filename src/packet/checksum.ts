/**
 * The Internet checksum (RFC 1071): the reference in TypeScript, and the fallback where WASM SIMD is not to be had.
 *
 * A *sum* is the ones'-complement sum of 16-bit words in network order, folded to 16 bits; it is 0 only when every
 * word was 0. A *checksum*, what stands in a header, is the complement of a sum: {@link finish}. A receiver
 * that sums everything, checksum included, gets 0xffff: {@link CORRECT_SUM}.
 */

/** The sum of a header or segment that arrived whole, its checksum field included. RFC 1071 §1 */
export const CORRECT_SUM = 0xffff;

/** Folds a sum of 16-bit words, an integer below 2^47, to 16 bits. RFC 1071 §4.1 */
export function fold(sum: number): number {
  const once = (sum & 0xffff) + Math.floor(sum / 0x10000);
  const twice = (once & 0xffff) + (once >>> 16);
  return (twice & 0xffff) + (twice >>> 16);
}

/** The checksum that belongs into the header: the complement of `sum` (folded). RFC 1071 §1 (2) */
export function finish(sum: number): number {
  return ~sum & 0xffff;
}

/** Adds `length` bytes (at most 128 KiB) at `offset` to `sum` (16-bit, folded) and returns it folded. */
export function addBytes(view: DataView, offset: number, length: number, sum: number): number {
  // Two int32 sums, of even and of odd words: neither can overflow, and nothing is ever a float64. Two words a
  // round, since a third of the work is the loop itself.
  let even = sum;
  let odd = 0;
  const end = offset + length;
  const pairsEnd = end - 7;
  let at = offset;
  for (; at < pairsEnd; at += 8) {
    const first = view.getInt32(at);
    const second = view.getInt32(at + 4);
    even = (even + (first >>> 16) + (second >>> 16)) | 0;
    odd = (odd + (first & 0xffff) + (second & 0xffff)) | 0;
  }
  if (at + 4 <= end) {
    const word = view.getInt32(at);
    even = (even + (word >>> 16)) | 0;
    odd = (odd + (word & 0xffff)) | 0;
    at += 4;
  }
  if (at + 2 <= end) {
    even = (even + view.getUint16(at)) | 0;
    at += 2;
  }
  // RFC 1071 §4.1: an odd byte counts as if followed by a zero
  if (at < end) odd = (odd + (view.getUint8(at) << 8)) | 0;
  return fold(even + odd);
}

/**
 * The sum of the pseudo-header that TCP and UDP checksums cover (RFC 9293 §3.1, RFC 768): addresses as int32, and
 * the `length` in bytes of transport header and data.
 */
export function pseudoHeaderSum(
  source: number,
  destination: number,
  protocol: number,
  length: number,
): number {
  const sum =
    (source >>> 16) +
    (source & 0xffff) +
    (destination >>> 16) +
    (destination & 0xffff) +
    protocol +
    (length >>> 16) +
    (length & 0xffff);
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/**
 * The checksum after one of the 16-bit words it covers has changed from `oldWord` to `newWord`.
 * RFC 1624 §3, equation 3: HC' = ~(~HC + ~m + m'), which gets 0x0000 and 0xffff right where RFC 1141 does not.
 */
export function updateChecksum(checksum: number, oldWord: number, newWord: number): number {
  const sum = (~checksum & 0xffff) + (~oldWord & 0xffff) + newWord;
  const once = (sum & 0xffff) + (sum >>> 16);
  return finish((once & 0xffff) + (once >>> 16));
}
