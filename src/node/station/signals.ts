/** SIGINT, SIGTERM, and SIGHUP of a terminal that is closed, as a wish to end, which may be repeated to insist. */
import { constants } from "node:os";

/**
 * npx, npm and tsx hand on to the program what the terminal has sent to it already, so one ^C may come several times: for so many
 * milliseconds they are one.
 */
const ONE_WISH_MILLIS = 500;

const ENDING: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

export interface Signals {
  /** Aborted by the first signal. Who aborts it otherwise has the same effect. */
  readonly stop: AbortController;
  /** What a shell says of who dies of the first signal, 130 for SIGINT; 0 while there was none. */
  code(): number;
  /** To be called when the program ends: a signal kills it from then on, but for repetitions of the first. */
  close(): void;
}

/** Listens to signals. The second one ends the process at once, with the code that a shell gives to who died of it. */
export function catchSignals(): Signals {
  const stop = new AbortController();
  let since = 0;
  let code = 0;
  const interrupted = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (!stop.signal.aborted || since === 0) {
      since = now;
      code = 128 + constants.signals[signal];
      stop.abort(undefined);
    } else if (now - since > ONE_WISH_MILLIS) {
      process.exit(128 + constants.signals[signal]);
    }
  };
  for (const signal of ENDING) process.on(signal, interrupted);
  const forget = (): void => {
    for (const signal of ENDING) process.off(signal, interrupted);
  };
  return {
    stop,
    code: () => code,
    close() {
      if (since === 0) forget();
      else setTimeout(forget, ONE_WISH_MILLIS).unref();
    },
  };
}
