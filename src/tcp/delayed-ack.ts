/** When to acknowledge: RFC 9293 §3.8.6.3, RFC 5681 §4.2. */
import { ACK_DELAYED, ACK_NONE, ACK_NOW, type Tcb } from "./tcb.ts";

/** Text of `length` bytes came in order: every second full segment is acknowledged at once, others may wait. */
export function delayAck(tcb: Tcb, length: number): void {
  const rcv = tcb.rcv;
  if (length > rcv.observedMss) rcv.observedMss = Math.min(length, rcv.mss);
  tcb.unackedBytes += length;
  // RFC 9293 §3.8.6.3, SHLD-19: at least every 2·RMSS bytes
  if (tcb.unackedBytes >= 2 * rcv.observedMss) ackNow(tcb);
  else if (tcb.ackPending === ACK_NONE) {
    tcb.ackPending = ACK_DELAYED;
    // RFC 9293 §3.8.6.3, MUST-40: in less than half a second
    tcb.tcp.clock.armIn(tcb.ackTimer, tcb.tcp.config.delayedAckMillis * 1000);
  }
}

/** Owes the peer an ACK that leaves at the end of this event. */
export function ackNow(tcb: Tcb): void {
  tcb.ackPending = ACK_NOW;
  tcb.touch();
}

/** A segment with an acknowledgment leaves: nothing is owed any more. */
export function ackSent(tcb: Tcb): void {
  tcb.ackPending = ACK_NONE;
  tcb.unackedBytes = 0;
  tcb.timestamps.lastAckSent = tcb.rcv.nxt;
  tcb.tcp.clock.disarm(tcb.ackTimer);
}
