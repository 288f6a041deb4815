/** IP_OPTIONS on TCP's segments: RFC 9293 §3.7.1, MUST-67, RFC 6691 §2 and §3. */
import { describe, expect, it } from "vitest";
import { settingsChanged } from "../../src/tcp/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { mss, timestamps } from "../support/tcp-wire.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

/** Four no-operations: options that change nothing but the header's length. */
const FOUR = new Uint8Array([1, 1, 1, 1]);

function withOptions(options: Uint8Array, peer = new SegmentPeer()): SegmentPeer {
  const socket = peer.host.stream();
  socket.tcb.settings.options = options;
  peer.connect({ socket });
  return peer;
}

describe("IP options", () => {
  it("MUST-67: are not taken off the MSS that is said, but off what is sent", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    socket.tcb.settings.options = FOUR;
    const syn = peer.connect({ socket });
    expect(syn.options.mss).toBe(1460);
    expect(syn.ip.options).toEqual(FOUR);
    peer.write(pattern(5000));
    const [first] = peer.take();
    expect([first?.length, first?.datagram.length]).toEqual([1456, 1500]);
  });

  it("RFC6691-3: and off what the peer said, which did not count them", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    socket.tcb.settings.options = FOUR;
    peer.connect({ socket, options: [mss(1000), timestamps(0)] });
    peer.write(pattern(5000));
    expect(peer.take()[0]?.length).toBe(1000 - 4 - 12);
  });

  it("set on a connection, the next segment has them", () => {
    const peer = new SegmentPeer();
    peer.connect();
    peer.socket.tcb.settings.options = FOUR;
    settingsChanged(peer.socket.tcb);
    peer.write(pattern(3000));
    const [first] = peer.take();
    expect([first?.length, first?.ip.options]).toEqual([1456, FOUR]);
    peer.socket.tcb.settings.options = undefined;
    settingsChanged(peer.socket.tcb);
    peer.inject({});
    peer.write(pattern(3000));
    expect(peer.take().map(({ length }) => length)).toContain(1460);
  });

  it("a listener's are not its connections'", () => {
    const peer = new SegmentPeer();
    peer.listen().tcb.settings.options = FOUR;
    expect(peer.accept().ip.options?.length ?? 0).toBe(0);
    expect(peer.socket.tcb.settings.options).toBe(undefined);
  });

  it("leave room for text on the narrowest path", () => {
    const peer = withOptions(new Uint8Array(40).fill(1), new SegmentPeer({ link: { mtu: 108 } }));
    peer.write(pattern(100));
    expect(peer.take()[0]?.length).toBe(28);
  });
});
