/** `struct sockaddr` of each domain: what calls by descriptor give, and how what they take becomes a name. */
import { EAFNOSUPPORT, EFAULT, EINVAL, ENODEV } from "../../base/errno.ts";
import { formatAddress } from "../../ip/address.ts";
import { AF_INET, AF_PACKET, AF_UNIX, AF_UNSPEC, SOCK_RAW } from "../constants.ts";
import type { SocketCore } from "../core.ts";
import { SocketError } from "../error.ts";
import { ntohs } from "../inet.ts";
import { checkInteger, checkRange, show } from "../misuse.ts";
import { after } from "../names/names.ts";
import { type PlainSockaddrIn, parseSockaddrIn, type SockaddrIn } from "../sockaddr.ts";
import type { SocketHost } from "../socket-host.ts";
import { inetName, type PacketName, type SocketName } from "../socket-name.ts";

/** `struct sockaddr_in` as a call gives it. */
export interface Sockaddr {
  /** AF_INET; AF_UNSPEC, with an empty address, for nobody. */
  family: number;
  /** Dotted quad. */
  address: string;
  port: number;
}

/** `struct sockaddr_un`, given and taken. To take, the book's names of the fields will do as well. */
export interface SockaddrUn {
  family: number;
  /** One that begins with "\0" is abstract; "" is no name. */
  path: string;
}

/** `struct sockaddr_ll` as a call gives it. */
export interface SockaddrLl {
  family: number;
  /** The interface's name; "" for any. */
  interface: string;
  /** sll_ifindex: its index, from 1; 0 for any. */
  ifindex: number;
  /** sll_protocol: ETH_P_IP …, in host order. */
  protocol: number;
  /** sll_pkttype: PACKET_HOST … */
  packetType: number;
  /** sll_hatype: ARPHRD_… */
  hardwareType: number;
  /** sll_addr; empty where links have no addresses. */
  hardwareAddress: Uint8Array;
}

/** `struct sockaddr_un` in the book's spelling. */
export interface BookSockaddrUn {
  sun_family: number;
  sun_path: string;
}

/** `struct sockaddr_ll` as a call takes it: the interface by name or by index, from 1; the default is any. */
export interface SockaddrLlInput {
  family: number;
  interface?: string | number;
  ifindex?: number;
  /** ETH_P_IP …, in host order; the default, 0, is the socket's own. */
  protocol?: number;
  hardwareAddress?: Uint8Array;
}

/** `struct sockaddr_ll` in the book's spelling. */
export interface BookSockaddrLl {
  sll_family: number;
  sll_ifindex?: number;
  /** In network order: `htons(ETH_P_ALL)`. */
  sll_protocol?: number;
}

/** What calls give. Which of them it is, the socket's domain says: `getsockname<SockaddrUn>(fd)`. */
export type AnySockaddr = Sockaddr | SockaddrUn | SockaddrLl;
/** What calls take. */
export type SockaddrInput = SockaddrIn | SockaddrUn | BookSockaddrUn | SockaddrLlInput | BookSockaddrLl;

/** A name as C sees it. Undefined, where nobody can be named, is AF_UNSPEC. */
export function sockaddr(host: SocketHost, name: SocketName | undefined): AnySockaddr {
  if (name === undefined) return { family: AF_UNSPEC, address: "", port: 0 };
  if (name.family === AF_INET) {
    return { family: AF_INET, address: formatAddress(name.address), port: name.port };
  }
  if (name.family === AF_UNIX) return { family: AF_UNIX, path: name.path };
  const { interfaceIndex, protocol, packetType, hardwareType, hardwareAddress } = name;
  const device = host.ipv4.interfaceName(interfaceIndex - 1);
  return {
    family: AF_PACKET,
    interface: device,
    ifindex: interfaceIndex,
    protocol,
    packetType,
    hardwareType,
    hardwareAddress,
  };
}

