/**
 * Sockets the C way: functions on descriptors with the names and meanings of POSIX. What can block returns a promise;
 * what fails throws or rejects with a {@link SocketError}. The functions need no `this`:
 * `const { socket, bind } = host.posix`.
 *
 * Calls that may wait take `{ signal }` as their last argument: aborting it ends the wait with EINTR.
 */
import { PosixWaiting } from "./waiting.ts";

export type {
  AnySockaddr,
  BookSockaddrLl,
  BookSockaddrUn,
  Sockaddr,
  SockaddrInput,
  SockaddrLl,
  SockaddrLlInput,
  SockaddrUn,
} from "./addresses.ts";
export type { Ioctl, ResourceLimit } from "./files.ts";
export type { CallOptions } from "./sockets.ts";
export type {
  AnyControlMessage,
  BookReceiveMessage,
  BookSendMessage,
  ReceiveMessage,
  SendMessage,
} from "./transfer.ts";
export type { PollFd, SelectResult, SelectSets } from "./waiting.ts";

/** All the calls by descriptor. Each file of this folder adds some: names, files, sockets, transfer, waiting. */
export class Posix extends PosixWaiting {}
