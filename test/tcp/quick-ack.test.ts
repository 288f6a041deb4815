/** Linux's quick ACKs and TCP_QUICKACK; the values that `quickAck` gives are those of getsockopt on kernel 6.18's loopback. */
import { describe, expect, it } from "vitest";
import { quickAck, setQuickAck } from "../../src/tcp/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

/** Lets `count` lone full segments arrive, a millisecond apart; returns which of them were acknowledged at once. */
function answered(peer: SegmentPeer, count: number): number[] {
  const at: number[] = [];
  for (let number = 1; number <= count; number++) {
    peer.inject({ data: pattern(1000) });
    peer.read();
    if (peer.take().length > 0) at.push(number);
    peer.advance(1);
  }
  return at;
}

describe("the first ACKs of a connection", () => {
  it("sixteen are quick, then they are delayed again", () => {
    const peer = new SegmentPeer();
    peer.connect();
    expect(answered(peer, 20)).toEqual([...Array.from({ length: 16 }, (_, index) => index + 1), 18, 20]);
  });

  it("fewer where the receive window is small: half a window's segments, two at least", () => {
    const peer = new SegmentPeer({ tcp: { receiveBufferBytes: 6000, maxReceiveBufferBytes: 6000 } });
    peer.connect();
    expect(answered(peer, 5)).toEqual([1, 2, 3, 5]);
  });

  it("quickAcks: 0 delays the very first", () => {
    const peer = new SegmentPeer({ tcp: { quickAcks: 0 } });
    peer.connect();
    expect(answered(peer, 4)).toEqual([2, 4]);
  });

  it("after a pause longer than the RTO they are quick again", () => {
    const peer = new SegmentPeer({ tcp: { quickAcks: 2 } });
    peer.connect({ delay: 10 });
    expect(answered(peer, 4)).toEqual([1, 2, 4]);
    peer.advance(150); // not longer
    expect(answered(peer, 2)).toEqual([2]);
    peer.advance(250);
    expect(answered(peer, 4)).toEqual([1, 2, 4]);
  });

  it("MUST-58: of what comes in one instant, one", () => {
    const peer = new SegmentPeer();
    peer.connect();
    peer.inject({ data: "a" }, { data: "b" }, { data: "c" });
    peer.expect("A", { ack: 4 });
    peer.expectNothing();
  });
});

describe("a conversation", () => {
  it("an answer within the delay of an ACK makes it one, and it carries the ACKs from then on", () => {
    const peer = new SegmentPeer();
    peer.accept();
    peer.inject({ data: "question" });
    peer.expect("A", { ack: 9 });
    expect(quickAck(peer.socket.tcb)).toBe(true);
    peer.write("answer");
    peer.expect("PA");
    expect(quickAck(peer.socket.tcb)).toBe(false);
    peer.inject({ data: "again" });
    peer.expectNothing();
    peer.write("answer");
    peer.expect("PA", { ack: 14 });
  });

  it("what is sent later than that is no answer", () => {
    const peer = new SegmentPeer();
    peer.accept();
    peer.inject({ data: "question" });
    peer.advance(41);
    peer.write("answer");
    expect(quickAck(peer.socket.tcb)).toBe(true);
  });

  it("who asks first does not count as answering", () => {
    const peer = new SegmentPeer();
    peer.connect();
    peer.write("question");
    expect(quickAck(peer.socket.tcb)).toBe(true);
  });
});

describe("TCP_QUICKACK", () => {
  it("is on for a fresh socket; 0 and 1 are what is read back, 2 reads as 1", () => {
    const { tcb } = new SegmentPeer().host.stream();
    const read = [quickAck(tcb)];
    for (const value of [0, 1, 0, 2]) {
      setQuickAck(tcb, value);
      read.push(quickAck(tcb));
    }
    expect(read).toEqual([true, false, true, false, true]);
  });

  it("0 has the very first ACK delayed", () => {
    const peer = new SegmentPeer();
    peer.accept();
    setQuickAck(peer.socket.tcb, 0);
    expect(answered(peer, 4)).toEqual([2, 4]);
  });

  it("1 lets go an ACK that waits", () => {
    const peer = new SegmentPeer();
    peer.accept();
    setQuickAck(peer.socket.tcb, 0);
    peer.inject({ data: "x" });
    peer.expectNothing();
    setQuickAck(peer.socket.tcb, 1);
    peer.expect("A", { ack: 2 });
    expect(quickAck(peer.socket.tcb)).toBe(true);
  });

  it("2 does so too, and leaves the conversation as it was", () => {
    const peer = new SegmentPeer();
    peer.accept();
    setQuickAck(peer.socket.tcb, 0);
    peer.inject({ data: "x" });
    setQuickAck(peer.socket.tcb, 2);
    peer.expect("A", { ack: 2 });
    expect(quickAck(peer.socket.tcb)).toBe(false);
  });

  it("0 before connect: the handshake's last ACK waits for text, and rides on it", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    setQuickAck(socket.tcb, 0);
    peer.open(socket);
    peer.inject({ flags: "SA" });
    peer.expectNothing();
    peer.write("hello");
    peer.expect("PA", { ack: 1, data: "hello" });
  });

  it("and goes by itself after 200 ms", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    setQuickAck(socket.tcb, 0);
    peer.open(socket);
    peer.inject({ flags: "SA" });
    peer.advance(199);
    peer.expectNothing();
    peer.advance(1);
    peer.expect("A", { seq: 1, ack: 1 });
  });
});
