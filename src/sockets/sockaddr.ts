/**
 * `struct sockaddr_in` in the C face, in either spelling: `{ family, address, port }`, whose numbers read as they print,
 * and the book's `{ sin_family, sin_port, sin_addr: { s_addr } }`, whose numbers are in network order.
 */
import { EAFNOSUPPORT } from "../base/errno.ts";
import { AF_INET, AF_UNSPEC, INADDR_LOOPBACK } from "./constants.ts";
import { SocketError } from "./error.ts";
import { htonl, ntohl, ntohs } from "./inet.ts";
import { checkInteger, checkRange, show } from "./misuse.ts";

/** `struct sockaddr_in` with numbers as they read: `{ family: AF_INET, address: INADDR_ANY, port: 1234 }`. */
export interface PlainSockaddrIn {
  /** AF_INET, which is also the default; AF_UNSPEC in `connect` dissolves a datagram socket's association. */
  family?: number;
  /**
   * A number in host order as `INADDR_ANY` is, a dotted quad, a host's name, or 4 bytes of `inet_aton`.
   * Default INADDR_ANY.
   */
  address?: number | string | Uint8Array;
  /** In host order, 0 to 65535. Required, but with AF_UNSPEC; 0 in `bind` picks a free one. */
  port?: number;
}

/** `struct sockaddr_in` as books write it: `{ sin_family: AF_INET, sin_port: htons(1234), sin_addr: { s_addr } }`. */
export interface BookSockaddrIn {
  /** AF_INET, which is also the default; AF_UNSPEC in `connect` dissolves a datagram socket's association. */
  sin_family?: number;
  /** In network order: `htons(1234)`. Required, but with AF_UNSPEC. */
  sin_port?: number;
  /** 4 bytes of `inet_aton`, or `s_addr` in network order: `inet_addr("10.0.0.1")`, `htonl(INADDR_ANY)`, the default. */
  sin_addr?: InAddr;
}

/** `struct in_addr`: `s_addr` is in network order, and so are the bytes. */
export type InAddr = { s_addr: number } | Uint8Array;

export type SockaddrIn = PlainSockaddrIn | BookSockaddrIn;

/** What a call does with a `sockaddr_in`. */
export interface ParsedSockaddrIn {
  /** AF_INET, or in `connect` AF_UNSPEC. */
  readonly family: number;
  /** An int32, or text that is to be resolved. */
  readonly address: number | string;
  readonly port: number;
}

const FORM = "{ family, address, port } or { sin_family, sin_port, sin_addr }";
const PLAIN = ["family", "address", "port"];
const BOOK = ["sin_family", "sin_port", "sin_addr"];

/**
 * Reads a `sockaddr_in`. AF_UNSPEC has a meaning in `connect`, where address and port may be missing; elsewhere it passes
 * for AF_INET, in `bind` only with INADDR_ANY. EAFNOSUPPORT for another family; TypeError for what is none, RangeError for a number that cannot be, or that is
 * 127.0.0.1 with its bytes in the wrong order.
 */
export function parseSockaddrIn(call: string, where: unknown): ParsedSockaddrIn {
  if (typeof where !== "object" || where === null || Array.isArray(where)) {
    throw new TypeError(`${call}: the address is an object ${FORM}, not ${show(where)}`);
  }
  const isBook = BOOK.some((field) => field in where);
  if (isBook && PLAIN.some((field) => field in where)) {
    throw new TypeError(`${call}: the address is ${FORM}, not some of each: ${show(where)}`);
  }
  const family =
    (isBook ? (where as BookSockaddrIn).sin_family : (where as PlainSockaddrIn).family) ?? AF_INET;
  checkInteger(call, isBook ? "sin_family" : "family", family);
  if (family !== AF_INET && family !== AF_UNSPEC) throw new SocketError(EAFNOSUPPORT, call);
  if (family === AF_UNSPEC && call === "connect") return { family, address: 0, port: 0 };
  const parsed = isBook ? parseBook(call, where) : parsePlain(call, where);
  // as Linux does for old programs
  const isForgiven = call !== "bind" || parsed.address === 0 || parsed.address === "";
  if (family === AF_UNSPEC && !isForgiven) throw new SocketError(EAFNOSUPPORT, call);
  return { family: AF_INET, ...parsed };
}

function parsePlain(call: string, { address = 0, port }: PlainSockaddrIn): Omit<ParsedSockaddrIn, "family"> {
  checkRange(call, "port", port, 0, 65_535);
  if (typeof address === "string") return { address, port };
  if (address instanceof Uint8Array) return { address: fromBytes(call, address), port };
  checkRange(call, "address", address, -0x8000_0000, 0xffff_ffff);
  if (address === htonl(INADDR_LOOPBACK)) {
    throw new RangeError(
      `${call}: address is a number in host order, in which ${hex(address)} is 1.0.0.127; 127.0.0.1 is INADDR_LOOPBACK ` +
        "without htonl, and ntohl(inet_addr(…)); sin_addr takes network order",
    );
  }
  return { address: address | 0, port };
}

function parseBook(call: string, where: BookSockaddrIn): Omit<ParsedSockaddrIn, "family"> {
  const { sin_port, sin_addr = { s_addr: 0 } } = where;
  checkRange(call, "sin_port", sin_port, 0, 65_535);
  const port = ntohs(sin_port);
  return { address: addressNumber(call, "sin_addr", sin_addr), port };
}

/** The int32 of a `struct in_addr`, in network order. */
export function addressNumber(call: string, what: string, given: InAddr): number {
  if (given instanceof Uint8Array) return fromBytes(call, given);
  if (typeof given !== "object" || given === null) {
    throw new TypeError(`${call}: ${what} is { s_addr: htonl(…) } or 4 bytes, not ${show(given)}`);
  }
  const { s_addr } = given;
  checkRange(call, "s_addr", s_addr, -0x8000_0000, 0xffff_ffff);
  if (s_addr === INADDR_LOOPBACK) {
    throw new RangeError(
      `${call}: s_addr is in network order, in which ${hex(s_addr)} is 1.0.0.127; 127.0.0.1 is htonl(INADDR_LOOPBACK)`,
    );
  }
  return ntohl(s_addr >>> 0) | 0;
}

function fromBytes(call: string, bytes: Uint8Array): number {
  if (bytes.length !== 4) throw new TypeError(`${call}: an IPv4 address has 4 bytes, not ${bytes.length}`);
  return (bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!;
}

function hex(number: number): string {
  return `0x${number.toString(16).padStart(8, "0")}`;
}
