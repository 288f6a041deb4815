/** The transmission control block, RFC 9293 §3.3.1: all that TCP remembers of one connection or listener. */
import type { Claim } from "../base/claims.ts";
import type { Place } from "../base/places.ts";
import { Ranges } from "../base/ranges.ts";
import { Ring } from "../base/ring.ts";
import { Task } from "../base/task.ts";
import { Timer } from "../base/timer.ts";
import { DEFAULT_CHOICE, type Path, type PathChoice } from "../ip/path.ts";
import type { CongestionControl } from "./congestion/congestion.ts";
import { flush } from "./flush.ts";
import { keepAliveTimeout } from "./keepalive.ts";
import type { ListenQueue } from "./listen-queue.ts";
import type { Pacing } from "./pacing.ts";
import { PathDoubt } from "./path-mtu.ts";
import { persistTimeout } from "./persist.ts";
import { Recovery } from "./recovery/recovery.ts";
import { Scoreboard } from "./recovery/scoreboard.ts";
import { retransmissionTimeout } from "./retransmission-timeout.ts";
import { Rto } from "./rto.ts";
import { Settings } from "./settings.ts";
import { CLOSED, LISTEN, SYN_SENT, stateName, TIME_WAIT } from "./state.ts";
import type { Tcp } from "./tcp.ts";
import { closingTimeout } from "./time-wait.ts";

/** The send sequence variables. */
export class SendSequence {
  una = 0;
  nxt = 0;
  /** SND.WND in bytes (scaled), and the largest the peer has ever offered (RFC 5961 §5.2: MAX.SND.WND). */
  wnd = 0;
  maxWnd = 0;
  /** Just behind the last octet of urgent data (RFC 6093); meaningful while `urgent`. */
  up = 0;
  urgent = false;
  wl1 = 0;
  wl2 = 0;
  iss = 0;
  /** Shift count of the windows that the peer sends us (RFC 7323 Snd.Wind.Shift). */
  scale = 0;
  /** Just behind the last octet that the user has queued, and the last that may leave without waiting for more. */
  end = 0;
  pushed = 0;
  /** The user has closed: a FIN stands behind `end`. */
  finQueued = false;
  /** The largest text that one segment may carry, before options (RFC 9293 §3.7.1: SendMSS bounded by the path). */
  mss = 536;
  /** The path MTU that `mss` was made from, bytes. */
  mtu = 0;
  /** What the peer's MSS option said, 536 without one (RFC 9293 §3.7.1, MUST-15). */
  peerMss = 536;
}

/** The receive sequence variables. */
export class ReceiveSequence {
  nxt = 0;
  irs = 0;
  /** The right window edge that was offered: RCV.NXT + RCV.WND. */
  edge = 0;
  /** Shift count of the windows that we send (RFC 7323 Rcv.Wind.Shift). */
  scale = 0;
  /** The next octet that the user will read. */
  read = 0;
  /** Just behind the last octet of urgent data; meaningful while `urgent`. */
  up = 0;
  urgent = false;
  /** The urgent octet was read out of band, so the stream skips it. */
  urgentTaken = false;
  /** Where the peer's FIN stands, when one was seen, perhaps ahead of missing data; and whether it was reached. */
  fin = 0;
  finSeen = false;
  closed = false;
  /** Our MSS option, bytes; and the largest text that has come, which is what counts for delayed ACKs. */
  mss = 536;
  observedMss = 536;

  /** RCV.WND in bytes. */
  get wnd(): number {
    return (this.edge - this.nxt) | 0;
  }
}

/** RFC 7323 variables; the timestamp clock ticks in milliseconds. */
export class Timestamps {
  enabled = false;
  /** TS.Recent and when it was taken, µs. */
  recent = 0;
  recentAt = 0;
  /** Last.ACK.sent */
  lastAckSent = 0;
  /** Added to the clock so that connections and hosts cannot be told apart by it (RFC 7323 §7.1). */
  offset = 0;
}

/** How urgently an ACK is owed: see delayed-ack.ts. */
export const ACK_NONE = 0;
export const ACK_DELAYED = 1;
export const ACK_NOW = 2;

/** Bounds memory and work per segment (CVE-2018-5390). Text that would make one hole more is dropped, as if lost. */
const OUT_OF_ORDER_RANGES = 1024;

