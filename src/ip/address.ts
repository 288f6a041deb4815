/**
 * IPv4 addresses. Inside the stack an address is an int32 in host order: 10.0.0.1 is 0x0a000001, and
 * 255.255.255.255 is -1. Text exists only at the edges.
 */

/** 0.0.0.0: "any" of our addresses when bound, never on the wire but as a source while booting (RFC 1122 §3.2.1.3). */
export const ANY_ADDRESS = 0;
/** 255.255.255.255, the limited broadcast (RFC 919 §7). */
export const BROADCAST_ADDRESS = -1;
/** 224.0.0.1, the group that every host belongs to on every one of its links (RFC 1112 §4). */
export const ALL_HOSTS_ADDRESS = 0xe000_0001 >> 0;
/** 127.0.0.1. */
export const LOOPBACK_ADDRESS = 0x7f00_0001;

/** The dotted quad `text` as int32, or undefined if it is not strictly four decimal numbers from 0 to 255. */
export function tryParseAddress(text: string): number | undefined {
  let address = 0;
  let parts = 0;
  let digits = 0;
  let part = 0;
  for (let at = 0; at <= text.length; at++) {
    const code = at < text.length ? text.charCodeAt(at) : 0x2e; // a dot behind the last part too
    if (code === 0x2e) {
      if (digits === 0 || part > 255 || parts === 4) return undefined;
      address = (address << 8) | part;
      parts++;
      digits = 0;
      part = 0;
    } else if (code >= 0x30 && code <= 0x39) {
      if (digits > 0 && part === 0) return undefined; // "010" is octal to some and decimal to others: neither here
      if (++digits > 3) return undefined;
      part = part * 10 + (code - 0x30);
    } else {
      return undefined;
    }
  }
  return parts === 4 ? address : undefined;
}

/** The dotted quad `text` as int32. Throws a RangeError for anything else. */
export function parseAddress(text: string): number {
  const address = typeof text === "string" ? tryParseAddress(text) : undefined;
  if (address === undefined) {
    throw new RangeError(
      `an IPv4 address is four numbers from 0 to 255, such as "10.0.0.1", not ${quote(text)}`,
    );
  }
  return address;
}

/** `address` as a dotted quad. */
export function formatAddress(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** An address and how many of its leading bits name the network. */
export interface Prefix {
  address: number;
  /** 0 to 32. */
  prefixLength: number;
}

/** Parses CIDR notation (RFC 4632 §3.1), "10.0.0.1/24"; host bits may be set. Throws a RangeError for anything else. */
export function parsePrefix(text: string): Prefix {
  const slash = typeof text === "string" ? text.indexOf("/") : -1;
  const address = slash < 0 ? undefined : tryParseAddress(text.slice(0, slash));
  const lengthText = slash < 0 ? "" : text.slice(slash + 1);
  const prefixLength = /^(0|[1-9]\d?)$/.test(lengthText) ? Number(lengthText) : 33;
  if (address === undefined || prefixLength > 32) {
    throw new RangeError(
      `a prefix is an IPv4 address, a slash and a length from 0 to 32, such as "10.0.0.1/24", not ${quote(text)}`,
    );
  }
  return { address, prefixLength };
}

export function formatPrefix(address: number, prefixLength: number): string {
  return `${formatAddress(address)}/${prefixLength}`;
}

/** The mask whose first `prefixLength` bits are set. A shift by 32 is a shift by 0 in JavaScript, hence the case. */
export function prefixMask(prefixLength: number): number {
  return prefixLength === 0 ? 0 : -1 << (32 - prefixLength);
}

/** 224.0.0.0/4, class D (RFC 1112 §4). */
export function isMulticast(address: number): boolean {
  return (address & 0xf000_0000) === 0xe000_0000 >> 0;
}

/** 240.0.0.0/4, class E, without the limited broadcast (RFC 1112 §4). */
export function isReserved(address: number): boolean {
  return (address & 0xf000_0000) === 0xf000_0000 >> 0 && address !== BROADCAST_ADDRESS;
}

export function isLimitedBroadcast(address: number): boolean {
  return address === BROADCAST_ADDRESS;
}

/** 127.0.0.0/8, which never appears outside a host (RFC 1122 §3.2.1.3 (g)). */
export function isLoopback(address: number): boolean {
  return address >>> 24 === 127;
}

/** 169.254.0.0/16, which never leaves its link (RFC 3927 §7). */
export function isLinkLocal(address: number): boolean {
  return address >>> 16 === 0xa9fe;
}

/** 0.0.0.0/8, "this network" (RFC 1122 §3.2.1.3 (a), (b)). */
export function isZeroNet(address: number): boolean {
  return address >>> 24 === 0;
}

/** Whether `address` can name one host: not 0/8, multicast, reserved or the limited broadcast. Loopback can. */
export function isUnicast(address: number): boolean {
  const first = address >>> 24;
  return first !== 0 && first < 224;
}

/**
 * Whether `address` is a broadcast to the network of `own`/`prefixLength`: all host bits one, or, in the form of
 * 4.2BSD that must be recognized too, zero (RFC 1122 §3.3.6). Networks of /31 and /32 have none (RFC 3021 §2.1).
 */
export function isDirectedBroadcast(address: number, own: number, prefixLength: number): boolean {
  if (prefixLength >= 31) return false;
  const mask = prefixMask(prefixLength);
  if (((address ^ own) & mask) !== 0) return false;
  const host = address & ~mask;
  return host === ~mask || host === 0;
}

function quote(given: unknown): string {
  return typeof given === "string" ? JSON.stringify(given) : String(given);
}
