import { describe, expect, it } from "vitest";
import { info } from "../../src/tcp/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss, option, sack } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

const SACK_PERMITTED = option(4);

describe("TCP_INFO", () => {
  it("counts what was sent, sent again, received and reported", () => {
    const peer = new SegmentPeer();
    peer.connect({ delay: 100, options: [mss(1460), SACK_PERMITTED] });
    const raw = (seq: number) => (peer.stackIss + seq) >>> 0;
    peer.write(pattern(4 * 1460));
    peer.take();
    peer.advance(300); // the first is sent again
    peer.take();
    expect(info(peer.tcb!)).toMatchObject({
      ca_state: 4,
      retransmits: 1,
      unacked: 4,
      snd_cwnd: 1,
    });
    peer.inject({ ack: 4 * 1460 + 1, options: [sack([raw(1), raw(1461)])] }); // and was a duplicate
    peer.inject({ seq: 3, data: "out of order" });
    peer.inject({ data: "ab" });
    peer.take();
    const { snd_mss, rto, rtt, ...rest } = info(peer.tcb!);
    expect(rest).toMatchObject({
      state: 1,
      ca_state: 0,
      bytes_acked: 5840,
      bytes_sent: 5840 + 1460,
      bytes_retrans: 1460,
      bytes_received: 14,
      data_segs_out: 5,
      data_segs_in: 2,
      rcv_ooopack: 1,
      dsack_dups: 1,
      total_retrans: 1,
      unacked: 0,
      notsent_bytes: 0,
    });
    expect([snd_mss, rtt]).toEqual([1460, 100_000]);
    expect(rto).toBeGreaterThanOrEqual(300_000);
  });
});
