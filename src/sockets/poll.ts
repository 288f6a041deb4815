/** Waiting for any of many files: `poll` and `select`. */
import { EINTR, ESHUTDOWN } from "../base/errno.ts";
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI } from "../base/readiness.ts";
import { Timer } from "../base/timer.ts";
import type { CallOwner, Pending } from "./async.ts";
import { readinessFor, toTell } from "./bands.ts";
import { SocketError } from "./error.ts";
import type { OpenFile } from "./file.ts";
import { Waiter } from "./waiter.ts";

/** What `poll` tells whether it was asked for or not. */
export const POLL_ALWAYS = POLLERR | POLLHUP | POLLNVAL;

/** Linux's fs/select.c: which readiness makes a descriptor ready in which set. */
export const SELECT_READ = POLLIN | POLLHUP | POLLERR;
export const SELECT_WRITE = POLLOUT | POLLERR;
export const SELECT_EXCEPT = POLLPRI;

/** One file that is waited for. */
export class PollEntry extends Waiter {
  readonly descriptor: number;
  private readonly target: OpenFile | undefined;
  private readonly wanted: number;
  /** The call it belongs to, while that waits. */
  private call: PollCall | undefined = undefined;

  /** `wanted`: the events that make it ready. `target`: undefined for a descriptor that is not open. */
  constructor(descriptor: number, target: OpenFile | undefined, wanted: number) {
    super();
    this.descriptor = descriptor;
    this.target = target;
    this.wanted = wanted;
  }

  /** What has come about of what was wanted; POLLNVAL when it is not open. */
  get ready(): number {
    if (this.target === undefined || this.target.closed) return POLLNVAL;
    return toTell(this.target.readiness, this.wanted, this.target.writeBands);
  }

  start(call: PollCall): void {
    this.call = call;
    if (this.target === undefined) return;
    this.target.watchers.add(this, readinessFor(this.wanted, this.target.writeBands));
  }

  stop(): void {
    this.call = undefined;
    this.leave();
  }

  override wake(): void {
    this.call?.settle();
  }

  override dismiss(): void {
    this.call?.settle();
  }
}

/**
 * Settles as soon as an entry is ready, or when the time is over. `timeoutMillis`: 0 not at all, below 0 or null for
 * ever. Rejects with EINTR when `signal` is aborted.
 */
export function awaitAny(
  owner: CallOwner,
  syscall: string,
  entries: readonly PollEntry[],
  timeoutMillis: number | null,
  signal?: AbortSignal,
): Promise<void> {
  owner.clock.sample();
  if (owner.closed) return Promise.reject(new SocketError(ESHUTDOWN, syscall));
  if (signal?.aborted) return Promise.reject(new SocketError(EINTR, syscall));
  if (timeoutMillis === 0 || entries.some((entry) => entry.ready !== 0)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    new PollCall(owner, syscall, entries, resolve, reject).start(timeoutMillis, signal);
  });
}

class PollCall implements Pending {
  private readonly owner: CallOwner;
  private readonly syscall: string;
  private readonly entries: readonly PollEntry[];
  private readonly resolve: () => void;
  private readonly reject: (error: unknown) => void;
  private readonly timer = new Timer(() => this.settle());
  private signal: AbortSignal | undefined = undefined;

  constructor(
    owner: CallOwner,
    syscall: string,
    entries: readonly PollEntry[],
    resolve: () => void,
    reject: (error: unknown) => void,
  ) {
    this.owner = owner;
    this.syscall = syscall;
    this.entries = entries;
    this.resolve = resolve;
    this.reject = reject;
  }

  /** The user's signal. */
  handleEvent(): void {
    this.stop();
    this.reject(new SocketError(EINTR, this.syscall));
  }

  start(timeoutMillis: number | null, signal: AbortSignal | undefined): void {
    this.signal = signal;
    signal?.addEventListener("abort", this);
    this.owner.pendingCalls.add(this);
    for (const entry of this.entries) entry.start(this);
    if (timeoutMillis === null || timeoutMillis < 0) return;
    this.owner.clock.armIn(this.timer, Math.ceil(timeoutMillis * 1000));
  }

  settle(): void {
    this.stop();
    this.resolve();
  }

  dismiss(reason: number): void {
    this.stop();
    this.reject(new SocketError(reason, this.syscall));
  }

  private stop(): void {
    for (const entry of this.entries) entry.stop();
    this.owner.pendingCalls.delete(this);
    this.owner.clock.disarm(this.timer);
    this.signal?.removeEventListener("abort", this);
    this.owner.clock.settled++;
  }

  describe(): string {
    const descriptors = this.entries.map((entry) => entry.descriptor).join(", ");
    return `${this.syscall} on descriptors ${descriptors || "(none)"}`;
  }
}
