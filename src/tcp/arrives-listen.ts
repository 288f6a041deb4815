/** SEGMENT ARRIVES in LISTEN, RFC 9293 §3.10.7.2. */
import type { Packet } from "../packet/packet.ts";
import { transmit } from "./build.ts";
import { acceptSyn, prepare } from "./handshake.ts";
import { ACK, RST, SYN } from "./header.ts";
import { makeRoom } from "./listen-queue.ts";
import { findPath } from "./path-choice.ts";
import { replyWithReset } from "./reset.ts";
import { armRetransmission } from "./retransmission-timeout.ts";
import type { Segment } from "./segment.ts";
import { SYN_RECEIVED } from "./state.ts";
import { Tcb } from "./tcb.ts";

/** @param iss the initial send sequence number, where the caller has a reason to choose it */
export function arrivesListen(listener: Tcb, segment: Segment, packet: Packet, iss?: number): void {
  // First, check for a RST: ignored. Second, check for an ACK: reset.
  if ((segment.flags & RST) !== 0) return;
  if ((segment.flags & ACK) !== 0) {
    replyWithReset(listener.tcp, packet, segment);
    return;
  }
  // Third, check for a SYN. Fourth, anything else is dropped.
  if ((segment.flags & SYN) === 0) {
    listener.tcp.counters.droppedNoAck++;
    return;
  }
  if (hasRoom(listener)) openEmbryonic(listener, segment, packet, iss);
}

function hasRoom(listener: Tcb): boolean {
  if (listener.queue!.full) {
    listener.tcp.counters.droppedAcceptFull++;
    return false;
  }
  makeRoom(listener);
  return true;
}

/**
 * A connection in SYN-RECEIVED, answered with <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>. Text on the SYN is not taken: it is
 * not acknowledged, so the peer sends it again.
 */
function openEmbryonic(listener: Tcb, segment: Segment, packet: Packet, iss: number | undefined): void {
  const tcp = listener.tcp;
  const tcb = new Tcb(tcp);
  tcb.settings.inheritFrom(listener.settings);
  if (findPath(tcb, packet.source, packet.destination) < 0) return;
  tcb.localAddress = packet.destination;
  tcb.localPort = listener.localPort;
  tcb.remoteAddress = packet.source;
  tcb.remotePort = segment.sourcePort;
  tcb.passive = true; // RFC 9293 §3.10.7.4, MUST-11
  tcb.listener = listener;
  prepare(tcb, iss);
  acceptSyn(tcb, segment);
  // RFC 7323 §2.2: the window of a SYN is not scaled
  tcb.snd.wnd = tcb.snd.maxWnd = segment.window;
  tcb.snd.wl1 = segment.seq;
  tcb.enter(SYN_RECEIVED);
  tcp.remember(tcb);
  listener.queue!.embryonic.add(tcb);
  tcb.recovery.stalledSince = tcp.clock.now;
  tcb.handshakeSentAt = tcp.clock.now;
  transmit(tcb, tcb.snd.iss, 0, SYN | ACK);
  armRetransmission(tcb);
}
