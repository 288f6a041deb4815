import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss, SACK_PERMITTED } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

function connected(options?: Uint8Array[]): SegmentPeer {
  const peer = new SegmentPeer({ tcp: { quickAcks: 0 } }); // quick-ack.test.ts has those
  peer.connect(options ? { options } : {});
  return peer;
}

describe("delayed ACKs, RFC 9293 §3.8.6.3 and RFC 5681 §4.2", () => {
  it("SHLD-18: a lone segment is not acknowledged at once", () => {
    const peer = connected();
    peer.inject({ data: pattern(1460) });
    peer.expectNothing();
    peer.advance(39);
    peer.expectNothing();
    peer.advance(1);
    peer.expect("A", { ack: 1461 });
    peer.expectNothing();
  });

  it("MUST-40, RFC5681-4.2-1: it is within half a second, at any moment of the clock, and at the longest setting", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2_000_000 }),
        fc.integer({ min: 0, max: 499 }),
        (phase, delay) => {
          const peer = new SegmentPeer({ tcp: { delayedAckMillis: delay, quickAcks: 0 } });
          peer.connect();
          peer.advance(phase / 1000);
          const start = peer.now;
          peer.inject({ data: "x" });
          peer.advance(499);
          const { at } = peer.expect("A", { ack: 2 });
          expect(at - start).toBeLessThan(500);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("MUST-40: no configuration may delay longer", () => {
    expect(() => new SegmentPeer({ tcp: { delayedAckMillis: 500 } })).toThrow(RangeError);
  });

  it("SHLD-19, RFC5681-4.2-2: every second full segment is acknowledged at once", () => {
    const peer = connected();
    const acks: number[] = [];
    for (let count = 0; count < 10; count++) {
      peer.inject({ data: pattern(1460) });
      peer.read();
      acks.push(...peer.take().map(({ ack }) => (ack - 1) / 1460));
    }
    expect(acks).toEqual([2, 4, 6, 8, 10]);
  });

  it("SHLD-19: full is what this peer sends, were it less than our MSS", () => {
    const peer = connected([mss(1000)]);
    const acks: number[] = [];
    for (let count = 0; count < 6; count++) {
      peer.inject({ data: pattern(1000) });
      acks.push(...peer.take().map(({ ack }) => (ack - 1) / 1000));
    }
    expect(acks).toEqual([2, 4, 6]);
  });

  it("MUST-58: a burst that comes in one instant gets one ACK", () => {
    const peer = connected();
    peer.inject(...Array.from({ length: 10 }, () => ({ data: pattern(1460) })));
    peer.expect("A", { ack: 14_601 });
    peer.expectNothing();
  });

  it("what is sent in the meantime carries it, and the timer is off", () => {
    const peer = connected();
    peer.inject({ data: "question" });
    peer.write("answer");
    peer.expect("PA", { ack: 9, data: "answer" });
    peer.inject({});
    peer.advance(1000);
    peer.expectNothing();
  });

  it("RFC5681-3.2-1, MAY-13: what comes out of order is answered at once with a duplicate", () => {
    const peer = connected();
    for (let count = 1; count <= 3; count++) {
      peer.inject({ seq: 1 + 1460 * count, data: pattern(1460) });
      peer.expect("A", { ack: 1, at: 0 });
    }
    peer.expectNothing();
  });

  it("RFC5681-3.2-2: what fills a gap, in full or in part, at once", () => {
    const peer = connected([mss(1460), SACK_PERMITTED]);
    peer.inject({ seq: 201, data: pattern(100) });
    peer.inject({ seq: 401, data: pattern(100) });
    peer.take();
    peer.inject({ seq: 1, data: pattern(100) }); // a part: 101 to 200 still lack
    peer.expect("A", { ack: 101, at: 0 });
    peer.inject({ seq: 101, data: pattern(100) });
    peer.expect("A", { ack: 301, at: 0 });
    peer.inject({ seq: 301, data: pattern(100) });
    peer.expect("A", { ack: 501, at: 0 });
  });

  it("a FIN is acknowledged at once", () => {
    const peer = connected();
    peer.inject({ flags: "FA" });
    peer.expect("A", { ack: 2, at: 0 });
  });

  it("RFC5681-4.2-3: never more than one ACK for a segment, but to tell of the window", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), fc.nat(60)), { maxLength: 40 }), (plan) => {
        const peer = connected();
        let acks = 0;
        for (const [segment, wait] of plan) {
          peer.inject({ seq: 1 + 500 * segment, data: pattern(500) });
          peer.advance(wait);
          acks += peer.take().length;
        }
        peer.advance(1000);
        acks += peer.take().length;
        expect(acks).toBeLessThanOrEqual(plan.length);
      }),
      { numRuns: 30 },
    );
  });
});
