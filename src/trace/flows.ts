import type { TcpPacket } from "./dissect.ts";

/** One direction of one connection, as far as it has been seen. Sequence numbers are 0 to 2^32 - 1. */
interface FlowSide {
  /** The number that is printed as 0; undefined before anything was seen. */
  first: number | undefined;
  /** How far sequence numbers have gone, relative to `first`: one past the highest. */
  high: number;
}

/** What one segment means in its connection. */
export interface SegmentView {
  /** Sequence and acknowledgement number relative to the first ones seen. */
  readonly seq: number;
  readonly ack: number;
  /** Sequence space occupied: data, SYN and FIN. */
  readonly size: number;
  /** All of it had been seen before. */
  readonly isRetransmission: boolean;
  /** A number of the other side's space (of a SACK block), relative. */
  relativeAck(number: number): number;
}

/** Follows TCP connections to say sequence numbers relative to where they began, as tcpdump and Wireshark do. */
export class Flows {
  private readonly sides = new Map<string, FlowSide>();

  /**
   * Takes note of a segment, in the order seen, and says what it means. `place`: where it was seen; one that crosses several wires
   * is sent again on none of them.
   */
  see(packet: TcpPacket, place = ""): SegmentView {
    const { tcp } = packet;
    const from = `${packet.source}:${tcp.sourcePort}`;
    const to = `${packet.destination}:${tcp.destinationPort}`;
    const isSyn = tcp.flags.includes("S");
    const hasAck = tcp.flags.includes("A");
    const isReset = tcp.flags.includes("R");
    const side = this.side(`${place} ${from} ${to}`);
    const peer = this.side(`${place} ${to} ${from}`);
    if (isSyn && side.first !== tcp.seq) {
      // a new connection between the same ports
      side.first = tcp.seq;
      side.high = 0;
    }
    // Seen from the middle: the first number seen is as good a beginning as any. A reset's numbers may be anything.
    if (side.first === undefined && !isReset) side.first = tcp.seq;
    if (peer.first === undefined && hasAck && !isReset) peer.first = (tcp.ack - 1) >>> 0;

    const seq = side.first === undefined ? tcp.seq : relative(tcp.seq, side.first);
    const size = tcp.length + (isSyn ? 1 : 0) + (tcp.flags.includes("F") ? 1 : 0);
    const isRetransmission = size > 0 && !isReset && seq + size <= side.high;
    if (!isReset) side.high = Math.max(side.high, seq + size);
    const relativeAck = (number: number) =>
      peer.first === undefined ? number : relative(number, peer.first);
    return { seq, ack: relativeAck(tcp.ack), size, isRetransmission, relativeAck };
  }

  private side(key: string): FlowSide {
    let side = this.sides.get(key);
    if (side === undefined) {
      side = { first: undefined, high: 0 };
      this.sides.set(key, side);
    }
    return side;
  }
}

/** `number` counted from `first`. A little before it is negative; streams may be longer than 2^31. */
function relative(number: number, first: number): number {
  const distance = (number - first) >>> 0;
  return distance > 0xffff_0000 ? distance - 0x1_0000_0000 : distance;
}
