import { describe, expect, it } from "vitest";
import { IP_MTU_DISCOVER, IP_PMTUDISC_DONT, IPPROTO_IP } from "../../src/sockets/constants.ts";
import { setOption } from "../../src/sockets/options/index.ts";
import type { ParsedSegment } from "../support/segment-peer.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { icmp, ip, pattern } from "../support/wire.ts";

leaveNothingBehind();

const SMSS = 1460;
const ROUTER = "10.0.0.254";

/** Ten full segments in flight, and the segments. */
function sending(data = pattern(60_000)): [SegmentPeer, ParsedSegment[]] {
  const peer = new SegmentPeer();
  peer.connect({ delay: 100 });
  peer.write(data);
  const sent = peer.take();
  expect(sent.length).toBe(10);
  return [peer, sent];
}

/** The router's "fragmentation needed" about a datagram, of which it quotes the first 28 bytes. */
function tooBig(peer: SegmentPeer, datagram: Uint8Array, mtu: number): void {
  peer.injectDatagram(
    icmp({ type: 3, code: 4, rest: mtu, payload: datagram.slice(0, 28) }, { source: ROUTER }),
  );
}

const largest = (segments: ParsedSegment[]) =>
  Math.max(0, ...segments.map(({ ip: { totalLength } }) => totalLength));
const pathMtu = (peer: SegmentPeer) => {
  const path = peer.host.ipv4.path(ip("10.0.0.2"), 0);
  return typeof path === "number" ? path : path.mtu;
};

