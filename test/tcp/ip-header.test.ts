import { describe, expect, it } from "vitest";
import {
  IP_MTU_DISCOVER,
  IP_PMTUDISC_DONT,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
} from "../../src/sockets/constants.ts";
import { setOption } from "../../src/sockets/options/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { hex } from "../support/wire.ts";

leaveNothingBehind();

const EXPEDITED = 0xb8; // DSCP 46
const LOW = 0x20; // DSCP 8

describe("what TCP says to IP, RFC 9293 §3.9.1.9 and §3.9.2", () => {
  it("MUST-48, SHLD-22: the DSCP that the user sets is in every segment: SYN, ACK, text, copies, FIN", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    setOption(socket, IPPROTO_IP, IP_TOS, EXPEDITED);
    const syn = peer.open(socket);
    peer.inject({ flags: "SA" });
    peer.write("x");
    peer.advance(2000);
    peer.inject({ data: "y" });
    peer.advance(40);
    peer.shutdown(1);
    const sent = [syn, ...peer.take()];
    expect(sent.map(({ flags }) => flags).join(" ")).toMatch(/^S A PA (PA )+A FA$/);
    for (const { ip } of sent) expect(ip.trafficClass).toBe(EXPEDITED);
    peer.inject({});
  });

  it("SHLD-21: it may be changed on the way", () => {
    const peer = new SegmentPeer();
    peer.connect();
    peer.write("a");
    expect(peer.expect("PA").ip.trafficClass).toBe(0);
    peer.inject({});
    setOption(peer.socket, IPPROTO_IP, IP_TOS, LOW);
    peer.write("b");
    expect(peer.expect("PA").ip.trafficClass).toBe(LOW);
  });

  it("MUST-48: an accepted connection has its listener's, from the SYN-ACK on; another has its own", () => {
    const peer = new SegmentPeer();
    const listener = peer.host.stream();
    setOption(listener, IPPROTO_IP, IP_TOS, LOW);
    expect(peer.accept({ socket: listener }).ip.trafficClass).toBe(LOW);
    expect(peer.another().open().ip.trafficClass).toBe(0);
  });

  it("MUST-49: the time to live is 64, or what the host, or the user, says", () => {
    expect(new SegmentPeer().open().ip.timeToLive).toBe(64);
    const host = new SegmentPeer({ tcp: { timeToLive: 99 } });
    expect(host.open().ip.timeToLive).toBe(99);
    const peer = new SegmentPeer();
    peer.connect();
    setOption(peer.socket, IPPROTO_IP, IP_TTL, 7);
    peer.write("x");
    expect(peer.expect("PA").ip.timeToLive).toBe(7);
  });

  it("MUST-50: segments with IP options that TCP does not know are taken as ever", () => {
    for (const options of [
      "01010100",
      "94040000",
      "830708 0a000009 00",
      "440c0500 00000000 00000000",
      "88040000",
    ]) {
      const peer = new SegmentPeer();
      peer.connect();
      peer.inject({ data: "hello", ip: { options: hex(options) } });
      const isRouted = options.startsWith("83"); // source routes are refused, RFC 6814 §2.2
      expect(peer.read(), options).toBe(isRouted ? -11 : "hello");
    }
  });

  it("MAY-4: copies of atomic datagrams need no identification; those that may be cut get a fresh one each", () => {
    const atomic = new SegmentPeer();
    atomic.connect({ delay: 10 });
    atomic.write("x");
    atomic.advance(1000);
    for (const { ip } of atomic.take()) expect([ip.dontFragment, ip.identification]).toEqual([true, 0]);

    const peer = new SegmentPeer();
    peer.connect({ delay: 10 });
    setOption(peer.socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
    peer.write("x");
    peer.advance(4000);
    const copies = peer.take();
    expect(copies.length).toBeGreaterThan(3);
    for (const { ip } of copies) expect(ip.dontFragment).toBe(false);
    expect(new Set(copies.map(({ ip }) => ip.identification)).size).toBe(copies.length);
  });
});
