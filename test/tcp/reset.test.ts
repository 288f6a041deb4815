import { describe, expect, it } from "vitest";
import { closePeers, leaveNothingBehind, type SegmentPeer } from "../support/segment-peer.ts";
import { inState, SYNCHRONIZED_STATES, USER_STATES } from "../support/tcp-states.ts";

leaveNothingBehind();

const EPIPE = 32;
const ECONNRESET = 104;
/** What the stack offers after the handshake without scaling. */
const WINDOW = 65_535;

const BUFFER = 10_000;

/** ESTABLISHED with a window of zero: the buffer is full of what nobody reads, up to BUFFER. */
function withFullWindow(): SegmentPeer {
  const peer = inState("ESTABLISHED", {
    tcp: { receiveBufferBytes: BUFFER, maxReceiveBufferBytes: BUFFER },
  });
  for (let seq = 1; seq < BUFFER; seq += 1000) {
    peer.inject({ flags: "A", seq, data: new Uint8Array(1000) });
  }
  peer.advance(100);
  expect(peer.take().at(-1)).toMatchObject({ ack: 1 + BUFFER, window: 0 });
  return peer;
}

describe("RFC 5961 §3: RST", () => {
  it("RFC5961-3.2-1, MUST-12: a RST at RCV.NXT resets in every state, and the user is told", () => {
    for (const state of SYNCHRONIZED_STATES) {
      const peer = inState(state);
      const peerHasClosed = ["CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"].includes(state);
      peer.inject({ flags: "R" });
      peer.expectNothing();
      expect(peer.state, state).toBe("CLOSED");
      expect(peer.clock.timers.armedCount).toBe(0);
      if (!peerHasClosed) expect(peer.read()).toBe(-ECONNRESET);
      if (state === "CLOSE-WAIT") {
        expect(peer.read()).toBe(0); // the end of the stream came first
        expect(peer.socket.takeError()).toBe(EPIPE);
      }
    }
  });

  it("RFC5961-3.2-2: a RST elsewhere in the window is challenged and dropped", () => {
    for (const state of SYNCHRONIZED_STATES) {
      const peer = inState(state);
      const edge = peer.seq;
      for (const offset of [1, 2, 1000, WINDOW - 2]) {
        peer.inject({ flags: "R", seq: edge + offset });
        peer.expect("A", { ack: edge });
        expect(peer.state).toBe(state);
      }
      expect(peer.counters.challengeAcks).toBe(4);
    }
  });

  it("RFC5961-3.2-3: a RST outside of the window is dropped in silence", () => {
    for (const state of SYNCHRONIZED_STATES) {
      const peer = inState(state);
      for (const offset of [-1, -2, -1000, -70_000, WINDOW + 1, 100_000, 2 ** 31 - 1, -(2 ** 31)]) {
        peer.inject({ flags: "R", seq: peer.seq + offset });
        peer.inject({ flags: "RA", seq: peer.seq + offset });
      }
      peer.expectNothing();
      expect(peer.state).toBe(state);
    }
  });

  it("MUST-12: what came before the reset can be read, then ECONNRESET, not the end of the stream", () => {
    for (const state of ["ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"] as const) {
      const peer = inState(state);
      peer.inject({ flags: "PA", data: "last words" });
      peer.take();
      peer.inject({ flags: "R" });
      expect(peer.read()).toBe("last words");
      expect(peer.read()).toBe(-ECONNRESET);
      expect(peer.read()).toBe(0); // told once
    }
    const writer = inState("ESTABLISHED");
    writer.inject({ flags: "R" });
    expect(writer.write("x")).toBe(-ECONNRESET);
    expect(writer.write("x")).toBe(-32);
  });

  it("MUST-12, RFC9293-3.10.3-1: an orderly close ends the stream with 0 and no error", () => {
    const peer = inState("ESTABLISHED");
    peer.inject({ flags: "PFA", data: "bye" });
    expect([peer.read(), peer.read(), peer.read()]).toEqual(["bye", 0, 0]);
    expect(peer.socket.takeError()).toBe(0);
  });

  it("SHLD-2: a RST may carry data", () => {
    for (const state of USER_STATES) {
      const peer = inState(state);
      peer.inject({ flags: "R", data: "why: because" });
      expect(peer.state).toBe("CLOSED");
      expect(peer.socket.takeError()).toBe(state === "CLOSE-WAIT" ? EPIPE : ECONNRESET);
      peer.expectNothing();
    }
  });

  it("SHLD-2: also in SYN-SENT", () => {
    const peer = inState("SYN-SENT");
    peer.inject({ flags: "RA", ack: 1, data: "no service" });
    expect(peer.socket.takeError()).toBe(111);
  });

  it("MUST-66: with a window of zero RST and URG are still processed, and an ACK is", () => {
    const peer = withFullWindow();
    const edge = 1 + BUFFER;
    peer.write("still sending");
    peer.take();
    peer.inject({ flags: "UA", seq: edge, ack: 14, urgentPointer: 5 });
    expect(peer.socket.tcb.sendQueue).toBe(0);
    expect(peer.socket.tcb.rcv.urgent).toBe(true);
    expect(peer.socket.tcb.rcv.up).toBe((peer.iss + edge + 5) | 0);
    peer.inject({ flags: "R", seq: edge });
    expect(peer.state).toBe("CLOSED");
    expect(peer.read()).toHaveLength(BUFFER);
    expect(peer.read()).toBe(-ECONNRESET);
  });

  it("MUST-66: with a window of zero text is not taken, and is answered with an ACK; a RST elsewhere is dropped", () => {
    const peer = withFullWindow();
    const edge = 1 + BUFFER;
    peer.inject({ flags: "A", seq: edge, data: "x" });
    peer.expect("A", { ack: edge, window: 0 });
    peer.inject({ flags: "A", seq: edge + 1, data: "x" });
    peer.expect("A", { ack: edge, window: 0 });
    peer.inject({ flags: "R", seq: edge + 1 }, { flags: "R", seq: edge - 1 });
    peer.expectNothing();
    expect(peer.state).toBe("ESTABLISHED");
  });
});

