import { describe, expect, test } from "vitest";
import { parseAddress, parsePrefix } from "../../../src/ip/address.ts";
import { Ipv4Header, parseIpv4Header, writeIpv4Header } from "../../../src/ip/ipv4-header.ts";
import { settingsFor } from "../../../src/node/tun/configure.ts";
import { ifreqAddress, ifreqFlags, ifreqInt, intIn, nameIn } from "../../../src/node/tun/ioctl.ts";
import { splitDatagrams } from "../../../src/node/tun/split-datagrams.ts";
import { readVirtioHeader, trustAt, writeVirtioHeader } from "../../../src/node/tun/virtio-header.ts";
import { CORRECT_SUM, pseudoHeaderSum } from "../../../src/packet/checksum.ts";
import { FLAG_CHECKSUM_TRUSTED, FLAG_FOREIGN, type Packet } from "../../../src/packet/packet.ts";
import { packetPool } from "../../../src/packet/pool.ts";

const SOURCE = parseAddress("10.9.0.2");
const DESTINATION = parseAddress("10.9.0.1");
const NOTHING = {
  flags: 0,
  gsoType: 0,
  headerLength: 0,
  gsoSize: 0,
  checksumStart: 0,
  checksumOffset: 0,
  buffers: 0,
};

/** A datagram of `protocol` with `length` bytes behind the IPv4 header; `fragment` is the word of flags and offset. */
function datagram(protocol: number, length: number, fragment = 0): Packet {
  const packet = packetPool.allocate(20 + length);
  packet.length = 20 + length;
  const { view, bytes } = packet.slab;
  bytes.fill(7, packet.offset - 20, packet.offset + packet.length); // the header must not depend on what was there
  writeIpv4Header(view, packet.offset, packet.length, 0, 5, fragment, 64, protocol, SOURCE, DESTINATION);
  if (protocol === 6) {
    view.setUint8(packet.offset + 32, 8 << 4); // a header of 32 bytes
    view.setUint16(packet.offset + 36, 0);
  }
  if (protocol === 17) {
    view.setUint16(packet.offset + 24, length);
    view.setUint16(packet.offset + 26, 0);
  }
  return packet;
}

/** Writes the header in front and returns what it says, and the word at `checksumAt` behind the IPv4 header. */
function written(packet: Packet, checksumAt: number, length = 12) {
  writeVirtioHeader(packet, length);
  const header = readVirtioHeader(packet.slab.view, packet.offset - length, length);
  const checksum = packet.slab.view.getUint16(packet.offset + 20 + checksumAt);
  packet.release();
  return { header, checksum };
}

const TCP_OFFLOAD = { ...NOTHING, flags: 1, checksumStart: 20, checksumOffset: 16 };

/** `packet` with 14 bytes of Ethernet header in front, and padded to 60 bytes at least, as a TAP device is given it. */
function framed(packet: Packet, etherType = 0x0800): Packet {
  packet.prepend(14);
  const { slab, offset, length } = packet;
  slab.bytes.fill(9, offset, offset + 12);
  slab.view.setUint16(offset + 12, etherType);
  slab.bytes.fill(0, offset + length, offset + 60);
  packet.length = Math.max(length, 60);
  return packet;
}

describe("the virtio-net header of a frame", () => {
  const headerOf = (packet: Packet) => {
    writeVirtioHeader(packet, 12, 14);
    return readVirtioHeader(packet.slab.view, packet.offset - 12, 12);
  };

  test("counts from the frame's beginning, and sums what is not padding", () => {
    const packet = framed(datagram(17, 10));
    expect(packet.length).toBe(60);
    expect(headerOf(packet)).toEqual({ ...NOTHING, flags: 1, checksumStart: 34, checksumOffset: 6 });
    expect(packet.slab.view.getUint16(packet.offset + 14 + 26)).toBe(
      pseudoHeaderSum(SOURCE, DESTINATION, 17, 10),
    );
    packet.release();
  });

  test("has a long segment cut behind both headers", () => {
    const packet = framed(datagram(6, 32 + 5000));
    packet.segmentSize = 1448;
    expect(headerOf(packet)).toEqual({
      ...NOTHING,
      flags: 1,
      gsoType: 1,
      gsoSize: 1448,
      headerLength: 14 + 20 + 32,
      checksumStart: 34,
      checksumOffset: 16,
    });
    expect([packet.offset - packet.base >= 12, packet.length]).toEqual([true, 14 + 20 + 32 + 5000]);
    packet.release();
  });

  test("asks for nothing where no IPv4 is in it", () => {
    const arp = framed(datagram(17, 10), 0x0806);
    expect(headerOf(arp)).toEqual(NOTHING);
    arp.length = 20; // and none of it may be there
    arp.slab.view.setUint16(arp.offset + 12, 0x0800);
    expect(headerOf(arp)).toEqual(NOTHING);
    arp.release();
  });

  test("of several datagrams in one piece: each gets the header of Ethernet", () => {
    const packet = framed(datagram(17, 8 + 250));
    const frames: [number, number, string][] = [];
    const take = (part: Packet) => {
      const { view, bytes } = part.slab;
      const addresses = bytes.slice(part.offset, part.offset + 12).join("");
      frames.push([part.length, view.getUint16(part.offset + 14 + 2), addresses]);
      part.release();
    };
    expect(splitDatagrams(packet, 100, take, 14)).toBe(true);
    const nines = "9".repeat(12);
    expect(frames).toEqual([
      [142, 128, nines],
      [142, 128, nines],
      [92, 78, nines],
    ]);
  });
});

