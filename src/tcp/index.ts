/**
 * TCP as its user sees it: the calls of RFC 9293 §3.9.1 on transmission control blocks. All are synchronous, none
 * blocks, none throws for what the network does: they return ≥ 0 or a negative errno.
 */
import type { Clock } from "../base/clock.ts";
import type { SipKey } from "../base/hash.ts";
import type { IcmpReport, PathFinder, Transport } from "../ip/path.ts";
import type { Packet } from "../packet/packet.ts";
import type { TcpConfig } from "./config.ts";
import type { Settings } from "./settings.ts";

export interface TcpEnvironment {
  clock: Clock;
  paths: PathFinder;
  key: SipKey;
  config: TcpConfig;
}

export declare class Tcp implements Transport {
  constructor(environment: TcpEnvironment);
  readonly config: TcpConfig;
  readonly counters: Record<string, number>;
  /** Every TCB that is not CLOSED: listeners, embryonic, live, TIME-WAIT. */
  connections(): IterableIterator<Tcb>;
  create(): Tcb;
  input(packet: Packet): void;
  error(report: IcmpReport): void;
  /** Drops every connection without a word on the wire: the host is going away. */
  close(): void;
  /** Called at every change of state: for traces. */
  observer: TcpObserver | undefined;
}

export interface TcpObserver {
  stateChanged(tcb: Tcb, from: string, to: string): void;
}

/** A transmission control block as its user may see it. */
export declare class Tcb {
  readonly settings: Settings;
  /** As RFC 9293 §3.3.2 spells it: "FIN-WAIT-1". */
  readonly stateName: string;
  readonly localAddress: number;
  readonly localPort: number;
  readonly remoteAddress: number;
  readonly remotePort: number;
  /** Called at the end of an event in which readiness may have changed; set by the user. */
  onEvent: (() => void) | undefined;
  /** Bytes received and not read; for a listener the connections waiting for accept. */
  readonly receiveQueue: number;
  /** Bytes sent and not acknowledged, and not sent yet; for a listener its backlog. */
  readonly sendQueue: number;
}

/** Gives the TCB a local address (0: any) and port (0: pick one). EINVAL (bound already), EADDRINUSE, EADDRNOTAVAIL. */
export declare function bind(tcb: Tcb, address: number, port: number): number;
/** Active OPEN. 0: SYN sent, the result comes as readiness and {@link takeError}. EISCONN, EALREADY, EADDRNOTAVAIL, ENETUNREACH … */
export declare function open(tcb: Tcb, address: number, port: number): number;
/** Passive OPEN. */
export declare function listen(tcb: Tcb, backlog: number): number;
/** The next established connection, or a negative errno: EAGAIN, EINVAL (not listening), ECONNABORTED. */
export declare function accept(tcb: Tcb): Tcb | number;
/** Bytes taken (may be fewer than given). EAGAIN, EPIPE, ENOTCONN, ECONNRESET, ETIMEDOUT … `flags`: MSG_OOB, MSG_MORE. */
export declare function send(
  tcb: Tcb,
  data: Uint8Array,
  offset: number,
  length: number,
  flags: number,
): number;
/** Bytes read; 0 is end of stream. EAGAIN, ENOTCONN, ECONNRESET … `flags`: MSG_PEEK, MSG_OOB, MSG_TRUNC (discard). */
export declare function receive(
  tcb: Tcb,
  into: Uint8Array,
  offset: number,
  length: number,
  flags: number,
): number;
/** `how`: 0 SHUT_RD, 1 SHUT_WR, 2 both. ENOTCONN. */
export declare function shutdown(tcb: Tcb, how: number): number;
/** The user lets go of the TCB: FIN after the data, or RST with unread data or `abortOnClose` (RFC 9293 §3.6.1, SHLD-3). */
export declare function close(tcb: Tcb): void;
/** ABORT: RST at once. */
export declare function abort(tcb: Tcb): void;
/** POLLIN | POLLOUT | POLLPRI | POLLERR | POLLHUP | POLLRDHUP as Linux's tcp_poll computes it. */
export declare function readiness(tcb: Tcb): number;
/** SO_ERROR: the pending error as a positive errno, and forgets it; 0 when there is none. */
export declare function takeError(tcb: Tcb): number;
/** Whether the next byte to read is the one after urgent data (SIOCATMARK). */
export declare function atMark(tcb: Tcb): boolean;
/** TCP_INFO: Linux's tcpi_* fields without the prefix, in Linux's units. */
export declare function info(tcb: Tcb): TcpInfo;
/** To be called after `tcb.settings` was changed. */
export declare function settingsChanged(tcb: Tcb): void;

export type TcpInfo = Record<string, number>;
