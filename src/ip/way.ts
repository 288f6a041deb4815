/** Where a datagram goes first: the interface it leaves by and the neighbour that takes it (RFC 1122 §3.3.1). */
import { ANY_ADDRESS, BROADCAST_ADDRESS, isLoopback, isMulticast } from "./address.ts";
import { type Interface, interfaceAt } from "./interface.ts";
import type { RouteTable } from "./route.ts";

/** What a way is looked for. */
export interface Journey {
  readonly destination: number;
  /** 0: not chosen yet. */
  readonly source: number;
  /** The destination is an address of ours. */
  readonly isLocal: boolean;
  /** The destination is a broadcast address of one of our networks, or the limited one. */
  readonly isBroadcast: boolean;
  /** The only interface it may leave by, -1 for any. */
  readonly interfaceIndex: number;
  /** No gateways. */
  readonly onLink: boolean;
}

export interface Way {
  readonly interface: Interface;
  readonly nextHop: number;
}

/** 224.0.0.0/4: a shorter route says by which interface a group is reached, but its gateway does not take the datagram. */
const GROUPS_PREFIX_LENGTH = 4;

/** The way of `journey`; undefined where there is none. Interfaces that are down carry nothing. */
export function findWay(
  interfaces: readonly Interface[],
  routes: RouteTable,
  journey: Journey,
): Way | undefined {
  const { destination, interfaceIndex, onLink } = journey;
  if (staysInside(interfaces, journey)) return direct(interfaces.find(carriesOwn), destination);
  if (isLoopback(destination)) return undefined; // RFC 1122 §3.2.1.3 (g), MUST NOT: 127/8 leaves by no wire
  const isGroup = journey.isBroadcast || isMulticast(destination);
  const forced = interfaceAt(interfaces, interfaceIndex);
  if (interfaceIndex >= 0 && (!forced?.up || isGroup)) return direct(forced, destination);
  // As Linux: what goes to many goes by the interface whose address it bears; nothing else tells the networks apart.
  if (destination === BROADCAST_ADDRESS || isMulticast(destination)) {
    const bearer = interfaces.find((each) => bears(each, journey.source));
    if (bearer !== undefined) return direct(bearer, destination);
  }
  const route = routes.lookup(destination, interfaceIndex, onLink);
  if (route !== undefined) {
    const gatewayTakes = route.via !== 0 && !journey.isBroadcast;
    const isForGateway = gatewayTakes && (!isGroup || route.prefixLength >= GROUPS_PREFIX_LENGTH);
    return { interface: route.interface, nextHop: isForGateway ? route.via : destination };
  }
  // Who names an interface means that the destination is there, whatever the table says: as Linux.
  if (forced !== undefined) return direct(forced, destination);
  // A group that no route tells the way to is on the first wire that there is.
  return isGroup ? direct(interfaces.find(isWire), destination) : undefined;
}

/**
 * Whether `lo` carries it: what is for ourselves and for 127/8. An interface that was named must be the one that has the
 * address: for Linux every other reaches it by its wire, if at all.
 */
function staysInside(interfaces: readonly Interface[], journey: Journey): boolean {
  const { destination, interfaceIndex } = journey;
  if (!journey.isLocal && !isLoopback(destination)) return false;
  const forced = interfaceAt(interfaces, interfaceIndex);
  return forced === undefined || forced.isLoopback || forced.address === destination;
}

function carriesOwn(each: Interface): boolean {
  return each.isLoopback && each.up;
}

function bears(each: Interface, source: number): boolean {
  return each.up && source !== ANY_ADDRESS && source === each.address;
}

function isWire(each: Interface): boolean {
  return each.up && !each.isLoopback;
}

function direct(by: Interface | undefined, destination: number): Way | undefined {
  return by?.up ? { interface: by, nextHop: destination } : undefined;
}
