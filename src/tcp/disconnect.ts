/** `connect` to AF_UNSPEC: the socket lets its peer go, and is as if it were new (Linux, tcp_disconnect). */
import { ECONNRESET } from "../base/errno.ts";
import { inheritBinding } from "./bind.ts";
import { close } from "./close.ts";
import { unsentQueue } from "./queue-lengths.ts";
import { sendReset } from "./reset.ts";
import { settingsChanged } from "./settings-changed.ts";
import { CLOSED, CLOSING, isOneOf, LAST_ACK, LISTEN, TIME_WAIT } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** States in which nothing is lost, unless something waits unsent. */
const IN_PEACE = (1 << CLOSED) | (1 << LISTEN) | (1 << CLOSING) | (1 << LAST_ACK) | (1 << TIME_WAIT);

/**
 * Ends what `tcb` does: a listener stops, with those who wait there reset; a connection is reset, an attempt given up, both
 * with ECONNRESET pending; one in TIME-WAIT lingers on by itself. Returns the TCB that takes its place for the user, in CLOSED:
 * with its settings, its user, an error that nobody has heard, and where bind had put it. It may bind, connect and listen.
 */
export function disconnect(tcb: Tcb): Tcb {
  const { state, error, onEvent, tcp } = tcb;
  const next = tcp.create();
  next.settings.copyFrom(tcb.settings);
  next.onEvent = onEvent;
  settingsChanged(next);
  inheritBinding(next, tcb);
  const inPeace = isOneOf(state, IN_PEACE);
  const cutsOff = inPeace && unsentQueue(tcb) > 0;
  if (cutsOff) sendReset(tcb); // ABORT would say nothing in CLOSING and LAST-ACK
  tcb.settings.abortOnClose = true;
  close(tcb);
  next.error = inPeace && !cutsOff ? error : ECONNRESET;
  next.notify();
  return next;
}
