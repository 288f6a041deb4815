/** What a user of UDP sees: binding, connecting, sending, receiving. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAGAIN,
  EBADF,
  EDESTADDRREQ,
  EINVAL,
  EMSGSIZE,
  ENETUNREACH,
  ENOTCONN,
  EPIPE,
} from "../../src/base/errno.ts";
import { POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from "../../src/base/readiness.ts";
import { DEFAULT_UDP_CONFIG } from "../../src/udp/config.ts";
import { DatagramInfo, type UdpEndpoint } from "../../src/udp/endpoint.ts";
import { IpHost, type IpHostOptions, leaveNothingBehind } from "../support/ip-host.ts";
import { TestLink } from "../support/test-link.ts";
import {
  icmp,
  ip,
  ipv4,
  parseIcmp,
  parseIpv4,
  parseUdp,
  pattern,
  text,
  toHex,
  udp,
} from "../support/wire.ts";

leaveNothingBehind();

const MSG_PEEK = 2;
const MSG_TRUNC = 0x20;
const PEER = ip("10.0.0.2");
const [FIRST_PORT, LAST_PORT] = DEFAULT_UDP_CONFIG.ephemeralPorts;

function bound(host: IpHost, address = "0.0.0.0", port = 1000, reuse = false): UdpEndpoint {
  const endpoint = host.udp.create();
  endpoint.settings.reuseAddress = reuse;
  expect(endpoint.bind(ip(address), port)).toBe(0);
  return endpoint;
}

function send(endpoint: UdpEndpoint, data: Uint8Array, to: string, port: number): number {
  return endpoint.send(data, 0, data.length, ip(to), port);
}

const info = new DatagramInfo();

/** The next datagram as text, or the errno. */
function receive(endpoint: UdpEndpoint): string | number {
  const buffer = new Uint8Array(65_536);
  const length = endpoint.receive(buffer, 0, buffer.length, 0, info);
  return length < 0 ? length : new TextDecoder().decode(buffer.slice(0, length));
}

/** The datagrams on the wire. */
function sentBy(host: IpHost) {
  return host.link.take().map((bytes) => {
    const fields = parseIpv4(bytes);
    return { ip: fields, udp: parseUdp(fields.payload) };
  });
}

/** A host with a second wire, 10.0.1.1/24. */
function twoHomed(options: IpHostOptions = {}): { host: IpHost; other: TestLink } {
  const host = new IpHost(options);
  const other = new TestLink(host.clock);
  host.ip.addInterface({ name: "eth1", link: other, address: ip("10.0.1.1"), prefixLength: 24 });
  return { host, other };
}

