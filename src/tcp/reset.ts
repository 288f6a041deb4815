/** Resets: RFC 9293 §3.5.2 and §3.10.7.1. */
import { finish, pseudoHeaderSum } from "../packet/checksum.ts";
import type { Packet } from "../packet/packet.ts";
import { packetPool } from "../packet/pool.ts";
import { acceptableSequence, transmit } from "./build.ts";
import { ACK, HEADER_LENGTH, OFFSET_CHECKSUM, RST, TCP, writeHeader } from "./header.ts";
import type { Segment } from "./segment.ts";
import type { Tcb } from "./tcb.ts";
import type { Tcp } from "./tcp.ts";

/** Answers a segment that no connection wants; never a reset with a reset. `packet` is not released. */
export function replyWithReset(tcp: Tcp, packet: Packet, segment: Segment): void {
  if ((segment.flags & RST) !== 0) return;
  const path = tcp.paths.path(packet.source, packet.destination);
  if (typeof path === "number") return;
  const hasAck = (segment.flags & ACK) !== 0;
  // RFC 9293 §3.10.7.1: <SEQ=SEG.ACK><CTL=RST>, or <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
  const seq = hasAck ? segment.ack : 0;
  const ack = hasAck ? 0 : (segment.seq + segment.length) | 0;
  const reply = packetPool.allocate(HEADER_LENGTH);
  reply.length = HEADER_LENGTH;
  const { slab, offset } = reply;
  const flags = hasAck ? RST : RST | ACK;
  writeHeader(
    slab.view,
    offset,
    segment.destinationPort,
    segment.sourcePort,
    seq,
    ack,
    HEADER_LENGTH,
    flags,
    0,
    0,
  );
  if (!path.checksumTrusted) {
    const sum = pseudoHeaderSum(packet.destination, packet.source, TCP, HEADER_LENGTH);
    slab.view.setUint16(offset + OFFSET_CHECKSUM, finish(slab.checksum(offset, HEADER_LENGTH, sum)));
  }
  tcp.counters.resetsSent++;
  tcp.counters.segmentsSent++;
  const options = tcp.sendOptions;
  options.timeToLive = tcp.config.timeToLive;
  options.trafficClass = 0;
  options.dontFragment = true;
  path.send(reply, TCP, options);
}

/** SYN-RECEIVED got an ACK that is not of our SYN: <SEQ=SEG.ACK><CTL=RST>. The connection stays. */
export function replyToBadAck(tcb: Tcb, segment: Segment): void {
  tcb.tcp.counters.droppedBadAck++;
  tcb.tcp.counters.resetsSent++;
  transmit(tcb, segment.ack, 0, RST);
}

/** Resets the peer of a synchronized connection: ABORT, and text for a user who is gone (RFC 9293 §3.10.5). */
export function sendReset(tcb: Tcb): void {
  tcb.tcp.counters.resetsSent++;
  transmit(tcb, acceptableSequence(tcb), 0, RST | ACK);
}
