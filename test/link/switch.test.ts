/** A learning bridge: which ports a frame leaves by. */
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { VirtualClock } from "../../src/base/clock.ts";
import type { FramePort, FrameReceiver } from "../../src/link/frame-port.ts";
import { Switch } from "../../src/link/switch.ts";
import type { Packet } from "../../src/packet/packet.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { toHex } from "../support/wire.ts";

/** A port whose cable ends in the test. */
class TestPort implements FramePort {
  readonly hardwareAddress = new Uint8Array(6);
  readonly sent: string[] = [];
  receiver: FrameReceiver | undefined = undefined;
  closed = false;

  send(frame: Packet): void {
    this.sent.push(toHex(frame.bytes()));
    frame.release();
  }

  attach(receiver: FrameReceiver | undefined): void {
    this.receiver = receiver;
  }

  close(): void {
    this.closed = true;
  }
}

const clock = new VirtualClock();
let ports: TestPort[] = [];

function makeSwitch(count: number): Switch {
  const made = new Switch(clock, "x");
  ports = Array.from({ length: count }, () => new TestPort());
  expect(ports.map((port) => made.connect(port))).toEqual(ports.map((_, number) => number));
  return made;
}

afterEach(() => expect(packetPool.outstanding).toBe(0));

/** Station `number`'s address. */
const station = (number: number) => [2, 0, 0, 0, 0, number];
const BROADCAST = [255, 255, 255, 255, 255, 255];

/** Has a frame come by port `at`; returns the ports it left by, unaltered. */
function pass(at: number, from: readonly number[], to: readonly number[], length = 60): number[] {
  const frame = new Uint8Array(length);
  frame.set([...to, ...from, 8, 0].slice(0, length));
  ports[at]?.receiver?.input(packetPool.from(frame));
  return ports.flatMap(({ sent }, number) =>
    sent.splice(0).map((text) => {
      expect(text).toBe(toHex(frame));
      return number;
    }),
  );
}

describe("a switch", () => {
  test("floods what is for somebody not heard yet, and knows afterwards who is where", () => {
    const made = makeSwitch(4);
    expect(pass(0, station(1), station(2))).toEqual([1, 2, 3]);
    expect(pass(2, station(2), station(1))).toEqual([0]);
    expect(pass(0, station(1), station(2))).toEqual([2]);
    expect(made.counters).toMatchObject({ received: 3, flooded: 1, forwarded: 2 });
  });

  test("sends broadcasts and groups to all others", () => {
    makeSwitch(3);
    expect(pass(1, station(1), BROADCAST)).toEqual([0, 2]);
    expect(pass(1, station(1), [1, 0, 0x5e, 0, 0, 5])).toEqual([0, 2]);
  });

  test("makes no more copies than it must: the last port gets the frame itself", () => {
    const made = makeSwitch(3);
    made.block(2, 0x0200_0000_0002);
    const allocate = vi.spyOn(packetPool, "allocate");
    const copies = (from: number) => {
      allocate.mockClear();
      const left = pass(0, station(from), BROADCAST);
      return [left, allocate.mock.calls.length - 1]; // the frame's own
    };
    expect(copies(1)).toEqual([[1, 2], 1]);
    expect(copies(2)).toEqual([[1], 0]);
    made.block(1, 0x0200_0000_0002);
    expect(copies(2)).toEqual([[], 0]);
    expect(made.counters).toMatchObject({ flooded: 3, blocked: 3 });
    allocate.mockRestore();
  });

  test("keeps what is for the side it came from", () => {
    const made = makeSwitch(2);
    pass(0, station(1), BROADCAST);
    pass(0, station(2), BROADCAST);
    expect(pass(0, station(1), station(2))).toEqual([]);
    expect(made.counters.filtered).toBe(1);
  });

  test("notices who has moved", () => {
    makeSwitch(3);
    pass(0, station(1), BROADCAST);
    pass(2, station(1), BROADCAST);
    expect(pass(1, station(2), station(1))).toEqual([2]);
  });

  test("forgets after five minutes of silence", () => {
    makeSwitch(3);
    pass(0, station(1), BROADCAST);
    clock.jumpTo(clock.now + 299_999_999);
    expect(pass(1, station(2), station(1))).toEqual([0]);
    clock.jumpTo(clock.now + 1);
    expect(pass(1, station(2), station(1))).toEqual([0, 2]);
  });

  test("remembers no more than so many: the first gives way", () => {
    makeSwitch(3);
    for (let number = 0; number <= 8192; number++)
      pass(0, [2, 1, 0, number >> 16, number >> 8, number & 255], station(9));
    pass(1, station(9), BROADCAST);
    expect(pass(1, station(9), [2, 1, 0, 0, 0, 0])).toEqual([0, 2]);
    expect(pass(1, station(9), [2, 1, 0, 0, 0, 5])).toEqual([0]);
  });

  test("hands on no frames between neighbours, from groups or too short", () => {
    const made = makeSwitch(2);
    expect(pass(0, station(1), [1, 0x80, 0xc2, 0, 0, 0])).toEqual([]);
    expect(pass(0, station(1), [1, 0x80, 0xc2, 0, 0, 15])).toEqual([]);
    expect(pass(0, station(1), [1, 0x80, 0xc2, 0, 0, 16])).toEqual([1]);
    expect(pass(0, BROADCAST, station(2))).toEqual([]);
    expect(pass(0, [0, 0, 0, 0, 0, 0], station(2))).toEqual([]);
    expect(pass(0, station(1), station(2), 13)).toEqual([]);
    expect(made.counters).toMatchObject({ reserved: 2, malformed: 3 });
  });

  test("keeps two stations apart when it is told to", () => {
    const made = makeSwitch(3);
    pass(0, station(1), BROADCAST);
    pass(1, station(2), BROADCAST);
    made.block(1, 0x0200_0000_0001);
    expect(pass(0, station(1), station(2))).toEqual([]);
    expect(pass(0, station(1), BROADCAST)).toEqual([2]);
    expect(pass(2, station(3), station(2))).toEqual([1]);
    expect(made.counters.blocked).toBe(2);
    made.unblock(1, 0x0200_0000_0001);
    expect(pass(0, station(1), station(2))).toEqual([1]);
  });

  test("ends its ports", () => {
    makeSwitch(2).close();
    expect(ports.map(({ closed, receiver }) => [closed, receiver])).toEqual([
      [true, undefined],
      [true, undefined],
    ]);
  });

  test("throws at nothing, leaves nothing, and never sends back by the port a frame came by", () => {
    makeSwitch(3);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(2), (bytes, at) => {
        ports[at]?.receiver?.input(packetPool.from(bytes));
        expect(ports[at]?.sent).toEqual([]);
        for (const port of ports) port.sent.length = 0;
      }),
      { numRuns: 500 },
    );
  });
});
