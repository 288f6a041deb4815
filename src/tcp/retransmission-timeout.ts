/** The retransmission timer: RFC 6298 §5, RFC 9293 §3.8.3, RFC 5681 §3.1. */
import { ETIMEDOUT } from "../base/errno.ts";
import { NEVER } from "../base/timer.ts";
import { transmit } from "./build.ts";
import { failConnection, removeEmbryonic } from "./end.ts";
import { ACK, SYN } from "./header.ts";
import { output } from "./output.ts";
import { sendShortCopy, timedOut } from "./path-mtu.ts";
import { probeWindow } from "./persist.ts";
import { isOneOf, SYN_RECEIVED, SYN_SENT, SYNCHRONIZED } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** From when on a timer counts as late, and for how long what has come in then has time to be read. */
const LATE_MICROS = 20_000;
const GRACE_MICROS = 5000;

/** Starts or restarts the timer. TCP_USER_TIMEOUT may end the wait sooner. */
export function armRetransmission(tcb: Tcb): void {
  const clock = tcb.tcp.clock;
  let delay = tcb.rto.rto;
  const userTimeout = tcb.settings.userTimeoutMicros;
  if (userTimeout > 0) delay = Math.min(delay, Math.max(0, unansweredSince(tcb) + userTimeout - clock.now));
  tcb.retransmissionDue = clock.now + delay;
  clock.armIn(tcb.retransmissionTimer, delay);
}

/**
 * On real time: a process that was kept from running, by its own work or by others, hears its timers before its links, where the
 * acknowledgment may have been waiting. So a timer that is late gives them one chance to speak.
 */
function isPremature(tcb: Tcb): boolean {
  const { clock } = tcb.tcp;
  if (clock.now - tcb.retransmissionDue < LATE_MICROS) return false;
  tcb.retransmissionDue = NEVER;
  clock.armIn(tcb.retransmissionTimer, GRACE_MICROS);
  return true;
}

/** When the wait for an acknowledgment began that the user timeout bounds, µs. */
function unansweredSince(tcb: Tcb): number {
  return tcb.retransmissions === 0 ? tcb.tcp.clock.now : tcb.recovery.stalledSince;
}

export function retransmissionTimeout(tcb: Tcb): void {
  if (isPremature(tcb)) return;
  if (tcb.synAcknowledged && tcb.snd.wnd === 0) {
    probeShrunkWindow(tcb);
    return;
  }
  const { clock, config, counters } = tcb.tcp;
  if (tcb.retransmissions === 0)
    tcb.recovery.stalledSince = tcb.scoreboard.firstSentAt(clock.now - tcb.rto.rto);
  if (isGivenUp(tcb)) return;
  counters.timeouts++;
  tcb.retransmissions++;
  // RFC 9293 §3.8.3, MUST-20: past R1 IP hears that the route is suspect
  if (tcb.retransmissions === config.suspectRetransmissions) tcb.tcp.paths.suspectRoute(tcb.remoteAddress);
  tcb.rto.backOff(); // RFC 6298 §5.5
  if (!tcb.synAcknowledged) {
    resendSyn(tcb);
    return;
  }
  timedOut(tcb);
  tcb.recovery.onTimeout(tcb);
  tcb.recovery.forceOne = true; // RFC 6298 §5.4: the earliest segment goes out
  output(tcb);
  sendShortCopy(tcb);
  armRetransmission(tcb); // RFC 6298 §5.6
}

/**
 * RFC 9293 §3.8.6.1, MUST-35: a window that was shrunk to zero with text in flight is probed like any other. The path is
 * not congested, and R2 does not count what the peer answers (§3.8.6, SHLD-17).
 */
function probeShrunkWindow(tcb: Tcb): void {
  tcb.rto.backOff();
  if (probeWindow(tcb)) armRetransmission(tcb);
}

/** The window is open again: what was in flight when it shut was dropped, and is sent again after one plain RTO. */
export function resumeAfterProbes(tcb: Tcb): void {
  tcb.rto.endBackOff();
  armRetransmission(tcb);
}

/** RFC 9293 §3.8.3: past R2, or the user's own limit, the connection is closed. */
function isGivenUp(tcb: Tcb): boolean {
  const config = tcb.tcp.config;
  const isEmbryo = tcb.state === SYN_RECEIVED && tcb.passive;
  let limit = config.maxRetransmissions;
  if (tcb.state === SYN_SENT) limit = tcb.settings.synRetransmissions || config.maxSynRetransmissions; // MUST-22, MUST-23
  if (tcb.state === SYN_RECEIVED) limit = synAckLimit(tcb);
  const userTimeout = tcb.settings.userTimeoutMicros;
  const isOverdue = userTimeout > 0 && tcb.tcp.clock.now - tcb.recovery.stalledSince >= userTimeout;
  // MUST-21: what the user says takes the place of R2, were it later; but not of SYNs, nor when the user is gone
  if (userTimeout > 0 && isOneOf(tcb.state, SYNCHRONIZED) && !tcb.orphaned) limit = Number.POSITIVE_INFINITY;
  if (!isOverdue && tcb.retransmissions < limit) return false;
  if (isEmbryo) removeEmbryonic(tcb);
  else failConnection(tcb, tcb.softError || ETIMEDOUT); // RFC 9293 §3.9.2.2, SHLD-25
  return true;
}

/** TCP_SYNCNT of a listener counts here too, and TCP_DEFER_ACCEPT gives a peer that has answered all its time (Linux, syn_ack_recalc). */
function synAckLimit(tcb: Tcb): number {
  const limit = tcb.settings.synRetransmissions || tcb.tcp.config.maxSynAckRetransmissions;
  return tcb.handshakeDeferred ? Math.max(limit, deferredTimes(tcb)) : limit;
}

function deferredTimes(tcb: Tcb): number {
  return tcb.listener?.settings.deferAccept ?? 0;
}

function resendSyn(tcb: Tcb): void {
  // A peer whose ACK was not taken gets its last chance when the time is nearly over.
  if (tcb.handshakeDeferred && tcb.retransmissions < deferredTimes(tcb)) {
    armRetransmission(tcb);
    return;
  }
  tcb.totalRetransmissions++;
  tcb.tcp.counters.retransmissions++;
  transmit(tcb, tcb.snd.iss, 0, tcb.state === SYN_SENT ? SYN : SYN | ACK);
  armRetransmission(tcb);
}

/** An acknowledgment of new data: RFC 6298 §5.2 and §5.3. */
export function acknowledgedNewData(tcb: Tcb): void {
  tcb.retransmissions = 0;
  if (tcb.snd.una === tcb.snd.nxt) tcb.tcp.clock.disarm(tcb.retransmissionTimer);
  else armRetransmission(tcb);
}
