/** The errors of <netdb.h>: what `getaddrinfo` and `getnameinfo` answer, and what `h_errno` says. */
import { SocketError } from "./error.ts";
import { HOST_NOT_FOUND, NO_DATA, NO_RECOVERY, TRY_AGAIN } from "./names/constants.ts";

/** Number, name and glibc's text. */
const GAI_TEXTS: readonly (readonly [number: number, name: string, text: string])[] = [
  [-1, "EAI_BADFLAGS", "Bad value for ai_flags"],
  [-2, "EAI_NONAME", "Name or service not known"],
  [-3, "EAI_AGAIN", "Temporary failure in name resolution"],
  [-4, "EAI_FAIL", "Non-recoverable failure in name resolution"],
  [-5, "EAI_NODATA", "No address associated with hostname"],
  [-6, "EAI_FAMILY", "ai_family not supported"],
  [-7, "EAI_SOCKTYPE", "ai_socktype not supported"],
  [-8, "EAI_SERVICE", "Servname not supported for ai_socktype"],
  [-9, "EAI_ADDRFAMILY", "Address family for hostname not supported"],
  [-10, "EAI_MEMORY", "Memory allocation failure"],
  [-11, "EAI_SYSTEM", "System error"],
  [-12, "EAI_OVERFLOW", "Unknown error"], // glibc has no text for it
  [-100, "EAI_INPROGRESS", "Processing request in progress"],
  [-101, "EAI_CANCELED", "Request canceled"],
  [-102, "EAI_NOTCANCELED", "Request not canceled"],
  [-103, "EAI_ALLDONE", "All requests done"],
  [-104, "EAI_INTR", "Interrupted by a signal"],
  [-105, "EAI_IDN_ENCODE", "Parameter string not correctly encoded"],
];

const HOST_TEXTS: readonly (readonly [number: number, name: string, text: string])[] = [
  [0, "NETDB_SUCCESS", "Resolver Error 0 (no error)"],
  [HOST_NOT_FOUND, "HOST_NOT_FOUND", "Unknown host"],
  [TRY_AGAIN, "TRY_AGAIN", "Host name lookup failure"],
  [NO_RECOVERY, "NO_RECOVERY", "Unknown server error"],
  [NO_DATA, "NO_DATA", "No address associated with name"],
];

/** glibc's text for an `EAI_…` number: `"Name or service not known"` for -2; "Unknown error" for others. */
export function gai_strerror(errno: number): string {
  return GAI_TEXTS.find(([number]) => number === errno)?.[2] ?? "Unknown error";
}

/** glibc's text for an `h_errno`: `"Unknown host"` for 1. Takes `error.errno` as it is: -1 means the same. */
export function hstrerror(errno: number): string {
  return HOST_TEXTS.find(([number]) => number === Math.abs(errno))?.[2] ?? "Unknown resolver error";
}

/**
 * A name, address or service that cannot be looked up: Python's `gaierror`. `code` is `"EAI_NONAME"`, `errno` glibc's
 * number, -2, `message` is `getaddrinfo EAI_NONAME nosuchhost`.
 */
export class GaiError extends SocketError {
  override readonly code: string;

  /** `what`: the name or service that was asked for. */
  constructor(errno: number, syscall = "getaddrinfo", what?: string) {
    super(errno, syscall, what);
    this.name = "GaiError";
    this.code = GAI_TEXTS.find(([number]) => number === this.errno)?.[1] ?? `EAI_${-this.errno}`;
    this.message = messageOf(syscall, this.code, what);
  }

  /** {@link gai_strerror} of it. */
  override get strerror(): string {
    return gai_strerror(this.errno);
  }
}

/**
 * An address without a name, or a name that is none: Python's `herror`. `code` is `"HOST_NOT_FOUND"`, `errno` the
 * `h_errno`, negative as all are here: -1.
 */
export class HostError extends SocketError {
  override readonly code: string;

  constructor(errno: number, syscall: string, what?: string) {
    super(errno, syscall, what);
    this.name = "HostError";
    this.code = HOST_TEXTS.find(([number]) => number === -this.errno)?.[1] ?? `H_ERRNO_${-this.errno}`;
    this.message = messageOf(syscall, this.code, what);
  }

  /** {@link hstrerror} of it. */
  override get strerror(): string {
    return hstrerror(this.errno);
  }
}

function messageOf(syscall: string, code: string, what: string | undefined): string {
  return what === undefined ? `${syscall} ${code}` : `${syscall} ${code} ${what}`;
}
