import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../src/base/clock.ts";
import { Host } from "../../src/host/host.ts";
import type { Tcb } from "../../src/tcp/index.ts";
import { distance } from "../../src/tcp/sequence.ts";
import { freeSpace, offerWindow, windowScaleFor } from "../../src/tcp/window.ts";

/** A block with a buffer of this size, nothing received, nothing offered yet. */
function receiving(bufferBytes: number, scale: number, mss = 1460): Tcb {
  const tcb = new Host({ clock: new VirtualClock(), seed: 1 }).tcp.create();
  tcb.receiveBufferBytes = bufferBytes;
  tcb.rcv.scale = scale;
  tcb.rcv.mss = mss;
  tcb.rcv.nxt = tcb.rcv.read = tcb.rcv.edge = -1000; // soon wraps
  return tcb;
}

describe("the offered window", () => {
  it("RFC 7323 §2.3: the smallest shift with which 16 bits tell of the whole buffer", () => {
    expect([1, 65_535, 65_536, 131_070, 131_072, 6_291_456, 2 ** 30].map(windowScaleFor)).toEqual([
      0, 0, 1, 1, 2, 7, 14,
    ]);
    for (let shift = 0; shift < 14; shift++) {
      expect(windowScaleFor(65_535 * 2 ** shift)).toBe(shift);
      expect(windowScaleFor(65_536 * 2 ** shift)).toBe(shift + 1);
    }
  });

  it("MUST-1: all of a large buffer is offered, as an unsigned field", () => {
    const tcb = receiving(65_535, 0);
    expect(offerWindow(tcb, false)).toBe(65_535);
    expect(tcb.rcv.wnd).toBe(65_535);
    const large = receiving(2 ** 30, 14);
    expect(offerWindow(large, false)).toBe(65_535);
    expect(large.rcv.wnd).toBe(65_535 * 2 ** 14);
  });

  it("RFC 7323 §2.2: never scaled in a SYN, and at most 65535 there", () => {
    const tcb = receiving(6_291_456, 7);
    expect(offerWindow(tcb, true)).toBe(65_535);
    expect(tcb.rcv.wnd).toBe(65_535);
    expect(offerWindow(receiving(3000, 7), true)).toBe(3000);
  });

  it("free is no more than a field can tell of, however large the buffer", () => {
    expect(freeSpace(receiving(10_000_000, 0))).toBe(65_535);
    expect(freeSpace(receiving(10_000_000, 7))).toBe(65_535 * 128);
    expect(freeSpace(receiving(1000, 7))).toBe(1000);
  });

  const step = fc.oneof(
    fc.record({ kind: fc.constant("receive"), bytes: fc.integer({ min: 0, max: 4000 }) }),
    fc.record({ kind: fc.constant("read"), bytes: fc.integer({ min: 0, max: 4000 }) }),
    fc.record({ kind: fc.constant("resize"), bytes: fc.integer({ min: 1152, max: 60_000 }) }),
  );

  it("MAY-8: the edge stays within a unit of the buffer, however oddly segments are sized, when nothing is read", () => {
    for (const size of [1, 127, 129, 1400]) {
      const tcb = receiving(60_000, 7);
      const rcv = tcb.rcv;
      offerWindow(tcb, false);
      for (let count = 0; count < 10_000 && rcv.wnd > 0; count++) {
        rcv.nxt = (rcv.nxt + Math.min(size, rcv.wnd)) | 0;
        offerWindow(tcb, false);
      }
      expect(distance(rcv.edge, rcv.read)).toBeLessThan(60_000 + 128);
    }
  });

  it("SHLD-14, MUST-39: the edge never moves left (the field may tell of less than a unit less), and right only by half the buffer or an MSS, for any history", () => {
    const steps = fc.array(step, { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1152, max: 60_000 }), fc.nat(7), steps, (buffer, scale, history) => {
        const tcb = receiving(buffer, scale);
        const rcv = tcb.rcv;
        offerWindow(tcb, false);
        for (const { kind, bytes } of history) {
          if (kind === "receive") rcv.nxt = (rcv.nxt + Math.min(bytes, rcv.wnd)) | 0;
          else if (kind === "read") rcv.read = (rcv.read + Math.min(bytes, tcb.receiveQueue)) | 0;
          else tcb.receiveBufferBytes = bytes;
          const before = rcv.edge;
          const window = offerWindow(tcb, false) << scale;
          expect(rcv.wnd - window).toBeGreaterThanOrEqual(0); // what was offered stays good, shown or not
          expect(rcv.wnd - window).toBeLessThan(1 << scale);
          const moved = (rcv.edge - before) | 0;
          const unit = 1 << scale;
          expect(moved).toBeGreaterThanOrEqual(0);
          const least = Math.min(tcb.receiveBufferBytes / 2, rcv.mss);
          if (moved >= unit) expect(moved).toBeGreaterThan(least - unit);
          // what is offered there is room for, but for what rounding adds and a shrunken buffer had promised
          if (moved >= unit) expect(rcv.wnd).toBeLessThanOrEqual(freeSpace(tcb));
        }
      }),
      { numRuns: 300 },
    );
  });
});
