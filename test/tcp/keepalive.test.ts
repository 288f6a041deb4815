import { describe, expect, it } from "vitest";
import { ETIMEDOUT } from "../../src/base/errno.ts";
import {
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SOL_SOCKET,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_USER_TIMEOUT,
} from "../../src/sockets/constants.ts";
import { setOption } from "../../src/sockets/options/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";

leaveNothingBehind();

const HOUR = 3600 * 1000;

/** A connection with keep-alive: first probe after 10 s, then every 5 s, up to 3. */
function alive(options: { idle?: number; interval?: number; count?: number } = {}): SegmentPeer {
  const peer = new SegmentPeer();
  peer.connect();
  const { idle = 10, interval = 5, count = 3 } = options;
  setOption(peer.socket, IPPROTO_TCP, TCP_KEEPIDLE, idle);
  setOption(peer.socket, IPPROTO_TCP, TCP_KEEPINTVL, interval);
  setOption(peer.socket, IPPROTO_TCP, TCP_KEEPCNT, count);
  setOption(peer.socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  return peer;
}

describe("keep-alive, RFC 9293 §3.8.4", () => {
  it("MUST-25: is off unless somebody asks: a day of silence", () => {
    const peer = new SegmentPeer();
    peer.connect();
    peer.advance(24 * HOUR);
    peer.expectNothing();
    expect(peer.state).toBe("ESTABLISHED");
  });

  it("MUST-26: the first probe follows what came last by the idle time, however long the interval", () => {
    const peer = alive({ idle: 10, interval: 75 });
    peer.advance(1000);
    peer.inject({ flags: "PA", data: "x" });
    peer.advance(9999);
    peer.take();
    peer.expectNothing();
    peer.advance(1);
    peer.expect("A", { seq: 0 });
  });

  it("segments that are not acceptable do not prove that the peer is alive", () => {
    const peer = alive();
    for (let second = 1; second <= 10; second++) {
      peer.advance(1000);
      peer.inject({ seq: 900_000 });
    }
    expect(peer.counters.keepAliveProbesSent).toBe(1);
  });

  it("MUST-28: the first probe comes after two hours, not before", () => {
    const peer = new SegmentPeer();
    peer.connect();
    setOption(peer.socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    peer.advance(2 * HOUR - 1);
    peer.expectNothing();
    peer.advance(1);
    peer.expect("A");
  });

  it("MUST-24, MAY-5: one of two connections has it, and it alone probes", () => {
    const peer = alive();
    const other = peer.another();
    other.connect();
    peer.advance(11_000);
    peer.expect("A");
    other.expectNothing();
  });

  it("MUST-24: it can be switched off again", () => {
    const peer = alive();
    peer.advance(10_000);
    peer.expect("A");
    setOption(peer.socket, SOL_SOCKET, SO_KEEPALIVE, 0);
    peer.advance(24 * HOUR);
    peer.expectNothing();
  });

  it("MUST-27: the interval is configurable, also while it runs", () => {
    const peer = alive({ idle: 100 });
    peer.advance(50_000);
    setOption(peer.socket, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    peer.advance(9999);
    peer.expectNothing();
    peer.advance(1);
    peer.expect("A");
  });

  it("SHLD-12: a probe carries nothing, and an old sequence number: SND.NXT - 1", () => {
    const peer = alive();
    peer.write("hello");
    peer.expect("PA");
    peer.inject({});
    peer.advance(10_000);
    peer.expect("A", { seq: 5, ack: 1, length: 0 });
  });

  it("MUST-26: whatever comes puts it off: a segment every 9 s, and never a probe", () => {
    const peer = alive();
    for (let round = 0; round < 50; round++) {
      peer.advance(9000);
      peer.inject({ data: "x" });
      peer.read();
      peer.advance(100);
      peer.expect("A", { ack: 2 + round });
    }
    peer.expectNothing();
    expect(peer.counters.keepAliveProbesSent).toBe(0);
  });

  it("MUST-26: data in flight is probe enough", () => {
    const peer = alive();
    peer.advance(5000);
    peer.write("x");
    peer.advance(60_000);
    for (const segment of peer.take()) expect(segment.text).toBe("x");
    expect(peer.counters.keepAliveProbesSent).toBe(0);
  });

  it("MUST-29: an unanswered probe proves nothing; an answer to a later one is enough", () => {
    const peer = alive();
    peer.advance(10_000);
    peer.expect("A", { at: 10_000 });
    peer.advance(5000);
    peer.expect("A", { at: 15_000 });
    peer.advance(1000);
    peer.inject({});
    peer.advance(9999);
    peer.expectNothing();
    peer.advance(1);
    peer.expect("A", { at: 26_000 });
    expect(peer.state).toBe("ESTABLISHED");
    peer.advance(5000); // the count began anew: two more before the end
    peer.expect("A");
    peer.advance(5000);
    peer.expect("A");
    expect(peer.state).toBe("ESTABLISHED");
  });

  it("MUST-29: after as many unanswered ones as configured the connection ends with ETIMEDOUT", () => {
    const peer = alive();
    peer.advance(24_999);
    expect(peer.take().map(({ at }) => at)).toEqual([10_000, 15_000, 20_000]);
    expect(peer.state).toBe("ESTABLISHED");
    peer.advance(1);
    expect(peer.state).toBe("CLOSED");
    peer.expect("RA"); // in case the peer is there after all
    expect(peer.read()).toBe(-ETIMEDOUT);
  });

  it("TCP_USER_TIMEOUT takes the place of the count", () => {
    const peer = alive();
    setOption(peer.socket, IPPROTO_TCP, TCP_USER_TIMEOUT, 60_000);
    peer.advance(59_999);
    expect(peer.state).toBe("ESTABLISHED");
    peer.advance(1);
    expect(peer.state).toBe("CLOSED");
  });

  it("a connection accepted from a listener that has it, has it", () => {
    const peer = new SegmentPeer();
    const listener = peer.host.stream();
    setOption(listener, SOL_SOCKET, SO_KEEPALIVE, 1);
    setOption(listener, IPPROTO_TCP, TCP_KEEPIDLE, 3);
    peer.accept({ socket: listener });
    peer.advance(3000);
    peer.expect("A", { seq: 0 });
  });
});
