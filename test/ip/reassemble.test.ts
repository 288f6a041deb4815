import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sendFragments } from "../../src/ip/fragment.ts";
import type { IcmpReport, Transport } from "../../src/ip/path.ts";
import { FLAG_CHECKSUM_TRUSTED, type Packet } from "../../src/packet/packet.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { IpHost, type IpHostOptions, leaveNothingBehind } from "../support/ip-host.ts";
import {
  checksum,
  concat,
  fragments,
  hex,
  type Ipv4Fields,
  icmp,
  ip,
  ipv4,
  parseIcmp,
  parseIpv4,
  pattern,
  toHex,
  udp,
} from "../support/wire.ts";

leaveNothingBehind();

const PROTOCOL = 253;

class Recorder implements Transport {
  readonly payloads: string[] = [];
  readonly headers: Uint8Array[] = [];
  readonly flags: number[] = [];
  readonly trafficClasses: number[] = [];
  readonly origins: number[][] = [];
  input(packet: Packet): void {
    this.payloads.push(toHex(packet.bytes()));
    this.headers.push(packet.slab.bytes.slice(packet.networkOffset, packet.offset));
    this.flags.push(packet.flags);
    this.trafficClasses.push(packet.trafficClass);
    this.origins.push([packet.source, packet.destination, packet.timeToLive, packet.interfaceIndex]);
    packet.release();
  }
  error(_report: IcmpReport): void {}
}

function hostWithRecorder(options: IpHostOptions = {}): { host: IpHost; recorder: Recorder } {
  const host = new IpHost(options);
  const recorder = new Recorder();
  host.ip.register(PROTOCOL, recorder);
  return { host, recorder };
}

function piece(at: number, payload: Uint8Array, more: boolean, fields: Partial<Ipv4Fields> = {}): Uint8Array {
  return ipv4({
    protocol: PROTOCOL,
    identification: 99,
    fragmentOffset: at,
    moreFragments: more,
    payload,
    ...fields,
  });
}

/** Expects that the host holds nothing incomplete any more. */
function expectEmpty(host: IpHost): void {
  expect(packetPool.outstanding).toBe(0);
  expect(host.clock.timers.armedCount).toBe(0);
}

