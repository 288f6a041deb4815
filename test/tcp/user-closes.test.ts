import { describe, expect, it } from "vitest";
import { EADDRINUSE, ECONNREFUSED, EINPROGRESS } from "../../src/base/errno.ts";
import { POLLHUP, POLLOUT } from "../../src/base/readiness.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { inState } from "../support/tcp-states.ts";

leaveNothingBehind();

describe("shutdown", () => {
  it("tells of readiness only when something has changed: who shuts down when told is not told for ever", () => {
    const peer = inState("ESTABLISHED");
    let told = 0;
    peer.socket.onReadiness = () => {
      told++;
      if (told < 100) peer.socket.shutdown(1);
    };
    peer.inject({ flags: "A" });
    peer.expect("FA");
    expect(told).toBeLessThan(5);
    peer.shutdown(0);
    const before = told;
    peer.shutdown(0);
    expect(told).toBe(before);
  });
});

describe("RFC 9293 §3.6.1, MUST-13: close in TIME-WAIT leaves it waiting", () => {
  for (const [why, linger] of [
    ["with unread data", false],
    ["with linger 0", true],
  ] as const) {
    it(why, () => {
      const peer = inState("FIN-WAIT-2");
      if (linger) peer.socket.settings.abortOnClose = true;
      peer.inject({ flags: "PFA", data: linger ? "" : "unread" });
      peer.expect("A");
      expect(peer.state).toBe("TIME-WAIT");
      peer.close();
      peer.expectNothing();
      expect(peer.state).toBe("TIME-WAIT");
      peer.advance(60_000);
      expect(peer.state).toBe("CLOSED");
    });
  }
});

describe("what a socket without a connection has", () => {
  it("a fresh one: POLLOUT and POLLHUP, as on Linux", () => {
    expect(new SegmentPeer().host.stream().readiness).toBe(POLLOUT | POLLHUP);
  });

  it("a bound port stays while the socket is open, after a refused connect too, and for the next attempt", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    const other = peer.host.stream();
    socket.bind({ address: "", port: 5000 });
    peer.open(socket);
    peer.inject({ flags: "RA" });
    expect(other.bind({ address: "", port: 5000 })).toBe(-EADDRINUSE);
    expect(socket.connect({ address: peer.address, port: peer.port })).toBe(-ECONNREFUSED);
    expect(socket.localPort).toBe(5000);
    expect(other.bind({ address: "", port: 5000 })).toBe(-EADDRINUSE);
    expect(socket.connect({ address: peer.address, port: peer.port })).toBe(-EINPROGRESS);
    peer.take();
    socket.close();
    expect(other.bind({ address: "", port: 5000 })).toBe(0);
  });

  it("a bound port stays after a reset until close", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    const other = peer.host.stream();
    socket.bind({ address: "", port: 5000 });
    peer.connect({ socket });
    peer.inject({ flags: "R" });
    expect(peer.state).toBe("CLOSED");
    expect(other.bind({ address: "", port: 5000 })).toBe(-EADDRINUSE);
    socket.close();
    expect(other.bind({ address: "", port: 5000 })).toBe(0);
  });
});
