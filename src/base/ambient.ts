/**
 * The one door through which real time, timers and entropy enter the stack: the only file of the core that may
 * touch them. It asks for nothing but what browsers, Node, Deno and Bun share.
 */

/** What {@link setAlarm} returns and {@link clearAlarm} takes. */
export type Alarm = ReturnType<typeof setTimeout>;

/** The longest delay `setTimeout` takes, in milliseconds: more would fire at once (WHATWG HTML §8.6). */
const LONGEST_DELAY = 0x7fff_ffff;

/** Integer microseconds since some moment in the past; never goes back. */
export function monotonicMicros(): number {
  return Math.floor(performance.now() * 1000);
}

/** Calls back once, no sooner than `delayMillis` from now, or after 24 days if that is sooner. */
export function setAlarm(callback: () => void, delayMillis: number): Alarm {
  return setTimeout(callback, Math.min(Math.max(Math.ceil(delayMillis), 0), LONGEST_DELAY));
}

/** Says whether the process is to stay for `alarm`; where processes do not end by themselves it means nothing. */
export function keepProcessFor(alarm: Alarm, stays: boolean): void {
  if (typeof alarm !== "object") return; // a browser's alarm is a number
  if (stays) alarm.ref?.();
  else alarm.unref?.();
}

export function clearAlarm(alarm: Alarm): void {
  clearTimeout(alarm);
}

/** Calls back when the code that runs now has returned, before any input or output is looked at. */
export function microtask(callback: () => void): void {
  queueMicrotask(callback);
}

/** Calls back after the event loop has looked at input and output, and otherwise as soon as may be. */
export function macrotask(callback: () => void): void {
  if (typeof setImmediate === "function") {
    setImmediate(callback);
  } else if (typeof MessageChannel === "function") {
    // browsers hold nested setTimeout calls back for 4 ms; a message is not held back
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      callback();
    });
    port1.start();
    port2.postMessage(0);
  } else {
    setTimeout(callback, 0);
  }
}

/** Fills `bytes` (at most 65536) with what nobody can guess. */
export function entropy(bytes: Uint8Array<ArrayBuffer>): void {
  crypto.getRandomValues(bytes);
}
