/**
 * Congestion control answers one question: how much may be in flight. What to send next, and when a segment counts
 * as lost, is recovery's question (src/tcp/recovery).
 *
 * An algorithm keeps `cwnd` and `ssthresh` in bytes. During fast recovery the recovery algorithm sets `cwnd` as its
 * RFC says (RFC 6582 §3.2, RFC 6675 §5) and hands it back at the end.
 */
export interface CongestionControl {
  /** The name TCP_CONGESTION knows it by. */
  readonly name: string;
  /** SMSS (RFC 5681 §2): the text of a full segment, options not counted, bytes. */
  segmentSize: number;
  /** Congestion window, bytes. */
  cwnd: number;
  /** Slow-start threshold, bytes; Infinity at first (RFC 5681 §3.1: arbitrarily high). */
  ssthresh: number;
  /**
   * `acked` bytes were newly acknowledged outside of fast recovery, while the window was what held the sender back.
   * `rtt`: this ACK's sample in microseconds, -1 when it gave none.
   */
  onAck(acked: number, rtt: number, nowMicros: number): void;
  /** A loss was found with `flightSize` bytes outstanding: returns the new `ssthresh` and remembers what it needs. */
  onLoss(flightSize: number, nowMicros: number): number;
  /** The retransmission timer expired; `first`: not a repetition for the same segment. */
  onTimeout(flightSize: number, first: boolean, nowMicros: number): void;
  /** Nothing was sent for longer than an RTO (RFC 5681 §4.1). */
  onIdle(): void;
  /** The effective MSS has changed (path MTU). */
  onSegmentSize(segmentSize: number): void;
}
