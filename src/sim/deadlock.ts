/** Something a program waits for, in words: "recv on 10.0.0.1:49152, connected to 10.0.0.2:80". */
export interface PendingCall {
  describe(): string;
}

/** Nothing is left to happen on the network, and the function that `run` was given has not finished. */
export class DeadlockError extends Error {
  /** What each pending call waits for, the host's name in front. */
  readonly pending: readonly string[];

  constructor(nowMillis: number, pending: readonly string[]) {
    const list =
      pending.length === 0
        ? "no call on this network is pending"
        : pending.map((line) => `  ${line}`).join("\n");
    super(
      `deadlock at ${nowMillis} ms: nothing is left to happen, and the function has not finished\n${list}\n` +
        "(if it waits for something outside the network, a file or a real timer, wrap that: net.external(promise))",
    );
    this.name = "DeadlockError";
    this.pending = pending;
  }
}
