/**
 * Putting fragments together again (RFC 791 §3.2, RFC 815), under limits on everything: datagrams, fragments of each,
 * memory in all and for each source, and time.
 *
 * Fragments are kept as the packets they came in, sorted by offset. Where RFC 791 lets later bytes replace earlier ones,
 * we give the datagram up, as RFC 5722 asks of IPv6: overlap has no honest use and many dishonest ones (teardrop,
 * RFC 1858 §3). Only what repeats the bytes that are there already is let pass.
 */
import type { Clock } from "../base/clock.ts";
import { copyBytes } from "../base/copy.ts";
import { keyedHash, type SipKey } from "../base/hash.ts";
import { Timer } from "../base/timer.ts";
import { FLAG_BROADCAST, FLAG_CHECKSUM_TRUSTED, type Packet } from "../packet/packet.ts";
import { packetPool } from "../packet/pool.ts";
import type { IpConfig } from "./config.ts";
import type { IpCounters } from "./counters.ts";
import {
  AT_FRAGMENT,
  AT_IDENTIFICATION,
  AT_TOTAL_LENGTH,
  AT_TRAFFIC_CLASS,
  FRAGMENT_OFFSET_MASK,
  MAX_DATAGRAM_LENGTH,
  MORE_FRAGMENTS,
  rewriteHeaderChecksum,
} from "./ipv4-header.ts";

const ECN_MASK = 3;
const ECN_CE = 3;
/** Bits of {@link Partial.ecnSeen}, which has bit n set when a fragment carried ECN field n. */
const SAW_NOT_ECT = 1;
const SAW_CE = 1 << ECN_CE;

/** A datagram some fragments of which are here. */
class Partial {
  readonly key: number;
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly identification: number;
  /** When it is given up, microseconds of the clock. */
  readonly until: number;
  /** The fragments by offset, linked by `next`. */
  first: Packet | undefined = undefined;
  last: Packet | undefined = undefined;
  fragments = 0;
  /** Bytes of data that are here; complete when it equals `end`. */
  received = 0;
  /** Length of the data, -1 until the last fragment is here. */
  end = -1;
  /** Sizes of the buffers held. */
  memory = 0;
  ecnSeen = 0;

  constructor(key: number, packet: Packet, identification: number, until: number) {
    this.key = key;
    this.source = packet.source;
    this.destination = packet.destination;
    this.protocol = packet.protocol;
    this.identification = identification;
    this.until = until;
  }

  matches(packet: Packet, identification: number): boolean {
    return (
      this.identification === identification &&
      this.source === packet.source &&
      this.destination === packet.destination &&
      this.protocol === packet.protocol
    );
  }
}

/** Where the data of `fragment` belongs in its datagram, in bytes. */
function startOf(fragment: Packet): number {
  return (fragment.slab.view.getUint16(fragment.networkOffset + AT_FRAGMENT) & FRAGMENT_OFFSET_MASK) << 3;
}

export interface ReassemblerEnvironment {
  clock: Clock;
  key: SipKey;
  config: IpConfig;
  counters: IpCounters;
  /** Told of a datagram that ran out of time whose first fragment is here; does not take ownership. */
  timedOut: (first: Packet) => void;
}

export class Reassembler {
  private readonly clock: Clock;
  private readonly key: SipKey;
  private readonly config: IpConfig;
  private readonly counters: IpCounters;
  private readonly timedOut: (first: Packet) => void;
  /** By keyed hash of source, destination, protocol and identification; in the order of arrival, hence of expiry. */
  private readonly partials = new Map<number, Partial>();
  private readonly memoryBySource = new Map<number, number>();
  private memory = 0;
  private readonly timer = new Timer(() => this.expire());

  constructor(environment: ReassemblerEnvironment) {
    this.clock = environment.clock;
    this.key = environment.key;
    this.config = environment.config;
    this.counters = environment.counters;
    this.timedOut = environment.timedOut;
  }

  /** Incomplete datagrams held. */
  get size(): number {
    return this.partials.size;
  }

  /** Bytes of packet buffers held. */
  get memoryHeld(): number {
    return this.memory;
  }

