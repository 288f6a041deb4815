/**
 * A learning bridge (IEEE 802.1D §7): it hands a frame on by the port behind which its destination was last heard, and by all others
 * where that is not known. It knows no spanning tree: who makes a loop of switches makes a storm.
 */
import type { Clock } from "../base/clock.ts";
import { INSPECT } from "../base/inspect.ts";
import type { Packet } from "../packet/packet.ts";
import { copyPacket } from "../packet/packet-copy.ts";
import { EthernetHeader, parseEthernetHeader } from "./ethernet.ts";
import type { FramePort, FrameReceiver } from "./frame-port.ts";
import { isGroupHardwareAddress, isStationAddress } from "./hardware-address.ts";

/** IEEE 802.1D §7.9.2: for so long what was learnt is believed, µs. */
const AGEING_MICROS = 300_000_000;
/** Stations remembered at most; the one that was learnt first gives way. */
const MAX_STATIONS = 8192;
/** 01-80-C2-00-00-00 to -0F, between neighbours alone (IEEE 802.1D §7.12.6). */
const FIRST_RESERVED = 0x0180_c200_0000;
const LAST_RESERVED = 0x0180_c200_000f;

export class SwitchCounters {
  received = 0;
  /** Handed on by the one port where the destination is. */
  forwarded = 0;
  /** Handed on by all other ports: for a group, or for nobody who has been heard. */
  flooded = 0;

  // dropped
  /** The destination is behind the port that the frame came by. */
  filtered = 0;
  /** Shorter than its header, or from an address that is no station's. */
  malformed = 0;
  /** To an address that no bridge hands on. */
  reserved = 0;
  /** Not let out by a port: see {@link Switch.block}. */
  blocked = 0;
}

/** One station as a switch knows it. */
interface Station {
  port: number;
  heardAt: number;
}

class SwitchPort implements FrameReceiver {
  readonly port: FramePort;
  /** Hardware addresses whose frames do not leave here. */
  blocked: Set<number> | undefined = undefined;
  private readonly owner: Switch;
  private readonly number: number;

  constructor(owner: Switch, port: FramePort, number: number) {
    this.owner = owner;
    this.port = port;
    this.number = number;
  }

  input(frame: Packet): void {
    this.owner.input(frame, this.number);
  }
}

export class Switch {
  readonly name: string;
  readonly counters = new SwitchCounters();
  private readonly clock: Clock;
  private readonly ports: SwitchPort[] = [];
  /** By hardware address. */
  private readonly stations = new Map<number, Station>();
  private readonly header = new EthernetHeader();

  constructor(clock: Clock, name: string) {
    this.clock = clock;
    this.name = name;
  }

  /** Takes `port` into use, and from then on what comes in by it. Returns its number, from 0. */
  connect(port: FramePort): number {
    const number = this.ports.length;
    const added = new SwitchPort(this, port, number);
    this.ports.push(added);
    port.attach(added);
    return number;
  }

  /** Has what the station `hardware` sends not leave by port `number`, until {@link unblock}. */
  block(number: number, hardware: number): void {
    const port = this.ports[number] as SwitchPort;
    port.blocked ??= new Set();
    port.blocked.add(hardware);
  }

  unblock(number: number, hardware: number): void {
    const port = this.ports[number] as SwitchPort;
    port.blocked?.delete(hardware);
    if (port.blocked?.size === 0) port.blocked = undefined;
  }

  /** Takes a frame that came by port `from`. */
  input(frame: Packet, from: number): void {
    const { counters, header } = this;
    counters.received++;
    // a length in place of a type is no matter here
    const isTooShort = parseEthernetHeader(frame, header) === "tooShort";
    const { source, destination } = header;
    if (isTooShort || !isStationAddress(source)) {
      this.drop(frame, "malformed");
      return;
    }
    this.learn(source, from);
    if (destination >= FIRST_RESERVED && destination <= LAST_RESERVED) {
      this.drop(frame, "reserved");
      return;
    }
    const to = isGroupHardwareAddress(destination) ? -1 : this.find(destination);
    if (to === from) this.drop(frame, "filtered");
    else if (to >= 0) this.pass(frame, to);
    else this.flood(frame, from);
  }

  /** Ends its ports. */
  close(): void {
    for (const { port } of this.ports) {
      port.attach(undefined);
      port.close();
    }
  }

  private learn(source: number, port: number): void {
    const known = this.stations.get(source);
    if (known !== undefined) {
      known.port = port;
      known.heardAt = this.clock.now;
      return;
    }
    if (this.stations.size >= MAX_STATIONS) {
      for (const first of this.stations.keys()) {
        this.stations.delete(first);
        break;
      }
    }
    this.stations.set(source, { port, heardAt: this.clock.now });
  }

  /** The port behind which the station `hardware` is, -1 where that is not known (any more). */
  private find(hardware: number): number {
    const known = this.stations.get(hardware);
    if (known === undefined) return -1;
    if (this.clock.now - known.heardAt < AGEING_MICROS) return known.port;
    this.stations.delete(hardware);
    return -1;
  }

  private pass(frame: Packet, to: number): void {
    const { port, blocked } = this.ports[to] as SwitchPort;
    if (blocked?.has(this.header.source)) {
      this.drop(frame, "blocked");
      return;
    }
    this.counters.forwarded++;
    port.send(frame);
  }

  private flood(frame: Packet, from: number): void {
    this.counters.flooded++;
    const { source } = this.header;
    let last: FramePort | undefined; // gets the frame itself
    for (let number = 0; number < this.ports.length; number++) {
      if (number === from) continue;
      const { port, blocked } = this.ports[number] as SwitchPort;
      if (blocked?.has(source)) {
        this.counters.blocked++;
        continue;
      }
      last?.send(copyPacket(frame, frame.offset, frame.length));
      last = port;
    }
    if (last === undefined) frame.release();
    else last.send(frame);
  }

  private drop(frame: Packet, reason: "filtered" | "malformed" | "reserved" | "blocked"): void {
    this.counters[reason]++;
    frame.release();
  }

  /** In the console: "Switch core (3 ports, 2 stations heard)". */
  [INSPECT](): string {
    return `Switch ${this.name} (${this.ports.length} ports, ${this.stations.size} stations heard)`;
  }
}
