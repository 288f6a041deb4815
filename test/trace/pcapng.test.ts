import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CaptureFile, readPcapng, scanPcapng, writePcapng } from "../../src/trace/index.ts";
import { SAMPLES } from "./samples.ts";
import { readWith } from "./tools.ts";

const DIRECTIONS = ["unknown", "in", "out"] as const;

const FILE: CaptureFile = {
  interfaces: ["a-b", "wire é"],
  packets: SAMPLES.map((bytes, index) => ({
    time: 5_000_000_000_000 + index * 20_001, // more than 32 bits
    interface: index % 2,
    direction: DIRECTIONS[index % 3]!,
    bytes,
    originalLength: bytes.length,
    comment: index % 4 === 0 ? "dropped by the wire: loss" : undefined,
  })),
};

describe("pcapng", () => {
  it("is read back as it was written", () => {
    expect(readPcapng(writePcapng(FILE))).toEqual(FILE);
    const empty = { interfaces: [], packets: [] };
    expect(readPcapng(writePcapng(empty))).toEqual(empty);
  });

  it("keeps the original length of packets that were cut", () => {
    const packets = [{ ...FILE.packets[0]!, bytes: SAMPLES[0]!.slice(0, 33), originalLength: 60 }];
    expect(readPcapng(writePcapng({ interfaces: ["x"], packets, snapLength: 33 })).packets).toEqual(packets);
  });

  it("begins with the blocks of the specification, byte for byte", () => {
    const bytes = writePcapng({ interfaces: ["a-b"], packets: [], snapLength: 262_144 });
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const header =
      "0a0d0d0a 30000000 4d3c2b1a 0100 0000 ffffffffffffffff 0400 0900 6e65747772696768 74000000 00000000 30000000";
    const description =
      "01000000 28000000 e400 0000 00000400 0200 0300 612d6200 0900 0100 06000000 00000000 28000000";
    expect(hex).toBe((header + description).replaceAll(" ", ""));
  });

  it("opens in Wireshark with names, times, directions and comments, and without complaint", (test) => {
    const fields = [
      "frame.time_epoch",
      "frame.interface_name",
      "frame.packet_flags_direction",
      "frame.comment",
    ];
    const args = ["-T", "fields", ...fields.flatMap((field) => ["-e", field])];
    const output = readWith(test, "tshark", args, writePcapng(FILE));
    const expected = FILE.packets.map((packet) => {
      const time = `${Math.floor(packet.time / 1e6)}.${String(packet.time % 1e6).padStart(6, "0")}000`;
      const direction = ["", "0x00000001", "0x00000002"][DIRECTIONS.indexOf(packet.direction)];
      return [time, FILE.interfaces[packet.interface], direction, packet.comment ?? ""].join("\t");
    });
    expect(output.replace(/\n$/, "").split("\n")).toEqual(expected);
    const verify = ["ip", "tcp", "udp"].flatMap((layer) => ["-o", `${layer}.check_checksum:TRUE`]);
    const details = readWith(test, "tshark", ["-V", ...verify], writePcapng(FILE));
    expect(details).toContain("[Checksum Status: Good]");
    expect(details.split("\n").filter((line) => /malformed|\[Checksum Status: Bad\]/i.test(line))).toEqual(
      [],
    );
  });

  it("numbers the interfaces of each section on their own", () => {
    const bytes = writePcapng(FILE);
    const twice = readPcapng(Uint8Array.of(...bytes, ...swap(bytes)));
    expect(twice.interfaces).toEqual([...FILE.interfaces, ...FILE.interfaces]);
    const again = FILE.packets.map((packet) => ({ ...packet, interface: packet.interface + 2 }));
    expect(twice.packets).toEqual([...FILE.packets, ...again]);
  });

  it("reads the other byte order and other time resolutions", () => {
    const bytes = writePcapng({
      interfaces: ["x"],
      packets: [{ time: 3, interface: 0, direction: "in", bytes: Uint8Array.of(1, 2, 3), originalLength: 3 }],
    });
    const swapped = swap(bytes);
    expect(readPcapng(swapped)).toEqual(readPcapng(bytes));
    for (const [code, time] of [
      [9, 0], // 3 ns
      [3, 3000],
      [0x80 | 10, 2929], // 3 / 1024 s
    ] as const) {
      const other = bytes.slice();
      const at = other.findIndex(
        (_, index) => other[index] === 9 && other[index + 2] === 1 && other[index + 4] === 6,
      );
      other[at + 4] = code;
      expect(readPcapng(other).packets[0]!.time).toBe(time);
    }
  });

  it("gives what is whole of a file that was cut off", () => {
    const bytes = writePcapng(FILE);
    expect(scanPcapng(bytes)).toEqual({ ...FILE, notIpv4: 0, fault: undefined });
    const { packets, fault } = scanPcapng(bytes.slice(0, bytes.length - 20));
    expect(packets).toEqual(FILE.packets.slice(0, -1));
    expect(fault?.message).toMatch(
      /^not a readable pcapng file: it is cut off in a block of length \d+ at byte \d+$/,
    );
  });

  it("reads Ethernet without its header, and counts what is not IPv4", () => {
    const header = (type: number) => [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, type >> 8, type & 255];
    const frames = [
      [...header(0x0800), ...SAMPLES[0]!],
      [...header(0x0806), ...new Uint8Array(28)],
      [...header(0x86dd), ...new Uint8Array(40)],
      header(0x0800).slice(0, 13),
      [...header(0x0800), ...SAMPLES[1]!],
    ].map((frame) => ({ ...FILE.packets[0]!, bytes: Uint8Array.from(frame), originalLength: frame.length }));
    const bytes = withLinkType(writePcapng({ interfaces: ["eth0"], packets: frames }), 1);
    const expected = [SAMPLES[0]!, SAMPLES[1]!].map((datagram) => ({
      ...FILE.packets[0]!,
      bytes: datagram,
      originalLength: datagram.length,
    }));
    expect(scanPcapng(bytes)).toEqual({
      interfaces: ["eth0"],
      packets: expected,
      notIpv4: 3,
      fault: undefined,
    });
    expect(scanPcapng(swap(bytes)).packets).toEqual(expected);
  });

  it("reads raw IP, and counts what is IPv6", () => {
    const ipv6 = { ...FILE.packets[0]!, bytes: Uint8Array.of(0x60, 0, 0, 0), originalLength: 4 };
    const bytes = writePcapng({ interfaces: ["tun0"], packets: [ipv6, FILE.packets[0]!] });
    expect(scanPcapng(withLinkType(bytes, 101))).toMatchObject({ packets: [FILE.packets[0]!], notIpv4: 1 });
    expect(() => readPcapng(withLinkType(bytes, 113))).toThrow(
      "link type 113; only Ethernet (1) and raw IPv4 (101, 228) are understood",
    );
  });

  it("refuses an empty file, and a classic pcap file by name", () => {
    expect(() => readPcapng(new Uint8Array(0))).toThrow("it is empty");
    for (const magic of [0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1]) {
      const classic = new Uint8Array(24);
      new DataView(classic.buffer).setUint32(0, magic);
      expect(() => readPcapng(classic)).toThrow(
        /^a classic pcap file; convert it with `tshark .*-F pcapng`$/,
      );
    }
  });

  it("says where a file stops making sense, and fails in no other way", () => {
    const bytes = writePcapng(FILE);
    expect(() => readPcapng(Uint8Array.from({ length: 40 }, () => 7))).toThrow(
      "not a readable pcapng file: it does not begin as one",
    );
    for (let length = 1; length < 300; length++) {
      try {
        readPcapng(bytes.slice(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        expect((error as Error).message).toMatch(/^not a readable pcapng file: .* at byte \d+$/);
      }
    }
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const damaged = bytes.slice();
        damaged[at] = value;
        try {
          readPcapng(damaged);
        } catch (error) {
          expect((error as Error).message).toMatch(/^not a readable pcapng file: /);
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** The same file, of one interface, as if its packets were of another link type. */
function withLinkType(bytes: Uint8Array, type: number): Uint8Array {
  const result = bytes.slice();
  const view = new DataView(result.buffer);
  view.setUint16(view.getUint32(4, true) + 8, type, true);
  return result;
}

/** The same file, big-endian: every field turned round by hand. */
function swap(bytes: Uint8Array): Uint8Array {
  const from = new DataView(bytes.buffer.slice(0));
  const result = bytes.slice();
  const to = new DataView(result.buffer);
  const swap32 = (at: number) => to.setUint32(at, from.getUint32(at, true));
  const swap16 = (at: number) => to.setUint16(at, from.getUint16(at, true));
  for (let at = 0; at < bytes.length; ) {
    const type = from.getUint32(at, true);
    const length = from.getUint32(at + 4, true);
    for (const field of [at, at + 4, at + length - 4]) swap32(field);
    let options = at + 24;
    if (type === 0x0a0d0d0a) {
      swap32(at + 8);
      swap16(at + 12);
      swap16(at + 14);
    } else if (type === 1) {
      swap16(at + 8);
      swap32(at + 12);
      options = at + 16;
    } else {
      for (let field = at + 8; field < at + 28; field += 4) swap32(field);
      options = at + 28 + ((from.getUint32(at + 20, true) + 3) & ~3);
    }
    while (options < at + length - 4) {
      swap16(options);
      swap16(options + 2);
      const size = from.getUint16(options + 2, true);
      if (type === 6 && from.getUint16(options, true) === 2) swap32(options + 4);
      options += 4 + ((size + 3) & ~3);
    }
    at += length;
  }
  return result;
}
