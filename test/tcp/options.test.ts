import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  parseOptions,
  sackLength,
  TIMESTAMPS_LENGTH,
  writeMaxSegmentSize,
  writeSack,
  writeSackPermitted,
  writeTimestamps,
  writeWindowScale,
} from "../../src/tcp/options.ts";
import { Segment } from "../../src/tcp/segment.ts";
import {
  mss,
  option,
  parseTcpOptions,
  SACK_PERMITTED,
  sack,
  timestamps,
  windowScale,
} from "../support/tcp-wire.ts";
import { concat, hex } from "../support/wire.ts";

/** Options behind `before` bytes of something else, with a byte behind them that must not be read as one. */
function parse(bytes: Uint8Array, before = 20): Segment {
  const area = concat(new Uint8Array(before).fill(8), bytes, Uint8Array.of(2, 4, 9, 9));
  const segment = new Segment();
  parseOptions(new DataView(area.buffer), before, before + bytes.length, segment);
  return segment;
}

function written(length: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  write(new DataView(bytes.buffer));
  return bytes;
}

const nop = Uint8Array.of(1);

describe("reading options", () => {
  it("MUST-4: reads end of list, no-operation and MSS", () => {
    expect(parse(hex("02 04 05 b4")).maxSegmentSize).toBe(1460);
    expect(parse(hex("01 01 02 04 ff ff")).maxSegmentSize).toBe(0xffff);
    expect(parse(hex("00 02 04 05 b4")).maxSegmentSize).toBe(0);
  });

  it("reads what a Linux SYN carries", () => {
    const segment = parse(hex("02 04 05 b4 04 02 08 0a 12 34 56 78 9a bc de f0 01 03 03 07"));
    expect(segment.maxSegmentSize).toBe(1460);
    expect(segment.sackPermitted).toBe(true);
    expect(segment.hasTimestamp).toBe(true);
    expect(segment.timestampValue).toBe(0x12345678);
    expect(segment.timestampEcho).toBe(0x9abcdef0 | 0);
    expect(segment.windowScale).toBe(7);
  });

  it("reads up to four SACK blocks, edges in pairs", () => {
    const blocks: [number, number][] = [
      [1, 2],
      [0xfffffff0, 5],
      [7, 8],
      [9, 10],
    ];
    for (let count = 1; count <= 4; count++) {
      const segment = parse(sack(...blocks.slice(0, count)));
      expect(segment.sackCount).toBe(count);
      const edges = [...segment.sackEdges].slice(0, 2 * count).map((edge) => edge >>> 0);
      expect(edges).toEqual(blocks.slice(0, count).flat());
    }
  });

  it("MUST-64: reads each at every offset modulo 4", () => {
    for (let offset = 0; offset < 4; offset++) {
      const nops = new Uint8Array(offset).fill(1);
      expect(parse(concat(nops, mss(1400)), 21).maxSegmentSize).toBe(1400);
      expect(parse(concat(nops, windowScale(9)), 22).windowScale).toBe(9);
      expect(parse(concat(nops, SACK_PERMITTED), 23).sackPermitted).toBe(true);
      expect(parse(concat(nops, timestamps(77, 88))).timestampEcho).toBe(88);
      expect(parse(concat(nops, sack([3, 4]))).sackCount).toBe(1);
    }
  });

  it("MUST-6: skips unknown kinds by their length, before and after one that it knows", () => {
    for (let kind = 9; kind < 256; kind++) {
      const unknown = option(kind, ...new Array(kind % 7).fill(2));
      const segment = parse(concat(unknown, mss(1300), unknown, windowScale(3)));
      expect([segment.maxSegmentSize, segment.windowScale], `kind ${kind}`).toEqual([1300, 3]);
    }
  });

  it("MUST-7: survives every length byte of every kind, and ignores a known kind of the wrong length", () => {
    const rightLengths: Record<number, number[]> = { 2: [4], 3: [3], 4: [2], 5: [10, 18, 26, 34], 8: [10] };
    for (const kind of [2, 3, 4, 5, 6, 8, 28, 253]) {
      for (let length = 0; length < 256; length++) {
        const bytes = new Uint8Array(36).fill(1);
        bytes.set([kind, length]);
        const segment = parse(bytes);
        const isRight = rightLengths[kind]?.includes(length) ?? false;
        const known = [
          segment.maxSegmentSize > 0,
          segment.windowScale >= 0,
          segment.sackPermitted,
          segment.sackCount > 0,
          segment.hasTimestamp,
        ];
        expect(known.filter(Boolean).length, `kind ${kind} length ${length}`).toBe(isRight ? 1 : 0);
      }
    }
  });

  it("MUST-7, MUST-68: never reads past the header, and forgets what the segment before has said", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const segment = new Segment();
        segment.maxSegmentSize = 1;
        segment.windowScale = 1;
        segment.sackPermitted = segment.hasTimestamp = true;
        segment.sackCount = 4;
        const view = new DataView(Uint8Array.from(bytes).buffer);
        parseOptions(view, 0, bytes.length, segment); // a read past the end would throw
        expect(segment.sackCount).toBeLessThanOrEqual(4);
        expect(segment.windowScale).toBeLessThanOrEqual(14);
        if (bytes.length < 2) expect([segment.maxSegmentSize, segment.windowScale]).toEqual([0, -1]);
      }),
      { numRuns: 2000 },
    );
    expect(parse(Uint8Array.of(2)).maxSegmentSize).toBe(0); // a kind without a length octet ends the list
    expect(parse(Uint8Array.of(8, 10, 1, 1, 1, 1)).hasTimestamp).toBe(false);
  });

  it("RFC 7323 §2.3: takes a shift count above 14 as 14", () => {
    expect(parse(windowScale(14)).windowScale).toBe(14);
    expect(parse(windowScale(15)).windowScale).toBe(14);
    expect(parse(windowScale(255)).windowScale).toBe(14);
  });

  it("the last of two counts", () => {
    expect(parse(concat(mss(1000), nop, mss(1200))).maxSegmentSize).toBe(1200);
  });
});

