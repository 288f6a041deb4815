import { describe, expect, it } from "vitest";
import { ETIMEDOUT } from "../../src/base/errno.ts";
import { NEVER } from "../../src/base/timer.ts";
import { IPPROTO_TCP, MSG_MORE, TCP_USER_TIMEOUT } from "../../src/sockets/constants.ts";
import { setOption } from "../../src/sockets/options/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

const DAY = 24 * 3600 * 1000;

/** A connection (RTO 300 ms) whose peer has taken "hello" and shut its window; "world" waits. */
function shut(): SegmentPeer {
  const peer = new SegmentPeer();
  peer.connect({ delay: 100 });
  peer.write("hello");
  peer.expect("PA");
  peer.advance(100);
  peer.inject({ window: 0 });
  peer.window = 0;
  peer.write("world");
  peer.expectNothing();
  return peer;
}

/** Runs until something has happened; fails when nothing ever would. */
function toNextTimer(peer: SegmentPeer): void {
  const deadline = peer.clock.nextDeadline();
  if (deadline === NEVER) throw new Error("no timer runs");
  peer.advance(deadline / 1000 - peer.now);
}

/** Times of the next `count` segments, ms from now; every one is answered by `answer`. */
function probes(peer: SegmentPeer, count: number, answer: () => void): number[] {
  const start = peer.now;
  const times: number[] = [];
  for (let event = 0; times.length < count && event < 10 * count; event++) {
    toNextTimer(peer);
    for (const { at } of peer.take()) {
      times.push(at - start);
      answer();
    }
  }
  expect(times.length).toBe(count);
  return times;
}