describe("bind", () => {
  test("takes our addresses, broadcasts and multicast, and no other", () => {
    const host = new IpHost();
    for (const address of [
      "0.0.0.0",
      "10.0.0.1",
      "127.0.0.1",
      "127.5.5.5",
      "10.0.0.255",
      "255.255.255.255",
      "224.0.0.9",
    ]) {
      const endpoint = bound(host, address);
      expect([endpoint.localAddress, endpoint.localPort]).toEqual([ip(address), 1000]);
      endpoint.close();
    }
    for (const address of ["10.0.0.2", "8.8.8.8", "0.0.0.1", "240.0.0.1"]) {
      expect(host.udp.create().bind(ip(address), 1000)).toBe(-EADDRNOTAVAIL);
    }
  });

  test("once only", () => {
    const endpoint = bound(new IpHost());
    expect(endpoint.bind(0, 1001)).toBe(-EINVAL);
    expect(endpoint.localPort).toBe(1000);
  });

  test.each([
    ["0.0.0.0", "0.0.0.0", false],
    ["0.0.0.0", "10.0.0.1", false],
    ["10.0.0.1", "0.0.0.0", false],
    ["10.0.0.1", "10.0.0.1", false],
    ["10.0.0.1", "127.0.0.1", true],
    ["127.0.0.1", "127.0.0.2", true],
    ["10.0.0.255", "10.0.0.1", true],
  ])(
    "RFC1122-4.1.3.5-2: %s and then %s on one port: %s; with SO_REUSEADDR on both always",
    (first, second, allowed) => {
      for (const [one, two] of [
        [false, false],
        [true, false],
        [false, true],
        [true, true],
      ] as const) {
        const host = new IpHost();
        bound(host, first, 1000, one);
        const other = host.udp.create();
        other.settings.reuseAddress = two;
        expect(other.bind(ip(second), 1000)).toBe(allowed || (one && two) ? 0 : -EADDRINUSE);
      }
    },
  );

  test("a closed endpoint's port is free", () => {
    const host = new IpHost();
    bound(host).close();
    bound(host);
  });

  test("RFC6056-3.3-1 INFRA:HALT CVE-2021-31228: port 0 is one that nobody can guess", () => {
    const ports = [1, 2, 1].map((seed) => {
      const host = new IpHost({ seed });
      return Array.from({ length: 50 }, () => bound(host, "0.0.0.0", 0).localPort);
    });
    expect(ports[0]).toEqual(ports[2]);
    expect(ports[0]).not.toEqual(ports[1]);
    const steps = (ports[0] as number[]).slice(1).map((port, index) => port - (ports[0]?.[index] as number));
    expect(new Set(steps).size).toBeGreaterThan(45);
    for (const port of ports.flat()) {
      expect(port).toBeGreaterThanOrEqual(FIRST_PORT);
      expect(port).toBeLessThanOrEqual(LAST_PORT);
    }
  });

  test("RFC6056-3.3-2: never one in use, until none is left", () => {
    const host = new IpHost({ udp: { ephemeralPorts: [50_000, 50_009] } });
    bound(host, "0.0.0.0", 50_003);
    const ports = Array.from({ length: 9 }, () => bound(host, "0.0.0.0", 0).localPort);
    expect(new Set([...ports, 50_003]).size).toBe(10);
    expect(host.udp.create().bind(0, 0)).toBe(-EADDRINUSE);
    expect(host.udp.create().connect(PEER, 7)).toBe(-EAGAIN);
    expect(send(host.udp.create(), pattern(1), "10.0.0.2", 7)).toBe(-EAGAIN);
    expect(host.link.sent).toEqual([]);
  });
});

