/** What the conditions of a request make of it (RFC 9110 §13) and which part of a file it asks for (§14). */
import type { IncomingHttpHeaders } from "node:http";

/** What tells one state of a file from another. */
export interface Validators {
  /** With its quotes. */
  readonly etag: string;
  /** Seconds since 1970. */
  readonly modified: number;
}

export function validatorsOf(size: number, modifiedNanos: bigint): Validators {
  const etag = `"${size.toString(16)}-${modifiedNanos.toString(16)}"`;
  return { etag, modified: Number(modifiedNanos / 1_000_000_000n) };
}

/** 200: go on; 304: the client has it already; 412: it is not what the client expects. */
export function judgeConditions(
  headers: IncomingHttpHeaders,
  { etag, modified }: Validators,
): 200 | 304 | 412 {
  // RFC 9110 §13.2.2: in this order
  const match = headers["if-match"];
  const unmodifiedSince = dateOf(headers["if-unmodified-since"]);
  if (match !== undefined) {
    if (!lists(match, etag, true)) return 412;
  } else if (unmodifiedSince !== undefined && modified > unmodifiedSince) {
    return 412;
  }
  const noneMatch = headers["if-none-match"];
  const modifiedSince = dateOf(headers["if-modified-since"]);
  if (noneMatch !== undefined) return lists(noneMatch, etag, false) ? 304 : 200;
  return modifiedSince !== undefined && modified <= modifiedSince ? 304 : 200;
}

/** Whether a list of entity tags has `etag`, or is "*". `strong`: a weak one does not count (RFC 9110 §8.8.3.2). */
function lists(header: string, etag: string, strong: boolean): boolean {
  if (header.trim() === "*") return true;
  const tags = header.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => tag === etag || (!strong && tag === `W/${etag}`));
}

/** Seconds since 1970 of an HTTP date; undefined for what is none (RFC 9110 §5.6.7). */
function dateOf(text: string | undefined): number | undefined {
  const millis = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(millis) ? undefined : Math.floor(millis / 1000);
}

/** Bytes `start` to before `end`. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/**
 * The one part of `size` bytes that a Range header asks for; `"none"` when there is no such part (416), undefined for all of it:
 * no header, one that makes no sense, several parts (RFC 9110 §14.2 leaves that to the server), or an If-Range that is out of date.
 */
export function partOf(
  headers: IncomingHttpHeaders,
  size: number,
  validators: Validators,
): Part | "none" | undefined {
  const asked = /^bytes=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(headers.range ?? "");
  if (asked === null || !rangeIsMeant(headers["if-range"], validators)) return undefined;
  const [, first = "", last = ""] = asked;
  if (first === "") {
    if (last === "") return undefined;
    const length = Math.min(Number(last), size); // the last bytes
    return length === 0 ? "none" : { start: size - length, end: size };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return undefined;
  if (start >= size) return "none";
  return { start, end: last === "" ? size : Math.min(Number(last) + 1, size) };
}

/** RFC 9110 §13.1.5: a part of what the client has the rest of; otherwise it wants all of the new. */
function rangeIsMeant(ifRange: string | string[] | undefined, { etag, modified }: Validators): boolean {
  if (ifRange === undefined) return true;
  const text = String(ifRange).trim();
  return text.startsWith('"') || text.startsWith("W/") ? text === etag : dateOf(text) === modified;
}
