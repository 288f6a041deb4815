import { describe, expect, it } from "vitest";
import { EADDRINUSE, EADDRNOTAVAIL, ENETUNREACH } from "../../src/base/errno.ts";
import { FLAG_BROADCAST } from "../../src/packet/packet.ts";
import { SO_REUSEADDR, SOL_SOCKET } from "../../src/sockets/constants.ts";
import { setOption } from "../../src/sockets/options/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { TestLink } from "../support/test-link.ts";
import { ip, parseIpv4 } from "../support/wire.ts";

leaveNothingBehind();

/** What there is to know of every connection: it must not be touched by others. */
function snapshot(peer: SegmentPeer): unknown[] {
  return [...peer.tcp.connections()].map((tcb) => [
    tcb.stateName,
    tcb.localAddress,
    tcb.localPort,
    tcb.remoteAddress,
    tcb.remotePort,
    { ...tcb.snd },
    { ...tcb.rcv },
    { ...tcb.settings },
  ]);
}

describe("OPEN and local addresses, RFC 9293 §3.9.1.1", () => {
  it("MUST-41: a passive OPEN leaves every earlier record as it was", () => {
    const peer = new SegmentPeer();
    peer.accept();
    peer.another().syn();
    peer.another().open();
    const before = snapshot(peer);
    expect(before.length).toBe(4);
    const other = peer.host.stream();
    other.bind({ address: "", port: 81 });
    expect(other.listen(5)).toBe(0);
    expect(snapshot(peer).slice(0, 4)).toEqual(before);
  });

  it("MUST-42: one can listen on a port that a connection in SYN-SENT uses", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    setOption(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    socket.bind({ address: "", port: 5000 });
    peer.open(socket);
    expect(peer.state).toBe("SYN-SENT");
    const listener = peer.host.stream();
    setOption(listener, SOL_SOCKET, SO_REUSEADDR, 1);
    expect(listener.bind({ address: "", port: 5000 })).toBe(0);
    expect(listener.listen(5)).toBe(0);
    const caller = peer.another({ listenPort: 5000 });
    caller.listener = listener;
    caller.accept();
    peer.inject({ flags: "SA" }); // and the other goes on
    expect(peer.state).toBe("ESTABLISHED");
  });

  it("MUST-42: or one in SYN-RECEIVED, whose listener has gone", () => {
    const peer = new SegmentPeer();
    const socket = peer.host.stream();
    setOption(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    socket.bind({ address: "", port: 5000 });
    peer.open(socket);
    peer.inject({ flags: "S" }); // simultaneous open
    expect(peer.state).toBe("SYN-RECEIVED");
    const listener = peer.host.stream();
    setOption(listener, SOL_SOCKET, SO_REUSEADDR, 1);
    expect(listener.bind({ address: "", port: 5000 })).toBe(0);
    expect(listener.listen(5)).toBe(0);
  });

  it("MUST-43: connect and listen from the address that bind names", () => {
    const peer = new SegmentPeer();
    peer.host.attach(new TestLink(peer.clock), { address: "10.1.0.1/24" });
    const socket = peer.host.stream();
    expect(socket.bind({ address: "10.1.0.1", port: 0 })).toBe(0);
    socket.connect({ address: "10.0.0.2", port: 4000 });
    expect(parseIpv4(peer.link.take()[0]!).source).toBe("10.1.0.1");
    const listener = peer.host.stream();
    listener.bind({ address: "10.1.0.1", port: 80 });
    listener.listen(5);
    peer.inject({ flags: "S", ip: { destination: "10.0.0.1" }, destinationPort: 80 });
    peer.expect("RA"); // nobody listens at that address
    expect(peer.host.stream().bind({ address: "10.9.9.9", port: 80 })).toBe(-EADDRNOTAVAIL);
    expect(peer.host.stream().bind({ address: "10.1.0.1", port: 80 })).toBe(-EADDRINUSE);
  });

  it("MUST-44: IP chooses the source, by the way to each destination, before the SYN leaves", () => {
    const peer = new SegmentPeer();
    const second = new TestLink(peer.clock);
    peer.host.attach(second, { address: "10.1.0.1/24" });
    const a = peer.host.stream();
    const b = peer.host.stream();
    a.connect({ address: "10.0.0.9", port: 80 });
    b.connect({ address: "10.1.0.9", port: 80 });
    expect(a.localAddress).toBe(ip("10.0.0.1"));
    expect(b.localAddress).toBe(ip("10.1.0.1"));
    expect(parseIpv4(peer.link.take()[0]!).source).toBe("10.0.0.1");
    expect(parseIpv4(second.take()[0]!).source).toBe("10.1.0.1");
  });

  it("MUST-45: the address stays though the route changes", () => {
    const peer = new SegmentPeer();
    const second = new TestLink(peer.clock);
    peer.connect();
    peer.host.attach(second, { address: "10.1.0.1/24" });
    peer.host.route.add({ to: "10.0.0.2/32", via: "10.1.0.254" });
    peer.write("x");
    expect(peer.take()).toEqual([]);
    const [moved] = second.take();
    expect(parseIpv4(moved!).source).toBe("10.0.0.1");
  });

  it("MUST-46: broadcast and multicast cannot be connected to, and nothing is sent", () => {
    const peer = new SegmentPeer();
    for (const address of ["255.255.255.255", "10.0.0.255", "224.0.0.1", "239.1.2.3"]) {
      expect(peer.host.stream().connect({ address, port: 80 }), address).toBe(-ENETUNREACH);
    }
    peer.advance(10_000);
    expect(peer.link.take()).toEqual([]);
    expect([...peer.tcp.connections()]).toEqual([]);
  });
});

describe("addresses that no segment may have, RFC 9293 §3.9.2.3", () => {
  it("MUST-57: what is addressed to broadcast or multicast is dropped without a word", () => {
    const peer = new SegmentPeer();
    peer.listen();
    for (const destination of ["255.255.255.255", "10.0.0.255", "10.0.0.0", "224.0.0.1", "239.255.255.255"]) {
      for (const flags of ["S", "A", "FA", "R"]) peer.inject({ flags, ip: { destination } });
    }
    peer.inject({ flags: "S", linkFlags: FLAG_BROADCAST }); // in a frame to all
    expect(peer.link.take()).toEqual([]);
    peer.expectNothing();
    expect([...peer.tcp.connections()].length).toBe(1);
  });

  it("MUST-63: a SYN from an address that nobody can have is ignored", () => {
    const peer = new SegmentPeer();
    peer.listen();
    const sources = [
      "0.0.0.0",
      "0.1.2.3",
      "127.0.0.1",
      "127.9.9.9",
      "224.0.0.1",
      "239.1.1.1",
      "240.0.0.1",
      "255.255.255.255",
      "10.0.0.255",
    ];
    for (const source of sources) peer.inject({ flags: "S", ip: { source } });
    expect(peer.take()).toEqual([]);
    expect(peer.takeDatagrams()).toEqual([]);
    expect([...peer.tcp.connections()].length).toBe(1);
  });
});
