/** The neighbour cache by itself: states, time-outs and bounds, on the virtual clock. */
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { VirtualClock } from "../../src/base/clock.ts";
import { Random } from "../../src/base/random.ts";
import {
  DEFAULT_NEIGHBOR_OPTIONS,
  NeighborCache,
  type NeighborOptions,
  type NeighborState,
} from "../../src/link/neighbor.ts";
import type { Packet } from "../../src/packet/packet.ts";
import { packetPool } from "../../src/packet/pool.ts";

const ANSWER = { confirmed: true, create: false, override: false };
const HEARD = { confirmed: false, create: true, override: false };
const HEARSAY = { confirmed: false, create: false, override: false };
const MOVED = { confirmed: false, create: false, override: true };

const rigs: Rig[] = [];
afterEach(() => {
  for (const rig of rigs.splice(0)) {
    rig.cache.clear();
    expect(rig.clock.timers.armedCount).toBe(0);
  }
});

class Rig {
  readonly clock = new VirtualClock();
  /** "1.0s ask 7", "1.0s ask 7 at aa", "1.0s send 3 to aa", "1.0s failed 3": packets by their first byte. */
  readonly log: string[] = [];
  readonly cache: NeighborCache;

  constructor(options: Partial<NeighborOptions> = {}) {
    const owner = {
      solicit: (address: number, hardware: number) =>
        this.say(`ask ${address}${hardware === 0 ? "" : ` at ${hardware.toString(16)}`}`),
      transmit: (packet: Packet, hardware: number) =>
        this.end("send", packet, ` to ${hardware.toString(16)}`),
      unreachable: (packet: Packet) => this.end("failed", packet, ""),
    };
    this.cache = new NeighborCache(this.clock, new Random(1), owner, {
      ...DEFAULT_NEIGHBOR_OPTIONS,
      ...options,
    });
    rigs.push(this);
  }

  send(number: number, address = 7, size = 20): void {
    const packet = packetPool.allocate(size);
    packet.length = size;
    packet.slab.bytes[packet.offset] = number;
    this.cache.send(packet, address);
  }

  /** Lets `seconds` pass and returns what was said meanwhile and before. */
  wait(seconds: number): string[] {
    const end = this.clock.now + seconds * 1e6;
    while (this.clock.nextDeadline() <= end) {
      this.clock.jumpTo(this.clock.nextDeadline());
      this.clock.runInstant();
    }
    this.clock.jumpTo(end);
    return this.log.splice(0);
  }

  state(address = 7): NeighborState | undefined {
    return [...this.cache].find((each) => each.address === address)?.state;
  }

  private end(what: string, packet: Packet, rest: string): void {
    this.say(`${what} ${packet.bytes()[0]}${rest}`);
    packet.release();
  }

  private say(text: string): void {
    this.log.push(`${(this.clock.now / 1e6).toFixed(1)}s ${text}`);
  }
}

