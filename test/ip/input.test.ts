/** What IPv4 accepts and what it drops, and that every drop is counted by its reason. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DropReason } from "../../src/ip/counters.ts";
import type { IcmpReport, Transport } from "../../src/ip/path.ts";
import { FLAG_BROADCAST, type Packet } from "../../src/packet/packet.ts";
import { IpHost, type IpHostOptions, leaveNothingBehind } from "../support/ip-host.ts";
import { TestLink } from "../support/test-link.ts";
import { concat, hex, icmp, ip, ipv4, parseIcmp, parseIpv4, pattern, toHex, udp } from "../support/wire.ts";

leaveNothingBehind();

/** An experimental protocol (RFC 3692) for the transport below. */
const PROTOCOL = 253;

/** Keeps a note of every packet. */
class Recorder implements Transport {
  readonly payloads: string[] = [];
  readonly notes: Pick<
    Packet,
    "source" | "destination" | "protocol" | "timeToLive" | "trafficClass" | "flags" | "interfaceIndex"
  >[] = [];
  readonly headers: string[] = [];

  input(packet: Packet): void {
    this.payloads.push(toHex(packet.bytes()));
    const { source, destination, protocol, timeToLive, trafficClass, flags, interfaceIndex } = packet;
    this.notes.push({ source, destination, protocol, timeToLive, trafficClass, flags, interfaceIndex });
    const { bytes } = packet.slab;
    this.headers.push(toHex(bytes.slice(packet.networkOffset, packet.offset)));
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

/** Expects that `bytes` are dropped for `reason` without a word. */
function expectDropped(host: IpHost, bytes: Uint8Array, reason: DropReason, flags = 0): void {
  const before = host.ip.counters[reason];
  const { delivered } = host.ip.counters;
  expect(host.receive(bytes, flags)).toEqual([]);
  expect(`${reason} ${host.ip.counters[reason] - before}`).toBe(`${reason} 1`);
  expect(host.ip.counters.delivered).toBe(delivered);
}

describe("a good datagram", () => {
  test("reaches its transport with what the header says", () => {
    const { host, recorder } = hostWithRecorder();
    // version 4, IHL 5, DSCP 10 ECN 2, length 24, id 0x1234, DF, TTL 7, protocol 253
    host.receive(hex("452a0018 12344000 07fd4c89 0a000002 0a000001 deadbeef"));
    expect(recorder.payloads).toEqual(["deadbeef"]);
    expect(recorder.notes).toEqual([
      {
        source: ip("10.0.0.2"),
        destination: ip("10.0.0.1"),
        protocol: PROTOCOL,
        timeToLive: 7,
        trafficClass: 0x2a,
        flags: 0,
        interfaceIndex: 1,
      },
    ]);
    expect(host.ip.counters.delivered).toBe(1);
    expect(host.eth0.counters).toMatchObject({ receivedPackets: 1, receivedBytes: 24 });
  });

  test("RFC791-3.1-3: padding that a link added never reaches the transport", () => {
    const { host, recorder } = hostWithRecorder();
    const datagram = ipv4({ protocol: PROTOCOL, payload: hex("0102") });
    host.receive(concat(datagram, new Uint8Array(24).fill(0xee)));
    expect(recorder.payloads).toEqual(["0102"]);
  });

  test("RFC1122-3.2.1.6-2: the type of service is passed up", () => {
    const { host, recorder } = hostWithRecorder();
    for (const trafficClass of [0, 1, 0xb8, 255]) host.receive(ipv4({ protocol: PROTOCOL, trafficClass }));
    expect(recorder.notes.map((note) => note.trafficClass)).toEqual([0, 1, 0xb8, 255]);
  });

  test("RFC1122-3.2.1.7-2: is not dropped for a small TTL, even 0", () => {
    const { host, recorder } = hostWithRecorder();
    for (const timeToLive of [0, 1, 2, 255]) host.receive(ipv4({ protocol: PROTOCOL, timeToLive }));
    expect(recorder.notes.map((note) => note.timeToLive)).toEqual([0, 1, 2, 255]);
  });

  test("RFC6864-4.1-1 RFC6864-4.1-2: the ID of an atomic datagram means nothing: twice the same is delivered twice", () => {
    const { host, recorder } = hostWithRecorder();
    const atomic = ipv4({ protocol: PROTOCOL, dontFragment: true, identification: 7, payload: hex("aa") });
    host.receive(atomic);
    host.receive(atomic);
    host.receive(
      ipv4({ protocol: PROTOCOL, dontFragment: true, identification: 0xffff, payload: hex("bb") }),
    );
    expect(recorder.payloads).toEqual(["aa", "aa", "bb"]);
  });

  test("the reserved bit does not disturb us", () => {
    const { host, recorder } = hostWithRecorder();
    host.receive(ipv4({ protocol: PROTOCOL, reserved: true }));
    expect(recorder.payloads).toHaveLength(1);
  });
});

describe("a bad header", () => {
  test("cut at every length it is dropped, never thrown", () => {
    const { host, recorder } = hostWithRecorder();
    const datagram = ipv4({ protocol: PROTOCOL, options: hex("01010100"), payload: pattern(16) });
    for (let length = 0; length < datagram.length; length++) {
      expectDropped(
        host,
        datagram.slice(0, length),
        length < 20 ? "tooShort" : length < 24 ? "badHeaderLength" : "badTotalLength",
      );
    }
    expect(recorder.payloads).toEqual([]);
  });

  test("RFC1122-3.2.1.1-1: every version but 4 is dropped silently", () => {
    const { host, recorder } = hostWithRecorder();
    for (let version = 0; version < 16; version++) {
      const datagram = ipv4({ version, protocol: PROTOCOL });
      if (version !== 4) expectDropped(host, datagram, "badVersion");
      else host.receive(datagram);
    }
    expect(recorder.payloads).toHaveLength(1);
  });

  test("RFC791-3.1-2: an IHL below 5 or past the datagram is dropped", () => {
    const { host } = hostWithRecorder();
    for (let words = 0; words < 5; words++) {
      expectDropped(host, ipv4({ headerLength: 4 * words, protocol: PROTOCOL }), "badHeaderLength");
    }
    for (let words = 6; words < 16; words++) {
      expectDropped(host, ipv4({ headerLength: 4 * words, protocol: PROTOCOL }), "badHeaderLength");
    }
    // within what arrived, but past the total length
    const long = ipv4({ headerLength: 60, totalLength: 59, protocol: PROTOCOL, payload: pattern(60) });
    expectDropped(host, long, "badTotalLength");
  });

  test("RFC791-3.1-3: a total length below the header's or above what arrived is dropped", () => {
    const { host, recorder } = hostWithRecorder();
    for (let totalLength = 0; totalLength < 64; totalLength++) {
      const datagram = ipv4({ protocol: PROTOCOL, totalLength, payload: pattern(20) });
      if (totalLength < 20 || totalLength > 40) expectDropped(host, datagram, "badTotalLength");
      else host.receive(datagram);
    }
    expectDropped(host, ipv4({ protocol: PROTOCOL, totalLength: 65_535 }), "badTotalLength");
    expect(recorder.payloads.map((payload) => payload.length / 2)).toEqual([...Array(21).keys()]);
  });

  test("RFC1122-3.2.1.2-1 RFC791-3.1-1: any flipped bit of the header is dropped silently", () => {
    const { host, recorder } = hostWithRecorder();
    const datagram = ipv4({ protocol: PROTOCOL, options: hex("01010100"), payload: pattern(8) });
    for (let bit = 0; bit < 24 * 8; bit++) {
      const flipped = Uint8Array.from(datagram);
      flipped[bit >>> 3] = (flipped[bit >>> 3] as number) ^ (0x80 >>> (bit & 7));
      expect(host.receive(flipped)).toEqual([]);
    }
    expect(recorder.payloads).toEqual([]);
    expect(host.ip.counters.badChecksum).toBeGreaterThan(150);
  });

  test("random bytes never throw, are never answered but for real datagrams, and leave nothing behind", () => {
    const { host } = hostWithRecorder();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        host.receive(bytes);
      }),
      { numRuns: 2000 },
    );
    // and behind a header that passes: random options, protocol, fragment word and payload
    fc.assert(
      fc.property(
        fc.record({
          options: fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.slice(0, bytes.length & ~3)),
          protocol: fc.constantFrom(0, 1, 2, 4, 6, 17, 47, PROTOCOL),
          moreFragments: fc.boolean(),
          fragmentOffset: fc.constantFrom(0, 0, 8, 16, 65_528),
          identification: fc.nat(3),
          payload: fc.uint8Array({ maxLength: 100 }),
        }),
        (fields) => {
          host.receive(ipv4(fields));
        },
      ),
      { numRuns: 3000 },
    );
    expect(host.ip.counters.received).toBe(5000);
  });
});

