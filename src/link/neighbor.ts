/**
 * Who is where on a link with addresses of its own: the neighbour cache of RFC 4861 §5.1 and its reachability states (§7.3.2), with
 * ARP asking the questions, as in Linux. An answer is believed for a while (REACHABLE); then the address is still used (STALE), but who
 * sends to it has it checked (DELAY, PROBE), so that a neighbour that has gone is noticed (RFC 1122 §2.3.2.1, MUST, time-out
 * and unicast poll).
 */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { Timer } from "../base/timer.ts";
import type { Packet } from "../packet/packet.ts";
import { PacketQueue } from "../packet/packet-queue.ts";

/** RFC 4861 §7.3.2. */
export type NeighborState = "INCOMPLETE" | "REACHABLE" | "STALE" | "DELAY" | "PROBE";

export interface NeighborOptions {
  /** BaseReachableTime, ms: how long an answer is believed, on average; each time half to one and a half of it. Default 30000. */
  reachableMillis: number;
  /** DELAY_FIRST_PROBE_TIME, ms: how long what is sent to a stale neighbour waits for news before it is asked. Default 5000. */
  delayMillis: number;
  /** RetransTimer, ms between questions to one neighbour. Default 1000 (RFC 1122 §2.3.2.1: at most one a second). */
  retransMillis: number;
  /** MAX_MULTICAST_SOLICIT: questions to everybody before one gives up. Default 3. */
  broadcastSolicitations: number;
  /** MAX_UNICAST_SOLICIT: questions to a neighbour that was known. Default 3. */
  unicastSolicitations: number;
  /** For so long after a neighbour's address was learnt no other is believed, ms: the first answer counts. Default 1000, as Linux. */
  lockMillis: number;
  /** How many neighbours are known at most. Default 1024. */
  maxNeighbors: number;
  /** What may wait for one neighbour's address, bytes of packet buffers; the oldest gives way. Default 212992, as Linux. */
  queueBytes: number;
}

export const DEFAULT_NEIGHBOR_OPTIONS: Readonly<NeighborOptions> = {
  reachableMillis: 30_000,
  delayMillis: 5000,
  retransMillis: 1000,
  broadcastSolicitations: 3,
  unicastSolicitations: 3,
  lockMillis: 1000,
  maxNeighbors: 1024,
  queueBytes: 212_992,
};

/** What may wait for all neighbours together, bytes of packet buffers. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;

export class NeighborCounters {
  /** Questions sent, to everybody and to one. */
  solicitationsSent = 0;
  /** Neighbours that did not answer. */
  failed = 0;
  /** Packets given back since nobody answered. */
  unreachable = 0;
  /** Packets dropped since too many waited for an answer. */
  queueFull = 0;
  /** Packets dropped since all places are taken by neighbours that have not answered yet. */
  tableFull = 0;
  /** Other addresses for a neighbour that were not believed. */
  locked = 0;
}

/** Who asks and sends for the cache. None of this calls the cache back. */
export interface NeighborOwner {
  /** Asks for `address` (int32): everybody, or, when it is not 0, the station `hardware`. */
  solicit(address: number, hardware: number): void;
  /** Takes ownership: `packet` goes to the station `hardware`. */
  transmit(packet: Packet, hardware: number): void;
  /** Takes ownership of a packet whose next hop did not answer. */
  unreachable(packet: Packet): void;
}

/** What was heard of a neighbour. */
export interface Evidence {
  /** It is an answer to us: the neighbour hears us too. */
  confirmed: boolean;
  /** A neighbour that nobody has sent to is to be remembered. */
  create: boolean;
  /** It is believed even when another address has just been learnt. */
  override: boolean;
}

class Neighbor {
  readonly address: number;
  hardware = 0;
  state: NeighborState = "INCOMPLETE";
  /** In state REACHABLE: until when, microseconds of the clock. */
  reachableUntil = 0;
  learntAt = 0;
  usedAt = 0;
  solicitations = 0;
  readonly waiting = new PacketQueue();
  readonly timer: Timer;

  constructor(address: number, onTimer: (neighbor: Neighbor) => void) {
    this.address = address;
    this.timer = new Timer(() => onTimer(this));
  }
}

