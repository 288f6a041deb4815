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
   * The endpoint that fits best: connected to this peer before unconnected, bound to this address before bound to any, and the
   * youngest among equals, as in Linux.
   */
  find(local: number, localPort: number, remote: number, remotePort: number): UdpEndpoint | undefined {
    const sharers = this.byPort.get(localPort);
    if (sharers === undefined) return undefined;
    let best: UdpEndpoint | undefined;
    let bestScore = -1;
    for (const endpoint of sharers) {
      const score = scoreOf(endpoint, local, remote, remotePort);
      if (score > bestScore) {
        best = endpoint;
        bestScore = score;
      }
    }
    return best;
  }

  /** Whether a datagram from `remote` to `local` is for `endpoint`, which has the port. */
  fits(endpoint: UdpEndpoint, local: number, remote: number, remotePort: number): boolean {
    return scoreOf(endpoint, local, remote, remotePort) >= 0;
  }

  /** Two may share a port on different addresses, and on the same one if both say SO_REUSEADDR. */
  private conflicts(endpoint: UdpEndpoint, address: number, port: number): boolean {
    for (const other of this.byPort.get(port) ?? []) {
      if (endpoint.settings.reuseAddress && other.settings.reuseAddress) continue;
      if (overlap(other.localAddress, address)) return true;
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

/** -1: not for this endpoint. */
function scoreOf(endpoint: UdpEndpoint, local: number, remote: number, remotePort: number): number {
  let score = 0;
  if (endpoint.localAddress !== ANY_ADDRESS) {
    if (endpoint.localAddress !== local) return -1;
    score += 1;
  }
  if (endpoint.connected) {
    if (endpoint.remoteAddress !== remote || endpoint.remotePort !== remotePort) return -1;
    score += 2;
  }
  return score;
}
