/** Fifth: the ACK field, RFC 9293 §3.10.7.4. */
import { challengeAck } from "./challenge-ack.ts";
import { completeHandshake } from "./complete-handshake.ts";
import { enterClosed } from "./end.ts";
import { ACK, FIN, SYN } from "./header.ts";
import { acknowledged } from "./path-mtu.ts";
import { probesAnswered } from "./persist.ts";
import { replyToBadAck } from "./reset.ts";
import { acknowledgedNewData } from "./retransmission-timeout.ts";
import { applySack, reportsDuplicate } from "./sack.ts";
import type { Segment } from "./segment.ts";
import { geq, gt, leq, lt } from "./sequence.ts";
import { CLOSING, FIN_WAIT_1, FIN_WAIT_2, isOneOf, LAST_ACK, TIME_WAIT } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { boundFinWait2, enterTimeWait } from "./time-wait.ts";
import { echoedRoundTrip } from "./timestamps.ts";

export function checkAck(tcb: Tcb, segment: Segment): boolean {
  const snd = tcb.snd;
  if ((segment.flags & ACK) === 0) {
    tcb.tcp.counters.droppedNoAck++;
    return false;
  }
  // RFC 9293 §3.10.4: in FIN-WAIT-1 too, if the user closed in SYN-RECEIVED
  if (!tcb.synAcknowledged) {
    if (!gt(segment.ack, snd.una) || gt(segment.ack, snd.nxt)) {
      replyToBadAck(tcb, segment); // <SEQ=SEG.ACK><CTL=RST>
      return false;
    }
    if (!completeHandshake(tcb, segment)) return false;
  }
  // RFC 5961 §5.2, RFC 9293 MAY-12: SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.NXT
  if (gt(segment.ack, snd.nxt) || lt(segment.ack, (snd.una - snd.maxWnd) | 0)) {
    tcb.tcp.counters.droppedBadAck++;
    challengeAck(tcb);
    return false;
  }
  if (tcb.state === TIME_WAIT) return true; // nothing is left to be acknowledged
  if (geq(segment.ack, snd.una)) processAck(tcb, segment);
  return afterAck(tcb);
}

/** SND.UNA =< SEG.ACK =< SND.NXT: the scoreboard, the round trip, the window, recovery and congestion control. */
function processAck(tcb: Tcb, segment: Segment): void {
  const snd = tcb.snd;
  const acked = (segment.ack - snd.una) | 0;
  const windowBefore = snd.wnd;
  if (acked > 0) acknowledge(tcb, segment, acked);
  else tcb.tcp.ackSummary.rtt = -1;
  updateSendWindow(tcb, segment);
  // RFC 9293 §3.8.6.1, SHLD-29: what the timer was armed for before is no reason to probe
  if (windowBefore > 0 && snd.wnd === 0) tcb.tcp.clock.disarm(tcb.persistTimer);
  const newlySacked = tcb.sackEnabled ? applySack(tcb, segment) : 0;
  if (tcb.sackEnabled && reportsDuplicate(segment)) tcb.duplicatesReported++;
  probesAnswered(tcb);
  tcb.softError = 0; // the peer is reached

  const summary = tcb.tcp.ackSummary;
  summary.acked = acked;
  summary.newlySacked = newlySacked;
  summary.isDuplicate = tcb.sackEnabled
    ? newlySacked > 0 // RFC 6675 §2
    : acked === 0 && windowBefore === snd.wnd && isDuplicate(tcb, segment);
  if (summary.isDuplicate) tcb.tcp.counters.duplicateAcksReceived++;
  if (tcb.congestion !== undefined) tcb.recovery.onAck(tcb, summary);
  // By partial ACKs, too: the "slow but steady" NewReno of RFC 6582 §4, since the impatient one would send again what
  // was sent less than an RTO ago (RFC 6298 §5, MUST NOT).
  if (acked > 0) acknowledgedNewData(tcb);
}

/**
 * The rest of RFC 5681 §2: outstanding data; no text, no SYN or FIN. An answer to a probe of a shut window is no duplicate:
 * nothing but the probe has arrived.
 */
function isDuplicate(tcb: Tcb, segment: Segment): boolean {
  const isAnswer = tcb.snd.wnd === 0 || tcb.scoreboard.count === 0;
  return !isAnswer && segment.dataLength === 0 && (segment.flags & (SYN | FIN)) === 0;
}

/** SND.UNA moves: what it passes leaves the ring and the scoreboard, and may tell the round-trip time. */
function acknowledge(tcb: Tcb, segment: Segment, acked: number): void {
  const { snd, scoreboard, doubt, tcp } = tcb;
  const summary = tcp.ackSummary;
  if (doubt.shortCopy !== 0 || doubt.claimedMtu !== 0) acknowledged(tcb, acked);
  snd.una = segment.ack;
  tcb.bytesAcked += acked;
  scoreboard.acknowledge(snd.una);
  if (snd.urgent && geq(snd.una, snd.up)) snd.urgent = false;
  summary.rtt = measureRoundTrip(tcb, segment);
  if (summary.rtt >= 0) tcb.rto.sample(summary.rtt);
  tcb.notify(); // the send buffer has room
}

/**
 * The round trip that this ACK tells, µs; -1: none. By Karn's rule (RFC 6298 §3) from a segment sent once; else by
 * timestamps (RFC 7323 §4.1), but not when the ACK reports the segment as a duplicate: then the first copy had
 * arrived, its ACK was lost, and the echo is as old as that copy.
 */
function measureRoundTrip(tcb: Tcb, segment: Segment): number {
  const sentAt = tcb.scoreboard.ackedSentAt;
  if (sentAt >= 0) return tcb.tcp.clock.now - sentAt;
  const canEcho = tcb.timestamps.enabled && segment.hasTimestamp && segment.timestampEcho !== 0;
  return canEcho && !reportsDuplicate(segment) ? echoedRoundTrip(tcb, segment.timestampEcho) : -1;
}

/** RFC 9293 §3.10.7.4: SND.WND follows the newest segment, not an old one that comes late. */
function updateSendWindow(tcb: Tcb, segment: Segment): void {
  const snd = tcb.snd;
  const isNewer = lt(snd.wl1, segment.seq) || (snd.wl1 === segment.seq && leq(snd.wl2, segment.ack));
  if (!isNewer) return;
  snd.wnd = segment.window << snd.scale; // RFC 7323 §2.3
  snd.wl1 = segment.seq;
  snd.wl2 = segment.ack;
  if (snd.wnd > snd.maxWnd) snd.maxWnd = snd.wnd;
}

/** What an acknowledgment of our FIN means in each state. Returns whether the segment goes on. */
function afterAck(tcb: Tcb): boolean {
  const snd = tcb.snd;
  const finAcked = snd.finQueued && gt(snd.una, snd.end);
  if (!finAcked || !isOneOf(tcb.state, (1 << FIN_WAIT_1) | (1 << CLOSING) | (1 << LAST_ACK))) return true;
  if (tcb.state === FIN_WAIT_1) {
    tcb.enter(FIN_WAIT_2);
    boundFinWait2(tcb);
    if (tcb.settings.finWait2Micros < 0 && tcb.orphaned) return false; // it is over
    tcb.notify();
    return true;
  }
  if (tcb.state === CLOSING) {
    enterTimeWait(tcb);
    return true;
  }
  enterClosed(tcb); // LAST-ACK
  return false;
}
