/** Long segments of offload on their way through a router, and those of our own where the link does not cut them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FLAG_CHECKSUM_TRUSTED } from "../../src/packet/packet.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { IpHost, leaveNothingBehind } from "../support/ip-host.ts";
import { closeRouters, Router } from "../support/router.ts";
import { parseTcp, type TcpFields, tcp, timestamps } from "../support/tcp-wire.ts";
import type { TestLinkOptions } from "../support/test-link.ts";
import { checksum, concat, type Ipv4Fields, ip, parseIcmp, parseIpv4, pattern } from "../support/wire.ts";

closeRouters();
leaveNothingBehind();

const ENDS = { source: "10.1.0.1", destination: "10.2.0.1" };
const OPTIONS = [timestamps(1, 2)]; // 12 bytes with their padding
const OFFLOAD = { checksum: true, segmentation: true };

/** A segment of `length` bytes of text as a device with offload hands it over: its checksum is only begun. */
function long(length: number, fields: Partial<TcpFields> = {}, header: Partial<Ipv4Fields> = {}): Uint8Array {
  const data = pattern(length);
  const segment = { seq: 1000, ack: 5, flags: "A", options: OPTIONS, checksum: 0x1234, data, ...fields };
  return tcp(segment, { ...ENDS, identification: 40, dontFragment: true, ...header });
}

/** Has `bytes` come from the west of `router`, in segments of `size`; what leaves it, by link. */
function pass(router: Router, bytes: Uint8Array, size: number): Record<"west" | "east", Uint8Array[]> {
  const packet = packetPool.from(bytes);
  packet.flags = FLAG_CHECKSUM_TRUSTED;
  packet.segmentSize = size;
  router.interfaces[0]?.input(packet);
  router.clock.runInstant();
  return { west: router.west.sent.splice(0), east: router.east.sent.splice(0) };
}

function routerTo(east: TestLinkOptions): Router {
  return new Router({ links: [OFFLOAD, east] });
}

