import { addBytes } from "./checksum.ts";
import { allocateSimd } from "./checksum-simd.ts";
import { fingerprint } from "./fingerprint.ts";

/**
 * A large piece of memory that many packets live in, with one `Uint8Array` and one `DataView` over it: a view per
 * packet would cost more than copying the packet. It is a WebAssembly memory where that can be had, so that SIMD code
 * sums packets where they lie.
 */
export class Slab {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  private readonly sum: (offset: number, length: number, sum: number) => number;
  private readonly hash: (offset: number, length: number) => number;

  /** `simd`: false keeps to TypeScript and an ordinary ArrayBuffer, for comparison. */
  constructor(size: number, simd = true) {
    const functions = simd ? allocateSimd(size) : undefined;
    const buffer = functions?.buffer ?? new ArrayBuffer(size);
    const view = new DataView(buffer, 0, size);
    this.bytes = new Uint8Array(buffer, 0, size);
    this.view = view;
    this.sum = functions?.addBytes ?? ((offset, length, sum) => addBytes(view, offset, length, sum));
    this.hash = functions?.fingerprint ?? ((offset, length) => fingerprint(view, offset, length));
  }

  /**
   * The ones'-complement sum, folded to 16 bits, of `length` bytes at `offset`, added to `sum` (RFC 1071). Not
   * complemented: see `finish` in checksum.ts.
   */
  checksum(offset: number, length: number, sum: number): number {
    return this.sum(offset, length, sum);
  }

  /** A hash (int32) of `length` bytes at `offset` that tells every byte, its position and the length. */
  fingerprint(offset: number, length: number): number {
    return this.hash(offset, length);
  }
}
