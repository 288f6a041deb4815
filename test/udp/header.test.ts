/** The UDP header on the wire (RFC 768). */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FLAG_CHECKSUM_TRUSTED } from "../../src/packet/packet.ts";
import { DatagramInfo, type UdpEndpoint } from "../../src/udp/endpoint.ts";
import { IpHost, leaveNothingBehind } from "../support/ip-host.ts";
import {
  concat,
  hex,
  ip,
  ipv4,
  parseIpv4,
  parseUdp,
  pattern,
  toHex,
  udp,
  udpChecksum,
} from "../support/wire.ts";

leaveNothingBehind();

/** An endpoint at port 1000. */
function listening(host: IpHost): UdpEndpoint {
  const endpoint = host.udp.create();
  expect(endpoint.bind(0, 1000)).toBe(0);
  return endpoint;
}

/** Every datagram that waits, in hex. */
function readAll(endpoint: UdpEndpoint): string[] {
  const buffer = new Uint8Array(65_536);
  const info = new DatagramInfo();
  const all: string[] = [];
  for (;;) {
    const length = endpoint.receive(buffer, 0, buffer.length, 0, info);
    if (length < 0) return all;
    all.push(toHex(buffer.slice(0, length)));
  }
}

describe("received", () => {
  test("this datagram is delivered", () => {
    const host = new IpHost();
    const endpoint = listening(host);
    // 10.0.0.2:2000 to 10.0.0.1:1000, "hi", checksum computed by hand
    host.receive(ipv4({ payload: hex("07d0 03e8 000a 77b6 6869") }));
    expect(readAll(endpoint)).toEqual(["6869"]);
  });

  test("RFC768-Fields-1 CVE-2021-31345: a length below 8 or beyond the IP payload is dropped", () => {
    const host = new IpHost();
    const endpoint = listening(host);
    for (const length of [0, 1, 2, 3, 4, 5, 6, 7, 13, 14, 100, 65_535]) {
      expect(host.receive(udp({ length, payload: pattern(4) }))).toEqual([]);
    }
    expect(host.udp.counters.badLength).toBe(12);
    expect(readAll(endpoint)).toEqual([]);
  });

  test("RFC768-Fields-1: what follows the length is no data", () => {
    const host = new IpHost();
    const endpoint = listening(host);
    const inner = udp({ payload: pattern(5) }).slice(20);
    host.receive(ipv4({ payload: concat(inner, pattern(7)) }));
    host.receive(ipv4({ payload: concat(udp({}).slice(20), pattern(7)) }));
    expect(readAll(endpoint)).toEqual([toHex(pattern(5)), ""]);
  });

  test("cut at every length it is dropped without an answer", () => {
    const host = new IpHost();
    const endpoint = listening(host);
    const datagram = udp({ payload: pattern(6) }).slice(20);
    for (let length = 0; length < datagram.length; length++) {
      expect(host.receive(ipv4({ payload: datagram.slice(0, length) }))).toEqual([]);
    }
    expect(host.udp.counters).toMatchObject({ tooShort: 8, badLength: 6, delivered: 0 });
    expect(readAll(endpoint)).toEqual([]);
  });

  test("RFC768-Fields-2 RFC1122-4.1.3.4-1 RFC1122-4.1.3.4-2: any flipped bit, odd lengths too, is dropped silently", () => {
    for (const size of [5, 8]) {
      const host = new IpHost();
      const endpoint = listening(host);
      const good = udp({ payload: pattern(size) }).slice(20);
      for (let bit = 0; bit < 8 * good.length; bit++) {
        const payload = Uint8Array.from(good);
        payload[bit >>> 3] = (payload[bit >>> 3] as number) ^ (1 << (bit & 7));
        expect(host.receive(ipv4({ payload }))).toEqual([]);
      }
      expect(host.udp.counters.badChecksum + host.udp.counters.badLength).toBe(8 * good.length);
      expect(readAll(endpoint)).toEqual([]);
    }
  });

  test("RFC768-Fields-2: the addresses are covered too", () => {
    const host = new IpHost();
    const endpoint = listening(host);
    const inner = udp({ payload: pattern(4) }, { source: "10.0.0.3" }).slice(20);
    expect(host.receive(ipv4({ payload: inner }))).toEqual([]);
    expect(host.udp.counters.badChecksum).toBe(1);
    host.receive(ipv4({ source: "10.0.0.3", payload: inner }));
    expect(readAll(endpoint)).toEqual([toHex(pattern(4))]);
  });

  test("RFC768-Fields-4: a checksum of 0 says that there is none", () => {
    const host = new IpHost();
    const endpoint = listening(host);
    host.receive(udp({ checksum: 0, payload: pattern(4) }));
    expect(readAll(endpoint)).toEqual([toHex(pattern(4))]);
  });

  test("a trusted link's checksums are not looked at", () => {
    const host = new IpHost();
    const endpoint = listening(host);
    host.receive(udp({ checksum: 0x1234, payload: pattern(4) }), FLAG_CHECKSUM_TRUSTED);
    expect(readAll(endpoint)).toEqual([toHex(pattern(4))]);
  });

  test("RFC768-Fields-5: port 0 as a source is delivered, and cannot be answered", () => {
    const host = new IpHost();
    const endpoint = listening(host);
    host.receive(udp({ sourcePort: 0, payload: pattern(4) }));
    const info = new DatagramInfo();
    expect(endpoint.receive(new Uint8Array(10), 0, 10, 0, info)).toBe(4);
    expect(info.port).toBe(0);
    expect(endpoint.send(pattern(1), 0, 1, info.address, info.port)).toBe(-22); // EINVAL
    expect(host.link.sent).toEqual([]);
  });

  test("CVE-2020-13987: random bytes do no harm", () => {
    const host = new IpHost();
    const endpoint = listening(host);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, toUs) => {
        if (toUs && bytes.length >= 8) bytes.set(hex("03e8"), 2);
        host.receive(ipv4({ payload: bytes }));
      }),
      { numRuns: 3000 },
    );
    endpoint.close();
  });
});

