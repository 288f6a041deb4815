/** The defaults of a host's IPv4 and ICMP. Every field can be given in `new Host({ ip: { … } })`. */
export interface IpConfig {
  /**
   * Accept a datagram only if the interface it came in by has the address it is for: the strong host model of RFC 1122
   * §3.3.4.2. Default true: with the weak model a neighbour can probe addresses of other interfaces, of a VPN for
   * instance (CVE-2019-14899). Linux's default is the weak one. While `forwarding` is on it means nothing: a router is reached at
   * all of its addresses by all of its interfaces (RFC 1812 §5.2.3).
   */
  strongHost: boolean;
  /**
   * Pass on what is for others, by the routing table: be a router (RFC 1812 §5). Default false (RFC 1122 §3.3.5, MUST), as Linux's
   * ip_forward; `host.forwarding` switches it at any time. Broadcasts, multicasts and source routes are not passed on.
   */
  forwarding: boolean;
  /**
   * Pass on only what comes by the interface that its source is reached by (RFC 1812 §5.3.8, RFC 3704 §2.2). Default false, as
   * Linux's rp_filter: with routes that differ by direction it drops good datagrams.
   */
  reversePathFilter: boolean;
  /** While forwarding, tell hosts of a shorter way by another router of their link (RFC 1812 §5.2.7.2). Default true, as Linux. */
  sendRedirects: boolean;
  /** Time to live of ICMP messages. Default 64 (IANA's recommendation; RFC 1122 §3.2.1.7). */
  timeToLive: number;
  /** Answer echo requests. Default true (RFC 1122 §3.2.2.6, MUST). */
  echoReply: boolean;

  /**
   * The newest version of IGMP by which routers are told of multicast groups: 3, 2 or 1; 0: they are told nothing. Default 3, as
   * Linux; while a router asks in an older one, that is spoken (RFC 3376 §7.2).
   */
  igmpVersion: number;

  /**
   * How long an incomplete datagram is kept, ms. Default 30000, as Linux's ipfrag_time. RFC 1122 §3.3.2 recommends 60 to
   * 120 s, from slower days: the longer it is, the sooner a 16-bit identification comes round within it (RFC 4963).
   */
  reassemblyTimeoutMillis: number;
  /** Incomplete datagrams kept at once; the oldest gives way. Default 1024. */
  reassemblyMaxDatagrams: number;
  /** Memory that incomplete datagrams may hold, bytes of packet buffers. Default 4194304, as Linux's ipfrag_high_thresh. */
  reassemblyMaxBytes: number;
  /** The same for one source address, bytes. Default 1048576. */
  reassemblyMaxBytesPerSource: number;
  /** Fragments that one datagram may come in. Default 256: 65535 bytes in datagrams of 576 make 119. */
  reassemblyMaxFragments: number;

  /** ICMP errors sent per second, to anyone. Default 1000, as Linux's icmp_msgs_per_sec (RFC 1812 §4.3.2.8). */
  icmpErrorsPerSecond: number;
  /** ICMP errors that may be sent at once, to anyone. Default 50, as Linux's icmp_msgs_burst. */
  icmpErrorBurst: number;
  /** ICMP errors sent per second to one address. Default 1, as Linux's icmp_ratelimit of 1000 ms. */
  icmpErrorsPerSecondPerDestination: number;
  /** ICMP errors that may be sent at once to one address. Default 6, as Linux (XRLIM_BURST_FACTOR). */
  icmpErrorBurstPerDestination: number;

  /**
   * The smallest path MTU that is believed, bytes. Default 552, as Linux's min_pmtu: a forged "fragmentation needed"
   * could ask for 68 (RFC 5927 §7.2, CVE-2004-1060). To a path that claims less, datagrams of this size go without DF.
   */
  minPathMtu: number;
  /** How long a learned path MTU holds, ms. Default 600000 (RFC 1191 §6.3; RFC 8201 §5.3). */
  pathMtuTimeoutMillis: number;
  /** Destinations whose path MTU is remembered; the oldest gives way. Default 1024. */
  pathMtuMaxEntries: number;
}

export const DEFAULT_IP_CONFIG: Readonly<IpConfig> = {
  strongHost: true,
  forwarding: false,
  reversePathFilter: false,
  sendRedirects: true,
  timeToLive: 64,
  echoReply: true,
  igmpVersion: 3,
  reassemblyTimeoutMillis: 30_000,
  reassemblyMaxDatagrams: 1024,
  reassemblyMaxBytes: 4_194_304,
  reassemblyMaxBytesPerSource: 1_048_576,
  reassemblyMaxFragments: 256,
  icmpErrorsPerSecond: 1000,
  icmpErrorBurst: 50,
  icmpErrorsPerSecondPerDestination: 1,
  icmpErrorBurstPerDestination: 6,
  minPathMtu: 552,
  pathMtuTimeoutMillis: 600_000,
  pathMtuMaxEntries: 1024,
};
