/**
 * Loss recovery answers: what is lost, and what is sent next. Fast retransmit and fast recovery by SACK (RFC 6675) or,
 * with a peer that has none, by duplicate ACKs (RFC 6582); after a timeout, slow start over what is missing.
 */
import { geq, gt } from "../sequence.ts";
import type { Tcb } from "../tcb.ts";

/** Nothing is known to be lost. */
export const OPEN = 0;
/** Fast recovery. */
export const RECOVERY = 1;
/** After a timeout: everything unSACKed counts as lost. */
export const LOSS = 2;

const DUP_THRESH = 3; // RFC 5681 §3.2, RFC 6675 §2

/** What one acknowledgment has told. */
export class AckSummary {
  /** Sequence numbers newly acknowledged. */
  acked = 0;
  /** A duplicate by RFC 5681 §2, or by RFC 6675 §2 where SACK is used. */
  isDuplicate = false;
  /** Bytes newly SACKed. */
  newlySacked = 0;
  /** Round-trip sample, µs; -1: none. */
  rtt = -1;
}

export class Recovery {
  phase = OPEN;
  /** RFC 6582's `recover`, RFC 6675's RecoveryPoint: SND.NXT when the episode began. */
  recover = 0;
  dupAcks = 0;
  /** The next retransmission goes out whatever the window says: the one that opens the episode. */
  forceOne = false;
  /** When the wait began that timers now measure (R2, user timeout), µs. */
  stalledSince = 0;
  private rescued = false;
  /** The largest flight of the last round trip, bytes, which ends when `peakEnd` is acknowledged; and whether cwnd bounded it. */
  private peakFlight = 0;
  private peakEnd = 0;
  private windowLimited = false;

  /** @param iss RFC 6582 §3.2, step 1 of the initialization: `recover` begins at the initial sequence number */
  start(iss: number): void {
    this.recover = iss;
    this.peakEnd = iss;
  }

  /** RFC 3042: on the first two duplicate ACKs one new segment each may leave beyond the window. With SACK, `pipe` has shrunk already. */
  limitedTransmit(tcb: Tcb): number {
    return this.phase === OPEN && !tcb.sackEnabled
      ? Math.min(this.dupAcks, 2) * tcb.congestion!.segmentSize
      : 0;
  }

  /** RFC 6675 §4, NextSeg() rule 4: one rescue retransmission an episode, of the last segment; -1 when there is none. */
  takeRescue(tcb: Tcb): number {
    if (this.rescued || !gt(this.recover, tcb.snd.una)) return -1;
    const last = tcb.scoreboard.lastHole();
    this.rescued = last >= 0;
    return last;
  }

  /** SND.UNA and the scoreboard are up to date: finds losses, moves the window. */
  onAck(tcb: Tcb, ack: AckSummary): void {
    if (ack.acked > 0) this.dupAcks = 0;
    else if (ack.isDuplicate) this.dupAcks++;

    const before = this.phase;
    if (this.phase !== OPEN && geq(tcb.snd.una, this.recover)) this.leave(tcb);
    else if (this.phase === RECOVERY) this.proceed(tcb, ack);
    else if (this.phase === OPEN && this.detects(tcb, ack)) this.enter(tcb);

    // RFC 5681 §3.2 step 6, RFC 6582 §3.2: the ACK that ends recovery sets the window, and does not make it grow
    if (before !== RECOVERY && this.phase !== RECOVERY && ack.acked > 0) this.grow(tcb, ack, before);
  }

  /** Output has sent what it could; `limited`: the congestion window held more back. */
  noteFlight(tcb: Tcb, limited: boolean): void {
    const flight = tcb.flightSize;
    if (!limited && flight <= this.peakFlight && !geq(tcb.snd.una, this.peakEnd)) return;
    this.peakFlight = flight;
    this.peakEnd = tcb.snd.nxt;
    this.windowLimited = limited;
  }

  /** The window grows only for a sender that uses it (RFC 7661 §4.3 has the reasons), as the last round trip shows. */
  private grow(tcb: Tcb, ack: AckSummary, phase: number): void {
    const congestion = tcb.congestion!;
    const inSlowStart = congestion.cwnd < congestion.ssthresh;
    if (!this.windowLimited && !(inSlowStart && congestion.cwnd < 2 * this.peakFlight)) return;
    // After a timeout an ACK may cover what had arrived long before. What was sent again counts, one segment at least; RFC 3465
    // §2.3 would have one SMSS an ACK, but here one ACK may stand for many segments (RFC 9293 MUST-58).
    const copies = Math.max(tcb.scoreboard.ackedCopies, congestion.segmentSize);
    const counted = phase === LOSS ? Math.min(ack.acked, copies) : ack.acked;
    congestion.onAck(counted, ack.rtt, tcb.tcp.clock.now);
  }

