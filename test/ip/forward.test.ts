/** Forwarding: what a router passes on, how, and what it says to whom when it does not. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ETHER_TYPE_ALL, TapInfo } from "../../src/ip/tap.ts";
import { FLAG_BROADCAST, FLAG_CHECKSUM_TRUSTED, FLAG_FOREIGN } from "../../src/packet/packet.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { closeRouters, Router } from "../support/router.ts";
import {
  checksum,
  concat,
  fragments,
  type Ipv4Fields,
  icmp,
  ip,
  ipv4,
  parseIcmp,
  parseIpv4,
  parseUdp,
  pattern,
  udp,
  udpChecksum,
} from "../support/wire.ts";

closeRouters();

const WEST = "10.1.0.1";
const EAST = "10.2.0.1";

/** A datagram of UDP from a host on the west to one on the east. */
function through(fields: Partial<Ipv4Fields> = {}, length = 100): Uint8Array {
  return udp({ payload: pattern(length) }, { source: WEST, destination: EAST, identification: 7, ...fields });
}

/** The one datagram among `sent`, with a good header. */
function only(sent: Uint8Array[]): Ipv4Fields {
  expect(sent).toHaveLength(1);
  const bytes = sent[0] as Uint8Array;
  const fields = parseIpv4(bytes);
  expect(fields.totalLength).toBe(bytes.length);
  expect(checksum(bytes.slice(0, fields.headerLength))).toBe(0);
  return fields;
}

/** The one ICMP message among `sent`: to whom, from whom, and what it says. */
function onlyError(sent: Uint8Array[]) {
  const { source, destination, protocol, payload, trafficClass } = only(sent);
  expect(protocol).toBe(1);
  expect(checksum(payload)).toBe(0);
  const { type, code, rest, payload: quoted } = parseIcmp(payload);
  return { source, destination, trafficClass, type, code, rest, quoted };
}

describe("a router", () => {
  test("RFC791-3.1-1 RFC1624-3-1: passes a datagram on, changed in its time to live and checksum alone", () => {
    const router = new Router();
    const bytes = through();
    const { west, east, north } = router.receive(bytes);
    expect([west, north]).toEqual([[], []]);
    const sent = only(east);
    const { checksum: _, ...before } = parseIpv4(bytes);
    expect(sent).toMatchObject({ ...before, timeToLive: 63 });
    expect(router.ip.counters).toMatchObject({ received: 1, forwarded: 1, delivered: 0, notForUs: 0 });
  });

  test("RFC791-3.1-1 RFC1624-3-1: its incremental checksum is the full one, whatever was in the header", () => {
    const router = new Router();
    const word = fc.integer({ min: 0, max: 0xffff });
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(
        word,
        byte,
        fc.integer({ min: 2, max: 255 }),
        byte,
        (identification, trafficClass, ttl, at) => {
          const timeToLive = ttl;
          const destination = `10.9.${at}.${identification & 255}`;
          const bytes = ipv4({
            ...{ identification, trafficClass, timeToLive, destination },
            source: WEST,
            protocol: at,
          });
          const { east } = router.receive(bytes);
          const sent = only(east);
          const { checksum: _, ...before } = parseIpv4(bytes);
          expect(sent).toMatchObject({ ...before, timeToLive: timeToLive - 1 });
          expect(sent.checksum).not.toBe(0xffff);
        },
      ),
    );
  });

  test("sends to the gateway of the best route, or to the destination itself", () => {
    const router = new Router();
    router.west.receive(through());
    router.west.receive(through({ destination: "10.9.1.2" }));
    expect(router.east.nextHops).toEqual([ip(EAST), ip("10.2.0.1")]);
    router.ip.routes.add({ to: "10.9.1.0/24", via: "10.3.0.3" });
    router.west.receive(through({ destination: "10.9.1.2" }));
    expect(router.north.nextHops).toEqual([ip("10.3.0.3")]);
  });

  test("RFC1122-3.3.5: is none unless it is told to be, and may be told at any time", () => {
    const router = new Router({ ip: { forwarding: false } });
    expect(router.receive(through())).toEqual({ west: [], east: [], north: [] });
    expect(router.ip.counters).toMatchObject({ notForUs: 1, forwarded: 0 });
    router.ip.config.forwarding = true;
    expect(router.receive(through()).east).toHaveLength(1);
    router.ip.config.forwarding = false;
    expect(router.receive(through()).east).toHaveLength(0);
  });

  test("RFC1812-5.2.6-1: passes fragments on singly", () => {
    const router = new Router();
    const pieces = fragments(through({}, 4000), 1000);
    for (const piece of pieces) {
      const sent = only(router.receive(piece).east);
      const { checksum: _, ...before } = parseIpv4(piece);
      expect(sent).toMatchObject({ ...before, timeToLive: 63 });
    }
    expect(router.ip.counters).toMatchObject({ forwarded: pieces.length, fragmentsReceived: 0 });
  });

  test("is reached at each of its addresses by each of its interfaces", () => {
    const router = new Router();
    const { west } = router.receive(icmp({ type: 8 }, { source: WEST, destination: "10.3.0.254" }));
    expect(onlyError(west)).toMatchObject({ source: "10.3.0.254", destination: WEST, type: 0 });
    expect(router.ip.counters).toMatchObject({ forwarded: 0, delivered: 1, wrongInterface: 0 });
  });

  test("cuts a link's padding off", () => {
    const router = new Router();
    const bytes = through({}, 1);
    const sent = only(router.receive(concat(bytes, new Uint8Array(17))).east);
    expect(sent.totalLength).toBe(bytes.length);
  });

  test("shows what it passes on to packet sockets, as it comes and as it goes, and to no raw socket", () => {
    const router = new Router();
    const tap = router.ip.taps.create(ETHER_TYPE_ALL, false);
    const raw = router.ip.raw.create(17);
    router.receive(through());
    const lengths: number[] = [];
    const into = new Uint8Array(2000);
    const info = new TapInfo();
    while (tap.receive(into, 0, 2000, 0, info) > 0) lengths.push(info.interfaceIndex);
    expect(lengths).toEqual([router.interfaces[0]?.index, router.interfaces[1]?.index]);
    expect(raw.nextLength).toBe(0);
    tap.close();
    raw.close();
  });
});

