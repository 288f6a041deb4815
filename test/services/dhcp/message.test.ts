/** DHCP's messages and what a lease says: vectors, and bytes that make no sense. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unwrapDatagram, wrapDatagram } from "../../../src/services/dhcp/datagram.ts";
import { parseDomainSearch } from "../../../src/services/dhcp/domain-search.ts";
import { leaseOf } from "../../../src/services/dhcp/lease.ts";
import { type DhcpMessage, parseDhcpMessage, writeDhcpMessage } from "../../../src/services/dhcp/message.ts";
import { Options } from "../../../src/services/dhcp/options.ts";
import { checksum, concat, hex, ip, parseIpv4, udpChecksum } from "../../support/wire.ts";
import { quad, seconds, writeReply } from "./server.ts";

const HEARD = { xid: 0x12345678, bytes: new Uint8Array(300) };

function offer(options: [number, number[]][], yiaddr = "10.0.0.50"): Uint8Array {
  const basic: [number, number[]][] = [
    [54, quad("10.0.0.1")],
    [51, seconds(600)],
    [1, quad("255.255.255.0")],
  ];
  return writeReply({ type: 2, yiaddr, options: [...basic, ...options] }, HEARD);
}

function lease(options: [number, number[]][], yiaddr?: string) {
  const message = parseDhcpMessage(offer(options, yiaddr));
  expect(message).toBeDefined();
  return leaseOf(message as DhcpMessage);
}

describe("a message", () => {
  test("has its fields where RFC 2131 §2 has them", () => {
    const options = new Options().setUint32(50, ip("10.0.0.7") >>> 0).setText(12, "me");
    const written = writeDhcpMessage({
      op: 1,
      hardwareType: 1,
      hardwareAddress: hex("020000000005"),
      xid: 0xdeadbeef,
      secs: 70_000,
      broadcast: true,
      clientAddress: ip("10.0.0.7"),
      yourAddress: 0,
      type: 3,
      options,
    });
    expect(written.length).toBe(300);
    expect(written.slice(0, 34)).toEqual(
      hex("01010600 deadbeef ffff 8000 0a000007 00000000 00000000 00000000 020000000005"),
    );
    expect(written.slice(236, 258)).toEqual(hex("63825363 350103 32040a000007 0c026d65 ff 00000000"));
    expect(parseDhcpMessage(written)).toMatchObject({
      xid: 0xdeadbeef,
      type: 3,
      broadcast: true,
      clientAddress: ip("10.0.0.7"),
      hardwareAddress: hex("020000000005"),
    });
  });

  test("RFC2131-4.1: options go on in file and sname when overload says so", () => {
    for (const [overload, inFile, inName] of [
      [1, true, false],
      [2, false, true],
      [3, true, true],
      [0, false, false],
    ] as const) {
      const bytes = offer([[52, [overload]]]);
      bytes.set([6, 4, 9, 9, 9, 9, 255], 108);
      bytes.set([3, 4, 10, 0, 0, 3, 255], 44);
      const found = leaseOf(parseDhcpMessage(bytes)!);
      expect(found?.nameServers).toEqual(inFile ? ["9.9.9.9"] : []);
      expect(found?.routers).toEqual(inName ? ["10.0.0.3"] : []);
    }
  });

  test("RFC3396-7: the parts of an option are put together, over all three fields", () => {
    const bytes = offer([
      [52, [1]],
      [6, [9, 9]],
    ]);
    bytes.set([6, 6, 9, 9, 8, 8, 8, 8, 255], 108);
    expect(leaseOf(parseDhcpMessage(bytes)!)?.nameServers).toEqual(["9.9.9.9", "8.8.8.8"]);
  });

  test("RFC3396-6: a long option is written in parts", () => {
    const long = Uint8Array.from({ length: 300 }, (_, index) => index);
    const written = new Options().set(61, long).write();
    expect([written[0], written[1], written[257], written[258]]).toEqual([61, 255, 61, 45]);
    const read = new Options();
    expect(read.read(written)).toBe(true);
    expect(read.get(61)).toEqual(long);
  });

  test.each([
    ["too short", (bytes: Uint8Array) => bytes.subarray(0, 239)],
    ["without the cookie", (bytes: Uint8Array) => bytes.fill(0, 236, 240)],
    ["with a hardware address too long", (bytes: Uint8Array) => bytes.fill(17, 2, 3)],
    ["with an option cut off", (bytes: Uint8Array) => bytes.subarray(0, 246)],
    ["without a type", (bytes: Uint8Array) => bytes.fill(0, 240)],
  ])("%s is none", (_what, change) => {
    expect(parseDhcpMessage(change(offer([])))).toBe(undefined);
  });

  test("random bytes, and every truncation, never throw", () => {
    const whole = offer([
      [119, [3, 99, 111, 109, 0]],
      [121, [0, 10, 0, 0, 1]],
    ]);
    for (let length = 0; length <= whole.length; length++) {
      const message = parseDhcpMessage(whole.subarray(0, length));
      if (message !== undefined) leaseOf(message);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (tail) => {
        const bytes = concat(whole.subarray(0, 243), tail);
        const message = parseDhcpMessage(bytes);
        if (message !== undefined) leaseOf(message);
        parseDhcpMessage(tail);
        parseDomainSearch(tail);
        unwrapDatagram(tail);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a lease", () => {
  test("tells nothing that makes no sense", () => {
    expect(lease([[26, [0, 67]]])?.mtu).toBe(undefined);
    expect(lease([[26, [0, 68]]])?.mtu).toBe(68);
    expect(lease([[3, [10, 0, 0]]])?.routers).toEqual([]);
    expect(lease([[3, [0, 0, 0, 0, 10, 0, 0, 2, 224, 0, 0, 1]]])?.routers).toEqual(["10.0.0.2"]);
    expect(lease([[15, [46, 46, 32]]])?.domain).toBe(undefined);
    expect(lease([[15, [97, 98, 0]]])).toMatchObject({ domain: "ab", search: ["ab"] });
    expect(lease([[12, [27, 91]]])?.hostName).toBe(undefined);
  });

  test.each([
    ["10.0.0.255", []],
    ["0.0.0.0", []],
    ["255.255.255.255", []],
    ["10.0.0.50", [[54, []]]],
  ] as [string, [number, number[]][]][])("none of %s %j", (yiaddr, more) => {
    if (more.length === 0) expect(lease([], yiaddr)).toBe(undefined);
    else
      expect(leaseOf(parseDhcpMessage(writeReply({ type: 2, yiaddr, options: more }, HEARD))!)).toBe(
        undefined,
      );
  });

  test.each([
    [undefined, undefined, undefined, undefined],
    [100, 300, 100, 300],
    [300, 100, undefined, undefined],
    [100, 700, 100, undefined],
    [700, undefined, undefined, undefined],
    [undefined, 200, undefined, undefined], // before T1's default
    [undefined, 500, undefined, 500],
    [0, 0, undefined, undefined],
  ])("T1 %s and T2 %s of 600 s are %s and %s", (t1, t2, renewalSeconds, rebindingSeconds) => {
    const options: [number, number[]][] = [];
    if (t1 !== undefined) options.push([58, seconds(t1)]);
    if (t2 !== undefined) options.push([59, seconds(t2)]);
    expect(lease(options)).toMatchObject({ renewalSeconds, rebindingSeconds });
  });

  test("RFC 3442: routes with as many bytes as their masks cover; malformed ones are none at all", () => {
    const routes = (...bytes: number[]) => lease([[121, bytes]])?.routes;
    // the RFC's examples of descriptors
    expect(routes(8, 10, 10, 0, 0, 1)).toEqual([{ to: "10.0.0.0/8", via: "10.0.0.1" }]);
    expect(routes(17, 10, 17, 128, 1, 2, 3, 4)).toEqual([{ to: "10.17.128.0/17", via: "1.2.3.4" }]);
    expect(routes(32, 10, 229, 0, 128, 1, 2, 3, 4)).toEqual([{ to: "10.229.0.128/32", via: "1.2.3.4" }]);
    expect(routes(8, 10, 0, 0, 0, 0)).toEqual([{ to: "10.0.0.0/8", via: undefined }]);
    expect(routes(25, 10, 0, 0, 255, 1, 2, 3, 4)).toEqual([{ to: "10.0.0.128/25", via: "1.2.3.4" }]);
    expect(routes(33, 1, 2, 3, 4, 1, 2, 3, 4)).toEqual([]);
    expect(routes(8, 10, 10, 0, 0, 1, 24)).toEqual([]);
    expect(routes(8, 10, 224, 0, 0, 1)).toEqual([]);
  });

  test("RFC 3397: domains to search, compressed as in the RFC's example", () => {
    const eng = [3, 101, 110, 103, 5, 97, 112, 112, 108, 101, 3, 99, 111, 109, 0];
    const marketing = [9, 109, 97, 114, 107, 101, 116, 105, 110, 103, 0xc0, 4];
    expect(parseDomainSearch(Uint8Array.from([...eng, ...marketing]))).toEqual([
      "eng.apple.com",
      "marketing.apple.com",
    ]);
    expect(
      lease([
        [119, [...eng, ...marketing]],
        [15, [97]],
      ])?.search,
    ).toEqual(["eng.apple.com", "marketing.apple.com"]);
    const domains = (...bytes: number[]) => parseDomainSearch(Uint8Array.from(bytes));
    expect(domains(0xc0, 0)).toEqual([]); // itself
    expect(domains(1, 97, 0xc0, 5, 0, 0xc0, 0)).toEqual([]); // forward
    expect(domains(1, 97, 0, 64, 97)).toEqual(["a"]);
    expect(domains(1, 32, 0)).toEqual([]);
    expect(domains(...Array.from({ length: 130 }, () => [1, 97]).flat(), 0)).toEqual([]); // longer than a name
    expect(domains(...Array.from({ length: 100 }, () => [1, 97, 0]).flat())).toHaveLength(32);
  });
});

describe("a datagram by hand", () => {
  test("is one that others can read", () => {
    const bytes = wrapDatagram(Uint8Array.of(1, 2, 3));
    const { source, destination, protocol, payload } = parseIpv4(bytes);
    expect({ source, destination, protocol }).toEqual({
      source: "0.0.0.0",
      destination: "255.255.255.255",
      protocol: 17,
    });
    expect(checksum(bytes.subarray(0, 20))).toBe(0);
    expect(payload.slice(0, 6)).toEqual(hex("00440043000b"));
    const given = (payload[6]! << 8) | payload[7]!;
    expect(given).toBe(udpChecksum("0.0.0.0", "255.255.255.255", payload));
  });

  /** A server's answer; `change` has its IPv4 header and its UDP header. */
  function answer(change: (bytes: Uint8Array) => void, sum?: number): Uint8Array {
    const bytes = concat(
      hex("45000020000000004011000" + "00a0000010a000032"),
      hex("00430044000c0000 01020304"),
    );
    const right = udpChecksum("10.0.0.1", "10.0.0.50", bytes.subarray(20));
    const given = sum ?? right;
    bytes.set([given >> 8, given & 255], 26);
    change(bytes);
    bytes.set([0, 0], 10);
    const header = checksum(bytes.subarray(0, 20));
    bytes.set([header >> 8, header & 255], 10);
    return bytes;
  }

  test("comes in with a right checksum, none, or one that the device was to fill in", () => {
    const right = Uint8Array.of(1, 2, 3, 4);
    const pseudo = 0x0a00 + 1 + 0x0a00 + 0x32 + 17 + 12;
    for (const sum of [undefined, 0, pseudo]) expect(unwrapDatagram(answer(() => {}, sum))).toEqual(right);
    expect(unwrapDatagram(answer(() => {}, 0x1234))).toBe(undefined);
    expect(
      unwrapDatagram(
        concat(
          answer(() => {}),
          hex("0000"),
        ),
      ),
    ).toEqual(right); // padded by its frame
  });

  test.each<[string, (bytes: Uint8Array) => void]>([
    ["of another version", (bytes) => bytes.set([0x65], 0)],
    ["with a short header", (bytes) => bytes.set([0x44], 0)],
    ["longer than it is", (bytes) => bytes.set([0, 33], 2)],
    ["a fragment", (bytes) => bytes.set([0x20, 0], 6)],
    ["a later fragment", (bytes) => bytes.set([0, 1], 6)],
    ["of TCP", (bytes) => bytes.set([6], 9)],
    ["from another port", (bytes) => bytes.set([68], 21)],
    ["to another port", (bytes) => bytes.set([67], 23)],
    ["with UDP's length too long", (bytes) => bytes.set([13], 25)],
    ["with UDP's length too short", (bytes) => bytes.set([7], 25)],
  ])("%s: not looked at", (_what, change) => {
    expect(unwrapDatagram(answer(change, 0))).toBe(undefined);
  });

  test("with a damaged header: not looked at", () => {
    const bytes = answer(() => {}, 0);
    bytes[8]!--;
    expect(unwrapDatagram(bytes)).toBe(undefined);
  });
});
