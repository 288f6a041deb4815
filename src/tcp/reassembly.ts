/** Text that comes out of order: where it is kept, and how it is reported (RFC 2018 §3 and §4, RFC 2883 §4). */
import { geq, gt, leq, lt, max, min } from "./sequence.ts";
import type { Tcb } from "./tcb.ts";

/** More would never fit into one segment's options (RFC 2018 §3). */
export const MAX_BLOCKS = 4;

/**
 * Takes text that has been trimmed to the window: it is written to its place in the ring. Returns false when there
 * are too many holes already and it had to be dropped, unread, as if lost.
 */
export function acceptText(
  tcb: Tcb,
  bytes: Uint8Array,
  offset: number,
  seq: number,
  length: number,
): boolean {
  const rcv = tcb.rcv;
  const end = (seq + length) | 0;
  const live = (highestReceived(tcb) - rcv.read) | 0;
  tcb.receiveRing.reserve(rcv.read, live, (end - rcv.read) | 0);
  if (tcb.outOfOrder.count === 0) tcb.receiveRing.write(seq, bytes, offset, length);
  else fillGaps(tcb, bytes, offset, seq, end);
  if (seq === rcv.nxt) {
    advance(tcb, end);
    return true;
  }
  if (!tcb.outOfOrder.add(seq, end)) return false;
  noteRecentBlock(tcb, seq);
  return true;
}

/** Writes what is not there yet: octets once accepted stay, whatever a later segment says they are. */
function fillGaps(tcb: Tcb, bytes: Uint8Array, offset: number, seq: number, end: number): void {
  const ranges = tcb.outOfOrder;
  let at = seq;
  for (let index = ranges.firstEndingAfter(seq); lt(at, end); index++) {
    const gapEnd = index < ranges.count ? min(ranges.start(index), end) : end;
    if (lt(at, gapEnd)) {
      tcb.receiveRing.write(at, bytes, offset + ((at - seq) | 0), (gapEnd - at) | 0);
    }
    at = index < ranges.count ? ranges.end(index) : end;
  }
}

/** Just behind the highest octet that has come. */
export function highestReceived(tcb: Tcb): number {
  const ranges = tcb.outOfOrder;
  return ranges.count > 0 ? ranges.end(ranges.count - 1) : tcb.rcv.nxt;
}

/** Text up to `end` is in order now, and with it whatever had waited behind it. */
function advance(tcb: Tcb, end: number): void {
  const ranges = tcb.outOfOrder;
  const rcv = tcb.rcv;
  rcv.nxt = end;
  if (ranges.count === 0) return;
  while (ranges.count > 0 && leq(ranges.start(0), rcv.nxt)) {
    if (gt(ranges.end(0), rcv.nxt)) rcv.nxt = ranges.end(0);
    ranges.removeBefore(rcv.nxt);
  }
}

function noteRecentBlock(tcb: Tcb, seq: number): void {
  const recent = tcb.recentBlocks;
  recent.unshift(seq);
  // An older octet of the same block tells nothing new.
  const block = tcb.outOfOrder.firstEndingAfter(seq);
  for (let index = recent.length - 1; index > 0; index--) {
    if (tcb.outOfOrder.firstEndingAfter(recent[index] as number) === block) recent.splice(index, 1);
  }
  if (recent.length > MAX_BLOCKS) recent.length = MAX_BLOCKS;
}

/** A segment repeated [start, end), which was here already: the next ACK says so (RFC 2883 §4). */
export function noteDuplicate(tcb: Tcb, start: number, end: number): void {
  if (!tcb.sackEnabled || !lt(start, end)) return;
  tcb.dsackStart = start;
  tcb.dsackEnd = end;
}

/**
 * Text [start, end) comes that may in part be waiting here out of order: the first part that is, is a duplicate, unless
 * one in front of it was (RFC 2883 §4.2).
 */
export function noteOverlap(tcb: Tcb, start: number, end: number): void {
  const ranges = tcb.outOfOrder;
  const index = ranges.firstEndingAfter(start);
  if (index === ranges.count || tcb.dsackStart !== tcb.dsackEnd) return;
  noteDuplicate(tcb, max(start, ranges.start(index)), min(end, ranges.end(index)));
}

/** How many blocks there are to report. */
export function sackBlockCount(tcb: Tcb): number {
  const duplicate = tcb.dsackStart !== tcb.dsackEnd ? 1 : 0;
  return Math.min(MAX_BLOCKS, duplicate + tcb.outOfOrder.count);
}

/**
 * The blocks for the ACK being built, edges in pairs: a duplicate first (RFC 2883 §4), then the block of the segment
 * that came last, then those most recently reported (RFC 2018 §4), then others.
 */
export function collectSackBlocks(tcb: Tcb, count: number): Int32Array {
  const edges = tcb.tcp.sackEdges;
  let filled = 0;
  if (tcb.dsackStart !== tcb.dsackEnd) {
    filled = putBlock(edges, filled, tcb.dsackStart, tcb.dsackEnd);
    tcb.dsackStart = tcb.dsackEnd;
  }
  const reported = filled; // a block that equals the duplicate is put all the same
  const ranges = tcb.outOfOrder;
  const recent = tcb.recentBlocks;
  while (recent.length > 0 && !ranges.contains(recent[recent.length - 1] as number)) recent.pop();
  for (let index = 0; index < recent.length && filled < count; index++) {
    const block = ranges.firstEndingAfter(recent[index] as number);
    if (block < ranges.count && geq(recent[index] as number, ranges.start(block))) {
      filled = putNewBlock(edges, reported, filled, ranges.start(block), ranges.end(block));
    }
  }
  for (let block = 0; block < ranges.count && filled < count; block++) {
    filled = putNewBlock(edges, reported, filled, ranges.start(block), ranges.end(block));
  }
  return edges;
}

/** Puts a block unless it is among those from `from` on. */
function putNewBlock(edges: Int32Array, from: number, filled: number, start: number, end: number): number {
  for (let block = from; block < filled; block++) {
    if (edges[2 * block] === start && edges[2 * block + 1] === end) return filled;
  }
  return putBlock(edges, filled, start, end);
}

function putBlock(edges: Int32Array, filled: number, start: number, end: number): number {
  edges[2 * filled] = start;
  edges[2 * filled + 1] = end;
  return filled + 1;
}
