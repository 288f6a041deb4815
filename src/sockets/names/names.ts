/**
 * Names and numbers of a host: the calls of <netdb.h>, with Python's meanings. What may have to ask somebody returns a
 * promise; what stands in a table of the host's own does not.
 */
import { EINVAL, ENOENT, EPERM } from "../../base/errno.ts";
import { BROADCAST_ADDRESS, formatAddress, tryParseAddress } from "../../ip/address.ts";
import { type InetAddress, inetAddress } from "../address.ts";
import { AF_INET, AF_UNSPEC, SOCK_DGRAM } from "../constants.ts";
import { SocketError } from "../error.ts";
import { GaiError, HostError } from "../gai-error.ts";
import { parseClassic } from "../inet.ts";
import { parseAddress6 } from "../inet6-text.ts";
import { checkInteger, checkRange, show } from "../misuse.ts";
import {
  AI_NUMERICHOST,
  EAI_AGAIN,
  EAI_BADFLAGS,
  EAI_FAIL,
  EAI_NODATA,
  EAI_NONAME,
  HOST_NAME_MAX,
  HOST_NOT_FOUND,
  NI_DGRAM,
  NI_IDN,
  NI_IDN_ALLOW_UNASSIGNED,
  NI_IDN_USE_STD3_ASCII_RULES,
  NI_NAMEREQD,
  NI_NOFQDN,
  NI_NUMERICHOST,
  NI_NUMERICSERV,
  NO_DATA,
  NO_RECOVERY,
  TRY_AGAIN,
} from "./constants.ts";
import { type Answer, type Hints, Question } from "./getaddrinfo.ts";
import { type HostEntry, HostTable } from "./hosts.ts";
import { type Protocol, ProtocolTable } from "./protocols.ts";
import { checkPort, checkProtocolName, type Service, ServiceTable } from "./services.ts";

/** A value, or a promise where somebody had to be asked. */
export type Maybe<T> = T | Promise<T>;

/**
 * Whom `Names` asks. Undefined: there is no such name, or no name for such an address. Who cannot tell throws or rejects with a
 * GaiError: EAI_AGAIN (nobody answered), EAI_NODATA (there is the name, but no address), EAI_FAIL.
 */
export interface Lookup {
  byName(name: string): Maybe<HostEntry | undefined>;
  /** `address`: int32. */
  byAddress(address: number): Maybe<HostEntry | undefined>;
}

/** What `Names` has to be told of its host. */
export interface NamesOwner {
  readonly name: string;
  /** Whether it may call itself otherwise: CAP_SYS_ADMIN. */
  readonly mayRename: boolean;
}

/** One answer of `getaddrinfo`: family, type, protocol, canonical name, and what `connect` takes. */
export type AddressInfo = [
  family: number,
  type: number,
  protocol: number,
  canonicalName: string,
  address: InetAddress,
];

/** What `gethostbyname_ex` and `gethostbyaddr` give: name, aliases, dotted quads. */
export type HostInfo = [name: string, aliases: string[], addresses: string[]];

const NI_FLAGS =
  NI_NUMERICHOST |
  NI_NUMERICSERV |
  NI_NOFQDN |
  NI_NAMEREQD |
  NI_DGRAM |
  NI_IDN |
  NI_IDN_ALLOW_UNASSIGNED |
  NI_IDN_USE_STD3_ASCII_RULES;

const ANYTHING: Hints = { family: AF_UNSPEC, type: 0, protocol: 0, flags: 0 };

export class Names {
  readonly hosts = new HostTable();
  readonly services = new ServiceTable();
  readonly protocols = new ProtocolTable();
  private readonly owner: NamesOwner;
  private readonly lookup: Lookup;
  /** What `sethostname` has said. */
  private chosen: string | undefined = undefined;

  constructor(owner: NamesOwner, lookup: Lookup) {
    this.owner = owner;
    this.lookup = lookup;
  }

  gethostname(): string {
    return this.chosen ?? this.owner.name;
  }

  /** At most 64 bytes of UTF-8 (EINVAL). EPERM without CAP_SYS_ADMIN. */
  sethostname(name: string): void {
    checkText("sethostname", "name", name);
    if (!this.owner.mayRename) throw new SocketError(EPERM, "sethostname");
    if (new TextEncoder().encode(name).length > HOST_NAME_MAX) throw new SocketError(EINVAL, "sethostname");
    this.chosen = name;
  }

  /** The first name of `name`'s with a dot in it, or its canonical name, or itself. Default: this host's. */
  async getfqdn(name = ""): Promise<string> {
    checkText("getfqdn", "name", name);
    const trimmed = name.trim();
    const asked = trimmed === "" || trimmed === "0.0.0.0" || trimmed === "::" ? this.gethostname() : trimmed;
    try {
      const [canonical, aliases] = await this.gethostbyaddr(asked);
      return [canonical, ...aliases].find((each) => each.includes(".")) ?? canonical;
    } catch (error) {
      if (error instanceof SocketError) return asked;
      throw error;
    }
  }

