/** The smaller options of Linux's tcp(7) and socket(7), as they show on the wire and to the user. */
import { describe, expect, it } from "vitest";
import { EAGAIN, EHOSTUNREACH, EINVAL, ENOTCONN, ETIMEDOUT } from "../../src/base/errno.ts";
import { MSG_OOB } from "../../src/base/message-flags.ts";
import { POLLERR, POLLIN, POLLOUT } from "../../src/base/readiness.ts";
import type { StreamCore } from "../../src/sockets/stream.ts";
import {
  inputHint,
  inputQueue,
  outputQueue,
  pathMtu,
  setReceiveLowWater,
  settingsChanged,
  setWindowClamp,
  type Tcb,
  unsentQueue,
} from "../../src/tcp/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { inState } from "../support/tcp-states.ts";
import { mss, windowScale } from "../support/tcp-wire.ts";
import { icmp, pattern } from "../support/wire.ts";

leaveNothingBehind();

describe("TCP_SYNCNT", () => {
  it("is how often the SYN is sent again before connect gives up", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    socket.tcb.settings.synRetransmissions = 2;
    peer.open(socket);
    peer.advance(1000 + 2000 + 3999);
    expect(peer.take().map(({ flags, at }) => [flags, at])).toEqual([
      ["S", 1000],
      ["S", 3000],
    ]);
    expect(socket.takeError()).toBe(0);
    peer.advance(1);
    expect(socket.takeError()).toBe(ETIMEDOUT);
  });

  it("of a listener bounds its SYN-ACKs", () => {
    const peer = new SegmentPeer();
    peer.listen().tcb.settings.synRetransmissions = 1;
    peer.syn();
    peer.advance(10_000);
    expect(peer.take().map(({ flags }) => flags)).toEqual(["SA"]);
    expect(peer.state).toBe("CLOSED");
  });
});

describe("TCP_DEFER_ACCEPT", () => {
  function deferring(times: number): SegmentPeer {
    const peer = new SegmentPeer();
    peer.listen().tcb.settings.deferAccept = times;
    peer.syn();
    peer.inject({ flags: "A" });
    return peer;
  }

  it("the listener hears of a connection when its first text has come", () => {
    const peer = deferring(2);
    expect([peer.state, peer.listener?.accept()]).toEqual(["SYN-RECEIVED", -EAGAIN]);
    peer.inject({ data: "hello" });
    const accepted = peer.listener?.accept() as StreamCore;
    expect([accepted.stateName, accepted.readable, accepted.tcb.settings.deferAccept]).toEqual([
      "ESTABLISHED",
      5,
      0,
    ]);
  });

  it("or its FIN", () => {
    const peer = deferring(2);
    peer.inject({ flags: "FA" });
    expect(peer.state).toBe("CLOSE-WAIT");
  });

  it("the SYN-ACK is sent again when the time is over, and an ACK is enough then", () => {
    const peer = deferring(3);
    peer.advance(20_000);
    const again = peer.take();
    expect(again[0]).toMatchObject({ flags: "SA", at: 1000 + 2000 + 4000 });
    peer.inject({ flags: "A" });
    expect(peer.state).toBe("ESTABLISHED");
  });

  it("longer than SYN-ACKs are sent: the peer that has answered has all its time", () => {
    const peer = deferring(7);
    peer.advance(120_000); // beyond 1+2+4+8+16+32 s, the end of one that has not answered
    expect([peer.state, peer.take()]).toEqual(["SYN-RECEIVED", []]);
    peer.inject({ data: "late" });
    expect(peer.state).toBe("ESTABLISHED");
  });

  it("on a connecting socket the last ACK waits for text", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    socket.tcb.settings.deferAccept = 1;
    peer.open(socket);
    peer.inject({ flags: "SA" });
    peer.expectNothing();
    peer.write("hello");
    peer.expect("PA", { ack: 1, data: "hello" });
  });
});

describe("TCP_LINGER2", () => {
  function orphan(micros: number): SegmentPeer {
    const peer = inState("ESTABLISHED");
    peer.socket.tcb.settings.finWait2Micros = micros;
    peer.close();
    peer.expect("FA");
    peer.inject({ ack: 2 });
    return peer;
  }

  it("is how long an orphan may wait for the peer's FIN", () => {
    const peer = orphan(5e6);
    peer.advance(4999);
    expect(peer.state).toBe("FIN-WAIT-2");
    peer.advance(1);
    expect(peer.state).toBe("CLOSED");
  });

  it("but no less than three and a half RTOs", () => {
    const peer = orphan(1);
    peer.advance(690);
    expect(peer.state).toBe("FIN-WAIT-2");
  });

  it("negative: not at all, the peer is reset", () => {
    const peer = orphan(-1);
    peer.expect("RA");
    expect(peer.state).toBe("CLOSED");
    const late = inState("FIN-WAIT-2");
    late.socket.tcb.settings.finWait2Micros = -1;
    late.close();
    late.expect("RA");
    expect(late.state).toBe("CLOSED");
  });

  it("a user who only shuts down waits as long as he likes", () => {
    const peer = inState("FIN-WAIT-2");
    peer.socket.tcb.settings.finWait2Micros = 1e6;
    peer.advance(600_000);
    expect(peer.state).toBe("FIN-WAIT-2");
  });
});

