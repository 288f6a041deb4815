import { describe, expect, it } from "vitest";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss, timestamps } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

/** A connection whose handshake has measured 100 ms: SRTT 100, RTTVAR 50, RTO 100 + max(200, 4·50) = 300 ms. */
function connected(options: Uint8Array[] = [mss(1460)]): SegmentPeer {
  const peer = new SegmentPeer();
  peer.connect({ delay: 100, options });
  expect(peer.tcb!.rto.rto).toBe(300_000);
  return peer;
}

/** When the next `count` segments leave, ms from now, running the world for as long as it takes. */
function departures(peer: SegmentPeer, count: number): number[] {
  const start = peer.now;
  const times: number[] = [];
  for (let second = 0; times.length < count && second < 3600; second++) {
    times.push(...peer.take().map((segment) => segment.at - start));
    peer.advance(1000);
  }
  return times.slice(0, count);
}

describe("the retransmission timer, RFC 6298 §5", () => {
  it("RFC6298-2.1-1, RFC6298-5.5-1: a SYN that nobody answers goes at 0, 1, 3 and 7 s", () => {
    const peer = new SegmentPeer();
    peer.open();
    expect(departures(peer, 3)).toEqual([1000, 3000, 7000]);
  });

  it("RFC6298-5.1-1, RFC6298-5.4-1: runs from the first segment sent; at its end the earliest alone goes again", () => {
    const peer = connected();
    peer.write(pattern(3000));
    expect(peer.take().map(({ seq, length }) => [seq, length])).toEqual([
      [1, 1460],
      [1461, 1460],
    ]); // the rest waits for Nagle
    peer.advance(200);
    peer.write(pattern(1400)); // fills the third segment: sent while the timer runs, which is not moved by it
    peer.expect("A", { seq: 2921, length: 1460 });
    peer.advance(99);
    peer.expectNothing();
    peer.advance(1);
    peer.expect("A", { seq: 1, length: 1460, data: pattern(1460) });
    peer.expectNothing();
  });

  it("RFC6298-5.5-1, RFC6298-5.6-1, RFC6298-5-1, MUST-19: doubles at every expiry, up to the bound", () => {
    const peer = connected();
    peer.write("x");
    peer.take();
    const times = departures(peer, 12);
    const gaps = times.map((at, index) => at - (times[index - 1] ?? 0));
    expect(gaps).toEqual([
      300, 600, 1200, 2400, 4800, 9600, 19_200, 38_400, 76_800, 120_000, 120_000, 120_000,
    ]);
  });

  it("RFC6298-5.2-1: is off when everything is acknowledged", () => {
    const peer = connected();
    peer.write("x");
    peer.expect("PA");
    expect(peer.tcb!.retransmissionTimer.armed).toBe(true);
    peer.inject({});
    expect(peer.tcb!.retransmissionTimer.armed).toBe(false);
    peer.advance(3_600_000);
    peer.expectNothing();
  });

  it("RFC6298-5.3-1: starts anew when new data is acknowledged, and not when nothing new is", () => {
    const peer = connected();
    peer.write(pattern(2920));
    expect(peer.take().length).toBe(2);
    peer.advance(100);
    peer.inject({ ack: 1461 });
    const timeout = peer.tcb!.rto.rto / 1000;
    peer.advance(timeout - 1);
    peer.inject({ ack: 1461 }); // a duplicate
    peer.expectNothing();
    peer.advance(1);
    peer.expect("PA", { seq: 1461, length: 1460 });
    peer.expectNothing();
  });

  it("RFC6298-3-1, MUST-18: Karn: what was sent twice gives no sample, and the back-off stays", () => {
    const peer = connected();
    peer.write("x");
    peer.advance(300);
    expect(peer.take().length).toBe(2);
    peer.advance(250);
    peer.inject({});
    const rto = peer.tcb!.rto;
    expect([rto.srtt, rto.rttvar, rto.rto]).toEqual([100_000, 50_000, 600_000]);
    peer.write("y"); // sent once: SRTT 7/8·100 + 1/8·180, RTTVAR 3/4·50 + 1/4·80
    peer.advance(180);
    peer.inject({});
    expect([rto.srtt, rto.rttvar, rto.rto]).toEqual([110_000, 57_500, 340_000]);
  });

  it("RFC6298-3-1: nor does what was sent once but had to wait for the copy of what lay before it", () => {
    const peer = connected();
    peer.write(pattern(2920));
    peer.advance(300);
    expect(peer.take().map(({ seq }) => seq)).toEqual([1, 1461, 1]);
    peer.advance(100);
    peer.inject({ ack: 2921 });
    expect(peer.tcb!.rto.srtt).toBe(100_000);
  });

  it("RFC6298-3-1: with timestamps the echo tells which copy was answered", () => {
    const peer = connected([mss(1460), timestamps(0)]);
    peer.write("x");
    peer.advance(300);
    expect(peer.take().length).toBe(2); // at 0 and at 300
    peer.advance(180);
    peer.inject({}); // echoes the second
    expect(peer.tcb!.rto.srtt).toBe(110_000);
  });

  it("RFC6298-3-2: every round trip gives a sample", () => {
    const peer = connected();
    let expected = 100_000;
    for (const roundTrip of [60, 140, 100, 80]) {
      peer.write(pattern(2920));
      peer.advance(roundTrip);
      peer.inject({ ack: 1 + Number(peer.take().at(-1)!.seq) + 1459 });
      expected += (roundTrip * 1000 - expected) / 8;
      expect(peer.tcb!.rto.srtt).toBe(expected);
    }
  });

  it("RFC6298-5.7-1: after a lost SYN the first data is sent again after 3 s", () => {
    const peer = new SegmentPeer();
    peer.open();
    peer.advance(3100);
    expect(peer.take().length).toBe(2);
    peer.inject({ flags: "SA", options: [mss(1460)] });
    peer.expect("A");
    peer.write("x");
    peer.take();
    expect(departures(peer, 2)).toEqual([3000, 9000]);
  });

  it("RFC6298-2.4-1: with `minRtoMillis` 1000 it is the RFC's minimum", () => {
    const peer = new SegmentPeer({ tcp: { minRtoMillis: 1000 } });
    peer.connect({ delay: 10 });
    peer.write("x");
    peer.take();
    expect(departures(peer, 1)).toEqual([1010]);
  });

  it("a delayed ACK within the least that is added to SRTT brings no retransmission", () => {
    const peer = connected();
    for (let count = 0; count < 30; count++) {
      peer.write("x");
      peer.take();
      peer.advance(100);
      peer.inject({});
    }
    peer.write("x");
    peer.take();
    peer.advance(299);
    peer.inject({});
    peer.expectNothing();
  });
});
