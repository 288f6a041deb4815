import { describe, expect, it } from "vitest";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

const SMSS = 1460;

/** A connection (RTO 300 ms) that has `bytes` to send and has sent its first flight, ten segments. */
function sending(bytes = 150_000): SegmentPeer {
  const peer = new SegmentPeer({ tcp: { blackHoleMtu: 0 } }); // black-holes.test.ts has those
  peer.connect({ delay: 100 });
  peer.write(pattern(bytes));
  expect(peer.take().length).toBe(10);
  return peer;
}

const cwnd = (peer: SegmentPeer) => peer.tcb!.congestion!.cwnd;
const ssthresh = (peer: SegmentPeer) => peer.tcb!.congestion!.ssthresh;

describe("the initial window, RFC 6928 §2", () => {
  it("RFC6928-2-1: the first flight is min(10·MSS, max(2·MSS, 14600)) for MSS 536, 1460 and 9000", () => {
    for (const [size, segments] of [
      [536, 10],
      [1460, 10],
      [9000, 2],
    ] as const) {
      const peer = new SegmentPeer({ link: { mtu: 9040 } });
      peer.connect({ options: [mss(size)] });
      peer.write(pattern(100_000));
      expect(peer.take().map(({ length }) => length)).toEqual(new Array(segments).fill(size));
    }
  });

  it("RFC6928-2-2: after a lost SYN, or SYN-ACK, it is one segment", () => {
    const active = new SegmentPeer();
    active.open();
    active.advance(1000);
    expect(active.take().length).toBe(1);
    active.inject({ flags: "SA", options: [mss(SMSS)] });
    active.take();
    active.write(pattern(10_000));
    expect(active.take().length).toBe(1);

    const passive = new SegmentPeer();
    passive.accept({ delay: 0 });
    const other = passive.another();
    other.syn();
    other.advance(1000);
    other.take();
    other.inject({});
    const accepted = other.listener!.accept();
    expect(typeof accepted).toBe("object");
    if (typeof accepted === "object") accepted.send(pattern(10_000));
    expect(other.take().length).toBe(1);
    expect(cwnd(passive)).toBe(14_600);
  });

  it("RFC5681-3.1-5: the handshake does not make it grow", () => {
    const peer = new SegmentPeer();
    peer.connect();
    expect(cwnd(peer)).toBe(14_600);
    const passive = new SegmentPeer();
    passive.accept();
    expect(cwnd(passive)).toBe(14_600);
  });
});

describe("slow start and congestion avoidance, RFC 5681 §3.1", () => {
  it("MUST-19, RFC5681-3.1-1, RFC5681-3.1-2: without loss the window doubles in a round trip", () => {
    const peer = sending();
    const windows: number[] = [];
    let acked = 1;
    for (let round = 0; round < 2; round++) {
      peer.advance(100);
      const end = peer.ack;
      for (acked += SMSS; acked <= end; acked += SMSS) {
        peer.inject({ ack: acked });
        windows.push(cwnd(peer) / SMSS);
      }
      acked -= SMSS;
    }
    expect(windows).toEqual(Array.from({ length: 30 }, (_, index) => 11 + index));
    expect(ssthresh(peer)).toBe(Number.POSITIVE_INFINITY);
  });

  it("RFC5681-3.1-3: acknowledging a segment in 1460 pieces is worth one segment", () => {
    const peer = sending();
    for (let octet = 1; octet <= SMSS; octet++) peer.inject({ ack: 1 + octet });
    expect(cwnd(peer)).toBe(14_600 + SMSS);
  });

  it("MUST-19, RFC5681-3.1-6, RFC5681-3.1-8: through a timeout, slow start and avoidance, as the formulas say", () => {
    const peer = sending();
    peer.advance(300);
    peer.expect("A", { seq: 1, length: SMSS });
    peer.expectNothing();
    let window = SMSS;
    const threshold = 14_600 / 2;
    expect([cwnd(peer), ssthresh(peer)]).toEqual([window, threshold]);
    let gathered = 0;
    for (let acked = 1 + SMSS; acked < 60 * SMSS; acked += SMSS) {
      peer.inject({ ack: acked });
      peer.take();
      if (window < threshold) window = Math.min(window + SMSS, threshold);
      else gathered += SMSS;
      if (gathered >= window) {
        gathered -= window;
        window += SMSS;
      }
      expect(cwnd(peer), `after ${acked}`).toBe(window);
    }
    expect(window).toBeGreaterThan(threshold + 2 * SMSS);
    expect(ssthresh(peer)).toBe(threshold);
  });

  it("RFC5681-3.1-6: ssthresh is never below two segments", () => {
    const peer = new SegmentPeer();
    peer.connect({ delay: 100 });
    peer.write("x");
    peer.advance(300);
    expect([cwnd(peer), ssthresh(peer)]).toEqual([SMSS, 2 * SMSS]);
  });

  it("RFC5681-3.1-7: further timeouts of the same segment hold ssthresh", () => {
    const peer = sending();
    for (let timeout = 0; timeout < 5; timeout++) {
      peer.advance(300 * 2 ** timeout);
      expect(peer.take().map(({ seq }) => seq)).toEqual([1]);
      expect([cwnd(peer), ssthresh(peer)]).toEqual([SMSS, 7300]);
    }
  });

  it("RFC5681-3.1-4: avoidance adds one segment in a round trip, however it is acknowledged", () => {
    for (const step of [SMSS, 2 * SMSS, 10 * SMSS, 730]) {
      const peer = sending();
      peer.tcb!.congestion!.ssthresh = cwnd(peer);
      for (let acked = step; acked <= 10 * SMSS; acked += step) peer.inject({ ack: 1 + acked });
      expect(cwnd(peer), `in steps of ${step}`).toBe(11 * SMSS);
    }
  });

  it("a window that the application does not use does not grow", () => {
    const peer = new SegmentPeer();
    peer.connect();
    for (let count = 0; count < 50; count++) {
      peer.write(pattern(SMSS));
      peer.take();
      peer.inject({});
    }
    expect(cwnd(peer)).toBe(14_600);
  });
});

