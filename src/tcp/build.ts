/** Making segments: the ring's bytes become a packet, headers written in place (RFC 9293 §3.1). */

import { IPV4_HEADER_LENGTH } from "../ip/path.ts";
import { finish, pseudoHeaderSum } from "../packet/checksum.ts";
import type { Packet } from "../packet/packet.ts";
import { packetPool } from "../packet/pool.ts";
import { ackSent } from "./delayed-ack.ts";
import { ACK, HEADER_LENGTH, OFFSET_CHECKSUM, SYN, TCP, URG, writeHeader } from "./header.ts";
import {
  sackLength,
  TIMESTAMPS_LENGTH,
  writeMaxSegmentSize,
  writeSack,
  writeSackPermitted,
  writeTimestamps,
  writeWindowScale,
} from "./options.ts";
import { collectSackBlocks, sackBlockCount } from "./reassembly.ts";
import { gt } from "./sequence.ts";
import type { Tcb } from "./tcb.ts";
import { timestampValue } from "./timestamps.ts";
import { offerWindow } from "./window.ts";

/** RFC 9293 §3.1: the header has at most 15 words, so there are 40 bytes for options. */
const MAX_OPTIONS_LENGTH = 40;
/** Text that every segment must have room for, bytes, however narrow the path: SACK blocks give way. */
const LEAST_TEXT = 8;
/** RFC 791 §3.1: what Total Length can say, also of a packet that the link will cut. */
const LONGEST_DATAGRAM = 65_535;

/** Options of a segment without SYN, bytes, not counting SACK. */
export function fixedOptionsLength(tcb: Tcb): number {
  return tcb.timestamps.enabled ? TIMESTAMPS_LENGTH : 0;
}

/** The most text that a segment may carry now, after its options (RFC 9293 §3.7.1, RFC 6691 §3). */
export function textLimit(tcb: Tcb): number {
  return tcb.snd.mss - fixedOptionsLength(tcb) - sackLength(sackBlocksWanted(tcb));
}

/** As many blocks as there are and the options have room for; fewer where the path would leave no room for text. */
function sackBlocksWanted(tcb: Tcb): number {
  if (!tcb.sackEnabled) return 0;
  const room = Math.min(MAX_OPTIONS_LENGTH, tcb.snd.mss - LEAST_TEXT) - fixedOptionsLength(tcb);
  return Math.max(0, Math.min(Math.floor((room - 4) / 8), sackBlockCount(tcb)));
}

/**
 * How much text of segments of `limit` bytes may go in one packet, for a link that cuts; 0 where each segment has to go by itself.
 * What is cut has the same header in every piece, but for sequence number, PSH and FIN. So urgent data cannot go like this, since
 * its pointer counts from each segment's own beginning (Linux, tcp_write_xmit), nor a report of a duplicate, which is made once
 * (RFC 2883 §4); nor what may be fragmented, since IP gives each datagram an identification that is its own (RFC 6864 §4.3).
 */
export function roomForRun(tcb: Tcb, limit: number): number {
  if (tcb.snd.urgent || tcb.dsackStart !== tcb.dsackEnd || !tcb.settings.pathMtuDiscovery) return 0;
  const optionsLength = tcb.path!.optionsLength + tcb.snd.mss - limit;
  return LONGEST_DATAGRAM - IPV4_HEADER_LENGTH - HEADER_LENGTH - optionsLength;
}

/**
 * The sequence number of a segment without text: SND.NXT, but no further than the peer's window reaches. Beyond that,
 * where a zero-window probe or a shrunken window has left SND.NXT, the peer would have to drop it.
 */
export function acceptableSequence(tcb: Tcb): number {
  const snd = tcb.snd;
  const edge = (snd.una + snd.wnd) | 0;
  return tcb.synAcknowledged && gt(snd.nxt, edge) ? edge : snd.nxt;
}

/**
 * Sends a segment of this connection with `length` bytes of text from `seq` on; or several in one packet, if that is more than
 * `limit`, which {@link roomForRun} must have allowed: the flags are the last one's then. Every segment but the first SYN carries
 * an acknowledgment, so whatever ACK was owed is paid. Returns 0 or a negative errno from IP.
 */
