import { clash, overlap } from "../base/claims.ts";
import { ephemeralPort } from "../base/ephemeral-port.ts";
import { EADDRINUSE, EAGAIN } from "../base/errno.ts";
import { keyedHash, type SipKey } from "../base/hash.ts";
import { insertByRank, removeByRank } from "../base/places.ts";
import { ANY_ADDRESS } from "../ip/address.ts";
import type { UdpConfig } from "./config.ts";
import { Crowd } from "./crowd.ts";
import type { UdpEndpoint } from "./endpoint.ts";
import { PROTOCOL_UDP } from "./header.ts";
import { sharingOf, turnOf } from "./sharing.ts";

/** So many endpoints of a port are looked at one by one; more are a crowd. */
const FEW = 4;

/** The endpoints of a port. */
class Port {
  /** The oldest first. */
  readonly endpoints: UdpEndpoint[] = [];
  crowd: Crowd | undefined = undefined;
}

const NOBODY: readonly UdpEndpoint[] = [];

/** Who has which port. */
export class PortTable {
  private readonly key: SipKey;
  private readonly config: UdpConfig;
  private readonly byNumber = new Map<number, Port>();
  private draws = 0;
  private binds = 0;

  constructor(key: SipKey, config: UdpConfig) {
    this.key = key;
    this.config = config;
  }

  /** Gives `endpoint` its address and `port`, 0 for a free one. 0 or -EADDRINUSE. */
  bind(endpoint: UdpEndpoint, address: number, port: number): number {
    const chosen = port === 0 ? this.freePort(address) : port;
    if (chosen === 0 || (port !== 0 && this.conflicts(endpoint, address, port))) return -EADDRINUSE;
    endpoint.localAddress = address;
    endpoint.localPort = chosen;
    endpoint.rank = this.binds++;
    this.add(endpoint);
    return 0;
  }

  /** Gives `endpoint` a free port for the address it has. 0 or -EAGAIN. */
  bindAny(endpoint: UdpEndpoint): number {
    return this.bind(endpoint, endpoint.localAddress, 0) < 0 ? -EAGAIN : 0;
  }

  /** To be called when the peer of `endpoint`, its local address, its interface or its will to share has changed. */
  changed(endpoint: UdpEndpoint): void {
    this.byNumber.get(endpoint.localPort)?.crowd?.refile(endpoint);
  }

  release(endpoint: UdpEndpoint): void {
    const port = this.byNumber.get(endpoint.localPort);
    if (port === undefined || !removeByRank(port.endpoints, endpoint)) return;
    port.crowd?.remove(endpoint);
    if (port.endpoints.length <= FEW / 2) port.crowd = undefined;
    if (port.endpoints.length === 0) this.byNumber.delete(endpoint.localPort);
    endpoint.localPort = 0;
  }

  /** The endpoints of `port`, the oldest first. */
  at(port: number): readonly UdpEndpoint[] {
    return this.byNumber.get(port)?.endpoints ?? NOBODY;
  }

  /**
   * The endpoint for what comes from `remote` to `local` by interface `by`. The one that fits best, as in Linux: bound to this
   * address before bound to any, connected to this peer before unconnected, bound to this interface before bound to none; the youngest
   * among equals, unless they share out what comes (SO_REUSEPORT).
   */
  find(
    local: number,
    localPort: number,
    remote: number,
    remotePort: number,
    by: number,
  ): UdpEndpoint | undefined {
    const port = this.byNumber.get(localPort);
    if (port === undefined) return undefined;
    if (port.crowd !== undefined) return port.crowd.find(local, localPort, remote, remotePort, by);
    const { endpoints } = port;
    let best: UdpEndpoint | undefined;
    let bestScore = -1;
    for (let index = endpoints.length - 1; index >= 0; index--) {
      const endpoint = endpoints[index]!;
      const score = scoreOf(endpoint, local, remote, remotePort, by);
      if (score > bestScore) {
        best = endpoint;
        bestScore = score;
      }
    }
    if (best === undefined || !best.settings.reusePort || best.connected || endpoints.length === 1)
      return best;
    const count = countOf(endpoints, best);
    return pick(endpoints, best, turnOf(this.key, local, localPort, remote, remotePort, count));
  }

