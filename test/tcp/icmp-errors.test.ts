import { describe, expect, it } from "vitest";
import { ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENOPROTOOPT } from "../../src/base/errno.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { type ConnectionState, inState } from "../support/tcp-states.ts";
import { icmp, pattern } from "../support/wire.ts";

leaveNothingBehind();

/** An ICMP error that quotes the first 28 bytes of `datagram`. */
function error(peer: SegmentPeer, type: number, code: number, datagram: Uint8Array): void {
  peer.injectDatagram(icmp({ type, code, payload: datagram.slice(0, 28) }, { source: "10.0.0.254" }));
}

/** States in which something of ours is not acknowledged, so that an error can be about it. */
const WAITING: ConnectionState[] = [
  "SYN-SENT",
  "SYN-RECEIVED",
  "ESTABLISHED",
  "FIN-WAIT-1",
  "CLOSE-WAIT",
  "CLOSING",
  "LAST-ACK",
];

const SOFT: [type: number, code: number][] = [
  [3, 0],
  [3, 1],
  [3, 5],
  [11, 0],
  [11, 1],
  [12, 0],
];

/** A connection in `state` and a segment of ours that is in flight there. */
function waiting(state: ConnectionState): [SegmentPeer, Uint8Array] {
  const peer = inState(state);
  if (state === "ESTABLISHED" || state === "CLOSE-WAIT") peer.write("x");
  else peer.advance(1000); // the SYN or the FIN again
  const datagram = peer.take()[0]!.datagram;
  return [peer, datagram];
}

describe("ICMP errors, RFC 9293 §3.9.2.2 and RFC 5927", () => {
  it("MUST-56: soft ones never end a connection, in any state", () => {
    for (const state of WAITING) {
      const [peer, datagram] = waiting(state);
      for (const [type, code] of SOFT) {
        error(peer, type, code, datagram);
        expect(peer.state, `${type}/${code} in ${state}`).toBe(state);
      }
      expect(peer.take()).toEqual([]);
      expect(peer.counters.icmpErrorsIgnored).toBe(0);
    }
  });

  it("RFC5927-5.2-1, SHLD-26: hard ones end none that is synchronized", () => {
    for (const state of WAITING.slice(2)) {
      const [peer, datagram] = waiting(state);
      for (const code of [2, 3, 9, 10, 13]) error(peer, 3, code, datagram);
      expect(peer.state).toBe(state);
    }
  });

  it("SHLD-26: hard ones end an open: protocol and port unreachable", () => {
    for (const [code, errno] of [
      [2, ENOPROTOOPT],
      [3, ECONNREFUSED],
    ] as const) {
      const [peer, datagram] = waiting("SYN-SENT");
      error(peer, 3, code, datagram);
      expect([peer.state, peer.socket.takeError()]).toEqual(["CLOSED", errno]);
    }
  });

  it("SHLD-26: and an embryonic connection, of which its listener hears nothing", () => {
    const [peer, datagram] = waiting("SYN-RECEIVED");
    error(peer, 3, 3, datagram);
    expect(peer.state).toBe("CLOSED");
    expect([peer.listener!.readiness, peer.listener!.takeError()]).toEqual([0, 0]);
  });

  it("MUST-47, SHLD-25: the application can read the soft error, and the connection goes on", () => {
    for (const [type, code, errno] of [
      [3, 0, ENETUNREACH],
      [3, 1, EHOSTUNREACH],
      [11, 0, EHOSTUNREACH],
      [3, 3, ECONNREFUSED], // hard, but not here
    ] as const) {
      const [peer, datagram] = waiting("ESTABLISHED");
      error(peer, type, code, datagram);
      expect(peer.socket.takeError()).toBe(errno);
      expect(peer.socket.takeError()).toBe(0);
      peer.inject({});
      expect(peer.write("more")).toBe(4);
    }
  });

  it("SHLD-20: who does not ask hears nothing: no readiness, no failing call", () => {
    const [peer, datagram] = waiting("ESTABLISHED");
    const heard: number[] = [];
    peer.socket.onReadiness = (mask) => heard.push(mask);
    const before = peer.socket.readiness;
    peer.advance(1);
    heard.length = 0;
    error(peer, 3, 1, datagram);
    expect(heard).toEqual([]);
    expect(peer.socket.readiness).toBe(before);
    expect(peer.write("y")).toBe(1);
  });

  it("SHLD-25: when the SYNs of a connect run out, the soft error says why", () => {
    const peer = new SegmentPeer();
    const { datagram } = peer.open();
    error(peer, 3, 1, datagram);
    peer.advance(600_000);
    expect(peer.socket.takeError()).toBe(EHOSTUNREACH);
  });

  it("MUST-54: the quoted header chooses one connection, and only that hears of it", () => {
    const peer = new SegmentPeer();
    const { datagram } = peer.open();
    const others = [peer.another(), peer.another({ address: "10.0.0.3", port: 4000 })];
    for (const other of others) other.open();
    error(peer, 3, 3, datagram);
    expect(peer.state).toBe("CLOSED");
    expect(others.map((other) => other.state)).toEqual(["SYN-SENT", "SYN-SENT"]);
  });

  it("MUST-54: one that quotes no connection of ours is counted and ignored", () => {
    const [peer, datagram] = waiting("SYN-SENT");
    for (const at of [20, 22]) {
      const other = datagram.slice();
      new DataView(other.buffer).setUint16(at, 7);
      error(peer, 3, 3, other);
    }
    expect(peer.state).toBe("SYN-SENT");
    expect(peer.counters.icmpErrorsIgnored).toBe(2);
  });

  it("RFC5927-4.1-1: one that quotes a sequence number not in flight is ignored, in every state", () => {
    for (const state of WAITING) {
      const [peer, datagram] = waiting(state);
      const { una, nxt } = peer.tcb!.snd;
      for (const seq of [una - 1, nxt, una + 2 ** 31]) {
        const forged = datagram.slice();
        new DataView(forged.buffer).setInt32(24, seq | 0);
        for (const code of [1, 2, 3]) error(peer, 3, code, forged);
      }
      expect([peer.state, peer.counters.icmpErrorsIgnored]).toEqual([state, 9]);
      expect(peer.tcb!.softError).toBe(0);
    }
  });

  it("a connection in which nothing is in flight, or in TIME-WAIT, hears of none", () => {
    for (const state of ["FIN-WAIT-2", "TIME-WAIT"] as const) {
      const peer = inState(state);
      const [quoted] = peer.tcp.connections();
      const datagram = peer.datagram({ flags: "A" }); // turned round: source and destination are the stack's view
      const mine = datagram.slice();
      mine.set(datagram.slice(16, 20), 12);
      mine.set(datagram.slice(12, 16), 16);
      mine.set(datagram.slice(22, 24), 20);
      mine.set(datagram.slice(20, 22), 22);
      new DataView(mine.buffer).setInt32(24, (quoted!.snd.nxt - 1) | 0);
      error(peer, 3, 3, mine);
      expect([peer.state, peer.counters.icmpErrorsIgnored]).toEqual([state, 1]);
    }
  });

  it("MUST-55, RFC5927-6.2-1: Source Quench changes nothing", () => {
    const peer = new SegmentPeer();
    peer.connect();
    peer.write(pattern(50_000));
    const [first] = peer.take();
    const before = { ...peer.tcb!.congestion! };
    error(peer, 4, 0, first!.datagram);
    expect({ ...peer.tcb!.congestion! }).toEqual(before);
    expect([peer.take(), peer.socket.takeError(), peer.state]).toEqual([[], 0, "ESTABLISHED"]);
  });
});
