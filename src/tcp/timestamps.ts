/** Timestamps and PAWS, RFC 7323 §3 to §5. The clock ticks in milliseconds (§5.4 asks for 1 ms to 1 s). */

import { answerUnacceptable } from "./challenge-ack.ts";
import { RST, SYN } from "./header.ts";
import type { Segment } from "./segment.ts";
import { leq, lt } from "./sequence.ts";
import type { Tcb } from "./tcb.ts";

/** RFC 7323 §5.5: TS.Recent of a connection idle for longer is no longer believed. */
const OUTDATED_MICROS = 24 * 24 * 3600 * 1e6;

/** The value for TSval now. */
export function timestampValue(tcb: Tcb): number {
  return (Math.floor(tcb.tcp.clock.now / 1000) + tcb.timestamps.offset) | 0;
}

/** The round trip that an echoed timestamp tells, µs. It is as coarse as the timestamp clock. */
export function echoedRoundTrip(tcb: Tcb, echo: number): number {
  return ((timestampValue(tcb) - echo) | 0) * 1000;
}

/**
 * Whether the segment passes RFC 7323's checks. One that lacks a negotiated timestamp is dropped (§3.2, SHOULD);
 * one with an old timestamp is answered with an ACK and dropped (§5.3, R1), resets excepted (§5.2, MUST NOT).
 */
export function checkTimestamp(tcb: Tcb, segment: Segment): boolean {
  const timestamps = tcb.timestamps;
  if (!timestamps.enabled || (segment.flags & RST) !== 0) return true;
  if (!segment.hasTimestamp) {
    // A peer that has lost its state may do without: RFC 5961 §4.2 wants its SYN challenged
    if ((segment.flags & SYN) !== 0) return true;
    tcb.tcp.counters.droppedNoTimestamp++;
    return false;
  }
  if (!lt(segment.timestampValue, timestamps.recent)) return true;
  if (isOutdated(tcb)) return true;
  tcb.tcp.counters.droppedOldTimestamp++;
  answerUnacceptable(tcb, segment);
  return false;
}

/** RFC 7323 §5.5: after so long a silence the peer's clock may have gone half round. */
function isOutdated(tcb: Tcb): boolean {
  return tcb.tcp.clock.now - tcb.timestamps.recentAt > OUTDATED_MICROS;
}

/** RFC 7323 §4.3: TS.Recent follows the segment that the next ACK will answer; only one in the window gets here. */
export function updateRecentTimestamp(tcb: Tcb, segment: Segment): void {
  const timestamps = tcb.timestamps;
  if (!timestamps.enabled || !segment.hasTimestamp) return;
  if (!leq(segment.seq, timestamps.lastAckSent)) return;
  if (!lt(segment.timestampValue, timestamps.recent) || isOutdated(tcb)) {
    timestamps.recent = segment.timestampValue;
    timestamps.recentAt = tcb.tcp.clock.now;
  }
}
