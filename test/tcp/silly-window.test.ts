import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SO_RCVBUF, SOL_SOCKET } from "../../src/sockets/constants.ts";
import { setOption } from "../../src/sockets/options/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss, windowScale } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

describe("silly windows: the sender, RFC 9293 §3.8.6.2.1", () => {
  it("MUST-38: a window that opens byte by byte gets nothing until half of the largest, or a full segment, fits", () => {
    const peer = new SegmentPeer();
    peer.connect({ delay: 100, window: 1000 });
    peer.write(pattern(5000));
    expect(peer.take().map(({ length }) => length)).toEqual([1000]);
    peer.inject({ ack: 1001, window: 0 });
    for (let window = 1; window < 500; window += 7) {
      peer.inject({ ack: 1001, window });
      peer.expectNothing();
    }
    peer.inject({ ack: 1001, window: 500 });
    peer.expect("A", { seq: 1001, length: 500 });
  });

  it("MUST-38: a full segment goes at once, though it be less than half of the largest window", () => {
    const peer = new SegmentPeer();
    peer.connect({ delay: 100 });
    peer.write(pattern(10 * 1460));
    peer.take();
    peer.inject({ ack: 14_601, window: 0 });
    peer.write(pattern(5000));
    peer.inject({ ack: 14_601, window: 1459 });
    peer.expectNothing();
    peer.inject({ ack: 14_601, window: 1460 });
    peer.expect("A", { length: 1460 });
  });

  it("MUST-38: all that is queued and pushed goes, however little it is", () => {
    const peer = new SegmentPeer();
    peer.connect({ delay: 100, window: 10 });
    peer.write("small");
    peer.expect("PA", { data: "small" });
  });

  it("MUST-38: the override timer ends the wait, 0.1 to 1 s later", () => {
    const peer = new SegmentPeer();
    peer.connect({ delay: 100 });
    peer.write(pattern(1460));
    peer.take();
    peer.inject({ ack: 1461, window: 100 });
    peer.write(pattern(1000));
    peer.advance(99);
    peer.expectNothing();
    peer.advance(901);
    const [first] = peer.take();
    expect([first!.seq, first!.length]).toEqual([1461, 100]);
  });
});

describe("silly windows: the receiver, RFC 9293 §3.8.6.2.2", () => {
  /** The right edges of all that the stack sends, counted from the peer's SYN. */
  function edges(peer: SegmentPeer, scale: number): number[] {
    return peer.take().map(({ ack, window }) => ack + (window << scale));
  }

  it("MUST-39: read byte by byte from a full buffer: the edge moves by an MSS or half the buffer, whichever is less", () => {
    for (const buffer of [8000, 2000]) {
      const peer = new SegmentPeer();
      const socket = peer.host.stream();
      setOption(socket, SOL_SOCKET, SO_RCVBUF, buffer);
      peer.connect({ socket });
      peer.inject({ data: pattern(buffer) });
      peer.advance(1000);
      expect(peer.take().at(-1)!.window).toBe(0);
      const step = Math.min(buffer / 2, 1460);
      let edge = buffer + 1;
      for (let read = 1; read < buffer; read++) {
        expect(typeof peer.read(1)).toBe("string");
        for (const moved of edges(peer, 0)) {
          expect(moved - edge).toBeGreaterThanOrEqual(step);
          edge = moved;
        }
        // and it does move: never is so much free that nobody was told of
        expect(read + buffer + 1 - edge).toBeLessThanOrEqual(Math.max(2 * 1460, buffer / 4) + 1460);
      }
      peer.close();
    }
  });

  it("MAY-8: who never reads keeps the window shut for ever, and holds no more than the buffer", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    setOption(socket, SOL_SOCKET, SO_RCVBUF, 4000);
    peer.connect({ socket });
    let edge = 4001;
    for (let count = 0; count < 50; count++) {
      peer.inject({ seq: Math.min(1 + 1000 * count, 4001), data: pattern(1000) });
      peer.advance(10_000);
      for (const { ack, window } of peer.take()) edge = Math.max(edge, ack + window);
    }
    expect(edge).toBe(4001);
    expect(peer.socket.readable).toBe(4000);
  });

  it("SHLD-14: the right edge never moves left by a unit of the scale or more, whatever comes, is read, or is set", () => {
    type Step = ["data", number, number] | ["read", number] | ["buffer", number] | ["write"];
    const step: fc.Arbitrary<Step> = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.tuple(fc.constant("data" as const), fc.nat(3000), fc.integer({ min: 1, max: 1460 })),
      },
      { weight: 3, arbitrary: fc.tuple(fc.constant("read" as const), fc.nat(5000)) },
      {
        weight: 1,
        arbitrary: fc.tuple(fc.constant("buffer" as const), fc.integer({ min: 1152, max: 100_000 })),
      },
      { weight: 1, arbitrary: fc.tuple(fc.constant("write" as const)) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, scaled) => {
        const peer = new SegmentPeer();
        peer.connect({ options: scaled ? [mss(1460), windowScale(0)] : [mss(1460)] });
        const scale = peer.tcb!.rcv.scale;
        expect(scale > 0).toBe(scaled);
        let edge = 0;
        let next = 1;
        for (const [kind, a = 0, b = 0] of steps) {
          if (kind === "data") {
            const seq = Math.max(1, next - 1000 + a);
            peer.inject({ seq, data: pattern(b) });
            if (seq <= next) next = Math.max(next, seq + b);
          } else if (kind === "read") peer.read(a);
          else if (kind === "buffer") setOption(peer.socket, SOL_SOCKET, SO_RCVBUF, a);
          else peer.write("x");
          peer.advance(50);
          for (const segment of peer.take()) {
            const offered = segment.ack + (segment.window << scale);
            expect(offered).toBeGreaterThan(edge - 2 ** scale); // within what the field can say (RFC 7323 §2.4)
            edge = Math.max(edge, offered);
          }
          peer.inject({});
        }
        peer.close();
      }),
      { numRuns: 60 },
    );
  });
});
