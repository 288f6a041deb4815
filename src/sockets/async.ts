/**
 * Calls that wait. One is tried at once; when the core answers EAGAIN it waits at the socket, and is tried again by
 * the stack itself whenever the socket becomes ready: a `sendall` of many megabytes is one promise, settled once.
 *
 * Calls of one direction are served in the order they were made, as if each had the socket to itself: two
 * `sendall`s that nobody awaited do not mix their bytes.
 */
import { EAGAIN, EINTR } from "../base/errno.ts";
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI, POLLRDHUP } from "../base/readiness.ts";
import { Timer } from "../base/timer.ts";
import type { SocketCore, SocketOwner } from "./core.ts";
import { SocketError } from "./error.ts";
import type { OpenFile } from "./file.ts";
import { namePlace, type SocketName } from "./socket-name.ts";
import { Waiter, type WaiterQueue } from "./waiter.ts";

/** A promise that the stack has not settled yet, as a deadlock report or a test's end tells of it. */
export interface Pending {
  /** What it waits for: `recv on 10.0.0.1:49152 ↔ 10.0.0.2:80 (ESTABLISHED)`. */
  describe(): string;
  /** Settles it now, with `reason` (a positive errno) where it is one that can fail. */
  dismiss(reason: number): void;
}

/** What a waiting call asks of the host. */
export interface CallOwner extends SocketOwner {
  /** Nothing will happen any more: time stands still. */
  readonly closed: boolean;
  readonly pendingCalls: Set<Pending>;
  /** Every open epoll instance, in the order they were made. */
  readonly epolls: Set<OpenFile>;
}

/** How long a call may wait. */
export interface Patience {
  /** Not at all: what cannot be done at once fails with EWOULDBLOCK. */
  readonly nonBlocking: boolean;
  /** Microseconds; 0: for ever. */
  readonly timeoutMicros: number;
  /** What it fails with then: ETIMEDOUT after `settimeout`, EAGAIN after SO_RCVTIMEO. */
  readonly timeoutErrno: number;
  /** Ends the wait when the user aborts it: EINTR. */
  readonly signal?: AbortSignal | undefined;
  /** Whether nothing is tried before the socket is ready, as `select` has it: Python's way with a time-out. */
  readonly selects?: boolean;
}

export const FOREVER: Patience = { nonBlocking: false, timeoutMicros: 0, timeoutErrno: EAGAIN };

/** Not at all. */
export const AT_ONCE: Patience = { ...FOREVER, nonBlocking: true };

/**
 * What SO_RCVTIMEO or SO_SNDTIMEO say: when the time is over, the call fails with EWOULDBLOCK (POSIX). Below 0 there is none,
 * as in Linux.
 */
export function optionPatience(core: SocketCore, direction: "receive" | "send"): Patience {
  const { receiveTimeoutMicros, sendTimeoutMicros } = core.common;
  const timeoutMicros = direction === "receive" ? receiveTimeoutMicros : sendTimeoutMicros;
  if (timeoutMicros < 0) return AT_ONCE;
  return timeoutMicros === 0 ? FOREVER : { nonBlocking: false, timeoutMicros, timeoutErrno: EAGAIN };
}

/** Whose turn it is: calls that receive (or accept) stand in one queue, calls that send (or connect) in another. */
export const RECEIVING = 1;
export const SENDING = 2;
export type Direction = typeof RECEIVING | typeof SENDING;

const TROUBLE = POLLERR | POLLHUP | POLLNVAL;
/** What makes it worth trying again. */
const RECEIVE_MASK = POLLIN | POLLPRI | POLLRDHUP | TROUBLE;
const SEND_MASK = POLLOUT | TROUBLE;
/** What `select` takes for readiness to receive: urgent data is none. */
const SELECT_RECEIVE_MASK = POLLIN | TROUBLE;

/** One call of a user that may have to wait. */
export interface Call<T> {
  readonly core: OpenFile;
  readonly syscall: string;
  readonly direction: Direction;
  /** Tries: ≥ 0 when done, -EAGAIN to wait and be tried again, another negative errno when failed. */
  attempt(): number;
  /** The value of the promise. */
  finish(result: number): T;
  /** When time has run out or the user has had enough: what was done by then, or 0 to fail. */
  partial?(): number;
  /** When time has run out, if that is no failure: the result. */
  timedOut?(): number;
  /** It failed. */
  failed?(): void;
  /** Where to, for the error. */
  readonly to?: SocketName;
}

