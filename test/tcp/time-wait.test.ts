import { describe, expect, it } from "vitest";
import { leaveNothingBehind, SegmentPeer, type SegmentPeerOptions } from "../support/segment-peer.ts";
import { inState } from "../support/tcp-states.ts";
import { mss, timestamps } from "../support/tcp-wire.ts";

leaveNothingBehind();

/** A connection that the stack's listener took, and that the stack closed first: TIME-WAIT, the listener still there. */
function servedAndClosed(
  options: SegmentPeerOptions & { withTimestamps?: boolean } = {},
): SegmentPeer & { recent: number } {
  const { withTimestamps, ...rest } = options;
  const peer = new SegmentPeer(rest);
  peer.accept({ options: withTimestamps ? [mss(1460), timestamps(0)] : [mss(1460)] });
  peer.close();
  peer.expect("FA");
  peer.inject({ flags: "A", ack: 2 });
  peer.inject({ flags: "FA", ack: 2 });
  peer.expect("A", { seq: 2, ack: 2 });
  expect(peer.state).toBe("TIME-WAIT");
  return Object.assign(peer, { recent: peer.timestampOffset + Math.floor(peer.now) });
}

describe("RFC 9293 §3.6.1: TIME-WAIT", () => {
  it("MUST-13, RFC9293-3.10.8-3: the active closer stays for 2 MSL, and then is gone", () => {
    for (const [state, millis] of [
      ["FIN-WAIT-2", 60_000],
      ["FIN-WAIT-1", 60_000],
      ["CLOSING", 60_000],
    ] as const) {
      const peer = inState(state);
      if (state === "CLOSING") peer.inject({ flags: "A", ack: 2 });
      else peer.inject({ flags: "FA", ack: 2 });
      peer.take();
      peer.advance(millis - 1);
      expect(peer.state).toBe("TIME-WAIT");
      expect(peer.host.netstat().sockets[0]?.state).toBe("TIME-WAIT");
      peer.advance(1);
      expect(peer.state).toBe("CLOSED");
      expect(peer.clock.timers.armedCount).toBe(0);
    }
  });

  it("MUST-13: the MSL is configurable", () => {
    const peer = inState("TIME-WAIT", { tcp: { maxSegmentLifetimeMillis: 120_000 } });
    peer.advance(239_999);
    expect(peer.state).toBe("TIME-WAIT");
    peer.advance(1);
    expect(peer.state).toBe("CLOSED");
  });

  it("the passive closer does not linger", () => {
    const peer = inState("LAST-ACK");
    peer.inject({ flags: "A", ack: 2 });
    expect(peer.state).toBe("CLOSED");
  });

  it("RFC9293-3.10.7.4-9: TestTCPTimeWaitDuplicateFINExtendsTimeWait: a FIN again is acknowledged and restarts the 2 MSL", () => {
    const peer = inState("TIME-WAIT");
    peer.advance(50_000);
    peer.inject({ flags: "FA", seq: 1, ack: 2 });
    peer.expect("A", { seq: 2, ack: 2 });
    peer.advance(59_999);
    expect(peer.state).toBe("TIME-WAIT");
    peer.advance(1);
    expect(peer.state).toBe("CLOSED");
  });

  it("TestTCPTimeWaitOutOfOrder: other segments are answered with an ACK and restart nothing", () => {
    const peer = inState("TIME-WAIT");
    peer.advance(50_000);
    peer.inject({ flags: "PA", seq: -200, ack: 2, data: "old" });
    peer.expect("A", { seq: 2, ack: 2 });
    peer.inject({ flags: "PA", seq: 100_000, ack: 2, data: "new" });
    peer.expect("A", { seq: 2, ack: 2 });
    peer.inject({ flags: "A", seq: 2, ack: 2 });
    peer.expectNothing();
    peer.advance(10_000);
    expect(peer.state).toBe("CLOSED");
  });
});

