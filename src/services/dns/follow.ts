/** What an answer says about the name that was asked for, along its chain of aliases (RFC 1034 §3.6.2). */
import { type DnsMessage, type DnsRecord, type DnsType, NXDOMAIN } from "./codec.ts";
import { fold, isDomainName, isReverseName } from "./names.ts";

/** The data of the name, or that there are none, or that there is no such name; and how long that holds. */
export interface Finding {
  readonly kind: "found" | "nodata" | "nxdomain";
  /** The canonical name, and those that lead to it, the one that was asked for first. */
  readonly name: string;
  readonly aliases: readonly string[];
  /** Dotted quads for A, names for PTR. */
  readonly data: readonly string[];
  /** 0: not to be kept. */
  readonly ttlSeconds: number;
}

/** An answer that ends with an alias: whom to ask for next. */
export interface Detour {
  readonly kind: "alias";
  readonly name: string;
  readonly aliases: readonly string[];
  readonly ttlSeconds: number;
}

/** Longer chains are loops, or jokes. */
export const MOST_ALIASES = 16;

/** Undefined: the aliases go round, or lead to what is no name. */
export function follow(message: DnsMessage, asked: string, type: DnsType): Finding | Detour | undefined {
  const aliases: string[] = [];
  const isName = type === "PTR" ? isReverseName : isDomainName;
  let name = asked;
  let ttlSeconds = Number.POSITIVE_INFINITY;
  for (;;) {
    const own = message.answers.filter((record) => record.class === "IN" && fold(record.name) === fold(name));
    const found = own.filter((record) => record.type === type && isData(record));
    if (found.length > 0) {
      for (const { ttl } of found) ttlSeconds = Math.min(ttlSeconds, trueTtl(ttl));
      return { kind: "found", name, aliases, data: found.map(({ data }) => data as string), ttlSeconds };
    }
    const alias = own.find((record) => record.type === "CNAME");
    if (alias === undefined) return nothing(message, name, aliases, ttlSeconds);
    ttlSeconds = Math.min(ttlSeconds, trueTtl(alias.ttl));
    aliases.push(name);
    name = alias.data ?? "";
    const goesRound = aliases.some((each) => fold(each) === fold(name));
    if (goesRound || !isName(name) || aliases.length > MOST_ALIASES) return undefined;
  }
}

/** RFC 2308 §2: no such name, no such data, or only part of the way. */
function nothing(
  message: DnsMessage,
  name: string,
  aliases: readonly string[],
  ttlSeconds: number,
): Finding | Detour {
  const authority = message.authorities.find((record) => record.type === "SOA");
  if (message.rcode !== NXDOMAIN && authority === undefined && aliases.length > 0) {
    return { kind: "alias", name, aliases, ttlSeconds };
  }
  // RFC 2308 §5: as long as the SOA and its MINIMUM say; without a SOA not at all
  const negative =
    authority === undefined ? 0 : Math.min(trueTtl(authority.ttl), trueTtl(authority.minimum ?? 0));
  const kind = message.rcode === NXDOMAIN ? "nxdomain" : "nodata";
  return { kind, name, aliases, data: [], ttlSeconds: Math.min(negative, ttlSeconds) };
}

/** RFC 2181 §8: with the highest bit set it is 0. */
function trueTtl(ttl: number): number {
  return ttl > 0x7fff_ffff ? 0 : ttl;
}

function isData({ type, data }: DnsRecord): boolean {
  if (data === undefined) return false;
  return type === "A" ? isQuad(data) : isDomainName(data);
}

function isQuad(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => Number(part) <= 255 && String(Number(part)) === part);
}
