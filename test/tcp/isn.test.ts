import { describe, expect, it } from "vitest";
import { sipHash24 } from "../../src/base/hash.ts";
import { initialSequenceNumber } from "../../src/tcp/isn.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { ip } from "../support/wire.ts";

leaveNothingBehind();

/** Opens to the peer from one port at `millis`, and returns the ISN on the wire. */
function isnAt(millis: number, options: { seed?: number; port?: number; from?: number } = {}): number {
  const peer = new SegmentPeer({ seed: options.seed ?? 1, port: options.port ?? 4000 });
  peer.advance(millis);
  const socket = peer.host.stream();
  expect(socket.bind({ address: "10.0.0.1", port: options.from ?? 5000 })).toBe(0);
  return peer.open(socket).rawSeq;
}

describe("RFC 9293 §3.4.1, RFC 6528: the initial sequence number", () => {
  it("MUST-8: it rises by one every 4 µs for one and the same connection", () => {
    const first = isnAt(0);
    for (const millis of [1, 2, 1000, 60_000, 3_600_000, 20_000_000]) {
      expect((isnAt(millis) - first) >>> 0).toBe((millis * 250) % 2 ** 32);
    }
  });

  it("MUST-8: so do those of connections that a listener takes", () => {
    const isns = [0, 1000].map((millis) => {
      const peer = new SegmentPeer();
      peer.advance(millis);
      return peer.syn().rawSeq;
    });
    expect(((isns[1] as number) - (isns[0] as number)) >>> 0).toBe(250_000);
  });

  it("MUST-9, RFC6528-3-2: stacks with other secrets have unrelated ISNs", () => {
    const isns = Array.from({ length: 300 }, (_, seed) => isnAt(0, { seed }));
    expect(new Set(isns).size).toBe(300);
    // each bit is set about half of the time
    for (let bit = 0; bit < 32; bit++) {
      const ones = isns.filter((isn) => ((isn >>> bit) & 1) === 1).length;
      expect(ones).toBeGreaterThan(100);
      expect(ones).toBeLessThan(200);
    }
  });

  it("MUST-9: neighbouring ports tell nothing of each other, and the secret is not to be had from a host", () => {
    const differences = new Set<number>();
    for (let port = 5000; port < 5200; port++) {
      differences.add((isnAt(0, { from: port + 1 }) - isnAt(0, { from: port })) >>> 0);
    }
    expect(differences.size).toBe(200);
    const { host } = new SegmentPeer();
    expect(JSON.stringify([host.netstat(), host.leaks()])).not.toMatch(/key|secret/i);
  });

  it("SHLD-1, RFC6528-3-1: ISN = M + F(local address and port, remote address and port, secret)", () => {
    const peer = new SegmentPeer();
    const { key } = peer.tcp;
    for (const [now, local, localPort, remote, remotePort] of [
      [0, "10.0.0.1", 80, "10.0.0.2", 4000],
      [123_456_789, "10.0.0.1", 80, "10.0.0.2", 4000],
      [2 ** 40, "192.168.255.254", 65_535, "224.1.2.3", 1],
      [7, "255.255.255.255", 1, "1.2.3.4", 65_535],
    ] as const) {
      // F over the twelve bytes of both addresses and both ports, by the reference that knows no words
      const message = new Uint8Array(12);
      const view = new DataView(message.buffer);
      view.setInt32(0, ip(local), true);
      view.setInt32(4, ip(remote), true);
      view.setInt32(8, (localPort << 16) | remotePort, true);
      const [hash] = sipHash24(key, message);
      const expected = ((Math.floor(now / 4) + hash) % 2 ** 32) | 0;
      const isn = initialSequenceNumber(key, now, ip(local), localPort, ip(remote), remotePort);
      expect(isn).toBe(Number(BigInt.asIntN(32, BigInt(Math.floor(now / 4)) + BigInt(hash))));
      expect(isn).toBe(expected);
    }
    const syn = peer.open();
    const { localPort } = peer.socket;
    expect(syn.rawSeq | 0).toBe(
      initialSequenceNumber(key, 0, ip("10.0.0.1"), localPort, ip("10.0.0.2"), 4000),
    );
  });
});