describe("the source", () => {
  const impossible = [
    "0.0.0.0",
    "0.1.2.3",
    "127.0.0.1",
    "127.255.255.255",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "254.1.1.1",
    "255.255.255.255",
    "10.0.0.255",
    "10.0.0.0",
  ];

  test.each(impossible)("RFC1122-3.2.1.3-3: %s is dropped in silence, for all protocols", (source) => {
    const { host, recorder } = hostWithRecorder();
    expectDropped(host, ipv4({ source, protocol: PROTOCOL }), "martianSource");
    expectDropped(host, icmp({ type: 8 }, { source }), "martianSource");
    expectDropped(host, udp({ destinationPort: 9 }, { source }), "martianSource");
    expectDropped(host, ipv4({ source, protocol: 200 }), "martianSource");
    expect(recorder.payloads).toEqual([]);
  });

  test("RFC1122-3.2.1.3-3: 0.0.0.0 is let in where a host asks all others for its address", () => {
    const { host, recorder } = hostWithRecorder();
    host.receive(ipv4({ source: "0.0.0.0", destination: "255.255.255.255", protocol: PROTOCOL }));
    expect(recorder.payloads).toHaveLength(1);
    const other = { source: "0.0.0.1", destination: "255.255.255.255", protocol: PROTOCOL };
    expectDropped(host, ipv4(other), "martianSource");
  });

  test("our own address from a wire is dropped (land)", () => {
    const { host } = hostWithRecorder();
    expectDropped(host, ipv4({ source: "10.0.0.1", protocol: PROTOCOL }), "ownSource");
    expectDropped(host, icmp({ type: 8 }, { source: "10.0.0.1" }), "ownSource");
  });

  test("the neighbours of these addresses are good", () => {
    const { host, recorder } = hostWithRecorder();
    const good = ["1.0.0.0", "126.255.255.255", "128.0.0.0", "223.255.255.255", "10.0.0.254", "10.0.1.255"];
    for (const source of good) host.receive(ipv4({ source, protocol: PROTOCOL }));
    expect(recorder.notes.map((note) => note.source)).toEqual(good.map(ip));
  });
});

