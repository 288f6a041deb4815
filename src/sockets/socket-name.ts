/** A socket's name as the stack keeps it (what C calls `struct sockaddr`), one form per domain. */
import { formatAddress } from "../ip/address.ts";
import { AF_INET, type AF_PACKET, type AF_UNIX } from "./constants.ts";

/** `struct sockaddr_in`. */
export interface InetName {
  readonly family: typeof AF_INET;
  /** Int32. */
  readonly address: number;
  readonly port: number;
}

/** `struct sockaddr_un`. */
export interface UnixName {
  readonly family: typeof AF_UNIX;
  /** A path; one that begins with "\0" is abstract; "" is a socket without a name. */
  readonly path: string;
}

/** `struct sockaddr_ll`. */
export interface PacketName {
  readonly family: typeof AF_PACKET;
  /** sll_ifindex: the interface, 0 for any (the first interface is 1, as in Linux). */
  readonly interfaceIndex: number;
  /** sll_protocol: an ETH_P_ number. */
  readonly protocol: number;
  /** sll_pkttype: PACKET_HOST … */
  readonly packetType: number;
  /** sll_hatype: an ARPHRD_ number. */
  readonly hardwareType: number;
  /** sll_addr: the link-layer address, empty where links have none. */
  readonly hardwareAddress: Uint8Array;
}

export type SocketName = InetName | UnixName | PacketName;

export function inetName(address: number, port: number): InetName {
  return { family: AF_INET, address, port };
}

/** What an error says of a name: its address, and the port if it has one. */
export function namePlace(name: SocketName | undefined): [address?: string, port?: number] {
  if (name === undefined) return [];
  if ("port" in name) return [formatAddress(name.address), name.port];
  if ("path" in name) return [name.path.replaceAll("\0", "@")];
  return [`interface ${name.interfaceIndex}`];
}