describe("the time to live", () => {
  test.each([0, 1])(
    "RFC1812-4.2.2.9-1: of %i: the datagram goes no further, and its source is told",
    (timeToLive) => {
      const router = new Router();
      const bytes = through({ timeToLive });
      const { west, east } = router.receive(bytes);
      expect(east).toEqual([]);
      // RFC 1812 §4.3.2.4: from an address of the interface it leaves by
      expect(onlyError(west)).toMatchObject({ source: "10.1.0.254", destination: WEST, type: 11, code: 0 });
      expect(router.ip.counters).toMatchObject({ timeToLiveExceeded: 1, forwarded: 0 });
    },
  );

  test("RFC1812-4.2.2.9-1: of 2 comes out as 1", () => {
    expect(only(new Router().receive(through({ timeToLive: 2 })).east).timeToLive).toBe(1);
  });

  test("does not matter to what is for the router itself", () => {
    const router = new Router();
    const { west } = router.receive(
      icmp({ type: 8 }, { source: WEST, destination: "10.1.0.254", timeToLive: 1 }),
    );
    expect(onlyError(west).type).toBe(0);
  });
});

describe("errors of a router", () => {
  test("RFC1812-5.2.7.1-1: no route is net unreachable", () => {
    const router = new Router();
    const { west, east, north } = router.receive(through({ destination: "11.0.0.1" }));
    expect([east, north]).toEqual([[], []]);
    expect(onlyError(west)).toMatchObject({ destination: WEST, type: 3, code: 0, rest: 0 });
    expect(router.ip.counters.forwardNoRoute).toBe(1);
  });

  test("RFC1812-5.2.7.1-1: nor is a route by lo one, nor one whose interface is down", () => {
    const router = new Router();
    router.ip.routes.add({ to: "11.0.0.0/8", interface: "lo" });
    expect(onlyError(router.receive(through({ destination: "11.0.0.1" })).west)).toMatchObject({
      type: 3,
      code: 0,
    });
    router.interfaces[1]!.up = false;
    expect(onlyError(router.receive(through()).west)).toMatchObject({ type: 3, code: 0 });
  });

  test("RFC1812-5.2.7.1-1: a next hop that does not answer is host unreachable", () => {
    const router = new Router();
    router.east.send = (packet) => router.interfaces[1]?.unreachable(packet);
    const { west } = router.receive(through());
    expect(onlyError(west)).toMatchObject({ destination: WEST, type: 3, code: 1 });
  });

  test("RFC1812-4.3.2.3-1: quote the datagram as it came, 576 bytes in all", () => {
    const bytes = through({ timeToLive: 1 }, 1000);
    const { west } = new Router().receive(bytes);
    expect(west[0]).toHaveLength(576);
    expect(onlyError(west).quoted).toEqual(bytes.slice(0, 548));
  });

  test("RFC 1812 §4.3.2.5: have the precedence of internetwork control", () => {
    expect(onlyError(new Router().receive(through({ timeToLive: 1 })).west).trafficClass).toBe(0xc0);
  });

  test("RFC1812-4.3.2.4-1: come from the interface they leave by, which need not be the one the datagram came by", () => {
    const router = new Router();
    const { west, north } = router.receive(through({ source: "10.3.0.5", timeToLive: 1 }));
    expect(west).toEqual([]);
    expect(onlyError(north)).toMatchObject({ source: "10.3.0.254", destination: "10.3.0.5" });
  });

  test("RFC1812-4.3.2.7-1: there are none about errors, later fragments and what came as a broadcast", () => {
    const router = new Router();
    const silent = (bytes: Uint8Array, flags = 0) => {
      expect(router.receive(bytes, flags)).toEqual({ west: [], east: [], north: [] });
    };
    silent(icmp({ type: 3, payload: pattern(28) }, { source: WEST, destination: "11.0.0.1" }));
    silent(through({ destination: "11.0.0.1", fragmentOffset: 8 }));
    silent(through({ destination: "11.0.0.1" }), FLAG_BROADCAST);
    expect(router.receive(icmp({ type: 8 }, { source: WEST, destination: "11.0.0.1" })).west).toHaveLength(1);
  });

  test("RFC1812-4.3.2.8-1: are limited, but for those that path MTU discovery needs", () => {
    const router = new Router({ links: [{}, { mtu: 1000 }] });
    let errors = 0;
    let tooBig = 0;
    for (let count = 0; count < 100; count++) {
      errors += router.receive(through({ timeToLive: 1 })).west.length;
      tooBig += router.receive(through({ dontFragment: true }, 1400)).west.length;
    }
    expect([errors, tooBig]).toEqual([6, 100]);
  });
});

