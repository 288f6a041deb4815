import { describe, expect, it } from "vitest";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { inState } from "../support/tcp-states.ts";
import { mss, SACK_PERMITTED } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

function accepted(config = {}): SegmentPeer {
  const peer = new SegmentPeer({ tcp: config });
  peer.accept({ options: [mss(1460), SACK_PERMITTED] });
  return peer;
}

/** `count` segments of `size` bytes from `seq` on, for one instant. */
function burst(seq: number, count: number, size: number) {
  return Array.from({ length: count }, (_, index) => ({
    flags: "A",
    seq: seq + index * size,
    data: pattern(size, seq - 1 + index * size),
  }));
}

function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

describe("RFC 9293 §3.10.7.4, seventh: the segment's text", () => {
  it("MUST-58: a burst of segments is acknowledged once", () => {
    const peer = accepted();
    peer.inject(...burst(1, 20, 1000));
    peer.expect("A", { ack: 20_001 });
    peer.expectNothing();
    expect(peer.read()).toBe(text(pattern(20_000)));
  });

  it("MUST-58: an ACK that is due rides on the text that answers", () => {
    const peer = accepted();
    peer.socket.onReadiness = () => {
      if (peer.socket.readable > 0) {
        peer.socket.receive(new Uint8Array(100));
        peer.socket.send(pattern(3));
      }
    };
    peer.inject({ flags: "PA", data: "question" });
    peer.expect("PA", { seq: 1, ack: 9, data: pattern(3) });
    peer.expectNothing();
    peer.advance(1000 - 800);
    peer.inject({ flags: "A", ack: 4 });
    peer.advance(1000);
    peer.expectNothing();
  });

  it("MUST-59: all segments of an instant are processed before the ACK, holes and all", () => {
    const peer = accepted();
    peer.inject(...burst(1001, 10, 1000), ...burst(1, 1, 1000));
    peer.expect("A", { ack: 11_001, sack: [] });
    peer.expectNothing();
    expect(peer.read()).toBe(text(pattern(11_000)));
  });

  it("MUST-59: filling the hole before queued segments brings one ACK of all", () => {
    const peer = accepted();
    for (const segment of burst(1001, 10, 1000)) peer.inject(segment);
    expect(peer.take()).toHaveLength(10);
    peer.inject(...burst(1, 1, 1000));
    peer.expect("A", { ack: 11_001 });
    peer.expectNothing();
  });

  it("SHLD-31: segments out of order are kept: 3, 2, 1 is acknowledged as a whole by the last", () => {
    const peer = accepted();
    const [first, second, third] = burst(1, 3, 1000);
    peer.inject(third as object);
    peer.expect("A", { ack: 1 });
    peer.inject(second as object);
    peer.expect("A", { ack: 1 });
    peer.inject(first as object);
    peer.expect("A", { ack: 3001 });
    expect(peer.counters.outOfOrderSegments).toBe(2);
    expect(peer.read()).toBe(text(pattern(3000)));
  });

  it("SHLD-31: without SACK too", () => {
    const peer = inState("ESTABLISHED");
    peer.inject({ flags: "A", seq: 6, data: "world" });
    peer.expect("A", { ack: 1 });
    peer.inject({ flags: "A", seq: 1, data: "hello" });
    peer.expect("A", { ack: 11 });
    expect(peer.read()).toBe("helloworld");
  });

  it("MAY-13: a segment that is not at the left edge is acknowledged at once", () => {
    const peer = accepted();
    for (let count = 1; count <= 5; count++) {
      peer.inject({ flags: "A", seq: 1 + 1000 * count, data: "x" });
      peer.expect("A", { ack: 1, at: 0 });
    }
  });

  it("overlapping segments: what was first stays, and every octet comes once", () => {
    const peer = accepted();
    peer.inject({ flags: "A", seq: 4, data: "defg" });
    peer.inject({ flags: "A", seq: 2, data: "bcDE" });
    peer.inject({ flags: "A", seq: 7, data: "Ghij" });
    peer.inject({ flags: "A", seq: 1, data: "aB" });
    expect(String(peer.read()).toLowerCase()).toBe("abcdefghij");
  });

  it("RFC9293-3.10.7.4-7: established_receive_partially_outside_window: text is cut at the right edge, and a FIN behind it with it", () => {
    const size = 2000;
    const peer = accepted({ receiveBufferBytes: size, maxReceiveBufferBytes: size });
    peer.inject({ flags: "FA", data: pattern(2500) });
    peer.expect("A", { ack: 2001, window: 0 });
    expect(peer.state).toBe("ESTABLISHED");
    expect(peer.read()).toBe(text(pattern(2000)));
    peer.take();
    peer.inject({ flags: "FA", seq: 2001, data: pattern(500, 2000) });
    expect(peer.read()).toBe(text(pattern(500, 2000)));
    expect(peer.state).toBe("CLOSE-WAIT");
  });

  it("RFC9293-3.10.7.4-7: old text in front of new is cut off", () => {
    const peer = accepted();
    peer.inject({ flags: "A", data: "abc" });
    peer.inject({ flags: "A", seq: 2, data: "bcdef" });
    expect(peer.read()).toBe("abcdef");
  });

  it("CVE-2018-5390: holes are bounded, what makes one more is dropped, and everything arrives in the end", () => {
    const peer = accepted();
    for (let hole = 1; hole <= 1100; hole++)
      peer.inject({ flags: "A", seq: 1 + 20 * hole, data: "0123456789" });
    expect(peer.counters.droppedReassemblyFull).toBe(76);
    expect(peer.socket.tcb.outOfOrder.count).toBe(1024);
    peer.take();
    peer.inject({ flags: "A", seq: 1, data: pattern(1400) }, ...burst(1401, 15, 1400));
    expect(peer.take().at(-1)?.ack).toBeGreaterThanOrEqual(1 + 1400 * 16);
  });

  it("RFC9293-3.10.7.4-10: text is taken in ESTABLISHED, FIN-WAIT-1 and FIN-WAIT-2, and ignored behind the peer's FIN", () => {
    for (const state of ["ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"] as const) {
      const peer = inState(state);
      peer.inject({ flags: "PA", data: "taken" });
      expect(peer.read(), state).toBe("taken");
    }
    for (const state of ["CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"] as const) {
      const peer = inState(state);
      const ack = state === "TIME-WAIT" ? 2 : 1;
      peer.inject({ flags: "PA", seq: 2, ack, data: "ignored" });
      expect(peer.socket.readable, state).toBe(0);
      expect(peer.state).toBe(state);
    }
  });

  it("RFC9293-3.4-1: sequence numbers wrap in the middle of a segment, in and out of order", () => {
    const peer = new SegmentPeer({ iss: 2 ** 32 - 1500 });
    peer.accept({ options: [mss(1460), SACK_PERMITTED] });
    peer.inject({ flags: "A", seq: 2001, data: pattern(1000, 2000) });
    peer.expect("A", { ack: 1, sack: [[2001, 3001]] });
    peer.inject({ flags: "A", seq: 1001, data: pattern(1000, 1000) });
    peer.expect("A", { ack: 1, sack: [[1001, 3001]] });
    peer.inject({ flags: "A", seq: 1, data: pattern(1000) });
    peer.expect("A", { ack: 3001, sack: [] });
    expect(peer.read()).toBe(text(pattern(3000)));
  });
});