  /** The first address of a name, a dotted quad. GaiError. */
  async gethostbyname(name: string): Promise<string> {
    return formatAddress(await this.addressOf("gethostbyname", name));
  }

  /** Canonical name, aliases and all addresses of a name. GaiError, HostError. */
  async gethostbyname_ex(name: string): Promise<HostInfo> {
    await this.addressOf("gethostbyname_ex", name); // what Python asks first, for its own errors
    return this.hostByName("gethostbyname_ex", name);
  }

  /** C's `gethostbyname`. HostError. */
  async hostByName(syscall: string, name: string): Promise<HostInfo> {
    checkText(syscall, "name", name);
    // digits and dots are an address and its own name; in glibc the hexadecimal form is not
    const address = /^[\d.]+$/.test(name) ? parseClassic(name) : undefined;
    if (address !== undefined) return [name, [], [formatAddress(address)]];
    return hostInfo(await hostEntry(async () => this.lookup.byName(name), syscall, name));
  }

  /** Canonical name and aliases of an address, or of a name's first address. HostError; GaiError for a name. */
  async gethostbyaddr(address: string): Promise<HostInfo> {
    checkText("gethostbyaddr", "address", address);
    const isAddress6 = parseAddress6(address) !== undefined;
    const number = isAddress6 ? undefined : await this.addressOf("gethostbyaddr", address);
    const ask = async () => (number === undefined ? undefined : this.lookup.byAddress(number));
    return hostInfo(await hostEntry(ask, "gethostbyaddr", address));
  }

  /**
   * The ways to reach `port` of `host`. `host`: a name, an address in a form of `inet_aton`, null for this host itself
   * (127.0.0.1, with AI_PASSIVE 0.0.0.0). `port`: a number, its text, a service's name, null for 0. 0 for `family`, `type`
   * and `protocol` is any. `flags`: AI_… GaiError.
   */
  async getaddrinfo(
    host: string | null | undefined,
    port: string | number | null | undefined,
    family = 0,
    type = 0,
    protocol = 0,
    flags = 0,
  ): Promise<AddressInfo[]> {
    const answers = await this.ask("getaddrinfo", host, port, { family, type, protocol, flags });
    return answers.map((answer) => [
      AF_INET,
      answer.type,
      answer.protocol,
      answer.canonicalName,
      inetAddress(answer.address, answer.port),
    ]);
  }

  /** Name and service of a numeric address and a port; `flags`: NI_… GaiError. */
  async getnameinfo(
    where: { address: string; port: number },
    flags = 0,
  ): Promise<[host: string, service: string]> {
    if (typeof where !== "object" || where === null) {
      throw new TypeError(`getnameinfo: the address is an object { address, port }, not ${show(where)}`);
    }
    checkRange("getnameinfo", "port", where.port, 0, 65_535);
    checkInteger("getnameinfo", "flags", flags);
    const hints = { ...ANYTHING, type: SOCK_DGRAM, flags: AI_NUMERICHOST };
    const [answer] = (await this.ask("getnameinfo", where.address, where.port, hints)) as [Answer];
    if ((flags & ~NI_FLAGS) !== 0) throw new GaiError(EAI_BADFLAGS, "getnameinfo");
    return [await this.hostName(answer.address, flags), this.serviceName(where.port, flags)];
  }

  /** A service's port. `protocol`: "tcp", "udp"; default: whichever comes first. ENOENT. */
  getservbyname(name: string, protocol?: string): number {
    return this.serviceByName(name, protocol).port;
  }

  /** A port's service. ENOENT. */
  getservbyport(port: number, protocol?: string): string {
    return this.serviceByPort(port, protocol).name;
  }

  /** A protocol's number. ENOENT. */
  getprotobyname(name: string): number {
    return this.protocolByName(name).number;
  }

  serviceByName(name: string, protocol?: string): Service {
    checkText("getservbyname", "name", name);
    checkProtocolName("getservbyname", protocol);
    return known("getservbyname", this.services.byName(name, protocol), name, protocol);
  }

  serviceByPort(port: number, protocol?: string): Service {
    checkPort("getservbyport", port);
    checkProtocolName("getservbyport", protocol);
    return known("getservbyport", this.services.byPort(port, protocol), String(port), protocol);
  }

  protocolByName(name: string): Protocol {
    checkText("getprotobyname", "name", name);
    return known("getprotobyname", this.protocols.byName(name), name);
  }

  protocolByNumber(number: number): Protocol {
    checkInteger("getprotobynumber", "number", number);
    return known("getprotobynumber", this.protocols.byNumber(number), String(number));
  }