describe("after an idle time, RFC 5681 §4.1", () => {
  /** A window of 20 segments, everything acknowledged, and 100 kB that will be written after the pause. */
  function grown(): SegmentPeer {
    const peer = sending(10 * SMSS);
    peer.inject({ ack: 1 + 10 * SMSS });
    expect(cwnd(peer)).toBe(20 * SMSS);
    return peer;
  }

  it("RFC5681-4.1-1: longer than an RTO: it begins with the restart window", () => {
    const peer = grown();
    peer.advance(1000);
    peer.write(pattern(100_000));
    expect(peer.take().length).toBe(10);
  });

  it("RFC5681-4.1-1: shorter: the whole window is used", () => {
    const peer = grown();
    peer.advance(100);
    peer.write(pattern(100_000));
    expect(peer.take().length).toBe(20);
  });

  it("RFC5681-4.1-1: idle is who sends no data, though he acknowledge the peer's all the time", () => {
    const peer = grown();
    for (let count = 0; count < 20; count++) {
      peer.inject({ data: "x" });
      peer.advance(100);
      peer.expect("A");
    }
    peer.write(pattern(100_000));
    expect(peer.take().length).toBe(10);
  });
});

describe("growth that was earned", () => {
  it("RFC 3465 §2.3: the ACK that ends the wait after a timeout, whatever it covers, is good for one segment", () => {
    const peer = sending();
    peer.advance(300);
    expect([peer.take().length, cwnd(peer)]).toEqual([1, SMSS]);
    peer.inject({ ack: 10 * SMSS + 1 });
    expect(cwnd(peer)).toBe(2 * SMSS);
    expect(peer.take().length).toBe(2);
  });

  it("ACKs that come in one instant count as they do one by one", () => {
    const grown = [false, true].map((together) => {
      const peer = sending();
      peer.tcb!.congestion!.ssthresh = 10 * SMSS;
      for (let round = 0; round < 10; round++) {
        peer.write(pattern(100_000));
        const una = peer.ack - peer.tcb!.flightSize;
        const acks = [];
        for (let ack = una + 2 * SMSS; ack <= peer.ack; ack += 2 * SMSS) acks.push({ ack });
        acks.push({ ack: peer.ack });
        if (together) peer.inject(...acks);
        else for (const ack of acks) peer.inject(ack);
        peer.take();
      }
      return cwnd(peer);
    });
    expect(grown[1]).toBeGreaterThan(17 * SMSS);
    expect(Math.abs(grown[0]! - grown[1]!)).toBeLessThanOrEqual(2 * SMSS);
  });

  it("RFC 7661 §4.3: a sender that leaves its window unused does not get a larger one", () => {
    const peer = new SegmentPeer();
    peer.connect({ delay: 100 });
    for (let round = 0; round < 50; round++) {
      peer.write(pattern(2 * SMSS));
      peer.take();
      peer.inject({});
    }
    expect(cwnd(peer)).toBe(10 * SMSS);
  });
});
