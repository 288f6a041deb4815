/** The defaults of a host's UDP. Every field can be given in `new Host({ udp: { … } })`. */
export interface UdpConfig {
  /** Time to live of datagrams to one host (per socket, IP_TTL). Default 64 (RFC 1122 §3.2.1.7; IANA). */
  timeToLive: number;
  /**
   * Data that may wait to be read, bytes (per socket, SO_RCVBUF); the buffers it stands in may take twice as much. Default 106496:
   * half of Linux's rmem_default, which counts the buffers too.
   */
  receiveBufferBytes: number;
  /**
   * Kept for SO_SNDBUF (per socket). Nothing ever waits in UDP: a datagram goes to the link at once, and what its queue does not
   * take is lost there (RFC 8085 §3.1). Default 106496, half of Linux's wmem_default.
   */
  sendBufferBytes: number;
  /** Multicast groups that one endpoint may join. Default 20, as Linux's igmp_max_memberships. */
  maxMemberships: number;
  /** First and last port that an endpoint without a bound one may get (RFC 6056 §3.2). Default [32768, 60999], as Linux. */
  ephemeralPorts: readonly [first: number, last: number];
}

export const DEFAULT_UDP_CONFIG: Readonly<UdpConfig> = {
  timeToLive: 64,
  receiveBufferBytes: 106_496,
  sendBufferBytes: 106_496,
  maxMemberships: 20,
  ephemeralPorts: [32_768, 60_999],
};
