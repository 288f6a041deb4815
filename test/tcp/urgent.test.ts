import { describe, expect, it } from "vitest";
import { EAGAIN, EINVAL } from "../../src/base/errno.ts";
import { MSG_OOB, MSG_PEEK, POLLIN, POLLPRI, SO_OOBINLINE, SOL_SOCKET } from "../../src/sockets/constants.ts";
import { setOption } from "../../src/sockets/options/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

function connected(inline = false): SegmentPeer {
  const peer = new SegmentPeer();
  peer.connect({ delay: 100 });
  if (inline) setOption(peer.socket, SOL_SOCKET, SO_OOBINLINE, 1);
  return peer;
}

describe("sending urgent data, RFC 9293 §3.8.5 and RFC 6093", () => {
  it("MUST-30, MUST-62, RFC6093-3-1, RFC6093-4-1: the pointer stands behind the last urgent octet", () => {
    const peer = connected();
    peer.write("abc", MSG_OOB);
    peer.expect("PUA", { seq: 1, data: "abc", urgentPointer: 3 });
  });

  it("MUST-31: urgent data of any length: every segment before its end says where that is", () => {
    const peer = connected();
    peer.write(pattern(4000), MSG_OOB);
    const sent = peer.take();
    expect(sent.map(({ flags, urgentPointer }) => [flags, urgentPointer])).toEqual([
      ["UA", 4000],
      ["UA", 2540],
      ["PUA", 1080],
    ]);
    peer.inject({});
    peer.write("ordinary");
    peer.expect("PA", { urgentPointer: 0 });
  });

  it("MUST-31: an end that is further off than 65535 is told in steps", () => {
    const peer = connected();
    peer.write(pattern(100_000), MSG_OOB);
    for (const { seq, flags, urgentPointer } of peer.take()) {
      expect(flags).toBe("UA");
      expect(urgentPointer).toBe(Math.min(100_001 - seq, 65_535));
    }
  });

  it("what waits in front of it is announced as urgent, too, and what comes behind is not", () => {
    const peer = connected();
    peer.write("a");
    peer.expect("PA");
    peer.write("bc"); // Nagle's rule holds it back
    peer.expectNothing();
    peer.write("!", MSG_OOB); // but not urgent data
    peer.expect("PUA", { data: "bc!", urgentPointer: 3 });
    peer.inject({ ack: 5 });
    peer.write("rest");
    peer.expect("PA", { data: "rest", urgentPointer: 0 });
  });

  it("a retransmission is as urgent as the first copy was", () => {
    const peer = connected();
    peer.write("x", MSG_OOB);
    peer.expect("PUA", { urgentPointer: 1 });
    peer.advance(300);
    peer.expect("PUA", { data: "x", urgentPointer: 1 });
  });

  it("an ACK on its own announces what a shut window holds back", () => {
    const peer = new SegmentPeer();
    peer.connect({ window: 0 });
    peer.write("x", MSG_OOB);
    peer.inject({ data: "y", window: 0 });
    peer.advance(40);
    peer.expect("UA", { ack: 2, urgentPointer: 1 });
  });
});

