/** Comparing sequence numbers: several times a segment, so it must cost nothing. */
import { Random } from "../src/base/random.ts";
import { lt } from "../src/tcp/sequence.ts";
import { type MicroCase, micro, report, smoke } from "./harness.ts";

const COUNT = 4096;
const ROUNDS = smoke ? 1 : 16;
const OPERATIONS = COUNT * ROUNDS;
const random = new Random("sequence");

/**
 * Pairs a window or less apart, all round the circle. The first comes before the second, nearly always the answer in a
 * connection too: what is measured is the comparison, not a branch that nothing can predict.
 */
const left = Int32Array.from({ length: COUNT }, () => random.uint32());
const right = left.map((number) => (number + 1 + random.below(1 << 20)) | 0);
/** The same numbers as uint32 in ordinary arrays, half of them too large for V8's small integers. */
const leftUnsigned = Array.from(left, (number) => number >>> 0);
const rightUnsigned = Array.from(right, (number) => number >>> 0);

const BASE = "a < b of int32, wrong at the wrap";

const cases: MicroCase[] = [
  {
    name: BASE,
    operations: OPERATIONS,
    run() {
      let sum = 0;
      for (let round = 0; round < ROUNDS; round++) {
        for (let at = 0; at < COUNT; at++) if (left[at]! < right[at]!) sum++;
      }
      return sum;
    },
  },
  {
    name: "lt(a, b) of int32",
    peer: BASE,
    operations: OPERATIONS,
    run() {
      let sum = 0;
      for (let round = 0; round < ROUNDS; round++) {
        for (let at = 0; at < COUNT; at++) if (lt(left[at]!, right[at]!)) sum++;
      }
      return sum;
    },
  },
  {
    name: "the same of uint32, in arrays of numbers",
    peer: BASE,
    operations: OPERATIONS,
    run() {
      let sum = 0;
      for (let round = 0; round < ROUNDS; round++) {
        for (let at = 0; at < COUNT; at++) if (lt(leftUnsigned[at]!, rightUnsigned[at]!)) sum++;
      }
      return sum;
    },
  },
  {
    name: "(a - b) modulo 2^32 with %",
    peer: BASE,
    operations: OPERATIONS,
    run() {
      let sum = 0;
      for (let round = 0; round < ROUNDS; round++) {
        for (let at = 0; at < COUNT; at++) {
          if ((leftUnsigned[at]! - rightUnsigned[at]! + 2 ** 32) % 2 ** 32 >= 2 ** 31) sum++;
        }
      }
      return sum;
    },
  },
];

await report("sequence", await micro(cases));