describe("TCP_NOTSENT_LOWAT", () => {
  function limited(bytes: number, window = 65_535): SegmentPeer {
    const peer = new SegmentPeer();
    peer.connect({ window });
    peer.socket.tcb.settings.notSentLowWater = bytes;
    return peer;
  }

  it("no more is taken than may wait unsent, beside what leaves at once", () => {
    const peer = limited(2000, 4000);
    expect(peer.write(pattern(20_000))).toBe(6000);
    expect(peer.socket.tcb.snd.end - peer.socket.tcb.snd.nxt).toBeLessThan(2000 + 1460);
    expect(peer.write(pattern(20_000))).toBe(-EAGAIN);
  });

  it("a segment at least, so that a low mark does not make many calls", () => {
    const peer = limited(1, 1460);
    expect(peer.write(pattern(20_000))).toBe(1461);
  });

  it("writable when less than half of it waits, and the user is told when it is", () => {
    const peer = limited(2000, 4000);
    peer.write(pattern(20_000));
    expect(peer.socket.readiness & POLLOUT).toBe(0);
    const heard: number[] = [];
    peer.socket.onReadiness = (mask) => heard.push(mask & POLLOUT);
    peer.inject({ window: 5000 });
    expect(peer.socket.readiness & POLLOUT).toBe(POLLOUT);
    expect(heard.at(-1)).toBe(POLLOUT);
  });
});

describe("TCP_WINDOW_CLAMP", () => {
  function clamped(bytes: number): SegmentPeer {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    expect(setWindowClamp(socket.tcb, bytes)).toBe(0);
    peer.connect({ socket, options: [mss(1460), windowScale(0)] });
    return peer;
  }

  it("no window beyond it is offered, nor a scale that it does not need", () => {
    const peer = clamped(5000);
    expect(peer.socket.tcb.rcv.scale).toBe(0);
    peer.inject({ data: pattern(1460) }, { data: pattern(1460) });
    expect(peer.expect("A").window).toBe(5000);
  });

  it("bounds the window, not the buffer: what waits unread takes none of it until that is full", () => {
    const peer = clamped(1);
    expect(peer.socket.tcb.settings.windowClamp).toBe(1152);
    for (let count = 0; count < 50; count++) {
      peer.inject({ data: pattern(1152) });
      peer.advance(40);
      expect(peer.expect("A").window).toBe(1152);
    }
    for (let count = 50; count < 114; count++) {
      peer.inject({ data: pattern(1152) });
      peer.advance(40);
    }
    expect(peer.take().at(-1)?.window).toBe(0); // 131072 bytes wait
    peer.read();
    expect(peer.expect("A").window).toBe(1152);
  });

  it("taken away only from a socket in CLOSED; what was offered stays offered", () => {
    const peer = inState("ESTABLISHED");
    const { tcb } = peer.socket;
    const { edge } = tcb.rcv;
    expect(setWindowClamp(tcb, 0)).toBe(-EINVAL);
    expect(setWindowClamp(tcb, 2000)).toBe(0);
    peer.inject({ data: pattern(1460) });
    peer.take();
    expect(tcb.rcv.edge).toBe(edge);
    expect(setWindowClamp(peer.host.stream().tcb, 0)).toBe(0);
  });
});

describe("SO_RCVLOWAT", () => {
  const readable = (peer: SegmentPeer) => (peer.socket.readiness & POLLIN) !== 0;

  it("readable means so many bytes, or the end; who reads gets what there is", () => {
    const peer = inState("ESTABLISHED");
    setReceiveLowWater(peer.socket.tcb, 10);
    peer.inject({ data: pattern(9) });
    expect(readable(peer)).toBe(false);
    peer.inject({ data: "x" });
    expect(readable(peer)).toBe(true);
    expect(peer.read(3)).toHaveLength(3);
    expect(readable(peer)).toBe(false);
    expect(peer.read()).toHaveLength(7);
    peer.inject({ data: "x" });
    peer.inject({ flags: "FA" });
    expect(readable(peer)).toBe(true);
  });

  it("or when the window has room for no more", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    socket.tcb.settings.receiveBufferBytes = 2000;
    peer.connect({ socket });
    socket.tcb.settings.receiveLowWater = 4000;
    peer.inject({ data: pattern(1000) });
    expect(readable(peer)).toBe(true);
  });

  it("0 is 1; the buffer grows with it, up to its bound, unless the user has fixed it", () => {
    const peer = new SegmentPeer();
    const low = (bytes: number, tcb: Tcb = peer.host.stream().tcb) => {
      setReceiveLowWater(tcb, bytes);
      return [tcb.settings.receiveLowWater, tcb.settings.receiveBufferBytes];
    };
    expect([low(0), low(100), low(200_000), low(-1), low(2 ** 31 - 1)]).toEqual([
      [1, 131_072],
      [100, 131_072],
      [200_000, 200_000],
      [6_291_456, 6_291_456],
      [6_291_456, 6_291_456],
    ]);
    const fixed = peer.host.stream().tcb;
    fixed.settings.receiveBufferBytes = 10_000;
    fixed.settings.receiveBufferFixed = true;
    expect([low(200_000, fixed), low(-1, fixed)]).toEqual([
      [10_000, 10_000],
      [10_000, 10_000],
    ]);
  });
});

