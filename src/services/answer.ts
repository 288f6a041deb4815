/** A promise that a program settles, among its host's pending calls: so a report of what is waited for names it. */
import { EINTR, ETIMEDOUT } from "../base/errno.ts";
import { Timer } from "../base/timer.ts";
import type { Host } from "../host/host.ts";
import type { Pending } from "../sockets/async.ts";
import { SocketError } from "../sockets/error.ts";

export interface AnswerOptions {
  /** What was called, for the error: "configure". */
  readonly syscall: string;
  /** After how many milliseconds it rejects with ETIMEDOUT; default: never. */
  readonly timeout?: number | undefined;
  /** Not aborted yet; rejects with EINTR when it is. */
  readonly signal?: AbortSignal | undefined;
  /** Called once when it is settled, however. */
  readonly ended?: () => void;
}

export class Answer<T> implements Pending {
  readonly promise: Promise<T>;
  readonly describe: () => string;
  private readonly host: Host;
  private readonly options: AnswerOptions;
  private readonly timer = new Timer(() => this.dismiss(ETIMEDOUT));
  private settle: { resolve(value: T): void; reject(error: unknown): void } | undefined;

  /** `describe`: what it waits for, in words. */
  constructor(host: Host, options: AnswerOptions, describe: () => string) {
    this.host = host;
    this.options = options;
    this.describe = describe;
    this.promise = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    const { signal, timeout } = options;
    host.pendingCalls.add(this);
    signal?.addEventListener("abort", this);
    if (timeout !== undefined) host.clock.armIn(this.timer, Math.ceil(timeout * 1000));
  }

  resolve(value: T): void {
    this.end()?.resolve(value);
  }

  reject(error: unknown): void {
    this.end()?.reject(error);
  }

  dismiss(reason: number): void {
    this.reject(new SocketError(-reason, this.options.syscall));
  }

  /** The user's signal. */
  handleEvent(): void {
    this.dismiss(EINTR);
  }

  private end(): { resolve(value: T): void; reject(error: unknown): void } | undefined {
    const { host, options, settle } = this;
    if (settle === undefined) return undefined;
    this.settle = undefined;
    host.pendingCalls.delete(this);
    host.clock.timers.remove(this.timer);
    options.signal?.removeEventListener("abort", this);
    host.clock.settled++;
    options.ended?.();
    return settle;
  }
}
