/** Addresses and numbers between text, bytes and integers: <arpa/inet.h>. */
import { EAFNOSUPPORT, EINVAL } from "../base/errno.ts";
import { formatAddress, tryParseAddress } from "../ip/address.ts";
import { AF_INET, AF_INET6, INADDR_NONE } from "./constants.ts";
import { SocketError } from "./error.ts";
import { formatAddress6, parseAddress6 } from "./inet6-text.ts";
import { checkInteger, checkRange, show } from "./misuse.ts";

/**
 * A port in network order: 80 → 20480, as on a little-endian machine, whatever this one is. It belongs into `sin_port`;
 * the plain `port` of this API is in host order. RangeError beyond 0 to 65535.
 */
export function htons(hostshort: number): number {
  return swap16("htons", hostshort);
}

/** {@link htons} undone: the port of a `sin_port`. RangeError beyond 0 to 65535. */
export function ntohs(netshort: number): number {
  return swap16("ntohs", netshort);
}

/**
 * An address in network order: 1 → 16777216, unsigned, as on a little-endian machine. It belongs into `s_addr`:
 * `htonl(INADDR_LOOPBACK)`. RangeError beyond 0 to 4294967295.
 */
export function htonl(hostlong: number): number {
  return swap32("htonl", hostlong);
}

/** {@link htonl} undone: the number of an `s_addr` that reads as it prints. RangeError beyond 0 to 4294967295. */
export function ntohl(netlong: number): number {
  return swap32("ntohl", netlong);
}

/**
 * The four bytes of an address in any of the forms of 4.3BSD: one to four numbers, decimal, octal ("010") or
 * hexadecimal ("0x7f"), the last of which fills the bytes that are left: "127.1", "10.0.0.1", "0x7f000001". As in glibc
 * white space ends the address, whatever follows it. EINVAL.
 */
export function inet_aton(text: string): Uint8Array {
  const address = parseClassic(text, true);
  if (address === undefined) throw new SocketError(EINVAL, "inet_aton", String(text));
  return toBytes(address);
}

/**
 * {@link inet_aton} as C's `in_addr_t`, an unsigned number in network order: 0x0100007f for "127.0.0.1". It belongs into
 * `s_addr`; `ntohl` makes of it a number that reads as it prints. `INADDR_NONE` for what is no address.
 */
export function inet_addr(text: string): number {
  const address = parseClassic(text, true);
  return address === undefined ? INADDR_NONE : swap32("inet_addr", address >>> 0);
}

/** The dotted quad of four bytes in network order. */
export function inet_ntoa(bytes: Uint8Array): string {
  return formatAddress(fromBytes("inet_ntoa", bytes));
}

/**
 * The bytes of an address in its strict form: four decimal numbers for `AF_INET`, RFC 4291's text for `AF_INET6`, which
 * can be read here although no socket has such an address. EAFNOSUPPORT, EINVAL.
 */
export function inet_pton(family: number, text: string): Uint8Array {
  checkInteger("inet_pton", "family", family);
  if (family !== AF_INET && family !== AF_INET6) throw new SocketError(EAFNOSUPPORT, "inet_pton");
  const bytes = typeof text === "string" ? strictBytes(family, text) : undefined;
  if (bytes === undefined) throw new SocketError(EINVAL, "inet_pton", String(text));
  return bytes;
}

/** The text of an address's bytes: 4 for `AF_INET`, 16 for `AF_INET6`. EAFNOSUPPORT. */
export function inet_ntop(family: number, bytes: Uint8Array): string {
  if (family === AF_INET) return formatAddress(fromBytes("inet_ntop", bytes));
  if (family !== AF_INET6) throw new SocketError(EAFNOSUPPORT, "inet_ntop");
  checkLength("inet_ntop", "IPv6", bytes, 16);
  return formatAddress6(bytes);
}

/**
 * The int32 of an address in one of the forms of {@link inet_aton}, or undefined. White space may end it only where
 * `trailing` says so.
 */
export function parseClassic(text: string, trailing = false): number | undefined {
  if (typeof text !== "string") return undefined;
  const parts = (trailing ? text.replace(/[ \t\n\v\f\r].*$/s, "") : text).split(".");
  if (parts.length > 4) return undefined;
  let address = 0;
  for (let index = 0; index < parts.length; index++) {
    const value = parseNumber(parts[index]!);
    const isLast = index === parts.length - 1;
    const most = isLast ? 256 ** (4 - index) - 1 : 255;
    if (value === undefined || value > most) return undefined;
    address = isLast ? address + value : address + value * 256 ** (3 - index);
  }
  return address | 0;
}

/** The four bytes of an int32, in network order. */
export function toBytes(address: number): Uint8Array {
  return Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address);
}

function fromBytes(call: string, bytes: Uint8Array): number {
  checkLength(call, "IPv4", bytes, 4);
  return (bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!;
}

function checkLength(call: string, kind: string, bytes: unknown, length: number): void {
  if (bytes instanceof Uint8Array && bytes.length === length) return;
  const given = bytes instanceof Uint8Array ? `${bytes.length} bytes` : show(bytes);
  throw new TypeError(`${call}: an ${kind} address is a Uint8Array of ${length} bytes, not ${given}`);
}

function strictBytes(family: number, text: string): Uint8Array | undefined {
  if (family === AF_INET6) return parseAddress6(text);
  const address = tryParseAddress(text);
  return address === undefined ? undefined : toBytes(address);
}

function swap16(call: string, value: number): number {
  checkRange(call, "the value", value, 0, 0xffff);
  return ((value & 0xff) << 8) | (value >>> 8);
}

function swap32(call: string, value: number): number {
  checkRange(call, "the value", value, 0, 0xffff_ffff);
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

/** A number as C's `strtoul` with base 0 reads it. */
function parseNumber(text: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return Number.parseInt(text, 16);
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8);
  return /^[1-9][0-9]*$/.test(text) ? Number(text) : undefined;
}
