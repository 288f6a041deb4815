/** Text as bytes and back, chunk by chunk: the encodings that `makefile` knows, and the ends of lines. */
import { EILSEQ } from "../../base/errno.ts";
import { SocketError } from "../error.ts";
import { show } from "../misuse.ts";

export interface Codec {
  /** Python's name for it. */
  readonly name: string;
  encode(text: string): Uint8Array;
  /** Decodes the next chunk. What a character lacks is kept for the chunk after it, unless this one is `final`. */
  decode(chunk: Uint8Array, final: boolean): string;
}

/** What to do with what cannot be decoded or encoded: fail with EILSEQ, or put U+FFFD or "?" in its place. */
export type TextErrors = "strict" | "replace";

const NAMES: Readonly<Record<string, string>> = {
  "utf-8": "utf-8",
  utf8: "utf-8",
  "latin-1": "latin-1",
  latin1: "latin-1",
  "iso-8859-1": "latin-1",
  ascii: "ascii",
  "us-ascii": "ascii",
};

/** A codec with what it keeps between chunks. RangeError for an encoding that is not known. */
export function makeCodec(encoding: string, errors: TextErrors): Codec {
  const name = NAMES[String(encoding).toLowerCase().replaceAll("_", "-")];
  if (name === undefined) {
    throw new RangeError(`makefile: encoding is "utf-8", "latin-1" or "ascii", not ${show(encoding)}`);
  }
  if (errors !== "strict" && errors !== "replace") {
    throw new RangeError(`makefile: errors is "strict" or "replace", not ${show(errors)}`);
  }
  if (name === "utf-8") return utf8(errors);
  return oneByte(name, name === "ascii" ? 0x7f : 0xff, errors);
}

function utf8(errors: TextErrors): Codec {
  const decoder = new TextDecoder("utf-8", { fatal: errors === "strict", ignoreBOM: true });
  const encoder = new TextEncoder();
  return {
    name: "utf-8",
    encode: (text) => encoder.encode(text),
    decode(chunk, final) {
      try {
        return decoder.decode(chunk, { stream: !final });
      } catch {
        throw new SocketError(EILSEQ, "read");
      }
    },
  };
}

/** An encoding whose characters are those up to `last`, a byte each. */
function oneByte(name: string, last: number, errors: TextErrors): Codec {
  return {
    name,
    encode(text) {
      const codes = Array.from(text, (character) => character.codePointAt(0)!);
      if (errors === "strict" && codes.some((code) => code > last)) throw new SocketError(EILSEQ, "write");
      return Uint8Array.from(codes, (code) => (code > last ? QUESTION_MARK : code));
    },
    decode(chunk) {
      if (errors === "strict" && chunk.some((byte) => byte > last)) throw new SocketError(EILSEQ, "read");
      return Array.from(chunk, (byte) => (byte > last ? "\ufffd" : String.fromCharCode(byte))).join("");
    },
  };
}

const QUESTION_MARK = 0x3f;

/** Where lines end, as Python's `open` has it; null for every kind of end, all of which become "\n". */
export type Newline = null | "" | "\n" | "\r" | "\r\n";

export function checkNewline(newline: unknown): asserts newline is Newline {
  if (newline === null || ["", "\n", "\r", "\r\n"].includes(newline as string)) return;
  throw new RangeError(`makefile: newline is null, "", "\\n", "\\r" or "\\r\\n", not ${show(newline)}`);
}

/** Finds and translates the ends of lines. */
export class LineEnds {
  private readonly newline: Newline;
  /** A "\r" at the end of a chunk waits for the "\n" that may follow. */
  private pending = "";

  constructor(newline: Newline) {
    this.newline = newline;
  }

  /** Takes the next chunk of decoded text. */
  decode(text: string, final: boolean): string {
    if (this.newline !== null && this.newline !== "") return text;
    if (text === "" && !final) return "";
    const all = this.pending + text;
    const holdsBack = !final && all.endsWith("\r");
    this.pending = holdsBack ? "\r" : "";
    const whole = holdsBack ? all.slice(0, -1) : all;
    return this.newline === null ? whole.replaceAll(/\r\n?/g, "\n") : whole;
  }

  /** Behind the end of the line in `text`, looking from `from` on; -1 when there is none. */
  find(text: string, from: number): number {
    if (this.newline === "") {
      const end = /\r\n|\r|\n/g;
      end.lastIndex = from;
      return end.test(text) ? end.lastIndex : -1;
    }
    const end = this.newline ?? "\n";
    const at = text.indexOf(end, from);
    return at < 0 ? -1 : at + end.length;
  }

  /** Text that is written, with the ends of its lines as they go out. */
  encode(text: string): string {
    const { newline } = this;
    return newline === "\r" || newline === "\r\n" ? text.replaceAll("\n", newline) : text;
  }
}