describe("the destination", () => {
  test.each(["10.0.0.3", "10.0.1.1", "0.0.0.0", "224.0.0.2", "8.8.8.8", "240.0.0.1"])(
    "RFC1122-3.2.1.3-2 CVE-1999-0511: %s is not for us, and we do not forward",
    (destination) => {
      const { host } = hostWithRecorder();
      expectDropped(host, ipv4({ destination, protocol: PROTOCOL }), "notForUs");
      expectDropped(host, icmp({ type: 8 }, { destination }), "notForUs");
      expectDropped(host, udp({ destinationPort: 9 }, { destination }), "notForUs");
    },
  );

  test("RFC1122-3.2.1.3-4: 127/8 from a wire is dropped", () => {
    const { host } = hostWithRecorder();
    for (const destination of ["127.0.0.1", "127.1.2.3"]) {
      expectDropped(host, ipv4({ destination, protocol: PROTOCOL }), "martianDestination");
    }
  });

  test("RFC1122-3.3.6-1: all broadcasts of the connected network are taken, and marked", () => {
    const { host, recorder } = hostWithRecorder();
    for (const destination of ["255.255.255.255", "10.0.0.255", "10.0.0.0"]) {
      host.receive(ipv4({ destination, protocol: PROTOCOL }));
    }
    expect(recorder.notes.map((note) => note.flags)).toEqual([
      FLAG_BROADCAST,
      FLAG_BROADCAST,
      FLAG_BROADCAST,
    ]);
    expectDropped(host, ipv4({ destination: "10.0.1.255", protocol: PROTOCOL }), "notForUs");
  });

  test("RFC1122-3.2.1.3-6: prefixes of /31 and /32 have no broadcast", () => {
    for (const prefixLength of [31, 32]) {
      const { host } = hostWithRecorder({ prefixLength });
      expectDropped(host, ipv4({ destination: "10.0.0.0", protocol: PROTOCOL }), "notForUs");
      expectDropped(host, ipv4({ destination: "10.0.0.255", protocol: PROTOCOL }), "notForUs");
      expect(host.ip.counters.received).toBe(2);
    }
  });

  test("RFC1122-3.3.6-2: a link-layer broadcast to one host is dropped", () => {
    const { host, recorder } = hostWithRecorder();
    expectDropped(host, ipv4({ protocol: PROTOCOL }), "linkBroadcast", FLAG_BROADCAST);
    host.receive(ipv4({ destination: "10.0.0.255", protocol: PROTOCOL }), FLAG_BROADCAST);
    expect(recorder.payloads).toHaveLength(1);
  });

  test("RFC1122-3.3.4.2-1 CVE-2019-14899: by default an address counts only on its own interface", () => {
    const datagram = ipv4({ source: "192.168.7.2", destination: "10.0.0.1", protocol: PROTOCOL });
    for (const strongHost of [undefined, false, true]) {
      const { host, recorder } = hostWithRecorder(strongHost === undefined ? {} : { ip: { strongHost } });
      const link = new TestLink(host.clock);
      host.ip.addInterface({ name: "eth1", link, address: ip("192.168.7.1"), prefixLength: 24 });
      link.receive(datagram);
      expect(recorder.payloads).toHaveLength(strongHost === false ? 1 : 0);
      expect(host.ip.counters.wrongInterface).toBe(strongHost === false ? 0 : 1);
      expect(link.take()).toEqual([]);
    }
  });

  test("two interfaces may have one address, and both hear it", () => {
    const { host, recorder } = hostWithRecorder();
    const link = new TestLink(host.clock);
    host.ip.addInterface({ name: "eth1", link, address: ip("10.0.0.1"), prefixLength: 24 });
    link.receive(ipv4({ protocol: PROTOCOL }));
    host.receive(ipv4({ protocol: PROTOCOL }));
    expect(recorder.notes.map((note) => note.interfaceIndex)).toEqual([2, 1]);
  });

  test("an interface that is down hears nothing", () => {
    const { host, recorder } = hostWithRecorder();
    host.eth0.up = false;
    expectDropped(host, ipv4({ protocol: PROTOCOL }), "interfaceDown");
    host.eth0.up = true;
    host.receive(ipv4({ protocol: PROTOCOL }));
    expect(recorder.payloads).toHaveLength(1);
  });
});

