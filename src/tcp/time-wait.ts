/** TIME-WAIT, and the bound of FIN-WAIT-2: RFC 9293 §3.6.1, RFC 6191. */
import { enterClosed, stopTimers } from "./end.ts";
import { noteTimeWait } from "./leftovers.ts";
import { sendReset } from "./reset.ts";
import type { Segment } from "./segment.ts";
import { geq, gt } from "./sequence.ts";
import { FIN_WAIT_2, TIME_WAIT } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** RFC 9293 §3.6.1, MUST-13: the one who closed first lingers for 2·MSL. */
export function enterTimeWait(tcb: Tcb): void {
  stopTimers(tcb);
  tcb.sendRing.clear();
  tcb.scoreboard.clear();
  tcb.enter(TIME_WAIT);
  restartTimeWait(tcb);
  noteTimeWait(tcb);
}

/** RFC 9293 §3.10.7.4, eighth: a repeated FIN restarts the 2·MSL timer. */
export function restartTimeWait(tcb: Tcb): void {
  tcb.tcp.clock.armIn(tcb.closingTimer, 2 * tcb.tcp.config.maxSegmentLifetimeMillis * 1000);
}

/**
 * A connection that its user has closed does not wait for ever for the peer's FIN. A half-closed one, whose user still
 * reads, does. TCP_LINGER2 says how long; when it says not at all, the connection is reset.
 */
export function boundFinWait2(tcb: Tcb): void {
  if (tcb.state !== FIN_WAIT_2 || !tcb.orphaned || tcb.closingTimer.armed) return;
  const { finWait2Micros } = tcb.settings;
  if (finWait2Micros < 0) {
    sendReset(tcb);
    enterClosed(tcb);
    return;
  }
  const wanted = finWait2Micros || tcb.tcp.config.finWait2TimeoutMillis * 1000;
  tcb.tcp.clock.armIn(tcb.closingTimer, Math.max(wanted, 3.5 * tcb.rto.rto)); // Linux, tcp_fin_time
}

export function closingTimeout(tcb: Tcb): void {
  if (tcb.state === TIME_WAIT || tcb.state === FIN_WAIT_2) enterClosed(tcb);
}

/**
 * Whether a SYN may open a new incarnation of a connection in TIME-WAIT: the cases of RFC 6191 §2, which without
 * timestamps come down to RFC 9293 §3.6.1, MAY-2.
 */
export function mayReopen(tcb: Tcb, segment: Segment): boolean {
  const isBeyond = geq(segment.seq, tcb.rcv.nxt);
  if (!segment.hasTimestamp || !tcb.tcp.config.timestamps) return isBeyond;
  if (!tcb.timestamps.enabled) return true;
  if (segment.timestampValue === tcb.timestamps.recent) return isBeyond;
  return gt(segment.timestampValue, tcb.timestamps.recent);
}

/** How old TS.Recent must be, µs, before one's own new connection may take the place: as Linux's tcp_tw_reuse. */
const REPLACEABLE_AFTER_MICROS = 1_000_000;

/**
 * Whether our own active open may take the place of a connection in TIME-WAIT: its timestamps make whatever is left of
 * the old one recognisable (RFC 7323 §5.3).
 */
export function mayReplace(tcb: Tcb): boolean {
  const { timestamps, tcp } = tcb;
  const age = tcp.clock.now - timestamps.recentAt;
  return tcb.state === TIME_WAIT && timestamps.enabled && age > REPLACEABLE_AFTER_MICROS;
}

/** An initial sequence number beyond all that the old incarnation may have used (RFC 9293 §3.6.1, MAY-2). */
export function sequenceBeyond(tcb: Tcb): number {
  return (tcb.snd.nxt + 65_536 + 2) | 0;
}
