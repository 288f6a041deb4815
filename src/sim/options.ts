/** What a wire does to packets, as its user says it, and the checks that this makes sense. */

import { checkFields as checkFieldsOf, show } from "../sockets/misuse.ts";

/** One direction of a wire. Every field is optional; without any the wire is ideal. */
export interface DirectionOptions {
  /** Time on the way, ms, one way; from the moment the last bit has left. Default 0. */
  latency?: number;
  /**
   * The latency of each packet differs by up to this much, uniformly, ms either way; never below zero in all. Packets
   * keep their order: one that would overtake arrives together with the one in front of it, as behind a real queue.
   * Ask for `reorder` to have them overtake. Default 0.
   */
  jitter?: number;
  /** Bits per second of IPv4 datagram (no link-layer framing is counted). Default Infinity: no time to serialise. */
  bandwidth?: number;
  /**
   * How many packets may wait while another one is being serialised; one more is dropped (drop-tail). It matters only
   * with a `bandwidth`. Default 1000, as Linux's txqueuelen.
   */
  queue?: number;
  /** Probability that a packet is lost behind the transmitter: it has used its share of the bandwidth. Default 0. */
  loss?: number;
  /** Probability that a packet arrives twice; the copy right behind the original. Default 0. */
  duplicate?: number;
  /** Probability that a packet is held back, so that later ones overtake it. Default 0. */
  reorder?: number;
  /** The longest a packet is held back by `reorder`, ms; the time is uniform. Default: the latency, at least 1. */
  reorderDelay?: number;
  /** Probability that one random bit of the datagram arrives flipped. Default 0. */
  corrupt?: number;
  /** The longest datagram carried, bytes: 68 (RFC 791) to 65535. Default 1500. */
  mtu?: number;
  /**
   * Whether transport checksums are made and verified. With `false` both ends trust the wire as `lo` is trusted (and
   * what `corrupt` does reaches the programs). Fixed when the wire is made. Default true.
   */
  checksum?: boolean;
}

/** Both directions at once; `a` and `b` say it for what that end sends, and win over what is said for both. */
export interface WireOptions extends DirectionOptions {
  a?: DirectionOptions;
  b?: DirectionOptions;
}

/** All fields of one direction, checked. `reorderDelay` stays `undefined` when it follows the latency. */
export interface Impairments extends Required<Omit<DirectionOptions, "reorderDelay">> {
  reorderDelay: number | undefined;
}

export const IDEAL: Readonly<Impairments> = {
  latency: 0,
  jitter: 0,
  bandwidth: Number.POSITIVE_INFINITY,
  queue: 1000,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  reorderDelay: undefined,
  corrupt: 0,
  mtu: 1500,
  checksum: true,
};

/** The longest time a wire keeps a packet, ms: about 31 years, and still exact in microseconds. */
const LONGEST_MILLIS = 1e12;

/** `current` with `options` laid over it, for the direction that starts at `end`. Throws when they make no sense. */
export function impairments(
  current: Readonly<Impairments>,
  options: WireOptions,
  end: "a" | "b",
): Impairments {
  checkObject(options, "wire options");
  const { a, b, ...both } = options;
  const own = end === "a" ? a : b;
  const result = { ...current };
  merge(result, both, "");
  if (own !== undefined) {
    checkObject(own, `wire options for end ${end}`);
    merge(result, own, `${end}.`);
  }
  return result;
}

function merge(into: Impairments, options: DirectionOptions, prefix: string): void {
  for (const [field, value] of Object.entries(options)) {
    const check = CHECKS[field as keyof Impairments];
    if (check === undefined || !Object.hasOwn(CHECKS, field)) {
      throw new TypeError(
        `unknown wire option ${prefix}${field}; there are ${Object.keys(CHECKS).join(", ")}`,
      );
    }
    if (value === undefined) continue; // as if it were not there
    check(prefix + field, value);
    Object.assign(into, { [field]: value });
  }
}

type Check = (field: string, value: unknown) => void;

const CHECKS: Record<keyof Impairments, Check> = {
  latency: millis,
  jitter: millis,
  bandwidth: (field, value) =>
    check(typeof value === "number" && value > 0, field, "a number of bits per second above 0", value),
  queue: (field, value) =>
    check(
      typeof value === "number" &&
        (Number.isInteger(value) || value === Number.POSITIVE_INFINITY) &&
        value >= 0,
      field,
      "a whole number of packets, 0 or more",
      value,
    ),
  loss: probability,
  duplicate: probability,
  reorder: probability,
  reorderDelay: millis,
  corrupt: probability,
  mtu: (field, value) =>
    check(
      typeof value === "number" && Number.isInteger(value) && value >= 68 && value <= 65_535,
      field,
      "a whole number of bytes between 68 and 65535",
      value,
    ),
  checksum: (field, value) => check(typeof value === "boolean", field, "true or false", value),
};

function millis(field: string, value: unknown): void {
  const fits = typeof value === "number" && value >= 0 && value <= LONGEST_MILLIS;
  check(fits, field, "a number of milliseconds between 0 and 1e12", value);
}

function probability(field: string, value: unknown): void {
  const fits = typeof value === "number" && value >= 0 && value <= 1;
  check(fits, field, "a probability between 0 and 1", value);
}

/** Throws "loss must be a probability between 0 and 1, got 2" unless `fits`. */
export function check(fits: boolean, field: string, allowed: string, value: unknown): void {
  if (fits) return;
  const ErrorKind = typeof value === "number" ? RangeError : TypeError;
  throw new ErrorKind(`${field} must be ${allowed}, got ${show(value)}`);
}

/** Throws when `options` is not an object, or has a field that is not one of `allowed`. */
export function checkFields(options: unknown, what: string, allowed: readonly string[]): void {
  checkObject(options, what);
  checkFieldsOf("", what.replace(/s$/, ""), options as object, allowed);
}

function checkObject(value: unknown, what: string): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${what} must be an object, got ${show(value)}`);
  }
}
