import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { initialWindow, Reno } from "../../src/tcp/congestion/reno.ts";

const SMSS = 1460;

/** A window of `cwnd` bytes above a threshold of the same size: congestion avoidance. */
function avoiding(cwnd: number): Reno {
  const reno = new Reno(SMSS, 10);
  reno.cwnd = cwnd;
  reno.ssthresh = cwnd;
  return reno;
}

describe("Reno's window", () => {
  it("RFC6928-2-1: the initial window is min(10·MSS, max(2·MSS, 14600))", () => {
    expect(initialWindow(536, 10)).toBe(5360);
    expect(initialWindow(1460, 10)).toBe(14_600);
    expect(initialWindow(2190, 10)).toBe(14_600);
    expect(initialWindow(9000, 10)).toBe(18_000);
    expect(new Reno(1460, 10).cwnd).toBe(14_600);
  });

  it("RFC6928-2-2: with one segment it is one segment, whatever the size", () => {
    for (const size of [88, 536, 1460, 8960]) expect(initialWindow(size, 1)).toBe(size);
  });

  it("RFC5681-3.1-2: the threshold starts beyond every window", () => {
    expect(new Reno(SMSS, 10).ssthresh).toBe(Number.POSITIVE_INFINITY);
  });

  it("RFC5681-3.1-1, MUST-19: slow start below the threshold, congestion avoidance above", () => {
    const reno = new Reno(SMSS, 10);
    reno.cwnd = 4 * SMSS;
    reno.ssthresh = 6 * SMSS;
    const trace: number[] = [];
    for (let ack = 0; ack < 16; ack++) {
      reno.onAck(SMSS);
      trace.push(reno.cwnd / SMSS);
    }
    // one a segment up to 6, then one for six, then one for seven
    expect(trace).toEqual([5, 6, 6, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 8, 8]);
  });

  it("RFC5681-3.1-3: ACK division gains nothing: 1460 ACKs of one byte are worth one SMSS", () => {
    const reno = new Reno(SMSS, 10);
    for (let ack = 0; ack < SMSS; ack++) reno.onAck(1);
    expect(reno.cwnd).toBe(11 * SMSS);
  });

  it("RFC5681-3.1-3: slow start never grows by more than was acknowledged, in ACKs of any size", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 4 * SMSS }), { maxLength: 100 });
    fc.assert(
      fc.property(sizes, (acks) => {
        const reno = new Reno(SMSS, 10);
        for (const acked of acks) reno.onAck(acked);
        expect(reno.cwnd).toBe(10 * SMSS + acks.reduce((sum, acked) => sum + acked, 0));
      }),
    );
  });

  it("an ACK across the threshold is split: slow start up to it, avoidance from there", () => {
    const reno = new Reno(SMSS, 10);
    reno.cwnd = 10_000;
    reno.ssthresh = 11_000;
    reno.onAck(1500);
    expect(reno.cwnd).toBe(11_000);
    reno.onAck(10_500); // with the 500 left over a whole window was acknowledged
    expect(reno.cwnd).toBe(11_000 + SMSS);
  });

  it("RFC5681-3.1-4: avoidance adds one SMSS for a window of acknowledgments, in pieces of any size", () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 2 * SMSS }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 100 }), pieces, (segments, acks) => {
        const start = segments * SMSS;
        const reno = avoiding(start);
        let waiting = 0;
        let expected = start;
        for (const acked of acks) {
          reno.onAck(acked);
          waiting += acked;
          if (waiting >= expected) {
            waiting -= expected;
            expected += SMSS;
          }
          expect(reno.cwnd).toBe(expected);
        }
      }),
    );
  });

  it("RFC5681-3.1-6: a loss makes ssthresh max(FlightSize/2, 2·SMSS) and leaves cwnd to recovery", () => {
    const reno = avoiding(20 * SMSS);
    expect(reno.onLoss(20 * SMSS)).toBe(10 * SMSS);
    expect([reno.ssthresh, reno.cwnd]).toEqual([10 * SMSS, 20 * SMSS]);
    expect(reno.onLoss(3 * SMSS)).toBe(2 * SMSS);
  });

  it("RFC5681-3.1-7, RFC5681-3.1-8: a timeout leaves one segment, and its repetition holds ssthresh", () => {
    const reno = avoiding(20 * SMSS);
    reno.onTimeout(20 * SMSS, true);
    expect([reno.ssthresh, reno.cwnd]).toEqual([10 * SMSS, SMSS]);
    reno.onTimeout(SMSS, false);
    expect([reno.ssthresh, reno.cwnd]).toEqual([10 * SMSS, SMSS]);
  });

  it("RFC5681-4.1-1: after an idle time the window is no more than the initial one", () => {
    const reno = avoiding(40 * SMSS);
    reno.onIdle();
    expect(reno.cwnd).toBe(10 * SMSS);
    const small = avoiding(4 * SMSS);
    small.onIdle();
    expect(small.cwnd).toBe(4 * SMSS);
  });

  it("RFC1191-6.4-2: a smaller segment size leaves the window", () => {
    const reno = avoiding(20 * SMSS);
    reno.onSegmentSize(536);
    expect(reno.cwnd).toBe(20 * SMSS);
    reno.onTimeout(20 * SMSS, true);
    expect(reno.cwnd).toBe(536);
  });
});
