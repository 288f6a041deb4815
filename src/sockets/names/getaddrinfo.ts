/** What `getaddrinfo` makes of its arguments before and after the name is looked up, as glibc does it. */
import { ANY_ADDRESS, LOOPBACK_ADDRESS } from "../../ip/address.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
} from "../constants.ts";
import { GaiError } from "../gai-error.ts";
import { parseClassic } from "../inet.ts";
import { parseAddress6 } from "../inet6-text.ts";
import {
  AI_ADDRCONFIG,
  AI_ALL,
  AI_CANONIDN,
  AI_CANONNAME,
  AI_IDN,
  AI_IDN_ALLOW_UNASSIGNED,
  AI_IDN_USE_STD3_ASCII_RULES,
  AI_NUMERICHOST,
  AI_NUMERICSERV,
  AI_PASSIVE,
  AI_V4MAPPED,
  EAI_ADDRFAMILY,
  EAI_BADFLAGS,
  EAI_FAMILY,
  EAI_NONAME,
  EAI_SERVICE,
  EAI_SOCKTYPE,
} from "./constants.ts";
import type { HostEntry } from "./hosts.ts";
import type { ServiceTable } from "./services.ts";

/** What is asked for; 0 is any. */
export interface Hints {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly flags: number;
}

/** One way to use an address. */
export interface Use {
  readonly type: number;
  readonly protocol: number;
  readonly port: number;
}

/** One answer. */
export interface Answer extends Use {
  /** Int32. */
  readonly address: number;
  /** The canonical name, in the first answer and if it was asked for; else "". */
  readonly canonicalName: string;
}

const KNOWN_FLAGS =
  AI_PASSIVE |
  AI_CANONNAME |
  AI_NUMERICHOST |
  AI_V4MAPPED |
  AI_ALL |
  AI_ADDRCONFIG |
  AI_IDN |
  AI_CANONIDN |
  AI_IDN_ALLOW_UNASSIGNED |
  AI_IDN_USE_STD3_ASCII_RULES |
  AI_NUMERICSERV;

/** A kind of socket that can be answered. */
interface Kind {
  readonly type: number;
  readonly protocol: number;
  /** What its services are listed under; none where it has no ports. */
  readonly service?: string;
  /** Whether it is answered when nobody asked for a type or protocol. */
  readonly byDefault: boolean;
}

const SOCK_DCCP = 6;
const SOCK_SEQPACKET = 5;
const IPPROTO_DCCP = 33;
const IPPROTO_SCTP = 132;
const IPPROTO_UDPLITE = 136;

/** In the order of the answers. A raw socket's protocol is whatever was asked for. */
const KINDS: readonly Kind[] = [
  { type: SOCK_STREAM, protocol: IPPROTO_TCP, service: "tcp", byDefault: true },
  { type: SOCK_DGRAM, protocol: IPPROTO_UDP, service: "udp", byDefault: true },
  { type: SOCK_DCCP, protocol: IPPROTO_DCCP, service: "dccp", byDefault: false },
  { type: SOCK_DGRAM, protocol: IPPROTO_UDPLITE, service: "udplite", byDefault: false },
  { type: SOCK_STREAM, protocol: IPPROTO_SCTP, service: "sctp", byDefault: false },
  { type: SOCK_SEQPACKET, protocol: IPPROTO_SCTP, service: "sctp", byDefault: false },
  { type: SOCK_RAW, protocol: 0, byDefault: true },
];

/** A question to `getaddrinfo`, checked in glibc's order. */
export class Question {
  private readonly syscall: string;
  /** Undefined: this host itself. */
  readonly host: string | undefined;
  readonly hints: Hints;
  private readonly uses: readonly Use[];

  /** Throws a GaiError. "*" is no name and no service. */
  constructor(
    syscall: string,
    host: string | undefined,
    service: string | undefined,
    hints: Hints,
    services: ServiceTable,
  ) {
    this.syscall = syscall;
    this.host = host === "*" ? undefined : host;
    this.hints = hints;
    const { family, flags } = hints;
    const named = service === "*" ? undefined : service;
    if (this.host === undefined && named === undefined) throw this.error(EAI_NONAME);
    if ((flags & ~KNOWN_FLAGS) !== 0) throw this.error(EAI_BADFLAGS);
    if ((flags & AI_CANONNAME) !== 0 && this.host === undefined) throw this.error(EAI_BADFLAGS);
    // no host has an address of IPv6 configured
    if ((flags & AI_ADDRCONFIG) !== 0 && family === AF_INET6) throw this.error(EAI_NONAME);
    const number = named === undefined || named === "" ? undefined : serviceNumber(named);
    if (number === -1 && (flags & AI_NUMERICSERV) !== 0) throw this.error(EAI_NONAME, named);
    if (family !== AF_UNSPEC && family !== AF_INET && family !== AF_INET6) throw this.error(EAI_FAMILY);
    const uses = findUses(hints, named, number, services);
    if (typeof uses === "number") throw this.error(uses, uses === EAI_SERVICE ? named : undefined);
    this.uses = uses;
  }

