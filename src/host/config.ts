/** Checks what a user gives as `new Host({ tcp: { … } })` against the defaults, which say what there is. */
import { show } from "../sockets/misuse.ts";
import { CONGESTION_NAMES } from "../tcp/index.ts";

/** The values allowed for a field whose default does not say it all. */
export type Allowed = Readonly<Record<string, readonly string[] | readonly [least: number, most: number]>>;

/**
 * `defaults` with the fields of `given` in place of its own. Throws a RangeError for a field there is none of, for a
 * number out of range and for a word that is not among the allowed; a TypeError for a value of another type.
 *
 * @param section what the fields belong to, for the message: "tcp"
 */
export function configure<T extends object>(
  section: string,
  defaults: Readonly<T>,
  given: Partial<T> | undefined,
  allowed: Allowed = {},
): T {
  const config: T = { ...defaults };
  if (given === undefined) return config;
  if (typeof given !== "object" || given === null) {
    throw new TypeError(`${section} is an object of options, not ${show(given)}`);
  }
  for (const [field, value] of Object.entries(given)) {
    const path = `${section}.${field}`;
    if (!Object.hasOwn(defaults, field)) {
      throw new RangeError(`there is no option ${path}; there are: ${Object.keys(defaults).join(", ")}`);
    }
    if (value === undefined) continue;
    check(path, defaults[field as keyof T], value, allowed[field]);
    config[field as keyof T] = value as T[keyof T];
  }
  return config;
}

function check(path: string, standard: unknown, value: unknown, allowed: Allowed[string] | undefined): void {
  if (Array.isArray(standard)) {
    checkPorts(path, value);
  } else if (typeof standard === "number") {
    const [least, most] = (allowed ?? [0, Number.MAX_SAFE_INTEGER]) as readonly [number, number];
    if (typeof value !== "number") throw new TypeError(`${path} is a number, not ${show(value)}`);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new RangeError(`${path} is an integer from ${least} to ${most}, not ${value}`);
    }
  } else if (typeof standard === "string") {
    const words = (allowed ?? [standard]) as readonly string[];
    const list = words.map((word) => `"${word}"`).join(" or ");
    if (typeof value !== "string") throw new TypeError(`${path} is ${list}, not ${show(value)}`);
    if (!words.includes(value)) throw new RangeError(`${path} is ${list}, not ${show(value)}`);
  } else if (typeof value !== typeof standard) {
    throw new TypeError(`${path} is true or false, not ${show(value)}`);
  }
}

/** A range of ports, the first and the last. */
function checkPorts(path: string, value: unknown): void {
  if (!Array.isArray(value) || value.length !== 2) {
    throw new TypeError(`${path} is [first, last], two ports, not ${show(value)}`);
  }
  const [first, last] = value;
  const isPort = (port: unknown) =>
    Number.isInteger(port) && (port as number) >= 1 && (port as number) <= 65_535;
  if (!isPort(first) || !isPort(last) || first > last) {
    throw new RangeError(
      `${path} is [first, last], two ports from 1 to 65535 in order, not [${first}, ${last}]`,
    );
  }
}

/** Bounds of TCP's options beyond "an integer from 0". */
export const TCP_ALLOWED: Allowed = {
  congestion: CONGESTION_NAMES,
  initialWindowSegments: [1, 1000],
  initialRtoMillis: [1, 1e9],
  minRtoMillis: [1, 1e9],
  maxRtoMillis: [1, 1e9],
  blackHoleMtu: [0, 65_535],
  suspectRetransmissions: [0, 255],
  maxRetransmissions: [0, 255],
  maxSynRetransmissions: [0, 255],
  maxSynAckRetransmissions: [0, 255],
  maxSegmentLifetimeMillis: [0, 1e9],
  finWait2TimeoutMillis: [0, 1e9],
  delayedAckMillis: [0, 499], // RFC 9293 §3.8.6.3, MUST-40
  quickAcks: [0, 255],
  receiveBufferBytes: [1152, 1 << 30],
  maxReceiveBufferBytes: [1152, 1 << 30],
  sendBufferBytes: [2304, 1 << 30],
  maxSendBufferBytes: [2304, 1 << 30],
  minSegmentSize: [1, 65_495],
  timeToLive: [1, 255],
  keepIdleMillis: [1, 1e12],
  keepIntervalMillis: [1, 1e12],
  keepCount: [1, 127],
  maxEmbryonic: [1, 1_000_000],
  maxOrphans: [1, 1_000_000],
  maxTimeWait: [1, 1_000_000],
};

/** Bounds of IPv4's. */
export const IP_ALLOWED: Allowed = {
  timeToLive: [1, 255],
  minPathMtu: [68, 65_535],
  igmpVersion: [0, 3],
};

/** Bounds of UDP's. */
export const UDP_ALLOWED: Allowed = {
  timeToLive: [1, 255],
  receiveBufferBytes: [1152, 1 << 30],
  sendBufferBytes: [2304, 1 << 30],
};
