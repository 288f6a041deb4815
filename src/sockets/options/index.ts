/**
 * `getsockopt` and `setsockopt`: looking an option up in the table, checking its value, and the errors, done once for
 * all rows. A row says level, number, what values the option takes, and how it is read and written.
 */
import { EINVAL, ENOPROTOOPT, EOPNOTSUPP } from "../../base/errno.ts";
import {
  AF_INET,
  AF_PACKET,
  AF_UNIX,
  IPPROTO_IP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_RAW,
  SOL_PACKET,
  SOL_RAW,
  SOL_SOCKET,
} from "../constants.ts";
import type { SocketCore } from "../core.ts";
import { SocketError } from "../error.ts";
import { checkInteger, show } from "../misuse.ts";
import { IP_LEVEL_OPTIONS } from "./ip-level.ts";
import { MULTICAST_OPTIONS } from "./multicast.ts";
import { isInet, isStream, type Option, type OptionValue, Refusal } from "./option.ts";
import { RAW_OPTIONS } from "./raw-level.ts";
import { SOCKET_OPTIONS } from "./socket-level.ts";
import { SOCKET_SIZE_OPTIONS } from "./socket-sizes.ts";
import { TCP_OPTIONS } from "./tcp-level.ts";
import { UDP_OPTIONS } from "./udp-level.ts";

export type {
  GroupRequest,
  Linger,
  MulticastInterface,
  Option,
  OptionInput,
  OptionValue,
  OptionValueOf,
  PacketGroupRequest,
} from "./option.ts";

/** Every option there is, for the reference too. */
export const OPTIONS: readonly Option[] = [
  ...SOCKET_OPTIONS,
  ...SOCKET_SIZE_OPTIONS,
  ...IP_LEVEL_OPTIONS,
  ...MULTICAST_OPTIONS,
  ...TCP_OPTIONS,
  ...UDP_OPTIONS,
  ...RAW_OPTIONS,
];
const TABLE = new Map<number, Option>(OPTIONS.map((entry) => [key(entry.level, entry.number), entry]));

function key(level: number, number: number): number {
  return level * 0x1_0000 + number;
}

/** The option's value, or why there is none: ENOPROTOOPT (no such option), EOPNOTSUPP (no such level), ENOTCONN. */
export function getOption(core: SocketCore, level: number, number: number): OptionValue | Refusal {
  if (!hasLevel(core, level)) return new Refusal(strangeToRead(core));
  const get = TABLE.get(key(level, number))?.row.get;
  if (get === undefined) return new Refusal(ENOPROTOOPT);
  const value = get(core);
  return typeof value === "boolean" ? Number(value) : value;
}

/**
 * 0, -ENOPROTOOPT (no such option, or it can only be read), -EINVAL (out of range) or what else the option answers.
 * Throws a TypeError for a value of the wrong kind.
 */
export function setOption(core: SocketCore, level: number, number: number, given: unknown): number {
  if (!hasLevel(core, level)) return core.domain === AF_UNIX ? -EOPNOTSUPP : -ENOPROTOOPT;
  const entry = TABLE.get(key(level, number));
  if (entry?.row.set === undefined) return -ENOPROTOOPT;
  const { kind, row } = entry;
  const value = typeof given === "object" && given !== null && kind.own ? kind.own(given) : given;
  if (value instanceof Refusal) return -value.errno;
  if (!kind.accepts(value)) {
    throw new TypeError(`setsockopt: ${entry.name} takes ${kind.takes}, not ${show(given)}`);
  }
  if (row.range !== undefined && typeof value === "number") {
    if (value < row.range[0] || value > row.range[1]) return -EINVAL;
  }
  const result = entry.row.set(core, value) ?? 0;
  if (result === 0) core.settingsChanged();
  return result;
}

/** Whether the socket has options of this level. */
function hasLevel(core: SocketCore, level: number): boolean {
  if (level === SOL_SOCKET) return true;
  if (level === SOL_PACKET) return core.domain === AF_PACKET;
  if (level === IPPROTO_UDP) return core.protocol === IPPROTO_UDP;
  if (level === SOL_RAW) return core.domain === AF_INET && core.type === SOCK_RAW;
  return level === IPPROTO_TCP ? isStream(core) : level === IPPROTO_IP && isInet(core);
}

/** Linux: AF_UNIX has no options but SOL_SOCKET's, and who asks IP for another level hears the same. */
function strangeToRead({ domain }: SocketCore): number {
  return domain === AF_UNIX || domain === AF_INET ? EOPNOTSUPP : ENOPROTOOPT;
}

/** `getsockopt` of both faces. */
export function readOption(core: SocketCore, level: number, number: number): OptionValue {
  checkOption("getsockopt", level, number);
  const value = getOption(core, level, number);
  if (value instanceof Refusal)
    throw new SocketError(value.errno, "getsockopt", undefined, undefined, named(level, number));
  return value;
}

/** `setsockopt` of both faces. */
export function writeOption(core: SocketCore, level: number, number: number, value: unknown): void {
  checkOption("setsockopt", level, number);
  const result = setOption(core, level, number, value);
  if (result < 0) throw new SocketError(result, "setsockopt", undefined, undefined, named(level, number));
}

/** Which option it was, for the error's hint. */
function named(level: number, number: number): string {
  return TABLE.get(key(level, number))?.name ?? `option ${number} of level ${level}`;
}

function checkOption(call: string, level: unknown, number: unknown): void {
  checkInteger(call, "level", level);
  checkInteger(call, "option", number);
}
