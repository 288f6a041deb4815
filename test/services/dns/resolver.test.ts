/** A stub resolver against servers that a test scripts, on the virtual clock. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ECONNABORTED } from "../../../src/base/errno.ts";
import { type Host, type SocketError, StubResolver, type StubResolverOptions } from "../../../src/index.ts";
import { dnsWire } from "../../../src/node/dns-wire.ts";
import { network } from "../../support/world.ts";
import { a, cname, DnsServer, type Heard, nameBytes, PTR, ptr, reply, rr, soa } from "./server.ts";

const FIRST = "10.0.0.2";
const SECOND = "10.0.0.3";

interface World {
  net: ReturnType<typeof network>;
  host: Host;
  b: Host;
  c: Host;
  one: DnsServer;
  two: DnsServer;
  resolver: StubResolver;
}

/** Runs `program` with a resolver that asks two servers, which say nothing. */
function world(
  options: Partial<StubResolverOptions>,
  program: (world: World) => Promise<void>,
  wire: Parameters<ReturnType<typeof network>["link"]>[2] = { latency: 10 },
) {
  return async () => {
    const net = network({ seed: 3 });
    const host = net.host("a");
    const [b, c] = [net.host("b"), net.host("c", { address: "10.0.0.3/24" })];
    net.link(host, b, wire);
    net.link(host, c, wire);
    host.route.add({ to: "10.0.0.3/32", interface: "eth1" });
    await net.run(async () => {
      const [one, two] = [new DnsServer(b, FIRST), new DnsServer(c, SECOND)];
      const resolver = new StubResolver(host, { servers: [FIRST, SECOND], codec: dnsWire, ...options });
      await program({ net, host, b, c, one, two, resolver });
      resolver.close();
      await one.close();
      await two.close();
    });
    await net.idle();
    expect(host.leaks()).toEqual([]);
  };
}

const always = (heard: Heard) => reply(heard, { answers: [a(heard.name, "10.5.5.5")] });
const nothing = (heard: Heard) => reply(heard, { rcode: 3, authorities: [soa("example", 60)] });

async function code(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    (value) => `it gave ${JSON.stringify(value)}`,
    (error: SocketError) => error.code,
  );
}

