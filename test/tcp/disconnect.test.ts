/**
 * connect(AF_UNSPEC), and what a socket is when its connection is over. Errors and readiness are those of Linux 6.18's
 * loopback, asked with Python.
 */
import { describe, expect, it } from "vitest";
import { ECONNREFUSED, ECONNRESET, EINVAL, EISCONN, ENOTCONN, EPIPE } from "../../src/base/errno.ts";
import { MSG_OOB } from "../../src/base/message-flags.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from "../../src/base/readiness.ts";
import {
  abort,
  accept,
  bind,
  disconnect,
  info,
  listen,
  open,
  readiness,
  receive,
  send,
  shutdown,
  type Tcb,
  takeError,
} from "../../src/tcp/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { inState } from "../support/tcp-states.ts";
import { ip } from "../support/wire.ts";

leaveNothingBehind();

const UNCONNECTED = POLLOUT | POLLHUP;
const OVER = POLLIN | POLLOUT | POLLHUP | POLLRDHUP;
const ONE = new Uint8Array(1);

const read = (tcb: Tcb, flags = 0) => receive(tcb, ONE, 0, 1, flags);
const write = (tcb: Tcb) => send(tcb, ONE, 0, 1, 0);

/** Puts in place what disconnect gives, as the socket above does. */
function letGo(peer: SegmentPeer): Tcb {
  peer.socket.tcb = disconnect(peer.socket.tcb);
  peer.clock.runInstant();
  return peer.socket.tcb;
}

/** A connection to the peer can be made with `tcb`. */
function connectAgain(peer: SegmentPeer, tcb: Tcb): void {
  const other = peer.another();
  expect(open(tcb, ip(other.address), other.port)).toBe(0);
  other.expect("S");
  other.inject({ flags: "SA" });
  other.expect("A", { seq: 1, ack: 1 });
  expect(tcb.stateName).toBe("ESTABLISHED");
}

describe("disconnect", () => {
  it("of a fresh socket changes nothing", () => {
    const tcb = disconnect(new SegmentPeer().host.stream().tcb);
    expect([readiness(tcb), tcb.error, tcb.localPort]).toEqual([UNCONNECTED, 0, 0]);
  });

  it("of an established connection: the peer is reset, ECONNRESET waits, and it connects again", () => {
    const peer = inState("ESTABLISHED");
    peer.inject({ data: "unread" });
    peer.take();
    const tcb = letGo(peer);
    peer.expect("RA");
    expect(readiness(tcb)).toBe(UNCONNECTED | POLLERR);
    expect([tcb.remotePort, tcb.localAddress]).toEqual([0, 0]);
    expect([takeError(tcb), read(tcb), write(tcb)]).toEqual([ECONNRESET, -ENOTCONN, -EPIPE]);
    connectAgain(peer, tcb);
  });

  it("a pending error does not outlive the next connect", () => {
    const peer = inState("ESTABLISHED");
    const tcb = letGo(peer);
    peer.take();
    connectAgain(peer, tcb);
    expect(takeError(tcb)).toBe(0);
  });

  it("of a socket that was shut down: it sends again", () => {
    const peer = inState("FIN-WAIT-2");
    const tcb = letGo(peer);
    peer.expect("RA");
    connectAgain(peer, tcb);
    expect(write(tcb)).toBe(1);
  });

  it("of an attempt: ECONNRESET, and nothing on the wire", () => {
    const peer = inState("SYN-SENT");
    const tcb = letGo(peer);
    peer.expectNothing();
    expect(takeError(tcb)).toBe(ECONNRESET);
    connectAgain(peer, tcb);
  });

  it("in TIME-WAIT: no error, and the connection lingers by itself", () => {
    const peer = inState("TIME-WAIT");
    const tcb = letGo(peer);
    peer.expectNothing();
    expect([readiness(tcb), takeError(tcb)]).toEqual([UNCONNECTED, 0]);
    expect(peer.state).toBe("TIME-WAIT");
    connectAgain(peer, tcb);
  });

  it("in LAST-ACK: no error unless text waits unsent", () => {
    const peer = inState("LAST-ACK");
    expect(takeError(letGo(peer))).toBe(0);
    peer.expectNothing();
    const stuck = inState("CLOSE-WAIT");
    stuck.inject({ window: 0 });
    stuck.write("never sent");
    stuck.shutdown(1);
    expect(takeError(letGo(stuck))).toBe(ECONNRESET);
    stuck.expect("RA");
  });

  it("after a reset that nobody has heard of the error stays", () => {
    const peer = inState("ESTABLISHED");
    peer.inject({ flags: "R" });
    expect(takeError(letGo(peer))).toBe(ECONNRESET);
    const refused = inState("SYN-SENT");
    refused.inject({ flags: "RA", ack: 1 });
    expect(takeError(letGo(refused))).toBe(ECONNREFUSED);
  });

  it("of a listener: who waits there is reset, the place is kept, and it listens again", () => {
    const peer = new SegmentPeer();
    const listener = peer.listen();
    peer.syn();
    peer.inject({});
    listener.tcb = disconnect(listener.tcb);
    peer.clock.runInstant();
    peer.expect("RA");
    expect([readiness(listener.tcb), takeError(listener.tcb)]).toEqual([UNCONNECTED, 0]);
    expect([listener.localPort, accept(listener.tcb)]).toEqual([80, -EINVAL]);
    expect(listen(listener.tcb, 5)).toBe(0);
    peer.another().accept();
  });

  it("keeps what bind gave, the address too where it was given", () => {
    for (const address of ["", "10.0.0.1"]) {
      const peer = new SegmentPeer();
      const socket = peer.host.stream();
      socket.bind({ address, port: 5000 });
      peer.connect({ socket });
      const tcb = letGo(peer);
      expect([tcb.localAddress, tcb.localPort]).toEqual([address === "" ? 0 : ip(address), 5000]);
      peer.take();
      connectAgain(peer, tcb);
    }
  });
});

