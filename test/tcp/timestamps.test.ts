import { describe, expect, it } from "vitest";
import { close, shutdown } from "../../src/tcp/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss, SACK_PERMITTED, timestamps, windowScale } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

const WITH_TIMESTAMPS = [mss(1460), timestamps(0)];
const DAY = 86_400_000;

function connected(config = {}, options: Uint8Array[] = WITH_TIMESTAMPS): SegmentPeer {
  const peer = new SegmentPeer({ tcp: config });
  peer.connect({ options });
  return peer;
}

/** TSval of the peer `later` ms after the handshake, with the stack's last timestamp echoed. */
function at(peer: SegmentPeer, later: number): Uint8Array[] {
  return [timestamps(peer.timestampOffset + later, peer.lastTimestamp)];
}

describe("RFC 7323 §3: timestamps", () => {
  it("RFC7323-3.2-1: TSecr is zero without ACK, and echoes TSval with it", () => {
    const peer = new SegmentPeer();
    expect(peer.open().options.timestamps?.echo).toBe(0);
    peer.inject({ flags: "SA", options: [mss(1460), timestamps(12_345)] });
    peer.expect("A").options.timestamps?.echo;
    expect(peer.socket.tcb.timestamps.recent).toBe(12_345);
    peer.inject({ flags: "PA", data: "x", options: [timestamps(12_400)] });
    peer.advance(100);
    expect(peer.expect("A").options.timestamps?.echo).toBe(12_400);
  });

  it("RFC7323-3.2-1: a RST without ACK echoes nothing", () => {
    const peer = new SegmentPeer();
    peer.syn({ options: WITH_TIMESTAMPS });
    peer.inject({ flags: "A", ack: 77 });
    const reset = peer.expect("R", { seq: 77 });
    expect(reset.options.timestamps?.echo ?? 0).toBe(0);
  });

  it("RFC7323-3.2-2: they are in a SYN; in a SYN-ACK only if the SYN had them", () => {
    const active = new SegmentPeer();
    expect(active.open().options.timestamps).toBeDefined();
    const off = new SegmentPeer({ tcp: { timestamps: false } });
    expect(off.open().options.timestamps).toBeUndefined();
    for (const [config, offered, answered] of [
      [true, true, true],
      [true, false, false],
      [false, true, false],
      [false, false, false],
    ]) {
      const peer = new SegmentPeer({ tcp: { timestamps: config as boolean } });
      const synAck = peer.syn({ options: offered ? WITH_TIMESTAMPS : [mss(1460)] });
      expect(synAck.options.timestamps !== undefined).toBe(answered);
      peer.inject({ flags: "PA", data: "x" });
      peer.advance(100);
      expect(peer.expect("A").options.timestamps !== undefined).toBe(answered);
    }
  });

  it("RFC7323-3.2-3, RFC7323-3.2-5: once negotiated they are in every segment, RST too", () => {
    const peer = connected();
    peer.write(pattern(5000));
    peer.inject({ flags: "A", seq: 100, data: "hole" });
    peer.advance(3000); // retransmissions
    peer.inject({ flags: "A", ack: 5001 });
    peer.inject({ flags: "R", seq: 50 }); // challenge
    shutdown(peer.socket.tcb, 1);
    peer.advance(1);
    peer.inject({ flags: "PA", data: "unread" });
    close(peer.socket.tcb); // RST
    const segments = peer.take();
    expect(new Set(segments.map((segment) => segment.flags))).toEqual(new Set(["A", "PA", "FA", "RA"]));
    for (const segment of segments) expect(segment.options.timestamps, peer.trace).toBeDefined();
  });

  it("RFC7323-3.2-3: without negotiation they are in none", () => {
    const peer = connected({}, [mss(1460)]);
    peer.write(pattern(5000));
    peer.inject({ flags: "PA", data: "x", options: [timestamps(99, 99)] });
    peer.advance(1000);
    expect(peer.read()).toBe("x"); // and one that comes is ignored
    for (const segment of peer.take()) expect(segment.options.timestamps).toBeUndefined();
  });

  it("RFC7323-3.2-4: a segment that lacks them is dropped, and the connection lives; a RST needs none", () => {
    const peer = connected();
    peer.inject({ flags: "PA", seq: 1, data: "bare", options: [] });
    peer.expectNothing();
    expect(peer.socket.readable).toBe(0);
    expect(peer.counters.droppedNoTimestamp).toBe(1);
    peer.inject({ flags: "PA", seq: 1, data: "full" });
    expect(peer.read()).toBe("full");
    peer.inject({ flags: "R", options: [] });
    expect(peer.state).toBe("CLOSED");
  });

  it("RFC7323-5.4-1: the clock ticks once a millisecond and never goes back", () => {
    const peer = connected();
    const first = peer.lastTimestamp;
    let last = 0;
    for (const millis of [1, 9, 90, 900, 59_000, 540_000]) {
      peer.advance(millis);
      peer.inject({ flags: "A", seq: -1, data: "x" });
      peer.expect("A");
      const value = (peer.lastTimestamp - first) >>> 0;
      expect(value).toBe(peer.now);
      expect(value).toBeGreaterThan(last);
      last = value;
    }
  });

  it("RFC7323-7.1-1: each connection has an offset of its own, so that none tells the uptime", () => {
    const peer = connected();
    const offsets = new Set([peer.lastTimestamp]);
    for (let count = 0; count < 50; count++) {
      const other = peer.another();
      other.connect({ options: WITH_TIMESTAMPS });
      offsets.add(other.lastTimestamp);
    }
    expect(offsets.size).toBe(51);
    expect(Math.max(...offsets) - Math.min(...offsets)).toBeGreaterThan(2 ** 30);
  });
});

