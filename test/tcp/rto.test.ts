import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Rto } from "../../src/tcp/rto.ts";

const SECOND = 1_000_000;

/** A rational number: RFC 6298's formulas need quarters and eighths only. */
class Rational {
  readonly over: bigint;
  readonly under: bigint;
  constructor(over: bigint, under = 1n) {
    this.over = over;
    this.under = under;
  }
  plus(other: Rational): Rational {
    return new Rational(this.over * other.under + other.over * this.under, this.under * other.under);
  }
  times(other: Rational): Rational {
    return new Rational(this.over * other.over, this.under * other.under);
  }
  get absolute(): Rational {
    return this.over < 0n ? new Rational(-this.over, this.under) : this;
  }
  get number(): number {
    return Number((this.over * 1_000_000n) / this.under) / 1e6;
  }
}
const whole = (value: number) => new Rational(BigInt(value));
const ALPHA = new Rational(1n, 8n);
const ONE_LESS_ALPHA = new Rational(7n, 8n);
const BETA = new Rational(1n, 4n);
const ONE_LESS_BETA = new Rational(3n, 4n);

describe("the retransmission timeout, RFC 6298", () => {
  it("RFC6298-2.1-1: before a measurement it is what was configured", () => {
    expect(new Rto(SECOND, 200_000, 120 * SECOND).rto).toBe(SECOND);
  });

  it("RFC6298-2.2-1: the first sample R makes SRTT = R, RTTVAR = R/2, RTO = SRTT + max(G, 4·RTTVAR)", () => {
    for (const [sample, expected] of [
      [500_000, 1_500_000], // 500 + 4·250
      [100_001, 300_003],
      [10_000, 210_000], // G, the least that is added, is 200 ms
      [1, 200_001],
    ] as const) {
      const rto = new Rto(SECOND, 200_000, 120 * SECOND);
      rto.sample(sample);
      expect([rto.srtt, rto.rttvar, rto.rto]).toEqual([sample, sample / 2, expected]);
    }
  });

  it("RFC6298-2.3-1: a worked example of later samples: RTTVAR first, with the old SRTT", () => {
    const rto = new Rto(SECOND, 1, 120 * SECOND);
    rto.sample(100_000);
    rto.sample(180_000);
    // RTTVAR = 3/4·50 + 1/4·|100 - 180| = 57.5 ms; SRTT = 7/8·100 + 1/8·180 = 110 ms
    expect([rto.srtt, rto.rttvar, rto.rto]).toEqual([110_000, 57_500, 340_000]);
    rto.sample(110_000);
    expect([rto.srtt, rto.rttvar, rto.rto]).toEqual([110_000, 43_125, 282_500]);
  });

  it("RFC6298-2.3-1: any series of samples agrees with rational arithmetic", () => {
    const samples = fc.array(fc.integer({ min: 1, max: 10 * SECOND }), { minLength: 1, maxLength: 25 });
    fc.assert(
      fc.property(samples, (series) => {
        const rto = new Rto(SECOND, 200_000, 120 * SECOND);
        let srtt = whole(0);
        let rttvar = whole(0);
        for (const [index, sample] of series.entries()) {
          rto.sample(sample);
          const measured = whole(sample);
          if (index === 0) {
            srtt = measured;
            rttvar = measured.times(new Rational(1n, 2n));
          } else {
            const deviation = srtt.plus(whole(-sample)).absolute;
            rttvar = ONE_LESS_BETA.times(rttvar).plus(BETA.times(deviation));
            srtt = ONE_LESS_ALPHA.times(srtt).plus(ALPHA.times(measured));
          }
          expect(rto.srtt).toBeCloseTo(srtt.number, 2);
          expect(rto.rttvar).toBeCloseTo(rttvar.number, 2);
          const exact = srtt.number + Math.max(200_000, 4 * rttvar.number);
          expect(Math.abs(rto.rto - Math.min(exact, 120 * SECOND))).toBeLessThanOrEqual(1.01);
          expect(rto.minRtt).toBe(Math.min(...series.slice(0, index + 1)));
        }
      }),
    );
  });

  it("RFC6298-4-1, RFC6298-2.4-1: on a path without variance the least addition stays, so RTO is never below the minimum", () => {
    for (const minimum of [200_000, SECOND]) {
      const rto = new Rto(SECOND, minimum, 120 * SECOND);
      for (let count = 0; count < 200; count++) rto.sample(50_000);
      expect(rto.rto).toBe(50_000 + minimum);
    }
  });

  it("RFC6298-2.5-1: is bounded from above", () => {
    const rto = new Rto(SECOND, 200_000, 60 * SECOND);
    rto.sample(50 * SECOND);
    expect(rto.rto).toBe(60 * SECOND);
  });

  it("RFC6298-5.5-1: doubles at every expiry, up to the bound; a new sample starts from what is measured", () => {
    const rto = new Rto(SECOND, 200_000, 60 * SECOND);
    const series: number[] = [];
    for (let count = 0; count < 8; count++) {
      series.push(rto.rto / SECOND);
      rto.backOff();
    }
    expect(series).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    rto.sample(100_000);
    expect(rto.rto).toBe(300_000);
  });

  it("RFC6298-5.7-1: after a lost SYN data begins with 3 s, whatever the back-off, unless a round trip was measured", () => {
    for (const losses of [1, 2, 3]) {
      const rto = new Rto(SECOND, 200_000, 60 * SECOND);
      for (let count = 0; count < losses; count++) rto.backOff();
      rto.restartAfterLostSyn();
      expect(rto.rto).toBe(3 * SECOND);
    }
    const measured = new Rto(SECOND, 200_000, 60 * SECOND);
    measured.backOff();
    measured.sample(100_000);
    measured.restartAfterLostSyn();
    expect(measured.rto).toBe(300_000);
  });
});
