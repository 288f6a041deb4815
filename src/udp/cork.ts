import { copyBytes } from "../base/copy.ts";
import type { Path } from "../ip/path.ts";

const FIRST_SIZE = 2048;

/** A datagram that is still being written (MSG_MORE, UDP_CORK): where it will go, and its data so far. */
export class Cork {
  path: Path;
  port: number;
  bytes = new Uint8Array(FIRST_SIZE);
  length = 0;

  constructor(path: Path, port: number) {
    this.path = path;
    this.port = port;
  }

  append(data: Uint8Array, offset: number, length: number): void {
    const needed = this.length + length;
    if (needed > this.bytes.length) {
      const longer = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
      longer.set(this.bytes.subarray(0, this.length));
      this.bytes = longer;
    }
    copyBytes(data, offset, this.bytes, this.length, length);
    this.length = needed;
  }
}
