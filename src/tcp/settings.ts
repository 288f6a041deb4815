import { DEFAULT_CHOICE, type PathChoice } from "../ip/path.ts";
import type { TcpConfig } from "./config.ts";

/**
 * What a user may choose per connection. After a change the user calls `settingsChanged(tcb)`; TCP_NODELAY, TCP_CORK and
 * TCP_QUICKACK also do something at the moment they are set: nagle.ts and delayed-ack.ts have the functions.
 */
export class Settings {
  /** TCP_CONGESTION: the algorithm of connections opened from now on. */
  congestion: string;
  /** TCP_NODELAY: Nagle's algorithm is off (RFC 9293 §3.7.4, MUST-17). */
  noDelay = false;
  /**
   * TCP_CORK: what does not fill a segment waits for more, at most 200 ms (tcp(7)); stronger than TCP_NODELAY. Off by
   * default; set it with `setCork`.
   */
  cork = false;
  /** SO_KEEPALIVE (RFC 9293 §3.8.4, MUST-24, MUST-25: off by default). */
  keepAlive = false;
  keepIdleMicros: number;
  keepIntervalMicros: number;
  keepCount: number;
  /** TCP_USER_TIMEOUT: how long sent data may stay unacknowledged, µs; 0 leaves it to R2 (RFC 5482, RFC 9293 MUST-21). */
  userTimeoutMicros = 0;
  /** TCP_SYNCNT: retransmissions of a SYN, or of a listener's SYN-ACKs, 1 to 127; 0, the default, leaves them to the host. */
  synRetransmissions = 0;
  /**
   * TCP_DEFER_ACCEPT: a listener's connections are not established by an ACK without text until their SYN-ACK has been
   * retransmitted so often, 0 to 255. 0, the default: at once. On a connecting socket anything else makes the last ACK of the
   * handshake wait for text, 200 ms at most (Linux, tcp_rcv_synsent_state_process).
   */
  deferAccept = 0;
  /**
   * TCP_LINGER2: how long the connection may stay in FIN-WAIT-2 when its user has closed, µs, at most 120 s. 0, the default,
   * leaves it to the host; negative: not at all, it is reset.
   */
  finWait2Micros = 0;
  /** TCP_NOTSENT_LOWAT: no more is taken than may be waiting unsent, bytes; writable below half of it. 0, the default: no bound. */
  notSentLowWater = 0;
  /** TCP_WINDOW_CLAMP: the largest window to offer, bytes, at least 1152; 0, the default: no bound. */
  windowClamp = 0;
  /** SO_RCVLOWAT: readable means so many bytes, or all that the window takes; and a blocking receive waits for them. Default 1. */
  receiveLowWater = 1;
  /** SO_MAX_PACING_RATE: text leaves no faster, bytes per second; 0, or the default Infinity: no bound (pacing.ts). */
  pacingBytesPerSecond = Number.POSITIVE_INFINITY;
  /** IP_RECVERR: ICMP errors are told at once instead of after the last retransmission. Off by default. */
  receiveErrors = false;
  /** TCP_MAXSEG: upper bound of the MSS that is sent and used, bytes; 0 is none. */
  maxSegmentSize = 0;
  /** IP_TTL (RFC 9293 §3.9.2, MUST-49). */
  timeToLive: number;
  /** IP_TOS (RFC 9293 §3.9.1.9, MUST-48). */
  trafficClass = 0;
  /** DF on every segment (RFC 1191): IP_MTU_DISCOVER is IP_PMTUDISC_WANT, the default, or IP_PMTUDISC_DO. */
  pathMtuDiscovery = true;
  /** SO_OOBINLINE: urgent data stays in the stream. */
  oobInline = false;
  /** SO_RCVBUF, SO_SNDBUF in bytes, and whether the user has fixed them (no auto-tuning then). */
  receiveBufferBytes: number;
  receiveBufferFixed = false;
  sendBufferBytes: number;
  sendBufferFixed = false;
  /** SO_REUSEADDR: may bind a port whose other users have it too and are not listening. */
  reuseAddress = false;
  /** SO_REUSEPORT: may share address and port with others that have it too; listeners then take turns: see ports.ts. */
  reusePort = false;
  /** SO_BINDTODEVICE: the index of the only interface to send and receive by; -1, the default: any. */
  interface = -1;
  /** SO_DONTROUTE: only to hosts on a link of ours, through no gateway. */
  onLink = false;
  /** IP_FREEBIND and IP_TRANSPARENT: may bind to an address that is not ours. */
  freeBind = false;
  transparent = false;
  /** IP_OPTIONS of every segment, well-formed, at most 40 bytes; not changed after it was set. An accepted connection has none. */
  options: Uint8Array | undefined = undefined;
  /** SO_LINGER with a time of 0: close sends RST. Other linger times are the socket layer's affair. */
  abortOnClose = false;

