/** Seventh: the segment's text, RFC 9293 §3.10.7.4. */
import { ECONNRESET } from "../base/errno.ts";
import type { Packet } from "../packet/packet.ts";
import { ackNow, delayAck } from "./delayed-ack.ts";
import { enterClosed, failConnection } from "./end.ts";
import { acceptText, noteOverlap } from "./reassembly.ts";
import { sendReset } from "./reset.ts";
import type { Segment } from "./segment.ts";
import { CAN_RECEIVE, ESTABLISHED, isOneOf } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** `segment` has been trimmed: it lies in the window. */
export function checkText(tcb: Tcb, segment: Segment, packet: Packet): void {
  const { dataLength, seq } = segment;
  if (dataLength === 0 || !isOneOf(tcb.state, CAN_RECEIVE)) return;
  const counters = tcb.tcp.counters;
  if (tcb.orphaned) {
    // RFC 9293 §3.6.1, SHLD-3: nobody will ever read it, and the peer is told so
    sendReset(tcb);
    enterClosed(tcb);
    return;
  }
  if (tcb.readShutdown && tcb.state !== ESTABLISHED) {
    // The user has shut both sides, which is as good as a close: Linux resets too (tcp_rcv_state_process)
    sendReset(tcb);
    failConnection(tcb, ECONNRESET);
    return;
  }
  const rcv = tcb.rcv;
  const end = (seq + dataLength) | 0;
  const inOrder = seq === rcv.nxt;
  const fillsHole = inOrder && tcb.outOfOrder.count > 0;
  if (tcb.outOfOrder.count > 0) noteOverlap(tcb, seq, end);
  const before = rcv.nxt;
  if (!acceptText(tcb, packet.slab.bytes, segment.dataOffset, seq, dataLength)) {
    counters.droppedReassemblyFull++;
    ackNow(tcb);
    return;
  }
  tcb.bytesReceived += (rcv.nxt - before) | 0; // as Linux (tcp_rcv_nxt_update): what fills the stream, and each octet once
  tcb.dataSegmentsIn += segment.count;
  if (!inOrder) {
    tcb.outOfOrderSegments += segment.count;
    counters.outOfOrderSegments += segment.count;
    ackNow(tcb); // RFC 5681 §4.2, RFC 9293 MAY-13: the sender needs to know at once
    return;
  }
  if (fillsHole) ackNow(tcb);
  else delayAck(tcb, segment);
  tcb.notify();
}