describe("receive", () => {
  test("RFC768-User_Interface-1 RFC1122-4.1.3.5-1: gives the data, where it came from and what it was sent to", () => {
    const host = new IpHost();
    const endpoint = bound(host);
    host.advance(5);
    host.receive(udp({ sourcePort: 53, payload: text("hola") }, { timeToLive: 9, trafficClass: 0x28 }));
    host.advance(1);
    expect(receive(endpoint)).toBe("hola");
    expect(info).toEqual({
      address: PEER,
      port: 53,
      destination: ip("10.0.0.1"),
      interfaceIndex: 1,
      timeToLive: 9,
      trafficClass: 0x28,
      arrivedMicros: 5000,
      fullLength: 4,
      truncated: false,
      error: undefined,
    });
    expect(receive(endpoint)).toBe(-EAGAIN);
  });

  test("RFC1122-4.1.4-2: the type of service is passed up", () => {
    const host = new IpHost();
    const endpoint = bound(host);
    host.receive(udp({}, { trafficClass: 0xb8 }));
    receive(endpoint);
    expect(info.trafficClass).toBe(0xb8);
  });

  test("keeps the boundaries of datagrams, empty ones too", () => {
    const host = new IpHost();
    const endpoint = bound(host);
    for (const data of ["one", "", "three"]) host.receive(udp({ payload: text(data) }));
    expect([receive(endpoint), receive(endpoint), receive(endpoint), receive(endpoint)]).toEqual([
      "one",
      "",
      "three",
      -EAGAIN,
    ]);
  });

  test("what there is no room for is lost, and said to be", () => {
    const host = new IpHost();
    const endpoint = bound(host);
    for (let count = 0; count < 4; count++) host.receive(udp({ payload: text("abcdef") }));
    const buffer = new Uint8Array(8);
    expect(endpoint.receive(buffer, 2, 3, 0, info)).toBe(3);
    expect(toHex(buffer)).toBe("0000616263000000");
    expect(info).toMatchObject({ fullLength: 6, truncated: true });
    expect(endpoint.receive(buffer, 0, 3, MSG_TRUNC, info)).toBe(6);
    expect(info).toMatchObject({ fullLength: 6, truncated: true });
    expect(endpoint.receive(buffer, 0, 6, MSG_TRUNC, info)).toBe(6);
    expect(info.truncated).toBe(false);
    expect(endpoint.receive(buffer, 0, 0, 0, info)).toBe(0);
    expect(info).toMatchObject({ fullLength: 6, truncated: true });
    expect(receive(endpoint)).toBe(-EAGAIN);
  });

  test("MSG_PEEK leaves the datagram where it is", () => {
    const host = new IpHost();
    const endpoint = bound(host);
    host.receive(udp({ payload: text("abcdef") }));
    const buffer = new Uint8Array(8);
    expect(endpoint.nextLength).toBe(6);
    expect(endpoint.receive(buffer, 0, 2, MSG_PEEK, info)).toBe(2);
    expect(endpoint.receive(buffer, 0, 2, MSG_PEEK | MSG_TRUNC, info)).toBe(6);
    expect(receive(endpoint)).toBe("abcdef");
    expect(endpoint.nextLength).toBe(0);
  });

  test("view aliasing: the driver's buffer may be used again at once", () => {
    const host = new IpHost();
    const endpoint = bound(host);
    const bytes = udp({ payload: text("abc") });
    host.receive(bytes);
    bytes.fill(0);
    for (let count = 0; count < 600; count++) host.receive(udp({ destinationPort: 9, payload: text("xyz") }));
    expect(receive(endpoint)).toBe("abc");
  });

  test("RFC8085-3.1-1: the queue is bounded by the memory of its buffers, and counts what it does not take", () => {
    const host = new IpHost();
    const endpoint = bound(host);
    endpoint.settings.receiveBufferBytes = 10 * 1024; // so 20 KiB of buffers of 2 KiB, and one more
    for (let count = 0; count < 100; count++) host.receive(udp({ payload: Uint8Array.of(count) }));
    expect(endpoint.receiveQueue).toBe(11 * 2048);
    expect(endpoint.counters).toEqual({ received: 11, sent: 0, receiveQueueFull: 89 });
    expect(host.udp.counters).toMatchObject({ delivered: 11, receiveQueueFull: 89 });
    const buffer = new Uint8Array(1);
    for (let count = 0; count < 11; count++) {
      endpoint.receive(buffer, 0, 1, 0, info);
      expect(buffer[0]).toBe(count);
    }
    expect(endpoint.receiveQueue).toBe(0);
    host.receive(udp({ payload: text("again") }));
    expect(receive(endpoint)).toBe("again");
  });

  test("one datagram of any size fits any buffer", () => {
    const host = new IpHost({ link: { mtu: 65_535 } });
    const endpoint = bound(host);
    endpoint.settings.receiveBufferBytes = 1;
    host.receive(udp({ payload: pattern(65_507) }));
    host.receive(udp({ payload: pattern(1) }));
    expect(endpoint.nextLength).toBe(65_507);
    expect(endpoint.counters.receiveQueueFull).toBe(1);
  });
});

