/** From what a request asks for to a file that may be served: what the way out of the folder would be is refused here. */
import { constants } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";

/** What a request target names. */
export interface Target {
  /** The names on the way, decoded; none of them is empty, "." or "..". */
  readonly names: readonly string[];
  /** Whether it ended with a slash. */
  readonly isFolder: boolean;
  /** "?…" as it came, or "". */
  readonly query: string;
}

/** Whether a file of this name is served and listed: no dotfiles, which hold keys and histories, and nothing that separates. */
export function isServed(name: string): boolean {
  return !name.startsWith(".") && !/[/\\\0]/.test(name);
}

/**
 * Takes the target of a request apart: "/a/b%20c/?x" or "http://host/a". Undefined when its percent-encoding is broken or it is
 * no path at all; `"hidden"` when a name in it is one that is never served.
 */
export function parseTarget(url: string): Target | "hidden" | undefined {
  const [, origin = "", path = "", query = ""] = /^(https?:\/\/[^/?#]*)?([^?#]*)(\?[^#]*)?/i.exec(url) ?? [];
  if (!path.startsWith("/") && (path !== "" || origin === "")) return undefined;
  let decoded: string[];
  try {
    decoded = path.split("/").map(decodeURIComponent);
  } catch {
    return undefined;
  }
  const names = decoded.filter((name) => name !== "" && name !== ".");
  if (!names.every(isServed)) return "hidden";
  const last = decoded.at(-1);
  return { names, isFolder: last === "" || last === ".", query };
}

/** An open file or folder, and where it really is. */
export interface Found {
  readonly file: FileHandle;
  readonly path: string;
  readonly size: number;
  readonly modifiedNanos: bigint;
  readonly isFolder: boolean;
}

/** A name that leads to something that is not served. */
export class NotServed extends Error {}

/**
 * Opens what `names` lead to below `root`, a real path. Symbolic links are followed as long as they stay below it. Rejects with
 * the error of `open`, or NotServed. The caller closes `file`.
 */
export async function find(root: string, names: readonly string[]): Promise<Found> {
  const path = join(root, ...names);
  // without O_NONBLOCK a FIFO would wait for its writer, and hold a thread of the pool meanwhile
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const info = await file.stat({ bigint: true });
    const isFolder = info.isDirectory();
    if (!isFolder && !info.isFile()) throw new NotServed(path);
    const real = await realpath(path);
    if (!isBelow(root, real)) throw new NotServed(path);
    // a link may have been changed since: what is open must be what was judged
    const judged = await stat(real, { bigint: true });
    if (judged.ino !== info.ino || judged.dev !== info.dev) throw new NotServed(path);
    return { file, path: real, size: Number(info.size), modifiedNanos: info.mtimeNs, isFolder };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Whether `path` is `root` or lies below it, by names that are all served. */
export function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === "" || way.split(sep).every(isServed);
}
