import { placeAddress } from "../../sockets/address.ts";
import { checkFields, show } from "../../sockets/misuse.ts";
import type { DnsCodec } from "./codec.ts";
import { fold, isDomainName } from "./names.ts";

/** Names and defaults are those of resolv.conf(5), where it has them. */
export interface ResolverOptions {
  /** Dotted quads of servers that recurse, the best first. Default: none, until `resolver.servers` is set. */
  servers?: readonly string[];
  /** Domains to try behind names with few dots. Default: none. */
  search?: readonly string[];
  /** Turns messages into bytes and back: `dnsWire` of netwright/node, or one's own. */
  codec: DnsCodec;
  /** How many dots a name must have to be tried as it is first, 0 to 15. Default 1. */
  ndots?: number;
  /** How long a server gets to answer, milliseconds, 1 to 60000; longer in the rounds after the first. Default 5000. */
  timeout?: number;
  /** How often each server is asked, 1 to 10. Default 2. */
  attempts?: number;
  /** Whether lookups begin with each of the servers in turn. Default false: with the first. */
  rotate?: boolean;
  /** The longest answer by UDP, bytes, 512 to 65535; told by EDNS0, without which it is 512. Default 1232 (DNS flag day 2020). */
  udpSize?: number;
  /** Whether to use EDNS0 (RFC 6891). Default true; servers that do not understand it are asked without. */
  edns?: boolean;
  /** Answers kept, 0 to 1000000. Default 1000. */
  cacheEntries?: number;
  /** How long an answer is kept at most, seconds. Default 86400. */
  maxTtlSeconds?: number;
  /** How long is kept at most that there is nothing, seconds. Default 10800 (RFC 2308 §5). */
  maxNegativeTtlSeconds?: number;
  /** The servers' port. Default 53. */
  port?: number;
}

export type CheckedOptions = Required<Omit<ResolverOptions, "servers" | "search" | "codec">>;

const DEFAULTS: Readonly<CheckedOptions> = {
  ndots: 1,
  timeout: 5000,
  attempts: 2,
  rotate: false,
  udpSize: 1232,
  edns: true,
  cacheEntries: 1000,
  maxTtlSeconds: 86_400,
  maxNegativeTtlSeconds: 10_800,
  port: 53,
};

const LIMITS: { readonly [name in keyof CheckedOptions]?: readonly [least: number, most: number] } = {
  ndots: [0, 15],
  timeout: [1, 60_000],
  attempts: [1, 10],
  udpSize: [512, 65_535],
  cacheEntries: [0, 1_000_000],
  maxTtlSeconds: [0, 0x7fff_ffff],
  maxNegativeTtlSeconds: [0, 0x7fff_ffff],
  port: [1, 65_535],
};

/** The options with defaults for those not given. TypeError and RangeError say what is wrong. */
export function checkResolverOptions(options: ResolverOptions): CheckedOptions {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`StubResolver: the options are an object, not ${show(options)}`);
  }
  checkFields("StubResolver", "option", options, ["servers", "search", "codec", ...Object.keys(DEFAULTS)]);
  const { codec } = options;
  if (typeof codec?.encode !== "function" || typeof codec.decode !== "function") {
    throw new TypeError(`StubResolver: codec has encode and decode, ${show(codec)} has not`);
  }
  const checked: Record<string, number | boolean> = { ...DEFAULTS };
  for (const [name, fallback] of Object.entries(DEFAULTS)) {
    const value = Reflect.get(options, name) ?? fallback;
    if (typeof value !== typeof fallback) {
      throw new TypeError(`StubResolver: ${name} is a ${typeof fallback}, not ${show(value)}`);
    }
    const [least, most] = LIMITS[name as keyof CheckedOptions] ?? [0, 1];
    if (typeof value === "number" && !(Number.isInteger(value) && value >= least && value <= most)) {
      throw new RangeError(
        `StubResolver: ${name} is an integer from ${least} to ${most}, not ${show(value)}`,
      );
    }
    checked[name] = value;
  }
  return checked as unknown as CheckedOptions;
}

/** A list of dotted quads. */
export function checkServers(servers: unknown): readonly string[] {
  if (!Array.isArray(servers) || servers.some((each) => typeof each !== "string")) {
    throw new TypeError(`StubResolver: servers are a list of dotted quads, not ${show(servers)}`);
  }
  for (const each of servers) placeAddress("StubResolver", each);
  return [...servers];
}

/** A list of names. */
export function checkSearch(search: unknown): readonly string[] {
  if (
    !Array.isArray(search) ||
    search.some((each) => typeof each !== "string" || !isDomainName(fold(each)))
  ) {
    throw new TypeError(`StubResolver: search is a list of names of domains, not ${show(search)}`);
  }
  return search.map(fold);
}
