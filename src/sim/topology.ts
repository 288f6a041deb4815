/** Who is on a network, and what joins whom. */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { Host } from "../host/host.ts";
import { formatPrefix, isLoopback, type Prefix, prefixMask } from "../ip/address.ts";
import type { Interface } from "../ip/interface.ts";
import { ETHERNET_HEADER_LENGTH } from "../link/ethernet.ts";
import { EthernetLink } from "../link/ethernet-link.ts";
import { hardwareAddressBytes } from "../link/hardware-address.ts";
import type { Link } from "../link/link.ts";
import { Switch } from "../link/switch.ts";
import { FrameEnd } from "./frame-end.ts";
import type { Medium } from "./medium.ts";
import { foldName } from "./naming.ts";
import type { WireOptions } from "./options.ts";
import { Routing } from "./routing.ts";
import { type Attachment, Segment } from "./segment.ts";
import { Wire } from "./wire.ts";

/** What a wire can join. */
export type Node = Host | Switch;

/** A host as the network keeps it. */
export interface Station {
  readonly host: Host;
  readonly prefix: Prefix;
  readonly isRouter: boolean;
}

interface Cable {
  readonly wire: Wire;
  readonly a: Node;
  readonly b: Node;
}

/** The hardware address of a station is 02:00 and its IPv4 address: nobody else's on its segment, and easy to read. */
const HARDWARE_PREFIX = 0x0200_0000_0000;
/** What a port of a switch needs none of. */
const NO_STATION = new Uint8Array(6);

export class Topology {
  /** By the name without regard to case. */
  readonly stations = new Map<string, Station>();
  readonly switches = new Map<string, Switch>();
  readonly cables: Cable[] = [];
  private readonly segments: Segment[] = [];
  private readonly clock: Clock;
  private readonly medium: Medium;
  private readonly random: Random;
  private readonly routing = new Routing();
  private nextSubnet = 0x0a00_0100;

  constructor(clock: Clock, medium: Medium, random: Random) {
    this.clock = clock;
    this.medium = medium;
    this.random = random;
  }

  /** The name of who has `name` already, whatever the case. */
  namesake(name: string): string | undefined {
    const key = foldName(name);
    return this.stations.get(key)?.host.name ?? this.switches.get(key)?.name;
  }

  addStation(station: Station): void {
    this.stations.set(foldName(station.host.name), station);
  }

  addSwitch(name: string): Switch {
    const added = new Switch(this.clock, name);
    this.switches.set(foldName(name), added);
    const segment = new Segment();
    segment.switches.add(added);
    this.segments.push(segment);
    return added;
  }

  /**
   * Joins two different nodes of this network. RangeError for a loop of switches, and for a wire to a switch that is not to make
   * checksums. {@link updateRoutes} is still to be called.
   */
  link(a: Node, b: Node, options: WireOptions): Wire {
    const hasFrames = a instanceof Switch || b instanceof Switch;
    if (hasFrames) this.checkLoop(a, b);
    const rivals = this.wiresBetween(a, b).length;
    const name = rivals === 0 ? `${a.name}-${b.name}` : `${a.name}-${b.name}-${rivals + 1}`;
    const random = this.random.fork(`wire ${name}`);
    const headerLength = hasFrames ? ETHERNET_HEADER_LENGTH : 0;
    const wire = new Wire(this.medium, random, name, a.name, b.name, options, headerLength);
    if (hasFrames && wire.a.features.checksum) {
      throw new RangeError(`checksum: false is for a wire between two hosts, and ${name} has a switch`);
    }
    if (a instanceof Switch) {
      if (b instanceof Switch) this.joinSwitches(wire, a, b);
      else this.plugIn(b, wire.b, a, wire.a, wire.name);
    } else if (b instanceof Switch) {
      this.plugIn(a, wire.a, b, wire.b, wire.name);
    } else {
      this.joinHosts(wire, a, b, rivals);
    }
    this.cables.push({ wire, a, b });
    return wire;
  }

  /** Makes the routes right for what is linked now. Where there are but wires between hosts these bring what they need. */
  updateRoutes(): void {
    const stations = [...this.stations.values()];
    const isRouter = (host: Host) => this.stationOf(host).isRouter;
    if (this.switches.size === 0 && !stations.some((station) => station.isRouter)) return;
    this.routing.update(
      stations.map(({ host }) => host),
      isRouter,
      this.segments,
    );
  }

  wiresBetween(a: Node, b: Node): Wire[] {
    const cables = this.cables.filter(
      (each) => (each.a === a && each.b === b) || (each.a === b && each.b === a),
    );
    return cables.map(({ wire }) => wire);
  }

  /** Has the switches that both hosts are plugged into carry nothing between them (`apart`), or again. False: there are none. */
  separate(a: Node, b: Node, apart: boolean): boolean {
    if (a instanceof Switch || b instanceof Switch) return false;
    let found = false;
    for (const segment of this.segments) {
      const ofA = segment.attachmentOf(a);
      const ofB = segment.attachmentOf(b);
      if (segment.isWire || ofA === undefined || ofB === undefined) continue;
      keepFrom(ofA, ofB, apart);
      keepFrom(ofB, ofA, apart);
      found = true;
    }
    return found;
  }