describe("a datagram that is longer than the next link's MTU", () => {
  test("RFC1812-5.2.6-2 RFC6864-4.3-1: with DF goes no further, and its source is told the MTU", () => {
    const router = new Router({ links: [{}, { mtu: 1006 }] });
    const { west, east } = router.receive(through({ dontFragment: true }, 979));
    expect(east).toEqual([]);
    expect(onlyError(west)).toMatchObject({ destination: WEST, type: 3, code: 4, rest: 1006 });
    expect(router.ip.counters.forwardTooBig).toBe(1);
    expect(router.receive(through({ dontFragment: true }, 978)).east).toHaveLength(1);
  });

  test("without DF goes on in fragments that say what it said", () => {
    const router = new Router({ links: [{}, { mtu: 1006 }] });
    const bytes = through({ trafficClass: 0x28 }, 2500);
    const { east } = router.receive(bytes);
    const whole = parseIpv4(bytes);
    const pieces = east.map((piece) => only([piece]));
    expect(
      pieces.map(({ fragmentOffset, moreFragments, totalLength }) => [
        fragmentOffset,
        moreFragments,
        totalLength,
      ]),
    ).toEqual([
      [0, true, 1004],
      [984, true, 1004],
      [1968, false, 560],
    ]);
    for (const piece of pieces) {
      const { identification, timeToLive, trafficClass } = piece;
      expect({ identification, timeToLive, trafficClass }).toEqual({
        identification: 7,
        timeToLive: 63,
        trafficClass: 0x28,
      });
    }
    expect(concat(...pieces.map(({ payload }) => payload))).toEqual(whole.payload);
    expect(router.ip.counters).toMatchObject({ forwarded: 1, fragmented: 1, fragmentsSent: 3 });
  });

  test("and is a fragment itself, is cut again, and stays where it belongs", () => {
    const router = new Router({ links: [{}, { mtu: 500 }] });
    const whole = parseIpv4(through({}, 3000)).payload;
    const data = new Map<number, Uint8Array>();
    const ends: number[] = [];
    for (const piece of fragments(through({}, 3000), 1000)) {
      for (const sent of router.receive(piece).east) {
        const { fragmentOffset, payload, moreFragments } = only([sent]);
        data.set(fragmentOffset, payload);
        if (!moreFragments) ends.push(fragmentOffset + payload.length);
      }
    }
    expect(concat(...[...data.keys()].sort((a, b) => a - b).map((at) => data.get(at)!))).toEqual(whole);
    expect(ends).toEqual([whole.length]);
  });
});

