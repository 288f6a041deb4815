import { afterEach, describe, expect, it } from "vitest";
import { FLAG_CHECKSUM_TRUSTED } from "../../src/packet/packet.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { Digest } from "../../src/sim/digest.ts";
import { deviation, numbers, Rig, times } from "./rig.ts";

afterEach(() => expect(packetPool.outstanding).toBe(0));

const MANY = 20_000;

function sendMany(rig: Rig, count = MANY, gapMicros = 10): void {
  for (let number = 0; number < count; number++) {
    rig.send(number);
    rig.run(rig.clock.now + gapMicros);
  }
  rig.run();
}

describe("an ideal wire", () => {
  it("delivers in the same instant, in order, but not from inside send", () => {
    const rig = new Rig();
    for (let number = 0; number < 40; number++) rig.send(number);
    expect(rig.atB).toEqual([]);
    expect(rig.wire.inFlight).toBe(40);
    rig.run();
    expect(numbers(rig.atB)).toEqual(Array.from({ length: 40 }, (_, index) => index));
    expect(rig.clock.now).toBe(0);
    expect(rig.wire.counters.a).toMatchObject({
      sent: 40,
      sentBytes: 4000,
      delivered: 40,
      deliveredBytes: 4000,
    });
    expect(rig.wire.counters.b.sent).toBe(0);
  });

  it("carries both ways, each to its own end", () => {
    const rig = new Rig();
    rig.send(1, 100, rig.wire.a);
    rig.send(2, 100, rig.wire.b);
    rig.run();
    expect(numbers(rig.atB)).toEqual([1]);
    expect(numbers(rig.atA)).toEqual([2]);
  });

  it("delivers the bytes as they were, and its own flags only", () => {
    const rig = new Rig();
    const bytes = Uint8Array.from({ length: 1500 }, (_, index) => index);
    const packet = packetPool.from(bytes);
    packet.flags = FLAG_CHECKSUM_TRUSTED;
    rig.wire.a.send(packet, 0);
    rig.run();
    expect(rig.atB[0]!.bytes).toEqual(bytes);
    expect(rig.atB[0]!.flags).toBe(0);
  });

  it("with checksum: false says so in its features and on each packet", () => {
    const rig = new Rig({ checksum: false });
    expect(rig.wire.a.features).toEqual({ checksum: true, segmentation: false });
    rig.send(1);
    rig.run();
    expect(rig.atB[0]!.flags).toBe(FLAG_CHECKSUM_TRUSTED);
    expect(new Rig().wire.b.features.checksum).toBe(false);
  });
});