describe("the virtio-net header of what is sent", () => {
  test.each([12, 10])("of %i bytes: a TCP checksum that was left out is the kernel's to make", (length) => {
    const { header, checksum } = written(datagram(6, 132), 16, length);
    expect(header).toEqual(TCP_OFFLOAD);
    expect(checksum).toBe(pseudoHeaderSum(SOURCE, DESTINATION, 6, 132)); // the sum, not its complement
  });

  test("so is that of UDP", () => {
    const { header, checksum } = written(datagram(17, 58), 6);
    expect(header).toEqual({ ...TCP_OFFLOAD, checksumOffset: 6 });
    expect(checksum).toBe(pseudoHeaderSum(SOURCE, DESTINATION, 17, 58));
  });

  test("a long segment is cut by the kernel", () => {
    const packet = datagram(6, 32 + 10_000);
    packet.segmentSize = 1448;
    const { header, checksum } = written(packet, 16);
    expect(header).toEqual({ ...TCP_OFFLOAD, gsoType: 1, headerLength: 52, gsoSize: 1448 });
    expect(checksum).toBe(pseudoHeaderSum(SOURCE, DESTINATION, 6, 10_032));
  });

  test("one that says that the congestion window is reduced says so once", () => {
    const packet = datagram(6, 32 + 10_000);
    packet.segmentSize = 1448;
    packet.slab.view.setUint8(packet.offset + 33, 0x90); // CWR and ACK
    expect(written(packet, 16).header).toMatchObject({ gsoType: 0x81, gsoSize: 1448 });
  });

  test("one that is no longer than a segment is not", () => {
    const packet = datagram(6, 32 + 1448);
    packet.segmentSize = 1448;
    expect(written(packet, 16).header).toEqual(TCP_OFFLOAD);
  });

  test("a checksum that is there stays", () => {
    const packet = datagram(17, 58);
    packet.slab.view.setUint16(packet.offset + 26, 0x1234);
    expect(written(packet, 6)).toEqual({ header: NOTHING, checksum: 0x1234 });
  });

  test("and so does that of who has it to himself, 0 too", () => {
    const packet = datagram(17, 58);
    packet.flags = FLAG_FOREIGN;
    expect(written(packet, 6)).toEqual({ header: NOTHING, checksum: 0 });
  });

  test.each([
    ["the first fragment", 17, 80, 0x2000],
    ["a later fragment", 17, 80, 0x0001],
    ["ICMP", 1, 80, 0],
    ["a TCP segment without a whole header", 6, 19, 0],
    ["a UDP datagram without a whole header", 17, 7, 0],
  ])("%s is left alone", (_, protocol, length, fragment) => {
    const packet = datagram(protocol, length, fragment);
    const before = packet.bytes().slice();
    writeVirtioHeader(packet, 12);
    expect(readVirtioHeader(packet.slab.view, packet.offset - 12)).toEqual(NOTHING);
    expect(packet.bytes()).toEqual(before);
    packet.release();
  });
});

test("what came with NEEDS_CSUM or DATA_VALID is trusted, nothing else", () => {
  const view = new DataView(new ArrayBuffer(12));
  const trusted = [0, 1, 2, 3, 4].map((flags) => {
    view.setUint8(0, flags);
    return trustAt(view, 0) === FLAG_CHECKSUM_TRUSTED;
  });
  expect(trusted).toEqual([false, true, true, true, false]);
});