describe("who gets a datagram", () => {
  test("the closest: connected before bound to the address, bound to the address before any", () => {
    const host = new IpHost();
    const any = bound(host, "0.0.0.0", 1000, true);
    const specific = bound(host, "10.0.0.1", 1000, true);
    const connected = bound(host, "0.0.0.0", 1000, true);
    connected.connect(PEER, 2000);
    host.receive(udp({ payload: text("peer") }));
    host.receive(udp({ sourcePort: 2001, payload: text("other port") }));
    host.receive(udp({ payload: text("other host") }, { source: "10.0.0.3" }));
    expect([receive(connected), receive(connected)]).toEqual(["peer", -EAGAIN]);
    expect([receive(specific), receive(specific), receive(specific)]).toEqual([
      "other port",
      "other host",
      -EAGAIN,
    ]);
    specific.close();
    host.receive(udp({ sourcePort: 5, payload: text("rest") }));
    expect(receive(any)).toBe("rest");
  });

  test("the youngest of equals, as in Linux", () => {
    const host = new IpHost();
    const older = bound(host, "0.0.0.0", 1000, true);
    const younger = bound(host, "0.0.0.0", 1000, true);
    host.receive(udp({ payload: text("x") }));
    expect([receive(older), receive(younger)]).toEqual([-EAGAIN, "x"]);
  });

  test("not one bound to another of our addresses", () => {
    const { host, other } = twoHomed();
    const endpoint = bound(host, "10.0.1.1");
    const [answer] = host.receive(udp({}));
    expect(parseIcmp(parseIpv4(answer as Uint8Array).payload)).toMatchObject({ type: 3, code: 3 });
    other.receive(udp({ payload: text("x") }, { source: "10.0.1.2", destination: "10.0.1.1" }));
    expect(receive(endpoint)).toBe("x");
  });

  test("a connected one hears its peer only; others' datagrams find the port closed", () => {
    const host = new IpHost();
    const endpoint = bound(host);
    endpoint.connect(PEER, 2000);
    for (const stranger of [udp({ sourcePort: 2001 }), udp({}, { source: "10.0.0.3" })]) {
      expect(host.receive(stranger)).toHaveLength(1);
    }
    expect(receive(endpoint)).toBe(-EAGAIN);
    host.receive(udp({ payload: text("x") }));
    expect(receive(endpoint)).toBe("x");
  });

  test.each(["10.0.0.255", "255.255.255.255", "10.0.0.0"])(
    "a broadcast to %s: everyone who may, each his own copy",
    (destination) => {
      const host = new IpHost();
      const any = bound(host, "0.0.0.0", 1000, true);
      const another = bound(host, "0.0.0.0", 1000, true);
      const atBroadcast = bound(host, destination, 1000, true);
      const unicast = bound(host, "10.0.0.1", 1000, true);
      const connected = bound(host, "0.0.0.0", 1000, true);
      connected.connect(ip("10.0.0.3"), 2000);
      const otherPort = bound(host, "0.0.0.0", 1001);
      expect(host.receive(udp({ payload: text("all") }, { destination, timeToLive: 3 }))).toEqual([]);
      for (const endpoint of [any, another, atBroadcast]) {
        expect(receive(endpoint)).toBe("all");
        expect(info).toMatchObject({
          address: PEER,
          port: 2000,
          destination: ip(destination),
          timeToLive: 3,
          fullLength: 3,
        });
        expect(receive(endpoint)).toBe(-EAGAIN);
      }
      for (const endpoint of [unicast, connected, otherPort]) expect(receive(endpoint)).toBe(-EAGAIN);
    },
  );

  test("RFC1122-4.1.3.1-1: a closed port is answered with port unreachable", () => {
    const host = new IpHost();
    const datagram = udp({ destinationPort: 9 });
    const [answer] = host.receive(datagram);
    const message = parseIcmp(parseIpv4(answer as Uint8Array).payload);
    expect(message).toMatchObject({ type: 3, code: 3, payload: datagram });
    expect(host.udp.counters.noPort).toBe(1);
  });

  test("CVE-1999-0514: a broadcast to a closed port is not (fraggle)", () => {
    const host = new IpHost();
    expect(host.receive(udp({ destinationPort: 7 }, { destination: "10.0.0.255" }))).toEqual([]);
    expect(host.udp.counters.noPort).toBe(1);
  });

  test.each(["224.0.0.1", "255.255.255.255", "240.0.0.1", "127.0.0.1", "0.0.0.0", "10.0.0.255"])(
    "RFC1122-4.1.3.6-1: a datagram from %s is dropped",
    (source) => {
      const host = new IpHost();
      const endpoint = bound(host);
      expect(host.receive(udp({}, { source }))).toEqual([]);
      expect(receive(endpoint)).toBe(-EAGAIN);
    },
  );
});

