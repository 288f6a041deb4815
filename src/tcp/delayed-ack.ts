/**
 * When to acknowledge: RFC 9293 §3.8.6.3, RFC 5681 §4.2. As on Linux the first ACKs are quick ones: a sender in slow start
 * may have a window of no two segments, and would wait for the ACK that waits for its second. In a conversation ("ping-pong")
 * they are delayed from the first answer on: the next answer will carry them.
 */
import { output } from "./output.ts";
import type { Segment } from "./segment.ts";
import { CLOSE_WAIT, ESTABLISHED } from "./state.ts";
import { ACK_DELAYED, ACK_NONE, ACK_NOW, type Tcb } from "./tcb.ts";

/** How long the last ACK of a handshake waits for text to ride on, µs, as Linux's TCP_DELACK_MAX. */
const HANDSHAKE_DELAY_MICROS = 200_000;

/** The text of `segment` came in order: every second full segment is acknowledged at once, others may wait. */
export function delayAck(tcb: Tcb, segment: Segment): void {
  const rcv = tcb.rcv;
  const { fullLength, count } = segment;
  // the peer says what is full to it where it sends many together
  if (fullLength > rcv.observedMss || count > 1) rcv.observedMss = Math.min(fullLength, rcv.mss);
  grantQuickAcks(tcb);
  tcb.unackedBytes += segment.dataLength;
  // RFC 9293 §3.8.6.3, SHLD-19: at least every 2·RMSS bytes
  if (tcb.unackedBytes >= 2 * rcv.observedMss || (tcb.quickAcks > 0 && !tcb.pingPong)) ackNow(tcb);
  else if (tcb.ackPending === ACK_NONE) {
    tcb.ackPending = ACK_DELAYED;
    // RFC 9293 §3.8.6.3, MUST-40: in less than half a second
    tcb.tcp.clock.armIn(tcb.ackTimer, tcb.tcp.config.delayedAckMillis * 1000);
  }
}

/** The connection's first text, or the first after a pause in which the peer's window has gone back to its beginnings. */
function grantQuickAcks(tcb: Tcb): void {
  const { now } = tcb.tcp.clock;
  const isFirst = tcb.lastTextAt === Number.NEGATIVE_INFINITY;
  const isAfterPause = now - tcb.lastTextAt > tcb.rto.rto;
  tcb.lastTextAt = now;
  if (!isFirst && !isAfterPause) return;
  const flight = Math.floor(tcb.rcv.wnd / (2 * tcb.rcv.observedMss));
  tcb.quickAcks = Math.min(tcb.tcp.config.quickAcks, Math.max(2, flight));
}

/** Text leaves. When it may be the answer to what has just come, this is a conversation. */
export function noteAnswer(tcb: Tcb): void {
  const { clock, config } = tcb.tcp;
  if (clock.now - tcb.lastTextAt < config.delayedAckMillis * 1000) tcb.pingPong = true;
}

/** Owes the peer an ACK that leaves at the end of this event. */
export function ackNow(tcb: Tcb): void {
  tcb.ackPending = ACK_NOW;
  tcb.touch();
}

/**
 * Our SYN was acknowledged. The ACK that is due waits for the user's text if there is a reason to expect some: TCP_QUICKACK
 * was turned off, or TCP_DEFER_ACCEPT on (Linux, tcp_rcv_synsent_state_process).
 */
export function ackHandshake(tcb: Tcb): void {
  if (!tcb.pingPong && tcb.settings.deferAccept === 0) {
    ackNow(tcb);
    return;
  }
  tcb.ackPending = ACK_DELAYED;
  tcb.tcp.clock.armIn(tcb.ackTimer, HANDSHAKE_DELAY_MICROS);
}

/** A segment with an acknowledgment leaves: nothing is owed any more. */
export function ackSent(tcb: Tcb): void {
  if (tcb.quickAcks > 0 && tcb.ackPending !== ACK_NONE) tcb.quickAcks--;
  tcb.ackPending = ACK_NONE;
  tcb.unackedBytes = 0;
  tcb.timestamps.lastAckSent = tcb.rcv.nxt;
  tcb.tcp.clock.disarm(tcb.ackTimer);
}

/**
 * TCP_QUICKACK: 0 has ACKs delayed as in a conversation; another value ends that, and an ACK that waits leaves. Of those, odd
 * ones stay in force until our next answer, even ones are for this moment only (Linux, __tcp_sock_set_quickack).
 */
export function setQuickAck(tcb: Tcb, value: number): void {
  tcb.pingPong = value === 0;
  if (value === 0 || tcb.ackPending === ACK_NONE) return;
  if (tcb.state !== ESTABLISHED && tcb.state !== CLOSE_WAIT) return;
  tcb.ackPending = ACK_NOW;
  output(tcb);
  tcb.pingPong = (value & 1) === 0;
}

/** TCP_QUICKACK as `getsockopt` tells it: whether this is no conversation. */
export function quickAck(tcb: Tcb): boolean {
  return !tcb.pingPong;
}
