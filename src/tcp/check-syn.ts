/** Fourth: the SYN bit, RFC 9293 §3.10.7.4 with RFC 5961 §4. */
import { challengeAck } from "./challenge-ack.ts";
import { removeEmbryonic } from "./end.ts";
import { ACK, SYN } from "./header.ts";
import type { Segment } from "./segment.ts";
import { SYN_RECEIVED } from "./state.ts";
import type { Tcb } from "./tcb.ts";

export function checkSyn(tcb: Tcb, segment: Segment): boolean {
  if ((segment.flags & SYN) === 0) return true;
  // A passive open returns to LISTEN; but the SYN-ACK of a simultaneous open is no new SYN.
  if (tcb.state === SYN_RECEIVED && tcb.passive && (segment.flags & ACK) === 0) removeEmbryonic(tcb);
  else challengeAck(tcb); // RFC 5961 §4.2, MUST
  return false;
}
