/**
 * Ephemeral ports that strangers cannot guess (RFC 6056 §3.3), of which none is given out twice (§3.3: MUST not
 * collide with a five-tuple in use; the caller's `isFree` knows those).
 */
import { keyedHash, type SipKey } from "./hash.ts";

/** How many counters: a stranger whose destination falls on ours sees one connection in so many. */
const COUNTERS = 256;

/** What a hash is for, above the sixteen bits of the port: RFC 6056's two keys and its random table from one key. */
const OFFSET = 1 << 16;
const INDEX = 2 << 16;
const TABLE = 3 << 16;

/**
 * A free port from `first` to `last` (inclusive, 1 to 65535), or 0 when none is free. The search starts at a place
 * that `hash` (uniform int32) decides, and goes round from there.
 *
 * With a random number for `hash` this is RFC 6056 §3.3.1, for sockets that have no destination yet; those that have
 * use {@link EphemeralPorts}.
 */
export function ephemeralPort(
  first: number,
  last: number,
  hash: number,
  isFree: (port: number) => boolean,
): number {
  const count = last - first + 1;
  return search(first, count, place(hash, count), isFree);
}

/**
 * Ports for connections: the double-hash algorithm of RFC 6056 §3.3.4. The ports to one destination follow each
 * other, so that none comes back soon (its last connection may still be in TIME-WAIT over there), but start at
 * a secret place for each destination, and are counted apart for different ones, so that a server cannot tell from
 * its own connections how many we open elsewhere.
 */
export class EphemeralPorts {
  private readonly key: SipKey;
  private readonly counters = new Uint32Array(COUNTERS);

  constructor(key: SipKey) {
    this.key = key;
    for (let index = 0; index < COUNTERS; index++) this.counters[index] = keyedHash(key, index, 0, TABLE);
  }

  /** A free port from `first` to `last` for this destination (addresses as int32), or 0 when none is free. */
  choose(
    first: number,
    last: number,
    source: number,
    destination: number,
    destinationPort: number,
    isFree: (port: number) => boolean,
  ): number {
    const count = last - first + 1;
    const offset = place(keyedHash(this.key, source, destination, destinationPort | OFFSET), count);
    const index = keyedHash(this.key, source, destination, destinationPort | INDEX) & (COUNTERS - 1);
    const start = (offset + this.counters[index]!) % count;
    const port = search(first, count, start, isFree);
    if (port !== 0) this.counters[index]! += ((port - first - start + count) % count) + 1;
    return port;
  }
}

/** 0 to `count` - 1 by the high bits of `hash`: uniform but for `count` parts in 2^32. */
function place(hash: number, count: number): number {
  return Math.floor((hash >>> 0) * (count / 0x1_0000_0000));
}

function search(first: number, count: number, start: number, isFree: (port: number) => boolean): number {
  for (let tried = 0; tried < count; tried++) {
    const port = first + ((start + tried) % count);
    if (isFree(port)) return port;
  }
  return 0;
}
