import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { IpConfig } from "./config.ts";

const MAX_DESTINATIONS = 1024;
const MICROS_PER_SECOND = 1_000_000;

/** Tokens that flow in at a steady rate up to a limit. */
class Bucket {
  tokens: number;
  private filledAt: number;

  constructor(burst: number, now: number) {
    this.tokens = burst;
    this.filledAt = now;
  }

  fill(now: number, perSecond: number, burst: number): void {
    const flowed = ((now - this.filledAt) * perSecond) / MICROS_PER_SECOND;
    this.tokens = Math.min(burst, this.tokens + flowed);
    this.filledAt = now;
  }
}

/**
 * How many ICMP errors may go out: a token bucket for each destination and one for all (RFC 1812 §4.3.2.8, SHOULD).
 *
 * From the common one an error takes a random number of tokens, one on average. With an exact budget anybody could learn,
 * by using up the rest of it, how many errors his forged packets had caused, and so which ports are open (SAD DNS,
 * CVE-2020-25705).
 */
export class IcmpLimit {
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly config: IpConfig;
  private readonly all: Bucket;
  /** In the order of first use; the oldest gives way. */
  private readonly byDestination = new Map<number, Bucket>();

  constructor(clock: Clock, random: Random, config: IpConfig) {
    this.clock = clock;
    this.random = random;
    this.config = config;
    this.all = new Bucket(config.icmpErrorBurst, clock.now);
  }

  /** Whether an error may be sent to `destination` now; takes the tokens if so. */
  take(destination: number): boolean {
    const { now } = this.clock;
    const own = this.bucketOf(destination);
    own.fill(now, this.config.icmpErrorsPerSecondPerDestination, this.config.icmpErrorBurstPerDestination);
    this.all.fill(now, this.config.icmpErrorsPerSecond, this.config.icmpErrorBurst);
    if (own.tokens < 1 || this.all.tokens < 1) return false;
    own.tokens -= 1;
    this.all.tokens = Math.max(0, this.all.tokens - this.random.below(3));
    return true;
  }

  private bucketOf(destination: number): Bucket {
    const known = this.byDestination.get(destination);
    if (known !== undefined) return known;
    if (this.byDestination.size >= MAX_DESTINATIONS) {
      for (const oldest of this.byDestination.keys()) {
        this.byDestination.delete(oldest);
        break;
      }
    }
    const bucket = new Bucket(this.config.icmpErrorBurstPerDestination, this.clock.now);
    this.byDestination.set(destination, bucket);
    return bucket;
  }
}
