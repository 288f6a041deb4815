/** A router drops what is too long for it, and what it says of that is filtered out: RFC 2923 §2.1. */
import { describe, expect, it } from "vitest";
import { type Host, IPPROTO_TCP, MSG_DONTWAIT, TCP_MAXSEG } from "../../src/index.ts";
import { cutsOnSending } from "../support/offload.ts";
import { connection, network, pattern } from "../support/world.ts";

const SIZE = 300_000;

interface Outcome {
  millis: number;
  /** Of the host that sends, the other one sends back. */
  same: boolean;
  holes: [number, number];
  dropped: number;
}

/** `a` sends to `b`, and gets it all back, over a wire whose router drops what is longer than `mtu`. */
async function echoed(mtu: number, prepare = (_: Host): unknown => undefined): Promise<Outcome> {
  const net = network({ seed: mtu });
  const [a, b] = [net.host("a"), net.host("b")];
  net.link(a, b, { latency: 20 });
  let dropped = 0;
  net.rule(({ length }) => {
    if (length <= mtu) return "pass";
    dropped++;
    return "drop";
  });
  prepare(a);
  prepare(b);
  const data = pattern(SIZE);
  let same = true;
  let received = 0;
  let millis = 0;
  await net.run(async () => {
    const [client, server] = await connection(a, b);
    const start = net.now;
    const echo = async () => {
      for await (const chunk of server.chunks()) await server.sendall(chunk);
      await server.close();
    };
    const send = async () => {
      await client.sendall(data);
      client.shutdown(1);
    };
    const read = async () => {
      for await (const chunk of client.chunks()) {
        for (const byte of chunk) same = data[received++] === byte && same;
      }
    };
    await Promise.all([echo(), send(), read()]);
    millis = net.now - start;
    await client.close();
  });
  await net.idle();
  const holes: [number, number] = [a.tcp.counters.blackHoles, b.tcp.counters.blackHoles];
  return { millis, same: same && received === SIZE, holes, dropped };
}

/** How many of `seeds` connections take plain loss, after an outage of `outage` ms, for a router that drops what is long. */
async function deceived(seeds: number, loss: number, outage: number): Promise<number> {
  let count = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const net = network({ seed });
    const [a, b] = [net.host("a"), net.host("b")];
    const wire = net.link(a, b, { latency: 20 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const send = async () => {
        await client.sendall(pattern(60_000));
        await client.close();
      };
      wire.set({ loss: outage > 0 ? 1 : loss });
      const sending = send();
      await net.sleep(outage);
      wire.set({ loss });
      let received = 0;
      while (received < 60_000) received += (await server.recv(60_000)).length;
      wire.set({ loss: 0 });
      await sending;
      await server.close();
    });
    await net.idle();
    if (a.tcp.counters.blackHoles > 0) count++;
  }
  return count;
}

describe("packets that are lost at random are not taken for it", () => {
  it.each([
    [0.3, 0],
    [0.1, 20_000],
    [0.3, 20_000],
    [0.05, 60_000],
  ])("loss of %f, after an outage of %i ms", async (loss, outage) => {
    expect(await deceived(60, loss, outage)).toBe(0);
  });
});

describe("a router that drops without a word", () => {
  it.each([1400, 1200, 1024, 576])(
    "at %i bytes: both sides find out, each for what it sends",
    async (mtu) => {
      const { same, holes, millis, dropped } = await echoed(mtu);
      expect(same).toBe(true);
      expect(holes).toEqual([1, 1]);
      expect(dropped).toBeGreaterThan(0);
      expect(millis).toBeLessThan(15_000); // of both, one after the other
    },
  );

  it("also where devices cut the segments", async () => {
    const { same, holes } = await echoed(1400, cutsOnSending);
    expect(same).toBe(true);
    expect(holes).toEqual([1, 1]);
  });

  it("a wide one costs nothing", async () => {
    const { same, holes, dropped } = await echoed(1500);
    expect([same, holes, dropped]).toEqual([true, [0, 0], 0]);
  });

  it("one that sends into it and is set not to find out gets nothing through, whatever the other side does", async () => {
    const net = network({ seed: 1 });
    const [a, b] = [net.host("a", { tcp: { blackHoleMtu: 0 } }), net.host("b")];
    net.link(a, b, { latency: 20 });
    net.rule(({ length }) => (length <= 1400 ? "pass" : "drop"));
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      await client.sendall(pattern(100_000));
      await net.sleep(60_000);
      expect(await server.recv(100_000, MSG_DONTWAIT).catch(({ code }) => code)).toBe("EWOULDBLOCK");
      client.setsockopt(IPPROTO_TCP, TCP_MAXSEG, 1000); // which is what its user can do
      let received = 0;
      while (received < 100_000) received += (await server.recv(100_000)).length;
      await client.close();
      await server.close();
    });
    await net.idle();
  });
});
