/**
 * A stub resolver (RFC 1034 §5.3.1): asks servers that recurse, and keeps what they say for as long as it holds.
 *
 *    const { nameServers, search } = await dhcp.configure();
 *    host.useResolver(new StubResolver(host, { servers: nameServers, search, codec: dnsWire }));
 *    await host.create_connection({ address: "www.example.org", port: 80 });
 */
import { ECONNABORTED } from "../../base/errno.ts";
import type { Host } from "../../host/host.ts";
import { inetAddress, placeAddress } from "../../sockets/address.ts";
import { SocketError } from "../../sockets/error.ts";
import { GaiError } from "../../sockets/gai-error.ts";
import { show } from "../../sockets/misuse.ts";
import { EAI_AGAIN, EAI_NODATA, EAI_NONAME } from "../../sockets/names/constants.ts";
import type { HostEntry } from "../../sockets/names/hosts.ts";
import { Cache } from "./cache.ts";
import type { DnsType } from "./codec.ts";
import { DnsCounters } from "./counters.ts";
import { Ending } from "./ending.ts";
import type { Finding } from "./follow.ts";
import { candidates, fold, isDomainName, reverseName } from "./names.ts";
import { type NoAnswer, Questioner } from "./questioner.ts";
import {
  type CheckedOptions,
  checkResolverOptions,
  checkSearch,
  checkServers,
  type ResolverOptions,
} from "./resolver-options.ts";

const MICROS_PER_SECOND = 1_000_000;
/** The longest datagram. */
const BUFFER_BYTES = 65_535;

/** What one lookup has ended with. */
type Verdict = Finding["kind"] | "servfail";

export class StubResolver {
  readonly counters = new DnsCounters();
  private readonly host: Host;
  private readonly options: CheckedOptions;
  private readonly questioner: Questioner;
  private readonly cache: Cache<Finding>;
  private readonly running = new Map<string, Promise<Finding | NoAnswer>>();
  private readonly ending = new Ending();
  private domains: readonly string[] = [];

  /** TypeError and RangeError for options that make no sense. */
  constructor(host: Host, options: ResolverOptions) {
    this.options = checkResolverOptions(options);
    this.host = host;
    const { codec } = options;
    const { counters, ending } = this;
    const buffer = new Uint8Array(BUFFER_BYTES);
    const asker = { host, codec, counters, port: this.options.port, buffer, ending };
    const key = host.secret(`dns ${host.random.uint32()}`);
    this.questioner = new Questioner(asker, this.options, key);
    this.cache = new Cache(this.options.cacheEntries);
    this.servers = options.servers ?? [];
    this.search = options.search ?? [];
  }

  /** Dotted quads, the best first; may be set at any time: a lease may bring others. What is known is forgotten then. */
  get servers(): readonly string[] {
    return this.questioner.servers;
  }

  set servers(servers: readonly string[]) {
    this.questioner.servers = checkServers(servers);
    this.cache.clear();
  }

  /** Domains to try behind names with few dots; may be set at any time. */
  get search(): readonly string[] {
    return this.domains;
  }

  set search(search: readonly string[]) {
    this.domains = checkSearch(search);
  }

  /**
   * The addresses of `name`, dotted quads; an address is its own. Rejects with a GaiError: EAI_NONAME (there is no such name),
   * EAI_NODATA (there is, but without an address), EAI_AGAIN (no server could tell).
   */
  async resolve(name: string): Promise<string[]> {
    checkText("resolve", name);
    if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return [inetAddress(placeAddress("resolve", name), 0).address];
    const entry = await this.byName(name);
    if (entry === undefined) throw new GaiError(EAI_NONAME, "getaddrinfo", name);
    return entry.addresses.map((address) => inetAddress(address, 0).address);
  }

  /** The name of `address`, a dotted quad; undefined where it has none. Rejects with a GaiError: EAI_AGAIN. */
  async reverse(address: string): Promise<string | undefined> {
    checkText("reverse", address);
    return (await this.byAddress(placeAddress("reverse", address)))?.name;
  }

