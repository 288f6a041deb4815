/** Names in AF_UNIX, as a user gives them. */
import { EINVAL } from "../../base/errno.ts";
import type { Place } from "../address.ts";
import { show } from "../misuse.ts";

/** Bytes of `sun_path`; in a path the last is the NUL that ends it, in an abstract name it counts too. */
const PATH_BYTES = 108;
/** A UTF-16 unit takes at most this many bytes of UTF-8. */
const BYTES_PER_UNIT = 3;

/**
 * The path of a place, or -EINVAL for one longer than 107 bytes of UTF-8 (an abstract name: 108, with its "\0"). As in
 * C a path ends before its first "\0", unless that is the first of all: then the name is abstract, and whole.
 */
export function unixPath(call: string, place: Place): string | number {
  const given = typeof place === "object" && place !== null && "path" in place ? place.path : place;
  if (typeof given !== "string") {
    throw new TypeError(`${call}: a place in AF_UNIX is a path, a string or { path }, not ${show(place)}`);
  }
  const abstract = isAbstract(given);
  const end = abstract ? -1 : given.indexOf("\0");
  const path = end < 0 ? given : given.slice(0, end);
  return byteLength(path) > PATH_BYTES - (abstract ? 0 : 1) ? -EINVAL : path;
}

export function isAbstract(path: string): boolean {
  return path.startsWith("\0");
}

function byteLength(path: string): number {
  if (path.length * BYTES_PER_UNIT < PATH_BYTES) return path.length; // short in any case
  return new TextEncoder().encode(path).length;
}
