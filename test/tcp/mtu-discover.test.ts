/**
 * IP_MTU_DISCOVER on TCP, as Linux 6.18 has it: tried between three network namespaces, the middle one with an MTU of 1000
 * behind it, by all six modes. DF in two of them; the path MTU that is known counts in each.
 */
import { describe, expect, it } from "vitest";
import { IP_MTU, IP_MTU_DISCOVER, IPPROTO_IP } from "../../src/sockets/constants.ts";
import { getOption, setOption } from "../../src/sockets/options/index.ts";
import { setNoDelay } from "../../src/tcp/index.ts";
import { leaveNothingBehind, type ParsedSegment, SegmentPeer } from "../support/segment-peer.ts";
import { icmp, pattern } from "../support/wire.ts";

leaveNothingBehind();

const MODES = ["DONT", "WANT", "DO", "PROBE", "INTERFACE", "OMIT"].map(
  (name, mode): [name: string, mode: number, df: boolean] => [name, mode, name === "WANT" || name === "DO"],
);

function connected(mode: number, peer = new SegmentPeer()): SegmentPeer {
  const socket = peer.host.stream();
  setOption(socket, IPPROTO_IP, IP_MTU_DISCOVER, mode);
  peer.connect({ socket });
  return peer;
}

const largest = (segments: ParsedSegment[]) => Math.max(...segments.map(({ ip }) => ip.totalLength));

function narrow(peer: SegmentPeer, about: ParsedSegment): void {
  const payload = about.datagram.slice(0, 28);
  peer.injectDatagram(icmp({ type: 3, code: 4, rest: 1000, payload }, { source: "10.0.0.254" }));
}

describe("IP_MTU_DISCOVER", () => {
  it.each(MODES)("%s: DF as Linux sets it, full segments of the device's MTU", (_, mode, df) => {
    const peer = connected(mode);
    peer.write(pattern(6000));
    const sent = peer.take();
    expect(sent.every(({ ip }) => ip.dontFragment === df)).toBe(true);
    expect(largest(sent)).toBe(1500);
  });

  it.each(MODES)(
    "%s: what another connection has learned bounds it, before and in the middle",
    (_, mode, df) => {
      const peer = connected(mode);
      peer.write(pattern(3000));
      expect(largest(peer.take())).toBe(1500);
      peer.inject({});
      const other = connected(2, peer.another());
      other.write(pattern(3000));
      narrow(other, other.take()[0]!);
      const third = connected(mode, peer.another());
      for (const each of [peer, third]) {
        each.write(pattern(5000));
        const sent = each.take();
        expect(largest(sent)).toBe(1000);
        expect(sent.every(({ ip }) => ip.dontFragment === df)).toBe(true);
        expect(getOption(each.socket, IPPROTO_IP, IP_MTU)).toBe(1000);
      }
    },
  );

  it("RFC1191-6.3-1: a connection that lives on sends larger ones again when what was learned has aged", () => {
    const peer = connected(1);
    setNoDelay(peer.tcb!, true);
    peer.write(pattern(3000));
    narrow(peer, peer.take()[0]!);
    expect(largest(peer.take())).toBe(1000);
    peer.inject({});
    peer.take();
    for (let minute = 0; minute < 9; minute++) {
      peer.inject({});
      peer.advance(60_000);
      peer.write(pattern(2500));
      expect(largest(peer.take())).toBe(1000);
    }
    peer.inject({});
    peer.advance(61_000);
    peer.write(pattern(2500));
    expect(largest(peer.take())).toBe(1500);
  });
});
