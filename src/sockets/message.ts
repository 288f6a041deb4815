/** What goes with a message beside its bytes: filled in by `receive`, or set for one `send`. */
import type { Description } from "./descriptors.ts";
import type { SocketName } from "./socket-name.ts";

/** `struct ucred`: who is at the other end of a socket of AF_UNIX. */
export interface Credentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** `struct sock_extended_err` with the offender behind it: an entry of the error queue (IP_RECVERR). */
export interface ExtendedError {
  /** Positive. */
  readonly errno: number;
  /** SO_EE_ORIGIN_LOCAL or SO_EE_ORIGIN_ICMP. */
  readonly origin: number;
  /** Type and code of the ICMP message. */
  readonly type: number;
  readonly code: number;
  /** The path's MTU for EMSGSIZE, else 0. */
  readonly info: number;
  /** Who sent the ICMP message: dotted quad, "0.0.0.0" for an error of this host. */
  readonly offender: string;
}

/** What the last `receive` told beside the bytes: what `recvfrom` and `recvmsg` give. */
export class MessageInfo {
  /** Who sent it, in AF_INET: int32 and port. */
  address = 0;
  port = 0;
  /** Who sent it, in the other domains. */
  name: SocketName | undefined = undefined;
  /** The whole datagram's length in bytes, also when less was asked for. */
  length = 0;
  /** MSG_TRUNC when the datagram was cut, MSG_EOR at a record's end, MSG_OOB, MSG_ERRQUEUE. */
  flags = 0;

  /** Which address of ours it was sent to, by which interface it came (from 0; -1: not known), and with what header. */
  destination = 0;
  interfaceIndex = -1;
  timeToLive = 0;
  trafficClass = 0;
  /** When it arrived, microseconds of the host's clock; -1: not known. */
  arrivedMicros = -1;
  /** MSG_ERRQUEUE: the error that was read. */
  error: ExtendedError | undefined = undefined;

  /**
   * Set by a caller that will look at `rights` and `credentials`: `recvmsg`. Rights that nobody wants are let go of at
   * once, which may close what they stand for.
   */
  wantsRights = false;
  /** SCM_RIGHTS: whoever takes them owns their references. */
  rights: Description[] | undefined = undefined;
  credentials: Credentials | undefined = undefined;
}

/** What control messages ask for the one message that is being sent. */
export interface Outgoing {
  /** IP_PKTINFO: the source address (int32, 0: as the socket has it) and the interface (from 0; -1: as routed). */
  readonly source: number;
  readonly interfaceIndex: number;
  /** IP_TTL, IP_TOS: -1: as the socket has it. */
  readonly timeToLive: number;
  readonly trafficClass: number;
  /** SCM_RIGHTS: each carries a reference, which the receiving socket takes over when the message is taken. */
  readonly rights: readonly Description[] | undefined;
  /** SCM_CREDENTIALS. */
  readonly credentials: Credentials | undefined;
}