describe("a zero window, RFC 9293 §3.8.6.1", () => {
  it("MUST-36: is probed with the next octet, until the window opens; then what waits is sent", () => {
    const peer = shut();
    peer.advance(peer.tcb!.rto.rto / 1000);
    peer.expect("PA", { seq: 6, data: "w" });
    peer.inject({ ack: 6 }); // not taken, still shut
    peer.advance(600);
    peer.expect("PA", { seq: 6, data: "w" });
    peer.inject({ ack: 6, window: 1000 });
    peer.expect("PA", { seq: 6, data: "world" });
    peer.inject({});
    expect(peer.tcb!.persistTimer.armed).toBe(false);
    peer.advance(10_000);
    peer.expectNothing();
  });

  it("MUST-36: probes go on when the segment that opened the window was lost", () => {
    const peer = shut();
    const times = probes(peer, 5, () => {});
    expect(times.length).toBe(5);
    peer.inject({ ack: 6, window: 1000 });
    peer.expect("PA", { seq: 6, data: "world" });
  });

  it("an octet that a probe has brought, and that was taken, is not sent again", () => {
    const peer = shut();
    probes(peer, 1, () => peer.inject({ ack: 7 }));
    expect(probes(peer, 1, () => {}).length).toBe(1);
    peer.inject({ ack: 8, window: 1000 }); // "w" and "o" are there
    peer.expect("PA", { seq: 8, data: "rld" });
  });

  it("SHLD-29, SHLD-30: the first probe after one RTO, then at doubling intervals up to the bound", () => {
    const peer = shut();
    const rto = peer.tcb!.rto.rto / 1000;
    const times = probes(peer, 12, () => peer.inject({ ack: 6 }));
    const gaps = times.map((at, index) => at - (times[index - 1] ?? 0));
    const doubling = Array.from({ length: 12 }, (_, index) => Math.min(rto * 2 ** index, 120_000));
    expect(gaps).toEqual(doubling);
  });

  it("SHLD-29: the window that shuts while a small segment is held back is not probed earlier either", () => {
    const peer = new SegmentPeer();
    peer.connect({ delay: 900 });
    expect(peer.tcb!.rto.rto).toBe(2_700_000);
    peer.write("held", MSG_MORE);
    peer.advance(100);
    peer.inject({ window: 0 });
    peer.advance(2699);
    peer.expectNothing();
    peer.advance(1);
    peer.expect("PA", { data: "h" });
  });

  it("MUST-37: stays open as long as probes are answered: seven days", () => {
    const peer = shut();
    probes(peer, (7 * DAY) / 120_000, () => peer.inject({ ack: 6 }));
    expect(peer.state).toBe("ESTABLISHED");
    peer.inject({ ack: 6, window: 10 });
    peer.expect("PA", { data: "world" });
  });

  it("MUST-37: ends when nobody answers any more, after as many probes as R2 has retransmissions", () => {
    const peer = shut();
    peer.advance(DAY);
    expect(peer.take().length).toBe(15);
    expect(peer.state).toBe("CLOSED");
    expect(peer.read()).toBe(-ETIMEDOUT);
  });

  it("TCP_USER_TIMEOUT bounds unanswered probes, and answered ones not", () => {
    const peer = shut();
    setOption(peer.socket, IPPROTO_TCP, TCP_USER_TIMEOUT, 10_000);
    probes(peer, 12, () => peer.inject({ ack: 6 }));
    expect(peer.state).toBe("ESTABLISHED");
    const [first] = probes(peer, 1, () => {});
    const unanswered = peer.now;
    expect(first).toBeGreaterThan(0);
    peer.advance(9999);
    expect(peer.state).toBe("ESTABLISHED");
    peer.advance(1);
    expect([peer.state, peer.now - unanswered]).toEqual(["CLOSED", 10_000]);
  });

  it("a FIN alone is carried by a probe, and counts when it is acknowledged", () => {
    const peer = new SegmentPeer();
    peer.connect({ delay: 100, window: 0 });
    peer.shutdown(1);
    expect(peer.state).toBe("FIN-WAIT-1");
    peer.advance(300);
    peer.expect("FA", { seq: 1 });
    peer.inject({ ack: 2 });
    expect(peer.state).toBe("FIN-WAIT-2");
    peer.advance(DAY);
    peer.expectNothing();
  });

  it("probes that bring the last octet are the last, and none of them bears a FIN that nobody has asked for", () => {
    const peer = shut();
    let taken = 6;
    const seen: string[] = [];
    for (let event = 0; taken < 11 && event < 20; event++) {
      toNextTimer(peer);
      for (const { text, flags } of peer.take()) {
        seen.push(`${flags} ${text}`);
        peer.inject({ ack: ++taken });
      }
    }
    expect(seen).toEqual(["PA w", "PA o", "PA r", "PA l", "PA d"]);
    peer.advance(DAY);
    peer.expectNothing();
    expect(peer.state).toBe("ESTABLISHED");
  });

  it("what an answer brings is received as ever, window zero or not", () => {
    const peer = shut();
    peer.advance(1000);
    peer.take();
    peer.inject({ ack: 6, data: "news" });
    expect(peer.read()).toBe("news");
  });

  it("while a probe is out, ACKs bear a sequence number that the peer takes: it counts from the window's edge", () => {
    const peer = shut();
    peer.advance(1000);
    peer.take();
    expect(peer.tcb!.probing).toBe(true);
    peer.inject({ ack: 6, flags: "PA", data: "news" });
    peer.advance(40);
    peer.expect("A", { seq: 6, ack: 5 });
  });

  it("and so does a reset", () => {
    const peer = shut();
    peer.advance(1000);
    peer.take();
    peer.socket.settings.abortOnClose = true;
    peer.close();
    peer.expect("RA", { seq: 6 });
  });

  it("a peer that keeps its window shut cannot hold for ever what the user has let go (CVE-2009-1926)", () => {
    const peer = shut();
    peer.close();
    const start = peer.now;
    while (peer.state !== "CLOSED" && peer.now < start + DAY) {
      toNextTimer(peer);
      for (const _ of peer.take()) if (peer.state !== "CLOSED") peer.inject({ ack: 6 });
    }
    expect(peer.state).toBe("CLOSED");
    expect(peer.host.leaks()).toEqual([]);
  });
});

