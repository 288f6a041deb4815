import { describe, expect, test } from "vitest";
import { PathMtuCache } from "../../src/ip/path-mtu.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { IpHost, leaveNothingBehind } from "../support/ip-host.ts";
import { ip, parseIpv4, pattern } from "../support/wire.ts";

leaveNothingBehind();

const MINUTE = 60_000;
const WHOLE = { timeToLive: 64, trafficClass: 0, dontFragment: true };
const CUT = { timeToLive: 64, trafficClass: 0, dontFragment: false };

describe("the MTU of a path", () => {
  test("RFC1191-3-1: falls to what a validated message says, for this destination only", () => {
    const host = new IpHost();
    const path = host.path("8.8.8.8");
    const other = host.path("8.8.4.4");
    host.ip.learnPathMtu(ip("8.8.8.8"), 1400);
    expect([path.mtu, path.linkMtu, other.mtu, host.path("8.8.8.8").mtu]).toEqual([1400, 1500, 1500, 1400]);
    host.ip.learnPathMtu(ip("8.8.8.8"), 1300);
    expect(path.mtu).toBe(1300);
  });

  test("RFC1191-3-3: is never raised by a message, nor above the link's", () => {
    const host = new IpHost();
    const path = host.path("8.8.8.8");
    host.ip.learnPathMtu(ip("8.8.8.8"), 9000);
    expect(path.mtu).toBe(1500);
    host.ip.learnPathMtu(ip("8.8.8.8"), 1400);
    host.ip.learnPathMtu(ip("8.8.8.8"), 1450);
    expect(path.mtu).toBe(1400);
  });

  test("RFC1191-3-2 CVE-2004-1060: however little is claimed, it does not fall below 552 (nor 68)", () => {
    for (const [minPathMtu, floor] of [
      [552, 552],
      [0, 68],
    ] as const) {
      for (const claimed of [0, 1, 67]) {
        const host = new IpHost({ ip: { minPathMtu } });
        const path = host.path("8.8.8.8");
        host.ip.learnPathMtu(ip("8.8.8.8"), claimed);
        expect(path.mtu).toBe(floor);
      }
    }
  });

  test("a path that claims less than we believe gets datagrams that may be cut", () => {
    const host = new IpHost();
    const path = host.path("8.8.8.8");
    host.ip.learnPathMtu(ip("8.8.8.8"), 300);
    expect(path.send(packetPool.from(pattern(532)), 253, WHOLE)).toBe(0);
    host.ip.learnPathMtu(ip("8.8.4.4"), 552);
    host.path("8.8.4.4").send(packetPool.from(pattern(532)), 253, WHOLE);
    const sent = host.link.take().map(parseIpv4);
    expect(sent.map((fields) => [fields.totalLength, fields.dontFragment])).toEqual([
      [552, false],
      [552, true],
    ]);
  });

  test("a link narrower than 552 stays what it is", () => {
    const host = new IpHost({ link: { mtu: 300 } });
    host.ip.learnPathMtu(ip("8.8.8.8"), 100);
    expect(host.path("8.8.8.8").mtu).toBe(300);
  });

  test("RFC1191-6.3-1: comes back after ten minutes and not before, without being asked", () => {
    const host = new IpHost();
    const path = host.path("8.8.8.8");
    host.ip.learnPathMtu(ip("8.8.8.8"), 1400);
    host.advance(10 * MINUTE - 1);
    expect(path.mtu).toBe(1400);
    host.advance(1);
    expect(path.mtu).toBe(1500);
  });

  test("a message that says the same again makes it last; one that says more does not", () => {
    const host = new IpHost();
    const path = host.path("8.8.8.8");
    host.ip.learnPathMtu(ip("8.8.8.8"), 1400);
    host.advance(9 * MINUTE);
    host.ip.learnPathMtu(ip("8.8.8.8"), 1400);
    host.advance(9 * MINUTE);
    expect(path.mtu).toBe(1400);
    host.ip.learnPathMtu(ip("8.8.8.8"), 1450);
    host.advance(1 * MINUTE);
    expect(path.mtu).toBe(1500);
  });

  test("what may be cut is cut to it; with DF the link's own MTU is the limit, so that it can be probed", () => {
    const host = new IpHost();
    const path = host.path("8.8.8.8");
    host.ip.learnPathMtu(ip("8.8.8.8"), 576);
    path.send(packetPool.from(pattern(1480)), 253, CUT);
    path.send(packetPool.from(pattern(1480)), 253, WHOLE);
    expect(host.link.take().map((bytes) => bytes.length)).toEqual([572, 572, 396, 1500]);
  });

  test("our own addresses have no path to learn about", () => {
    const host = new IpHost();
    host.ip.learnPathMtu(ip("10.0.0.1"), 600);
    expect(host.path("10.0.0.1").mtu).toBe(65_535);
  });

  test("CVE-2021-20322: the memory is bounded, the oldest goes", () => {
    const cache = new PathMtuCache(3, 1000);
    for (const destination of [1, 2, 3]) cache.learn(destination, 1000, 0);
    cache.learn(2, 900, 0); // the youngest now, and nobody had to go
    expect(cache.size).toBe(3);
    cache.learn(4, 1000, 0);
    expect(cache.size).toBe(3);
    expect([1, 2, 3, 4].map((destination) => cache.find(destination, 0)?.mtu)).toEqual([
      undefined,
      900,
      1000,
      1000,
    ]);
    expect(cache.find(4, 1000)).toBeUndefined();
    expect(cache.size).toBe(2);
  });
});
