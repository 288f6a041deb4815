/** What an endpoint tells of datagrams that did not get through: one pending error, and with IP_RECVERR a queue of them. */
import { EMSGSIZE } from "../base/errno.ts";
import { ANY_ADDRESS } from "../ip/address.ts";
import {
  ErrorQueue,
  EXCEEDED_IN_REASSEMBLY,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  type IcmpReport,
  LAST_UNREACHABLE_CODE,
  ORIGIN_ICMP,
  ORIGIN_LOCAL,
  type QueuedError,
  UNREACHABLE_FRAGMENTATION_NEEDED,
} from "../ip/path.ts";
import type { UdpEndpoint } from "./endpoint.ts";
import { destinationPortAt, UDP_HEADER_LENGTH } from "./header.ts";
import { MTU_DISCOVERY_DONT } from "./settings.ts";
import type { Udp } from "./udp.ts";

export class EndpointErrors extends ErrorQueue {
  private readonly udp: Udp;
  private readonly endpoint: UdpEndpoint;

  constructor(udp: Udp, endpoint: UdpEndpoint) {
    super();
    this.udp = udp;
    this.endpoint = endpoint;
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
    endpoint.notify();
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

  private add(error: QueuedError): void {
    const { endpoint, udp } = this;
    const room = 2 * endpoint.settings.receiveBufferBytes;
    if (!this.enqueue(error, endpoint.receiveQueue, room)) udp.counters.errorQueueFull++;
  }
}
