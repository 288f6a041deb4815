import { afterEach, describe, expect, test } from "vitest";
import { VirtualClock } from "../../src/base/clock.ts";
import { Loopback, type LoopbackOptions } from "../../src/link/loopback.ts";
import type { Packet } from "../../src/packet/packet.ts";
import { packetPool } from "../../src/packet/pool.ts";

packetPool.debug = true;
afterEach(() => expect(packetPool.outstanding).toBe(0));

function make(options?: LoopbackOptions): { clock: VirtualClock; lo: Loopback; got: number[] } {
  const clock = new VirtualClock();
  const lo = new Loopback(clock, options);
  const got: number[] = [];
  lo.attach({
    input(packet: Packet): void {
      got.push(packet.bytes()[0] as number);
      packet.release();
    },
  });
  return { clock, lo, got };
}

describe("lo", () => {
  test("hands over in order, in the same instant, and never from inside send", () => {
    const { clock, lo, got } = make();
    for (const byte of [1, 2, 3]) lo.send(packetPool.from(Uint8Array.of(byte)), 0);
    expect(got).toEqual([]);
    clock.runInstant();
    expect(got).toEqual([1, 2, 3]);
    expect(clock.now).toBe(0);
  });

  test("what is sent while it hands over comes in the next round", () => {
    const { clock, lo, got } = make();
    lo.attach({
      input(packet: Packet): void {
        const byte = packet.bytes()[0] as number;
        got.push(byte);
        packet.release();
        if (byte < 10) lo.send(packetPool.from(Uint8Array.of(byte + 10)), 0);
        got.push(-byte);
      },
    });
    lo.send(packetPool.from(Uint8Array.of(1)), 0);
    lo.send(packetPool.from(Uint8Array.of(2)), 0);
    clock.runInstant();
    expect(got).toEqual([1, -1, 2, -2, 11, -11, 12, -12]);
  });

  test("without a receiver, and after close, packets are released", () => {
    const { clock, lo, got } = make();
    lo.send(packetPool.from(Uint8Array.of(1)), 0);
    lo.close();
    expect(packetPool.outstanding).toBe(0);
    lo.send(packetPool.from(Uint8Array.of(2)), 0);
    clock.runInstant();
    expect(got).toEqual([]);
  });

  test("by default carries the longest datagram and is trusted", () => {
    const { lo } = make();
    expect(lo).toMatchObject({ mtu: 65_535, features: { checksum: true, segmentation: false } });
    const { lo: honest } = make({ mtu: 1500, checksum: false });
    expect(honest).toMatchObject({ mtu: 1500, features: { checksum: false } });
  });

  test("holds so much and no more", () => {
    const { clock, lo, got } = make({ queueBytes: 3 * 2048 });
    for (let byte = 0; byte < 5; byte++) lo.send(packetPool.from(Uint8Array.of(byte)), 0);
    expect(lo.dropped).toBe(2);
    clock.runInstant();
    expect(got).toEqual([0, 1, 2]);
    lo.send(packetPool.from(Uint8Array.of(9)), 0);
    clock.runInstant();
    expect(got).toEqual([0, 1, 2, 9]);
  });
});
