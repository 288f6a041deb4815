import { addBytes } from "./checksum.ts";

/**
 * A large piece of memory that many packets live in, with one `Uint8Array` and one `DataView` over it: a view per
 * packet would cost more than copying the packet.
 */
export class Slab {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  /** The ones'-complement sum, folded to 16 bits, of `length` bytes at `offset`, added to `sum` (RFC 1071). Not complemented. */
  checksum(offset: number, length: number, sum: number): number {
    return addBytes(this.view, offset, length, sum);
  }
}
