/** ICMP: echo, the errors we send, the errors we get. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ECONNREFUSED,
  EHOSTUNREACH,
  EMSGSIZE,
  ENETUNREACH,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPROTO,
} from "../../src/base/errno.ts";
import type { IcmpReport, Transport } from "../../src/ip/path.ts";
import { plateauBelow } from "../../src/ip/path-mtu.ts";
import { FLAG_BROADCAST, FLAG_CHECKSUM_TRUSTED, type Packet } from "../../src/packet/packet.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { IpHost, type IpHostOptions, leaveNothingBehind } from "../support/ip-host.ts";
import { TestLink } from "../support/test-link.ts";
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

/** Keeps what errors say. */
class Recorder implements Transport {
  readonly reports: (Omit<IcmpReport, "packet" | "headerOffset" | "offset"> & { quoted: string })[] = [];
  input(packet: Packet): void {
    packet.release();
  }
  error(report: IcmpReport): void {
    const { packet, headerOffset, offset, ...rest } = report;
    expect(packet.slab.bytes[headerOffset]! >>> 4).toBe(4);
    expect(headerOffset).toBeLessThanOrEqual(offset - 20);
    expect(rest.length).toBeGreaterThanOrEqual(8);
    expect(offset + rest.length).toBeLessThanOrEqual(packet.offset + packet.length);
    this.reports.push({ ...rest, quoted: toHex(packet.slab.bytes.slice(offset, offset + rest.length)) });
  }
}

function hostWithRecorder(options: IpHostOptions = {}): { host: IpHost; recorder: Recorder } {
  const host = new IpHost(options);
  const recorder = new Recorder();
  host.ip.register(PROTOCOL, recorder);
  return { host, recorder };
}

/** The one ICMP message among `sent`, checked for what is true of every one. */
function onlyMessage(sent: Uint8Array[]): { ip: Ipv4Fields; icmp: ReturnType<typeof parseIcmp> } {
  expect(sent).toHaveLength(1);
  const fields = parseIpv4(sent[0] as Uint8Array);
  expect(fields.protocol).toBe(1);
  expect(fields.totalLength).toBe(sent[0]?.length);
  expect(checksum((sent[0] as Uint8Array).slice(0, 20))).toBe(0);
  expect(checksum(fields.payload)).toBe(0);
  return { ip: fields, icmp: parseIcmp(fields.payload) };
}

/** A datagram that is answered with port unreachable if anything is. */
function toClosedPort(fields: Partial<Ipv4Fields> = {}, length = 10): Uint8Array {
  return udp({ destinationPort: 9, payload: pattern(length) }, fields);
}

