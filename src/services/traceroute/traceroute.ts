/** Traceroute: who is on the way to a host, found out by probes that live for one hop, for two, for three … */
import type { Host } from "../../host/host.ts";
import { checkRange } from "../../sockets/misuse.ts";
import { readable } from "../wait.ts";
import { IcmpProber, TcpProber, UdpProber } from "./methods.ts";
import { type Answer, type ProbeOptions, type Prober, sourceTowards } from "./probe.ts";

export interface TracerouteOptions {
  /** What the probes are; default "udp". */
  method?: "udp" | "icmp" | "tcp";
  /** How many hops the first probes live, and the last ones: default 1 and 30, at most 255. */
  firstHop?: number;
  maxHops?: number;
  /** How many probes for each hop, 1 to 10; default 3. */
  queries?: number;
  /** How many probes may be on their way at once; default 16. */
  simultaneous?: number;
  /** How long to wait for an answer, milliseconds; default 5000. */
  wait?: number;
  /**
   * How many times longer than an answer took that came from the same hop, or from one behind it, to wait for another: default 3 and
   * 10; 0: `wait` alone counts.
   */
  here?: number;
  near?: number;
  /** UDP: the first probe's port, default 33434. TCP: all probes' port, default 80. */
  port?: number;
  /** Bytes of each packet; default 60, at least 28; a SYN has 60. */
  packetLength?: number;
  /** Whether routers must not fragment; default false. */
  dontFragment?: boolean;
  /** Ends it when aborted. */
  signal?: AbortSignal | undefined;
}

/** Who answered one probe. */
export interface HopReply {
  /** A dotted quad. */
  readonly from: string;
  readonly millis: number;
  /** "", or why it goes no further: "!H", "!N", "!X" … as traceroute writes it. */
  readonly mark: string;
}

/** The probes of one hop, in their order; undefined: not answered. */
export interface Hop {
  readonly timeToLive: number;
  readonly replies: readonly (HopReply | undefined)[];
  /** Whether it is the destination, or nothing lies behind it. */
  readonly final: boolean;
}

interface Probe {
  /** Microseconds; -1: not sent. */
  sentAt: number;
  reply: HopReply | undefined;
  final: boolean;
  /** Answered, or given up. */
  done: boolean;
}

const PROBERS = { udp: UdpProber, icmp: IcmpProber, tcp: TcpProber };
const DEFAULT_LENGTH = 60;
const SHORTEST_LENGTH = 28;
const LONGEST_LENGTH = 65_000;
/** The least that is waited because others were quick: RFC 792 gives a router no time. */
const LEAST_WAIT_MICROS = 10_000;

/**
 * The way from `host` to `destination` (a name or dotted quad): an async iterable of hops, in their order, that ends with
 * the destination or `maxHops`. GaiError for an unknown name; SocketError where there is no way at all.
 *
 *     for await (const { timeToLive, replies } of traceroute(host, "10.0.3.1")) print(timeToLive, replies[0]?.from);
 */
export async function* traceroute(
  host: Host,
  destination: string,
  options: TracerouteOptions = {},
): AsyncGenerator<Hop, void, undefined> {
  const trace = new Trace(host, options);
  const address = await host.resolve(destination);
  const source = await sourceTowards(host, address);
  const prober = trace.open({ destination: address, source });
  try {
    yield* trace.run(prober);
  } finally {
    await prober.close();
  }
}

class Trace {
  private readonly host: Host;
  private readonly options: TracerouteOptions;
  private readonly firstHop: number;
  private readonly queries: number;
  private readonly simultaneous: number;
  private readonly waitMicros: number;
  private readonly probes: Probe[] = [];
  /** Those from here on are not needed: the destination comes before. */
  private end: number;
  private next = 0;
  private flying = 0;
  private prober: Prober | undefined = undefined;

