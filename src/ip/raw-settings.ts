import { IP_PMTUDISC_WANT } from "../base/mtu-discovery.ts";
import { ANY_ADDRESS } from "./address.ts";
import type { IpConfig } from "./config.ts";
import { DEFAULT_CHOICE, type PathChoice } from "./path.ts";

/** SO_RCVBUF and SO_SNDBUF of a fresh endpoint, bytes: half of Linux's rmem_default, which counts the buffers too. */
const BUFFER_BYTES = 106_496;

/** What a user may choose per raw or ping endpoint; the user then calls its `settingsChanged`. */
export class RawSettings {
  /** IP_TTL, 1 to 255. Default `IpConfig.timeToLive`. */
  timeToLive: number;
  /** IP_MULTICAST_TTL, 0 to 255. Default 1 (RFC 1112 §6.1). */
  multicastTimeToLive = 1;
  /** IP_TOS: the eight bits of DSCP and ECN. */
  trafficClass = 0;
  /** SO_BROADCAST: without it sending to a broadcast address is EACCES. */
  broadcast = false;
  /** SO_REUSEADDR: on, as in Linux: every raw socket shares its protocol, every ping socket its identifier. */
  reuseAddress = true;
  /** SO_REUSEPORT: kept; nothing is shared out among raw sockets. */
  reusePort = false;
  /** IP_MTU_DISCOVER, one of IP_PMTUDISC_…; WANT, the default: DF on what fits the path, fragments of the rest. */
  pathMtuDiscovery = IP_PMTUDISC_WANT;
  /** SO_RCVBUF: data that may wait to be read, bytes; the buffers it stands in may take twice as much. Default 106496. */
  receiveBufferBytes = BUFFER_BYTES;
  /** SO_SNDBUF: kept. Nothing ever waits. Default 106496. */
  sendBufferBytes = BUFFER_BYTES;
  /** IP_HDRINCL: the user writes the IPv4 header. Raw endpoints alone have it. */
  declare headerIncluded?: boolean;
  /** ICMP_FILTER: bit n set keeps messages of type n away, n from 0 to 31. Raw endpoints of ICMP only. */
  icmpFilter = 0;
  /** IP_RECVERR: every ICMP error is told, also without a peer. */
  receiveErrors = false;
  /** SO_BINDTODEVICE: the index of the only interface to send and receive by; -1, the default: any. */
  interface = -1;
  /** IP_UNICAST_IF and IP_MULTICAST_IF: the index of the interface to send by to one host, to a group; -1, the default: as routed. */
  unicastInterface = -1;
  multicastInterface = -1;
  /** IP_MULTICAST_IF: the source of what is sent to a group; 0, the default: the interface's address. */
  multicastAddress = ANY_ADDRESS;
  /** IP_MULTICAST_ALL: hears every group that anybody on this host has joined. Default true, as in Linux. */
  multicastAll = true;
  /** IP_MULTICAST_LOOP: multicasts are for this host's members too. */
  multicastLoop = true;
  /** SO_DONTROUTE: only to hosts on a link of ours, through no gateway. */
  onLink = false;
  /** IP_FREEBIND and IP_TRANSPARENT: may bind to an address that is not ours. */
  freeBind = false;
  transparent = false;
  /** IP_OPTIONS of every header, well-formed, at most 40 bytes; not changed after it was set. */
  options: Uint8Array | undefined = undefined;

  constructor(config: IpConfig) {
    this.timeToLive = config.timeToLive;
  }

  /** What it asks of a path, to a multicast group or to one host, by `interfaceIndex` if that is not -1, without gateways if `onLink`. */
  pathChoice(isGroup: boolean, interfaceIndex: number, onLink: boolean): PathChoice {
    const preferred = isGroup ? this.multicastInterface : this.unicastInterface;
    const own = this.interface >= 0 ? this.interface : preferred;
    return {
      ...DEFAULT_CHOICE,
      broadcast: this.broadcast,
      interface: interfaceIndex >= 0 ? interfaceIndex : own,
      onLink: onLink || this.onLink,
      foreignSource: this.transparent,
      multicastLoop: this.multicastLoop,
      options: this.options,
    };
  }
}
