/** Waits that programs need beside those of the sockets' own calls: for time, and for readiness without taking anything. */
import { EAGAIN, EINTR } from "../base/errno.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from "../base/readiness.ts";
import { Timer } from "../base/timer.ts";
import type { Host } from "../host/host.ts";
import { type Call, type Direction, type Pending, perform, RECEIVING, SENDING } from "../sockets/async.ts";
import type { SocketCore } from "../sockets/core.ts";
import { SocketError } from "../sockets/error.ts";

const TO_RECEIVE = POLLIN | POLLERR | POLLHUP | POLLRDHUP;
const TO_SEND = POLLOUT | POLLERR | POLLHUP;

/**
 * Waits until `core` has something to receive: data, an error, a connection, its end. Resolves with whether that is so:
 * false when `micros` (default: for ever) are over or `signal` was aborted. Rejects when the socket is closed meanwhile.
 */
export function readable(
  host: Host,
  core: SocketCore,
  micros = Number.POSITIVE_INFINITY,
  signal?: AbortSignal,
): Promise<boolean> {
  return ready(host, core, RECEIVING, micros, signal);
}

/** As {@link readable}, until there is room to send, or an error that says why there never will be. */
export function writable(
  host: Host,
  core: SocketCore,
  micros = Number.POSITIVE_INFINITY,
  signal?: AbortSignal,
): Promise<boolean> {
  return ready(host, core, SENDING, micros, signal);
}

async function ready(
  host: Host,
  core: SocketCore,
  direction: Direction,
  micros: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const call = new ReadinessCall(core, direction);
  if (call.attempt() > 0) return true;
  if (micros <= 0 || signal?.aborted) return false;
  const timeoutMicros = Number.isFinite(micros) ? Math.ceil(micros) : 0; // 0 is for ever
  try {
    const patience = { nonBlocking: false, timeoutMicros, timeoutErrno: EAGAIN, signal };
    return (await perform(host, call, patience)) > 0;
  } catch (error) {
    if (error instanceof SocketError && error.errno === -EINTR) return false;
    throw error;
  }
}

/** Waits for readiness and takes nothing: 1 when it is there. */
class ReadinessCall implements Call<number> {
  readonly core: SocketCore;
  readonly syscall = "poll";
  readonly direction: Direction;
  private readonly mask: number;

  constructor(core: SocketCore, direction: Direction) {
    this.core = core;
    this.direction = direction;
    this.mask = direction === RECEIVING ? TO_RECEIVE : TO_SEND;
  }

  attempt(): number {
    return (this.core.readiness & this.mask) !== 0 ? 1 : -EAGAIN;
  }

  timedOut(): number {
    return 0;
  }

  finish(result: number): number {
    return result;
  }
}

/** Resolves when `micros` of the host's time are over, or `signal` is aborted. Rejects when the host is closed meanwhile. */
export function pause(host: Host, micros: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  if (micros <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const { clock, pendingCalls } = host;
    const end = (): void => {
      pendingCalls.delete(pending);
      clock.disarm(timer);
      signal?.removeEventListener("abort", done);
      clock.settled++;
    };
    const done = (): void => {
      end();
      resolve();
    };
    const timer = new Timer(done);
    const pending: Pending = {
      describe: () => `pause of ${micros / 1000} ms`,
      dismiss(reason) {
        end();
        reject(new SocketError(-reason, "pause"));
      },
    };
    pendingCalls.add(pending);
    signal?.addEventListener("abort", done);
    clock.sample();
    clock.armIn(timer, Math.ceil(micros));
  });
}
