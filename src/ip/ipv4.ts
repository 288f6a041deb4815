/** IPv4 of one host (RFC 791, RFC 1122 §3): what comes in, what goes out, and the tables that say where. */
import type { Clock } from "../base/clock.ts";
import { EACCES, EINVAL, ENETUNREACH, ENODEV } from "../base/errno.ts";
import type { SipKey } from "../base/hash.ts";
import type { Random } from "../base/random.ts";
import { NEVER } from "../base/timer.ts";
import type { Packet } from "../packet/packet.ts";
import {
  ANY_ADDRESS,
  BROADCAST_ADDRESS,
  isLoopback,
  isMulticast,
  isZeroNet,
  LOOPBACK_ADDRESS,
} from "./address.ts";
import type { IpConfig } from "./config.ts";
import { type DropReason, IpCounters } from "./counters.ts";
import { Forwarder } from "./forward.ts";
import { Icmp } from "./icmp.ts";
import {
  EXCEEDED_IN_REASSEMBLY,
  ICMP_PARAMETER_PROBLEM,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  UNREACHABLE_HOST,
  UNREACHABLE_PROTOCOL,
} from "./icmp-message.ts";
import { Identification } from "./identification.ts";
import { Igmp } from "./igmp.ts";
import { PROTOCOL_IGMP } from "./igmp-message.ts";
import { type Interface, type InterfaceOptions, type InterfaceOwner, interfaceAt } from "./interface.ts";
import { InterfaceTable } from "./interface-table.ts";
import {
  FRAGMENT_OFFSET_MASK,
  IPV4_HEADER_LENGTH,
  Ipv4Header,
  MIN_MTU,
  MORE_FRAGMENTS,
  PROTOCOL_ICMP,
  parseIpv4Header,
} from "./ipv4-header.ts";
import { Ipv4Path, type PathOwner } from "./ipv4-path.ts";
import { Judge } from "./judge.ts";
import { checkOptions, OPTIONS_GOOD, OPTIONS_SOURCE_ROUTE } from "./options.ts";
import { OwnCopies } from "./own-copies.ts";
import { DEFAULT_CHOICE, type PathChoice, type PathFinder, type Transport } from "./path.ts";
import { PathMtuCache } from "./path-mtu.ts";
import { Raw } from "./raw.ts";
import { Reassembler } from "./reassemble.ts";
import { Taps } from "./tap.ts";
import { findWay, type Journey } from "./way.ts";

export interface Ipv4Environment {
  clock: Clock;
  /** The host's secret. */
  key: SipKey;
  random: Random;
  config: IpConfig;
}

export class Ipv4 implements PathFinder, PathOwner, InterfaceOwner {
  readonly clock: Clock;
  readonly config: IpConfig;
  readonly counters = new IpCounters();
  private readonly table = new InterfaceTable(this);
  readonly routes = this.table.routes;
  readonly icmp: Icmp;
  readonly igmp: Igmp;
  readonly identification: Identification;
  readonly raw: Raw;
  readonly taps: Taps;
  private readonly interfaceList = this.table.list;
  private readonly judge: Judge;
  private readonly forwarder: Forwarder;
  private readonly transports: (Transport | undefined)[] = new Array(256).fill(undefined);
  private readonly reassembler: Reassembler;
  private readonly ownCopies: OwnCopies;
  private readonly pathMtus: PathMtuCache;
  private readonly header = new Ipv4Header();
  /** Changes of interfaces and of path MTUs; those of routes are counted by the table. */
  private changes = 0;

