import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Scoreboard } from "../../src/tcp/recovery/scoreboard.ts";

const SMSS = 4;
const DUP_THRESH = 3;

/**
 * RFC 6675 §4, word for word and octet by octet, slowly. Octets are counted from 0. One thing is added: what was
 * judged lost stays so, though two SACKed runs may grow together later and then count as one.
 */
class Oracle {
  highAck = 0;
  highData = 0;
  highRxt = -1;
  readonly sacked = new Set<number>();
  private readonly lost = new Set<number>();

  isLost(octet: number): boolean {
    if (this.lost.has(octet)) return true;
    let bytes = 0;
    let runs = 0;
    for (let above = octet + 1; above < this.highData; above++) {
      if (!this.sacked.has(above)) continue;
      bytes++;
      if (above === octet + 1 || !this.sacked.has(above - 1)) runs++;
    }
    return runs >= DUP_THRESH || bytes > (DUP_THRESH - 1) * SMSS;
  }

  /** Judges every octet; returns whether one was newly lost. */
  update(): boolean {
    const before = this.lost.size;
    for (const octet of this.holes()) if (this.isLost(octet)) this.lost.add(octet);
    return this.lost.size > before;
  }

  /** SetPipe() */
  get pipe(): number {
    let pipe = 0;
    for (const octet of this.holes()) {
      if (!this.isLost(octet)) pipe++;
      if (octet <= this.highRxt) pipe++;
    }
    return pipe;
  }

  /** NextSeg() rule 1, and rule 3 without (1.c); -1: none. */
  nextSeg(mustBeLost: boolean): number {
    const highestSacked = Math.max(-1, ...this.sacked);
    const found = this.holes().find(
      (octet) => octet > this.highRxt && octet < highestSacked && (!mustBeLost || this.isLost(octet)),
    );
    return found ?? -1;
  }

  /** NextSeg() rule 4: the highest outstanding octet that is not SACKed; -1: none. */
  get highestHole(): number {
    return this.holes().at(-1) ?? -1;
  }

  acknowledge(octet: number): void {
    this.highAck = octet;
    for (const old of this.sacked) if (old < octet) this.sacked.delete(old);
  }

  /** Outstanding octets that are not SACKed. */
  private holes(): number[] {
    const holes: number[] = [];
    for (let octet = this.highAck; octet < this.highData; octet++)
      if (!this.sacked.has(octet)) holes.push(octet);
    return holes;
  }
}

type Step =
  | { kind: "send"; lengths: number[] }
  | { kind: "sack"; from: number; count: number }
  | { kind: "acknowledge"; part: number; within: number }
  | { kind: "retransmit"; most: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      lengths: fc.array(fc.constantFrom(1, 1, 2, SMSS), { maxLength: 12 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("sack" as const),
      from: fc.nat(25),
      count: fc.constantFrom(1, 1, 1, 2, 4),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("acknowledge" as const), part: fc.nat(6), within: fc.nat(2) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("retransmit" as const), most: fc.nat(4) }) },
);

