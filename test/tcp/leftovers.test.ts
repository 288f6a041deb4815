import { describe, expect, it } from "vitest";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { pattern } from "../support/wire.ts";

leaveNothingBehind();

/** `count` connections of one stack, the peers' ends of them in order. */
function connections(count: number, tcp: object): SegmentPeer[] {
  const first = new SegmentPeer({ tcp });
  const peers = [first];
  for (let index = 1; index < count; index++) peers.push(first.another({ port: 5000 + index }));
  for (const peer of peers) peer.connect();
  return peers;
}

describe("connections without a user", () => {
  it("CVE-2009-1926: are bounded: the oldest is reset, whatever window its peer offers", () => {
    const peers = connections(4, { maxOrphans: 2 });
    for (const peer of peers) {
      peer.write(pattern(3000));
      peer.take();
      peer.inject({ window: 1 });
      peer.close();
    }
    const [oldest, next] = peers;
    expect(oldest!.take().at(-1)?.flags).toBe("RA");
    expect(next!.take().at(-1)?.flags).toBe("RA");
    expect([...oldest!.tcp.connections()].map((tcb) => tcb.stateName)).toEqual(["FIN-WAIT-1", "FIN-WAIT-1"]);
    expect(oldest!.counters.evictedOrphans).toBe(2);
  });

  it("CVE-2000-1039: those in TIME-WAIT, too: the oldest is forgotten", () => {
    const peers = connections(3, { maxTimeWait: 2 });
    for (const peer of peers) {
      peer.close();
      peer.take();
      peer.inject({ flags: "FA" });
    }
    const [oldest] = peers;
    expect([...oldest!.tcp.connections()].map((tcb) => tcb.stateName)).toEqual(["TIME-WAIT", "TIME-WAIT"]);
    expect(oldest!.counters.evictedTimeWaits).toBe(1);
    for (const peer of peers) peer.take();
  });

  it("that come to their end make room", () => {
    const peers = connections(3, { maxOrphans: 1 });
    for (const peer of peers) {
      peer.close();
      peer.take();
      peer.inject({ flags: "FA" });
      peer.take();
    }
    expect(peers[0]!.counters.evictedOrphans).toBe(0);
  });
});
