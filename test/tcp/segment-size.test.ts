import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IPPROTO_TCP, TCP_MAXSEG } from "../../src/sockets/constants.ts";
import { setOption } from "../../src/sockets/options/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss, SACK_PERMITTED, timestamps } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

/** The longest text of the first flight of a connection over `mtu` whose peer's SYN-ACK had `options`. */
function largestSegment(mtu: number, options: Uint8Array[]): number {
  const peer = new SegmentPeer({ link: { mtu } });
  peer.connect({ options });
  peer.write(pattern(20_000));
  const sent = peer.take();
  for (const { ip, datagram } of sent) {
    expect(datagram.length).toBe(ip.totalLength);
    expect(ip.totalLength).toBeLessThanOrEqual(mtu);
    expect(ip.moreFragments || ip.fragmentOffset > 0).toBe(false);
  }
  return Math.max(...sent.map(({ length }) => length));
}

describe("the maximum segment size, RFC 9293 §3.7.1", () => {
  it("MUST-14, SHLD-5, MAY-3: every SYN and SYN-ACK carries the option", () => {
    expect(new SegmentPeer().open().options.mss).toBe(1460);
    expect(new SegmentPeer().syn().options.mss).toBe(1460);
    const small = new SegmentPeer({ link: { mtu: 576 } });
    expect(small.open().options.mss).toBe(536);
  });

  it("MUST-14, MUST-16: the peer's option bounds what is sent: MTU 1500, 1400, 576 × MSS 1460, 536, 88", () => {
    const rows: Record<string, number> = {};
    for (const mtu of [1500, 1400, 576]) {
      for (const size of [1460, 536, 88]) rows[`${mtu}/${size}`] = largestSegment(mtu, [mss(size)]);
    }
    expect(rows).toEqual({
      "1500/1460": 1460,
      "1500/536": 536,
      "1500/88": 88,
      "1400/1460": 1360,
      "1400/536": 536,
      "1400/88": 88,
      "576/1460": 536,
      "576/536": 536,
      "576/88": 88,
    });
  });

  it("MUST-15: without the option the peer takes 536", () => {
    expect(largestSegment(1500, [])).toBe(536);
    expect(largestSegment(9000, [SACK_PERMITTED])).toBe(536);
  });

  it("MUST-16: options of the segment count: with timestamps there are 12 bytes less", () => {
    expect(largestSegment(1500, [mss(1460), timestamps(0)])).toBe(1448);
    expect(largestSegment(1500, [mss(536), timestamps(0)])).toBe(524);
  });

  it("MUST-16: SACK blocks count, too", () => {
    const peer = new SegmentPeer();
    peer.connect({ options: [mss(1460), SACK_PERMITTED, timestamps(0)] });
    peer.inject({ seq: 1001, data: "x" }, { seq: 2001, data: "y" }, { seq: 3001, data: "z" });
    peer.take();
    peer.write(pattern(3000));
    const [first] = peer.take();
    expect(first!.sack.length).toBe(3);
    expect(first!.length).toBe(1460 - 12 - 28);
    expect(first!.ip.totalLength).toBe(1500);
  });

  it("MUST-67: what is advertised is the link's MTU less 40, for every MTU, options or not", () => {
    fc.assert(
      fc.property(fc.integer({ min: 68, max: 65_535 }), (mtu) => {
        const peer = new SegmentPeer({ link: { mtu } });
        expect(peer.open().options.mss).toBe(mtu - 40);
        peer.close();
        const other = new SegmentPeer({ link: { mtu } });
        expect(other.syn().options.mss).toBe(mtu - 40);
        other.listener!.close();
      }),
      { numRuns: 25 },
    );
  });

  it("SHLD-6: each connection advertises by the link that it goes over", () => {
    const peer = new SegmentPeer({ link: { mtu: 1300 } });
    expect(peer.open().options.mss).toBe(1260);
    const local = peer.host.stream();
    local.connect({ address: "127.0.0.1", port: 9 });
    expect(local.tcb.rcv.mss).toBe(peer.host.ipv4.interfaces[0]!.mtu - 40);
  });

  it("a tiny size is not believed: it would multiply packets (CVE-2019-11479)", () => {
    expect(largestSegment(1500, [mss(1)])).toBe(88);
    expect(largestSegment(1500, [mss(0)])).toBe(536); // as if there were none
  });

  it("TCP_MAXSEG lowers both what is advertised and what is sent", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    setOption(socket, IPPROTO_TCP, TCP_MAXSEG, 700);
    expect(peer.connect({ socket }).options.mss).toBe(700);
    peer.write(pattern(3000));
    expect(peer.take()[0]!.length).toBe(700);
  });

  it("RFC 9293 §3.7.1: the default of 536 does not bound what comes: the peer's segments are taken at any size", () => {
    const peer = new SegmentPeer();
    peer.connect({ options: [] });
    peer.inject({ data: pattern(1460) });
    expect(peer.socket.readable).toBe(1460);
  });
});