describe("IP_RECVERR", () => {
  /** A router says that the host of the segment `quoted` cannot be reached. */
  function unreachable(peer: SegmentPeer, quoted: Uint8Array): void {
    const [type, code] = [3, 1];
    peer.injectDatagram(icmp({ type, code, payload: quoted.slice(0, 28) }, { source: "10.0.0.254" }));
  }

  it("the next call is told at once, and the connection goes on", () => {
    const peer = inState("ESTABLISHED");
    peer.socket.tcb.settings.receiveErrors = true;
    peer.write("x");
    unreachable(peer, peer.expect("PA").datagram);
    expect(peer.socket.readiness & POLLERR).toBe(POLLERR);
    expect([peer.write("y"), peer.write("y")]).toEqual([-EHOSTUNREACH, 1]);
    expect(peer.state).toBe("ESTABLISHED");
  });

  it("an attempt to connect ends at once; without it, only where the host is told to do as Linux does", () => {
    for (const [receiveErrors, softErrorsEndOpen, ends] of [
      [false, false, false],
      [true, false, true],
      [false, true, true],
    ] as const) {
      const peer = new SegmentPeer({ tcp: { softErrorsEndOpen } });
      const socket = peer.host.stream();
      socket.tcb.settings.receiveErrors = receiveErrors;
      unreachable(peer, peer.open(socket).datagram);
      expect(peer.state).toBe(ends ? "CLOSED" : "SYN-SENT");
      expect(socket.takeError()).toBe(EHOSTUNREACH);
    }
  });
});

describe("IP_MTU", () => {
  it("is the path's from connect on, also when the connection is over", () => {
    const peer = new SegmentPeer({ link: { mtu: 1400 } });
    expect(pathMtu(peer.host.stream().tcb)).toBe(-ENOTCONN);
    peer.connect();
    expect(pathMtu(peer.socket.tcb)).toBe(1400);
    peer.inject({ flags: "R" });
    expect(pathMtu(peer.socket.tcb)).toBe(1400);
    expect(pathMtu(peer.listen().tcb)).toBe(-ENOTCONN);
  });
});

describe("what the ioctls tell", () => {
  const queues = ({ tcb }: StreamCore) => [inputQueue(tcb), outputQueue(tcb), unsentQueue(tcb)];

  it("SIOCINQ ends at the urgent mark, which is not counted", () => {
    const peer = inState("ESTABLISHED");
    peer.inject({ flags: "UA", urgentPointer: 6, data: "hello!you" });
    const { tcb } = peer.socket;
    expect(inputQueue(tcb)).toBe(5);
    peer.read();
    expect(inputQueue(tcb)).toBe(0);
    peer.read(1, MSG_OOB);
    expect(peer.read()).toBe("you");
    tcb.settings.oobInline = true;
    settingsChanged(tcb);
    peer.inject({ flags: "UA", urgentPointer: 2, data: "abc" });
    expect(inputQueue(tcb)).toBe(3);
  });

  it("SIOCOUTQ counts what is not acknowledged, SIOCOUTQNSD what is not sent; a FIN is one", () => {
    const peer = new SegmentPeer();
    peer.connect({ window: 3000 });
    expect(queues(peer.socket)).toEqual([0, 0, 0]);
    peer.write(pattern(5000));
    expect(queues(peer.socket)).toEqual([0, 5000, 2080]);
    peer.shutdown(1);
    expect(queues(peer.socket)).toEqual([0, 5001, 2081]);
  });

  it("a FIN that came is not counted, though TCP_INQ hints at it", () => {
    const peer = inState("ESTABLISHED");
    peer.inject({ data: "abc" });
    expect([inputQueue(peer.socket.tcb), inputHint(peer.socket.tcb)]).toEqual([3, 3]);
    peer.inject({ flags: "FA" });
    expect([inputQueue(peer.socket.tcb), inputHint(peer.socket.tcb)]).toEqual([3, 3]);
    peer.read();
    expect([inputQueue(peer.socket.tcb), inputHint(peer.socket.tcb)]).toEqual([0, 1]);
  });

  it("a fresh socket and an attempt have nothing, a listener is EINVAL", () => {
    const peer = inState("SYN-SENT");
    expect(queues(peer.socket)).toEqual([0, 0, 0]);
    expect(queues(peer.host.stream())).toEqual([0, 0, 0]);
    expect(queues(peer.listen())).toEqual([-EINVAL, -EINVAL, -EINVAL]);
  });
});
