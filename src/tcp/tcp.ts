/** The TCP layer of one host: demultiplexing, listeners, ports, and the CLOSED row of RFC 9293 §3.10.7.1. */
import type { Clock } from "../base/clock.ts";
import { bucketHash, type SipKey } from "../base/hash.ts";
import type { IcmpReport, PathFinder, SendOptions, Transport } from "../ip/path.ts";
import { CORRECT_SUM, pseudoHeaderSum } from "../packet/checksum.ts";
import { FLAG_BROADCAST, FLAG_CHECKSUM_TRUSTED, type Packet } from "../packet/packet.ts";
import { arrives } from "./arrives.ts";
import { arrivesListen } from "./arrives-listen.ts";
import type { TcpConfig } from "./config.ts";
import { TcpCounters } from "./counters.ts";
import { enterClosed } from "./end.ts";
import { parseHeader, TCP } from "./header.ts";
import { icmpError } from "./icmp-error.ts";
import { PortTable } from "./ports.ts";
import { MAX_BLOCKS } from "./reassembly.ts";
import { AckSummary } from "./recovery/recovery.ts";
import { replyWithReset } from "./reset.ts";
import { Segment } from "./segment.ts";
import { Tcb } from "./tcb.ts";

export interface TcpEnvironment {
  clock: Clock;
  paths: PathFinder;
  /** The secret of this host's ISNs, ports and timestamp offsets. */
  key: SipKey;
  config: TcpConfig;
}

/** Told of every change of state: for traces. It must not call back into TCP. */
export interface TcpObserver {
  stateChanged(tcb: Tcb, from: string, to: string): void;
}

export class Tcp implements Transport {
  readonly clock: Clock;
  readonly paths: PathFinder;
  readonly key: SipKey;
  /** Of timestamp offsets, which every segment shows: what they tell must not help to compute an ISN. */
  readonly timestampKey: SipKey;
  readonly config: TcpConfig;
  readonly counters = new TcpCounters();
  readonly ports: PortTable;
  observer: TcpObserver | undefined = undefined;
  /** Scratch for what every segment tells IP. */
  readonly sendOptions: SendOptions = {
    timeToLive: 64,
    trafficClass: 0,
    dontFragment: true,
    ignoresPathMtu: false,
  };
  /** Scratch: an event is run to its end before the next, so one of each serves all. */
  private readonly segment = new Segment();
  readonly ackSummary = new AckSummary();
  readonly sackEdges = new Int32Array(2 * MAX_BLOCKS);
  /** Connections by their four numbers; those in one bucket are chained. */
  private readonly buckets = new Map<number, Tcb>();
  /** Everything that is not CLOSED. */
  private readonly live = new Set<Tcb>();
  /** Those whose users are gone, and those in TIME-WAIT, oldest first: see leftovers.ts. */
  readonly orphans = new Set<Tcb>();
  readonly timeWaits = new Set<Tcb>();

  constructor(environment: TcpEnvironment) {
    this.clock = environment.clock;
    this.paths = environment.paths;
    this.key = environment.key;
    this.timestampKey = environment.key.derive("timestamps");
    this.config = environment.config;
    this.ports = new PortTable(environment.key);
  }

  /** A fresh TCB in CLOSED, known to nobody. */
  create(): Tcb {
    return new Tcb(this);
  }

  /** Every TCB that is not CLOSED: listeners, embryonic, live, TIME-WAIT. */
  connections(): IterableIterator<Tcb> {
    return this.live.values();
  }

  input(packet: Packet): void {
    this.receive(packet);
    packet.release();
  }

  private receive(packet: Packet): void {
    const counters = this.counters;
    const segment = this.segment;
    if (!parseHeader(packet, segment)) {
      counters.segmentsReceived++;
      counters.droppedMalformed++;
      return;
    }
    counters.segmentsReceived += segment.count;
    if ((packet.flags & FLAG_CHECKSUM_TRUSTED) === 0 && !isIntact(packet)) {
      counters.droppedChecksum++; // RFC 9293 §3.1, MUST-3
      return;
    }
    // RFC 9293 §3.9.2.3, MUST-57, MUST-63
    if ((packet.flags & FLAG_BROADCAST) !== 0 || this.paths.isBroadcastOrMulticast(packet.source)) {
      counters.droppedBroadcast++;
      return;
    }
    // RFC 6335 §6: port 0 is reserved; here it says "no peer" and "not bound"
    if (segment.sourcePort === 0 || segment.destinationPort === 0) {
      counters.droppedPortZero++;
      return;
    }
    const { destination, source, interfaceIndex } = packet;
    const { destinationPort, sourcePort } = segment;
    const tcb = this.find(destination, destinationPort, source, sourcePort, interfaceIndex);
    if (tcb !== undefined) {
      arrives(tcb, segment, packet);
      return;
    }
    const listener = this.ports.listener(destination, destinationPort, source, sourcePort, interfaceIndex);
    if (listener !== undefined) arrivesListen(listener, segment, packet);
    else this.arrivesClosed(packet, segment);
  }

