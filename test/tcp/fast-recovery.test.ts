import { describe, expect, it } from "vitest";
import type { Inject } from "../support/segment-peer.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss, timestamps } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

const SMSS = 1460;

/** The first octet of segment `number`, counted from 0. */
const at = (number: number) => 1 + number * SMSS;

/** A connection without SACK (RTO 300 ms), ten segments in flight, more to send. */
function sending(bytes = 200_000): SegmentPeer {
  const peer = new SegmentPeer();
  peer.connect({ delay: 100 });
  peer.write(pattern(bytes));
  expect(peer.take().length).toBe(10);
  return peer;
}

const cwnd = (peer: SegmentPeer) => peer.tcb!.congestion!.cwnd;
const ssthresh = (peer: SegmentPeer) => peer.tcb!.congestion!.ssthresh;
const numbers = (peer: SegmentPeer) => peer.take().map(({ seq }) => (seq - 1) / SMSS);

function duplicates(peer: SegmentPeer, count: number, ack: number): void {
  for (let each = 0; each < count; each++) peer.inject({ ack });
}

describe("limited transmit, RFC 3042", () => {
  it("RFC3042-2-1, RFC3042-2-2: on each of the first two duplicates one new segment leaves; cwnd stays", () => {
    const peer = new SegmentPeer({ tcp: { initialWindowSegments: 3 } });
    peer.connect({ delay: 100 });
    peer.write(pattern(50_000));
    expect(numbers(peer)).toEqual([0, 1, 2]);
    duplicates(peer, 1, 1);
    expect([numbers(peer), cwnd(peer)]).toEqual([[3], 3 * SMSS]);
    duplicates(peer, 1, 1);
    expect([numbers(peer), cwnd(peer)]).toEqual([[4], 3 * SMSS]);
    duplicates(peer, 1, 1);
    expect(numbers(peer)).toEqual([0]); // so a window of three gets its fast retransmit
  });

  it("RFC3042-2-1: not beyond what the receiver offers", () => {
    const peer = new SegmentPeer({ tcp: { initialWindowSegments: 3 } });
    peer.connect({ delay: 100, window: 3 * SMSS });
    peer.write(pattern(50_000));
    expect(numbers(peer)).toEqual([0, 1, 2]);
    duplicates(peer, 2, 1);
    expect(numbers(peer)).toEqual([]);
  });
});

describe("fast retransmit and fast recovery, RFC 5681 §3.2", () => {
  it("RFC5681-3.2-3: the third duplicate ACK sends SND.UNA again at once, and ssthresh is half of the flight", () => {
    const peer = sending();
    duplicates(peer, 2, 1);
    expect(numbers(peer)).toEqual([10, 11]); // limited transmit
    duplicates(peer, 1, 1);
    expect(numbers(peer)).toEqual([0]);
    expect(peer.now).toBe(100);
    // RFC5681-3.2-4: of ten segments, without the two that limited transmit has sent
    expect(ssthresh(peer)).toBe(5 * SMSS);
    expect(cwnd(peer)).toBe(8 * SMSS);
    expect(peer.counters.fastRetransmits).toBe(1);
  });

  it("RFC5681-3.2-3: with timestamps a full segment is 12 bytes less, and every formula counts so", () => {
    const peer = new SegmentPeer();
    peer.connect({ delay: 100, options: [mss(1460), timestamps(0)] });
    peer.write(pattern(50_000));
    expect(peer.take().length).toBe(10);
    duplicates(peer, 3, 1);
    expect([ssthresh(peer), cwnd(peer)]).toEqual([5 * 1448, 8 * 1448]);
    duplicates(peer, 1, 1);
    expect(cwnd(peer)).toBe(9 * 1448);
  });

  it("RFC5681-3.2-4: limited transmit's segments do not count for ssthresh", () => {
    const peer = sending();
    duplicates(peer, 3, 1);
    expect(peer.tcb!.flightSize).toBe(12 * SMSS);
    expect(ssthresh(peer)).toBe(5 * SMSS);
  });

  it("RFC5681-3.2-5: each further duplicate adds a segment to cwnd; the ACK of all takes it back", () => {
    const peer = sending();
    duplicates(peer, 3, 1);
    numbers(peer);
    const sent: number[][] = [];
    for (let more = 1; more <= 6; more++) {
      duplicates(peer, 1, 1);
      expect(cwnd(peer)).toBe((8 + more) * SMSS);
      sent.push(numbers(peer));
    }
    expect(sent).toEqual([[], [], [], [], [12], [13]]); // once cwnd is above the twelve in flight
    peer.inject({ ack: at(12) });
    // RFC 6582 §3.2: min(ssthresh, max(FlightSize, SMSS) + SMSS), and this ACK does not make it grow
    expect([cwnd(peer), ssthresh(peer)]).toEqual([3 * SMSS, 5 * SMSS]);
    expect(numbers(peer)).toEqual([14]);
  });

  it("RFC5681-2-1: what is not a duplicate by the five conditions does not count", () => {
    const others: Record<string, () => Inject[]> = {
      "it carries text": () => [1, 2, 3, 4].map(() => ({ ack: 1, data: "x" })),
      "the window is another": () => [1, 2, 3, 4].map((by) => ({ ack: 1, window: 65_535 - by })),
      "it acknowledges less": () => [1, 2, 3, 4].map(() => ({ ack: 0 })),
      "it carries FIN": () => [{ ack: 1, flags: "FA" }],
    };
    for (const [why, segments] of Object.entries(others)) {
      const peer = sending();
      const before = peer.counters.duplicateAcksReceived;
      for (const segment of segments()) peer.inject(segment);
      expect(peer.counters.duplicateAcksReceived, why).toBe(before);
      expect(
        numbers(peer).filter((number) => number === 0),
        why,
      ).toEqual([]);
    }
    const idle = new SegmentPeer(); // nothing is outstanding
    idle.connect();
    duplicates(idle, 5, 1);
    expect(idle.counters.duplicateAcksReceived).toBe(0);
  });

  it("RFC5681-4.3-1: losses in two successive windows reduce it twice", () => {
    const peer = sending();
    duplicates(peer, 3, 1);
    peer.inject({ ack: at(12) });
    expect(ssthresh(peer)).toBe(5 * SMSS);
    for (let acked = 13; acked <= 17; acked++) peer.inject({ ack: at(acked) }); // more than a window later
    numbers(peer);
    const flight = Math.min(peer.tcb!.flightSize + 2 * SMSS, cwnd(peer));
    expect(flight).toBeGreaterThanOrEqual(5 * SMSS);
    duplicates(peer, 3, at(17));
    expect(peer.counters.fastRetransmits).toBe(2);
    expect(ssthresh(peer)).toBe(Math.max(Math.floor(flight / 2), 2 * SMSS));
    expect(ssthresh(peer)).toBeLessThan(5 * SMSS);
  });
});