describe("echo", () => {
  test("RFC1122-3.2.2.6-1: this request gets, byte for byte, this reply", () => {
    const host = new IpHost();
    const request = hex("4500001c 00010000 400166de 0a000002 0a000001 0800f7fd 00010001");
    const [reply] = host.receive(request);
    const { identification } = parseIpv4(reply as Uint8Array);
    expect(toHex((reply as Uint8Array).slice(20))).toBe("0000fffd00010001");
    expect(reply).toEqual(
      icmp({ type: 0, rest: 0x0001_0001 }, { source: "10.0.0.1", destination: "10.0.0.2", identification }),
    );
  });

  test("RFC792-Echo-1 RFC1122-3.2.2.6-4: the data comes back whole, in every size from 0 to 65507", () => {
    const sizes = [...Array(80).keys(), 500, 1471, 1472, 1473, 8000, 65_506, 65_507];
    for (const size of sizes) {
      const host = new IpHost({ link: { mtu: 65_535 } });
      const { ip: header, icmp: reply } = onlyMessage(
        host.receive(icmp({ type: 8, rest: 0xabcd_0007, payload: pattern(size) })),
      );
      expect(header).toMatchObject({ source: "10.0.0.1", destination: "10.0.0.2" });
      expect(reply).toMatchObject({ type: 0, code: 0, rest: 0xabcd_0007 });
      expect(reply.payload).toEqual(pattern(size));
    }
  });

  test("RFC1122-3.2.2.6-4: a request in fragments gets a reply in fragments", () => {
    const host = new IpHost();
    const request = icmp({ type: 8, rest: 1, payload: pattern(65_507) }, { identification: 3 });
    for (const bytes of fragments(request, 1480)) host.link.inject(bytes);
    host.clock.runInstant();
    const pieces = host.link.take().map(parseIpv4);
    const message = concat(...pieces.map((fields) => fields.payload));
    expect(checksum(message)).toBe(0);
    expect(parseIcmp(message).payload).toEqual(pattern(65_507));
  });

  test("the reply's checksum is right whatever the request's words are", () => {
    const host = new IpHost();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), fc.nat(255), fc.integer(), (payload, code, rest) => {
        const { icmp: reply } = onlyMessage(host.receive(icmp({ type: 8, code, rest, payload })));
        expect(reply).toMatchObject({ type: 0, code, rest: rest >>> 0, payload });
      }),
    );
    // the corner of ones' complement: a message whose sum is all ones without its type
    const { icmp: reply } = onlyMessage(
      host.receive(icmp({ type: 8, rest: 0xf7ff_0000, payload: hex("0000") })),
    );
    expect(reply.rest).toBe(0xf7ff_0000);
  });

  test("RFC1122-3.2.2.6-3: comes from the address that was asked", () => {
    const host = new IpHost({ ip: { strongHost: false } });
    const link = new TestLink(host.clock);
    host.ip.addInterface({ name: "eth1", link, address: ip("10.0.1.1"), prefixLength: 24 });
    for (const destination of ["10.0.0.1", "10.0.1.1"]) {
      const { ip: header } = onlyMessage(host.receive(icmp({ type: 8 }, { destination })));
      expect(header).toMatchObject({ source: destination, destination: "10.0.0.2" });
    }
  });

  test("the type of service is returned, the TTL is our own", () => {
    const host = new IpHost();
    const { ip: header } = onlyMessage(
      host.receive(icmp({ type: 8 }, { trafficClass: 0x48, timeToLive: 3 })),
    );
    expect(header).toMatchObject({ trafficClass: 0x48, timeToLive: 64 });
  });

  test.each(["10.0.0.255", "10.0.0.0", "255.255.255.255", "224.0.0.1"])(
    "RFC1122-3.2.2.6-2 CVE-1999-0513: a request to %s gets no answer (smurf)",
    (destination) => {
      const host = new IpHost();
      expect(host.receive(icmp({ type: 8 }, { destination }))).toEqual([]);
      expect(host.ip.icmp.counters.echoRepliesSent).toBe(0);
      if (destination !== "224.0.0.1") expect(host.ip.icmp.counters.echoBroadcast).toBe(1);
    },
  );

  test("can be switched off", () => {
    const host = new IpHost({ ip: { echoReply: false } });
    expect(host.receive(icmp({ type: 8 }))).toEqual([]);
    expect(host.ip.icmp.counters.echoDisabled).toBe(1);
  });

  test("CVE-2021-31344 URGENT/11: options of the request do not come back, and it goes to its source only", () => {
    const host = new IpHost();
    const { ip: header } = onlyMessage(
      host.receive(icmp({ type: 8 }, { options: hex("07070800000000 00") })),
    );
    expect(header).toMatchObject({ headerLength: 20, destination: "10.0.0.2" });
  });

  test("the reply is a packet made here, not one that came in", () => {
    const host = new IpHost();
    const seen: number[][] = [];
    const send = host.link.send.bind(host.link);
    host.link.send = (packet, nextHop) => {
      seen.push([packet.flags, packet.interfaceIndex]);
      send(packet, nextHop);
    };
    host.receive(icmp({ type: 8 }), FLAG_CHECKSUM_TRUSTED);
    expect(seen).toEqual([[0, -1]]);
  });

  test("we answer ourselves through lo", () => {
    const host = new IpHost();
    const request = icmp({ type: 8, rest: 5, payload: pattern(3000) }).slice(20);
    const options = { timeToLive: 64, trafficClass: 0, dontFragment: true };
    host.path("10.0.0.1").send(packetPool.from(request), 1, options);
    host.clock.runInstant();
    expect(host.ip.icmp.counters).toMatchObject({ received: 2, echoRepliesSent: 1, echoReply: 1 });
    expect(host.link.sent).toEqual([]);
  });

  test("a reply nobody waits for is dropped, however short (CVE-2026-7423)", () => {
    const host = new IpHost();
    expect(host.receive(icmp({ type: 0, rest: 7 }))).toEqual([]);
    expect(host.receive(ipv4({ protocol: 1, payload: hex("0000ff") }))).toEqual([]);
    expect(host.ip.icmp.counters).toMatchObject({ echoReply: 1, tooShort: 1 });
  });
});

