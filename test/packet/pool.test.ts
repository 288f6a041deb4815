import { describe, expect, it } from "vitest";
import {
  HEADROOM,
  LARGE_PACKET_SIZE,
  MEDIUM_PACKET_SIZE,
  PacketPool,
  POISON,
  SMALL_PACKET_SIZE,
} from "../../src/packet/pool.ts";

describe("PacketPool", () => {
  it("hands out packets with headroom, framing nothing, and counts them", () => {
    const pool = new PacketPool();
    const packet = pool.allocate(1500);
    expect(packet.offset - packet.base).toBe(HEADROOM);
    expect(packet.length).toBe(0);
    expect(packet.capacity).toBe(SMALL_PACKET_SIZE);
    expect(pool.outstanding).toBe(1);
    packet.release();
    expect(pool.outstanding).toBe(0);
  });

  it("gives a packet back cleared of what its last owner noted", () => {
    const pool = new PacketPool();
    const packet = pool.allocate(100);
    Object.assign(packet, { flags: 3, interfaceIndex: 2, segmentSize: 1460, length: 9, offset: 0 });
    packet.release();
    const again = pool.allocate(100);
    expect(again === packet).toBe(true); // not toBe: a failure would print the whole slab
    const { flags, interfaceIndex, segmentSize, length, offset, next } = again;
    expect([flags, interfaceIndex, segmentSize, length, offset - again.base]).toEqual([
      0,
      -1,
      0,
      0,
      HEADROOM,
    ]);
    expect(next === undefined).toBe(true);
    again.release();
  });

  it("never hands out overlapping buffers, within or across sizes, and stays within its slabs", () => {
    const pool = new PacketPool();
    const packets = Array.from({ length: 9000 }, (_, index) =>
      pool.allocate(index % 50 === 0 ? 60_000 : index % 20 === 0 ? 9000 : 1500),
    );
    const spans = new Map<object, [number, number][]>();
    for (const { slab, base, capacity } of packets) {
      if (!spans.has(slab)) spans.set(slab, []);
      spans.get(slab)!.push([base, base + capacity]);
    }
    for (const [slab, list] of spans) {
      list.sort(([a], [b]) => a - b);
      for (let index = 1; index < list.length; index++) {
        expect(list[index]![0]).toBeGreaterThanOrEqual(list[index - 1]![1]);
      }
      expect(list.at(-1)![1]).toBeLessThanOrEqual((slab as { bytes: Uint8Array }).bytes.length);
    }
    expect(spans.size).toBeLessThanOrEqual(2); // slabs are few: each reserves gigabytes of address space
    expect(pool.outstanding).toBe(9000);
    for (const packet of packets) packet.release();
    expect(pool.outstanding).toBe(0);
    const recycled = pool.allocate(1500);
    expect(packets.includes(recycled)).toBe(true);
  });

  it("takes the smallest size that fits, and each back to its own kind", () => {
    const pool = new PacketPool();
    const sizes = [1500, 9000, 65_535];
    const packets = sizes.map((size) => pool.allocate(size));
    expect(packets.map((packet) => packet.capacity)).toEqual([
      SMALL_PACKET_SIZE,
      MEDIUM_PACKET_SIZE,
      LARGE_PACKET_SIZE,
    ]);
    for (const packet of packets) packet.release();
    const again = sizes.map((size) => pool.allocate(size));
    expect(again.every((packet, index) => packet === packets[index])).toBe(true);
    for (const packet of again) packet.release();
  });

  it.each([0, 1500, SMALL_PACKET_SIZE - HEADROOM, SMALL_PACKET_SIZE - HEADROOM + 1, 65_535])(
    "finds room for %i bytes behind the headroom",
    (size) => {
      const packet = new PacketPool().allocate(size);
      expect(packet.offset + size).toBeLessThanOrEqual(packet.base + packet.capacity);
      packet.release();
    },
  );

  it.each([LARGE_PACKET_SIZE - HEADROOM + 1, Number.NaN])("refuses %d bytes", (size) => {
    const pool = new PacketPool();
    pool.allocate(60_000).release();
    expect(() => pool.allocate(size)).toThrow(`not ${size}`);
    expect(pool.outstanding).toBe(0);
    const packet = pool.allocate(60_000);
    expect(packet.live).toBe(true);
    packet.release();
  });

  it("copies bytes into a fresh packet", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const packet = new PacketPool().from(bytes);
    bytes.fill(0);
    expect([...packet.bytes()]).toEqual([1, 2, 3]);
    packet.release();
  });

  it("detects a second release, and keeps its count right", () => {
    const pool = new PacketPool();
    const packet = pool.allocate(1);
    packet.release();
    expect(() => packet.release()).toThrow("released twice");
    expect(pool.outstanding).toBe(0);
    const [first, second] = [pool.allocate(1), pool.allocate(1)];
    expect(first === second).toBe(false);
  });

  it("poisons released packets in debug mode only", () => {
    const pool = new PacketPool();
    const packet = pool.from(Uint8Array.of(1, 2, 3));
    const bytes = packet.bytes();
    packet.release();
    expect([...bytes]).toEqual([1, 2, 3]);
    pool.debug = true;
    pool.allocate(3).release();
    expect([...bytes]).toEqual([POISON, POISON, POISON]);
  });
});

describe("debug mode", () => {
  it("finds out who wrote to a packet after its release", () => {
    const pool = new PacketPool();
    pool.debug = true;
    for (const size of [100, 60_000]) {
      const packet = pool.allocate(size);
      packet.release();
      packet.slab.bytes[packet.base + packet.capacity - 1] = 0;
      expect(() => pool.allocate(size)).toThrow("written to after its release");
    }
    expect(pool.outstanding).toBe(0);
  });

  it("leaves those alone that were released before it", () => {
    const pool = new PacketPool();
    pool.allocate(1).release();
    pool.debug = true;
    const packet = pool.allocate(1);
    packet.slab.bytes[packet.offset] = 1;
    packet.release();
    pool.allocate(1).release();
    expect(pool.outstanding).toBe(0);
  });
});

describe("Packet", () => {
  it("takes headers on and off", () => {
    const packet = new PacketPool().from(Uint8Array.of(7, 8));
    packet.prepend(2);
    packet.slab.view.setUint16(packet.offset, 0x0506);
    expect([...packet.bytes()]).toEqual([5, 6, 7, 8]);
    packet.strip(3);
    expect([...packet.bytes()]).toEqual([8]);
    packet.release();
  });
});
