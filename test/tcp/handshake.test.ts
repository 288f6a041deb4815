import { describe, expect, it } from "vitest";
import { Network } from "../../src/sim/network.ts";
import type { StreamCore } from "../../src/sockets/stream.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { inState } from "../support/tcp-states.ts";
import { mss, SACK_PERMITTED, timestamps, windowScale } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

const EVERYTHING = [mss(1460), windowScale(7), SACK_PERMITTED, timestamps(0)];
const ECONNREFUSED = 111;
const ECONNRESET = 104;

describe("RFC 9293 §3.5: establishing a connection", () => {
  it("figure 6: an active OPEN sends SYN, takes SYN-ACK, answers ACK", () => {
    const peer = new SegmentPeer();
    peer.open();
    expect(peer.state).toBe("SYN-SENT");
    expect(peer.socket.readiness).toBe(0);
    peer.inject({ flags: "SA", options: [mss(1460)] });
    peer.expect("A", { seq: 1, ack: 1 });
    peer.expectNothing();
    expect(peer.state).toBe("ESTABLISHED");
    expect(peer.socket.connectResult()).toBe(0);
  });

  it("figure 6: a passive OPEN answers SYN with SYN-ACK and takes the ACK", () => {
    const peer = new SegmentPeer({ tcp: { quickAcks: 0 } });
    peer.accept({ options: EVERYTHING });
    peer.inject({ flags: "PA", data: "hello" });
    expect(peer.socket.readable).toBe(5);
    peer.write("world"); // carries the ACK
    peer.expect("PA", { seq: 1, ack: 6, data: "world" });
  });

  it("figure 8: an old duplicate SYN-ACK is reset, and the right one is taken afterwards", () => {
    const peer = new SegmentPeer();
    peer.open();
    peer.inject({ flags: "SA", seq: -5000, ack: -9 });
    peer.expect("R", { seq: -9 });
    expect(peer.state).toBe("SYN-SENT");
    peer.inject({ flags: "SA", seq: 0, ack: 1 });
    peer.expect("A", { seq: 1, ack: 1 });
    expect(peer.state).toBe("ESTABLISHED");
  });

  it("MUST-10, RFC9293-3.10.7.3-3: simultaneous open, figure 7: SYN crosses SYN, SYN-ACK crosses SYN-ACK, both are ESTABLISHED", () => {
    const peer = new SegmentPeer();
    peer.open();
    peer.inject({ flags: "S", options: EVERYTHING });
    peer.expect("SA", { seq: 0, ack: 1 });
    expect(peer.state).toBe("SYN-RECEIVED");
    peer.inject({ flags: "SA", seq: 0, ack: 1, options: EVERYTHING });
    expect(peer.state).toBe("ESTABLISHED");
    peer.take();
    peer.inject({ flags: "PA", data: "hello", options: [peer.timestampOption()] });
    expect(peer.read()).toBe("hello");
  });

  it("MUST-10: simultaneous open: a plain ACK completes it as well, text and all", () => {
    const peer = new SegmentPeer();
    peer.open();
    peer.inject({ flags: "S", options: [mss(1460)] });
    peer.expect("SA", { seq: 0, ack: 1, options: { mss: 1460 } });
    peer.inject({ flags: "PA", data: "hello" });
    expect(peer.state).toBe("ESTABLISHED");
    expect(peer.read()).toBe("hello");
    peer.take();
    peer.write("world");
    peer.expect("PA", { seq: 1, data: "world" });
  });

  it("MUST-10: two stacks that open to each other end with one connection, ESTABLISHED at both", () => {
    for (const timestampsOn of [true, false]) {
      const net = new Network({ seed: 3 });
      const config = { tcp: { timestamps: timestampsOn } };
      const [a, b] = [net.host("a", config), net.host("b", config)];
      net.link(a, b, { latency: 20 });
      const [left, right] = [a.stream(), b.stream()];
      left.bind({ address: "10.0.0.1", port: 1000 });
      right.bind({ address: "10.0.0.2", port: 2000 });
      const into = new Uint8Array(100);
      let got = 0;
      left.onReadiness = () => {
        left.onReadiness = undefined;
        left.send(pattern(1));
      };
      right.onReadiness = () => {
        got = Math.max(got, right.receive(into));
      };
      left.connect({ address: "10.0.0.2", port: 2000 });
      right.connect({ address: "10.0.0.1", port: 1000 });
      net.drain();
      expect([left.stateName, right.stateName]).toEqual(["ESTABLISHED", "ESTABLISHED"]);
      expect([...a.tcp.connections(), ...b.tcp.connections()]).toHaveLength(2);
      expect(got).toBeGreaterThan(0);
      expect(a.tcp.counters.retransmissions + b.tcp.counters.retransmissions).toBe(0);
      a.close();
      b.close();
    }
  });

  it("MUST-10: a socket that connects to itself (SelfConnect) hears itself", () => {
    const peer = new SegmentPeer();
    const socket: StreamCore = peer.host.stream();
    socket.bind({ address: "127.0.0.1", port: 7777 });
    socket.connect({ address: "127.0.0.1", port: 7777 });
    peer.advance(10);
    expect(socket.stateName).toBe("ESTABLISHED");
    socket.send(pattern(5));
    peer.advance(100);
    expect(socket.receive(new Uint8Array(10))).toBe(5);
  });

  it("MUST-10: the SYN-ACK of a simultaneous open is sent again when it is lost", () => {
    const peer = new SegmentPeer();
    peer.open();
    peer.inject({ flags: "S", options: [mss(1460)] });
    peer.expect("SA");
    peer.advance(1000);
    peer.expect("SA", { seq: 0, ack: 1, at: 1000 });
    peer.inject({ flags: "A" });
    expect(peer.state).toBe("ESTABLISHED");
  });

  it("MUST-11: a RST in SYN-RECEIVED returns a passive open to LISTEN silently", () => {
    const peer = inState("SYN-RECEIVED", { tcp: { maxEmbryonic: 1 } }); // the room it took comes back
    const told: number[] = [];
    if (peer.listener) peer.listener.onReadiness = (mask) => told.push(mask);
    peer.inject({ flags: "R" });
    peer.expectNothing();
    expect(peer.state).toBe("CLOSED");
    expect(peer.listener?.stateName).toBe("LISTEN");
    expect(peer.listener?.accept()).toBe(-11);
    expect(told).toEqual([]);
    peer.inject({ flags: "S", seq: 0 });
    peer.expect("SA", { seq: 0, ack: 1 });
  });

  it("MUST-11: a RST in SYN-RECEIVED tells an active open that it was refused", () => {
    const peer = new SegmentPeer();
    peer.open();
    peer.inject({ flags: "S" });
    peer.expect("SA");
    peer.inject({ flags: "R" });
    peer.expectNothing();
    expect(peer.state).toBe("CLOSED");
    expect(peer.socket.takeError()).toBe(ECONNREFUSED);
  });

  it("MUST-11: a new SYN in SYN-RECEIVED returns a passive open to LISTEN; an active one challenges it", () => {
    const passive = inState("SYN-RECEIVED");
    passive.inject({ flags: "S", seq: 100 });
    passive.expectNothing();
    expect(passive.state).toBe("CLOSED");
    expect(passive.listener?.stateName).toBe("LISTEN");

    const active = new SegmentPeer();
    active.open();
    active.inject({ flags: "S" });
    active.expect("SA");
    active.inject({ flags: "S", seq: 100 });
    active.expect("A", { seq: 1, ack: 1 });
    expect(active.state).toBe("SYN-RECEIVED");
  });
});

