import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.ts";
import { leaveNothingBehind, type ParsedSegment, SegmentPeer } from "../support/segment-peer.ts";
import { mss, SACK_PERMITTED, timestamps } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

type Block = [left: number, right: number];

function accepted(options: Uint8Array[] = [mss(1460), SACK_PERMITTED], config = {}): SegmentPeer {
  const peer = new SegmentPeer({ tcp: config });
  peer.accept({ options });
  return peer;
}

/** Text of 500 bytes at `seq`, and the one ACK that it brings, delayed or not. */
function arrive(peer: SegmentPeer, seq: number, length = 500): ParsedSegment {
  peer.inject({ flags: "A", seq, data: pattern(length, seq) });
  peer.advance(50);
  const sent = peer.take();
  const ack = sent.at(-1);
  if (ack === undefined || sent.length !== 1) throw new Error(`${sent.length} answers\n${peer.trace}`);
  return ack;
}

describe("RFC 2018: SACK options that are sent", () => {
  it("RFC2018-2-1: SACK-permitted is in SYNs alone", () => {
    const peer = new SegmentPeer();
    expect(peer.connect({ options: [mss(1460), SACK_PERMITTED] }).options.sackPermitted).toBe(true);
    peer.write(pattern(3000));
    peer.inject({ flags: "A", seq: 10, data: "x" });
    peer.shutdown(1);
    for (const segment of peer.take()) expect(segment.options.sackPermitted).toBeUndefined();
  });

  it("RFC2018-2-1: in a SYN-ACK only if the SYN had it", () => {
    expect(new SegmentPeer().syn({ options: [SACK_PERMITTED] }).options.sackPermitted).toBe(true);
    expect(new SegmentPeer().syn({ options: [mss(1460)] }).options.sackPermitted).toBeUndefined();
    const off = new SegmentPeer({ tcp: { selectiveAcks: false } });
    expect(off.syn({ options: [SACK_PERMITTED] }).options.sackPermitted).toBeUndefined();
  });

  it("RFC2018-4-1: no blocks are sent to a peer that has not permitted them", () => {
    for (const peer of [accepted([mss(1460)]), accepted([SACK_PERMITTED], { selectiveAcks: false })]) {
      expect(arrive(peer, 501).options.kinds).toEqual([]);
      expect(arrive(peer, 501).options.kinds).toEqual([]);
    }
  });

  it("RFC2018-3-1: four blocks fit, three beside timestamps", () => {
    for (const [options, room] of [
      [[mss(1460), SACK_PERMITTED], 4],
      [[mss(1460), SACK_PERMITTED, timestamps(0)], 3],
    ] as const) {
      const peer = accepted([...options]);
      for (let hole = 1; hole <= 8; hole++) {
        const ack = arrive(peer, 1 + 1000 * hole);
        expect(ack.sack).toHaveLength(Math.min(hole, room));
        expect(ack.optionBytes.length).toBeLessThanOrEqual(40);
      }
    }
  });

  it("RFC2018-4-2, RFC2018-4-3: the first block holds the segment that came, then the most recent ones", () => {
    const peer = accepted();
    expect(arrive(peer, 1001).sack).toEqual([[1001, 1501]]);
    expect(arrive(peer, 3001).sack).toEqual([
      [3001, 3501],
      [1001, 1501],
    ]);
    expect(arrive(peer, 2001).sack).toEqual([
      [2001, 2501],
      [3001, 3501],
      [1001, 1501],
    ]);
    // an older block grows, and comes to the front
    expect(arrive(peer, 1501).sack).toEqual([
      [1001, 2501],
      [3001, 3501],
    ]);
    expect(arrive(peer, 5001).sack).toEqual([
      [5001, 5501],
      [1001, 2501],
      [3001, 3501],
    ]);
    // the hole is filled: what it had separated is acknowledged, the rest is still reported
    const filled = arrive(peer, 1, 1000);
    expect(filled.ack).toBe(2501);
    expect(filled.sack).toEqual([
      [5001, 5501],
      [3001, 3501],
    ]);
  });

  it("RFC2018-4-4: each block is reported in at least three ACKs", () => {
    const peer = accepted([mss(1460), SACK_PERMITTED, timestamps(0)]);
    const reports = new Map<number, number>();
    for (let hole = 1; hole <= 30; hole++) {
      for (const [left] of arrive(peer, 1 + 1000 * hole).sack)
        reports.set(left, (reports.get(left) ?? 0) + 1);
    }
    for (let hole = 1; hole <= 28; hole++) expect(reports.get(1 + 1000 * hole)).toBe(3);
  });

  it("RFC2018-4-5: every ACK that does not acknowledge the highest octet carries blocks, text too", () => {
    const peer = accepted();
    arrive(peer, 1001);
    peer.write("text");
    expect(peer.expect("PA").sack).toEqual([[1001, 1501]]);
    peer.inject({ flags: "A", seq: -1, data: "x" });
    expect(peer.expect("A").sack.at(-1)).toEqual([1001, 1501]);
    arrive(peer, 1, 1000);
    peer.write("more");
    peer.inject({ flags: "A", seq: 1501 });
    for (const segment of peer.take()) expect(segment.sack).toEqual([]);
  });

  it("RFC2018-4-2, RFC2018-4-3: in any order of arrival the blocks are true, and the first is the newest", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new Random(seed);
      const peer = accepted();
      const have = new Set<number>();
      const order = Array.from({ length: 40 }, (_, index) => index);
      for (let index = order.length - 1; index > 0; index--) {
        const other = random.uint32() % (index + 1);
        [order[index], order[other]] = [order[other] as number, order[index] as number];
      }
      for (const index of order) {
        peer.inject({ flags: "A", seq: 1 + 100 * index, data: pattern(100, 100 * index) });
        have.add(index);
        let next = 0;
        while (have.has(next)) next++;
        peer.advance(50);
        const ack = peer.take().at(-1);
        expect(ack?.ack).toBe(1 + 100 * next);
        const blocks = ack?.sack ?? [];
        for (const [left, right] of blocks) {
          for (let at = left; at < right; at += 100) expect(have.has((at - 1) / 100)).toBe(true);
          expect(have.has((left - 101) / 100)).toBe(false); // blocks are whole
          expect(have.has((right - 1) / 100)).toBe(false);
          expect(left).toBeGreaterThan(ack?.ack ?? 0);
        }
        if (index > next) {
          const [left, right] = blocks[0] as Block;
          expect(1 + 100 * index).toBeGreaterThanOrEqual(left);
          expect(1 + 100 * index).toBeLessThan(right);
        }
        expect(new Set(blocks.map(String)).size).toBe(blocks.length);
      }
      expect(peer.read()).toBe(String.fromCharCode(...pattern(4000)));
    }
  });
});