describe("shutdown of what is not connected", () => {
  for (const how of [0, 1, 2]) {
    it(`an attempt, ${how}: it is given up with ECONNRESET, and another can be made`, () => {
      const peer = inState("SYN-SENT");
      const { tcb } = peer.socket;
      expect(shutdown(tcb, how)).toBe(0);
      expect([tcb.localAddress, tcb.localPort, tcb.remotePort]).toEqual([0, 0, 0]);
      expect(readiness(tcb)).toBe(UNCONNECTED | POLLERR);
      expect([takeError(tcb), read(tcb), write(tcb)]).toEqual([ECONNRESET, -ENOTCONN, -EPIPE]);
      connectAgain(peer, tcb);
    });
  }

  it("a fresh socket: ENOTCONN, remembered, so that the connection is half shut from the beginning", () => {
    const peer = new SegmentPeer();
    const { tcb } = peer.host.stream();
    expect(shutdown(tcb, 1)).toBe(-ENOTCONN);
    expect(readiness(tcb)).toBe(UNCONNECTED);
    connectAgain(peer, tcb);
    expect(write(tcb)).toBe(-EPIPE);
    const reading = peer.host.stream().tcb;
    expect(shutdown(reading, 0)).toBe(-ENOTCONN);
    expect(readiness(reading)).toBe(UNCONNECTED | POLLIN | POLLRDHUP);
    connectAgain(peer, reading);
    expect([read(reading), readiness(reading)]).toEqual([0, POLLIN | POLLOUT | POLLRDHUP]);
  });
});

describe("a connection that both sides have closed", () => {
  for (const state of ["TIME-WAIT", "LAST-ACK"] as const) {
    it(`from ${state}: no peer, no shutdown, the end of the stream, EPIPE, EISCONN`, () => {
      const peer = inState(state);
      if (state === "LAST-ACK") peer.inject({ ack: 2 });
      const { tcb } = peer.socket;
      expect([tcb.isConnected, info(tcb).state, readiness(tcb)]).toEqual([false, 7, OVER]);
      for (const how of [0, 1, 2]) expect(shutdown(tcb, how)).toBe(-ENOTCONN);
      expect([read(tcb), read(tcb, MSG_OOB), write(tcb)]).toEqual([0, -EINVAL, -EPIPE]);
      expect([open(tcb, ip(peer.address), 81), listen(tcb, 5)]).toEqual([-EISCONN, -EINVAL]);
    });
  }

  it("whose port IP has chosen may be bound, as on Linux", () => {
    const peer = inState("LAST-ACK");
    expect(bind(peer.socket.tcb, 0, 5000)).toBe(-EINVAL);
    peer.inject({ ack: 2 });
    expect(bind(peer.socket.tcb, 0, 5000)).toBe(0);
  });

  it("isConnected only from the handshake to the end", () => {
    for (const [state, connected] of [
      ["SYN-SENT", false],
      ["ESTABLISHED", true],
      ["FIN-WAIT-2", true],
      ["CLOSE-WAIT", true],
      ["LAST-ACK", true],
    ] as const) {
      expect(inState(state).socket.tcb.isConnected, state).toBe(connected);
    }
  });
});

