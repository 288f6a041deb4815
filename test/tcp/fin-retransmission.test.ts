import { describe, expect, it } from "vitest";
import { ETIMEDOUT } from "../../src/base/errno.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { inState } from "../support/tcp-states.ts";

leaveNothingBehind();

describe("a FIN that is lost, RFC 9293 §3.10.7.4 and RFC 6298 §5", () => {
  for (const state of ["FIN-WAIT-1", "CLOSING", "LAST-ACK"] as const) {
    it(`is sent again in ${state} until it is acknowledged`, () => {
      const peer = inState(state);
      for (let copy = 1; copy <= 3; copy++) {
        peer.advance(peer.tcb!.rto.rto / 1000);
        peer.expect("FA", { seq: 1, ack: state === "FIN-WAIT-1" ? 1 : 2, length: 0 });
      }
      peer.inject({ ack: 2 });
      const next = { "FIN-WAIT-1": "FIN-WAIT-2", CLOSING: "TIME-WAIT", "LAST-ACK": "CLOSED" }[state];
      expect(peer.state).toBe(next);
      peer.advance(30_000);
      peer.expectNothing();
    });

    it(`in ${state} R2 ends it when nobody answers`, () => {
      const peer = inState(state);
      peer.advance(3_600_000);
      expect(peer.take().length).toBe(15);
      expect(peer.state).toBe("CLOSED");
      expect(peer.socket.takeError()).toBe(ETIMEDOUT);
    });
  }

  it("goes again together with the text before it", () => {
    const peer = new SegmentPeer();
    peer.connect({ delay: 100 });
    peer.write("last words");
    peer.shutdown(1);
    peer.expect("PA", { data: "last words" });
    peer.expect("FA", { seq: 11 });
    peer.advance(300);
    peer.expect("PA", { seq: 1, data: "last words" });
    peer.inject({ ack: 11 });
    peer.expect("FA", { seq: 11 });
    peer.inject({ ack: 12 });
    expect(peer.state).toBe("FIN-WAIT-2");
  });

  it("in one segment with its text it is sent again as one", () => {
    const peer = new SegmentPeer();
    peer.connect({ delay: 100 });
    peer.write("a");
    peer.write("b");
    peer.shutdown(1);
    peer.take();
    peer.inject({ ack: 2 });
    peer.advance(600);
    peer.expect("FPA", { seq: 2, data: "b" });
  });

  it("a CLOSE in SYN-RECEIVED after a simultaneous open: SYN and FIN both arrive in the end", () => {
    const peer = new SegmentPeer();
    peer.open();
    peer.inject({ flags: "S" });
    peer.expect("SA");
    peer.shutdown(1);
    peer.advance(3000);
    peer.take();
    peer.inject({ flags: "SA", seq: 0, ack: 1 }); // the peer's SYN-ACK: it has our SYN
    peer.inject({ ack: 1 });
    peer.advance(60_000);
    const fin = peer.take().find(({ flags }) => flags.includes("F"));
    expect(fin?.seq).toBe(1);
    peer.inject({ ack: 2 });
    expect(peer.state).toBe("FIN-WAIT-2");
  });
});
