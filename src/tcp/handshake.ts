/** What both ends of a handshake do: options, windows, and entering ESTABLISHED. */
import { keyedHash } from "../base/hash.ts";
import { fixedOptionsLength, textLimit } from "./build.ts";
import { createCongestion } from "./congestion/index.ts";
import { initialSequenceNumber } from "./isn.ts";
import { armKeepAlive } from "./keepalive.ts";
import { armRetransmission } from "./retransmission-timeout.ts";
import type { Segment } from "./segment.ts";
import { ESTABLISHED, FIN_WAIT_1 } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { echoedRoundTrip } from "./timestamps.ts";
import { windowScaleFor } from "./window.ts";

/** RFC 9293 §3.7.1, MUST-15: what an IPv4 peer without an MSS option takes. */
const DEFAULT_MSS = 536;
/** Headers of IPv4 and TCP without options. */
const HEADERS_LENGTH = 40;
/** What remains of a segment's size whatever options take, bytes: a path that cannot carry it is none. */
const LEAST_MSS = 28;

/** Bytes of the headers of IPv4 and TCP, IP's options counted, TCP's not. */
export function headersLength(tcb: Tcb): number {
  return HEADERS_LENGTH + tcb.path!.optionsLength;
}

/** Numbers, windows and clocks of a connection whose four numbers and path are known, before its SYN leaves. */
export function prepare(tcb: Tcb, iss: number | undefined): void {
  const { clock, config, key, timestampKey } = tcb.tcp;
  const { localAddress, localPort, remoteAddress, remotePort, snd, rcv, settings } = tcb;
  const isn =
    iss ?? initialSequenceNumber(key, clock.now, localAddress, localPort, remoteAddress, remotePort);
  snd.iss = snd.una = snd.wl2 = isn;
  snd.nxt = snd.end = snd.pushed = snd.up = (isn + 1) | 0;
  tcb.recovery.start(isn);
  // RFC 7323 §7.1: an offset of its own for every connection
  tcb.timestamps.offset = keyedHash(
    timestampKey,
    remoteAddress,
    localAddress,
    (remotePort << 16) | localPort,
  );
  tcb.retransmissions = 0; // of an attempt that was given up
  tcb.rto.restart();
  tcb.doubt.end();
  tcb.error = tcb.softError = 0;
  tcb.receiveBufferBytes = settings.receiveBufferBytes;
  tcb.sendBufferBytes = settings.sendBufferBytes;
  // RFC 9293 §3.7.1, MUST-67 and RFC 6691 §2: what the link carries less the fixed headers, options not counted
  const linkLimit = tcb.path!.linkMtu - HEADERS_LENGTH;
  rcv.mss = settings.maxSegmentSize > 0 ? Math.min(settings.maxSegmentSize, linkLimit) : linkLimit;
  const largestBuffer = settings.receiveBufferFixed
    ? tcb.receiveBufferBytes
    : Math.max(tcb.receiveBufferBytes, config.maxReceiveBufferBytes);
  const largestWindow =
    settings.windowClamp > 0 ? Math.min(settings.windowClamp, largestBuffer) : largestBuffer;
  rcv.scale = config.windowScaling ? windowScaleFor(largestWindow) : 0;
  tcb.lastReceivedAt = clock.now;
}

/** Takes what the peer's SYN says: its ISN and its options. */
export function acceptSyn(tcb: Tcb, segment: Segment): void {
  const { rcv, snd, timestamps, tcp } = tcb;
  const config = tcp.config;
  rcv.irs = segment.seq;
  const offered = rcv.wnd; // by our SYN, if it has left
  rcv.nxt = rcv.read = rcv.up = (segment.seq + 1) | 0;
  rcv.edge = (rcv.nxt + offered) | 0;
  snd.peerMss = segment.maxSegmentSize > 0 ? segment.maxSegmentSize : DEFAULT_MSS;
  snd.peerMss = Math.max(snd.peerMss, config.minSegmentSize);
  tcb.sackEnabled = config.selectiveAcks && segment.sackPermitted; // RFC 2018 §2
  timestamps.enabled = config.timestamps && segment.hasTimestamp; // RFC 7323 §3.2
  if (timestamps.enabled) {
    timestamps.recent = segment.timestampValue;
    timestamps.recentAt = tcp.clock.now;
  }
  timestamps.lastAckSent = rcv.nxt;
  // RFC 7323 §2.2: scaling works in both directions or in none
  tcb.windowScalingEnabled = config.windowScaling && segment.windowScale >= 0;
  snd.scale = tcb.windowScalingEnabled ? segment.windowScale : 0;
  if (!tcb.windowScalingEnabled) rcv.scale = 0;
  updateSegmentSize(tcb);
}

/**
 * RFC 9293 §3.7.1, MUST-16: the smaller of what the peer takes and what the path carries. IP's options come off both: the
 * peer's MSS is said without them (RFC 6691 §2).
 */
export function updateSegmentSize(tcb: Tcb): void {
  const mtu = tcb.path!.mtu;
  let mss = Math.min(tcb.snd.peerMss, mtu - HEADERS_LENGTH);
  tcb.snd.mtu = mtu;
  if (tcb.settings.maxSegmentSize > 0) mss = Math.min(mss, tcb.settings.maxSegmentSize);
  const { optionsLength } = tcb.path!;
  tcb.snd.mss = optionsLength === 0 ? mss : Math.max(mss - optionsLength, LEAST_MSS);
  tcb.congestion?.onSegmentSize(tcb.snd.mss - fixedOptionsLength(tcb));
}

/** The path's MTU is another than segments were made for: the estimate has aged (RFC 1191 §6.3), or the route has changed. */
export function followPath(tcb: Tcb): void {
  const before = tcb.snd.mss;
  updateSegmentSize(tcb);
  // RFC 1191 §6.4: what is too big now is sent again at once
  if (tcb.snd.mss < before) tcb.scoreboard.markOversizedLost(textLimit(tcb));
}

/** RFC 6298 §3: a SYN sent once gives a sample; one sent again only with the help of timestamps. */
export function measureHandshake(tcb: Tcb, segment: Segment): void {
  if (tcb.retransmissions === 0) tcb.rto.sample(tcb.tcp.clock.now - tcb.handshakeSentAt);
  else if (tcb.timestamps.enabled) tcb.rto.sample(echoedRoundTrip(tcb, segment.timestampEcho));
}

/** The handshake is done; `segment` is what completed it. */
export function establish(tcb: Tcb, segment: Segment): void {
  const { snd, tcp } = tcb;
  const clock = tcp.clock;
  clock.disarm(tcb.retransmissionTimer);
  if (tcb.retransmissions > 0) tcb.rto.restartAfterLostSyn(); // RFC 6298 §5.7
  const congestion = createCongestion(
    tcb.settings.congestion,
    snd.mss - fixedOptionsLength(tcb),
    // RFC 6928 §2: if the SYN or its ACK was lost, the initial window is one segment
    tcb.retransmissions > 0 ? 1 : tcp.config.initialWindowSegments,
  );
  tcb.congestion = congestion;
  tcb.softError = 0; // the peer is reached
  tcb.retransmissions = 0;
  snd.wl1 = segment.seq;
  snd.wl2 = segment.ack;
  tcb.tuneStartedAt = clock.now;
  // RFC 9293 §3.10.4: who has closed in SYN-RECEIVED is past it; a FIN sent then is still in flight
  if (tcb.state === FIN_WAIT_1) armRetransmission(tcb);
  else tcb.enter(ESTABLISHED);
  armKeepAlive(tcb);
  tcb.notify();
}