describe("after a reset", () => {
  it("the error is told once, to whoever comes first; then the end of the stream, and EPIPE", () => {
    for (const first of [read, write, takeError]) {
      const { tcb } = resetOne();
      expect(readiness(tcb)).toBe(OVER | POLLERR);
      expect(Math.abs(first(tcb))).toBe(ECONNRESET);
      expect([readiness(tcb), read(tcb), write(tcb)]).toEqual([OVER, 0, -EPIPE]);
    }
  });

  it("with text unread, that comes first", () => {
    const { tcb } = resetOne("x");
    expect([read(tcb), read(tcb), read(tcb)]).toEqual([1, -ECONNRESET, 0]);
  });

  it("in a state that waits for the last ACK: told as well, but not instead of the end of the stream", () => {
    const peer = inState("LAST-ACK");
    peer.inject({ flags: "R" });
    const { tcb } = peer.socket;
    expect([readiness(tcb), read(tcb), takeError(tcb)]).toEqual([OVER | POLLERR, 0, ECONNRESET]);
  });

  it("whoever shut reading down hears of it too", () => {
    const peer = inState("ESTABLISHED");
    peer.shutdown(0);
    peer.inject({ flags: "R" });
    expect([read(peer.socket.tcb), read(peer.socket.tcb)]).toEqual([-ECONNRESET, 0]);
  });

  it("urgent text that was not asked for: ENOTCONN", () => {
    const peer = inState("ESTABLISHED");
    peer.inject({ flags: "UA", urgentPointer: 1, data: "!" });
    peer.inject({ flags: "R" });
    expect(read(peer.socket.tcb, MSG_OOB)).toBe(-ENOTCONN);
  });

  function resetOne(data = ""): SegmentPeer["socket"] {
    const peer = inState("ESTABLISHED");
    if (data !== "") peer.inject({ data });
    peer.inject({ flags: "R" });
    return peer.socket;
  }
});

describe("text for a user who has shut both sides", () => {
  for (const state of ["FIN-WAIT-1", "FIN-WAIT-2"] as const) {
    it(`in ${state}: the peer is reset, as on Linux`, () => {
      const peer = inState(state);
      peer.shutdown(0);
      peer.inject({ data: "x" });
      peer.expect("RA");
      expect(takeError(peer.socket.tcb)).toBe(ECONNRESET);
    });
  }

  it("one who has shut receiving alone still gets it", () => {
    const peer = inState("ESTABLISHED");
    peer.shutdown(0);
    peer.inject({ data: "x" });
    expect([read(peer.socket.tcb), read(peer.socket.tcb)]).toEqual([1, 0]);
  });
});

describe("what happened before accept", () => {
  it("a reset: accept gives the socket, and that tells the error", () => {
    const peer = new SegmentPeer();
    const listener = peer.listen();
    peer.syn();
    peer.inject({});
    peer.inject({ flags: "R" });
    const tcb = accept(listener.tcb) as Tcb;
    expect([tcb.stateName, readiness(tcb), tcb.isConnected]).toEqual(["CLOSED", OVER | POLLERR, false]);
    expect([read(tcb), write(tcb)]).toEqual([-ECONNRESET, -EPIPE]);
  });

  it("text and FIN: both are there", () => {
    const peer = new SegmentPeer();
    const listener = peer.listen();
    peer.syn();
    peer.inject({});
    peer.inject({ flags: "FA", data: "q" });
    const tcb = accept(listener.tcb) as Tcb;
    expect([tcb.stateName, read(tcb), read(tcb)]).toEqual(["CLOSE-WAIT", 1, 0]);
    peer.take();
    abort(tcb);
  });
});

describe("a connection to itself", () => {
  it("works: the SYN meets its sender, both opens are one", () => {
    const { host, clock } = new SegmentPeer();
    const socket = host.stream();
    socket.bind({ address: "127.0.0.1", port: 5000 });
    socket.connect({ address: "127.0.0.1", port: 5000 });
    clock.runInstant();
    const { tcb } = socket;
    expect([tcb.stateName, readiness(tcb)]).toEqual(["ESTABLISHED", POLLOUT]);
    expect(write(tcb)).toBe(1);
    clock.runInstant();
    expect(read(tcb)).toBe(1);
    shutdown(tcb, 1);
    clock.runInstant();
    expect([read(tcb), readiness(tcb), tcb.isConnected]).toEqual([0, OVER, false]);
  });
});
