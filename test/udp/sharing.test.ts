/** Endpoints that share a port: by interface, SO_REUSEADDR, SO_REUSEPORT. Every answer was tried on Linux 6.18. */
import { describe, expect, test } from "vitest";
import { EADDRINUSE, EADDRNOTAVAIL, EAGAIN, ENETUNREACH, ENODEV } from "../../src/base/errno.ts";
import { DatagramInfo, type UdpEndpoint } from "../../src/udp/endpoint.ts";
import type { UdpSettings } from "../../src/udp/settings.ts";
import { IpHost, type IpHostOptions, leaveNothingBehind } from "../support/ip-host.ts";
import { TestLink } from "../support/test-link.ts";
import { icmp, ip, parseIpv4, pattern, text, udp } from "../support/wire.ts";

leaveNothingBehind();

const ETH0 = 1;
const ETH1 = 2;

function home(options: IpHostOptions = {}) {
  const host = new IpHost(options);
  const second = new TestLink(host.clock);
  host.ip.addInterface({ name: "eth1", link: second, address: ip("10.0.1.1"), prefixLength: 24 });
  return { host, second };
}

function tryBind(host: IpHost, settings: Partial<UdpSettings>, address: string, port = 6000) {
  const endpoint = host.udp.create();
  Object.assign(endpoint.settings, settings);
  return { endpoint, result: endpoint.bind(ip(address), port) };
}

function bound(host: IpHost, settings: Partial<UdpSettings>, address = "0.0.0.0"): UdpEndpoint {
  const { endpoint, result } = tryBind(host, settings, address);
  expect(result).toBe(0);
  return endpoint;
}

const info = new DatagramInfo();

/** The indices of those that have something to read, which they then have read. */
function readers(endpoints: UdpEndpoint[]): number[] {
  return endpoints.flatMap((endpoint, index) => {
    const result = endpoint.receive(new Uint8Array(10), 0, 10, 0, info);
    expect(result === -EAGAIN || result >= 0).toBe(true);
    return result >= 0 ? [index] : [];
  });
}

describe("a port is shared", () => {
  const RA = { reuseAddress: true };
  const RP = { reusePort: true };
  const ON_ETH0 = { interface: ETH0 };
  type Half = [settings: Partial<UdpSettings>, address: string];
  const CASES: [what: string, first: Half, second: Half, result: number][] = [
    ["not by itself", [{}, "0.0.0.0"], [{}, "0.0.0.0"], -EADDRINUSE],
    ["by two with SO_REUSEADDR", [RA, "0.0.0.0"], [RA, "0.0.0.0"], 0],
    ["by two with SO_REUSEPORT", [RP, "0.0.0.0"], [RP, "0.0.0.0"], 0],
    ["not by one of each", [RA, "0.0.0.0"], [RP, "0.0.0.0"], -EADDRINUSE],
    ["by both and one", [{ ...RA, ...RP }, "0.0.0.0"], [RP, "0.0.0.0"], 0],
    ["by two interfaces", [ON_ETH0, "0.0.0.0"], [{ interface: ETH1 }, "0.0.0.0"], 0],
    ["not by an interface and any", [ON_ETH0, "0.0.0.0"], [{}, "0.0.0.0"], -EADDRINUSE],
    ["not by any and an interface", [{}, "0.0.0.0"], [ON_ETH0, "0.0.0.0"], -EADDRINUSE],
    ["not within an interface", [ON_ETH0, "0.0.0.0"], [ON_ETH0, "0.0.0.0"], -EADDRINUSE],
    ["not by any address and one of ours", [RP, "0.0.0.0"], [{}, "10.0.0.1"], -EADDRINUSE],
    ["by any address and one of ours with SO_REUSEPORT", [RP, "0.0.0.0"], [RP, "10.0.0.1"], 0],
  ];
  for (const [what, first, second, result] of CASES) {
    test(what, () => {
      const { host } = home();
      bound(host, ...first);
      expect(tryBind(host, ...second).result).toBe(result);
    });
  }
});

