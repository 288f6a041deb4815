/** Links that hand up several segments of one connection in one packet: they count, and are answered, as what they are. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { info } from "../../src/tcp/index.ts";
import { type Inject, leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss, SACK_PERMITTED, windowScale } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

const SIZE = 1448;

function connected(quickAcks = 0): SegmentPeer {
  const peer = new SegmentPeer({ tcp: { quickAcks } }); // quick-ack.test.ts has those
  peer.connect({ options: [mss(1460), SACK_PERMITTED, windowScale(7)] });
  return peer;
}

/** `bytes` of text in segments of `size`, in one packet. */
function run(bytes: number, rest: Inject = {}, size = SIZE): Inject {
  return { data: pattern(bytes), segmentSize: size, ...rest };
}

describe("segments that come in one packet", () => {
  it("SHLD-19, MUST-58: two full ones are acknowledged at once, by one ACK; so are forty-five", () => {
    const peer = connected();
    for (const count of [2, 3, 45]) {
      peer.inject(run(count * SIZE));
      peer.expect("A", { ack: peer.seq, at: 0 });
      peer.expectNothing();
      peer.read();
      peer.take();
    }
  });

  it("what is full is what each of them holds, not the whole", () => {
    const peer = connected();
    peer.inject(run(10 * SIZE));
    expect(peer.take()).toHaveLength(1);
    expect(info(peer.tcb!).rcv_mss).toBe(SIZE);
    peer.read();
    peer.take();
    peer.inject({ data: pattern(SIZE) });
    peer.expectNothing();
    peer.inject({ data: pattern(SIZE) });
    peer.expect("A", { ack: 1 + 12 * SIZE });
  });

  it("the peer's segments have become smaller: two of those are enough again", () => {
    const peer = connected();
    peer.inject({ data: pattern(1460) });
    peer.advance(100);
    peer.take();
    peer.inject(run(2 * 600, {}, 600));
    peer.expect("A", { ack: 1461 + 1200, at: 100 });
    expect(info(peer.tcb!).rcv_mss).toBe(600);
  });

  it("they are counted one by one", () => {
    const peer = connected();
    const { segs_in, data_segs_in } = info(peer.tcb!);
    const { segmentsReceived } = peer.counters;
    peer.inject(run(3 * SIZE + 1));
    peer.inject(run(2 * SIZE, { seq: 1 + 10 * SIZE }));
    const after = info(peer.tcb!);
    expect([after.segs_in - segs_in, after.data_segs_in - data_segs_in]).toEqual([6, 6]);
    expect(after.rcv_ooopack).toBe(2);
    expect(peer.counters.segmentsReceived - segmentsReceived).toBe(6);
    expect(peer.counters.outOfOrderSegments).toBe(2);
  });

  it("a size that is not less than the text, as of a lone segment, says nothing", () => {
    const peer = connected();
    peer.inject(run(1000, {}, 1000));
    peer.expectNothing();
    peer.inject(run(100, {}, 1400));
    expect(info(peer.tcb!)).toMatchObject({ data_segs_in: 2, rcv_mss: 1000 });
    peer.advance(100);
    peer.expect("A", { ack: 1101 });
  });

  it("one that lies beyond a hole is answered at once, and SACKed whole", () => {
    const peer = connected();
    peer.inject(run(20 * SIZE, { seq: 1 + 5 * SIZE }));
    peer.expect("A", { ack: 1, sack: [[1 + 5 * SIZE, 1 + 25 * SIZE]] });
    peer.inject(run(5 * SIZE, { seq: 1 }));
    peer.expect("A", { ack: 1 + 25 * SIZE, sack: [] });
  });

  it("RFC2883-4-1: one that repeats some is answered at once, and the part is reported that was here", () => {
    const peer = connected();
    peer.inject(run(4 * SIZE));
    peer.take();
    peer.read();
    peer.take();
    const before = peer.tcb!.rcv.nxt;
    peer.inject(run(3 * SIZE, { seq: 1 + 2 * SIZE }));
    peer.expect("A", { ack: 1 + 5 * SIZE, sack: [[1 + 2 * SIZE, 1 + 4 * SIZE]], at: 0 });
    expect((peer.tcb!.rcv.nxt - before) | 0).toBe(SIZE);
  });

  it("what goes beyond the window is cut off, and told at once", () => {
    const peer = connected();
    const { wnd } = peer.tcb!.rcv;
    for (let sent = 0; sent < wnd; sent += 40 * SIZE) peer.inject(run(40 * SIZE));
    const taken = peer.tcb!.receiveQueue;
    expect(Math.abs(taken - wnd)).toBeLessThan(128); // the unit of the window
    expect(peer.take().at(-1)).toMatchObject({ ack: 1 + taken, window: 0, at: 0 });
  });

  it("a FIN behind the last of them ends the stream there", () => {
    const peer = connected();
    peer.inject(run(3 * SIZE, { flags: "FPA" }));
    peer.expect("A", { ack: 2 + 3 * SIZE });
    expect(peer.state).toBe("CLOSE-WAIT");
    expect(peer.read()).toHaveLength(3 * SIZE);
    expect(peer.read()).toBe(0);
  });

  it("the user who reads a full buffer opens the window with few words", () => {
    const peer = connected();
    const { wnd } = peer.tcb!.rcv;
    for (let sent = 0; sent < wnd; sent += 40 * SIZE) peer.inject(run(40 * SIZE));
    peer.take();
    let told = 0;
    for (let read = 0; read < wnd; read += 1000) {
      peer.read(1000);
      told += peer.take().length;
    }
    expect(told).toBeGreaterThan(1);
    expect(told).toBeLessThan(10);
  });
});