  /**
   * Takes a fragment, stripped to its data; takes ownership. Returns the whole datagram once it is complete, stripped to its
   * data likewise.
   */
  add(packet: Packet): Packet | undefined {
    this.counters.fragmentsReceived++;
    const { view } = packet.slab;
    const hasMore = (view.getUint16(packet.networkOffset + AT_FRAGMENT) & MORE_FRAGMENTS) !== 0;
    const start = startOf(packet);
    const end = start + packet.length;
    if (packet.length === 0 || (hasMore && (packet.length & 7) !== 0)) {
      this.counters.badFragment++;
      packet.release();
      return undefined;
    }
    const partial = this.partialFor(packet);
    const headerLength = packet.networkLength - packet.length;
    if (headerLength + end > MAX_DATAGRAM_LENGTH) {
      return this.giveUp(partial, packet, "reassemblyTooLong"); // the ping of death
    }
    // RFC 815 §3: no data behind the end, so only one end.
    if (partial.end >= 0 && end > partial.end) return this.giveUp(partial, packet, "reassemblyOverlap");
    if (!hasMore) {
      if (partial.last !== undefined && startOf(partial.last) + partial.last.length > end) {
        return this.giveUp(partial, packet, "reassemblyOverlap");
      }
      partial.end = end;
    }
    return this.insert(partial, packet, start, end);
  }

  /** Drops everything. */
  close(): void {
    for (const partial of this.partials.values()) this.drop(partial);
    this.clock.timers.remove(this.timer);
  }

  private insert(partial: Partial, packet: Packet, start: number, end: number): Packet | undefined {
    let before = partial.last;
    if (before !== undefined && startOf(before) + before.length > start) {
      // Not simply the next one: walk the list, whose length `reassemblyMaxFragments` bounds.
      before = undefined;
      for (let at = partial.first; at !== undefined && startOf(at) < end; at = at.next) {
        if (startOf(at) + at.length > start) return this.overlap(partial, packet, start, end);
        before = at;
      }
    }
    if (partial.fragments >= this.config.reassemblyMaxFragments) {
      return this.giveUp(partial, packet, "reassemblyTooMany");
    }
    if (before === undefined) {
      packet.next = partial.first;
      partial.first = packet;
    } else {
      packet.next = before.next;
      before.next = packet;
    }
    if (before === partial.last) partial.last = packet;
    partial.fragments++;
    partial.received += packet.length;
    partial.ecnSeen |= 1 << (packet.trafficClass & ECN_MASK);
    this.charge(partial, packet.capacity);
    if (partial.received === partial.end) return this.complete(partial);
    this.makeRoom(partial);
    return undefined;
  }

  /** Every byte of `packet` here already, and the same: a duplicate. Anything else is an attack or a broken sender. */
  private overlap(partial: Partial, packet: Packet, start: number, end: number): undefined {
    let covered = start;
    for (let at = partial.first; at !== undefined && covered < end; at = at.next) {
      const atStart = startOf(at);
      const atEnd = atStart + at.length;
      if (atEnd <= covered) continue;
      if (atStart > covered) break;
      const upTo = Math.min(atEnd, end);
      if (!sameBytes(packet, covered - start, at, covered - atStart, upTo - covered)) break;
      covered = upTo;
    }
    if (covered < end) return this.giveUp(partial, packet, "reassemblyOverlap");
    this.counters.duplicateFragment++;
    packet.release();
    return undefined;
  }

  private partialFor(packet: Packet): Partial {
    const identification = packet.slab.view.getUint16(packet.networkOffset + AT_IDENTIFICATION);
    const word = (packet.protocol << 16) | identification;
    const key = keyedHash(this.key, packet.source, packet.destination, word);
    const known = this.partials.get(key);
    if (known?.matches(packet, identification)) return known;
    if (known !== undefined) this.evict(known); // two datagrams of one hash: once in 2^32
    const { reassemblyMaxDatagrams, reassemblyTimeoutMillis } = this.config;
    if (this.partials.size >= reassemblyMaxDatagrams) this.evictOldest();
    const until = this.clock.now + reassemblyTimeoutMillis * 1000;
    const partial = new Partial(key, packet, identification, until);
    this.partials.set(key, partial);
    if (!this.timer.armed) this.clock.arm(this.timer, until);
    return partial;
  }

