/** Options that a user wants in the headers of what it sends (IP_OPTIONS): checked as Linux's ip_options_compile does. */
import { EINVAL, EPERM } from "../base/errno.ts";
import {
  OPTION_END,
  OPTION_LOOSE_SOURCE_ROUTE,
  OPTION_NOP,
  OPTION_RECORD_ROUTE,
  OPTION_STRICT_SOURCE_ROUTE,
  OPTION_TIMESTAMP,
} from "./options.ts";

/** What fits behind a header of 20 bytes: IHL has four bits. */
export const MAX_OPTIONS_LENGTH = 40;

const OPTION_CIPSO = 134;
const OPTION_ROUTER_ALERT = 148;

/** Kinds of timestamp option (RFC 791 §3.1): times alone, with addresses, with addresses that were named before. */
export const TIMESTAMP_ONLY = 0;
export const TIMESTAMP_AND_ADDRESS = 1;
export const TIMESTAMP_PRESPECIFIED = 3;

const MS_PER_DAY = 86_400_000;
/** RFC 791 §3.1: a time that is not milliseconds since midnight UT. */
const NOT_STANDARD_TIME = 0x8000_0000;

/**
 * The options that `given` lists, padded to a multiple of four bytes with what ends them, for `PathChoice.options` and for
 * getsockopt. EINVAL for more than 40 bytes, for what is malformed or stands twice, and for kinds that are not well known unless
 * `privileged`. EPERM for source routes whoever asks: Linux says so to all but CAP_NET_RAW, and nobody forwards them any more
 * (RFC 7126 §4.3, §4.4).
 */
export function compileOptions(given: Uint8Array, privileged: boolean): Uint8Array | number {
  if (given.length > MAX_OPTIONS_LENGTH) return -EINVAL;
  const options = new Uint8Array((given.length + 3) & ~3);
  options.set(given);
  let seen = 0;
  for (let at = 0; at < options.length; ) {
    const kind = options[at] as number;
    if (kind === OPTION_END) {
      options.fill(OPTION_END, at);
      break;
    }
    if (kind === OPTION_NOP) {
      at++;
      continue;
    }
    const length = options[at + 1] ?? 0;
    if (length < 2 || at + length > options.length) return -EINVAL;
    const once = onceBit(kind);
    if ((seen & once) !== 0) return -EINVAL;
    seen |= once;
    const fault = judge(options, at, length, privileged);
    if (fault !== 0) return fault;
    at += length;
  }
  return options;
}

/** A bit for every kind of which there is one at most; both source routes have the same. */
function onceBit(kind: number): number {
  if (kind === OPTION_RECORD_ROUTE) return 1;
  if (kind === OPTION_TIMESTAMP) return 2;
  return kind === OPTION_LOOSE_SOURCE_ROUTE || kind === OPTION_STRICT_SOURCE_ROUTE ? 4 : 0;
}

/** 0, or what is wrong with the option of `length` bytes at `at`. */
function judge(options: Uint8Array, at: number, length: number, privileged: boolean): number {
  const pointer = options[at + 2] as number;
  switch (options[at]) {
    case OPTION_RECORD_ROUTE:
      if (length < 3 || pointer < 4) return -EINVAL;
      return pointer <= length && pointer + 3 > length ? -EINVAL : 0;
    case OPTION_TIMESTAMP:
      return length < 4 ? -EINVAL : judgeTimestamp(options, at, length, privileged);
    case OPTION_LOOSE_SOURCE_ROUTE:
    case OPTION_STRICT_SOURCE_ROUTE:
      return length < 7 || pointer !== 4 || ((length - 3) & 3) !== 0 ? -EINVAL : -EPERM;
    case OPTION_ROUTER_ALERT:
      return length < 4 ? -EINVAL : 0;
    case OPTION_CIPSO:
      return -EINVAL; // no label means anything here
    default:
      return privileged ? 0 : -EINVAL;
  }
}

