import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { distance, geq, gt, leq, lt, max } from "../../src/tcp/sequence.ts";

/** RFC 9293 §3.4 in plain arithmetic: how many steps forward from `a` to `b`, 0 to 2^32 - 1. */
function steps(a: number, b: number): number {
  return ((((b >>> 0) - (a >>> 0)) % 2 ** 32) + 2 ** 32) % 2 ** 32;
}

const HALF = 2 ** 31;
const anywhere = fc.oneof(
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.constantFrom(0, 1, -1, 0x7fffffff, -0x80000000, -0x7fffffff),
);
const anyDistance = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc.integer({ min: -3, max: 3 }).map((near) => (near + 2 ** 32) % 2 ** 32),
  fc.integer({ min: -3, max: 3 }).map((near) => HALF + near),
);

describe("sequence numbers, RFC 9293 §3.4", () => {
  it("compares as arithmetic modulo 2^32 does, at every distance but 2^31", () => {
    fc.assert(
      fc.property(anywhere, anyDistance, (a, by) => {
        fc.pre(by !== HALF);
        const b = (a + by) | 0;
        const isAfter = by > 0 && by < HALF;
        const isBefore = by > HALF;
        expect(steps(a, b)).toBe(by);
        expect([lt(a, b), leq(a, b), gt(a, b), geq(a, b)]).toEqual([
          isAfter,
          isAfter || by === 0,
          isBefore,
          isBefore || by === 0,
        ]);
      }),
      { numRuns: 2000 },
    );
  });

  it("at a distance of exactly 2^31 each is before the other, and `leq` never contradicts `lt`", () => {
    fc.assert(
      fc.property(anywhere, (a) => {
        const b = (a + HALF) | 0;
        expect([lt(a, b), lt(b, a), gt(a, b), gt(b, a)]).toEqual([true, true, true, true]);
        expect([leq(a, b), leq(b, a)]).toEqual([true, true]);
      }),
    );
  });

  it("wraps: the octet after 2^32 - 1 is 0", () => {
    expect(lt(-1, 0)).toBe(true);
    expect(lt(0x7fffffff, -0x80000000)).toBe(true);
    expect(gt(5, -5)).toBe(true);
    expect(distance(5, -5)).toBe(10);
    expect(distance(-5, 5)).toBe(-10);
    expect(max(-5, 5)).toBe(5);
    expect(max(5, -5)).toBe(5);
    expect(max(-0x80000000, 0x7fffffff)).toBe(-0x80000000);
  });

  it("`distance` undoes adding", () => {
    fc.assert(
      fc.property(anywhere, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (a, by) => {
        expect(distance((a + by) | 0, a)).toBe(by);
      }),
    );
  });
});
