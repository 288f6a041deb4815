/** What an Ethernet link takes from its port: how long datagrams and frames are, and what the device does of the stack's work. */
import { afterEach, describe, expect, test } from "vitest";
import { EthernetLink, type EthernetOptions, Random, VirtualClock } from "../../src/index.ts";
import type { FramePort, FrameReceiver } from "../../src/link/frame-port.ts";
import type { LinkReceiver } from "../../src/link/link.ts";
import {
  FLAG_BROADCAST,
  FLAG_CHECKSUM_TRUSTED,
  FLAG_OUTGOING,
  type Packet,
} from "../../src/packet/packet.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { hex } from "../support/wire.ts";

const OWN = Uint8Array.of(2, 0, 0, 0, 0, 1);

/** A port that keeps the length of what is sent. */
class Port implements FramePort {
  readonly hardwareAddress = OWN;
  readonly lengths: number[] = [];
  receiver: FrameReceiver | undefined = undefined;

  constructor(fields: Partial<FramePort> = {}) {
    Object.assign(this, fields);
  }

  send(frame: Packet): void {
    this.lengths.push(frame.length);
    frame.release();
  }

  attach(receiver: FrameReceiver | undefined): void {
    this.receiver = receiver;
  }

  close(): void {}
}

const links: EthernetLink[] = [];
afterEach(() => {
  for (const link of links.splice(0)) link.close();
});

function linkOn(port: FramePort, options?: EthernetOptions): EthernetLink {
  const link = new EthernetLink({ clock: new VirtualClock(), random: new Random(1), port }, options);
  links.push(link);
  return link;
}

/** Broadcasts a datagram of `length` bytes. */
function broadcast(link: EthernetLink, length: number, segmentSize = 0): void {
  const packet = packetPool.allocate(length);
  packet.length = length;
  packet.segmentSize = segmentSize;
  link.send(packet, -1);
}

const SEGMENTING = { checksum: true, marksTrusted: true, segmentation: true };

describe("an Ethernet link", () => {
  test("pads frames for a cable, and only there", () => {
    const [cable, socket] = [new Port(), new Port({ shortestFrame: 0 })];
    for (const port of [cable, socket]) {
      const link = linkOn(port);
      for (const length of [20, 46, 47]) broadcast(link, length);
    }
    expect(cable.lengths).toEqual([60, 60, 61]);
    expect(socket.lengths).toEqual([34, 60, 61]);
  });

  test("has the MTU of its port, unless it is told another", () => {
    const port = () => new Port({ mtu: 9000 });
    expect([linkOn(new Port()).mtu, linkOn(port()).mtu, linkOn(port(), { mtu: 576 }).mtu]).toEqual([
      1500, 9000, 576,
    ]);
  });

  test("lets the device cut what is too long, where it does that", () => {
    const [plain, cutting] = [new Port(), new Port({ features: SEGMENTING })];
    for (const port of [plain, cutting]) {
      const link = linkOn(port);
      broadcast(link, 40_000, 1448);
      broadcast(link, 1501);
      expect(link.counters.tooLong).toBe(port === plain ? 2 : 1);
    }
    expect([plain.lengths, cutting.lengths]).toEqual([[], [40_014]]);
    expect(linkOn(plain).features).toEqual({ checksum: false, segmentation: false });
  });

  test("believes a device that has verified a checksum, and nobody else", () => {
    const flags: number[] = [];
    let wakes = 0;
    const receiver: LinkReceiver = {
      input: (packet) => {
        flags.push(packet.flags);
        packet.release();
      },
      wake: () => {
        wakes++;
      },
    };
    for (const port of [new Port(), new Port({ features: SEGMENTING })]) {
      const link = linkOn(port);
      link.attach(receiver);
      for (const to of ["020000000001", "ffffffffffff"]) {
        const frame = packetPool.from(hex(`${to}0200000000020800${"00".repeat(46)}`));
        frame.flags = FLAG_CHECKSUM_TRUSTED | FLAG_OUTGOING;
        port.receiver?.input(frame);
      }
      port.receiver?.wake?.();
    }
    const both = FLAG_CHECKSUM_TRUSTED | FLAG_BROADCAST;
    expect(flags).toEqual([0, FLAG_BROADCAST, FLAG_CHECKSUM_TRUSTED, both]);
    expect(wakes).toBe(2);
  });
});