describe("RFC 9293 §3.6.1 and RFC 6191: a new connection out of TIME-WAIT", () => {
  it("MAY-2: a SYN beyond what was used opens a new connection, whose ISN is beyond the old one's", () => {
    for (const beyond of [0, 1, 1000, 2 ** 30]) {
      const peer = servedAndClosed();
      const oldIss = peer.stackIss;
      peer.inject({ flags: "S", seq: 2 + beyond });
      const synAck = peer.expect("SA", { ack: 3 + beyond });
      expect((synAck.rawSeq - (oldIss + 2)) | 0).toBeGreaterThan(0);
      expect(peer.state).toBe("SYN-RECEIVED");
      peer.inject({ flags: "A", seq: 3 + beyond, ack: 1 });
      expect(peer.state).toBe("ESTABLISHED");
      expect(typeof peer.listener?.accept()).toBe("object");
      expect(peer.clock.timers.armedCount).toBe(0);
    }
  });

  it("MAY-2: an old duplicate SYN is answered with an ACK, and TIME-WAIT stays", () => {
    for (const before of [1, 2, 1000, 2 ** 30]) {
      const peer = servedAndClosed();
      peer.inject({ flags: "S", seq: 2 - before });
      peer.expect("A", { seq: 2, ack: 2 });
      expect(peer.state).toBe("TIME-WAIT");
    }
  });

  it("MAY-2: only a plain SYN does it, and only where somebody listens", () => {
    for (const flags of ["SA", "SR", "SRA"]) {
      const peer = servedAndClosed();
      peer.inject({ flags, seq: 100, ack: 2 });
      expect(peer.state).toBe("TIME-WAIT");
    }
    const peer = inState("TIME-WAIT"); // the stack was the client
    peer.inject({ flags: "S", seq: 100 });
    peer.expect("A", { seq: 2, ack: 2 });
    expect(peer.state).toBe("TIME-WAIT");
  });

  // RFC 6191 §2, its cases one by one: whether the SYN opens a new connection.
  const cases: [
    id: string,
    what: string,
    old: boolean,
    tsval: number | undefined,
    seq: number,
    opens: boolean,
  ][] = [
    ["RFC6191-2-1", "timestamps before; a later TSval, a greater sequence number", true, 1, 100, true],
    ["RFC6191-2-1", "timestamps before; a later TSval, a smaller sequence number", true, 1, -100, true],
    ["RFC6191-2-1", "timestamps before; the same TSval, a greater sequence number", true, 0, 100, true],
    ["RFC6191-2-2", "timestamps before; the same TSval, a smaller sequence number", true, 0, -100, false],
    ["RFC6191-2-2", "timestamps before; an earlier TSval, a greater sequence number", true, -1, 100, false],
    ["RFC6191-2-1", "timestamps before; none now, a greater sequence number", true, undefined, 100, true],
    ["RFC6191-2-2", "timestamps before; none now, a smaller sequence number", true, undefined, -100, false],
    ["RFC6191-2-1", "no timestamps before; some now, a smaller sequence number", false, 1, -100, true],
    ["RFC6191-2-1", "no timestamps before, none now, a greater sequence number", false, undefined, 100, true],
    [
      "RFC6191-2-2",
      "no timestamps before, none now, a smaller sequence number",
      false,
      undefined,
      -100,
      false,
    ],
  ];
  for (const [id, what, old, tsval, seq, opens] of cases) {
    it(`SHLD-4, ${id}: ${what}: ${opens ? "a new connection" : "an ACK"}`, () => {
      const peer = servedAndClosed({ withTimestamps: old });
      const options = tsval === undefined ? [mss(1460)] : [mss(1460), timestamps(peer.recent + tsval)];
      peer.inject({ flags: "S", seq: 2 + seq, options });
      if (opens) peer.expect("SA", { ack: 3 + seq });
      else peer.expect("A");
      expect(peer.state).toBe(opens ? "SYN-RECEIVED" : "TIME-WAIT");
    });
  }

  it("SHLD-4, RFC6191-2-2: timestamps that this stack would not use do not help an old SYN", () => {
    const peer = servedAndClosed({ tcp: { timestamps: false } });
    peer.inject({ flags: "S", seq: -100, options: [mss(1460), timestamps(7)] });
    peer.expect("A", { ack: 2 });
    expect(peer.state).toBe("TIME-WAIT");
  });
});
