/** Asks servers one question until one of them can tell: in rounds, as resolv.conf(5) describes it. */
import { keyedHash, type SipKey } from "../../base/hash.ts";
import {
  BADVERS,
  type DnsMessage,
  type DnsQuery,
  type DnsType,
  FORMERR,
  NOERROR,
  NOTIMP,
  NXDOMAIN,
} from "./codec.ts";
import { type Asker, askTcp, askUdp } from "./exchange.ts";
import { type Detour, type Finding, follow, MOST_ALIASES } from "./follow.ts";
import { fold } from "./names.ts";
import type { CheckedOptions } from "./resolver-options.ts";

/** "servfail": servers have answered that they cannot tell. "silent": none has answered. */
export type NoAnswer = "servfail" | "silent";

/** Of a server, also when there are many of them. */
const LEAST_PATIENCE_MILLIS = 1000;

export class Questioner {
  private readonly asker: Asker;
  private readonly options: CheckedOptions;
  /** Where the identifiers come from: whoever has seen some cannot compute the next. */
  private readonly key: SipKey;
  private queries = 0;
  private lookups = 0;
  private list: readonly string[] = [];
  /** Those that do not understand EDNS0. */
  private readonly plain = new Set<string>();

  constructor(asker: Asker, options: CheckedOptions, key: SipKey) {
    this.asker = asker;
    this.options = options;
    this.key = key;
  }

  get servers(): readonly string[] {
    return this.list;
  }

  set servers(servers: readonly string[]) {
    this.list = servers;
    this.plain.clear();
  }

  /** What there is to know of `name`; where a server has gone only part of the chain of aliases, the rest is asked for. */
  async find(name: string, type: DnsType): Promise<Finding | NoAnswer> {
    const aliases: string[] = [];
    let ttlSeconds = Number.POSITIVE_INFINITY;
    let asked = name;
    while (aliases.length <= MOST_ALIASES) {
      const found = await this.askServers(asked, type);
      if (typeof found === "string") return found;
      aliases.push(...found.aliases);
      ttlSeconds = Math.min(ttlSeconds, found.ttlSeconds);
      if (found.kind !== "alias") return { ...found, aliases, ttlSeconds };
      asked = found.name;
      if (aliases.some((each) => fold(each) === fold(asked))) break;
    }
    return "servfail";
  }

  private async askServers(name: string, type: DnsType): Promise<Finding | Detour | NoAnswer> {
    const servers = this.inTurn();
    let outcome: NoAnswer = "silent";
    for (let round = 0; round < this.options.attempts; round++) {
      const micros = this.patience(round, servers.length) * 1000;
      for (const server of servers) {
        const message = await this.askServer(server, name, type, micros);
        if (message === undefined) continue;
        const found = canTell(message) ? follow(message, name, type) : undefined;
        if (found !== undefined) return found;
        this.asker.counters.failures++;
        outcome = "servfail";
      }
    }
    return outcome;
  }

  private inTurn(): readonly string[] {
    const { list, options } = this;
    if (!options.rotate || list.length === 0) return list;
    const first = this.lookups++ % list.length;
    return [...list.slice(first), ...list.slice(0, first)];
  }

  /** As glibc: twice as long each round, but the later rounds share it among the servers. Milliseconds. */
  private patience(round: number, servers: number): number {
    const { timeout } = this.options;
    if (round === 0) return timeout;
    return Math.max(Math.floor((timeout * 2 ** round) / servers), Math.min(timeout, LEAST_PATIENCE_MILLIS));
  }

  /** The answer of `server`; undefined when there is none. */
  private async askServer(
    server: string,
    name: string,
    type: DnsType,
    micros: number,
  ): Promise<DnsMessage | undefined> {
    const { asker, plain, options } = this;
    const { counters } = asker;
    const query = (): DnsQuery => {
      const udpSize = options.edns && !plain.has(server) ? options.udpSize : undefined;
      return { id: this.nextId(), name, type, udpSize };
    };
    let answer = await askUdp(asker, server, query(), micros);
    if (typeof answer === "object" && options.edns && !plain.has(server) && dislikesEdns(answer)) {
      plain.add(server); // RFC 6891 §6.2.2, §7
      counters.withoutEdns++;
      answer = await askUdp(asker, server, query(), micros);
    }
    const isTruncated = typeof answer === "object" && answer.isTruncated;
    if (isTruncated) counters.truncated++;
    if (isTruncated || answer === "suspicious") answer = await askTcp(asker, server, query(), micros); // RFC 7766 §5
    if (typeof answer === "object") counters.answers++;
    else if (answer === "silent") counters.timeouts++;
    else counters.unreachable++;
    return typeof answer === "object" ? answer : undefined;
  }

  /** RFC 5452 §9.2, MUST: one that cannot be guessed. */
  private nextId(): number {
    return keyedHash(this.key, this.queries++, 0, 0) >>> 16;
  }
}

function dislikesEdns({ rcode }: DnsMessage): boolean {
  return rcode === FORMERR || rcode === NOTIMP || rcode === BADVERS;
}

/** Whether it is an answer at all: no failure, and not the nothing of a server that does not recurse for us. */
function canTell(message: DnsMessage): boolean {
  const { rcode, answers, authorities, isAuthoritative, recursionAvailable } = message;
  if (rcode !== NOERROR) return rcode === NXDOMAIN;
  const isLame = answers.length === 0 && !isAuthoritative && !recursionAvailable;
  return !isLame || authorities.some((record) => record.type === "SOA");
}
