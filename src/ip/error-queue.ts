/** Errors that wait to be told: one that is pending, and with IP_RECVERR a queue of them. */
import { EMSGSIZE } from "../base/errno.ts";
import { ANY_ADDRESS } from "./address.ts";
import type { IcmpReport } from "./path.ts";

/** SO_EE_ORIGIN_LOCAL: an error of this host. */
export const ORIGIN_LOCAL = 1;
/** SO_EE_ORIGIN_ICMP: an ICMP message said so. */
export const ORIGIN_ICMP = 2;

/** What Linux counts of SO_RCVBUF for an error: `struct sk_buff`, and a buffer of this size or of a power of two (x86-64, 6.x). */
const BUFFER_OVERHEAD = 256;
const SMALL_BUFFER = 576;
/** What is in that buffer beside the ICMP message: room for a link header, and `struct skb_shared_info`. */
const LINK_ROOM = 31;
const SHARED_INFO = 320;

/** An error in the queue: struct sock_extended_err, the offender, and what else recvmsg tells with MSG_ERRQUEUE. */
export interface QueuedError {
  /** Positive. */
  readonly errno: number;
  /** {@link ORIGIN_LOCAL} or {@link ORIGIN_ICMP}. */
  readonly origin: number;
  /** Of the ICMP message; 0 otherwise. */
  readonly type: number;
  readonly code: number;
  /** The MTU, bytes, where the datagram was too long; 0 otherwise. */
  readonly info: number;
  /** Who sent the ICMP message; 0 for nobody. */
  readonly offender: number;
  /** Whom the datagram was for. Of errors of this host the port is the connected peer's, or 0: as Linux. */
  readonly address: number;
  readonly port: number;
  /** As much of its data as the message quotes. */
  readonly payload: Uint8Array;
  /** The ICMP message's own destination, interface and header; 0 and -1 for an error of this host. */
  readonly destination: number;
  readonly interfaceIndex: number;
  readonly timeToLive: number;
  readonly trafficClass: number;
  /** When it came, microseconds of the clock. */
  readonly arrivedMicros: number;
  /** What it takes of SO_RCVBUF's room, bytes: what the quote is copied from, as in Linux, not less than the copy. */
  readonly memory: number;
}

/** An error of this host about a datagram to `address`, which told of `info`; at `now`, microseconds of the clock. */
export function localError(
  errno: number,
  address: number,
  port: number,
  info: number,
  now: number,
): QueuedError {
  return {
    errno,
    origin: ORIGIN_LOCAL,
    type: 0,
    code: 0,
    info,
    offender: ANY_ADDRESS,
    address,
    port,
    payload: new Uint8Array(0),
    destination: ANY_ADDRESS,
    interfaceIndex: -1,
    timeToLive: 0,
    trafficClass: 0,
    arrivedMicros: now,
    memory: errorMemory(0),
  };
}

/** What an ICMP message says, and what it quotes from the absolute offset `start` on. `port`: of the quoted datagram's destination. */
export function quotedError(report: IcmpReport, port: number, start: number, now: number): QueuedError {
  const { packet, offset, length } = report;
  return {
    errno: report.errno,
    origin: ORIGIN_ICMP,
    type: report.type,
    code: report.code,
    info: report.errno === EMSGSIZE ? report.mtu : 0,
    offender: report.from,
    address: report.destination,
    port,
    payload: packet.slab.bytes.slice(start, offset + length),
    destination: packet.destination,
    interfaceIndex: packet.interfaceIndex,
    timeToLive: packet.timeToLive,
    trafficClass: packet.trafficClass,
    arrivedMicros: now,
    memory: errorMemory(packet.networkLength),
  };
}

/** What Linux counts for a message of `length` bytes, IPv4 header included. */
function errorMemory(length: number): number {
  const bytes = length + LINK_ROOM + SHARED_INFO;
  return BUFFER_OVERHEAD + (bytes <= SMALL_BUFFER ? SMALL_BUFFER : 1 << (32 - Math.clz32(bytes - 1)));
}

export class ErrorQueue {
  /** Positive errno of the last error that was not told yet; 0 for none. */
  pending = 0;
  /** What the queued ones take of the room that they share with datagrams, bytes. */
  memory = 0;
  private queue: QueuedError[] = [];

  /** Whether there is anything to tell: POLLERR. */
  get waiting(): boolean {
    return this.pending !== 0 || this.queue.length > 0;
  }

  /** SO_ERROR: the pending error, and forgets it; 0 when there is none. */
  take(): number {
    const { pending } = this;
    this.pending = 0;
    return pending;
  }

  /** Takes the oldest error off the queue. The pending one becomes the next's, as in Linux (sock_dequeue_err_skb). */
  shift(): QueuedError | undefined {
    const error = this.queue.shift();
    if (error !== undefined) this.memory -= error.memory;
    const next = this.queue[0];
    if (next?.origin === ORIGIN_ICMP) this.pending = next.errno;
    else if (error?.origin === ORIGIN_ICMP) this.pending = 0;
    return error;
  }

  clearQueue(): void {
    this.queue = [];
    this.memory = 0;
  }

  /**
   * Queues `error`, where datagrams hold `held` bytes of the `room` that they and errors share, as in Linux. False: there is no room;
   * the error may be pending all the same.
   */
  protected enqueue(error: QueuedError, held: number, room: number): boolean {
    const memory = this.memory + error.memory;
    if (memory + held >= room) return false;
    this.memory = memory;
    this.queue.push(error);
    return true;
  }
}
