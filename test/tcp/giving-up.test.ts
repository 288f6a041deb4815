import { describe, expect, it, vi } from "vitest";
import { ECONNREFUSED, EHOSTUNREACH, ETIMEDOUT } from "../../src/base/errno.ts";
import { NEVER } from "../../src/base/timer.ts";
import { IPPROTO_TCP, POLLERR, TCP_USER_TIMEOUT } from "../../src/sockets/constants.ts";
import { setOption } from "../../src/sockets/options/index.ts";
import { info } from "../../src/tcp/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss, option } from "../support/tcp-wire.ts";
import { ip } from "../support/wire.ts";

leaveNothingBehind();

/** Runs until something has happened; fails when nothing ever would. */
function toNextTimer(peer: SegmentPeer): void {
  const deadline = peer.clock.nextDeadline();
  if (deadline === NEVER) throw new Error("no timer runs");
  peer.advance(deadline / 1000 - peer.now);
}

/** Runs until the connection is CLOSED; returns when that was (ms from now) and how many segments were sent. */
function untilClosed(peer: SegmentPeer): { after: number; segments: number } {
  const start = peer.now;
  let segments = 0;
  while (peer.state !== "CLOSED" && peer.now < start + 40 * 24 * 3600 * 1000) {
    toNextTimer(peer);
    segments += peer.take().length;
  }
  return { after: peer.now - start, segments };
}

function connected(delay = 100): SegmentPeer {
  const peer = new SegmentPeer();
  peer.connect({ delay });
  return peer;
}

describe("connections that nobody answers, RFC 9293 §3.8.3", () => {
  it("MUST-20, SHLD-10: at R1, the third retransmission, IP hears that the route is suspect; past R2 it ends", () => {
    const peer = connected();
    const suspect = vi.spyOn(peer.host.ipv4, "suspectRoute");
    peer.write("x");
    peer.advance(300 + 600);
    expect(peer.take().length).toBe(3);
    expect(suspect).not.toHaveBeenCalled();
    peer.advance(1200);
    expect(suspect.mock.calls).toEqual([[ip("10.0.0.2")]]);
    peer.take();
    untilClosed(peer);
    expect(suspect).toHaveBeenCalledTimes(1);
    expect(peer.socket.readiness & POLLERR).toBe(POLLERR);
    expect(peer.read()).toBe(-ETIMEDOUT);
  });

  it("SHLD-11: R2 is at least 100 s: fifteen retransmissions", () => {
    const peer = connected(1);
    peer.write("x");
    peer.take();
    const { after, segments } = untilClosed(peer);
    expect(segments).toBe(15);
    expect(after).toBeGreaterThanOrEqual(100_000);
  });

  it("SHLD-9: between R1 and R2 the application can see that there is a delay", () => {
    const peer = connected();
    peer.write("x");
    peer.advance(300 + 600 + 1200);
    expect(info(peer.tcb!).retransmits).toBe(3);
    peer.take();
    peer.inject({});
    expect(info(peer.tcb!).retransmits).toBe(0);
  });

  it("RFC6298-5.3-1: an acknowledgment of new data starts the count anew", () => {
    const peer = connected();
    for (let round = 0; round < 20; round++) {
      peer.write("x");
      peer.advance(peer.tcb!.rto.rto / 1000);
      expect(peer.tcb!.retransmissions).toBe(1);
      peer.take();
      peer.inject({});
      expect(peer.tcb!.retransmissions).toBe(0);
    }
    expect(peer.state).toBe("ESTABLISHED");
  });

  it("MUST-22, MUST-23: connect to a black hole backs off, takes at least three minutes, and ends with ETIMEDOUT", () => {
    const peer = new SegmentPeer();
    const suspect = vi.spyOn(peer.host.ipv4, "suspectRoute");
    peer.open();
    const times: number[] = [];
    let lived = 0;
    for (let second = 0; second < 600; second++) {
      peer.advance(1000);
      if (peer.state === "SYN-SENT") lived = peer.now;
      times.push(...peer.take().map(({ at }) => at / 1000));
    }
    expect(times).toEqual([1, 3, 7, 15, 31, 63, 127]);
    expect(suspect).toHaveBeenCalledTimes(1);
    expect(peer.state).toBe("CLOSED");
    expect(lived).toBeGreaterThanOrEqual(180_000);
    expect(peer.socket.takeError()).toBe(ETIMEDOUT);
  });

  it("MUST-22: an embryonic connection ends after its own R2, and its listener never hears of it", () => {
    const peer = new SegmentPeer();
    peer.syn();
    const { segments } = untilClosed(peer);
    expect(segments).toBe(5);
    expect(peer.listener!.readiness).toBe(0);
    expect(peer.listener!.takeError()).toBe(0);
  });

  it("an orphaned connection ends by itself, too", () => {
    const peer = connected();
    peer.write("x");
    peer.close();
    untilClosed(peer);
    expect(peer.state).toBe("CLOSED");
    expect(peer.host.leaks()).toEqual([]);
  });
});

