import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../src/base/clock.ts";
import { prefixMask } from "../../src/ip/address.ts";
import { Interface } from "../../src/ip/interface.ts";
import { type Route, RouteTable } from "../../src/ip/route.ts";
import { IpHost, leaveNothingBehind } from "../support/ip-host.ts";
import { TestLink } from "../support/test-link.ts";
import { ip } from "../support/wire.ts";

leaveNothingBehind();

const clock = new VirtualClock();
const owner = { clock, input: () => {}, unreachable: () => {}, interfaceChanged: () => {} };

function makeInterface(index: number, address: string, prefixLength: number): Interface {
  return new Interface(owner, index, {
    name: `eth${index}`,
    link: new TestLink(clock),
    address: ip(address),
    prefixLength,
  });
}

/** A table with two networks of /24 and their routes. */
function makeTable(): { table: RouteTable; interfaces: Interface[] } {
  const interfaces = [makeInterface(0, "10.0.0.1", 24), makeInterface(1, "10.0.1.1", 24)];
  const table = new RouteTable(interfaces);
  for (const each of interfaces) table.addRoute(each.address & prefixMask(24), 24, 0, each);
  return { table, interfaces };
}

function viaOf(table: RouteTable, destination: string): number | undefined {
  return table.lookup(ip(destination))?.via;
}

