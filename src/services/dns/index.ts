/** DNS: names of hosts. */
export type { DnsCodec, DnsMessage, DnsQuery, DnsRecord, DnsType } from "./codec.ts";
export type { DnsCounters } from "./counters.ts";
export { StubResolver } from "./resolver.ts";
export type { ResolverOptions as StubResolverOptions } from "./resolver-options.ts";
