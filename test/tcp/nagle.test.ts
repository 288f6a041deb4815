import { describe, expect, it } from "vitest";
import { IPPROTO_TCP, MSG_MORE, TCP_NODELAY } from "../../src/sockets/constants.ts";
import { setOption } from "../../src/sockets/options/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

function connected(noDelay = false): SegmentPeer {
  const peer = new SegmentPeer();
  peer.connect({ delay: 100 });
  if (noDelay) setOption(peer.socket, IPPROTO_TCP, TCP_NODELAY, 1);
  return peer;
}

const lengths = (peer: SegmentPeer) => peer.take().map(({ length }) => length);

describe("Nagle's algorithm, RFC 9293 §3.7.4", () => {
  it("SHLD-7: of a hundred one-byte writes the first goes at once, the others together when it is acknowledged", () => {
    const peer = connected();
    for (let count = 0; count < 100; count++) peer.write("x");
    expect(lengths(peer)).toEqual([1]);
    peer.inject({});
    expect(lengths(peer)).toEqual([99]);
  });

  it("SHLD-7: a full segment goes though something is in flight, what is left over waits", () => {
    const peer = connected();
    peer.write("x");
    peer.write(pattern(1460 + 40));
    expect(lengths(peer)).toEqual([1, 1460]);
    peer.inject({});
    expect(lengths(peer)).toEqual([40]);
  });

  it("MUST-17: with TCP_NODELAY every small write leaves at once", () => {
    const peer = connected(true);
    for (let count = 0; count < 8; count++) peer.write("x");
    expect(lengths(peer)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it("MUST-17: setting TCP_NODELAY lets go what Nagle holds, on this connection alone", () => {
    const peer = connected();
    const other = peer.another();
    other.connect();
    for (const each of [peer, other]) {
      each.write("a");
      each.write("b");
      expect(lengths(each)).toEqual([1]);
    }
    setOption(peer.socket, IPPROTO_TCP, TCP_NODELAY, 1);
    expect(lengths(peer)).toEqual([1]);
    expect(lengths(other)).toEqual([]);
  });

  it("a FIN does not wait: nothing will come to fill the segment up", () => {
    const peer = connected();
    peer.write("a");
    peer.write("b");
    peer.shutdown(1);
    peer.expect("PA", { data: "a" });
    peer.expect("FPA", { data: "b" });
  });

  it("MUST-60: what Nagle holds goes with the ACK, and the ACK comes, were it by retransmission", () => {
    const peer = connected();
    peer.write("a");
    peer.write("b");
    peer.advance(299);
    expect(lengths(peer)).toEqual([1]);
    peer.advance(1);
    expect(lengths(peer)).toEqual([1]);
    peer.inject({});
    peer.expect("PA", { data: "b" });
  });

  it("MUST-60: the timer of what was held before does not push small segments out later", () => {
    const peer = connected();
    peer.write(pattern(100), MSG_MORE); // arms the override timer
    peer.advance(50);
    peer.write(pattern(50));
    expect(lengths(peer)).toEqual([150]);
    peer.write("x");
    peer.advance(200);
    expect(lengths(peer)).toEqual([]);
  });
});

describe("MSG_MORE and pushing, RFC 9293 §3.9.1.2", () => {
  it("MAY-15, MAY-16: what was sent with MSG_MORE is gathered with what follows", () => {
    const peer = connected();
    peer.write("head", MSG_MORE);
    peer.expectNothing();
    peer.write("tail");
    peer.expect("PA", { data: "headtail" });
  });

  it("MAY-16: even with TCP_NODELAY; a full segment leaves nonetheless", () => {
    const peer = connected(true);
    peer.write("a", MSG_MORE);
    peer.expectNothing();
    peer.write(pattern(1460), MSG_MORE);
    expect(lengths(peer)).toEqual([1460]);
  });

  it("MUST-60: if nothing follows it goes after 200 ms all the same", () => {
    const peer = connected();
    peer.write("head", MSG_MORE);
    peer.advance(199);
    peer.expectNothing();
    peer.advance(1);
    peer.expect("PA", { data: "head" });
  });

  it("MUST-60: and at once when the connection is closed", () => {
    const peer = connected();
    peer.write("head", MSG_MORE);
    peer.shutdown(1);
    peer.expect("FPA", { data: "head" });
  });

  it("MUST-61: PSH is set on the segment that empties the queue, and on no other", () => {
    const peer = connected();
    peer.write(pattern(3 * 1460 + 7));
    expect(peer.take().map(({ flags }) => flags)).toEqual(["A", "A", "A"]);
    peer.inject({});
    expect(peer.take().map(({ flags, length }) => [flags, length])).toEqual([["PA", 7]]);
    peer.write(pattern(2 * 1460));
    expect(peer.take().map(({ flags }) => flags)).toEqual(["A", "PA"]);
  });

  it("SHLD-27: two writes in one segment have one PSH", () => {
    const peer = connected();
    peer.write("a");
    peer.write("b");
    peer.write("c");
    peer.expect("PA", { data: "a" });
    peer.inject({});
    peer.expect("PA", { data: "bc" });
    peer.expectNothing();
  });

  it("SHLD-28: all segments of a bulk transfer are full but the last", () => {
    const peer = connected();
    const data = pattern(200_000);
    expect(peer.write(data)).toBe(data.length);
    let at = 0;
    for (let round = 0; round < 100 && at < data.length; round++) {
      for (const segment of peer.take()) {
        expect([segment.seq, segment.length]).toEqual([1 + at, Math.min(1460, data.length - at)]);
        expect(segment.data).toEqual(data.slice(at, at + segment.length));
        at += segment.length;
      }
      peer.inject({});
    }
    expect(at).toBe(data.length);
  });
});