describe("fragments that belong together", () => {
  test("RFC791-3.2-4 RFC1122-3.2.1.4-1: make the datagram in any order, with duplicates", () => {
    const { host, recorder } = hostWithRecorder();
    const datagram = ipv4({ protocol: PROTOCOL, identification: 7, payload: pattern(1200) });
    const scenario = fc
      .integer({ min: 1, max: 20 })
      .map((eighths) => fragments(datagram, 8 * eighths))
      .chain((pieces) =>
        fc.tuple(
          fc.shuffledSubarray(pieces, { minLength: pieces.length }),
          fc.array(fc.constantFrom(...pieces), { maxLength: 5 }),
        ),
      );
    fc.assert(
      fc.property(scenario, ([pieces, duplicates]) => {
        recorder.payloads.length = 0;
        // the last piece of the order completes it, so the duplicates go before
        for (const bytes of pieces.slice(0, -1)) host.link.inject(bytes);
        const early = duplicates.filter((bytes) => bytes !== pieces.at(-1));
        for (const bytes of early) host.link.inject(bytes);
        host.clock.runInstant();
        expect(recorder.payloads).toEqual([]);
        host.receive(pieces.at(-1) as Uint8Array);
        expect(recorder.payloads).toEqual([toHex(pattern(1200))]);
        expectEmpty(host);
      }),
      { numRuns: 300 },
    );
    expect(host.ip.counters.reassembled).toBe(300);
    expect(host.ip.counters.duplicateFragment).toBeGreaterThan(100);
  });

  test("RFC791-3.1-4 RFC1122-3.3.2-1: 576 bytes in 1 to 70 fragments, and 65535 bytes too", () => {
    const { host } = hostWithRecorder();
    const echo = icmp({ type: 8, rest: 0x0001_0002, payload: pattern(548) }, { identification: 5 });
    expect(echo).toHaveLength(576);
    for (let size = 8; size <= 560; size += 8) {
      for (const bytes of fragments(echo, size)) host.link.inject(bytes);
      host.clock.runInstant();
      const [answer] = host.link.take();
      expect(parseIcmp(parseIpv4(answer as Uint8Array).payload).payload).toEqual(pattern(548));
    }
    const { host: other, recorder } = hostWithRecorder();
    const longest = ipv4({ protocol: PROTOCOL, identification: 6, payload: pattern(65_515) });
    for (const bytes of fragments(longest, 552)) other.link.inject(bytes);
    other.clock.runInstant();
    expect(recorder.payloads.map((payload) => payload.length / 2)).toEqual([65_515]);
  });

  test("RFC791-3.2-3: of other source, destination, protocol or ID are never mixed", () => {
    const { host, recorder } = hostWithRecorder();
    host.ip.register(254, recorder);
    const others: Partial<Ipv4Fields>[] = [
      {},
      { source: "10.0.0.3" },
      { destination: "10.0.0.255" },
      { protocol: 254 },
      { identification: 98 },
    ];
    for (const [index, fields] of others.entries()) {
      host.receive(piece(0, pattern(8, 10 * index), true, fields));
    }
    expect(recorder.payloads).toEqual([]);
    for (const [index, fields] of others.entries()) {
      host.receive(piece(8, pattern(3, 100 + index), false, fields));
    }
    expect(recorder.payloads).toEqual(
      others.map((_, index) => toHex(concat(pattern(8, 10 * index), pattern(3, 100 + index)))),
    );
  });

  test("RFC815-6-1: header and options come from the first fragment", () => {
    const { host, recorder } = hostWithRecorder();
    host.receive(piece(8, pattern(3), false, { timeToLive: 3, options: hex("01010101") }));
    const first = { timeToLive: 200, options: hex("94040000 01010100") };
    host.receive(piece(0, pattern(8), true, first));
    expect(recorder.origins).toEqual([[ip("10.0.0.2"), ip("10.0.0.1"), 200, 1]]);
    const header = recorder.headers[0] as Uint8Array;
    expect(checksum(header)).toBe(0);
    expect(parseIpv4(header)).toMatchObject({
      timeToLive: 200,
      options: first.options,
      totalLength: 28 + 11,
      moreFragments: false,
      fragmentOffset: 0,
    });
  });

  test("DF on a fragment does not matter, nor does a last fragment that comes first", () => {
    const { host, recorder } = hostWithRecorder();
    host.receive(piece(16, pattern(1), false, { dontFragment: true }));
    host.receive(piece(0, pattern(16), true, { dontFragment: true }));
    expect(recorder.payloads).toHaveLength(1);
  });

  test("RFC3168-5.3-1: CE on any fragment is CE on the datagram; Not-ECT and CE together is a fraud", () => {
    const outcome = (ecn: number[]): number | string => {
      const { host, recorder } = hostWithRecorder();
      for (const [index, trafficClass] of ecn.entries()) {
        host.receive(
          piece(8 * index, pattern(8), index < ecn.length - 1, { trafficClass: 0xb8 | trafficClass }),
        );
      }
      expect(recorder.headers.every((header) => checksum(header) === 0)).toBe(true);
      return host.ip.counters.reassemblyMixedEcn === 1 ? "dropped" : (recorder.trafficClasses[0] as number);
    };
    expect(outcome([2, 2, 2])).toBe(0xba);
    expect(outcome([2, 3, 2])).toBe(0xbb);
    expect(outcome([1, 2, 3])).toBe(0xbb);
    expect(outcome([0, 0, 0])).toBe(0xb8);
    expect(outcome([0, 3, 0])).toBe("dropped");
    expect(outcome([3, 0, 2])).toBe("dropped");
  });

  test("a broadcast in fragments is a broadcast: no error answers it", () => {
    const { host } = hostWithRecorder();
    const datagram = udp({ destinationPort: 9, payload: pattern(40) }, { destination: "10.0.0.255" });
    for (const bytes of fragments(datagram, 24)) expect(host.receive(bytes)).toEqual([]);
    expect(host.udp.counters.noPort).toBe(1);
    expect(host.ip.icmp.counters.errorsSent).toBe(0);
  });

  test("checksums of the whole are trusted only if those of all fragments were", () => {
    const { host, recorder } = hostWithRecorder();
    host.receive(piece(0, pattern(8), true), FLAG_CHECKSUM_TRUSTED);
    host.receive(piece(8, pattern(8), false), FLAG_CHECKSUM_TRUSTED);
    host.receive(piece(0, pattern(8), true), FLAG_CHECKSUM_TRUSTED);
    host.receive(piece(8, pattern(8), false));
    expect(recorder.flags).toEqual([FLAG_CHECKSUM_TRUSTED, 0]);
  });
});

