import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { abort } from "../../src/tcp/index.ts";
import { closePeers, leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import {
  END_OF_LIST,
  mss,
  NO_OPERATION,
  option,
  SACK_PERMITTED,
  sack,
  tcpBytes,
  timestamps,
  windowScale,
} from "../support/tcp-wire.ts";
import { ipv4, pattern, text } from "../support/wire.ts";

leaveNothingBehind();

const EVERYTHING = [mss(1460), windowScale(7), SACK_PERMITTED, timestamps(0)];

/** Sent by the user in one go, taken from the wire segment by segment; the peer acknowledges each. */
function sendThrough(peer: SegmentPeer, data: Uint8Array): Uint8Array {
  const got: number[] = [];
  peer.write(data);
  for (let segments = peer.take(); segments.length > 0; segments = peer.take()) {
    for (const segment of segments) got.push(...segment.data);
    peer.inject({ flags: "A" });
  }
  return Uint8Array.from(got);
}

describe("RFC 9293 §3.1: the header", () => {
  it("MUST-1: every window from 0x8000 to 0xffff counts as positive and can be used to its end", () => {
    for (const window of [0x7fff, 0x8000, 0x8001, 0xc000, 0xffff]) {
      const peer = new SegmentPeer({ tcp: { initialWindowSegments: 60, windowScaling: false } });
      peer.connect({ window });
      peer.write(pattern(70_000));
      const sent = peer.take().reduce((sum, segment) => sum + segment.length, 0);
      // Full segments go, and the last piece waits for a window of half the largest seen (silly-window avoidance).
      expect(sent).toBe(window - (window % 1460));
      expect(peer.socket.tcb.snd.wnd).toBe(window);
    }
  });

  it("MUST-2: the checksum covers pseudo-header, header and data of every segment, odd or even", () => {
    const peer = new SegmentPeer();
    peer.connect({ options: EVERYTHING }); // `expect` has verified the SYN and the ACK
    for (let length = 1; length < 70; length++) {
      peer.write(pattern(length, length));
      peer.expect("PA", { data: pattern(length, length) });
      peer.inject({ flags: "A" });
    }
    peer.close();
    peer.expect("FA");
    peer.inject({ flags: "PA", data: "late" });
    peer.expect("RA");
  });

  it("MUST-3: a segment with any bit flipped is dropped and counted, never delivered", () => {
    const peer = new SegmentPeer();
    peer.accept();
    const whole = peer.datagram({ flags: "PA", data: "abcde", options: [NO_OPERATION, NO_OPERATION] });
    const { counters } = peer;
    const bits = (whole.length - 20) * 8;
    for (let bit = 0; bit < bits; bit++) {
      const bad = whole.slice();
      bad[20 + (bit >> 3)] = (bad[20 + (bit >> 3)] as number) ^ (0x80 >> (bit & 7));
      peer.injectDatagram(bad);
    }
    peer.expectNothing();
    expect(peer.read()).toBe(-11);
    expect(counters.droppedChecksum + counters.droppedMalformed).toBe(bits);
    expect(counters.droppedChecksum).toBeGreaterThan(bits - 8);
    peer.injectDatagram(whole);
    expect(peer.read()).toBe("abcde");
  });

  it("MUST-3: a checksum of zero is no way round it", () => {
    const peer = new SegmentPeer();
    peer.accept();
    peer.inject({ flags: "PA", data: "x", checksum: 0 });
    expect(peer.counters.droppedChecksum).toBe(1);
    expect(peer.read()).toBe(-11);
  });

  it("MUST-4: end of list, no-operation and MSS are understood, and the MSS option is sent", () => {
    for (const options of [
      [mss(700)],
      [NO_OPERATION, NO_OPERATION, NO_OPERATION, NO_OPERATION, mss(700)],
      [mss(700), END_OF_LIST, mss(900)], // what follows the end is padding
      [NO_OPERATION, mss(700), NO_OPERATION, END_OF_LIST],
    ]) {
      const peer = new SegmentPeer();
      peer.accept({ options });
      peer.write(pattern(2000));
      peer.expect("A", { length: 700 });
      expect(peer.socket.tcb.snd.peerMss).toBe(700);
    }
    const peer = new SegmentPeer();
    expect(peer.open().options).toMatchObject({ mss: 1460 });
  });

  it("MUST-5: options are taken in any segment", () => {
    const peer = new SegmentPeer();
    const padding = [NO_OPERATION, NO_OPERATION, option(253, 0, 0), END_OF_LIST];
    peer.accept();
    peer.inject({ flags: "PA", data: "data", options: padding });
    expect(peer.read()).toBe("data");
    peer.take();
    peer.write("answer");
    peer.expect("PA", { data: "answer" });
    peer.inject({ flags: "A", options: padding });
    expect(peer.socket.tcb.sendQueue).toBe(0);
    peer.inject({ flags: "FA", options: padding });
    peer.expect("A", { ack: 6 });
    expect(peer.read()).toBe(0);
    peer.inject({ flags: "R", options: padding });
    expect(peer.state).toBe("CLOSED");
  });

  it("MUST-6: unknown options are skipped by their length, before and after known ones", () => {
    for (let kind = 6; kind < 256; kind++) {
      if (kind === 8) continue;
      const body = [[], [2, 4, 5, 180], [3, 3, 9, 8, 10]][kind % 3] as number[];
      const peer = new SegmentPeer();
      peer.syn({ options: [option(kind, ...body), mss(900), option(kind, ...body), windowScale(3)] });
      peer.inject({ flags: "A" });
      expect(peer.tcb?.snd.peerMss).toBe(900);
      expect(peer.tcb?.snd.scale).toBe(3);
    }
  });

  it("MUST-7: an illegal option length at any place ends the list; nothing throws, nothing loops", () => {
    for (const at of [0, 1, 2, 3, 20, 36]) {
      for (let length = 0; length < 256; length += length < 42 ? 1 : 71) {
        const peer = new SegmentPeer();
        const filler = Array.from({ length: at }, () => NO_OPERATION);
        const rest = Uint8Array.from(
          { length: 40 - at },
          (_, index) => [2, length, 5, 180][index % 4] as number,
        );
        peer.syn({ options: [...filler, rest] });
        peer.inject({ flags: "A" });
        expect(peer.state).toBe("ESTABLISHED");
        if (length !== 4) expect(peer.tcb?.snd.peerMss).toBe(536);
      }
      closePeers();
    }
  });

  it("MUST-7: known options of every length other than theirs are ignored", () => {
    for (const [kind, right] of [
      [2, 4],
      [3, 3],
      [4, 2],
      [5, 10],
      [8, 10],
    ] as const) {
      for (let length = 0; length < 40; length++) {
        if (length === right || (kind === 5 && length % 8 === 2 && length > 2)) continue;
        const peer = new SegmentPeer();
        const body = Uint8Array.from({ length: Math.max(2, length) }, (_, index) =>
          index === 0 ? kind : index === 1 ? length : 1,
        );
        peer.syn({ options: [body] });
        const tcb = peer.tcb;
        expect(tcb?.snd.peerMss).toBe(536);
        expect(tcb?.windowScalingEnabled).toBe(false);
        expect(tcb?.sackEnabled).toBe(false);
        expect(tcb?.timestamps.enabled).toBe(false);
      }
      closePeers();
    }
  });

  it("MUST-7: an option that runs past the end of the header is ignored, though the text would complete it", () => {
    for (const [kept, rest] of [
      [3, [180]],
      [2, [5, 180]],
    ] as const) {
      const peer = new SegmentPeer();
      const filler = Array.from({ length: 4 - kept }, () => NO_OPERATION);
      peer.listen();
      peer.inject({
        flags: "S",
        options: [...filler, mss(1460).slice(0, kept)],
        data: Uint8Array.from([...rest, 1, 1, 1]),
      });
      expect(peer.tcb?.snd.peerMss).toBe(536);
    }
  });

  it("MUST-7: SACK blocks of a length that is no multiple of eight are not read", () => {
    const peer = new SegmentPeer();
    peer.accept({ options: [mss(1000), SACK_PERMITTED] });
    peer.write(pattern(5000));
    peer.take();
    for (let length = 0; length < 40; length++) {
      if (length % 8 === 2 && length > 2) continue;
      const body = sack([peer.stackIss + 1001, peer.stackIss + 2001]);
      const bytes = Uint8Array.from({ length: Math.max(2, length) }, (_, index) => body[index] ?? 0);
      bytes[1] = length;
      peer.inject({ flags: "A", ack: 1, options: [bytes] });
      expect(peer.socket.tcb.scoreboard.sackedBytes).toBe(0);
    }
  });

  it("MUST-64: options stand at any offset", () => {
    for (let before = 0; before < 8; before++) {
      const peer = new SegmentPeer();
      const filler = Array.from({ length: before }, () => NO_OPERATION);
      peer.begin({ options: [timestamps(0)] });
      peer.listen();
      peer.inject({
        flags: "S",
        options: [...filler, mss(1234), windowScale(5), SACK_PERMITTED, peer.timestampOption()],
      });
      peer.expect("SA", { options: { sackPermitted: true } });
      const tcb = peer.tcb;
      expect([tcb?.snd.peerMss, tcb?.snd.scale, tcb?.sackEnabled]).toEqual([1234, 5, true]);
      expect(tcb?.timestamps.recent).toBe(500_000);
      peer.inject({ flags: "A" });
      const accepted = peer.listener?.accept();
      if (typeof accepted !== "object") throw new Error(`accept: ${accepted}`);
      accepted.send(pattern(4000));
      peer.take();
      const block: [number, number] = [(peer.stackIss + 1223) >>> 0, (peer.stackIss + 2445) >>> 0];
      const space = Array.from({ length: before }, () => NO_OPERATION);
      peer.inject({ flags: "A", ack: 1, options: [...space, sack(block), peer.timestampOption()] });
      expect(tcb?.scoreboard.sackedBytes).toBe(1222);
    }
  });

  it("MUST-65: no segment but a SYN carries the MSS option", () => {
    const peer = new SegmentPeer();
    const seen = new Set<string>();
    const check = () => {
      for (const segment of peer.take()) {
        seen.add(segment.flags);
        expect(segment.options.mss !== undefined, `${segment.flags}: ${peer.trace}`).toBe(
          segment.flags.includes("S"),
        );
      }
    };
    peer.listen();
    peer.begin({ options: EVERYTHING });
    peer.inject({ flags: "S", options: [mss(1460), SACK_PERMITTED, windowScale(2), peer.timestampOption()] });
    check();
    peer.inject({ flags: "A" });
    peer.socket = peer.listener?.accept() as typeof peer.socket;
    peer.write(pattern(10_000));
    check();
    peer.inject({ flags: "PA", data: "abc" }, { flags: "A", seq: 100, data: "hole" });
    check();
    peer.advance(5000); // retransmissions
    check();
    peer.inject({ flags: "A", ack: 10_001 });
    peer.shutdown(1);
    check();
    abort(peer.socket.tcb);
    check();
    expect([...seen].sort()).toEqual(["A", "FA", "PA", "RA", "SA"].sort());
  });

  it("MUST-68: all options sent but end of list and no-operation have a length; a missing one ends the list", () => {
    const sent = new SegmentPeer();
    const syn = sent.open();
    // The parser of the tests is strict: it has walked the list by the length octets and found every option.
    expect(syn.options).toMatchObject({ mss: 1460, sackPermitted: true });
    expect(syn.options.timestamps).toBeDefined();
    expect(syn.options.windowScale).toBeDefined();
    for (const kind of [2, 3, 4, 5, 8, 77, 255]) {
      const peer = new SegmentPeer();
      // The kind is the last octet of the header: its length is missing.
      peer.syn({ options: [mss(800), NO_OPERATION, NO_OPERATION, NO_OPERATION, Uint8Array.of(kind)] });
      expect(peer.tcb?.snd.peerMss).toBe(800);
      expect(peer.tcb?.windowScalingEnabled).toBe(false);
    }
    const text = new SegmentPeer();
    text.listen();
    text.inject({
      flags: "S",
      options: [NO_OPERATION, NO_OPERATION, NO_OPERATION, Uint8Array.of(3)],
      data: Uint8Array.of(3, 7), // no length and shift: it is text
    });
    expect(text.tcb?.windowScalingEnabled).toBe(false);
  });

  it("MUST-69: what pads the header is zero, or no-operations", () => {
    for (const [timestampsOn, sackOn, scaling] of [0, 1, 2, 3, 4, 5, 6, 7].map((n) => [
      n & 1,
      n & 2,
      n & 4,
    ])) {
      const peer = new SegmentPeer({
        tcp: { timestamps: !!timestampsOn, selectiveAcks: !!sackOn, windowScaling: !!scaling },
      });
      peer.connect({ options: EVERYTHING });
      peer.inject({ flags: "A", seq: 10, data: "x" }, { flags: "A", seq: 20, data: "y" });
      peer.write("text");
      for (const segment of peer.take()) {
        expect(segment.optionBytes.length % 4).toBe(0);
        expect(segment.options.padding.every((byte) => byte === 0)).toBe(true);
      }
    }
  });

  it("REC-1: a window is kept in 32 bits, up to 2^30 with a shift of 14", () => {
    const peer = new SegmentPeer();
    peer.connect({ options: [mss(1460), windowScale(14)] });
    peer.inject({ flags: "A", window: 65_535 });
    expect(peer.socket.tcb.snd.wnd).toBe(65_535 * 2 ** 14);
    peer.inject({ flags: "A", window: 0x8000 });
    expect(peer.socket.tcb.snd.wnd).toBe(2 ** 29);
    expect(sendThrough(peer, pattern(20_000))).toEqual(pattern(20_000));
  });

  it("REC-1: a large receive window, and sequence numbers that pass 2^31 and 2^32, work as others do", () => {
    for (const iss of [0x7fff_fff0, 0xffff_fff0, 0xffff_ffff, 0x7fff_ffff]) {
      const size = 1 << 30;
      const peer = new SegmentPeer({ iss, tcp: { receiveBufferBytes: size, maxReceiveBufferBytes: size } });
      peer.accept({ options: [mss(1460), windowScale(14), SACK_PERMITTED] });
      expect(peer.socket.tcb.rcv.scale).toBe(14);
      peer.inject({ flags: "PA", data: "first" });
      peer.inject({ flags: "A", seq: 1006, data: "third" });
      peer.inject({ flags: "PA", seq: 6, data: pattern(1000) });
      const [ack] = peer.take().slice(-1);
      expect(ack?.ack).toBe(1011);
      expect((ack?.window ?? 0) * 2 ** 14).toBeGreaterThan(size - 2 ** 16);
      const whole = peer.read();
      expect(whole).toHaveLength(1010);
      expect(String(whole).slice(1005)).toBe("third");
    }
  });
});

describe("malformed segments are dropped and counted, never thrown", () => {
  it("RFC 9293 §3.1: a segment cut at any length", () => {
    const peer = new SegmentPeer();
    peer.accept({ options: EVERYTHING });
    const options = [NO_OPERATION, NO_OPERATION, peer.timestampOption()];
    const fields = {
      sourcePort: peer.port,
      destinationPort: 80,
      seq: peer.iss + 1,
      ack: peer.stackIss + 1,
      flags: "PA",
      options,
      data: text("hello"),
    };
    const whole = tcpBytes(fields, "10.0.0.2", "10.0.0.1");
    for (let length = 0; length < whole.length; length++) {
      const before = peer.counters.droppedMalformed + peer.counters.droppedChecksum;
      peer.injectDatagram(ipv4({ protocol: 6, payload: whole.slice(0, length) }));
      expect(peer.counters.droppedMalformed + peer.counters.droppedChecksum, `${length}`).toBe(before + 1);
    }
    expect(peer.counters.droppedMalformed).toBeGreaterThanOrEqual(32);
    peer.expectNothing();
    expect(peer.read()).toBe(-11);
  });

  it("RFC9293-3.1-1: every data offset, with a checksum that is right", () => {
    for (let dataOffset = 0; dataOffset < 16; dataOffset++) {
      const peer = new SegmentPeer();
      peer.accept();
      peer.inject({ flags: "PA", dataOffset, data: new Uint8Array(16) }); // fits 5 to 9 words
      const fits = dataOffset >= 5 && dataOffset <= 9;
      expect(peer.counters.droppedMalformed).toBe(fits ? 0 : 1);
      expect(peer.socket.readable).toBe(fits ? 16 - 4 * (dataOffset - 5) : 0);
    }
  });

  it("RFC 9293 §3.1: any header bytes, any options, in any state", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("S", "SA", "A", "PA", "FA", "R", "RA", "SF", "", "SFRPUA"),
        fc.uint8Array({ maxLength: 40 }),
        fc.integer({ min: -70_000, max: 70_000 }),
        fc.integer({ min: -3, max: 70_000 }),
        fc.uint8Array({ maxLength: 20 }),
        fc.boolean(),
        (flags, options, seq, ack, data, passive) => {
          const peer = new SegmentPeer();
          if (passive) peer.syn({ options: EVERYTHING });
          else peer.connect({ options: EVERYTHING });
          peer.inject({ flags, options: [options], seq, ack, data, urgentPointer: seq & 0xffff });
          peer.advance(1000);
          peer.take();
          closePeers();
        },
      ),
      { numRuns: 400, seed: 1 },
    );
  });

  it("RFC 9293 §3.1: random bytes as a segment", () => {
    const peer = new SegmentPeer();
    peer.accept();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (payload) => {
        peer.injectDatagram(ipv4({ protocol: 6, payload }));
      }),
      { numRuns: 500, seed: 1 },
    );
    expect(peer.counters.droppedMalformed + peer.counters.droppedChecksum).toBe(500);
    peer.expectNothing();
  });

  it("RFC9293-3.1-2: the reserved bits are ignored, and sent as zero", () => {
    const peer = new SegmentPeer();
    peer.accept();
    const datagram = peer.datagram({ flags: "PA", data: "x" });
    datagram[32] = (datagram[32] as number) | 0x0f;
    const sum = ((datagram[36] as number) << 8) | (datagram[37] as number);
    const fixed = (sum - 0x0f00 + 0xffff) % 0xffff; // the checksum of a header whose word has grown by 0x0f00
    datagram[36] = fixed >> 8;
    datagram[37] = fixed & 255;
    peer.injectDatagram(datagram);
    expect(peer.read()).toBe("x");
    peer.write("y");
    for (const { datagram: sent } of peer.take()) expect((sent[32] as number) & 0x0f).toBe(0);
  });

  it("RFC9293-3.1-3: the urgent pointer is looked at only with URG", () => {
    const peer = new SegmentPeer();
    peer.accept();
    peer.inject({ flags: "PA", data: "plain", urgentPointer: 3 });
    expect(peer.socket.tcb.rcv.urgent).toBe(false);
    expect(peer.read()).toBe("plain");
    peer.take();
    peer.write("plain");
    expect(peer.expect("PA").urgentPointer).toBe(0);
    peer.inject({ flags: "PUA", data: "urgent", urgentPointer: 3 });
    expect(peer.socket.tcb.rcv.urgent).toBe(true);
  });
});
