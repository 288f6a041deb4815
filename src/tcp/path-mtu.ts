/**
 * How large the path's packets may be, as a connection finds out: by what routers say of its segments (RFC 1191), weighed as
 * RFC 5927 §7.2 has it, and by the silence of those that say nothing (RFC 2923 §2.1, "black holes").
 */
import { MIN_MTU } from "../base/mtu.ts";
import type { IcmpReport } from "../ip/path.ts";
import { fixedOptionsLength, textLimit, transmit } from "./build.ts";
import { followPath, headersLength } from "./handshake.ts";
import { ACK } from "./header.ts";
import { notePaced } from "./pacing.ts";
import { geq, gt } from "./sequence.ts";
import type { Tcb } from "./tcb.ts";

/** RFC 1122 §3.3.3: what goes anywhere, bytes. A datagram that is no longer is not what a router drops for its length. */
const ANYWHERE = 576;
/** How often in a row a short copy has to arrive alone: docs/decisions/0017-black-holes.md has the figures. */
const PROOFS = 3;

/** Of what a connection doubts about its path. */
export class PathDoubt {
  /** A router's claim that is believed if the segment it is about times out, bytes, 0: none; and that segment's sequence number. */
  claimedMtu = 0;
  claimedSeq = 0;
  /** Text of the short copy that was sent of the beginning of the flight, bytes; 0: none is out. */
  shortCopy = 0;
  /** Text of the segment that it is a copy of. */
  whole = 0;
  /** When it was sent, µs; -1: one of the same length had been sent before. */
  sentAt = 0;
  /** How often in a row such a copy has arrived alone. */
  proofs = 0;
  /** RFC 4821 §7.2, search_low and search_high, of text, in this row: the longest copy that arrived, the shortest segment that did not. */
  low = 0;
  high = 0;

  end(): void {
    this.claimedMtu = this.shortCopy = this.proofs = 0;
  }
}

/** A router says that the segment that begins at `seq`, one in flight, was too big for it. */
export function tooBig(tcb: Tcb, seq: number, report: IcmpReport): void {
  const { scoreboard, doubt, tcp } = tcb;
  const headers = headersLength(tcb) + fixedOptionsLength(tcb);
  if (scoreboard.longest + headers <= report.mtu) {
    tcp.counters.icmpErrorsIgnored++; // RFC 5927 §7.2: it must be about something that was really that large
  } else if (scoreboard.longestAcked > 0 && scoreboard.longestAcked + headers > report.mtu) {
    // RFC 5927 §7.2: but larger ones have arrived. So it counts only if this one does not; the first in flight will be known first.
    if (doubt.claimedMtu !== 0 && gt(seq, doubt.claimedSeq)) return;
    doubt.claimedMtu = report.mtu;
    doubt.claimedSeq = seq;
  } else {
    lower(tcb, report.mtu);
    tcb.touch();
  }
}

/** RFC 1191 §6.4: segments become smaller, what was too big is sent again at once, and cwnd stays. */
function lower(tcb: Tcb, mtu: number): void {
  tcb.doubt.end();
  tcb.scoreboard.longestAcked = 0;
  tcb.tcp.paths.learnPathMtu(tcb.remoteAddress, mtu);
  followPath(tcb);
}

/** The retransmission timer has expired, which watches the first segment in flight: a claim about that is believed now. */
export function timedOut(tcb: Tcb): void {
  const { claimedMtu, claimedSeq } = tcb.doubt;
  if (claimedMtu !== 0 && claimedSeq === tcb.snd.una) lower(tcb, claimedMtu);
}

/**
 * Past R1 the path may be one on which large packets vanish without a word (RFC 4821 §7.7: "full-stop timeout"). The segment that
 * was sent again just now is followed by a copy of its beginning alone, in a datagram of `blackHoleMtu` bytes, and of half as much
 * with each further timeout. If the copy gets through and the segment does not, the path is suspected of it, and the next segment
 * is tried in the same way at its first timeout: see {@link acknowledged}.
 */
