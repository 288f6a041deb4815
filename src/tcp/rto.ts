/** The retransmission timeout, RFC 6298. All times in microseconds. */
const ALPHA_SHIFT = 3; // alpha = 1/8
const BETA_SHIFT = 2; // beta = 1/4
const K = 4;

export class Rto {
  /** Smoothed round-trip time; 0 before the first measurement. */
  srtt = 0;
  rttvar = 0;
  /** The shortest round trip seen. */
  minRtt = 0;
  /** The present timeout, backed off if it has expired. */
  rto: number;
  private readonly initial: number;
  private readonly min: number;
  private readonly max: number;

  /**
   * @param initial RTO before any measurement (§2.1)
   * @param min what G is to the formula of §2.3: RTO = SRTT + max(min, K·RTTVAR). So a path without variance still
   *   leaves the peer room for a delayed ACK, as in Linux, and the RTO is never below `min` (§2.4).
   * @param max upper bound (§2.5)
   */
  constructor(initial: number, min: number, max: number) {
    this.rto = initial;
    this.initial = initial;
    this.min = min;
    this.max = max;
  }

  /** Another attempt begins. */
  restart(): void {
    if (this.srtt === 0) this.rto = this.initial;
  }

  /** Takes one measured round trip; by Karn's rule never that of a retransmitted segment (RFC 6298 §3). */
  sample(rtt: number): void {
    const measured = Math.max(1, rtt);
    if (this.srtt === 0) {
      this.srtt = measured; // RFC 6298 §2.2
      this.rttvar = measured / 2;
      this.minRtt = measured;
    } else {
      // RFC 6298 §2.3: RTTVAR first, with the old SRTT.
      this.rttvar += (Math.abs(this.srtt - measured) - this.rttvar) / (1 << BETA_SHIFT);
      this.srtt += (measured - this.srtt) / (1 << ALPHA_SHIFT);
      if (measured < this.minRtt) this.minRtt = measured;
    }
    this.endBackOff();
  }

  /** RFC 6298 §2.3: the RTO of what was measured, whatever doubled it since. */
  endBackOff(): void {
    const measured = Math.ceil(this.srtt + Math.max(this.min, K * this.rttvar));
    this.rto = this.srtt === 0 ? this.initial : Math.min(this.max, measured);
  }

  /** The timer has expired: double it, up to the bound (RFC 6298 §5.5). */
  backOff(): void {
    this.rto = Math.min(this.max, this.rto * 2);
  }

  /** RFC 6298 §5.7: after a lost SYN, data transmission begins with 3 s where a SYN has less, unless a round trip was measured. */
  restartAfterLostSyn(): void {
    if (this.srtt === 0 && this.initial < 3_000_000) this.rto = Math.min(this.max, 3_000_000);
  }
}
