/**
 * The headers of a segment: IPv4's 20 bytes, TCP's 20 and the timestamps' 12, read into scratch objects and written in
 * place. Beside it what is usual elsewhere: a view and an object for every header.
 */
import { IPV4_HEADER_LENGTH, Ipv4Header, parseIpv4Header, writeIpv4Header } from "../src/ip/ipv4-header.ts";
import { packetPool } from "../src/packet/pool.ts";
import { ACK, HEADER_LENGTH, PSH, parseHeader, TCP, writeHeader } from "../src/tcp/header.ts";
import { TIMESTAMPS_LENGTH, writeTimestamps } from "../src/tcp/options.ts";
import { Segment } from "../src/tcp/segment.ts";
import { type MicroCase, micro, report, smoke } from "./harness.ts";

const OPERATIONS = smoke ? 100 : 20_000;
const TCP_LENGTH = HEADER_LENGTH + TIMESTAMPS_LENGTH;
const LENGTH = IPV4_HEADER_LENGTH + TCP_LENGTH;

/** Enough packets that one header after the other comes from another place, as on a busy host. */
const packets = Array.from({ length: 64 }, () => {
  const packet = packetPool.allocate(LENGTH);
  packet.length = LENGTH;
  return packet;
});
const ipv4 = new Ipv4Header();
const segment = new Segment();

function buildIpv4(view: DataView, at: number): void {
  writeIpv4Header(view, at, LENGTH, 0, 0, 0x4000, 64, TCP, 0x0a000001, 0x0a000002);
}

function buildTcp(view: DataView, at: number, seq: number): void {
  writeHeader(view, at, 49_152, 80, seq, 0x12345678, TCP_LENGTH, ACK | PSH, 502, 0);
  writeTimestamps(view, at + HEADER_LENGTH, seq, 7);
}

interface PlainHeader {
  ttl: number;
  protocol: number;
  source: string;
  destination: string;
  sourcePort: number;
  destinationPort: number;
  seq: number;
  ack: number;
  flags: { syn: boolean; ack: boolean; fin: boolean; rst: boolean; psh: boolean };
  window: number;
}

/** The usual way, without checks, checksum and options. */
function parsePlainly(bytes: Uint8Array): PlainHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const address = (at: number) => `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
  const flags = view.getUint8(33);
  return {
    ttl: view.getUint8(8),
    protocol: view.getUint8(9),
    source: address(12),
    destination: address(16),
    sourcePort: view.getUint16(20),
    destinationPort: view.getUint16(22),
    seq: view.getUint32(24),
    ack: view.getUint32(28),
    flags: {
      fin: (flags & 1) !== 0,
      syn: (flags & 2) !== 0,
      rst: (flags & 4) !== 0,
      psh: (flags & 8) !== 0,
      ack: (flags & 16) !== 0,
    },
    window: view.getUint16(34),
  };
}

for (const [index, packet] of packets.entries()) {
  buildIpv4(packet.slab.view, packet.offset);
  buildTcp(packet.slab.view, packet.offset + IPV4_HEADER_LENGTH, index);
}

const PLAIN = "parse both: a view, an object and strings each, no checks";
const cases: MicroCase[] = [
  {
    name: PLAIN,
    operations: OPERATIONS,
    run() {
      let sum = 0;
      for (let count = 0; count < OPERATIONS; count++) {
        const header = parsePlainly(packets[count & 63]!.bytes());
        sum += header.seq + header.source.length;
      }
      return sum;
    },
  },
  {
    name: "parse IPv4 and TCP with timestamps",
    peer: PLAIN,
    operations: OPERATIONS,
    run() {
      let sum = 0;
      for (let count = 0; count < OPERATIONS; count++) {
        const packet = packets[count & 63]!;
        if (parseIpv4Header(packet, ipv4) !== undefined) throw new Error("a bad IPv4 header");
        packet.strip(ipv4.headerLength);
        if (!parseHeader(packet, segment)) throw new Error("a bad TCP header");
        packet.prepend(ipv4.headerLength);
        sum += segment.seq + segment.timestampValue + ipv4.source;
      }
      return sum;
    },
  },
  {
    name: "parse IPv4, header checksum verified",
    operations: OPERATIONS,
    run() {
      let sum = 0;
      for (let count = 0; count < OPERATIONS; count++) {
        if (parseIpv4Header(packets[count & 63]!, ipv4) !== undefined) throw new Error("a bad header");
        sum += ipv4.source;
      }
      return sum;
    },
  },
  {
    name: "build IPv4 and TCP with timestamps",
    operations: OPERATIONS,
    run() {
      for (let count = 0; count < OPERATIONS; count++) {
        const packet = packets[count & 63]!;
        buildIpv4(packet.slab.view, packet.offset);
        buildTcp(packet.slab.view, packet.offset + IPV4_HEADER_LENGTH, count);
      }
      return packets[0]!.slab.view.getInt32(packets[0]!.offset + 24);
    },
  },
  {
    name: "build IPv4, header checksum made",
    operations: OPERATIONS,
    run() {
      for (let count = 0; count < OPERATIONS; count++) {
        const packet = packets[count & 63]!;
        buildIpv4(packet.slab.view, packet.offset);
      }
      return packets[0]!.slab.view.getInt32(packets[0]!.offset + 8);
    },
  },
];

await report("header", await micro(cases));