describe("connect", () => {
  test("chooses our side, and sends there by default", () => {
    const host = new IpHost();
    const endpoint = host.udp.create();
    expect(endpoint.connect(PEER, 2000)).toBe(0);
    expect([endpoint.localAddress, endpoint.remoteAddress, endpoint.remotePort]).toEqual([
      ip("10.0.0.1"),
      PEER,
      2000,
    ]);
    expect(endpoint.localPort).toBeGreaterThanOrEqual(FIRST_PORT);
    expect(endpoint.send(text("hi"), 0, 2, 0, 0)).toBe(2);
    const [datagram] = sentBy(host);
    expect(datagram?.ip).toMatchObject({ source: "10.0.0.1", destination: "10.0.0.2" });
    expect(datagram?.udp).toMatchObject({
      sourcePort: endpoint.localPort,
      destinationPort: 2000,
      payload: text("hi"),
    });
  });

  test("an address given to send goes before the peer's", () => {
    const host = new IpHost();
    const endpoint = host.udp.create();
    endpoint.connect(PEER, 2000);
    send(endpoint, text("x"), "10.0.0.7", 7);
    endpoint.send(text("y"), 0, 1, 0, 0);
    expect(sentBy(host).map((datagram) => datagram.ip.destination)).toEqual(["10.0.0.7", "10.0.0.2"]);
  });

  test("again, to another peer by another way: our address and port stay, as in Linux", () => {
    const { host } = twoHomed();
    const free = host.udp.create();
    const fixed = bound(host, "10.0.0.1");
    for (const endpoint of [free, fixed]) {
      endpoint.connect(PEER, 2000);
      expect(endpoint.localAddress).toBe(ip("10.0.0.1"));
      const { localPort } = endpoint;
      expect(endpoint.connect(ip("10.0.1.9"), 2001)).toBe(0);
      expect(endpoint.localPort).toBe(localPort);
    }
    expect(free.localAddress).toBe(ip("10.0.0.1"));
    free.disconnect();
    free.connect(ip("10.0.1.9"), 2001);
    expect(free.localAddress).toBe(ip("10.0.1.1"));
    expect(fixed.localAddress).toBe(ip("10.0.0.1"));
  });

  test("one that fails changes nothing but that there is a port, as in Linux", () => {
    const host = new IpHost();
    host.ip.routes.remove({ to: "default" });
    const endpoint = host.udp.create();
    expect(endpoint.connect(ip("8.8.8.8"), 53)).toBe(-ENETUNREACH);
    expect([endpoint.localPort > 0, endpoint.connected]).toEqual([true, false]);
    endpoint.connect(PEER, 2000);
    expect(endpoint.connect(ip("8.8.8.8"), 53)).toBe(-ENETUNREACH);
    expect([endpoint.remoteAddress, endpoint.localAddress]).toEqual([PEER, ip("10.0.0.1")]);
    expect(endpoint.connect(ip("10.0.0.255"), 53)).toBe(-EACCES);
  });

  test("disconnect opens what connect chose, and keeps what was bound", () => {
    const host = new IpHost();
    const free = host.udp.create();
    const fixed = bound(host, "10.0.0.1");
    const half = bound(host, "0.0.0.0", 1001);
    for (const endpoint of [free, fixed, half]) {
      endpoint.connect(PEER, 2000);
      expect(endpoint.disconnect()).toBe(0);
      expect([endpoint.connected, endpoint.remotePort]).toEqual([false, 0]);
    }
    expect([free.localAddress, free.localPort]).toEqual([0, 0]);
    expect([fixed.localAddress, fixed.localPort]).toEqual([ip("10.0.0.1"), 1000]);
    expect([half.localAddress, half.localPort]).toEqual([0, 1001]);
    for (const endpoint of [free, fixed, half]) {
      expect(endpoint.send(text("x"), 0, 1, 0, 0)).toBe(-EDESTADDRREQ);
    }
    host.receive(udp({ sourcePort: 1, destinationPort: 1001, payload: text("anyone") }));
    expect(receive(half)).toBe("anyone");
  });

  test("address 0 is this host, as in Linux", () => {
    const host = new IpHost();
    const server = bound(host);
    const client = host.udp.create();
    expect(client.connect(0, 1000)).toBe(0);
    expect([client.localAddress, client.remoteAddress]).toEqual([ip("127.0.0.1"), ip("127.0.0.1")]);
    client.send(text("a"), 0, 1, 0, 0);
    send(host.udp.create(), text("b"), "0.0.0.0", 1000);
    host.clock.runInstant();
    expect([receive(server), receive(server)]).toEqual(["a", "b"]);
  });

  test("two of one host talk over lo, with any of its addresses", () => {
    const host = new IpHost();
    const a = bound(host, "10.0.0.1", 1000);
    const b = bound(host, "127.0.0.1", 1000);
    send(a, text("to b"), "127.0.0.1", 1000);
    send(b, text("to a"), "10.0.0.1", 1000);
    host.clock.runInstant();
    expect(receive(a)).toBe("to a");
    expect(info.address).toBe(ip("127.0.0.1"));
    expect(receive(b)).toBe("to b");
    expect(info.address).toBe(ip("10.0.0.1"));
    expect(host.link.sent).toEqual([]);
  });
});

