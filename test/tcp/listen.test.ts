import { describe, expect, it } from "vitest";
import type { StreamCore } from "../../src/sockets/stream.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

const EAGAIN = -11;

function listening(options = {}, backlog?: number): SegmentPeer {
  const peer = new SegmentPeer(options);
  peer.listen(backlog);
  return peer;
}

describe("RFC 9293 §3.10.7.1: CLOSED", () => {
  it("RFC9293-3.10.7.1-1, RFC9293-3.5.2-1: a segment without ACK for no connection: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>", () => {
    for (const [flags, data, length] of [
      ["S", "", 1],
      ["", "", 0],
      ["", "abc", 3],
      ["F", "", 1],
      ["SF", "abc", 5],
      ["U", "a", 1],
    ] as const) {
      const peer = new SegmentPeer();
      peer.inject({ flags, data, seq: 77 });
      peer.expect("RA", { rawSeq: 0, ack: 77 + length, window: 0 });
      peer.expectNothing();
      expect(peer.counters.droppedNoConnection).toBe(1);
    }
  });

  it("RFC9293-3.10.7.1-1, RFC9293-3.5.2-1: a segment with ACK for no connection: <SEQ=SEG.ACK><CTL=RST>", () => {
    for (const [flags, data] of [
      ["A", ""],
      ["SA", ""],
      ["FA", ""],
      ["PA", "abc"],
      ["SFPUA", "abc"],
    ] as const) {
      for (const ack of [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
        const peer = new SegmentPeer();
        peer.inject({ flags, data, ack });
        peer.expect("R", { rawSeq: ack, rawAck: 0 });
        peer.expectNothing();
      }
    }
  });

  it("RFC9293-3.10.7.1-1, RFC9293-3.5.2-3: a RST for no connection is dropped, whatever else it carries", () => {
    for (const flags of ["R", "RA", "SR", "SRA", "FR", "RPUA"]) {
      const peer = new SegmentPeer();
      peer.inject({ flags, data: "abc" });
      peer.expectNothing();
    }
  });

  it("closed_reject_after_listen: a closed listener's port answers with RST", () => {
    const peer = listening();
    peer.listener?.close();
    peer.inject({ flags: "S" });
    peer.expect("RA", { rawSeq: 0, ack: 1 });
  });
});

describe("RFC 9293 §3.10.7.2: LISTEN", () => {
  it("RFC9293-3.10.7.2-1: first: a RST is ignored", () => {
    for (const flags of ["R", "RA", "SR", "SRA", "RF"]) {
      const peer = listening();
      peer.inject({ flags });
      peer.expectNothing();
      expect(peer.listener?.stateName).toBe("LISTEN");
    }
  });

  it("RFC9293-3.10.7.2-1: second: an ACK is answered <SEQ=SEG.ACK><CTL=RST>", () => {
    for (const flags of ["A", "SA", "FA", "SFA", "PA"]) {
      const peer = listening();
      peer.inject({ flags, ack: 4711, data: "x" });
      peer.expect("R", { rawSeq: 4711 });
      peer.expectNothing();
      expect(peer.listener?.stateName).toBe("LISTEN");
    }
  });

  it("RFC9293-3.10.7.2-1: third: a SYN is answered <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>, and the listener goes on listening", () => {
    const peer = listening();
    peer.inject({ flags: "S", options: [mss(1000)] });
    peer.expect("SA", { seq: 0, ack: 1 });
    expect(peer.state).toBe("SYN-RECEIVED");
    expect(peer.listener?.stateName).toBe("LISTEN");
    expect(peer.listener?.accept()).toBe(EAGAIN);
  });

  it("RFC9293-3.10.7.2-2: third: text or FIN on a SYN do no harm: the text is not acknowledged, and comes again", () => {
    const peer = listening();
    peer.inject({ flags: "SF", data: "early" });
    peer.expect("SA", { ack: 1 });
    expect(peer.state).toBe("SYN-RECEIVED");
    peer.inject({ flags: "PFA", seq: 1, data: "early" });
    peer.expect("A", { ack: 7 });
    expect(peer.state).toBe("CLOSE-WAIT");
  });

  it("RFC9293-3.10.7.2-1: fourth: anything else is dropped", () => {
    for (const flags of ["", "F", "P", "U", "FPU"]) {
      const peer = listening();
      peer.inject({ flags, data: "abc" });
      peer.expectNothing();
      expect(peer.listener?.stateName).toBe("LISTEN");
    }
  });

  it("a SYN with ECN's bits (RFC 3168 §6.1.1) is a SYN", () => {
    const peer = listening();
    peer.inject({ flags: "SEC" });
    peer.expect("SA", { ack: 1 });
  });

  it("listen_twice: another listener on the port is refused, listening again changes the backlog", () => {
    const peer = listening();
    const other = peer.host.stream();
    expect(other.bind({ address: "0.0.0.0", port: 80 })).toBe(-98);
    expect(peer.listener?.listen(1)).toBe(0);
    expect(peer.host.netstat().sockets[0]?.sendQueue).toBe(1);
  });

  it("a listener bound to another address is not asked", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    socket.bind({ address: "127.0.0.1", port: 80 });
    socket.listen(1);
    peer.inject({ flags: "S" });
    peer.expect("RA", { ack: 1 });
  });

  it("a listener bound to the very address comes before one bound to any", () => {
    const peer = new SegmentPeer();
    const any = peer.host.stream();
    const very = peer.host.stream();
    for (const [socket, address] of [
      [any, "127.0.0.1"],
      [very, "10.0.0.1"],
    ] as const) {
      expect(socket.bind({ address, port: 80 })).toBe(0);
      expect(socket.listen(1)).toBe(0);
    }
    peer.listener = very;
    peer.accept();
    expect(any.accept()).toBe(EAGAIN);
  });
});

