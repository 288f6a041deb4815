/** Errors that wait to be told: one that is pending, and with IP_RECVERR a queue of them. */

/** SO_EE_ORIGIN_LOCAL: an error of this host. */
export const ORIGIN_LOCAL = 1;
/** SO_EE_ORIGIN_ICMP: an ICMP message said so. */
export const ORIGIN_ICMP = 2;

/** Linux counts so much for a queued error, bytes: the truesize of a small buffer. */
const ERROR_MEMORY = 832;

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
}

export class ErrorQueue {
  /** Positive errno of the last error that was not told yet; 0 for none. */
  pending = 0;
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
    const next = this.queue[0];
    if (next?.origin === ORIGIN_ICMP) this.pending = next.errno;
    else if (error?.origin === ORIGIN_ICMP) this.pending = 0;
    return error;
  }

  clearQueue(): void {
    this.queue = [];
  }

  /**
   * Queues `error`, where datagrams hold `held` bytes of the `room` that they and errors share, as in Linux. False: there is no room;
   * the error may be pending all the same.
   */
  protected enqueue(error: QueuedError, held: number, room: number): boolean {
    if (this.queue.length * ERROR_MEMORY + held + ERROR_MEMORY >= room) return false;
    this.queue.push(error);
    return true;
  }
}
