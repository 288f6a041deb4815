/** DHCP: an address, and what there is to know of the network. */
export { DhcpClient } from "./client.ts";
export type { ConfigureOptions, DhcpOptions } from "./client-options.ts";
export type { DhcpCounters } from "./counters.ts";
export type { Lease, LeaseRoute } from "./lease.ts";
export type { DhcpState } from "./states.ts";
