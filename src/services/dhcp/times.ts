/** When a DHCP client speaks again (RFC 2131 §4.1, §4.4.5). Everything is in microseconds. */
import { NEVER } from "../../base/timer.ts";
import type { Host } from "../../host/host.ts";
import type { Lease } from "./lease.ts";

type Random = Host["random"];

export const MICROS_PER_SECOND = 1_000_000;
/** RFC 2131 §4.1: the first retransmission after 4 s, each interval twice the one before up to 64 s, ± 1 s each. */
const FIRST_INTERVAL = 4;
const LAST_INTERVAL = 64;
/** RFC 2131 §4.4.5: what is left of the time halves down to this. */
const LEAST_RENEWAL_INTERVAL = 60 * MICROS_PER_SECOND;

/** From the `attempts`-th transmission, from 1, to the next. */
export function retransmissionInterval(attempts: number, random: Random): number {
  const seconds = Math.min(FIRST_INTERVAL * 2 ** (attempts - 1), LAST_INTERVAL);
  return (seconds - 1) * MICROS_PER_SECOND + random.below(2 * MICROS_PER_SECOND + 1);
}

/** From one transmission to the next with `left` to the end of the state; {@link NEVER}: the state ends before. */
export function renewalInterval(left: number): number {
  const next = Math.max(Math.floor(left / 2), LEAST_RENEWAL_INTERVAL);
  return next < left ? next : NEVER;
}

/** The times of a lease, T1, T2 and its end, that counts from `since`. */
export function leaseTimes(
  { leaseSeconds, renewalSeconds, rebindingSeconds }: Lease,
  since: number,
  random: Random,
): { renewAt: number; rebindAt: number; expiresAt: number } {
  const at = (seconds: number) => since + Math.floor(seconds * MICROS_PER_SECOND);
  const rebindAt = at(rebindingSeconds ?? about((leaseSeconds * 7) / 8, random));
  const renewAt = at(renewalSeconds ?? about(leaseSeconds / 2, random));
  return { renewAt: Math.min(renewAt, rebindAt), rebindAt, expiresAt: at(leaseSeconds) };
}

/** "With some random fuzz", so that hosts which were switched on together do not renew together: ± 5 %. */
function about(seconds: number, random: Random): number {
  return seconds === NEVER ? NEVER : seconds * (0.95 + 0.1 * random.float());
}
