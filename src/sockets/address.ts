/** Socket addresses as a user writes them. */
import { BROADCAST_ADDRESS, formatAddress, tryParseAddress } from "../ip/address.ts";
import { AF_INET, type AF_UNSPEC } from "./constants.ts";
import { checkRange, show } from "./misuse.ts";
import type { PacketName } from "./socket-name.ts";

/** Where a socket is or is to go, as the promise face takes and gives it. */
export interface SocketAddress {
  /** Dotted quad, a host's name, or "" for any address. */
  address: string;
  port: number;
  family?: string | number;
}

/** A socket address as calls return it. */
export interface InetAddress {
  address: string;
  port: number;
  family: "IPv4";
}

/** A socket address of AF_PACKET as calls return it: `struct sockaddr_ll`. */
export interface PacketAddress {
  /** The interface's name: "eth0". "" for none. */
  interface: string;
  /** An ETH_P_ number; 0 for none. */
  protocol: number;
  /** PACKET_HOST, PACKET_BROADCAST … */
  packetType: number;
  /** An ARPHRD_ number. */
  hardwareType: number;
  /** The link-layer address of who sent it, empty where links have none. */
  hardwareAddress: Uint8Array;
}

/** Where a socket in AF_PACKET is or is to go: an interface by its name, and a protocol (0 to 65535, default 0). */
export type PacketSocketAddress = Pick<PacketAddress, "interface"> & Partial<PacketAddress>;

/** An address in any of the domains. In AF_UNIX it is a path: "\0…" is abstract, "" no name. */
export type AnyAddress = InetAddress | string | PacketAddress;

/** What calls take where they return an `A`. */
export type AddressInput<A> = A extends string
  ? string
  : A extends PacketAddress
    ? PacketSocketAddress
    : SocketAddress;

/** What `connect` takes to forget the peer. */
export interface NoAddress {
  family: typeof AF_UNSPEC;
}

/** What the synchronous core takes as a place: an int32 or uint32 or dotted quad with a port beside it, or both in one. */
export type Place =
  | number
  | string
  | { readonly address: number | string; readonly port: number }
  | UnixPlace
  | PacketPlace;

/** A place in AF_UNIX. */
export interface UnixPlace {
  readonly path: string;
}

/** A place in AF_PACKET: an interface, and what else `sockaddr_ll` says. */
export type PacketPlace = Pick<PacketName, "interfaceIndex" | "protocol"> & Partial<PacketName>;

export function inetAddress(address: number, port: number): InetAddress {
  return { address: formatAddress(address), port, family: "IPv4" };
}

/** The int32 of a place's address. */
export function placeAddress(call: string, place: Place): number {
  const address = typeof place === "object" && place !== null ? inetPlace(call, place).address : place;
  if (typeof address === "number") return numericAddress(call, address);
  const parsed = literalAddress(call, address);
  if (parsed === undefined) {
    throw new RangeError(`${call}: address is a dotted quad such as "10.0.0.1", or "", not ${show(address)}`);
  }
  return parsed;
}

function inetPlace(call: string, place: Place & object): { address: number | string; port: number } {
  if ("address" in place) return place;
  throw new TypeError(`${call}: a place in AF_INET is an object { address, port }, not ${show(place)}`);
}

/** The port of a place, or the one beside it. */
export function placePort(call: string, place: Place, port: number | undefined): number {
  const number = typeof place === "object" && place !== null ? inetPlace(call, place).port : (port ?? 0);
  checkRange(call, "port", number, 0, 65_535);
  return number;
}

/**
 * The int32 of an address that needs no resolver: a dotted quad, "" (INADDR_ANY), "<broadcast>" (as Python has it).
 * Undefined for what may be a name; throws for what can be neither.
 */
export function literalAddress(call: string, address: unknown): number | undefined {
  if (typeof address !== "string") {
    throw new TypeError(
      `${call}: address is a string (a dotted quad, a host name or ""), not ${show(address)}`,
    );
  }
  if (address === "") return 0;
  if (address === "<broadcast>") return BROADCAST_ADDRESS;
  const parsed = tryParseAddress(address);
  if (parsed !== undefined) return parsed;
  // RFC 1123 §2.1: a name's last label is not all digits, so this one was meant as an address
  if (/^[\d.]+$/.test(address) || !/^[A-Za-z0-9_.-]+$/.test(address)) {
    throw new RangeError(
      `${call}: address is a dotted quad such as "10.0.0.1", a host name or "", not ${show(address)}`,
    );
  }
  return undefined;
}

function numericAddress(call: string, address: number): number {
  checkRange(call, "address", address, -0x8000_0000, 0xffff_ffff);
  return address | 0;
}

/** Checks the object that the promise face takes as an address, and its port. */
export function checkSocketAddress(call: string, where: unknown): asserts where is SocketAddress {
  if (typeof where !== "object" || where === null || Array.isArray(where)) {
    throw new TypeError(`${call}: the address is an object { address, port }, not ${show(where)}`);
  }
  const missing = ["address", "port"].filter((field) => !(field in where));
  if (!("address" in where && "port" in where)) {
    const what = `${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} missing`;
    throw new TypeError(`${call}: the address is an object { address, port }; ${what} in ${show(where)}`);
  }
  checkRange(call, "port", where.port, 0, 65_535);
  const family = "family" in where ? where.family : undefined;
  if (family !== undefined && family !== AF_INET && family !== "IPv4") {
    throw new RangeError(`${call}: family is AF_INET or "IPv4", not ${show(family)}`);
  }
}
