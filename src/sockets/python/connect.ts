import { EAGAIN } from "../../base/errno.ts";
import { POLLERR, POLLHUP, POLLOUT } from "../../base/readiness.ts";
import { type Call, SENDING } from "../async.ts";
import type { SocketCore } from "../core.ts";
import type { SocketName } from "../socket-name.ts";

/**
 * The wait of a `connect` with a time-out, as Python has it: until the socket is writable, and then it is SO_ERROR that
 * tells the result. The socket itself has told nobody, so that the next `connect` returns once more: 0 or ECONNABORTED.
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
    if ((this.core.readiness & (POLLOUT | POLLERR | POLLHUP)) === 0) return -EAGAIN;
    return -this.core.takeError();
  }

  finish(): void {}
}