  /** Whether a datagram from `remote` to `local` that came by interface `by` is for `endpoint`, which has the port. */
  fits(endpoint: UdpEndpoint, local: number, remote: number, remotePort: number, by: number): boolean {
    return scoreOf(endpoint, local, remote, remotePort, by) >= 0;
  }

  private add(endpoint: UdpEndpoint): void {
    let port = this.byNumber.get(endpoint.localPort);
    if (port === undefined) {
      port = new Port();
      this.byNumber.set(endpoint.localPort, port);
    }
    insertByRank(port.endpoints, endpoint);
    if (port.crowd !== undefined) port.crowd.add(endpoint);
    else if (port.endpoints.length > FEW) {
      port.crowd = new Crowd(this.key);
      for (const each of port.endpoints) port.crowd.add(each);
    }
  }

  /** Two may share a port on different addresses or interfaces, and otherwise if both say SO_REUSEADDR or both SO_REUSEPORT. */
  private conflicts({ settings }: UdpEndpoint, address: number, number: number): boolean {
    const port = this.byNumber.get(number);
    if (port === undefined) return false;
    const sharing = sharingOf(settings);
    if (port.crowd !== undefined) return port.crowd.claims.clashWith(address, settings.interface, sharing);
    return port.endpoints.some((other) =>
      clash(
        address,
        settings.interface,
        sharing,
        other.localAddress,
        other.settings.interface,
        sharingOf(other.settings),
      ),
    );
  }

  /** A port that strangers cannot guess (RFC 6056 §3.3.1) and that nobody has on `address`; 0 when there is none. */
  private freePort(address: number): number {
    const [first, last] = this.config.ephemeralPorts;
    const hash = keyedHash(this.key, this.draws++, address, PROTOCOL_UDP);
    return ephemeralPort(first, last, hash, (number) => {
      const port = this.byNumber.get(number);
      if (port?.crowd !== undefined) return !port.crowd.claims.overlap(address);
      return port === undefined || !port.endpoints.some((other) => overlap(other.localAddress, address));
    });
  }
}

/** How many stand in for `best`, itself among them. */
function countOf(endpoints: readonly UdpEndpoint[], best: UdpEndpoint): number {
  let count = 0;
  for (const endpoint of endpoints) if (standsIn(endpoint, best)) count++;
  return count;
}

/** The one of them whose `turn` it is, 0 for the youngest. */
function pick(endpoints: readonly UdpEndpoint[], best: UdpEndpoint, turn: number): UdpEndpoint {
  let left = turn;
  for (let index = endpoints.length - 1; index >= 0; index--) {
    const endpoint = endpoints[index]!;
    if (standsIn(endpoint, best) && left-- === 0) return endpoint;
  }
  return best;
}

/** Whether it is unconnected, bound as `best` is, and shares out what comes. */
function standsIn(endpoint: UdpEndpoint, best: UdpEndpoint): boolean {
  const { settings } = endpoint;
  return (
    settings.reusePort &&
    !endpoint.connected &&
    endpoint.localAddress === best.localAddress &&
    settings.interface === best.settings.interface
  );
}

/** -1: not for this endpoint. */
function scoreOf(
  endpoint: UdpEndpoint,
  local: number,
  remote: number,
  remotePort: number,
  by: number,
): number {
  let score = 0;
  if (endpoint.localAddress !== ANY_ADDRESS) {
    if (endpoint.localAddress !== local) return -1;
    score += 4;
  }
  if (endpoint.connected) {
    if (endpoint.remoteAddress !== remote) return -1;
    // As in Linux, who is connected to port 0 hears every port of its peer.
    if (endpoint.remotePort !== 0 && endpoint.remotePort !== remotePort) return -1;
    score += 2;
  }
  const only = endpoint.settings.interface;
  if (only >= 0) {
    if (only !== by) return -1;
    score += 1;
  }
  return score;
}
