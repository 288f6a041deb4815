import { INSPECT } from "../base/inspect.ts";
import type { Random } from "../base/random.ts";
import type { Link, LinkFeatures, LinkReceiver } from "../link/link.ts";
import type { Packet } from "../packet/packet.ts";
import { Direction, type WireCounters } from "./direction.ts";
import type { Medium } from "./medium.ts";
import { IDEAL, impairments, type WireOptions } from "./options.ts";

/** The end of a wire that one host holds: the link it sends on. */
class WireEnd implements Link {
  readonly features: LinkFeatures;
  private readonly out: Direction;
  private readonly back: Direction;

  constructor(out: Direction, back: Direction) {
    this.out = out;
    this.back = back;
    this.features = { checksum: !out.impairments.checksum, segmentation: false };
  }

  get mtu(): number {
    return this.out.impairments.mtu;
  }

  /** A wire has one neighbour: the next hop does not matter. */
  send(packet: Packet, _nextHop: number): void {
    this.out.send(packet);
  }

  attach(receiver: LinkReceiver | undefined): void {
    this.back.receiver = receiver;
  }

  /** Hangs up: sends and receives no more. What this end had sent before still arrives at the other. */
  close(): void {
    this.out.closed = true;
    this.back.receiver = undefined;
    this.back.flush("closed");
  }
}

/**
 * A wire between two hosts, each direction with its own latency, bandwidth and faults (see `DirectionOptions`). All
 * its chance comes from `random`, a stream of its own per direction.
 */
export class Wire {
  /** Such as "a-b". */
  readonly name: string;
  /** The links of the two hosts, in the order they were named. */
  readonly a: Link;
  readonly b: Link;
  /** What `a` has sent, and what became of it; and the same for `b`. */
  readonly counters: { readonly a: WireCounters; readonly b: WireCounters };
  private readonly fromA: Direction;
  private readonly fromB: Direction;

  /** `headerLength`: bytes of link header that its packets have in front, see `Direction`. */
  constructor(
    medium: Medium,
    random: Random,
    name: string,
    a: string,
    b: string,
    options: WireOptions = {},
    headerLength = 0,
  ) {
    this.name = name;
    this.fromA = new Direction(medium, random.fork("a"), name, a, b, headerLength);
    this.fromB = new Direction(medium, random.fork("b"), name, b, a, headerLength);
    const optionsA = impairments(IDEAL, options, "a");
    const optionsB = impairments(IDEAL, options, "b");
    if (optionsA.checksum !== optionsB.checksum) {
      throw new RangeError(
        "checksum must be the same for both directions: both ends trust the wire, or none",
      );
    }
    this.fromA.configure(optionsA);
    this.fromB.configure(optionsB);
    this.counters = { a: this.fromA.counters, b: this.fromB.counters };
    this.a = new WireEnd(this.fromA, this.fromB);
    this.b = new WireEnd(this.fromB, this.fromA);
  }

  /**
   * Changes options from now on; those not named stay. Packets on the way are not touched. Hosts learn the MTU when the
   * wire is made: a smaller one set later makes a black hole for what is longer.
   */
  set(options: WireOptions): void {
    const a = impairments(this.fromA.impairments, options, "a");
    const b = impairments(this.fromB.impairments, options, "b");
    if (a.checksum !== this.fromA.impairments.checksum || b.checksum !== this.fromB.impairments.checksum) {
      throw new TypeError("checksum is fixed when the wire is made: the hosts have been told");
    }
    this.fromA.configure(a);
    this.fromB.configure(b);
  }

  /** Packets on the way, both directions. */
  get inFlight(): number {
    return this.fromA.inFlight + this.fromB.inFlight;
  }

  get isCut(): boolean {
    return this.fromA.cut;
  }

  /** Cuts the wire: what is on the way is lost, and so is what is sent until {@link mend}. */
  cut(): void {
    for (const direction of [this.fromA, this.fromB]) {
      direction.cut = true;
      direction.flush("partition");
    }
  }

  mend(): void {
    this.fromA.cut = false;
    this.fromB.cut = false;
  }

  /** Ends it: everything on the way is dropped, everything sent later too. */
  close(): void {
    for (const direction of [this.fromA, this.fromB]) {
      direction.closed = true;
      direction.receiver = undefined;
      direction.flush("closed");
    }
  }
  /** In the console: "Wire a-b (3 packets on the way)". */
  [INSPECT](): string {
    return `Wire ${this.name} (${this.inFlight} packets on the way${this.isCut ? ", cut" : ""})`;
  }
}
