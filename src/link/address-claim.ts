/**
 * IPv4 address conflict detection (RFC 5227): asking whether an address is free before it is used, and defending it afterwards.
 *
 * The names in capitals are the RFC's (§1.1).
 */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { Timer } from "../base/timer.ts";

const MICROS_PER_SECOND = 1_000_000;
const PROBE_WAIT = 1 * MICROS_PER_SECOND;
const PROBE_NUM = 3;
const PROBE_MIN = 1 * MICROS_PER_SECOND;
const PROBE_MAX = 2 * MICROS_PER_SECOND;
const ANNOUNCE_WAIT = 2 * MICROS_PER_SECOND;
const ANNOUNCE_NUM = 2;
const ANNOUNCE_INTERVAL = 2 * MICROS_PER_SECOND;
const DEFEND_INTERVAL = 10 * MICROS_PER_SECOND;

/** "probing": is it free? "lost": it is not, and must not be used. "held": it is ours. */
export type ClaimState = "probing" | "lost" | "held";

/** Who sends for a claim. None of this calls it back. */
export interface ClaimOwner {
  /** Asks everybody for the address without saying that it is ours. */
  probe(): void;
  /** Tells everybody that the address is ours. */
  announce(): void;
  /** The address is ours from now on. */
  held(): void;
}

/** One address, from the moment it is put on a link. */
export class AddressClaim {
  state: ClaimState;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly owner: ClaimOwner;
  private probes = 0;
  private announcements = 0;
  private defendedAt = Number.NEGATIVE_INFINITY;
  private readonly timer = new Timer(() => this.next());

  /** `probe`: false takes the address for ours at once, and says nothing. */
  constructor(clock: Clock, random: Random, owner: ClaimOwner, probe: boolean) {
    this.clock = clock;
    this.random = random;
    this.owner = owner;
    this.state = probe ? "probing" : "held";
    // RFC 5227 §2.1.1, SHOULD: hosts that are switched on together do not ask together
    if (probe) this.wait(0, PROBE_WAIT);
  }

  /** Another station uses the address, or probes for it as we do. */
  conflict(): void {
    if (this.state === "probing") {
      this.state = "lost"; // RFC 5227 §2.1.1, MUST NOT: it is not used
      this.close();
    } else if (this.state === "held" && this.clock.now - this.defendedAt >= DEFEND_INTERVAL) {
      // RFC 5227 §2.4 (c): defended for good, but not more often than this, lest two hosts shout for ever
      this.defendedAt = this.clock.now;
      this.owner.announce();
    }
  }

  close(): void {
    this.clock.timers.remove(this.timer);
  }

  private next(): void {
    if (this.state === "held" || this.probes === PROBE_NUM) {
      this.announce();
      return;
    }
    this.probes++;
    this.owner.probe();
    if (this.probes < PROBE_NUM) this.wait(PROBE_MIN, PROBE_MAX);
    else this.wait(ANNOUNCE_WAIT, ANNOUNCE_WAIT);
  }

  /** RFC 5227 §2.3: old ideas about who has the address are put right. */
  private announce(): void {
    const isFirst = this.state === "probing";
    this.state = "held";
    this.announcements++;
    this.owner.announce();
    if (this.announcements < ANNOUNCE_NUM) this.wait(ANNOUNCE_INTERVAL, ANNOUNCE_INTERVAL);
    if (isFirst) this.owner.held();
  }

  /** Until between `least` and `most` microseconds from now. */
  private wait(least: number, most: number): void {
    this.timer.background = this.state === "held";
    this.clock.armIn(this.timer, least + this.random.below(most - least + 1));
  }
}