describe("RFC 7323 §4: round trips, and which timestamp is echoed", () => {
  it("RFC7323-4.1-1: an ACK that acknowledges nothing new gives no sample", () => {
    const peer = connected();
    peer.advance(500);
    peer.write("x");
    peer.take();
    peer.advance(100);
    peer.inject({ flags: "A", ack: 2 });
    const { srtt, rttvar } = peer.socket.tcb.rto;
    peer.advance(5000);
    peer.inject({ flags: "A", ack: 2 });
    peer.inject({ flags: "A", ack: 2 });
    expect(peer.socket.tcb.rto).toMatchObject({ srtt, rttvar });
  });

  it("RFC7323-4.3-1, case A: of several segments that one ACK acknowledges the first one's is echoed", () => {
    const peer = connected();
    peer.inject(
      { flags: "A", data: "a", options: at(peer, 10) },
      { flags: "A", data: "b", options: at(peer, 20) },
      { flags: "A", data: "c", options: at(peer, 30) },
    );
    peer.advance(100);
    const ack = peer.expect("A", { ack: 4 });
    expect(ack.options.timestamps?.echo).toBe(peer.timestampOffset + 10);
  });

  it("RFC7323-4.3-1, case B: an ACK for text behind a hole echoes that of the last segment in order", () => {
    const peer = connected();
    peer.inject({ flags: "A", seq: 1, data: "a", options: at(peer, 10) });
    peer.advance(100);
    expect(peer.expect("A").options.timestamps?.echo).toBe(peer.timestampOffset + 10);
    peer.inject({ flags: "A", seq: 3, data: "c", options: at(peer, 30) });
    expect(peer.expect("A", { ack: 2 }).options.timestamps?.echo).toBe(peer.timestampOffset + 10);
    peer.inject({ flags: "A", seq: 4, data: "d", options: at(peer, 40) });
    expect(peer.expect("A", { ack: 2 }).options.timestamps?.echo).toBe(peer.timestampOffset + 10);
  });

  it("RFC7323-4.3-1, case C: an ACK for the segment that fills the hole echoes that one's", () => {
    const peer = connected();
    peer.inject({ flags: "A", seq: 2, data: "b", options: at(peer, 20) });
    peer.expect("A", { ack: 1 });
    peer.inject({ flags: "A", seq: 1, data: "a", options: at(peer, 50) });
    expect(peer.expect("A", { ack: 3 }).options.timestamps?.echo).toBe(peer.timestampOffset + 50);
  });
});

