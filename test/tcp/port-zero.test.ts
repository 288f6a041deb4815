import { describe, expect, it } from "vitest";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";

leaveNothingBehind();

describe("RFC 6335 §6: port 0 is reserved", () => {
  it("a SYN from port 0 is dropped and counted, and leaves nothing behind", () => {
    const peer = new SegmentPeer();
    peer.listen();
    peer.inject({ flags: "S", sourcePort: 0 });
    peer.inject({ flags: "S", sourcePort: 0 }, { flags: "R", sourcePort: 0, seq: 1 });
    peer.expectNothing();
    expect(peer.counters.droppedPortZero).toBe(3);
    expect([...peer.tcp.connections()].map((tcb) => tcb.stateName)).toEqual(["LISTEN"]);
  });

  it("a segment to port 0 is not answered, whatever it is", () => {
    const peer = new SegmentPeer();
    for (const flags of ["S", "A", "SA", "FA", "R"]) peer.inject({ flags, destinationPort: 0, data: "x" });
    peer.expectNothing();
    expect(peer.counters.droppedPortZero).toBe(5);
    expect(peer.counters.droppedNoConnection).toBe(0);
  });
});