describe("a question", () => {
  test(
    "goes to the first server, recursion desired, with EDNS0; and the answer is kept as long as it says",
    world({}, async ({ net, one, two, resolver }) => {
      one.script = (heard) =>
        reply(heard, {
          answers: [a("WWW.example", "10.5.5.5", { ttl: 60 }), a("www.example", "10.5.5.6", { ttl: 90 })],
        });
      expect(await resolver.resolve("www.example")).toEqual(["10.5.5.5", "10.5.5.6"]);
      const [heard] = one.take();
      expect(heard).toMatchObject({ name: "www.example", type: 1, flags: 0x0100, udpSize: 1232, tcp: false });
      await net.sleep(50_000);
      expect(await resolver.resolve("WWW.Example.")).toEqual(["10.5.5.5", "10.5.5.6"]);
      expect(one.take()).toEqual([]);
      await net.sleep(11_000);
      await resolver.resolve("www.example");
      expect(one.take()).toHaveLength(1);
      expect(two.take()).toEqual([]);
      expect(resolver.counters).toMatchObject({ lookups: 3, cached: 1, udpQueries: 2, answers: 2 });
    }),
  );

  test(
    "RFC5452-9.2: has an identifier and a port that do not follow from those before",
    world({ cacheEntries: 0 }, async ({ one, resolver }) => {
      one.script = always;
      for (let count = 0; count < 64; count++) await resolver.resolve("www.example");
      const heard = one.take();
      const differences = (values: number[]) =>
        new Set(values.slice(1).map((value, index) => value - values[index]!)).size;
      for (const values of [heard.map(({ id }) => id), heard.map(({ port }) => port)]) {
        expect(new Set(values).size).toBeGreaterThan(60);
        expect(differences(values)).toBeGreaterThan(55);
        expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(10_000);
      }
    }),
  );

  test(
    "that many ask at once is asked once",
    world({}, async ({ one, resolver }) => {
      one.script = always;
      const all = await Promise.all(
        ["x.example", "X.example", "x.example."].map((name) => resolver.resolve(name)),
      );
      expect(all).toEqual([["10.5.5.5"], ["10.5.5.5"], ["10.5.5.5"]]);
      expect(one.take()).toHaveLength(1);
      expect(resolver.counters.joined).toBe(2);
    }),
  );

  test(
    "hundreds at a time cost no warning of a leak, and no buffer each; close ends them all",
    world({ attempts: 1 }, async ({ net, host, one, two, resolver }) => {
      const warnings: string[] = [];
      const warn = (warning: Error) => warnings.push(warning.name);
      process.on("warning", warn);
      const buffers = new Set<ArrayBufferLike>();
      const decode = (bytes: Uint8Array) => {
        buffers.add(bytes.buffer);
        return dnsWire.decode(bytes);
      };
      const other = new StubResolver(host, { servers: [FIRST], codec: { ...dnsWire, decode } });
      one.script = always;
      const names = Array.from({ length: 200 }, (_, index) => `x${index}.example`);
      const found = await Promise.all(names.map((name) => other.resolve(name)));
      expect(new Set(found.flat())).toEqual(new Set(["10.5.5.5"]));
      expect(buffers.size).toBe(1);
      one.script = (heard) => (heard.tcp ? undefined : reply(heard, { truncated: true })); // so they ask by TCP
      two.script = () => undefined;
      const waiting = names.map((name) => code(resolver.resolve(name)));
      await net.sleep(25);
      resolver.close();
      other.close();
      expect(new Set(await Promise.all(waiting))).toEqual(new Set(["ECONNABORTED"]));
      await new Promise((resolve) => setImmediate(resolve)); // warnings come later
      process.off("warning", warn);
      expect(warnings).toEqual([]);
    }),
  );

  test(
    "an address is its own name; an impossible name is nobody's",
    world({}, async ({ one, resolver }) => {
      expect(await resolver.resolve("10.1.2.3")).toEqual(["10.1.2.3"]);
      for (const name of [
        "",
        ".",
        "a..b",
        `${"x".repeat(64)}.example`,
        "a b",
        Array(130).fill("x").join("."),
      ]) {
        expect(await code(resolver.resolve(name))).toBe("EAI_NONAME");
      }
      await expect(Reflect.apply(resolver.resolve, resolver, [5])).rejects.toThrow(TypeError);
      expect(one.take()).toEqual([]);
    }),
  );
});

describe("servers", () => {
  test(
    "that are silent are asked in rounds: 5 s each, then 10 s shared by both, and then nobody could tell",
    world({}, async ({ net, one, two, resolver }) => {
      const began = net.now;
      expect(await code(resolver.resolve("www.example"))).toBe("EAI_AGAIN");
      const heard = [...one.take(), ...two.take()].sort((x, y) => x.at - y.at);
      expect(heard.map(({ server, at }) => [server, Math.round((at - began) / 1000)])).toEqual([
        [FIRST, 0],
        [SECOND, 5],
        [FIRST, 10],
        [SECOND, 15],
      ]);
      expect(net.now - began).toBe(20_000);
      expect(new Set(heard.map(({ id }) => id)).size).toBe(4);
      expect(resolver.counters.timeouts).toBe(4);
    }),
  );

  test(
    "one that cannot tell gives way to the next at once",
    world({}, async ({ net, one, two, resolver }) => {
      two.script = always;
      for (const script of [
        (heard: Heard) => reply(heard, { rcode: 2 }),
        (heard: Heard) => reply(heard, { rcode: 5 }),
        (heard: Heard) => reply(heard, { flags: 0x8100 }), // a lame one: neither authority nor recursion
      ]) {
        one.script = script;
        resolver.flush();
        expect(await resolver.resolve("www.example")).toEqual(["10.5.5.5"]);
      }
      expect(net.now).toBeLessThan(200);
      expect(resolver.counters.failures).toBe(3);
      two.script = (heard) => reply(heard, { rcode: 2 });
      resolver.flush();
      expect(await code(resolver.resolve("www.example"))).toBe("EAI_AGAIN");
    }),
  );

  test(
    "one that is not there says so by ICMP",
    world({}, async ({ net, one, two, resolver }) => {
      one.socket.close();
      two.script = always;
      expect(await resolver.resolve("www.example")).toEqual(["10.5.5.5"]);
      expect(net.now).toBeLessThan(100);
      expect(resolver.counters.unreachable).toBe(1);
      resolver.servers = [];
      expect(await code(resolver.resolve("www.example"))).toBe("EAI_AGAIN");
      resolver.servers = ["10.99.0.1"];
      expect(await code(resolver.resolve("www.example"))).toBe("EAI_AGAIN");
    }),
  );

  test(
    "each in turn with `rotate`",
    world({ rotate: true, cacheEntries: 0 }, async ({ one, two, resolver }) => {
      one.script = two.script = always;
      for (let count = 0; count < 6; count++) await resolver.resolve("www.example");
      expect([one.take().length, two.take().length]).toEqual([3, 3]);
    }),
  );

  test(
    "a wire that loses costs time, not answers",
    world(
      { attempts: 10, timeout: 1000, cacheEntries: 0 },
      async ({ one, two, resolver }) => {
        one.script = two.script = always;
        for (let count = 0; count < 20; count++)
          expect(await resolver.resolve("www.example")).toEqual(["10.5.5.5"]);
        expect(resolver.counters.timeouts).toBeGreaterThan(5);
      },
      { latency: 10, loss: 0.3 },
    ),
  );
});

