/** What the addresses of a datagram say when it comes in (RFC 1122 §3.2.1.3): whether it can be from there, and is for us. */
import { FLAG_BROADCAST, type Packet } from "../packet/packet.ts";
import { ANY_ADDRESS, BROADCAST_ADDRESS, isLoopback, isMulticast, isUnicast } from "./address.ts";
import type { IpConfig } from "./config.ts";
import type { DropReason } from "./counters.ts";
import { PROTOCOL_IGMP } from "./igmp-message.ts";
import type { Interface } from "./interface.ts";
import type { InterfaceTable } from "./interface-table.ts";

export class Judge {
  private readonly table: InterfaceTable;
  private readonly config: IpConfig;

  constructor(table: InterfaceTable, config: IpConfig) {
    this.table = table;
    this.config = config;
  }

  /** RFC 1122 §3.2.1.3, MUST: what cannot be the source of a datagram. */
  source(packet: Packet, from: Interface): DropReason | undefined {
    const { source } = packet;
    if (!isUnicast(source)) {
      return source === ANY_ADDRESS && maySayNothing(packet) ? undefined : "martianSource";
    }
    if (from.isLoopback) return undefined;
    if (isLoopback(source)) return "martianSource";
    for (const each of this.table.list) {
      if (source === each.address) return "ownSource";
      if (each.isBroadcast(source)) return "martianSource";
    }
    return undefined;
  }

  /** RFC 1122 §3.2.1.3, MUST: whether a datagram is for us. Marks broadcasts and multicasts. */
  destination(packet: Packet, from: Interface): DropReason | undefined {
    const { destination } = packet;
    if (destination !== from.address || destination === ANY_ADDRESS) {
      // RFC 1112 §7.2: to a group that the interface has joined
      if (from.isBroadcast(destination) || (isMulticast(destination) && from.isMember(destination))) {
        packet.flags |= FLAG_BROADCAST;
        return undefined;
      }
      if (!this.table.isLocal(destination)) {
        return isLoopback(destination) ? "martianDestination" : "notForUs";
      }
      if (!from.isLoopback) {
        if (isLoopback(destination)) return "martianDestination";
        const { strongHost, forwarding } = this.config;
        if (strongHost && !forwarding) return "wrongInterface"; // RFC 1122 §3.3.4.2
      }
    }
    // RFC 1122 §3.3.6, SHOULD: a link-layer broadcast is no way to reach one host
    return (packet.flags & FLAG_BROADCAST) !== 0 ? "linkBroadcast" : undefined;
  }
}

/** What may come from 0.0.0.0. */
function maySayNothing({ destination, protocol }: Packet): boolean {
  // A host that boots asks all hosts (RFC 1122 §3.2.1.3 (a), RFC 2131 §4.1).
  if (destination === BROADCAST_ADDRESS) return true;
  // One without an address reports its groups (RFC 3376 §4.2.13), and a switch without one asks for them (RFC 4541 §2.1.1).
  return protocol === PROTOCOL_IGMP && isMulticast(destination);
}
