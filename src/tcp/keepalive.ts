/** Keep-alive: RFC 9293 §3.8.4. Off unless the user asks (MUST-24, MUST-25). */
import { ETIMEDOUT } from "../base/errno.ts";
import { abort } from "./abort.ts";
import { transmit } from "./build.ts";
import { ACK } from "./header.ts";
import { CLOSED, isOneOf, SYNCHRONIZED, TIME_WAIT } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** Starts or stops the timer when the user switches, or the connection becomes established. */
export function armKeepAlive(tcb: Tcb): void {
  const clock = tcb.tcp.clock;
  const applies = tcb.settings.keepAlive && isOneOf(tcb.state, SYNCHRONIZED) && tcb.state !== TIME_WAIT;
  if (!applies) clock.disarm(tcb.keepAliveTimer);
  else clock.arm(tcb.keepAliveTimer, Math.max(clock.now, tcb.lastReceivedAt + tcb.settings.keepIdleMicros));
}

/** The timer is not moved at every segment: it looks when it fires whether anything has come since (MUST-26). */
export function keepAliveTimeout(tcb: Tcb): void {
  const { clock, counters } = tcb.tcp;
  const { keepIdleMicros, keepIntervalMicros, keepCount, userTimeoutMicros } = tcb.settings;
  if (tcb.state === CLOSED || tcb.state === TIME_WAIT) return;
  const idle = clock.now - tcb.lastReceivedAt;
  // Text in flight, and a probe of the window, are answered as well.
  const asksAlready = tcb.snd.nxt !== tcb.snd.una || tcb.persistTimer.armed;
  if (idle < keepIdleMicros || asksAlready) {
    clock.armIn(tcb.keepAliveTimer, idle < keepIdleMicros ? keepIdleMicros - idle : keepIntervalMicros);
    return;
  }
  const isOverdue =
    userTimeoutMicros > 0 ? tcb.probes > 0 && idle >= userTimeoutMicros : tcb.probes >= keepCount;
  if (isOverdue) {
    abort(tcb, tcb.softError || ETIMEDOUT); // MUST-29: only after several unanswered ones
    return;
  }
  tcb.probes++;
  counters.keepAliveProbesSent++;
  // SHLD-12: no data; an old sequence number, which must be answered
  transmit(tcb, (tcb.snd.nxt - 1) | 0, 0, ACK);
  clock.armIn(tcb.keepAliveTimer, keepIntervalMicros);
}