  /** Copies the data of all fragments behind the header of the first (RFC 815 §6). */
  private complete(partial: Partial): Packet | undefined {
    if ((partial.ecnSeen & SAW_CE) !== 0 && (partial.ecnSeen & SAW_NOT_ECT) !== 0) {
      return this.abandon(partial, "reassemblyMixedEcn");
    }
    const first = partial.first as Packet;
    const headerLength = first.networkLength - first.length;
    const total = headerLength + partial.end;
    if (total > MAX_DATAGRAM_LENGTH) return this.abandon(partial, "reassemblyTooLong");
    const whole = packetPool.allocate(total);
    whole.length = total;
    const { bytes, view } = whole.slab;
    copyBytes(first.slab.bytes, first.networkOffset, bytes, whole.offset, headerLength);
    let to = whole.offset + headerLength;
    let trusted = FLAG_CHECKSUM_TRUSTED;
    for (let at: Packet | undefined = first; at !== undefined; at = at.next) {
      copyBytes(at.slab.bytes, at.offset, bytes, to, at.length);
      to += at.length;
      trusted &= at.flags;
      whole.flags |= at.flags & FLAG_BROADCAST;
    }
    whole.flags |= trusted;
    whole.trafficClass = first.trafficClass;
    if ((partial.ecnSeen & SAW_CE) !== 0) whole.trafficClass |= ECN_CE; // RFC 3168 §5.3, MUST
    view.setUint8(whole.offset + AT_TRAFFIC_CLASS, whole.trafficClass);
    view.setUint16(whole.offset + AT_TOTAL_LENGTH, total);
    view.setUint16(whole.offset + AT_FRAGMENT, 0);
    rewriteHeaderChecksum(view, whole.offset, headerLength);
    whole.networkOffset = whole.offset;
    whole.networkLength = total;
    whole.source = first.source;
    whole.destination = first.destination;
    whole.protocol = first.protocol;
    whole.timeToLive = first.timeToLive;
    whole.interfaceIndex = first.interfaceIndex;
    whole.strip(headerLength);
    this.drop(partial);
    this.counters.reassembled++;
    return whole;
  }

  private charge(partial: Partial, bytes: number): void {
    partial.memory += bytes;
    this.memory += bytes;
    this.memoryBySource.set(partial.source, (this.memoryBySource.get(partial.source) ?? 0) + bytes);
  }

  /** Evicts the oldest until the limits hold again; first those of the source that takes too much. */
  private makeRoom(newest: Partial): void {
    const { reassemblyMaxBytes, reassemblyMaxBytesPerSource } = this.config;
    for (const partial of this.partials.values()) {
      if ((this.memoryBySource.get(newest.source) ?? 0) <= reassemblyMaxBytesPerSource) break;
      if (partial.source === newest.source) this.evict(partial);
    }
    while (this.memory > reassemblyMaxBytes) this.evictOldest();
  }

  private evictOldest(): void {
    for (const oldest of this.partials.values()) {
      this.evict(oldest);
      return;
    }
  }

  private evict(partial: Partial): void {
    this.counters.reassemblyEvicted++;
    this.drop(partial);
  }

  private giveUp(
    partial: Partial,
    packet: Packet,
    reason: "reassemblyTooLong" | "reassemblyOverlap" | "reassemblyTooMany",
  ): undefined {
    packet.release();
    return this.abandon(partial, reason);
  }

  private abandon(
    partial: Partial,
    reason: "reassemblyTooLong" | "reassemblyOverlap" | "reassemblyTooMany" | "reassemblyMixedEcn",
  ): undefined {
    this.counters[reason]++;
    this.drop(partial);
    return undefined;
  }

  /** Releases what `partial` holds and forgets it. */
  private drop(partial: Partial): void {
    for (let at = partial.first; at !== undefined; ) {
      const { next }: Packet = at;
      at.release();
      at = next;
    }
    partial.first = undefined;
    partial.last = undefined;
    this.memory -= partial.memory;
    const left = (this.memoryBySource.get(partial.source) ?? 0) - partial.memory;
    if (left > 0) this.memoryBySource.set(partial.source, left);
    else this.memoryBySource.delete(partial.source);
    this.partials.delete(partial.key);
    if (this.partials.size === 0) this.clock.disarm(this.timer);
  }

  /** Gives up whatever has waited too long; the time runs from the first fragment to arrive (RFC 1122 §3.3.2). */
  private expire(): void {
    for (const partial of this.partials.values()) {
      if (partial.until > this.clock.now) {
        this.clock.arm(this.timer, partial.until);
        return;
      }
      this.counters.reassemblyTimeout++;
      const { first } = partial;
      if (first !== undefined && startOf(first) === 0) this.timedOut(first); // RFC 1122 §3.3.2, MUST
      this.drop(partial);
    }
  }
}

function sameBytes(a: Packet, fromA: number, b: Packet, fromB: number, length: number): boolean {
  const bytesA = a.slab.bytes;
  const bytesB = b.slab.bytes;
  const atA = a.offset + fromA;
  const atB = b.offset + fromB;
  for (let index = 0; index < length; index++) if (bytesA[atA + index] !== bytesB[atB + index]) return false;
  return true;
}
