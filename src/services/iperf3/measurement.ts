/** The streams of one measurement at one end, from its begin to its end: intervals, and sums. */
import { Timer } from "../../base/timer.ts";
import type { Host } from "../../host/host.ts";
import type { Count, Flow } from "./flow.ts";
import type { Settings } from "./settings.ts";

/** One stream, or the sum of some, over some time. */
export interface StreamReport {
  /** iperf3's number of the stream; 0: a sum. */
  readonly id: number;
  /** Whether this end sends. */
  readonly sends: boolean;
  /** Seconds since the beginning. */
  readonly start: number;
  readonly end: number;
  readonly bytes: number;
  readonly bitsPerSecond: number;
  /** TCP: segments sent again; -1: not known. */
  readonly retransmits: number;
  /** TCP: the congestion window, bytes; -1: not known. */
  readonly congestionWindow: number;
  /** UDP: datagrams sent, or received and lost; those lost, those that came late; and the jitter (RFC 3550). */
  readonly packets: number;
  readonly lost: number;
  readonly outOfOrder: number;
  readonly jitterMillis: number;
}

/** What happened in a second. */
export interface IntervalReport {
  readonly start: number;
  readonly end: number;
  /** Whether it belongs to the time that is left out. */
  readonly omitted: boolean;
  readonly streams: readonly StreamReport[];
}

/** What was there at the end of the last interval. */
type Mark = Count & { retransmits: number };

export class Measurement {
  readonly flows: readonly Flow[];
  private readonly host: Host;
  private readonly settings: Settings;
  private readonly intervalMicros: number;
  private readonly onInterval: (report: IntervalReport) => void;
  private readonly marks = new Map<Flow, Mark>();
  private readonly intervalTimer = new Timer(() => this.interval());
  private readonly omitTimer = new Timer(() => this.omitted());
  private omitting = false;
  /** µs. */
  private began = 0;
  private markedAt = 0;
  private endedAt = -1;

  /** `intervalMillis`: of the reports; 0: there are none. */
  constructor(
    host: Host,
    settings: Settings,
    flows: readonly Flow[],
    intervalMillis: number,
    onInterval: (report: IntervalReport) => void,
  ) {
    this.host = host;
    this.settings = settings;
    this.flows = flows;
    this.intervalMicros = intervalMillis * 1000;
    this.onInterval = onInterval;
  }

  begin(): void {
    const { host, settings } = this;
    host.clock.sample();
    this.start(host.clock.now);
    this.omitting = settings.omitSeconds > 0;
    if (this.omitting) host.clock.armIn(this.omitTimer, settings.omitSeconds * 1e6);
    for (const flow of this.flows) flow.begin();
  }

  /** Stops counting; what is left of an interval is reported. */
  end(): void {
    if (this.endedAt >= 0) return;
    const { clock } = this.host;
    clock.sample();
    this.endedAt = clock.now;
    clock.disarm(this.omitTimer);
    clock.disarm(this.intervalTimer);
    for (const flow of this.flows) {
      flow.drain();
      flow.end();
    }
    const rest = this.endedAt - this.markedAt;
    if (this.intervalMicros > 0 && rest > this.intervalMicros / 100) this.report();
  }

  /** Each stream from the beginning (without the omitted time) to the end. */
  summary(): StreamReport[] {
    const end = this.endedAt < 0 ? this.host.clock.now : this.endedAt;
    return this.flows.map((flow) => {
      const { count, retransmits } = flow;
      return reportOf(flow, count, retransmits, 0, (end - this.began) / 1e6);
    });
  }

  private start(now: number): void {
    this.began = now;
    this.markedAt = now;
    for (const flow of this.flows) this.marks.set(flow, markOf(flow));
    if (this.intervalMicros > 0) this.host.clock.armIn(this.intervalTimer, this.intervalMicros);
  }

  private omitted(): void {
    if (this.intervalMicros > 0 && this.host.clock.now > this.markedAt) this.report();
    this.omitting = false;
    for (const flow of this.flows) flow.reset();
    this.start(this.host.clock.now);
  }

  private interval(): void {
    this.report();
    const { clock } = this.host;
    const intervals = Math.floor((clock.now - this.began) / this.intervalMicros) + 1;
    clock.arm(this.intervalTimer, this.began + intervals * this.intervalMicros);
  }

  private report(): void {
    const { began, markedAt } = this;
    const now = this.endedAt < 0 ? this.host.clock.now : this.endedAt;
    this.markedAt = now;
    const [start, end] = [(markedAt - began) / 1e6, (now - began) / 1e6];
    const streams = this.flows.map((flow) => {
      const before = this.marks.get(flow) ?? markOf(flow);
      const mark = markOf(flow);
      this.marks.set(flow, mark);
      const resent = mark.retransmits < 0 ? -1 : mark.retransmits - before.retransmits;
      return reportOf(flow, difference(mark, before), resent, start, end);
    });
    this.onInterval({ start, end, omitted: this.omitting, streams });
  }
}

/** All of `reports`, which are of one direction and of the same time, together. */
export function sumOf(reports: readonly StreamReport[]): StreamReport {
  const [first] = reports;
  if (first === undefined) throw new RangeError("sumOf: there is nothing to add up");
  const add = (field: "bytes" | "bitsPerSecond" | "packets" | "lost" | "outOfOrder") =>
    reports.reduce((sum, report) => sum + report[field], 0);
  const known = reports.filter(({ retransmits }) => retransmits >= 0);
  return {
    ...first,
    id: 0,
    bytes: add("bytes"),
    bitsPerSecond: add("bitsPerSecond"),
    retransmits: known.length === 0 ? -1 : known.reduce((sum, { retransmits }) => sum + retransmits, 0),
    congestionWindow: -1,
    packets: add("packets"),
    lost: add("lost"),
    outOfOrder: add("outOfOrder"),
    jitterMillis: reports.reduce((sum, { jitterMillis }) => sum + jitterMillis, 0) / reports.length,
  };
}

/** Bits per second of `bytes` in `seconds`; 0 for no time. */
export function rateOf(bytes: number, seconds: number): number {
  return seconds > 0 ? (bytes * 8) / seconds : 0;
}

function markOf(flow: Flow): Mark {
  return { ...flow.count, retransmits: flow.retransmits };
}

function difference(now: Count, before: Count): Count {
  return {
    bytes: now.bytes - before.bytes,
    packets: now.packets - before.packets,
    lost: now.lost - before.lost,
    outOfOrder: now.outOfOrder - before.outOfOrder,
  };
}

function reportOf(flow: Flow, count: Count, retransmits: number, start: number, end: number): StreamReport {
  const { id, sends, congestionWindow, jitterMicros } = flow;
  const bitsPerSecond = rateOf(count.bytes, end - start);
  const jitterMillis = jitterMicros / 1000;
  return { id, sends, start, end, ...count, bitsPerSecond, retransmits, congestionWindow, jitterMillis };
}
