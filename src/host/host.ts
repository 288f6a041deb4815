import { entropy } from "../base/ambient.ts";
import type { Clock } from "../base/clock.ts";
import {
  EAFNOSUPPORT,
  ECONNABORTED,
  ENETDOWN,
  EOPNOTSUPP,
  EPROTONOSUPPORT,
  ESOCKTNOSUPPORT,
} from "../base/errno.ts";
import { SipKey } from "../base/hash.ts";
import { INSPECT } from "../base/inspect.ts";
import { Random } from "../base/random.ts";
import { RealClock } from "../base/real-clock.ts";
import { formatAddress, LOOPBACK_ADDRESS, parseAddress, parsePrefix } from "../ip/address.ts";
import { DEFAULT_IP_CONFIG, type IpConfig } from "../ip/config.ts";
import type { Interface } from "../ip/interface.ts";
import { Ipv4 } from "../ip/ipv4.ts";
import type { RouteTable } from "../ip/route.ts";
import type { Link } from "../link/link.ts";
import { Loopback } from "../link/loopback.ts";
import { literalAddress } from "../sockets/address.ts";
import type { Pending } from "../sockets/async.ts";
import {
  AF_INET,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from "../sockets/constants.ts";
import type { Capability, SocketCore } from "../sockets/core.ts";
import { DatagramCore } from "../sockets/datagram.ts";
import { DEFAULT_LIMITS, DescriptorTable, type Limits } from "../sockets/descriptors.ts";
import { ENOTFOUND, SocketError } from "../sockets/error.ts";
import { describeEnds } from "../sockets/inet-core.ts";
import type { Credentials } from "../sockets/message.ts";
import { checkInteger, show } from "../sockets/misuse.ts";
import { Posix } from "../sockets/posix.ts";
import { Socket } from "../sockets/socket.ts";
import type { SocketHost } from "../sockets/socket-host.ts";
import { StreamCore } from "../sockets/stream.ts";
import { DEFAULT_TCP_CONFIG, type TcpConfig } from "../tcp/config.ts";
import { Tcp } from "../tcp/index.ts";
import { DEFAULT_UDP_CONFIG, type UdpConfig } from "../udp/config.ts";
import { Udp } from "../udp/udp.ts";
import { configure, IP_ALLOWED, TCP_ALLOWED, UDP_ALLOWED } from "./config.ts";
import { type Netstat, socketRows } from "./netstat.ts";

/** Answers a host's name with its dotted quad, or undefined when it does not know it. */
export type Resolve = (name: string) => string | undefined | Promise<string | undefined>;

export interface HostOptions {
  /** What `gethostname` says. Default "host". */
  name?: string;
  /** Default: a clock of its own that follows real time. */
  clock?: Clock;
  /** Where everything random comes from. Default: a generator made from `seed`. */
  random?: Random;
  /** Default: nobody can know. */
  seed?: number | string;
  tcp?: Partial<TcpConfig>;
  ip?: Partial<IpConfig>;
  udp?: Partial<UdpConfig>;
  /** What its programs may do. Default: everything. */
  capabilities?: readonly Capability[];
  limits?: Partial<Limits>;
  /** Knows other hosts' names. This host's own name and "localhost" need nobody. */
  resolve?: Resolve;
}

const OPTIONS = new Set([
  "name",
  "clock",
  "random",
  "seed",
  "tcp",
  "ip",
  "udp",
  "capabilities",
  "limits",
  "resolve",
]);

const CAPABILITIES: readonly Capability[] = ["CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_NET_ADMIN"];

/** A computer on the network: the layers put together, with `lo` and its 127.0.0.1/8 up. */
export class Host implements SocketHost {
  readonly name: string;
  readonly clock: Clock;
  readonly ipv4: Ipv4;
  readonly udp: Udp;
  readonly tcp: Tcp;
  /** The calls by descriptor: sockets the C way. */
  readonly posix: Posix;
  /** The open sockets of both faces and of the core, in the order they were made. */
  readonly sockets = new Set<SocketCore>();
  readonly descriptors: DescriptorTable;
  /** What its programs may do; a right is dropped by `delete`: `host.capabilities.delete("CAP_NET_RAW")`. */
  readonly capabilities: Set<Capability>;
  /** Who its programs are; may be set anew at any time. */
  credentials: Credentials = { pid: 1, uid: 0, gid: 0 };
  /** The promises that the stack has not settled yet. */
  readonly pendingCalls = new Set<Pending>();
  private readonly resolver: Resolve | undefined;
  /** The clock, where this host made it and nobody else runs on it. */
  private readonly ownClock: RealClock | undefined;
  private closed = false;

  constructor(options: HostOptions = {}) {
    checkOptions(options);
    const { name = "host", seed } = options;
    this.name = name;
    this.ownClock = options.clock === undefined ? new RealClock() : undefined;
    this.clock = options.clock ?? (this.ownClock as Clock);
    const random = options.random ?? new Random(seed ?? unguessable());
    const key = SipKey.fromRandom(random.fork("key"));
    const { clock } = this;
    const ip = configure("ip", DEFAULT_IP_CONFIG, options.ip, IP_ALLOWED);
    const udp = configure("udp", DEFAULT_UDP_CONFIG, options.udp, UDP_ALLOWED);
    const tcp = configure("tcp", DEFAULT_TCP_CONFIG, options.tcp, TCP_ALLOWED);
    this.ipv4 = new Ipv4({ clock, key: key.derive("ip"), random: random.fork("ip"), config: ip });
    this.udp = new Udp({ clock, paths: this.ipv4, key: key.derive("udp"), config: udp });
    this.tcp = new Tcp({ clock, paths: this.ipv4, key: key.derive("tcp"), config: tcp });
    this.ipv4.register(IPPROTO_UDP, this.udp);
    this.ipv4.register(IPPROTO_TCP, this.tcp);
    this.capabilities = new Set(options.capabilities ?? CAPABILITIES);
    this.descriptors = new DescriptorTable(configure("limits", DEFAULT_LIMITS, options.limits));
    this.posix = new Posix(this);
    this.resolver = options.resolve;
    this.attach(new Loopback(clock), { address: "127.0.0.1/8", name: "lo" });
  }

  /**
   * Adds an interface: our `address` in CIDR notation on `link`. `name`: default eth0, eth1 … TypeError when that is no
   * link, RangeError for an address that is none and for a name there is already.
   */
  attach(link: Link, options: { address: string; name?: string }): Interface {
    checkAttach(link, options);
    const { address, prefixLength } = parsePrefix(options.address);
    const name = options.name ?? `eth${this.ipv4.interfaces.length - 1}`;
    return this.ipv4.addInterface({ name, link, address, prefixLength });
  }

  /** The routing table: `host.route.add({ to: "10.1.0.0/16", via: "10.0.0.254" })`. */
  get route(): RouteTable {
    return this.ipv4.routes;
  }

  /** A socket, the Python way. SOCK_NONBLOCK may be or-ed into `type`. EAFNOSUPPORT, ESOCKTNOSUPPORT, EPROTONOSUPPORT. */
  socket(family: number = AF_INET, type: number = SOCK_STREAM, protocol = 0): Socket {
    checkInteger("socket", "family", family);
    checkInteger("socket", "type", type);
    checkInteger("socket", "protocol", protocol);
    const core = this.makeSocket(family, type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC), protocol);
    if (typeof core === "number") throw new SocketError(core, "socket");
    return new Socket(this, core, (type & SOCK_NONBLOCK) !== 0 ? 0 : null);
  }

  /** A TCP socket without promises. */
  stream(): StreamCore {
    if (this.closed) throw new SocketError(ENETDOWN, "socket");
    return new StreamCore(this, this.tcp);
  }

  /** A UDP socket without promises. */
  datagram(): DatagramCore {
    if (this.closed) throw new SocketError(ENETDOWN, "socket");
    return new DatagramCore(this, this.udp);
  }

  makeSocket(domain: number, type: number, protocol: number): SocketCore | number {
    if (this.closed) return -ENETDOWN;
    if (domain !== AF_INET) return -EAFNOSUPPORT;
    if (type === SOCK_STREAM) {
      return protocol === 0 || protocol === IPPROTO_TCP ? this.stream() : -EPROTONOSUPPORT;
    }
    if (type === SOCK_DGRAM) {
      return protocol === 0 || protocol === IPPROTO_UDP ? this.datagram() : -EPROTONOSUPPORT;
    }
    return -ESOCKTNOSUPPORT;
  }

  makePair(domain: number, _type: number, _protocol: number): [SocketCore, SocketCore] | number {
    return domain === AF_INET ? -EOPNOTSUPP : -EAFNOSUPPORT;
  }

  /** Bounds of its descriptors and open files; they may be changed at any time and count for what is opened from then on. */
  get limits(): Limits {
    return this.descriptors.limits;
  }

  gethostname(): string {
    return this.name;
  }

  /** The dotted quad of a name (or of a dotted quad). Rejects with ENOTFOUND. */
  async resolve(name: string): Promise<string> {
    return formatAddress(await this.addressOf("resolve", name));
  }

  addressOf(call: string, text: string): number | Promise<number> {
    const literal = literalAddress(call, text);
    if (literal !== undefined) return literal;
    const answer = this.resolver?.(text);
    if (answer instanceof Promise) return answer.then((address) => this.answered(text, address));
    return this.answered(text, answer);
  }

  /** One row per socket or connection, TIME-WAIT included, and the counters by protocol. */
  netstat(): Netstat {
    return {
      sockets: socketRows(this.tcp, this.sockets),
      counters: {
        ip: { ...this.ipv4.counters },
        icmp: { ...this.ipv4.icmp.counters },
        udp: { ...this.udp.counters },
        tcp: { ...this.tcp.counters },
      },
    };
  }

  /**
   * Ends everything it holds, without a word to anybody: connections, timers, packets. Calls that still wait reject
   * with ECONNABORTED. Afterwards no socket can be made (ENETDOWN).
   */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.tcp.close();
    for (const core of this.sockets) core.close(ECONNABORTED);
    for (const call of this.pendingCalls) call.dismiss(ECONNABORTED);
    this.udp.close();
    this.ipv4.close();
    this.ownClock?.close();
  }

  /** What it still holds, in words; empty is what the end of a test wants. */
  leaks(): string[] {
    const leaks: string[] = [];
    const sockets = new Set<string>();
    for (const core of this.sockets) {
      const text = core.describe();
      sockets.add(text);
      leaks.push(`open socket ${text}`);
    }
    for (const tcb of this.tcp.connections()) {
      const text = describeEnds(tcb);
      if (!sockets.has(text)) leaks.push(`connection ${text}`);
    }
    for (const call of this.pendingCalls) leaks.push(`pending ${call.describe()}`);
    const timers = this.ownClock?.timers.armedCount ?? 0;
    if (timers > 0) leaks.push(`${timers} armed timers`);
    return leaks;
  }

  /** In the console: "Host a (10.0.0.1)". */
  [INSPECT](): string {
    const [, ...others] = this.ipv4.interfaces;
    const addresses = [...new Set(others.map(({ address }) => formatAddress(address)))];
    return `Host ${this.name} (${addresses.join(", ") || "not attached"}${this.closed ? ", closed" : ""})`;
  }

  private answered(name: string, answer: string | undefined): number {
    if (answer !== undefined) return parseAddress(answer);
    const folded = name.toLowerCase(); // RFC 4343 §2: names know no case
    if (folded === "localhost") return LOOPBACK_ADDRESS;
    if (folded === this.name.toLowerCase()) return this.ipv4.interfaces[1]?.address ?? LOOPBACK_ADDRESS;
    throw new SocketError(ENOTFOUND, "getaddrinfo", name);
  }
}