describe("not passed on is", () => {
  test.each([
    ["RFC1812-5.3.7-1", "127.0.0.1", "martianDestination"],
    ["RFC1812-5.3.7-1", "0.0.0.1", "martianDestination"],
    ["RFC1812-5.3.7-1", "240.0.0.1", "martianDestination"],
    ["RFC 3927 §7", "169.254.1.1", "martianDestination"],
    ["RFC1812-5.3.7-1", "224.0.0.5", "notForUs"],
    ["RFC1812-4.2.3.1-1", "10.2.0.255", "directedBroadcast"],
    ["RFC1812-4.2.3.1-1", "10.2.0.0", "directedBroadcast"],
  ] as const)("%s: what is for %s", (_, destination, reason) => {
    const router = new Router();
    router.ip.routes.add({ to: "default", via: "10.2.0.1" });
    expect(router.receive(through({ destination }))).toEqual({ west: [], east: [], north: [] });
    expect(router.ip.counters[reason]).toBe(1);
  });

  test.each([
    ["RFC1812-5.3.7-1", "0.0.0.0", "martianSource"],
    ["RFC1812-5.3.7-1", "127.0.0.1", "martianSource"],
    ["RFC1812-5.3.7-1", "224.0.0.1", "martianSource"],
    ["RFC1812-5.3.7-1", "250.0.0.1", "martianSource"],
    ["RFC1812-5.3.7-1", "255.255.255.255", "martianSource"],
    ["RFC1812-5.3.7-1", "10.1.0.255", "martianSource"],
    ["RFC1812-5.3.7-1", "10.2.0.254", "ownSource"],
    ["RFC 3927 §7", "169.254.1.1", "martianSource"],
  ] as const)("%s: what is from %s", (_, source, reason) => {
    const router = new Router();
    expect(router.receive(through({ source }))).toEqual({ west: [], east: [], north: [] });
    expect(router.ip.counters[reason]).toBe(1);
  });

  test("RFC919-5-1: what is for all hosts of a link", () => {
    const router = new Router();
    router.ip.routes.add({ to: "default", via: "10.2.0.1" });
    for (const destination of ["255.255.255.255", "10.1.0.255"]) {
      expect(router.receive(through({ destination }))).toEqual({ west: [], east: [], north: [] });
    }
    expect(router.ip.counters.forwarded).toBe(0);
  });

  test("RFC 1812 §5.3.4: what came as a link-layer broadcast", () => {
    const router = new Router();
    expect(router.receive(through(), FLAG_BROADCAST).east).toEqual([]);
    expect(router.ip.counters.linkBroadcast).toBe(1);
  });

  test("what somebody has put on lo", () => {
    const router = new Router();
    router.ip.interfaces[0]?.input(packetPool.from(through()));
    expect(router.east.take()).toEqual([]);
    expect(router.ip.counters.notForUs).toBe(1);
  });

  test("RFC7126-4.3-1: what has a source route", () => {
    const router = new Router();
    const options = Uint8Array.of(131, 7, 4, 10, 2, 0, 9, 0);
    expect(router.receive(through({ options }))).toEqual({ west: [], east: [], north: [] });
    expect(router.ip.counters.sourceRouted).toBe(1);
  });

  test("what has options that make no sense: its source is told where", () => {
    const router = new Router();
    const { west, east } = router.receive(through({ options: Uint8Array.of(7, 50, 4, 0) }));
    expect(east).toEqual([]);
    expect(onlyError(west)).toMatchObject({ type: 12, code: 0, rest: 21 << 24 });
  });

  test("RFC 1812 §5.3.8: with the filter on, what comes by another interface than its source is reached by", () => {
    for (const reversePathFilter of [false, true]) {
      const router = new Router({ ip: { reversePathFilter } });
      const spoofed = through({ source: "10.3.0.7" });
      expect(router.receive(spoofed).east).toHaveLength(reversePathFilter ? 0 : 1);
      expect(router.receive(through({ source: "8.8.8.8" })).east).toHaveLength(reversePathFilter ? 0 : 1);
      expect(router.ip.counters.reversePath).toBe(reversePathFilter ? 2 : 0);
      expect(router.receive(through()).east).toHaveLength(1);
      expect(router.receive(through({ source: "10.4.1.1" })).east).toHaveLength(1);
    }
  });
});

