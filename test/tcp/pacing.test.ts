import { describe, expect, it } from "vitest";
import { info, settingsChanged } from "../../src/tcp/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss, SACK_PERMITTED, sack } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

/** A connection with segments of 1000 bytes that is let send `rate` bytes per second. */
function paced(rate: number): SegmentPeer {
  const peer = new SegmentPeer({ tcp: { initialWindowSegments: 100 } });
  peer.connect({ options: [mss(1000), SACK_PERMITTED] });
  peer.socket.tcb.settings.pacingBytesPerSecond = rate;
  return peer;
}

/** When segments with text leave, ms, acknowledged at once. */
function departures(peer: SegmentPeer, millis: number): number[] {
  const times: number[] = [];
  for (let passed = 0; passed <= millis; passed++) {
    for (const segment of peer.take()) if (segment.length > 0) times.push(segment.at);
    peer.inject({});
    peer.advance(1);
  }
  return times;
}

describe("SO_MAX_PACING_RATE", () => {
  it("two segments go, and the next two when those would have left at the rate", () => {
    const peer = paced(100_000);
    peer.write(pattern(7000));
    expect(departures(peer, 100)).toEqual([0, 0, 20, 20, 40, 40, 60]);
  });

  it("or what a millisecond makes, at high rates", () => {
    const peer = paced(10_000_000);
    peer.write(pattern(25_000));
    expect(departures(peer, 10)).toEqual([...Array(10).fill(0), ...Array(10).fill(1), ...Array(5).fill(2)]);
  });

  it("over a second it is the rate", () => {
    const peer = paced(50_000);
    peer.write(pattern(100_000));
    expect(departures(peer, 999)).toHaveLength(50);
  });

  it("what was not used is not saved up", () => {
    const peer = paced(100_000);
    peer.write(pattern(1000));
    peer.advance(1000);
    peer.take();
    peer.inject({});
    peer.write(pattern(5000));
    expect(departures(peer, 100)).toEqual([1000, 1000, 1020, 1020, 1040]);
  });

  it("what is sent again counts, but the first retransmission is not kept back", () => {
    const peer = paced(1000);
    peer.write(pattern(4000));
    expect(peer.take()).toHaveLength(2);
    peer.advance(300);
    expect(peer.take().map(({ seq }) => seq)).toEqual([1]);
    peer.inject({});
    peer.advance(2699);
    peer.expectNothing();
    peer.advance(1);
    peer.expect("A", { seq: 2001, at: 3000 });
  });

  it("holds back the rest of what is lost, too", () => {
    const peer = paced(100_000);
    peer.write(pattern(8000));
    peer.advance(60);
    expect(peer.take()).toHaveLength(8);
    peer.advance(1);
    const [left, right] = [4001, 8001].map((seq) => (peer.stackIss + seq) >>> 0);
    peer.inject({ ack: 1, options: [sack([left as number, right as number])] });
    peer.advance(60);
    expect(peer.take().map(({ seq, at }) => [seq, at])).toEqual([
      [1, 61],
      [1001, 90],
      [2001, 90],
      [3001, 110],
    ]);
  });

  it("0 and Infinity are no bound; taken away, the rest leaves at once", () => {
    const peer = paced(0);
    peer.write(pattern(5000));
    expect(peer.take()).toHaveLength(5);
    peer.socket.tcb.settings.pacingBytesPerSecond = 1000;
    peer.write(pattern(5000));
    expect(peer.take()).toHaveLength(2);
    peer.socket.tcb.settings.pacingBytesPerSecond = Number.POSITIVE_INFINITY;
    settingsChanged(peer.socket.tcb);
    expect(peer.take()).toHaveLength(3);
  });

  it("a FIN without text is not kept back, one with text is", () => {
    const peer = paced(10_000);
    peer.write(pattern(2000));
    peer.shutdown(1);
    expect(peer.take().map(({ flags }) => flags)).toEqual(["A", "PA", "FA"]);
    const other = paced(10_000);
    other.write(pattern(2500));
    other.shutdown(1);
    expect(other.take().map(({ flags }) => flags)).toEqual(["A", "A"]);
    other.advance(200);
    expect(other.take().map(({ flags }) => flags)).toEqual(["FPA"]);
  });

  it("TCP_INFO tells it, and a listener's connections have it", () => {
    const peer = new SegmentPeer();
    peer.listen().tcb.settings.pacingBytesPerSecond = 5000;
    peer.accept();
    expect(info(peer.socket.tcb)).toMatchObject({ pacing_rate: 5000, max_pacing_rate: 5000 });
    expect(info(peer.host.stream().tcb).pacing_rate).toBe(2 ** 64);
  });
});

describe("TCP_INFO", () => {
  it("rcv_space is what is read in a round trip", () => {
    const peer = new SegmentPeer();
    peer.connect({ delay: 100 });
    expect(info(peer.socket.tcb).rcv_space).toBe(14_600);
    peer.inject({ data: pattern(1460) });
    peer.read();
    peer.advance(100);
    for (let count = 0; count < 20; count++) {
      peer.inject({ data: pattern(1460) });
      peer.read();
    }
    peer.advance(100);
    peer.inject({ data: pattern(1000) });
    peer.read();
    expect(info(peer.socket.tcb).rcv_space).toBe(19 * 1460 + 1000);
  });

  it("of a listener: who waits, and the backlog", () => {
    const peer = new SegmentPeer();
    peer.listen(7);
    peer.syn();
    peer.inject({});
    expect(info(peer.listener!.tcb)).toMatchObject({ state: 10, unacked: 1, sacked: 7 });
  });

  it("last_data_recv counts from text, not from ACKs", () => {
    const peer = new SegmentPeer();
    peer.connect();
    peer.inject({ data: "x" });
    peer.advance(500);
    peer.inject({});
    expect(info(peer.socket.tcb)).toMatchObject({ last_data_recv: 500, last_ack_recv: 0 });
  });
});