describe("answers that are none", () => {
  const wrong: [string, (heard: Heard) => Uint8Array][] = [
    [
      "of another identifier",
      (heard) => reply(heard, { id: heard.id ^ 1, answers: [a(heard.name, "6.6.6.6")] }),
    ],
    ["about another name", (heard) => reply(heard, { question: [...nameBytes("evil.example"), 0, 1, 0, 1] })],
    ["of another type", (heard) => reply(heard, { question: [...nameBytes(heard.name), 0, 16, 0, 1] })],
    ["of another class", (heard) => reply(heard, { question: [...nameBytes(heard.name), 0, 1, 0, 3] })],
    ["about nothing", (heard) => reply(heard, { question: [], answers: [a(heard.name, "6.6.6.6")] })],
    ["that say of nothing that it is not", (heard) => reply(heard, { question: [], rcode: 3 })],
    ["that are questions", (heard) => reply(heard, { flags: 0x0100, answers: [a(heard.name, "6.6.6.6")] })],
    ["of another opcode", (heard) => reply(heard, { flags: 0xa180, answers: [a(heard.name, "6.6.6.6")] })],
    ["cut off", (heard) => reply(heard, { answers: [a(heard.name, "6.6.6.6")] }).slice(0, -3)],
    ["of one byte", () => Uint8Array.of(1)],
    [
      "with a name that points at itself",
      (heard) => {
        const bytes = reply(heard, { answers: [[0xc0, 0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 6, 6, 6, 6]] });
        bytes[bytes.length - 15] = bytes.length - 16;
        return bytes;
      },
    ],
  ];

  test.each(wrong)("%s: dropped, and the true one waited for", (_what, make) =>
    world({}, async ({ one, resolver }) => {
      one.script = (heard) => [make(heard), always(heard)];
      expect(await resolver.resolve("www.example")).toEqual(["10.5.5.5"]);
      expect(resolver.counters.mismatched + resolver.counters.malformed).toBe(1);
    })(),
  );

  test(
    "RFC5452-9.1: from another address or another port: nobody hears them",
    world({ attempts: 1, servers: [FIRST] }, async ({ b, one, two, resolver }) => {
      const forger = b.datagram();
      forger.bind({ address: "", port: 5353 });
      one.script = (heard) => {
        const bytes = reply(heard, { answers: [a(heard.name, "6.6.6.6")] });
        forger.sendTo(bytes, 0, bytes.length, 0, "10.0.0.1", heard.port);
        two.socket.sendTo(bytes, 0, bytes.length, 0, "10.0.0.1", heard.port);
        return undefined;
      };
      expect(await code(resolver.resolve("www.example"))).toBe("EAI_AGAIN");
      expect(resolver.counters).toMatchObject({ mismatched: 0, answers: 0, timeouts: 1 });
      forger.close();
    }),
  );

  test(
    "many of them: somebody guesses, so the question goes by TCP",
    world({}, async ({ one, resolver }) => {
      one.script = (heard) =>
        heard.tcp
          ? always(heard)
          : Array.from({ length: 40 }, (_, id) => reply(heard, { id: heard.id ^ (id + 1) }));
      expect(await resolver.resolve("www.example")).toEqual(["10.5.5.5"]);
      expect(one.take().map(({ tcp }) => tcp)).toEqual([false, true]);
    }),
  );

  test(
    "random bytes never throw",
    world(
      { timeout: 10, attempts: 1, servers: [FIRST], cacheEntries: 0 },
      async ({ one, resolver }) => {
        for (const tail of fc.sample(fc.uint8Array({ maxLength: 200 }), { numRuns: 300, seed: 7 })) {
          one.script = (heard) => Uint8Array.from([...reply(heard, { flags: 0x8180 }).slice(0, 6), ...tail]);
          const outcome = await code(resolver.resolve("www.example"));
          expect(["EAI_AGAIN", "EAI_NODATA"]).toContain(outcome);
        }
        expect(resolver.counters.malformed).toBeGreaterThan(50);
      },
      { latency: 1 },
    ),
  );
});