  /** The retransmission timer has expired (RFC 5681 §3.1, RFC 6582 §3.2 step 4, RFC 6675 §5.1). */
  onTimeout(tcb: Tcb): void {
    const congestion = tcb.congestion!;
    congestion.onTimeout(
      Math.min(tcb.flightSize, congestion.cwnd),
      tcb.retransmissions === 1,
      tcb.tcp.clock.now,
    );
    tcb.scoreboard.markAllLost();
    tcb.sackSeenCount = 0; // the receiver may have discarded what it had SACKed
    this.phase = LOSS;
    this.recover = tcb.snd.nxt;
    this.dupAcks = 0;
  }

  /** Without news of SACKed text nothing more can be judged lost. */
  private findLosses(tcb: Tcb, ack: AckSummary): boolean {
    return ack.newlySacked > 0 && tcb.scoreboard.detectLosses(tcb.congestion!.segmentSize);
  }

  private detects(tcb: Tcb, ack: AckSummary): boolean {
    if (tcb.snd.nxt === tcb.snd.una) return false;
    if (tcb.sackEnabled) return this.findLosses(tcb, ack) || this.dupAcks >= DUP_THRESH;
    // RFC 6582 §3.2, step 2: duplicates of what a timeout has sent again must not start fast recovery
    return this.dupAcks >= DUP_THRESH && gt(tcb.snd.una, this.recover);
  }

  private enter(tcb: Tcb): void {
    const congestion = tcb.congestion!;
    const now = tcb.tcp.clock.now;
    tcb.tcp.counters.fastRetransmits++;
    this.phase = RECOVERY;
    this.recover = tcb.snd.nxt;
    this.rescued = false;
    this.forceOne = true;
    tcb.scoreboard.markFirstLost();
    // RFC 5681 §3.2: what limited transmit has sent beyond cwnd does not count as flight
    const ssthresh = congestion.onLoss(Math.min(tcb.flightSize, congestion.cwnd), now);
    // RFC 6675 §5 step 4.2; RFC 6582 §3.2 step 2: the three segments that made the duplicates have left the network
    congestion.cwnd = ssthresh + (tcb.sackEnabled ? 0 : DUP_THRESH * congestion.segmentSize);
  }

  private proceed(tcb: Tcb, ack: AckSummary): void {
    if (tcb.sackEnabled) {
      this.findLosses(tcb, ack);
      // A partial ACK whose edge no SACK covers yet: the segment there is missing too.
      if (ack.acked > 0 && tcb.scoreboard.sackedBytes === 0) this.retransmitFirst(tcb);
      return;
    }
    const congestion = tcb.congestion!;
    const segmentSize = congestion.segmentSize;
    if (ack.acked > 0) {
      // RFC 6582 §3.2, step 3, partial acknowledgment: the next hole is lost; deflate by what has left the network
      this.retransmitFirst(tcb);
      congestion.cwnd = Math.max(segmentSize, congestion.cwnd - ack.acked);
      if (ack.acked >= segmentSize) congestion.cwnd += segmentSize;
    } else if (ack.isDuplicate) {
      // RFC 5681 §3.2 step 4: each duplicate means that one segment has left the network; there are no more than were in it
      const most = congestion.ssthresh + ((this.recover - tcb.snd.una) | 0);
      congestion.cwnd = Math.min(congestion.cwnd + segmentSize, Math.max(congestion.cwnd, most));
    }
  }

  private retransmitFirst(tcb: Tcb): void {
    if (tcb.scoreboard.markFirstLost()) this.forceOne = true;
  }

  private leave(tcb: Tcb): void {
    const congestion = tcb.congestion!;
    if (this.phase === RECOVERY && !tcb.sackEnabled) {
      // RFC 6582 §3.2, full acknowledgment, option 1
      const flight = Math.max(tcb.flightSize, congestion.segmentSize) + congestion.segmentSize;
      congestion.cwnd = Math.min(congestion.ssthresh, flight);
    }
    this.phase = OPEN;
    this.dupAcks = 0;
  }
}