describe("a redirect", () => {
  const beyond = { source: WEST, destination: "10.4.0.1" };

  test("RFC 1812 §5.2.7.2: tells a neighbour of the nearer gateway; the datagram goes on", () => {
    const router = new Router();
    const { west } = router.receive(through(beyond));
    const [told, passed] = [west[0] as Uint8Array, west[1] as Uint8Array];
    expect(onlyError([told])).toMatchObject({ destination: WEST, type: 5, code: 1, rest: ip("10.1.0.7") });
    expect(only([passed])).toMatchObject({ ...beyond, timeToLive: 63 });
  });

  test("is not sent to who is no neighbour, nor about another interface, nor if that is switched off", () => {
    const router = new Router();
    expect(router.receive(through({ ...beyond, source: "10.4.3.3" })).west).toHaveLength(1);
    expect(router.receive(through(beyond), 0, router.north).north).toHaveLength(0);
    const spoofed = through({ source: "10.2.0.9", destination: "10.9.1.1" });
    expect(router.receive(spoofed).east).toHaveLength(1);
    router.ip.config.sendRedirects = false;
    expect(router.receive(through(beyond)).west).toHaveLength(1);
  });

  test("RFC1812-4.3.2.8-1: is limited, and by itself", () => {
    const router = new Router();
    let told = 0;
    for (let count = 0; count < 50; count++) told += router.receive(through(beyond)).west.length - 1;
    expect(told).toBe(6);
    expect(router.receive(through({ timeToLive: 1 })).west).toHaveLength(1);
  });
});

