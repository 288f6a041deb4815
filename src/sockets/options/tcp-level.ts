/** Options of level IPPROTO_TCP (man 7 tcp). */
import { EINVAL, ENOENT } from "../../base/errno.ts";
import { CONGESTION_NAMES, info } from "../../tcp/index.ts";
import {
  TCP_CONGESTION,
  TCP_INFO,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_USER_TIMEOUT,
} from "../constants.ts";
import type { StreamCore } from "../stream.ts";
import { FLAG, INTEGER, type Option, TEXT, tcp } from "./option.ts";

const MAX_INT = 0x7fff_ffff;

export const TCP_OPTIONS: readonly Option[] = [
  tcp({ TCP_NODELAY }, FLAG, {
    get: (core) => core.settings.noDelay,
    set: (core, on) => {
      core.settings.noDelay = Boolean(on);
    },
  }),
  tcp({ TCP_MAXSEG }, INTEGER, {
    get: maxSegment,
    set: (core, bytes) => {
      // TCP_MIN_MSS and MAX_TCP_WINDOW; 0 takes the bound away
      if (bytes !== 0 && (bytes < 88 || bytes > 32_767)) return -EINVAL;
      core.settings.maxSegmentSize = bytes;
      return 0;
    },
  }),
  tcp({ TCP_KEEPIDLE }, INTEGER, {
    range: [1, 32_767],
    get: (core) => core.settings.keepIdleMicros / 1e6,
    set: (core, seconds) => {
      core.settings.keepIdleMicros = seconds * 1e6;
    },
  }),
  tcp({ TCP_KEEPINTVL }, INTEGER, {
    range: [1, 32_767],
    get: (core) => core.settings.keepIntervalMicros / 1e6,
    set: (core, seconds) => {
      core.settings.keepIntervalMicros = seconds * 1e6;
    },
  }),
  tcp({ TCP_KEEPCNT }, INTEGER, {
    range: [1, 127],
    get: (core) => core.settings.keepCount,
    set: (core, probes) => {
      core.settings.keepCount = probes;
    },
  }),
  tcp({ TCP_USER_TIMEOUT }, INTEGER, {
    range: [0, MAX_INT],
    get: (core) => core.settings.userTimeoutMicros / 1000,
    set: (core, millis) => {
      core.settings.userTimeoutMicros = millis * 1000;
    },
  }),
  tcp({ TCP_INFO }, INTEGER, { get: (core) => info(core.tcb) }),
  tcp({ TCP_CONGESTION }, TEXT, {
    get: (core) => core.settings.congestion,
    set: (core, name) => {
      if (!CONGESTION_NAMES.includes(name)) return -ENOENT;
      core.settings.congestion = name;
      return 0;
    },
  }),
];

/** Before a connection the user's bound, or RFC 9293's default; then what is in use. */
function maxSegment(core: StreamCore): number {
  if (core.remotePort === 0) return core.settings.maxSegmentSize || 536;
  return info(core.tcb)["snd_mss"] as number;
}