  /** Forgets what servers have said. */
  flush(): void {
    this.cache.clear();
  }

  /** Ends it: lookups that wait, and all that are made later, reject with ECONNABORTED. */
  close(): void {
    this.ending.end();
    this.cache.clear();
  }

  /** For `host.useResolver`. */
  async byName(name: string): Promise<HostEntry | undefined> {
    const { ndots } = this.options;
    const verdicts: Verdict[] = [];
    for (const each of candidates(name, this.domains, ndots)) {
      if (!isDomainName(each)) continue;
      const found = await this.lookup(each, "A", "getaddrinfo");
      if (found === "servfail" || found.kind !== "found") {
        verdicts.push(found === "servfail" ? found : found.kind);
      } else {
        const addresses = found.data.map((quad) => placeAddress("getaddrinfo", quad));
        return { name: found.name, aliases: found.aliases, addresses };
      }
    }
    const errno = errnoOf(verdicts, name.split(".").length - 1 >= ndots);
    if (errno === EAI_NONAME) return undefined;
    throw new GaiError(errno, "getaddrinfo", name);
  }

  /** For `host.useResolver`. `address`: int32. */
  async byAddress(address: number): Promise<HostEntry | undefined> {
    const found = await this.lookup(reverseName(address), "PTR", "getnameinfo");
    if (found === "servfail") throw new GaiError(EAI_AGAIN, "getnameinfo", inetAddress(address, 0).address);
    const [name, ...aliases] = found.data;
    return name === undefined ? undefined : { name, aliases, addresses: [address] };
  }

  /** By the cache, by the same question that somebody else waits for, or by the servers. */
  private async lookup(name: string, type: DnsType, syscall: string): Promise<Finding | "servfail"> {
    if (this.ending.over) throw new SocketError(ECONNABORTED, syscall);
    const { counters, host, running } = this;
    const key = `${type} ${fold(name)}`;
    host.clock.sample();
    counters.lookups++;
    const known = this.cache.get(key, host.clock.now);
    if (known !== undefined) {
      counters.cached++;
      return known;
    }
    const already = running.get(key);
    if (already !== undefined) counters.joined++;
    const found = await (already ?? this.ask(key, name, type));
    if (found === "silent") throw new GaiError(EAI_AGAIN, syscall, name);
    return found;
  }

  private ask(key: string, name: string, type: DnsType): Promise<Finding | NoAnswer> {
    const asked = this.questioner
      .find(name, type)
      .then((found) => {
        if (typeof found === "object") this.keep(key, found);
        return found;
      })
      .finally(() => this.running.delete(key));
    this.running.set(key, asked);
    return asked;
  }

  private keep(key: string, found: Finding): void {
    const { maxTtlSeconds, maxNegativeTtlSeconds } = this.options;
    const most = found.kind === "found" ? maxTtlSeconds : maxNegativeTtlSeconds;
    const seconds = Math.min(found.ttlSeconds, most);
    if (seconds > 0) this.cache.set(key, found, this.host.clock.now + seconds * MICROS_PER_SECOND);
  }
}

/**
 * What a search ends with that has found nothing, as glibc: the verdict on the name itself where that came first; else that
 * some name has no address, else that some server could not tell, else that there is none of them.
 */
function errnoOf(verdicts: readonly Verdict[], asItIsFirst: boolean): number {
  const errnos = { found: 0, nodata: EAI_NODATA, servfail: EAI_AGAIN, nxdomain: EAI_NONAME };
  const [first] = verdicts;
  if (asItIsFirst && first !== undefined) return errnos[first];
  if (verdicts.includes("nodata")) return EAI_NODATA;
  return verdicts.includes("servfail") ? EAI_AGAIN : EAI_NONAME;
}

function checkText(call: string, text: unknown): void {
  if (typeof text !== "string")
    throw new TypeError(`${call}: a name or address is a string, not ${show(text)}`);
}