/** Makes the call. The promise rejects with a {@link SocketError}. */
export function perform<T>(owner: CallOwner, call: Call<T>, patience: Patience): Promise<T> {
  if (patience.signal?.aborted) return rejection(call, EINTR);
  const mustQueue = (!patience.nonBlocking && !queueOf(call).empty) || mustSelect(call, patience);
  const result = mustQueue ? -EAGAIN : call.attempt();
  if (result >= 0) return Promise.resolve(call.finish(result));
  if (result !== -EAGAIN || patience.nonBlocking) return rejection(call, result);
  return new Promise((resolve, reject) => {
    new PendingCall(owner, call, resolve, reject).wait(patience);
  });
}

function mustSelect({ core, direction }: Call<unknown>, { selects }: Patience): boolean {
  return selects === true && (core.readiness & maskOf(direction, selects)) === 0;
}

function maskOf(direction: Direction, selects: boolean | undefined): number {
  if (direction === SENDING) return SEND_MASK;
  return selects ? SELECT_RECEIVE_MASK : RECEIVE_MASK;
}

function rejection<T>(call: Call<T>, errno: number): Promise<T> {
  call.failed?.();
  return Promise.reject(failure(call, errno));
}

export function failure(call: Call<unknown>, errno: number, hint?: string): SocketError {
  const [address, port] = namePlace(call.to);
  return new SocketError(errno, call.syscall, address, port, hint);
}

/**
 * The rejection of a call that has waited. A stack trace tells who awaits a promise only where the error is made by an
 * asynchronous function whose promise is awaited already, and that of the call is so after a moment: by then the trace
 * leads to the line of the user's that made the call. What does not fail pays nothing for it.
 */
async function failLater(call: Call<unknown>, errno: number, hint: string | undefined): Promise<never> {
  await undefined; // now the call's promise begins to wait for this one
  await undefined;
  throw failure(call, errno, hint);
}

class PendingCall<T> extends Waiter implements Pending {
  private readonly owner: CallOwner;
  private readonly call: Call<T>;
  private readonly resolve: (value: T | Promise<T>) => void;
  private readonly reject: (error: unknown) => void;
  private timer: Timer | undefined = undefined;
  private signal: AbortSignal | undefined = undefined;

  constructor(
    owner: CallOwner,
    call: Call<T>,
    resolve: (value: T | Promise<T>) => void,
    reject: (error: unknown) => void,
  ) {
    super();
    this.owner = owner;
    this.call = call;
    this.resolve = resolve;
    this.reject = reject;
  }

  wait(patience: Patience): void {
    queueOf(this.call).add(this, maskOf(this.call.direction, patience.selects));
    this.owner.pendingCalls.add(this);
    this.signal = patience.signal;
    this.signal?.addEventListener("abort", this);
    if (patience.timeoutMicros === 0) return;
    const { timeoutErrno, timeoutMicros } = patience;
    this.timer = new Timer(() =>
      this.settle(this.outcome(-timeoutErrno), `after ${timeoutMicros / 1000} ms`),
    );
    this.owner.clock.armIn(this.timer, timeoutMicros);
  }

  override wake(): void {
    const result = this.call.attempt();
    if (result !== -EAGAIN) this.settle(result);
  }

  /** The user's signal: as an object that listens it costs a call without one nothing. */
  handleEvent(): void {
    this.settle(this.call.partial?.() || -EINTR);
  }

  override dismiss(reason: number): void {
    this.settle(-reason);
  }

  describe(): string {
    return `${this.call.syscall} on ${this.call.core.describe()}`;
  }

  private outcome(failure: number): number {
    const { call } = this;
    return call.timedOut?.() ?? (call.partial?.() || failure);
  }

  /** `hint`: beside the error, if it is one. */
  private settle(result: number, hint?: string): void {
    const { call, owner } = this;
    this.leave();
    owner.pendingCalls.delete(this);
    if (this.timer !== undefined) owner.clock.disarm(this.timer);
    this.signal?.removeEventListener("abort", this);
    owner.clock.settled++;
    if (result < 0) {
      call.failed?.();
      this.resolve(failLater(call, result, hint));
      return;
    }
    try {
      this.resolve(call.finish(result));
    } catch (error) {
      this.reject(error); // an accepted connection that gets no descriptor
    }
  }
}

function queueOf({ core, direction }: Call<unknown>): WaiterQueue {
  return direction === RECEIVING ? core.receivers : core.senders;
}
