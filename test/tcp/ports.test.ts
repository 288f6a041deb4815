import { describe, expect, it } from "vitest";
import { EADDRNOTAVAIL } from "../../src/base/errno.ts";
import { DEFAULT_TCP_CONFIG } from "../../src/tcp/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";

leaveNothingBehind();

/** The ports of `count` connections from a host with this seed to one destination. */
function ports(peer: SegmentPeer, count: number, address = "10.0.0.2", port = 80): number[] {
  return Array.from({ length: count }, () => {
    const socket = peer.host.stream();
    socket.connect({ address, port });
    return socket.localPort;
  });
}

describe("ephemeral ports, RFC 6056", () => {
  it("RFC6056-3.2-1: they come from the configured range, which may be all from 1024 to 65535", () => {
    const [first, last] = DEFAULT_TCP_CONFIG.ephemeralPorts;
    for (const port of ports(new SegmentPeer(), 500)) {
      expect(port).toBeGreaterThanOrEqual(first);
      expect(port).toBeLessThanOrEqual(last);
    }
    const wide = new SegmentPeer({ tcp: { ephemeralPorts: [1024, 65_535] } });
    const seen = Array.from(
      { length: 256 },
      (_, index) => ports(wide, 1, `10.0.0.${(index % 250) + 2}`, 80 + index)[0]!,
    );
    expect(Math.min(...seen)).toBeLessThan(8000);
    expect(Math.max(...seen)).toBeGreaterThan(58_000);
  });

  it("RFC6056-3.3-1: where they start is another for every host and every destination, spread over the range", () => {
    const starts = Array.from({ length: 400 }, (_, seed) => ports(new SegmentPeer({ seed }), 1)[0]!);
    const [first, last] = DEFAULT_TCP_CONFIG.ephemeralPorts;
    const buckets = new Array<number>(10).fill(0);
    for (const port of starts) buckets[Math.floor(((port - first) / (last - first + 1)) * 10)]!++;
    const chiSquare = buckets.reduce((sum, count) => sum + (count - 40) ** 2 / 40, 0);
    expect(chiSquare).toBeLessThan(27.9); // 9 degrees of freedom, p = 0.001

    const peer = new SegmentPeer();
    const [a] = ports(peer, 1, "10.0.0.2");
    const [b] = ports(peer, 1, "10.0.0.3");
    const [c] = ports(peer, 1, "10.0.0.2", 81);
    for (const [left, right] of [
      [a!, b!],
      [a!, c!],
      [b!, c!],
    ] as const) {
      expect(Math.abs(left - right)).toBeGreaterThan(20);
    }
  });

  it("RFC6056-3.3-1: a destination cannot count our connections elsewhere by its own", () => {
    const quiet = new SegmentPeer();
    const busy = new SegmentPeer();
    ports(quiet, 1, "10.0.0.2");
    ports(busy, 1, "10.0.0.2");
    ports(busy, 50, "10.0.0.3");
    expect(ports(busy, 1, "10.0.0.2")).toEqual(ports(quiet, 1, "10.0.0.2"));
  });

  it("RFC6056-3.3-2: no four numbers twice; when all ports are taken, EADDRNOTAVAIL; another peer may have them", () => {
    const peer = new SegmentPeer({ tcp: { ephemeralPorts: [50_000, 50_009] } });
    const taken = ports(peer, 10);
    expect([...taken].sort()).toEqual(Array.from({ length: 10 }, (_, index) => 50_000 + index));
    const socket = peer.host.stream();
    expect(socket.connect({ address: "10.0.0.2", port: 80 })).toBe(-EADDRNOTAVAIL);
    expect(ports(peer, 10, "10.0.0.3").length).toBe(10);
  });

  it("RFC6056-3.3-2: nor a port that somebody has bound or listens on", () => {
    const peer = new SegmentPeer({ tcp: { ephemeralPorts: [50_000, 50_002] } });
    const bound = peer.host.stream();
    bound.bind({ address: "", port: 50_001 });
    expect(ports(peer, 2).sort()).toEqual([50_000, 50_002]);
    expect(peer.host.stream().connect({ address: "10.0.0.2", port: 80 })).toBe(-EADDRNOTAVAIL);
  });
});
