/** TCP_NODELAY and TCP_CORK: when a segment that is not full may leave (RFC 9293 §3.7.4, and tcp(7)). */
import { output } from "./output.ts";
import { isOneOf, SYNCHRONIZED } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/**
 * TCP_NODELAY: turns Nagle's algorithm off or on. Turning it off, also once more, is a push: what waits now leaves, corked or
 * not. On what comes later TCP_CORK is the stronger one (Linux, __tcp_sock_set_nodelay).
 */
export function setNoDelay(tcb: Tcb, on: boolean): void {
  tcb.settings.noDelay = on;
  if (on) push(tcb);
}

/** TCP_CORK: keeps back from now on what does not fill a segment; or lets it go, as far as Nagle's algorithm does. */
export function setCork(tcb: Tcb, on: boolean): void {
  tcb.settings.cork = on;
  if (on) tcb.snd.pushed = tcb.snd.nxt;
  else push(tcb);
}

/** Nothing that is queued waits for more any longer. */
function push(tcb: Tcb): void {
  tcb.snd.pushed = tcb.snd.end;
  if (isOneOf(tcb.state, SYNCHRONIZED)) output(tcb);
}
