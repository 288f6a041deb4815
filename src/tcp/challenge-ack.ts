import { ackNow } from "./delayed-ack.ts";
import { FIN } from "./header.ts";
import type { Segment } from "./segment.ts";
import type { Tcb } from "./tcb.ts";

const SECOND_MICROS = 1_000_000;
/** As Linux's tcp_invalid_ratelimit. */
const QUIET_MICROS = 500_000;

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

/**
 * Answers a segment that is dropped for its sequence number or timestamp, so that the peer learns where we are. One that
 * carries nothing is answered twice a second at most: if the peer thinks as ill of the answer, it answers that, and two
 * confused ends would go on for ever (Joncheray's ACK storm).
 */
export function answerUnacceptable(tcb: Tcb, segment: Segment): void {
  if (segment.dataLength === 0 && (segment.flags & FIN) === 0) {
    const now = tcb.tcp.clock.now;
    if (now - tcb.answeredAt < QUIET_MICROS) return;
    tcb.answeredAt = now;
  }
  ackNow(tcb);
}
