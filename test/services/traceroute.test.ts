/** traceroute across simulated routers, whose times are exact. */
import { describe, expect, it } from "vitest";
import {
  AF_INET,
  type Hop,
  type Host,
  type Network,
  SOCK_DGRAM,
  type TracerouteOptions,
  traceroute,
} from "../../src/index.ts";
import { TestLink } from "../support/test-link.ts";
import { icmp } from "../support/wire.ts";
import { failure, listener, network, pair } from "../support/world.ts";

/** a – r1 – r2 – r3 – b; 5 ms a wire. */
function street(): { net: Network; a: Host; b: Host; routers: Host[] } {
  const net = network({ seed: 1 });
  const a = net.host("a");
  const b = net.host("b", { address: "10.1.0.1/24" });
  const routers = ["r1", "r2", "r3"].map((name) => net.router(name));
  const line = [a, ...routers, b];
  for (let at = 1; at < line.length; at++) net.link(line[at - 1]!, line[at]!, { latency: 5 });
  return { net, a, b, routers };
}

async function trace(host: Host, destination: string, options: TracerouteOptions = {}): Promise<Hop[]> {
  const hops: Hop[] = [];
  for await (const hop of traceroute(host, destination, options)) hops.push(hop);
  return hops;
}

/** "10.0.0.254 10", or "*", with its mark. */
const lines = (hops: readonly Hop[]): string[] =>
  hops.map(({ timeToLive, replies }) => {
    const texts = replies.map((reply) =>
      reply === undefined ? "*" : `${reply.from} ${reply.millis}${reply.mark}`,
    );
    return `${timeToLive}: ${texts.join(", ")}`;
  });

const thrice = (text: string): string => `${text}, ${text}, ${text}`;