describe("options", () => {
  /** The options that `options` become on the way; the header's checksum is right. */
  function passed(options: number[], router = new Router()): number[] {
    return [...only(router.receive(through({ options: Uint8Array.from(options) })).east).options];
  }

  test("RFC 791 §3.1: a record of the route gets the address that it leaves by", () => {
    expect(passed([7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0])).toEqual([7, 11, 8, 10, 2, 0, 254, 0, 0, 0, 0, 0]);
    expect(passed([1, 7, 7, 4, 1, 1, 1, 1])).toEqual([1, 7, 7, 8, 10, 2, 0, 254]);
  });

  test("RFC 791 §3.1: a full one goes on as it is", () => {
    expect(passed([7, 7, 8, 1, 2, 3, 4, 0])).toEqual([7, 7, 8, 1, 2, 3, 4, 0]);
    expect(passed([7, 3, 4, 0])).toEqual([7, 3, 4, 0]);
  });

  test("RFC 791 §3.1: a record of the times gets the time, with the address if that is asked for", () => {
    const router = new Router();
    router.clock.jumpTo(5_000_000);
    const time = [0x80, 0, 0x13, 0x88];
    expect(passed([68, 8, 5, 0, 0, 0, 0, 0], router)).toEqual([68, 8, 9, 0, ...time]);
    expect(passed([68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0], router)).toEqual([
      68,
      12,
      13,
      1,
      10,
      2,
      0,
      254,
      ...time,
    ]);
    const ours = [10, 3, 0, 254];
    expect(passed([68, 12, 5, 3, ...ours, 0, 0, 0, 0], router)).toEqual([68, 12, 13, 3, ...ours, ...time]);
    const another = [68, 12, 5, 3, 10, 7, 7, 7, 0, 0, 0, 0];
    expect(passed(another, router)).toEqual(another);
  });

  test("RFC 791 §3.1: a full one counts who found no room, up to 15", () => {
    expect(passed([68, 8, 9, 0x20, 1, 2, 3, 4])).toEqual([68, 8, 9, 0x30, 1, 2, 3, 4]);
    const router = new Router();
    const { west, east } = router.receive(through({ options: Uint8Array.of(68, 8, 9, 0xf0, 1, 2, 3, 4) }));
    expect(east).toEqual([]);
    expect(onlyError(west)).toMatchObject({ type: 12, rest: 23 << 24 });
  });

  test("RFC 791 §3.1: some room, but not enough, is an error", () => {
    for (const options of [
      [7, 6, 4, 0, 0, 0, 0, 0],
      [68, 8, 7, 0, 0, 0, 0, 0],
      [68, 8, 5, 1, 0, 0, 0, 0],
    ]) {
      const router = new Router();
      const { west, east } = router.receive(through({ options: Uint8Array.from(options) }));
      expect(east).toEqual([]);
      expect(onlyError(west)).toMatchObject({ type: 12, rest: 22 << 24 });
    }
  });

  test("unknown ones go on as they are", () => {
    expect(passed([148, 4, 0, 0])).toEqual([148, 4, 0, 0]);
    expect(passed([200, 6, 1, 2, 3, 4, 0, 0])).toEqual([200, 6, 1, 2, 3, 4, 0, 0]);
  });

  test("those with the flag are in every fragment", () => {
    const router = new Router({ links: [{}, { mtu: 576 }] });
    const options = Uint8Array.of(148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0);
    const pieces = router.receive(through({ options }, 1000)).east.map((piece) => only([piece]));
    expect(pieces.map((piece) => [...piece.options])).toEqual([
      [148, 4, 0, 0, 7, 7, 8, 10, 2, 0, 254, 0],
      [148, 4, 0, 0],
    ]);
  });
});