describe("RFC 9293 §3.10.7.3: SYN-SENT", () => {
  it("RFC9293-3.10.7.3-1, RFC9293-3.5.2-2: first: an ACK of what was never sent is answered <SEQ=SEG.ACK><CTL=RST>, unless it is a RST", () => {
    for (const flags of ["A", "SA", "FA", "PA"]) {
      for (const ack of [0, -1, 2, 1000, 0x7fff_0000]) {
        const peer = inState("SYN-SENT");
        peer.inject({ flags, ack, data: "x" });
        peer.expect("R", { seq: ack, rawAck: 0 });
        peer.expectNothing();
        expect(peer.state).toBe("SYN-SENT");
      }
    }
    for (const ack of [0, 2]) {
      const peer = inState("SYN-SENT");
      peer.inject({ flags: "RA", ack });
      peer.expectNothing();
      expect(peer.state).toBe("SYN-SENT");
    }
  });

  it("RFC9293-3.10.7.3-2, RFC9293-3.5.3-1: second: a RST that acknowledges our SYN refuses the open, at any sequence number", () => {
    for (const seq of [0, 1, -77, 0x7000_0000]) {
      const peer = inState("SYN-SENT");
      peer.inject({ flags: "RA", seq, ack: 1 });
      peer.expectNothing();
      expect(peer.state).toBe("CLOSED");
      expect(peer.socket.connectResult()).toBe(-ECONNREFUSED);
    }
  });

  it("RFC9293-3.10.7.3-2: second: a RST without ACK is dropped", () => {
    for (const flags of ["R", "SR"]) {
      const peer = inState("SYN-SENT");
      peer.inject({ flags });
      peer.expectNothing();
      expect(peer.state).toBe("SYN-SENT");
    }
  });

  it("fifth: without SYN and RST a segment is dropped", () => {
    for (const flags of ["A", "FA", "PA", "", "F", "P", "U"]) {
      const peer = inState("SYN-SENT");
      peer.inject({ flags, ack: 1, data: "x" });
      peer.expectNothing();
      expect(peer.state).toBe("SYN-SENT");
    }
  });

  it("fourth: text and FIN with the SYN-ACK are processed", () => {
    const peer = inState("SYN-SENT");
    peer.inject({ flags: "SPFA", data: "all at once" });
    peer.expect("A", { seq: 1, ack: 13 });
    expect(peer.state).toBe("CLOSE-WAIT");
    expect(peer.read()).toBe("all at once");
    expect(peer.read()).toBe(0);
  });

  it("the window offered in our SYN holds for what comes right behind the SYN-ACK", () => {
    const peer = inState("SYN-SENT");
    peer.inject({ flags: "SA", options: [mss(1460)] }, { flags: "A", data: pattern(1460) });
    peer.expect("A", { ack: 1461 });
    expect(peer.socket.readable).toBe(1460);
    peer.expectNothing();
  });

  it("text on a SYN-ACK beyond our window is not taken", () => {
    const peer = new SegmentPeer({ tcp: { receiveBufferBytes: 1152, maxReceiveBufferBytes: 1152 } });
    expect(peer.open().window).toBe(1152);
    peer.inject({ flags: "SA", data: pattern(1400) });
    peer.expect("A", { ack: 1153, window: 0 });
    expect(peer.socket.readable).toBe(1152);
  });

  it("RFC9293-3.10.4-1: CLOSE in SYN-SENT deletes the TCB; the SYN-ACK that comes is reset", () => {
    const peer = inState("SYN-SENT");
    peer.close();
    peer.expectNothing();
    peer.inject({ flags: "SA", ack: 1 });
    peer.expect("R", { seq: 1 });
    expect(peer.state).toBe("CLOSED");
  });

  it("TestTCPHandshakeWindowSize: the window of the SYN-ACK, not scaled, bounds the first flight", () => {
    const peer = new SegmentPeer();
    peer.connect({ options: [mss(1000), windowScale(7)], window: 3000 });
    peer.write(pattern(5000));
    expect(peer.take().reduce((sum, segment) => sum + segment.length, 0)).toBe(3000);
  });

  it("a SYN is sent again after 1 s, then 2, 4 …, equal but for the timestamp", () => {
    const peer = new SegmentPeer();
    const first = peer.open();
    peer.advance(8000);
    const again = peer.take();
    expect(again.map((segment) => segment.at)).toEqual([1000, 3000, 7000]);
    for (const segment of again) {
      expect(segment).toMatchObject({ flags: "S", rawSeq: first.rawSeq, window: first.window });
      expect(segment.options.kinds).toEqual(first.options.kinds);
    }
  });
});