  constructor(environment: Ipv4Environment) {
    const { clock, key, random, config } = environment;
    this.clock = clock;
    this.config = config;
    this.judge = new Judge(this.table, config);
    this.taps = new Taps(clock, this.interfaceList);
    this.identification = new Identification(key);
    this.pathMtus = new PathMtuCache(config.pathMtuMaxEntries, config.pathMtuTimeoutMillis * 1000);
    const { identification, transports } = this;
    this.raw = new Raw({ clock, paths: this, config, identification, transports });
    this.icmp = new Icmp({ clock, random, config, paths: this, transports, raw: this.raw });
    this.register(PROTOCOL_ICMP, this.icmp);
    this.igmp = new Igmp({ clock, random, config, paths: this, interfaces: this.interfaceList });
    this.register(PROTOCOL_IGMP, this.igmp);
    const { counters, routes, icmp, table } = this;
    this.forwarder = new Forwarder({ clock, config, counters, routes, icmp, own: table });
    this.ownCopies = new OwnCopies(clock, this.counters, (packet) => this.inputOwn(packet));
    this.reassembler = new Reassembler({
      clock,
      key,
      config,
      counters: this.counters,
      timedOut: (first) => this.icmp.sendError(first, ICMP_TIME_EXCEEDED, EXCEEDED_IN_REASSEMBLY),
    });
  }

  get interfaces(): readonly Interface[] {
    return this.interfaceList;
  }

  /** Puts an address on a link, with a route to its network. Throws a RangeError when one of them is of no use. */
  addInterface(options: InterfaceOptions): Interface {
    const added = this.table.add(options);
    this.changes++;
    this.taps.changed();
    return added;
  }

  /** Takes an interface away, and with it its address, its routes and its link, which it closes. */
  removeInterface(gone: Interface): void {
    this.table.remove(gone);
    this.igmp.removed(gone);
    this.changes++;
  }

  /** Gives `of` another address, 0 for none; its routes go with the old one. RangeError for one that cannot name a host. */
  setAddress(of: Interface, address: number, prefixLength: number): void {
    this.table.setAddress(of, address, prefixLength);
  }

  /** Has `transport` get the datagrams, and the errors about datagrams, of `protocol`. */
  register(protocol: number, transport: Transport): void {
    this.transports[protocol] = transport;
  }

  /** Forgets incomplete datagrams and lets go of the links, closing them. */
  close(): void {
    this.igmp.close();
    this.reassembler.close();
    this.ownCopies.close();
    for (const each of this.interfaceList) {
      each.link.attach(undefined);
      each.link.close();
    }
  }

  // ------------------------------------------------------------------------------------------------ coming in

  /** Takes a datagram, framed from its IPv4 header on, that came by `from`; takes ownership. RFC 1122 §3.2.1 */
  input(packet: Packet, from: Interface): void {
    this.counters.received++;
    const reason = this.refuse(packet, from);
    if (reason !== "notForUs" || !this.config.forwarding) this.accept(packet, reason);
    else this.pass(packet, from);
  }

  /** Has what is for others go on. */
  private pass(packet: Packet, from: Interface): void {
    const reason = this.judgeOptions(packet);
    if (reason === undefined) this.forwarder.forward(packet, from);
    else this.drop(packet, reason);
  }

  /** Takes a copy of what this host sent to many; takes ownership. Whether it is one of them was decided there. */
  private inputOwn(packet: Packet): void {
    this.counters.received++;
    const by = interfaceAt(this.interfaceList, packet.interfaceIndex);
    this.accept(packet, this.refuseHeader(packet, by) ?? this.judgeOptions(packet));
  }

  /** Has whoever is concerned take `packet`, once it is whole; drops it where there is a `reason` to. Its header is `this.header`. */
  private accept(packet: Packet, reason: DropReason | undefined): void {
    if (reason !== undefined) {
      this.drop(packet, reason);
      return;
    }
    const { header } = this;
    packet.strip(header.headerLength);
    if ((header.fragment & (MORE_FRAGMENTS | FRAGMENT_OFFSET_MASK)) === 0) {
      this.deliver(packet);
      return;
    }
    const whole = this.reassembler.add(packet);
    if (whole !== undefined) this.deliver(whole);
  }

