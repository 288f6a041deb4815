/** SACK blocks that the peer sends: RFC 2018 §5, RFC 2883 §4. */
import type { Segment } from "./segment.ts";
import { gt, leq, lt } from "./sequence.ts";
import type { Tcb } from "./tcb.ts";

/**
 * Marks what the blocks of `segment` report; returns the bytes that nothing had reported before. A block that does not
 * lie within what is outstanding tells nothing: it is old, reports a duplicate (RFC 2883 §5), or is forged.
 */
export function applySack(tcb: Tcb, segment: Segment): number {
  const { una, nxt } = tcb.snd;
  const { sackEdges, sackCount } = segment;
  if (sackCount === 0) {
    tcb.sackSeenCount = 0;
    return 0;
  }
  let newlySacked = 0;
  for (let block = 0; block < sackCount; block++) {
    const start = sackEdges[2 * block] as number;
    const end = sackEdges[2 * block + 1] as number;
    if (!lt(start, end) || lt(start, una) || leq(end, una) || gt(end, nxt)) continue;
    const from = knownUpTo(tcb, start, end);
    if (lt(from, end)) newlySacked += tcb.scoreboard.sack(start, end, from);
  }
  tcb.sackSeen.set(sackEdges);
  tcb.sackSeenCount = sackCount;
  return newlySacked;
}

/**
 * How far the previous ACK has told the same: a receiver repeats its blocks in every ACK, and going over a long one again
 * and again would take time that grows with the square of the window (CVE-2019-11478).
 */
function knownUpTo(tcb: Tcb, start: number, end: number): number {
  const seen = tcb.sackSeen;
  for (let block = 0; block < tcb.sackSeenCount; block++) {
    const seenEnd = seen[2 * block + 1] as number;
    if (seen[2 * block] === start && gt(seenEnd, start)) return lt(seenEnd, end) ? seenEnd : end;
  }
  return start;
}

/** Whether the first block reports a duplicate of what this very ACK covers (RFC 2883 §4, D-SACK). */
export function reportsDuplicate(segment: Segment): boolean {
  return segment.sackCount > 0 && leq(segment.sackEdges[1] as number, segment.ack);
}
