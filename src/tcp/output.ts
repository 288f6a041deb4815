/**
 * What leaves at the end of an event: segments that are to be sent again, then new text, then the ACK that is owed if
 * none of them carried it.
 */
import { acceptableSequence, roomForRun, textLimit, transmit } from "./build.ts";
import { noteAnswer } from "./delayed-ack.ts";
import { followPath } from "./handshake.ts";
import { ACK, FIN, PSH } from "./header.ts";
import { mayLeave, notePaced } from "./pacing.ts";
import { armPersist } from "./persist.ts";
import { RECOVERY } from "./recovery/recovery.ts";
import { armRetransmission } from "./retransmission-timeout.ts";
import { gt } from "./sequence.ts";
import { isOneOf, TRANSMITS } from "./state.ts";
import { ACK_NOW, type Tcb } from "./tcb.ts";

/**
 * How much text one connection sends before others have their turn in the same instant, bytes. A larger flight would
 * have left the processor's caches before its receiver touches it: docs/performance.md has the figures.
 */
const PORTION_BYTES = 256 * 1024;

export function output(tcb: Tcb): void {
  if (isOneOf(tcb.state, TRANSMITS) && !tcb.probing) {
    if (tcb.synAcknowledged && tcb.path!.mtu !== tcb.snd.mtu) followPath(tcb);
    const sentAgain = retransmitLost(tcb);
    const sentNew = sendNew(tcb);
    if (sentNew && tcb.settings.notSentLowWater > 0) tcb.notify(); // perhaps writable by now
    if (!sentAgain && !sentNew && tcb.recovery.phase === RECOVERY) retransmitSpeculatively(tcb);
    if (tcb.congestion !== undefined) tcb.recovery.noteFlight(tcb, isHeldByCongestion(tcb));
    armPersist(tcb);
  }
  if (tcb.ackPending === ACK_NOW) transmit(tcb, acceptableSequence(tcb), 0, ACK);
}

/** How many more bytes congestion control lets into the network (RFC 6675 §5: cwnd - pipe). */
function congestionAllowance(tcb: Tcb): number {
  return tcb.congestion!.cwnd + tcb.recovery.limitedTransmit(tcb) - tcb.scoreboard.pipe;
}

/** Whether text waits that only the congestion window keeps from leaving. */
function isHeldByCongestion(tcb: Tcb): boolean {
  const snd = tcb.snd;
  const wanted = Math.min((snd.end - snd.nxt) | 0, tcb.snd.mss, (snd.una + snd.wnd - snd.nxt) | 0);
  return wanted > 0 && congestionAllowance(tcb) < wanted;
}

/** Sends again what is judged lost, as the congestion window allows; the first one on entering recovery always goes. */
function retransmitLost(tcb: Tcb): boolean {
  const { scoreboard, recovery } = tcb;
  let isForced = recovery.forceOne;
  let sent = false;
  recovery.forceOne = false; // now or never: what is judged lost later has no such right
  for (let number = scoreboard.nextLost(); number >= 0; number = scoreboard.nextLost()) {
    const wanted = Math.min(tcb.congestion!.segmentSize, scoreboard.lengthOf(number));
    const isAllowed = congestionAllowance(tcb) >= wanted;
    if (!isInWindow(tcb, number)) break;
    if (!isForced && !(isAllowed && mayLeave(tcb))) break;
    isForced = false;
    retransmit(tcb, number);
    sent = true;
  }
  return sent;
}

/** RFC 9293 §3.8.6, SHLD-16: only what lies inside the window is sent again, when the peer has shrunk it. */
function isInWindow(tcb: Tcb, number: number): boolean {
  return gt((tcb.snd.una + tcb.snd.wnd) | 0, tcb.scoreboard.seqOf(number));
}

/** Sends record `number` of the scoreboard again; in pieces if segments have to be smaller now. */
function retransmit(tcb: Tcb, number: number): void {
  const { scoreboard, snd } = tcb;
  let seq = scoreboard.seqOf(number);
  const isFirst = seq === snd.una;
  const edge = (snd.una + snd.wnd) | 0;
  let end = (seq + scoreboard.lengthOf(number)) | 0;
  if (gt(end, edge) && gt(edge, seq)) end = edge; // SHLD-16
  scoreboard.retransmit(number, tcb.tcp.clock.now);
  const limit = textLimit(tcb);
  do {
    const text = Math.max(0, Math.min(limit, (end - seq) | 0, (snd.end - seq) | 0));
    const next = (seq + text) | 0;
    const isLast = next === snd.end;
    const hasFin = isLast && gt(end, snd.end);
    tcb.totalRetransmissions++;
    tcb.bytesRetransmitted += text;
    notePaced(tcb, text);
    tcb.tcp.counters.retransmissions++;
    transmit(tcb, seq, text, ACK | (isLast && text > 0 ? PSH : 0) | (hasFin ? FIN : 0));
    seq = hasFin ? end : next;
  } while (gt(end, seq));
  // RFC 6298 §5.1; and the first segment, whose fate the timer watches, has a whole RTO again
  if (isFirst || !tcb.retransmissionTimer.armed) armRetransmission(tcb);
}

