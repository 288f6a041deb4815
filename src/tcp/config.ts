/**
 * The defaults of a host's TCP. Every field can be given in `new Host({ tcp: { … } })`; those marked (per socket) are
 * copied into each new connection and can be changed there with `setsockopt`.
 */
export interface TcpConfig {
  /** Congestion control for new connections (per socket, TCP_CONGESTION). Default "reno" (RFC 5681). */
  congestion: "reno";
  /** Initial window in segments, bounded as RFC 6928 §2 says: min(n·SMSS, max(2·SMSS, n·1460)). Default 10 (RFC 6928). */
  initialWindowSegments: number;
  /** First RTO before any measurement, ms. Default 1000 (RFC 6298 §2.1). */
  initialRtoMillis: number;
  /**
   * Smallest RTO, ms. Default 200, as in Linux (TCP_RTO_MIN); RFC 6298 §2.4 says SHOULD 1000, a round figure from
   * the age of 500 ms clocks. Set 1000 to have the RFC's.
   */
  minRtoMillis: number;
  /**
   * The datagram, bytes, in which a short copy goes behind a longer segment whose retransmissions have reached R1, and half of it at
   * each timeout after that: where the short one alone arrives, of three segments in a row, the path's MTU is taken to be that
   * ("black hole", RFC 2923 §2.1).
   * Default 1024 (RFC 4821 §7.2 and §7.7; Linux's tcp_base_mss is as much, with tcp_mtu_probing=1); 0: never.
   */
  blackHoleMtu: number;
  /** Largest RTO, ms. Default 120000, as in Linux (TCP_RTO_MAX); RFC 6298 §2.5 asks for at least 60000. */
  maxRtoMillis: number;
  /** R1: retransmissions of one segment before IP is told that the route is suspect. Default 3 (RFC 9293 §3.8.3, SHLD-10). */
  suspectRetransmissions: number;
  /** R2: retransmissions of one segment before the connection is given up. Default 15, as Linux's tcp_retries2 (≥ 100 s, SHLD-11). */
  maxRetransmissions: number;
  /** R2 for SYN: its retransmissions before connect fails with ETIMEDOUT. Default 7: 1+2+4+…+120 s ≥ 3 minutes (MUST-23). */
  maxSynRetransmissions: number;
  /** SYN-ACK retransmissions before an embryonic connection is dropped. Default 5, as Linux's tcp_synack_retries. */
  maxSynAckRetransmissions: number;
  /** Maximum segment lifetime, ms; TIME-WAIT lasts twice as long. Default 30000 (2·MSL = 60 s as in Linux; RFC 9293 §3.4.2 says 120000). */
  maxSegmentLifetimeMillis: number;
  /** How long an orphaned connection may stay in FIN-WAIT-2, ms. Default 60000, as Linux's tcp_fin_timeout. */
  finWait2TimeoutMillis: number;
  /** How long an ACK may be delayed, ms. Default 40, as Linux (TCP_DELACK_MIN); RFC 9293 §3.8.6.3, MUST-40: below 500. */
  delayedAckMillis: number;
  /**
   * How many ACKs of a connection's first text, and of its first after a pause longer than the RTO, are not delayed: the peer's
   * window is small then. Fewer where the receive window is small. Default 16, as Linux (TCP_MAX_QUICKACKS); 0: all wait alike.
   */
  quickAcks: number;
  /** Receive buffer of a new connection, bytes (per socket, SO_RCVBUF). Default 131072, as Linux's tcp_rmem[1]. */
  receiveBufferBytes: number;
  /** How far auto-tuning may grow the receive buffer, bytes; it is off once SO_RCVBUF is set. Default 6291456, as Linux's tcp_rmem[2]. */
  maxReceiveBufferBytes: number;
  /** Send buffer of a new connection, bytes (per socket, SO_SNDBUF). Default 262144. */
  sendBufferBytes: number;
  /** How far the send buffer may grow with the congestion window, bytes; off once SO_SNDBUF is set. Default 4194304, as Linux's tcp_wmem[2]. */
  maxSendBufferBytes: number;
  /**
   * Whether an ICMP error that may pass (host or network unreachable, time exceeded) ends a connection attempt at once, as on
   * Linux. Default false (RFC 9293 §3.9.2.2, MUST-56): it is the error that the attempt ends with when it runs out of time.
   */
  softErrorsEndOpen: boolean;
  /** Offer and accept window scaling (RFC 7323). Default true. */
  windowScaling: boolean;
  /** Offer and accept timestamps (RFC 7323). Default true. */
  timestamps: boolean;
  /** Offer and accept selective acknowledgements (RFC 2018). Default true. */
  selectiveAcks: boolean;
  /** The smallest MSS believed from a peer, bytes. Default 88; a smaller one multiplies packets (CVE-2019-11479). */
  minSegmentSize: number;
  /** Time to live of segments (per socket, IP_TTL). Default 64 (RFC 1700, IANA). */
  timeToLive: number;
  /** Embryonic connections one listener may hold. Default 1024; beyond it a new one takes the place of the oldest. */
  maxEmbryonic: number;
  /** Connections that their users have closed and that are not done yet. Default 8192; beyond it the oldest is reset, as Linux's tcp_max_orphans bounds them. */
  maxOrphans: number;
  /** Connections in TIME-WAIT. Default 16384; beyond it the oldest is forgotten early, as with Linux's tcp_max_tw_buckets. */
  maxTimeWait: number;
  /** Challenge ACKs one connection may send in a second (RFC 5961 §7). Default 10. */
  challengeAcksPerSecond: number;
  /** Keep-alive: idle time before the first probe, ms (per socket, TCP_KEEPIDLE). Default 7200000 (RFC 9293 §3.8.4, MUST-28). */
  keepIdleMillis: number;
  /** Keep-alive: time between probes, ms (per socket, TCP_KEEPINTVL). Default 75000, as Linux. */
  keepIntervalMillis: number;
  /** Keep-alive: unanswered probes before the connection is dropped (per socket, TCP_KEEPCNT). Default 9, as Linux (MUST-29). */
  keepCount: number;
  /** First and last port that a connection without a bound port may use (RFC 6056 §3.2). Default [32768, 60999], as Linux. */
  ephemeralPorts: readonly [first: number, last: number];
}

export const DEFAULT_TCP_CONFIG: Readonly<TcpConfig> = {
  congestion: "reno",
  initialWindowSegments: 10,
  initialRtoMillis: 1000,
  minRtoMillis: 200,
  maxRtoMillis: 120_000,
  blackHoleMtu: 1024,
  suspectRetransmissions: 3,
  maxRetransmissions: 15,
  maxSynRetransmissions: 7,
  maxSynAckRetransmissions: 5,
  maxSegmentLifetimeMillis: 30_000,
  finWait2TimeoutMillis: 60_000,
  delayedAckMillis: 40,
  quickAcks: 16,
  receiveBufferBytes: 131_072,
  maxReceiveBufferBytes: 6_291_456,
  sendBufferBytes: 262_144,
  maxSendBufferBytes: 4_194_304,
  softErrorsEndOpen: false,
  windowScaling: true,
  timestamps: true,
  selectiveAcks: true,
  minSegmentSize: 88,
  timeToLive: 64,
  maxEmbryonic: 1024,
  maxOrphans: 8192,
  maxTimeWait: 16_384,
  challengeAcksPerSecond: 10,
  keepIdleMillis: 7_200_000,
  keepIntervalMillis: 75_000,
  keepCount: 9,
  ephemeralPorts: [32_768, 60_999],
};
