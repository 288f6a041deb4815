/**
 * SEGMENT ARRIVES in SYN-RECEIVED and the synchronized states, RFC 9293 §3.10.7.4: the eight checks in their order.
 * Each returns whether the segment goes on to the next. The third, security, is not implemented.
 */
import type { Packet } from "../packet/packet.ts";
import { checkAck } from "./check-ack.ts";
import { checkFin } from "./check-fin.ts";
import { checkReset } from "./check-reset.ts";
import { checkSequence, trim } from "./check-sequence.ts";
import { checkSyn } from "./check-syn.ts";
import { checkText } from "./check-text.ts";
import { checkUrgent } from "./check-urgent.ts";
import type { Segment } from "./segment.ts";
import type { Tcb } from "./tcb.ts";
import { checkTimestamp, updateRecentTimestamp } from "./timestamps.ts";

export function arrivesSynchronized(tcb: Tcb, segment: Segment, packet: Packet): void {
  tcb.touch();
  if (!checkTimestamp(tcb, segment)) return; // RFC 7323 §5.3, R1
  if (!checkSequence(tcb, segment)) return; // first
  tcb.lastReceivedAt = tcb.tcp.clock.now;
  if (!checkReset(tcb, segment)) return; // second
  if (!checkSyn(tcb, segment)) return; // fourth
  if (!checkAck(tcb, segment)) return; // fifth
  updateRecentTimestamp(tcb, segment); // RFC 7323 §4.3 (3); not before RFC 5961 §5 has judged the segment
  trim(tcb, segment);
  checkUrgent(tcb, segment); // sixth
  checkText(tcb, segment, packet); // seventh
  checkFin(tcb, segment); // eighth
}