describe("EDNS0 (RFC 6891) and TCP (RFC 7766)", () => {
  test.each([1, 4, 16])("a server that answers %s to EDNS0 is asked without, from then on", (rcode) =>
    world({ cacheEntries: 0 }, async ({ one, resolver }) => {
      one.script = (heard) => {
        if (heard.udpSize === 0) return always(heard);
        if (rcode < 16) return reply(heard, { rcode, question: rcode === 1 ? [] : undefined } as never);
        const bytes = [...reply(heard), 0, 0, 41, 4, 208, 1, 0, 0, 0, 0, 0];
        bytes[11] = 1; // one additional record: OPT with the upper bits of the code
        return Uint8Array.from(bytes);
      };
      expect(await resolver.resolve("www.example")).toEqual(["10.5.5.5"]);
      expect(await resolver.resolve("www.example")).toEqual(["10.5.5.5"]);
      expect(one.take().map(({ udpSize }) => udpSize)).toEqual([1232, 0, 0]);
      expect(resolver.counters.withoutEdns).toBe(1);
    })(),
  );

  test(
    "can be left out, or ask for another size",
    world({ edns: false }, async ({ host, one, resolver }) => {
      one.script = always;
      await resolver.resolve("x.example");
      const other = new StubResolver(host, { servers: [FIRST], codec: dnsWire, udpSize: 4096 });
      await other.resolve("x.example");
      expect(one.take().map(({ udpSize }) => udpSize)).toEqual([0, 4096]);
    }),
  );

  test(
    "what UDP cuts off is asked for by TCP, however many pieces it comes in",
    world({}, async ({ one, resolver }) => {
      const many = Array.from({ length: 200 }, (_, index) => `10.7.0.${index}`);
      one.script = (heard) =>
        heard.tcp
          ? reply(heard, { answers: many.map((address) => a(heard.name, address)) })
          : reply(heard, { truncated: true, answers: [a(heard.name, "10.7.0.0")] });
      expect(await resolver.resolve("many.example")).toEqual(many);
      const [udp, tcp] = one.take();
      expect([udp?.tcp, tcp?.tcp, tcp?.id === udp?.id]).toEqual([false, true, false]);
      expect(resolver.counters).toMatchObject({ truncated: 1, tcpQueries: 1 });
    }),
  );

  test(
    "a server that does not speak TCP, and one that speaks too slowly, give way to the next",
    world({}, async ({ net, one, two, resolver }) => {
      const cutOff = (heard: Heard) => (heard.tcp ? undefined : reply(heard, { truncated: true }));
      one.script = cutOff;
      two.script = always;
      expect(await resolver.resolve("www.example")).toEqual(["10.5.5.5"]); // it closes without a word
      await one.listener.close();
      resolver.flush();
      const began = net.now;
      expect(await resolver.resolve("www.example")).toEqual(["10.5.5.5"]);
      expect(net.now - began).toBeLessThan(200);
    }),
  );

  test(
    "one that accepts and says nothing has as long as a datagram would have",
    world({ attempts: 1, servers: [FIRST] }, async ({ net, host, c: slow, resolver }) => {
      const listener = slow.create_server({ address: SECOND, port: 99 });
      const udp = slow.datagram();
      udp.bind({ address: SECOND, port: 99 });
      udp.onReadiness = () => {
        const buffer = new Uint8Array(600);
        const length = udp.receive(buffer);
        if (length < 0) return;
        const bytes = buffer.slice(0, length);
        bytes[2] = 0x82;
        const { address, port } = udp.message;
        udp.sendTo(bytes, 0, length, 0, address, port);
      };
      const other = new StubResolver(host, {
        servers: [SECOND],
        codec: dnsWire,
        port: 99,
        timeout: 2000,
        attempts: 1,
      });
      const began = net.now;
      expect(await code(other.resolve("www.example"))).toBe("EAI_AGAIN");
      expect(Math.round((net.now - began) / 100)).toBe(20);
      expect(other.counters).toMatchObject({ truncated: 1, tcpQueries: 1, unreachable: 1 });
      expect(resolver.counters.lookups).toBe(0);
      udp.close();
      const [connection] = await listener.accept();
      await connection.close();
      await listener.close();
    }),
  );
});

