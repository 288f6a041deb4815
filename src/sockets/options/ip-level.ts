/** Options of level IPPROTO_IP (man 7 ip) but those about multicast. */
import { EADDRNOTAVAIL, EINVAL, ENOPROTOOPT, ENOTCONN, EPERM } from "../../base/errno.ts";
import { compileOptions } from "../../ip/send-options.ts";
import {
  IP_FREEBIND,
  IP_HDRINCL,
  IP_MTU,
  IP_MTU_DISCOVER,
  IP_OPTIONS,
  IP_PKTINFO,
  IP_PMTUDISC_DONT,
  IP_PMTUDISC_OMIT,
  IP_RECVERR,
  IP_RECVTOS,
  IP_RECVTTL,
  IP_TOS,
  IP_TRANSPARENT,
  IP_TTL,
  IP_UNICAST_IF,
} from "../constants.ts";
import { mayMark } from "../control.ts";
import type { InetCore } from "../inet-core.ts";
import {
  BYTES,
  FLAG,
  flagOf,
  hasSetting,
  INTEGER,
  ip,
  isStream,
  type Option,
  Refusal,
  setSetting,
  setting,
} from "./option.ts";

/** Linux's ip_tos2prio: the priority that throughput and delay, two of the old TOS bits, stand for. */
const PRIORITY_OF_TOS = [0, 2, 6, 4];
/** The ECN bits of the traffic class: TCP's own (RFC 3168 §6.1). */
const ECN_BITS = 3;
const NO_OPTIONS = new Uint8Array(0);

export const IP_LEVEL_OPTIONS: readonly Option[] = [
  ip({ IP_TTL }, INTEGER, {
    summary: "the time to live of what is sent to one host, 1 to 255; -1 gives the default back",
    unit: "hops",
    default: 64,
    get: (core) => core.settings.timeToLive,
    set: (core, hops) => {
      if (hops !== -1 && (hops < 1 || hops > 255)) return -EINVAL;
      core.settings.timeToLive = hops === -1 ? core.defaultTimeToLive : hops;
      return 0;
    },
  }),
  ip({ IP_TOS }, INTEGER, {
    summary: "the eight bits of DSCP and ECN; the two of ECN are TCP's own",
    default: 0,
    get: (core) => core.settings.trafficClass,
    set: (core, value) => {
      const kept = isStream(core) ? ECN_BITS : 0;
      core.settings.trafficClass = (value & 0xff & ~kept) | (core.settings.trafficClass & kept);
      setSetting(core, "priority", PRIORITY_OF_TOS[(value >>> 3) & 3] as number); // SO_PRIORITY follows, as in Linux
    },
  }),
  ip({ IP_MTU_DISCOVER }, INTEGER, {
    summary: "an IP_PMTUDISC_ value: whether DF is set, and what is done with what does not fit the path",
    default: "IP_PMTUDISC_WANT",
    range: [IP_PMTUDISC_DONT, IP_PMTUDISC_OMIT],
    get: (core) => core.common.mtuDiscover,
    set: (core, mode) => {
      core.common.mtuDiscover = mode;
    },
  }),
  ip({ IP_MTU }, INTEGER, {
    summary: "the known path MTU to the peer; ENOTCONN without one",
    unit: "bytes",
    get: pathMtu,
  }),
  ip({ IP_OPTIONS }, BYTES, {
    summary: "options for the header of everything sent, 40 bytes at most; empty for none",
    default: "none",
    get: (core) => setting(core, "options", NO_OPTIONS).slice(),
    set: (core, bytes) => {
      const options = compileOptions(bytes, core.owner.capabilities.has("CAP_NET_RAW"));
      if (typeof options === "number") return options;
      // an empty list is none: what is sent then needs no second look
      Reflect.set(core.settings, "options", options.length === 0 ? undefined : options);
      return 0;
    },
  }),
  ip({ IP_HDRINCL }, FLAG, {
    summary: "the user writes the IP header; raw sockets only (else ENOPROTOOPT to set)",
    default: "0; 1 for IPPROTO_RAW",
    get: (core) => setting(core, "headerIncluded", false),
    set: (core, on) => {
      if (!hasSetting(core, "headerIncluded")) return -ENOPROTOOPT;
      setSetting(core, "headerIncluded", Boolean(on));
      return 0;
    },
  }),
  ip({ IP_FREEBIND }, FLAG, flagOf("freeBind", "bind may take an address that is not this host's")),
  ip({ IP_TRANSPARENT }, FLAG, {
    summary:
      "bind may take an address that is not this host's, and send from it; EPERM without CAP_NET_ADMIN or CAP_NET_RAW",
    default: 0,
    get: (core) => setting(core, "transparent", false),
    set: (core, on) => {
      if (on && !mayMark(core.owner)) return -EPERM;
      setSetting(core, "transparent", Boolean(on));
      return 0;
    },
  }),
  ip({ IP_UNICAST_IF }, INTEGER, {
    summary:
      "the index, from 1, of the interface to send to one host by; 0: as routed; EADDRNOTAVAIL; TCP keeps it and gives it back",
    default: 0,
    get: (core) => setting(core, "unicastInterface", -1) + 1,
    set: (core, index) => {
      if (index !== 0 && core.owner.ipv4.interfaceName(index - 1) === "") return -EADDRNOTAVAIL;
      setSetting(core, "unicastInterface", index - 1);
      return 0;
    },
  }),
  ip({ IP_PKTINFO }, FLAG, {
    summary: "recvmsg tells by which interface and to which address a datagram came",
    default: 0,
    get: ({ common }) => common.receivePacketInfo,
    set: ({ common }, on) => {
      common.receivePacketInfo = Boolean(on);
    },
  }),
  ip({ IP_RECVTTL }, FLAG, {
    summary: "recvmsg tells the time to live of a datagram: IP_TTL",
    default: 0,
    get: ({ common }) => common.receiveTimeToLive,
    set: ({ common }, on) => {
      common.receiveTimeToLive = Boolean(on);
    },
  }),
  ip({ IP_RECVTOS }, FLAG, {
    summary: "recvmsg tells the eight bits of DSCP and ECN of a datagram: IP_TOS",
    default: 0,
    get: ({ common }) => common.receiveTrafficClass,
    set: ({ common }, on) => {
      common.receiveTrafficClass = Boolean(on);
    },
  }),
  ip({ IP_RECVERR }, FLAG, {
    summary: "keeps ICMP errors in a queue, for recvmsg with MSG_ERRQUEUE; TCP tells them at once",
    default: 0,
    get: ({ common }) => common.receiveErrors,
    set: (core, on) => {
      core.common.receiveErrors = Boolean(on);
      if (hasSetting(core, "receiveErrors")) setSetting(core, "receiveErrors", Boolean(on));
    },
  }),
];

function pathMtu(core: InetCore): number | Refusal {
  if (core.remoteAddress === 0 || core.peerName === undefined) return new Refusal(ENOTCONN);
  const path = core.owner.ipv4.path(core.remoteAddress, core.localAddress);
  return typeof path === "number" ? new Refusal(ENOTCONN) : path.mtu;
}
