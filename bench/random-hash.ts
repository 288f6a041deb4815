/** Random numbers and keyed hashes: both are drawn for packets, so neither may cost like one. */
import { keyedHash, SipKey, sipHash24 } from "../src/base/hash.ts";
import { Random } from "../src/base/random.ts";
import { micro, report, smoke } from "./harness.ts";

const OPERATIONS = smoke ? 100 : 10_000;
const random = new Random("bench");
const key = SipKey.fromRandom(random);
const message = new Uint8Array(12);
const block = new Uint8Array(1024);

function one(name: string, operation: (count: number) => number, peer?: string) {
  const run = () => {
    let sum = 0;
    for (let count = 0; count < OPERATIONS; count++) sum += operation(count);
    return sum;
  };
  return { name, operations: OPERATIONS, run, ...(peer === undefined ? {} : { peer }) };
}

await report(
  "random-hash",
  await micro([
    one("Math.random()", () => Math.random()),
    one("uint32()", () => random.uint32(), "Math.random()"),
    one("float()", () => random.float(), "Math.random()"),
    one("chance(0.02)", () => (random.chance(0.02) ? 1 : 0), "Math.random()"),
    one("below(1000)", () => random.below(1000), "Math.random()"),
    one("fill() of 1 KiB", () => {
      random.fill(block);
      return block[0]!;
    }),
    one("fork()", (count) => random.fork(`host ${count}`).uint32()),
    one("keyedHash()", (count) => keyedHash(key, count, 2, 3)),
    one(
      "sipHash24() of 12 bytes",
      (count) => {
        message[0] = count;
        return sipHash24(key, message)[0];
      },
      "keyedHash()",
    ),
  ]),
);
