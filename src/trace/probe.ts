import type { Packet } from "../packet/packet.ts";
import type { TcpInfo } from "../tcp/index.ts";
import type { Way, WireObserver } from "./observer.ts";

/** A connection at one moment, from TCP_INFO. */
export interface ProbeSample {
  /** Milliseconds of virtual time. */
  readonly time: number;
  /** Congestion window, bytes. */
  readonly cwnd: number;
  /** Slow start threshold, bytes; Infinity while there is none. */
  readonly ssthresh: number;
  /** Smoothed round-trip time, ms. */
  readonly srtt: number;
  /** Bytes believed to be on the way: sent, neither acknowledged nor believed lost. */
  readonly inFlight: number;
  /** Segments retransmitted so far. */
  readonly retransmissions: number;
}

export interface ProbeOptions {
  /** The least time between two samples, ms. Default 0: a sample for every packet. */
  interval?: number;
}

/** Linux's TCP_INFINITE_SSTHRESH. */
const NO_THRESHOLD = 0x7fff_ffff;

/**
 * Watches one connection: takes a sample whenever its host sends or receives a packet, but no more often than `interval`.
 * It arms no timer, so it does not keep a network from coming to rest. Give it to `net.observe`.
 */
export class Probe implements WireObserver {
  readonly samples: ProbeSample[] = [];
  private readonly host: string;
  private readonly info: () => TcpInfo;
  private readonly intervalMicros: number;
  private nextAt = 0;

  /** `host`: the name of the host the connection is on; `info` reads the connection's TCP_INFO. */
  constructor(host: string, info: () => TcpInfo, options: ProbeOptions = {}) {
    if (typeof host !== "string" || typeof info !== "function") {
      throw new TypeError(
        "a Probe takes a host's name and a function that reads TCP_INFO: " +
          'new Probe("a", () => socket.getsockopt(IPPROTO_TCP, TCP_INFO))',
      );
    }
    const { interval = 0 } = options;
    if (!(interval >= 0)) throw new RangeError(`interval must be milliseconds, 0 or more, got ${interval}`);
    this.host = host;
    this.info = info;
    this.intervalMicros = interval * 1000;
  }

  /** Takes a sample, whatever the interval says. `now` in microseconds. */
  sample(now: number): void {
    const info = this.info();
    const inFlight = info.unacked - info.sacked - info.lost + info.retrans;
    const { snd_mss: segmentSize, snd_ssthresh: threshold } = info;
    this.nextAt = now + this.intervalMicros;
    this.samples.push({
      time: now / 1000,
      cwnd: info.snd_cwnd * segmentSize,
      ssthresh: threshold >= NO_THRESHOLD ? Number.POSITIVE_INFINITY : threshold * segmentSize,
      srtt: info.rtt / 1000,
      inFlight: inFlight * segmentSize,
      retransmissions: info.total_retrans,
    });
  }

  sent(way: Way, _packet: Packet, now: number): void {
    if (way.from === this.host && now >= this.nextAt) this.sample(now);
  }

  delivered(way: Way, _packet: Packet, now: number): void {
    if (way.to === this.host && now >= this.nextAt) this.sample(now);
  }

  duplicated(): void {}
  corrupted(): void {}
  dropped(): void {}
}