  /** The answers if nobody has to be asked: for no name, and for a numeric one. Throws a GaiError. */
  literal(): Answer[] | undefined {
    const { host, hints } = this;
    if (host === undefined) {
      if (hints.family === AF_INET6) throw this.error(EAI_FAMILY);
      return this.answers("", [(hints.flags & AI_PASSIVE) !== 0 ? ANY_ADDRESS : LOOPBACK_ADDRESS]);
    }
    const address = parseClassic(host);
    if (address !== undefined) {
      if (hints.family === AF_INET6) throw this.error(this.mapped ? EAI_FAMILY : EAI_ADDRFAMILY);
      return this.answers(host, [address]);
    }
    if (parseAddress6(host.replace(/%.*$/s, "")) !== undefined) {
      throw this.error(hints.family === AF_INET6 ? EAI_FAMILY : EAI_ADDRFAMILY);
    }
    if ((hints.flags & AI_NUMERICHOST) !== 0) throw this.error(EAI_NONAME);
    return undefined;
  }

  /** The answers for what a lookup has found. Throws a GaiError. */
  found(entry: HostEntry | undefined): Answer[] {
    if (entry === undefined) throw this.error(EAI_NONAME);
    if (this.hints.family === AF_INET6) throw this.error(this.mapped ? EAI_FAMILY : EAI_NONAME);
    return this.answers(entry.name, entry.addresses);
  }

  /** Addresses of IPv4 are wanted in the form of IPv6. */
  private get mapped(): boolean {
    return (this.hints.flags & AI_V4MAPPED) !== 0;
  }

  private answers(name: string, addresses: readonly number[]): Answer[] {
    const canonical = (this.hints.flags & AI_CANONNAME) !== 0 ? name : "";
    const all = addresses.flatMap((address) => this.uses.map((use) => ({ ...use, address })));
    return all.map((answer, index) => ({ ...answer, canonicalName: index === 0 ? canonical : "" }));
  }

  private error(errno: number, what = this.host): GaiError {
    return new GaiError(errno, this.syscall, what);
  }
}

/** The kinds of socket that are asked for, each with its port; an EAI_ number if there are none. */
function findUses(
  hints: Hints,
  service: string | undefined,
  number: number | undefined,
  services: ServiceTable,
): Use[] | number {
  const { type, protocol } = hints;
  const isAny = type === 0 && protocol === 0;
  const fits = (kind: Kind) =>
    (type === 0 || type === kind.type) &&
    (protocol === 0 || kind.type === SOCK_RAW || protocol === kind.protocol);
  const fitting = isAny ? KINDS : KINDS.filter(fits).slice(0, 1);
  if (fitting.length === 0) return EAI_SOCKTYPE;
  const use = (kind: Kind, port: number): Use => ({
    type: kind.type,
    protocol: kind.type === SOCK_RAW ? protocol : kind.protocol,
    port,
  });
  if (number === undefined || number >= 0) {
    // a service, even one by number, is asked of a socket without ports
    if (number !== undefined && !isAny && fitting[0]!.service === undefined) return EAI_SERVICE;
    return fitting
      .filter(({ byDefault }) => byDefault || !isAny)
      .map((kind) => use(kind, (number ?? 0) & 0xffff));
  }
  const uses = fitting.flatMap((kind) => {
    const found = kind.service === undefined ? undefined : services.byName(service ?? "", kind.service);
    return found === undefined ? [] : [use(kind, found.port)];
  });
  return uses.length > 0 ? uses : EAI_SERVICE;
}

/** A service as C's `strtoul` reads it, as an int: what is negative is none, and neither is what has other characters. */
function serviceNumber(text: string): number {
  const match = /^[ \t\n\v\f\r]*([+-]?)(\d+)$/.exec(text);
  if (match === null) return -1;
  const most = 2n ** 64n - 1n;
  const value = BigInt(match[2]!);
  const unsigned = value > most ? most : match[1] === "-" ? -value : value;
  const number = Number(BigInt.asIntN(32, unsigned));
  return number < 0 ? -1 : number;
}