describe("traceroute", () => {
  it.each(["udp", "icmp", "tcp"] as const)(
    "finds three routers and the destination by %s",
    async (method) => {
      const { net, a, routers } = street();
      await net.run(async () => {
        const addresses = await Promise.all(routers.map(({ name }) => a.resolve(name)));
        const hops = await trace(a, "b", { method });
        expect(lines(hops)).toEqual([
          `1: ${thrice(`${addresses[0]} 10`)}`,
          `2: ${thrice(`${addresses[1]} 20`)}`,
          `3: ${thrice(`${addresses[2]} 30`)}`,
          `4: ${thrice("10.1.0.1 40")}`,
        ]);
        expect(hops.map(({ final }) => final)).toEqual([false, false, false, true]);
        expect(net.now).toBe(40); // sixteen probes are on their way at once
      });
    },
  );

  it("ends at a port that listens, by TCP and by UDP, and leaves no connection", async () => {
    const { net, a, b } = street();
    await net.run(async () => {
      const listening = listener(b, 80);
      const open = await trace(a, "b", { method: "tcp", firstHop: 4 });
      expect(lines(open)).toEqual([`4: ${thrice("10.1.0.1 40")}`]);
      await net.sleep(1000);
      expect(b.netstat().sockets.filter(({ state }) => state !== "LISTEN")).toEqual([]);
      await listening.close();
      const socket = b.socket(AF_INET, SOCK_DGRAM);
      socket.bind({ address: "", port: 33_435 });
      const answering = socket.recvfrom(100).then(([data, from]) => socket.sendto(data, from));
      expect(lines(await trace(a, "b", { firstHop: 4, queries: 2 }))).toEqual([
        "4: 10.1.0.1 40, 10.1.0.1 40",
      ]);
      await answering;
      await socket.close();
    });
  });

  it("shows routers that say nothing as stars, and goes on behind them", async () => {
    const { net, a } = street();
    net.rule(({ protocol }, { from }) => (from === "r2" && protocol === "icmp" ? "drop" : "pass"));
    net.rule(({ protocol }, { from, to }) =>
      from === "r3" && to === "r2" && protocol === "icmp" ? "drop" : "pass",
    );
    await net.run(async () => {
      const hops = await trace(a, "b", { maxHops: 6, queries: 2, wait: 1000 });
      expect(lines(hops)).toEqual([
        "1: 10.0.0.254 10, 10.0.0.254 10",
        "2: *, *",
        "3: *, *",
        "4: *, *",
        "5: *, *",
        "6: *, *",
      ]);
    });
  });

  it("waits no longer than others have told that it takes", async () => {
    const { net, a } = street();
    let dropped = 0;
    // of the answers of the second router two are lost
    net.rule(({ protocol }, { from, to }) =>
      protocol === "icmp" && from === "r1" && to === "a" && [3, 4].includes(dropped++) ? "drop" : "pass",
    );
    await net.run(async () => {
      const hops = await trace(a, "b", {});
      expect(hops.map(({ replies }) => replies.filter((reply) => reply !== undefined).length)).toEqual([
        3, 1, 3, 3,
      ]);
      expect(net.now).toBe(60); // three times the 20 ms of the third probe
      await net.sleep(10_000); // what tells of errors is limited: 6 at once, one a second
      const begin = net.now;
      dropped = 0;
      await trace(a, "b", { here: 0, near: 0, wait: 700 });
      expect(net.now - begin).toBe(700);
    });
  });

  it.each([
    ["N", 0],
    ["H", 1],
    ["P", 2],
    ["S", 5],
    ["X", 13],
  ])("marks what goes no further with !%s", async (mark, code) => {
    const net = network({ seed: 1 });
    const host = net.host("a");
    const link = new TestLink(host.clock);
    host.attach(link, { address: "10.9.0.1/24" });
    await net.run(async () => {
      const running = trace(host, "10.9.0.2", { queries: 1, simultaneous: 2, wait: 100, near: 0 });
      await net.sleep(10);
      const [first] = link.take() as [Uint8Array];
      const fields = { type: 3, code, payload: first };
      link.inject(icmp(fields, { source: "10.9.0.77", destination: "10.9.0.1" }));
      expect(lines(await running)).toEqual([`1: 10.9.0.77 10!${mark}`]);
    });
  });

  it("tells the MTU where probes must not be fragmented", async () => {
    const net = network({ seed: 1 });
    const [a, b, router] = [net.host("a"), net.host("b"), net.router("r")];
    net.link(a, router, { latency: 5 });
    net.link(router, b, { latency: 5, mtu: 1000 });
    await net.run(async () => {
      const long = { packetLength: 1200, queries: 1 };
      expect(lines(await trace(a, "b", { ...long, dontFragment: true }))).toEqual([
        "1: 10.0.0.254 10",
        "2: 10.0.0.254 10!F-1000",
      ]);
      expect(lines(await trace(a, "b", long))).toEqual(["1: 10.0.0.254 10", "2: 10.0.0.2 20"]);
      expect(lines(await trace(a, "b", { packetLength: 1600, dontFragment: true, queries: 1 }))).toEqual([
        "1: 10.0.0.1 0!F-1000",
      ]);
    });
  });

  it("begins and ends where it is told to, and when", async () => {
    const { net, a } = street();
    await net.run(async () => {
      const some = await trace(a, "b", { firstHop: 2, maxHops: 3, queries: 1 });
      expect(some.map(({ timeToLive }) => timeToLive)).toEqual([2, 3]);
      const one = await trace(a, "b", { queries: 1, simultaneous: 1 });
      expect(one.length).toBe(4);
      net.rule(() => "drop");
      const controller = new AbortController();
      const running = trace(a, "b", { signal: controller.signal });
      await net.sleep(100);
      controller.abort();
      expect(await running).toEqual([]);
    });
  });

  it("refuses what makes no sense, and destinations without a way", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      for (const options of [
        { maxHops: 256 },
        { firstHop: 31 },
        { firstHop: 0 },
        { queries: 11 },
        { packetLength: 27 },
        { wait: 0 },
      ]) {
        await expect(trace(a, "b", options)).rejects.toThrow(RangeError);
      }
      expect((await failure(trace(a, "192.0.2.1"))).code).toBe("ENETUNREACH");
    });
  });
});
