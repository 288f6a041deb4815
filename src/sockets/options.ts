/**
 * The table of socket options. A row says level, number, what values the option takes, and how it is read and
 * written; looking up, checking and errors are done once, in {@link getOption} and {@link setOption}. A new option is
 * a new row.
 */
import { EDOM, EINVAL, ENOENT, ENOPROTOOPT } from "../base/errno.ts";
import { CONGESTION_NAMES, info, type TcpInfo } from "../tcp/index.ts";
import {
  IP_MTU_DISCOVER,
  IP_PMTUDISC_DONT,
  IP_PMTUDISC_OMIT,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_TCP,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_DOMAIN,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_OOBINLINE,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_SNDBUF,
  SO_SNDTIMEO,
  SO_TYPE,
  SOL_SOCKET,
  TCP_CONGESTION,
  TCP_INFO,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_USER_TIMEOUT,
} from "./constants.ts";
import type { SocketCore } from "./core.ts";
import { SocketError } from "./error.ts";
import { checkInteger, show } from "./misuse.ts";
import { StreamCore } from "./stream.ts";

export interface Linger {
  /** 0: close returns at once and the data follows by itself. */
  onoff: number;
  /** Seconds that close waits at most; 0 sends RST and forgets the data. */
  linger: number;
}

export type OptionValue = number | string | Linger | TcpInfo;

/** What `getsockopt` gives for option `O` of level `L`, when both are written as constants. */
export type OptionValueOf<L extends number, O extends number> = number extends L | O
  ? OptionValue
  : L extends typeof SOL_SOCKET
    ? O extends typeof SO_LINGER
      ? Linger
      : number
    : L extends typeof IPPROTO_TCP
      ? O extends typeof TCP_INFO
        ? TcpInfo
        : O extends typeof TCP_CONGESTION
          ? string
          : number
      : number;

/** What kind of value an option takes, and how the TypeError says it. */
interface Kind<V> {
  readonly takes: string;
  accepts(value: unknown): value is V;
}

/** A row. Without `set` it can only be read. `set` answers a negative errno, or nothing when all is well. */
interface Row<C, V> {
  readonly get: (core: C) => OptionValue | boolean;
  readonly set?: (core: C, value: V) => number | undefined;
  /** The least and the most it takes; beyond is EINVAL. */
  readonly range?: readonly [least: number, most: number];
}

interface Option {
  readonly level: number;
  readonly name: string;
  readonly number: number;
  readonly kind: Kind<unknown>;
  readonly row: Row<SocketCore, unknown>;
}

/** A constant with its name, as `{ SO_TYPE }` writes both at once. */
type Constant = Readonly<Record<string, number>>;

const INTEGER: Kind<number> = {
  takes: "an integer",
  accepts: (value): value is number => Number.isInteger(value),
};
const FLAG: Kind<number | boolean> = {
  takes: "0 or 1",
  accepts: (value): value is number | boolean => typeof value === "boolean" || Number.isInteger(value),
};
const MILLIS: Kind<number> = {
  takes: "a number of milliseconds",
  accepts: (value): value is number => Number.isFinite(value),
};
const TEXT: Kind<string> = {
  takes: "a string",
  accepts: (value): value is string => typeof value === "string",
};
const LINGER: Kind<Linger> = {
  takes: "an object { onoff, linger } of integers",
  accepts: (value): value is Linger => {
    if (typeof value !== "object" || value === null) return false;
    const { onoff, linger } = value as Partial<Linger>;
    return FLAG.accepts(onoff) && INTEGER.accepts(linger);
  },
};

function option<V>(level: number, constant: Constant, kind: Kind<V>, row: Row<SocketCore, V>): Option {
  const [name, number] = Object.entries(constant)[0]!;
  return { level, name, number, kind, row: row as Row<SocketCore, unknown> };
}

/** An option of TCP: {@link find} gives the row to streams alone. */
function tcp<V>(constant: Constant, kind: Kind<V>, row: Row<StreamCore, V>): Option {
  return option(IPPROTO_TCP, constant, kind, row as unknown as Row<SocketCore, V>);
}

/** SOCK_MIN_RCVBUF and SOCK_MIN_SNDBUF, as `getsockopt` shows them (Linux, include/net/sock.h). */
const MIN_RECEIVE_BUFFER = 2304;
const MIN_SEND_BUFFER = 4608;
/** The ECN bits of the traffic class: TCP's own (RFC 3168 §6.1). */
const ECN_BITS = 3;
const MAX_INT = 0x7fff_ffff;

