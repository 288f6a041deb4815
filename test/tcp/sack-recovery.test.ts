import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss, SACK_PERMITTED, sack } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

const SMSS = 1460;
const at = (number: number) => 1 + number * SMSS;

/** A connection with SACK (RTO 300 ms) whose first flight of `segments` is out. */
function sending(segments = 10, bytes = 200_000): SegmentPeer {
  const peer = new SegmentPeer({ tcp: { initialWindowSegments: segments } });
  peer.connect({ delay: 100, options: [mss(1460), SACK_PERMITTED] });
  peer.write(pattern(bytes));
  expect(peer.take().length).toBe(segments);
  return peer;
}

/** An ACK up to segment `ack` that SACKs segments, given as [first, behind the last]. */
function selective(peer: SegmentPeer, ack: number, ...blocks: [from: number, to: number][]): void {
  const edges = blocks.map(([from, to]): [number, number] => [raw(peer, at(from)), raw(peer, at(to))]);
  peer.inject({ ack: at(ack), options: edges.length > 0 ? [sack(...edges)] : [] });
}

const raw = (peer: SegmentPeer, seq: number) => (peer.stackIss + seq) >>> 0;
const cwnd = (peer: SegmentPeer) => peer.tcb!.congestion!.cwnd;
const numbers = (peer: SegmentPeer) => peer.take().map(({ seq }) => (seq - 1) / SMSS);

describe("entering and leaving recovery, RFC 6675 §5", () => {
  it("RFC2018-5.1-1: one ACK that SACKs a segment starts nothing, nor does a second", () => {
    const peer = sending();
    selective(peer, 0, [1, 2]);
    expect(numbers(peer)).toEqual([10]); // limited transmit: what has left the network
    selective(peer, 0, [1, 3]);
    expect(numbers(peer)).toEqual([11]);
    expect([peer.tcb!.recovery.phase, cwnd(peer)]).toEqual([0, 10 * SMSS]);
  });

  it("RFC6675-5-2, RFC6675-4-2: the third does: the hole goes again, RecoveryPoint is HighData, ssthresh half of the flight", () => {
    const peer = sending();
    selective(peer, 0, [1, 2]);
    selective(peer, 0, [1, 3]);
    expect(numbers(peer)).toEqual([10, 11]);
    selective(peer, 0, [1, 4]);
    expect(numbers(peer)).toEqual([0]);
    const { recovery, snd, congestion } = peer.tcb!;
    expect([recovery.phase, recovery.recover]).toEqual([1, snd.nxt]);
    expect([congestion!.cwnd, congestion!.ssthresh]).toEqual([5 * SMSS, 5 * SMSS]);
  });

  it("RFC6675-5-2: so does a single ACK that SACKs as much: IsLost(HighACK + 1)", () => {
    const peer = sending();
    selective(peer, 0, [1, 4]);
    expect(numbers(peer)).toEqual([0]);
  });

  it("RFC6675-5-2: DupThresh duplicates do where the segments are small", () => {
    const peer = new SegmentPeer();
    peer.connect({ delay: 100, options: [mss(1460), SACK_PERMITTED] });
    peer.tcb!.settings.noDelay = true;
    for (let count = 0; count < 5; count++) peer.write("0123456789");
    peer.take();
    for (let count = 1; count <= 3; count++) {
      expect(peer.tcb!.recovery.phase).toBe(0);
      peer.inject({ ack: 1, options: [sack([raw(peer, 11), raw(peer, 11 + 10 * count)])] });
    }
    expect(peer.take().map(({ seq, length }) => [seq, length])).toEqual([[1, 10]]);
  });

  it("RFC6675-5-1: a cumulative ACK in between starts the count of duplicates anew", () => {
    const peer = new SegmentPeer();
    peer.connect({ delay: 100, options: [mss(1460), SACK_PERMITTED] });
    peer.tcb!.settings.noDelay = true;
    for (let count = 0; count < 8; count++) peer.write("0123456789");
    peer.take();
    const duplicate = (ack: number, end: number) =>
      peer.inject({ ack, options: [sack([raw(peer, 41), raw(peer, end)])] });
    duplicate(1, 51);
    duplicate(1, 61);
    peer.inject({ ack: 11, options: [sack([raw(peer, 41), raw(peer, 61)])] });
    duplicate(11, 71);
    expect(peer.tcb!.recovery.dupAcks).toBe(1);
    duplicate(11, 81);
    expect(peer.tcb!.recovery.phase).toBe(0);
    expect(peer.take()).toEqual([]);
  });

  it("an ACK that SACKs nothing new is no duplicate", () => {
    const peer = sending();
    for (let count = 0; count < 5; count++) selective(peer, 0, [1, 2]);
    expect(peer.tcb!.recovery.phase).toBe(0);
  });

  it("RFC6675-5-3: recovery ends when RecoveryPoint is acknowledged, not before; cwnd is ssthresh then", () => {
    const peer = sending(10, 12 * SMSS);
    selective(peer, 0, [1, 5]);
    expect(numbers(peer)[0]).toBe(0);
    selective(peer, 9);
    expect(peer.tcb!.recovery.phase).toBe(1);
    selective(peer, 10);
    expect(peer.tcb!.recovery.phase).toBe(0);
    expect(cwnd(peer)).toBe(5 * SMSS);
  });

  it("RFC6675-5-4: in recovery as much is sent as cwnd - pipe allows, holes first", () => {
    const peer = sending(20, 60 * SMSS); // 0, 5 and 10 are lost
    selective(peer, 0, [1, 5]);
    expect([numbers(peer), cwnd(peer)]).toEqual([[0], 10 * SMSS]);
    // 19 not SACKed, less the lost, plus its copy: pipe 16; nothing until it is below 10
    selective(peer, 0, [6, 10], [1, 5]); // pipe 12, and segment 5 is lost: 11
    expect(numbers(peer)).toEqual([]);
    selective(peer, 0, [11, 12], [6, 10], [1, 5]); // 10
    expect(numbers(peer)).toEqual([]);
    selective(peer, 0, [11, 13], [6, 10], [1, 5]); // 9
    expect(numbers(peer)).toEqual([5]);
    selective(peer, 0, [11, 14], [6, 10], [1, 5]); // 10 is lost now: pipe 9 - 1 and it goes: two more fit
    expect(numbers(peer)).toEqual([10, 20]);
  });
});

