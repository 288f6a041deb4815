/** Ping: echo requests (RFC 792) at intervals, and what comes of each. A program over a ping socket and its error queue. */
import { EAGAIN } from "../../base/errno.ts";
import type { Host } from "../../host/host.ts";
import { inetAddress } from "../../sockets/address.ts";
import {
  AF_INET,
  IP_MTU_DISCOVER,
  IP_PMTUDISC_DO,
  IP_PMTUDISC_DONT,
  IP_PMTUDISC_WANT,
  IP_RECVERR,
  IP_TTL,
  IPPROTO_ICMP,
  IPPROTO_IP,
  MSG_ERRQUEUE,
  SO_BROADCAST,
  SO_RCVBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "../../sockets/constants.ts";
import type { SocketCore } from "../../sockets/core.ts";
import { SocketError } from "../../sockets/error.ts";
import { checkRange } from "../../sockets/misuse.ts";
import type { Socket } from "../../sockets/socket.ts";
import { readable } from "../wait.ts";
import { type Damage, echoRequest, findDamage, sequenceOf, setSequence } from "./echo.ts";
import { type PingStatistics, PingTally } from "./statistics.ts";

export type { Damage, PingStatistics };

export interface PingOptions {
  /** How many requests; default: no end, but by `deadline` or `signal`. */
  count?: number;
  /** Milliseconds from one request to the next; default 1000. 0: each answer brings the next request, or 10 ms without one. */
  interval?: number;
  /** Bytes of data in each, 0 to 65507; default 56. */
  size?: number;
  /** What the data repeat; default: each byte is its place. */
  pattern?: Uint8Array;
  /** TTL of the requests, 1 to 255; default: the host's. */
  timeToLive?: number;
  /** IP_MTU_DISCOVER: "do" never fragments, "want" finds the path's MTU and fragments to it, "dont" sets no DF. Default "want". */
  discover?: "do" | "want" | "dont";
  /** How long to wait for answers after the last request, milliseconds; default: 10 s, and twice the longest round trip once there is one. */
  wait?: number;
  /** After how many milliseconds it ends, whatever has come; default: never. */
  deadline?: number;
  /** Whether the destination may be a broadcast address; default false: EACCES. */
  broadcast?: boolean;
  /** Ends it when aborted: the iteration is over, and `statistics` tell what came until then. */
  signal?: AbortSignal | undefined;
}

/** A request was answered. */
export interface PingReply {
  readonly kind: "reply";
  /** Of the request: 1, 2 …, modulo 2^16. */
  readonly sequence: number;
  /** Who answered, a dotted quad. */
  readonly from: string;
  /** Bytes of the ICMP message. */
  readonly length: number;
  readonly timeToLive: number;
  /** The round trip; to the microsecond. */
  readonly millis: number;
  /** Whether it was answered before. */
  readonly duplicate: boolean;
  /** Whether there are fewer data than were sent. */
  readonly truncated: boolean;
  readonly damage: Damage | undefined;
}

/** A request could not be sent or did not arrive, and somebody says so. */
export interface PingError {
  readonly kind: "error";
  /** Of the request; undefined: it is not known, as of an error of this host. */
  readonly sequence: number | undefined;
  /** Positive. */
  readonly errno: number;
  /** Who sent the ICMP message, a dotted quad; undefined: this host says so itself. */
  readonly from: string | undefined;
  /** Of the ICMP message; -1 without one. */
  readonly type: number;
  readonly code: number;
  /** Of the path, where the request was too long; else 0. */
  readonly mtu: number;
}

export type PingEvent = PingReply | PingError;

const DISCOVER = { do: IP_PMTUDISC_DO, want: IP_PMTUDISC_WANT, dont: IP_PMTUDISC_DONT };
const MOST_DATA = 65_507;
const SEQUENCES = 65_536;
const DEFAULT_WAIT_MICROS = 10_000_000;
/** RFC 792 knows no flood: ping(8)'s hundred requests a second, or as fast as they come back. */
const FLOOD_MICROS = 10_000;
/** What a send may find of errors about earlier requests before it goes out. */
const SEND_TRIES = 16;

/** A running ping: iterate over it once; `statistics` may be read at any time. */
export class Ping implements AsyncIterable<PingEvent> {
  private readonly host: Host;
  private readonly destination: string;
  private readonly options: PingOptions;
  private readonly count: number;
  private readonly intervalMicros: number;
  private readonly tally = new PingTally();
  private readonly request: Uint8Array;
  private readonly buffer: Uint8Array;
  /** By sequence number: when the request was sent, µs, -1 for never; and whether it was answered. */
  private readonly sentAt = new Float64Array(SEQUENCES).fill(-1);
  private readonly answered = new Uint8Array(SEQUENCES);
  private lastAnswered = 0;

  constructor(host: Host, destination: string, options: PingOptions) {
    const { count = Number.POSITIVE_INFINITY, interval = 1000, size = 56 } = options;
    if (count !== Number.POSITIVE_INFINITY) checkRange("ping", "count", count, 1, Number.MAX_SAFE_INTEGER);
    checkRange("ping", "size", size, 0, MOST_DATA);
    if (!(interval >= 0)) throw new RangeError(`ping: interval is 0 or more milliseconds, not ${interval}`);
    this.host = host;
    this.destination = destination;
    this.options = options;
    this.count = count;
    this.intervalMicros = interval === 0 ? FLOOD_MICROS : interval * 1000;
    this.request = echoRequest(size, options.pattern ?? new Uint8Array(0));
    this.buffer = new Uint8Array(SEQUENCES);
  }

  get statistics(): PingStatistics {
    return this.tally.statistics();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<PingEvent, void, undefined> {
    const address = await this.host.resolve(this.destination);
    const socket = this.open();
    try {
      yield* this.exchange(socket.core, address);
    } finally {
      await socket.close();
    }
  }

  private open(): Socket {
    const { discover = "want", timeToLive, broadcast } = this.options;
    const socket = this.host.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    socket.setsockopt(IPPROTO_IP, IP_RECVERR, 1);
    socket.setsockopt(IPPROTO_IP, IP_MTU_DISCOVER, DISCOVER[discover]);
    socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 4 * SEQUENCES);
    if (timeToLive !== undefined) socket.setsockopt(IPPROTO_IP, IP_TTL, timeToLive);
    if (broadcast === true) socket.setsockopt(SOL_SOCKET, SO_BROADCAST, 1);
    return socket;
  }

  private async *exchange(core: SocketCore, address: string): AsyncGenerator<PingEvent, void, undefined> {
    const { host, count, tally, options } = this;
    const { signal, deadline } = options;
    host.clock.sample();
    let next = host.clock.now;
    const end = deadline === undefined ? Number.POSITIVE_INFINITY : next + deadline * 1000;
    while (!signal?.aborted) {
      host.clock.sample();
      const { now } = host.clock;
      if (tally.transmitted < count && now >= next && now < end) {
        yield* this.send(core, address);
        next = now + this.intervalMicros;
      }
      for (let event = this.take(core); event !== undefined; event = this.take(core)) {
        yield event;
        if (options.interval === 0) next = now;
      }
      if (tally.received + tally.errors >= count) return;
      const until = Math.min(end, tally.transmitted < count ? next : this.lastChance);
      host.clock.sample();
      if (host.clock.now >= until && (until === end || tally.transmitted >= count)) return;
      await readable(host, core, until - host.clock.now, signal);
    }
  }

  /** Sends the next request. What an earlier one has met may stand in the way, and is told first. */
  private *send(core: SocketCore, address: string): Generator<PingEvent, void, undefined> {
    const { host, request, tally } = this;
    const sequence = (tally.transmitted + 1) % SEQUENCES;
    setSequence(request, sequence);
    for (let tries = 1; ; tries++) {
      host.clock.sample();
      const { now } = host.clock;
      const result = core.sendTo(request, 0, request.length, 0, { address, port: 0 });
      const told: PingEvent[] = [];
      if (result < 0)
        for (let error = this.takeError(core); error; error = this.takeError(core)) told.push(error);
      const isOurs = told.some((event) => event.kind === "error" && event.from === undefined);
      if (result < 0 && told.length > 0 && !isOurs && tries < SEND_TRIES) {
        yield* told;
        continue; // the error was about another request
      }
      tally.sent(now);
      this.sentAt[sequence] = now;
      this.answered[sequence] = 0;
      tally.pipe = Math.max(tally.pipe, (sequence - this.lastAnswered + SEQUENCES) % SEQUENCES);
      yield* told;
      if (result < 0 && told.length === 0) yield this.failed(sequence, -result);
      return;
    }
  }

  private failed(sequence: number, errno: number): PingError {
    this.tally.errors++;
    return { kind: "error", sequence, errno, from: undefined, type: -1, code: -1, mtu: 0 };
  }

  /** What the socket has to tell next. */
  private take(core: SocketCore): PingEvent | undefined {
    for (;;) {
      const error = this.takeError(core);
      if (error !== undefined) return error;
      const length = core.receive(this.buffer);
      if (length === -EAGAIN) return undefined;
      if (length < 0 && core.closed) throw new SocketError(length, "recvmsg"); // its host was closed
      if (length < 0) continue; // an error was pending: what it is about is in the queue
      const reply = this.replyOf(core, length);
      if (reply !== undefined) return reply;
    }
  }

  private replyOf(core: SocketCore, length: number): PingReply | undefined {
    const { buffer, request, tally } = this;
    const sequence = sequenceOf(buffer, length);
    const sentAt = sequence === undefined ? -1 : this.sentAt[sequence]!;
    if (sequence === undefined || sentAt < 0) return undefined; // no answer to us
    const { message } = core;
    const micros = Math.max(0, message.arrivedMicros - sentAt);
    const duplicate = this.answered[sequence] === 1;
    const damage = findDamage(request, buffer, Math.min(length, request.length));
    this.answered[sequence] = 1;
    this.lastAnswered = sequence;
    if (duplicate) tally.duplicates++;
    else tally.received++;
    if (damage !== undefined) tally.damaged++;
    tally.answered(micros);
    return {
      kind: "reply",
      sequence,
      from: inetAddress(message.address, 0).address,
      length,
      timeToLive: message.timeToLive,
      millis: micros / 1000,
      duplicate,
      truncated: length < request.length,
      damage,
    };
  }

  private takeError(core: SocketCore): PingError | undefined {
    const { buffer } = this;
    const length = core.receive(buffer, 0, buffer.length, MSG_ERRQUEUE);
    const { error } = core.message;
    if (length < 0 || error === undefined) return undefined;
    this.tally.errors++;
    const { errno, offender, type, code, info } = error;
    const isLocal = offender === "0.0.0.0";
    return {
      kind: "error",
      sequence: sequenceOf(buffer, length),
      errno,
      from: isLocal ? undefined : offender,
      type: isLocal ? -1 : type,
      code: isLocal ? -1 : code,
      mtu: info,
    };
  }

  /** When to stop waiting for answers, once everything is sent: what has come says how long they take. */
  private get lastChance(): number {
    const { tally, options, intervalMicros } = this;
    const usual = tally.received > 0 ? Math.max(2 * tally.max, intervalMicros) : DEFAULT_WAIT_MICROS;
    const wait = options.wait === undefined || tally.received > 0 ? usual : options.wait * 1000;
    return this.sentAt[tally.transmitted % SEQUENCES]! + wait;
  }
}

/**
 * Pings `destination` (a name or dotted quad) from `host`: an async iterable of replies and errors in the order they come,
 * whose `statistics` add them up. Rejects with a GaiError for an unknown name, a SocketError where no socket can be made.
 *
 *     for await (const event of ping(host, "10.9.0.1", { count: 3 })) if (event.kind === "reply") print(event.millis);
 */
export function ping(host: Host, destination: string, options: PingOptions = {}): Ping {
  return new Ping(host, destination, options);
}
