/** SEGMENT ARRIVES in SYN-SENT, RFC 9293 §3.10.7.3. */
import { ECONNREFUSED } from "../base/errno.ts";
import type { Packet } from "../packet/packet.ts";
import { transmit } from "./build.ts";
import { checkFin } from "./check-fin.ts";
import { trim } from "./check-sequence.ts";
import { checkText } from "./check-text.ts";
import { checkUrgent } from "./check-urgent.ts";
import { ackHandshake } from "./delayed-ack.ts";
import { failConnection } from "./end.ts";
import { acceptSyn, establish, measureHandshake } from "./handshake.ts";
import { ACK, RST, SYN } from "./header.ts";
import { replyWithReset } from "./reset.ts";
import { armRetransmission } from "./retransmission-timeout.ts";
import type { Segment } from "./segment.ts";
import { gt, leq } from "./sequence.ts";
import { SYN_RECEIVED } from "./state.ts";
import type { Tcb } from "./tcb.ts";

export function arrivesSynSent(tcb: Tcb, segment: Segment, packet: Packet): void {
  const { flags } = segment;
  const snd = tcb.snd;
  // First, check the ACK bit.
  if ((flags & ACK) !== 0 && (leq(segment.ack, snd.iss) || gt(segment.ack, snd.nxt))) {
    tcb.tcp.counters.droppedBadAck++;
    replyWithReset(tcb.tcp, packet, segment);
    return;
  }
  // Second, check the RST bit: only one that acknowledges our SYN counts (RFC 5961 §3.2 leaves this row as it is).
  if ((flags & RST) !== 0) {
    if ((flags & ACK) === 0) return;
    tcb.tcp.counters.resetsReceived++;
    tcb.tcp.counters.failedOpens++;
    failConnection(tcb, ECONNREFUSED);
    return;
  }
  // Third, security: not implemented. Fourth, check the SYN bit. Fifth, without SYN it is dropped.
  if ((flags & SYN) === 0) return;
  acceptSyn(tcb, segment);
  snd.wnd = snd.maxWnd = segment.window;
  snd.wl1 = segment.seq;
  if ((flags & ACK) !== 0) completeOpen(tcb, segment, packet);
  else openSimultaneously(tcb);
}

/** Our SYN has been acknowledged: ESTABLISHED, and what else the segment carries is looked at (sixth to eighth checks). */
function completeOpen(tcb: Tcb, segment: Segment, packet: Packet): void {
  tcb.snd.una = segment.ack;
  measureHandshake(tcb, segment);
  establish(tcb, segment);
  ackHandshake(tcb);
  segment.seq = (segment.seq + 1) | 0;
  segment.flags &= ~SYN;
  trim(tcb, segment);
  checkUrgent(tcb, segment);
  checkText(tcb, segment, packet);
  checkFin(tcb, segment);
}

/** RFC 9293 §3.5, MUST-10: two SYNs have crossed. <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK> */
function openSimultaneously(tcb: Tcb): void {
  tcb.enter(SYN_RECEIVED);
  transmit(tcb, tcb.snd.iss, 0, SYN | ACK);
  armRetransmission(tcb);
}
