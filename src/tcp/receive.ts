/** RECEIVE, RFC 9293 §3.10.3, and the urgent mark of §3.8.5. */
import { EAGAIN, EINVAL, ENOTCONN } from "../base/errno.ts";
import { MSG_OOB, MSG_PEEK, MSG_TRUNC } from "../base/message-flags.ts";
import { tuneReceiveBuffer } from "./receive-autotune.ts";
import { gt, lt } from "./sequence.ts";
import { CLOSED, LISTEN, TIME_WAIT } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { updateWindowAfterRead } from "./window.ts";

/**
 * Reads up to `length` bytes into `into` at `offset`; returns how many, 0 at the end of the stream. What has come is
 * read before a pending error is told. EAGAIN (nothing yet), ENOTCONN, or the pending error. `flags`: MSG_PEEK leaves
 * the bytes, MSG_TRUNC discards them without copying, MSG_OOB reads the urgent byte (EINVAL: there is none, or it is
 * inline; EAGAIN: announced, not come yet).
 */
export function receive(tcb: Tcb, into: Uint8Array, offset: number, length: number, flags: number): number {
  if (tcb.state === LISTEN) return -ENOTCONN;
  if ((flags & MSG_OOB) !== 0) return receiveUrgent(tcb, into, offset, length, flags);
  if (tcb.remotePort === 0) return nothingToRead(tcb);
  skipUrgentOctet(tcb, (flags & MSG_PEEK) !== 0);
  const count = Math.min(length, readable(tcb));
  if (count === 0) return length === 0 && tcb.error === 0 ? 0 : nothingToRead(tcb);
  if ((flags & MSG_TRUNC) === 0) tcb.receiveRing.read(tcb.rcv.read, into, offset, count);
  if ((flags & MSG_PEEK) === 0) consume(tcb, count);
  return count;
}

/** Bytes before the end of what is in order, or before the mark: a read never goes across it (RFC 6093 §3.1). */
function readable(tcb: Tcb): number {
  const queued = tcb.receiveQueue;
  if (!tcb.rcv.urgent) return queued;
  const beforeMark = (urgentOctet(tcb) - tcb.rcv.read) | 0;
  if (beforeMark > 0) return Math.min(beforeMark, queued);
  return tcb.settings.oobInline ? queued : 0;
}

/** The last urgent octet, the one that Berkeley's sockets read out of band (RFC 6093 §2). */
function urgentOctet(tcb: Tcb): number {
  return (tcb.rcv.up - 1) | 0;
}

/**
 * Not inline, the urgent octet is no part of the stream: reading goes on behind it, and as in Linux who reads on, finding
 * anything or not, has given it up. Who only looks on passes it when there is more behind it.
 */
function skipUrgentOctet(tcb: Tcb, isPeek: boolean): void {
  const { rcv } = tcb;
  if (!rcv.urgent || tcb.settings.oobInline || rcv.read !== urgentOctet(tcb) || tcb.receiveQueue === 0)
    return;
  if (isPeek && tcb.receiveQueue === 1 && !rcv.closed && !rcv.urgentTaken) return;
  rcv.read = rcv.up;
  rcv.urgent = false;
}

/**
 * Newer urgent data is announced. A user who stands at the mark of the older will not read that byte: it is no part of the
 * stream, and MSG_OOB is for the newer one (Linux, tcp_check_urg).
 */
export function passUrgentOctet(tcb: Tcb): void {
  const { rcv, settings } = tcb;
  const octet = urgentOctet(tcb);
  if (rcv.urgent && !settings.oobInline && rcv.read === octet && gt(rcv.nxt, octet)) rcv.read = rcv.up;
}

function receiveUrgent(tcb: Tcb, into: Uint8Array, offset: number, length: number, flags: number): number {
  const rcv = tcb.rcv;
  if (!rcv.urgent || rcv.urgentTaken || tcb.settings.oobInline) return -EINVAL;
  if (tcb.state === CLOSED && !rcv.closed) return -ENOTCONN;
  if (!gt(rcv.nxt, urgentOctet(tcb))) return tcb.readShutdown || rcv.closed ? 0 : -EAGAIN;
  const wanted = Math.min(1, length);
  if (wanted > 0 && (flags & MSG_TRUNC) === 0) into[offset] = tcb.receiveRing.byteAt(urgentOctet(tcb));
  if ((flags & MSG_PEEK) === 0) rcv.urgentTaken = true; // also by who asks for no byte
  return wanted;
}

function nothingToRead(tcb: Tcb): number {
  // The peer's FIN was the end of the stream, whatever came later: as on Linux the writer hears of that.
  if (tcb.rcv.closed || tcb.state === TIME_WAIT) return 0;
  if (tcb.error !== 0) {
    const error = tcb.error;
    tcb.error = 0;
    return -error; // RFC 9293 §3.6, MUST-12: a reset is no end of the stream
  }
  if (tcb.readShutdown) return 0;
  if (tcb.state !== CLOSED) return -EAGAIN;
  return tcb.remotePort === 0 ? -ENOTCONN : 0;
}

function consume(tcb: Tcb, count: number): void {
  const rcv = tcb.rcv;
  rcv.read = (rcv.read + count) | 0;
  if (rcv.urgent && lt(urgentOctet(tcb), rcv.read)) rcv.urgent = false;
  if (tcb.state === CLOSED) return;
  tuneReceiveBuffer(tcb, count);
  updateWindowAfterRead(tcb);
}

/** Whether the user stands at the mark: the next byte to read is the urgent one, or follows it (SIOCATMARK, MUST-33). */
export function atMark(tcb: Tcb): boolean {
  return tcb.rcv.urgent && tcb.rcv.read === urgentOctet(tcb);
}

/** How many bytes lie before the urgent one, when it has come, is not inline and was not passed; else -1. */
export function urgentAhead(tcb: Tcb): number {
  const { rcv } = tcb;
  const octet = urgentOctet(tcb);
  if (!rcv.urgent || tcb.settings.oobInline || !gt(rcv.nxt, octet) || lt(octet, rcv.read)) return -1;
  return (octet - rcv.read) | 0;
}

/** Whether an urgent byte is there, or announced, that MSG_OOB has not read: POLLPRI (RFC 9293 §3.8.5, MUST-32). */
export function urgentPending(tcb: Tcb): boolean {
  return tcb.rcv.urgent && !tcb.rcv.urgentTaken;
}

/** Bytes that a read can get now; the urgent one does not count when it is not inline. */
export function readableBytes(tcb: Tcb): number {
  const octet = urgentOctet(tcb);
  const hasOctet =
    tcb.rcv.urgent && !tcb.settings.oobInline && gt(tcb.rcv.nxt, octet) && !lt(octet, tcb.rcv.read);
  return tcb.receiveQueue - (hasOctet ? 1 : 0);
}
