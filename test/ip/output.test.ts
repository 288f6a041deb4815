/** Paths: where a datagram leaves, from which address, with which header, and in how many pieces. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../src/base/clock.ts";
import { EACCES, EINVAL, EMSGSIZE, ENETUNREACH } from "../../src/base/errno.ts";
import { SipKey } from "../../src/base/hash.ts";
import { Random } from "../../src/base/random.ts";
import { DEFAULT_IP_CONFIG } from "../../src/ip/config.ts";
import { Ipv4 } from "../../src/ip/ipv4.ts";
import { DEFAULT_CHOICE, type IcmpReport, type SendOptions, type Transport } from "../../src/ip/path.ts";
import type { Packet } from "../../src/packet/packet.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { IpHost, type IpHostOptions, leaveNothingBehind } from "../support/ip-host.ts";
import { parseTcp, tcpBytes } from "../support/tcp-wire.ts";
import { TestLink } from "../support/test-link.ts";
import { checksum, type Ipv4Fields, ip, parseIpv4, pattern, toHex } from "../support/wire.ts";

leaveNothingBehind();

const PROTOCOL = 253;
const WHOLE: SendOptions = { timeToLive: 64, trafficClass: 0, dontFragment: true };
const CUT: SendOptions = { timeToLive: 64, trafficClass: 0, dontFragment: false };

function send(host: IpHost, to: string, payload: Uint8Array, options = CUT, source = "0.0.0.0"): number {
  return host.path(to, source, true).send(packetPool.from(payload), PROTOCOL, options);
}

/** What `host` put on its test link, checked for what is true of every header. */
function sentBy(host: IpHost): Ipv4Fields[] {
  return host.link.take().map((bytes) => {
    const fields = parseIpv4(bytes);
    expect(fields).toMatchObject({
      version: 4,
      headerLength: 20,
      totalLength: bytes.length,
      reserved: false,
    });
    expect(checksum(bytes.slice(0, 20))).toBe(0);
    return fields;
  });
}

