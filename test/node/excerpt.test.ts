import { describe, expect, test } from "vitest";
import { excerpt } from "../../src/node/demo/excerpt.ts";
import type { GapEvent, PacketEvent, StateEvent, TraceEvent } from "../../src/trace/index.ts";

/** A packet of `size` octets from sequence number `seq`. */
function packet(
  order: number,
  changes: Partial<{ seq: number; lost: boolean; again: boolean }> = {},
): PacketEvent {
  const { seq = order, lost = false, again = false } = changes;
  return {
    kind: "packet",
    order,
    from: "client",
    segment: { seq, ack: 0, size: 1, isRetransmission: again, relativeAck: (number: number) => number },
    dropped: lost ? "loss" : undefined,
  } as unknown as PacketEvent;
}

/** Orders of packets, and gaps as [omitted]. */
function shown(events: readonly TraceEvent[]): (number | [number])[] {
  return excerpt(events).map((event) => (event.kind === "gap" ? [event.omitted] : event.order));
}

function orders(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

const packets = (count: number) => orders(0, count).map((order) => packet(order));

describe("an excerpt", () => {
  test("of up to 48 packets is all of them", () => {
    expect(shown(packets(48))).toEqual(orders(0, 48));
  });

  test("of more has the first 16 and the last 14", () => {
    expect(shown(packets(100))).toEqual([...orders(0, 16), [70], ...orders(86, 100)]);
  });

  test("shows the first loss and its repair, each with two neighbours", () => {
    const events = packets(100);
    events[30] = packet(30, { lost: true });
    events[35] = packet(35, { lost: true });
    events[60] = packet(60, { seq: 30, again: true });
    expect(shown(events)).toEqual([
      ...orders(0, 16),
      [12],
      ...orders(28, 33),
      [25],
      ...orders(58, 63),
      [23],
      ...orders(86, 100),
    ]);
  });

  test("hides no single packet", () => {
    const events = packets(100);
    events[19] = packet(19, { lost: true });
    expect(shown(events).slice(0, 23)).toEqual([...orders(0, 22), [64]]);
  });

  test("adds to what was left out before", () => {
    const events: TraceEvent[] = [...packets(60)];
    const gap: GapEvent = { kind: "gap", order: 40, omitted: 1000 };
    events.splice(40, 1, gap);
    expect(shown(events)).toEqual([...orders(0, 16), [1029], ...orders(46, 60)]);
  });

  test("keeps the changes of state, but for the end of a listener", () => {
    const state = (order: number, remotePort: number, from: string, to: string): StateEvent => {
      return { kind: "state", order, host: "server", time: 0, localPort: 7000, remotePort, from, to };
    };
    const events: TraceEvent[] = [...packets(100)];
    events.splice(50, 1, state(50, 49_152, "ESTABLISHED", "CLOSE-WAIT"));
    events.splice(60, 1, state(60, 0, "LISTEN", "CLOSED"));
    expect(shown(events).filter((order) => order === 50 || order === 60)).toEqual([50]);
  });
});
