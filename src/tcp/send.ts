/** SEND, RFC 9293 §3.10.2. */
import { EAGAIN, EPIPE } from "../base/errno.ts";
import { MSG_MORE, MSG_OOB } from "../base/message-flags.ts";
import { output } from "./output.ts";
import { CAN_SEND, isOneOf, SYN_RECEIVED, SYN_SENT } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/**
 * Queues `length` bytes of `data` from `offset` on; returns how many were taken, which may be fewer. EAGAIN (the
 * buffer is full, or the connection is not established yet), EPIPE (closed for sending, or never connected), or the
 * pending error. `flags`: MSG_OOB makes the last byte urgent (new programs should not use it: RFC 9293 SHLD-13),
 * MSG_MORE says that more follows at once, as TCP_CORK does for every call.
 */
export function send(tcb: Tcb, data: Uint8Array, offset: number, length: number, flags: number): number {
  if (tcb.error !== 0) return -takePending(tcb);
  if (tcb.writeShutdown) return -EPIPE;
  if (tcb.state === SYN_SENT || tcb.state === SYN_RECEIVED) return -EAGAIN;
  if (!isOneOf(tcb.state, CAN_SEND)) return -EPIPE;
  const snd = tcb.snd;
  const free = Math.min(sendSpace(tcb), unsentAllowance(tcb));
  if (length > 0 && free <= 0) return -EAGAIN;
  const taken = Math.min(length, free);
  const queued = (snd.end - snd.una) | 0;
  tcb.sendRing.reserve(snd.una, queued, queued + taken);
  tcb.sendRing.write(snd.end, data, offset, taken);
  snd.end = (snd.end + taken) | 0;
  if ((flags & MSG_OOB) !== 0 && taken > 0) {
    snd.up = snd.end; // RFC 9293 §3.8.5, MUST-30
    snd.urgent = true;
  }
  const waits = (flags & MSG_MORE) !== 0 || tcb.settings.cork;
  if (!waits || taken < length) snd.pushed = snd.end;
  output(tcb);
  return taken;
}

function takePending(tcb: Tcb): number {
  const error = tcb.error;
  tcb.error = 0;
  return error;
}

/** Bytes queued that were never sent. */
export function unsentBytes(tcb: Tcb): number {
  return Math.max(0, (tcb.snd.end - tcb.snd.nxt) | 0);
}

/** What TCP_NOTSENT_LOWAT lets the user add: up to that much unsent, beside what may leave at once; a segment at least. */
function unsentAllowance(tcb: Tcb): number {
  const { settings, snd, congestion, scoreboard } = tcb;
  if (settings.notSentLowWater === 0) return Number.POSITIVE_INFINITY;
  const room = settings.notSentLowWater - unsentBytes(tcb);
  if (room <= 0) return 0;
  const mayLeave = Math.min((snd.una + snd.wnd - snd.nxt) | 0, congestion!.cwnd - scoreboard.pipe);
  return Math.max(snd.mss, room + Math.max(0, mayLeave));
}

/** Bytes that the send buffer has room for. It grows with the congestion window unless the user has fixed it. */
export function sendSpace(tcb: Tcb): number {
  const { settings, congestion, tcp } = tcb;
  if (!settings.sendBufferFixed && congestion !== undefined) {
    const wanted = Math.min(tcp.config.maxSendBufferBytes, 2 * congestion.cwnd);
    if (wanted > tcb.sendBufferBytes) tcb.sendBufferBytes = wanted;
  }
  return tcb.sendBufferBytes - ((tcb.snd.end - tcb.snd.una) | 0);
}
