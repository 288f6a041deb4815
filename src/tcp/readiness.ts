/** Readiness as Linux's tcp_poll computes it. */
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP } from "../base/readiness.ts";
import { readableBytes, urgentPending } from "./receive.ts";
import { sendSpace, unsentBytes } from "./send.ts";
import { CLOSED, LISTEN, SYN_RECEIVED, SYN_SENT } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** POLLIN | POLLOUT | POLLPRI | POLLERR | POLLHUP | POLLRDHUP */
export function readiness(tcb: Tcb): number {
  if (tcb.state === LISTEN) return tcb.queue!.length > 0 ? POLLIN : 0;
  let mask = tcb.error !== 0 ? POLLERR : 0;
  const neverConnected = tcb.state === CLOSED && tcb.remotePort === 0;
  const noMoreToRead = tcb.rcv.closed || tcb.readShutdown || (tcb.state === CLOSED && !neverConnected);
  if (tcb.state === SYN_SENT || tcb.state === SYN_RECEIVED || neverConnected) {
    if (noMoreToRead) mask |= POLLIN | POLLRDHUP;
    return neverConnected ? mask | POLLOUT | POLLHUP : mask;
  }
  const noMoreToSend = tcb.writeShutdown || tcb.state === CLOSED;
  if (noMoreToRead) mask |= POLLIN | POLLRDHUP;
  if (noMoreToRead && noMoreToSend) mask |= POLLHUP;
  if (isReadable(tcb)) mask |= POLLIN;
  if (urgentPending(tcb)) mask |= POLLPRI;
  if (noMoreToSend || isWritable(tcb)) mask |= POLLOUT; // a closed side "can" be written to, and fails
  return mask;
}

/** SO_RCVLOWAT's bytes have come, or the window has hardly room for more (Linux, tcp_epollin_ready). */
function isReadable(tcb: Tcb): boolean {
  const bytes = readableBytes(tcb);
  if (bytes <= 0) return false;
  return bytes >= tcb.settings.receiveLowWater || tcb.rcv.wnd <= tcb.rcv.observedMss;
}

/** Linux's sk_stream_is_writeable: a third of the buffer is free, and less than half of TCP_NOTSENT_LOWAT waits unsent. */
function isWritable(tcb: Tcb): boolean {
  const { notSentLowWater } = tcb.settings;
  if (notSentLowWater > 0 && 2 * unsentBytes(tcb) >= notSentLowWater) return false;
  return sendSpace(tcb) * 3 >= tcb.sendBufferBytes;
}

/** SO_ERROR: the pending error (positive errno), which is then forgotten; 0 when there is none. */
export function takeError(tcb: Tcb): number {
  const error = tcb.error !== 0 ? tcb.error : tcb.softError;
  tcb.error = 0;
  tcb.softError = 0;
  return error;
}
