/** First: the sequence number, RFC 9293 §3.10.7.4 and §3.4. */

import { transmit } from "./build.ts";
import { answerUnacceptable, challengeAck } from "./challenge-ack.ts";
import { repeatedFin } from "./check-fin.ts";
import { ackNow } from "./delayed-ack.ts";
import { ACK, FIN, RST, SYN } from "./header.ts";
import { noteDuplicate } from "./reassembly.ts";
import type { Segment } from "./segment.ts";
import { distance, lt, min } from "./sequence.ts";
import { SYN_RECEIVED } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** Whether any of the segment lies in the window. An unacceptable one is answered with an ACK and dropped, a reset just dropped. */
export function checkSequence(tcb: Tcb, segment: Segment): boolean {
  if (isCrossedSynAck(tcb, segment)) {
    segment.seq = tcb.rcv.nxt;
    segment.flags &= ~SYN;
    return true;
  }
  if (isAcceptable(tcb, segment)) return true;
  tcb.tcp.counters.droppedOutsideWindow++;
  if ((segment.flags & RST) !== 0) return false;
  if (isRepeatedSyn(tcb, segment)) {
    // The peer has not seen our SYN-ACK: the ACK that is due is sent with it.
    transmit(tcb, tcb.snd.iss, 0, SYN | ACK);
    return false;
  }
  if ((segment.flags & SYN) !== 0) {
    challengeAck(tcb); // RFC 5961 §4.2: irrespective of the sequence number
    return false;
  }
  repeatedFin(tcb, segment);
  // with a window of zero part of it may be new
  const end = min((segment.seq + segment.dataLength) | 0, tcb.rcv.nxt);
  noteDuplicate(tcb, segment.seq, end);
  answerUnacceptable(tcb, segment);
  return false;
}

/**
 * The table of RFC 9293 §3.10.7.4, first check; but for one case. A sender that has filled the window acknowledges from
 * just behind it. Were that refused, two of them would answer each other's ACKs for ever and hear nothing.
 */
function isAcceptable(tcb: Tcb, segment: Segment): boolean {
  const rcv = tcb.rcv;
  const window = rcv.wnd;
  const length = segment.length;
  // A zero window takes no text, but valid ACKs, URGs and RSTs (MUST-66), and a FIN, which needs no buffer.
  if (window === 0) return segment.seq === rcv.nxt;
  const first = distance(segment.seq, rcv.nxt);
  if (first >= 0 && first < window) return true;
  if (length === 0 && (segment.flags & RST) === 0) return first === window;
  const last = (first + length - 1) | 0;
  return length > 0 && last >= 0 && last < window;
}

/** RFC 9293 §3.5, figure 7, line 6: the SYN that crossed ours comes again with the acknowledgment of ours. */
function isCrossedSynAck(tcb: Tcb, segment: Segment): boolean {
  const { rcv, state, passive } = tcb;
  return (
    state === SYN_RECEIVED &&
    !passive &&
    (segment.flags & (SYN | ACK | RST)) === (SYN | ACK) &&
    segment.seq === rcv.irs &&
    rcv.nxt === ((rcv.irs + 1) | 0)
  );
}

function isRepeatedSyn(tcb: Tcb, segment: Segment): boolean {
  return tcb.state === SYN_RECEIVED && (segment.flags & (SYN | ACK)) === SYN && segment.seq === tcb.rcv.irs;
}

/** RFC 9293 §3.10.7.4: the segment is made to begin at RCV.NXT and to fit the window, so the later checks are simple. */
export function trim(tcb: Tcb, segment: Segment): void {
  const rcv = tcb.rcv;
  if (lt(segment.seq, rcv.nxt)) {
    const old = Math.min((rcv.nxt - segment.seq) | 0, segment.dataLength);
    noteDuplicate(tcb, segment.seq, (segment.seq + old) | 0);
    if (segment.count > 1 && old >= segment.fullLength) ackNow(tcb); // by itself the first would have been answered
    segment.seq = (segment.seq + old) | 0;
    segment.dataOffset += old;
    segment.dataLength -= old;
    segment.urgentPointer = Math.max(0, segment.urgentPointer - old);
  }
  // Behind the peer's FIN there is nothing, whatever a segment says.
  const limit = rcv.finSeen ? min(rcv.edge, rcv.fin) : rcv.edge;
  const excess = (segment.seq + segment.dataLength - limit) | 0;
  if (excess > 0 && segment.dataLength > 0) {
    segment.dataLength = Math.max(0, segment.dataLength - excess);
    segment.flags &= ~FIN;
    ackNow(tcb); // the peer thinks that the window is wider than it is, or probes it
  }
}
