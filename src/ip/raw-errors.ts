/** What a raw or ping endpoint tells of datagrams that did not get through: Linux's raw_err and ping_err. */
import type { Clock } from "../base/clock.ts";
import { EMSGSIZE } from "../base/errno.ts";
import { ANY_ADDRESS } from "./address.ts";
import { ErrorQueue, ORIGIN_ICMP, ORIGIN_LOCAL } from "./error-queue.ts";
import { ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED } from "./icmp-message.ts";
import { IPV4_HEADER_LENGTH } from "./ipv4-header.ts";
import type { IcmpReport } from "./path.ts";
import { DISCOVERY_DONT, type RawSettings } from "./raw-settings.ts";

export class RawErrors extends ErrorQueue {
  private readonly clock: Clock;
  private readonly settings: RawSettings;

  constructor(clock: Clock, settings: RawSettings) {
    super();
    this.clock = clock;
    this.settings = settings;
  }

  /** A datagram to `address` was too long: `mtu` says for what. `held`: bytes that wait to be read. */
  tooLong(address: number, port: number, mtu: number, held: number): void {
    if (!this.settings.receiveErrors) return;
    const error = {
      errno: EMSGSIZE,
      origin: ORIGIN_LOCAL,
      type: 0,
      code: 0,
      info: mtu,
      offender: ANY_ADDRESS,
      address,
      port,
      payload: new Uint8Array(0),
      destination: ANY_ADDRESS,
      interfaceIndex: -1,
      timeToLive: 0,
      trafficClass: 0,
      arrivedMicros: this.clock.now,
    };
    this.enqueue(error, held, 2 * this.settings.receiveBufferBytes);
  }

  /** An ICMP error quotes a datagram of the endpoint. Returns whether there is something new to tell. */
  icmpError(report: IcmpReport, connected: boolean, held: number): boolean {
    const { receiveErrors, pathMtuDiscovery } = this.settings;
    const isTooBig = report.type === ICMP_UNREACHABLE && report.code === UNREACHABLE_FRAGMENTATION_NEEDED;
    const hard = isTooBig ? pathMtuDiscovery !== DISCOVERY_DONT : report.hard;
    // Only who has a peer knows whom an error concerns; soft ones may pass.
    if (!receiveErrors && (!hard || !connected)) return false;
    if (receiveErrors) this.quote(report, held);
    this.pending = report.errno;
    return true;
  }

  private quote(report: IcmpReport, held: number): void {
    const { packet, offset, length } = report;
    const headerLength = this.settings.headerIncluded === true ? IPV4_HEADER_LENGTH : 0;
    const start = offset - headerLength;
    const error = {
      errno: report.errno,
      origin: ORIGIN_ICMP,
      type: report.type,
      code: report.code,
      info: report.errno === EMSGSIZE ? report.mtu : 0,
      offender: report.from,
      address: report.destination,
      port: 0,
      payload: packet.slab.bytes.slice(start, offset + length),
      destination: packet.destination,
      interfaceIndex: packet.interfaceIndex,
      timeToLive: packet.timeToLive,
      trafficClass: packet.trafficClass,
      arrivedMicros: this.clock.now,
    };
    this.enqueue(error, held, 2 * this.settings.receiveBufferBytes);
  }
}
