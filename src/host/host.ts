import { entropy } from "../base/ambient.ts";
import type { Clock } from "../base/clock.ts";
import { ECONNABORTED, ENETDOWN, ENOMEM, EOPNOTSUPP, ESHUTDOWN } from "../base/errno.ts";
import { SipKey } from "../base/hash.ts";
import { INSPECT } from "../base/inspect.ts";
import { Random } from "../base/random.ts";
import { RealClock } from "../base/real-clock.ts";
import { formatAddress, isLoopback, parsePrefix } from "../ip/address.ts";
import { DEFAULT_IP_CONFIG } from "../ip/config.ts";
import type { Interface } from "../ip/interface.ts";
import { Ipv4 } from "../ip/ipv4.ts";
import type { RouteTable } from "../ip/route.ts";
import type { Link } from "../link/link.ts";
import { Loopback } from "../link/loopback.ts";
import type { Pending } from "../sockets/async.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../sockets/constants.ts";
import type { Capability, SocketCore } from "../sockets/core.ts";
import { DatagramCore } from "../sockets/datagram.ts";
import { DEFAULT_LIMITS, DescriptorTable, type Limits } from "../sockets/descriptors.ts";
import { SocketError } from "../sockets/error.ts";
import type { OpenFile } from "../sockets/file.ts";
import type { Credentials } from "../sockets/message.ts";
import { show } from "../sockets/misuse.ts";
import type { Lookup, Names } from "../sockets/names/names.ts";
import { PacketCore } from "../sockets/packet-socket.ts";
import { PingCore } from "../sockets/ping.ts";
import { Posix } from "../sockets/posix/index.ts";
import { RawCore } from "../sockets/raw.ts";
import { socketKind } from "../sockets/socket-kind.ts";
import { StreamCore } from "../sockets/stream.ts";
import { UnixDomain } from "../sockets/unix/domain.ts";
import { DEFAULT_TCP_CONFIG } from "../tcp/config.ts";
import { loseAddress, Tcp } from "../tcp/index.ts";
import { DEFAULT_UDP_CONFIG } from "../udp/config.ts";
import { Udp } from "../udp/udp.ts";
import { configure, IP_ALLOWED, TCP_ALLOWED, UDP_ALLOWED } from "./config.ts";
import { leaksOf } from "./leaks.ts";
import { NamesModule } from "./names-module.ts";
import { interfaceCounters, type Netstat, socketRows } from "./netstat.ts";
import { CAPABILITIES, checkAttach, checkedBoolean, checkOptions, type HostOptions } from "./options.ts";
import { HostNames } from "./resolver.ts";

const NO_ADDRESS = "0.0.0.0/0";

/** A computer on the network: the layers put together, with `lo` and its 127.0.0.1/8 up. */
export class Host extends NamesModule {
  /** What it was called when it was made. */
  readonly name: string;
  readonly clock: Clock;
  readonly ipv4: Ipv4;
  readonly udp: Udp;
  readonly tcp: Tcp;
  /** The calls by descriptor: sockets the C way. */
  readonly posix: Posix;
  /** The open sockets of both faces and of the core, in the order they were made. */
  readonly sockets = new Set<SocketCore>();
  /** The open epoll instances, in the order they were made. */
  readonly epolls = new Set<OpenFile>();
  readonly descriptors: DescriptorTable;
  /** AF_UNIX: its names are `unix.names.names()`. */
  readonly unix: UnixDomain;
  /** What its programs may do; a right is dropped by `delete`: `host.capabilities.delete("CAP_NET_RAW")`. */
  readonly capabilities: Set<Capability>;
  /** Who its programs are; may be set anew at any time. */
  credentials: Credentials = { pid: 1, uid: 0, gid: 0 };
  /** Chance for its programs: it comes from the host's seed, but nothing that the stack draws depends on it. */
  readonly random: Random;
  /** The promises that the stack has not settled yet. */
  readonly pendingCalls = new Set<Pending>();
  private readonly key: SipKey;
  private readonly resolver: HostNames;
  /** The clock, where this host made it and nobody else runs on it. */
  private readonly ownClock: RealClock | undefined;
  private isClosed = false;

