/** A network on the real clock: time goes by of itself. */
import { afterEach, describe, expect, test } from "vitest";
import { AF_INET, Network, SOCK_DGRAM } from "../../src/index.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { connection, receiver } from "../support/world.ts";

let net: Network;

function real(): Network {
  net = new Network({ seed: 1, clock: "real" });
  return net;
}

afterEach(() => {
  net.close();
  expect(packetPool.outstanding).toBe(0);
});

/** Milliseconds that `body` takes. */
async function duration(body: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await body();
  return performance.now() - start;
}

describe("a network on the real clock", () => {
  test("carries packets without being driven, and they take as long as they should", async () => {
    const net = real();
    const [a, r, b] = [net.host("a"), net.router("r"), net.host("b")];
    net.link(a, r, { latency: 20 });
    net.link(r, b, { latency: 20 });
    const socket = receiver(b, 9);
    const sender = a.socket(AF_INET, SOCK_DGRAM);
    const millis = await duration(async () => {
      await sender.sendto("x", { address: "b", port: 9 });
      await socket.recv(10);
    });
    expect(millis).toBeGreaterThanOrEqual(39.9);
    expect(millis).toBeLessThan(500);
    await sender.close();
    await socket.close();
    expect(net.leaks()).toEqual([]);
  });

  test("run gives what the function gives, or throws", async () => {
    const net = real();
    expect(await net.run(() => 7)).toBe(7);
    expect(await net.run(async () => "later")).toBe("later");
    await expect(net.run(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await expect(net.run(7 as never)).rejects.toThrow(TypeError);
    expect(await net.external(Promise.resolve(3))).toBe(3);
  });

  test("an error of a rule comes out of run", async () => {
    const net = real();
    const [a, b] = [net.host("a"), net.host("b")];
    net.link(a, b);
    net.rule(() => {
      throw new Error("this rule is bad");
    });
    const running = net.run(async () => {
      const [client, server] = await connection(a, b);
      await client.close();
      await server.close();
    });
    await expect(running).rejects.toThrow("this rule is bad");
  });

  test("now, sleep and advance are those of the real clock", async () => {
    const net = real();
    const before = net.now;
    expect(await duration(() => net.sleep(30))).toBeGreaterThanOrEqual(29.9);
    expect(await duration(() => net.advance(30))).toBeGreaterThanOrEqual(29);
    expect(net.now - before).toBeGreaterThanOrEqual(58);
    expect(() => net.sleep(-1)).toThrow(RangeError);
  });

  test("idle waits until nothing is left to happen", async () => {
    const net = real();
    const [a, b] = [net.host("a"), net.host("b")];
    net.link(a, b, { latency: 80 });
    const sender = a.socket(AF_INET, SOCK_DGRAM);
    await sender.sendto("x", { address: "b", port: 9 });
    await sender.close();
    expect(net.leaks()).not.toEqual([]);
    expect(await duration(() => net.idle())).toBeGreaterThanOrEqual(155); // there, and "port unreachable" back
    expect(net.leaks()).toEqual([]);
  });

  test("cannot be hurried, and says so", () => {
    expect(() => real().drain()).toThrow("drain: this network is on the real clock");
  });

  test("ends, with all that waits", async () => {
    const net = real();
    const sleeping = net.sleep(10_000);
    net.close();
    await expect(sleeping).rejects.toThrow("the network was closed");
    await expect(net.idle()).rejects.toThrow("idle: the network is closed");
    await expect(net.run(() => 1)).rejects.toThrow("run: the network is closed");
    await expect(net.sleep(1)).rejects.toThrow("the network is closed");
  });

  test("is one of two kinds of clock", () => {
    real();
    expect(() => new Network({ clock: "unreal" as never })).toThrow(
      'clock must be "virtual" or "real", got "unreal"',
    );
  });
});
