/** TCP options: RFC 9293 §3.2, RFC 2018 §2 and §3, RFC 7323 §2.2 and §3.2. */
import type { Segment } from "./segment.ts";

const END_OF_LIST = 0;
const NO_OPERATION = 1;
const MAX_SEGMENT_SIZE = 2;
const WINDOW_SCALE = 3;
const SACK_PERMITTED = 4;
const SACK = 5;
const TIMESTAMPS = 8;

/** Bytes that timestamps take in every segment: two no-operations and the option's ten. */
export const TIMESTAMPS_LENGTH = 12;
/** RFC 7323 §2.3: a larger shift count is taken as this one. */
export const MAX_WINDOW_SCALE = 14;

/**
 * Reads options from `at` up to `end`, in any segment and at any alignment (RFC 9293 §3.1, MUST-5, MUST-64).
 * Unknown ones are skipped by their length (MUST-6); an illegal length ends the list (MUST-7), so the loop always
 * goes forward.
 */
export function parseOptions(view: DataView, at: number, end: number, segment: Segment): void {
  segment.maxSegmentSize = 0;
  segment.windowScale = -1;
  segment.sackPermitted = false;
  segment.hasTimestamp = false;
  segment.sackCount = 0;
  while (at < end) {
    const kind = view.getUint8(at);
    if (kind === END_OF_LIST) return;
    if (kind === NO_OPERATION) {
      at++;
      continue;
    }
    if (at + 2 > end) return; // RFC 9293 §3.1, MUST-68: all others have a length octet
    const length = view.getUint8(at + 1);
    if (length < 2 || at + length > end) return;
    parseOption(view, at, kind, length, segment);
    at += length;
  }
}

function parseOption(view: DataView, at: number, kind: number, length: number, segment: Segment): void {
  if (kind === TIMESTAMPS && length === 10) {
    segment.hasTimestamp = true;
    segment.timestampValue = view.getInt32(at + 2);
    segment.timestampEcho = view.getInt32(at + 6);
  } else if (kind === SACK && length >= 10 && length % 8 === 2) {
    segment.sackCount = Math.min(4, (length - 2) / 8);
    for (let edge = 0; edge < 2 * segment.sackCount; edge++) {
      segment.sackEdges[edge] = view.getInt32(at + 2 + 4 * edge);
    }
  } else if (kind === MAX_SEGMENT_SIZE && length === 4) {
    segment.maxSegmentSize = view.getUint16(at + 2);
  } else if (kind === WINDOW_SCALE && length === 3) {
    segment.windowScale = Math.min(view.getUint8(at + 2), MAX_WINDOW_SCALE); // RFC 7323 §2.3
  } else if (kind === SACK_PERMITTED && length === 2) {
    segment.sackPermitted = true;
  }
}

/** Writes the MSS option (4 bytes) at `at`. */
export function writeMaxSegmentSize(view: DataView, at: number, size: number): void {
  view.setUint16(at, (MAX_SEGMENT_SIZE << 8) | 4);
  view.setUint16(at + 2, size);
}

/** Writes a no-operation and the window scale option (4 bytes together) at `at`. */
export function writeWindowScale(view: DataView, at: number, shift: number): void {
  view.setInt32(at, (NO_OPERATION << 24) | (WINDOW_SCALE << 16) | (3 << 8) | shift);
}

/** Writes two no-operations and the SACK-permitted option (4 bytes together) at `at`. */
export function writeSackPermitted(view: DataView, at: number): void {
  view.setInt32(at, (NO_OPERATION << 24) | (NO_OPERATION << 16) | (SACK_PERMITTED << 8) | 2);
}

/** Writes two no-operations and the timestamps option ({@link TIMESTAMPS_LENGTH} bytes together) at `at`. */
export function writeTimestamps(view: DataView, at: number, value: number, echo: number): void {
  view.setInt32(at, (NO_OPERATION << 24) | (NO_OPERATION << 16) | (TIMESTAMPS << 8) | 10);
  view.setInt32(at + 4, value);
  view.setInt32(at + 8, echo);
}

/** Bytes that `count` SACK blocks take, two no-operations in front. */
export function sackLength(count: number): number {
  return count === 0 ? 0 : 4 + 8 * count;
}

/** Writes two no-operations and the SACK option with `count` blocks at `at`. */
export function writeSack(view: DataView, at: number, edges: Int32Array, count: number): void {
  view.setInt32(at, (NO_OPERATION << 24) | (NO_OPERATION << 16) | (SACK << 8) | (2 + 8 * count));
  for (let edge = 0; edge < 2 * count; edge++) view.setInt32(at + 4 + 4 * edge, edges[edge] as number);
}
