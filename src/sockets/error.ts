/** Errors as the promise faces show them: an `Error` with what a POSIX or a Node programmer looks for. */
import { hintFor } from "./error-hints.ts";
import { ERROR_TEXTS } from "./error-texts.ts";
import { checkInteger } from "./misuse.ts";

const NAMES = new Map<number, string>(ERROR_TEXTS.map(([number, name]) => [number, name]));
const TEXTS = new Map<number, string>(ERROR_TEXTS.map(([number, , text]) => [number, text]));

/** `111` or `-111` → `"ECONNREFUSED"`; `"E999"` for a number Linux does not know. */
export function errorName(errno: number): string {
  const number = Math.abs(errno);
  return NAMES.get(number) ?? `E${number}`;
}

/**
 * glibc's text for an error, `"Connection refused"` for 111. Takes `error.errno` as it is: -111 means the same. TypeError
 * for what is no integer.
 */
export function strerror(errno: number): string {
  checkInteger("strerror", "errno", errno);
  const number = Math.abs(errno);
  if (number === 0) return "Success";
  return TEXTS.get(number) ?? `Unknown error ${number}`;
}

/**
 * What `perror` prints: `"connect: Connection refused"`. `error`: what was caught, or a number as SO_ERROR gives it. For an
 * error that is not of a socket its message takes the text's place. TypeError where there is none.
 */
export function perror(prefix: string, error: unknown): string {
  if (error === undefined) {
    throw new TypeError(
      "perror: there is no errno: the second argument is the error that was caught, or a number",
    );
  }
  const text = typeof error === "number" ? strerror(error) : messageOf(error);
  return prefix === "" ? text : `${prefix}: ${text}`;
}

function messageOf(error: unknown): string {
  if (error instanceof SocketError) return error.strerror;
  return error instanceof Error ? error.message : String(error);
}

/** A failed call: `message` is `connect ECONNREFUSED 10.0.0.2:80`. */
export class SocketError extends Error {
  /** The name: `"ECONNREFUSED"`. Error 11 is called `"EWOULDBLOCK"`. */
  readonly code: string;
  /** Linux's number, negative as in Node: -111. */
  readonly errno: number;
  /** The call that failed: `"connect"`. */
  readonly syscall: string;
  /** Present when the call had an address. */
  declare readonly address?: string;
  /** Present when the call had a port. */
  declare readonly port?: number;
  /** What may be wrong, in words, where the name alone says little: "the socket does not listen: call listen first". */
  declare readonly hint?: string;

  /** `errno` may have either sign. `hint`: default that of the call and the error, if there is one. */
  constructor(errno: number, syscall: string, address?: string, port?: number, hint?: string) {
    const code = errorName(errno);
    let message = `${syscall} ${code}`;
    if (address !== undefined) message += port === undefined ? ` ${address}` : ` ${address}:${port}`;
    super(message);
    this.name = "SocketError";
    this.code = code;
    this.errno = -Math.abs(errno);
    this.syscall = syscall;
    if (address !== undefined) this.address = address;
    if (port !== undefined) this.port = port;
    const told = hint ?? hintFor(-this.errno, syscall);
    if (told !== undefined) this.hint = told;
  }

  /** glibc's text: `"Connection refused"`. Python's name for it. */
  get strerror(): string {
    return strerror(this.errno);
  }
}
