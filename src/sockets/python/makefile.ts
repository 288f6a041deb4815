/** `makefile`: a socket as a file, of text or bytes, with buffers or without. */
import { checkFields, checkInteger, show } from "../misuse.ts";
import { BinaryFile } from "./binary-file.ts";
import { type FilePort, RawFile } from "./raw-file.ts";
import { checkNewline, makeCodec, type Newline, type TextErrors } from "./text-codec.ts";
import { TextFile } from "./text-file.ts";

/** For text: to read (default), to write, or both. */
export type TextMode = "" | "r" | "w" | "rw" | "wr";
/** For bytes. */
export type BinaryMode = "b" | "rb" | "br" | "wb" | "bw" | "rwb" | "rbw" | "brw" | "wrb" | "wbr" | "bwr";
export type FileMode = TextMode | BinaryMode;

export interface FileOptions<B extends number = number> {
  /** Bytes that are received ahead, and stored before they are sent: default or below 0: 8192; 0, for bytes only: none. */
  buffering?: B;
  /** "utf-8" (default), "latin-1" or "ascii". */
  encoding?: string;
  /** What cannot be decoded or encoded: "strict" (default) fails with EILSEQ, "replace" puts U+FFFD or "?" there. */
  errors?: TextErrors;
  /**
   * Where lines end. null (default): at "\n", "\r" and "\r\n", all of which are read as "\n". "": at the same places, but
   * read as they are. Any of the three: there, and "\n" is written as that.
   */
  newline?: Newline;
}

/** What `makefile` gives. */
export type FileOf<M extends FileMode, B extends number> = M extends TextMode
  ? TextFile
  : B extends 0
    ? RawFile
    : BinaryFile;

/** Python's io.DEFAULT_BUFFER_SIZE. */
const DEFAULT_BUFFER_BYTES = 8192;

export function makeFile(
  port: FilePort,
  mode: string,
  options: FileOptions,
): TextFile | BinaryFile | RawFile {
  if (typeof mode !== "string" || !/^[rwb]*$/.test(mode)) {
    throw new RangeError(`makefile: mode is made of "r", "w" and "b", not ${show(mode)}`);
  }
  if (typeof options !== "object" || options === null) {
    const form = "{ buffering, encoding, errors, newline }";
    throw new TypeError(`makefile: options are an object ${form}, not ${show(options)}`);
  }
  checkFields("makefile", "option", options, ["buffering", "encoding", "errors", "newline"]);
  const { buffering = -1, encoding = "utf-8", errors = "strict", newline = null } = options;
  checkInteger("makefile", "buffering", buffering);
  const isBinary = mode.includes("b");
  if (buffering === 0 && !isBinary) {
    throw new RangeError('makefile: a file without a buffer is one of bytes: its mode has a "b"');
  }
  const raw = new RawFile(port, mode);
  if (buffering === 0) return raw;
  const buffer = new BinaryFile(raw, buffering < 0 ? DEFAULT_BUFFER_BYTES : buffering);
  if (isBinary) return buffer;
  checkNewline(newline);
  return new TextFile(buffer, mode, makeCodec(encoding, errors), errors, newline);
}