describe("options", () => {
  function withOptions(options: Uint8Array): Uint8Array {
    const padded = new Uint8Array((options.length + 3) & ~3);
    padded.set(options);
    return ipv4({ protocol: PROTOCOL, options: padded, payload: hex("77") });
  }

  test("RFC791-3.1-10: what follows the end of the list is ignored", () => {
    const { host, recorder } = hostWithRecorder();
    host.receive(withOptions(hex("00 8300ff ffffffff")));
    expect(recorder.payloads).toEqual(["77"]);
  });

  test("RFC1122-3.2.1.8-2: an unknown option is ignored, and all stay readable for the transport", () => {
    const { host, recorder } = hostWithRecorder();
    const options = hex("1e060102030401010000000094040000");
    host.receive(withOptions(options));
    expect(recorder.payloads).toEqual(["77"]);
    expect((recorder.headers[0] as string).slice(40)).toBe(toHex(options));
  });

  test("RFC1122-3.2.1.8-3 RFC6814-2-1: Stream ID is ignored", () => {
    const { host, recorder } = hostWithRecorder();
    host.receive(withOptions(hex("88041234")));
    expect(recorder.payloads).toEqual(["77"]);
  });

  test.each([
    ["LSRR", "830b04 0a000003 0a000004"],
    ["SSRR", "890b04 0a000003 0a000004"],
    ["LSRR that is done", "830b0c 0a000003 0a000004"],
  ])("RFC7126-4.3-1 CVE-1999-0510: %s is dropped by default, and counted", (_, options) => {
    const { host, recorder } = hostWithRecorder();
    expectDropped(host, withOptions(hex(options)), "sourceRouted");
    expectDropped(host, withOptions(concat(hex("94040000 01"), hex(options))), "sourceRouted"); // behind others
    expect(recorder.payloads).toEqual([]);
  });

  test.each([
    ["length 0", "94000000", 21],
    ["length 1", "94010000", 21],
    ["length past the header", "94090000", 21],
    ["type at the last byte", "01010194", 23],
    ["record route of length 2", "07020000", 22],
    ["record route with a pointer before its data", "07070300 00000000", 22],
    ["timestamp of length 3", "44030500", 22],
    ["timestamp with a pointer before its data", "44080400 00000000", 22],
  ])("RFC1122-3.2.1.8-5: %s is dropped with a Parameter Problem that points at it", (_, options, pointer) => {
    const { host, recorder } = hostWithRecorder();
    const bad = withOptions(hex(options));
    const [answer] = host.receive(bad);
    expect(host.ip.counters.badOptions).toBe(1);
    expect(recorder.payloads).toEqual([]);
    const message = parseIcmp(parseIpv4(answer as Uint8Array).payload);
    expect(message).toMatchObject({ type: 12, code: 0, rest: (pointer as number) * 0x100_0000 });
    expect(toHex(message.payload)).toBe(toHex(bad));
  });

  test("RFC791-3.1-9: every length byte at every position ends, and never harms", () => {
    const { host } = hostWithRecorder();
    for (let position = 0; position < 40; position++) {
      for (let length = 0; length < 256; length++) {
        const options = new Uint8Array(40).fill(1);
        options[position] = 0x94;
        if (position < 39) options[position + 1] = length;
        host.receive(ipv4({ protocol: PROTOCOL, options }));
      }
    }
    const { delivered, badOptions } = host.ip.counters;
    expect(delivered + badOptions).toBe(40 * 256);
    expect(delivered).toBe(780); // at position p the lengths 2 to 40 - p
  });

  test("RFC791-3.1-11: no pointer of record route or timestamp does harm", () => {
    const { host, recorder } = hostWithRecorder();
    for (let pointer = 0; pointer < 256; pointer++) {
      host.receive(withOptions(Uint8Array.from([7, 7, pointer, 0, 0, 0, 0])));
      host.receive(withOptions(Uint8Array.from([68, 8, pointer, 0, 0, 0, 0, 0])));
    }
    expect(recorder.payloads).toHaveLength(512 - 4 - 5);
  });

  test("options that the host cannot mean are harmless on random bytes", () => {
    const { host } = hostWithRecorder();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 40 }), (options) => {
        host.receive(ipv4({ protocol: PROTOCOL, options }));
      }),
      { numRuns: 3000 },
    );
    const { delivered, badOptions, sourceRouted } = host.ip.counters;
    expect(delivered + badOptions + sourceRouted).toBe(3000);
  });
});

describe("the protocol", () => {
  test("RFC1122-3.2.2.1-1: one that nobody has registered is answered with protocol unreachable", () => {
    const { host } = hostWithRecorder();
    const datagram = ipv4({ protocol: 252, payload: pattern(40) });
    const answers = host.receive(datagram).map(parseIpv4);
    expect(host.ip.counters.unknownProtocol).toBe(1);
    expect(answers).toHaveLength(1);
    expect(answers[0]).toMatchObject({
      source: "10.0.0.1",
      destination: "10.0.0.2",
      protocol: 1,
      timeToLive: 64,
    });
    const message = parseIcmp((answers[0] as ReturnType<typeof parseIpv4>).payload);
    expect(message).toMatchObject({ type: 3, code: 2, rest: 0 });
    expect(toHex(message.payload)).toBe(toHex(datagram));
  });

  test("CVE-2020-11900: IP in IP is not taken apart", () => {
    const { host, recorder } = hostWithRecorder();
    host.receive(ipv4({ protocol: 4, payload: ipv4({ protocol: PROTOCOL, payload: hex("01") }) }));
    expect(recorder.payloads).toEqual([]);
    expect(host.ip.counters.unknownProtocol).toBe(1);
  });
});