export class Tcb {
  readonly tcp: Tcp;
  readonly settings: Settings;
  state = CLOSED;
  localAddress = 0;
  localPort = 0;
  remoteAddress = 0;
  remotePort = 0;
  /** Whether it is in a bucket of the demultiplexer, and the next one there. */
  inBucket = false;
  nextInBucket: Tcb | undefined = undefined;
  /** The user asked for this very port, so nobody else may be given it; and the address that bind was given. */
  boundByUser = false;
  boundAddress = 0;
  /** What the table of ports has noted of it: its claim at a port with many users; in LISTEN: where, and who came later is higher. */
  claim: Claim | undefined = undefined;
  listensAt: Place<Tcb> | undefined = undefined;
  rank = 0;
  /** From a passive OPEN (RFC 9293 §3.10.7.4, MUST-11: remembered for RST and SYN in SYN-RECEIVED). */
  passive = false;
  /** The user has let go; nobody is to be told. */
  orphaned = false;
  /** SYN-RECEIVED, and an ACK without text was not taken yet (TCP_DEFER_ACCEPT). */
  handshakeDeferred = false;
  /** The listener it came from, until it is accepted; and the next one waiting there. */
  listener: Tcb | undefined = undefined;
  nextAccepted: Tcb | undefined = undefined;
  /** In LISTEN only. */
  queue: ListenQueue | undefined = undefined;

  path: Path | undefined = undefined;
  /** What `path` was asked for: see path-choice.ts. */
  choice: PathChoice = DEFAULT_CHOICE;
  readonly snd = new SendSequence();
  readonly rcv = new ReceiveSequence();
  readonly timestamps = new Timestamps();
  /** Both sides may use SACK (RFC 2018 §2). */
  sackEnabled = false;
  windowScalingEnabled = false;

  readonly sendRing = new Ring();
  readonly receiveRing = new Ring();
  readonly outOfOrder = new Ranges(OUT_OF_ORDER_RANGES);
  /** Octets within the most recently arrived out-of-order ranges, newest first (RFC 2018 §4). */
  readonly recentBlocks: number[] = [];
  /** A duplicate to report in the next ACK (RFC 2883 §4). */
  dsackStart = 0;
  dsackEnd = 0;

  /** The SACK blocks of the last ACK: see sack.ts. */
  readonly sackSeen = new Int32Array(8);
  sackSeenCount = 0;

  readonly rto: Rto;
  readonly scoreboard = new Scoreboard();
  readonly recovery = new Recovery();
  congestion: CongestionControl | undefined = undefined;

  /** What is not certain of the path's MTU: see path-mtu.ts. */
  readonly doubt = new PathDoubt();
  /** Only where the user bounds the rate: see pacing.ts. */
  pacing: Pacing | undefined = undefined;

  /** New text sent since this connection last had its turn, bytes: output.ts bounds it. */
  portionSent = 0;
  ackPending = ACK_NONE;
  /** Text that came since the last ACK went, bytes. */
  unackedBytes = 0;
  /** How many ACKs more are not delayed; whether text goes back and forth; when text last came, µs: see delayed-ack.ts. */
  quickAcks = 0;
  pingPong = false;
  lastTextAt = Number.NEGATIVE_INFINITY;
  /** Consecutive expiries of the retransmission timer; unanswered zero-window or keep-alive probes. */
  retransmissions = 0;
  probes = 0;
  /** When the retransmission timer should fire, µs, whenever it does. */
  retransmissionDue = 0;
  /** Zero-window probes since the window closed, answered or not. */
  probesSent = 0;
  /** A zero-window probe's octet is out: SND.NXT counts it, the scoreboard does not. */
  probing = false;
  /** The override timer has said that a small segment may go (RFC 9293 §3.8.6.2.1). */
  sendSmall = false;
  /** An error waits for the user (positive errno); and the last soft error, reported if R2 is reached. */
  error = 0;
  softError = 0;
  /** SHUT_RD, SHUT_WR by the user. */
  readShutdown = false;
  writeShutdown = false;

