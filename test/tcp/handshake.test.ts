import { describe, expect, it } from "vitest";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss, SACK_PERMITTED, timestamps, windowScale } from "../support/tcp-wire.ts";

leaveNothingBehind();

describe("RFC 9293 §3.5: establishing a connection", () => {
  it("figure 6: an active OPEN sends SYN, takes SYN-ACK, answers ACK", () => {
    const peer = new SegmentPeer();
    peer.open();
    expect(peer.state).toBe("SYN-SENT");
    peer.inject({ flags: "SA", options: [mss(1460)] });
    peer.expect("A", { seq: 1, ack: 1 });
    peer.expectNothing();
    expect(peer.state).toBe("ESTABLISHED");
  });

  it("figure 6: a passive OPEN answers SYN with SYN-ACK and takes the ACK", () => {
    const peer = new SegmentPeer();
    peer.accept({ options: [mss(1460), windowScale(7), SACK_PERMITTED, timestamps(0)] });
    peer.inject({ flags: "PA", data: "hello" });
    expect(peer.socket.readable).toBe(5);
    peer.write("world"); // carries the ACK
    peer.expect("PA", { seq: 1, ack: 6, data: "world" });
  });
});