class Recorder implements Transport {
  readonly seen: { source: number; destination: number; payload: string }[] = [];
  input(packet: Packet): void {
    const { source, destination } = packet;
    this.seen.push({ source, destination, payload: toHex(packet.bytes()) });
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

describe("the header", () => {
  test("RFC1122-3.4-1 RFC1122-3.2.1.6-1 RFC1122-3.2.1.7-3: has what the transport chose", () => {
    const host = new IpHost();
    const options = { timeToLive: 9, trafficClass: 0xb9, dontFragment: true };
    expect(send(host, "10.0.0.2", pattern(5), options)).toBe(0);
    const [datagram] = sentBy(host);
    expect(datagram).toMatchObject({
      timeToLive: 9,
      trafficClass: 0xb9,
      dontFragment: true,
      moreFragments: false,
      fragmentOffset: 0,
      protocol: PROTOCOL,
      source: "10.0.0.1",
      destination: "10.0.0.2",
      payload: pattern(5),
    });
  });

  test("is, byte for byte, this one", () => {
    const host = new IpHost();
    send(host, "10.0.0.2", Uint8Array.of(0xde, 0xad), {
      timeToLive: 64,
      trafficClass: 0x10,
      dontFragment: true,
    });
    expect(toHex(host.link.take()[0] as Uint8Array)).toBe("451000160000400040fd25d90a0000010a000002dead");
  });

  test("RFC791-3.1-5 RFC791-3.1-1 RFC1122-3.2.1.8-4: no reserved bit, no options, the right checksum, whatever the fields", () => {
    const host = new IpHost();
    const options = fc.record({
      timeToLive: fc.integer({ min: 1, max: 255 }),
      trafficClass: fc.nat(255),
      dontFragment: fc.boolean(),
    });
    fc.assert(
      fc.property(options, fc.nat(1480), fc.ipV4(), (chosen, length, to) => {
        const path = host.ip.path(ip(to), 0);
        if (typeof path === "number") return;
        expect(path.send(packetPool.from(pattern(length)), PROTOCOL, chosen)).toBe(0);
        host.clock.runInstant();
        for (const fields of sentBy(host)) expect(fields).toMatchObject(chosen);
      }),
    );
  });
});

describe("the way", () => {
  test("RFC1122-3.3.1.1-1: the next hop is the destination on the link, else the gateway", () => {
    const host = new IpHost();
    send(host, "10.0.0.77", pattern(1));
    send(host, "8.8.8.8", pattern(1));
    expect(host.link.nextHops).toEqual([ip("10.0.0.77"), ip("10.0.0.254")]);
  });

  test("without a route there is no path, and a path whose route goes away says so", () => {
    const host = new IpHost();
    const path = host.path("8.8.8.8");
    host.ip.routes.remove({ to: "default" });
    expect(host.ip.path(ip("8.8.8.8"), 0)).toBe(-ENETUNREACH);
    expect(path.send(packetPool.from(pattern(1)), PROTOCOL, CUT)).toBe(-ENETUNREACH);
    expect(host.ip.counters.noRoute).toBe(1);
    host.ip.routes.add({ to: "8.0.0.0/8", via: "10.0.0.253" });
    expect(path.send(packetPool.from(pattern(1)), PROTOCOL, CUT)).toBe(0);
    expect(host.link.nextHops).toEqual([ip("10.0.0.253")]);
  });

  test("a path finds a better route by itself, and keeps its source (RFC 9293 §3.9.1.1, MUST-45)", () => {
    const host = new IpHost();
    const path = host.path("8.8.8.8");
    const link = new TestLink(host.clock, { mtu: 900 });
    host.ip.addInterface({ name: "eth1", link, address: ip("10.0.1.1"), prefixLength: 24 });
    expect(path.mtu).toBe(1500);
    host.ip.routes.add({ to: "8.8.8.0/24", via: "10.0.1.254" });
    expect(path.mtu).toBe(900);
    path.send(packetPool.from(pattern(1)), PROTOCOL, CUT);
    expect(link.nextHops).toEqual([ip("10.0.1.254")]);
    expect(parseIpv4(link.take()[0] as Uint8Array).source).toBe("10.0.0.1");
    expect(host.link.sent).toEqual([]);
    expect(host.path("8.8.8.8").source).toBe(ip("10.0.1.1"));
  });

  test("an interface that is down is no way", () => {
    const host = new IpHost();
    const path = host.path("10.0.0.2");
    host.eth0.up = false;
    expect(path.send(packetPool.from(pattern(1)), PROTOCOL, CUT)).toBe(-ENETUNREACH);
    host.eth0.up = true;
    expect(path.send(packetPool.from(pattern(1)), PROTOCOL, CUT)).toBe(0);
  });

  test("a suspected gateway is left for the next one", () => {
    const host = new IpHost();
    host.ip.routes.add({ to: "default", via: "10.0.0.253" });
    const path = host.path("8.8.8.8");
    const hops = [1, 2, 3].map(() => {
      path.send(packetPool.from(pattern(1)), PROTOCOL, CUT);
      host.ip.suspectRoute(path.destination);
      return host.link.nextHops.at(-1);
    });
    expect(hops).toEqual([ip("10.0.0.254"), ip("10.0.0.253"), ip("10.0.0.254")]);
  });

  test("RFC1122-3.3.4.3-1: the source is the address of the interface that the route names", () => {
    const host = new IpHost();
    const link = new TestLink(host.clock);
    host.ip.addInterface({ name: "eth1", link, address: ip("10.0.1.1"), prefixLength: 24 });
    host.ip.routes.add({ to: "172.16.0.0/12", via: "10.0.1.254" });
    expect(host.path("10.0.1.9").source).toBe(ip("10.0.1.1"));
    expect(host.path("172.20.0.9").source).toBe(ip("10.0.1.1"));
    expect(host.path("8.8.8.8").source).toBe(ip("10.0.0.1"));
    expect(host.path("10.0.1.9", "10.0.0.1").source).toBe(ip("10.0.0.1"));
    expect(host.path("10.0.1.1").source).toBe(ip("10.0.1.1"));
    expect(host.path("127.0.0.5").source).toBe(ip("127.0.0.1"));
  });

  test("RFC1122-3.2.1.3-1: whatever is sent without a chosen source comes from an own unicast address", () => {
    const host = new IpHost();
    fc.assert(
      fc.property(fc.ipV4(), (to) => {
        const path = host.ip.path(ip(to), 0, { ...DEFAULT_CHOICE, broadcast: true });
        if (typeof path !== "number") expect(host.ip.isLocal(path.source)).toBe(true);
      }),
    );
  });

  test("RFC1122-3.2.1.3-4: 127/8 neither goes to nor comes from a wire", () => {
    const { host, recorder } = hostWithRecorder();
    for (const to of ["127.0.0.1", "127.0.0.9", "127.200.3.4"]) expect(send(host, to, pattern(1))).toBe(0);
    expect(host.ip.path(ip("8.8.8.8"), ip("127.0.0.1"))).toBe(-EINVAL);
    expect(host.ip.path(ip("10.0.0.2"), ip("127.0.0.1"))).toBe(-EINVAL);
    host.clock.runInstant();
    expect(recorder.seen.map((seen) => seen.destination)).toEqual(
      ["127.0.0.1", "127.0.0.9", "127.200.3.4"].map(ip),
    );
    expect(host.link.sent).toEqual([]);
    expect(host.ip.path(ip("0.0.0.1"), 0)).toBe(-ENETUNREACH);
    // not even when the loopback is down and a route would have it
    host.lo.up = false;
    host.ip.routes.add({ to: "127.0.0.0/8", interface: "eth0" });
    expect(host.ip.path(ip("127.0.0.1"), 0)).toBe(-ENETUNREACH);
  });

  test("RFC1122-3.2.1.3-4: nor does it where there is no lo", () => {
    const clock = new VirtualClock();
    const random = new Random(1);
    const bare = new Ipv4({ clock, key: SipKey.fromRandom(random), random, config: DEFAULT_IP_CONFIG });
    const link = new TestLink(clock);
    bare.addInterface({ name: "eth0", link, address: ip("10.0.0.1"), prefixLength: 24 });
    bare.routes.add({ to: "default", via: "10.0.0.254" });
    expect(bare.path(ip("127.0.0.1"), 0)).toBe(-ENETUNREACH);
    expect(bare.path(ip("10.0.0.1"), 0)).toBe(-ENETUNREACH);
    expect(typeof bare.path(ip("8.8.8.8"), 0)).toBe("object");
  });

  test("our own addresses are reached through lo", () => {
    const { host, recorder } = hostWithRecorder();
    const path = host.path("10.0.0.1");
    expect(path).toMatchObject({ isLocal: true, mtu: 65_535, linkMtu: 65_535, checksumTrusted: true });
    path.send(packetPool.from(pattern(3)), PROTOCOL, WHOLE);
    host.path("10.0.0.1", "127.0.0.1").send(packetPool.from(pattern(4)), PROTOCOL, WHOLE);
    host.path("0.0.0.0").send(packetPool.from(pattern(5)), PROTOCOL, WHOLE);
    host.clock.runInstant();
    expect(recorder.seen).toEqual([
      { source: ip("10.0.0.1"), destination: ip("10.0.0.1"), payload: "000102" },
      { source: ip("127.0.0.1"), destination: ip("10.0.0.1"), payload: "00010203" },
      { source: ip("127.0.0.1"), destination: ip("127.0.0.1"), payload: "0001020304" },
    ]);
    expect(host.link.sent).toEqual([]);
  });

  test("nothing is received from inside send", () => {
    const { host, recorder } = hostWithRecorder();
    send(host, "127.0.0.1", pattern(3));
    expect(recorder.seen).toEqual([]);
    host.clock.runInstant();
    expect(recorder.seen).toHaveLength(1);
  });

  test("the features of the link are the path's", () => {
    const plain = new IpHost();
    expect(plain.path("10.0.0.2")).toMatchObject({
      checksumTrusted: false,
      segmentation: false,
      isLocal: false,
    });
    const clever = new IpHost({ link: { checksum: true, segmentation: true, mtu: 700 } });
    expect(clever.path("8.8.8.8")).toMatchObject({
      checksumTrusted: true,
      segmentation: true,
      linkMtu: 700,
      mtu: 700,
    });
  });

  test("a link that cuts segments itself gets them whole", () => {
    const host = new IpHost({ link: { segmentation: true } });
    const packet = packetPool.from(pattern(9000));
    packet.segmentSize = 1448;
    expect(host.path("10.0.0.2").send(packet, PROTOCOL, WHOLE)).toBe(0);
    expect(host.link.segmentSizes).toEqual([1448]);
    expect(host.link.sent[0]).toHaveLength(9020);
  });

  test("a link that does not gets them cut", () => {
    const host = new IpHost();
    const path = host.path("10.0.0.2");
    const segments = tcpBytes(
      { seq: 7, flags: "PA", data: pattern(9000), checksum: 0 },
      "10.0.0.1",
      "10.0.0.2",
    );
    const packet = packetPool.from(segments);
    packet.segmentSize = 1448;
    expect(path.send(packet, 6, { ...WHOLE, dontFragment: true })).toBe(0);
    const sent = host.link.take().map(parseTcp);
    expect(sent.map(({ seq, data, flags, intact }) => [seq, data.length, flags, intact])).toEqual([
      ...[0, 1, 2, 3, 4, 5].map((number) => [7 + 1448 * number, 1448, "A", true]),
      [7 + 1448 * 6, 312, "PA", true],
    ]);
  });

  test("one that cuts but makes no checksums counts as one that does not", () => {
    expect(new IpHost({ link: { segmentation: true } }).path("8.8.8.8").segmentation).toBe(false);
  });
});

describe("broadcast and multicast", () => {
  test("a broadcast needs permission", () => {
    const host = new IpHost();
    for (const to of ["255.255.255.255", "10.0.0.255", "10.0.0.0"]) {
      expect(host.ip.path(ip(to), 0)).toBe(-EACCES);
      expect(host.path(to, "0.0.0.0", true).isLocal).toBe(false);
    }
    expect(host.ip.path(ip("10.0.1.255"), 0)).not.toBe(-EACCES); // nothing to us
  });

  test("goes out by the interface of the network, of the source, or the first there is", () => {
    const host = new IpHost();
    const link = new TestLink(host.clock);
    host.ip.addInterface({ name: "eth1", link, address: ip("10.0.1.1"), prefixLength: 24 });
    host.ip.routes.remove({ to: "default" });
    send(host, "10.0.1.255", pattern(1));
    expect(link.take().map(parseIpv4)[0]).toMatchObject({ source: "10.0.1.1", destination: "10.0.1.255" });
    send(host, "255.255.255.255", pattern(1));
    expect(sentBy(host)[0]).toMatchObject({ source: "10.0.0.1", destination: "255.255.255.255" });
    send(host, "255.255.255.255", pattern(1), CUT, "10.0.1.1");
    expect(link.take().map(parseIpv4)[0]).toMatchObject({ source: "10.0.1.1" });
    expect(host.link.sent).toEqual([]);
  });

  test("a broadcast goes straight to the link, never to a gateway", () => {
    const host = new IpHost();
    send(host, "255.255.255.255", pattern(1));
    expect(host.link.nextHops).toEqual([-1]);
  });

  test("multicast goes out by the default route's interface, or the first there is", () => {
    const host = new IpHost();
    send(host, "224.0.0.251", pattern(1));
    host.ip.routes.remove({ to: "default" });
    send(host, "224.0.0.251", pattern(1));
    expect(sentBy(host).map((fields) => fields.destination)).toEqual(["224.0.0.251", "224.0.0.251"]);
  });

  test("which addresses are which", () => {
    const host = new IpHost();
    for (const yes of [
      "224.0.0.1",
      "239.1.1.1",
      "255.255.255.255",
      "10.0.0.255",
      "10.0.0.0",
      "127.255.255.255",
    ]) {
      expect(host.ip.isBroadcastOrMulticast(ip(yes))).toBe(true);
      expect(host.ip.isLocal(ip(yes))).toBe(false);
    }
    for (const no of ["10.0.0.1", "10.0.1.255", "8.8.8.8", "127.0.0.1", "240.0.0.1"]) {
      expect(host.ip.isBroadcastOrMulticast(ip(no))).toBe(false);
    }
  });
});

describe("size", () => {
  test("RFC791-3.1-6 RFC6864-4.3-1: with DF a datagram goes whole or is refused", () => {
    const host = new IpHost({ link: { mtu: 600 } });
    for (const [length, result] of [
      [580, 0],
      [581, -EMSGSIZE],
      [65_000, -EMSGSIZE],
    ] as const) {
      expect(send(host, "10.0.0.2", pattern(length), WHOLE)).toBe(result);
    }
    expect(sentBy(host).map((fields) => fields.totalLength)).toEqual([600]);
    expect(host.ip.counters).toMatchObject({ sendTooBig: 2, fragmented: 0 });
  });

  test("RFC1122-3.3.3-1: a path tells how much can be sent, and more than 65535 bytes cannot", () => {
    const host = new IpHost({ link: { mtu: 600 } });
    expect(host.path("10.0.0.2")).toMatchObject({ mtu: 600, linkMtu: 600 });
    expect(send(host, "10.0.0.2", pattern(65_515))).toBe(0);
    host.link.take();
    expect(send(host, "10.0.0.2", pattern(65_516))).toBe(-EMSGSIZE);
    expect(host.link.sent).toEqual([]);
  });

  test("RFC791-3.2-1 RFC1122-3.3.3-2: fragments at every MTU are multiples of eight, in order, without overlap", () => {
    for (let mtu = 68; mtu <= 1500; mtu += mtu < 100 ? 1 : 37) {
      const host = new IpHost({ link: { mtu } });
      const payload = pattern(3001);
      send(host, "10.0.0.2", payload, { timeToLive: 5, trafficClass: 3, dontFragment: false });
      const pieces = sentBy(host);
      const size = (mtu - 20) & ~7;
      expect(pieces).toHaveLength(1 + Math.ceil((3001 - (mtu - 20)) / size));
      const whole = new Uint8Array(3001);
      for (const [index, piece] of pieces.entries()) {
        const last = index === pieces.length - 1;
        expect(piece).toMatchObject({
          fragmentOffset: index * size,
          moreFragments: !last,
          dontFragment: false,
          identification: pieces[0]?.identification,
          timeToLive: 5,
          trafficClass: 3,
        });
        expect(piece.totalLength).toBeLessThanOrEqual(mtu);
        if (!last) expect(piece.payload.length).toBe(size);
        whole.set(piece.payload, piece.fragmentOffset);
      }
      expect(whole).toEqual(payload);
      expect(host.ip.counters).toMatchObject({ sent: 1, fragmented: 1, fragmentsSent: pieces.length });
    }
  });

  test("what fits exactly is not cut", () => {
    const host = new IpHost({ link: { mtu: 68 } });
    send(host, "10.0.0.2", pattern(48));
    send(host, "10.0.0.2", pattern(49));
    expect(sentBy(host).map((fields) => fields.totalLength)).toEqual([68, 68, 21]);
  });

  test("what one host cuts another puts together", () => {
    const a = new IpHost({ link: { mtu: 296 } });
    const { host: b, recorder } = hostWithRecorder();
    for (const length of [0, 1, 276, 277, 5000, 65_515]) {
      a.path("10.0.0.99").send(packetPool.from(pattern(length)), PROTOCOL, CUT);
      for (const bytes of a.link.take()) {
        // the other host is 10.0.0.1 too: swap the addresses, which leaves the checksum right
        const turned = Uint8Array.from(bytes);
        turned.set(bytes.slice(16, 20), 12);
        turned.set(bytes.slice(12, 16), 16);
        b.link.inject(turned);
      }
    }
    b.clock.runInstant();
    expect(recorder.seen.map((seen) => seen.payload)).toEqual(
      [0, 1, 276, 277, 5000, 65_515].map((length) => toHex(pattern(length))),
    );
  });
});

describe("identification", () => {
  test("RFC6864-4.1-1 CVE-2020-36516: an atomic datagram has 0", () => {
    const host = new IpHost();
    for (let count = 0; count < 10; count++) send(host, "10.0.0.2", pattern(10), WHOLE);
    expect(new Set(sentBy(host).map((fields) => fields.identification))).toEqual(new Set([0]));
  });

  test("RFC6864-4.3-2 RFC6864-4.2-1 RFC1122-3.2.1.5-1: no ID comes again within 32768 datagrams", () => {
    const host = new IpHost();
    const path = host.path("10.0.0.2");
    const lastUse = new Map<number, number>();
    let nearest = Number.POSITIVE_INFINITY;
    for (let count = 0; count < 150_000; count++) {
      path.send(packetPool.from(pattern(1)), PROTOCOL, CUT);
      const bytes = host.link.sent.pop() as Uint8Array;
      const identification = 256 * (bytes[4] as number) + (bytes[5] as number);
      const previous = lastUse.get(identification);
      if (previous !== undefined) nearest = Math.min(nearest, count - previous);
      lastUse.set(identification, count);
    }
    expect(nearest).toBeGreaterThan(32_768);
    expect(lastUse.size).toBeGreaterThan(60_000);
  });

  test("CVE-2019-10638 CVE-2021-45485 idle scan: the steps between IDs tell nothing", () => {
    const host = new IpHost();
    for (let count = 0; count < 2000; count++) send(host, `10.0.0.${2 + (count % 5)}`, pattern(1));
    const identifications = sentBy(host).map((fields) => fields.identification);
    const steps = identifications
      .slice(1)
      .map((id, index) => (id - (identifications[index] as number)) & 0xffff);
    const small = steps.filter((step) => step < 4096).length;
    expect(small).toBeGreaterThan(60); // 2000 / 16 = 125 on average
    expect(small).toBeLessThan(200);
    expect(new Set(steps).size).toBeGreaterThan(1900);
  });

  test("another key, other IDs; the same key, the same", () => {
    const [first, second, third] = [1, 2, 1].map((seed) => {
      const host = new IpHost({ seed });
      for (let count = 0; count < 8; count++) send(host, "10.0.0.2", pattern(1));
      return sentBy(host).map((fields) => fields.identification);
    });
    expect(first).toEqual(third);
    expect(first).not.toEqual(second);
  });
});
