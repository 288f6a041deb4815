/** The Internet checksum (RFC 1071): the reference in TypeScript, and the fallback where WASM SIMD is not to be had. */

/** Folds a sum of 16-bit words to 16 bits. */
export function fold(sum: number): number {
  const once = (sum & 0xffff) + Math.floor(sum / 0x10000);
  const twice = (once & 0xffff) + (once >>> 16);
  return (twice & 0xffff) + (twice >>> 16);
}

/** Adds `length` bytes at `offset` to `sum` (16-bit, folded) and returns it folded. */
export function addBytes(view: DataView, offset: number, length: number, sum: number): number {
  let total = sum;
  const end = offset + length;
  let at = offset;
  for (; at + 4 <= end; at += 4) {
    const word = view.getInt32(at);
    total += (word >>> 16) + (word & 0xffff);
  }
  if (at + 2 <= end) {
    total += view.getUint16(at);
    at += 2;
  }
  if (at < end) total += view.getUint8(at) << 8;
  return fold(total);
}
