/** A process that was kept from running finds its retransmission timer overdue, and an acknowledgment that nobody has read yet. */
import { expect, it } from "vitest";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";

leaveNothingBehind();

function waiting(): SegmentPeer {
  const peer = new SegmentPeer();
  peer.connect({ delay: 100 });
  peer.write("x");
  peer.expect("PA");
  return peer;
}

/** Nothing runs for `millis`. */
function block(peer: SegmentPeer, millis: number): void {
  peer.clock.jumpTo(peer.clock.now + millis * 1000);
}

it("what waits on the link is read first", () => {
  const peer = waiting();
  block(peer, 2000);
  peer.clock.runInstant();
  peer.advance(4);
  peer.expectNothing();
  peer.inject({});
  peer.advance(10_000);
  peer.expectNothing();
  expect(peer.counters.timeouts).toBe(0);
});

it("if nothing does, the segment goes again a little later", () => {
  const peer = waiting();
  block(peer, 2000);
  peer.clock.runInstant();
  peer.advance(5);
  peer.expect("PA", { seq: 1, data: "x", at: 2105 });
});

it("and that is put off once only, however late the process always is", () => {
  const peer = waiting();
  for (let timeout = 1; timeout < 5; timeout++) {
    block(peer, 10_000);
    peer.clock.runInstant();
    peer.expectNothing();
    block(peer, 10_000);
    peer.clock.runInstant();
    peer.expect("PA", { seq: 1 });
    expect(peer.counters.timeouts).toBe(timeout);
  }
});

it("a timer in time, or nearly, is not put off", () => {
  const peer = waiting();
  block(peer, 319);
  peer.clock.runInstant();
  peer.expect("PA", { seq: 1, at: 419 });
});