describe("RFC 7323 §5: PAWS", () => {
  it("RFC7323-5.3-1: an old timestamp gets an ACK, and the segment is dropped", () => {
    const peer = connected();
    peer.inject({ flags: "A", data: "new", options: at(peer, 1000) });
    peer.advance(100);
    peer.expect("A", { ack: 4 });
    for (const old of [999, 1, -1000, 1000 - (2 ** 31 - 1)]) {
      peer.inject({ flags: "PA", seq: 4, data: "old", options: at(peer, old) });
      peer.expect("A", { ack: 4 });
    }
    expect(peer.counters.droppedOldTimestamp).toBe(4);
    expect(peer.read()).toBe("new");
    peer.take();
    peer.inject({ flags: "PA", seq: 4, data: "same", options: at(peer, 1000) }); // equal is not old
    expect(peer.read()).toBe("same");
  });

  it("RFC7323-5.3-1: timestamps that wrap are not old", () => {
    const peer = new SegmentPeer();
    peer.timestampOffset = 2 ** 32 - 5;
    peer.connect({ options: WITH_TIMESTAMPS });
    peer.inject({ flags: "A", data: "a", options: [timestamps(2 ** 32 - 1, peer.lastTimestamp)] });
    peer.inject({ flags: "A", data: "b", options: [timestamps(3, peer.lastTimestamp)] });
    expect(peer.read()).toBe("ab");
  });

  it("RFC7323-5.3-2: a segment outside of the window does not touch TS.Recent", () => {
    const peer = connected();
    peer.inject({ flags: "A", seq: -10, data: "x", options: at(peer, 90_000) });
    peer.expect("A");
    peer.inject({ flags: "A", seq: 900_000, data: "x", options: at(peer, 90_000) });
    peer.expect("A");
    expect(peer.socket.tcb.timestamps.recent).toBe(peer.timestampOffset);
    peer.inject({ flags: "PA", seq: 1, data: "taken", options: at(peer, 10) });
    expect(peer.read()).toBe("taken");
  });

  it("RFC7323-5.2-1: a RST is not subject to PAWS and leaves TS.Recent alone", () => {
    const peer = connected();
    peer.inject({ flags: "R", seq: 100, options: at(peer, 90_000) });
    peer.expect("A"); // a challenge
    expect(peer.socket.tcb.timestamps.recent).toBe(peer.timestampOffset);
    peer.inject({ flags: "R", seq: 1, options: at(peer, -90_000) });
    expect(peer.state).toBe("CLOSED");
  });

  it("RFC7323-5.5-1: after 24 days of silence TS.Recent is no longer believed, and the new one is taken", () => {
    const peer = connected();
    peer.advance(24 * DAY - 1);
    peer.inject({ flags: "PA", seq: 1, data: "old", options: at(peer, -5) });
    peer.expect("A", { ack: 1 });
    expect(peer.socket.readable).toBe(0);
    peer.advance(DAY);
    peer.inject({ flags: "PA", seq: 1, data: "valid", options: at(peer, -5) });
    expect(peer.socket.readable).toBe(5);
    peer.advance(100);
    expect(peer.expect("A", { ack: 6 }).options.timestamps?.echo).toBe(peer.timestampOffset - 5);
    peer.inject({ flags: "PA", seq: 6, data: "older", options: at(peer, -6) });
    expect(peer.counters.droppedOldTimestamp).toBe(2);
  });

  it("RFC7323-5.6-1: PAWS comes before the check of the sequence number", () => {
    const peer = connected();
    peer.inject({ flags: "A", seq: 900_000, data: "x", options: at(peer, -5) });
    peer.expect("A");
    expect(peer.counters).toMatchObject({ droppedOldTimestamp: 1, droppedOutsideWindow: 0 });
  });
});