  constructor(host: Host, options: TracerouteOptions) {
    const { firstHop = 1, maxHops = 30, queries = 3, simultaneous = 16, wait = 5000 } = options;
    checkRange("traceroute", "maxHops", maxHops, 1, 255);
    checkRange("traceroute", "firstHop", firstHop, 1, maxHops);
    checkRange("traceroute", "queries", queries, 1, 10);
    checkRange("traceroute", "simultaneous", simultaneous, 1, 1000);
    const { packetLength = DEFAULT_LENGTH } = options;
    checkRange("traceroute", "packetLength", packetLength, SHORTEST_LENGTH, LONGEST_LENGTH);
    if (!(wait > 0))
      throw new RangeError(`traceroute: wait is a number of milliseconds above 0, not ${wait}`);
    this.host = host;
    this.options = options;
    this.firstHop = firstHop;
    this.queries = queries;
    this.simultaneous = simultaneous;
    this.waitMicros = wait * 1000;
    this.end = (maxHops - firstHop + 1) * queries;
    for (let index = 0; index < this.end; index++) {
      this.probes.push({ sentAt: -1, reply: undefined, final: false, done: false });
    }
  }

  open(ends: Pick<ProbeOptions, "source" | "destination">): Prober {
    const { method = "udp", packetLength = DEFAULT_LENGTH, dontFragment = false } = this.options;
    const port = this.options.port ?? (method === "tcp" ? 80 : 33_434);
    return new PROBERS[method](this.host, { ...ends, packetLength, dontFragment, port });
  }

  async *run(prober: Prober): AsyncGenerator<Hop, void, undefined> {
    const { host, options, queries, probes } = this;
    const { signal } = options;
    this.prober = prober;
    for (let shown = 0; shown < this.end && !signal?.aborted; ) {
      this.send();
      for (let answer = prober.take(); answer !== undefined; answer = prober.take()) this.hear(answer);
      const deadline = this.expire();
      if (probes.slice(shown, shown + queries).every(({ done }) => done)) {
        yield this.hop(shown);
        shown += queries;
        continue;
      }
      if (this.flying < this.simultaneous && this.next < this.end) continue; // one was given up: there is room
      await readable(host, prober.socket.core, deadline - host.clock.now, signal);
    }
  }

  private send(): void {
    const { probes, host, queries, prober } = this;
    while (this.flying < this.simultaneous && this.next < this.end) {
      const index = this.next++;
      host.clock.sample();
      probes[index]!.sentAt = host.clock.now;
      this.flying++;
      const timeToLive = this.firstHop + Math.floor(index / queries);
      prober?.send(index, timeToLive, (answer) => this.hear(answer));
    }
  }

  private hear({ probe: index, from, arrivedMicros, mark, final }: Answer): void {
    const probe = this.probes[index];
    if (probe === undefined || probe.sentAt < 0 || probe.done) return; // late, or twice
    const millis = Math.max(0, arrivedMicros - probe.sentAt) / 1000;
    probe.reply = { from, millis, mark };
    probe.final = final;
    probe.done = true;
    this.flying--;
    if (!final) return;
    const { queries } = this;
    this.end = Math.min(this.end, (Math.floor(index / queries) + 1) * queries);
  }

  /** Gives up what has waited long enough. When the next one has. */
  private expire(): number {
    this.host.clock.sample();
    const { now } = this.host.clock;
    let next = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.next; index++) {
      const probe = this.probes[index]!;
      if (probe.done) continue;
      const deadline = probe.sentAt + this.patienceFor(index);
      if (deadline <= now) {
        probe.done = true;
        this.flying--;
      } else {
        next = Math.min(next, deadline);
      }
    }
    return next;
  }

  /** How long to wait for probe `index`: others of its hop, or from behind it, have told how long it takes. */
  private patienceFor(index: number): number {
    const { probes, queries, waitMicros } = this;
    const { here = 3, near = 10 } = this.options;
    const hop = index - (index % queries);
    const limit = (millis: number, factor: number) =>
      Math.min(waitMicros, Math.max(LEAST_WAIT_MICROS, millis * 1000 * factor));
    const sibling = probes.slice(hop, hop + queries).find(({ reply }) => reply !== undefined);
    if (here > 0 && sibling?.reply !== undefined) return limit(sibling.reply.millis, here);
    const further = probes.slice(hop + queries, this.next).find(({ reply }) => reply !== undefined);
    if (near > 0 && further?.reply !== undefined) return limit(further.reply.millis, near);
    return waitMicros;
  }

  private hop(from: number): Hop {
    const probes = this.probes.slice(from, from + this.queries);
    return {
      timeToLive: this.firstHop + from / this.queries,
      replies: probes.map(({ reply }) => reply),
      final: probes.some(({ final }) => final),
    };
  }
}
