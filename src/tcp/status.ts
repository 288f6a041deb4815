/** STATUS, RFC 9293 §3.10.6, in the form of Linux's TCP_INFO. */
import { ENOTCONN } from "../base/errno.ts";
import { fixedOptionsLength } from "./build.ts";
import { pacingRate } from "./pacing.ts";
import { unsentBytes } from "./send.ts";
import { CLOSED, LISTEN, TIME_WAIT } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { freeSpace } from "./window.ts";

/** Options seen in both SYNs, as bits of `options`. */
const OPTION_TIMESTAMPS = 1;
const OPTION_SACK = 2;
const OPTION_WINDOW_SCALE = 4;
/** What Linux begins with (TCP_INIT_CWND). */
const INITIAL_SPACE_SEGMENTS = 10;
const UNBOUNDED_RATE = 2 ** 64;

/**
 * The fields tcpi_* of Linux without the prefix: times in µs but where the name says ms, windows in segments or bytes as there.
 * Fields that tell of delivery rates and of what bounded the sender are absent: nothing here measures that yet.
 */
export interface TcpInfo {
  /** 1 is ESTABLISHED: see state.ts. As on Linux a socket in TIME-WAIT shows CLOSED: the connection lingers without it. */
  state: number;
  /** 0 open, 3 fast recovery, 4 loss (after a timeout). */
  ca_state: number;
  /** Consecutive expiries of the retransmission timer; unanswered probes; back-off doublings. */
  retransmits: number;
  probes: number;
  backoff: number;
  options: number;
  snd_wscale: number;
  rcv_wscale: number;
  rto: number;
  ato: number;
  snd_mss: number;
  rcv_mss: number;
  /** Segments: sent and not acknowledged (of a listener: connections that wait for accept), SACKed (of a listener: its backlog), judged lost, sent again and in flight. */
  unacked: number;
  sacked: number;
  lost: number;
  retrans: number;
  /** Milliseconds since. */
  last_data_sent: number;
  last_data_recv: number;
  last_ack_recv: number;
  pmtu: number;
  rcv_ssthresh: number;
  rtt: number;
  rttvar: number;
  /** Segments; 0x7fffffff when it was never set. */
  snd_ssthresh: number;
  /** Segments. */
  snd_cwnd: number;
  advmss: number;
  reordering: number;
  rcv_rtt: number;
  /** The most that the user has read in a round trip, bytes; ten segments before that is known. */
  rcv_space: number;
  /** Retransmitted segments in all. */
  total_retrans: number;
  bytes_acked: number;
  bytes_received: number;
  /** Text sent, copies included; and text sent again. */
  bytes_sent: number;
  bytes_retrans: number;
  /** Segments with text. */
  data_segs_out: number;
  data_segs_in: number;
  /** Duplicates that the peer has reported (D-SACK, RFC 2883). */
  dsack_dups: number;
  /** Segments that came out of order. */
  rcv_ooopack: number;
  segs_out: number;
  segs_in: number;
  notsent_bytes: number;
  /** Bytes per second: at what rate text is let go, and its bound, SO_MAX_PACING_RATE; 2^64 when there is none. */
  pacing_rate: number;
  max_pacing_rate: number;
  min_rtt: number;
  snd_wnd: number;
  rcv_wnd: number;
}

/** IP_MTU: the path's, bytes, also when the connection is over, as on Linux. ENOTCONN while there is none. */
export function pathMtu(tcb: Tcb): number {
  return tcb.path?.mtu ?? -ENOTCONN;
}

export function info(tcb: Tcb): TcpInfo {
  const { snd, rcv, rto, scoreboard, recovery, tcp } = tcb;
  const mss = Math.max(1, snd.mss - fixedOptionsLength(tcb));
  const segments = (bytes: number) => Math.ceil(bytes / mss);
  const sinceMillis = (at: number) => Math.floor((tcp.clock.now - at) / 1000);
  const ssthresh = tcb.congestion?.ssthresh ?? Number.POSITIVE_INFINITY;
  const pacing = Math.min(UNBOUNDED_RATE, pacingRate(tcb));
  const isListening = tcb.state === LISTEN;
  return {
    state: tcb.state === TIME_WAIT ? CLOSED : tcb.state,
    ca_state: recovery.phase === 0 ? 0 : recovery.phase + 2,
    retransmits: tcb.retransmissions,
    probes: tcb.probes,
    backoff: tcb.retransmissions,
    options:
      (tcb.timestamps.enabled ? OPTION_TIMESTAMPS : 0) |
      (tcb.sackEnabled ? OPTION_SACK : 0) |
      (tcb.windowScalingEnabled ? OPTION_WINDOW_SCALE : 0),
    snd_wscale: snd.scale,
    rcv_wscale: rcv.scale,
    rto: rto.rto,
    ato: tcp.config.delayedAckMillis * 1000,
    snd_mss: mss,
    rcv_mss: rcv.observedMss,
    unacked: isListening ? tcb.queue!.length : scoreboard.count,
    sacked: isListening ? tcb.queue!.backlog : segments(scoreboard.sackedBytes),
    lost: segments(scoreboard.lostBytes),
    retrans: segments(scoreboard.retransmittedBytes),
    last_data_sent: sinceMillis(tcb.lastSentAt),
    last_data_recv: sinceMillis(Math.max(tcb.lastTextAt, tcb.handshakeSentAt)),
    last_ack_recv: sinceMillis(tcb.lastReceivedAt),
    pmtu: tcb.path?.mtu ?? 0,
    rcv_ssthresh: freeSpace(tcb),
    rtt: Math.round(rto.srtt),
    rttvar: Math.round(rto.rttvar),
    snd_ssthresh: Number.isFinite(ssthresh) ? Math.floor(ssthresh / mss) : 0x7fffffff,
    snd_cwnd: Math.floor((tcb.congestion?.cwnd ?? mss) / mss),
    advmss: rcv.mss,
    reordering: 3,
    rcv_rtt: Math.round(rto.srtt),
    rcv_space: tcb.tuneMost || Math.min(tcb.receiveBufferBytes, INITIAL_SPACE_SEGMENTS * rcv.mss),
    total_retrans: tcb.totalRetransmissions,
    bytes_acked: tcb.bytesAcked,
    bytes_received: tcb.bytesReceived,
    bytes_sent: tcb.bytesSent,
    bytes_retrans: tcb.bytesRetransmitted,
    data_segs_out: tcb.dataSegmentsOut,
    data_segs_in: tcb.dataSegmentsIn,
    dsack_dups: tcb.duplicatesReported,
    rcv_ooopack: tcb.outOfOrderSegments,
    segs_out: tcb.segmentsOut,
    segs_in: tcb.segmentsIn,
    notsent_bytes: unsentBytes(tcb),
    pacing_rate: pacing,
    max_pacing_rate: pacing,
    min_rtt: rto.minRtt,
    snd_wnd: snd.wnd,
    rcv_wnd: Math.max(0, rcv.wnd),
  };
}
