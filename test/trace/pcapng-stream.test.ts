import { describe, expect, test } from "vitest";
import { type CapturedPacket, readPcapng, scanPcapng, writePcapng } from "../../src/trace/index.ts";
import { PcapngReader } from "../../src/trace/pcapng-reader.ts";
import { PcapngStream } from "../../src/trace/pcapng-stream.ts";
import { SAMPLES } from "./samples.ts";
import { readWith } from "./tools.ts";

const ETH0 = { name: "eth0", description: "nw0 (TUN, MTU 1500)", linkType: 228 };
const ETH1 = { name: "eth1", linkType: 228 };
const START = 1_700_000_000_000_000;

function addAll(stream: PcapngStream): void {
  SAMPLES.forEach((bytes, index) => {
    const by = index % 2 === 0 ? ETH0 : ETH1;
    const inside = Uint8Array.of(9, 9, ...bytes, 9); // it stands in the middle of something
    stream.add(by, index % 3 === 0 ? "in" : "out", START + index, inside, 2, bytes.length);
  });
}

const EXPECTED = SAMPLES.map((bytes, index) => ({
  time: START + index,
  interface: index % 2,
  direction: index % 3 === 0 ? "in" : "out",
  bytes,
  originalLength: bytes.length,
}));

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

describe("a capture that is written while it grows", () => {
  test("is a file at every moment", () => {
    const stream = new PcapngStream(100_000);
    const pieces = [stream.take().slice()];
    expect(readPcapng(joined(pieces))).toEqual({ interfaces: [], packets: [] });
    addAll(stream);
    pieces.push(stream.take().slice());
    expect(stream.length).toBe(0);
    addAll(stream);
    pieces.push(stream.take().slice());
    const { interfaces, packets } = readPcapng(joined(pieces));
    expect(interfaces).toEqual(["eth0", "eth1"]);
    expect(packets).toEqual([...EXPECTED, ...EXPECTED]);
  });

  test("is what Wireshark reads, with what it lacks", (context) => {
    const stream = new PcapngStream(2000);
    for (let round = 0; round < 10; round++) addAll(stream);
    const first = stream.take().slice();
    expect(stream.dropped).toBeGreaterThan(20);
    stream.finish(START);
    const file = joined([first, stream.take()]);
    const stored = scanPcapng(file);
    expect(stored.fault).toBeUndefined();
    expect(stored.packets.length + stream.dropped).toBe(10 * SAMPLES.length);
    const fields = ["frame.interface_name", "frame.interface_description"];
    const args = ["-T", "fields", ...fields.flatMap((field) => ["-e", field])];
    const lines = readWith(context, "tshark", args, file).trimEnd().split("\n");
    expect(lines.slice(0, 2)).toEqual(["eth0\tnw0 (TUN, MTU 1500)", "eth1\t"]);
    expect(lines).toHaveLength(stored.packets.length);
  });

  test("tells where a packet stands, so that a field can be corrected before it is taken", () => {
    const stream = new PcapngStream(10_000);
    const packet = SAMPLES[0]!;
    const start = stream.add(ETH0, "out", START, packet, 0, packet.length);
    expect(stream.buffer.slice(start, start + packet.length)).toEqual(packet);
    stream.buffer[start + 8] = 77;
    expect(readPcapng(stream.take()).packets[0]!.bytes[8]).toBe(77);
  });

  test("keeps of each packet as much as was asked for", () => {
    const stream = new PcapngStream(10_000, 28);
    const packet = SAMPLES[0]!;
    stream.add(ETH0, "out", START, packet, 0, packet.length);
    const [kept] = readPcapng(stream.take()).packets;
    expect(kept).toMatchObject({ bytes: packet.slice(0, 28), originalLength: packet.length });
  });
});

describe("a capture that is read while it grows", () => {
  const file = writePcapng({ interfaces: ["a", "b"], packets: EXPECTED as CapturedPacket[] });

  test.each([1, 2, 3, 7, 64, 1000])("comes out the same in pieces of %i bytes", (size) => {
    const packets: CapturedPacket[] = [];
    const reader = new PcapngReader((packet) => packets.push(packet));
    for (let at = 0; at < file.length; at += size) reader.push(file.slice(at, at + size));
    reader.end();
    expect(packets).toEqual(EXPECTED);
    expect(reader.interfaces).toEqual(["a", "b"]);
  });

  test("says where it makes no sense, counted from its beginning", () => {
    const reader = new PcapngReader(() => {});
    reader.push(file);
    const bad = new Uint8Array(12).fill(0xff);
    reader.push(bad.slice(0, 7));
    expect(() => reader.push(bad.slice(7))).toThrow(
      `not a readable pcapng file: a block of length 4294967295 at byte ${file.length}`,
    );
  });

  test("does not wait for a block that no packet can fill", () => {
    const reader = new PcapngReader(() => {});
    const block = new Uint8Array(12);
    new DataView(block.buffer).setUint32(0, 6, true);
    new DataView(block.buffer).setUint32(4, 0x7fff_fffc, true);
    reader.push(file);
    expect(() => reader.push(block)).toThrow("a block of length 2147483644 at byte");
  });
});