describe("choosing a route", () => {
  test("RFC1122-3.3.1.1-1: what is on a connected network is reached directly, the rest by a gateway", () => {
    const { table, interfaces } = makeTable();
    table.add({ to: "default", via: "10.0.0.254" });
    expect(table.lookup(ip("10.0.1.77"))).toMatchObject({ via: 0, interface: interfaces[1] });
    expect(table.lookup(ip("10.0.2.77"))).toMatchObject({ via: ip("10.0.0.254"), interface: interfaces[0] });
  });

  test("RFC1122-3.3.1.1-2: without a gateway only the connected networks are reached", () => {
    const { table } = makeTable();
    expect(table.lookup(ip("10.0.0.2"))).toBeDefined();
    expect(table.lookup(ip("10.0.2.2"))).toBeUndefined();
  });

  test("RFC1812-5.2.4.3-1: the longest prefix wins, as in a linear search over any table", () => {
    const { interfaces } = makeTable();
    const prefix = fc.record({
      // few networks, so that they nest
      network: fc.constantFrom(0x0a00_0000, 0x0a00_0100, 0x0a01_0000, 0x8000_0000 | 0, -1, 0),
      prefixLength: fc.integer({ min: 0, max: 32 }),
      metric: fc.nat(2),
      remove: fc.boolean(),
    });
    const probe = fc.constantFrom(0x0a00_0001, 0x0a00_0101, 0x0a01_0001, 0x8000_0001 | 0, -1, -2, 0, 1);
    fc.assert(
      fc.property(fc.array(prefix, { maxLength: 30 }), fc.array(probe), (prefixes, probes) => {
        const table = new RouteTable(interfaces);
        const linear: Route[] = [];
        for (const [index, { network, prefixLength, metric, remove }] of prefixes.entries()) {
          const masked = network & prefixMask(prefixLength);
          linear.push(table.addRoute(masked, prefixLength, index + 1, interfaces[0] as Interface, metric));
          if (remove) expect(table.removeRoute(linear.shift() as Route)).toBe(true);
        }
        for (const destination of probes) {
          let best: Route | undefined;
          for (const route of linear) {
            if (((destination ^ route.network) & prefixMask(route.prefixLength)) !== 0) continue;
            const longer = best === undefined ? 1 : route.prefixLength - best.prefixLength;
            if (longer > 0 || (longer === 0 && route.metric < (best as Route).metric)) best = route;
          }
          expect(table.lookup(destination)).toBe(best);
        }
        expect([...table]).toHaveLength(linear.length);
      }),
      { numRuns: 300 },
    );
  });

  test("RFC1122-3.3.1.2-1: of several default gateways the one of least metric is used, the oldest of equals", () => {
    const { table } = makeTable();
    table.add({ to: "default", via: "10.0.0.3", metric: 20 });
    table.add({ to: "default", via: "10.0.0.4", metric: 10 });
    table.add({ to: "default", via: "10.0.1.5", metric: 10 });
    expect(viaOf(table, "8.8.8.8")).toBe(ip("10.0.0.4"));
    expect(table.remove({ to: "default", via: "10.0.0.4" })).toBe(1);
    expect(viaOf(table, "8.8.8.8")).toBe(ip("10.0.1.5"));
    expect(table.remove({ to: "default", metric: 10 })).toBe(1);
    expect(viaOf(table, "8.8.8.8")).toBe(ip("10.0.0.3"));
    expect(table.remove({ to: "default", interface: "eth1" })).toBe(0);
    expect(table.remove({ to: "default" })).toBe(1);
    expect(viaOf(table, "8.8.8.8")).toBeUndefined();
    expect(table.remove({ to: "default" })).toBe(0);
  });

  test("a suspected gateway goes behind those of equal metric, never behind worse ones", () => {
    const { table } = makeTable();
    const first = table.add({ to: "default", via: "10.0.0.3" });
    const second = table.add({ to: "default", via: "10.0.0.4" });
    table.add({ to: "default", via: "10.0.0.5", metric: 1 });
    table.demote(first);
    expect(viaOf(table, "8.8.8.8")).toBe(ip("10.0.0.4"));
    table.demote(second);
    expect(viaOf(table, "8.8.8.8")).toBe(ip("10.0.0.3"));
  });

  test("routes through an interface that is down are passed over", () => {
    const { table, interfaces } = makeTable();
    table.add({ to: "default", via: "10.0.0.3" });
    table.add({ to: "default", via: "10.0.1.3", metric: 5 });
    (interfaces[0] as Interface).up = false;
    expect(viaOf(table, "8.8.8.8")).toBe(ip("10.0.1.3"));
    expect(table.lookup(ip("10.0.0.9"))?.via).toBe(ip("10.0.1.3"));
  });

  test("every change is a new generation", () => {
    const { table } = makeTable();
    const { generation } = table;
    const route = table.add({ to: "10.5.0.0/16", via: "10.0.0.3" });
    expect(table.generation).toBe(generation + 1);
    expect(table.removeRoute(route)).toBe(true);
    expect(table.generation).toBe(generation + 2);
    expect(table.removeRoute(route)).toBe(false);
    expect(table.generation).toBe(generation + 2);
  });
});