  private drop(packet: Packet, reason: DropReason): void {
    this.counters[reason]++;
    packet.release();
  }

  /** Tells who sent it, by an ICMP error that on this host goes over `lo`, as Linux does (RFC 1122 §2.3.2.2). */
  unreachable(packet: Packet, by: Interface): void {
    if (this.refuseHeader(packet, by) === undefined)
      this.sendError(packet, ICMP_UNREACHABLE, UNREACHABLE_HOST);
    packet.release();
  }

  /** Parses and judges `packet` and sets its network fields. Returns why it is to be dropped, or undefined. */
  private refuse(packet: Packet, from: Interface): DropReason | undefined {
    const fault = this.refuseHeader(packet, from);
    if (fault !== undefined) return fault;
    const reason = this.judge.source(packet, from) ?? this.judge.destination(packet, from);
    return reason ?? this.judgeOptions(packet);
  }

  /** Reads the header of `packet`, which came by `from`, and sets its network fields. Returns what is wrong, or undefined. */
  private refuseHeader(packet: Packet, from: Interface | undefined): DropReason | undefined {
    if (from === undefined || !from.up) return "interfaceDown";
    const { header } = this;
    const fault = parseIpv4Header(packet, header);
    if (fault !== undefined) return fault;
    packet.length = header.totalLength; // the one place that cuts a link's padding off
    packet.networkOffset = packet.offset;
    packet.networkLength = header.totalLength;
    packet.source = header.source;
    packet.destination = header.destination;
    packet.protocol = header.protocol;
    packet.timeToLive = header.timeToLive; // even 0 is good enough for us (RFC 1122 §3.2.1.7, MUST NOT)
    packet.trafficClass = header.trafficClass;
    return undefined;
  }

  private deliver(packet: Packet): void {
    const isRaw = this.raw.listeners > 0 && this.raw.input(packet);
    const transport = this.transports[packet.protocol];
    if (transport !== undefined) {
      this.counters.delivered++;
      transport.input(packet);
    } else if (isRaw) {
      this.counters.delivered++;
      packet.release();
    } else {
      this.counters.unknownProtocol++;
      this.icmp.sendError(packet, ICMP_UNREACHABLE, UNREACHABLE_PROTOCOL); // RFC 1122 §3.2.2.1, SHOULD
      packet.release();
    }
  }

  private judgeOptions(packet: Packet): DropReason | undefined {
    const { headerLength } = this.header;
    if (headerLength === IPV4_HEADER_LENGTH) return undefined;
    const { offset } = packet;
    const bad = checkOptions(packet.slab.view, offset + IPV4_HEADER_LENGTH, offset + headerLength);
    if (bad === OPTIONS_GOOD) return undefined;
    if (bad === OPTIONS_SOURCE_ROUTE) return "sourceRouted"; // RFC 7126 §4.3, SHOULD
    this.icmp.sendError(packet, ICMP_PARAMETER_PROBLEM, 0, (bad - offset) << 24); // RFC 1122 §3.2.2.5, SHOULD
    return "badOptions";
  }

  // ------------------------------------------------------------------------------------------------ going out