describe("messages that are dropped in silence", () => {
  test("RFC792-all-2 CVE-2020-11910 CVE-2018-16527: cut at every length", () => {
    const host = new IpHost();
    const message = icmp({ type: 8, payload: pattern(12) }).slice(20);
    for (let length = 0; length < message.length; length++) {
      expect(host.receive(ipv4({ protocol: 1, payload: message.slice(0, length) }))).toEqual([]);
    }
    expect(host.ip.icmp.counters).toMatchObject({ tooShort: 8, badChecksum: 12, echoRepliesSent: 0 });
  });

  test("RFC792-all-1: every flipped bit", () => {
    const host = new IpHost();
    const message = icmp({ type: 8, payload: pattern(12) }).slice(20);
    for (let bit = 0; bit < 8 * message.length; bit++) {
      const payload = Uint8Array.from(message);
      payload[bit >>> 3] = (payload[bit >>> 3] as number) ^ (1 << (bit & 7));
      expect(host.receive(ipv4({ protocol: 1, payload }))).toEqual([]);
    }
    expect(host.ip.icmp.counters.badChecksum).toBe(8 * message.length);
  });

  test("RFC1122-3.2.2-1: unknown types; and no type but echo is ever answered, with any code", () => {
    const { host } = hostWithRecorder();
    const known = new Set([0, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]);
    for (let type = 0; type < 256; type++) {
      const { unknownType } = host.ip.icmp.counters;
      for (let code = 0; code < 256; code += type === 3 ? 1 : 51) {
        const answers = host.receive(icmp({ type, code, payload: toClosedPort() }));
        expect(answers).toHaveLength(type === 8 ? 1 : 0);
      }
      expect(host.ip.icmp.counters.unknownType > unknownType).toBe(!known.has(type));
    }
  });

  test.each([
    [13, "CVE-1999-0524 RFC1122-3.2.2.8-1: timestamp request"],
    [14, "timestamp reply"],
    [15, "RFC1122-3.2.2.7-1: information request"],
    [16, "RFC1122-3.2.2.7-1: information reply"],
    [17, "CVE-1999-0524 RFC1122-3.2.2.9-1: address mask request"],
    [18, "CVE-2020-11911: address mask reply"],
    [9, "CVE-1999-0875: router advertisement"],
    [10, "router solicitation"],
  ])("type %i, %s", (type) => {
    const host = new IpHost();
    const { generation } = host.ip;
    expect(host.receive(icmp({ type, payload: pattern(12) }))).toEqual([]);
    expect(host.ip.icmp.counters.ignoredQuery).toBe(1);
    expect(host.ip.generation).toBe(generation);
  });

  test("RFC6633-3-2 RFC1122-3.2.2.3-1 RFC5927-6.2-1 CVE-2004-0791: source quench", () => {
    const { host, recorder } = hostWithRecorder();
    const quoted = ipv4({
      source: "10.0.0.1",
      destination: "10.0.0.2",
      protocol: PROTOCOL,
      payload: pattern(8),
    });
    expect(host.receive(icmp({ type: 4, payload: quoted }))).toEqual([]);
    expect(host.ip.icmp.counters.sourceQuench).toBe(1);
    expect(recorder.reports).toEqual([]);
  });

  test("RFC1122-3.2.2.2-2 RFC1122-3.2.2.2-3 CVE-1999-0265: redirects, whoever sends them, change no route", () => {
    const { host, recorder } = hostWithRecorder();
    const routes = [...host.ip.routes];
    const quoted = ipv4({
      source: "10.0.0.1",
      destination: "8.8.8.8",
      protocol: PROTOCOL,
      payload: pattern(8),
    });
    for (const gateway of ["10.0.0.66", "10.9.9.9"]) {
      host.receive(icmp({ type: 5, code: 1, rest: ip(gateway), payload: quoted }, { source: "10.0.0.254" }));
    }
    expect(host.ip.icmp.counters.redirect).toBe(2);
    expect([...host.ip.routes]).toEqual(routes);
    expect(recorder.reports).toEqual([]);
    host.path("8.8.8.8").send(packetPool.from(pattern(1)), PROTOCOL, {
      timeToLive: 1,
      trafficClass: 0,
      dontFragment: true,
    });
    expect(host.link.nextHops).toEqual([ip("10.0.0.254")]);
  });
});

