/** SO_BINDTODEVICE, SO_DONTROUTE and SO_REUSEPORT of connections and listeners. */
import { describe, expect, it } from "vitest";
import { EADDRINUSE, ENETUNREACH, ENODEV } from "../../src/base/errno.ts";
import type { StreamCore } from "../../src/sockets/stream.ts";
import { accept, settingsChanged, type Tcb } from "../../src/tcp/index.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";
import { TestLink } from "../support/test-link.ts";
import { parseIpv4 } from "../support/wire.ts";

leaveNothingBehind();

/** A host with eth0 (index 1, 10.0.0.1/24, the peer's) and eth1 (index 2, 10.0.1.1/24). */
function twoWires() {
  const peer = new SegmentPeer();
  const second = new TestLink(peer.clock);
  peer.host.attach(second, { address: "10.0.1.1/24" });
  return { peer, second };
}

function bound(peer: SegmentPeer, by: number, port = 0, address = ""): StreamCore {
  const socket = peer.host.stream();
  socket.tcb.settings.interface = by;
  if (port !== 0) expect(socket.bind({ address, port })).toBe(0);
  return socket;
}

describe("SO_BINDTODEVICE", () => {
  it("a connection leaves by that interface, and hears no other", () => {
    const { peer, second } = twoWires();
    const socket = bound(peer, 2);
    expect(socket.connect({ address: peer.address, port: peer.port })).toBeLessThan(0);
    peer.clock.runInstant();
    const [syn] = second.take();
    expect(parseIpv4(syn as Uint8Array).source).toBe("10.0.1.1");
    peer.expectNothing();
    const numbers = [socket.localAddress, socket.localPort, socket.remoteAddress, socket.remotePort] as const;
    expect(peer.tcp.find(...numbers, 2)).toBe(socket.tcb);
    expect(peer.tcp.find(...numbers)).toBe(socket.tcb);
    expect(peer.tcp.find(...numbers, 1)).toBe(undefined);
  });

  it("one that is not there: ENODEV", () => {
    const { peer } = twoWires();
    expect(bound(peer, 9).connect({ address: peer.address, port: 80 })).toBe(-ENODEV);
  });

  it("a listener takes what comes in by its interface alone, and its connections are bound as well", () => {
    const { peer } = twoWires();
    peer.listener = bound(peer, 2, 80);
    peer.listener.listen(5);
    peer.inject({ flags: "S" });
    peer.expect("RA");
    peer.listener.close();
    peer.listener = bound(peer, 1, 80);
    peer.listener.listen(5);
    const other = peer.another();
    other.accept();
    expect(other.socket.tcb.settings.interface).toBe(1);
  });

  it("two interfaces make no conflict; a bound listener goes before one that takes any", () => {
    const { peer } = twoWires();
    bound(peer, 1, 80).listen(5);
    const other = bound(peer, 2, 80);
    expect(other.listen(5)).toBe(0);
    expect(peer.host.stream().bind({ address: "", port: 80 })).toBe(-EADDRINUSE);
    const [any, one] = [bound(peer, -1, 81), bound(peer, 1, 82)];
    for (const socket of [any, one]) socket.tcb.settings.reusePort = true;
    any.listen(5);
    const both = peer.host.stream();
    both.tcb.settings.reusePort = true;
    both.tcb.settings.interface = 1;
    both.bind({ address: "", port: 81 });
    both.listen(5);
    for (let remotePort = 1; remotePort <= 10; remotePort++) {
      const ask = (by: number) => peer.tcp.ports.listener(0x0a000001, 81, 7, remotePort, by);
      expect([ask(1), ask(2)]).toEqual([both.tcb, any.tcb]);
    }
  });
});

describe("SO_DONTROUTE", () => {
  it("reaches whoever is on the link, and nobody beyond a gateway", () => {
    const { peer } = twoWires();
    const near = peer.host.stream();
    near.tcb.settings.onLink = true;
    peer.open(near);
    const far = peer.host.stream();
    far.tcb.settings.onLink = true;
    expect(far.connect({ address: "8.8.8.8", port: 80 })).toBe(-ENETUNREACH);
  });

  it("set later, the connection looks for its path anew, and keeps the old one where there is none", () => {
    const { peer } = twoWires();
    peer.connect();
    const { tcb } = peer.socket;
    const before = tcb.path;
    tcb.settings.onLink = true;
    settingsChanged(tcb);
    expect(tcb.path).not.toBe(before);
    const onLink = tcb.path;
    settingsChanged(tcb);
    expect(tcb.path).toBe(onLink);
    tcb.settings.interface = 9;
    settingsChanged(tcb);
    expect(tcb.path).toBe(onLink);
    peer.write("x");
    peer.expect("PA", { data: "x" });
  });
});

describe("SO_REUSEPORT", () => {
  /** How many of `connections` each of `count` listeners has been given. */
  function shares(count: number, connections: number, seed = 1): number[] {
    const peer = new SegmentPeer({ seed });
    const listeners: Tcb[] = [];
    for (let index = 0; index < count; index++) {
      const socket = peer.host.stream();
      socket.tcb.settings.reusePort = true;
      expect(socket.bind({ address: "", port: 80 })).toBe(0);
      expect(socket.listen(1000)).toBe(0);
      listeners.push(socket.tcb);
    }
    for (let index = 0; index < connections; index++) {
      const client = peer.another();
      client.inject({ flags: "S" });
      client.expect("SA");
      client.inject({ flags: "A" });
    }
    return listeners.map((listener) => {
      let taken = 0;
      while (typeof accept(listener) === "object") taken++;
      return taken;
    });
  }

  it("spreads new connections over the listeners", () => {
    const taken = shares(4, 200);
    expect(taken.reduce((sum, share) => sum + share)).toBe(200);
    for (const share of taken) expect(share).toBeGreaterThan(25);
  });

  it("by the host's secret: another host spreads them in another way", () => {
    expect(shares(4, 50, 1)).toEqual(shares(4, 50, 1));
    expect(shares(4, 50, 1)).not.toEqual(shares(4, 50, 2));
  });

  it("a SYN that comes again comes to the same one", () => {
    const peer = new SegmentPeer();
    for (let index = 0; index < 8; index++) {
      const socket = peer.host.stream();
      socket.tcb.settings.reusePort = true;
      socket.bind({ address: "", port: 80 });
      socket.listen(5);
    }
    const { ports } = peer.tcp;
    const first = ports.listener(1, 80, 2, 4000, 1);
    for (let time = 0; time < 5; time++) expect(ports.listener(1, 80, 2, 4000, 1)).toBe(first);
  });
});