describe("a checksum", () => {
  const { source, destination } = { source: WEST, destination: EAST };

  function udpThrough(
    from: boolean,
    to: boolean,
    sum: number,
    flags: number,
  ): { checksum: number; right: number } {
    const router = new Router({ links: [{ checksum: from }, { checksum: to }] });
    const bytes = udp({ payload: pattern(100), checksum: sum }, { source, destination });
    const { payload } = only(router.receive(bytes, flags).east);
    return { checksum: parseUdp(payload).checksum, right: udpChecksum(source, destination, payload) };
  }

  test("that was left out, or is only begun, is made where the next link does not do it", () => {
    for (const begun of [0, 0x1234]) {
      const { checksum, right } = udpThrough(true, false, begun, FLAG_CHECKSUM_TRUSTED);
      expect(checksum).toBe(right);
    }
  });

  test("and is left out where it does", () => {
    expect(udpThrough(true, true, 0x1234, FLAG_CHECKSUM_TRUSTED).checksum).toBe(0);
  });

  test("that nobody vouches for goes on as it is, wrong ones too, and is vouched for by nobody", () => {
    const router = new Router();
    const flags: number[] = [];
    router.east.send = (packet) => {
      flags.push(packet.flags);
      packet.release();
    };
    router.receive(through());
    router.receive(through(), FLAG_CHECKSUM_TRUSTED);
    expect(flags).toEqual([FLAG_FOREIGN, 0]);
    for (const to of [false, true]) {
      expect(udpThrough(false, to, 0x1234, 0).checksum).toBe(0x1234);
      expect(udpThrough(false, to, 0, 0).checksum).toBe(0);
    }
  });

  test("RFC768-Fields-2: of 0 is sent as 0xffff", () => {
    const router = new Router({ links: [{ checksum: true }] });
    const bytes = (word: number) =>
      udp({ payload: Uint8Array.of(word >> 8, word & 255), checksum: 0 }, { source, destination });
    let word = 0;
    while (udpChecksum(source, destination, parseIpv4(bytes(word)).payload) !== 0xffff) word++;
    const { payload } = only(router.receive(bytes(word), FLAG_CHECKSUM_TRUSTED).east);
    expect(parseUdp(payload).checksum).toBe(0xffff);
  });

  test("of a fragment stays: it is that of the whole", () => {
    const router = new Router({ links: [{ checksum: true }] });
    const bytes = udp({ payload: pattern(2000), checksum: 0x1234 }, { source, destination });
    const [first] = fragments(bytes, 1000) as [Uint8Array];
    expect(parseUdp(only(router.receive(first, FLAG_CHECKSUM_TRUSTED).east).payload).checksum).toBe(0x1234);
  });

  test("is made before a datagram is cut into fragments, for no device makes it then", () => {
    const router = new Router({ links: [{ checksum: true }, { checksum: true, mtu: 576 }] });
    const bytes = udp({ payload: pattern(1000), checksum: 0 }, { source, destination });
    const { east } = router.receive(bytes, FLAG_CHECKSUM_TRUSTED);
    const payload = concat(...east.map((piece) => parseIpv4(piece).payload));
    expect(parseUdp(payload).checksum).toBe(udpChecksum(source, destination, payload));
  });
});

describe("whatever comes", () => {
  const address = fc.oneof(
    fc.constantFrom(
      WEST,
      EAST,
      "10.9.1.1",
      "10.4.1.1",
      "10.3.0.254",
      "10.1.0.255",
      "11.1.1.1",
      "255.255.255.255",
    ),
    fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join(".")),
  );
  const datagram = fc.record({
    source: address,
    destination: address,
    timeToLive: fc.nat(255),
    protocol: fc.constantFrom(1, 6, 17, 50),
    identification: fc.nat(0xffff),
    dontFragment: fc.boolean(),
    moreFragments: fc.boolean(),
    fragmentOffset: fc.nat(0x1fff).map((units) => 8 * units),
    options: fc
      .uint8Array({ maxLength: 10 })
      .map((bytes) => concat(bytes, new Uint8Array((4 - (bytes.length % 4)) % 4))),
    payload: fc.uint8Array({ maxLength: 300 }),
  });

  test("nothing is thrown and nothing is left, also of bytes that mean nothing", () => {
    const router = new Router({ links: [{}, { mtu: 68 }, { checksum: true }] });
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 100 }), datagram.map(ipv4));
    fc.assert(
      fc.property(bytes, fc.nat(15), fc.nat(2), (data, flags, link) => {
        const { received } = router.ip.counters;
        router.receive(data, flags & ~8, [router.west, router.east, router.north][link]);
        expect(router.ip.counters.received).toBe(received + 1);
      }),
      { numRuns: 2000 },
    );
    router.close(); // and with it goes what waited for its other fragments
    expect(packetPool.outstanding).toBe(0);
  });

  test("what is passed on has a good header, one hop less to live, and the same data", () => {
    const router = new Router();
    let seen = 0;
    fc.assert(
      fc.property(datagram, (fields) => {
        const bytes = ipv4({ ...fields, options: new Uint8Array(0) });
        const { forwarded } = router.ip.counters;
        const all = Object.values(router.receive(bytes)).flat();
        if (router.ip.counters.forwarded === forwarded) return;
        seen++;
        const sent = only([all.at(-1) as Uint8Array]);
        const { checksum: _, ...before } = parseIpv4(bytes);
        expect(sent).toMatchObject({ ...before, timeToLive: fields.timeToLive - 1 });
      }),
      { numRuns: 2000 },
    );
    expect(seen).toBeGreaterThan(100);
  });
});
