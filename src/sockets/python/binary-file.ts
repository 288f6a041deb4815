/** A file of bytes with a buffer in each direction: Python's BufferedReader, BufferedWriter and BufferedRWPair. */
import { EBADF } from "../../base/errno.ts";
import { SocketError } from "../error.ts";
import { checkBuffer, toBytes } from "../misuse.ts";
import { checkSize, isWouldBlock, join, SocketFile, Turns } from "./file-base.ts";
import { SOCKET, socketOf } from "./owner.ts";
import type { RawFile } from "./raw-file.ts";

const NEWLINE = 10;

export class BinaryFile extends SocketFile<Uint8Array, Uint8Array | string> {
  protected override readonly kind = "BinaryFile";
  private readonly raw: RawFile;
  private readonly reading = new Turns();
  private readonly writing = new Turns();
  /** What was received and not yet read: from `start` to `end`. */
  private readonly received: Uint8Array;
  private start = 0;
  private end = 0;
  /** What was written and not yet sent. */
  private readonly stored: Uint8Array;
  private storedLength = 0;

  /** `bufferBytes`: how much is received ahead, and how much stored before it is sent. */
  constructor(raw: RawFile, bufferBytes: number) {
    super(raw.mode);
    this.raw = raw;
    this.received = new Uint8Array(this.readable() ? bufferBytes : 0);
    this.stored = new Uint8Array(this.writable() ? bufferBytes : 0);
  }

  override get closed(): boolean {
    return this.raw.closed;
  }

  protected override get [SOCKET](): object {
    return socketOf(this.raw);
  }

  override fileno(): number {
    return this.raw.fileno();
  }

  override async read(size: number | null = -1): Promise<Uint8Array> {
    const wanted = checkSize("read", "size", size);
    if (wanted < -1) throw new RangeError(`read: size is at least -1, or null, not ${size}`);
    return this.take("read", () => this.collect(wanted < 0 ? Number.POSITIVE_INFINITY : wanted));
  }

  /** At most `size` bytes, waiting for no more than one `recv` does; none but at the end. */
  async read1(size: number | null = -1): Promise<Uint8Array> {
    const wanted = checkSize("read1", "size", size);
    return this.take("read1", async () => {
      if (wanted !== 0 && this.start === this.end) await this.fill();
      return this.shift(wanted < 0 ? this.received.length : wanted);
    });
  }

  /** What is received already, or what one `recv` gives; it stays to be read. */
  async peek(): Promise<Uint8Array> {
    return this.take("peek", async () => {
      if (this.start === this.end) await this.fill();
      return this.received.slice(this.start, this.end);
    });
  }

  /** Fills `buffer`, up to the end. Returns how many bytes came. */
  async readinto(buffer: Uint8Array): Promise<number> {
    checkBuffer("readinto", buffer);
    return this.take("readinto", async () => {
      const bytes = await this.collect(buffer.length);
      buffer.set(bytes);
      return bytes.length;
    });
  }

  /** As {@link readinto}, waiting for no more than one `recv` does. */
  async readinto1(buffer: Uint8Array): Promise<number> {
    checkBuffer("readinto1", buffer);
    const bytes = await this.read1(buffer.length);
    buffer.set(bytes);
    return bytes.length;
  }

  override async readline(limit: number | null = -1): Promise<Uint8Array> {
    const most = checkSize("readline", "limit", limit);
    const room = most < 0 ? Number.POSITIVE_INFINITY : most;
    return this.take("readline", () => this.collect(room, NEWLINE));
  }

  override async write(data: Uint8Array | string): Promise<number> {
    const bytes = toBytes("write", data);
    this.checkWritable("write");
    await this.writing.take(() => this.store(bytes));
    return bytes.length;
  }

  override async flush(): Promise<void> {
    if (this.closed) throw new SocketError(EBADF, "flush");
    await this.writing.take(() => this.sendStored());
  }

  override async close(): Promise<void> {
    if (this.closed) return;
    try {
      await this.flush();
    } finally {
      await this.raw.close();
    }
  }

  private take<T>(call: string, work: () => Promise<T>): Promise<T> {
    this.checkReadable(call);
    return this.reading.take(work);
  }

  /** Receives once into the empty buffer. Returns false at the end. */
  private async fill(): Promise<boolean> {
    this.start = 0;
    this.end = 0;
    this.end = await this.raw.readinto(this.received);
    return this.end > 0;
  }

  /** At most `most` bytes of what is received. */
  private shift(most: number): Uint8Array {
    const chunk = this.received.slice(this.start, Math.min(this.end, this.start + most));
    this.start += chunk.length;
    return chunk;
  }

  /** `size` bytes, or up to the end, or up to the byte `last`. Of a socket that does not wait: what there is. */
  private async collect(size: number, last?: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let missing = size;
    try {
      while (missing > 0 && (this.start < this.end || (await this.fill()))) {
        const found = last === undefined ? -1 : this.received.subarray(this.start, this.end).indexOf(last);
        const chunk = this.shift(found < 0 ? missing : Math.min(missing, found + 1));
        chunks.push(chunk);
        missing -= chunk.length;
        if (last !== undefined && chunk.at(-1) === last) break;
      }
    } catch (error) {
      if (chunks.length === 0 || !isWouldBlock(error)) throw error;
    }
    return join(chunks);
  }

  /** Stores what fits. What does not sends everything stored before it, and all of itself that is more than a buffer. */
  private async store(bytes: Uint8Array): Promise<void> {
    const { stored } = this;
    let rest = bytes;
    if (rest.length > stored.length - this.storedLength) {
      await this.sendStored();
      while (rest.length > stored.length) rest = rest.subarray(await this.raw.write(rest));
    }
    stored.set(rest, this.storedLength);
    this.storedLength += rest.length;
  }

  /** What could not be sent stays stored. */
  private async sendStored(): Promise<void> {
    const { stored } = this;
    while (this.storedLength > 0) {
      const sent = await this.raw.write(stored.slice(0, this.storedLength));
      stored.copyWithin(0, sent, this.storedLength);
      this.storedLength -= sent;
    }
  }
}
