/** Something a program waits for, in words: "recv on 10.0.0.1:49152, connected to 10.0.0.2:80". */
export interface PendingCall {
  describe(): string;
}

/**
 * The function that `run` was given has not finished, and nothing is left to happen on the network, or for very long
 * nothing has happened that anybody waits for (see `patience` in `NetworkOptions`).
 */
export class DeadlockError extends Error {
  /** What each pending call waits for, the host's name in front. */
  readonly pending: readonly string[];

  /** @param sinceMillis when the last promise was settled, where something still goes on */
  constructor(nowMillis: number, pending: readonly string[], sinceMillis?: number) {
    const why =
      sinceMillis === undefined
        ? "nothing is left to happen"
        : `since ${sinceMillis} ms no call has come to its end, only timers (probes, keep-alives) went on`;
    const list =
      pending.length === 0
        ? "no call on this network is pending"
        : pending.map((line) => `  ${line}`).join("\n");
    const advice =
      sinceMillis === undefined
        ? "if it waits for something outside this network, a file, a real timer, wrap that: net.external(promise); " +
          "another network moves only in a run of its own"
        : "if it is to wait for longer, give the network more patience: new Network({ patience: milliseconds })";
    super(`deadlock at ${nowMillis} ms: ${why}, and the function has not finished\n${list}\n(${advice})`);
    this.name = "DeadlockError";
    this.pending = pending;
  }
}