describe("send", () => {
  test("without an address or a peer is EDESTADDRREQ, to port 0 EINVAL", () => {
    const host = new IpHost();
    const endpoint = host.udp.create();
    expect(endpoint.send(pattern(1), 0, 1, 0, 0)).toBe(-EDESTADDRREQ);
    expect(send(endpoint, pattern(1), "10.0.0.2", 0)).toBe(-EINVAL);
    expect(host.link.sent).toEqual([]);
    expect(endpoint.localPort).toBeGreaterThan(0); // it has a port before anything is looked at, as in Linux
  });

  test("who is connected to port 0 sends there and hears every port, as in Linux", () => {
    const host = new IpHost();
    const endpoint = bound(host);
    expect(endpoint.connect(PEER, 0)).toBe(0);
    expect(endpoint.send(pattern(1), 0, 1, 0, 0)).toBe(1);
    expect(sentBy(host).map((datagram) => datagram.udp.destinationPort)).toEqual([0]);
    host.receive(udp({ sourcePort: 4711, payload: text("a") }));
    expect(receive(endpoint)).toBe("a");
  });

  test("binds to a free port and any address", () => {
    const host = new IpHost();
    const endpoint = host.udp.create();
    send(endpoint, pattern(1), "10.0.0.2", 7);
    expect(endpoint.localAddress).toBe(0);
    expect(sentBy(host)[0]?.udp.sourcePort).toBe(endpoint.localPort);
    send(endpoint, pattern(1), "10.0.0.3", 7);
    expect(sentBy(host)[0]?.udp.sourcePort).toBe(endpoint.localPort);
  });

  test("65507 bytes go, one more is EMSGSIZE", () => {
    const host = new IpHost();
    const endpoint = host.udp.create();
    expect(send(endpoint, pattern(65_507), "10.0.0.2", 7)).toBe(65_507);
    const pieces = host.link.take();
    expect(pieces.length).toBe(45);
    expect(send(endpoint, pattern(65_508), "10.0.0.2", 7)).toBe(-EMSGSIZE);
    expect(host.link.sent).toEqual([]);
  });

  test("without a route is ENETUNREACH, and works when there is one", () => {
    const host = new IpHost();
    host.ip.routes.remove({ to: "default" });
    const endpoint = host.udp.create();
    expect(send(endpoint, pattern(1), "8.8.8.8", 7)).toBe(-ENETUNREACH);
    const route = host.ip.routes.add({ to: "default", via: "10.0.0.254" });
    expect(send(endpoint, pattern(1), "8.8.8.8", 7)).toBe(1);
    host.ip.routes.removeRoute(route);
    expect(send(endpoint, pattern(1), "8.8.8.8", 7)).toBe(-ENETUNREACH);
    expect(endpoint.counters.sent).toBe(1);
  });

  test("to a broadcast address needs SO_BROADCAST, each time", () => {
    const host = new IpHost();
    const endpoint = host.udp.create();
    for (const to of ["10.0.0.255", "255.255.255.255"]) {
      expect(send(endpoint, pattern(1), to, 7)).toBe(-EACCES);
      endpoint.settings.broadcast = true;
      expect(send(endpoint, pattern(1), to, 7)).toBe(1);
      endpoint.settings.broadcast = false;
      endpoint.settingsChanged();
      expect(send(endpoint, pattern(1), to, 7)).toBe(-EACCES);
    }
    expect(sentBy(host).map((datagram) => datagram.ip.destination)).toEqual([
      "10.0.0.255",
      "255.255.255.255",
    ]);
  });

  test("RFC1122-3.2.1.3-5 RFC1122-4.1.3.6-2: one that listens at a broadcast address never sends from it", () => {
    const host = new IpHost();
    const endpoint = bound(host, "10.0.0.255");
    send(endpoint, pattern(1), "10.0.0.2", 7);
    endpoint.connect(PEER, 7);
    endpoint.send(pattern(1), 0, 1, 0, 0);
    expect(sentBy(host).map((datagram) => datagram.ip.source)).toEqual(["10.0.0.1", "10.0.0.1"]);
  });

  test("RFC1122-4.1.3.5-2 RFC1122-4.1.3.6-2: from the bound address, else from the route's", () => {
    const { host, other } = twoHomed();
    send(bound(host, "10.0.0.1"), pattern(1), "10.0.1.9", 7);
    send(host.udp.create(), pattern(1), "10.0.1.9", 7);
    expect(other.take().map((bytes) => parseIpv4(bytes).source)).toEqual(["10.0.0.1", "10.0.1.1"]);
    expect(send(bound(host, "127.0.0.1"), pattern(1), "10.0.1.9", 7)).toBe(-EINVAL);
  });

  test("RFC1122-4.1.4-1 RFC1122-3.2.1.6-1: TTL and type of service are the user's", () => {
    const host = new IpHost();
    const endpoint = host.udp.create();
    send(endpoint, pattern(1), "10.0.0.2", 7);
    endpoint.settings.timeToLive = 3;
    endpoint.settings.trafficClass = 0xb8;
    send(endpoint, pattern(1), "10.0.0.2", 7);
    send(endpoint, pattern(1), "224.0.0.9", 7);
    expect(sentBy(host).map((datagram) => [datagram.ip.timeToLive, datagram.ip.trafficClass])).toEqual([
      [64, 0],
      [3, 0xb8],
      [1, 0xb8],
    ]);
  });

  test("RFC1122-3.2.1.7-3: the default TTL is the host's to choose", () => {
    const host = new IpHost({ udp: { timeToLive: 128 } });
    send(host.udp.create(), pattern(1), "10.0.0.2", 7);
    expect(sentBy(host)[0]?.ip.timeToLive).toBe(128);
  });

  test("smoltcp PR 1077: every size from 0 to beyond the MTU arrives as it was", () => {
    const host = new IpHost({ link: { mtu: 68 } });
    const endpoint = host.udp.create();
    fc.assert(
      fc.property(fc.nat(400), (length) => {
        expect(send(endpoint, pattern(length), "10.0.0.2", 7)).toBe(length);
        const data = host.link.take().flatMap((bytes) => [...parseIpv4(bytes).payload]);
        expect(data.slice(8)).toEqual([...pattern(length)]);
      }),
    );
  });
});

