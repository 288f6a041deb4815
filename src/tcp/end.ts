/** How connections end: out of every table, timers stopped, memory given back, and the user told why. */

import { CLOSED } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** Enters CLOSED and deletes the TCB from TCP's tables. Text that has come and was not read stays readable. */
export function enterClosed(tcb: Tcb): void {
  if (tcb.state === CLOSED) return;
  tcb.tcp.forget(tcb);
  stopTimers(tcb);
  tcb.sendRing.clear();
  tcb.scoreboard.clear();
  tcb.outOfOrder.clear();
  if (tcb.orphaned || tcb.receiveQueue === 0) tcb.receiveRing.clear();
  tcb.snd.una = tcb.snd.nxt = tcb.snd.end; // nothing is queued or in flight any more
  tcb.enter(CLOSED);
  tcb.notify();
}

/** The connection ends with an error (positive errno) that the user hears of with the next call (RFC 9293 §3.9.1.8). */
export function failConnection(tcb: Tcb, errno: number): void {
  if (!tcb.orphaned) tcb.error = errno;
  enterClosed(tcb);
}

/** An embryonic connection goes without a word to the user: its listener has never shown it. */
export function removeEmbryonic(tcb: Tcb): void {
  tcb.listener?.queue?.embryonic.delete(tcb);
  tcb.listener = undefined;
  tcb.orphaned = true;
  tcb.tcp.counters.failedOpens++;
  enterClosed(tcb);
}

export function stopTimers(tcb: Tcb): void {
  const timers = tcb.tcp.clock.timers;
  timers.remove(tcb.retransmissionTimer);
  timers.remove(tcb.persistTimer);
  timers.remove(tcb.ackTimer);
  timers.remove(tcb.keepAliveTimer);
  timers.remove(tcb.closingTimer);
  if (tcb.pacing !== undefined) timers.remove(tcb.pacing.timer);
}
