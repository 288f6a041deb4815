/** SEGMENT ARRIVES, RFC 9293 §3.10.7: which of its sections applies. */
import type { Packet } from "../packet/packet.ts";
import { arrivesListen } from "./arrives-listen.ts";
import { arrivesSynSent } from "./arrives-syn-sent.ts";
import { arrivesSynchronized } from "./arrives-synchronized.ts";
import { enterClosed } from "./end.ts";
import { ACK, RST, SYN } from "./header.ts";
import type { Segment } from "./segment.ts";
import { SYN_SENT, TIME_WAIT } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { mayReopen, sequenceBeyond } from "./time-wait.ts";

export function arrives(tcb: Tcb, segment: Segment, packet: Packet): void {
  tcb.segmentsIn += segment.count;
  if (tcb.state === SYN_SENT) arrivesSynSent(tcb, segment, packet);
  else if (tcb.state === TIME_WAIT && reopens(tcb, segment, packet)) return;
  else arrivesSynchronized(tcb, segment, packet);
}

/** RFC 9293 §3.10.7.4, fourth, TIME-WAIT: a fresh SYN may open a new incarnation if somebody listens there. */
function reopens(tcb: Tcb, segment: Segment, packet: Packet): boolean {
  if ((segment.flags & (SYN | ACK | RST)) !== SYN || !mayReopen(tcb, segment)) return false;
  const listener = tcb.tcp.ports.listener(
    tcb.localAddress,
    tcb.localPort,
    tcb.remoteAddress,
    tcb.remotePort,
    packet.interfaceIndex,
  );
  if (listener === undefined) return false;
  const beyond = sequenceBeyond(tcb);
  enterClosed(tcb);
  arrivesListen(listener, segment, packet, beyond);
  return true;
}