describe("the rescue retransmission, RFC 6675 §4, NextSeg() rule 4", () => {
  it("RFC6675-4-4: with nothing else to send the last segment goes again, once in an episode", () => {
    const peer = sending(10, 10 * SMSS); // 0 and 9 are lost
    selective(peer, 0, [1, 5]);
    expect(numbers(peer)).toEqual([0]);
    selective(peer, 0, [1, 9]);
    expect(numbers(peer)).toEqual([9]);
    peer.write(pattern(SMSS));
    expect(numbers(peer)).toEqual([10]);
    selective(peer, 0, [1, 9]);
    expect(numbers(peer)).toEqual([]);
  });
});

describe("after a timeout, RFC 6675 §5.1", () => {
  it("RFC6675-5.1-1, RFC6675-5.1-2: only holes are sent again, and no recovery begins below RecoveryPoint", () => {
    const peer = sending();
    selective(peer, 0, [2, 4], [6, 8]); // 0, 1, 4, 5 lack, and perhaps 8, 9
    expect(numbers(peer)).toEqual([0]); // 1 is lost, too, but five are in flight then: cwnd
    const again: number[] = [];
    peer.advance(300);
    again.push(...numbers(peer));
    expect(peer.tcb!.recovery.phase).toBe(2);
    const point = peer.tcb!.recovery.recover;
    expect(point).toBe(peer.tcb!.snd.nxt);
    selective(peer, 1, [2, 4], [6, 8]);
    again.push(...numbers(peer));
    selective(peer, 4, [6, 8]);
    again.push(...numbers(peer));
    selective(peer, 4, [6, 9]);
    again.push(...numbers(peer));
    selective(peer, 4, [6, 10]);
    again.push(...numbers(peer));
    // 8 and 9 had arrived, as it turns out before their turn comes: after a timeout cwnd grows by one segment an ACK
    expect(again.filter((number) => number < 10)).toEqual([0, 1, 4, 5]);
    expect([peer.tcb!.recovery.phase, peer.tcb!.recovery.recover]).toEqual([2, point]);
  });

  it("RFC2018-5-2, RFC2018-8-1, RFC6675-4-1: a receiver that drops what it has SACKed gets it again", () => {
    const data = pattern(10 * SMSS);
    const peer = sending(10, data.length);
    selective(peer, 0, [1, 10]);
    expect(numbers(peer)).toEqual([0]);
    selective(peer, 1); // reneged: 1 to 9 are gone
    peer.take();
    let acked = at(1);
    for (let round = 0; round < 40 && acked < at(10); round++) {
      peer.advance(peer.tcb!.rto.rto / 1000);
      for (const segment of peer.take()) {
        if (segment.seq !== acked) continue;
        expect(segment.data).toEqual(data.slice(acked - 1, acked - 1 + segment.length));
        acked += segment.length;
      }
      peer.inject({ ack: acked });
    }
    expect(acked).toBe(at(10));
  });
});

