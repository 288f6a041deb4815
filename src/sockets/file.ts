/** What a descriptor stands for: a socket, or an epoll instance. Something that can be ready, waited for and closed. */
import type { Clock } from "../base/clock.ts";
import { EBADF } from "../base/errno.ts";
import { POLLOUT } from "../base/readiness.ts";
import { Task } from "../base/task.ts";
import { BOTH_WRITE_BANDS } from "./bands.ts";
import { WaiterQueue } from "./waiter.ts";

/** What an open file asks of the host it belongs to. */
export interface FileOwner {
  readonly clock: Clock;
}

export abstract class OpenFile {
  readonly owner: FileOwner;
  closed = false;
  /** What calls fail with once it is closed, a positive errno: EBADF, or ESHUTDOWN when its host was closed under it. */
  closedErrno = EBADF;
  /** Calls that wait to receive (or accept), those that wait to send (or connect), and those that only look on (poll). */
  readonly receivers = new WaiterQueue();
  readonly senders = new WaiterQueue();
  readonly watchers = new WaiterQueue();
  /** Counts what {@link watchers} were told of; which of it an exclusive watcher was woken for. */
  newsCount = 0;
  exclusiveNews = -1;
  /** Somebody found less room than he needed; and how often there was room again after that. */
  shortOfSpace = false;
  spaceNews = 0;
  private callback: ((mask: number) => void) | undefined = undefined;
  private readonly firstNews = new Task(() => {
    if (!this.closed && this.readiness !== 0) this.callback?.(this.readiness);
  });
  /** For the layer below to call at the end of an instant in which something happened. */
  protected readonly notify = (): void => this.deliver();

  constructor(owner: FileOwner) {
    this.owner = owner;
  }

  /** What can be done without waiting, as a mask of `POLL…` bits. */
  abstract get readiness(): number;

  /** What `poll` tells as POLLOUT, if it is asked for. */
  get writeBands(): number {
    return BOTH_WRITE_BANDS;
  }

  /** Changes when more has come to receive, whether or not the rest was taken: an edge (EPOLLET). */
  get arrivals(): number {
    return this.newsCount;
  }

  /** What it is, for a report of what is open or waited for: `10.0.0.1:80 (LISTEN)`. */
  abstract describe(): string;

  /** Lets go of what lies below. */
  protected abstract release(): void;

  get onReadiness(): ((mask: number) => void) | undefined {
    return this.callback;
  }

  /**
   * Called with the readiness mask when it may have changed, and once for what is ready already: at the end of an
   * instant, never from inside a call. What is sent from here carries the ACK of what has come.
   */
  set onReadiness(callback: ((mask: number) => void) | undefined) {
    this.callback = callback;
    if (callback !== undefined) this.owner.clock.defer(this.firstNews);
  }

  /** Ends it. Whoever waits at it learns `reason`, a positive errno. */
  close(reason = EBADF): number {
    if (this.closed) return -EBADF;
    this.owner.clock.sample();
    this.closed = true;
    this.callback = undefined;
    this.release();
    this.dismiss(reason);
    return 0;
  }

  /** Sends everyone away who waits at it: they learn `reason`. */
  dismiss(reason: number): void {
    this.receivers.dismissAll(reason);
    this.senders.dismissAll(reason);
    this.watchers.dismissAll(reason);
  }

  private deliver(): void {
    if (this.closed) return;
    if (this.callback !== undefined) {
      this.owner.clock.settled++; // a program may wait for what its callback does
      this.callback(this.readiness);
    }
    this.receivers.serve(this);
    this.senders.serve(this);
    this.newsCount++;
    if (this.watchers.empty) return;
    if (this.shortOfSpace && (this.readiness & POLLOUT) !== 0) {
      this.shortOfSpace = false;
      this.spaceNews++;
    }
    this.watchers.wakeAll(this);
  }
}
