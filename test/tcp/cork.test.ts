/** TCP_CORK and its dealings with TCP_NODELAY and Nagle's algorithm, as tcp(7) and Linux's tcp_output.c have them. */
import { describe, expect, it } from "vitest";
import { setCork, setNoDelay } from "../../src/tcp/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

function corked(noDelay = false): SegmentPeer {
  const peer = new SegmentPeer();
  peer.connect({ delay: 100 });
  setNoDelay(peer.socket.tcb, noDelay);
  setCork(peer.socket.tcb, true);
  return peer;
}

const lengths = (peer: SegmentPeer) => peer.take().map(({ length }) => length);

describe("TCP_CORK", () => {
  it("gathers writes until it is taken off", () => {
    const peer = corked();
    for (const part of ["head", "body", "tail"]) peer.write(part);
    peer.expectNothing();
    setCork(peer.socket.tcb, false);
    peer.expect("PA", { data: "headbodytail" });
  });

  it("full segments leave", () => {
    const peer = corked();
    peer.write(pattern(2 * 1460 + 7));
    expect(lengths(peer)).toEqual([1460, 1460]);
    peer.inject({});
    expect(lengths(peer)).toEqual([]);
    setCork(peer.socket.tcb, false);
    expect(lengths(peer)).toEqual([7]);
  });

  it("keeps it for 200 ms at most", () => {
    const peer = corked();
    peer.write("head");
    peer.advance(199);
    peer.expectNothing();
    peer.advance(1);
    peer.expect("PA", { data: "head" });
  });

  it("is stronger than TCP_NODELAY", () => {
    const peer = corked(true);
    peer.write("head");
    peer.expectNothing();
    setCork(peer.socket.tcb, false);
    peer.expect("PA", { data: "head" });
  });

  it("but setting TCP_NODELAY, also once more, pushes what waits now, and nothing later", () => {
    const peer = corked(true);
    peer.write("head");
    setNoDelay(peer.socket.tcb, true);
    peer.expect("PA", { data: "head" });
    peer.write("body");
    peer.expectNothing();
  });

  it("keeps back what Nagle's algorithm held when it was put on", () => {
    const peer = new SegmentPeer();
    peer.connect({ delay: 100 });
    peer.write("a");
    peer.write("b");
    expect(lengths(peer)).toEqual([1]);
    setCork(peer.socket.tcb, true);
    peer.inject({});
    expect(lengths(peer)).toEqual([]);
    peer.advance(200);
    expect(lengths(peer)).toEqual([1]);
  });

  it("taken off, what waits is again under Nagle's algorithm", () => {
    const peer = new SegmentPeer();
    peer.connect({ delay: 100 });
    peer.write("a");
    setCork(peer.socket.tcb, true);
    peer.write("b");
    setCork(peer.socket.tcb, false);
    expect(lengths(peer)).toEqual([1]);
    peer.inject({});
    expect(lengths(peer)).toEqual([1]);
  });

  it("does not hold back a FIN", () => {
    const peer = corked();
    peer.write("tail");
    peer.shutdown(1);
    peer.expect("FPA", { data: "tail" });
  });

  it("a listener's connections have it", () => {
    const peer = new SegmentPeer();
    const listener = peer.listen();
    setCork(listener.tcb, true);
    peer.accept();
    peer.write("head");
    peer.expectNothing();
  });
});