export function transmit(tcb: Tcb, seq: number, length: number, flags: number, limit = length): number {
  const isSyn = (flags & SYN) !== 0;
  const sackBlocks = isSyn ? 0 : sackBlocksWanted(tcb);
  const headerLength =
    HEADER_LENGTH + (isSyn ? synOptionsLength(tcb, flags) : fixedOptionsLength(tcb) + sackLength(sackBlocks));
  const packet = packetPool.allocate(headerLength + length);
  const { slab, offset } = packet;
  packet.length = headerLength + length;
  let segments = 1;
  if (length > limit) {
    packet.segmentSize = limit;
    segments = Math.ceil(length / limit);
  }

  const window = offerWindow(tcb, isSyn);
  let urgentPointer = 0;
  if (tcb.snd.urgent && gt(tcb.snd.up, seq)) {
    flags |= URG;
    // RFC 9293 §3.8.5, MUST-62: just behind the last urgent octet. One that is too far off is told in steps.
    urgentPointer = Math.min((tcb.snd.up - seq) | 0, 0xffff);
  }
  const ack = (flags & ACK) !== 0 ? tcb.rcv.nxt : 0;
  writeHeader(
    slab.view,
    offset,
    tcb.localPort,
    tcb.remotePort,
    seq,
    ack,
    headerLength,
    flags,
    window,
    urgentPointer,
  );
  if (isSyn) writeSynOptions(tcb, slab.view, offset + HEADER_LENGTH, flags);
  else writeOptions(tcb, slab.view, offset + HEADER_LENGTH, flags, sackBlocks);
  if (length > 0) {
    tcb.sendRing.read(seq, slab.bytes, offset + headerLength, length);
    tcb.lastSentAt = tcb.tcp.clock.now;
    tcb.bytesSent += length;
    tcb.dataSegmentsOut += segments;
  }
  if ((flags & ACK) !== 0) ackSent(tcb);
  tcb.segmentsOut += segments;
  tcb.tcp.counters.segmentsSent += segments;
  return send(tcb, packet);
}

/** Checksum (RFC 9293 §3.1, MUST-2), and down to IP. */
function send(tcb: Tcb, packet: Packet): number {
  const path = tcb.path!;
  if (!path.checksumTrusted) {
    const sum = pseudoHeaderSum(tcb.localAddress, tcb.remoteAddress, TCP, packet.length);
    const checksum = finish(packet.slab.checksum(packet.offset, packet.length, sum));
    packet.slab.view.setUint16(packet.offset + OFFSET_CHECKSUM, checksum);
  }
  const options = tcb.tcp.sendOptions;
  options.timeToLive = tcb.settings.timeToLive; // RFC 9293 §3.9.2, MUST-49
  options.trafficClass = tcb.settings.trafficClass; // RFC 9293 §3.9.1.9, SHLD-22
  options.dontFragment = tcb.settings.pathMtuDiscovery;
  return path.send(packet, TCP, options);
}

function writeOptions(tcb: Tcb, view: DataView, at: number, flags: number, sackBlocks: number): void {
  if (tcb.timestamps.enabled) {
    writeTimestamps(view, at, timestampValue(tcb), timestampEcho(tcb, flags));
    at += TIMESTAMPS_LENGTH;
  }
  if (sackBlocks > 0) writeSack(view, at, collectSackBlocks(tcb, sackBlocks), sackBlocks);
}

/** RFC 7323 §3.2: zero when the segment acknowledges nothing. */
function timestampEcho(tcb: Tcb, flags: number): number {
  return (flags & ACK) !== 0 ? tcb.timestamps.recent : 0;
}

/** A SYN offers what the host is set to; a SYN-ACK accepts what both want (RFC 7323 §2.2 and §3.2, RFC 2018 §2). */
function synOptionsLength(tcb: Tcb, flags: number): number {
  return (
    4 +
    (offersScale(tcb, flags) ? 4 : 0) +
    (offersSack(tcb, flags) ? 4 : 0) +
    (offersTimestamps(tcb, flags) ? TIMESTAMPS_LENGTH : 0)
  );
}

function writeSynOptions(tcb: Tcb, view: DataView, at: number, flags: number): void {
  writeMaxSegmentSize(view, at, tcb.rcv.mss); // RFC 9293 §3.7.1, MUST-14, SHLD-5
  at += 4;
  if (offersSack(tcb, flags)) {
    writeSackPermitted(view, at);
    at += 4;
  }
  if (offersTimestamps(tcb, flags)) {
    writeTimestamps(view, at, timestampValue(tcb), timestampEcho(tcb, flags));
    at += TIMESTAMPS_LENGTH;
  }
  if (offersScale(tcb, flags)) writeWindowScale(view, at, tcb.rcv.scale);
}

function offersScale(tcb: Tcb, flags: number): boolean {
  return (flags & ACK) === 0 ? tcb.tcp.config.windowScaling : tcb.windowScalingEnabled;
}

function offersSack(tcb: Tcb, flags: number): boolean {
  return (flags & ACK) === 0 ? tcb.tcp.config.selectiveAcks : tcb.sackEnabled;
}

function offersTimestamps(tcb: Tcb, flags: number): boolean {
  return (flags & ACK) === 0 ? tcb.tcp.config.timestamps : tcb.timestamps.enabled;
}
