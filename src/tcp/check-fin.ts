/** Eighth: the FIN bit, RFC 9293 §3.10.7.4. */
import { ackNow } from "./delayed-ack.ts";
import { FIN } from "./header.ts";
import { highestReceived } from "./reassembly.ts";
import type { Segment } from "./segment.ts";
import { gt } from "./sequence.ts";
import { CLOSE_WAIT, CLOSING, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, TIME_WAIT } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { enterTimeWait, restartTimeWait } from "./time-wait.ts";

export function checkFin(tcb: Tcb, segment: Segment): void {
  const rcv = tcb.rcv;
  const fin = (segment.seq + segment.dataLength) | 0;
  // One that stands before text that has come is forged or a mistake: it would cut the stream off.
  if ((segment.flags & FIN) !== 0 && !rcv.finSeen && !gt(highestReceived(tcb), fin)) {
    rcv.finSeen = true;
    rcv.fin = fin;
    if (fin !== rcv.nxt) ackNow(tcb); // ahead of missing text: it waits
  }
  if (!rcv.finSeen || rcv.closed || rcv.fin !== rcv.nxt) return;
  rcv.closed = true;
  rcv.nxt = (rcv.nxt + 1) | 0;
  if (rcv.wnd < 0) rcv.edge = rcv.nxt;
  ackNow(tcb);
  tcb.notify();
  // In FIN-WAIT-1 our FIN is not acknowledged yet: the fifth check would have gone to FIN-WAIT-2.
  if (tcb.state === ESTABLISHED) tcb.enter(CLOSE_WAIT);
  else if (tcb.state === FIN_WAIT_1) tcb.enter(CLOSING);
  else if (tcb.state === FIN_WAIT_2) enterTimeWait(tcb);
}

/** A FIN that was answered comes again: the ACK was lost. It lies left of the window, so the first check sees it. */
export function repeatedFin(tcb: Tcb, segment: Segment): void {
  if (tcb.state === TIME_WAIT && (segment.flags & FIN) !== 0) restartTimeWait(tcb);
}
