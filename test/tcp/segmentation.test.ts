/** Links that cut segments themselves: what comes out of them is what the stack would have sent, segment by segment. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  IP_MTU_DISCOVER,
  IP_PMTUDISC_DO,
  IP_PMTUDISC_DONT,
  IPPROTO_IP,
  MSG_MORE,
  MSG_OOB,
} from "../../src/sockets/constants.ts";
import { setOption } from "../../src/sockets/options/index.ts";
import { info, setCork, setNoDelay, settingsChanged } from "../../src/tcp/index.ts";
import { type HandshakeOptions, leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss, SACK_PERMITTED, sack, timestamps, windowScale } from "../support/tcp-wire.ts";
import { icmp, pattern } from "../support/wire.ts";

leaveNothingBehind();

const SMSS = 1460;
const LARGE = { initialWindowSegments: 1000, sendBufferBytes: 4_000_000 };
const SCALED = [mss(1460), windowScale(7)];

/** A connection over a link that cuts, whose window and congestion window let everything go. */
function connected(options: Uint8Array[] = SCALED): SegmentPeer {
  const peer = new SegmentPeer({ tcp: LARGE, link: { cuts: true } });
  peer.connect({ options, window: 20_000 });
  peer.inject({}); // the window of a SYN is not scaled
  setNoDelay(peer.tcb!, true);
  return peer;
}

