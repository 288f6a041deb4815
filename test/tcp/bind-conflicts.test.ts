/**
 * Who may bind where somebody else is: 400 pairs of SO_REUSEADDR, SO_REUSEPORT, address and state. The verdicts were taken
 * from Linux 6.18's loopback with a table of the same shape, and come down to the rule that `verdict` states.
 */
import { describe, expect, it } from "vitest";
import { EADDRINUSE, EADDRNOTAVAIL } from "../../src/base/errno.ts";
import type { StreamCore } from "../../src/sockets/stream.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";

leaveNothingBehind();

const REUSES = [0, 1, 2, 3]; // bit 0: SO_REUSEADDR, bit 1: SO_REUSEPORT
const ADDRESSES: [first: string, second: string][] = [
  ["", ""],
  ["10.0.0.1", "10.0.0.1"],
  ["10.0.0.1", "127.0.0.1"],
  ["", "10.0.0.1"],
  ["10.0.0.1", ""],
];
const STATES = ["bound", "listening", "accepted", "TIME-WAIT", "connected"] as const;

function socket(peer: SegmentPeer, reuse: number): StreamCore {
  const made = peer.host.stream();
  made.tcb.settings.reuseAddress = (reuse & 1) !== 0;
  made.tcb.settings.reusePort = (reuse & 2) !== 0;
  return made;
}

/** A host on whose port 80 somebody is, at `address`. */
function occupied(state: (typeof STATES)[number], reuse: number, address: string): SegmentPeer {
  const peer = new SegmentPeer();
  const first = socket(peer, reuse);
  expect(first.bind({ address, port: 80 })).toBe(0);
  if (state === "bound") return peer;
  if (state === "connected") {
    peer.connect({ socket: first });
    return peer;
  }
  peer.listen(5, first);
  if (state === "listening") return peer;
  peer.accept();
  first.close();
  if (state === "accepted") return peer;
  peer.close();
  peer.inject({ flags: "FA", ack: 2 });
  expect(peer.state).toBe("TIME-WAIT");
  return peer;
}

function verdict(state: string, one: number, other: number, addresses: [string, string]): boolean {
  const at = state === "bound" || state === "listening" ? addresses[0] : addresses[0] || "10.0.0.1";
  const meet = at === "" || addresses[1] === "" || at === addresses[1];
  const bothReuseAddress = (one & other & 1) !== 0 && state !== "listening";
  const bothReusePort = (one & other & 2) !== 0;
  return !meet || bothReuseAddress || bothReusePort;
}

describe("bind beside one that is", () => {
  for (const state of STATES) {
    it(state, () => {
      for (const addresses of ADDRESSES) {
        for (const one of REUSES) {
          for (const other of REUSES) {
            const peer = occupied(state, one, addresses[0]);
            const second = socket(peer, other);
            const expected = verdict(state, one, other, addresses) ? 0 : -EADDRINUSE;
            const what = `${addresses} ${one} ${other}`;
            expect(second.bind({ address: addresses[1], port: 80 }), what).toBe(expected);
            if (expected === 0) expect(second.listen(5), what).toBe(0);
            second.close();
            peer.take();
          }
        }
      }
    });
  }
});

describe("listen asks again", () => {
  it("of two that were bound with SO_REUSEADDR the second finds the first listening", () => {
    const peer = new SegmentPeer();
    const [first, second] = [socket(peer, 1), socket(peer, 1)];
    for (const each of [first, second]) expect(each.bind({ address: "", port: 80 })).toBe(0);
    expect(first.listen(5)).toBe(0);
    expect(second.listen(5)).toBe(-EADDRINUSE);
    first.close();
    expect(second.listen(5)).toBe(0);
  });
});

describe("an address that is not ours", () => {
  it("EADDRNOTAVAIL, unless IP_FREEBIND or IP_TRANSPARENT is set", () => {
    const peer = new SegmentPeer();
    const address = "192.0.2.7";
    expect(peer.host.stream().bind({ address, port: 80 })).toBe(-EADDRNOTAVAIL);
    for (const [port, option] of [
      [81, "freeBind"],
      [82, "transparent"],
    ] as const) {
      const made = peer.host.stream();
      made.tcb.settings[option] = true;
      expect(made.bind({ address, port })).toBe(0);
    }
  });

  it("a group or a broadcast address may be bound; a connection is sent from ours", () => {
    const peer = new SegmentPeer();
    for (const [index, address] of ["224.1.1.1", "10.0.0.255", "255.255.255.255"].entries()) {
      expect(peer.host.stream().bind({ address, port: 90 + index })).toBe(0);
    }
    const socket = peer.host.stream();
    socket.bind({ address: "224.1.1.1", port: 99 });
    expect(peer.open(socket).ip.source).toBe("10.0.0.1");
  });

  it("is what a connection from there is sent with", () => {
    const peer = new SegmentPeer();
    const made = peer.host.stream();
    made.tcb.settings.transparent = true;
    made.bind({ address: "192.0.2.7", port: 81 });
    expect(peer.open(made).ip.source).toBe("192.0.2.7");
  });
});