  path(destination: number, source: number, choice: PathChoice = DEFAULT_CHOICE): Ipv4Path | number {
    // RFC 1122 §3.2.1.3 (c), MUST NOT: never a source. The limited broadcast and groups are told apart as Linux does.
    if (isMulticast(source) || source === BROADCAST_ADDRESS) return -EINVAL;
    const target = destination === ANY_ADDRESS ? source || LOOPBACK_ADDRESS : destination; // as Linux: "here"
    const isBroadcast = this.table.isBroadcast(target);
    if (isBroadcast && !choice.broadcast) return -EACCES;
    if (source !== ANY_ADDRESS && !choice.foreignSource && !this.isLocal(source)) return -ENETUNREACH;
    const journey: Journey = {
      destination: target,
      source,
      isLocal: this.isLocal(target),
      isBroadcast,
      interfaceIndex: choice.interface,
      onLink: choice.onLink,
    };
    if (choice.interface >= 0 && interfaceAt(this.interfaceList, choice.interface) === undefined)
      return -ENODEV;
    const by = findWay(this.interfaceList, this.routes, journey)?.interface;
    if (by === undefined || isZeroNet(target)) return -ENETUNREACH;
    // RFC 1122 §3.2.1.3 (g), MUST NOT: 127/8 stays inside.
    if (isLoopback(source) && !by.isLoopback) return -EINVAL;
    // RFC 1122 §3.3.4.3: the address of the interface that the route names; to ourselves, the address that is meant.
    const own = by.isLoopback && journey.isLocal && !isLoopback(target) ? target : this.table.sourceFor(by);
    return new Ipv4Path(this, source === ANY_ADDRESS ? own : source, journey, choice);
  }

  interfaceNamed(name: string): number {
    return this.interfaceList.find((each) => each.name === name)?.index ?? -1;
  }

  interfaceWith(address: number): number {
    return this.table.indexWith(address);
  }

  interfaceName(index: number): string {
    return interfaceAt(this.interfaceList, index)?.name ?? "";
  }

  interfaceAddress(index: number): number {
    return interfaceAt(this.interfaceList, index)?.address ?? ANY_ADDRESS;
  }

  join(index: number, group: number): number {
    const by = interfaceAt(this.interfaceList, index < 0 ? this.interfaceTo(group) : index);
    if (by === undefined) return -ENODEV;
    if (by.join(group)) this.igmp.joined(by, group);
    return by.index;
  }

  leave(index: number, group: number): void {
    const by = interfaceAt(this.interfaceList, index);
    if (by?.leave(group)) this.igmp.left(by, group);
  }

  copyToSelf(packet: Packet, by: Interface): void {
    this.ownCopies.add(packet, by);
  }

  isLocal(address: number): boolean {
    return this.table.isLocal(address);
  }

  isBroadcastOrMulticast(address: number): boolean {
    return isMulticast(address) || this.table.isBroadcast(address);
  }

  learnPathMtu(destination: number, mtu: number): void {
    if (this.pathMtus.learn(destination, mtu, this.clock.now)) this.changes++;
  }

  /** Turns to the next of several gateways of equal merit (RFC 1122 §3.3.1.5). */
  suspectRoute(destination: number): void {
    const route = this.routes.lookup(destination);
    if (route !== undefined && route.via !== 0) this.routes.demote(route);
  }

  sendError(packet: Packet, type: number, code: number): void {
    this.icmp.sendError(packet, type, code);
  }

  get generation(): number {
    return this.routes.generation + this.changes;
  }

  interfaceChanged(by: Interface): void {
    this.changes++;
    this.igmp.changed(by);
  }

  resolve(path: Ipv4Path): void {
    const way = findWay(this.interfaceList, this.routes, path.journey);
    path.interface = way?.interface;
    if (way === undefined) return;
    path.nextHop = way.nextHop;
    const linkMtu = way.interface.mtu;
    const learned = path.isLocal ? undefined : this.pathMtus.find(path.destination, this.clock.now);
    const floor = Math.max(this.config.minPathMtu, MIN_MTU);
    path.knownMtu = Math.min(linkMtu, Math.max(learned?.mtu ?? linkMtu, floor));
    path.mtuUntil = learned?.until ?? NEVER;
    path.neverDontFragment = learned !== undefined && learned.mtu < floor;
  }

  interfaceTo(group: number): number {
    const anyhow = {
      source: ANY_ADDRESS,
      isLocal: false,
      isBroadcast: false,
      interfaceIndex: -1,
      onLink: false,
    };
    return findWay(this.interfaceList, this.routes, { destination: group, ...anyhow })?.interface.index ?? -1;
  }
}
