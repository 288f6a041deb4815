import { IP_PMTUDISC_WANT } from "../base/mtu-discovery.ts";
import { ANY_ADDRESS } from "../ip/address.ts";
import type { UdpConfig } from "./config.ts";

/** What a user may choose per endpoint; changes count once `UdpEndpoint.settingsChanged` was called. */
export class UdpSettings {
  /** IP_TTL, 1 to 255, of what is not for a group (RFC 1122 §4.1.4, MUST). */
  timeToLive: number;
  /** IP_TOS: the eight bits of DSCP and ECN (RFC 1122 §4.1.4, MUST). */
  trafficClass = 0;
  /** SO_BROADCAST: without it sending to a broadcast address is EACCES. */
  broadcast = false;
  /** SO_REUSEADDR: may share address and port with others that have it set too. */
  reuseAddress = false;
  /** SO_REUSEPORT: may share address and port with others that have it set too; datagrams are shared out among them. */
  reusePort = false;
  /** SO_BINDTODEVICE: the index of the only interface to receive and send by; -1, the default, for any. */
  interface = -1;
  /** IP_UNICAST_IF: the index of the interface that sends what is not for a group, unless `interface` says; -1 for any. */
  unicastInterface = -1;
  /** SO_DONTROUTE: only to networks that are directly connected. */
  onLink = false;
  /** IP_FREEBIND: may be bound to an address that is not ours. */
  freeBind = false;
  /** IP_TRANSPARENT: may be bound to an address that is not ours, and send from it. */
  transparent = false;
  /** IP_OPTIONS of every datagram, as `compileOptions` made them; must not be changed in place. */
  options: Uint8Array | undefined = undefined;
  /** IP_MULTICAST_TTL, 0 to 255. Default 1 (RFC 1112 §6.1, MUST). With 0 nothing leaves this host. */
  multicastTimeToLive = 1;
  /** IP_MULTICAST_LOOP: what is sent to a group comes back, if this host is in it. Default true. */
  multicastLoop = true;
  /** IP_MULTICAST_IF: the index of the interface that multicasts leave by, -1 as the routes say; their source address, 0 for its. */
  multicastInterface = -1;
  multicastAddress = ANY_ADDRESS;
  /** IP_MULTICAST_ALL: hears every group that anybody on this host has joined. Default true, as in Linux. */
  multicastAll = true;
  /** IP_RECVERR: keeps errors, with what they are about, in a queue; and tells them without a peer, and the soft ones too. */
  receiveErrors = false;
  /** UDP_CORK: what is sent becomes one datagram, which leaves when this is taken back. */
  cork = false;
  /** IP_MTU_DISCOVER, one of IP_PMTUDISC_…; WANT, the default as in Linux: DF on what fits the path, fragments of the rest. */
  pathMtuDiscovery = IP_PMTUDISC_WANT;
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
