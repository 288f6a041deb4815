import type { UdpConfig } from "./config.ts";

/** Values of {@link UdpSettings.pathMtuDiscovery}: Linux's of IP_MTU_DISCOVER. */
export const MTU_DISCOVERY_DONT = 0;
export const MTU_DISCOVERY_WANT = 1;
export const MTU_DISCOVERY_DO = 2;
export const MTU_DISCOVERY_PROBE = 3;

/** What a user may choose per endpoint; changes count from the next call on. */
export class UdpSettings {
  /** IP_TTL, 1 to 255 (RFC 1122 §4.1.4, MUST). Multicast goes with 1 (RFC 1112 §6.1). */
  timeToLive: number;
  /** IP_TOS: the eight bits of DSCP and ECN (RFC 1122 §4.1.4, MUST). */
  trafficClass = 0;
  /** SO_BROADCAST: without it sending to a broadcast address is EACCES. */
  broadcast = false;
  /** SO_REUSEADDR: may share address and port with others that have it set too. */
  reuseAddress = false;
  /**
   * IP_MTU_DISCOVER. DONT: never DF. WANT, the default as in Linux: DF on what fits the path, fragments of the rest. DO: always DF,
   * EMSGSIZE for the rest. PROBE: as DO, but only the link's MTU counts.
   */
  pathMtuDiscovery = MTU_DISCOVERY_WANT;
  /** SO_RCVBUF: see `UdpConfig.receiveBufferBytes`. */
  receiveBufferBytes: number;
  /** SO_SNDBUF: see `UdpConfig.sendBufferBytes`. */
  sendBufferBytes: number;

  constructor(config: UdpConfig) {
    this.timeToLive = config.timeToLive;
    this.receiveBufferBytes = config.receiveBufferBytes;
    this.sendBufferBytes = config.sendBufferBytes;
  }
}
