/**
 * What a program can ask about its host's interfaces: the `ioctl`s of netdevice(7) and the functions of <net/if.h>. They
 * only read; each takes the interfaces of a host, `host.ipv4.interfaces`. An interface's index is from 1 here, as in Linux.
 */
import { EADDRNOTAVAIL, ENODEV, ENOTTY, ENXIO } from "../base/errno.ts";
import { ANY_ADDRESS, formatAddress, prefixMask } from "../ip/address.ts";
import { type Interface, interfaceAt } from "../ip/interface.ts";
import {
  IFF_BROADCAST,
  IFF_LOOPBACK,
  IFF_MULTICAST,
  IFF_POINTOPOINT,
  IFF_RUNNING,
  IFF_UP,
  SIOCGIFADDR,
  SIOCGIFBRDADDR,
  SIOCGIFCONF,
  SIOCGIFFLAGS,
  SIOCGIFINDEX,
  SIOCGIFMTU,
  SIOCGIFNAME,
  SIOCGIFNETMASK,
} from "./constants.ts";

/** `struct ifreq`: what an `ioctl` takes (`name`, or for SIOCGIFNAME `index`), and gives with its own field filled in. */
export interface InterfaceRequest {
  /** ifr_name: "eth0". */
  name?: string;
  /** ifr_ifindex, from 1. */
  index?: number;
  /** ifr_addr, dotted quad. */
  address?: string;
  /** ifr_netmask, dotted quad. */
  netmask?: string;
  /** ifr_broadaddr, dotted quad; "0.0.0.0" where the link has no broadcast address. */
  broadcast?: string;
  /** ifr_flags: IFF_UP and the like. */
  flags?: number;
  /** ifr_mtu, bytes. */
  mtu?: number;
}

/** An entry of SIOCGIFCONF. */
export interface InterfaceAddress {
  name: string;
  /** Dotted quad. */
  address: string;
}

/** `struct if_nameindex`. */
export interface InterfaceIndex {
  index: number;
  name: string;
}

/** Networks of longer prefixes have no broadcast address (RFC 3021 §2.1). */
const LONGEST_BROADCAST_PREFIX = 30;

/** Whether {@link interfaceRequest} or {@link interfaceAddresses} knows `request`, the number of an `ioctl`. */
export function isInterfaceRequest(request: number): boolean {
  return request === SIOCGIFCONF || request === SIOCGIFNAME || FIELDS.has(request);
}

/**
 * Answers one SIOCGIF request but SIOCGIFCONF: a copy of `asked` with the field the request is about. -ENODEV: no such
 * interface; -EADDRNOTAVAIL: it has no address; -ENOTTY: no such request.
 */
export function interfaceRequest(
  interfaces: readonly Interface[],
  request: number,
  asked: InterfaceRequest,
): InterfaceRequest | number {
  if (request === SIOCGIFNAME) {
    const named = interfaceAt(interfaces, (asked.index ?? 0) - 1);
    return named === undefined ? -ENODEV : { ...asked, name: named.name };
  }
  const field = FIELDS.get(request);
  if (field === undefined) return -ENOTTY;
  const found = interfaces.find((each) => each.name === asked.name);
  if (found === undefined) return -ENODEV;
  if (found.address === ANY_ADDRESS && OF_ADDRESSES.has(request)) return -EADDRNOTAVAIL;
  return { ...asked, ...field(found) };
}

/** SIOCGIFCONF: every interface that has an address, also those that are down. */
export function interfaceAddresses(interfaces: readonly Interface[]): InterfaceAddress[] {
  const numbered = interfaces.filter(({ address }) => address !== ANY_ADDRESS);
  return numbered.map(({ name, address }) => ({ name, address: formatAddress(address) }));
}

/** `if_nameindex`. */
export function interfaceIndexes(interfaces: readonly Interface[]): InterfaceIndex[] {
  return interfaces.map(({ index, name }) => ({ index: index + 1, name }));
}

/** `if_nametoindex`: the index from 1, or -ENODEV. */
export function interfaceIndexOf(interfaces: readonly Interface[], name: string): number {
  const found = interfaces.find((each) => each.name === name);
  return found === undefined ? -ENODEV : found.index + 1;
}

/** `if_indextoname`: the name of interface `index`, from 1, or -ENXIO. */
export function interfaceNameOf(interfaces: readonly Interface[], index: number): string | number {
  return interfaceAt(interfaces, index - 1)?.name ?? -ENXIO;
}

type Field = (of: Interface) => InterfaceRequest;

/** By request the field that it fills in. */
const FIELDS: ReadonlyMap<number, Field> = new Map<number, Field>([
  [SIOCGIFADDR, ({ address }) => ({ address: formatAddress(address) })],
  [SIOCGIFNETMASK, ({ prefixLength }) => ({ netmask: formatAddress(prefixMask(prefixLength)) })],
  [SIOCGIFBRDADDR, (of) => ({ broadcast: formatAddress(broadcastOf(of)) })],
  [SIOCGIFFLAGS, (of) => ({ flags: flagsOf(of) })],
  [SIOCGIFMTU, ({ mtu }) => ({ mtu })],
  [SIOCGIFINDEX, ({ index }) => ({ index: index + 1 })],
]);

/** Requests that an interface without an address has no answer to. */
const OF_ADDRESSES: ReadonlySet<number> = new Set([SIOCGIFADDR, SIOCGIFNETMASK, SIOCGIFBRDADDR]);

function hasBroadcast({ isLoopback, prefixLength }: Interface): boolean {
  return !isLoopback && prefixLength <= LONGEST_BROADCAST_PREFIX;
}

/** The directed broadcast address; 0 where there is none. */
function broadcastOf(of: Interface): number {
  return hasBroadcast(of) ? of.address | ~prefixMask(of.prefixLength) : 0;
}

function flagsOf(of: Interface): number {
  const state = of.up ? IFF_UP | IFF_RUNNING : 0;
  if (of.isLoopback) return state | IFF_LOOPBACK;
  return state | IFF_MULTICAST | (hasBroadcast(of) ? IFF_BROADCAST : IFF_POINTOPOINT);
}