describe("adding a route as a user writes it", () => {
  test("by gateway, by interface, by both", () => {
    const { table, interfaces } = makeTable();
    expect(table.add({ to: "10.8.0.0/16", via: "10.0.1.9" }).interface).toBe(interfaces[1]);
    expect(table.add({ to: "10.9.0.0/16", interface: "eth0" })).toMatchObject({
      via: 0,
      interface: interfaces[0],
    });
    const odd = table.add({ to: "10.10.0.1/32", via: "192.168.1.1", interface: "eth0", metric: 7 });
    expect(odd).toMatchObject({
      via: ip("192.168.1.1"),
      interface: interfaces[0],
      metric: 7,
      prefixLength: 32,
    });
    expect([...table].map((route) => route.prefixLength)).toEqual([32, 24, 24, 16, 16]);
  });

  test.each([
    [{ to: "10.0.0.0" }, /"10.0.0.0"/],
    [{ to: "10.0.0.1/8", interface: "eth0" }, /10.0.0.1\/8 has host bits set: the network is 10.0.0.0\/8/],
    [{ to: "10.3.0.0/16" }, /needs a gateway \(via\) or an interface/],
    [{ to: "10.3.0.0/16", via: "10.7.0.1" }, /the gateway 10.7.0.1 is on none of this host's networks/],
    [{ to: "10.3.0.0/16", via: "10.7.0" }, /"10.7.0"/],
    [{ to: "10.3.0.0/16", interface: "eth7" }, /no interface eth7 here; there are: eth0, eth1/],
    [{ to: "10.3.0.0/16", interface: "eth0", metric: -1 }, /not -1/],
    [{ to: "10.3.0.0/16", interface: "eth0", metric: 0.5 }, /not 0.5/],
  ])("%j is refused", (options, message) => {
    const { table } = makeTable();
    const { generation } = table;
    expect(() => table.add(options)).toThrow(message as RegExp);
    expect(() => table.add(options)).toThrow(RangeError);
    expect(table.generation).toBe(generation);
  });

  test("a gateway behind a gateway is refused", () => {
    const { table } = makeTable();
    table.add({ to: "10.7.0.0/16", via: "10.0.0.254" });
    expect(() => table.add({ to: "10.8.0.0/16", via: "10.7.0.1" })).toThrow(/none of this host's networks/);
  });
});

describe("interfaces", () => {
  test("RFC1122-3.3.1.6-1: address, mask and gateway are configurable", () => {
    const host = new IpHost();
    const link = new TestLink(host.clock, { mtu: 9000 });
    const eth1 = host.ip.addInterface({ name: "eth1", link, address: ip("172.16.5.4"), prefixLength: 12 });
    expect(eth1).toMatchObject({ index: 2, name: "eth1", mtu: 9000, prefixLength: 12, up: true });
    expect(host.ip.interfaces).toHaveLength(3);
    expect(host.ip.routes.lookup(ip("172.31.0.1"))).toMatchObject({ via: 0, interface: eth1 });
    expect(host.ip.routes.add({ to: "10.9.0.0/16", via: "172.17.0.1" }).interface).toBe(eth1);
  });

  test.each([
    ["0.0.0.0", 24, 1500, /names one host: 0.0.0.0 does not/],
    ["224.0.0.1", 24, 1500, /names one host/],
    ["255.255.255.255", 24, 1500, /names one host/],
    ["10.0.0.255", 24, 1500, /names one host/],
    ["10.0.0.0", 24, 1500, /names one host/],
    ["10.0.0.2", 33, 1500, /0 to 32, not 33/],
    ["10.0.0.2", 1.5, 1500, /0 to 32, not 1.5/],
    ["10.0.0.2", 24, 67, /at least 68/],
  ])("RFC791-3.2-2: %s/%d on a link of MTU %d is refused", (address, prefixLength, mtu, message) => {
    const host = new IpHost();
    const link = new TestLink(host.clock, { mtu });
    const options = { name: "eth1", link, address: ip(address), prefixLength };
    expect(() => host.ip.addInterface(options)).toThrow(message);
    expect(host.ip.interfaces).toHaveLength(2);
  });

  test("a name is given once", () => {
    const host = new IpHost();
    const link = new TestLink(host.clock);
    const options = { name: "eth0", link, address: ip("10.9.0.1"), prefixLength: 24 };
    expect(() => host.ip.addInterface(options)).toThrow("there is an interface eth0 already");
  });

  test("/31 and /32: both ends of the first are hosts, the second reaches nobody directly", () => {
    const host = new IpHost();
    const pair = new TestLink(host.clock);
    host.ip.addInterface({ name: "p2p", link: pair, address: ip("192.168.0.0"), prefixLength: 31 });
    const single = new TestLink(host.clock);
    host.ip.addInterface({ name: "one", link: single, address: ip("192.168.9.255"), prefixLength: 32 });
    expect(host.path("192.168.0.1").source).toBe(ip("192.168.0.0"));
    expect(host.path("192.168.9.255").isLocal).toBe(true);
    expect(host.ip.isBroadcastOrMulticast(ip("192.168.0.1"))).toBe(false);
  });
});