describe("errors we send", () => {
  test("RFC1122-3.2.2.1-2 RFC1122-3.2.2-4 RFC792-all-2: port unreachable, with type of service 0", () => {
    const host = new IpHost();
    const datagram = toClosedPort({ trafficClass: 0xfc, timeToLive: 2 });
    const { ip: header, icmp: error } = onlyMessage(host.receive(datagram));
    expect(header).toMatchObject({
      source: "10.0.0.1",
      destination: "10.0.0.2",
      trafficClass: 0,
      timeToLive: 64,
    });
    expect(error).toMatchObject({ type: 3, code: 3, rest: 0, payload: datagram });
    expect(host.ip.icmp.counters.errorsSent).toBe(1);
  });

  test("RFC1122-3.2.2-2 RFC1812-4.3.2.3-1 CVE-2018-4407: quote header and data unchanged, up to 576 bytes in all", () => {
    for (const length of [0, 1, 7, 519, 520, 521, 1400]) {
      for (const options of ["", "94040000", "01".repeat(40)]) {
        const host = new IpHost();
        const datagram = toClosedPort({ options: hex(options), identification: 0x1234 }, length);
        const { ip: header, icmp: error } = onlyMessage(host.receive(datagram));
        expect(toHex(error.payload)).toBe(toHex(datagram.slice(0, 548)));
        expect(header.totalLength).toBeLessThanOrEqual(576);
      }
    }
  });

  test("CVE-2020-11898 CVE-2019-12265: nothing but received bytes is quoted, padding of the link included", () => {
    const host = new IpHost();
    const datagram = toClosedPort({}, 5);
    const { icmp: error } = onlyMessage(host.receive(concat(datagram, new Uint8Array(100).fill(0x5a))));
    expect(error.payload).toEqual(datagram);
  });

  test("no answer is longer than 576 bytes, so nobody gets more than he sent but 28 bytes (reflection)", () => {
    for (const length of [0, 100, 1000]) {
      const host = new IpHost();
      const datagram = toClosedPort({}, length);
      const [answer] = host.receive(datagram);
      expect(answer?.length).toBeLessThanOrEqual(Math.min(576, datagram.length + 28));
    }
  });

  test("RFC1812-4.3.2.4-1: come from the address that was asked", () => {
    const host = new IpHost({ ip: { strongHost: false } });
    const link = new TestLink(host.clock);
    host.ip.addInterface({ name: "eth1", link, address: ip("10.0.1.1"), prefixLength: 24 });
    const { ip: header } = onlyMessage(host.receive(toClosedPort({ destination: "10.0.1.1" })));
    expect(header).toMatchObject({ source: "10.0.1.1", destination: "10.0.0.2" });
  });

  test("RFC1812-4.3.2.4-1: about a datagram for another host from that of the interface they leave by", () => {
    const host = new IpHost();
    const packet = packetPool.from(ipv4({ source: "10.0.0.2", destination: "9.9.9.9", protocol: 17 }));
    packet.networkOffset = packet.offset;
    packet.networkLength = packet.length;
    packet.source = ip("10.0.0.2");
    packet.destination = ip("9.9.9.9");
    host.ip.sendError(packet, 3, 1);
    packet.release();
    const { ip: header, icmp: error } = onlyMessage(host.link.take());
    expect(header).toMatchObject({ source: "10.0.0.1", destination: "10.0.0.2" });
    expect(error).toMatchObject({ type: 3, code: 1 });
  });

  /** Expects that `bytes`, though worth an error, gets none since the rules forbid it. */
  function expectForbidden(bytes: Uint8Array, flags = 0): void {
    const { host } = hostWithRecorder();
    expect(host.receive(bytes, flags)).toEqual([]);
    host.advance(40_000);
    expect(host.link.sent).toEqual([]);
    expect(host.ip.icmp.counters.errorsSent).toBe(0);
  }

  test("RFC1122-3.2.2-5 CVE-1999-0103: never about an ICMP error", () => {
    const host = new IpHost();
    for (const type of [3, 4, 5, 11, 12, 40, 255]) {
      // protocol unreachable is what the rules would be asked about, were ICMP unregistered
      const packet = packetPool.from(icmp({ type, payload: toClosedPort() }));
      packet.networkOffset = packet.offset;
      packet.networkLength = packet.length;
      packet.source = ip("10.0.0.2");
      packet.destination = ip("10.0.0.1");
      host.ip.sendError(packet, 3, 2);
      packet.release();
    }
    const cut = packetPool.from(concat(ipv4({ protocol: 1 }), hex("08"))); // behind its end stands an echo's type
    cut.length--;
    cut.networkOffset = cut.offset;
    cut.networkLength = cut.length;
    cut.source = ip("10.0.0.2");
    cut.destination = ip("10.0.0.1");
    host.ip.sendError(cut, 3, 2);
    cut.release();
    expect(host.link.sent).toEqual([]);
    expect(host.ip.icmp.counters.errorsForbidden).toBe(8);
    expectForbidden(icmp({ type: 3, code: 3, payload: pattern(30) }, { options: hex("94000000") }));
  });

  test("but about an echo request with bad options one is", () => {
    const host = new IpHost();
    const { icmp: error } = onlyMessage(host.receive(icmp({ type: 8 }, { options: hex("94000000") })));
    expect(error.type).toBe(12);
  });

  test.each(["10.0.0.255", "10.0.0.0", "255.255.255.255", "224.0.0.5"])(
    "RFC1122-3.2.2-6 RFC1812-4.3.2.7-1 CVE-1999-0514: never about a datagram to %s",
    (destination) => {
      expectForbidden(toClosedPort({ destination }));
      expectForbidden(ipv4({ destination, protocol: 252 }));
      expectForbidden(toClosedPort({ destination, options: hex("94000000") }));
      const [first] = fragments(toClosedPort({ destination }, 100), 56);
      expectForbidden(first as Uint8Array);
    },
  );

  test("RFC1122-3.2.2-7: never about a link-layer broadcast", () => {
    expectForbidden(toClosedPort(), FLAG_BROADCAST);
    expectForbidden(toClosedPort({ destination: "10.0.0.255" }), FLAG_BROADCAST);
  });

  test("RFC1122-3.2.2-8: never about a fragment that is not the first", () => {
    expectForbidden(
      ipv4({ protocol: PROTOCOL, fragmentOffset: 8, options: hex("94000000"), payload: pattern(8) }),
    );
    expectForbidden(ipv4({ protocol: 252, fragmentOffset: 8, moreFragments: true, payload: pattern(8) }));
  });

  test.each([
    "0.0.0.0",
    "0.1.1.1",
    "127.0.0.1",
    "224.0.0.1",
    "240.1.1.1",
    "255.255.255.255",
    "10.0.0.255",
    "10.0.0.0",
    "10.0.0.1",
  ])("RFC1122-3.2.2-9 RFC1812-4.3.2.7-1: never to %s", (source) => {
    expectForbidden(toClosedPort({ source }));
    expectForbidden(toClosedPort({ source, destination: "255.255.255.255" }));
    expectForbidden(ipv4({ source, protocol: 252 }));
    const host = new IpHost();
    const packet = packetPool.from(toClosedPort({ source }));
    packet.networkOffset = packet.offset;
    packet.networkLength = packet.length;
    packet.source = ip(source);
    packet.destination = ip("10.0.0.1");
    host.ip.sendError(packet, 3, 3);
    packet.release();
    expect(host.link.sent).toEqual([]);
  });

  test("RFC1122-3.2.2.2-1 RFC6633-3-1: no redirect and no source quench, whatever arrives", () => {
    const { host } = hostWithRecorder({ ip: { icmpErrorBurstPerDestination: 1000, icmpErrorBurst: 5000 } });
    const types = new Set<number>();
    const fields = fc.record({
      destination: fc.constantFrom("10.0.0.1", "10.0.0.9", "10.0.0.255", "8.8.8.8"),
      protocol: fc.constantFrom(1, 6, 17, 252, PROTOCOL),
      options: fc.constantFrom(hex(""), hex("94000000"), hex("83070408080808 00")),
      timeToLive: fc.nat(2),
      payload: fc.uint8Array({ maxLength: 40 }),
    });
    fc.assert(
      fc.property(fields, (datagram) => {
        for (const bytes of host.receive(ipv4(datagram))) types.add(parseIpv4(bytes).payload[0] as number);
      }),
      { numRuns: 1000 },
    );
    expect([...types].sort()).toEqual([12, 3]);
  });

  test("what has no way back is counted", () => {
    const host = new IpHost();
    host.ip.routes.remove({ to: "default" });
    expect(host.receive(toClosedPort({ source: "8.8.8.8" }))).toEqual([]);
    expect(host.ip.icmp.counters.sendFailed).toBe(1);
  });

  test("on lo, 127/8 may be answered", () => {
    const { host, recorder } = hostWithRecorder();
    const endpoint = host.udp.create();
    endpoint.connect(ip("127.0.0.1"), 9);
    endpoint.send(pattern(3), 0, 3, 0, 0);
    host.clock.runInstant();
    expect(host.ip.icmp.counters).toMatchObject({ errorsSent: 1, errorsReceived: 1 });
    expect(endpoint.takeError()).toBe(ECONNREFUSED);
    expect(recorder.reports).toEqual([]);
  });
});

