/** Paths that come to carry less than before, or more. */
import { describe, expect, it } from "vitest";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss } from "../support/tcp-wire.ts";
import { TestLink } from "../support/test-link.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

describe("a route that moves to a narrower link", () => {
  it("segments follow the path's MTU, and what was too big is sent again in time", () => {
    const peer = new SegmentPeer();
    peer.connect({ options: [mss(1460)] });
    const narrow = new TestLink(peer.clock, { mtu: 600 });
    const { name } = peer.host.attach(narrow, { address: "10.0.1.1/24" });
    peer.host.route.add({ to: "10.0.0.2/32", interface: name });
    peer.write(pattern(5000));
    expect(narrow.take().map((datagram) => datagram.length)).toEqual(Array(8).fill(600));
    expect(peer.tcb!.snd.mss).toBe(560);
  });

  it("RFC1191-6.3-1: and grow again when the estimate has aged", () => {
    const peer = new SegmentPeer();
    peer.connect({ options: [mss(1460)] });
    peer.tcp.paths.learnPathMtu(peer.tcb!.remoteAddress, 1000);
    peer.write(pattern(2000));
    expect(peer.take().map(({ length }) => length)).toEqual([960, 960]);
    peer.inject({});
    peer.expect("PA", { length: 80 });
    peer.inject({});
    peer.advance(20 * 60_000);
    peer.write(pattern(2000));
    expect(peer.take()[0]?.length).toBe(1460);
  });
});