/** The family that `where` says, undefined for none. EFAULT for NULL. */
export function familyOf(syscall: string, where: unknown): number | undefined {
  if (where === null || where === undefined) throw new SocketError(EFAULT, syscall);
  if (typeof where !== "object") return undefined;
  const { family, sin_family, sun_family, sll_family } = where as Record<string, unknown>;
  const found = family ?? sin_family ?? sun_family ?? sll_family;
  if (found === undefined) return undefined;
  checkInteger(syscall, "family", found);
  return found;
}

/**
 * The name that `core` is given; a promise only if its address has to be asked for. EFAULT for NULL, EAFNOSUPPORT or
 * EINVAL, as Linux has it, for another domain than the socket's.
 */
export function nameFor(
  host: SocketHost,
  syscall: string,
  core: SocketCore,
  where: SockaddrInput,
): SocketName | Promise<SocketName> {
  const family = familyOf(syscall, where) ?? core.domain;
  const isForgiven = family === AF_UNSPEC && core.domain === AF_INET; // by parseSockaddrIn, as Linux does for old programs
  if (family !== core.domain && !isForgiven) {
    throw new SocketError(core.domain === AF_INET ? EAFNOSUPPORT : EINVAL, syscall);
  }
  if (core.domain !== AF_INET && (typeof where !== "object" || Array.isArray(where))) {
    const form = family === AF_UNIX ? "{ family, path }" : "{ family, interface, protocol }";
    throw new TypeError(`${syscall}: the address is an object ${form}, not ${show(where)}`);
  }
  if (family === AF_UNIX) return unixName(syscall, where as SockaddrUn | BookSockaddrUn);
  if (family === AF_PACKET) return packetName(host, syscall, where as SockaddrLlInput | BookSockaddrLl);
  const { address, port } = parseSockaddrIn(
    syscall,
    core.type === SOCK_RAW || isForgiven ? withPort(where) : where,
  );
  const found = typeof address === "number" ? address : host.addressOf(syscall, address);
  return after(found, (number) => inetName(number, port));
}

/** The port of an address may be left out for a raw socket, which has no ports, and in one of AF_UNSPEC. */
function withPort(where: SockaddrInput): SockaddrInput {
  if (typeof where !== "object" || Array.isArray(where)) return where;
  return "sin_family" in where || "sin_addr" in where
    ? { sin_port: 0, ...where }
    : { port: 0, ...(where as PlainSockaddrIn) };
}

function unixName(syscall: string, where: SockaddrUn | BookSockaddrUn): SocketName {
  const path = "sun_path" in where ? where.sun_path : where.path;
  if (typeof path !== "string") {
    throw new TypeError(`${syscall}: the path of an address in AF_UNIX is a string, not ${show(path)}`);
  }
  return { family: AF_UNIX, path };
}

function packetName(host: SocketHost, syscall: string, where: SockaddrLlInput | BookSockaddrLl): PacketName {
  const isBook = "sll_family" in where;
  const device = isBook ? where.sll_ifindex : (where.interface ?? where.ifindex);
  const protocol = (isBook ? where.sll_protocol : where.protocol) ?? 0;
  checkRange(syscall, "protocol", protocol, 0, 65_535);
  return {
    family: AF_PACKET,
    interfaceIndex: interfaceNumber(host, syscall, device ?? 0),
    protocol: isBook ? ntohs(protocol) : protocol,
    packetType: 0,
    hardwareType: 0,
    hardwareAddress: (isBook ? undefined : where.hardwareAddress) ?? new Uint8Array(0),
  };
}

/** An interface's index, from 1. ENODEV for a name that no interface has. */
function interfaceNumber(host: SocketHost, syscall: string, device: unknown): number {
  if (typeof device !== "string") {
    checkInteger(syscall, "interface", device);
    return device;
  }
  const index = host.ipv4.interfaceNamed(device);
  if (index < 0) throw new SocketError(ENODEV, syscall);
  return index + 1;
}