export function sendShortCopy(tcb: Tcb): void {
  const { snd, doubt, tcp, settings } = tcb;
  const { blackHoleMtu, suspectRetransmissions } = tcp.config;
  acquit(tcb, 0);
  const times = tcb.retransmissions - (doubt.proofs > 0 ? 1 : suspectRetransmissions);
  if (times < 0 || blackHoleMtu === 0 || !settings.pathMtuDiscovery) return; // without DF it would have been cut
  const limit = textLimit(tcb);
  const mtu = Math.max(MIN_MTU, blackHoleMtu >> Math.min(times, 16));
  const headers = headersLength(tcb) + snd.mss - limit;
  const length = mtu - headers;
  // what has left at full length, FIN not counted
  const sent = Math.min(limit, tcb.scoreboard.firstLength, snd.wnd, (snd.end - snd.una) | 0);
  const unsuspected = doubt.proofs > 0 ? doubt.low : ANYWHERE - headers;
  if (length < 1 || length >= sent || sent <= unsuspected) return;
  doubt.sentAt = length === doubt.shortCopy ? -1 : tcp.clock.now;
  doubt.shortCopy = length;
  doubt.whole = sent;
  tcp.counters.shortCopiesSent++;
  tcp.counters.retransmissions++;
  tcb.totalRetransmissions++;
  tcb.bytesRetransmitted += length;
  notePaced(tcb, length);
  transmit(tcb, snd.una, length, ACK);
}

/** Has a segment arrived that is as long as those that did not, or a copy of `arrived` bytes? They were lost like anything else, then. */
function acquit(tcb: Tcb, arrived: number): void {
  const { doubt, scoreboard } = tcb;
  if (Math.max(scoreboard.longestArrived, arrived) >= doubt.high) doubt.proofs = 0;
}

/** An ACK is about to move SND.UNA by `acked`, and a claim or a short copy is out. */
export function acknowledged(tcb: Tcb, acked: number): void {
  const { doubt } = tcb;
  // an ACK that was lost told of the copy before this one, which was longer
  if (doubt.shortCopy > 0 && acked >= doubt.shortCopy && acked < doubt.whole) arrivedAlone(tcb, acked);
  doubt.shortCopy = 0;
  if (doubt.claimedMtu !== 0 && gt((tcb.snd.una + acked) | 0, doubt.claimedSeq)) doubt.claimedMtu = 0;
}

/**
 * The short copy has arrived, and not what was sent before it, although that begins with the same. Where packets are lost at random
 * that happens as well: it tells something when it happens again and again, and nothing as long gets through in between.
 */
function arrivedAlone(tcb: Tcb, arrived: number): void {
  const { doubt, scoreboard, rto, tcp } = tcb;
  acquit(tcb, arrived);
  const isFirst = doubt.proofs++ === 0;
  doubt.low = isFirst ? arrived : Math.max(doubt.low, arrived);
  doubt.high = isFirst ? doubt.whole : Math.min(doubt.high, doubt.whole);
  scoreboard.longestArrived = 0;
  scoreboard.markOversizedLost(arrived); // the rest of it need not wait for the timer
  // RFC 6298 §3: a copy of this length was sent once, so it tells the round trip, and the back-off ends.
  if (arrived === doubt.shortCopy && doubt.sentAt >= 0) rto.sample(tcp.clock.now - doubt.sentAt);
  if (doubt.proofs < PROOFS) return;
  tcp.counters.blackHoles++;
  tcp.paths.learnPathMtu(tcb.remoteAddress, doubt.low + headersLength(tcb) + fixedOptionsLength(tcb));
  scoreboard.longestAcked = 0; // output follows the path
  doubt.proofs = 0;
}

/** Whether the segment at `seq` is in flight: anybody can quote the four numbers (RFC 5927 §4.1). */
export function isInFlight(tcb: Tcb, seq: number): boolean {
  return geq(seq, tcb.snd.una) && gt(tcb.snd.nxt, seq);
}
