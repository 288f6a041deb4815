/** What the demonstration sends: a file, or bytes from a seed. Read piece by piece: it may be larger than memory. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { Random } from "../../base/random.ts";
import { Failure, fileError } from "../arguments.ts";

export interface Content {
  /** "README.md", or "bytes made from seed 1". */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The bytes from the beginning. A piece is good until the next one is asked for. */
  pieces(): Iterable<Uint8Array>;
  close(): void;
}

/** Bytes of one piece. */
const PIECE = 65_536;

/** Opens the file at `path`; it is closed by `close`. Throws a {@link Failure}. */
export function fileContent(path: string, name = path): Content {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    throw new Failure(`cannot read ${path}: ${fileError(error)}`);
  }
  const stat = fstatSync(file);
  if (!stat.isFile()) {
    closeSync(file);
    throw new Failure(
      `cannot read ${path}: ${stat.isDirectory() ? "it is a directory" : "it is no regular file"}`,
    );
  }
  return { name, size: stat.size, pieces: () => readPieces(file, stat.size), close: () => closeSync(file) };
}

/** What is sent when nothing was chosen, in a checkout; an installed package has no lock file. */
const OWN_FILE = fileURLToPath(new URL("../../../package-lock.json", import.meta.url));
/** Bytes that are made where that file is not: about as many as it has. */
const OWN_SIZE = 77_318;

/** `file` where it is there, else bytes from the seed. */
export function defaultContent(seed: number, file = OWN_FILE): Content {
  return existsSync(file) ? fileContent(file, basename(file)) : seededContent(seed, OWN_SIZE);
}

function* readPieces(file: number, size: number): Generator<Uint8Array> {
  const buffer = new Uint8Array(PIECE);
  for (let at = 0; at < size; ) {
    const count = readSync(file, buffer, 0, Math.min(PIECE, size - at), at);
    if (count === 0) throw new Failure("the file has become shorter while it was read");
    yield buffer.subarray(0, count);
    at += count;
  }
}

export function seededContent(seed: number, size: number): Content {
  return {
    name: `bytes made from seed ${seed}`,
    size,
    pieces: () => makePieces(seed, size),
    close: () => {},
  };
}

function* makePieces(seed: number, size: number): Generator<Uint8Array> {
  const random = new Random(seed).fork("content");
  const buffer = new Uint8Array(PIECE);
  for (let left = size; left > 0; left -= PIECE) {
    const piece = buffer.subarray(0, Math.min(PIECE, left));
    random.fill(piece);
    yield piece;
  }
}
