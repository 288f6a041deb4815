/**
 * IGMP on one interface, the host's part: unsolicited reports of what changes, answers to queries after a random time, and the
 * version that the oldest querier understands (RFC 3376 §5, §7.2; RFC 2236 §3, §4).
 */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { Task } from "../base/task.ts";
import { Timer } from "../base/timer.ts";
import type { IgmpCounters } from "./igmp-counters.ts";
import {
  CHANGE_TO_EXCLUDE_MODE,
  CHANGE_TO_INCLUDE_MODE,
  type GroupRecord,
  IGMP_V1_REPORT,
  IGMP_V2_REPORT,
  MODE_IS_EXCLUDE,
  MODE_IS_INCLUDE,
  type Query,
} from "./igmp-message.ts";

const MICROS_PER_SECOND = 1_000_000;
/** RFC 3376 §8.1, §8.2, §8.3, §8.11; RFC 2236 §8.10. */
const ROBUSTNESS = 2;
const QUERY_INTERVAL = 125 * MICROS_PER_SECOND;
const UNSOLICITED_INTERVAL = 1 * MICROS_PER_SECOND;
const UNSOLICITED_INTERVAL_V2 = 10 * MICROS_PER_SECOND;
/** How long a router that asks in an older version counts at most: a newer one that has gone may have said that queries are hours apart. */
const LONGEST_PRESENT = 7 * QUERY_INTERVAL;
/** Sources of group-and-source queries that are remembered for one answer; more, and the answer is about the group. */
const MOST_SOURCES = 64;

/** Who sends for it. */
export interface IgmpSender {
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: IgmpCounters;
  /** The newest version that may be spoken: 1, 2 or 3. */
  readonly version: number;
  /** Whether nothing can be sent yet, since the link is finding out whether our address is free. */
  mustWait(): boolean;
  report(records: readonly GroupRecord[]): void;
  /** `type`: IGMP_V1_REPORT or IGMP_V2_REPORT. */
  shortReport(type: number, group: number): void;
  leave(group: number): void;
}

/** A group that somebody on this host is in. */
class Member {
  readonly group: number;
  /** An answer, or an unsolicited report to be repeated. */
  readonly timer: Timer;
  /** Sources that v3 asked about; undefined: it asked about the group. */
  sources: Set<number> | undefined = undefined;
  /** Unsolicited reports of v1 and v2 that are still to come. */
  repeats = 0;
  /** Whether we were the last who reported it, so that routers want to hear when we leave. */
  isReporter = false;

  constructor(group: number, answer: (member: Member) => void) {
    this.group = group;
    this.timer = new Timer(() => answer(this));
    this.timer.background = true; // nobody stays to answer routers
  }
}

/** A change that v3 still has to tell of, some times. */
interface Change {
  readonly type: number;
  left: number;
}

export class IgmpInterface {
  private readonly sender: IgmpSender;
  private readonly members = new Map<number, Member>();
  private readonly changes = new Map<number, Change>();
  /** Changes of one instant are told together. */
  private readonly telling = new Task(() => this.tellChanges());
  private readonly changeTimer = new Timer(() => this.tellChanges());
  private readonly generalTimer = new Timer(() => this.answerGeneral());
  /** Until when there is a querier of v1, and of v2, microseconds. */
  private v1Until = 0;
  private v2Until = 0;
  /** What was spoken last. */
  private spoken: number;
  private robustness = ROBUSTNESS;
  private queryInterval = QUERY_INTERVAL;
  private closed = false;

  constructor(sender: IgmpSender) {
    this.sender = sender;
    this.spoken = sender.version;
    this.changeTimer.background = true;
    this.generalTimer.background = true;
  }

  /** The host is in `group` from now on. */
  join(group: number): void {
    const member = new Member(group, (each) => this.answer(each));
    this.members.set(group, member);
    this.announce(member);
  }

  /** The host is in `group` no more. */
  leave(group: number): void {
    const member = this.members.get(group);
    if (member === undefined) return;
    this.members.delete(group);
    this.sender.clock.timers.remove(member.timer);
    const version = this.version();
    if (version === 3) this.change(group, CHANGE_TO_INCLUDE_MODE);
    else if (version === 2 && member.isReporter) this.sender.leave(group); // RFC 2236 §3
  }

  /** Tells of all groups anew: the interface has another address, or is up again. */
  announceAll(): void {
    for (const member of this.members.values()) this.announce(member);
  }

  /** Forgets what there was to say. */
  hush(): void {
    const { timers } = this.sender.clock;
    timers.remove(this.changeTimer);
    timers.remove(this.generalTimer);
    this.changes.clear();
    for (const member of this.members.values()) {
      timers.remove(member.timer);
      member.repeats = 0;
      member.sources = undefined;
    }
  }

  close(): void {
    this.closed = true;
    this.hush();
  }

  query(query: Query): void {
    this.noteQuerier(query);
    if (this.version() === 3) this.answerLater(query);
    else this.answerEachLater(query);
  }

  /** RFC 2236 §3: another member has reported `group`, which will do for us. */
  heardReport(group: number): void {
    const member = this.members.get(group);
    if (member === undefined || this.version() === 3) return;
    if (member.timer.armed) this.sender.counters.reportsSuppressed++;
    this.sender.clock.disarm(member.timer);
    member.repeats = 0;
    member.isReporter = false;
  }

