import type { Random } from "../base/random.ts";
import { Task } from "../base/task.ts";
import { Timer } from "../base/timer.ts";
import type { LinkReceiver } from "../link/link.ts";
import { FLAG_CHECKSUM_TRUSTED, FLAG_FOREIGN, type Packet } from "../packet/packet.ts";
import { copyPacket } from "../packet/packet-copy.ts";
import type { DropReason, Way } from "../trace/observer.ts";
import { DROP, type Medium } from "./medium.ts";
import { IDEAL, type Impairments } from "./options.ts";
import { Flight, QUEUE_FULL, Transmitter } from "./queue.ts";

/** What one direction of a wire has carried. Packets; bytes are those of IPv4 datagrams. */
export class WireCounters {
  /** Handed over by the host. */
  sent = 0;
  sentBytes = 0;
  /** Handed to the host at the far end, copies included. */
  delivered = 0;
  deliveredBytes = 0;
  /** Copies made by `duplicate`. */
  duplicated = 0;
  /** Held back by `reorder`. */
  reordered = 0;
  /** Altered by `corrupt`. */
  corrupted = 0;
  /** Held back by a rule. */
  delayed = 0;
  /** Not delivered, by reason. `sent + duplicated = delivered + all of these + what is in flight`. */
  readonly dropped: Record<DropReason, number> = {
    loss: 0,
    queue: 0,
    mtu: 0,
    partition: 0,
    rule: 0,
    closed: 0,
  };
}

/**
 * One direction of a wire. A packet first waits for the transmitter and is serialised (bandwidth, queue); then the
 * medium may lose, corrupt or double it; then it travels (latency, jitter, reorder). Chance is asked when the packet
 * enters, in that order; what is on the way is not touched by a later change of options.
 */
export class Direction implements Way {
  readonly wire: string;
  readonly from: string;
  readonly to: string;
  readonly counters = new WireCounters();
  receiver: LinkReceiver | undefined = undefined;
  /** Takes packets and drops them all: the wire is cut. */
  cut = false;
  closed = false;
  impairments: Readonly<Impairments> = IDEAL;

  /** Bytes of link header that stand in front of every packet on the way and are none of its business. */
  readonly headerLength: number;
  private readonly medium: Medium;
  private readonly random: Random;
  /** Names this direction in the digest; the odd number behind it names its far end. */
  private readonly number: number;
  private readonly transmitter = new Transmitter();
  private readonly flight = new Flight();
  private readonly timer = new Timer(() => this.deliver());
  private readonly task = new Task(() => this.deliver());
  /** No packet in order arrives before this, µs: the arrival of the last one. */
  private lastArrival = 0;
  private latencyMicros = 0;
  private jitterMicros = 0;
  private reorderMicros = 0;
  private flags = 0;

  constructor(medium: Medium, random: Random, wire: string, from: string, to: string, headerLength = 0) {
    this.medium = medium;
    this.headerLength = headerLength;
    this.random = random;
    this.wire = wire;
    this.from = from;
    this.to = to;
    this.number = 2 * medium.directions++;
    this.configure(IDEAL);
  }

  /** Packets on the way. */
  get inFlight(): number {
    return this.flight.count;
  }

  configure(impairments: Readonly<Impairments>): void {
    this.impairments = impairments;
    const { latency, jitter, reorderDelay } = impairments;
    this.latencyMicros = Math.round(latency * 1000);
    this.jitterMicros = Math.round(jitter * 1000);
    this.reorderMicros = Math.max(1, Math.round((reorderDelay ?? Math.max(latency, 1)) * 1000));
    this.flags = impairments.checksum ? 0 : FLAG_CHECKSUM_TRUSTED;
    this.transmitter.configure(impairments.bandwidth, impairments.queue);
  }

