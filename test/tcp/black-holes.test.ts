/** Paths on which large packets vanish without a word: RFC 2923 §2.1, RFC 4821 §7.7, RFC 8899 §4.3. */
import { describe, expect, it } from "vitest";
import { IP_MTU_DISCOVER, IP_PMTUDISC_DONT, IPPROTO_IP } from "../../src/sockets/constants.ts";
import { setOption } from "../../src/sockets/options/index.ts";
import {
  leaveNothingBehind,
  type ParsedSegment,
  SegmentPeer,
  type SegmentPeerOptions,
} from "../support/segment-peer.ts";
import { mss, SACK_PERMITTED, sack, timestamps } from "../support/tcp-wire.ts";
import { icmp, ip, pattern } from "../support/wire.ts";

leaveNothingBehind();

const SMSS = 1460;
/** The text of the short copy: a datagram of 1024 bytes. */
const SHORT = 984;

/** A connection with a round trip of 100 ms, and ten full segments in flight, which are taken. */
function sending(options: SegmentPeerOptions = {}, handshake: Uint8Array[] = [mss(SMSS)]): SegmentPeer {
  const peer = new SegmentPeer(options);
  peer.connect({ delay: 100, options: handshake });
  peer.write(pattern(60_000));
  expect(peer.take().length).toBe(10);
  return peer;
}

/** Lets the timer expire `count` times; what was sent then, by timeout. */
function timeouts(peer: SegmentPeer, count: number): ParsedSegment[][] {
  const sent: ParsedSegment[][] = [];
  while (sent.length < count) {
    const before = peer.counters.timeouts;
    while (peer.counters.timeouts === before) peer.advance(peer.clock.nextDeadline() / 1000 - peer.now);
    sent.push(peer.take());
  }
  return sent;
}

const sizes = (segments: ParsedSegment[]) => segments.map(({ seq, length }) => [seq, length]);

/**
 * Lets the timer expire `count` times on the segment at `seq`, acknowledges its short copy alone, and then the rest of it, which
 * comes at once. Returns the text of the copy.
 */
function copyAlone(peer: SegmentPeer, count: number, seq: number): number {
  const [whole, copy] = timeouts(peer, count).at(-1)!;
  expect([whole!.seq, copy!.seq]).toEqual([seq, seq]);
  peer.advance(100);
  peer.inject({ ack: seq + copy!.length });
  expect(peer.take()[0]).toMatchObject({ seq: seq + copy!.length });
  peer.inject({ ack: seq + SMSS });
  peer.take();
  return copy!.length;
}

const pathMtu = (peer: SegmentPeer) => {
  const path = peer.host.ipv4.path(ip("10.0.0.2"), 0);
  return typeof path === "number" ? path : path.mtu;
};

/** Acknowledges as a peer does behind a router that drops what is longer than `mtu`, until `bytes` have come; ms it took. */
function behindHole(peer: SegmentPeer, mtu: number, bytes: number): number {
  const start = peer.now;
  let reached = 1;
  const held = new Map<number, number>();
  for (let round = 0; round < 20_000 && reached <= bytes; round++) {
    const came = peer.take().filter(({ ip }) => ip.totalLength <= mtu);
    for (const { seq, length } of came) held.set(seq, Math.max(length, held.get(seq) ?? 0));
    for (const [seq, length] of [...held].sort(([a], [b]) => a - b)) {
      if (seq <= reached) reached = Math.max(reached, seq + length);
    }
    if (came.length > 0) peer.inject({ ack: reached });
    else peer.advance(10);
  }
  expect(reached).toBe(bytes + 1);
  return peer.now - start;
}