  // ------------------------------------------------------------------------------------------------ versions

  /** RFC 3376 §7.2.1: that of the oldest querier that was heard of late. */
  private version(): number {
    const { now } = this.sender.clock;
    const oldest = this.v1Until > now ? 1 : this.v2Until > now ? 2 : 3;
    const version = Math.min(oldest, this.sender.version);
    if (version !== this.spoken) {
      this.spoken = version;
      this.hush(); // RFC 3376 §7.2.1: pending responses and retransmissions are cancelled
    }
    return version;
  }

  private noteQuerier({ version, robustness, intervalSeconds, maxResponseMicros }: Query): void {
    const present = Math.min(this.robustness * this.queryInterval, LONGEST_PRESENT); // RFC 3376 §8.12; Linux has no bound
    const until = this.sender.clock.now + present + maxResponseMicros;
    if (version === 1) this.v1Until = until;
    else if (version === 2) this.v2Until = until;
    if (version !== 3) return;
    this.robustness = robustness === 0 ? ROBUSTNESS : robustness; // RFC 3376 §8.1
    this.queryInterval = intervalSeconds === 0 ? QUERY_INTERVAL : intervalSeconds * MICROS_PER_SECOND;
  }

  // ------------------------------------------------------------------------------------------------ unsolicited

  private announce(member: Member): void {
    if (this.version() === 3) {
      this.change(member.group, CHANGE_TO_EXCLUDE_MODE);
    } else {
      member.repeats = this.robustness;
      this.answer(member);
    }
  }

  /** RFC 3376 §5.1: told at once, and again after random times, as often as the robustness variable says. */
  private change(group: number, type: number): void {
    this.changes.set(group, { type, left: this.robustness });
    this.sender.clock.defer(this.telling);
  }

  private tellChanges(): void {
    if (this.closed || this.changes.size === 0) return;
    const { clock, random } = this.sender;
    if (!this.sender.mustWait()) {
      const records: GroupRecord[] = [];
      for (const [group, change] of this.changes) {
        records.push({ type: change.type, group, sources: [] });
        if (--change.left === 0) this.changes.delete(group);
      }
      this.sender.report(records);
    }
    if (this.changes.size > 0) clock.armIn(this.changeTimer, 1 + random.below(UNSOLICITED_INTERVAL));
  }

  // ------------------------------------------------------------------------------------------------ answers

  /** RFC 3376 §5.2: the rules for one query when answers to others may be pending. */
  private answerLater({ group, sources, maxResponseMicros }: Query): void {
    const deadline = this.deadline(maxResponseMicros);
    if (this.generalTimer.deadline < deadline) return; // rule 1: that will say it all
    if (group === 0) {
      if (this.members.size > 0) this.sender.clock.arm(this.generalTimer, deadline); // rule 2
      return;
    }
    const member = this.members.get(group);
    if (member === undefined) return;
    const isFirst = !member.timer.armed;
    if (sources.length === 0 || (!isFirst && member.sources === undefined)) {
      member.sources = undefined; // rules 3 and 4
    } else {
      member.sources = new Set([...(member.sources ?? []), ...sources]); // rules 3 and 5
      if (member.sources.size > MOST_SOURCES) member.sources = undefined;
    }
    this.sender.clock.arm(member.timer, Math.min(deadline, member.timer.deadline));
  }

  /** RFC 2236 §3: each group at a time of its own, for which others may answer. */
  private answerEachLater({ group, maxResponseMicros }: Query): void {
    for (const member of this.members.values()) {
      if (group !== 0 && group !== member.group) continue;
      const deadline = this.deadline(maxResponseMicros);
      if (deadline < member.timer.deadline) this.sender.clock.arm(member.timer, deadline);
    }
  }

  private deadline(maxResponseMicros: number): number {
    return this.sender.clock.now + 1 + this.sender.random.below(maxResponseMicros);
  }

  private answerGeneral(): void {
    if (this.version() !== 3) return;
    const records: GroupRecord[] = [];
    for (const { group } of this.members.values())
      records.push({ type: MODE_IS_EXCLUDE, group, sources: [] });
    if (records.length > 0) this.sender.report(records);
  }

  /** About one group: an answer, or an unsolicited report of v1 or v2. */
  private answer(member: Member): void {
    const { sender } = this;
    const version = this.version();
    if (version === 3) {
      const { group, sources } = member;
      member.sources = undefined;
      // RFC 3376 §5.2: whoever excludes nobody wants every source that was asked about
      if (sources === undefined) sender.report([{ type: MODE_IS_EXCLUDE, group, sources: [] }]);
      else sender.report([{ type: MODE_IS_INCLUDE, group, sources: [...sources] }]);
      return;
    }
    if (!sender.mustWait()) {
      sender.shortReport(version === 1 ? IGMP_V1_REPORT : IGMP_V2_REPORT, member.group);
      member.isReporter = true;
      if (member.repeats > 0) member.repeats--;
    }
    if (member.repeats === 0) return;
    sender.clock.armIn(member.timer, 1 + sender.random.below(UNSOLICITED_INTERVAL_V2));
  }
}