  /** Takes `packet`, without its link header, if there is one. Never calls back: it arrives, with it, from a task or a timer. */
  send(packet: Packet): void {
    const { medium, counters, impairments } = this;
    const now = medium.clock.now;
    const length = packet.length;
    let fingerprint = packet.slab.fingerprint(packet.offset, length);
    medium.digest.add(now, this.number, length, fingerprint);
    counters.sent++;
    counters.sentBytes += length;
    medium.observer?.sent(this, packet, now);

    const obstacle = this.obstacle(length);
    if (obstacle !== undefined) {
      this.drop(packet, obstacle);
      return;
    }
    const delay = medium.judge === undefined ? 0 : medium.judge(this, packet, now);
    if (delay === DROP) {
      this.drop(packet, "rule");
      return;
    }
    const departure = this.transmitter.accept(now, length);
    if (departure === QUEUE_FULL || this.random.chance(impairments.loss)) {
      this.drop(packet, departure === QUEUE_FULL ? "queue" : "loss");
      return;
    }
    if (this.random.chance(impairments.corrupt)) {
      this.corrupt(packet, now);
      fingerprint = packet.slab.fingerprint(packet.offset, length);
    }
    const copied = this.random.chance(impairments.duplicate);
    const arrival = this.arrival(departure, delay);
    let first = this.flight.insert(packet, arrival, fingerprint);
    if (copied) first = this.flight.insert(this.duplicate(packet, now), arrival, fingerprint) || first;
    if (first) this.schedule();
  }

  /** Drops everything on the way, for `reason`. */
  flush(reason: DropReason): void {
    while (this.flight.count > 0) this.drop(this.flight.shift(), reason);
    this.medium.clock.disarm(this.timer);
  }

  /** Why no packet of `length` bytes can enter at all. */
  private obstacle(length: number): DropReason | undefined {
    if (this.closed) return "closed";
    if (this.cut) return "partition";
    return length > this.impairments.mtu ? "mtu" : undefined;
  }

  /** When a packet arrives that left at `departure` and that a rule delays by `delay`, µs. */
  private arrival(departure: number, delay: number): number {
    let travel = this.latencyMicros;
    const jitter = this.jitterMicros;
    if (jitter > 0) {
      travel = Math.max(0, travel - jitter + Math.floor(this.random.float() * (2 * jitter + 1)));
    }
    const arrival = Math.max(departure + travel, this.lastArrival);
    if (delay > 0) {
      this.counters.delayed++;
      return arrival + delay;
    }
    if (this.random.chance(this.impairments.reorder)) {
      this.counters.reordered++;
      return arrival + 1 + Math.floor(this.random.float() * this.reorderMicros);
    }
    this.lastArrival = arrival; // only packets in order hold back those behind them
    return arrival;
  }

  private corrupt(packet: Packet, now: number): void {
    const bit = this.random.below(packet.length * 8);
    const { bytes } = packet.slab;
    const at = packet.offset + (bit >>> 3);
    bytes[at] = bytes[at]! ^ (0x80 >>> (bit & 7));
    this.counters.corrupted++;
    this.medium.observer?.corrupted(this, packet, now);
  }

  private duplicate(packet: Packet, now: number): Packet {
    const { headerLength } = this;
    const copy = copyPacket(packet, packet.offset - headerLength, packet.length + headerLength);
    copy.strip(headerLength);
    this.counters.duplicated++;
    this.medium.observer?.duplicated(this, packet, copy, now);
    return copy;
  }

  private drop(packet: Packet, reason: DropReason): void {
    this.counters.dropped[reason]++;
    this.medium.observer?.dropped(this, packet, reason, this.medium.clock.now);
    packet.release();
  }

  /** Sees to it that {@link deliver} runs when the first packet arrives. */
  private schedule(): void {
    const { clock } = this.medium;
    const arrival = this.flight.arrival;
    if (arrival <= clock.now) clock.post(this.task);
    else clock.arm(this.timer, arrival);
  }

  /** Hands over what has arrived. */
  private deliver(): void {
    const { medium, flight } = this;
    const now = medium.clock.now;
    try {
      while (flight.count > 0 && flight.arrival <= now) {
        const fingerprint = flight.fingerprint;
        this.handOver(flight.shift(), fingerprint, now);
      }
    } finally {
      // A program's error may have come up from the receiver: the packets behind this one still arrive.
      if (flight.count > 0) this.schedule();
    }
  }

  private handOver(packet: Packet, fingerprint: number, now: number): void {
    const { medium, counters, receiver } = this;
    if (receiver === undefined) {
      this.drop(packet, "closed");
      return;
    }
    medium.digest.add(now, this.number + 1, packet.length, fingerprint);
    counters.delivered++;
    counters.deliveredBytes += packet.length;
    packet.flags = (packet.flags & FLAG_FOREIGN) === 0 ? this.flags : FLAG_FOREIGN;
    medium.observer?.delivered(this, packet, now);
    packet.prepend(this.headerLength);
    receiver.input(packet);
  }
}
