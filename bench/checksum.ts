/** The Internet checksum, each way to make it, beside a copy of the same bytes: is touching them the whole cost? */
import { addBytes, fold } from "../src/packet/checksum.ts";
import { fingerprint } from "../src/packet/fingerprint.ts";
import { Slab } from "../src/packet/slab.ts";
import { type MicroCase, micro, report, smoke } from "./harness.ts";

type Sum = (view: DataView, offset: number, length: number, sum: number) => number;

/** The plainest: a byte at a time. */
function byteLoop(view: DataView, offset: number, length: number, sum: number): number {
  let total = sum;
  for (let at = 0; at < length; at++) {
    const byte = view.getUint8(offset + at);
    total += (at & 1) === 0 ? byte << 8 : byte;
  }
  return fold(total);
}

/** As RFC 1071 §4.1 writes it: a 16-bit word at a time. */
function wordLoop(view: DataView, offset: number, length: number, sum: number): number {
  let total = sum;
  const end = offset + length;
  let at = offset;
  for (; at + 2 <= end; at += 2) total += view.getUint16(at);
  if (at < end) total += view.getUint8(at) << 8;
  return fold(total);
}

/** Whole 32-bit words into a float64, which holds 2^21 of them: RFC 1071 §2(C), with room for the carries. */
function float64Sum(view: DataView, offset: number, length: number, sum: number): number {
  let total = sum;
  const end = offset + length;
  let at = offset;
  for (; at + 4 <= end; at += 4) total += view.getUint32(at);
  let rest = 0;
  if (at + 2 <= end) {
    rest = view.getUint16(at);
    at += 2;
  }
  if (at < end) rest += view.getUint8(at) << 8;
  return fold(total + rest);
}

const slab = new Slab(1 << 20);
for (let at = 0; at < 1 << 20; at++) slab.bytes[at] = Math.imul(at, 0x9e3779b1) >>> 24;
/** Where the copies go; the packets lie before it. */
const ELSEWHERE = 1 << 19;

/** A loop of its own for each case: calls through one loop would be polymorphic, and none inlined. */
function loop(body: string, names: Record<string, unknown>): (times: number) => number {
  const make = new Function(
    ...Object.keys(names),
    `return (times) => { let sum = 0; for (let i = 0; i < times; i++) { const at = (i & 63) * 2; ${body} } return sum; }`,
  );
  return make(...Object.values(names)) as (times: number) => number;
}

function casesFor(length: number): MicroCase[] {
  const operations = smoke ? 10 : Math.max(20, Math.floor(500_000 / (length + 50)));
  const copy = `copy ${length}`;
  const one = (name: string, body: string, names: Record<string, unknown>): MicroCase => {
    const run = loop(body, names);
    const common = { name: `${name} ${length}`, operations, bytes: length, run: () => run(operations) };
    return name === "copy" ? common : { ...common, peer: copy };
  };
  const summing = (name: string, f: Sum) =>
    one(name, "sum ^= f(view, at, length, 0);", { f, view: slab.view, length });
  return [
    one("copy", "bytes.copyWithin(there, at, at + length); sum ^= i;", {
      bytes: slab.bytes,
      there: ELSEWHERE,
      length,
    }),
    summing("byte loop", byteLoop),
    summing("16-bit loop", wordLoop),
    summing("float64 of uint32", float64Sum),
    summing("int32 halves", addBytes),
    one("WASM SIMD", "sum ^= slab.checksum(at, length, 0);", { slab, length }),
    one("fingerprint int32", "sum ^= f(view, at, length);", { f: fingerprint, view: slab.view, length }),
    one("fingerprint SIMD", "sum ^= slab.fingerprint(at, length);", { slab, length }),
  ];
}

await report("checksum", await micro([20, 576, 1460, 65_495].flatMap(casesFor)));