describe("path MTU discovery, RFC 1191", () => {
  it("RFC1191-3-1, RFC1191-6.4-1: what was too big is sent again at once in pieces that fit, and so is all that follows", () => {
    const data = pattern(60_000);
    const [peer, sent] = sending(data);
    tooBig(peer, sent[0]!.datagram, 1006);
    let pieces = peer.take();
    expect(pieces[0]).toMatchObject({ seq: 1, length: 966, at: peer.now });
    let reached = 0;
    for (let round = 0; round < 200 && reached < data.length; round++) {
      expect(largest(pieces)).toBeLessThanOrEqual(1006);
      for (const { seq, length, data: bytes } of pieces) {
        expect(bytes).toEqual(data.slice(seq - 1, seq - 1 + length));
        if (seq - 1 <= reached) reached = Math.max(reached, seq - 1 + length);
      }
      peer.advance(pieces.length === 0 ? 1000 : 10);
      peer.inject({ ack: 1 + reached });
      pieces = peer.take();
    }
    expect(reached).toBe(data.length);
    expect(peer.counters.timeouts).toBe(0);
  });

  it("RFC1191-6.4-2: that is no congestion: cwnd and ssthresh stay, no recovery begins", () => {
    const [peer, sent] = sending();
    const { congestion, recovery } = peer.tcb!;
    tooBig(peer, sent[3]!.datagram, 1006);
    expect(peer.take().length).toBeGreaterThan(0);
    expect([congestion!.cwnd, congestion!.ssthresh]).toEqual([14_600, Number.POSITIVE_INFINITY]);
    expect(recovery.phase).toBe(0);
    expect(peer.counters.fastRetransmits).toBe(0);
  });

  it("RFC1191-6.4-1: one message for each segment of the flight makes no more copies", () => {
    const [peer, sent] = sending();
    for (const { datagram } of sent) tooBig(peer, datagram, 1006);
    const pieces = peer.take();
    const seen = pieces.map(({ seq }) => seq);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it("RFC1191-6.4-1: a second router, narrower still: the pieces go again in smaller ones, at once", () => {
    const [peer, sent] = sending();
    tooBig(peer, sent[0]!.datagram, 1006);
    const pieces = peer.take();
    expect(largest(pieces)).toBe(1006);
    tooBig(peer, pieces[0]!.datagram, 576);
    const again = peer.take();
    expect(again[0]).toMatchObject({ seq: 1, length: 536, at: peer.now });
    expect(largest(again)).toBe(576);
  });

  it("RFC1191-3-2: nothing below 68 is believed, nor below what the host is set to; there DF is left out", () => {
    for (const mtu of [1, 28, 67, 68, 300]) {
      const [peer, sent] = sending();
      tooBig(peer, sent[0]!.datagram, mtu);
      expect(pathMtu(peer)).toBe(552);
      const pieces = peer.take();
      expect(largest(pieces)).toBeLessThanOrEqual(552);
      expect(pieces.length).toBeGreaterThan(0);
      for (const piece of pieces) expect(piece.ip.dontFragment).toBe(false);
    }
    const low = new SegmentPeer({ ip: { minPathMtu: 68 } });
    low.connect();
    low.write(pattern(5000));
    tooBig(low, low.take()[0]!.datagram, 20);
    expect(pathMtu(low)).toBeGreaterThanOrEqual(68);
  });

  it("RFC1191-3-3: a message never raises the estimate", () => {
    const [peer, sent] = sending();
    tooBig(peer, sent[0]!.datagram, 1006);
    const pieces = peer.take();
    tooBig(peer, pieces[0]!.datagram, 1400);
    tooBig(peer, pieces[0]!.datagram, 9000);
    expect(pathMtu(peer)).toBe(1006);
    expect(peer.tcb!.snd.mss).toBe(966);
    const [other, flight] = sending();
    tooBig(other, flight[0]!.datagram, 9000);
    expect([pathMtu(other), other.tcb!.snd.mss]).toEqual([1500, SMSS]);
    expect(other.take()).toEqual([]);
  });

  it("RFC1191-5-1: a router that names no MTU: the next plateau below the datagram's length", () => {
    const [peer, sent] = sending();
    tooBig(peer, sent[0]!.datagram, 0);
    expect(pathMtu(peer)).toBe(1492);
    tooBig(peer, peer.take()[0]!.datagram, 0);
    expect(pathMtu(peer)).toBe(1006);
  });

  it("RFC1191-6.3-1: it may grow again after ten minutes, not before", () => {
    const [peer, sent] = sending();
    tooBig(peer, sent[0]!.datagram, 1006);
    peer.advance(5 * 60_000);
    expect(pathMtu(peer)).toBe(1006);
    peer.advance(5 * 60_000);
    expect(pathMtu(peer)).toBe(1500);
  });

  it("other connections to that address begin with what was learned, and advertise as ever", () => {
    const [peer, sent] = sending();
    tooBig(peer, sent[0]!.datagram, 1006);
    const other = peer.another();
    expect(other.connect().options.mss).toBe(SMSS);
    other.write(pattern(5000));
    expect(largest(other.take())).toBe(1006);
  });

  it("without discovery segments go without DF, and no larger than the path is known to carry", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    setOption(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
    peer.connect({ socket });
    peer.write(pattern(5000));
    for (const segment of peer.take()) expect(segment.ip.dontFragment).toBe(false);
  });
});

describe("forged messages, RFC 5927 §7", () => {
  it("RFC5927-4.1-1: one that quotes a sequence number that is not in flight is ignored", () => {
    const [peer, sent] = sending();
    peer.inject({ ack: 1 + 2 * SMSS });
    peer.take();
    const { una, nxt } = peer.tcb!.snd;
    for (const seq of [una - 1, una - SMSS, nxt, nxt + 1, una + 2 ** 31]) {
      const forged = sent[0]!.datagram.slice();
      new DataView(forged.buffer).setInt32(24, seq | 0);
      tooBig(peer, forged, 576);
      expect(peer.take()).toEqual([]);
    }
    expect([pathMtu(peer), peer.tcb!.snd.mss]).toEqual([1500, SMSS]);
    expect(peer.counters.icmpErrorsIgnored).toBe(5);
  });

  it("RFC5927-7.2-1: one about segments that were never that large is ignored", () => {
    const peer = new SegmentPeer();
    peer.connect();
    peer.write("small");
    tooBig(peer, peer.expect("PA").datagram, 576);
    expect([pathMtu(peer), peer.tcb!.snd.mss]).toEqual([1500, SMSS]);
    const opening = new SegmentPeer();
    tooBig(opening, opening.open().datagram, 576);
    expect(pathMtu(opening)).toBe(1500);
    expect(opening.state).toBe("SYN-SENT");
  });
});
