/** What an endpoint tells of datagrams that did not get through: one pending error, and with IP_RECVERR a queue of them. */
import {
  ErrorQueue,
  EXCEEDED_IN_REASSEMBLY,
  heedsTooBig,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  type IcmpReport,
  LAST_UNREACHABLE_CODE,
  learnsTooBig,
  localError,
  type QueuedError,
  quotedError,
  UNREACHABLE_FRAGMENTATION_NEEDED,
} from "../ip/path.ts";
import type { UdpEndpoint } from "./endpoint.ts";
import { destinationPortAt, UDP_HEADER_LENGTH } from "./header.ts";
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
    this.add(localError(errno, address, endpoint.remotePort, info, udp.clock.now));
    endpoint.notify();
  }

  /** An ICMP error quotes a datagram of this endpoint. Returns whether there is something new to tell. */
  icmpError(report: IcmpReport): boolean {
    const { endpoint, udp } = this;
    const { type, code, errno } = report;
    if (type === ICMP_UNREACHABLE && code === UNREACHABLE_FRAGMENTATION_NEEDED) {
      const { pathMtuDiscovery: mode } = endpoint.settings;
      if (learnsTooBig(mode)) udp.paths.learnPathMtu(report.destination, report.mtu);
      if (!heedsTooBig(mode)) return false;
    }
    if (type === ICMP_UNREACHABLE && code > LAST_UNREACHABLE_CODE) return false;
    if (type === ICMP_TIME_EXCEEDED && code === EXCEEDED_IN_REASSEMBLY) return false; // Linux hears only of hops
    // Without a queue only a connected endpoint knows whom an error concerns, and soft ones may pass.
    if (endpoint.settings.receiveErrors) {
      const { packet, offset } = report;
      const port = destinationPortAt(packet.slab.view, offset);
      this.add(quotedError(report, port, offset + UDP_HEADER_LENGTH, udp.clock.now));
    } else if (!report.hard || !endpoint.connected) return false;
    this.pending = errno;
    return true;
  }

  private add(error: QueuedError): void {
    const { endpoint, udp } = this;
    const room = 2 * endpoint.settings.receiveBufferBytes;
    if (!this.enqueue(error, endpoint.receiveQueue, room)) udp.counters.errorQueueFull++;
  }
}
