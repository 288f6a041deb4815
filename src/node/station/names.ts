/** Whom a station asks for names: the servers that it was told, or those of its lease, which may be others when that is renewed. */
import type { Host } from "../../host/host.ts";
import { StubResolver } from "../../services/dns/index.ts";
import { dnsWire } from "../dns-wire.ts";

export interface Names {
  /** Dotted quads, the best first. */
  readonly nameServers: readonly string[];
  /** Domains to search for names that are not whole. */
  readonly search: readonly string[];
}

/** Has `host` ask the servers of `names`; where there are none, nobody. Returns what tells it of others. */
export function askForNames(host: Host, names: Names): (others: Names) => void {
  const resolver = new StubResolver(host, { codec: dnsWire });
  const use = ({ nameServers, search }: Names): void => {
    // what is known of the same servers stays known
    if (String(resolver.servers) !== String(nameServers)) resolver.servers = nameServers;
    resolver.search = search;
    host.useResolver(nameServers.length > 0 ? resolver : undefined);
  };
  use(names);
  return use;
}
