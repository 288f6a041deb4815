/** <netdb.h> the C way: the calls of {@link Names} with C's structures. What C answers with NULL is an error here. */
import { EAFNOSUPPORT } from "../../base/errno.ts";
import { formatAddress, tryParseAddress } from "../../ip/address.ts";
import { AF_INET } from "../constants.ts";
import { SocketError } from "../error.ts";
import { htons, inet_ntoa, ntohs, toBytes } from "../inet.ts";
import { checkInteger, checkRange, show } from "../misuse.ts";
import { parseSockaddrIn, type SockaddrIn } from "../sockaddr.ts";
import type { HostInfo, Names } from "./names.ts";

/** What `getaddrinfo` is told of the sockets wanted; 0, the default, is any. */
export interface AddrinfoHints {
  /** AI_… */
  ai_flags?: number;
  ai_family?: number;
  ai_socktype?: number;
  ai_protocol?: number;
}

/** `struct addrinfo`; an array stands for the list. */
export interface Addrinfo {
  ai_flags: number;
  ai_family: number;
  ai_socktype: number;
  ai_protocol: number;
  /** What `bind` and `connect` take. */
  ai_addr: { family: number; address: string; port: number };
  /** The canonical name, in the first one and if AI_CANONNAME has asked for it. */
  ai_canonname?: string;
}

/** `struct hostent`. */
export interface Hostent {
  h_name: string;
  h_aliases: string[];
  /** AF_INET */
  h_addrtype: number;
  /** 4 */
  h_length: number;
  /** In network order: `sin_addr: h_addr_list[0]`. */
  h_addr_list: Uint8Array[];
}

/** `struct servent`. */
export interface Servent {
  s_name: string;
  s_aliases: string[];
  /** In network order: `sin_port: s_port`. */
  s_port: number;
  s_proto: string;
}

/** `struct protoent`. */
export interface Protoent {
  p_name: string;
  p_aliases: string[];
  p_proto: number;
}

const HINTS = ["ai_flags", "ai_family", "ai_socktype", "ai_protocol"];

/** The part of the C face that needs no descriptor. */
export class PosixNames {
  private readonly names: Names;

  constructor(names: Names) {
    this.names = names;
  }

  /** The host's name. */
  readonly gethostname = (): string => this.names.gethostname();

  /** Changes what `gethostname` says. At most 64 bytes of UTF-8 (EINVAL); EPERM without CAP_SYS_ADMIN. */
  readonly sethostname = (name: string): void => this.names.sethostname(name);

  /** The ways to reach `service` of `node`; null for this host itself, and for port 0. GaiError. */
  readonly getaddrinfo = async (
    node: string | null,
    service: string | null,
    hints: AddrinfoHints | null = null,
  ): Promise<Addrinfo[]> => {
    checkHints(hints);
    const { ai_flags = 0, ai_family = 0, ai_socktype = 0, ai_protocol = 0 } = hints ?? {};
    const asked = { family: ai_family, type: ai_socktype, protocol: ai_protocol, flags: ai_flags };
    const answers = await this.names.ask("getaddrinfo", node, service, asked);
    return answers.map(({ type, protocol, address, port, canonicalName }) => ({
      ai_flags,
      ai_family: AF_INET,
      ai_socktype: type,
      ai_protocol: protocol,
      ai_addr: { family: AF_INET, address: formatAddress(address), port },
      ...(canonicalName === "" ? {} : { ai_canonname: canonicalName }),
    }));
  };

  /** Name and service of an address. `flags`: NI_… GaiError. */
  readonly getnameinfo = async (where: SockaddrIn, flags = 0): Promise<{ host: string; service: string }> => {
    const { address, port } = parseSockaddrIn("getnameinfo", where);
    const text = typeof address === "number" ? formatAddress(address) : address;
    const [host, service] = await this.names.getnameinfo({ address: text, port }, flags);
    return { host, service };
  };

  /** A name's canonical name, aliases and addresses. HostError. */
  readonly gethostbyname = async (name: string): Promise<Hostent> =>
    hostent(await this.names.hostByName("gethostbyname", name));

  /** An address's names. `address`: 4 bytes in network order, or a dotted quad. HostError; EAFNOSUPPORT but for AF_INET. */
  readonly gethostbyaddr = async (address: Uint8Array | string, family = AF_INET): Promise<Hostent> => {
    checkInteger("gethostbyaddr", "family", family);
    if (family !== AF_INET) throw new SocketError(EAFNOSUPPORT, "gethostbyaddr");
    return hostent(await this.names.gethostbyaddr(dottedQuad(address)));
  };

  /** A service's port. `protocol`: "tcp", "udp"; null for whichever comes first. ENOENT. */
  readonly getservbyname = (name: string, protocol: string | null = null): Servent =>
    servent(this.names.serviceByName(name, protocol ?? undefined));

  /** A port's service. `port` in network order: `htons(80)`. ENOENT. */
  readonly getservbyport = (port: number, protocol: string | null = null): Servent => {
    checkRange("getservbyport", "port", port, 0, 65_535);
    return servent(this.names.serviceByPort(ntohs(port), protocol ?? undefined));
  };

  /** A protocol's number. ENOENT. */
  readonly getprotobyname = (name: string): Protoent => protoent(this.names.protocolByName(name));

  /** A protocol's name. ENOENT. */
  readonly getprotobynumber = (number: number): Protoent => protoent(this.names.protocolByNumber(number));
}

function hostent([name, aliases, addresses]: HostInfo): Hostent {
  return {
    h_name: name,
    h_aliases: aliases,
    h_addrtype: AF_INET,
    h_length: 4,
    h_addr_list: addresses.map((address) => toBytes(tryParseAddress(address)!)),
  };
}

function servent(service: ReturnType<Names["serviceByName"]>): Servent {
  const { name, aliases, port, protocol } = service;
  return { s_name: name, s_aliases: [...aliases], s_port: htons(port), s_proto: protocol };
}

function protoent({ name, aliases, number }: ReturnType<Names["protocolByName"]>): Protoent {
  return { p_name: name, p_aliases: [...aliases], p_proto: number };
}

function dottedQuad(address: unknown): string {
  if (address instanceof Uint8Array) return inet_ntoa(address);
  if (typeof address === "string" && tryParseAddress(address) !== undefined) return address;
  throw new TypeError(`gethostbyaddr: the address is 4 bytes or a dotted quad, not ${show(address)}`);
}

function checkHints(hints: unknown): void {
  if (hints === null || hints === undefined) return;
  const form = `getaddrinfo: the hints are an object { ${HINTS.join(", ")} }`;
  if (typeof hints !== "object" || Array.isArray(hints)) throw new TypeError(`${form}, not ${show(hints)}`);
  const odd = Object.keys(hints).find((field) => !HINTS.includes(field));
  if (odd !== undefined) throw new TypeError(`${form}, without ${odd}`);
}
