/** SO_RCVLOWAT and TCP_WINDOW_CLAMP: what the user says of how much to receive. */
import { EINVAL } from "../base/errno.ts";
import { CLOSED, isOneOf, SYNCHRONIZED } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { updateWindowAfterRead } from "./window.ts";

/** SOCK_MIN_RCVBUF / 2 (Linux, include/net/sock.h). */
const LEAST_CLAMP = 1152;

/**
 * SO_RCVLOWAT: the socket is readable when `bytes` have come. 0 counts as 1, negative as all there can be. It is bounded by the
 * receive buffer if the user has fixed that; otherwise the buffer grows with it (Linux, tcp_set_rcvlowat).
 */
export function setReceiveLowWater(tcb: Tcb, bytes: number): void {
  const { settings } = tcb;
  const most = settings.receiveBufferFixed
    ? settings.receiveBufferBytes
    : tcb.tcp.config.maxReceiveBufferBytes;
  const wanted = bytes < 0 ? most : Math.max(1, Math.min(bytes, most));
  settings.receiveLowWater = wanted;
  if (wanted > settings.receiveBufferBytes) settings.receiveBufferBytes = wanted;
  if (wanted > tcb.receiveBufferBytes) tcb.receiveBufferBytes = wanted;
  if (settings.windowClamp > 0 && settings.windowClamp < wanted) settings.windowClamp = wanted;
  if (isOneOf(tcb.state, SYNCHRONIZED)) updateWindowAfterRead(tcb);
  tcb.notify();
}

/**
 * TCP_WINDOW_CLAMP: no window beyond `bytes` is offered, of which 1152 are the least. 0 takes the bound away, on a socket in
 * CLOSED alone (EINVAL). What was offered already stays offered.
 */
export function setWindowClamp(tcb: Tcb, bytes: number): number {
  if (bytes === 0 && tcb.state !== CLOSED) return -EINVAL;
  tcb.settings.windowClamp = bytes === 0 ? 0 : Math.max(LEAST_CLAMP, bytes);
  if (isOneOf(tcb.state, SYNCHRONIZED)) updateWindowAfterRead(tcb);
  return 0;
}