describe("an interface", () => {
  test("is the only one to hear, and after the address the next best reason to be chosen", () => {
    const { host, second } = home();
    const options = { reuseAddress: true };
    const endpoints = [
      bound(host, options, "10.0.0.1"),
      bound(host, { ...options, interface: ETH0 }),
      bound(host, options),
    ];
    host.receive(udp({ destinationPort: 6000 }));
    expect(readers(endpoints)).toEqual([0]);
    endpoints.shift()!.close();
    host.receive(udp({ destinationPort: 6000 }));
    expect(readers(endpoints)).toEqual([0]);
    second.receive(udp({ destinationPort: 6000 }, { source: "10.0.1.2", destination: "10.0.1.1" }));
    expect(readers(endpoints)).toEqual([1]);
  });

  test("does not hear what this host sends itself, which lo brings", () => {
    const { host } = home();
    const endpoint = bound(host, { interface: ETH0 });
    host.udp.create().send(text("x"), 0, 1, ip("10.0.0.1"), 6000);
    host.clock.runInstant();
    expect(readers([endpoint])).toEqual([]);
    expect(host.udp.counters.noPort).toBe(1);
  });

  test("is where everything leaves, until the peer is forgotten", () => {
    const { host, second } = home();
    const endpoint = host.udp.create();
    endpoint.settings.interface = ETH1;
    expect(endpoint.connect(ip("8.8.8.8"), 7)).toBe(0);
    expect(endpoint.localAddress).toBe(ip("10.0.1.1"));
    endpoint.send(text("x"), 0, 1, 0, 0);
    expect([host.link.take().length, second.take().length]).toEqual([0, 1]);
    endpoint.disconnect();
    expect(endpoint.settings.interface).toBe(-1);
    endpoint.send(text("x"), 0, 1, ip("8.8.8.8"), 7);
    expect([host.link.take().length, second.take().length]).toEqual([1, 0]);
  });

  test("of unicast alone: IP_UNICAST_IF", () => {
    const { host, second } = home();
    const endpoint = host.udp.create();
    Object.assign(endpoint.settings, { unicastInterface: ETH1 });
    endpoint.send(text("x"), 0, 1, ip("10.0.0.2"), 7);
    expect(parseIpv4(second.take()[0]!)).toMatchObject({ source: "10.0.1.1", destination: "10.0.0.2" });
    endpoint.send(text("x"), 0, 1, ip("224.1.1.1"), 7);
    expect([host.link.take().length, second.take().length]).toEqual([1, 0]);
  });

  test("is the one that an ICMP error about its datagrams comes by", () => {
    const { host } = home();
    const [first, second] = [bound(host, { interface: ETH0 }), bound(host, { interface: ETH1 })];
    first.connect(ip("10.0.0.2"), 7);
    first.send(pattern(4), 0, 4, 0, 0);
    host.receive(icmp({ type: 3, code: 3, payload: host.link.take()[0]! }));
    expect([first.takeError(), second.takeError()]).toEqual([111, 0]);
  });

  test("that is gone is ENODEV, one that is down ENETUNREACH", () => {
    const { host } = home();
    const endpoint = host.udp.create();
    endpoint.settings.interface = 7;
    expect(endpoint.connect(ip("10.0.0.2"), 7)).toBe(-ENODEV);
    endpoint.settings.interface = ETH0;
    host.eth0.up = false;
    expect(endpoint.send(text("x"), 0, 1, ip("10.0.0.2"), 7)).toBe(-ENETUNREACH);
  });
});

describe("SO_REUSEPORT", () => {
  /** How many of `count` datagrams from as many ports each endpoint gets. */
  function spread(host: IpHost, endpoints: UdpEndpoint[], count: number): number[] {
    const got = endpoints.map(() => 0);
    for (let each = 0; each < count; each++) {
      host.receive(udp({ sourcePort: 10_000 + each, destinationPort: 6000 }));
      for (const index of readers(endpoints)) got[index]!++;
    }
    return got;
  }

  test("shares out evenly what comes, the same peer to the same endpoint", () => {
    const { host } = home();
    const settings = { reusePort: true };
    const wild = bound(host, settings);
    const endpoints = [1, 2, 3].map(() => bound(host, settings, "10.0.0.1"));
    const got = spread(host, endpoints, 300);
    expect(got.reduce((sum, each) => sum + each)).toBe(300);
    for (const each of got) expect(each).toBeGreaterThan(60);
    expect(spread(host, endpoints, 300)).toEqual(got);
    expect(readers([wild])).toEqual([]);
  });

  test("in another way on every host", () => {
    const spreads = [1, 2].map((seed) => {
      const { host } = home({ seed });
      const endpoints = [1, 2].map(() => bound(host, { reusePort: true }));
      return Array.from({ length: 20 }, (_, each) => {
        host.receive(udp({ sourcePort: 10_000 + each, destinationPort: 6000 }));
        return readers(endpoints)[0];
      }).join("");
    });
    expect(spreads[0]).not.toBe(spreads[1]);
  });

  test("leaves out those that are connected, who get their peer's", () => {
    const { host } = home();
    const endpoints = [1, 2, 3].map(() => bound(host, { reusePort: true }, "10.0.0.1"));
    endpoints[0]!.connect(ip("10.0.0.2"), 10_005);
    const got = spread(host, endpoints, 100);
    expect(got[0]).toBe(1);
    expect(Math.min(got[1]!, got[2]!)).toBeGreaterThan(20);
  });

  test("does not share out broadcasts: everyone gets a copy", () => {
    const { host } = home();
    const endpoints = [1, 2, 3].map(() => bound(host, { reusePort: true }));
    host.receive(udp({ destinationPort: 6000 }, { destination: "10.0.0.255" }));
    expect(readers(endpoints)).toEqual([0, 1, 2]);
  });
});

describe("an address that is not ours", () => {
  test("may be bound with IP_FREEBIND, but is no source; with IP_TRANSPARENT it is", () => {
    const { host } = home();
    expect(tryBind(host, {}, "192.0.2.1").result).toBe(-EADDRNOTAVAIL);
    const free = bound(host, { freeBind: true }, "192.0.2.1");
    expect(free.send(text("x"), 0, 1, ip("10.0.0.2"), 7)).toBe(-ENETUNREACH);
    const transparent = tryBind(host, { transparent: true }, "192.0.2.2").endpoint;
    expect(transparent.send(text("x"), 0, 1, ip("10.0.0.2"), 7)).toBe(1);
    expect(parseIpv4(host.link.take()[0]!)).toMatchObject({ source: "192.0.2.2" });
  });
});
