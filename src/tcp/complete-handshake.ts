import { establish, measureHandshake } from "./handshake.ts";
import type { Segment } from "./segment.ts";
import type { Tcb } from "./tcb.ts";

/**
 * Our SYN-ACK was acknowledged (RFC 9293 §3.10.7.4, fifth, SYN-RECEIVED), after a passive OPEN or a simultaneous one. A
 * listener whose queue is full does not take the connection now: the ACK is dropped as if lost, and the SYN-ACK, sent
 * again, brings it back.
 */
export function completeHandshake(tcb: Tcb, segment: Segment): boolean {
  const queue = tcb.listener?.queue;
  if (isDeferred(tcb, segment)) return false;
  if (queue?.full) {
    tcb.tcp.counters.droppedAcceptFull++;
    return false;
  }
  measureHandshake(tcb, segment);
  tcb.snd.una = (tcb.snd.iss + 1) | 0;
  tcb.snd.wnd = segment.window << tcb.snd.scale;
  tcb.snd.maxWnd = Math.max(tcb.snd.maxWnd, tcb.snd.wnd);
  establish(tcb, segment);
  if (queue !== undefined) {
    tcb.tcp.counters.passiveOpens++;
    queue.embryonic.delete(tcb);
    queue.push(tcb);
    tcb.listener!.notify();
  }
  return true;
}

/** TCP_DEFER_ACCEPT: an ACK without text is not enough yet. It is noted: the peer need not hear the SYN-ACK again soon. */
function isDeferred(tcb: Tcb, segment: Segment): boolean {
  const deferred = tcb.listener?.settings.deferAccept ?? 0;
  if (deferred <= tcb.retransmissions || segment.length > 0) return false;
  tcb.handshakeDeferred = true;
  return true;
}