describe("latency and jitter", () => {
  it("delays each direction by its own latency", () => {
    const rig = new Rig({ latency: 20, b: { latency: 7.5 } });
    rig.send(1, 100, rig.wire.a);
    rig.send(2, 100, rig.wire.b);
    rig.run();
    expect(times(rig.atB)).toEqual([20_000]);
    expect(times(rig.atA)).toEqual([7500]);
  });

  it("jitter is uniform within ± and reaches both ends", () => {
    const rig = new Rig({ latency: 20, jitter: 5 });
    const delays: number[] = [];
    for (let number = 0; number < MANY; number++) {
      const sent = rig.clock.now;
      rig.send(number);
      rig.run();
      delays.push(rig.clock.now - sent);
    }
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(15_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(25_000);
    // the mean of n uniform draws over a width w has the standard deviation w / √(12 n)
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / MANY;
    expect(Math.abs(mean - 20_000)).toBeLessThan((5 * 10_000) / Math.sqrt(12 * MANY));
    for (let tenth = 0; tenth < 10; tenth++) {
      const from = 15_000 + tenth * 1000;
      const share = delays.filter((delay) => delay >= from && delay < from + 1000).length;
      expect(Math.abs(share - MANY / 10)).toBeLessThan(deviation(MANY, 0.1));
    }
  });

  it("jitter keeps the order of packets", () => {
    const rig = new Rig({ latency: 20, jitter: 20 });
    sendMany(rig, 5000);
    expect(numbers(rig.atB)).toEqual(Array.from({ length: 5000 }, (_, index) => index));
  });

  it("jitter never brings a packet before it was sent", () => {
    const rig = new Rig({ latency: 1, jitter: 100, bandwidth: 8e6 });
    for (let number = 0; number < 1000; number++) {
      const sent = rig.clock.now;
      rig.send(number); // 100 bytes leave within 100 µs
      rig.run();
      expect(rig.clock.now - sent).toBeGreaterThanOrEqual(100);
      expect(rig.clock.now - sent).toBeLessThanOrEqual(101_100);
    }
  });

  it("a shorter latency set on the way does not let packets overtake", () => {
    const rig = new Rig({ latency: 20 });
    rig.send(1);
    rig.run(1000);
    rig.wire.set({ latency: 1 });
    rig.send(2);
    rig.run(2000);
    rig.send(3);
    rig.run(50_000);
    rig.send(4);
    rig.run();
    expect(numbers(rig.atB)).toEqual([1, 2, 3, 4]);
    expect(times(rig.atB)).toEqual([20_000, 20_000, 20_000, 51_000]);
  });
});

describe("bandwidth and queue", () => {
  it("serialises one packet after the other, then adds the latency", () => {
    const rig = new Rig({ bandwidth: 10e6, latency: 5 });
    rig.send(1, 1500); // 12000 bits at 10 Mbit/s: 1200 µs
    rig.send(2, 500);
    rig.run(10_000);
    rig.send(3, 1500);
    rig.run();
    expect(times(rig.atB)).toEqual([6200, 6600, 16_200]);
  });

  it("loses no fraction of a microsecond over a long time", () => {
    const rig = new Rig({ bandwidth: 7e6, queue: Number.POSITIVE_INFINITY });
    for (let number = 0; number < 7000; number++) rig.send(number, 999);
    rig.run();
    // 7000 · 999 · 8 bits at 7 bits per µs
    expect(rig.clock.now).toBe(7_992_000);
    expect(times(rig.atB)[0]).toBe(Math.floor((999 * 8) / 7));
    expect(times(rig.atB)[1]).toBe(Math.floor((2 * 999 * 8) / 7));
  });

  it("carries no fraction over a pause", () => {
    const rig = new Rig({ bandwidth: 7e6 });
    for (let number = 0; number < 20; number++) {
      rig.send(number, 999); // 1141 5/7 µs
      rig.run((number + 1) * 2000);
    }
    expect(times(rig.atB)).toEqual(Array.from({ length: 20 }, (_, index) => index * 2000 + 1141));
  });

  it("drops what finds the queue full: one on the transmitter, `queue` waiting", () => {
    const rig = new Rig({ bandwidth: 8e6, queue: 3 });
    for (let number = 0; number < 6; number++) rig.send(number, 1000); // 1000 µs each
    rig.run(999);
    rig.send(6, 1000); // the first is still on its way out
    rig.run(1000);
    rig.send(7, 1000); // the second has left the queue
    rig.send(8, 1000);
    rig.run();
    expect(numbers(rig.atB)).toEqual([0, 1, 2, 3, 7]);
    expect(times(rig.atB)).toEqual([1000, 2000, 3000, 4000, 5000]);
    expect(rig.wire.counters.a.dropped.queue).toBe(4);
  });

  it("queue: 0 takes a packet only when the transmitter is free", () => {
    const rig = new Rig({ bandwidth: 8e6, queue: 0 });
    rig.send(1, 1000);
    rig.send(2, 1000);
    rig.run(1000);
    rig.send(3, 1000);
    rig.run();
    expect(numbers(rig.atB)).toEqual([1, 3]);
  });

  it("keeps the arithmetic when the queue is deep and wraps around", () => {
    const rig = new Rig({ bandwidth: 8e6, queue: 50 });
    let sent = 0;
    for (let round = 0; round < 200; round++) {
      for (let burst = 0; burst < 7; burst++) rig.send(sent++, 1000);
      rig.run(rig.clock.now + 5000);
    }
    rig.run();
    // 5 packets leave in each round: 51 fit at first, then as many as have left
    const { delivered, dropped } = rig.wire.counters.a;
    expect(delivered + dropped.queue).toBe(1400);
    expect(delivered).toBe(199 * 5 + 51);
    expect(times(rig.atB)).toEqual(Array.from({ length: delivered }, (_, index) => (index + 1) * 1000));
  });

  it("a lost packet has used the bandwidth", () => {
    const rig = new Rig({ bandwidth: 8e6, loss: 1 });
    rig.send(1, 1000);
    rig.wire.set({ loss: 0 });
    rig.send(2, 1000);
    rig.run();
    expect(times(rig.atB)).toEqual([2000]);
  });

  it("a change of bandwidth holds for the packets sent after it", () => {
    const rig = new Rig({ bandwidth: 3e9, queue: 10 });
    rig.send(1, 1000);
    rig.wire.set({ bandwidth: 8000 });
    rig.send(2, 1000);
    rig.run();
    expect(times(rig.atB)).toEqual([2, 1_000_002]);
  });
});

describe("loss, duplication, reordering, corruption", () => {
  for (const loss of [0.01, 0.3]) {
    it(`loses ${loss} of the packets`, () => {
      const rig = new Rig({ loss });
      sendMany(rig);
      const { dropped, delivered } = rig.wire.counters.a;
      expect(Math.abs(dropped.loss - MANY * loss)).toBeLessThan(deviation(MANY, loss));
      expect(delivered).toBe(MANY - dropped.loss);
    });
  }

  it("loses none at 0, all at 1", () => {
    const rig = new Rig({ loss: 1 });
    sendMany(rig, 100);
    expect(rig.atB).toEqual([]);
    rig.wire.set({ loss: 0 });
    sendMany(rig, 100);
    expect(rig.atB.length).toBe(100);
  });

  it("losses in one direction do not depend on the other", () => {
    const lost = (alsoBack: boolean) => {
      const rig = new Rig({ loss: 0.5 });
      for (let number = 0; number < 200; number++) {
        rig.send(number);
        if (alsoBack) rig.send(number, 100, rig.wire.b);
      }
      rig.run();
      return numbers(rig.atB);
    };
    expect(lost(true)).toEqual(lost(false));
  });

  it("duplicates, the copy right behind", () => {
    const rig = new Rig({ duplicate: 0.2, latency: 3 });
    sendMany(rig);
    const { duplicated, delivered } = rig.wire.counters.a;
    expect(Math.abs(duplicated - MANY * 0.2)).toBeLessThan(deviation(MANY, 0.2));
    expect(delivered).toBe(MANY + duplicated);
    let copies = 0;
    for (const [index, arrival] of rig.atB.entries()) {
      const previous = rig.atB[index - 1];
      if (arrival.number !== previous?.number) continue;
      copies++;
      expect(arrival.time).toBe(previous.time);
    }
    expect(copies).toBe(duplicated);
    expect(numbers(rig.atB)).toEqual(numbers(rig.atB).toSorted((a, b) => a - b));
  });

  it("holds back the chosen packets only, for no longer than the latency", () => {
    const rig = new Rig({ reorder: 0.1, latency: 2 });
    sendMany(rig);
    const { reordered } = rig.wire.counters.a;
    expect(Math.abs(reordered - MANY * 0.1)).toBeLessThan(deviation(MANY, 0.1));
    const delays = rig.atB.map(({ time, number }) => time - number * 10);
    expect(Math.min(...delays)).toBe(2000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(4000);
    expect(delays.filter((delay) => delay > 2000).length).toBe(reordered);
    expect(rig.atB.length).toBe(MANY);
    const inversions = rig.atB.filter(
      (arrival, index) => index > 0 && arrival.number < rig.atB[index - 1]!.number,
    );
    expect(inversions.length).toBeGreaterThan(reordered / 2);
  });

  it("reorders on a wire without latency too, within a millisecond, or as reorderDelay says", () => {
    const rig = new Rig({ reorder: 1 });
    for (let number = 0; number < 100; number++) rig.send(number);
    rig.run();
    expect(numbers(rig.atB)).not.toEqual(numbers(rig.atB).toSorted((a, b) => a - b));
    expect(rig.clock.now).toBeLessThanOrEqual(1000);
    const slow = new Rig({ reorder: 1, reorderDelay: 50 });
    for (let number = 0; number < 100; number++) slow.send(number);
    slow.run();
    expect(slow.clock.now).toBeGreaterThan(40_000);
    expect(slow.clock.now).toBeLessThanOrEqual(50_000);
  });

  it("corrupts by flipping exactly one bit, anywhere in the packet", () => {
    const rig = new Rig({ corrupt: 0.25 });
    const original = Uint8Array.from({ length: 64 }, (_, index) => (index * 37) & 255);
    const hits = new Array(64).fill(0);
    let corrupted = 0;
    for (let number = 0; number < MANY; number++) {
      rig.wire.a.send(packetPool.from(original), 0);
      rig.run();
      const { bytes } = rig.atB.pop()!;
      const flipped = bytes.map((byte, index) => byte ^ original[index]!);
      const bits = flipped.reduce((sum, byte) => sum + bitCount(byte), 0);
      if (bits > 1) expect.fail(`${bits} bits flipped`);
      corrupted += bits;
      if (bits > 0) hits[flipped.findIndex((byte) => byte !== 0)]++;
    }
    expect(corrupted).toBe(rig.wire.counters.a.corrupted);
    expect(Math.abs(corrupted - MANY / 4)).toBeLessThan(deviation(MANY, 0.25));
    for (const count of hits) {
      expect(Math.abs(count - corrupted / 64)).toBeLessThan(deviation(corrupted, 1 / 64));
    }
  });

  it("does all at once and accounts for every packet", () => {
    const rig = new Rig({
      latency: 1,
      jitter: 1,
      bandwidth: 50e6,
      queue: 5,
      loss: 0.1,
      duplicate: 0.1,
      reorder: 0.1,
      corrupt: 0.1,
    });
    sendMany(rig, 5000);
    const { sent, duplicated, delivered, dropped } = rig.wire.counters.a;
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    expect(dropped.queue).toBeGreaterThan(0);
    expect(sent + duplicated).toBe(delivered + lost);
    expect(rig.atB.length).toBe(delivered);
  });
});

function bitCount(byte: number): number {
  let count = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
}

describe("MTU, cut and close", () => {
  it("drops what is longer than the MTU", () => {
    const rig = new Rig({ mtu: 576 });
    expect(rig.wire.a.mtu).toBe(576);
    rig.send(1, 576);
    rig.send(2, 577);
    rig.run();
    expect(numbers(rig.atB)).toEqual([1]);
    expect(rig.wire.counters.a.dropped.mtu).toBe(1);
  });

  it("a cut loses what is on the way and what is sent, until it is mended", () => {
    const rig = new Rig({ latency: 10 });
    rig.send(1);
    rig.send(2, 100, rig.wire.b);
    rig.run(5000);
    rig.wire.cut();
    expect(rig.wire.isCut).toBe(true);
    rig.send(3);
    rig.run(30_000);
    expect([...rig.atA, ...rig.atB]).toEqual([]);
    rig.wire.mend();
    rig.send(4);
    rig.run();
    expect(numbers(rig.atB)).toEqual([4]);
    expect(times(rig.atB)).toEqual([40_000]);
    expect(rig.wire.counters.a.dropped.partition).toBe(2);
    expect(rig.wire.counters.b.dropped.partition).toBe(1);
  });

  it("an end that closes gets nothing any more, and what it had sent arrives", () => {
    const rig = new Rig({ latency: 10 });
    rig.send(1, 100, rig.wire.a);
    rig.send(2, 100, rig.wire.b);
    rig.wire.a.close();
    expect(rig.wire.inFlight).toBe(1);
    rig.send(3, 100, rig.wire.a);
    rig.send(4, 100, rig.wire.b);
    rig.run();
    expect(numbers(rig.atB)).toEqual([1]);
    expect(rig.atA).toEqual([]);
    expect(rig.wire.counters.a.dropped.closed).toBe(1);
    expect(rig.wire.counters.b.dropped.closed).toBe(2);
  });

  it("a closed wire holds nothing, and no timer", () => {
    const rig = new Rig({ latency: 10 });
    for (let number = 0; number < 50; number++) rig.send(number);
    rig.wire.close();
    expect(rig.wire.inFlight).toBe(0);
    expect(rig.clock.timers.armedCount).toBe(0);
    expect(packetPool.outstanding).toBe(0);
    rig.send(51);
    rig.run();
    expect(rig.atB).toEqual([]);
  });

  it("without a receiver packets are released and counted", () => {
    const rig = new Rig();
    rig.wire.b.attach(undefined);
    rig.send(1);
    rig.run();
    expect(rig.wire.counters.a.dropped.closed).toBe(1);
  });

  it("an error of the receiver does not stop the packets behind", () => {
    const rig = new Rig({ latency: 1 });
    const seen: number[] = [];
    rig.wire.b.attach({
      input: (packet) => {
        seen.push(packet.slab.view.getInt32(packet.offset));
        packet.release();
        if (seen.length === 1) throw new Error("a program's mistake");
      },
    });
    rig.send(1);
    rig.send(2);
    expect(() => rig.run()).toThrow("a program's mistake");
    rig.run();
    expect(seen).toEqual([1, 2]);
  });
});

describe("the digest", () => {
  const digest = (options: object, seed: number, count = 100) => {
    const rig = new Rig({ latency: 5, jitter: 5, loss: 0.1, ...options }, seed);
    for (let number = 0; number < count; number++) rig.send(number);
    rig.run();
    return rig.medium.digest.toString();
  };

  it("is equal for equal seeds and differs for different ones", () => {
    expect(digest({}, 1)).toBe(digest({}, 1));
    expect(digest({}, 1)).not.toBe(digest({}, 2));
    expect(digest({}, 1)).not.toBe(digest({}, 1, 101));
    expect(digest({}, 1)).toMatch(/^[0-9a-f]{16}$/);
  });

  it("hashes everything it is given", () => {
    const inputs: [now: number, where: number, length: number, fingerprint: number][] = [
      [1, 2, 3, 4],
      [5, 2, 3, 4],
      [1 + 2 ** 32, 2, 3, 4],
      [1, 5, 3, 4],
      [1, 2, 5, 4],
      [1, 2, 3, 5],
    ];
    const digests = inputs.map((input) => {
      const one = new Digest();
      one.add(...input);
      return one.toString();
    });
    expect(new Set(digests).size).toBe(inputs.length);
  });

  it("tells time, direction, length, and every bit of the content", () => {
    const of = (act: (rig: Rig) => void) => {
      const rig = new Rig({ latency: 5 });
      act(rig);
      rig.run();
      return rig.medium.digest.toString();
    };
    const plain = of((rig) => rig.send(1));
    expect(of((rig) => rig.send(1))).toBe(plain);
    const others = [
      of((rig) => rig.send(2)),
      of((rig) => rig.send(1, 101)),
      of((rig) => rig.send(1, 100, rig.wire.b)),
      of((rig) => {
        rig.run(1);
        rig.send(1);
      }),
      of((rig) => {
        rig.wire.set({ corrupt: 1 });
        rig.send(1);
      }),
      of((rig) => {
        rig.wire.set({ loss: 1 });
        rig.send(1);
      }),
      of((rig) => {
        rig.send(1);
        rig.send(1);
      }),
    ];
    expect(new Set([plain, ...others]).size).toBe(8);
  });
});
