/** What the files of `makefile` have in common, of bytes or of text. */
import { EBADF } from "../../base/errno.ts";
import { INSPECT } from "../../base/inspect.ts";
import { SocketError } from "../error.ts";
import { checkInteger, show } from "../misuse.ts";
import type { SocketHost } from "../socket-host.ts";
import { OWNER, ownerOf, SOCKET } from "./owner.ts";

/** Work that is done one piece after the other, in the order it was asked for, whoever awaits it or not. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work);
    this.last = result.catch(() => undefined);
    return result;
  }
}

/** A file of bytes or text: what it reads is a `T`, what it writes a `W`. */
export abstract class SocketFile<T extends Uint8Array | string, W> implements AsyncIterable<T> {
  /** As `makefile` was told. */
  readonly mode: string;
  /** The name of its class. */
  protected abstract readonly kind: string;
  private readonly canRead: boolean;
  private readonly canWrite: boolean;

  constructor(mode: string) {
    this.mode = mode;
    this.canWrite = mode.includes("w");
    this.canRead = mode.includes("r") || !this.canWrite;
  }

  /** Whether it was closed. */
  abstract get closed(): boolean;
  /** The socket's descriptor, -1 once that is closed. EBADF for a file that is closed. */
  abstract fileno(): number;
  /** `size` bytes or characters, less only at the end; everything up to the end when it is left out, -1 or null. */
  abstract read(size?: number | null): Promise<T>;
  /** Up to the end of the line, which is kept; empty at the end. At most `limit` bytes or characters, unless that is below 0. */
  abstract readline(limit?: number | null): Promise<T>;
  /** Done when it is sent or stored; returns how many bytes or characters that were. */
  abstract write(data: W): Promise<number>;
  /** Sends what is stored. */
  abstract flush(): Promise<void>;
  /**
   * Sends what is stored and closes the file, also when that fails; a second time nothing happens. Closes the socket
   * too when that was to be closed and no other file is open.
   */
  abstract close(): Promise<void>;

  /** The socket below. */
  protected abstract get [SOCKET](): object;

  protected get [OWNER](): SocketHost | undefined {
    return ownerOf(this[SOCKET]);
  }

  /** In the console: 'TextFile { mode: "rw", Socket { fd: 3, … } }'. */
  protected [INSPECT](): string {
    const socket = this[SOCKET];
    const below = INSPECT in socket ? (socket as { [INSPECT](): string })[INSPECT]() : show(socket);
    return `${this.kind} { mode: ${show(this.mode)}, ${this.closed ? "closed" : below} }`;
  }

  /** Whether it was opened for reading. */
  readable(): boolean {
    return this.canRead;
  }

  /** Whether it was opened for writing. */
  writable(): boolean {
    return this.canWrite;
  }

  /** Never. */
  seekable(): boolean {
    return false;
  }

  /** Lines, until they have more bytes or characters than `hint`; all of them when that is left out or not above 0. */
  async readlines(hint: number | null = -1): Promise<T[]> {
    const most = checkSize("readlines", "hint", hint);
    const lines: T[] = [];
    for (let length = 0; most <= 0 || length <= most; length += lines.at(-1)!.length) {
      const line = await this.readline();
      if (line.length === 0) break;
      lines.push(line);
    }
    return lines;
  }

  /** Writes one after the other; it is the caller who puts the ends of lines. */
  async writelines(lines: Iterable<W>): Promise<void> {
    if (typeof lines === "string" || typeof Object(lines)[Symbol.iterator] !== "function") {
      throw new TypeError(`writelines: lines is an array, not ${show(lines)}`);
    }
    for (const line of lines) await this.write(line);
  }

  /** Line by line, up to the end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (let line = await this.readline(); line.length > 0; line = await this.readline()) yield line;
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected checkReadable(call: string): void {
    if (this.closed) throw new SocketError(EBADF, call);
    if (this.canRead) return;
    throw new TypeError(`${call}: the file is not readable: its mode is ${show(this.mode)}`);
  }

  protected checkWritable(call: string): void {
    if (this.closed) throw new SocketError(EBADF, call);
    if (this.canWrite) return;
    throw new TypeError(`${call}: the file is not writable: its mode is ${show(this.mode)}`);
  }
}

/** A number of bytes or characters, where null is -1. */
export function checkSize(call: string, what: string, size: unknown): number {
  if (size === null) return -1;
  checkInteger(call, what, size);
  return size;
}

/** All of `chunks` in one. */
export function join(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

export function isWouldBlock(error: unknown): boolean {
  return error instanceof SocketError && error.code === "EWOULDBLOCK";
}
