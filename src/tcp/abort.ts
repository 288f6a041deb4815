/** ABORT, RFC 9293 §3.10.5. */
import { enterClosed } from "./end.ts";
import { sendReset } from "./reset.ts";
import { CLOSE_WAIT, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, isOneOf, SYN_RECEIVED } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** States whose peer must be told: <SEQ=SND.NXT><CTL=RST>. */
const TELLS_PEER =
  (1 << SYN_RECEIVED) | (1 << ESTABLISHED) | (1 << FIN_WAIT_1) | (1 << FIN_WAIT_2) | (1 << CLOSE_WAIT);

/** Ends the connection at once: queued data is dropped, the peer reset. `errno` (positive) is what the user hears; 0: nothing. */
export function abort(tcb: Tcb, errno = 0): void {
  if (isOneOf(tcb.state, TELLS_PEER)) sendReset(tcb);
  if (!tcb.orphaned) tcb.error = errno;
  enterClosed(tcb);
}