describe("aliases (RFC 1034 §3.6.2)", () => {
  test(
    "are followed within an answer, and by another question where it ends",
    world({}, async ({ net, one, resolver }) => {
      one.script = (heard) =>
        heard.name === "www.example"
          ? reply(heard, {
              answers: [
                cname("www.example", "web.example", { ttl: 50 }),
                cname("web.example", "host.other", { ttl: 40 }),
              ],
            })
          : reply(heard, { answers: [a("host.other", "10.5.5.5", { ttl: 30 })] });
      expect(await resolver.byName("www.example")).toEqual({
        name: "host.other",
        aliases: ["www.example", "web.example"],
        addresses: [0x0a050505],
      });
      expect(one.take().map(({ name }) => name)).toEqual(["www.example", "host.other"]);
      await net.sleep(29_000);
      await resolver.resolve("www.example");
      expect(one.take()).toEqual([]);
      await net.sleep(1100); // the shortest time of the chain
      await resolver.resolve("www.example");
      expect(one.take()).toHaveLength(2);
    }),
  );

  test(
    "that go round, or go on for ever, are no answer",
    world({ attempts: 1 }, async ({ one, two, resolver }) => {
      one.script = two.script = (heard) =>
        reply(heard, { answers: [cname("x.example", "y.example"), cname("y.example", "x.example")] });
      expect(await code(resolver.resolve("x.example"))).toBe("EAI_AGAIN");
      one.script = (heard) =>
        reply(heard, {
          answers: [cname(heard.name, heard.name === "x.example" ? "y.example" : "x.example")],
        });
      expect(await code(resolver.resolve("x.example"))).toBe("EAI_AGAIN");
      one.script = (heard) => reply(heard, { answers: [cname(heard.name, `z${heard.name}`)] });
      one.take();
      expect(await code(resolver.resolve("x.example"))).toBe("EAI_AGAIN");
      expect(one.take().length).toBeLessThanOrEqual(17);
      one.script = (heard) => reply(heard, { answers: [cname(heard.name, "not a name")] });
      expect(await code(resolver.resolve("x.example"))).toBe("EAI_AGAIN");
    }),
  );

  test(
    "to nowhere are nothing; records of others do not count",
    world({}, async ({ one, resolver }) => {
      one.script = (heard) =>
        reply(heard, {
          answers: [cname("x.example", "y.example")],
          rcode: 3,
          authorities: [soa("example", 60)],
        });
      expect(await code(resolver.resolve("x.example"))).toBe("EAI_NONAME");
      one.script = (heard) =>
        reply(heard, {
          answers: [a("other.example", "6.6.6.6"), a(heard.name, "6.6.6.6", { class: 3 })],
          authorities: [soa("example", 60)],
        });
      expect(await code(resolver.resolve("z.example"))).toBe("EAI_NODATA");
    }),
  );
});

describe("nothing (RFC 2308)", () => {
  test(
    "is kept as long as the SOA says, and never longer than asked for",
    world({ maxNegativeTtlSeconds: 100 }, async ({ net, one, resolver }) => {
      const ask = async (name: string) => [await code(resolver.resolve(name)), one.take().length];
      one.script = nothing; // MINIMUM 60, TTL 300
      expect(await ask("x.example")).toEqual(["EAI_NONAME", 1]);
      expect(await ask("x.example")).toEqual(["EAI_NONAME", 0]);
      await net.sleep(61_000);
      expect(await ask("x.example")).toEqual(["EAI_NONAME", 1]);
      one.script = (heard) => reply(heard, { authorities: [soa("example", 1000)] });
      expect(await ask("y.example")).toEqual(["EAI_NODATA", 1]);
      await net.sleep(99_000);
      expect(await ask("y.example")).toEqual(["EAI_NODATA", 0]);
      await net.sleep(2000);
      expect(await ask("y.example")).toEqual(["EAI_NODATA", 1]);
    }),
  );

  test(
    "without a SOA, or from a server that cannot tell, is not kept (RFC2308-5, RFC2308-7)",
    world({ servers: [FIRST], attempts: 1 }, async ({ one, resolver }) => {
      for (const rcode of [3, 2]) {
        one.script = (heard) => reply(heard, { rcode });
        for (let count = 0; count < 2; count++) await code(resolver.resolve("x.example"));
        expect(one.take()).toHaveLength(2);
      }
    }),
  );
});

