/** ping between simulated hosts: every time is exact there. */
import { describe, expect, it } from "vitest";
import {
  AF_INET,
  errno,
  GaiError,
  type Host,
  IPPROTO_ICMP,
  type PingEvent,
  type PingOptions,
  type PingStatistics,
  ping,
  SOCK_RAW,
} from "../../src/index.ts";
import { checksum } from "../support/wire.ts";
import { failure, network, pair } from "../support/world.ts";

async function collect(
  host: Host,
  destination: string,
  options: PingOptions,
): Promise<{ events: PingEvent[]; statistics: PingStatistics }> {
  const running = ping(host, destination, options);
  const events: PingEvent[] = [];
  for await (const event of running) events.push(event);
  return { events, statistics: running.statistics };
}

/** a – r – b, with a narrow wire behind the router. */
function street() {
  const net = network({ seed: 1 });
  const a = net.host("a");
  const b = net.host("b");
  const router = net.router("r");
  net.link(a, router, { latency: 5 });
  net.link(router, b, { latency: 5, mtu: 1400 });
  return { net, a, b };
}

describe("ping", () => {
  it("tells of each reply, and adds them up", async () => {
    const { net, a } = pair({ latency: 5 });
    await net.run(async () => {
      const { events, statistics } = await collect(a, "b", { count: 3, interval: 100 });
      expect(events).toEqual(
        [1, 2, 3].map((sequence) => ({
          kind: "reply",
          sequence,
          from: "10.0.0.2",
          length: 64,
          timeToLive: 64,
          millis: 10,
          duplicate: false,
          truncated: false,
          damage: undefined,
        })),
      );
      expect(statistics).toEqual({
        transmitted: 3,
        received: 3,
        duplicates: 0,
        damaged: 0,
        errors: 0,
        millis: 200,
        roundTrip: { min: 10, average: 10, max: 10, deviation: 0, smoothed: 10 },
        pipe: 1,
      });
      expect(net.now).toBe(210); // it does not wait for what has come already
    });
  });

  it.each([0, 1, 1472, 1473, 65_507])("carries %d bytes of data", async (size) => {
    const { net, a } = pair({ latency: 1 });
    await net.run(async () => {
      const { events } = await collect(a, "b", { count: 1, size });
      expect(events).toMatchObject([{ kind: "reply", length: size + 8, damage: undefined }]);
    });
  });

  it("waits ten seconds for a first answer, and twice the longest round trip once there was one", async () => {
    const { net, a, b } = pair({ latency: 5 });
    await net.run(async () => {
      const off = net.rule(() => "drop");
      const { statistics } = await collect(a, "b", { count: 2, interval: 100 });
      expect(statistics).toMatchObject({ transmitted: 2, received: 0, errors: 0, roundTrip: undefined });
      expect(net.now).toBe(10_100);
      const start = net.now;
      await collect(a, "b", { count: 1, wait: 250 });
      expect(net.now - start).toBe(250);
      off();
      net.rule((_, { now }) => (now > start + 300 ? "drop" : "pass"));
      const begin = net.now;
      const { statistics: some } = await collect(a, "b", { count: 2, interval: 100 });
      expect(some).toMatchObject({ transmitted: 2, received: 1 });
      expect(net.now - begin).toBe(200); // the interval is longer than two round trips
    });
    expect(b.leaks()).toEqual([]);
  });

  it("counts duplicates", async () => {
    const { net, a } = pair({ a: { latency: 5 }, b: { latency: 5, duplicate: 1 } });
    await net.run(async () => {
      const { events, statistics } = await collect(a, "b", { count: 2, interval: 100 });
      expect(events.map((event) => event.kind === "reply" && [event.sequence, event.duplicate])).toEqual([
        [1, false],
        [1, true],
        [2, false],
        [2, true],
      ]);
      expect(statistics).toMatchObject({ received: 2, duplicates: 2 });
    });
  });

  it("sees data that came back changed or cut", async () => {
    const { net, a, b } = pair({ latency: 5 });
    await net.run(async () => {
      const raw = b.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
      const answering = answerWrongly(raw);
      const { events, statistics } = await collect(a, "b", { count: 2, interval: 100, size: 16 });
      const marks = events.map(
        (event) => event.kind === "reply" && [event.duplicate, event.truncated, event.damage],
      );
      expect(marks).toContainEqual([true, true, { at: 3, expected: 3, got: 252 }]);
      expect(statistics).toMatchObject({ received: 2, damaged: 1 });
      await raw.close();
      await answering;
    });
  });

  it("repeats a pattern in the data", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const raw = b.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
      await collect(a, "b", { count: 1, size: 5, pattern: Uint8Array.of(0xff, 0) });
      const request = await raw.recv(100);
      expect([...request.subarray(28)]).toEqual([255, 0, 255, 0, 255]);
      await raw.close();
    });
  });

  it("tells which router let it die", async () => {
    const { net, a } = street();
    await net.run(async () => {
      const { events, statistics } = await collect(a, "b", { count: 2, interval: 100, timeToLive: 1 });
      const error = {
        kind: "error",
        errno: errno.EHOSTUNREACH,
        from: "10.0.0.254",
        type: 11,
        code: 0,
        mtu: 0,
      };
      expect(events).toEqual([
        { ...error, sequence: 1 },
        { ...error, sequence: 2 },
      ]);
      expect(statistics).toMatchObject({ transmitted: 2, received: 0, errors: 2 });
    });
  });

  it("finds the path's MTU with -M do: first a router says it, then this host", async () => {
    const { net, a } = street();
    await net.run(async () => {
      const { events } = await collect(a, "b", { count: 2, interval: 100, size: 1450, discover: "do" });
      const error = { kind: "error", errno: errno.EMSGSIZE, mtu: 1400 };
      expect(events).toMatchObject([
        { ...error, sequence: 1, from: "10.0.0.254", type: 3, code: 4 },
        { ...error, sequence: undefined, from: undefined, type: -1, code: -1 },
      ]);
      expect((await collect(a, "b", { count: 1, size: 1450, discover: "want" })).events).toMatchObject([
        { kind: "reply", length: 1458 },
      ]);
      expect((await collect(a, "b", { count: 1, size: 1450, discover: "dont" })).events).toMatchObject([
        { kind: "reply", length: 1458 },
      ]);
    });
  });

  it("ends at the deadline, and when it is told to", async () => {
    const { net, a } = pair({ latency: 5 });
    await net.run(async () => {
      expect((await collect(a, "b", { deadline: 2500 })).statistics).toMatchObject({
        transmitted: 3,
        received: 3,
      });
      expect(net.now).toBe(2500);
      const controller = new AbortController();
      const running = collect(a, "b", { signal: controller.signal });
      await net.sleep(1500);
      controller.abort();
      expect((await running).statistics).toMatchObject({ transmitted: 2, received: 2 });
      expect(net.now).toBe(4000);
    });
  });

  it("floods with interval 0: each answer brings the next request", async () => {
    const { net, a } = pair({ latency: 2 });
    await net.run(async () => {
      const { statistics } = await collect(a, "b", { count: 100, interval: 0 });
      expect(statistics).toMatchObject({ received: 100, roundTrip: { max: 4 } });
      expect(net.now).toBe(400);
      net.rule(() => "drop");
      await collect(a, "b", { count: 10, interval: 0, wait: 0 });
      expect(net.now).toBe(490); // a hundred a second without answers
    });
  });

  it("numbers requests modulo 2^16", async () => {
    const { net, a } = pair({}, {});
    await net.run(async () => {
      const running = ping(a, "b", { count: 65_540, interval: 0, size: 0 });
      let last: PingEvent | undefined;
      for await (const event of running) last = event;
      expect(last).toMatchObject({ kind: "reply", sequence: 4, duplicate: false });
      expect(running.statistics).toMatchObject({ received: 65_540, duplicates: 0 });
    });
  });

  it("goes on when a request cannot be sent", async () => {
    const { net, a } = pair({ latency: 1 });
    await net.run(async () => {
      const { events, statistics } = await collect(a, "192.0.2.1", { count: 2, interval: 10 });
      expect(events).toMatchObject(
        [1, 2].map((sequence) => ({ kind: "error", sequence, errno: errno.ENETUNREACH })),
      );
      expect(statistics).toMatchObject({ transmitted: 2, errors: 2 });
    });
  });

  it("needs to be allowed to broadcast", async () => {
    const { net, a } = pair({ latency: 1 });
    await net.run(async () => {
      const destination = "10.0.0.255";
      const { events } = await collect(a, destination, { count: 1 });
      expect(events).toMatchObject([{ kind: "error", errno: errno.EACCES }]);
      const { statistics } = await collect(a, destination, { count: 1, broadcast: true, wait: 100 });
      expect(statistics).toMatchObject({ transmitted: 1, errors: 0 });
    });
  });

  it("refuses what makes no sense, and names that nobody knows", async () => {
    const { net, a } = pair();
    for (const options of [{ count: 0 }, { size: -1 }, { size: 65_508 }, { interval: -1 }]) {
      expect(() => ping(a, "b", options)).toThrow(RangeError);
    }
    await net.run(async () => {
      await expect(collect(a, "nobody", { count: 1 })).rejects.toThrow(GaiError);
    });
  });

  it("ends with its host", async () => {
    const { net, a } = pair({ latency: 5 });
    await net.run(async () => {
      const running = failure(collect(a, "b", {}));
      await net.sleep(1200);
      a.close();
      expect((await running).code).toBe("ECONNABORTED");
    });
  });
});

/** Answers the first echo request again, with a byte changed and the last two missing. */
async function answerWrongly(raw: ReturnType<Host["socket"]>): Promise<void> {
  const [request, from] = await raw.recvfrom(100);
  const reply = request.slice(20, -2);
  reply[0] = 0;
  reply[8 + 3] = 252;
  reply[2] = 0;
  reply[3] = 0;
  const sum = checksum(reply);
  reply[2] = sum >> 8;
  reply[3] = sum & 255;
  await raw.sendto(reply, from);
}
