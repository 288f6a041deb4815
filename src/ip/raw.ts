/** The raw sockets of one host (raw(7)): who gets copies of what comes in, and is told of ICMP errors. And its ping sockets. */
import type { Packet } from "../packet/packet.ts";
import type { RawEnvironment } from "./ip-endpoint.ts";
import type { IcmpReport } from "./path.ts";
import { RawCounters } from "./raw-counters.ts";
import { RawEndpoint } from "./raw-endpoint.ts";
import { Pings } from "./raw-ping.ts";

export class Raw {
  readonly counters = new RawCounters();
  readonly pings: Pings;
  /** How many there are that may get copies: while there are none, nobody need ask. */
  listeners = 0;
  private readonly environment: RawEnvironment;
  /** By protocol, the oldest first. */
  private readonly byProtocol = new Map<number, RawEndpoint[]>();

  constructor(environment: Omit<RawEnvironment, "counters">) {
    this.environment = { ...environment, counters: this.counters };
    this.pings = new Pings(this.environment);
  }

  create(protocol: number): RawEndpoint {
    const endpoint = new RawEndpoint(this.environment, this, protocol);
    const sharers = this.byProtocol.get(protocol);
    if (sharers === undefined) this.byProtocol.set(protocol, [endpoint]);
    else sharers.push(endpoint);
    this.listeners++;
    return endpoint;
  }

  /** Called by an endpoint that closes or stops listening. */
  forget(endpoint: RawEndpoint): void {
    const sharers = this.byProtocol.get(endpoint.protocol) ?? [];
    sharers.splice(sharers.indexOf(endpoint), 1);
    if (sharers.length === 0) this.byProtocol.delete(endpoint.protocol);
    this.listeners--;
  }

  /** Gives a copy of `packet`, as IPv4 input left it, to everyone whom it concerns. Returns whether there was anyone. */
  input(packet: Packet): boolean {
    const sharers = this.byProtocol.get(packet.protocol);
    if (sharers === undefined) return false;
    let found = false;
    for (const endpoint of sharers) if (endpoint.offer(packet)) found = true;
    return found;
  }

  /** Tells everyone concerned of an error about a datagram of `protocol`. Returns whether there was anyone. */
  error(protocol: number, report: IcmpReport): boolean {
    const sharers = this.byProtocol.get(protocol);
    if (sharers === undefined) return false;
    let found = false;
    for (const endpoint of sharers) {
      if (!endpoint.concerns(report)) continue;
      found = true;
      this.counters.errorsReceived++;
      endpoint.icmpError(report);
    }
    return found;
  }
}
