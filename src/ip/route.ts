/** The routing table: longest prefix first, then the smaller metric, then the older route (RFC 1812 §5.2.4.3). */
import { formatAddress, formatPrefix, parseAddress, parsePrefix, prefixMask } from "./address.ts";
import type { Interface } from "./interface.ts";

/** A route as a user writes it. */
export interface RouteOptions {
  /** The destinations in CIDR notation, "10.0.0.0/8", or "default" for "0.0.0.0/0". */
  to: string;
  /** The gateway, which is reached directly; without it the destinations themselves are. */
  via?: string;
  /** The name of the interface; by default the one that reaches `via`. */
  interface?: string;
  /** Among routes to the same prefix the smallest wins. Default 0. */
  metric?: number;
}

export interface Route {
  readonly network: number;
  readonly prefixLength: number;
  /** The gateway's address; 0 when the destination is on the link itself. */
  readonly via: number;
  readonly interface: Interface;
  readonly metric: number;
}

export class RouteTable {
  /** Grows with every change, so that a cached path knows when to look again. */
  generation = 0;
  private readonly interfaces: readonly Interface[];
  /** Per prefix length the routes by network; a list is in order of preference. */
  private readonly byLength: (Map<number, Route[]> | undefined)[] = new Array(33).fill(undefined);

  constructor(interfaces: readonly Interface[]) {
    this.interfaces = interfaces;
  }

  /** Adds a route as a user writes it. Throws a RangeError when it makes no sense. */
  add(options: RouteOptions): Route {
    const { network, prefixLength } = parseDestination(options.to);
    const metric = options.metric ?? 0;
    if (!Number.isInteger(metric) || metric < 0) {
      throw new RangeError(`the metric of a route is a whole number from 0, not ${metric}`);
    }
    const via = options.via === undefined ? 0 : parseAddress(options.via);
    return this.addRoute(network, prefixLength, via, this.interfaceFor(options, via), metric);
  }

  addRoute(network: number, prefixLength: number, via: number, by: Interface, metric = 0): Route {
    const route: Route = { network, prefixLength, via, interface: by, metric };
    this.byLength[prefixLength] ??= new Map();
    const table = this.byLength[prefixLength] as Map<number, Route[]>;
    const rivals = table.get(network);
    if (rivals === undefined) {
      table.set(network, [route]);
    } else {
      const worse = rivals.findIndex((rival) => rival.metric > metric);
      rivals.splice(worse < 0 ? rivals.length : worse, 0, route);
    }
    this.generation++;
    return route;
  }

  /** Removes every route to `to` that also has the `via`, `interface` and `metric` given. Returns how many there were. */
  remove(options: RouteOptions): number {
    const { network, prefixLength } = parseDestination(options.to);
    const via = options.via === undefined ? undefined : parseAddress(options.via);
    const rivals = this.byLength[prefixLength]?.get(network) ?? [];
    const chosen = rivals.filter(
      (route) =>
        (via === undefined || route.via === via) &&
        (options.interface === undefined || route.interface.name === options.interface) &&
        (options.metric === undefined || route.metric === options.metric),
    );
    for (const route of chosen) this.removeRoute(route);
    return chosen.length;
  }

  /** Removes `route`. Returns whether it was there. */
  removeRoute(route: Route): boolean {
    const table = this.byLength[route.prefixLength];
    const rivals = table?.get(route.network);
    const place = rivals?.indexOf(route) ?? -1;
    if (table === undefined || rivals === undefined || place < 0) return false;
    rivals.splice(place, 1);
    if (rivals.length === 0) table.delete(route.network);
    this.generation++;
    return true;
  }

  /** Moves `route` behind its rivals of equal metric, so that another gateway gets its turn. */
  demote(route: Route): void {
    const rivals = this.byLength[route.prefixLength]?.get(route.network);
    if (rivals === undefined || rivals.length < 2 || !rivals.includes(route)) return;
    rivals.splice(rivals.indexOf(route), 1);
    const worse = rivals.findIndex((rival) => rival.metric > route.metric);
    rivals.splice(worse < 0 ? rivals.length : worse, 0, route);
    this.generation++;
  }

  /**
   * The best route to `destination` among those whose interface is up: of the interface `interfaceIndex` alone if that is not -1,
   * and with `onLink` only those without a gateway.
   */
  lookup(destination: number, interfaceIndex = -1, onLink = false): Route | undefined {
    for (let length = 32; length >= 0; length--) {
      const rivals = this.byLength[length]?.get(destination & prefixMask(length));
      if (rivals === undefined) continue;
      for (const route of rivals) {
        if (!route.interface.up || (onLink && route.via !== 0)) continue;
        if (interfaceIndex < 0 || route.interface.index === interfaceIndex) return route;
      }
    }
    return undefined;
  }

  /** Every route, the longest prefix first. */
  *[Symbol.iterator](): IterableIterator<Route> {
    for (let length = 32; length >= 0; length--) {
      for (const rivals of this.byLength[length]?.values() ?? []) yield* rivals;
    }
  }

  private interfaceFor(options: RouteOptions, via: number): Interface {
    if (options.interface !== undefined) {
      const named = this.interfaces.find((candidate) => candidate.name === options.interface);
      if (named !== undefined) return named;
      const names = this.interfaces.map((candidate) => candidate.name).join(", ") || "none";
      throw new RangeError(`there is no interface ${options.interface} here; there are: ${names}`);
    }
    if (options.via === undefined) {
      throw new RangeError(`a route to ${options.to} needs a gateway (via) or an interface`);
    }
    const route = this.lookup(via);
    if (route === undefined || route.via !== 0) {
      throw new RangeError(`the gateway ${formatAddress(via)} is on none of this host's networks`);
    }
    return route.interface;
  }
}

function parseDestination(to: string): { network: number; prefixLength: number } {
  if (to === "default") return { network: 0, prefixLength: 0 };
  const { address, prefixLength } = parsePrefix(to);
  const network = address & prefixMask(prefixLength);
  if (network !== address) {
    throw new RangeError(`${to} has host bits set: the network is ${formatPrefix(network, prefixLength)}`);
  }
  return { network, prefixLength };
}