/** Runs the same steps on the scoreboard and on the oracle, and compares all they say after each. */
function compare(base: number, steps: Step[]): void {
  const scoreboard = new Scoreboard();
  const oracle = new Oracle();
  const at = (octet: number) => (base + octet) | 0;
  const offset = (seq: number) => (seq - base) | 0;
  /** Starts and ends of the outstanding segments. */
  let segments: [start: number, end: number][] = [];

  for (const action of steps) {
    if (action.kind === "send") {
      for (const length of action.lengths) {
        scoreboard.append(at(oracle.highData), length, 0);
        segments.push([oracle.highData, oracle.highData + length]);
        oracle.highData += length;
      }
    } else if (action.kind === "sack") {
      const block = segments.slice(action.from, action.from + action.count);
      // a receiver never SACKs the octet that it asks for
      if (block.length === 0 || action.from === 0) continue;
      const [first, last] = [block[0]![0], block.at(-1)![1]];
      let newly = 0;
      for (let octet = first; octet < last; octet++) {
        if (!oracle.sacked.has(octet)) newly++;
        oracle.sacked.add(octet);
      }
      expect(scoreboard.sack(at(first), at(last))).toBe(newly);
      expect(scoreboard.detectLosses(SMSS)).toBe(oracle.update());
    } else if (action.kind === "acknowledge") {
      const reached = segments[action.part];
      if (reached === undefined) continue;
      const una = Math.min(reached[0] + action.within, reached[1]);
      scoreboard.acknowledge(at(una));
      oracle.acknowledge(una);
      segments = segments
        .filter(([, end]) => end > una)
        .map(([start, end]): [number, number] => [Math.max(start, una), end]);
    } else {
      for (let sent = 0; sent < action.most; sent++) {
        let number = scoreboard.nextLost();
        if (number < 0) number = scoreboard.nextHole();
        if (number < 0) break;
        scoreboard.retransmit(number, 0);
        oracle.highRxt = offset(scoreboard.seqOf(number)) + scoreboard.lengthOf(number) - 1;
        agree();
      }
    }
    agree();
  }

  function agree(): void {
    const seqOrNone = (number: number) => (number < 0 ? -1 : offset(scoreboard.seqOf(number)));
    expect(scoreboard.pipe).toBe(oracle.pipe);
    expect(scoreboard.sackedBytes).toBe(oracle.sacked.size);
    expect(scoreboard.count).toBe(segments.length);
    expect(seqOrNone(scoreboard.nextLost())).toBe(oracle.nextSeg(true));
    expect(seqOrNone(scoreboard.nextHole())).toBe(oracle.nextSeg(false));
    const last = scoreboard.lastHole();
    const highest = oracle.highestHole;
    if (last >= 0) expect(offset(scoreboard.seqOf(last)) + scoreboard.lengthOf(last) - 1).toBe(highest);
    // rule 4 is asked after rules 1 and 3: nothing below the highest SACKed octet is left then
    else if (scoreboard.nextHole() < 0) expect(highest).toBeLessThanOrEqual(oracle.highRxt);
  }
}

const base = fc.constantFrom(0, -40, 2 ** 31 - 40, 123_456_789);