export class NeighborCache {
  readonly counters = new NeighborCounters();
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly options: Readonly<NeighborOptions>;
  private readonly owner: NeighborOwner;
  private readonly neighbors = new Map<number, Neighbor>();
  /** Bytes of packet buffers that wait. */
  private queuedBytes = 0;
  private readonly onTimer = (neighbor: Neighbor) => this.timedOut(neighbor);

  constructor(clock: Clock, random: Random, owner: NeighborOwner, options: Readonly<NeighborOptions>) {
    this.clock = clock;
    this.random = random;
    this.owner = owner;
    this.options = options;
  }

  /** Every neighbour, in the order they were first heard of. */
  *[Symbol.iterator](): IterableIterator<{ address: number; hardware: number; state: NeighborState }> {
    for (const each of this.neighbors.values()) {
      const { address, hardware } = each;
      yield { address, hardware, state: this.stateOf(each) };
    }
  }

  /** Whether `address` is in the cache, answered or not: no other kind of address ever is. */
  has(address: number): boolean {
    return this.neighbors.has(address);
  }

  /** Sends `packet` to the neighbour `address`, as soon as it is known where that is; takes ownership. */
  send(packet: Packet, address: number): void {
    const neighbor = this.neighbors.get(address) ?? this.startResolving(address);
    if (neighbor === undefined) {
      this.counters.tableFull++;
      packet.release();
      return;
    }
    neighbor.usedAt = this.clock.now;
    if (neighbor.state === "INCOMPLETE") {
      this.enqueue(neighbor, packet);
      return;
    }
    if (this.stateOf(neighbor) === "STALE") this.startDelay(neighbor);
    this.owner.transmit(packet, neighbor.hardware);
  }

  /** `address` is at the station `hardware`, somebody says. RFC 4861 §7.2.5 and, for what is not an answer, Linux. */
  learn(address: number, hardware: number, evidence: Readonly<Evidence>): void {
    const neighbor = this.neighbors.get(address) ?? (evidence.create ? this.add(address, false) : undefined);
    if (neighbor === undefined) return;
    const { now } = this.clock;
    const wasResolving = neighbor.state === "INCOMPLETE";
    const changed = neighbor.hardware !== hardware;
    if (!wasResolving && changed && !evidence.override) {
      if (now - neighbor.learntAt < this.options.lockMillis * 1000) {
        this.counters.locked++;
        return;
      }
    }
    if (changed) {
      neighbor.hardware = hardware;
      neighbor.learntAt = now;
    }
    if (evidence.confirmed) this.confirm(neighbor);
    else if (changed) this.settle(neighbor, "STALE");
    if (wasResolving) this.sendWaiting(neighbor);
  }

  /** Releases what waits and forgets everybody. */
  clear(): void {
    for (const neighbor of this.neighbors.values()) {
      this.clock.timers.remove(neighbor.timer);
      neighbor.waiting.clear();
    }
    this.neighbors.clear();
    this.queuedBytes = 0;
  }

  /** RFC 4861 §7.3.3: nothing happens when a confirmation grows old; it is seen when it matters. */
  private stateOf(neighbor: Neighbor): NeighborState {
    const expired = neighbor.state === "REACHABLE" && this.clock.now >= neighbor.reachableUntil;
    return expired ? "STALE" : neighbor.state;
  }

  private confirm(neighbor: Neighbor): void {
    // RFC 4861 §6.3.2: ReachableTime is uniformly random between 0.5 and 1.5 times the base
    const reachable = this.options.reachableMillis * (500 + this.random.below(1001));
    neighbor.reachableUntil = this.clock.now + reachable;
    this.settle(neighbor, "REACHABLE");
  }

  /** To a state in which nothing is awaited. */
  private settle(neighbor: Neighbor, state: NeighborState): void {
    neighbor.state = state;
    this.clock.disarm(neighbor.timer);
  }

  private startResolving(address: number): Neighbor | undefined {
    const neighbor = this.add(address, true);
    if (neighbor === undefined) return undefined;
    neighbor.solicitations = 0;
    neighbor.timer.background = false; // packets wait for it
    this.solicit(neighbor, 0);
    return neighbor;
  }

  private startDelay(neighbor: Neighbor): void {
    neighbor.state = "DELAY";
    neighbor.timer.background = true;
    this.clock.armIn(neighbor.timer, this.options.delayMillis * 1000);
  }

