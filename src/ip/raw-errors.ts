/** What a raw or ping endpoint tells of datagrams that did not get through: Linux's raw_err and ping_err. */
import type { Clock } from "../base/clock.ts";
import { EMSGSIZE } from "../base/errno.ts";
import { ErrorQueue, localError, type QueuedError, quotedError } from "./error-queue.ts";
import { ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED } from "./icmp-message.ts";
import { heedsTooBig } from "./mtu-discovery.ts";
import type { IcmpReport } from "./path.ts";
import type { RawSettings } from "./raw-settings.ts";

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
    this.add(localError(EMSGSIZE, address, port, mtu, this.clock.now), held);
  }

  /** An ICMP error quotes a datagram of the endpoint. Returns whether there is something new to tell. */
  icmpError(report: IcmpReport, connected: boolean, held: number): boolean {
    const { receiveErrors, pathMtuDiscovery } = this.settings;
    const isTooBig = report.type === ICMP_UNREACHABLE && report.code === UNREACHABLE_FRAGMENTATION_NEEDED;
    const hard = isTooBig ? heedsTooBig(pathMtuDiscovery) : report.hard;
    // Only who has a peer knows whom an error concerns; soft ones may pass.
    if (!receiveErrors && (!hard || !connected)) return false;
    if (receiveErrors) {
      // With IP_HDRINCL the header was the user's, and he gets it back.
      const start = this.settings.headerIncluded === true ? report.headerOffset : report.offset;
      this.add(quotedError(report, 0, start, this.clock.now), held);
    }
    this.pending = report.errno;
    return true;
  }

  private add(error: QueuedError, held: number): void {
    this.enqueue(error, held, 2 * this.settings.receiveBufferBytes);
  }
}