  constructor(config: TcpConfig) {
    this.congestion = config.congestion;
    this.keepIdleMicros = config.keepIdleMillis * 1000;
    this.keepIntervalMicros = config.keepIntervalMillis * 1000;
    this.keepCount = config.keepCount;
    this.timeToLive = config.timeToLive;
    this.receiveBufferBytes = config.receiveBufferBytes;
    this.sendBufferBytes = config.sendBufferBytes;
  }

  /** All settings of another socket. One by one: for every connection that a listener makes, Object.assign takes its time. */
  copyFrom(other: Settings): void {
    this.congestion = other.congestion;
    this.noDelay = other.noDelay;
    this.cork = other.cork;
    this.keepAlive = other.keepAlive;
    this.keepIdleMicros = other.keepIdleMicros;
    this.keepIntervalMicros = other.keepIntervalMicros;
    this.keepCount = other.keepCount;
    this.userTimeoutMicros = other.userTimeoutMicros;
    this.synRetransmissions = other.synRetransmissions;
    this.deferAccept = other.deferAccept;
    this.finWait2Micros = other.finWait2Micros;
    this.notSentLowWater = other.notSentLowWater;
    this.windowClamp = other.windowClamp;
    this.receiveLowWater = other.receiveLowWater;
    this.pacingBytesPerSecond = other.pacingBytesPerSecond;
    this.receiveErrors = other.receiveErrors;
    this.maxSegmentSize = other.maxSegmentSize;
    this.timeToLive = other.timeToLive;
    this.trafficClass = other.trafficClass;
    this.pathMtuDiscovery = other.pathMtuDiscovery;
    this.oobInline = other.oobInline;
    this.receiveBufferBytes = other.receiveBufferBytes;
    this.receiveBufferFixed = other.receiveBufferFixed;
    this.sendBufferBytes = other.sendBufferBytes;
    this.sendBufferFixed = other.sendBufferFixed;
    this.reuseAddress = other.reuseAddress;
    this.reusePort = other.reusePort;
    this.interface = other.interface;
    this.onLink = other.onLink;
    this.freeBind = other.freeBind;
    this.transparent = other.transparent;
    this.options = other.options;
    this.abortOnClose = other.abortOnClose;
  }

  /** A listener's settings pass to its connections; but not those about accepting, nor its IP options (Linux, tcp_v4_syn_recv_sock). */
  inheritFrom(listener: Settings): void {
    this.copyFrom(listener);
    this.deferAccept = 0;
    this.options = undefined;
  }

  /** What IP is asked for when a path is looked for. */
  pathChoice(): PathChoice {
    const { interface: by, onLink, options } = this;
    const foreignSource = this.freeBind || this.transparent;
    if (by < 0 && !onLink && !foreignSource && options === undefined) return DEFAULT_CHOICE;
    return { ...DEFAULT_CHOICE, interface: by, onLink, foreignSource, options };
  }
}