  /** The host whose own address this is. */
  ownerOf(address: number): string | undefined {
    for (const { host, prefix } of this.stations.values()) if (prefix.address === address) return host.name;
    return undefined;
  }

  /** The host with an interface of this address: one of a second wire between two hosts, or of a router on a segment. */
  holderOf(address: number): string | undefined {
    if (isLoopback(address)) return undefined;
    for (const { host } of this.stations.values()) {
      if (host.ipv4.interfaces.some((each) => each.address === address)) return host.name;
    }
    return undefined;
  }

  close(): void {
    for (const { host } of this.stations.values()) host.close();
    for (const each of this.switches.values()) each.close();
    for (const { wire } of this.cables) wire.close();
  }

  private stationOf(host: Host): Station {
    return this.stations.get(foldName(host.name)) as Station;
  }

  private segmentWith(on: Switch): Segment {
    return this.segments.find((segment) => segment.switches.has(on)) as Segment;
  }

  private joinHosts(wire: Wire, a: Host, b: Host, rivals: number): void {
    const subnet = this.nextSubnet;
    if (rivals > 0) this.nextSubnet += 256;
    const prefixA = rivals === 0 ? this.prefixOnWire(a) : { address: subnet + 1, prefixLength: 24 };
    const prefixB = rivals === 0 ? this.prefixOnWire(b) : { address: subnet + 2, prefixLength: 24 };
    const segment = new Segment();
    segment.attachments.push({ host: a, by: connect(a, wire.a, prefixA, prefixB.address), plug: undefined });
    segment.attachments.push({ host: b, by: connect(b, wire.b, prefixB, prefixA.address), plug: undefined });
    this.segments.push(segment);
  }

  /** RFC 1812 §2.2.7: a router's end of a wire has no network of its own, only the router's address. */
  private prefixOnWire(host: Host): Prefix {
    const { prefix, isRouter } = this.stationOf(host);
    return isRouter ? { address: prefix.address, prefixLength: 32 } : prefix;
  }

  private joinSwitches(wire: Wire, a: Switch, b: Switch): void {
    a.connect(new FrameEnd(wire.a, NO_STATION));
    b.connect(new FrameEnd(wire.b, NO_STATION));
    const other = this.segmentWith(b);
    this.segmentWith(a).merge(other);
    this.segments.splice(this.segments.indexOf(other), 1);
  }

  /** Gives `host` a station on the segment of `into`, by the wire that has these ends. */
  private plugIn(host: Host, end: Link, into: Switch, farEnd: Link, wire: string): void {
    const segment = this.segmentWith(into);
    const { address, prefixLength } = this.prefixOnSegment(host, segment);
    const { clock } = this;
    const port = new FrameEnd(end, hardwareAddressBytes(hardwareOf(address)));
    const link = new EthernetLink({ clock, random: this.random.fork(`ethernet ${wire}`), port });
    const by = host.attach(link, { address: formatPrefix(address, prefixLength) });
    const plug = { into, port: into.connect(new FrameEnd(farEnd, NO_STATION)) };
    segment.attachments.push({ host, by, plug });
  }

  /** A host has its own address on a segment; so has a router in its own network, and elsewhere the last free one of the segment's. */
  private prefixOnSegment(host: Host, segment: Segment): Prefix {
    const { prefix, isRouter } = this.stationOf(host);
    const first = segment.attachments[0]?.by;
    if (!isRouter || first === undefined) return prefix;
    const { prefixLength } = first;
    const mask = prefixMask(prefixLength);
    const network = first.address & mask;
    if ((prefix.address & mask) === network) return { address: prefix.address, prefixLength };
    for (let address = (network | ~mask) - 1; address > network; address--) {
      if (this.ownerOf(address) === undefined && this.holderOf(address) === undefined)
        return { address, prefixLength };
    }
    throw new RangeError(`no address is left for ${host.name} in ${formatPrefix(network, prefixLength)}`);
  }

  /** Throws where a wire would make a second way through switches, for frames to go round in for ever. */
  private checkLoop(a: Node, b: Node): void {
    const [one, other] = a instanceof Switch ? [a, b] : [b as Switch, a];
    const segment = this.segmentWith(one);
    const isOnIt =
      other instanceof Switch ? segment.switches.has(other) : segment.attachmentOf(other) !== undefined;
    if (!isOnIt) return;
    throw new RangeError(
      `${a.name} and ${b.name} are on one segment already; switches here know no spanning tree, so that a loop would make a storm`,
    );
  }
}

function hardwareOf(address: number): number {
  return HARDWARE_PREFIX + (address >>> 0);
}

/** Has what `from` sends not reach `to` (`apart`), or again. */
function keepFrom(from: Attachment, to: Attachment, apart: boolean): void {
  if (to.plug === undefined) return;
  const { into, port } = to.plug;
  const hardware = hardwareOf(from.by.address);
  if (apart) into.block(port, hardware);
  else into.unblock(port, hardware);
}

/** Gives `host` one end of a wire, and the route to the host at the other. */
function connect(host: Host, link: Link, own: Prefix, peer: number): Interface {
  const by = host.attach(link, { address: formatPrefix(own.address, own.prefixLength) });
  host.route.add({ to: formatPrefix(peer, 32), interface: by.name });
  return by;
}
