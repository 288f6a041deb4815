/** What an endpoint tells of datagrams that did not get through: one pending error, and with IP_RECVERR a queue of them. */
import { EMSGSIZE } from "../base/errno.ts";
import { ANY_ADDRESS } from "../ip/address.ts";
import {
  EXCEEDED_IN_REASSEMBLY,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  type IcmpReport,
  LAST_UNREACHABLE_CODE,
  UNREACHABLE_FRAGMENTATION_NEEDED,
} from "../ip/path.ts";
import type { UdpEndpoint } from "./endpoint.ts";
import { destinationPortAt, UDP_HEADER_LENGTH } from "./header.ts";
import { MTU_DISCOVERY_DONT } from "./settings.ts";
import type { Udp } from "./udp.ts";

/** SO_EE_ORIGIN_LOCAL: an error of this host. */
export const ORIGIN_LOCAL = 1;
/** SO_EE_ORIGIN_ICMP: an ICMP message said so. */
export const ORIGIN_ICMP = 2;

/** Linux counts so much for a queued error, bytes: the truesize of a small buffer. */
const ERROR_MEMORY = 832;

/** An error in the queue: struct sock_extended_err, the offender, and what else recvmsg tells with MSG_ERRQUEUE. */
export interface QueuedError {
  /** Positive. */
  readonly errno: number;
  /** {@link ORIGIN_LOCAL} or {@link ORIGIN_ICMP}. */
  readonly origin: number;
  /** Of the ICMP message; 0 otherwise. */
  readonly type: number;
  readonly code: number;
  /** The MTU, bytes, where the datagram was too long; 0 otherwise. */
  readonly info: number;
  /** Who sent the ICMP message; 0 for nobody. */
  readonly offender: number;
  /** Whom the datagram was for. Of errors of this host the port is the connected peer's, or 0: as Linux. */
  readonly address: number;
  readonly port: number;
  /** As much of its data as the message quotes. */
  readonly payload: Uint8Array;
  /** The ICMP message's own destination, interface and header; 0 and -1 for an error of this host. */
  readonly destination: number;
  readonly interfaceIndex: number;
  readonly timeToLive: number;
  readonly trafficClass: number;
  /** When it came, microseconds of the clock. */
  readonly arrivedMicros: number;
}

export class EndpointErrors {
  /** Positive errno of the last error that was not told yet; 0 for none. */
  pending = 0;
  private readonly udp: Udp;
  private readonly endpoint: UdpEndpoint;
  private queue: QueuedError[] = [];

  constructor(udp: Udp, endpoint: UdpEndpoint) {
    this.udp = udp;
    this.endpoint = endpoint;
  }

  /** Whether there is anything to tell: POLLERR. */
  get waiting(): boolean {
    return this.pending !== 0 || this.queue.length > 0;
  }

  /** SO_ERROR: the pending error, and forgets it; 0 when there is none. */
  take(): number {
    const { pending } = this;
    this.pending = 0;
    return pending;
  }

  /** Takes the oldest error off the queue. The pending one becomes the next's, as in Linux (sock_dequeue_err_skb). */
  shift(): QueuedError | undefined {
    const error = this.queue.shift();
    const next = this.queue[0];
    if (next?.origin === ORIGIN_ICMP) this.pending = next.errno;
    else if (error?.origin === ORIGIN_ICMP) this.pending = 0;
    return error;
  }

  clearQueue(): void {
    this.queue = [];
  }

  /** A datagram to `address` could not go: `info` is the MTU. It is told at once; with IP_RECVERR it is queued too. */
  localError(errno: number, address: number, info: number): void {
    const { endpoint, udp } = this;
    if (!endpoint.settings.receiveErrors) return;
    this.add({
      errno,
      origin: ORIGIN_LOCAL,
      type: 0,
      code: 0,
      info,
      offender: ANY_ADDRESS,
      address,
      port: endpoint.remotePort,
      payload: new Uint8Array(0),
      destination: ANY_ADDRESS,
      interfaceIndex: -1,
      timeToLive: 0,
      trafficClass: 0,
      arrivedMicros: udp.clock.now,
    });
  }

  /** An ICMP error quotes a datagram of this endpoint. Returns whether there is something new to tell. */
  icmpError(report: IcmpReport): boolean {
    const { endpoint, udp } = this;
    const { type, code, errno } = report;
    if (type === ICMP_UNREACHABLE && code === UNREACHABLE_FRAGMENTATION_NEEDED) {
      if (endpoint.settings.pathMtuDiscovery === MTU_DISCOVERY_DONT) return false;
      udp.paths.learnPathMtu(report.destination, report.mtu);
    }
    if (type === ICMP_UNREACHABLE && code > LAST_UNREACHABLE_CODE) return false;
    if (type === ICMP_TIME_EXCEEDED && code === EXCEEDED_IN_REASSEMBLY) return false; // Linux hears only of hops
    // Without a queue only a connected endpoint knows whom an error concerns, and soft ones may pass.
    if (endpoint.settings.receiveErrors) this.add(this.quote(report));
    else if (!report.hard || !endpoint.connected) return false;
    this.pending = errno;
    return true;
  }

  private quote(report: IcmpReport): QueuedError {
    const { packet, offset, length } = report;
    const start = offset + UDP_HEADER_LENGTH;
    return {
      errno: report.errno,
      origin: ORIGIN_ICMP,
      type: report.type,
      code: report.code,
      info: report.errno === EMSGSIZE ? report.mtu : 0,
      offender: report.from,
      address: report.destination,
      port: destinationPortAt(packet.slab.view, offset),
      payload: packet.slab.bytes.slice(start, start + Math.max(0, length - UDP_HEADER_LENGTH)),
      destination: packet.destination,
      interfaceIndex: packet.interfaceIndex,
      timeToLive: packet.timeToLive,
      trafficClass: packet.trafficClass,
      arrivedMicros: this.udp.clock.now,
    };
  }

  /** As in Linux, errors share the room of what waits to be read; one for which there is none is pending all the same. */
  private add(error: QueuedError): void {
    const { endpoint, udp } = this;
    const held = this.queue.length * ERROR_MEMORY + endpoint.receiveQueue;
    if (held + ERROR_MEMORY > 2 * endpoint.settings.receiveBufferBytes) udp.counters.errorQueueFull++;
    else this.queue.push(error);
  }
}
