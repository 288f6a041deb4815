/** Frames and ARP messages as bytes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.ts";
import { ARP_REPLY, ARP_REQUEST, ArpMessage, makeArp, parseArp } from "../../src/link/arp.ts";
import {
  ETHER_TYPE_ARP,
  ETHER_TYPE_IPV4,
  EthernetHeader,
  parseEthernetHeader,
  writeFrame,
} from "../../src/link/ethernet.ts";
import {
  formatHardwareAddress,
  groupHardwareAddress,
  hardwareAddressBytes,
  isGroupHardwareAddress,
  parseHardwareAddress,
  randomHardwareAddress,
  stationAddressOf,
} from "../../src/link/hardware-address.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { hex, ip, toHex } from "../support/wire.ts";
import { readWith } from "../trace/tools.ts";

/** The request and the reply that arp(8)'s users have seen most: printed in many a book, here with its padding. */
const REQUEST = hex(
  `ffffffffffff 00070daff454 0806 0001 0800 06 04 0001 00070daff454 18a6ac01 000000000000 18a6ad9f
   000000000000000000000000000000000000`,
);

describe("hardware addresses", () => {
  test("text, bytes and numbers say the same", () => {
    for (const text of ["02:00:00:00:00:01", "fe:dc:ba:98:76:54", "00:00:5e:80:00:01"]) {
      const bytes = parseHardwareAddress(text);
      expect(toHex(bytes)).toBe(text.replaceAll(":", ""));
      expect(formatHardwareAddress(stationAddressOf(bytes))).toBe(text);
      expect(hardwareAddressBytes(stationAddressOf(bytes))).toEqual(bytes);
    }
    for (const wrong of ["", "02:00:00:00:00", "02-00-00-00-00-01", "2:0:0:0:0:1", "02:00:00:00:00:0g"]) {
      expect(() => parseHardwareAddress(wrong)).toThrow(/02:00:00:00:00:01/);
    }
  });

  test("no station has a group address, or zero, or anything but six bytes", () => {
    expect(() => stationAddressOf(hex("01005e000001"))).toThrow(RangeError);
    expect(() => stationAddressOf(hex("ffffffffffff"))).toThrow("ff:ff:ff:ff:ff:ff names no station");
    expect(() => stationAddressOf(new Uint8Array(6))).toThrow(RangeError);
    expect(() => stationAddressOf(new Uint8Array(5))).toThrow(TypeError);
    expect(() => stationAddressOf("02:00:00:00:00:01" as never)).toThrow(TypeError);
  });

  test("random ones are local, of one station, and the same from the same seed", () => {
    for (let seed = 0; seed < 100; seed++) {
      const bytes = randomHardwareAddress(new Random(seed));
      expect((bytes[0] as number) & 3).toBe(2);
      expect(randomHardwareAddress(new Random(seed))).toEqual(bytes);
    }
  });

  test("RFC 1112 §6.4: 01:00:5e and the low 23 bits of the group", () => {
    expect(formatHardwareAddress(groupHardwareAddress(ip("224.0.0.1")))).toBe("01:00:5e:00:00:01");
    expect(formatHardwareAddress(groupHardwareAddress(ip("224.0.0.251")))).toBe("01:00:5e:00:00:fb");
    expect(formatHardwareAddress(groupHardwareAddress(ip("239.255.255.250")))).toBe("01:00:5e:7f:ff:fa");
    expect(groupHardwareAddress(ip("224.128.64.32"))).toBe(groupHardwareAddress(ip("239.0.64.32")));
    expect(isGroupHardwareAddress(groupHardwareAddress(ip("224.0.0.1")))).toBe(true);
  });
});

describe("frames", () => {
  test("a short one is filled up to 60 bytes with zeros, whatever stood there before", () => {
    const packet = packetPool.from(new Uint8Array(200).fill(0xaa));
    packet.length = 10;
    writeFrame(packet, 0x0123_4567_89ab, 0x0200_0000_0001, ETHER_TYPE_IPV4);
    expect(toHex(packet.bytes())).toBe(`0123456789ab0200000000010800${"aa".repeat(10)}${"00".repeat(36)}`);
    packet.release();
  });

  test("a long one stays as it is", () => {
    for (const length of [46, 47, 1500]) {
      const packet = packetPool.from(new Uint8Array(length).fill(0xaa));
      writeFrame(packet, 1, 2, ETHER_TYPE_ARP);
      expect(packet.length).toBe(14 + length);
      expect(packet.bytes()[14 + length - 1]).toBe(0xaa);
      packet.release();
    }
  });

  test("read back; too short and with a length are refused", () => {
    const header = new EthernetHeader();
    const packet = packetPool.from(REQUEST);
    expect(parseEthernetHeader(packet, header)).toBeUndefined();
    expect(header).toEqual({
      destination: 0xffff_ffff_ffff,
      source: 0x0007_0daf_f454,
      etherType: ETHER_TYPE_ARP,
    });
    for (packet.length = 0; packet.length < 14; packet.length++) {
      expect(parseEthernetHeader(packet, header)).toBe("tooShort");
    }
    expect(parseEthernetHeader(packet, header)).toBeUndefined();
    packet.slab.view.setUint16(packet.offset + 12, 1500);
    expect(parseEthernetHeader(packet, header)).toBe("lengthFrame");
    packet.slab.view.setUint16(packet.offset + 12, 1536);
    expect(parseEthernetHeader(packet, header)).toBeUndefined();
    packet.release();
  });
});

