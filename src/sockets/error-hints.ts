/** What to do about errors whose name alone leaves beginners at a loss: `error.hint`. */
import { EADDRINUSE, EDESTADDRREQ, EINVAL, ENOTCONN, EPIPE } from "../base/errno.ts";

const UNCONNECTED = "the socket has no connection: connect first, or use what accept gave";
const NOBODY = "the socket has no peer: sendto says where to, or connect does once for all";

/** By errno, then by call. */
const HINTS: ReadonlyMap<number, Readonly<Record<string, string>>> = new Map([
  [
    EINVAL,
    {
      bind: "the socket is bound already, or the path in AF_UNIX is longer than 107 bytes",
      accept: "the socket does not listen: call listen first",
      accept4: "the socket does not listen: call listen first",
      listen: "the socket is connected",
    },
  ],
  [
    ENOTCONN,
    {
      recv: UNCONNECTED,
      recv_into: UNCONNECTED,
      recvfrom: UNCONNECTED,
      recvmsg: UNCONNECTED,
      read: UNCONNECTED,
      getpeername: UNCONNECTED,
      shutdown: UNCONNECTED,
    },
  ],
  [EPIPE, { send: "the connection was shut down at this end, or reset, or there was none" }],
  [EDESTADDRREQ, { send: NOBODY, write: NOBODY, sendto: NOBODY }],
  [
    EADDRINUSE,
    { bind: "another socket has the address; SO_REUSEADDR, set before bind, passes over TIME-WAIT" },
  ],
]);

/** The hint for `errno` of `syscall`; undefined for what speaks for itself. */
export function hintFor(errno: number, syscall: string): string | undefined {
  return HINTS.get(errno)?.[syscall];
}
