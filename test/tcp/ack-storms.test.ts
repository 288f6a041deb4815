/** Two ends that stand in each other's way, by attack or by chance: nothing may go on for ever, and nothing be lost. */
import { describe, expect, it } from "vitest";
import { SO_RCVBUF, SOL_SOCKET } from "../../src/sockets/constants.ts";
import { setOption } from "../../src/sockets/options/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss, timestamps } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

describe("a peer that has filled our window", () => {
  it("is heard: its ACKs stand just behind the window", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    setOption(socket, SOL_SOCKET, SO_RCVBUF, 2920);
    peer.connect({ options: [mss(1460)], socket });
    peer.write(pattern(1000));
    const [sent] = peer.take();
    expect(sent?.length).toBe(1000);
    peer.inject({ seq: 1461, data: pattern(1460) }); // the first half was lost
    peer.take();
    peer.inject({ seq: 2921, ack: 1001 });
    expect(peer.tcb!.flightSize).toBe(0);
    expect(peer.counters.droppedOutsideWindow).toBe(0);
  });
});

describe("segments that are dropped for their numbers (Joncheray's storm)", () => {
  it("and carry nothing are answered twice a second at most", () => {
    const peer = new SegmentPeer();
    peer.accept();
    let answers = 0;
    for (let count = 0; count < 100; count++) {
      peer.inject({ seq: 500_000 });
      peer.advance(10);
      answers += peer.take().length;
    }
    expect(answers).toBe(2);
  });

  it("an old timestamp alone is answered as sparingly", () => {
    const peer = new SegmentPeer();
    peer.accept({ options: [mss(1460), timestamps(1000, 0)] });
    let answers = 0;
    for (let count = 0; count < 100; count++) {
      peer.inject({ options: [timestamps(10, 0)] });
      peer.advance(10);
      answers += peer.take().length;
    }
    expect(answers).toBe(2);
  });

  it("and carry text are answered each time: the peer must learn what has arrived", () => {
    const peer = new SegmentPeer();
    peer.accept();
    peer.inject({ flags: "PA", data: "x" });
    peer.read();
    peer.take();
    for (let count = 0; count < 5; count++) {
      peer.inject({ seq: 1, data: "x" });
      peer.expect("A", { ack: 2 });
    }
  });
});

describe("timestamps, RFC 7323 §5 and RFC 5961 §5", () => {
  it("are believed only of a segment whose acknowledgment is acceptable", () => {
    const peer = new SegmentPeer();
    peer.accept({ options: [mss(1460), timestamps(0, 0)] });
    const ahead = timestamps(peer.timestampOffset + 2 ** 30, 0);
    peer.inject({ ack: 1_500_000_000, options: [ahead] }); // blind: it does not know what we have sent
    peer.take();
    peer.inject({ flags: "PA", data: "hello" });
    expect(peer.read()).toBe("hello");
  });
});

describe("text that overlaps", () => {
  it("octets once accepted stay, whatever a later segment says they are", () => {
    const peer = new SegmentPeer();
    peer.accept();
    peer.inject({ seq: 3, data: "CD" });
    peer.inject({ seq: 1, data: "abXYe" });
    expect(peer.read()).toBe("abCDe");
  });

  it("a FIN that stands before text that has come ends nothing, and behind the FIN there is nothing", () => {
    const peer = new SegmentPeer();
    peer.accept();
    peer.inject({ seq: 5, data: "ef" });
    peer.inject({ flags: "FA", seq: 3 });
    peer.inject({ seq: 1, data: "abcd" });
    expect(peer.read()).toBe("abcdef");
    expect(peer.state).toBe("ESTABLISHED");
    peer.inject({ flags: "FA", seq: 8 });
    peer.inject({ seq: 7, data: "gXYZ" });
    expect(peer.read()).toBe("g");
    expect(peer.state).toBe("CLOSE-WAIT");
  });
});
