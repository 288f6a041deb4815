/**
 * The persist timer: text waits, nothing is in flight, so no ACK will come by itself. When the window is zero it is
 * probed (RFC 9293 §3.8.6.1); when a small segment is held back, this is the override timer of §3.8.6.2.1.
 */
import { ETIMEDOUT } from "../base/errno.ts";
import { transmit } from "./build.ts";
import { failConnection } from "./end.ts";
import { ACK, FIN, PSH } from "./header.ts";
import { output } from "./output.ts";
import { resumeAfterProbes } from "./retransmission-timeout.ts";
import { gt } from "./sequence.ts";
import type { Tcb } from "./tcb.ts";

/** RFC 9293 §3.8.6.2.1: the override timeout should be 0.1 to 1.0 s. */
const OVERRIDE_MICROS = 200_000;

/** Arms the timer if it is needed, after output has sent what it could. */
export function armPersist(tcb: Tcb): void {
  if (!isStuck(tcb) || tcb.persistTimer.armed) return;
  tcb.tcp.clock.armIn(tcb.persistTimer, tcb.snd.wnd > 0 ? OVERRIDE_MICROS : probeInterval(tcb));
}

/** Text or FIN waits, and nothing but a probe is out whose acknowledgment could let it go. */
function isStuck(tcb: Tcb): boolean {
  const snd = tcb.snd;
  const waits = gt(snd.end, snd.una) || (snd.finQueued && snd.una === snd.end);
  return waits && (tcb.probing || snd.nxt === snd.una);
}

/** RFC 9293 §3.8.6.1: the first probe after one RTO (SHLD-29), then ever doubling intervals (SHLD-30). */
function probeInterval(tcb: Tcb): number {
  const longest = tcb.tcp.config.maxRtoMillis * 1000;
  const doubled = Math.min(longest, tcb.rto.rto * 2 ** Math.min(tcb.probesSent, 20));
  const userTimeout = tcb.settings.userTimeoutMicros;
  if (userTimeout === 0 || tcb.probes === 0) return doubled;
  return Math.min(doubled, Math.max(0, tcb.recovery.stalledSince + userTimeout - tcb.tcp.clock.now));
}

export function persistTimeout(tcb: Tcb): void {
  if (!isStuck(tcb)) return; // what waited has left since, or was taken by probes
  if (tcb.snd.wnd > 0) {
    tcb.sendSmall = true;
    output(tcb);
    tcb.sendSmall = false;
  } else if (probeWindow(tcb)) {
    tcb.tcp.clock.armIn(tcb.persistTimer, probeInterval(tcb));
  }
}

/**
 * Probes a zero window, unless it is time to give up; returns whether the connection lives. It stays open as long as
 * probes are answered (RFC 9293 §3.8.6.1, MUST-37); but a peer that keeps its window shut cannot for ever hold what
 * the user has let go (RFC 6429 §3, CVE-2009-1926).
 */
export function probeWindow(tcb: Tcb): boolean {
  const now = tcb.tcp.clock.now;
  if (tcb.probes === 0) tcb.recovery.stalledSince = now;
  const userTimeout = tcb.settings.userTimeoutMicros;
  const isOverdue = userTimeout > 0 && tcb.probes > 0 && now - tcb.recovery.stalledSince >= userTimeout;
  const limit = tcb.tcp.config.maxRetransmissions;
  if (isOverdue || tcb.probes >= limit || (tcb.orphaned && tcb.probesSent >= limit)) {
    failConnection(tcb, tcb.softError || ETIMEDOUT);
    return false;
  }
  sendWindowProbe(tcb);
  return true;
}

/**
 * Sends the first unacknowledged octet, or the FIN, into a zero window (RFC 9293 §3.8.6.1, MUST-36). While it is out
 * SND.NXT counts it; if the window opens and it was not taken, SND.NXT goes back: see {@link probesAnswered}.
 */
function sendWindowProbe(tcb: Tcb): void {
  const snd = tcb.snd;
  tcb.probes++;
  tcb.probesSent++;
  tcb.tcp.counters.zeroWindowProbesSent++;
  const hasText = gt(snd.end, snd.una);
  if (snd.nxt === snd.una) {
    snd.nxt = (snd.una + 1) | 0;
    tcb.probing = true;
  } else {
    tcb.scoreboard.noteProbe();
  }
  transmit(tcb, snd.una, hasText ? 1 : 0, ACK | (hasText ? PSH : FIN));
}

/** A segment with an acceptable ACK came: the peer is there. If its window has opened, sending goes on. */
export function probesAnswered(tcb: Tcb): void {
  const snd = tcb.snd;
  tcb.probes = 0;
  if (snd.wnd === 0) tcb.retransmissions = 0; // RFC 9293 §3.8.6, SHLD-17: probes of a shrunk window do not count
  const wasTaken = snd.una === snd.nxt;
  if (tcb.probing && (wasTaken || snd.wnd > 0)) {
    tcb.probing = false;
    snd.nxt = snd.una;
  }
  if (snd.wnd === 0) return;
  if (tcb.probesSent > 0 && snd.nxt !== snd.una) resumeAfterProbes(tcb);
  tcb.probesSent = 0;
  tcb.tcp.clock.disarm(tcb.persistTimer);
}
