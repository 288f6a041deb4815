/** A file of text over one of bytes: Python's TextIOWrapper. Sizes count characters (code points). */
import { EBADF } from "../../base/errno.ts";
import { SocketError } from "../error.ts";
import { show } from "../misuse.ts";
import type { BinaryFile } from "./binary-file.ts";
import { checkSize, isWouldBlock, join, SocketFile, Turns } from "./file-base.ts";
import { SOCKET, socketOf } from "./owner.ts";
import { type Codec, LineEnds, type Newline, type TextErrors } from "./text-codec.ts";

/** Bytes that are decoded at a time, and that are encoded before they go into the buffer below. */
const CHUNK = 8192;

export class TextFile extends SocketFile<string, string> {
  protected override readonly kind = "TextFile";
  /** Its buffered bytes. What was decoded already is no more among them. */
  readonly buffer: BinaryFile;
  /** What becomes of bytes and characters that the encoding does not have: "strict" or "replace". */
  readonly errors: TextErrors;
  private readonly codec: Codec;
  private readonly lineEnds: LineEnds;
  private readonly reading = new Turns();
  private readonly writing = new Turns();
  /** What was decoded; what is before `at` was read. */
  private decoded = "";
  private at = 0;
  /** What was encoded. */
  private encoded: Uint8Array[] = [];
  private encodedLength = 0;

  constructor(buffer: BinaryFile, mode: string, codec: Codec, errors: TextErrors, newline: Newline) {
    super(mode);
    this.buffer = buffer;
    this.codec = codec;
    this.errors = errors;
    this.lineEnds = new LineEnds(newline);
  }

  /** "utf-8", "latin-1" or "ascii". */
  get encoding(): string {
    return this.codec.name;
  }

  override get closed(): boolean {
    return this.buffer.closed;
  }

  protected override get [SOCKET](): object {
    return socketOf(this.buffer);
  }

  override fileno(): number {
    return this.buffer.fileno();
  }

  override async read(size: number | null = -1): Promise<string> {
    const wanted = checkSize("read", "size", size);
    this.checkReadable("read");
    return this.reading.take(async () => {
      if (wanted < 0) {
        while (await this.decodeMore());
        return this.shift(this.decoded.length);
      }
      let end = after(this.decoded, this.at, wanted);
      while (end < 0 && (await this.decodeMore())) end = after(this.decoded, this.at, wanted);
      if (end < 0) end = after(this.decoded, this.at, wanted);
      return this.shift(end < 0 ? this.decoded.length : end);
    });
  }

  override async readline(limit: number | null = -1): Promise<string> {
    const most = checkSize("readline", "limit", limit);
    this.checkReadable("readline");
    return this.reading.take(async () => {
      const end = await this.lineEnd(most);
      const cut = most < 0 ? -1 : after(this.decoded, this.at, most);
      return this.shift(cut < 0 ? end : Math.min(cut, end));
    });
  }

  override async write(text: string): Promise<number> {
    if (typeof text !== "string") {
      throw new TypeError(`write: text is a string, not ${show(text)}; for bytes there is makefile("wb")`);
    }
    this.checkWritable("write");
    const bytes = this.codec.encode(this.lineEnds.encode(text));
    await this.writing.take(async () => {
      if (this.encodedLength + bytes.length > CHUNK) await this.passOn();
      this.encoded.push(bytes);
      this.encodedLength += bytes.length;
      if (this.encodedLength >= CHUNK) await this.passOn();
    });
    return count(text);
  }

  override async flush(): Promise<void> {
    if (this.closed) throw new SocketError(EBADF, "flush");
    await this.writing.take(() => this.passOn());
    await this.buffer.flush();
  }

  override async close(): Promise<void> {
    if (this.closed) return;
    try {
      await this.flush();
    } finally {
      await this.buffer.close();
    }
  }

  /** Gives what is encoded to the buffer below. */
  private async passOn(): Promise<void> {
    if (this.encodedLength === 0) return;
    const bytes = join(this.encoded);
    this.encoded = [];
    this.encodedLength = 0;
    await this.buffer.write(bytes);
  }

  /** Decodes one chunk more. Returns false at the end, which may have brought something, too. */
  private async decodeMore(): Promise<boolean> {
    const chunk = await this.buffer.read1(CHUNK);
    const isEnd = chunk.length === 0;
    const text = this.lineEnds.decode(this.codec.decode(chunk, isEnd), isEnd);
    this.decoded = this.decoded.slice(this.at) + text;
    this.at = 0;
    return !isEnd;
  }

  /** Behind the end of the line, or of everything, in `decoded`; no farther than is needed for `most` characters. */
  private async lineEnd(most: number): Promise<number> {
    let from = this.at;
    for (;;) {
      const end = this.lineEnds.find(this.decoded, from);
      if (end >= 0) return end;
      if (most >= 0 && after(this.decoded, this.at, most) >= 0) return this.decoded.length;
      // "\r\n" may have come in two pieces
      from = Math.max(0, this.decoded.length - this.at - 1);
      try {
        if (!(await this.decodeMore())) break;
      } catch (error) {
        if (this.at === this.decoded.length || !isWouldBlock(error)) throw error;
        return this.decoded.length;
      }
    }
    const end = this.lineEnds.find(this.decoded, from);
    return end < 0 ? this.decoded.length : end;
  }

  private shift(end: number): string {
    const text = this.decoded.slice(this.at, end);
    this.at = end;
    return text;
  }
}

/** Where in `text` the character stands that is `characters` behind the one at `from`; -1 when there are fewer. */
function after(text: string, from: number, characters: number): number {
  let at = from;
  for (let left = characters; left > 0; left--) {
    if (at >= text.length) return -1;
    at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  }
  return at;
}

function count(text: string): number {
  let characters = 0;
  for (const _ of text) characters++;
  return characters;
}
