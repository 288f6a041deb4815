import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Ranges } from "../../src/base/ranges.ts";

/** Near every place where something wraps: 0, 2^31 and 2^32 as int32. */
const base = fc.constantFrom(0, -150, 2 ** 31 - 150, -(2 ** 31), 12_345);
const SPAN = 300;

type Step = ["add", number, number] | ["removeBefore", number];
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(fc.constant("add" as const), fc.nat(SPAN - 1), fc.integer({ min: 1, max: 40 })),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant("removeBefore" as const), fc.nat(SPAN)) },
);

/** The runs of true in a row of octets. */
function runs(octets: boolean[]): [number, number][] {
  const found: [number, number][] = [];
  for (const [index, isIn] of octets.entries()) {
    if (!isIn) continue;
    const last = found.at(-1);
    if (last?.[1] === index) last[1]++;
    else found.push([index, index + 1]);
  }
  return found;
}

function content(ranges: Ranges, from: number): [number, number][] {
  return Array.from({ length: ranges.count }, (_, index) => [
    (ranges.start(index) - from) | 0,
    (ranges.end(index) - from) | 0,
  ]);
}

describe("Ranges", () => {
  it("is a set of octets, kept as sorted runs with gaps between", () => {
    fc.assert(
      fc.property(base, fc.array(step, { maxLength: 40 }), (from, plan) => {
        const ranges = new Ranges(1000);
        const octets: boolean[] = new Array(SPAN + 50).fill(false);
        for (const [kind, at, length] of plan) {
          if (kind === "add") {
            expect(ranges.add((from + at) | 0, (from + at + (length as number)) | 0)).toBe(true);
            octets.fill(true, at, at + (length as number));
          } else {
            ranges.removeBefore((from + at) | 0);
            octets.fill(false, 0, at);
          }
          expect(content(ranges, from)).toEqual(runs(octets));
        }
        const at = octets.map((_, index) => (from + index) | 0);
        expect(at.map((octet) => ranges.contains(octet))).toEqual(octets);
        const runsNow = runs(octets);
        expect(at.map((octet) => ranges.firstEndingAfter(octet))).toEqual(
          at.map((_, index) => runsNow.filter(([, end]) => end <= index).length),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("refuses one range too many and stays as it was; merging still works", () => {
    const ranges = new Ranges(2);
    expect(ranges.add(10, 20)).toBe(true);
    expect(ranges.add(30, 40)).toBe(true);
    expect(ranges.add(50, 60)).toBe(false);
    expect(content(ranges, 0)).toEqual([
      [10, 20],
      [30, 40],
    ]);
    expect(ranges.add(20, 30)).toBe(true);
    expect(content(ranges, 0)).toEqual([[10, 40]]);
    expect(ranges.add(50, 60)).toBe(true);
    ranges.clear();
    expect(ranges.count).toBe(0);
  });
});
