/** Addresses and numbers between text, bytes and integers: <arpa/inet.h>. */
import { EAFNOSUPPORT, EINVAL } from "../base/errno.ts";
import { formatAddress, tryParseAddress } from "../ip/address.ts";
import { AF_INET, INADDR_NONE } from "./constants.ts";
import { SocketError } from "./error.ts";
import { checkRange, show } from "./misuse.ts";

/**
 * `htons htonl ntohs ntohl`: nothing happens. A byte order is a property of numbers in memory, and the numbers of this
 * API (ports, `INADDR_…`, `inet_addr`) never are: the stack writes them into packets itself, in network order. The
 * functions are here so that a C program can be carried over word for word, and they check the range.
 */
export function htons(value: number): number {
  checkRange("htons", "the value", value, 0, 0xffff);
  return value;
}

export function ntohs(value: number): number {
  checkRange("ntohs", "the value", value, 0, 0xffff);
  return value;
}

export function htonl(value: number): number {
  checkRange("htonl", "the value", value, 0, 0xffff_ffff);
  return value;
}

export function ntohl(value: number): number {
  checkRange("ntohl", "the value", value, 0, 0xffff_ffff);
  return value;
}

/**
 * The four bytes of an address in any of the forms of 4.3BSD: one to four numbers, decimal, octal ("010") or
 * hexadecimal ("0x7f"), the last of which fills the bytes that are left: "127.1", "10.0.0.1", "0x7f000001".
 * Throws EINVAL.
 */
export function inet_aton(text: string): Uint8Array {
  const address = parseClassic(text);
  if (address === undefined) throw new SocketError(EINVAL, "inet_aton", String(text));
  return toBytes(address);
}

/** {@link inet_aton} as an unsigned number, 0x7f000001 for "127.0.0.1"; `INADDR_NONE` for what is no address. */
export function inet_addr(text: string): number {
  const address = parseClassic(text);
  return address === undefined ? INADDR_NONE : address >>> 0;
}

/** The dotted quad of four bytes in network order. */
export function inet_ntoa(bytes: Uint8Array): string {
  return formatAddress(fromBytes("inet_ntoa", bytes));
}

/** The bytes of an address in its one strict form: for `AF_INET` four decimal numbers. EAFNOSUPPORT, EINVAL. */
export function inet_pton(family: number, text: string): Uint8Array {
  if (family !== AF_INET) throw new SocketError(EAFNOSUPPORT, "inet_pton");
  const address = typeof text === "string" ? tryParseAddress(text) : undefined;
  if (address === undefined) throw new SocketError(EINVAL, "inet_pton", String(text));
  return toBytes(address);
}

/** The text of an address's bytes. EAFNOSUPPORT. */
export function inet_ntop(family: number, bytes: Uint8Array): string {
  if (family !== AF_INET) throw new SocketError(EAFNOSUPPORT, "inet_ntop");
  return formatAddress(fromBytes("inet_ntop", bytes));
}

function toBytes(address: number): Uint8Array {
  return Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address);
}

function fromBytes(call: string, bytes: Uint8Array): number {
  if (!(bytes instanceof Uint8Array) || bytes.length !== 4) {
    const given = bytes instanceof Uint8Array ? `${bytes.length} bytes` : show(bytes);
    throw new TypeError(`${call}: an IPv4 address is a Uint8Array of 4 bytes, not ${given}`);
  }
  return (bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!;
}

function parseClassic(text: string): number | undefined {
  if (typeof text !== "string") return undefined;
  const parts = text.split(".");
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

/** A number as C's `strtoul` with base 0 reads it. */
function parseNumber(text: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return Number.parseInt(text, 16);
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8);
  return /^[1-9][0-9]*$/.test(text) ? Number(text) : undefined;
}
