/** What a server has given: an address for some time, and what there is to know of the network. */
import { MIN_MTU } from "../../base/mtu.ts";
import { inetAddress } from "../../sockets/address.ts";
import { parseDomainSearch } from "./domain-search.ts";
import type { DhcpMessage } from "./message.ts";
import {
  CLASSLESS_ROUTES,
  DOMAIN_NAME,
  DOMAIN_NAME_SERVER,
  DOMAIN_SEARCH,
  HOST_NAME,
  INTERFACE_MTU,
  LEASE_TIME,
  NTP_SERVERS,
  REBINDING_TIME,
  RENEWAL_TIME,
  ROUTER,
  SERVER_IDENTIFIER,
  SUBNET_MASK,
} from "./options.ts";

/** A route that a lease tells of. */
export interface LeaseRoute {
  /** CIDR notation. */
  readonly to: string;
  /** The gateway; undefined: the network is on the link itself. */
  readonly via: string | undefined;
}

export interface Lease {
  /** Dotted quad. */
  readonly address: string;
  /** How many leading bits of it name the network, 0 to 32. */
  readonly prefixLength: number;
  /** The server's name for itself, dotted quad. */
  readonly serverId: string;
  /** How long the address may be used, Infinity for ever; when to ask the same server again (T1), and when any server (T2). */
  readonly leaseSeconds: number;
  /** Undefined where the server leaves it to the client: half of the lease, and seven eighths. */
  readonly renewalSeconds: number | undefined;
  readonly rebindingSeconds: number | undefined;
  /** Gateways for everywhere else, the best first. */
  readonly routers: readonly string[];
  /** Classless static routes (RFC 3442); where there are any, `routers` are not used. */
  readonly routes: readonly LeaseRoute[];
  /** Servers for a stub resolver, the best first. */
  readonly nameServers: readonly string[];
  /** The host's domain. */
  readonly domain: string | undefined;
  /** The domains to search: those of RFC 3397, or else the domain. */
  readonly search: readonly string[];
  /** What the server would call the host. */
  readonly hostName: string | undefined;
  readonly ntpServers: readonly string[];
  /** What the server says that the link carries, bytes, at least 68 (option 26): told, not applied. The link's own MTU holds, though that be larger. */
  readonly mtu: number | undefined;
}

const FOREVER = 0xffff_ffff;

/** The lease that an OFFER or an ACK speaks of; undefined where it makes no sense, so that nothing of it is to be believed. */
export function leaseOf({ yourAddress, options }: DhcpMessage): Lease | undefined {
  const serverId = options.address(SERVER_IDENTIFIER);
  const seconds = options.uint32(LEASE_TIME);
  const mask =
    options.get(SUBNET_MASK) === undefined ? naturalMask(yourAddress) : options.address(SUBNET_MASK);
  const prefixLength = mask === undefined ? undefined : prefixLengthOf(mask);
  if (serverId === undefined || !isHost(serverId) || !seconds || prefixLength === undefined) return undefined;
  if (!isUsable(yourAddress, prefixLength)) return undefined;
  const [renewalSeconds, rebindingSeconds] = timesOf(
    options.uint32(RENEWAL_TIME),
    options.uint32(REBINDING_TIME),
    seconds,
  );
  const domain = domainName(options.text(DOMAIN_NAME));
  const search = parseDomainSearch(options.get(DOMAIN_SEARCH) ?? new Uint8Array(0));
  const mtu = options.uint16(INTERFACE_MTU);
  return {
    address: quad(yourAddress),
    prefixLength,
    serverId: quad(serverId),
    leaseSeconds: seconds === FOREVER ? Number.POSITIVE_INFINITY : seconds,
    renewalSeconds,
    rebindingSeconds,
    routers: options.addresses(ROUTER).filter(isHost).map(quad),
    routes: parseRoutes(options.get(CLASSLESS_ROUTES) ?? new Uint8Array(0)),
    nameServers: options.addresses(DOMAIN_NAME_SERVER).filter(isHost).map(quad),
    domain,
    search: search.length > 0 ? search : domain === undefined ? [] : [domain],
    hostName: domainName(options.text(HOST_NAME)),
    ntpServers: options.addresses(NTP_SERVERS).filter(isHost).map(quad),
    mtu: mtu !== undefined && mtu >= MIN_MTU ? mtu : undefined,
  };
}

/** T1 and T2 where they make sense: T1 before T2 before the end (RFC 2131 §4.4.5). */
function timesOf(
  renewal: number | undefined,
  rebinding: number | undefined,
  lease: number,
): [renewal: number | undefined, rebinding: number | undefined] {
  const t2 = rebinding !== undefined && rebinding > 0 && rebinding < lease ? rebinding : undefined;
  const t1 = renewal !== undefined && renewal > 0 && renewal < (t2 ?? lease * (7 / 8)) ? renewal : undefined;
  return [t1, t1 === undefined && t2 !== undefined && t2 <= lease / 2 ? undefined : t2];
}

/** The routes of RFC 3442: the width of the mask, as many bytes of the network as it covers, the gateway. All or nothing. */
function parseRoutes(bytes: Uint8Array): LeaseRoute[] {
  const routes: LeaseRoute[] = [];
  for (let at = 0; at < bytes.length; ) {
    const width = bytes[at++]!;
    const significant = (width + 7) >> 3;
    if (width > 32 || at + significant + 4 > bytes.length) return [];
    const network = readAddress(bytes, at, significant) & maskOf(width);
    const via = readAddress(bytes, at + significant, 4);
    at += significant + 4;
    if (via !== 0 && !isHost(via)) return [];
    routes.push({ to: `${quad(network)}/${width}`, via: via === 0 ? undefined : quad(via) });
  }
  return routes;
}

/** The address whose first `count` bytes stand at `at`. */
function readAddress(bytes: Uint8Array, at: number, count: number): number {
  let address = 0;
  for (let index = 0; index < count; index++) address |= bytes[at + index]! << (24 - 8 * index);
  return address;
}

/** Whether an interface can bear `address` in a network of this width: it is one host's, and not 127/8. */
function isUsable(address: number, prefixLength: number): boolean {
  if (!isHost(address) || address >>> 24 === 127) return false;
  if (prefixLength >= 31) return true;
  const host = address & ~maskOf(prefixLength);
  return host !== 0 && host !== ~maskOf(prefixLength);
}

/** 1.0.0.0 to 223.255.255.255. */
function isHost(address: number): boolean {
  const first = address >>> 24;
  return first !== 0 && first < 224;
}

function maskOf(prefixLength: number): number {
  return prefixLength === 0 ? 0 : -1 << (32 - prefixLength);
}

/** Undefined for a mask with holes. */
function prefixLengthOf(mask: number): number | undefined {
  const prefixLength = Math.clz32(~mask);
  return maskOf(prefixLength) === mask ? prefixLength : undefined;
}

/** Of its class (RFC 791 §3.2), for servers that say nothing. */
function naturalMask(address: number): number {
  const first = address >>> 24;
  return maskOf(first < 128 ? 8 : first < 192 ? 16 : 24);
}

function domainName(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= 253 && /^[A-Za-z0-9_.-]+$/.test(text) ? text : undefined;
}

function quad(address: number): string {
  return inetAddress(address, 0).address;
}