describe("UDP in one piece", () => {
  test("becomes the datagrams that were sent, headers and all", () => {
    const packet = datagram(17, 8 + 2500);
    packet.flags = FLAG_CHECKSUM_TRUSTED;
    for (let at = 0; at < 2500; at++) packet.slab.bytes[packet.offset + 28 + at] = at % 251;
    const parts: Packet[] = [];
    expect(splitDatagrams(packet, 1000, (part) => parts.push(part))).toBe(true);
    const header = new Ipv4Header();
    let from = 0;
    const seen = parts.map((part) => {
      const fault = parseIpv4Header(part, header);
      const udpLength = part.slab.view.getUint16(part.offset + 24);
      const data = part.bytes().subarray(28);
      const same = data.every((byte, at) => byte === (from + at) % 251);
      from += data.length;
      const sum = part.slab.checksum(part.offset, 20, 0);
      const { flags } = part;
      part.release();
      return { fault, length: header.totalLength, id: header.identification, udpLength, same, sum, flags };
    });
    const common = { fault: undefined, same: true, sum: CORRECT_SUM, flags: FLAG_CHECKSUM_TRUSTED };
    expect(seen).toEqual([
      { ...common, length: 1028, id: 5, udpLength: 1008 },
      { ...common, length: 1028, id: 6, udpLength: 1008 },
      { ...common, length: 528, id: 7, udpLength: 508 },
    ]);
  });

  test.each([
    ["a size of 0", 100, 0],
    ["no data", 8, 1000],
    ["half a header", 4, 1000],
  ])("with %s it is nothing", (_, length, size) => {
    const parts: Packet[] = [];
    expect(splitDatagrams(datagram(17, length), size, (part) => parts.push(part))).toBe(false);
    expect(parts).toEqual([]);
  });
});

describe("requests to the kernel", () => {
  test("carry names, flags, numbers and addresses where it looks for them", () => {
    expect(nameIn(ifreqFlags("nw0", 1))).toBe("nw0");
    expect(nameIn(ifreqFlags("a23456789012345", 1))).toBe("a23456789012345");
    expect(intIn(ifreqInt("nw0", 9000))).toBe(9000);
    expect([...ifreqAddress("nw0", SOURCE).subarray(18, 24)]).toEqual([0, 0, 10, 9, 0, 2]);
  });

  const commands = (address: string | undefined, peer?: string, mtu?: number) =>
    settingsFor("nw0", {
      address: address === undefined ? undefined : parsePrefix(address),
      peer: peer === undefined ? undefined : parseAddress(peer),
      mtu,
    }).map(({ syscall, command }) => `${syscall}: ${command}`);

  test("are only those that were asked for, and say which command does the same", () => {
    expect(commands(undefined)).toEqual(["SIOCGIFMTU: ip link show nw0"]);
    expect(commands("10.9.0.1/24", "10.9.0.2", 9000)).toEqual([
      "SIOCSIFMTU: ip link set nw0 mtu 9000",
      "SIOCSIFADDR: ip address add 10.9.0.1/24 dev nw0",
      "SIOCSIFNETMASK: ip address add 10.9.0.1/24 dev nw0",
      "SIOCSIFFLAGS: ip link set nw0 up",
      "SIOCGIFMTU: ip link show nw0",
    ]);
  });

  test("give the queue its length where the device is set up", () => {
    const side = { peer: undefined, mtu: undefined, queue: 4000 };
    const calls = (address: string | undefined) =>
      settingsFor("nw0", { ...side, address: address === undefined ? undefined : parsePrefix(address) }).map(
        ({ command }) => command,
      );
    expect(calls("10.9.0.1/24")).toContain("ip link set nw0 txqueuelen 4000");
    expect(calls(undefined)).toEqual(["ip link show nw0"]);
  });

  test("make a route to a peer that the network does not hold", () => {
    expect(commands("10.9.0.1/32", "10.9.0.2")).toContain(
      "SIOCSIFDSTADDR: ip address add 10.9.0.1 peer 10.9.0.2/32 dev nw0",
    );
    expect(commands("10.9.0.1/24", "10.8.0.2")).toContain(
      "SIOCSIFDSTADDR: ip address add 10.9.0.1 peer 10.8.0.2/32 dev nw0",
    );
  });
});