describe("TCP_USER_TIMEOUT, RFC 5482 §3 and RFC 9293 §3.8.3", () => {
  function limited(millis: number): SegmentPeer {
    const peer = connected();
    expect(setOption(peer.socket, IPPROTO_TCP, TCP_USER_TIMEOUT, millis)).toBe(0);
    return peer;
  }

  it("MUST-21: moves the end forward: data unanswered for that long ends the connection", () => {
    const peer = limited(5000);
    peer.write("x");
    peer.take();
    expect(untilClosed(peer).after).toBe(5000);
    expect(peer.read()).toBe(-ETIMEDOUT);
  });

  it("MUST-21: moves it back: R2 does not count then, were it a day", () => {
    const day = 24 * 3600 * 1000;
    const peer = limited(day);
    peer.write("x");
    peer.take();
    expect(untilClosed(peer).after).toBe(day);
    expect(peer.read()).toBe(-ETIMEDOUT);
  });

  it("MUST-21: shorter than the RTO it ends the connection before any retransmission", () => {
    const peer = limited(100);
    peer.write("x");
    peer.expect("PA");
    expect(untilClosed(peer)).toEqual({ after: 100, segments: 0 });
  });

  it("RFC5482-3-1: the peer's User Timeout option is skipped: it changes nothing", () => {
    const peer = new SegmentPeer();
    peer.connect({ options: [mss(1460), option(28, 0x00, 0x01)], delay: 100 }); // one second
    peer.write("x");
    peer.advance(60_000);
    expect(peer.state).toBe("ESTABLISHED");
    for (const segment of peer.take()) expect(segment.options.kinds).not.toContain(28);
  });

  it("MUST-21: progress starts it anew", () => {
    const peer = limited(1000);
    for (let round = 0; round < 5; round++) {
      peer.write("x");
      peer.advance(900);
      peer.take();
      peer.inject({});
    }
    expect(peer.state).toBe("ESTABLISHED");
  });

  it("MUST-21: bounds a connect, and leaves other connections alone", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    setOption(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, 2500);
    peer.open(socket);
    const other = peer.another();
    other.open();
    expect(untilClosed(peer).after).toBe(2500);
    expect(socket.takeError()).toBe(ETIMEDOUT);
    expect(other.state).toBe("SYN-SENT");
  });

  it("an orphaned connection is bounded by R2 whatever the user had set", () => {
    const peer = limited(7 * 24 * 3600 * 1000);
    peer.write("x");
    peer.close();
    expect(untilClosed(peer).after).toBeLessThan(3600 * 1000);
  });
});

describe("what is reported at the end", () => {
  it("SHLD-25: after R2 the soft error that ICMP had told is the one that is reported", () => {
    const peer = connected();
    peer.write("x");
    const { seq } = peer.take()[0]!;
    expect(seq).toBe(1);
    peer.tcb!.softError = EHOSTUNREACH;
    untilClosed(peer);
    expect(peer.read()).toBe(-EHOSTUNREACH);
  });

  it("a refused connect is told apart from one that nobody answers", () => {
    const peer = new SegmentPeer();
    peer.open();
    peer.inject({ flags: "RA", seq: 0, ack: 1 });
    expect(peer.socket.takeError()).toBe(ECONNREFUSED);
  });
});