describe("sending over a link that cuts segments", () => {
  it("as many as a datagram's length can tell go in one packet, and count as what they are", () => {
    const peer = connected();
    const before = info(peer.tcb!);
    peer.write(pattern(100 * SMSS + 10));
    const sent = peer.take();
    expect(peer.link.longestRun).toBe(44); // 44 · 1460 + 40 ≤ 65535
    expect(sent.map(({ length }) => length)).toEqual([...new Array(100).fill(SMSS), 10]);
    expect(sent.map(({ flags }) => flags)).toEqual([...new Array(100).fill("A"), "PA"]);
    const after = info(peer.tcb!);
    expect(after.data_segs_out - before.data_segs_out).toBe(101);
    expect(after.segs_out - before.segs_out).toBe(101);
    expect(after.unacked).toBe(101);
  });

  it("options leave less room, IP's too", () => {
    const peer = connected([...SCALED, timestamps(0), SACK_PERMITTED]);
    peer.write(pattern(60 * 1448));
    expect(peer.take().every(({ length, ip }) => length === 1448 && ip.totalLength === 1500)).toBe(true);
    expect(peer.link.longestRun).toBe(45); // 45 · 1448 + 52 ≤ 65535
    const other = new SegmentPeer({ tcp: LARGE, link: { cuts: true } });
    const socket = other.host.stream();
    socket.tcb.settings.options = Uint8Array.from([7, 39, 4, ...new Array(36).fill(0), 0]); // record route
    other.connect({ socket, options: [mss(1376), windowScale(7)], window: 20_000 });
    other.inject({});
    other.write(pattern(60 * 1336));
    expect(other.take().every(({ ip, length }) => length === 1336 && ip.totalLength === 1416)).toBe(true);
    expect(other.link.longestRun).toBe(48); // 49 · 1336 + 80 > 65535, and would not be without the options
  });

  it("the FIN goes with the last of them", () => {
    const peer = connected();
    peer.inject({ window: 0 });
    peer.write(pattern(4 * SMSS - 1));
    peer.shutdown(1);
    peer.expectNothing();
    peer.inject({});
    expect(peer.take().map(({ flags }) => flags)).toEqual(["A", "A", "A", "FPA"]);
    expect(peer.link.longestRun).toBe(4);
    peer.inject({});
    expect(peer.state).toBe("FIN-WAIT-2");
  });

  it("urgent data goes segment by segment, since each tells where it ends", () => {
    const peer = connected();
    peer.write(pattern(4000), MSG_OOB);
    expect(peer.take().map(({ urgentPointer }) => urgentPointer)).toEqual([4000, 2540, 1080]);
    expect(peer.link.longestRun).toBe(1);
    peer.inject({});
    peer.write(pattern(4000));
    peer.take();
    expect(peer.link.longestRun).toBe(3);
  });

  it("RFC2883-4-3: a duplicate is reported once, not by each piece", () => {
    const peer = connected([...SCALED, SACK_PERMITTED]);
    peer.inject({ data: "abcd" });
    peer.take();
    setCork(peer.tcb!, true);
    peer.socket.onReadiness = () => {
      peer.socket.onReadiness = undefined;
      peer.socket.send(pattern(5 * SMSS), 0, 5 * SMSS, 0);
    };
    peer.socket.settings.receiveLowWater = 1;
    peer.inject({ seq: 1, data: "abcd" }, { data: "e" });
    const sent = peer.take();
    expect(sent.map(({ sack }) => sack.length)).toEqual([1, ...new Array(sent.length - 1).fill(0)]);
    expect(sent[0]!.sack).toEqual([[1, 5]]);
  });

  it("RFC6864-4.3-2: without DF each goes by itself, with an identification of its own", () => {
    const peer = connected();
    setOption(peer.socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
    peer.write(pattern(20 * SMSS));
    const sent = peer.take();
    expect(new Set(sent.map(({ ip }) => ip.identification)).size).toBe(20);
    expect(peer.link.longestRun).toBe(1);
    setOption(peer.socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
    peer.write(pattern(20 * SMSS));
    peer.take();
    expect(peer.link.longestRun).toBe(20);
  });

  it("nor where the path is so narrow that DF is left out", () => {
    const peer = connected();
    peer.write(pattern(4 * SMSS));
    const [first] = peer.take();
    peer.link.longestRun = 0;
    const quoted = first!.datagram.slice(0, 28);
    peer.injectDatagram(icmp({ type: 3, code: 4, rest: 300, payload: quoted }, { source: "10.0.0.254" }));
    expect(peer.take().length).toBeGreaterThan(8);
    peer.inject({});
    peer.take();
    peer.inject({});
    peer.write(pattern(10_000));
    const sent = peer.take();
    expect(sent.length).toBeGreaterThan(10);
    expect(sent.every(({ ip }) => !ip.dontFragment && ip.totalLength <= 552)).toBe(true);
    expect(peer.link.longestRun).toBe(1);
  });

  it("a link that cuts but makes no checksums gets them one by one, complete", () => {
    const peer = new SegmentPeer({ tcp: LARGE, link: { segmentation: true } });
    peer.connect();
    peer.write(pattern(10_000));
    for (const { intact, length } of peer.take()) expect([intact, length <= SMSS]).toEqual([true, true]);
  });

  it("the route moves to a link that does not cut, and back: each gets what it takes", () => {
    const peer = connected();
    peer.write(pattern(20_000));
    peer.take();
    expect(peer.link.longestRun).toBe(14);
    const { features } = peer.link;
    const plain = { ...features, segmentation: false };
    for (const [now, run] of [
      [plain, 1],
      [features, 14],
    ] as const) {
      Object.assign(peer.link, { features: now, longestRun: 0 });
      peer.write(pattern(20_000));
      expect(peer.take().length).toBe(14);
      expect(peer.link.longestRun).toBe(run);
    }
  });
});

type Step =
  | { kind: "write"; bytes: number; flags: number }
  | { kind: "acknowledge"; part: number; window: number; losses: number[] }
  | { kind: "receive"; bytes: number; skip: number }
  | { kind: "wait"; millis: number }
  | { kind: "tooBig"; mtu: number }
  | { kind: "option"; which: number; on: boolean }
  | { kind: "shutdown" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      bytes: fc.integer({ min: 1, max: 90_000 }),
      flags: fc.constantFrom(0, 0, 0, MSG_MORE, MSG_OOB),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("acknowledge" as const),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
      window: fc.constantFrom(0, 1, 700, 3000, 65_535, 65_535),
      losses: fc.array(fc.nat(40), { maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("receive" as const),
      bytes: fc.integer({ min: 1, max: 9000 }),
      skip: fc.constantFrom(0, 0, 0, 1000, -500),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      millis: fc.constantFrom(1, 10, 41, 250, 2000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("tooBig" as const), mtu: fc.constantFrom(1400, 1006, 600) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("option" as const), which: fc.nat(3), on: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "shutdown" as const }) },
);

/** Plays `steps` on a stack of its own; every segment that comes out of the link, but for what a device counts up in it. */
function play(
  cuts: boolean,
  handshake: HandshakeOptions,
  steps: readonly Step[],
): [string[], number, object] {
  const peer = new SegmentPeer({ link: { cuts }, tcp: { initialWindowSegments: 60 } });
  peer.connect({ ...handshake, delay: 20 });
  const { tcb } = peer.socket;
  const lines: string[] = [];
  const flight: { seq: number; length: number; datagram: Uint8Array }[] = [];
  const collect = () => {
    for (const {
      flags,
      seq,
      ack,
      window,
      urgentPointer,
      optionBytes,
      data,
      length,
      at,
      intact,
      ip,
      datagram,
    } of peer.take()) {
      const about = { flags, seq, ack, window, urgentPointer, length, at, intact, df: ip.dontFragment };
      lines.push(
        `${JSON.stringify(about)} ${optionBytes} ${data.reduce((sum, byte) => (sum * 31 + byte) | 0, 7)}`,
      );
      flight.push({ seq, length, datagram });
    }
  };
  let written = 0;
  for (const each of steps) {
    if (each.kind === "write") {
      const taken = peer.write(pattern(each.bytes, written), each.flags);
      if (taken > 0) written += taken;
    } else if (each.kind === "acknowledge") {
      const { una, nxt, iss } = tcb.snd;
      const from = (una - iss) | 0;
      const to = from + Math.floor(((nxt - una) | 0) * each.part);
      const blocks = tcb.sackEnabled
        ? each.losses.flatMap((index): [number, number][] => {
            const segment = flight.at(-1 - index);
            const isAbove = segment !== undefined && segment.length > 0 && segment.seq > to;
            return isAbove ? [[segment.seq, segment.seq + segment.length]] : [];
          })
        : [];
      const options = blocks.map(([left, right]): [number, number] => [iss + left, iss + right]);
      const stamps = peer.useTimestamps ? [peer.timestampOption()] : [];
      const all = options.length > 0 ? [...stamps, sack(...options)] : stamps;
      peer.inject({ ack: to, window: each.window, options: all });
    } else if (each.kind === "receive") {
      const at = peer.seq + each.skip;
      peer.inject({ seq: Math.max(1, at), data: pattern(each.bytes) });
      if (each.skip !== 0) peer.seq = Math.max(peer.seq, Math.max(1, at) + each.bytes);
      peer.read();
    } else if (each.kind === "wait") peer.advance(each.millis);
    else if (each.kind === "tooBig") {
      const quoted = flight.findLast(({ length }) => length > 0)?.datagram.slice(0, 28);
      if (quoted !== undefined)
        peer.injectDatagram(
          icmp({ type: 3, code: 4, rest: each.mtu, payload: quoted }, { source: "10.0.0.254" }),
        );
    } else if (each.kind === "option") {
      if (each.which === 0) setNoDelay(tcb, each.on);
      else if (each.which === 1) setCork(tcb, each.on);
      else {
        tcb.settings.pacingBytesPerSecond = each.on ? 2_000_000 : Number.POSITIVE_INFINITY;
        settingsChanged(tcb);
      }
    } else peer.shutdown(1);
    collect();
  }
  peer.advance(1000);
  collect();
  const { segmentsSent, retransmissions } = peer.counters;
  return [lines, peer.link.longestRun, { ...info(tcb), segmentsSent, retransmissions }];
}

describe("the same segments", () => {
  const handshakes: [string, HandshakeOptions][] = [
    ["without options", {}],
    ["with SACK and scaling", { options: [mss(1460), SACK_PERMITTED, windowScale(3)] }],
    ["with timestamps too", { options: [mss(1460), SACK_PERMITTED, windowScale(3), timestamps(0)] }],
    ["small ones", { options: [mss(200), SACK_PERMITTED, windowScale(3)] }],
  ];
  it.each(handshakes)(
    "whatever user and peer do, %s: leave a link that cuts and one that does not",
    (_, handshake) => {
      let longest = 0;
      fc.assert(
        fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
          const [plain, one, facts] = play(false, handshake, steps);
          const [cut, run, cutFacts] = play(true, handshake, steps);
          longest = Math.max(longest, run);
          expect(one).toBeLessThanOrEqual(1);
          expect(cut).toEqual(plain);
          expect(cutFacts).toEqual(facts);
        }),
        { numRuns: 60 },
      );
      expect(longest).toBeGreaterThan(20);
    },
  );
});