  private timedOut(neighbor: Neighbor): void {
    const { broadcastSolicitations, unicastSolicitations } = this.options;
    if (neighbor.state === "DELAY") {
      neighbor.state = "PROBE";
      neighbor.solicitations = 0;
    }
    const isProbe = neighbor.state === "PROBE";
    if (neighbor.solicitations < (isProbe ? unicastSolicitations : broadcastSolicitations)) {
      this.solicit(neighbor, isProbe ? neighbor.hardware : 0);
    } else {
      this.fail(neighbor);
    }
  }

  private solicit(neighbor: Neighbor, hardware: number): void {
    neighbor.solicitations++;
    this.counters.solicitationsSent++;
    this.clock.armIn(neighbor.timer, this.options.retransMillis * 1000);
    this.owner.solicit(neighbor.address, hardware);
  }

  /** Nobody answers: it is forgotten, so that the next packet for it asks everybody anew (RFC 4861 §7.3.3). */
  private fail(neighbor: Neighbor): void {
    this.counters.failed++;
    this.forget(neighbor);
    for (let packet = this.dequeue(neighbor); packet !== undefined; packet = this.dequeue(neighbor)) {
      this.counters.unreachable++;
      this.owner.unreachable(packet); // RFC 1122 §2.3.2.2 with RFC 4861 §7.2.2: "destination unreachable"
    }
  }

  // ------------------------------------------------------------------------------------------------ what waits

  /** RFC 1122 §2.3.2.2, SHOULD: at least the latest packet is kept, and goes when the address is known. */
  private enqueue(neighbor: Neighbor, packet: Packet): void {
    const { capacity } = packet;
    while (neighbor.waiting.first !== undefined && this.isFull(neighbor, capacity)) this.dropOldest(neighbor);
    if (this.isFull(neighbor, capacity)) {
      this.counters.queueFull++;
      packet.release();
      return;
    }
    neighbor.waiting.push(packet);
    this.queuedBytes += capacity;
  }

  private isFull(neighbor: Neighbor, capacity: number): boolean {
    const { waiting } = neighbor;
    const isOver = waiting.first !== undefined && waiting.memory + capacity > this.options.queueBytes;
    return isOver || this.queuedBytes + capacity > MAX_QUEUED_BYTES;
  }

  private dropOldest(neighbor: Neighbor): void {
    this.counters.queueFull++;
    this.dequeue(neighbor)?.release();
  }

  private dequeue(neighbor: Neighbor): Packet | undefined {
    const packet = neighbor.waiting.take();
    if (packet !== undefined) this.queuedBytes -= packet.capacity;
    return packet;
  }

  private sendWaiting(neighbor: Neighbor): void {
    for (let packet = this.dequeue(neighbor); packet !== undefined; packet = this.dequeue(neighbor)) {
      this.send(packet, neighbor.address);
    }
  }

  // ------------------------------------------------------------------------------------------------ the table

  /** Adds a neighbour; undefined where there is no place. `wanted`: we want to send to it, not only hear of it. */
  private add(address: number, wanted: boolean): Neighbor | undefined {
    if (this.neighbors.size >= this.options.maxNeighbors && !this.makeRoom(wanted)) return undefined;
    const neighbor = new Neighbor(address, this.onTimer);
    neighbor.usedAt = this.clock.now;
    this.neighbors.set(address, neighbor);
    return neighbor;
  }

  /**
   * Forgets the neighbour that nothing was sent to for the longest time. For one who was only heard, a stale one: strangers push
   * out nobody whom we talk to. One for whose answer packets wait is never forgotten.
   */
  private makeRoom(wanted: boolean): boolean {
    let oldest: Neighbor | undefined;
    for (const each of this.neighbors.values()) {
      const mayGo = wanted ? each.state !== "INCOMPLETE" : this.stateOf(each) === "STALE";
      if (mayGo && (oldest === undefined || each.usedAt < oldest.usedAt)) oldest = each;
    }
    if (oldest === undefined) return false;
    this.forget(oldest);
    return true;
  }

  private forget(neighbor: Neighbor): void {
    this.clock.timers.remove(neighbor.timer);
    this.neighbors.delete(neighbor.address);
  }
}
