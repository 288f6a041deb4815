import type { PingEndpoint, Pings } from "../ip/raw-ping.ts";
import { IPPROTO_ICMP, SOCK_DGRAM } from "./constants.ts";
import type { SocketOwner } from "./core.ts";
import { IpCore } from "./raw.ts";

/**
 * `SOCK_DGRAM` with IPPROTO_ICMP in `AF_INET`: Linux's ping socket (icmp(7)). It sends echo requests, whose identifier and
 * checksum the stack fills in, and receives their replies, each without its IPv4 header. Its port is the identifier:
 * `bind` chooses it, port 0 or the first send has one chosen. It needs no right here; Linux allows it to the groups of
 * net.ipv4.ping_group_range, by default to none.
 */
export class PingCore extends IpCore {
  override readonly endpoint: PingEndpoint;

  constructor(owner: SocketOwner, pings: Pings) {
    super(owner, SOCK_DGRAM, IPPROTO_ICMP);
    this.endpoint = pings.create();
    this.endpoint.onEvent = this.notify;
  }

  protected override bindTo(address: number, port: number): number {
    return this.endpoint.bind(address, port);
  }

  override get localPort(): number {
    return this.endpoint.identifier;
  }

  override describe(): string {
    return `ping ${super.describe()}`;
  }
}
