import type { CongestionControl } from "./congestion.ts";

/** Slow start and congestion avoidance as RFC 5681 has them, with RFC 6928's initial window. */
export class Reno implements CongestionControl {
  readonly name = "reno";
  cwnd: number;
  ssthresh = Number.POSITIVE_INFINITY;
  segmentSize: number;
  private initialWindow: number;
  private readonly initialSegments: number;
  /** Bytes acknowledged in congestion avoidance that have not yet made cwnd grow (RFC 5681 §3.1, RFC 3465 §2.1). */
  private bytesAcked = 0;

  constructor(segmentSize: number, initialSegments: number) {
    this.segmentSize = segmentSize;
    this.initialSegments = initialSegments;
    this.initialWindow = initialWindow(segmentSize, initialSegments);
    this.cwnd = this.initialWindow;
  }

  onAck(acked: number): void {
    if (this.cwnd < this.ssthresh) {
      // RFC 5681 §3.1: slow start grows by what was acknowledged; counting bytes, not ACKs, so that ACK division
      // gains nothing. One ACK may stand for many segments here (MUST-58), so there is no bound of one SMSS an ACK.
      const growth = Math.min(acked, this.ssthresh - this.cwnd);
      this.cwnd += growth;
      acked -= growth;
      if (acked === 0) return;
    }
    // RFC 5681 §3.1: one SMSS for every cwnd bytes acknowledged.
    this.bytesAcked += acked;
    if (this.bytesAcked >= this.cwnd) {
      this.bytesAcked -= this.cwnd;
      this.cwnd += this.segmentSize;
    }
  }

  onLoss(flightSize: number): number {
    // RFC 5681 §3.1, equation (4)
    this.ssthresh = Math.max(Math.floor(flightSize / 2), 2 * this.segmentSize);
    this.bytesAcked = 0;
    return this.ssthresh;
  }

  onTimeout(flightSize: number, first: boolean): void {
    // RFC 5681 §3.1: when the same segment is resent again by the timer, ssthresh is held.
    if (first) this.onLoss(flightSize);
    this.bytesAcked = 0;
    this.cwnd = this.segmentSize; // the loss window
  }

  onIdle(): void {
    this.cwnd = Math.min(this.initialWindow, this.cwnd); // RFC 5681 §4.1: the restart window
  }

  onSegmentSize(segmentSize: number): void {
    this.segmentSize = segmentSize;
    this.initialWindow = initialWindow(segmentSize, this.initialSegments);
    this.cwnd = Math.max(this.cwnd, segmentSize);
  }
}

/** RFC 6928 §2: min(10·SMSS, max(2·SMSS, 14600)) for ten segments. */
export function initialWindow(segmentSize: number, segments: number): number {
  return Math.min(segments * segmentSize, Math.max(2 * segmentSize, segments * 1460));
}
