import { type Call, type Patience, SENDING } from "../async.ts";
import type { SocketCore } from "../core.ts";
import type { SocketName } from "../socket-name.ts";

/**
 * The wait of a `connect` with a time-out, as Python has it: until the socket is writable, which is for the call's
 * {@link Patience} to ask (`selects`), and then it is SO_ERROR that tells the result. The socket itself has told nobody,
 * so that the next `connect` returns once more: 0 or ECONNABORTED.
 */
export class SelectedConnectCall implements Call<void> {
  readonly core: SocketCore;
  readonly syscall = "connect";
  readonly direction = SENDING;
  readonly to: SocketName;

  constructor(core: SocketCore, to: SocketName) {
    this.core = core;
    this.to = to;
  }

  attempt(): number {
    return -this.core.takeError();
  }

  finish(): void {}
}