describe("a long segment that is passed on", () => {
  test("to a link that cuts it goes whole, its checksum left out", () => {
    const router = routerTo(OFFLOAD);
    const { east } = pass(router, long(30_000), 1448);
    expect(east).toHaveLength(1);
    expect(router.east.segmentSizes).toEqual([1448]);
    const sent = parseIpv4(east[0] as Uint8Array);
    expect(sent).toMatchObject({ timeToLive: 63, totalLength: 30_052 });
    expect(parseTcp(east[0] as Uint8Array)).toMatchObject({ seq: 1000, checksum: 0 });
  });

  test("to one that does not is cut: headers and checksums are those of single segments", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000 }),
        fc.integer({ min: 536, max: 1448 }),
        (length, size) => {
          const { east } = pass(routerTo({}), long(length, { seq: -3000, flags: "APF" }), size);
          expect(east).toHaveLength(Math.ceil(length / size));
          const segments = east.map(parseTcp);
          expect(concat(...segments.map(({ data }) => data))).toEqual(pattern(length));
          let seq = 2 ** 32 - 3000;
          for (const [number, bytes] of east.entries()) {
            const header = parseIpv4(bytes);
            expect(checksum(bytes.slice(0, 20))).toBe(0);
            const isLast = number === east.length - 1;
            expect(header).toMatchObject({ identification: 40 + number, timeToLive: 63, dontFragment: true });
            expect(header.totalLength).toBe(bytes.length);
            expect(segments[number]).toMatchObject({
              seq,
              ack: 5,
              intact: true,
              options: { timestamps: { value: 1, echo: 2 } },
            });
            expect(segments[number]?.flags).toBe(isLast ? "FPA" : "A");
            expect(segments[number]?.data.length).toBe(isLast ? length - number * size : size);
            seq = (seq + size) % 2 ** 32;
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test("RFC 3168 §6.1.2: says CWR in the first alone, ECE in all", () => {
    const { east } = pass(routerTo({}), long(3000, { flags: "ACE" }), 1000);
    expect(east.map((bytes) => parseTcp(bytes).flags)).toEqual(["ECA", "EA", "EA"]);
  });

  test("points to urgent data from each segment's own beginning", () => {
    const { east } = pass(routerTo({}), long(3000, { flags: "AU", urgentPointer: 1500 }), 1000);
    const seen = east
      .map((bytes) => parseTcp(bytes))
      .map(({ flags, urgentPointer }) => [flags, urgentPointer]);
    expect(seen).toEqual([
      ["UA", 1500],
      ["UA", 500],
      ["A", 0],
    ]);
  });

  test("leaves checksums out where the link makes those, and cuts nothing", () => {
    const { east } = pass(routerTo({ checksum: true }), long(3000), 1000);
    expect(east.map((bytes) => parseTcp(bytes).checksum)).toEqual([0, 0, 0]);
  });

  test("RFC1812-5.2.6-2: fits if its segments do", () => {
    const router = routerTo({ mtu: 1500 });
    expect(pass(router, long(10_000), 1448).east).toHaveLength(7);
    const { west, east } = pass(router, long(10_000), 1449);
    expect(east).toEqual([]);
    const error = parseIcmp(parseIpv4(west[0] as Uint8Array).payload);
    expect(error).toMatchObject({ type: 3, code: 4, rest: 1500 });
    expect(pass(router, long(1448), 4000).east).toHaveLength(1); // a single one is no longer than it is
  });

  test("and may be fragmented, is cut first: a device would not do both", () => {
    for (const features of [{}, OFFLOAD]) {
      const { east } = pass(
        routerTo({ mtu: 1000, ...features }),
        long(2896, {}, { dontFragment: false }),
        1448,
      );
      const seen = east
        .map(parseIpv4)
        .map((piece) => [piece.identification, piece.fragmentOffset, piece.totalLength]);
      expect(seen).toEqual([
        [40, 0, 996],
        [40, 976, 524],
        [41, 0, 996],
        [41, 976, 524],
      ]);
    }
  });

  test("has its way recorded in every segment", () => {
    const options = Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 0);
    const { east } = pass(routerTo({}), long(2000, {}, { options }), 1000);
    const recorded = [7, 7, 8, 10, 2, 0, 254, 0];
    expect(east.map((bytes) => [...parseIpv4(bytes).options])).toEqual([recorded, recorded]);
    expect(east.every((bytes) => parseTcp(bytes).intact)).toBe(true);
  });

  test("is dropped where it is none of TCP, or only a part of it", () => {
    const router = routerTo({});
    for (const header of [{ protocol: 17 }, { moreFragments: true }, { fragmentOffset: 8 }]) {
      expect(pass(router, long(3000, {}, header), 1000)).toEqual({ west: [], east: [] });
    }
    expect(pass(router, long(3000, { dataOffset: 4 }), 1000).east).toEqual([]);
    expect(pass(router, tcp({ dataOffset: 15 }, ENDS), 1000).east).toEqual([]);
    expect(router.ip.counters).toMatchObject({ notSegmentable: 5, forwarded: 0 });
  });

  test("of no text at all goes as it is", () => {
    const { east } = pass(routerTo({}), long(0), 1000);
    expect(east).toHaveLength(1);
    expect(parseTcp(east[0] as Uint8Array)).toMatchObject({ intact: true, seq: 1000 });
  });
});

describe("a long segment of our own", () => {
  test("that reaches a link without segmentation is cut there", () => {
    for (const features of [{ checksum: false }, { checksum: true }]) {
      const host = new IpHost({ link: features });
      const packet = packetPool.from(
        long(5000, { checksum: 0 }, { source: "10.0.0.1", destination: "10.0.0.2" }),
      );
      packet.segmentSize = 1000;
      host.eth0.output(packet, ip("10.0.0.2"));
      const sent = host.link.take();
      expect(sent.map((bytes) => parseTcp(bytes).data.length)).toEqual([1000, 1000, 1000, 1000, 1000]);
      expect(sent.every((bytes) => parseTcp(bytes).intact)).toBe(!features.checksum);
      expect(sent.every((bytes) => parseTcp(bytes).checksum === 0)).toBe(features.checksum);
      expect(host.eth0.counters.sentPackets).toBe(5);
    }
  });
});