describe("the rate of errors", () => {
  test("RFC1812-4.3.2.8-1: one a second to one address, six at once", () => {
    const host = new IpHost();
    let sent = 0;
    for (let count = 0; count < 10_000; count++) sent += host.receive(toClosedPort()).length;
    expect(sent).toBe(6);
    expect(host.ip.icmp.counters).toMatchObject({ errorsSent: 6, errorsLimited: 9994 });
    host.advance(999);
    expect(host.receive(toClosedPort())).toEqual([]);
    host.advance(1);
    expect(host.receive(toClosedPort())).toHaveLength(1);
    expect(host.receive(toClosedPort())).toEqual([]);
    host.advance(3_600_000);
    sent = 0;
    for (let count = 0; count < 100; count++) sent += host.receive(toClosedPort()).length;
    expect(sent).toBe(6);
  });

  test("CVE-2011-2013: a flood to closed ports leaves nothing behind", () => {
    const host = new IpHost();
    for (let count = 0; count < 5000; count++)
      host.receive(toClosedPort({ source: `10.0.${count >>> 8}.${count & 255}` }));
    expect(packetPool.outstanding).toBe(0);
    expect(host.clock.timers.armedCount).toBe(0);
  });

  test("RFC1812-4.3.2.8-1: to all together about 1000 a second, about 50 at once", () => {
    const host = new IpHost();
    const flood = (from: number, count: number): number => {
      let sent = 0;
      for (let index = from; index < from + count; index++) {
        sent += host.receive(
          toClosedPort({ source: `11.${index >>> 16}.${(index >>> 8) & 255}.${index & 255}` }),
        ).length;
      }
      return sent;
    };
    const burst = flood(257, 1000);
    expect(burst).toBeGreaterThan(30);
    expect(burst).toBeLessThan(90);
    host.advance(20);
    const later = flood(2000, 1000);
    expect(later).toBeGreaterThan(8);
    expect(later).toBeLessThan(45);
  });

  test("CVE-2020-25705: how many are left cannot be counted: the budget is random", () => {
    const budgets = new Set<number>();
    for (let seed = 1; seed <= 20; seed++) {
      const host = new IpHost({ seed });
      let sent = 0;
      for (let index = 1; index <= 200; index++)
        sent += host.receive(toClosedPort({ source: `11.0.1.${index}` })).length;
      budgets.add(sent);
    }
    expect(budgets.size).toBeGreaterThan(8);
  });

  test("echo replies are not limited", () => {
    const host = new IpHost();
    for (let count = 0; count < 500; count++)
      expect(host.receive(icmp({ type: 8, rest: count }))).toHaveLength(1);
  });
});

