/** Checks of what a user hands in. What fails is a mistake in the program: a TypeError or RangeError, not an errno. */

/** Entries of an object or array that a message lists. */
const SHOWN = 5;

/** How a value reads in a message: strings quoted, plain objects and arrays with what is in them, others by their kind. */
export function show(value: unknown, nested = false): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) {
    if (nested) return "[…]";
    return `[${list(value.slice(0, SHOWN + 1).map((item) => show(item, true)))}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const name = value.constructor?.name || "object";
    return `${/^[AEIOaeio]/.test(name) ? "an" : "a"} ${name}`;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return "{}";
  return nested ? "{…}" : `{ ${list(entries.map(([key, item]) => `${key}: ${show(item, true)}`))} }`;
}

function list(items: readonly string[]): string {
  return items.length > SHOWN ? `${items.slice(0, SHOWN).join(", ")}, …` : items.join(", ");
}

export function checkInteger(call: string, what: string, value: unknown): asserts value is number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw new TypeError(`${call}: ${what} is an integer, not ${show(value)}`);
  }
}

export function checkRange(
  call: string,
  what: string,
  value: unknown,
  least: number,
  most: number,
): asserts value is number {
  checkInteger(call, what, value);
  if (value < least || value > most) {
    throw new RangeError(`${call}: ${what} is an integer from ${least} to ${most}, not ${value}`);
  }
}

/** What can be sent. */
export type Sendable = ArrayBufferView | ArrayBuffer | string;

/** `data` as bytes: a `Uint8Array` as it is, a string as UTF-8; of another view, or an ArrayBuffer, what lies in memory. */
export function toBytes(call: string, data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (typeof data === "string") return new TextEncoder().encode(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw new TypeError(`${call}: data is a Uint8Array or a string, not ${show(data)}`);
}

/** A buffer to fill. */
export function checkBuffer(call: string, buffer: unknown): asserts buffer is Uint8Array {
  if (!(buffer instanceof Uint8Array)) {
    throw new TypeError(`${call}: the buffer is a Uint8Array, not ${show(buffer)}`);
  }
}

/** Refuses a field that is not among `allowed`: a slip of the pen, or something that the call does not take. */
export function checkFields(call: string, what: string, given: object, allowed: readonly string[]): void {
  // what an object has inherited too: an AbortSignal in the place of { signal } has its fields from there
  for (const field in given) {
    if (allowed.includes(field)) continue;
    const known = `there ${allowed.length === 1 ? "is" : "are"} ${allowed.join(", ")}`;
    throw new TypeError(`${call === "" ? "" : `${call}: `}unknown ${what} ${field}; ${known}`);
  }
}

const LAST = ["signal"];

/**
 * The last argument of a call that may wait, if there is one. `hints` by call: what those who come from elsewhere are told
 * beside.
 */
export function checkWaiting(
  call: string,
  waiting: unknown,
  hints?: Readonly<Record<string, string>>,
): asserts waiting is { signal?: AbortSignal | undefined } | undefined {
  if (waiting === undefined) return;
  const isObject = typeof waiting === "object" && waiting !== null && !isSignal(waiting);
  const signal: unknown = isObject ? Reflect.get(waiting, "signal") : null;
  try {
    if (signal === undefined || isSignal(signal)) return checkFields(call, "option", waiting as object, LAST);
    const form = "an object { signal } with an AbortSignal";
    throw new TypeError(`${call}: the last argument is ${form}, not ${show(waiting)}`);
  } catch (error) {
    const hint = hints?.[call];
    throw hint === undefined ? error : new TypeError(`${(error as Error).message}; ${hint}`);
  }
}

function isSignal(value: unknown): boolean {
  return typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value;
}
