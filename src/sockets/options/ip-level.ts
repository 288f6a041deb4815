/** Options of level IPPROTO_IP (man 7 ip). */
import { EINVAL } from "../../base/errno.ts";
import {
  IP_MTU_DISCOVER,
  IP_PMTUDISC_DONT,
  IP_PMTUDISC_OMIT,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
} from "../constants.ts";
import { INTEGER, isStream, type Option, option } from "./option.ts";

/** The ECN bits of the traffic class: TCP's own (RFC 3168 §6.1). */
const ECN_BITS = 3;

export const IP_LEVEL_OPTIONS: readonly Option[] = [
  option(IPPROTO_IP, { IP_TTL }, INTEGER, {
    get: (core) => core.settings.timeToLive,
    set: (core, hops) => {
      // -1 gives the default back
      if (hops !== -1 && (hops < 1 || hops > 255)) return -EINVAL;
      core.settings.timeToLive = hops === -1 ? core.defaultTimeToLive : hops;
      return 0;
    },
  }),
  option(IPPROTO_IP, { IP_TOS }, INTEGER, {
    get: (core) => core.settings.trafficClass,
    set: (core, value) => {
      const kept = isStream(core) ? ECN_BITS : 0;
      core.settings.trafficClass = (value & 0xff & ~kept) | (core.settings.trafficClass & kept);
    },
  }),
  option(IPPROTO_IP, { IP_MTU_DISCOVER }, INTEGER, {
    range: [IP_PMTUDISC_DONT, IP_PMTUDISC_OMIT],
    get: (core) => core.common.mtuDiscover,
    set: (core, mode) => {
      core.common.mtuDiscover = mode;
    },
  }),
];