describe("RFC 9293 §3.10.7.4: SYN-RECEIVED", () => {
  it("RFC9293-3.10.7.4-4: TestAcceptableAckInSynRcvd: only ISS+1 is accepted, others are answered <SEQ=SEG.ACK><CTL=RST>", () => {
    for (const ack of [-1000, -1, 0, 2, 3, 70_000]) {
      const peer = inState("SYN-RECEIVED");
      peer.inject({ flags: "A", ack });
      peer.expect("R", { seq: ack });
      expect(peer.state).toBe("SYN-RECEIVED");
      peer.inject({ flags: "A", ack: 1 });
      expect(peer.state).toBe("ESTABLISHED");
    }
  });

  it("first: a segment outside of the window is answered with an ACK, a RST is dropped", () => {
    const peer = inState("SYN-RECEIVED");
    peer.inject({ flags: "A", seq: 100_000, ack: 1 });
    peer.expect("A", { seq: 1, ack: 1 });
    peer.inject({ flags: "R", seq: 100_000 });
    peer.inject({ flags: "R", seq: -1 });
    peer.expectNothing();
    expect(peer.state).toBe("SYN-RECEIVED");
  });

  it("the peer's SYN again is answered with the SYN-ACK again", () => {
    const peer = inState("SYN-RECEIVED");
    peer.inject({ flags: "S", seq: 0 });
    peer.expect("SA", { seq: 0, ack: 1 });
    expect(peer.state).toBe("SYN-RECEIVED");
  });

  it("fifth: a segment without ACK is dropped", () => {
    const peer = inState("SYN-RECEIVED");
    for (const flags of ["", "P", "F"]) peer.inject({ flags, seq: 1, data: "x" });
    peer.expectNothing();
    expect(peer.state).toBe("SYN-RECEIVED");
  });

  it("eighth: a FIN with the ACK leads to CLOSE-WAIT; the user reads what came, then the end", () => {
    const peer = inState("SYN-RECEIVED");
    peer.inject({ flags: "PFA", data: "short" });
    peer.expect("A", { ack: 7 });
    expect(peer.state).toBe("CLOSE-WAIT");
    const accepted = peer.listener?.accept();
    if (typeof accepted !== "object") throw new Error(`accept: ${accepted}`);
    const into = new Uint8Array(10);
    expect([accepted.receive(into), accepted.receive(into)]).toEqual([5, 0]);
  });

  it("RFC9293-3.10.4-1: CLOSE in SYN-RECEIVED (of a simultaneous open) sends FIN and enters FIN-WAIT-1; it is sent until acknowledged", () => {
    const peer = new SegmentPeer();
    peer.open();
    peer.inject({ flags: "S", options: [mss(1460)] });
    peer.expect("SA");
    peer.shutdown(1);
    peer.expect("FA", { seq: 1, ack: 1 });
    expect(peer.state).toBe("FIN-WAIT-1");
    peer.advance(1000);
    const [again] = peer.take();
    expect(again?.at).toBe(1000);
    peer.inject({ flags: "A", seq: 1, ack: 2 });
    expect(peer.state).toBe("FIN-WAIT-2");
    peer.inject({ flags: "PFA", seq: 1, ack: 2, data: "late" });
    expect(peer.read()).toBe("late");
    expect(peer.state).toBe("TIME-WAIT");
  });

  it("SYN, FIN and RST together, and other odd company, are no way into a connection", () => {
    for (const flags of ["SFRA", "SR", "FR", "RPUA"]) {
      const peer = inState("SYN-RECEIVED");
      peer.inject({ flags });
      peer.expectNothing();
      expect(peer.state).toBe("CLOSED");
    }
  });

  it("a RST after the handshake's ACK is a reset, not a refusal", () => {
    const peer = new SegmentPeer();
    peer.accept();
    peer.inject({ flags: "R" });
    expect(peer.read()).toBe(-ECONNRESET);
  });
});
