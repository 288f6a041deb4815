/**
 * Ephemeral ports that strangers cannot guess: RFC 6056 §3.3.3, "Simple Hash-Based Port Selection".
 *
 * The search starts at a place that depends on a secret and on the destination, and goes on from there. So each
 * destination has a sequence of its own: the next port to one tells nothing about the ports to another.
 *
 * Where the RFC's algorithm keeps one counter for all destinations, by which a server can count our connections
 * to others, this one keeps none: it starts at the same place each time, and ports still in use (TIME-WAIT counts)
 * push it on. A caller who wants consecutive connections to one destination to differ mixes a number of his
 * own, such as that of the attempt, into the hash.
 */

/**
 * A free port from `first` to `last` (inclusive, 1 to 65535), or 0 when none is free.
 *
 * @param offsetHash int32; a keyed hash of local address, remote address and remote port (RFC 6056's F)
 * @param isFree whether the caller can use the port for this destination
 */
export function ephemeralPort(
  first: number,
  last: number,
  offsetHash: number,
  isFree: (port: number) => boolean,
): number {
  const count = last - first + 1;
  // the high half of the product: uniform but for one part in 2^16, and all bits of the hash count
  const offset = Math.floor((offsetHash >>> 0) * (count / 0x1_0000_0000));
  for (let tried = 0; tried < count; tried++) {
    const port = first + ((offset + tried) % count);
    if (isFree(port)) return port;
  }
  return 0;
}
