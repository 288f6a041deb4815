import { describe, expect, it } from "vitest";
import { SHUT_RDWR, SHUT_WR } from "../../src/index.ts";
import { abort } from "../../src/tcp/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { inState } from "../support/tcp-states.ts";
import { mss } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

const EPIPE = 32;

describe("RFC 9293 §3.3.2, figure 5: every transition", () => {
  /** The changes of state that the trace of `peer` shows, first to last. */
  function transitions(peer: SegmentPeer): string[] {
    return peer.trace
      .split("\n")
      .filter((line) => line.includes("->") && !line.includes("LISTEN"))
      .map((line) => line.replace(/^.*stack:\d+ /, ""));
  }

  it("RFC9293-3.6-2: CLOSED, SYN-SENT, ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT, CLOSED (figure 12)", () => {
    const peer = new SegmentPeer();
    peer.connect();
    peer.close();
    peer.expect("FA", { seq: 1, ack: 1 });
    peer.inject({ flags: "A", ack: 2 });
    peer.inject({ flags: "FA", ack: 2 });
    peer.expect("A", { seq: 2, ack: 2 });
    peer.advance(60_000);
    expect(transitions(peer)).toEqual([
      "CLOSED -> SYN-SENT",
      "SYN-SENT -> ESTABLISHED",
      "ESTABLISHED -> FIN-WAIT-1",
      "FIN-WAIT-1 -> FIN-WAIT-2",
      "FIN-WAIT-2 -> TIME-WAIT",
      "TIME-WAIT -> CLOSED",
    ]);
  });

  it("RFC9293-3.6-2, RFC9293-3.10.7.4-12: LISTEN, SYN-RECEIVED, ESTABLISHED, CLOSE-WAIT, LAST-ACK, CLOSED", () => {
    const peer = new SegmentPeer();
    peer.accept();
    peer.inject({ flags: "FA" });
    peer.expect("A", { seq: 1, ack: 2 });
    peer.close();
    peer.expect("FA", { seq: 1, ack: 2 });
    peer.inject({ flags: "A", ack: 2 });
    peer.expectNothing();
    expect(transitions(peer)).toEqual([
      "CLOSED -> SYN-RECEIVED",
      "SYN-RECEIVED -> ESTABLISHED",
      "ESTABLISHED -> CLOSE-WAIT",
      "CLOSE-WAIT -> LAST-ACK",
      "LAST-ACK -> CLOSED",
    ]);
    expect(peer.listener?.stateName).toBe("LISTEN");
  });

  it("RFC9293-3.6-2, RFC9293-3.10.7.4-11: simultaneous close (figure 13): FIN-WAIT-1, CLOSING, TIME-WAIT", () => {
    const peer = new SegmentPeer();
    peer.connect();
    peer.close();
    peer.expect("FA", { seq: 1, ack: 1 });
    peer.inject({ flags: "FA", ack: 1 });
    peer.expect("A", { seq: 2, ack: 2 });
    peer.inject({ flags: "A", ack: 2 });
    peer.expectNothing();
    expect(transitions(peer).slice(2)).toEqual([
      "ESTABLISHED -> FIN-WAIT-1",
      "FIN-WAIT-1 -> CLOSING",
      "CLOSING -> TIME-WAIT",
    ]);
  });

  it("FIN-WAIT-1 to TIME-WAIT when the peer's FIN acknowledges ours", () => {
    const peer = inState("FIN-WAIT-1");
    peer.inject({ flags: "FA", ack: 2 });
    peer.expect("A", { seq: 2, ack: 2 });
    expect(peer.state).toBe("TIME-WAIT");
  });

  it("RFC9293-3.6-2: SYN-SENT to SYN-RECEIVED to ESTABLISHED; SYN-SENT to CLOSED; SYN-RECEIVED to FIN-WAIT-1 and back to LISTEN", () => {
    const crossed = new SegmentPeer();
    crossed.open();
    crossed.inject({ flags: "S" });
    crossed.inject({ flags: "A" });
    expect(transitions(crossed)).toEqual([
      "CLOSED -> SYN-SENT",
      "SYN-SENT -> SYN-RECEIVED",
      "SYN-RECEIVED -> ESTABLISHED",
    ]);
    const given = inState("SYN-SENT");
    given.close();
    expect(transitions(given)).toEqual(["CLOSED -> SYN-SENT", "SYN-SENT -> CLOSED"]);
    const closed = new SegmentPeer();
    closed.open();
    closed.inject({ flags: "S" });
    closed.close();
    expect(transitions(closed).at(-1)).toBe("SYN-RECEIVED -> FIN-WAIT-1");
    const reset = inState("SYN-RECEIVED");
    reset.inject({ flags: "R" });
    expect(reset.listener?.stateName).toBe("LISTEN");
    expect([...reset.tcp.connections()]).toHaveLength(1);
  });
});