describe("a neighbour nobody knows", () => {
  test("RFC 1122 §2.3.2.2: what is sent waits, and goes in order when the answer comes", () => {
    const rig = new Rig();
    for (const number of [1, 2, 3]) rig.send(number);
    expect(rig.state()).toBe("INCOMPLETE");
    expect(rig.wait(0.5)).toEqual(["0.0s ask 7"]);
    rig.cache.learn(7, 0xaa, ANSWER);
    expect(rig.state()).toBe("REACHABLE");
    expect(rig.wait(10)).toEqual(["0.5s send 1 to aa", "0.5s send 2 to aa", "0.5s send 3 to aa"]);
    expect(rig.clock.timers.armedCount).toBe(0);
  });

  test("RFC 1122 §2.3.2.1: is asked for once a second, three times, however much is sent; then all is given back", () => {
    const rig = new Rig();
    for (const number of [1, 2, 3]) rig.send(number);
    expect(rig.wait(60)).toEqual([
      "0.0s ask 7",
      "1.0s ask 7",
      "2.0s ask 7",
      "3.0s failed 1",
      "3.0s failed 2",
      "3.0s failed 3",
    ]);
    expect(rig.state()).toBeUndefined();
    expect(rig.cache.counters).toMatchObject({ solicitationsSent: 3, failed: 1, unreachable: 3 });
    rig.send(4); // asks anew
    expect(rig.wait(0.1)).toEqual(["60.0s ask 7"]);
  });

  test("an answer to the second question is in time", () => {
    const rig = new Rig();
    rig.send(1);
    rig.wait(1.5);
    rig.cache.learn(7, 0xaa, ANSWER);
    expect(rig.wait(20)).toEqual(["1.5s send 1 to aa"]);
  });

  test("who is only spoken of is not remembered; who asks us is, as stale", () => {
    const rig = new Rig();
    rig.cache.learn(7, 0xaa, HEARSAY);
    expect(rig.state()).toBeUndefined();
    rig.cache.learn(7, 0xaa, HEARD);
    expect(rig.state()).toBe("STALE");
    rig.send(1);
    expect(rig.wait(0.1)).toEqual(["0.0s send 1 to aa"]);
  });

  test("a hint that is no answer sends what waits, and is checked", () => {
    const rig = new Rig();
    rig.send(1);
    rig.cache.learn(7, 0xaa, HEARSAY);
    expect(rig.wait(0)).toEqual(["0.0s ask 7", "0.0s send 1 to aa"]);
    expect(rig.state()).toBe("DELAY");
  });
});

describe("RFC 1122 §2.3.2.1: what is known grows old", () => {
  function known(options?: Partial<NeighborOptions>): Rig {
    const rig = new Rig(options);
    rig.send(1);
    rig.cache.learn(7, 0xaa, ANSWER);
    rig.wait(0);
    return rig;
  }

  test("RFC 4861 §7.3.3: REACHABLE, STALE; when used DELAY, PROBE, REACHABLE", () => {
    const rig = known();
    rig.wait(14.9);
    expect(rig.state()).toBe("REACHABLE"); // half of 30 s at least
    rig.wait(30.2);
    expect(rig.state()).toBe("STALE"); // one and a half at most
    expect(rig.wait(1000)).toEqual([]); // nobody uses it: nobody is asked
    const start = rig.clock.now / 1e6;
    const at = (seconds: number) => `${(start + seconds).toFixed(1)}s`;
    rig.send(2);
    rig.send(3);
    expect(rig.state()).toBe("DELAY");
    expect(rig.wait(5)).toEqual([`${at(0)} send 2 to aa`, `${at(0)} send 3 to aa`, `${at(5)} ask 7 at aa`]);
    expect(rig.state()).toBe("PROBE");
    rig.send(4);
    rig.cache.learn(7, 0xaa, ANSWER);
    expect(rig.state()).toBe("REACHABLE");
    expect(rig.wait(10)).toEqual([`${at(5)} send 4 to aa`]);
  });

  test("a neighbour that has gone is asked three times, then forgotten", () => {
    const rig = known();
    rig.wait(100);
    rig.send(2);
    expect(rig.wait(60)).toEqual([
      "100.0s send 2 to aa",
      "105.0s ask 7 at aa",
      "106.0s ask 7 at aa",
      "107.0s ask 7 at aa",
    ]);
    expect(rig.state()).toBeUndefined();
    rig.send(3);
    expect(rig.wait(0)).toEqual(["160.0s ask 7"]);
  });

  test("another address is believed from who says that he moved; from others after a second", () => {
    const rig = known();
    rig.cache.learn(7, 0xbb, ANSWER);
    rig.send(2);
    rig.cache.learn(7, 0xcc, MOVED);
    rig.send(3);
    expect(rig.state()).toBe("DELAY");
    expect(rig.wait(2)).toEqual(["0.0s send 2 to aa", "0.0s send 3 to cc"]);
    expect(rig.cache.counters.locked).toBe(1);
    rig.cache.learn(7, 0xbb, ANSWER);
    expect(rig.state()).toBe("REACHABLE");
    rig.send(4);
    rig.cache.learn(7, 0xdd, ANSWER); // a second one at once
    rig.send(5);
    expect(rig.wait(20)).toEqual(["2.0s send 4 to bb", "2.0s send 5 to bb"]);
    expect(rig.cache.counters.locked).toBe(2);
  });

  test("the same address heard again without an answer changes nothing", () => {
    const rig = known();
    rig.cache.learn(7, 0xaa, HEARSAY);
    expect(rig.state()).toBe("REACHABLE");
    rig.wait(100);
    rig.cache.learn(7, 0xaa, MOVED);
    expect(rig.state()).toBe("STALE");
  });
});

