import type { TcpConfig } from "./config.ts";

/** What a user may choose per connection. After a change the user calls `settingsChanged(tcb)`. */
export class Settings {
  /** TCP_CONGESTION: the algorithm of connections opened from now on. */
  congestion: string;
  /** TCP_NODELAY: Nagle's algorithm is off (RFC 9293 §3.7.4, MUST-17). */
  noDelay = false;
  /** SO_KEEPALIVE (RFC 9293 §3.8.4, MUST-24, MUST-25: off by default). */
  keepAlive = false;
  keepIdleMicros: number;
  keepIntervalMicros: number;
  keepCount: number;
  /** TCP_USER_TIMEOUT: how long sent data may stay unacknowledged, µs; 0 leaves it to R2 (RFC 5482, RFC 9293 MUST-21). */
  userTimeoutMicros = 0;
  /** TCP_MAXSEG: upper bound of the MSS that is sent and used, bytes; 0 is none. */
  maxSegmentSize = 0;
  /** IP_TTL (RFC 9293 §3.9.2, MUST-49). */
  timeToLive: number;
  /** IP_TOS (RFC 9293 §3.9.1.9, MUST-48). */
  trafficClass = 0;
  /** DF on every segment (RFC 1191); IP_MTU_DISCOVER. */
  pathMtuDiscovery = true;
  /** SO_OOBINLINE: urgent data stays in the stream. */
  oobInline = false;
  /** SO_RCVBUF, SO_SNDBUF in bytes, and whether the user has fixed them (no auto-tuning then). */
  receiveBufferBytes: number;
  receiveBufferFixed = false;
  sendBufferBytes: number;
  sendBufferFixed = false;
  /** SO_REUSEADDR: may bind a port whose other users are not listening. */
  reuseAddress = false;
  /** SO_LINGER with a time of 0: close sends RST. Other linger times are the socket layer's affair. */
  abortOnClose = false;

  constructor(config: TcpConfig) {
    this.congestion = config.congestion;
    this.keepIdleMicros = config.keepIdleMillis * 1000;
    this.keepIntervalMicros = config.keepIntervalMillis * 1000;
    this.keepCount = config.keepCount;
    this.timeToLive = config.timeToLive;
    this.receiveBufferBytes = config.receiveBufferBytes;
    this.sendBufferBytes = config.sendBufferBytes;
  }

  /** A listener's settings pass to the connections it accepts. */
  copyFrom(other: Settings): void {
    Object.assign(this, other);
  }
}
