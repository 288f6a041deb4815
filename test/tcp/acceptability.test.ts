import { describe, expect, it } from "vitest";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { inState, SYNCHRONIZED_STATES } from "../support/tcp-states.ts";
import { mss, windowScale } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

const BUFFER = 3000;

/**
 * ESTABLISHED with `window` octets offered from `next` on: the rest of the buffer is text that nobody has read.
 * The peer's ISN puts RCV.NXT where `wireNext` says.
 */
function withWindow(window: number, wireNext: number): { peer: SegmentPeer; next: number } {
  const filled = BUFFER - window;
  const peer = new SegmentPeer({
    iss: (wireNext - 1 - filled) >>> 0,
    tcp: { receiveBufferBytes: BUFFER, maxReceiveBufferBytes: BUFFER },
  });
  peer.accept();
  for (let left = filled; left > 0; left -= 1000)
    peer.inject({ flags: "A", data: pattern(Math.min(1000, left)) });
  peer.advance(50);
  expect(peer.take().at(-1) ?? { window: BUFFER }).toMatchObject({ window });
  return { peer, next: 1 + filled };
}

/** The table of RFC 9293 §3.10.7.4, first check, on plain integers: `first` is SEG.SEQ - RCV.NXT. */
function isAcceptable(first: number, length: number, window: number): boolean {
  if (window === 0) return length === 0 && first === 0;
  const inWindow = (octet: number) => octet >= 0 && octet < window;
  // just behind the window stands a sender that has filled it: its ACKs count, as everywhere
  return length === 0 ? inWindow(first) || first === window : inWindow(first) || inWindow(first + length - 1);
}

describe("RFC 9293 §3.10.7.4, first check: the sequence number", () => {
  it("RFC9293-3.4-2: the four cases, at the edges, wherever the numbers lie on their circle", () => {
    for (const window of [0, 1, 1000, BUFFER]) {
      const edges = [
        -(2 ** 31),
        -1001,
        -1000,
        -2,
        -1,
        0,
        1,
        window - 2,
        window - 1,
        window,
        window + 1,
        2 ** 31 - 1001,
      ];
      for (const wireNext of [2 ** 31 - 500, 2 ** 32 - 500, 0]) {
        for (const first of new Set(edges)) {
          for (const length of [0, 1, 1000]) {
            const { peer, next } = withWindow(window, wireNext);
            const before = peer.socket.readable;
            peer.inject({ flags: "A", seq: next + first, data: pattern(length) });
            const expected = isAcceptable(first, length, window);
            // Text at a window of zero gets as far as the trimming, so that its ACK counts, and is dropped there.
            const isProbe = window === 0 && first === 0;
            expect(peer.counters.droppedOutsideWindow, `${window} ${first} ${length}`).toBe(
              expected || isProbe ? 0 : 1,
            );
            if (!expected) {
              expect(peer.socket.readable).toBe(before);
              peer.expect("A", { ack: next });
            }
            peer.take();
            peer.socket.close();
            peer.host.close();
          }
        }
      }
    }
  });

  it("RFC9293-3.10.7.4-2: the sequence number comes before RST, RST before SYN, SYN before ACK, ACK before URG and text", () => {
    for (const state of ["ESTABLISHED", "FIN-WAIT-2"] as const) {
      const outside = inState(state);
      outside.inject({ flags: "SRFUA", seq: 100_000, data: "x" }); // 1: RST outside of the window
      outside.expectNothing();
      expect(outside.state).toBe(state);

      const reset = inState(state);
      reset.inject({ flags: "SRFUA", ack: 77_777, data: "x" }); // 2: RST before SYN and a bad ACK
      reset.expectNothing();
      expect(reset.state).toBe("CLOSED");

      const syn = inState(state);
      syn.inject({ flags: "SFUA", ack: 77_777, data: "x", urgentPointer: 1 }); // 4: SYN before a bad ACK
      syn.expect("A", { ack: 1 });
      expect(syn.counters).toMatchObject({ challengeAcks: 1, droppedBadAck: 0 });

      const ack = inState(state);
      ack.inject({ flags: "FUA", ack: 77_777, data: "x", urgentPointer: 1 }); // 5: a bad ACK before the rest
      ack.expect("A", { ack: 1 });
      expect(ack.counters.droppedBadAck).toBe(1);
      expect(ack.socket.tcb.rcv.urgent).toBe(false);
      expect(ack.state).toBe(state);
    }
  });

  it("RFC9293-3.10.7.4-6: the send window follows the newest segment: a later SEQ, or the same with a later ACK", () => {
    const peer = new SegmentPeer();
    peer.connect({ options: [mss(1000), windowScale(0)] });
    const { snd } = peer.socket.tcb;
    peer.write(pattern(3000));
    peer.take();
    peer.inject({ flags: "A", seq: 1, ack: 1001, window: 5000 });
    expect(snd.wnd).toBe(5000);
    peer.inject({ flags: "A", seq: 1, ack: 2001, window: 4000 });
    expect(snd.wnd).toBe(4000);
    peer.inject({ flags: "A", seq: 1, ack: 1001, window: 9000 }); // an older ACK comes late
    expect(snd.wnd).toBe(4000);
    peer.inject({ flags: "A", seq: 11, ack: 2001, window: 6000, data: "ahead of a hole" });
    expect(snd.wnd).toBe(6000);
    peer.inject({ flags: "A", seq: 1, ack: 3001, window: 7000, data: "0123456789" }); // an older SEQ comes late
    expect(snd.una).toBe((peer.stackIss + 3001) | 0);
    expect(snd.wnd).toBe(6000);
  });

  it("RFC9293-3.6-2: no segment leads from a state to one that figure 5 does not draw", () => {
    const drawn: Record<string, string[]> = {
      "SYN-SENT": ["SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT"],
      "SYN-RECEIVED": ["ESTABLISHED", "CLOSE-WAIT"],
      ESTABLISHED: ["CLOSE-WAIT"],
      "FIN-WAIT-1": ["FIN-WAIT-2", "CLOSING", "TIME-WAIT"],
      "FIN-WAIT-2": ["TIME-WAIT"],
      "CLOSE-WAIT": [],
      CLOSING: ["TIME-WAIT"],
      "LAST-ACK": [],
      "TIME-WAIT": [],
    };
    const flags = ["", "S", "A", "F", "R", "SA", "FA", "RA", "SF", "SR", "FR", "SFA", "SRA", "FRA", "SFRA"];
    for (const state of ["SYN-SENT", "SYN-RECEIVED", ...SYNCHRONIZED_STATES] as const) {
      for (const set of flags) {
        for (const offset of [-1, 0, 1]) {
          for (const ack of [0, 1, 2, 3]) {
            const peer = inState(state);
            peer.inject({ flags: set, seq: peer.seq + offset, ack, data: offset === 0 ? "abc" : "" });
            const mayEnd = set.includes("R") || set.includes("S") || state === "LAST-ACK";
            const allowed = [state, ...(drawn[state] as string[]), ...(mayEnd ? ["CLOSED"] : [])];
            expect(allowed, `${set} ${offset} ${ack}`).toContain(peer.state);
            peer.socket?.close();
            peer.host.close();
          }
        }
      }
    }
  });
});