/** A seed that nobody can guess. */
function unguessable(): bigint {
  const bytes = new Uint8Array(8);
  entropy(bytes);
  return new DataView(bytes.buffer).getBigUint64(0);
}

function checkOptions(options: HostOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`a host takes an object of options, not ${show(options)}`);
  }
  for (const field of Object.keys(options)) {
    if (OPTIONS.has(field)) continue;
    throw new RangeError(`a host has no option ${field}; there are: ${[...OPTIONS].join(", ")}`);
  }
  for (const right of options.capabilities ?? []) {
    if (CAPABILITIES.includes(right)) continue;
    throw new RangeError(`a capability is one of ${CAPABILITIES.join(", ")}, not ${show(right)}`);
  }
  if (options.name !== undefined && typeof options.name !== "string") {
    throw new TypeError(`the name of a host is a string, not ${show(options.name)}`);
  }
}

function checkAttach(link: unknown, options: unknown): void {
  const has = (field: string, type: string) => typeof Reflect.get(link as object, field) === type;
  const isLink =
    typeof link === "object" &&
    link !== null &&
    has("mtu", "number") &&
    has("features", "object") &&
    has("send", "function") &&
    has("attach", "function") &&
    has("close", "function");
  if (!isLink) {
    throw new TypeError(`attach: link is a Link (mtu, features, send, attach, close), not ${show(link)}`);
  }
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`attach: options are an object { address, name }, not ${show(options)}`);
  }
  const { address, name } = options as Record<string, unknown>;
  if (typeof address !== "string") {
    throw new TypeError(`attach: address is a string such as "10.0.0.1/24", not ${show(address)}`);
  }
  if (name !== undefined && typeof name !== "string") {
    throw new TypeError(`attach: name is a string such as "eth0", not ${show(name)}`);
  }
}
