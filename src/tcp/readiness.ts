/** Readiness as Linux's tcp_poll computes it. */
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP } from "../base/readiness.ts";
import { readableBytes, urgentPending } from "./receive.ts";
import { sendSpace } from "./send.ts";
import { CLOSED, LISTEN, SYN_RECEIVED, SYN_SENT } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** POLLIN | POLLOUT | POLLPRI | POLLERR | POLLHUP | POLLRDHUP */
export function readiness(tcb: Tcb): number {
  if (tcb.state === LISTEN) return tcb.queue!.length > 0 ? POLLIN : 0;
  let mask = tcb.error !== 0 ? POLLERR : 0;
  if (tcb.state === SYN_SENT || tcb.state === SYN_RECEIVED) return mask;
  if (tcb.state === CLOSED && tcb.remotePort === 0) return mask | POLLOUT | POLLHUP; // never connected
  const noMoreToRead = tcb.rcv.closed || tcb.readShutdown || tcb.state === CLOSED;
  const noMoreToSend = tcb.writeShutdown || tcb.state === CLOSED;
  if (noMoreToRead) mask |= POLLIN | POLLRDHUP;
  if (noMoreToRead && noMoreToSend) mask |= POLLHUP;
  if (readableBytes(tcb) > 0) mask |= POLLIN;
  if (urgentPending(tcb)) mask |= POLLPRI;
  // Linux's sk_stream_is_writeable: a third of the buffer is free; a closed side "can" be written to, and fails
  if (noMoreToSend || sendSpace(tcb) * 3 >= tcb.sendBufferBytes) mask |= POLLOUT;
  return mask;
}

/** SO_ERROR: the pending error (positive errno), which is then forgotten; 0 when there is none. */
export function takeError(tcb: Tcb): number {
  const error = tcb.error !== 0 ? tcb.error : tcb.softError;
  tcb.error = 0;
  tcb.softError = 0;
  return error;
}