describe("NewReno, RFC 6582 §3.2", () => {
  it("RFC6582-3.2-2: a partial ACK sends the next hole; cwnd shrinks by what it covers, and grows by one segment", () => {
    const peer = sending(12 * SMSS); // segments 0, 3 and 6 are lost
    duplicates(peer, 3, 1);
    expect(numbers(peer)).toEqual([10, 11, 0]);
    duplicates(peer, 6, 1);
    expect(cwnd(peer)).toBe(14 * SMSS);
    peer.inject({ ack: at(3) });
    expect([numbers(peer), cwnd(peer)]).toEqual([[3], (14 - 3 + 1) * SMSS]);
    peer.inject({ ack: at(6) });
    expect([numbers(peer), cwnd(peer)]).toEqual([[6], (12 - 3 + 1) * SMSS]);
    peer.inject({ ack: at(12) });
    expect(peer.tcb!.recovery.phase).toBe(0);
    expect(cwnd(peer)).toBe(2 * SMSS); // nothing is in flight: SMSS + SMSS
    expect(peer.counters.timeouts).toBe(0);
  });

  it("RFC6582-3.2-1: duplicates below `recover` bring no second fast retransmit", () => {
    const peer = sending();
    duplicates(peer, 3, 1);
    expect(numbers(peer)).toEqual([10, 11, 0]);
    peer.inject({ ack: at(12) }); // recover
    const sent = numbers(peer);
    duplicates(peer, 4, at(12));
    expect(numbers(peer)).not.toContain(12);
    expect(peer.counters.fastRetransmits).toBe(1);
    peer.inject({ ack: at(13) }); // beyond it they do
    numbers(peer);
    expect(sent).toContain(12);
    duplicates(peer, 3, at(13));
    expect(numbers(peer)).toContain(13);
    expect(peer.counters.fastRetransmits).toBe(2);
  });

  it("RFC6582-3.2-4: a timeout ends fast recovery, and `recover` becomes the highest that was sent", () => {
    const peer = sending();
    duplicates(peer, 3, 1);
    numbers(peer);
    peer.advance(300);
    expect(numbers(peer)).toEqual([0]);
    expect(peer.tcb!.recovery.phase).toBe(2);
    expect(peer.tcb!.recovery.recover).toBe(peer.tcb!.snd.nxt);
    expect(cwnd(peer)).toBe(SMSS);
  });

  it("RFC6582-4.1-1: duplicates of what a timeout has sent again do not start fast recovery", () => {
    const peer = sending();
    peer.advance(300); // all arrived, all ACKs were lost
    expect(numbers(peer)).toEqual([0]);
    peer.inject({ ack: at(1) }); // an old ACK, late
    expect(numbers(peer)).toEqual([1, 2]);
    peer.inject({ ack: at(10) });
    expect(numbers(peer)[0]).toBe(10);
    duplicates(peer, 5, at(10));
    expect(numbers(peer)).not.toContain(10);
    expect(peer.counters.fastRetransmits).toBe(0);
  });

  it("RFC6582-3.2-3, RFC6298-5-1: every partial ACK restarts the timer: no copy follows within an RTO of the last", () => {
    const peer = sending();
    duplicates(peer, 3, 1);
    numbers(peer);
    for (let lost = 1; lost < 6; lost++) {
      peer.advance(250);
      peer.inject({ ack: at(lost) });
      expect(numbers(peer)).toContain(lost);
    }
    expect(peer.counters.timeouts).toBe(0);
    peer.advance(299);
    expect(numbers(peer)).toEqual([]);
    peer.advance(1);
    expect(numbers(peer)).toEqual([5]);
  });
});

describe("what forged duplicates can do", () => {
  it("the window is inflated by no more segments than were in flight (TCP Daytona)", () => {
    const peer = sending();
    duplicates(peer, 200, 1);
    expect(cwnd(peer)).toBeLessThanOrEqual(ssthresh(peer) + 12 * SMSS);
  });
});