function judgeTimestamp(options: Uint8Array, at: number, length: number, privileged: boolean): number {
  const pointer = options[at + 2] as number;
  const kind = (options[at + 3] as number) & 15;
  const overflow = (options[at + 3] as number) >>> 4;
  if (pointer < 5) return -EINVAL;
  if (pointer > length) return kind !== TIMESTAMP_PRESPECIFIED && overflow === 15 ? -EINVAL : 0;
  const known = kind === TIMESTAMP_ONLY || kind === TIMESTAMP_AND_ADDRESS || kind === TIMESTAMP_PRESPECIFIED;
  if (!known && !privileged) return -EINVAL;
  return pointer + (kind === TIMESTAMP_ONLY || !known ? 3 : 7) > length ? -EINVAL : 0;
}

/** Options as the first host on the way sends them. */
export interface OriginatedOptions {
  readonly bytes: Uint8Array;
  /** Where in them the time of sending belongs, see {@link stampTime}; -1 for nowhere. */
  readonly timeAt: number;
}

/**
 * A padded copy of the well-formed `options`, in which the first host, `source`, stands first in the record of the route and in that
 * of the times (RFC 791 §3.1).
 */
export function originateOptions(options: Uint8Array, source: number): OriginatedOptions {
  const bytes = new Uint8Array((options.length + 3) & ~3);
  bytes.set(options);
  const route = findOption(bytes, OPTION_RECORD_ROUTE);
  if (route >= 0 && fieldAt(bytes, route, 4) >= 0) {
    writeAddress(bytes, fieldAt(bytes, route, 4), source);
    advance(bytes, route, 4);
  }
  return { bytes, timeAt: originateTimestamp(bytes, findOption(bytes, OPTION_TIMESTAMP), source) };
}

/** Takes the place of the first time in the timestamp option at `at` (-1: there is none). Returns where it is, or -1. */
function originateTimestamp(bytes: Uint8Array, at: number, source: number): number {
  const kind = at < 0 ? -1 : (bytes[at + 3] as number) & 15;
  if (kind === TIMESTAMP_ONLY) {
    const time = fieldAt(bytes, at, 4);
    if (time >= 0) advance(bytes, at, 4);
    return time;
  }
  if (kind !== TIMESTAMP_AND_ADDRESS && kind !== TIMESTAMP_PRESPECIFIED) return -1;
  const address = fieldAt(bytes, at, 8);
  if (address < 0) return -1;
  if (kind === TIMESTAMP_AND_ADDRESS) writeAddress(bytes, address, source);
  else if (readAddress(bytes, address) !== source) return -1; // it is another host that is to tell its time
  advance(bytes, at, 8);
  return address + 4;
}

/** Writes the time `nowMicros` at `at` of `view`: milliseconds of a clock that started at no midnight (RFC 791 §3.1). */
export function stampTime(view: DataView, at: number, nowMicros: number): void {
  view.setInt32(at, (Math.floor(nowMicros / 1000) % MS_PER_DAY) | NOT_STANDARD_TIME);
}

/** Where the pointer of the option at `at` points, if `size` bytes fit there; else -1. */
function fieldAt(bytes: Uint8Array, at: number, size: number): number {
  const pointer = bytes[at + 2] as number;
  return pointer - 1 + size <= (bytes[at + 1] as number) ? at + pointer - 1 : -1;
}

function advance(bytes: Uint8Array, at: number, size: number): void {
  bytes[at + 2] = (bytes[at + 2] as number) + size;
}

function writeAddress(bytes: Uint8Array, at: number, address: number): void {
  for (let index = 0; index < 4; index++) bytes[at + index] = address >>> (24 - 8 * index);
}

function readAddress(bytes: Uint8Array, at: number): number {
  let address = 0;
  for (let index = 0; index < 4; index++) address = (address << 8) | (bytes[at + index] as number);
  return address;
}

/** The offset of the first option of `kind` among well-formed `options`, -1 when there is none. */
function findOption(options: Uint8Array, kind: number): number {
  let at = 0;
  while (at < options.length && options[at] !== OPTION_END) {
    if (options[at] === kind) return at;
    at += options[at] === OPTION_NOP ? 1 : Math.max(2, options[at + 1] ?? 2);
  }
  return -1;
}