  /**
   * The int32 that `connect`, `bind` and `sendto` understand by a text: "" is 0.0.0.0, "<broadcast>" 255.255.255.255, and
   * anything else goes the way of `getaddrinfo`. A promise only if somebody has to be asked. Throws or rejects with a
   * GaiError.
   */
  addressOf(syscall: string, text: string): Maybe<number> {
    if (typeof text !== "string") {
      throw new TypeError(
        `${syscall}: address is a string (a dotted quad, a host name or ""), not ${show(text)}`,
      );
    }
    if (text === "") return 0;
    if (text === "<broadcast>") return BROADCAST_ADDRESS;
    const strict = tryParseAddress(text);
    if (strict !== undefined) return strict;
    const hints = { ...ANYTHING, family: AF_INET };
    const question = new Question("getaddrinfo", text, undefined, hints, this.services);
    const found = after(this.answer(question), ([first]) => first!.address);
    // bind, which cannot wait, leaves it where it is: that is no reason to end the process
    if (typeof found !== "number") found.catch(() => {});
    return found;
  }

  /** The answers to a question of `getaddrinfo`. */
  async ask(syscall: string, host: unknown, service: unknown, hints: Hints): Promise<Answer[]> {
    if (host !== null && host !== undefined) checkText(syscall, "the host", host);
    for (const [name, value] of Object.entries(hints)) checkInteger(syscall, name, value);
    const serviceText = textOfService(syscall, service);
    return this.answer(new Question(syscall, host ?? undefined, serviceText, hints, this.services));
  }

  private answer(question: Question): Maybe<Answer[]> {
    const { host = "" } = question;
    return question.literal() ?? after(this.lookup.byName(host), (entry) => question.found(entry));
  }

  private async hostName(address: number, flags: number): Promise<string> {
    const isNumeric = (flags & NI_NUMERICHOST) !== 0;
    // who cannot tell has the last word, even where the number would do: as in glibc
    const entry = isNumeric ? undefined : await this.lookup.byAddress(address);
    if (entry !== undefined) return (flags & NI_NOFQDN) === 0 ? entry.name : this.local(entry.name);
    if ((flags & NI_NAMEREQD) === 0) return formatAddress(address);
    throw new GaiError(EAI_NONAME, "getnameinfo", formatAddress(address));
  }

  private serviceName(port: number, flags: number): string {
    const protocol = (flags & NI_DGRAM) === 0 ? "tcp" : "udp";
    const service = (flags & NI_NUMERICSERV) === 0 ? this.services.byPort(port, protocol) : undefined;
    return service?.name ?? String(port);
  }

  /** `name` without the domain if that is our own. */
  private async local(name: string): Promise<string> {
    const own = this.gethostname();
    const full = own.includes(".") ? own : ((await this.lookup.byName(own))?.name ?? own);
    const dot = full.indexOf(".");
    const at = dot < 0 ? -1 : name.indexOf(full.slice(dot));
    return at > 0 ? name.slice(0, at) : name;
  }
}

/** `next` of a value, at once where it is there. */
export function after<T, U>(value: Maybe<T>, next: (value: T) => Maybe<U>): Maybe<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

function hostInfo({ name, aliases, addresses }: HostEntry): HostInfo {
  return [name, [...aliases], addresses.map(formatAddress)];
}

/** What `ask` finds. Throws the HostError that stands for nothing, and for what `ask` rejects with. */
async function hostEntry(
  ask: () => Promise<HostEntry | undefined>,
  syscall: string,
  what: string,
): Promise<HostEntry> {
  try {
    const entry = await ask();
    if (entry !== undefined) return entry;
  } catch (error) {
    const number = error instanceof GaiError ? HOST_ERRORS.get(error.errno) : undefined;
    throw number === undefined ? error : new HostError(number, syscall, what);
  }
  throw new HostError(HOST_NOT_FOUND, syscall, what);
}

/** By the error of getaddrinfo. */
const HOST_ERRORS: ReadonlyMap<number, number> = new Map([
  [EAI_AGAIN, TRY_AGAIN],
  [EAI_FAIL, NO_RECOVERY],
  [EAI_NODATA, NO_DATA],
]);

function textOfService(syscall: string, service: unknown): string | undefined {
  if (service === null || service === undefined) return undefined;
  if (typeof service === "string") return service;
  if (typeof service === "number" && Number.isSafeInteger(service)) return String(service);
  throw new TypeError(`${syscall}: the port is an integer, a service's name or null, not ${show(service)}`);
}

function checkText(syscall: string, what: string, text: unknown): asserts text is string {
  if (typeof text === "string") return;
  throw new TypeError(`${syscall}: ${what} is a string, not ${show(text)}`);
}

function known<T>(syscall: string, found: T | undefined, what: string, protocol?: string): T {
  if (found !== undefined) return found;
  throw new SocketError(ENOENT, syscall, protocol === undefined ? what : `${what}/${protocol}`);
}