describe("joined or not", () => {
  /** Segments of a stream as they come in one instant: where each begins and ends, in sizes; and what the user reads then. */
  const instant = fc.record({
    from: fc.nat(30),
    count: fc.integer({ min: 1, max: 12 }),
    tail: fc.nat(SIZE - 1),
    read: fc.boolean(),
    wait: fc.constantFrom(0, 0, 1, 41),
  });

  it("what arrives in one instant gets the same ACKs, and the user the same bytes", () => {
    const play = (
      isJoined: boolean,
      plan: readonly (typeof instant extends fc.Arbitrary<infer T> ? T : never)[],
    ) => {
      const peer = connected();
      const stream = pattern(50 * SIZE);
      peer.inject({ data: pattern(SIZE) }); // what is full is known
      peer.advance(100);
      peer.take();
      const first = peer.seq;
      const heard: unknown[] = [];
      for (const { from, count, tail, read, wait } of plan) {
        const start = from * SIZE;
        const end = start + (count - 1) * SIZE + tail + 1;
        const whole = { seq: first + start, data: stream.subarray(start, end) };
        const pieces: Inject[] = [];
        for (let at = start; at < end; at += SIZE) {
          pieces.push({ seq: first + at, data: stream.subarray(at, Math.min(end, at + SIZE)) });
        }
        if (isJoined) peer.inject({ ...whole, segmentSize: SIZE });
        else peer.inject(...pieces);
        if (read) heard.push(peer.read());
        peer.advance(wait);
        // but for which of several duplicates one ACK reports
        heard.push(peer.take().map(({ ack, window, at }) => ({ ack, window, at })));
      }
      const { rcv_mss, rcv_wnd, segs_in, bytes_received } = info(peer.tcb!);
      return { heard, rcv_wnd, segs_in, bytes_received, rcv_mss };
    };
    fc.assert(
      fc.property(fc.array(instant, { minLength: 1, maxLength: 15 }), (plan) => {
        expect(play(true, plan)).toEqual(play(false, plan));
      }),
      { numRuns: 150 },
    );
  });
});
