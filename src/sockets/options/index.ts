/**
 * `getsockopt` and `setsockopt`: looking an option up in the table, checking its value, and the errors, done once for
 * all rows. A row says level, number, what values the option takes, and how it is read and written.
 */
import { EINVAL, ENOPROTOOPT } from "../../base/errno.ts";
import { IPPROTO_TCP } from "../constants.ts";
import type { SocketCore } from "../core.ts";
import { SocketError } from "../error.ts";
import { checkInteger, show } from "../misuse.ts";
import { IP_LEVEL_OPTIONS } from "./ip-level.ts";
import { isStream, type Option, type OptionValue } from "./option.ts";
import { SOCKET_OPTIONS } from "./socket-level.ts";
import { TCP_OPTIONS } from "./tcp-level.ts";

export type { Linger, OptionValue, OptionValueOf } from "./option.ts";

const OPTIONS: readonly Option[] = [...SOCKET_OPTIONS, ...IP_LEVEL_OPTIONS, ...TCP_OPTIONS];
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
