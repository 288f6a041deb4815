/**
 * Connections that live on without a user: those that still have something to bring to their peer, and those in
 * TIME-WAIT. A peer can make many of them and keep each alive (naptha, CVE-2000-1039, CVE-2009-1926), so each kind
 * has a bound, beyond which the oldest goes.
 */
import { enterClosed } from "./end.ts";
import { sendReset } from "./reset.ts";
import type { Tcb } from "./tcb.ts";

/** The user is gone, the connection is not: see `maxOrphans` in config.ts. */
export function noteOrphan(tcb: Tcb): void {
  const { orphans, config, counters } = tcb.tcp;
  orphans.add(tcb);
  if (orphans.size <= config.maxOrphans) return;
  const [oldest] = orphans;
  counters.evictedOrphans++;
  sendReset(oldest!); // the peer shall not wait for the rest
  enterClosed(oldest!);
}

/** The connection lingers in TIME-WAIT: see `maxTimeWait` in config.ts. */
export function noteTimeWait(tcb: Tcb): void {
  const { orphans, timeWaits, config, counters } = tcb.tcp;
  orphans.delete(tcb);
  timeWaits.add(tcb);
  if (timeWaits.size <= config.maxTimeWait) return;
  const [oldest] = timeWaits;
  counters.evictedTimeWaits++;
  enterClosed(oldest!);
}