describe("SACK blocks that are not to be believed", () => {
  it("RFC2018-3-2: outside of SND.UNA to SND.NXT, inverted, or empty: ignored", () => {
    const blocks: [number, number][] = [
      [at(3), at(1)],
      [at(2), at(2)],
      [at(8), at(11)],
      [at(20), at(21)],
      [-at(5), at(1)],
      [-100, 0],
      [0, 1],
      [2 ** 31, 2 ** 31 + 5000],
    ];
    for (const [left, right] of blocks) {
      const peer = sending();
      peer.inject({ ack: 1, options: [sack([raw(peer, left), raw(peer, right)])] });
      expect(peer.tcb!.scoreboard.sackedBytes, `${left} to ${right}`).toBe(0);
      expect(numbers(peer)).toEqual([]);
    }
  });

  it("RFC2018-3-2: whatever the blocks, the sums stay within what is outstanding", () => {
    const edge = fc.oneof(fc.integer({ min: -5000, max: 20_000 }), fc.nat(0xffffffff));
    const acks = fc.array(fc.array(fc.tuple(edge, edge), { minLength: 1, maxLength: 4 }), { maxLength: 15 });
    fc.assert(
      fc.property(acks, (series) => {
        const peer = sending();
        for (const blocks of series) {
          peer.inject({
            ack: 1,
            options: [sack(...blocks.map(([l, r]): [number, number] => [raw(peer, l), raw(peer, r)]))],
          });
          const { scoreboard, flightSize } = peer.tcb!;
          expect(scoreboard.sackedBytes).toBeLessThanOrEqual(flightSize);
          expect(scoreboard.pipe).toBeGreaterThanOrEqual(0);
          expect(scoreboard.pipe).toBeLessThanOrEqual(flightSize * 2);
        }
        expect(peer.state).toBe("ESTABLISHED");
      }),
      { numRuns: 30 },
    );
  });

  it("RFC2883-5-1: a first block below the ACK, or within the second, reports a duplicate and no more", () => {
    const below = sending();
    selective(below, 3, [0, 1], [5, 6]);
    expect(below.tcb!.scoreboard.sackedBytes).toBe(SMSS);
    const within = sending();
    selective(within, 0, [4, 5], [3, 5]);
    expect(within.tcb!.scoreboard.sackedBytes).toBe(2 * SMSS);
    expect(within.tcb!.recovery.phase).toBe(0);
  });
});

describe("the retransmission timer in recovery, RFC 6298 §5.1", () => {
  it("watches the first hole: copies of later ones do not put it off", () => {
    const peer = sending(40, 100 * SMSS);
    const rto = peer.tcb!.rto.rto / 1000;
    const start = peer.now;
    let first = 0;
    const times: number[] = [];
    // every second segment was lost, the copy of the first is lost again; news of the others trickles in
    const runs: [number, number][] = [];
    for (let number = 1; number < 40 && times.length < 2; number += 2) {
      runs.unshift([number, number + 1]);
      selective(peer, 0, ...runs.slice(0, 3));
      peer.advance(20);
      for (const { seq, at: when } of peer.take()) if (seq === 1) times.push(when);
      first = times[0] ?? first;
    }
    expect(times.length).toBe(2);
    expect(first - start).toBeLessThan(100);
    expect(times[1]! - first).toBeLessThanOrEqual(rto);
  });
});

describe("whole transfers", () => {
  it("RFC2018-5-1, RFC6675-5-4: any pattern of losses is repaired, nothing SACKed is sent again, pipe stays within cwnd", () => {
    const losses = fc.uniqueArray(fc.nat(59), { maxLength: 25 });
    fc.assert(
      fc.property(losses, fc.integer({ min: 5, max: 60 }), (lost, total) => {
        const data = pattern(total * SMSS);
        const peer = new SegmentPeer({ tcp: { initialWindowSegments: 20 } });
        peer.connect({ delay: 100, options: [mss(1460), SACK_PERMITTED] });
        peer.write(data);
        const toLose = new Set(lost);
        const received = new Set<number>();
        const underWay = peer.take();
        for (let event = 0; event < 2000 && received.size < total; event++) {
          const segment = underWay.shift();
          if (segment === undefined) {
            peer.advance(peer.tcb!.rto.rto / 1000);
            underWay.push(...peer.take());
            continue;
          }
          const number = (segment.seq - 1) / SMSS;
          if (toLose.delete(number)) continue; // a first copy may be lost; a repetition never is
          expect(segment.data).toEqual(data.slice(number * SMSS, (number + 1) * SMSS));
          received.add(number);
          const phaseBefore = peer.tcb!.recovery.phase;
          acknowledge(peer, received, number, total);
          const sent = peer.take();
          for (const { seq } of sent) expect(received.has((seq - 1) / SMSS)).toBe(false);
          const { scoreboard, congestion, recovery } = peer.tcb!;
          const isFree = phaseBefore === 1 && recovery.phase === 1 && scoreboard.sackedBytes > 0;
          if (isFree && sent.length > 0) expect(scoreboard.pipe).toBeLessThanOrEqual(congestion!.cwnd);
          underWay.push(...sent);
        }
        expect(received.size).toBe(total);
        peer.inject({ ack: at(total) });
        peer.close();
      }),
      { numRuns: 40 },
    );
  });

  /** What a receiver with these segments says: the newest block first (RFC 2018 §4). */
  function acknowledge(peer: SegmentPeer, received: Set<number>, last: number, total: number): void {
    let ack = 0;
    while (received.has(ack)) ack++;
    const runs: [number, number][] = [];
    for (let number = ack; number < total; number++) {
      if (!received.has(number)) continue;
      const run = runs.at(-1);
      if (run?.[1] === number) run[1]++;
      else runs.push([number, number + 1]);
    }
    const newest = runs.findIndex(([from, to]) => from <= last && last < to);
    if (newest > 0) runs.unshift(...runs.splice(newest, 1));
    selective(peer, ack, ...runs.slice(0, 4));
  }
});
