/** UDP of one host (RFC 768, RFC 1122 §4.1). */
import type { Clock } from "../base/clock.ts";
import type { SipKey } from "../base/hash.ts";
import { isMulticast } from "../ip/address.ts";
import {
  ICMP_UNREACHABLE,
  type IcmpReport,
  type PathFinder,
  type Transport,
  UNREACHABLE_PORT,
} from "../ip/path.ts";
import { FLAG_BROADCAST, type Packet } from "../packet/packet.ts";
import { copyPacket } from "../packet/packet-copy.ts";
import type { UdpConfig } from "./config.ts";
import { UdpCounters } from "./counters.ts";
import { UdpEndpoint } from "./endpoint.ts";
import { checkUdp, destinationPortAt, sourcePortAt, UDP_HEADER_LENGTH } from "./header.ts";
import { PortTable } from "./ports.ts";

export interface UdpEnvironment {
  clock: Clock;
  paths: PathFinder;
  /** A secret of the host: ports come from it. */
  key: SipKey;
  config: UdpConfig;
}

export class Udp implements Transport {
  readonly clock: Clock;
  readonly paths: PathFinder;
  readonly config: UdpConfig;
  readonly counters = new UdpCounters();
  readonly ports: PortTable;
  private readonly open = new Set<UdpEndpoint>();

  constructor(environment: UdpEnvironment) {
    this.clock = environment.clock;
    this.paths = environment.paths;
    this.config = environment.config;
    this.ports = new PortTable(environment.key, environment.config);
  }

  create(): UdpEndpoint {
    const endpoint = new UdpEndpoint(this);
    this.open.add(endpoint);
    return endpoint;
  }

  /** Every endpoint that is not closed, the oldest first. */
  endpoints(): IterableIterator<UdpEndpoint> {
    return this.open.values();
  }

  /** Called by an endpoint that closes. */
  forget(endpoint: UdpEndpoint): void {
    this.open.delete(endpoint);
  }

  /** Closes every endpoint. */
  close(): void {
    for (const endpoint of this.open) endpoint.close();
  }

  input(packet: Packet): void {
    this.counters.received++;
    const fault = checkUdp(packet);
    if (fault !== undefined) {
      this.counters[fault]++; // silently (RFC 1122 §4.1.3.4, MUST)
      packet.release();
      return;
    }
    const { view } = packet.slab;
    const sourcePort = sourcePortAt(view, packet.offset);
    const port = destinationPortAt(view, packet.offset);
    if ((packet.flags & FLAG_BROADCAST) !== 0) {
      this.deliverToAll(packet, port, sourcePort);
      return;
    }
    const endpoint = this.ports.find(
      packet.destination,
      port,
      packet.source,
      sourcePort,
      packet.interfaceIndex,
    );
    if (endpoint === undefined) {
      this.counters.noPort++;
      this.paths.sendError(packet, ICMP_UNREACHABLE, UNREACHABLE_PORT); // RFC 1122 §4.1.3.1, SHOULD
      packet.release();
      return;
    }
    packet.strip(UDP_HEADER_LENGTH);
    endpoint.deliver(packet);
  }

  error(report: IcmpReport): void {
    this.counters.errorsReceived++;
    const { view } = report.packet.slab;
    const port = sourcePortAt(view, report.offset);
    const remotePort = destinationPortAt(view, report.offset);
    const endpoint = this.ports.find(
      report.source,
      port,
      report.destination,
      remotePort,
      report.packet.interfaceIndex,
    );
    if (endpoint === undefined) this.counters.errorsUnclaimed++;
    else endpoint.icmpError(report);
  }

  /**
   * A broadcast or multicast goes to every endpoint of the port that it fits and that hears it (RFC 1122 §4.1.3.6, Linux's
   * __udp4_lib_mcast_deliver); to none is no error (RFC 1122 §3.2.2).
   */
  private deliverToAll(packet: Packet, port: number, sourcePort: number): void {
    const { source, destination, interfaceIndex } = packet;
    const isGroup = isMulticast(destination);
    const sharers = this.ports.at(port);
    let last: UdpEndpoint | undefined;
    packet.strip(UDP_HEADER_LENGTH);
    for (let index = sharers.length - 1; index >= 0; index--) {
      const endpoint = sharers[index]!;
      if (!this.ports.fits(endpoint, destination, source, sourcePort, interfaceIndex)) continue;
      if (isGroup && !endpoint.hears(destination, interfaceIndex)) continue;
      if (last !== undefined) last.deliver(copyOf(packet));
      last = endpoint;
    }
    if (last !== undefined) {
      last.deliver(packet);
      return;
    }
    this.counters.noPort++;
    packet.release();
  }
}

/** A packet of its own with the header and data of `packet`, which is stripped to its data. */
function copyOf(packet: Packet): Packet {
  const start = packet.offset - UDP_HEADER_LENGTH;
  const copy = copyPacket(packet, start, UDP_HEADER_LENGTH + packet.length);
  copy.strip(UDP_HEADER_LENGTH);
  return copy;
}
