/** Options of level IPPROTO_TCP (man 7 tcp). */
import { EINVAL, ENOENT } from "../../base/errno.ts";
import {
  CONGESTION_NAMES,
  info,
  quickAck,
  setCork,
  setNoDelay,
  setQuickAck,
  setWindowClamp,
} from "../../tcp/index.ts";
import {
  TCP_CONGESTION,
  TCP_CORK,
  TCP_DEFER_ACCEPT,
  TCP_INFO,
  TCP_INQ,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_LINGER2,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_NOTSENT_LOWAT,
  TCP_QUICKACK,
  TCP_SYNCNT,
  TCP_USER_TIMEOUT,
  TCP_WINDOW_CLAMP,
} from "../constants.ts";
import type { StreamCore } from "../stream.ts";
import { FLAG, INTEGER, type Option, TEXT, tcp } from "./option.ts";

const MAX_INT = 0x7fff_ffff;
/** Linux's TCP_RTO_MAX and TCP_FIN_TIMEOUT_MAX, seconds. */
const MAX_RETRANSMISSION_SECONDS = 120;
const MAX_FIN_WAIT_2_SECONDS = 120;
const MOST_RETRANSMISSIONS = 255;

export const TCP_OPTIONS: readonly Option[] = [
  tcp({ TCP_NODELAY }, FLAG, {
    summary: "small segments do not wait for an ACK: Nagle's algorithm is off",
    default: 0,
    get: (core) => core.settings.noDelay,
    set: ({ tcb }, on) => {
      setNoDelay(tcb, Boolean(on));
    },
  }),
  tcp({ TCP_CORK }, FLAG, {
    summary: "what does not fill a segment waits for more, at most 200 ms",
    default: 0,
    get: (core) => core.settings.cork,
    set: ({ tcb }, on) => {
      setCork(tcb, Boolean(on));
    },
  }),
  tcp({ TCP_QUICKACK }, INTEGER, {
    summary: "ACKs are sent at once, until the stack goes over to delaying them; 0 delays them",
    default: 1,
    get: ({ tcb }) => quickAck(tcb),
    set: ({ tcb }, value) => {
      setQuickAck(tcb, value);
    },
  }),
  tcp({ TCP_MAXSEG }, INTEGER, {
    summary: "bound of the segment size, 88 to 32767, 0 for none; connected: the size in use",
    unit: "bytes",
    default: 536,
    get: maxSegment,
    set: (core, bytes) => {
      // TCP_MIN_MSS and MAX_TCP_WINDOW; 0 takes the bound away
      if (bytes !== 0 && (bytes < 88 || bytes > 32_767)) return -EINVAL;
      core.settings.maxSegmentSize = bytes;
      return 0;
    },
  }),
  tcp({ TCP_KEEPIDLE }, INTEGER, {
    summary: "idle time before the first probe of SO_KEEPALIVE, 1 to 32767",
    unit: "seconds",
    default: 7200,
    range: [1, 32_767],
    get: (core) => core.settings.keepIdleMicros / 1e6,
    set: (core, seconds) => {
      core.settings.keepIdleMicros = seconds * 1e6;
    },
  }),
  tcp({ TCP_KEEPINTVL }, INTEGER, {
    summary: "time between two probes, 1 to 32767",
    unit: "seconds",
    default: 75,
    range: [1, 32_767],
    get: (core) => core.settings.keepIntervalMicros / 1e6,
    set: (core, seconds) => {
      core.settings.keepIntervalMicros = seconds * 1e6;
    },
  }),
  tcp({ TCP_KEEPCNT }, INTEGER, {
    summary: "probes without an answer that end the connection, 1 to 127",
    default: 9,
    range: [1, 127],
    get: (core) => core.settings.keepCount,
    set: (core, probes) => {
      core.settings.keepCount = probes;
    },
  }),
  tcp({ TCP_SYNCNT }, INTEGER, {
    summary: "retransmissions of a SYN before connect gives up, 1 to 127",
    default: "7, as RFC 9293 asks; Linux has 6",
    range: [1, 127],
    get: (core) => core.settings.synRetransmissions || core.tcb.tcp.config.maxSynRetransmissions,
    set: (core, count) => {
      core.settings.synRetransmissions = count;
    },
  }),
  tcp({ TCP_LINGER2 }, INTEGER, {
    summary: "time in FIN-WAIT-2 after close, 120 at most; 0 the host's own, below: none",
    unit: "seconds",
    default: 60,
    get: (core) => {
      const micros = core.settings.finWait2Micros;
      if (micros < 0) return -1;
      return (micros || core.tcb.tcp.config.finWait2TimeoutMillis * 1000) / 1e6;
    },
    set: (core, seconds) => {
      core.settings.finWait2Micros = seconds < 0 ? -1 : Math.min(seconds, MAX_FIN_WAIT_2_SECONDS) * 1e6;
    },
  }),
  tcp({ TCP_DEFER_ACCEPT }, INTEGER, {
    summary:
      "accept gives a connection when its first data has come; counted in retransmissions, so that 2 reads 3",
    unit: "seconds",
    default: 0,
    get: (core) => secondsOf(core.settings.deferAccept),
    set: (core, seconds) => {
      core.settings.deferAccept = retransmissionsIn(seconds);
    },
  }),
  tcp({ TCP_USER_TIMEOUT }, INTEGER, {
    summary: "how long sent data may stay unacknowledged; 0 leaves it to the retransmissions",
    unit: "milliseconds",
    default: 0,
    range: [0, MAX_INT],
    get: (core) => core.settings.userTimeoutMicros / 1000,
    set: (core, millis) => {
      core.settings.userTimeoutMicros = millis * 1000;
    },
  }),
  tcp({ TCP_NOTSENT_LOWAT }, INTEGER, {
    summary: "no more is taken than may be waiting unsent; 0 or -1 for no bound",
    unit: "bytes",
    default: 0,
    get: (core) => core.settings.notSentLowWater | 0,
    set: (core, bytes) => {
      core.settings.notSentLowWater = bytes >>> 0; // an unsigned number, of which getsockopt gives the bits
    },
  }),
  tcp({ TCP_WINDOW_CLAMP }, INTEGER, {
    summary: "the largest window to offer, at least 1152; 0, for no bound, before connecting only (EINVAL)",
    unit: "bytes",
    default: 0,
    get: (core) => core.settings.windowClamp,
    set: ({ tcb }, bytes) => setWindowClamp(tcb, bytes),
  }),
  tcp({ TCP_INQ }, INTEGER, {
    summary: "recvmsg tells how many bytes are left to read: TCP_CM_INQ; 0 or 1 (else EINVAL)",
    default: 0,
    range: [0, 1],
    get: ({ common }) => common.receiveInQueue,
    set: ({ common }, on) => {
      common.receiveInQueue = on === 1;
    },
  }),
  tcp({ TCP_INFO }, INTEGER, {
    summary: "the fields tcpi_… of the connection, without the prefix",
    get: (core) => info(core.tcb),
  }),
  tcp({ TCP_CONGESTION }, TEXT, {
    summary: "the algorithm of congestion control, by its name; ENOENT",
    default: "the configured one",
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

/** How many retransmissions a SYN-ACK has had after `seconds` (Linux's secs_to_retrans): the first comes after one second. */
function retransmissionsIn(seconds: number): number {
  if (seconds <= 0) return 0;
  let count = 1;
  let interval = 1;
  for (let period = 1; seconds > period && count < MOST_RETRANSMISSIONS; count++) {
    interval = Math.min(2 * interval, MAX_RETRANSMISSION_SECONDS);
    period += interval;
  }
  return count;
}

/** When the last of so many retransmissions is over (Linux's retrans_to_secs). */
function secondsOf(retransmissions: number): number {
  let period = 0;
  let interval = 1;
  for (let count = 0; count < retransmissions; count++) {
    period += interval;
    interval = Math.min(2 * interval, MAX_RETRANSMISSION_SECONDS);
  }
  return period;
}
