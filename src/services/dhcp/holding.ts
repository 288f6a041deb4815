/** What a client has, or is about to have: the lease in use, the one that was offered, and the address that it would like. */
import type { Host } from "../../host/host.ts";
import { placeAddress } from "../../sockets/address.ts";
import type { Statement } from "./conversation.ts";
import type { Lease } from "./lease.ts";
import { DHCPDECLINE, DHCPDISCOVER, DHCPRELEASE, DHCPREQUEST } from "./message.ts";
import { Setup } from "./setup.ts";
import type { DhcpState } from "./states.ts";

export class Holding {
  /** What is in use. */
  held: Lease | undefined = undefined;
  /** What was offered or, while the link looks whether the address is free, acknowledged. */
  candidate: Lease | undefined = undefined;
  /** The address to ask for first, int32. */
  wished: number | undefined = undefined;
  private readonly setup: Setup;

  constructor(host: Host, interfaceName: string) {
    this.setup = new Setup(host, interfaceName);
  }

  /** Puts the address of `lease` on the interface; nothing happens where it is there. */
  tryOut(lease: Lease): void {
    this.candidate = lease;
    this.setup.useAddress(lease);
  }

  /** The candidate is in use from now on; returned. */
  keep(): Lease {
    const lease = this.candidate as Lease;
    this.held = lease;
    this.candidate = undefined;
    this.wished = number(lease.address); // should it ever be lost
    this.setup.useRoutes(lease);
    return lease;
  }

  /** Forgets both leases; whether one was in use. What the interface has of it, {@link clear} takes. */
  forget(): boolean {
    const had = this.held !== undefined;
    this.held = undefined;
    this.candidate = undefined;
    return had;
  }

  /** Takes the address and the routes off the interface. */
  clear(): void {
    this.setup.clear();
  }

  /** Whether `lease` is for the address that is in use. */
  isFor({ address, prefixLength }: Lease): boolean {
    return this.held?.address === address && this.held.prefixLength === prefixLength;
  }

  /** Whether the server `serverId`, int32, may answer for the candidate: the one that has offered it. */
  isFrom(serverId: number | undefined): boolean {
    return this.candidate === undefined || serverId === number(this.candidate.serverId);
  }

  // ------------------------------------------------------------------------------------------------ what is said of it

  /** What to ask in `state`. RFC 2131 §4.3.6, table 4: what a REQUEST says tells the server what it is about. */
  question(state: DhcpState): Statement {
    const { candidate, held, wished } = this;
    if (state === "SELECTING") return { type: DHCPDISCOVER, requested: wished };
    if (state === "REBOOTING") return { type: DHCPREQUEST, requested: wished };
    if (held !== undefined) return { type: DHCPREQUEST, clientAddress: number(held.address) };
    const requested = candidate === undefined ? wished : number(candidate.address);
    return { type: DHCPREQUEST, requested, serverId: candidate && number(candidate.serverId) };
  }
}

/** That `lease` is given back: RFC 2131 §4.4.6. */
export function releaseOf({ address, serverId }: Lease): Statement {
  return { type: DHCPRELEASE, clientAddress: number(address), serverId: number(serverId) };
}

/** That the address of `lease` is another's: RFC 2131 §3.1. */
export function declineOf({ address, serverId }: Lease): Statement {
  return { type: DHCPDECLINE, requested: number(address), serverId: number(serverId) };
}

export function number(quad: string): number {
  return placeAddress("dhcp", quad);
}