describe("what is kept", () => {
  test(
    "RFC2181-8: not for a time of 0, nor for one with the highest bit set, nor for longer than asked for",
    world({ maxTtlSeconds: 500 }, async ({ net, one, resolver }) => {
      for (const [ttl, later, asked] of [
        [0, 0, 2],
        [0x8000_0001, 0, 2],
        [1000, 499, 1],
        [1000, 502, 2],
      ] as const) {
        one.script = (heard) => reply(heard, { answers: [a(heard.name, "10.5.5.5", { ttl })] });
        const name = `x${ttl}y${later}.example`;
        await resolver.resolve(name);
        await net.sleep(later * 1000);
        await resolver.resolve(name);
        expect(one.take()).toHaveLength(asked);
      }
    }),
  );

  test(
    "is bounded: who was not asked for longest goes",
    world({ cacheEntries: 3 }, async ({ one, resolver }) => {
      one.script = always;
      for (const name of ["a", "b", "c", "a", "d", "a", "b"]) await resolver.resolve(`${name}.example`);
      expect(one.take().map(({ name }) => name[0])).toEqual(["a", "b", "c", "d", "b"]);
    }),
  );

  test(
    "goes with other servers, and with `flush`",
    world({}, async ({ one, two, resolver }) => {
      one.script = two.script = always;
      await resolver.resolve("x.example");
      resolver.flush();
      await resolver.resolve("x.example");
      resolver.servers = [SECOND];
      await resolver.resolve("x.example");
      expect([one.take().length, two.take().length]).toEqual([2, 1]);
    }),
  );
});

describe("the search list (resolv.conf(5))", () => {
  const known =
    (...names: string[]) =>
    (heard: Heard) =>
      names.includes(heard.name) ? always(heard) : nothing(heard);

  test(
    "comes first for names without dots, last for others, never behind a dot at the end",
    world({ search: ["one.example", "Two.example."] }, async ({ one, resolver }) => {
      one.script = known("host.two.example", "a.b", "x.y.one.example");
      const ask = async (name: string) => [
        await code(resolver.resolve(name)),
        one.take().map((heard) => heard.name),
      ];
      expect(await ask("host")).toEqual(['it gave ["10.5.5.5"]', ["host.one.example", "host.two.example"]]);
      expect(await ask("a.b")).toEqual(['it gave ["10.5.5.5"]', ["a.b"]]);
      expect(await ask("x.y")).toEqual(['it gave ["10.5.5.5"]', ["x.y", "x.y.one.example"]]);
      expect(await ask("none")).toEqual(["EAI_NONAME", ["none.one.example", "none.two.example", "none"]]);
      expect(await ask("other.")).toEqual(["EAI_NONAME", ["other"]]);
      resolver.search = [];
      expect(await ask("plain")).toEqual(["EAI_NONAME", ["plain"]]);
    }),
  );

  test(
    "with more dots wanted",
    world({ search: ["one.example"], ndots: 2 }, async ({ one, resolver }) => {
      one.script = nothing;
      await code(resolver.resolve("a.b"));
      await code(resolver.resolve("a.b.c"));
      expect(one.take().map(({ name }) => name)).toEqual([
        "a.b.one.example",
        "a.b",
        "a.b.c",
        "a.b.c.one.example",
      ]);
    }),
  );

  test(
    "its errors are glibc's: no data counts for more than no name, and a server that cannot tell for more than that",
    world({ search: ["one.example"], servers: [FIRST], attempts: 1 }, async ({ one, resolver }) => {
      const say = (within: number, plain: number) => {
        resolver.flush();
        one.script = (heard) => reply(heard, { rcode: heard.name.endsWith("one.example") ? within : plain });
      };
      say(0, 3);
      expect(await code(resolver.resolve("host"))).toBe("EAI_NODATA");
      say(2, 3);
      expect(await code(resolver.resolve("host"))).toBe("EAI_AGAIN");
      say(0, 3);
      expect(await code(resolver.resolve("host.dotted"))).toBe("EAI_NONAME"); // itself counts, as it came first
    }),
  );
});