  /** A segment for no connection (RFC 9293 §3.10.7.1). */
  arrivesClosed(packet: Packet, segment: Segment): void {
    this.counters.droppedNoConnection++;
    replyWithReset(this, packet, segment);
  }

  /** An ICMP error quotes one of our segments (RFC 9293 §3.9.2.2, MUST-54). */
  error(report: IcmpReport): void {
    icmpError(this, report);
  }

  /**
   * The connection of these four, in whatever state but CLOSED and LISTEN. `by`: the index of an interface, so that one which is
   * bound to another does not count; -1, the default: any.
   */
  find(
    localAddress: number,
    localPort: number,
    remoteAddress: number,
    remotePort: number,
    by = -1,
  ): Tcb | undefined {
    let tcb = this.buckets.get(this.bucketOf(localAddress, localPort, remoteAddress, remotePort));
    while (tcb !== undefined) {
      if (
        tcb.remotePort === remotePort &&
        tcb.localPort === localPort &&
        tcb.remoteAddress === remoteAddress &&
        tcb.localAddress === localAddress &&
        isBoundTo(tcb, by)
      ) {
        return tcb;
      }
      tcb = tcb.nextInBucket;
    }
    return undefined;
  }

  /** Makes a connection known under its four numbers. */
  remember(tcb: Tcb): void {
    const bucket = this.bucketOf(tcb.localAddress, tcb.localPort, tcb.remoteAddress, tcb.remotePort);
    tcb.nextInBucket = this.buckets.get(bucket);
    this.buckets.set(bucket, tcb);
    tcb.inBucket = true;
    this.ports.add(tcb);
    this.live.add(tcb);
  }

  /** Makes a listener known. */
  rememberListener(tcb: Tcb): void {
    this.ports.addListener(tcb);
    this.live.add(tcb);
  }

  /** Takes a TCB out of every table. A port that its user has bound stays his until he lets go. */
  forget(tcb: Tcb): void {
    this.live.delete(tcb);
    this.orphans.delete(tcb);
    this.timeWaits.delete(tcb);
    if (tcb.orphaned || !tcb.boundByUser) this.ports.remove(tcb);
    this.ports.removeListener(tcb);
    if (!tcb.inBucket) return;
    tcb.inBucket = false;
    const bucket = this.bucketOf(tcb.localAddress, tcb.localPort, tcb.remoteAddress, tcb.remotePort);
    let previous: Tcb | undefined;
    let current = this.buckets.get(bucket);
    while (current !== undefined && current !== tcb) {
      previous = current;
      current = current.nextInBucket;
    }
    if (current === undefined) return;
    if (previous !== undefined) previous.nextInBucket = tcb.nextInBucket;
    else if (tcb.nextInBucket !== undefined) this.buckets.set(bucket, tcb.nextInBucket);
    else this.buckets.delete(bucket);
    tcb.nextInBucket = undefined;
  }

  /** Drops every connection without a word on the wire: the host is going away. */
  close(): void {
    for (const tcb of [...this.live]) {
      tcb.error = 0;
      enterClosed(tcb);
    }
  }

  /** Mixed with the host's secret, so that nobody outside can fill one bucket; a chain is compared number by number. */
  private bucketOf(
    localAddress: number,
    localPort: number,
    remoteAddress: number,
    remotePort: number,
  ): number {
    return bucketHash(this.key, remoteAddress, localAddress, (localPort << 16) | remotePort);
  }
}

/** Whether the connection may be what came in by interface `by`. It asks what the path was chosen by, which nearly all have in common. */
function isBoundTo(tcb: Tcb, by: number): boolean {
  const bound = tcb.choice.interface;
  return bound < 0 || by < 0 || bound === by;
}

function isIntact(packet: Packet): boolean {
  const sum = pseudoHeaderSum(packet.source, packet.destination, TCP, packet.length);
  return packet.slab.checksum(packet.offset, packet.length, sum) === CORRECT_SUM;
}