describe("RFC 2883: duplicates are reported", () => {
  it("RFC2883-4-1: a segment that came before is the first block, once", () => {
    const peer = accepted();
    arrive(peer, 1, 1000);
    const ack = arrive(peer, 1, 1000);
    expect(ack).toMatchObject({ ack: 1001, sack: [[1, 1001]] });
    peer.inject({ flags: "A", seq: -1, data: "" });
    expect(peer.expect("A").sack).toEqual([]);
  });

  it("RFC2883-4-1, RFC2883-4-3: below the ACK while there are holes above it (RFC 2883 §4.1.2)", () => {
    const peer = accepted();
    arrive(peer, 1, 1000);
    expect(arrive(peer, 1501).sack).toEqual([[1501, 2001]]);
    expect(arrive(peer, 501).sack).toEqual([
      [501, 1001],
      [1501, 2001],
    ]);
    expect(arrive(peer, 2001).sack).toEqual([[1501, 2501]]); // reported once
  });

  it("RFC2883-4-2: a duplicate of an out-of-order segment: the second block holds the larger one", () => {
    const peer = accepted();
    arrive(peer, 501);
    arrive(peer, 1001);
    expect(arrive(peer, 1001)).toMatchObject({
      ack: 1,
      sack: [
        [1001, 1501],
        [501, 1501],
      ],
    });
  });

  it("RFC2883-4-2: also when the duplicate is the whole block", () => {
    const peer = accepted();
    arrive(peer, 2001);
    arrive(peer, 501);
    expect(arrive(peer, 501).sack).toEqual([
      [501, 1001],
      [501, 1001],
      [2001, 2501],
    ]);
    expect(arrive(peer, 2001).sack).toEqual([
      [2001, 2501],
      [2001, 2501],
      [501, 1001],
    ]);
  });

  it("RFC2883-4.2-1: of a partial duplicate below the ACK the old part is reported", () => {
    const peer = accepted();
    arrive(peer, 1, 1000);
    expect(arrive(peer, 501, 1000)).toMatchObject({ ack: 1501, sack: [[501, 1001]] });
    expect(peer.socket.readable).toBe(1500);
  });

  it("RFC2883-4.2-1: of one above the ACK the part that overlaps a block is reported", () => {
    const peer = accepted();
    arrive(peer, 1001);
    expect(arrive(peer, 1251, 500).sack).toEqual([
      [1251, 1501],
      [1001, 1751],
    ]);
    expect(arrive(peer, 501, 750).sack).toEqual([
      [1001, 1251],
      [501, 1751],
    ]);
    // in order, over the hole and into the block (RFC 2883 §4.2.2)
    expect(arrive(peer, 1, 1000)).toMatchObject({ ack: 1751, sack: [[501, 1001]] });
  });

  it("RFC2883-4.2-1: with a window of zero only what was really here is reported", () => {
    const size = 2000;
    const peer = accepted([mss(1460), SACK_PERMITTED], {
      receiveBufferBytes: size,
      maxReceiveBufferBytes: size,
    });
    arrive(peer, 1, 1000);
    arrive(peer, 1001, 1000);
    expect(arrive(peer, 1501, 1000)).toMatchObject({ ack: 2001, window: 0, sack: [[1501, 2001]] });
  });

  it("RFC2883-4-1: a repeated keep-alive or a bare ACK is no duplicate", () => {
    const peer = accepted();
    arrive(peer, 1, 1000);
    peer.inject({ flags: "A", seq: 1000 });
    expect(peer.expect("A").sack).toEqual([]);
  });
});