describe("IP_MTU_DISCOVER", () => {
  /** What happens to datagrams of 572, 573 and 1473 bytes of data on a path of MTU 600 over a link of 1500. */
  function outcome(mode: number): unknown[] {
    const host = new IpHost();
    const endpoint = host.udp.create();
    endpoint.settings.pathMtuDiscovery = mode;
    host.ip.learnPathMtu(ip("8.8.8.8"), 600);
    return [572, 573, 1473].map((length) => {
      const result = send(endpoint, pattern(length), "8.8.8.8", 7);
      const sent = host.link.take().map(parseIpv4);
      return result < 0
        ? result
        : `${sent.length}${sent.every((fields) => fields.dontFragment) ? " DF" : ""}`;
    });
  }

  test("DONT: never DF", () => expect(outcome(0)).toEqual(["1", "2", "3"]));
  test("WANT: DF on what fits", () => expect(outcome(1)).toEqual(["1 DF", "2", "3"]));
  test("DO: DF, or EMSGSIZE", () => expect(outcome(2)).toEqual(["1 DF", -EMSGSIZE, -EMSGSIZE]));
  test("PROBE: DF, up to the link's MTU", () => expect(outcome(3)).toEqual(["1 DF", "1 DF", -EMSGSIZE]));
});

describe("readiness", () => {
  test("says what can be done", () => {
    const host = new IpHost();
    const endpoint = bound(host);
    expect(endpoint.readiness()).toBe(POLLOUT);
    host.receive(udp({ payload: text("x") }));
    expect(endpoint.readiness()).toBe(POLLOUT | POLLIN);
    receive(endpoint);
    expect(endpoint.readiness()).toBe(POLLOUT);
  });

  test("changes are told once an instant, after everything that came in it", () => {
    const host = new IpHost();
    const endpoint = bound(host);
    const seen: number[] = [];
    endpoint.onEvent = () => seen.push(endpoint.receiveQueue / 2048);
    for (let count = 0; count < 3; count++) host.link.inject(udp({}));
    expect(seen).toEqual([]);
    host.clock.runInstant();
    expect(seen).toEqual([3]);
    host.receive(udp({}));
    expect(seen).toEqual([3, 4]);
  });

  test("nothing is told after close", () => {
    const host = new IpHost();
    const endpoint = bound(host);
    let told = 0;
    endpoint.onEvent = () => told++;
    host.link.inject(udp({}));
    host.clock.step();
    endpoint.close();
    host.clock.runInstant();
    expect(told).toBe(0);
  });
});

