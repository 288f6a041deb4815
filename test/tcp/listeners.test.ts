import { describe, expect, it } from "vitest";
import { EADDRINUSE, EAGAIN, EINVAL } from "../../src/base/errno.ts";
import { SipKey } from "../../src/base/hash.ts";
import { POLLHUP, POLLOUT } from "../../src/base/readiness.ts";
import { PortTable } from "../../src/tcp/ports.ts";
import type { Tcb } from "../../src/tcp/tcb.ts";
import { leaveNothingBehind, SegmentPeer } from "../support/segment-peer.ts";

leaveNothingBehind();

describe("the table of listeners", () => {
  it("a SYN asks listeners alone, however many connections its port has", () => {
    const peer = new SegmentPeer();
    const ports = new PortTable(new SipKey(new Int32Array([1, 2, 3, 4])));
    let asked = 0;
    const user = (): Tcb => {
      const tcb = peer.tcp.create();
      tcb.localPort = 80;
      return new Proxy(tcb, {
        get(target, name) {
          asked++;
          return Reflect.get(target, name);
        },
      });
    };
    for (let index = 0; index < 1000; index++) ports.add(user());
    const listener = user();
    ports.add(listener);
    ports.addListener(listener);
    asked = 0;
    expect(ports.listener(1, 80, 2, 4000, 1)).toBe(listener);
    expect(asked).toBeLessThan(10);
    ports.removeListener(listener);
    expect(ports.listener(1, 80, 2, 4000, 1)).toBe(undefined);
  });
});

describe("a listener that was shut down", () => {
  for (const how of [0, 2]) {
    it(`shutdown(${how}): accept says EINVAL, readiness what an unconnected socket has, and its port answers RST`, () => {
      const peer = new SegmentPeer();
      const listener = peer.listen();
      peer.syn();
      expect(listener.accept()).toBe(-EAGAIN);
      expect(listener.shutdown(how)).toBe(0);
      expect(listener.accept()).toBe(-EINVAL);
      expect(listener.readiness).toBe(POLLOUT | POLLHUP);
      const late = peer.another();
      late.inject({ flags: "S" });
      late.expect("RA", { ack: 1 });
    });
  }

  it("keeps its port, and can listen again there", () => {
    const peer = new SegmentPeer();
    const listener = peer.listen();
    listener.shutdown(2);
    const other = peer.host.stream();
    expect(other.bind({ address: "", port: 80 })).toBe(-EADDRINUSE);
    expect(listener.listen(5)).toBe(0);
    expect(listener.stateName).toBe("LISTEN");
    peer.accept();
    listener.close();
    peer.socket.close();
    expect(other.bind({ address: "", port: 81 })).toBe(0);
  });

  it("shutting down sending alone changes nothing", () => {
    const peer = new SegmentPeer();
    expect(peer.listen().shutdown(1)).toBe(0);
    peer.accept();
  });
});
