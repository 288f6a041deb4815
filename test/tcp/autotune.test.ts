/** Receive-buffer and send-buffer auto-tuning: src/tcp/receive-autotune.ts, src/tcp/send.ts. */
import { describe, expect, it } from "vitest";
import type { TcpConfig } from "../../src/index.ts";
import { network } from "../support/world.ts";

const SIZE = 12_000_000;

/** Moves SIZE bytes over 50 ms one way; gives the receiver's and the sender's buffers at the end, and the time it took. */
function move(tcp: Partial<TcpConfig>, fixedBytes?: number) {
  const net = network({ seed: 5 });
  const [a, b] = [net.host("a", { tcp }), net.host("b", { tcp })];
  net.link(a, b, { latency: 50 });
  const listener = b.stream();
  if (fixedBytes !== undefined) {
    listener.settings.receiveBufferBytes = fixedBytes;
    listener.tcb.settings.receiveBufferFixed = true;
  }
  listener.bind({ address: "", port: 80 });
  listener.listen(1);
  const into = new Uint8Array(65_536);
  let received = 0;
  let finishedAt = 0;
  let receiveBuffer = 0;
  listener.onReadiness = () => {
    const server = listener.accept();
    if (typeof server === "number") return;
    server.onReadiness = () => {
      for (let count = server.receive(into); count >= 0; count = server.receive(into)) {
        received += count;
        if (count > 0) continue;
        finishedAt = net.now;
        receiveBuffer = [...b.tcp.connections()].find(
          (tcb) => tcb.stateName !== "LISTEN",
        )!.receiveBufferBytes;
        server.close();
        listener.close();
        return;
      }
    };
  };
  const client = a.stream();
  const chunk = new Uint8Array(65_536);
  let sent = 0;
  let sendBuffer = 0;
  client.onReadiness = () => {
    while (sent < SIZE) {
      const taken = client.send(chunk, 0, Math.min(chunk.length, SIZE - sent));
      if (taken < 0) return;
      sent += taken;
    }
    sendBuffer = client.tcb.sendBufferBytes;
    client.close();
  };
  client.connect({ address: "10.0.0.2", port: 80 });
  net.drain();
  expect(received).toBe(SIZE);
  return { receiveBuffer, sendBuffer, millis: finishedAt };
}

describe("buffers grow with the path", () => {
  it("so that a long path is used, up to the documented maximum", () => {
    const tuned = move({});
    expect(tuned.receiveBuffer).toBeGreaterThan(1_000_000);
    expect(tuned.receiveBuffer).toBeLessThanOrEqual(6_291_456);
    expect(tuned.sendBuffer).toBeGreaterThan(262_144);
    expect(tuned.sendBuffer).toBeLessThanOrEqual(4_194_304);
    const bounded = move({ maxReceiveBufferBytes: 131_072 });
    expect(bounded.receiveBuffer).toBe(131_072);
    // one buffer each round trip of 100 ms, against a window that doubles
    expect(bounded.millis).toBeGreaterThan((SIZE / 131_072) * 100);
    expect(tuned.millis).toBeLessThan(bounded.millis / 4);
  });

  it("but not once SO_RCVBUF was set", () => {
    expect(move({}, 100_000).receiveBuffer).toBe(100_000);
  });

  it("and not beyond maxSendBufferBytes", () => {
    expect(move({ maxSendBufferBytes: 300_000 }).sendBuffer).toBeLessThanOrEqual(300_000);
  });
});