describe("RFC 5961 §4: SYN in a synchronized state", () => {
  it("RFC5961-4.2-1: it is challenged whatever its sequence number", () => {
    for (const state of SYNCHRONIZED_STATES) {
      // in TIME-WAIT one beyond the old connection may open a new one: see time-wait.test.ts
      const offsets = state === "TIME-WAIT" ? [-1, -1000] : [-1000, -1, 0, 1, 1000, 100_000, 2 ** 30];
      for (const flags of ["S", "SA", "SF", "SPUA"]) {
        const peer = inState(state);
        const edge = peer.seq;
        for (const offset of offsets) {
          peer.inject({ flags, seq: edge + offset });
          peer.expect("A", { ack: edge });
          expect(peer.state).toBe(state);
        }
        peer.expectNothing();
      }
      closePeers();
    }
  });
});

describe("RFC 5961 §5: the range of ACKs", () => {
  it("RFC5961-5.2-1, MAY-12: SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.NXT, else an ACK, and the segment is dropped", () => {
    for (const state of ["ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"] as const) {
      for (const ack of [3, 1000, 70_000, 2 ** 30, 2 ** 31 - 5, -WINDOW - 10, -(2 ** 30)]) {
        const peer = inState(state);
        peer.inject({ flags: "PA", ack, data: "forged" });
        peer.expect("A", { ack: 1 });
        expect(peer.socket.readable).toBe(0);
        expect(peer.counters.droppedBadAck).toBe(1);
        expect(peer.state).toBe(state);
      }
      closePeers();
    }
  });

  it("RFC5961-5.2-1: text with an old ACK inside of the range is taken", () => {
    for (const ack of [1, 0, -1000, -WINDOW + 1]) {
      const peer = inState("ESTABLISHED");
      peer.inject({ flags: "PA", ack, data: "late" });
      expect(peer.read()).toBe("late");
      expect(peer.counters.challengeAcks).toBe(0);
    }
  });

  it("RFC5961-5.2-1, RFC9293-3.10.7.4-5: an ACK of more than was sent acknowledges nothing", () => {
    const peer = inState("ESTABLISHED");
    peer.write("abc");
    peer.take();
    peer.inject({ flags: "A", ack: 5 });
    peer.expect("A", { seq: 4 });
    expect(peer.socket.tcb.sendQueue).toBe(3);
    peer.inject({ flags: "A", ack: 4 });
    peer.expectNothing();
    expect(peer.socket.tcb.sendQueue).toBe(0);
  });
});

describe("RFC 5961 §7: challenge ACKs are throttled", () => {
  it("RFC5961-7-1: a flood of RSTs, SYNs or bad ACKs gets ten answers a second", () => {
    for (const forged of [
      { flags: "R", seq: 100 },
      { flags: "S", seq: 100 },
      { flags: "S", seq: 500_000 },
      { flags: "SA", seq: -5 },
      { flags: "A", ack: 1_000_000 },
    ]) {
      const peer = inState("ESTABLISHED", { tcp: { challengeAcksPerSecond: 10 } });
      for (let second = 0; second < 3; second++) {
        for (let count = 0; count < 100; count++) peer.inject(forged);
        expect(peer.take(), JSON.stringify(forged)).toHaveLength(10);
        peer.advance(1000);
        expect(peer.take()).toEqual([]);
      }
      expect(peer.state).toBe("ESTABLISHED");
    }
  });

  it("RFC5961-7-2, CVE-2016-5696: the budget of one connection tells nothing of another's", () => {
    const peer = inState("ESTABLISHED");
    const other = peer.another();
    other.connect();
    for (let count = 0; count < 100; count++) other.inject({ flags: "R", seq: 100 });
    expect(other.take()).toHaveLength(10);
    for (let count = 0; count < 10; count++) {
      peer.inject({ flags: "R", seq: 100 });
      peer.expect("A", { ack: 1 });
    }
  });
});

describe("RFC 9293 §3.10.7.4, first: segments outside of the window", () => {
  it("RFC9293-3.10.7.4-1: TestTCPOutsideTheWindow: they are answered with an ACK of RCV.NXT in every state", () => {
    for (const state of SYNCHRONIZED_STATES) {
      for (const flags of ["A", "PA", "FA", "UA", "", "F"]) {
        const peer = inState(state);
        const edge = peer.seq;
        for (const offset of [-1000, WINDOW + 1, 500_000, 2 ** 30]) {
          peer.inject({ flags, seq: edge + offset, data: "outside", urgentPointer: 3 });
          peer.expect("A", { ack: edge, data: "" });
          peer.expectNothing();
        }
        expect(peer.state).toBe(state);
        expect(peer.socket.readable).toBe(0);
      }
      closePeers();
    }
  });

  it("RFC9293-3.10.7.4-3: fifth: a segment without ACK is dropped in every state", () => {
    for (const state of SYNCHRONIZED_STATES) {
      const peer = inState(state);
      for (const flags of ["", "P", "F", "U", "FPU"]) {
        peer.inject({ flags, seq: peer.seq, data: "no ACK" });
        peer.seq -= 6 + (flags.includes("F") ? 1 : 0);
      }
      peer.expectNothing();
      expect(peer.socket.readable).toBe(0);
      expect(peer.state).toBe(state);
    }
  });
});
