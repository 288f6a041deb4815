/** ICMP errors as a user of UDP meets them. */
import { describe, expect, test } from "vitest";
import { EAGAIN, ECONNREFUSED, EHOSTUNREACH, EMSGSIZE, ENOPROTOOPT, EPROTO } from "../../src/base/errno.ts";
import { POLLERR, POLLIN, POLLOUT } from "../../src/base/readiness.ts";
import type { IcmpReport } from "../../src/ip/path.ts";
import { DatagramInfo, type UdpEndpoint } from "../../src/udp/endpoint.ts";
import { IpHost, leaveNothingBehind } from "../support/ip-host.ts";
import { icmp, ip, parseIpv4, pattern, text, udp } from "../support/wire.ts";

leaveNothingBehind();

const PEER = "10.0.0.2";

function makeEndpoint(host: IpHost, connected: boolean): UdpEndpoint {
  const endpoint = host.udp.create();
  endpoint.bind(0, 1000);
  if (connected) endpoint.connect(ip(PEER), 2000);
  return endpoint;
}

/** Sends a datagram to the peer and returns it as it went. */
function provoke(host: IpHost, endpoint: UdpEndpoint): Uint8Array {
  expect(endpoint.send(text("hola"), 0, 4, ip(PEER), 2000)).toBe(4);
  return host.link.take()[0] as Uint8Array;
}

function read(endpoint: UdpEndpoint): number {
  return endpoint.receive(new Uint8Array(10), 0, 10, 0, new DatagramInfo());
}

describe("a connected endpoint", () => {
  test("RFC1122-4.1.3.3-1 RFC1122-3.2.2.1-3: port unreachable is ECONNREFUSED, told once, by whichever call comes first", () => {
    const ways: ((endpoint: UdpEndpoint) => number)[] = [
      (endpoint) => endpoint.send(text("x"), 0, 1, 0, 0),
      (endpoint) => endpoint.send(text("x"), 0, 1, ip("10.0.0.7"), 7),
      read,
      (endpoint) => -endpoint.takeError(),
    ];
    for (const way of ways) {
      const host = new IpHost();
      const endpoint = makeEndpoint(host, true);
      const seen: number[] = [];
      endpoint.onEvent = () => seen.push(endpoint.readiness());
      const datagram = provoke(host, endpoint);
      host.receive(icmp({ type: 3, code: 3, payload: datagram }));
      expect(seen).toEqual([POLLERR | POLLOUT]);
      expect(way(endpoint)).toBe(-ECONNREFUSED);
      expect(host.link.sent).toEqual([]);
      expect(endpoint.readiness()).toBe(POLLOUT);
      expect(endpoint.takeError()).toBe(0);
      expect(endpoint.send(text("x"), 0, 1, 0, 0)).toBe(1);
    }
  });

  test("an error goes before data that waits", () => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host, true);
    const datagram = provoke(host, endpoint);
    host.receive(udp({ payload: text("data") }));
    host.receive(icmp({ type: 3, code: 3, payload: datagram }));
    expect(endpoint.readiness()).toBe(POLLIN | POLLOUT | POLLERR);
    expect([read(endpoint), read(endpoint), read(endpoint)]).toEqual([-ECONNREFUSED, 4, -EAGAIN]);
  });

  test.each([
    [3, 2, ENOPROTOOPT],
    [3, 3, ECONNREFUSED],
    [3, 13, EHOSTUNREACH],
    [12, 0, EPROTO],
  ])("type %i code %i is errno %i", (type, code, errno) => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host, true);
    host.receive(icmp({ type, code, payload: provoke(host, endpoint) }));
    expect(endpoint.takeError()).toBe(errno);
  });

  test.each([
    [3, 0],
    [3, 1],
    [3, 5],
    [11, 0],
    [11, 1],
  ])("RFC1122-3.2.2.1-4: type %i code %i is a hint only", (type, code) => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host, true);
    host.receive(icmp({ type, code, payload: provoke(host, endpoint) }));
    expect(endpoint.takeError()).toBe(0);
    expect(endpoint.send(text("x"), 0, 1, 0, 0)).toBe(1);
  });

  test("an error about a datagram to somebody else is not its own", () => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host, true);
    expect(endpoint.send(text("x"), 0, 1, ip("10.0.0.7"), 7)).toBe(1);
    host.receive(icmp({ type: 3, code: 3, payload: host.link.take()[0] as Uint8Array }));
    expect(endpoint.takeError()).toBe(0);
    expect(host.udp.counters.errorsUnclaimed).toBe(1);
  });

  test("disconnect does not forget the old one's errors, as in Linux", () => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host, true);
    host.receive(icmp({ type: 3, code: 3, payload: provoke(host, endpoint) }));
    endpoint.disconnect();
    expect(endpoint.send(text("x"), 0, 1, ip(PEER), 7)).toBe(-ECONNREFUSED);
    expect(endpoint.send(text("x"), 0, 1, ip(PEER), 7)).toBe(1);
  });

  test("the refusal of a port of our own comes through lo", () => {
    const host = new IpHost();
    const endpoint = host.udp.create();
    endpoint.connect(ip("127.0.0.1"), 9);
    expect(endpoint.send(text("x"), 0, 1, 0, 0)).toBe(1);
    expect(endpoint.takeError()).toBe(0);
    host.clock.runInstant();
    expect(endpoint.takeError()).toBe(ECONNREFUSED);
  });
});