  /** When our SYN was first sent, µs. */
  handshakeSentAt = 0;
  /** When text was last sent (RFC 5681 §4.1), and when anything last came, µs. */
  lastSentAt = 0;
  lastReceivedAt = 0;
  /** Challenge ACKs sent in the second that began at `challengeSecond` (RFC 5961 §7). */
  challenges = 0;
  challengeSecond = 0;
  /** When an unacceptable segment without text was last answered, µs: see challenge-ack.ts. */
  answeredAt = Number.NEGATIVE_INFINITY;
  /** Receive-buffer auto-tuning: see receive-autotune.ts. `tuneMost`: the most that was read in a round trip. */
  receiveBufferBytes: number;
  sendBufferBytes: number;
  tuneStartedAt = 0;
  tuneRead = 0;
  tuneMost = 0;
  /** Sums for TCP_INFO. */
  totalRetransmissions = 0;
  bytesSent = 0;
  bytesRetransmitted = 0;
  dataSegmentsOut = 0;
  dataSegmentsIn = 0;
  outOfOrderSegments = 0;
  duplicatesReported = 0;
  bytesAcked = 0;
  bytesReceived = 0;
  segmentsIn = 0;
  segmentsOut = 0;

  readonly retransmissionTimer: Timer;
  readonly persistTimer: Timer;
  readonly ackTimer: Timer;
  readonly keepAliveTimer: Timer;
  /** TIME-WAIT and FIN-WAIT-2. */
  readonly closingTimer: Timer;
  /** Output, ACKs and news at the end of the event. */
  readonly task: Task;
  private eventPending = false;
  /** Called at the end of an event in which readiness may have changed; set by the user. */
  onEvent: (() => void) | undefined = undefined;

  constructor(tcp: Tcp) {
    this.tcp = tcp;
    const config = tcp.config;
    this.settings = new Settings(config);
    this.receiveBufferBytes = config.receiveBufferBytes;
    this.sendBufferBytes = config.sendBufferBytes;
    this.rto = new Rto(
      config.initialRtoMillis * 1000,
      config.minRtoMillis * 1000,
      config.maxRtoMillis * 1000,
    );
    this.retransmissionTimer = new Timer(() => retransmissionTimeout(this));
    this.persistTimer = new Timer(() => persistTimeout(this));
    this.ackTimer = new Timer(() => {
      this.ackPending = ACK_NOW;
      this.touch();
    });
    this.keepAliveTimer = new Timer(() => keepAliveTimeout(this));
    this.closingTimer = new Timer(() => closingTimeout(this));
    this.closingTimer.background = true;
    this.task = new Task(() => flush(this));
  }

  get stateName(): string {
    return stateName(this.state);
  }

  /** Bytes received in order and not read; for a listener the connections waiting for accept. */
  get receiveQueue(): number {
    if (this.state === LISTEN) return this.queue!.length;
    const fin = this.rcv.closed ? 1 : 0;
    return ((this.rcv.nxt - this.rcv.read) | 0) - fin;
  }

  /** Bytes queued and not acknowledged; for a listener its backlog. */
  get sendQueue(): number {
    if (this.state === LISTEN) return this.queue!.backlog;
    return this.state === CLOSED || this.state === TIME_WAIT
      ? 0
      : Math.max(0, (this.snd.end - this.snd.una) | 0);
  }

  /** RFC 5681 §2, FlightSize: what was sent and not acknowledged, in sequence numbers. */
  get flightSize(): number {
    return (this.snd.nxt - this.snd.una) | 0;
  }

  /** Whether there is a peer to name (getpeername): not before the handshake, nor when the connection is over. */
  get isConnected(): boolean {
    const { state } = this;
    return this.remotePort !== 0 && state !== CLOSED && state !== SYN_SENT && state !== TIME_WAIT;
  }

  /** Whether our SYN was acknowledged; not so in FIN-WAIT-1 when the user has closed in SYN-RECEIVED. */
  get synAcknowledged(): boolean {
    return this.congestion !== undefined;
  }

  /** Changes the state, and tells who watches. */
  enter(state: number): void {
    const from = this.state;
    this.state = state;
    const observer = this.tcp.observer;
    if (observer !== undefined && from !== state)
      observer.stateChanged(this, stateName(from), stateName(state));
  }

  /** Has output and ACKs looked after at the end of this event. */
  touch(): void {
    this.tcp.clock.defer(this.task);
  }

  /** Readiness may have changed: the user hears of it at the end of this event. */
  notify(): void {
    this.eventPending = true;
    this.touch();
  }

  /** Tells the user, if there is news. */
  deliverEvents(): void {
    if (!this.eventPending) return;
    this.eventPending = false;
    this.onEvent?.();
  }
}