describe("fragments that contradict each other", () => {
  const counters = ["reassemblyOverlap", "reassemblyTooLong", "badFragment", "duplicateFragment"] as const;

  /** Feeds fragments [start, end, more, filler byte?] and returns the counter that moved. */
  function feed(...pieces: [start: number, end: number, more: boolean, filler?: number][]): string {
    const { host, recorder } = hostWithRecorder();
    for (const [start, end, more, filler] of pieces) {
      const payload = pattern(end - start, start);
      if (filler !== undefined) payload.fill(filler);
      host.receive(piece(start, payload, more));
    }
    const moved = counters.filter((name) => host.ip.counters[name] > 0);
    if (moved.includes("reassemblyOverlap") || moved.includes("reassemblyTooLong")) {
      expect(recorder.payloads).toEqual([]);
    }
    return moved.join();
  }

  test("RFC5722-4-1 CVE-1999-0015: teardrop: the second inside the first, with other bytes, ends the datagram", () => {
    expect(feed([0, 32, true], [8, 16, true, 0xee])).toBe("reassemblyOverlap");
    expect(feed([0, 32, true], [24, 28, false, 0xee])).toBe("reassemblyOverlap");
    expect(feed([0, 32, true], [0, 32, true, 0xee])).toBe("reassemblyOverlap");
  });

  test("RFC5722-4-1 CVE-1999-0104 CVE-1999-0257 CVE-1999-0258: any partial overlap ends it, even of equal bytes", () => {
    expect(feed([0, 32, true], [24, 48, true])).toBe("reassemblyOverlap");
    expect(feed([24, 48, true], [0, 32, true])).toBe("reassemblyOverlap");
    expect(feed([8, 16, true], [0, 24, true])).toBe("reassemblyOverlap");
    expect(feed([0, 16, true], [32, 48, true], [8, 40, true])).toBe("reassemblyOverlap");
    expect(feed([0, 48, true], [32, 56, false], [40, 44, false])).toBe("reassemblyOverlap");
    expect(feed([0, 8, true], [65_000, 65_400, true], [65_392, 65_400, true, 0])).toBe("reassemblyOverlap");
  });

  test("what repeats bytes that are there, under whatever cut, is only a duplicate", () => {
    expect(feed([0, 32, true], [0, 32, true])).toBe("duplicateFragment");
    expect(feed([0, 32, true], [8, 16, true])).toBe("duplicateFragment");
    expect(feed([0, 16, true], [16, 32, true], [8, 24, true])).toBe("duplicateFragment");
    expect(feed([32, 40, false], [32, 40, false])).toBe("duplicateFragment");
  });

  test("RFC815-3-1: two ends, or data behind the end, end it", () => {
    expect(feed([16, 20, false], [24, 28, false])).toBe("reassemblyOverlap");
    expect(feed([24, 28, false], [16, 20, false])).toBe("reassemblyOverlap");
    expect(feed([16, 20, false], [24, 32, true])).toBe("reassemblyOverlap");
    expect(feed([24, 32, true], [16, 20, false])).toBe("reassemblyOverlap");
    expect(feed([0, 32, true], [32, 40, false], [16, 24, false])).toBe("");
  });

  test("after that nothing of it is left, and the same ID can be used again", () => {
    const { host, recorder } = hostWithRecorder();
    host.receive(piece(0, pattern(32), true));
    host.receive(piece(8, pattern(16), true));
    expectEmpty(host);
    host.receive(piece(0, pattern(8), true));
    host.receive(piece(8, pattern(8, 8), false));
    expect(recorder.payloads).toEqual([toHex(pattern(16))]);
  });

  test("RFC791-3.2-1: a fragment that is no multiple of eight, or empty, is dropped alone", () => {
    expect(feed([0, 7, true])).toBe("badFragment");
    expect(feed([8, 8, false])).toBe("badFragment");
    expect(feed([0, 0, true])).toBe("badFragment");
    const { host, recorder } = hostWithRecorder();
    host.receive(piece(0, pattern(8), true));
    host.receive(piece(8, pattern(9), true));
    host.receive(piece(8, pattern(9, 8), false));
    expect(recorder.payloads).toEqual([toHex(pattern(17))]);
  });

  test("RFC791-3.2-5 CVE-1999-0128: ping of death: more than 65535 bytes ends it", () => {
    expect(feed([0, 8, true], [65_512, 65_512 + 1480, false])).toBe("reassemblyTooLong");
    expect(feed([65_528, 65_536, true])).toBe("reassemblyTooLong");
    expect(feed([65_512, 65_515, false])).toBe("");
    expect(feed([65_512, 65_516, false])).toBe("reassemblyTooLong");
  });

  test("RFC791-3.2-5: what is short enough by itself, but not behind the first's options, ends it too", () => {
    const { host } = hostWithRecorder();
    const size = 65_512;
    const first = piece(0, pattern(1024), true, { options: hex("01010101") });
    for (let at = 1024; at < size; at += 1024)
      host.link.inject(piece(at, pattern(Math.min(1024, size - at)), true));
    host.link.inject(piece(size, pattern(3), false));
    host.link.inject(first);
    host.clock.runInstant();
    expect(host.ip.counters).toMatchObject({ reassemblyTooLong: 1, reassembled: 0, delivered: 0 });
    expectEmpty(host);
  });

  test("any set of fragments: what is delivered is right, and nothing is left", () => {
    const spec = fc.record({
      at: fc.nat(6).map((eighths) => 8 * eighths),
      length: fc.nat(24),
      more: fc.boolean(),
      forged: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    });
    fc.assert(
      fc.property(fc.array(spec, { maxLength: 12 }), (pieces) => {
        const { host, recorder } = hostWithRecorder();
        let honest = true;
        for (const { at, length, more, forged } of pieces) {
          if (forged) honest = false;
          const payload = forged ? new Uint8Array(length).fill(0xff) : pattern(length, at);
          host.receive(piece(at, payload, more));
        }
        for (const payload of recorder.payloads) {
          if (honest) expect(payload).toBe(toHex(pattern(payload.length / 2)));
        }
        host.advance(31_000);
        expectEmpty(host);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("limits", () => {
  test("RFC791-3.2-6 RFC1122-3.3.2-3: an incomplete datagram is given up 30 s after its first fragment came", () => {
    const { host, recorder } = hostWithRecorder();
    host.receive(piece(8, pattern(8), true));
    host.advance(20_000);
    host.receive(piece(16, pattern(8), true));
    host.advance(9_999);
    expect(packetPool.outstanding).toBe(2);
    host.advance(1);
    expect(host.ip.counters.reassemblyTimeout).toBe(1);
    expectEmpty(host);
    host.receive(piece(0, pattern(8), true));
    host.receive(piece(24, pattern(8), false));
    host.advance(30_000);
    expect(recorder.payloads).toEqual([]);
  });

  test("RFC1122-3.3.2-4: when time runs out Time Exceeded is sent if fragment zero came, and only then", () => {
    const { host } = hostWithRecorder();
    const first = piece(0, pattern(64), true);
    host.receive(piece(64, pattern(8), true, { source: "10.0.0.3" }));
    host.receive(first);
    host.receive(piece(72, pattern(8), false));
    host.advance(30_000);
    const answers = host.link.take().map(parseIpv4);
    expect(answers).toHaveLength(1);
    expect(answers[0]).toMatchObject({ source: "10.0.0.1", destination: "10.0.0.2", protocol: 1 });
    const message = parseIcmp(answers[0]?.payload as Uint8Array);
    expect(message).toMatchObject({ type: 11, code: 1, rest: 0 });
    expect(toHex(message.payload)).toBe(toHex(first));
    expect(host.ip.counters.reassemblyTimeout).toBe(2);
    expect(host.ip.icmp.counters).toMatchObject({ errorsSent: 1, errorsForbidden: 0 });
  });

  test("the time is configurable", () => {
    const { host } = hostWithRecorder({ ip: { reassemblyTimeoutMillis: 100 } });
    host.receive(piece(8, pattern(8), true));
    host.advance(100);
    expectEmpty(host);
  });

  test("datagrams that wait expire one after the other", () => {
    const { host } = hostWithRecorder();
    for (let count = 0; count < 10; count++) {
      host.receive(piece(8, pattern(8), true, { identification: count }));
      host.advance(1000);
    }
    for (let left = 9; left >= 0; left--) {
      host.advance(left === 9 ? 20_000 : 1000);
      expect(packetPool.outstanding).toBe(left);
    }
    expectEmpty(host);
  });

  test("CVE-2000-0305: jolt2: one fragment for ever costs nothing but its comparison", () => {
    const { host } = hostWithRecorder();
    const one = piece(8, pattern(8), true);
    for (let count = 0; count < 10_000; count++) host.receive(one);
    expect(packetPool.outstanding).toBe(1);
    expect(host.ip.counters.duplicateFragment).toBe(9999);
  });

  test("CVE-2018-5391 CVE-1999-0345: FragmentSmack: a datagram may come in 256 fragments", () => {
    const { host } = hostWithRecorder();
    for (let count = 256; count > 0; count--) host.receive(piece(16 * count, pattern(8), true));
    expect(packetPool.outstanding).toBe(256);
    host.receive(piece(0, pattern(8), true));
    expect(host.ip.counters.reassemblyTooMany).toBe(1);
    expectEmpty(host);
  });

  test("CVE-2004-0744 CVE-2018-6923: rose: thousands of halves from everywhere stay within the memory, the oldest go", () => {
    const { host, recorder } = hostWithRecorder();
    for (let count = 0; count < 5000; count++) {
      const source = `10.${1 + (count % 200)}.0.2`;
      host.receive(piece(0, pattern(8), true, { source, identification: count }));
      expect(packetPool.outstanding).toBeLessThanOrEqual(1024);
    }
    expect(host.ip.counters.reassemblyEvicted).toBe(5000 - 1024);
    // an honest datagram gets through all the same
    host.receive(piece(0, pattern(8), true));
    host.receive(piece(8, pattern(8, 8), false));
    expect(recorder.payloads).toEqual([toHex(pattern(16))]);
    host.advance(30_000);
    expectEmpty(host);
  });

  test("CVE-2018-6923: one source cannot take the room of the others", () => {
    const { host, recorder } = hostWithRecorder({ ip: { reassemblyMaxBytesPerSource: 20 * 2048 } });
    host.receive(piece(0, pattern(8), true, { source: "10.0.0.3" }));
    for (let count = 0; count < 1000; count++)
      host.receive(piece(0, pattern(8), true, { identification: count }));
    expect(packetPool.outstanding).toBe(21);
    host.receive(piece(8, pattern(8, 8), false, { source: "10.0.0.3" }));
    expect(recorder.payloads).toEqual([toHex(pattern(16))]);
    expect(packetPool.outstanding).toBe(20);
  });

  test("memory is bounded by the size of buffers, not of data", () => {
    const { host } = hostWithRecorder({ ip: { reassemblyMaxBytes: 10 * 2048 } });
    for (let count = 0; count < 100; count++) {
      host.receive(piece(0, pattern(8), true, { source: `10.${1 + count}.0.1` }));
    }
    expect(packetPool.outstanding).toBe(10);
    // a datagram that alone needs more than there is cannot be
    for (let at = 0; at < 20; at++) host.receive(piece(16 * at, pattern(8), true));
    expect(packetPool.outstanding).toBeLessThanOrEqual(10);
  });

  test("RFC6864-5-1 RFC 4963: a fragment of another datagram with the same ID does not get past the checksum", () => {
    const { host } = hostWithRecorder();
    const endpoint = host.udp.create();
    endpoint.bind(0, 1000);
    const one = fragments(udp({ payload: pattern(100, 1) }, { identification: 5 }), 56);
    const two = fragments(udp({ payload: pattern(100, 2) }, { identification: 5 }), 56);
    host.receive(one[0] as Uint8Array);
    host.receive(two[1] as Uint8Array);
    expect(host.ip.counters.reassembled).toBe(1);
    expect(host.udp.counters).toMatchObject({ badChecksum: 1, delivered: 0 });
  });

  test("RFC 1858: a transport header in pieces is judged when it is whole", () => {
    const { host } = hostWithRecorder();
    const endpoint = host.udp.create();
    endpoint.bind(0, 1000);
    const pieces = fragments(udp({ payload: pattern(20) }, { identification: 5 }), 8);
    for (const bytes of pieces) host.link.inject(bytes);
    host.clock.runInstant();
    expect(host.udp.counters.delivered).toBe(1);
  });

  test("CVE-2020-17438 CVE-2020-11896: a fragment with inconsistent lengths never gets so far", () => {
    const { host } = hostWithRecorder();
    host.receive(piece(8, pattern(8), true, { totalLength: 60 }));
    host.receive(piece(8, pattern(8), true, { headerLength: 40, totalLength: 28 }));
    expect(host.ip.counters).toMatchObject({ badTotalLength: 1, badHeaderLength: 1, fragmentsReceived: 0 });
    // what a link adds behind the total length does not count as data
    host.receive(concat(piece(0, pattern(8), true), pattern(30)));
    expect(host.ip.counters).toMatchObject({ badFragment: 0, fragmentsReceived: 1 });
  });

  test("CVE-2021-24074: a source route in a fragment is dropped like any other", () => {
    const { host } = hostWithRecorder();
    host.receive(piece(8, pattern(8), true, { options: hex("83070408080808 00") }));
    expect(host.ip.counters).toMatchObject({ sourceRouted: 1, fragmentsReceived: 0 });
  });
});

describe("cutting", () => {
  /** The pieces that a whole datagram, with whatever header, is cut into. */
  function cut(datagram: Uint8Array, mtu: number): Ipv4Fields[] {
    const host = new IpHost();
    expect(sendFragments(packetPool.from(datagram), mtu, host.eth0, 0)).toBe(host.link.sent.length);
    return host.link.take().map((bytes) => {
      const fields = parseIpv4(bytes);
      expect(checksum(bytes.slice(0, fields.headerLength))).toBe(0);
      expect(bytes.length).toBe(fields.totalLength);
      expect(bytes.length).toBeLessThanOrEqual(mtu);
      return fields;
    });
  }

  test("RFC791-3.1-8: options with the copied flag are in every fragment, the others in the first only", () => {
    const recordRoute = "07070400000000";
    const strictRoute = "89070408080808";
    const options = hex(`01${recordRoute}${strictRoute}00`);
    const pieces = cut(ipv4({ options, identification: 4, payload: pattern(200) }), 100);
    expect(pieces.map((fields) => toHex(fields.options))).toEqual([
      toHex(options),
      `${strictRoute}00`,
      `${strictRoute}00`,
    ]);
    expect(concat(...pieces.map((fields) => fields.payload))).toEqual(pattern(200));
    let end = 0;
    for (const fields of pieces) {
      expect(fields.fragmentOffset).toBe(end);
      end += fields.payload.length;
    }
  });

  test("a fragment that is cut again stays in its place, and its last piece says more if it did", () => {
    for (const moreFragments of [true, false]) {
      const pieces = cut(ipv4({ fragmentOffset: 800, moreFragments, payload: pattern(160) }), 84);
      expect(
        pieces.map((fields) => [fields.fragmentOffset, fields.payload.length, fields.moreFragments]),
      ).toEqual([
        [800, 64, true],
        [864, 64, true],
        [928, 32, moreFragments],
      ]);
    }
  });

  test("any options, at the smallest MTU: every piece is whole, and the data is all there", () => {
    const anything = fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.slice(0, bytes.length & ~3));
    fc.assert(
      fc.property(anything, fc.integer({ min: 1, max: 300 }), (options, length) => {
        const pieces = cut(ipv4({ options, payload: pattern(length) }), 68);
        expect(concat(...pieces.map((fields) => fields.payload))).toEqual(pattern(length));
      }),
    );
  });
});