describe("names of addresses", () => {
  test(
    "RFC1035-3.5: asked for under in-addr.arpa",
    world({}, async ({ one, resolver }) => {
      one.script = (heard) => reply(heard, { answers: [ptr(heard.name, "host.example")] });
      expect(await resolver.reverse("10.1.2.3")).toBe("host.example");
      expect(one.take()[0]).toMatchObject({ name: "3.2.1.10.in-addr.arpa", type: PTR });
      one.script = nothing;
      expect(await resolver.reverse("10.1.2.4")).toBe(undefined);
      one.script = (heard) =>
        reply(heard, { answers: [ptr(heard.name, "evil name"), rr(heard.name, PTR, [0])] });
      expect(await resolver.reverse("10.1.2.5")).toBe(undefined);
      await expect(resolver.reverse("x")).rejects.toThrow(RangeError);
    }),
  );

  test(
    "by way of an alias, as for delegations within a network (RFC 2317)",
    world({}, async ({ one, resolver }) => {
      for (const [last, zone] of [
        [3, "0-63"],
        [4, "0/25"],
      ]) {
        const name = `${last}.${zone}.2.1.10.in-addr.arpa`;
        one.script = (heard) =>
          reply(heard, { answers: [cname(heard.name, name), ptr(name, "host.example")] });
        expect(await resolver.reverse(`10.1.2.${last}`)).toBe("host.example");
        one.script = (heard) =>
          reply(heard, {
            answers: [heard.name === name ? ptr(name, "other.example") : cname(heard.name, name)],
          });
        resolver.flush();
        expect(await resolver.reverse(`10.1.2.${last}`)).toBe("other.example"); // which is asked for
      }
    }),
  );
});

describe("on a host", () => {
  test(
    "names can be connected to, and what fails says so",
    world({}, async ({ b, host, one, resolver }) => {
      host.useResolver(resolver);
      one.script = (heard) =>
        heard.name === "web.example" ? reply(heard, { answers: [a(heard.name, FIRST)] }) : nothing(heard);
      const listener = b.create_server({ address: FIRST, port: 80 });
      const client = await host.create_connection({ address: "web.example", port: 80 });
      const [server] = await listener.accept();
      expect(await code(host.gethostbyname("nobody.example"))).toBe("EAI_NONAME");
      expect(await code(host.create_connection({ address: "nobody.example", port: 80 }))).toBe("EAI_NONAME");
      expect(await code(host.gethostbyaddr("10.9.9.9"))).toBe("HOST_NOT_FOUND");
      for (const each of [client, server, listener]) await each.close();
    }),
  );

  test(
    "close ends what waits, and so does the host's end",
    world({}, async ({ net, host, resolver }) => {
      const waiting = code(resolver.resolve("x.example"));
      await net.sleep(100);
      resolver.close();
      expect(await waiting).toBe("ECONNABORTED");
      expect(await code(resolver.resolve("x.example"))).toBe("ECONNABORTED");
      const other = new StubResolver(host, { servers: [FIRST], codec: dnsWire });
      const again = other.resolve("x.example").catch((error: SocketError) => error.errno);
      await net.sleep(100);
      host.close();
      expect(await again).toBe(-ECONNABORTED);
    }),
  );

  test(
    "what makes no sense is refused",
    world({}, async ({ host }) => {
      const make = (options: unknown) => expect(() => Reflect.construct(StubResolver, [host, options]));
      make(undefined).toThrow(TypeError);
      make({}).toThrow(/codec/);
      make({ codec: dnsWire, servers: ["nowhere"] }).toThrow(RangeError);
      make({ codec: dnsWire, servers: "10.0.0.1" }).toThrow(TypeError);
      make({ codec: dnsWire, search: ["a b"] }).toThrow(TypeError);
      make({ codec: dnsWire, ndots: 16 }).toThrow(RangeError);
      make({ codec: dnsWire, timeout: "5" }).toThrow(TypeError);
      make({ codec: dnsWire, rotate: 1 }).toThrow(TypeError);
      make({ codec: dnsWire, server: [] }).toThrow(/server/);
    }),
  );
});
