/** CLOSE, RFC 9293 §3.10.4; shutdown is the half of it that the user can ask for. */
import { ECONNRESET, ENOTCONN } from "../base/errno.ts";
import { abort } from "./abort.ts";
import { enterClosed } from "./end.ts";
import { noteOrphan } from "./leftovers.ts";
import { output } from "./output.ts";
import { sendReset } from "./reset.ts";
import {
  CLOSE_WAIT,
  CLOSED,
  ESTABLISHED,
  FIN_WAIT_1,
  isOneOf,
  LAST_ACK,
  LISTEN,
  SYN_RECEIVED,
  SYN_SENT,
  SYNCHRONIZED,
  TIME_WAIT,
} from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { boundFinWait2 } from "./time-wait.ts";

/** `shutdown`'s argument, as POSIX numbers it. */
const SHUT_RD = 0;
const SHUT_WR = 1;

/**
 * The user lets go. FIN follows what is queued; unread data, or `settings.abortOnClose`, turns it into a reset
 * (RFC 9293 §3.6.1, SHLD-3). The TCB goes on by itself until it is CLOSED.
 */
export function close(tcb: Tcb): void {
  tcb.onEvent = undefined;
  tcb.orphaned = true;
  if (tcb.state === LISTEN) {
    closeListener(tcb);
  } else if (tcb.state === CLOSED || tcb.state === SYN_SENT) {
    tcb.tcp.ports.remove(tcb);
    enterClosed(tcb);
    tcb.receiveRing.clear();
  } else if (tcb.state === TIME_WAIT) {
    discardUnread(tcb); // RFC 9293 §3.6.1, MUST-13: it lingers whatever the user does; the peer has closed already
  } else if (isOneOf(tcb.state, SYNCHRONIZED) && tcb.receiveQueue > 0) {
    sendReset(tcb); // in CLOSING and LAST-ACK too, where ABORT would be silent: the peer thinks that all was read
    enterClosed(tcb);
  } else if (tcb.settings.abortOnClose) {
    abort(tcb, 0);
  } else {
    tcb.receiveRing.clear();
    noteOrphan(tcb);
    queueFin(tcb);
    boundFinWait2(tcb);
  }
}

function discardUnread(tcb: Tcb): void {
  tcb.rcv.read = (tcb.rcv.read + tcb.receiveQueue) | 0;
  tcb.receiveRing.clear();
}

/** Connections that nobody has accepted are reset, those that are not established forgotten. */
function closeListener(tcb: Tcb): void {
  const queue = tcb.queue!;
  for (const embryo of queue.embryonic) {
    embryo.orphaned = true;
    enterClosed(embryo);
  }
  queue.embryonic.clear();
  for (let child = queue.shift(); child !== undefined; child = queue.shift()) {
    child.orphaned = true;
    abort(child, 0);
  }
  enterClosed(tcb);
  tcb.queue = undefined;
}

/**
 * `how`: 0 nothing more will be read, 1 nothing more will be sent (FIN), 2 both. A listener that shuts down reading
 * stops listening, a connection attempt is given up, as on Linux. ENOTCONN (there is no connection, or it is over).
 */
export function shutdown(tcb: Tcb, how: number): number {
  if (tcb.state === LISTEN) {
    if (how !== SHUT_WR) closeListener(tcb);
    return 0;
  }
  if (tcb.state === SYN_SENT) {
    giveUp(tcb);
    return 0;
  }
  const { readShutdown, writeShutdown } = tcb;
  if (how !== SHUT_WR) tcb.readShutdown = true;
  if (how !== SHUT_RD) queueFin(tcb);
  // once: who shuts down whenever he hears of readiness is not called for ever
  if (tcb.readShutdown !== readShutdown || tcb.writeShutdown !== writeShutdown) tcb.notify();
  // It is remembered nonetheless: who connects afterwards finds that half shut (Linux, inet_shutdown)
  return tcb.state === CLOSED || tcb.state === TIME_WAIT ? -ENOTCONN : 0;
}

/** An attempt to connect ends, with ECONNRESET to be heard, and another may be made. */
function giveUp(tcb: Tcb): void {
  tcb.error = ECONNRESET;
  enterClosed(tcb);
  tcb.remoteAddress = tcb.remotePort = 0;
  tcb.localAddress = tcb.boundAddress;
  if (!tcb.boundByUser) tcb.localPort = 0;
  tcb.tcp.ports.changed(tcb);
}

/** RFC 9293 §3.10.4: the FIN stands behind all that was sent before; the state changes at once. */
function queueFin(tcb: Tcb): void {
  tcb.writeShutdown = true;
  if (tcb.state === ESTABLISHED || tcb.state === SYN_RECEIVED) tcb.enter(FIN_WAIT_1);
  else if (tcb.state === CLOSE_WAIT) tcb.enter(LAST_ACK);
  else return;
  const snd = tcb.snd;
  snd.finQueued = true;
  output(tcb);
}
