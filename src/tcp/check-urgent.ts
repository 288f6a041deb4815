/** Sixth: the URG bit, RFC 9293 §3.10.7.4 and §3.8.5, RFC 6093. */
import { URG } from "./header.ts";
import { passUrgentOctet } from "./receive.ts";
import type { Segment } from "./segment.ts";
import { gt, leq } from "./sequence.ts";
import { CAN_RECEIVE, isOneOf } from "./state.ts";
import type { Tcb } from "./tcb.ts";

export function checkUrgent(tcb: Tcb, segment: Segment): void {
  if ((segment.flags & URG) === 0 || segment.urgentPointer === 0) return;
  if (!isOneOf(tcb.state, CAN_RECEIVE)) return;
  const rcv = tcb.rcv;
  // RFC 6093 §2, RFC 9293 MUST-62: the pointer stands just behind the last urgent octet
  const up = (segment.seq + segment.urgentPointer) | 0;
  if (rcv.urgent && !gt(up, rcv.up)) return;
  if (leq(up, rcv.read)) return; // the user is past it
  passUrgentOctet(tcb);
  rcv.up = up;
  rcv.urgent = true;
  rcv.urgentTaken = false;
  tcb.notify(); // MUST-32: the user hears of it
}
