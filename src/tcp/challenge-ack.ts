import { ackNow } from "./delayed-ack.ts";
import type { Tcb } from "./tcb.ts";

const SECOND_MICROS = 1_000_000;

/**
 * Tells a peer that may have lost its state, or an attacker who guesses, what we expect (RFC 5961 §3.2, §4.2, §5.2). The
 * bound of §7 is per connection: a global one can be read from outside (CVE-2016-5696).
 */
export function challengeAck(tcb: Tcb): void {
  const { clock, config, counters } = tcb.tcp;
  if (clock.now - tcb.challengeSecond >= SECOND_MICROS) {
    tcb.challengeSecond = clock.now;
    tcb.challenges = 0;
  }
  if (tcb.challenges >= config.challengeAcksPerSecond) return;
  tcb.challenges++;
  counters.challengeAcks++;
  ackNow(tcb);
}