  constructor(options: HostOptions = {}) {
    super();
    checkOptions(options);
    const { name = "host", seed } = options;
    this.name = name;
    this.ownClock = options.clock === undefined ? new RealClock() : undefined;
    this.clock = options.clock ?? (this.ownClock as Clock);
    const random = options.random ?? new Random(seed ?? unguessable());
    this.random = random.fork("programs");
    const key = SipKey.fromRandom(random.fork("key"));
    this.key = key;
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
    this.resolver = new HostNames(this, this.ipv4, options);
    this.unix = new UnixDomain(this, random.fork("unix"));
    this.posix = new Posix(this);
    this.attach(new Loopback(clock), { address: "127.0.0.1/8", name: "lo" });
  }

  /**
   * Adds an interface: our `address` in CIDR notation on `link`; left out, or "0.0.0.0/0": none yet, and only packet sockets
   * reach beyond it. `name`: default eth0, eth1 … TypeError when that is no link, RangeError for an address that is none and for
   * a name there is already.
   */
  attach(link: Link, options: { address?: string; name?: string }): Interface {
    checkAttach(link, options);
    const { address, prefixLength } = parsePrefix(options.address ?? NO_ADDRESS);
    const name = options.name ?? this.freeName();
    return this.ipv4.addInterface({ name, link, address, prefixLength });
  }

  /**
   * Takes the interface called `name` away, and with it its address, its routes and its link, which is closed. Connections
   * from that address end with ENETRESET, unless another interface has it too; the peer is told nothing. RangeError for
   * a name that there is not, and for "lo".
   */
  detach(name: string): void {
    const gone = this.attached("detach", name);
    this.ipv4.removeInterface(gone);
    this.lose(gone.address);
  }

  /**
   * Gives the interface called `name` another address, in CIDR notation; "0.0.0.0/0" takes it away. Its routes go with the old
   * one, that to its network comes anew, as with Linux's SIOCSIFADDR; connections from the old address end as in {@link detach}.
   * Groups stay joined. Nothing happens when it is the address there is. RangeError for a name that there is not, for "lo",
   * and for an address that names no host, or 127/8.
   */
  setAddress(name: string, address: string): void {
    const changed = this.attached("setAddress", name);
    const next = parsePrefix(address);
    if (isLoopback(next.address)) throw new RangeError(`setAddress: ${address} is for lo alone`);
    const { address: old, prefixLength } = changed;
    if (next.address === old && next.prefixLength === prefixLength) return;
    this.clock.sample();
    this.ipv4.setAddress(changed, next.address, next.prefixLength);
    this.lose(old);
  }

  /** The interface called `name`, which is not lo. */
  private attached(call: string, name: string): Interface {
    const found = this.ipv4.interfaces.find((each) => each.name === name);
    if (found !== undefined && !found.isLoopback) return found;
    const [, ...names] = this.ipv4.interfaces.map((each) => each.name);
    throw new RangeError(
      `${call}: ${show(name)} is none of ${names.join(", ") || "no interfaces beside lo"}`,
    );
  }

  /** Ends what is connected from `address`, unless an interface still has it. */
  private lose(address: number): void {
    if (!this.ipv4.isLocal(address)) loseAddress(this.tcp, address);
  }

  /** The first of eth0, eth1 … that is not taken. */
  private freeName(): string {
    let number = this.ipv4.interfaces.length - 1;
    while (this.ipv4.interfaceNamed(`eth${number}`) >= 0) number++;
    return `eth${Math.max(number, 0)}`;
  }

  /** The routing table: `host.route.add({ to: "10.1.0.0/16", via: "10.0.0.254" })`. */
  get route(): RouteTable {
    return this.ipv4.routes;
  }

  /** Whether it passes on what is for others, by its routing table: see `IpConfig.forwarding`. May be set at any time. */
  get forwarding(): boolean {
    return this.ipv4.config.forwarding;
  }

  set forwarding(forwarding: boolean) {
    this.ipv4.config.forwarding = checkedBoolean("forwarding", forwarding);
  }

  /** A TCP socket without promises. */
  stream(): StreamCore {
    const refusal = this.refusal();
    if (refusal !== 0) throw new SocketError(refusal, "socket");
    return new StreamCore(this, this.tcp);
  }

  /** A UDP socket without promises. */
  datagram(): DatagramCore {
    const refusal = this.refusal();
    if (refusal !== 0) throw new SocketError(refusal, "socket");
    return new DatagramCore(this, this.udp);
  }

  makeSocket(domain: number, type: number, protocol: number): SocketCore | number {
    const refusal = this.refusal();
    if (refusal !== 0) return refusal;
    const kind = socketKind(domain, type, protocol, this.capabilities);
    switch (kind) {
      case "stream":
        return this.stream();
      case "datagram":
        return this.datagram();
      case "ping":
        return new PingCore(this, this.ipv4.raw.pings);
      case "raw":
        return new RawCore(this, this.ipv4.raw, protocol);
      case "packet":
        return new PacketCore(this, this.ipv4.taps, type, protocol);
      case "unix":
        return this.unix.socket(type, protocol);
      default:
        return kind;
    }
  }

