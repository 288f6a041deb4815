/**
 * The routes that a network makes: shortest ways, counted in routers; of several the first that was linked. A router gets one for
 * each network on switches, and for each address that lies elsewhere; a host a default route by its first router, and others only
 * for what that is not the way to.
 */
import type { Host } from "../host/host.ts";
import { prefixMask } from "../ip/address.ts";
import type { Interface } from "../ip/interface.ts";
import type { Route } from "../ip/route.ts";
import type { Segment } from "./segment.ts";

/** The beginning of the way to a host. */
interface Hop {
  readonly by: Interface;
  /** The address on the segment of who is there: the host itself, if `isDirect`, or the router on the way. */
  readonly via: number;
  readonly isDirect: boolean;
  /** A wire brings whatever is sent to its one other end, whoever is named. */
  readonly isWire: boolean;
}

export class Routing {
  /** By host, those that are there now. */
  private readonly made = new Map<Host, Route[]>();

  /** Puts the routes of `hosts` right for `segments`. Those that a user has added stay, and take part in the decision. */
  update(hosts: readonly Host[], isRouter: (host: Host) => boolean, segments: readonly Segment[]): void {
    const places = placesOf(segments);
    for (const host of hosts) {
      for (const route of this.made.get(host) ?? []) host.route.removeRoute(route);
      const made: Route[] = [];
      this.made.set(host, made);
      const own = places.get(host) ?? [];
      const hops = findHops(host, places, isRouter);
      if (!isRouter(host)) {
        const gateway = [...hops].find(([other, hop]) => hop.isDirect && isRouter(other))?.[1];
        if (gateway !== undefined) made.push(host.route.addRoute(0, 0, gateway.via, gateway.by));
        if (own.length === 1 && own[0]?.isWire) continue; // one wire, and everything goes there
      }
      // first, for most addresses need none of their own then
      for (const [other, hop] of hops) {
        if (isRouter(other)) made.push(...leadToNetworks(host, other, places.get(other) ?? [], hop));
      }
      for (const [other, hop] of hops) {
        for (const address of addressesOf(other, places)) made.push(...lead(host, address, 32, hop));
      }
    }
  }
}

/** The segments that each host is on. */
function placesOf(segments: readonly Segment[]): Map<Host, Segment[]> {
  const places = new Map<Host, Segment[]>();
  for (const segment of segments) {
    for (const { host } of segment.attachments) {
      const known = places.get(host);
      if (known === undefined) places.set(host, [segment]);
      else known.push(segment);
    }
  }
  return places;
}

/** How the ways from `start` to all others begin, the nearest first. */
function findHops(
  start: Host,
  places: ReadonlyMap<Host, Segment[]>,
  isRouter: (host: Host) => boolean,
): Map<Host, Hop> {
  const hops = new Map<Host, Hop>();
  const reached = [start]; // grows while it is gone through
  for (const at of reached) {
    if (at !== start && !isRouter(at)) continue;
    for (const segment of places.get(at) ?? []) {
      for (const { host, by } of segment.attachments) {
        if (host === start || hops.has(host)) continue;
        hops.set(
          host,
          at === start ? firstHop(start, segment, by) : { ...(hops.get(at) as Hop), isDirect: false },
        );
        reached.push(host);
      }
    }
  }
  return hops;
}

function firstHop(start: Host, segment: Segment, neighbor: Interface): Hop {
  const { by } = segment.attachmentOf(start) as { by: Interface };
  return { by, via: neighbor.address, isDirect: true, isWire: segment.isWire };
}

function addressesOf(host: Host, places: ReadonlyMap<Host, Segment[]>): Set<number> {
  return new Set(places.get(host)?.map((segment) => segment.attachmentOf(host)?.by.address ?? 0));
}

/**
 * The routes of `host` by `hop` to the networks that `router` has on switches: also for addresses that nobody has, since it is who asks
 * for them in vain and says so. Of segments with the same network the nearest gets it.
 */
function leadToNetworks(host: Host, router: Host, on: readonly Segment[], hop: Hop): Route[] {
  const made: Route[] = [];
  for (const segment of on) {
    if (segment.isWire || segment.attachmentOf(host) !== undefined) continue;
    const { address, prefixLength } = (segment.attachmentOf(router) as { by: Interface }).by;
    const network = address & prefixMask(prefixLength);
    const isKnown = [...host.route].some(
      (route) => route.network === network && route.prefixLength === prefixLength,
    );
    if (!isKnown && prefixLength < 32) made.push(...lead(host, network, prefixLength, hop));
  }
  return made;
}

/** The route of `host` to `address`, or a network, by `hop`; none where its table says the same already. */
function lead(
  host: Host,
  address: number,
  prefixLength: number,
  { by, via, isDirect, isWire }: Hop,
): Route[] {
  const gateway = isDirect && address === via ? 0 : via;
  const known = host.route.lookup(address);
  const isSame = known?.interface === by && (isWire || (known.via || address) === (gateway || address));
  return isSame ? [] : [host.route.addRoute(address, prefixLength, gateway, by)];
}