/** RFC 6675 §4, NextSeg() rules 3 and 4: nothing lost is left and nothing new may go, but the ACK clock must not stop. */
function retransmitSpeculatively(tcb: Tcb): void {
  if (!tcb.sackEnabled || congestionAllowance(tcb) < tcb.congestion!.segmentSize) return;
  const hole = tcb.scoreboard.nextHole();
  if (!mayLeave(tcb)) return;
  const chosen = hole >= 0 ? hole : tcb.recovery.takeRescue(tcb);
  if (chosen >= 0) retransmit(tcb, chosen);
}

/** Sends text that was never sent, and the FIN behind it. Returns whether anything left, or will later in this instant. */
function sendNew(tcb: Tcb): boolean {
  let sent = false;
  let cuts: boolean | undefined;
  for (;;) {
    const limit = textLimit(tcb);
    const length = nextLength(tcb, limit);
    if (length < 0) return sent;
    if (tcb.portionSent >= PORTION_BYTES) {
      tcb.touch();
      return true;
    }
    cuts ??= tcb.path!.segmentation;
    sendRun(tcb, length, limit, cuts && length === limit ? roomForRun(tcb, limit) : 0);
    sent = true;
  }
}

/** How much text, of `limit` bytes at most, the next new segment takes along now; 0: it is a FIN alone; -1: nothing may leave. */
function nextLength(tcb: Tcb, limit: number): number {
  const snd = tcb.snd;
  const unsent = (snd.end - snd.nxt) | 0;
  if (unsent <= 0 && !isFinDue(tcb)) return -1;
  const usable = (snd.una + snd.wnd - snd.nxt) | 0;
  const length = Math.min(unsent, limit, usable);
  // RFC 9293 §3.8.6, SHLD-15: nothing new when the window has shrunk below SND.NXT
  if (length < 0 || (length === 0 && (unsent > 0 || usable < 1))) return -1;
  if (length === 0) return 0;
  if (congestionAllowance(tcb) < length) return -1;
  if (length < limit && !mayBeSmall(tcb, length, unsent)) return -1;
  return mayLeave(tcb) ? length : -1;
}

/** The user has closed, and the FIN was not sent: behind one that was, SND.NXT is past `end`. */
function isFinDue(tcb: Tcb): boolean {
  return tcb.snd.finQueued && !gt(tcb.snd.nxt, tcb.snd.end);
}

/**
 * RFC 9293 §3.8.6.2.1 (MUST-38) and §3.7.4 (Nagle, SHLD-7): whether a segment may be less than full. `length` bytes
 * would go of `unsent` that wait.
 */
function mayBeSmall(tcb: Tcb, length: number, unsent: number): boolean {
  const snd = tcb.snd;
  if (tcb.sendSmall) return true;
  const isAll = length === unsent;
  // A FIN: nothing will come to fill it up. Urgent data: Nagle's rule does not delay it, as on Linux.
  if (isAll && (snd.finQueued || snd.urgent)) return true;
  if (!tcb.settings.noDelay && snd.nxt !== snd.una) return false;
  if (isAll) return !gt(snd.end, snd.pushed);
  return length >= snd.maxWnd / 2;
}

/**
 * Sends the next segment, with `length` bytes of text, and in the same packet the full ones behind it that may leave too, and
 * the small one behind those, up to `room` bytes, where the link cuts them apart again.
 */
function sendRun(tcb: Tcb, length: number, limit: number, room: number): void {
  const { snd } = tcb;
  const seq = snd.nxt;
  if (seq === snd.una) restartAfterIdle(tcb);
  let flags = noteSent(tcb, length);
  let run = length;
  while (length === limit && run + limit <= room) {
    length = nextLength(tcb, limit);
    if (length <= 0) break;
    flags = noteSent(tcb, length);
    run += length;
  }
  transmit(tcb, seq, run, flags, limit);
  // RFC 6298 §5.1
  if (!tcb.retransmissionTimer.armed) armRetransmission(tcb);
}

/** A new segment with `length` bytes of text is about to leave, with the FIN if it is due. Returns the segment's flags. */
function noteSent(tcb: Tcb, length: number): number {
  const snd = tcb.snd;
  const seq = snd.nxt;
  const end = (seq + length) | 0;
  const isLast = end === snd.end;
  const hasFin = isLast && snd.finQueued && gt((snd.una + snd.wnd) | 0, end);
  const size = length + (hasFin ? 1 : 0);
  snd.nxt = (seq + size) | 0;
  tcb.portionSent += length;
  if (length > 0) noteAnswer(tcb);
  notePaced(tcb, length);
  tcb.scoreboard.append(seq, size, tcb.tcp.clock.now);
  tcb.sendSmall = false;
  // RFC 9293 §3.9.1.2, MUST-61, SHLD-27: PSH on the segment that empties the queue
  return ACK | (isLast && length > 0 ? PSH : 0) | (hasFin ? FIN : 0);
}

/** RFC 5681 §4.1: after more than an RTO of silence, slow start begins anew. */
function restartAfterIdle(tcb: Tcb): void {
  if (tcb.tcp.clock.now - tcb.lastSentAt > tcb.rto.rto) tcb.congestion!.onIdle();
}