describe("writing options", () => {
  it("writes vectors that another reader understands, each a multiple of four bytes", () => {
    expect(parseTcpOptions(written(4, (view) => writeMaxSegmentSize(view, 0, 65_495))).mss).toBe(65_495);
    expect(written(4, (view) => writeMaxSegmentSize(view, 0, 1460))).toEqual(hex("02 04 05 b4"));
    expect(written(4, (view) => writeWindowScale(view, 0, 14))).toEqual(hex("01 03 03 0e"));
    expect(written(4, (view) => writeSackPermitted(view, 0))).toEqual(hex("01 01 04 02"));
    expect(written(TIMESTAMPS_LENGTH, (view) => writeTimestamps(view, 0, -1, 0x7fffffff))).toEqual(
      hex("01 01 08 0a ff ff ff ff 7f ff ff ff"),
    );
    const edges = Int32Array.of(1, 2, -3, 4, 5, 6, 7, 8);
    expect(written(sackLength(2), (view) => writeSack(view, 0, edges, 2))).toEqual(
      hex("01 01 05 12 00000001 00000002 fffffffd 00000004"),
    );
  });

  it("RFC2018-3-1: four SACK blocks fit into the 40 bytes there are, three with timestamps", () => {
    expect(sackLength(0)).toBe(0);
    expect(sackLength(4)).toBeLessThanOrEqual(40);
    expect(sackLength(3) + TIMESTAMPS_LENGTH).toBeLessThanOrEqual(40);
    expect(sackLength(4) + TIMESTAMPS_LENGTH).toBeGreaterThan(40);
  });

  it("MUST-68: what is written is read back, whatever the values", () => {
    const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 0xffff }),
        fc.nat(14),
        int32,
        int32,
        (size, shift, value, echo) => {
          const bytes = written(24, (view) => {
            writeMaxSegmentSize(view, 0, size);
            writeSackPermitted(view, 4);
            writeTimestamps(view, 8, value, echo);
            writeWindowScale(view, 20, shift);
          });
          const segment = parse(bytes);
          expect([segment.maxSegmentSize, segment.windowScale]).toEqual([size, shift]);
          expect([segment.timestampValue, segment.timestampEcho]).toEqual([value, echo]);
          expect(segment.sackPermitted).toBe(true);
        },
      ),
    );
  });
});