describe("RFC 7323 §2: window scaling", () => {
  it("RFC7323-2.2-1: it is used only when both SYNs carried it", () => {
    for (const [ours, theirs] of [
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ] as const) {
      for (const active of [true, false]) {
        const peer = new SegmentPeer({ tcp: { windowScaling: ours } });
        const options = theirs ? [mss(1460), windowScale(3)] : [mss(1460)];
        const syn = active ? peer.connect({ options }) : peer.accept({ options });
        expect(syn.options.windowScale !== undefined).toBe(active ? ours : ours && theirs);
        peer.inject({ flags: "A", window: 1000 });
        expect(peer.socket.tcb.snd.wnd).toBe(ours && theirs ? 8000 : 1000);
        peer.inject({ flags: "PA", data: "x" });
        peer.advance(100);
        const { window } = peer.expect("A", { ack: 2 });
        if (ours && theirs)
          expect([1023, 1024]).toContain(window); // 128 KiB in units of 128 octets, less one octet
        else expect(window).toBeGreaterThan(60_000);
      }
    }
  });

  it("RFC7323-2.2-2: a shift above 14 is taken as 14", () => {
    for (let shift = 0; shift < 256; shift++) {
      const peer = new SegmentPeer();
      peer.syn({ options: [windowScale(shift)] });
      expect(peer.tcb?.snd.scale).toBe(Math.min(shift, 14));
    }
  });

  it("RFC7323-2.2-3: the window of a SYN or SYN-ACK is not scaled, in either direction", () => {
    const active = new SegmentPeer();
    expect(active.open().window).toBe(65_535);
    active.inject({ flags: "SA", window: 1000, options: [windowScale(7)] });
    expect(active.socket.tcb.snd.wnd).toBe(1000);
    const passive = new SegmentPeer();
    const synAck = passive.syn({ options: [windowScale(7)], window: 1000 });
    expect(synAck.window).toBe(65_535);
    expect(passive.tcb?.snd.wnd).toBe(1000);
    const small = new SegmentPeer({ tcp: { receiveBufferBytes: 5000, maxReceiveBufferBytes: 1 << 20 } });
    expect(small.open()).toMatchObject({ window: 5000, options: { windowScale: 5 } });
  });

  it("RFC7323-2.2-4: outside of a SYN the option is ignored", () => {
    const peer = new SegmentPeer();
    peer.connect({ options: [mss(1460), windowScale(3)] });
    peer.inject({ flags: "A", window: 100, options: [windowScale(9)] });
    expect(peer.socket.tcb.snd).toMatchObject({ scale: 3, wnd: 800 });
    const without = new SegmentPeer();
    without.connect();
    without.inject({ flags: "A", window: 100, options: [windowScale(9)] });
    expect(without.socket.tcb.snd.wnd).toBe(100);
  });

  it("RFC7323-2.3-1: all other segments have their windows scaled, FIN and text too", () => {
    const peer = new SegmentPeer();
    const { options } = peer.connect({ options: [mss(1460), windowScale(2)] });
    const unit = 2 ** (options.windowScale ?? 0);
    expect(unit).toBe(128);
    peer.write("text");
    expect(peer.expect("PA").window).toBe(131_072 / unit);
    peer.inject({ flags: "PA", data: "text", window: 100 });
    expect(peer.socket.tcb.snd.wnd).toBe(400);
    expect(peer.expect("A").window).toBe(131_072 / unit);
    peer.shutdown(1);
    expect(peer.expect("FA").window).toBe(131_072 / unit);
    peer.inject({ flags: "FA", window: 70 });
    expect(peer.socket.tcb.snd.wnd).toBe(280);
  });

  it("RFC7323-2.3-2: the largest window is below 2^30", () => {
    const size = 1 << 30;
    const peer = new SegmentPeer({ tcp: { receiveBufferBytes: size, maxReceiveBufferBytes: size } });
    const syn = peer.connect({ options: [mss(1460), windowScale(14)] });
    expect(syn.options.windowScale).toBe(14);
    peer.inject({ flags: "PA", data: "x" });
    peer.advance(100);
    expect(peer.expect("A").window * 2 ** 14).toBeLessThan(2 ** 30);
  });

  it("RFC7323-2.4-1: rounding shows less than a unit less, and all text inside the furthest edge offered is taken", () => {
    const peer = new SegmentPeer({ tcp: { receiveBufferBytes: 100_001, maxReceiveBufferBytes: 4 << 20 } });
    const syn = peer.accept({ options: [mss(1460), windowScale(0)] });
    const unit = 2 ** (syn.options.windowScale ?? 0);
    expect(unit).toBeGreaterThan(1);
    let edge = 1 + syn.window;
    for (let seq = 1; seq + 1 <= edge; ) {
      const length = Math.min(1 + ((seq * 7) % 1400), edge - seq);
      peer.inject({ flags: "PA", seq, data: pattern(length) });
      seq += length;
      peer.advance(50);
      for (const ack of peer.take()) {
        expect(ack.ack).toBe(seq);
        const right = ack.ack + ack.window * unit;
        // the field cannot say less than a unit: only so much may it seem to go back (and nothing is taken back)
        expect(right).toBeGreaterThan(edge - unit);
        edge = Math.max(edge, right);
      }
    }
    expect(peer.counters.droppedOutsideWindow + peer.counters.droppedReassemblyFull).toBe(0);
    expect(peer.socket.readable).toBeGreaterThan(99_000);
  });

  it("RFC7323-2.3-1 with SACK and all the rest: 100 kB arrive whole over a scaled window", () => {
    const peer = new SegmentPeer();
    peer.accept({ options: [mss(1460), SACK_PERMITTED, timestamps(0), windowScale(7)] });
    const data = pattern(100_000);
    for (let at = 0; at < data.length; at += 1400) {
      peer.inject({ flags: "A", data: data.slice(at, at + 1400) });
    }
    expect(peer.read()).toBe(String.fromCharCode(...data));
  });
});
