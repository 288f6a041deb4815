import { ephemeralPort } from "../base/ephemeral-port.ts";
import { EADDRINUSE, EAGAIN } from "../base/errno.ts";
import { keyedHash, type SipKey } from "../base/hash.ts";
import { ANY_ADDRESS } from "../ip/address.ts";
import type { UdpConfig } from "./config.ts";
import type { UdpEndpoint } from "./endpoint.ts";
import { PROTOCOL_UDP } from "./header.ts";

/** Who has which port. */
export class PortTable {
  private readonly key: SipKey;
  private readonly config: UdpConfig;
  /** The endpoints of a port, the youngest first. */
  private readonly byPort = new Map<number, UdpEndpoint[]>();
  private draws = 0;

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
    const sharers = this.byPort.get(chosen);
    if (sharers === undefined) this.byPort.set(chosen, [endpoint]);
    else sharers.unshift(endpoint);
    return 0;
  }

  /** Gives `endpoint` a free port for the address it has. 0 or -EAGAIN. */
  bindAny(endpoint: UdpEndpoint): number {
    return this.bind(endpoint, endpoint.localAddress, 0) < 0 ? -EAGAIN : 0;
  }

  release(endpoint: UdpEndpoint): void {
    const sharers = this.byPort.get(endpoint.localPort);
    const place = sharers?.indexOf(endpoint) ?? -1;
    if (sharers === undefined || place < 0) return;
    sharers.splice(place, 1);
    if (sharers.length === 0) this.byPort.delete(endpoint.localPort);
    endpoint.localPort = 0;
  }

  /** The endpoints of `port`, the youngest first. */
  at(port: number): readonly UdpEndpoint[] | undefined {
    return this.byPort.get(port);
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
    const sharers = this.byPort.get(localPort);
    if (sharers === undefined) return undefined;
    let best: UdpEndpoint | undefined;
    let bestScore = -1;
    for (const endpoint of sharers) {
      const score = scoreOf(endpoint, local, remote, remotePort, by);
      if (score > bestScore) {
        best = endpoint;
        bestScore = score;
      }
    }
    if (best === undefined || !best.settings.reusePort || best.connected || sharers.length === 1) return best;
    const ports = (localPort << 16) | remotePort;
    return shareOut(sharers, best, keyedHash(this.key, local, remote, ports) >>> 0);
  }

  /** Whether a datagram from `remote` to `local` that came by interface `by` is for `endpoint`, which has the port. */
  fits(endpoint: UdpEndpoint, local: number, remote: number, remotePort: number, by: number): boolean {
    return scoreOf(endpoint, local, remote, remotePort, by) >= 0;
  }

  /** Two may share a port on different addresses or interfaces, and otherwise if both say SO_REUSEADDR or both SO_REUSEPORT. */
  private conflicts(endpoint: UdpEndpoint, address: number, port: number): boolean {
    const { reuseAddress, reusePort, interface: by } = endpoint.settings;
    for (const { settings, localAddress } of this.byPort.get(port) ?? []) {
      if ((reuseAddress && settings.reuseAddress) || (reusePort && settings.reusePort)) continue;
      if (by >= 0 && settings.interface >= 0 && by !== settings.interface) continue;
      if (overlap(localAddress, address)) return true;
    }
    return false;
  }

  /** A port that strangers cannot guess (RFC 6056 §3.3.1) and that nobody has on `address`; 0 when there is none. */
  private freePort(address: number): number {
    const [first, last] = this.config.ephemeralPorts;
    const hash = keyedHash(this.key, this.draws++, address, PROTOCOL_UDP);
    return ephemeralPort(first, last, hash, (port) => {
      const sharers = this.byPort.get(port);
      return sharers === undefined || !sharers.some((other) => overlap(other.localAddress, address));
    });
  }
}

function overlap(a: number, b: number): boolean {
  return a === ANY_ADDRESS || b === ANY_ADDRESS || a === b;
}

/** One of those that stand in for `best`: unconnected, and bound as it is. `hash`, 0 to 2^32 - 1, says which. */
function shareOut(sharers: readonly UdpEndpoint[], best: UdpEndpoint, hash: number): UdpEndpoint {
  let count = 0;
  for (const endpoint of sharers) if (standsIn(endpoint, best)) count++;
  let left = Math.floor((hash * count) / 0x1_0000_0000);
  for (const endpoint of sharers) if (standsIn(endpoint, best) && left-- === 0) return endpoint;
  return best;
}

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
