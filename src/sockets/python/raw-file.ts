/** The file below the others: every read is one `recv`, every write one `send`. Python's SocketIO. */
import { EBADF, ETIMEDOUT } from "../../base/errno.ts";
import { SocketError } from "../error.ts";
import { checkBuffer, toBytes } from "../misuse.ts";
import { checkSize, join, SocketFile } from "./file-base.ts";
import { SOCKET } from "./owner.ts";

/** What a file asks of its socket. */
export interface FileSocket {
  recv_into(buffer: Uint8Array): Promise<number>;
  send(data: Uint8Array): Promise<number>;
  fileno(): number;
}

/** The socket of a file, and what is to be called when the file is closed. */
export interface FilePort {
  readonly socket: FileSocket;
  readonly release: () => Promise<void>;
}

/** How much is read at a time where everything is wanted, bytes. */
const CHUNK = 8192;
const NEWLINE = 10;

export class RawFile extends SocketFile<Uint8Array, Uint8Array | string> {
  protected override readonly kind = "RawFile";
  private readonly port: FilePort;
  private isClosed = false;
  /** After a time-out nobody can tell what was read: Python's files then read no more. */
  private timedOut = false;

  constructor(port: FilePort, mode: string) {
    super(mode);
    this.port = port;
  }

  override get closed(): boolean {
    return this.isClosed;
  }

  protected override get [SOCKET](): object {
    return this.port.socket;
  }

  override fileno(): number {
    if (this.isClosed) throw new SocketError(EBADF, "fileno");
    return this.port.socket.fileno();
  }

  /** What one `recv` gives, at most `size` bytes; everything up to the end when it is left out, -1 or null. */
  override async read(size: number | null = -1): Promise<Uint8Array> {
    const most = checkSize("read", "size", size);
    if (most < 0) return this.readAll();
    const buffer = new Uint8Array(Math.min(most, CHUNK));
    return buffer.subarray(0, await this.readinto(buffer));
  }

  /** Fills `buffer` with what one `recv` gives. Returns how many bytes, 0 at the end. */
  async readinto(buffer: Uint8Array): Promise<number> {
    checkBuffer("readinto", buffer);
    this.checkReadable("read");
    if (this.timedOut) throw timedOutBefore();
    try {
      return await this.port.socket.recv_into(buffer);
    } catch (error) {
      if (error instanceof SocketError && error.errno === -ETIMEDOUT) this.timedOut = true;
      throw error;
    }
  }

  /** Byte by byte: nothing is read ahead. */
  override async readline(limit: number | null = -1): Promise<Uint8Array> {
    const most = checkSize("readline", "limit", limit);
    const bytes: number[] = [];
    while (bytes.at(-1) !== NEWLINE && (most < 0 || bytes.length < most)) {
      const [byte] = await this.read(1);
      if (byte === undefined) break;
      bytes.push(byte);
    }
    return Uint8Array.from(bytes);
  }

  /** Returns how many bytes were taken, which may be fewer than given. */
  override async write(data: Uint8Array | string): Promise<number> {
    const bytes = toBytes("write", data);
    this.checkWritable("write");
    return this.port.socket.send(bytes);
  }

  /** Nothing is stored. */
  override async flush(): Promise<void> {
    if (this.isClosed) throw new SocketError(EBADF, "flush");
  }

  override async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.port.release();
  }

  private async readAll(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for (;;) {
      const chunk = await this.read(CHUNK);
      if (chunk.length === 0) return join(chunks);
      chunks.push(chunk);
    }
  }
}

function timedOutBefore(): SocketError {
  const error = new SocketError(ETIMEDOUT, "read");
  error.message += ": cannot read from timed out object";
  return error;
}
