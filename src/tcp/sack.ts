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
  let newlySacked = 0;
  for (let block = 0; block < segment.sackCount; block++) {
    const start = segment.sackEdges[2 * block] as number;
    const end = segment.sackEdges[2 * block + 1] as number;
    if (!lt(start, end) || lt(start, una) || leq(end, una) || gt(end, nxt)) continue;
    newlySacked += tcb.scoreboard.sack(start, end);
  }
  return newlySacked;
}

/** Whether the first block reports a duplicate of what this very ACK covers (RFC 2883 §4, D-SACK). */
export function reportsDuplicate(segment: Segment): boolean {
  return segment.sackCount > 0 && leq(segment.sackEdges[1] as number, segment.ack);
}
