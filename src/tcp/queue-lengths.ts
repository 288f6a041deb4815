/** How much is queued, as Linux's ioctls and TCP_INQ tell it. */
import { EINVAL } from "../base/errno.ts";
import { readableBytes, urgentAhead } from "./receive.ts";
import { isOneOf, LISTEN, SYN_RECEIVED, SYN_SENT, SYNCHRONIZED } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** SIOCINQ, FIONREAD: bytes that one read can get, which ends at the urgent mark. EINVAL for a listener. */
export function inputQueue(tcb: Tcb): number {
  if (tcb.state === LISTEN) return -EINVAL;
  if (tcb.state === SYN_SENT || tcb.state === SYN_RECEIVED) return 0;
  if (tcb.settings.oobInline) return tcb.receiveQueue;
  const ahead = urgentAhead(tcb);
  return ahead >= 0 ? ahead : readableBytes(tcb);
}

/** SIOCOUTQ: bytes that the peer has not acknowledged, the FIN counted as one. EINVAL for a listener. */
export function outputQueue(tcb: Tcb): number {
  if (tcb.state === LISTEN) return -EINVAL;
  if (!isOneOf(tcb.state, SYNCHRONIZED)) return 0;
  const { snd } = tcb;
  return Math.max(0, (snd.end - snd.una + (snd.finQueued ? 1 : 0)) | 0);
}

/** SIOCOUTQNSD: bytes that have not been sent yet, the FIN counted as one. EINVAL for a listener. */
export function unsentQueue(tcb: Tcb): number {
  if (tcb.state === LISTEN) return -EINVAL;
  if (!isOneOf(tcb.state, SYNCHRONIZED)) return 0;
  const { snd } = tcb;
  return Math.max(0, (snd.end - snd.nxt + (snd.finQueued ? 1 : 0)) | 0);
}

/** TCP_INQ's control message: bytes left to read; 1 at the end of the stream, so that the user reads on and finds it. */
export function inputHint(tcb: Tcb): number {
  const bytes = Math.max(0, readableBytes(tcb));
  return bytes === 0 && tcb.rcv.closed ? 1 : bytes;
}