describe("the scoreboard, RFC 6675 §4", () => {
  it("RFC6675-3-1, RFC6675-4-2, RFC6675-4-3, RFC6675-4-4: agrees with IsLost(), SetPipe() and NextSeg() taken literally", () => {
    fc.assert(fc.property(base, fc.array(step, { maxLength: 40 }), compare), { numRuns: 500 });
  });

  /** Ten segments of `size` from 0. */
  function ten(size: number): Scoreboard {
    const scoreboard = new Scoreboard();
    for (let index = 0; index < 10; index++) scoreboard.append(index * size, size, 1000 + index);
    return scoreboard;
  }

  it("RFC6675-4-2: more than two segments' worth of SACKed bytes above make a segment lost", () => {
    const scoreboard = ten(1000);
    scoreboard.sack(1000, 3000);
    expect(scoreboard.detectLosses(1000)).toBe(false); // exactly (DupThresh - 1)·SMSS is not more
    scoreboard.sack(3000, 4000);
    expect(scoreboard.detectLosses(1000)).toBe(true);
    expect(scoreboard.lostBytes).toBe(1000);
    expect(scoreboard.pipe).toBe(6000);
  });

  it("RFC6675-4-2: or three SACKed runs above, however short", () => {
    const scoreboard = ten(10);
    for (const start of [20, 40]) scoreboard.sack(start, start + 10);
    expect(scoreboard.detectLosses(1000)).toBe(false);
    scoreboard.sack(60, 70);
    expect(scoreboard.detectLosses(1000)).toBe(true);
    expect(scoreboard.lostBytes).toBe(20); // 0 and 10; above 30 there are two runs
  });

  it("a block that ends within a segment says nothing about that segment", () => {
    const scoreboard = ten(1000);
    expect(scoreboard.sack(1500, 3500)).toBe(1000);
    expect(scoreboard.sackedBytes).toBe(1000);
    expect(scoreboard.sack(2000, 3000)).toBe(0);
  });

  it("RFC6675-5.1-2: a timeout makes everything that is not SACKed lost, copies sent again too", () => {
    const scoreboard = ten(1000);
    scoreboard.sack(4000, 7000);
    scoreboard.detectLosses(1000);
    scoreboard.retransmit(scoreboard.nextLost(), 5);
    scoreboard.markAllLost();
    expect([scoreboard.pipe, scoreboard.lostBytes, scoreboard.sackedBytes]).toEqual([0, 7000, 3000]);
    const resent: number[] = [];
    for (let number = scoreboard.nextLost(); number >= 0; number = scoreboard.nextLost()) {
      resent.push(scoreboard.seqOf(number));
      scoreboard.retransmit(number, 6);
    }
    expect(resent).toEqual([0, 1000, 2000, 3000, 7000, 8000, 9000]);
    expect(scoreboard.pipe).toBe(7000);
  });

  it("RFC2018-5-2, RFC2018-5-3: when the left edge itself is SACKed the receiver has reneged, and no mark is believed", () => {
    const scoreboard = ten(1000);
    scoreboard.sack(1000, 5000);
    scoreboard.acknowledge(1000);
    scoreboard.markAllLost();
    expect([scoreboard.sackedBytes, scoreboard.lostBytes]).toEqual([0, 9000]);
    expect(scoreboard.seqOf(scoreboard.nextLost())).toBe(1000);
  });

  it("RFC1191-6.4-1: judges lost what was larger than the path carries, and nothing else", () => {
    const scoreboard = new Scoreboard();
    for (const [seq, length] of [
      [0, 100],
      [100, 1400],
      [1500, 500],
      [2000, 1400],
    ] as const) {
      scoreboard.append(seq, length, 0);
    }
    scoreboard.sack(2000, 3400);
    scoreboard.markOversizedLost(500);
    expect(scoreboard.lostBytes).toBe(1400);
    expect(scoreboard.seqOf(scoreboard.nextLost())).toBe(100);
  });

  it("RFC6298-3-1: tells when the latest acknowledged segment was sent, unless one of them was sent again or SACKed", () => {
    const scoreboard = ten(1000);
    scoreboard.acknowledge(3000);
    expect(scoreboard.ackedSentAt).toBe(1002);
    scoreboard.acknowledge(3500); // a part tells nothing
    expect(scoreboard.ackedSentAt).toBe(-1);
    scoreboard.sack(4000, 5000);
    scoreboard.acknowledge(5000);
    expect(scoreboard.ackedSentAt).toBe(1003); // 4000 was SACKed at an earlier time
    scoreboard.markFirstLost();
    scoreboard.retransmit(scoreboard.nextLost(), 2000);
    scoreboard.acknowledge(7000); // 6000 was sent once, but waited for the copy of 5000
    expect(scoreboard.ackedSentAt).toBe(-1);
    scoreboard.acknowledge(10_000);
    expect(scoreboard.ackedSentAt).toBe(1009);
    expect([scoreboard.count, scoreboard.pipe]).toEqual([0, 0]);
  });

  it("grows with what is outstanding, keeps every record, and gives the memory back", () => {
    const scoreboard = new Scoreboard();
    let sent = 0;
    let acknowledged = 0;
    for (let round = 0; round < 50; round++) {
      for (let count = 0; count < 20; count++) scoreboard.append(10 * sent++, 10, sent);
      acknowledged += 13;
      scoreboard.acknowledge(10 * acknowledged);
      expect(scoreboard.count).toBe(sent - acknowledged);
      expect(scoreboard.firstSentAt(-1)).toBe(acknowledged + 1);
    }
    expect(scoreboard.pipe).toBe(10 * (sent - acknowledged));
    scoreboard.clear();
    expect([scoreboard.count, scoreboard.pipe, scoreboard.nextLost(), scoreboard.firstSentAt(-1)]).toEqual([
      0, 0, -1, -1,
    ]);
    scoreboard.append(5, 1, 0);
    expect(scoreboard.pipe).toBe(1);
  });
});