describe("bounds", () => {
  test("of what waits for one neighbour: the oldest gives way to the latest", () => {
    const rig = new Rig({ queueBytes: 3 * 2048 });
    for (let number = 1; number <= 5; number++) rig.send(number);
    rig.send(6, 7, 60_000); // longer than the queue: it waits alone
    expect(rig.cache.counters.queueFull).toBe(5);
    rig.send(7);
    rig.send(8);
    rig.cache.learn(7, 0xaa, ANSWER);
    expect(rig.wait(0)).toEqual(["0.0s ask 7", "0.0s send 7 to aa", "0.0s send 8 to aa"]);
    expect(rig.cache.counters.queueFull).toBe(6);
  });

  test("of what waits for all: 16 MiB", () => {
    const rig = new Rig();
    for (let address = 1; address <= 500; address++) rig.send(1, address, 60_000);
    expect(packetPool.outstanding).toBe(Math.floor((16 * 1024 * 1024) / 66_048));
    expect(rig.cache.counters.queueFull).toBe(500 - packetPool.outstanding);
    rig.wait(3);
    expect(packetPool.outstanding).toBe(0);
  });

  test("of neighbours: the one unused for longest gives way, never one who is awaited", () => {
    const rig = new Rig({ maxNeighbors: 3 });
    for (const address of [1, 2, 3]) {
      rig.send(address, address);
      rig.cache.learn(address, 0xa0 + address, ANSWER);
      rig.wait(1);
    }
    rig.send(9, 1);
    rig.cache.learn(8, 0xbb, HEARD); // a stranger pushes nobody out
    expect([...rig.cache].map(({ address }) => address)).toEqual([1, 2, 3]);
    for (const address of [4, 5, 6]) rig.send(address, address);
    expect([...rig.cache].map(({ address }) => address)).toEqual([4, 5, 6]);
    rig.send(7, 7);
    expect(rig.cache.counters.tableFull).toBe(1);
    rig.wait(0);
    expect([...rig.cache].map(({ state }) => state)).toEqual(Array(3).fill("INCOMPLETE"));
  });

  test("close releases what waits and disarms", () => {
    const rig = new Rig();
    rig.send(1);
    rig.send(2, 8);
    rig.cache.clear();
    expect(packetPool.outstanding).toBe(0);
    expect(rig.wait(10)).toEqual(["0.0s ask 7", "0.0s ask 8"]);
  });
});

test("whatever happens, every packet sent is transmitted, given back or counted", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("send" as const), address: fc.integer({ min: 1, max: 6 }) }),
    fc.record({
      kind: fc.constant("learn" as const),
      address: fc.integer({ min: 1, max: 6 }),
      hardware: fc.integer({ min: 1, max: 3 }),
      confirmed: fc.boolean(),
      create: fc.boolean(),
      override: fc.boolean(),
    }),
    fc.record({ kind: fc.constant("wait" as const), seconds: fc.integer({ min: 0, max: 50 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const rig = new Rig({ maxNeighbors: 4, queueBytes: 2 * 2048 });
      let sent = 0;
      const said: string[] = [];
      for (const each of steps) {
        if (each.kind === "send") {
          rig.send(sent++ & 255, each.address);
        } else if (each.kind === "learn") {
          rig.cache.learn(each.address, each.hardware, each);
        } else {
          said.push(...rig.wait(each.seconds));
        }
      }
      said.push(...rig.wait(100));
      const { queueFull, tableFull } = rig.cache.counters;
      const ended = said.filter((line) => /send|failed/.test(line)).length;
      expect(ended + queueFull + tableFull).toBe(sent);
      rig.cache.clear();
      expect(packetPool.outstanding).toBe(0);
      expect(rig.clock.timers.armedCount).toBe(0);
      rigs.pop();
    }),
  );
});
