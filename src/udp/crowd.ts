import { type Claim, Claims, REUSE_PORT } from "../base/claims.ts";
import { bucketHash, type SipKey } from "../base/hash.ts";
import { type Place, Places } from "../base/places.ts";
import { ANY_ADDRESS } from "../ip/address.ts";
import type { UdpEndpoint } from "./endpoint.ts";
import { sharingOf, turnOf } from "./sharing.ts";

/** Where an endpoint was filed. */
class Filing {
  readonly endpoint: UdpEndpoint;
  readonly claim: Claim;
  /** Without a peer. */
  place: Place<UdpEndpoint> | undefined = undefined;
  /** With one: that, the bucket, and the next one there. */
  remoteAddress = 0;
  remotePort = 0;
  bucket = 0;
  next: Filing | undefined = undefined;

  constructor(endpoint: UdpEndpoint, claim: Claim) {
    this.endpoint = endpoint;
    this.claim = claim;
  }

  /** Whether it is still where it belongs. */
  get holds(): boolean {
    const { endpoint, claim } = this;
    const { localAddress, settings } = endpoint;
    if (!claim.is(localAddress, settings.interface, sharingOf(settings))) return false;
    if (this.place !== undefined) return !endpoint.connected;
    const { connected, remoteAddress, remotePort } = endpoint;
    return connected && remoteAddress === this.remoteAddress && remotePort === this.remotePort;
  }
}

/** The endpoints of a port that has many: to find one costs the same however many they are. */
export class Crowd {
  readonly claims = new Claims();
  private readonly key: SipKey;
  private readonly filings = new Map<UdpEndpoint, Filing>();
  /** Those without a peer: those that share out what comes (SO_REUSEPORT), and the others. */
  private readonly sharers = new Places<UdpEndpoint>();
  private readonly others = new Places<UdpEndpoint>();
  /** Those with one, by a hash of it and of their address; those in one bucket are chained. */
  private readonly connected = new Map<number, Filing>();

  constructor(key: SipKey) {
    this.key = key;
  }

  add(endpoint: UdpEndpoint): void {
    const { localAddress, settings } = endpoint;
    const sharing = sharingOf(settings);
    const filing = new Filing(endpoint, this.claims.add(localAddress, settings.interface, sharing));
    this.filings.set(endpoint, filing);
    if (endpoint.connected) this.chain(filing);
    else filing.place = this.places(settings.reusePort).add(endpoint, localAddress, settings.interface);
  }

  remove(endpoint: UdpEndpoint): void {
    const filing = this.filings.get(endpoint);
    if (filing === undefined) return;
    const { claim, place } = filing;
    this.filings.delete(endpoint);
    this.claims.remove(claim);
    if (place === undefined) this.unchain(filing);
    else this.places((claim.sharing & REUSE_PORT) !== 0).remove(place, endpoint);
  }

  /** What the endpoint is bound or connected to, or how it shares, may be another. */
  refile(endpoint: UdpEndpoint): void {
    if (this.filings.get(endpoint)?.holds) return;
    this.remove(endpoint);
    this.add(endpoint);
  }

  /** See `PortTable.find`. @param localPort the crowd's */
  find(
    local: number,
    localPort: number,
    remote: number,
    remotePort: number,
    by: number,
  ): UdpEndpoint | undefined {
    return (
      this.connectedTo(local, remote, remotePort, by) ??
      this.unconnected(local, local, localPort, remote, remotePort, by) ??
      this.connectedTo(ANY_ADDRESS, remote, remotePort, by) ??
      this.unconnected(ANY_ADDRESS, local, localPort, remote, remotePort, by)
    );
  }

  /** The best of those that are bound to `bound` and connected to the peer, or to port 0 there. */
  private connectedTo(
    bound: number,
    remote: number,
    remotePort: number,
    by: number,
  ): UdpEndpoint | undefined {
    if (this.connected.size === 0) return undefined;
    const one = this.bestInBucket(bound, remote, remotePort, by);
    const other = this.bestInBucket(bound, remote, 0, by);
    const best = other === undefined || (one !== undefined && isBetter(one, other)) ? one : other;
    return best?.endpoint;
  }

  private bestInBucket(bound: number, remote: number, remotePort: number, by: number): Filing | undefined {
    let best: Filing | undefined;
    let at = this.connected.get(bucketHash(this.key, remote, bound, remotePort));
    for (; at !== undefined; at = at.next) {
      const { claim } = at;
      if (at.remotePort !== remotePort || at.remoteAddress !== remote || claim.address !== bound) continue;
      if (claim.interface >= 0 && claim.interface !== by) continue;
      if (best === undefined || isBetter(at, best)) best = at;
    }
    return best;
  }

  /** The best of those that are bound to `bound` and have no peer, or whose turn it is. */
  private unconnected(
    bound: number,
    local: number,
    localPort: number,
    remote: number,
    remotePort: number,
    by: number,
  ): UdpEndpoint | undefined {
    const sharers = this.sharers.find(bound, by);
    const others = this.others.find(bound, by);
    if (sharers === undefined || (others !== undefined && isBefore(others, sharers))) {
      return others?.members[others.members.length - 1];
    }
    const { members } = sharers;
    const last = members.length - 1;
    if (last === 0) return members[0];
    return members[last - turnOf(this.key, local, localPort, remote, remotePort, members.length)];
  }

  private places(reusePort: boolean): Places<UdpEndpoint> {
    return reusePort ? this.sharers : this.others;
  }

  private chain(filing: Filing): void {
    const { endpoint, claim } = filing;
    filing.remoteAddress = endpoint.remoteAddress;
    filing.remotePort = endpoint.remotePort;
    filing.bucket = bucketHash(this.key, filing.remoteAddress, claim.address, filing.remotePort);
    filing.next = this.connected.get(filing.bucket);
    this.connected.set(filing.bucket, filing);
  }

  private unchain(filing: Filing): void {
    let before = this.connected.get(filing.bucket)!;
    if (before !== filing) {
      while (before.next !== filing) before = before.next!;
      before.next = filing.next;
    } else if (filing.next !== undefined) this.connected.set(filing.bucket, filing.next);
    else this.connected.delete(filing.bucket);
  }
}

/** Bound to an interface before bound to none, then the younger. */
function isBetter(one: Filing, other: Filing): boolean {
  const by = one.claim.interface - other.claim.interface;
  return by !== 0 ? by > 0 : one.endpoint.rank > other.endpoint.rank;
}

/** The same of two places' best. */
function isBefore(one: Place<UdpEndpoint>, other: Place<UdpEndpoint>): boolean {
  const by = one.interface - other.interface;
  return by !== 0 ? by > 0 : youngest(one).rank > youngest(other).rank;
}

function youngest({ members }: Place<UdpEndpoint>): UdpEndpoint {
  return members[members.length - 1]!;
}