describe("ARP messages", () => {
  test("a request as others have captured it, read and written", () => {
    const packet = packetPool.from(REQUEST);
    packet.strip(14);
    const message = new ArpMessage();
    expect(parseArp(packet, message)).toBeUndefined();
    expect(message).toEqual({
      operation: ARP_REQUEST,
      senderHardware: 0x0007_0daf_f454,
      sender: ip("24.166.172.1"),
      targetHardware: 0,
      target: ip("24.166.173.159"),
    });
    const made = makeArp(message);
    writeFrame(made, 0xffff_ffff_ffff, message.senderHardware, ETHER_TYPE_ARP);
    expect(toHex(made.bytes())).toBe(toHex(REQUEST));
    made.release();
    packet.release();
  });

  test("every truncation is too short; other hardware, protocols, lengths and opcodes are unknown", () => {
    const message = new ArpMessage();
    const packet = packetPool.from(REQUEST.slice(14));
    for (packet.length = 0; packet.length < 28; packet.length++) {
      expect(parseArp(packet, message)).toBe("arpTooShort");
    }
    for (const [at, value] of [
      [1, 2],
      [2, 0x86],
      [4, 8],
      [5, 16],
      [7, 0],
      [7, 3],
      [6, 1],
    ] as const) {
      const altered = packetPool.from(REQUEST.slice(14));
      altered.slab.bytes[altered.offset + at] = value;
      expect(parseArp(altered, message), `byte ${at} is ${value}`).toBe("arpUnknown");
      altered.release();
    }
    packet.slab.bytes[packet.offset + 1] = 6; // IEEE 802, as Linux takes it
    expect(parseArp(packet, message)).toBeUndefined();
    packet.release();
  });

  test("random bytes never throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const packet = packetPool.from(bytes);
        parseEthernetHeader(packet, new EthernetHeader());
        parseArp(packet, new ArpMessage());
        packet.release();
      }),
    );
  });

  test("tshark reads what we write", (context) => {
    const frames = [ARP_REQUEST, ARP_REPLY].map((operation) => {
      const message = new ArpMessage();
      message.operation = operation;
      message.senderHardware = 0x0200_0000_0001;
      message.sender = ip("10.0.0.1");
      message.targetHardware = operation === ARP_REPLY ? 0x0200_0000_0002 : 0;
      message.target = ip("10.0.0.2");
      const packet = makeArp(message);
      const to = operation === ARP_REPLY ? 0x0200_0000_0002 : 0xffff_ffff_ffff;
      writeFrame(packet, to, message.senderHardware, ETHER_TYPE_ARP);
      const bytes = packet.bytes().slice();
      packet.release();
      return bytes;
    });
    const fields = ["eth.dst", "arp.opcode", "arp.src.hw_mac", "arp.src.proto_ipv4", "arp.dst.proto_ipv4"];
    const args = ["-T", "fields", "-E", "separator=,", ...fields.flatMap((field) => ["-e", field])];
    expect(readWith(context, "tshark", args, pcap(frames)).trim().split("\n")).toEqual([
      "ff:ff:ff:ff:ff:ff,1,02:00:00:00:00:01,10.0.0.1,10.0.0.2",
      "02:00:00:00:00:02,2,02:00:00:00:00:01,10.0.0.1,10.0.0.2",
    ]);
    expect(readWith(context, "tshark", ["-Y", "_ws.malformed || _ws.expert"], pcap(frames))).toBe("");
  });
});

/** A capture file of the old format, link type Ethernet. */
function pcap(frames: Uint8Array[]): Uint8Array {
  const bytes: number[] = [...hex("a1b2c3d4 0002 0004 00000000 00000000 00040000 00000001")];
  for (const frame of frames) {
    const length = frame.length.toString(16).padStart(8, "0");
    bytes.push(...hex(`00000000 00000000 ${length} ${length}`), ...frame);
  }
  return Uint8Array.from(bytes);
}