describe("a short copy tells whether the path drops what is large", () => {
  it("RFC8899-4-1, RFC 4821 §7.7: past R1 it follows the segment, ever shorter, but never longer than that", () => {
    const peer = sending();
    const sent = timeouts(peer, 8).map(sizes);
    expect(sent.slice(0, 2)).toEqual([[[1, SMSS]], [[1, SMSS]]]);
    expect(sent.slice(2)).toEqual(
      [SHORT, 472, 216, 88, 28, 28].map((length) => [
        [1, SMSS],
        [1, length],
      ]),
    );
    expect(peer.counters.shortCopiesSent).toBe(6);
  });

  it("its datagram is of that size with options too", () => {
    const peer = sending({}, [mss(SMSS), SACK_PERMITTED, timestamps(0)]);
    const [, copy] = timeouts(peer, 3)[2]!;
    expect(copy).toMatchObject({ seq: 1, ip: { totalLength: 1024, dontFragment: true } });
    expect(copy!.data).toEqual(pattern(60_000).slice(0, 972));
  });

  it("it alone is acknowledged, three times in a row: that is the path's MTU, for this and other connections", () => {
    const peer = sending();
    for (let segment = 0; segment < 3; segment++) {
      expect([pathMtu(peer), peer.counters.blackHoles]).toEqual([1500, 0]);
      expect(copyAlone(peer, segment === 0 ? 3 : 1, 1 + segment * SMSS)).toBe(SHORT);
    }
    expect(pathMtu(peer)).toBe(1024);
    expect(peer.counters.blackHoles).toBe(1);
    for (const { ip } of peer.take()) expect(ip.totalLength).toBeLessThanOrEqual(1024);
    const other = peer.another();
    other.connect();
    other.write(pattern(5000));
    for (const { ip } of other.take()) expect(ip.totalLength).toBeLessThanOrEqual(1024);
  });

  it("the whole segment is acknowledged: it was an outage, and nothing changes", () => {
    for (const ack of [1 + SMSS, 1 + 10 * SMSS]) {
      const peer = sending();
      timeouts(peer, 3);
      peer.inject({ ack });
      expect([pathMtu(peer), peer.tcb!.snd.mss, peer.counters.blackHoles]).toEqual([1500, SMSS, 0]);
      peer.inject({ ack: 1 + 10 * SMSS });
      expect(peer.take().length).toBeGreaterThan(0);
      peer.inject({ ack: 1 + 10 * SMSS + SHORT }); // what the copy would have been worth later on
      expect([pathMtu(peer), peer.counters.blackHoles]).toEqual([1500, 0]);
    }
  });

  it("the first time it is a suspicion: the next segment is followed by one at its first timeout, which is not backed off", () => {
    const peer = sending();
    copyAlone(peer, 3, 1);
    const start = peer.now;
    expect(timeouts(peer, 1).map(sizes)[0]).toEqual([
      [1 + SMSS, SMSS],
      [1 + SMSS, SHORT],
    ]);
    expect(peer.now - start).toBeLessThan(500);
  });

  it("a segment as long as those that were lost arrives in between: they were lost at random", () => {
    const ways: [acked: (peer: SegmentPeer, seq: number) => object, news: number][] = [
      [(_, seq) => ({ ack: seq + SMSS }), SMSS],
      [
        (peer, seq) => ({
          ack: seq,
          options: [sack([peer.stackIss + seq + SMSS, peer.stackIss + seq + 2 * SMSS])],
        }),
        0,
      ],
    ];
    for (const [acked, news] of ways) {
      const peer = sending({}, [mss(SMSS), SACK_PERMITTED]);
      copyAlone(peer, 3, 1);
      copyAlone(peer, 1, 1 + SMSS);
      const seq = 1 + 2 * SMSS;
      peer.inject(acked(peer, seq));
      peer.take();
      for (const sent of timeouts(peer, 2)) expect(sent).toHaveLength(1);
      copyAlone(peer, 1, seq + news); // the third of this segment: as if for the first time
      expect([pathMtu(peer), peer.counters.blackHoles]).toEqual([1500, 0]);
    }
  });

  it("but not one that had been SACKed before the first: the path may have become narrower since", () => {
    const peer = sending({}, [mss(SMSS), SACK_PERMITTED]);
    peer.inject({ ack: 1, options: [sack([peer.stackIss + 1 + 2 * SMSS, peer.stackIss + 1 + 3 * SMSS])] });
    peer.take();
    copyAlone(peer, 3, 1);
    copyAlone(peer, 1, 1 + SMSS);
    peer.inject({ ack: 1 + 3 * SMSS });
    peer.take();
    copyAlone(peer, 1, 1 + 3 * SMSS);
    expect(pathMtu(peer)).toBe(1024);
  });

  it("after an outage, when it has become very short, the next is long again: what has arrived is the MTU, not less", () => {
    const peer = sending();
    expect(copyAlone(peer, 6, 1)).toBe(88);
    expect(copyAlone(peer, 1, 1 + SMSS)).toBe(SHORT);
    expect(copyAlone(peer, 2, 1 + 2 * SMSS)).toBe(472);
    expect(pathMtu(peer)).toBe(1024);
  });

  it("a copy arrives that is as long as a segment that did not: what was lost before proves nothing", () => {
    const peer = sending({}, [mss(1400)]);
    timeouts(peer, 4);
    peer.inject({ ack: 1 + 472 });
    peer.take();
    timeouts(peer, 2); // of the other 928
    peer.inject({ ack: 1 + 2 * 472 });
    peer.take();
    peer.inject({ ack: 1 + 1400 });
    peer.take();
    timeouts(peer, 1);
    peer.inject({ ack: 1 + 1400 + SHORT }); // the third
    expect([pathMtu(peer), peer.counters.blackHoles]).toEqual([1500, 0]);
  });

  it("the acknowledgment of a copy was lost: that of the next one tells of it", () => {
    const peer = sending();
    timeouts(peer, 4);
    peer.inject({ ack: 1 + SHORT });
    peer.take();
    peer.inject({ ack: 1 + SMSS });
    peer.take();
    copyAlone(peer, 1, 1 + SMSS);
    copyAlone(peer, 1, 1 + 2 * SMSS);
    expect(pathMtu(peer)).toBe(1024);
  });

  it("none follows what is short anyway, nor what goes without DF, nor where the host is set not to", () => {
    const small = new SegmentPeer();
    small.connect({ delay: 100 });
    small.write(pattern(536));
    small.take();
    expect(timeouts(small, 6).map((sent) => sent.length)).toEqual([1, 1, 1, 1, 1, 1]);
    const without = new SegmentPeer();
    const socket = without.host.stream();
    setOption(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
    without.connect({ socket, delay: 100 });
    without.write(pattern(5000));
    without.take();
    expect(timeouts(without, 4).at(-1)).toHaveLength(1);
    const off = sending({ tcp: { blackHoleMtu: 0 } });
    expect(timeouts(off, 4).at(-1)).toHaveLength(1);
    const never = [small, without, off].map(({ counters }) => counters.shortCopiesSent);
    expect(never).toEqual([0, 0, 0]);
  });

  it("the size, and when R1 is reached, are the host's to say", () => {
    const peer = sending({ tcp: { blackHoleMtu: 1280, suspectRetransmissions: 1 } });
    expect(timeouts(peer, 1).map(sizes)[0]).toEqual([
      [1, SMSS],
      [1, 1240],
    ]);
    expect(() => new SegmentPeer({ tcp: { blackHoleMtu: -1 } })).toThrow(RangeError);
  });
});

describe("everything arrives", () => {
  it.each([1499, 1400, 1280, 1100, 1024, 600, 552])(
    "behind a router that drops what is longer than %i bytes",
    (mtu) => {
      const peer = sending();
      const millis = behindHole(peer, mtu, 60_000);
      expect(peer.counters.blackHoles).toBe(1);
      expect(millis).toBeLessThan(mtu >= 1024 ? 6000 : 10_000);
    },
  );

  it("with timestamps, SACK, and segments that the link cuts", () => {
    const peer = new SegmentPeer({ link: { cuts: true } });
    peer.connect({ delay: 100, options: [mss(SMSS), SACK_PERMITTED, timestamps(0)] });
    peer.write(pattern(60_000));
    behindHole(peer, 1400, 60_000);
    expect(peer.counters.blackHoles).toBe(1);
    peer.write(pattern(30_000));
    const sent = peer.take();
    expect(Math.max(...sent.map(({ ip }) => ip.totalLength))).toBe(1024);
    expect(peer.link.longestRun).toBeGreaterThan(5);
  });

  it("RFC1191-6.3-1: after ten minutes larger ones are tried again", () => {
    const peer = sending();
    behindHole(peer, 1400, 60_000);
    peer.write(pattern(5000));
    expect(peer.take()[0]!.ip.totalLength).toBe(1024);
    peer.inject({});
    peer.take();
    peer.inject({});
    peer.advance(601_000);
    peer.write(pattern(5000));
    expect(peer.take()[0]!.ip.totalLength).toBe(1500);
  });
});

describe("what routers claim, RFC 5927 §7.2", () => {
  const ROUTER = "10.0.0.254";

  /** Full segments have been acknowledged; ten more are in flight, and returned. */
  function proven(): [SegmentPeer, ParsedSegment[]] {
    const peer = sending();
    peer.inject({ ack: 1 + 10 * SMSS });
    const sent = peer.take();
    expect(sent.length).toBeGreaterThan(9);
    return [peer, sent];
  }

  function claim(peer: SegmentPeer, about: ParsedSegment, mtu: number): void {
    const payload = about.datagram.slice(0, 28);
    peer.injectDatagram(icmp({ type: 3, code: 4, rest: mtu, payload }, { source: ROUTER }));
  }

  it("RFC5927-7.2-1: as large ones have arrived before, it is not believed while data advances", () => {
    const [peer, sent] = proven();
    claim(peer, sent[3]!, 1006);
    expect(peer.take()).toEqual([]);
    expect([pathMtu(peer), peer.tcb!.snd.mss]).toEqual([1500, SMSS]);
    peer.inject({ ack: sent[3]!.seq + SMSS });
    peer.take();
    timeouts(peer, 1);
    expect([pathMtu(peer), peer.tcb!.snd.mss]).toEqual([1500, SMSS]);
  });

  it("RFC5927-7.2-1: if the segment it is about times out, it was true", () => {
    const [peer, sent] = proven();
    claim(peer, sent[3]!, 1006);
    peer.inject({ ack: sent[3]!.seq }); // up to it, not beyond
    peer.take();
    const [again] = timeouts(peer, 1);
    expect([pathMtu(peer), peer.tcb!.snd.mss]).toEqual([1006, 966]);
    expect(sizes(again!)[0]).toEqual([sent[3]!.seq, 966]);
  });

  it("one about each of the flight: the first counts, and none of what has arrived since", () => {
    const [peer, sent] = proven();
    for (const about of sent) claim(peer, about, 1006);
    peer.inject({ ack: sent[3]!.seq });
    const [next] = peer.take();
    claim(peer, next!, 1006);
    claim(peer, sent[3]!, 1100);
    claim(peer, next!, 1006);
    timeouts(peer, 1);
    expect(pathMtu(peer)).toBe(1100);
  });

  it("nor if it is another that times out", () => {
    const [peer, sent] = proven();
    claim(peer, sent[3]!, 1006);
    timeouts(peer, 1);
    expect(pathMtu(peer)).toBe(1500);
    claim(peer, sent[0]!, 1006); // of the copy that was sent again just now
    timeouts(peer, 1);
    expect(pathMtu(peer)).toBe(1006);
  });

  it("once one was believed, nothing larger has arrived: the next is believed at once", () => {
    const [peer, sent] = proven();
    claim(peer, sent[0]!, 1006);
    timeouts(peer, 1);
    expect(pathMtu(peer)).toBe(1006);
    claim(peer, sent[0]!, 600); // nothing has arrived since
    expect(pathMtu(peer)).toBe(600);
  });

  it("what was sent more than once proves nothing: a copy of it may have gone in pieces", () => {
    const peer = sending();
    timeouts(peer, 1);
    peer.inject({ ack: 1 + SMSS });
    const [next] = peer.take();
    claim(peer, next!, 1006);
    expect(pathMtu(peer)).toBe(1006);
  });
});