const OPTIONS: readonly Option[] = [
  option(SOL_SOCKET, { SO_REUSEADDR }, FLAG, {
    get: (core) => core.settings.reuseAddress,
    set: (core, on) => {
      core.settings.reuseAddress = Boolean(on);
    },
  }),
  option(SOL_SOCKET, { SO_KEEPALIVE }, FLAG, {
    get: (core) => core.common.keepAlive,
    set: (core, on) => {
      core.common.keepAlive = Boolean(on);
      if (isStream(core)) core.settings.keepAlive = Boolean(on);
    },
  }),
  option(SOL_SOCKET, { SO_BROADCAST }, FLAG, {
    get: (core) => core.common.broadcast,
    set: (core, on) => {
      core.common.broadcast = Boolean(on);
    },
  }),
  option(SOL_SOCKET, { SO_OOBINLINE }, FLAG, {
    get: (core) => core.common.oobInline,
    set: (core, on) => {
      core.common.oobInline = Boolean(on);
      if (isStream(core)) core.settings.oobInline = Boolean(on);
    },
  }),
  option(SOL_SOCKET, { SO_LINGER }, LINGER, {
    get: ({ common }) => ({ onoff: Number(common.lingerOn), linger: common.lingerSeconds }),
    set: (core, { onoff, linger }) => {
      core.common.lingerOn = Boolean(onoff);
      core.common.lingerSeconds = linger;
      if (isStream(core)) core.settings.abortOnClose = Boolean(onoff) && linger === 0;
    },
  }),
  // Linux counts its bookkeeping as part of the buffer and so doubles what it is asked for (man 7 socket). Sizes beyond
  // its bounds are moved to them without a word.
  option(SOL_SOCKET, { SO_RCVBUF }, INTEGER, {
    get: (core) => 2 * core.settings.receiveBufferBytes,
    set: (core, bytes) => {
      const least = MIN_RECEIVE_BUFFER / 2;
      core.settings.receiveBufferBytes = Math.max(Math.min(bytes, core.maxReceiveBufferBytes), least);
      if (isStream(core)) core.settings.receiveBufferFixed = true;
    },
  }),
  option(SOL_SOCKET, { SO_SNDBUF }, INTEGER, {
    get: (core) => 2 * core.settings.sendBufferBytes,
    set: (core, bytes) => {
      const least = MIN_SEND_BUFFER / 2;
      core.settings.sendBufferBytes = Math.max(Math.min(bytes, core.maxSendBufferBytes), least);
      if (isStream(core)) core.settings.sendBufferFixed = true;
    },
  }),
  option(SOL_SOCKET, { SO_RCVTIMEO }, MILLIS, {
    get: ({ common }) => common.receiveTimeoutMicros / 1000,
    set: ({ common }, millis) => {
      if (millis < 0) return -EDOM;
      common.receiveTimeoutMicros = Math.ceil(millis * 1000);
      return 0;
    },
  }),
  option(SOL_SOCKET, { SO_SNDTIMEO }, MILLIS, {
    get: ({ common }) => common.sendTimeoutMicros / 1000,
    set: ({ common }, millis) => {
      if (millis < 0) return -EDOM;
      common.sendTimeoutMicros = Math.ceil(millis * 1000);
      return 0;
    },
  }),
  option(SOL_SOCKET, { SO_ERROR }, INTEGER, { get: (core) => core.takeError() }),
  option(SOL_SOCKET, { SO_TYPE }, INTEGER, { get: (core) => core.type }),
  option(SOL_SOCKET, { SO_DOMAIN }, INTEGER, { get: (core) => core.domain }),
  option(SOL_SOCKET, { SO_PROTOCOL }, INTEGER, { get: (core) => core.protocol }),
  option(SOL_SOCKET, { SO_ACCEPTCONN }, FLAG, { get: (core) => core.listening }),

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

const TABLE = new Map<number, Option>(OPTIONS.map((entry) => [key(entry.level, entry.number), entry]));

function key(level: number, number: number): number {
  return level * 0x1_0000 + number;
}

/** The option's value; undefined: this socket has no such option (ENOPROTOOPT). */
export function getOption(core: SocketCore, level: number, number: number): OptionValue | undefined {
  const value = find(core, level, number)?.row.get(core);
  return typeof value === "boolean" ? Number(value) : value;
}

/**
 * 0, -ENOPROTOOPT (no such option, or it can only be read), -EINVAL (out of range) or what else the option answers.
 * Throws a TypeError for a value of the wrong kind.
 */
export function setOption(core: SocketCore, level: number, number: number, value: unknown): number {
  const entry = find(core, level, number);
  if (entry?.row.set === undefined) return -ENOPROTOOPT;
  const { kind, row } = entry;
  if (!kind.accepts(value)) {
    throw new TypeError(`setsockopt: ${entry.name} takes ${kind.takes}, not ${show(value)}`);
  }
  if (row.range !== undefined && typeof value === "number") {
    if (value < row.range[0] || value > row.range[1]) return -EINVAL;
  }
  const result = entry.row.set(core, value) ?? 0;
  if (result === 0) core.settingsChanged();
  return result;
}

function find(core: SocketCore, level: number, number: number): Option | undefined {
  if (level === IPPROTO_TCP && !isStream(core)) return undefined;
  return TABLE.get(key(level, number));
}

/** Before a connection the user's bound, or RFC 9293's default; then what is in use. */
function maxSegment(core: StreamCore): number {
  if (core.remotePort === 0) return core.settings.maxSegmentSize || 536;
  return info(core.tcb)["snd_mss"] as number;
}

function isStream(core: SocketCore): core is StreamCore {
  return core instanceof StreamCore;
}

/** `getsockopt` of both faces. */
export function readOption(core: SocketCore, level: number, number: number): OptionValue {
  checkOption("getsockopt", level, number);
  const value = getOption(core, level, number);
  if (value === undefined) throw new SocketError(ENOPROTOOPT, "getsockopt");
  return value;
}

/** `setsockopt` of both faces. */
export function writeOption(core: SocketCore, level: number, number: number, value: unknown): void {
  checkOption("setsockopt", level, number);
  const result = setOption(core, level, number, value);
  if (result < 0) throw new SocketError(result, "setsockopt");
}

function checkOption(call: string, level: unknown, number: unknown): void {
  checkInteger(call, "level", level);
  checkInteger(call, "option", number);
}