describe("RFC 9293 §3.6: closing a connection", () => {
  it("MAY-1: half-close: shutdown sends FIN, and receiving goes on without bound", () => {
    const peer = inState("ESTABLISHED");
    expect(peer.shutdown(SHUT_WR)).toBe(0);
    peer.expect("FA", { seq: 1 });
    peer.inject({ flags: "A", ack: 2 });
    expect(peer.state).toBe("FIN-WAIT-2");
    expect(peer.write("no more")).toBe(-EPIPE);
    for (let day = 0; day < 3; day++) {
      peer.advance(86_400_000);
      peer.inject({ flags: "PA", data: `day ${day}` });
      expect(peer.read()).toBe(`day ${day}`);
    }
    peer.inject({ flags: "FA" });
    expect(peer.read()).toBe(0);
    expect(peer.state).toBe("TIME-WAIT");
  });

  it("RFC9293-3.10.4-1: half-close by the peer: in CLOSE-WAIT sending goes on", () => {
    const peer = inState("CLOSE-WAIT");
    expect(peer.read()).toBe(0);
    peer.write("still here");
    peer.expect("PA", { seq: 1, ack: 2, data: "still here" });
    peer.inject({ flags: "A" });
    peer.advance(600_000);
    peer.write("and here");
    peer.expect("PA", { data: "and here" });
  });

  it("RFC9293-3.6-1: the FIN stands behind all that was sent before; CLOSE does not hurry it past the window", () => {
    const peer = new SegmentPeer();
    peer.connect({ window: 1000, options: [mss(1000)] });
    peer.write(pattern(2500));
    peer.close();
    expect(peer.state).toBe("FIN-WAIT-1");
    peer.expect("A", { seq: 1, length: 1000 });
    peer.expectNothing();
    peer.inject({ flags: "A" });
    peer.expect("A", { seq: 1001, length: 1000 });
    peer.inject({ flags: "A" });
    peer.expect("FPA", { seq: 2001, length: 500 });
    peer.inject({ flags: "A", ack: 2502 });
    expect(peer.state).toBe("FIN-WAIT-2");
  });

  it("TestFinWithPartialAck: an ACK of the text but not of the FIN leaves FIN-WAIT-1, and the FIN comes again", () => {
    const peer = inState("ESTABLISHED");
    peer.write("text");
    peer.shutdown(SHUT_WR);
    const flags = peer.take().map((segment) => segment.flags);
    expect(flags).toEqual(["PA", "FA"]);
    peer.inject({ flags: "A", ack: 5 });
    expect(peer.state).toBe("FIN-WAIT-1");
    peer.advance(250);
    peer.expect("FA", { seq: 5, length: 0 });
    peer.inject({ flags: "A", ack: 6 });
    expect(peer.state).toBe("FIN-WAIT-2");
  });

  it("TestTCPClosingFinRetransmission: the FIN is sent again in FIN-WAIT-1, CLOSING and LAST-ACK", () => {
    for (const state of ["FIN-WAIT-1", "CLOSING", "LAST-ACK"] as const) {
      const peer = inState(state);
      peer.advance(250);
      const [again, ...more] = peer.take();
      expect(again, state).toMatchObject({ flags: "FA", seq: 1, ack: peer.seq });
      expect(more).toEqual([]);
      peer.inject({ flags: "A", ack: 2 });
      expect(peer.state).toBe(
        { "FIN-WAIT-1": "FIN-WAIT-2", CLOSING: "TIME-WAIT", "LAST-ACK": "CLOSED" }[state],
      );
    }
  });

  it("SHLD-3: CLOSE with unread data sends RST", () => {
    for (const state of ["ESTABLISHED", "FIN-WAIT-2"] as const) {
      const peer = inState(state);
      peer.inject({ flags: "PA", data: "unread" });
      peer.take();
      peer.close();
      peer.expect("RA", { seq: state === "ESTABLISHED" ? 1 : 2, ack: 7 });
      expect(peer.state).toBe("CLOSED");
    }
    const closing = inState("ESTABLISHED");
    closing.inject({ flags: "PFA", data: "unread" });
    closing.take();
    closing.close();
    closing.expect("RA", { seq: 1, ack: 8 });
    expect(closing.state).toBe("CLOSED");
  });

  it("SHLD-3: CLOSE with unread data sends RST when shutdown has sent the FIN already", () => {
    const peer = inState("ESTABLISHED");
    peer.inject({ flags: "PFA", data: "unread" });
    peer.take();
    peer.shutdown(1);
    peer.expect("FA");
    expect(peer.state).toBe("LAST-ACK");
    peer.close();
    peer.expect("RA", { seq: 2 });
    expect(peer.state).toBe("CLOSED");
  });

  it("SHLD-3: data that comes after CLOSE is answered with RST", () => {
    for (const acked of [false, true]) {
      const peer = inState("ESTABLISHED");
      peer.close();
      peer.expect("FA");
      if (acked) peer.inject({ flags: "A", ack: 2 });
      peer.inject({ flags: "PA", ack: acked ? 2 : 1, data: "late" });
      peer.expect("RA", { seq: 2 });
      expect(peer.state).toBe("CLOSED");
    }
  });

  it("SHLD-3: when everything was read CLOSE sends FIN, not RST", () => {
    const peer = inState("ESTABLISHED");
    peer.inject({ flags: "PA", data: "read" });
    expect(peer.read()).toBe("read");
    peer.take();
    peer.close();
    peer.expect("FA", { ack: 5 });
  });

  it("TestFinWait2Timeout: an orphan does not stay in FIN-WAIT-2 for ever; what comes later is reset", () => {
    const peer = inState("ESTABLISHED");
    peer.close();
    peer.expect("FA");
    peer.inject({ flags: "A", ack: 2 });
    peer.advance(59_999);
    expect(peer.state).toBe("FIN-WAIT-2");
    peer.advance(1);
    expect(peer.state).toBe("CLOSED");
    peer.inject({ flags: "FA", ack: 2 });
    peer.expect("R", { seq: 2 });
  });

  it("RFC9293-3.10.5-1: ABORT resets the peer in the states that RFC 9293 §3.10.5 names, and says nothing in the others", () => {
    for (const [state, seq] of [
      ["SYN-SENT", undefined],
      ["ESTABLISHED", 1],
      ["FIN-WAIT-1", 2],
      ["FIN-WAIT-2", 2],
      ["CLOSE-WAIT", 1],
      ["CLOSING", undefined],
      ["LAST-ACK", undefined],
      ["TIME-WAIT", undefined],
    ] as const) {
      const peer = inState(state);
      abort(peer.socket.tcb);
      if (seq !== undefined) peer.expect("RA", { seq });
      peer.expectNothing();
      expect(peer.state, state).toBe("CLOSED");
      expect(peer.clock.timers.armedCount).toBe(0);
    }
  });

  it("RFC9293-3.10.7.4-8: a FIN ahead of missing text waits for it", () => {
    const peer = inState("ESTABLISHED");
    peer.inject({ flags: "FA", seq: 11 });
    peer.expect("A", { ack: 1 });
    expect(peer.state).toBe("ESTABLISHED");
    peer.inject({ flags: "A", seq: 6, data: "world" });
    peer.expect("A", { ack: 1 });
    peer.inject({ flags: "A", seq: 1, data: "hello" });
    peer.expect("A", { ack: 12 });
    expect(peer.state).toBe("CLOSE-WAIT");
    expect([peer.read(), peer.read()]).toEqual(["helloworld", 0]);
  });

  it("RFC9293-3.10.7.4-10: text and FIN behind the peer's FIN are nothing", () => {
    const peer = inState("CLOSE-WAIT");
    peer.inject({ flags: "PA", seq: 2, data: "beyond" });
    peer.inject({ flags: "FA", seq: 2 });
    expect(peer.socket.readable).toBe(0);
    expect(peer.read()).toBe(0);
    expect(peer.state).toBe("CLOSE-WAIT");
  });

  it("the peer's FIN again is acknowledged again, in every state", () => {
    for (const state of ["CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"] as const) {
      const peer = inState(state);
      peer.inject({ flags: "FA", seq: 1 });
      peer.expect("A", { ack: 2 });
      expect(peer.state).toBe(state);
    }
  });

  it("SHUT_RDWR is both halves: FIN leaves, reads say the end", () => {
    const peer = inState("ESTABLISHED");
    expect(peer.shutdown(SHUT_RDWR)).toBe(0);
    peer.expect("FA");
    expect(peer.read()).toBe(0);
    expect(peer.write("x")).toBe(-EPIPE);
    expect(peer.shutdown(SHUT_WR)).toBe(0);
    peer.expectNothing();
  });
});