describe("a window that shrinks, RFC 9293 §3.8.6", () => {
  /** Four segments in flight, then the window is cut to `window` bytes beyond the first of them. */
  function shrunk(window: number): SegmentPeer {
    const peer = new SegmentPeer();
    peer.connect({ delay: 100 });
    peer.write(pattern(5 * 1460));
    expect(peer.take().length).toBe(5);
    peer.inject({ ack: 1461, window });
    peer.window = window;
    return peer;
  }

  it("MUST-34, SHLD-15: to one byte with data in flight: no error, nothing new, and in the end it arrives", () => {
    const peer = shrunk(1);
    peer.write(pattern(3000));
    peer.expectNothing();
    peer.inject({ ack: 7301, window: 65_535 });
    const sent = peer.take();
    expect(sent.map(({ seq, length }) => [seq, length])).toEqual(
      [
        [7301, 1460],
        [8761, 1460],
        [10_221, 80],
      ].slice(0, sent.length),
    );
    expect(sent.length).toBeGreaterThan(0);
    expect(peer.state).toBe("ESTABLISHED");
  });

  it("SHLD-16: what is sent again ends at the new edge", () => {
    const peer = shrunk(500);
    peer.advance(10_000);
    const again = peer.take();
    expect(again.length).toBeGreaterThan(2);
    for (const { seq, length } of again) expect([seq, length]).toEqual([1461, 500]);
    peer.inject({ ack: 1961, window: 500 });
    peer.advance(120_000);
    expect(peer.take()[0]).toMatchObject({ seq: 1961, length: 500 });
    peer.inject({ ack: 2461, window: 65_535 });
    peer.advance(240_000);
    let reached = 2461;
    for (let round = 0; round < 30 && reached < 7301; round++) {
      for (const { seq, length } of peer.take())
        if (seq <= reached) reached = Math.max(reached, seq + length);
      peer.inject({ ack: reached, window: 65_535 });
      peer.advance(120_000);
    }
    expect(reached).toBe(7301);
  });

  it("SHLD-17: shrunk to zero it stays open as long as probes are answered, TCP_USER_TIMEOUT or not", () => {
    const peer = shrunk(0);
    setOption(peer.socket, IPPROTO_TCP, TCP_USER_TIMEOUT, 10_000);
    probes(peer, 30, () => peer.inject({ ack: 1461 }));
    expect(peer.state).toBe("ESTABLISHED");
    expect(peer.counters.timeouts).toBe(0); // a shut window is no congestion
  });

  it("open again, what was dropped in front of it is sent after one RTO, however far the probes had backed off", () => {
    const peer = shrunk(0);
    const rto = peer.tcb!.rto.rto / 1000;
    probes(peer, 9, () => peer.inject({ ack: 1461 }));
    peer.inject({ ack: 1461, window: 65_535 });
    peer.take();
    peer.advance(rto);
    expect(peer.take()[0]).toMatchObject({ seq: 1461, length: 1460 });
  });

  it("MUST-35: to zero it is probed like any zero window", () => {
    const peer = shrunk(0);
    peer.advance(1000);
    const probe = peer.take()[0]!;
    expect([probe.seq, probe.length]).toEqual([1461, 1]);
    peer.inject({ ack: 1461, window: 65_535 });
    peer.advance(120_000);
    expect(peer.take()[0]).toMatchObject({ seq: 1461, length: 1460 });
  });

  it("SHLD-17: and never times out while probes are answered: a day", () => {
    const peer = shrunk(0);
    probes(peer, DAY / 120_000, () => peer.inject({ ack: 1461 }));
    expect(peer.state).toBe("ESTABLISHED");
    expect(peer.tcb!.congestion!.cwnd).toBeGreaterThanOrEqual(14_600); // the path is not congested
  });
});