describe("sent", () => {
  test("RFC768-Fields-2: every datagram has the right checksum, odd lengths too", () => {
    const host = new IpHost();
    const endpoint = listening(host);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 65_535 }), (data, port) => {
        expect(endpoint.send(data, 0, data.length, ip("10.0.0.9"), port)).toBe(data.length);
        const datagram = parseIpv4(host.link.take()[0] as Uint8Array);
        const fields = parseUdp(datagram.payload);
        expect(fields).toMatchObject({
          sourcePort: 1000,
          destinationPort: port,
          length: 8 + data.length,
          checksum: udpChecksum("10.0.0.1", "10.0.0.9", datagram.payload),
          payload: data,
        });
      }),
    );
  });

  test("RFC768-Fields-3: a checksum that comes out as 0 is sent as 0xffff", () => {
    const host = new IpHost();
    const endpoint = listening(host);
    // the last word of the data makes the sum 0xffff
    const probe = udp(
      { sourcePort: 1000, destinationPort: 7, payload: hex("0000") },
      { source: "10.0.0.1", destination: "10.0.0.9" },
    );
    const missing = parseUdp(probe.slice(20)).checksum;
    const data = Uint8Array.of(missing >>> 8, missing & 255);
    endpoint.send(data, 0, 2, ip("10.0.0.9"), 7);
    expect(parseUdp(parseIpv4(host.link.take()[0] as Uint8Array).payload).checksum).toBe(0xffff);
  });

  test("on a trusted link none is made", () => {
    const host = new IpHost({ link: { checksum: true } });
    const endpoint = listening(host);
    endpoint.send(pattern(10), 0, 10, ip("10.0.0.9"), 7);
    expect(parseUdp(parseIpv4(host.link.take()[0] as Uint8Array).payload).checksum).toBe(0);
  });

  test("a slice of a larger array is sent as such", () => {
    const host = new IpHost();
    const endpoint = listening(host);
    endpoint.send(pattern(100), 10, 5, ip("10.0.0.9"), 7);
    expect(parseUdp(parseIpv4(host.link.take()[0] as Uint8Array).payload).payload).toEqual(pattern(5, 10));
  });
});