  makePair(domain: number, type: number, protocol: number): [SocketCore, SocketCore] | number {
    const refusal = this.refusal(2);
    if (refusal !== 0) return refusal;
    const kind = socketKind(domain, type, protocol, this.capabilities);
    if (typeof kind === "number") return kind;
    return kind === "unix" ? this.unix.pair(type, protocol) : -EOPNOTSUPP;
  }

  /** Why no socket, or not as many as `wanted`, can be made now: -ENETDOWN, -ENOMEM, or 0. */
  private refusal(wanted = 1): number {
    if (this.closed) return -ENETDOWN;
    return this.sockets.size + wanted > this.limits.sockets ? -ENOMEM : 0;
  }

  /** Takes the name of a socket of AF_UNIX away from its file system, as `unlink` does. ENOENT. */
  unlink(path: string): void {
    if (typeof path !== "string") throw new TypeError(`unlink: path is a string, not ${show(path)}`);
    const result = this.unix.names.unlink(path);
    if (result < 0) throw new SocketError(result, "unlink", path);
  }

  /** Bounds of its descriptors and open files; they may be changed at any time and count for what is opened from then on. */
  get limits(): Limits {
    return this.descriptors.limits;
  }

  /** Whether `sethostname` is allowed. */
  get mayRename(): boolean {
    return this.capabilities.has("CAP_SYS_ADMIN");
  }

  /** Its names and numbers: the tables behind `gethostbyname` and its kin. */
  get names(): Names {
    return this.resolver.names;
  }

  /**
   * Has `resolver` asked for the names and the addresses that neither the host's own tables nor the options `resolve` and
   * `reverse` know: a StubResolver, for instance. Undefined: nobody.
   */
  useResolver(resolver: Lookup | undefined): void {
    this.resolver.use(resolver);
  }

  /** A secret of its programs', from which, or from another's, nobody can compute it. `label` says what it is for. */
  secret(label: string): SipKey {
    return this.key.derive(`program ${label}`);
  }

  /** One row per socket or connection, TIME-WAIT included, and the counters by protocol and by interface. */
  netstat(): Netstat {
    return {
      sockets: socketRows(this.tcp, this.sockets),
      counters: {
        ip: { ...this.ipv4.counters },
        icmp: { ...this.ipv4.icmp.counters },
        igmp: { ...this.ipv4.igmp.counters },
        raw: { ...this.ipv4.raw.counters },
        packet: { ...this.ipv4.taps.counters },
        udp: { ...this.udp.counters },
        tcp: { ...this.tcp.counters },
      },
      interfaces: interfaceCounters(this.ipv4.interfaces),
    };
  }

  /** Whether {@link close} has ended it. */
  get closed(): boolean {
    return this.isClosed;
  }

  /**
   * Ends everything it holds, without a word to anybody: connections, timers, packets. Calls that still wait reject
   * with ECONNABORTED, calls made later on its sockets with ESHUTDOWN, and no socket can be made any more (ENETDOWN).
   */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.descriptors.closed = true;
    for (const call of this.pendingCalls) call.dismiss(ECONNABORTED);
    this.ipv4.igmp.close();
    this.tcp.close();
    for (const file of [...this.sockets, ...this.epolls]) {
      file.closedErrno = ESHUTDOWN;
      file.close(ECONNABORTED);
    }
    this.udp.close();
    this.ipv4.close();
    this.ownClock?.close();
  }

  /** What it still holds, in words; empty is what the end of a test wants. */
  leaks(): string[] {
    return leaksOf(this, this.ownClock?.timers.armedCount ?? 0);
  }

  /** In the console: "Host a (10.0.0.1)". */
  [INSPECT](): string {
    const [, ...others] = this.ipv4.interfaces;
    const addresses = new Set(
      others.map(({ address }) => (address === 0 ? "no address" : formatAddress(address))),
    );
    return `Host ${this.name} (${[...addresses].join(", ") || "not attached"}${this.closed ? ", closed" : ""})`;
  }
}

/** A seed that nobody can guess. */
function unguessable(): bigint {
  const bytes = new Uint8Array(8);
  entropy(bytes);
  return new DataView(bytes.buffer).getBigUint64(0);
}
