/** Second: the RST bit, RFC 9293 §3.10.7.4 with RFC 5961 §3. */
import { ECONNREFUSED, ECONNRESET, EPIPE } from "../base/errno.ts";
import { challengeAck } from "./challenge-ack.ts";
import { enterClosed, failConnection, removeEmbryonic } from "./end.ts";
import { RST } from "./header.ts";
import type { Segment } from "./segment.ts";
import { CLOSE_WAIT, CLOSING, isOneOf, LAST_ACK, SYN_RECEIVED, TIME_WAIT } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** States in which both sides have said all. */
const SAID_ALL = (1 << CLOSING) | (1 << LAST_ACK);

export function checkReset(tcb: Tcb, segment: Segment): boolean {
  if ((segment.flags & RST) === 0) return true;
  // RFC 5961 §3.2: only the exact sequence number resets; another one in the window is challenged
  if (segment.seq !== tcb.rcv.nxt) {
    challengeAck(tcb);
    return false;
  }
  tcb.tcp.counters.resetsReceived++;
  if (tcb.state === SYN_RECEIVED) {
    // RFC 9293 §3.10.7.4, MUST-11: a passive open returns to LISTEN silently, an active one was refused
    if (tcb.passive) removeEmbryonic(tcb);
    else failConnection(tcb, ECONNREFUSED);
  } else if (tcb.state === TIME_WAIT) {
    enterClosed(tcb);
  } else if (isOneOf(tcb.state, SAID_ALL)) {
    failConnection(tcb, ECONNRESET); // our FIN was not acknowledged: what we sent may not have arrived
  } else {
    tcb.tcp.counters.establishedResets++;
    // RFC 9293 §3.6, MUST-12: not the end of the stream. Behind that end it is EPIPE, as on Linux
    failConnection(tcb, tcb.state === CLOSE_WAIT ? EPIPE : ECONNRESET);
  }
  return false;
}