describe("the listen queue", () => {
  it("packetimpact TestTCPListenBacklog: a full accept queue drops the last ACK; the SYN-ACK comes again, and later completes", () => {
    const peer = listening({}, 0);
    const first = peer.another();
    first.syn();
    first.inject({ flags: "A" });
    const second = peer.another();
    second.inject({ flags: "S" }); // the queue is full: not even a SYN-ACK
    second.expectNothing();
    expect(peer.counters.droppedAcceptFull).toBe(1);
    expect(typeof peer.listener?.accept()).toBe("object");
    second.inject({ flags: "S", seq: 0 });
    second.expect("SA", { ack: 1 });
    const third = peer.another();
    third.syn();
    second.inject({ flags: "A", seq: 1 });
    third.inject({ flags: "A" });
    expect([second.state, third.state]).toEqual(["ESTABLISHED", "SYN-RECEIVED"]);
    expect(typeof peer.listener?.accept()).toBe("object");
    third.advance(1000);
    third.expect("SA", { seq: 0, ack: 1 });
    third.inject({ flags: "A" });
    expect(third.state).toBe("ESTABLISHED");
    expect(typeof peer.listener?.accept()).toBe("object");
  });

  it("a backlog of n lets n + 1 connections wait, as on Linux; they are accepted in their order", () => {
    for (const backlog of [0, 1, 3]) {
      const peer = listening({}, backlog);
      const peers = Array.from({ length: backlog + 3 }, () => peer.another());
      for (const other of peers) {
        other.inject({ flags: "S" });
        if (other.take().length > 0) other.inject({ flags: "A" });
      }
      const states = peers.map((other) => other.state);
      expect(states.filter((state) => state === "ESTABLISHED")).toHaveLength(backlog + 1);
      for (const other of peers.slice(0, backlog + 1)) {
        const accepted = peer.listener?.accept();
        expect(typeof accepted === "object" && (accepted as StreamCore).remotePort).toBe(other.port);
      }
      expect(peer.listener?.accept()).toBe(EAGAIN);
    }
  });

  it("CVE-1999-0116: embryonic connections are bounded; one more takes the place of the oldest, and is counted", () => {
    const peer = listening({ tcp: { maxEmbryonic: 16 } });
    const others = Array.from({ length: 20 }, () => peer.another());
    for (const other of others) other.inject({ flags: "S" });
    expect([...peer.tcp.connections()]).toHaveLength(17);
    expect(peer.counters.evictedEmbryonic).toBe(4);
    expect(others.map((other) => other.take().length)).toEqual(new Array(20).fill(1)); // all are answered
    expect(others.slice(0, 5).map((other) => other.state)).toEqual([
      ...new Array(4).fill("CLOSED"),
      "SYN-RECEIVED",
    ]);
    others[0]?.inject({ flags: "A" }); // too late
    others[0]?.expect("R", { seq: 1 });
    others[19]?.inject({ flags: "A" }); // in time
    expect(others[19]?.state).toBe("ESTABLISHED");
    expect(typeof peer.listener?.accept()).toBe("object");
    others[4]?.inject({ flags: "R" }); // gone: there is room for two
    const late = [peer.another(), peer.another()];
    for (const other of late) other.inject({ flags: "S" });
    expect(peer.counters.evictedEmbryonic).toBe(4);
  });

  it("CVE-1999-0116: only a SYN that can be taken makes an embryonic connection go", () => {
    const peer = listening({ tcp: { maxEmbryonic: 1 } }, 1);
    const waiting = peer.another();
    waiting.syn();
    waiting.inject({ flags: "A" });
    const embryo = peer.another();
    embryo.syn();
    const stranger = peer.another();
    for (const flags of ["A", "SA", "R", "SR", "F", ""]) stranger.inject({ flags });
    expect(embryo.state).toBe("SYN-RECEIVED");
    peer.listener?.listen(0); // the accept queue is full now
    stranger.inject({ flags: "S" });
    expect(embryo.state).toBe("SYN-RECEIVED");
    expect(peer.counters.droppedAcceptFull).toBe(1);
    expect(peer.counters.evictedEmbryonic).toBe(0);
  });

  it("an embryo whose SYN-ACK nobody answers goes after five more, without a word", () => {
    const peer = new SegmentPeer();
    peer.syn();
    const times: number[] = [];
    for (let second = 0; second < 200; second++) {
      peer.advance(1000);
      for (const segment of peer.take()) {
        expect(segment.flags).toBe("SA");
        times.push(segment.at);
      }
    }
    expect(times).toEqual([1000, 3000, 7000, 15_000, 31_000]);
    expect(peer.state).toBe("CLOSED");
    expect(peer.listener?.accept()).toBe(EAGAIN);
  });

  it("TestTcpNoAcceptCloseReset: closing a listener resets those who wait for accept, and forgets embryos", () => {
    const peer = new SegmentPeer();
    peer.syn();
    peer.inject({ flags: "PA", data: "request" });
    peer.take();
    const embryo = peer.another();
    embryo.syn();
    peer.listener?.close();
    peer.expect("RA", { seq: 1, ack: 8 });
    embryo.expectNothing();
    expect([...peer.tcp.connections()]).toEqual([]);
    embryo.inject({ flags: "A" });
    embryo.expect("R", { seq: 1 });
  });

  it("a connection that is reset before accept is accepted, and then says ECONNRESET", () => {
    const peer = new SegmentPeer();
    peer.syn();
    peer.inject({ flags: "PA", data: "bye" });
    peer.inject({ flags: "R" });
    const accepted = peer.listener?.accept();
    if (typeof accepted !== "object") throw new Error(`accept: ${accepted}`);
    expect(accepted.receive(new Uint8Array(10))).toBe(3);
    expect(accepted.receive(new Uint8Array(10))).toBe(-104);
  });

  it("text that comes with the last ACK of the handshake is there at accept", () => {
    const peer = new SegmentPeer();
    peer.syn();
    peer.inject({ flags: "PA", data: pattern(1000) });
    const accepted = peer.listener?.accept();
    expect(typeof accepted === "object" && accepted.readable).toBe(1000);
  });

  it("the readiness of a listener says when a connection waits", () => {
    const peer = listening();
    const masks: number[] = [];
    if (peer.listener) peer.listener.onReadiness = (mask) => masks.push(mask);
    peer.syn();
    expect(masks).toEqual([]);
    peer.inject({ flags: "A" });
    expect(masks).toEqual([1]);
    peer.listener?.accept();
    expect(peer.listener?.readiness).toBe(0);
  });
});