describe("shutdown", () => {
  test("for reading: what waits can be read, then it is the end", () => {
    const host = new IpHost();
    const endpoint = bound(host);
    endpoint.connect(PEER, 2000);
    host.receive(udp({ payload: text("last") }));
    expect(endpoint.shutdown(0)).toBe(0);
    expect(endpoint.readiness()).toBe(POLLIN | POLLOUT | POLLRDHUP);
    expect([receive(endpoint), receive(endpoint), receive(endpoint)]).toEqual(["last", "", ""]);
    expect(endpoint.send(pattern(1), 0, 1, 0, 0)).toBe(1);
  });

  test("for writing: EPIPE", () => {
    const host = new IpHost();
    const endpoint = bound(host);
    endpoint.connect(PEER, 2000);
    expect(endpoint.shutdown(1)).toBe(0);
    expect(endpoint.send(pattern(1), 0, 1, 0, 0)).toBe(-EPIPE);
    expect(receive(endpoint)).toBe(-EAGAIN);
    expect(endpoint.shutdown(2)).toBe(0);
    expect(endpoint.readiness() & POLLHUP).toBe(POLLHUP);
  });

  test("without a peer is ENOTCONN, and counts all the same, as in Linux", () => {
    const endpoint = bound(new IpHost());
    expect(endpoint.shutdown(2)).toBe(-ENOTCONN);
    expect(receive(endpoint)).toBe("");
  });
});

describe("close", () => {
  test("gives everything back; the calls are EBADF then", () => {
    const host = new IpHost();
    const endpoint = bound(host);
    for (let count = 0; count < 5; count++) host.receive(udp({}));
    expect([...host.udp.endpoints()]).toEqual([endpoint]);
    endpoint.close();
    endpoint.close();
    expect([...host.udp.endpoints()]).toEqual([]);
    expect(endpoint.bind(0, 1)).toBe(-EBADF);
    expect(endpoint.connect(PEER, 1)).toBe(-EBADF);
    expect(endpoint.disconnect()).toBe(-EBADF);
    expect(endpoint.send(pattern(1), 0, 1, PEER, 1)).toBe(-EBADF);
    expect(receive(endpoint)).toBe(-EBADF);
    expect(endpoint.shutdown(0)).toBe(-EBADF);
    expect(host.receive(udp({}))).toHaveLength(1); // port unreachable
  });

  test("CVE-1999-0103: nothing built in answers: a datagram to any port stays unanswered but for ICMP", () => {
    const host = new IpHost();
    for (const port of [7, 9, 13, 17, 19, 37, 53]) {
      for (const bytes of host.receive(udp({ sourcePort: 19, destinationPort: port }))) {
        expect(parseIpv4(bytes).protocol).toBe(1);
      }
    }
    expect(host.udp.counters.sent).toBe(0);
    expect(host.receive(icmp({ type: 3, code: 3, payload: ipv4({ payload: pattern(8) }) }))).toEqual([]);
  });
});