describe("receiving urgent data", () => {
  it("MUST-32: the user hears of it at once, before the octet has come", () => {
    const peer = connected();
    const heard: number[] = [];
    peer.socket.onReadiness = (mask) => heard.push(mask);
    peer.inject({ flags: "UA", urgentPointer: 50, data: "abc" });
    expect(heard.at(-1)! & (POLLPRI | POLLIN)).toBe(POLLPRI | POLLIN);
    expect(peer.read(1, MSG_OOB)).toBe(-EAGAIN);
  });

  it("MUST-32: also with a segment that has no text, and with a shut window", () => {
    const peer = connected();
    peer.inject({ flags: "UA", urgentPointer: 4 });
    expect(peer.socket.readiness & POLLPRI).toBe(POLLPRI);
    expect(peer.socket.atMark).toBe(false);
    peer.inject({ data: "abc!" });
    expect(peer.read(10, MSG_OOB)).toBe("!");
  });

  it("MUST-33: reading stops at the mark, and the user can ask whether it stands there", () => {
    const peer = connected();
    peer.inject({ flags: "UA", urgentPointer: 4, data: "abc!def" });
    expect(peer.socket.readable).toBe(6);
    expect(peer.socket.atMark).toBe(false);
    expect(peer.read()).toBe("abc");
    expect(peer.socket.atMark).toBe(true);
    expect(peer.read(10, MSG_OOB | MSG_PEEK)).toBe("!");
    expect(peer.read(10, MSG_OOB)).toBe("!");
    expect(peer.read(10, MSG_OOB)).toBe(-EINVAL);
    expect(peer.read()).toBe("def"); // the octet is no part of the stream
    expect(peer.socket.atMark).toBe(false);
  });

  it("MUST-33: the mark in the middle of what has come, found by reading in pieces", () => {
    const peer = connected();
    peer.inject({ flags: "UA", urgentPointer: 6, data: "abcde!fg" });
    expect([peer.read(2), peer.socket.atMark]).toEqual(["ab", false]);
    expect([peer.read(100), peer.socket.atMark]).toEqual(["cde", true]);
    expect(peer.read(100)).toBe("fg"); // skipped, not asked for
    expect(peer.read(10, MSG_OOB)).toBe(-EINVAL);
  });

  it("the urgent octet alone is not ordinary data: who reads on at the mark has given it up, as on Linux", () => {
    const peer = connected();
    peer.inject({ flags: "UA", urgentPointer: 3, data: "ab!" });
    expect(peer.read()).toBe("ab");
    expect(peer.socket.readable).toBe(0);
    expect(peer.socket.readiness & (POLLIN | POLLPRI)).toBe(POLLPRI);
    expect([peer.read(10, MSG_PEEK), peer.socket.atMark]).toEqual([-EAGAIN, true]);
    expect([peer.read(), peer.socket.atMark]).toEqual([-EAGAIN, false]);
    expect(peer.socket.readiness & (POLLIN | POLLPRI)).toBe(0);
    expect(peer.read(1, MSG_OOB)).toBe(-EINVAL);
    peer.inject({ flags: "FA" });
    expect(peer.read()).toBe(0);
  });

  it("RFC6093-6-1: with SO_OOBINLINE it stays in its place, and reading still stops at the mark", () => {
    const peer = connected(true);
    peer.inject({ flags: "UA", urgentPointer: 4, data: "abc!def" });
    expect(peer.socket.readiness & POLLPRI).toBe(POLLPRI);
    expect(peer.socket.readable).toBe(7);
    expect(peer.read(10, MSG_OOB)).toBe(-EINVAL);
    expect(peer.read()).toBe("abc");
    expect(peer.socket.atMark).toBe(true);
    expect(peer.read()).toBe("!def");
    expect(peer.socket.readiness & POLLPRI).toBe(0);
  });

  it("MUST-31: a later pointer takes the place of the earlier one, an older one says nothing", () => {
    const peer = connected();
    peer.inject({ flags: "UA", urgentPointer: 2, data: "a!" });
    peer.inject({ flags: "UA", urgentPointer: 3, data: "bc!d" });
    expect(peer.read(10, MSG_OOB)).toBe("!");
    expect(peer.read()).toBe("a!bc"); // the first has become ordinary
    expect(peer.read()).toBe("d");
    peer.inject({ flags: "UA", seq: 1, urgentPointer: 2, data: "a!" });
    expect(peer.socket.readiness & POLLPRI).toBe(0);
  });

  it("MUST-31: a pointer that comes late, after one further on, moves nothing back", () => {
    const peer = connected();
    peer.inject({ flags: "UA", seq: 3, urgentPointer: 3, data: "bc!d" });
    peer.inject({ flags: "UA", seq: 1, urgentPointer: 2, data: "a?" });
    expect(peer.read(10, MSG_OOB)).toBe("!");
    expect(peer.read()).toBe("a?bc");
  });

  it("MUST-31: the pointer may point 65535 octets ahead", () => {
    const peer = connected();
    peer.inject({ flags: "UA", urgentPointer: 65_535, data: "x" });
    expect(peer.socket.readiness & POLLPRI).toBe(POLLPRI);
    expect(peer.read()).toBe("x");
    for (let at = 2; at < 65_536; at += 1000) {
      peer.inject({ seq: at, data: pattern(Math.min(1000, 65_536 - at)) });
      if (at + 1000 < 65_536) expect(typeof peer.read()).toBe("string");
    }
    expect(peer.read(1, MSG_OOB)).toHaveLength(1);
  });

  it("a pointer of zero, and one whose flag is not set, say nothing", () => {
    const peer = connected();
    peer.inject({ flags: "UA", urgentPointer: 0, data: "a" });
    peer.inject({ flags: "A", urgentPointer: 1, data: "b" });
    expect(peer.socket.readiness & POLLPRI).toBe(0);
    expect(peer.read()).toBe("ab");
  });

  it("who stands at a mark when newer urgent data comes has passed the older byte, as on Linux", () => {
    const peer = connected();
    peer.inject({ flags: "UA", urgentPointer: 1, data: "1" });
    peer.inject({ flags: "UA", urgentPointer: 1, data: "2" });
    expect([peer.read(1, MSG_OOB), peer.read()]).toEqual(["2", -EAGAIN]);
  });

  it("who asks for none of it has taken it, as on Linux", () => {
    const peer = connected();
    peer.inject({ flags: "UA", urgentPointer: 1, data: "!" });
    expect([peer.read(0, MSG_OOB), peer.read(1, MSG_OOB)]).toEqual([0, -EINVAL]);
  });

  it("without any urgent data MSG_OOB is EINVAL", () => {
    expect(connected().read(1, MSG_OOB)).toBe(-EINVAL);
  });
});