describe("an unconnected endpoint", () => {
  test("is not told by its calls, as in Linux without IP_RECVERR", () => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host, false);
    host.receive(icmp({ type: 3, code: 3, payload: provoke(host, endpoint) }));
    expect([endpoint.takeError(), read(endpoint)]).toEqual([0, -EAGAIN]);
  });

  test("RFC1122-4.1.3.3-1 RFC1122-3.2.2.4-1: but all errors, soft ones too, are passed to who asks for them", () => {
    for (const connected of [false, true]) {
      const host = new IpHost();
      const endpoint = makeEndpoint(host, connected);
      const seen: Pick<IcmpReport, "type" | "code" | "destination">[] = [];
      endpoint.onError = ({ type, code, destination }) => seen.push({ type, code, destination });
      for (const [type, code] of [
        [3, 1],
        [11, 0],
        [12, 0],
      ] as const) {
        host.receive(icmp({ type, code, payload: provoke(host, endpoint) }, { source: "10.0.0.254" }));
        endpoint.takeError();
      }
      const destination = ip(PEER);
      expect(seen).toEqual([
        { type: 3, code: 1, destination },
        { type: 11, code: 0, destination },
        { type: 12, code: 0, destination },
      ]);
    }
  });
});

describe("an error that quotes what was never sent", () => {
  test("finds nobody: other ports, other addresses", () => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host, true);
    const reports: number[] = [];
    endpoint.onError = (report) => reports.push(report.code);
    const quote = (fields: object, addresses: object = {}): Uint8Array =>
      udp(
        { sourcePort: 1000, destinationPort: 2000, ...fields },
        { source: "10.0.0.1", destination: PEER, ...addresses },
      );
    for (const payload of [
      quote({ sourcePort: 1001 }),
      quote({ destinationPort: 2001 }),
      quote({}, { destination: "10.0.0.3" }),
      quote({}, { source: "10.0.0.4" }),
    ]) {
      host.receive(icmp({ type: 3, code: 3, payload }));
      host.receive(icmp({ type: 3, code: 4, rest: 600, payload }));
    }
    expect(reports).toEqual([]);
    expect(host.udp.counters.errorsUnclaimed).toBe(6);
    expect(host.ip.icmp.counters.errorNotOurs).toBe(2);
    // CVE-2021-20322: nor does it teach us anything about a path
    expect([PEER, "10.0.0.3"].map((address) => host.path(address).mtu)).toEqual([1500, 1500]);
    host.receive(icmp({ type: 3, code: 3, payload: quote({}) }));
    expect(reports).toEqual([3]);
  });
});

describe("fragmentation needed", () => {
  function learn(mode: number, connected: boolean, mtu: number): { mtu: number; error: number } {
    const host = new IpHost();
    const endpoint = makeEndpoint(host, connected);
    endpoint.settings.pathMtuDiscovery = mode;
    endpoint.send(pattern(1400), 0, 1400, ip(PEER), 2000);
    const datagram = host.link.take()[0] as Uint8Array;
    expect(parseIpv4(datagram).dontFragment).toBe(mode !== 0);
    host.receive(
      icmp({ type: 3, code: 4, rest: mtu, payload: datagram.slice(0, 28) }, { source: "10.0.0.254" }),
    );
    return { mtu: host.path(PEER).mtu, error: endpoint.takeError() };
  }

  test("RFC1191-3-1: lowers the path's MTU; the connected are told EMSGSIZE", () => {
    expect(learn(1, true, 1000)).toEqual({ mtu: 1000, error: EMSGSIZE });
    expect(learn(2, true, 1000)).toEqual({ mtu: 1000, error: EMSGSIZE });
    expect(learn(2, false, 1000)).toEqual({ mtu: 1000, error: 0 });
  });

  test("RFC1191-3-2 RFC1191-5-1 RFC1191-3-3: a small, missing or large figure is taken with care", () => {
    expect(learn(1, true, 68).mtu).toBe(552);
    expect(learn(1, true, 0).mtu).toBe(1006);
    expect(learn(1, true, 9000).mtu).toBe(1500);
  });

  test("without path MTU discovery it means nothing", () => {
    expect(learn(0, true, 1000)).toEqual({ mtu: 1500, error: 0 });
  });

  test("RFC6633-3-2 RFC1122-3.2.2.3-1: source quench has no effect", () => {
    const host = new IpHost();
    const endpoint = makeEndpoint(host, true);
    host.receive(icmp({ type: 4, payload: provoke(host, endpoint) }));
    expect(endpoint.takeError()).toBe(0);
    expect(host.udp.counters.errorsReceived).toBe(0);
  });
});
