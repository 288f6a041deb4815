import type { Packet } from "../packet/packet.ts";
import type { TcpObserver } from "../tcp/index.ts";
import { dissect, type ParsedPacket } from "./dissect.ts";
import { Flows, type SegmentView } from "./flows.ts";
import type { DropReason, Way, WireObserver } from "./observer.ts";

/** Longest headers of IPv4 and TCP: what is kept of a packet. */
const KEPT_BYTES = 120;

/** A packet on a wire, from the moment it was sent. Times are microseconds. */
export interface PacketEvent {
  readonly kind: "packet";
  /** Where it stands among all events. */
  readonly order: number;
  readonly from: string;
  readonly to: string;
  readonly sentAt: number;
  /** Its headers: `bytes` and `payload` are cut short. */
  readonly packet: ParsedPacket;
  /** What it means in its connection, if it is TCP. */
  readonly segment: SegmentView | undefined;
  /** A copy that the wire made. */
  readonly isCopy: boolean;
  corrupted: boolean;
  dropped: DropReason | undefined;
  /** When it arrived, undefined while it has not; and where that stands among all events. */
  arrivedAt: number | undefined;
  arrivedOrder: number;
}

/** A connection changed its state. */
export interface StateEvent {
  readonly kind: "state";
  readonly order: number;
  readonly host: string;
  readonly time: number;
  readonly localPort: number;
  readonly remotePort: number;
  readonly from: string;
  readonly to: string;
}

/** Packets that were not kept. */
export interface GapEvent {
  readonly kind: "gap";
  readonly order: number;
  omitted: number;
}

export type TraceEvent = PacketEvent | StateEvent | GapEvent;

/** What {@link Recorder.watch} needs of a host. */
export interface WatchedHost {
  readonly name: string;
  readonly clock: { readonly now: number };
  readonly tcp: { observer: TcpObserver | undefined };
}

export interface RecorderOptions {
  /** Packets kept from the beginning, and those kept at the end. Default Infinity: all. */
  first?: number;
  last?: number;
}

/** Writes down what happens: packets on wires (give it to `net.observe`) and states of connections, in order. */
export class Recorder implements WireObserver {
  /** Segments sent whose sequence numbers had all been sent before. */
  retransmissions = 0;
  /** Packets sent, copies not counted. */
  packets = 0;
  private readonly first: number;
  private readonly last: number;
  private readonly head: PacketEvent[] = [];
  /** The last ones; `tailStart` says where they begin, so that dropping one costs nothing. */
  private tail: PacketEvent[] = [];
  private tailStart = 0;
  private gap: GapEvent | undefined = undefined;
  private readonly states: StateEvent[] = [];
  private readonly flows = new Flows();
  private readonly underWay = new Map<Packet, PacketEvent>();
  private orders = 0;

  constructor(options: RecorderOptions = {}) {
    this.first = options.first ?? Number.POSITIVE_INFINITY;
    this.last = options.last ?? Number.POSITIVE_INFINITY;
  }

  /** Everything kept, in order. */
  get events(): TraceEvent[] {
    const packets = [...this.head, ...this.tail.slice(this.tailStart)];
    const all: TraceEvent[] = [...packets, ...this.states];
    if (this.gap !== undefined) all.push(this.gap);
    return all.sort((a, b) => a.order - b.order);
  }

  /** Writes down the changes of state of this host's connections too. The returned function ends that. */
  watch(host: WatchedHost): () => void {
    const { tcp } = host;
    const before = tcp.observer;
    tcp.observer = {
      stateChanged: (tcb, from, to) => {
        before?.stateChanged(tcb, from, to);
        const { localPort, remotePort } = tcb;
        const order = this.orders++;
        this.states.push({
          kind: "state",
          order,
          host: host.name,
          time: host.clock.now,
          localPort,
          remotePort,
          from,
          to,
        });
      },
    };
    return () => {
      tcp.observer = before;
    };
  }

  sent(way: Way, packet: Packet, now: number): void {
    this.packets++;
    const event = this.record(way, packet, now, false);
    if (event.segment?.isRetransmission) this.retransmissions++;
  }

  duplicated(way: Way, packet: Packet, copy: Packet, now: number): void {
    this.record(way, copy, now, true).corrupted = this.underWay.get(packet)?.corrupted ?? false;
  }

  corrupted(_way: Way, packet: Packet): void {
    const event = this.underWay.get(packet);
    if (event !== undefined) event.corrupted = true;
  }

  delivered(_way: Way, packet: Packet, now: number): void {
    const event = this.take(packet);
    if (event === undefined) return;
    event.arrivedAt = now;
    event.arrivedOrder = this.orders++;
  }

  dropped(_way: Way, packet: Packet, reason: DropReason): void {
    const event = this.take(packet);
    if (event !== undefined) event.dropped = reason;
  }

  private take(packet: Packet): PacketEvent | undefined {
    const event = this.underWay.get(packet);
    this.underWay.delete(packet);
    return event;
  }

  private record(way: Way, packet: Packet, now: number, isCopy: boolean): PacketEvent {
    const { offset, length } = packet;
    const parsed = dissect(packet.slab.bytes.slice(offset, offset + Math.min(length, KEPT_BYTES)));
    const event: PacketEvent = {
      kind: "packet",
      order: this.orders++,
      from: way.from,
      to: way.to,
      sentAt: now,
      packet: parsed,
      segment: parsed.protocol === "tcp" ? this.flows.see(parsed, way.wire) : undefined,
      isCopy,
      corrupted: false,
      dropped: undefined,
      arrivedAt: undefined,
      arrivedOrder: -1,
    };
    this.underWay.set(packet, event);
    this.keep(event);
    return event;
  }

  private keep(event: PacketEvent): void {
    if (this.head.length < this.first) {
      this.head.push(event);
      return;
    }
    this.tail.push(event);
    if (this.tail.length - this.tailStart <= this.last) return;
    const omitted = this.tail[this.tailStart++]!;
    this.gap ??= { kind: "gap", order: omitted.order, omitted: 0 };
    this.gap.omitted++;
    if (this.tailStart > 2 * this.last + 64) {
      this.tail = this.tail.slice(this.tailStart);
      this.tailStart = 0;
    }
  }
}
