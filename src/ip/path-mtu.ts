/**
 * What ICMP taught us about the MTU of paths (RFC 1191). Transports report a "fragmentation needed" here after they have
 * checked that it quotes a packet they really sent (RFC 5927 §7).
 */

/** The plateaus of RFC 1191 §7.1: the MTUs that exist, for routers that do not name theirs. */
const PLATEAUS: readonly number[] = [32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68];

/** The largest plateau below `datagramLength`, the length of a datagram that did not get through (RFC 1191 §5). */
export function plateauBelow(datagramLength: number): number {
  for (const plateau of PLATEAUS) if (plateau < datagramLength) return plateau;
  return 68;
}

interface Estimate {
  mtu: number;
  /** When it is forgotten, microseconds of the clock. */
  until: number;
}

/** A bounded memory of path MTUs by destination. */
export class PathMtuCache {
  private readonly estimates = new Map<number, Estimate>();
  private readonly maxEntries: number;
  private readonly holdMicros: number;

  constructor(maxEntries: number, holdMicros: number) {
    this.maxEntries = maxEntries;
    this.holdMicros = holdMicros;
  }

  /**
   * Lowers the estimate for `destination`; a message never raises it (RFC 1191 §3, MUST NOT). Returns whether it changed.
   * An equal value renews it: the path is as narrow as it was.
   */
  learn(destination: number, mtu: number, now: number): boolean {
    const known = this.find(destination, now);
    if (known !== undefined && mtu > known.mtu) return false;
    this.estimates.delete(destination); // so that it becomes the youngest
    if (this.estimates.size >= this.maxEntries) {
      for (const oldest of this.estimates.keys()) {
        this.estimates.delete(oldest);
        break;
      }
    }
    this.estimates.set(destination, { mtu, until: now + this.holdMicros });
    return true;
  }

  /** What is known about `destination`, unless it has grown too old (RFC 1191 §6.3). */
  find(destination: number, now: number): Readonly<Estimate> | undefined {
    const estimate = this.estimates.get(destination);
    if (estimate === undefined || now < estimate.until) return estimate;
    this.estimates.delete(destination);
    return undefined;
  }

  get size(): number {
    return this.estimates.size;
  }
}