describe("errors we get", () => {
  const quote: Partial<Ipv4Fields> = { source: "10.0.0.1", destination: "8.8.8.8", protocol: PROTOCOL };

  function errorAbout(fields: Partial<Ipv4Fields>, type = 3, code = 1, rest = 0): Uint8Array {
    const quoted = ipv4({ payload: pattern(8), ...quote, ...fields });
    return icmp({ type, code, rest, payload: quoted }, { source: "10.0.0.254" });
  }

  test("RFC1122-3.2.2.1-3 RFC1122-3.2.2.4-1 RFC1122-3.2.2.5-1: reach the transport they quote, with all they say", () => {
    const { host, recorder } = hostWithRecorder();
    host.receive(errorAbout({ payload: pattern(20) }, 3, 1));
    host.receive(errorAbout({ options: hex("94040000"), payload: pattern(8) }, 11, 0));
    host.receive(errorAbout({}, 12, 0, 0x1400_0000));
    const common = { from: ip("10.0.0.254"), source: ip("10.0.0.1"), destination: ip("8.8.8.8"), mtu: 0 };
    expect(recorder.reports).toEqual([
      {
        ...common,
        type: 3,
        code: 1,
        errno: EHOSTUNREACH,
        hard: false,
        length: 20,
        quoted: toHex(pattern(20)),
      },
      {
        ...common,
        type: 11,
        code: 0,
        errno: EHOSTUNREACH,
        hard: false,
        length: 8,
        quoted: toHex(pattern(8)),
      },
      { ...common, type: 12, code: 0, errno: EPROTO, hard: true, length: 8, quoted: toHex(pattern(8)) },
    ]);
  });

  test("RFC1122-3.2.2-3: by the protocol quoted, not by anything else", () => {
    const { host, recorder } = hostWithRecorder();
    const other = new Recorder();
    host.ip.register(254, other);
    host.receive(errorAbout({ protocol: 254 }));
    host.receive(errorAbout({ protocol: 200 }));
    host.receive(errorAbout({ protocol: 1, payload: icmp({ type: 0 }).slice(20) }));
    expect(recorder.reports).toEqual([]);
    expect(other.reports).toHaveLength(1);
    expect(host.ip.icmp.counters.errorUnclaimed).toBe(2);
  });

  test.each([
    [0, ENETUNREACH, false],
    [1, EHOSTUNREACH, false],
    [2, ENOPROTOOPT, true],
    [3, ECONNREFUSED, true],
    [4, EMSGSIZE, true],
    [5, EOPNOTSUPP, false],
    [9, ENETUNREACH, true],
    [11, ENETUNREACH, false],
    [12, EHOSTUNREACH, false],
    [13, EHOSTUNREACH, true],
    [200, EHOSTUNREACH, true],
  ])("RFC1122-3.2.2.1-4: destination unreachable, code %i, is errno %i; hard: %s", (code, errno, hard) => {
    const { host, recorder } = hostWithRecorder();
    host.receive(errorAbout({}, 3, code));
    expect(recorder.reports[0]).toMatchObject({ type: 3, code, errno, hard });
  });

  test("CVE-2022-23093: cut at every length never harms, and needs the quoted header with its options and 8 bytes", () => {
    const { host, recorder } = hostWithRecorder();
    const quoted = ipv4({ ...quote, options: hex("01".repeat(40)), payload: pattern(30) });
    for (let length = 0; length <= quoted.length; length++) {
      const before = recorder.reports.length;
      host.receive(icmp({ type: 3, code: 3, payload: quoted.slice(0, length) }));
      expect(recorder.reports.length - before).toBe(length >= 68 ? 1 : 0);
      if (length >= 68) expect(recorder.reports.at(-1)?.length).toBe(length - 60);
    }
    expect(host.ip.icmp.counters.errorMalformed).toBe(68);
  });

  test("what a quoted header claims is checked before it is used", () => {
    const { host, recorder } = hostWithRecorder();
    for (let words = 0; words < 16; words++) {
      host.receive(errorAbout({ headerLength: 4 * words, totalLength: 100 }));
    }
    for (let version = 0; version < 16; version++) {
      if (version !== 4) host.receive(errorAbout({ version }));
    }
    for (let totalLength = 0; totalLength < 28; totalLength++) host.receive(errorAbout({ totalLength }));
    expect(host.ip.icmp.counters.errorMalformed).toBe(15 + 15 + 28);
    expect(recorder.reports).toHaveLength(1); // IHL 5
  });

  test("what follows the quoted datagram is not quoted (RFC 4884 puts other things there)", () => {
    const { host, recorder } = hostWithRecorder();
    host.receive(errorAbout({ totalLength: 30, payload: pattern(64) }));
    expect(recorder.reports[0]?.length).toBe(10);
  });

  test("CVE-2023-23415: about a later fragment are ignored, about a first one not", () => {
    const { host, recorder } = hostWithRecorder();
    host.receive(errorAbout({ fragmentOffset: 8, moreFragments: true }));
    host.receive(errorAbout({ fragmentOffset: 65_528 }));
    expect(recorder.reports).toEqual([]);
    expect(host.ip.icmp.counters.errorAboutFragment).toBe(2);
    host.receive(errorAbout({ moreFragments: true }));
    expect(recorder.reports).toHaveLength(1);
  });

  test("about datagrams that are not ours, or sent to everybody, are ignored", () => {
    const { host, recorder } = hostWithRecorder();
    host.receive(errorAbout({ source: "10.0.0.77" }));
    host.receive(errorAbout({ source: "224.0.0.1" }));
    expect(host.ip.icmp.counters.errorNotOurs).toBe(2);
    const broadcast = { source: "10.0.0.254", destination: "10.0.0.255" };
    host.receive(icmp({ type: 3, code: 3, payload: ipv4({ ...quote, payload: pattern(8) }) }, broadcast));
    expect(host.ip.icmp.counters.errorBroadcast).toBe(1);
    expect(recorder.reports).toEqual([]);
  });

  test("random quotes never harm", () => {
    const { host } = hostWithRecorder();
    fc.assert(
      fc.property(
        fc.constantFrom(3, 11, 12, 5, 4),
        fc.nat(20),
        fc.uint8Array({ maxLength: 100 }),
        (type, code, payload) => {
          expect(host.receive(icmp({ type, code, payload }))).toEqual([]);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("RFC1191-5-1: a router that does not tell its MTU means the next plateau below the datagram", () => {
    const { host, recorder } = hostWithRecorder();
    host.receive(errorAbout({ totalLength: 1500 }, 3, 4, 1400));
    host.receive(errorAbout({ totalLength: 1500 }, 3, 4, 0));
    host.receive(errorAbout({ totalLength: 1492 }, 3, 4, 0));
    host.receive(errorAbout({ totalLength: 1500 }, 3, 1, 1400));
    expect(recorder.reports.map((report) => report.mtu)).toEqual([1400, 1492, 1006, 0]);
    expect([65_535, 32_000, 4352, 2002, 508, 296, 68, 20].map(plateauBelow)).toEqual([
      32_000, 17_914, 2002, 1492, 296, 68, 68, 68,
    ]);
  });
});
