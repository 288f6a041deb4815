import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Host } from "../../src/host/host.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { Network } from "../../src/sim/network.ts";
import { AF_INET, SOCK_DGRAM } from "../../src/sockets/constants.ts";
import type { Socket } from "../../src/sockets/socket.ts";
import { type ParsedPacket, readPcapng } from "../../src/trace/index.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

let net: Network;

beforeEach(() => {
  net = new Network({ seed: 7 });
});

afterEach(() => {
  net.close();
  expect(net.leaks()).toEqual([]);
  expect(packetPool.outstanding).toBe(0);
});

function udp(host: Host, port = 0): Socket {
  const socket = host.socket(AF_INET, SOCK_DGRAM);
  socket.bind({ address: "", port });
  return socket;
}

/** Two hosts, a wire of 10 ms, and a datagram socket on each; what b receives, and when, is written down. */
function pair(options: object = { latency: 10 }) {
  const a = net.host("a");
  const b = net.host("b");
  const wire = net.link(a, b, options);
  const from = udp(a, 1000);
  const to = udp(b, 2000);
  const received: [number, string][] = [];
  void (async () => {
    for (;;) {
      const [bytes] = await to.recvfrom(2000);
      received.push([net.now, text(bytes)]);
    }
  })().catch(() => {}); // the network was closed
  const say = (what: string) => from.sendto(what, { address: "b", port: 2000 });
  return { a, b, wire, from, to, received, say };
}

describe("hosts and addresses", () => {
  const addressOf = (host: Host) => host.ipv4.interfaces[1]?.address;

  it("get addresses in order, around those that were given", async () => {
    const a = net.host("a");
    const taken = net.host("taken", { address: "10.0.0.2/24" });
    const b = net.host("b");
    net.link(a, taken);
    net.link(a, b);
    expect([a, taken, b].map(addressOf)).toEqual([0x0a000001, 0x0a000002, 0x0a000003]);
    expect(await a.resolve("b")).toBe("10.0.0.3");
    expect(await b.resolve("taken")).toBe("10.0.0.2");
    await expect(a.resolve("nobody")).rejects.toMatchObject({ code: "EAI_NONAME" });
  });

  it("have names both ways, by every address", async () => {
    const [a, b] = [net.host("a"), net.host("B")];
    net.link(a, b);
    net.link(a, b);
    expect(await a.gethostbyname("b")).toBe("10.0.0.2");
    expect(await a.gethostbyaddr("10.0.0.2")).toEqual(["B", [], ["10.0.0.2"]]);
    expect(await a.gethostbyaddr("10.0.1.2")).toEqual(["B", [], ["10.0.1.2"]]);
    expect(await b.gethostbyaddr("127.0.0.1")).toEqual(["localhost", [], ["127.0.0.1"]]);
    expect(await a.getnameinfo({ address: "10.0.0.2", port: 80 })).toEqual(["B", "http"]);
    expect(await a.getfqdn()).toBe("a");
    await expect(a.gethostbyaddr("10.0.0.3")).rejects.toMatchObject({ code: "HOST_NOT_FOUND" });
  });

  it("run out of addresses with an error that says so", () => {
    for (let index = 1; index <= 254; index++) net.host(`h${index}`);
    expect(() => net.host("h255")).toThrow("10.0.0.0/24 is full: give the host an address");
    net.host("h256", { address: "10.0.1.1/24" });
  });

  it("refuse a second owner of a name or an address, and nonsense", () => {
    const a = net.host("a");
    expect(() => net.host("a")).toThrow("there is a host named a on this network already");
    expect(() => net.host("b", { address: "10.0.0.1/8" })).toThrow("host a has the address 10.0.0.1 already");
    expect(() => net.host("b", { address: "10.0.0.1" })).toThrow('such as "10.0.0.1/24", not "10.0.0.1"');
    const refusal = (address: string) => expect(() => net.host("b", { address }));
    refusal("224.0.0.1/4").toThrow("224.0.0.1/4 cannot be that of a host: it is not in 1.0.0.0 to 223.255");
    refusal("127.0.0.2/8").toThrow("it is loopback, 127.0.0.0/8, which every host has");
    refusal("10.0.0.255/24").toThrow("it is the broadcast address of 10.0.0.0/24");
    refusal("10.0.0.0/24").toThrow(
      "address 10.0.0.0/24 cannot be that of a host: it is the address of the network itself; its hosts begin with 10.0.0.1/24",
    );
    expect(() => net.host("b", { adress: "10.0.0.2/24" } as object)).toThrow(
      "unknown host option adress; there are address, tcp, ip, udp",
    );
    expect(() => new Network({ sed: 1 } as object)).toThrow(
      "unknown network option sed; there are seed, grace, patience",
    );
    expect(() => net.link(a, a)).toThrow("a wire joins two hosts; a reaches itself by its lo");
    const stranger = new Network().host("a");
    expect(() => net.link(a, stranger)).toThrow(
      'link: b is to be a host of this network, and host "a" was not made by it',
    );
    type Calls = "link" | "partition" | "heal" | "capture";
    const anything = net as unknown as Record<Calls, (...values: unknown[]) => unknown>;
    const host = "a host made by net.host(name)";
    expect(() => anything.link("a", "b")).toThrow(new TypeError(`link: a is ${host}, not "a"`));
    expect(() => anything.link(a)).toThrow(new TypeError(`link: b is ${host}, not undefined`));
    expect(() => anything.partition(a, {})).toThrow(new TypeError(`partition: b is ${host}, not {}`));
    expect(() => anything.heal(null, a)).toThrow(new TypeError(`heal: a is ${host}, not null`));
    expect(() => anything.capture({ host: "a" })).toThrow(new TypeError(`capture: host is ${host}, not "a"`));
    expect(() => net.partition(a, net.host("b"))).toThrow("there is no wire between a and b");
    expect(() => new Network({ patience: 0 })).toThrow("patience must be milliseconds above 0, got 0");
    expect(() => new Network({ seed: 0.5 })).toThrow("seed must be a safe integer or a string, got 0.5");
  });

  it.each([
    "",
    "b:1",
    "büro",
    "42",
    "10.0.0.7",
    "1.2.3.4.5",
    "two words",
    "a/b",
    "a_b",
    "-a",
    "a-",
    "a..b",
    "b.",
  ])("cannot be named %j", (name) => {
    expect(() => net.host(name)).toThrow(RangeError);
    expect(() => net.host(name)).toThrow(
      `host: name is a DNS name, letters, digits and hyphens with dots between, not only digits, not ${JSON.stringify(name)}`,
    );
  });

  it("have names that resolve, in any case", async () => {
    for (const name of ["Alpha", "b-2.example", "3com", "x".repeat(63)]) {
      const host = net.host(name);
      const address = await host.resolve(name);
      for (const spelling of [name.toUpperCase(), name.toLowerCase()]) {
        expect(await host.resolve(spelling)).toBe(address);
        expect(() => net.host(spelling)).toThrow(`there is a host named ${name} on this network already`);
      }
    }
    expect(() => net.host("ALPHA")).toThrow('already, which "ALPHA" differs from only in case');
    expect(() => net.host("x".repeat(64))).toThrow(RangeError);
    expect(() => net.host("LocalHost")).toThrow('name "LocalHost" is taken: every host has it for itself');
    expect(() => net.host(undefined as never)).toThrow(
      new TypeError("host: name is a string, not undefined"),
    );
  });

  it("reach only those they are linked to, whichever wire it is", async () => {
    const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => net.host(name)) as [Host, Host, Host, Host];
    net.link(a, b);
    net.link(c, a);
    const hub = udp(a, 1);
    const reach = async (host: Host) => {
      const socket = udp(host);
      await socket.sendto("hello", { address: "a", port: 1 });
      const [, peer] = await hub.recvfrom(10);
      await hub.sendto("back", peer);
      return text((await socket.recvfrom(10))[0]);
    };
    expect(await net.run(() => reach(b))).toBe("back");
    expect(await net.run(() => reach(c))).toBe("back");
    await expect(net.run(() => reach(d))).rejects.toMatchObject({ code: "ENETUNREACH" });
  });

  it("get addresses of their own on a second wire between the same two", async () => {
    const a = net.host("a");
    const b = net.host("b");
    const first = net.link(a, b);
    const second = net.link(a, b);
    expect([first.name, second.name]).toEqual(["a-b", "a-b-2"]);
    const to = udp(b, 9);
    await net.run(async () => {
      const from = udp(a);
      await from.sendto("one", { address: "10.0.0.2", port: 9 });
      await from.sendto("two", { address: "10.0.1.2", port: 9 });
      expect(text((await to.recvfrom(10))[0])).toBe("one");
      expect((await to.recvfrom(10))[1].address).toBe("10.0.1.1");
    });
    expect(first.counters.a.delivered).toBe(1);
    expect(second.counters.a.delivered).toBe(1);
  });

  it("keep options of their own for each layer", () => {
    const host = net.host("c", { ip: { timeToLive: 9 }, udp: { timeToLive: 8 } });
    expect(host.ipv4.config.timeToLive).toBe(9);
    expect(host.udp.config.timeToLive).toBe(8);
    expect(() => net.host("d", { udp: { ttl: 1 } as object })).toThrow("there is no option udp.ttl");
    expect(net.host("a", { tcp: { delayedAckMillis: 7 } }).tcp.config.delayedAckMillis).toBe(7);
    expect(() => net.host("b", { tcp: { nagle: 1 } as object })).toThrow("there is no option tcp.nagle");
  });
});

describe("partition and heal", () => {
  it("lose what is sent, and what is on the way", async () => {
    const { a, b, received, say, wire } = pair();
    await say("on the way");
    await net.advance(5);
    net.partition(b, a);
    await say("into the void");
    await net.advance(50);
    net.heal(a, b);
    await say("after");
    await net.idle();
    expect(received).toEqual([[65, "after"]]);
    expect(wire.counters.a.dropped.partition).toBe(2);
  });
});

describe("rules", () => {
  it("see packets taken apart, and pass, drop or delay them", async () => {
    const { received, say, wire } = pair();
    const seen: ParsedPacket[] = [];
    const where: object[] = [];
    const off = net.rule((packet, context) => {
      seen.push(packet);
      where.push(context);
      const what = text(packet.payload);
      return what === "drop" ? "drop" : what === "late" ? { delay: 100 } : "pass";
    });
    await say("late");
    await say("drop");
    await say("pass");
    await net.idle();
    expect(received).toEqual([
      [10, "pass"],
      [110, "late"],
    ]);
    expect(wire.counters.a.dropped.rule).toBe(1);
    expect(wire.counters.a.delayed).toBe(1);
    expect(seen[0]).toMatchObject({ protocol: "udp", source: "10.0.0.1", udp: { destinationPort: 2000 } });
    expect(where[0]).toEqual({ from: "a", to: "b", now: 0 });
    off();
    off();
    await say("drop");
    await net.idle();
    expect(received.at(-1)).toEqual([120, "drop"]);
    expect(seen.length).toBe(3);
  });

  it("several: the first drop wins, delays add up", async () => {
    const { received, say } = pair();
    const asked: string[] = [];
    net.rule(() => ({ delay: 5 }));
    net.rule(() => ({ delay: 2.5 }));
    const off = net.rule(() => "drop");
    net.rule(() => {
      asked.push("last");
      return "pass";
    });
    await say("gone");
    await net.idle();
    expect(asked).toEqual([]);
    off();
    await say("late");
    await net.idle();
    expect(received).toEqual([[17.5, "late"]]);
  });

  it("tell SYNs by their flags, as the README does", async () => {
    const { a, b } = pair();
    net.rule((p) => (p.protocol === "tcp" && p.tcp.flags.includes("S") ? "drop" : "pass"));
    const server = b.socket();
    server.bind({ address: "", port: 80 });
    server.listen(1);
    const client = a.socket();
    client.settimeout(5000);
    await expect(net.run(() => client.connect({ address: "b", port: 80 }))).rejects.toMatchObject({
      code: "ETIMEDOUT",
    });
    expect(net.now).toBe(5000);
  });

  it("that throw, or answer nonsense, fail the run and not the stack", async () => {
    const { received, say } = pair();
    let off = net.rule(() => {
      throw new Error("a mistake in the rule");
    });
    await expect(net.run(() => say("one"))).resolves.toBe(3); // the packet leaves at the end of the instant
    await expect(net.idle()).rejects.toThrow("a mistake in the rule");
    off();
    off = net.rule(() => ({ delay: "1" }) as never);
    void say("two");
    await expect(net.idle()).rejects.toThrow(
      'a rule must return "pass", "drop" or { delay: milliseconds }, got {"delay":"1"}',
    );
    off();
    await net.idle();
    expect(received.map(([, what]) => what)).toEqual(["one", "two"]);
    expect(() => net.rule("drop" as never)).toThrow("a rule is a function");
  });

  it("cannot change the packet", async () => {
    const { received, say } = pair();
    net.rule((packet) => {
      packet.bytes.fill(0);
      return "pass";
    });
    await say("intact");
    await net.idle();
    expect(received).toEqual([[10, "intact"]]);
  });
});

describe("captures", () => {
  it("of everything hold each packet once, when it is sent, and say what was dropped", async () => {
    const { say, to } = pair();
    const capture = net.capture();
    await say("one");
    await net.idle();
    net.rule(() => "drop");
    await to.sendto("two", { address: "a", port: 1000 });
    await net.idle();
    const { interfaces, packets } = readPcapng(capture.pcapng());
    expect(interfaces).toEqual(["a-b"]);
    expect(packets.map(({ time, direction, comment }) => ({ time, direction, comment }))).toEqual([
      { time: 0, direction: "unknown", comment: undefined },
      { time: 10_000, direction: "unknown", comment: "dropped by the wire: rule" },
    ]);
    expect(text(packets[0]!.bytes.slice(28))).toBe("one");
    capture.stop();
    await say("three");
    await net.idle();
    expect(capture.packets.length).toBe(2);
  });

  it("of one host hold what it sends and what reaches it", async () => {
    const { b, say, to } = pair();
    const capture = net.capture({ host: b, snapLength: 28 });
    const off = net.rule((packet) => (text(packet.payload) === "lost" ? "drop" : "pass"));
    await say("lost");
    await say("arrives");
    await net.idle();
    await to.sendto("lost", { address: "a", port: 1000 });
    await net.idle();
    off();
    const { packets } = readPcapng(capture.pcapng());
    expect(packets.map(({ time, direction, originalLength }) => [time, direction, originalLength])).toEqual([
      [10_000, "in", 35],
      [10_000, "out", 32],
    ]);
    expect(packets.every(({ bytes, comment }) => bytes.length === 28 && comment === undefined)).toBe(true);
    expect(() => net.capture({ snapLength: 0 })).toThrow(
      "snapLength must be a whole number of bytes above 0",
    );
    expect(() => net.capture({ host: new Network().host("b") })).toThrow("capture: host is to be a host");
  });
});

describe("leaks and close", () => {
  it("name what is still there, and close ends it", async () => {
    const { a, b, say } = pair();
    await say("on the way");
    await net.advance(1);
    const sleep = expect(net.sleep(1000)).rejects.toThrow("the network was closed");
    expect(net.leaks()).toEqual([
      "wire a-b: 1 packets on the way",
      "sleep until 1001 ms, at 1 ms (time moves only in run, idle, advance and drain)",
      "a: open socket 0.0.0.0:1000 (UNCONN)",
      "b: open socket 0.0.0.0:2000 (UNCONN)",
      expect.stringMatching(/^b: pending recv/),
      "2 armed timers",
    ]);
    net.close();
    await sleep;
    expect(net.leaks()).toEqual([]);
    await expect(net.run(async () => {})).rejects.toThrow("run: the network is closed");
    expect(() => net.host("c")).toThrow("host: the network is closed");
    expect(() => net.link(a, b)).toThrow("link: the network is closed");
    expect(() => net.capture()).toThrow("capture: the network is closed");
    expect(() => net.rule(() => "pass")).toThrow("rule: the network is closed");
    expect(() => net.observe({} as never)).toThrow("observe: the network is closed");
    expect(() => net.drain()).toThrow("drain: the network is closed");
    await expect(net.sleep(1)).rejects.toThrow("the network is closed");
  });
});

describe("in the console", () => {
  it("a network, its hosts and its wires are one line each", async () => {
    expect(inspect(net)).toBe("Network at 0 ms (hosts none; wires none)");
    const { a, b, wire, say } = pair();
    net.link(a, b);
    expect(inspect(a)).toBe("Host a (10.0.0.1, 10.0.1.1)");
    expect(inspect({ host: net.host("c") })).toBe("{ host: Host c (not attached) }");
    await say("on the way");
    await net.advance(1);
    expect(inspect(wire)).toBe("Wire a-b (1 packets on the way)");
    net.partition(a, b);
    expect(inspect(wire)).toBe("Wire a-b (0 packets on the way, cut)");
    expect(inspect(net)).toBe("Network at 1 ms (hosts a, b, c; wires a-b, a-b-2)");
    net.close();
    expect(inspect(a)).toBe("Host a (10.0.0.1, 10.0.1.1, closed)");
    expect(inspect(net)).toBe("Network at 1 ms (hosts a, b, c; wires a-b, a-b-2, closed)");
  });
});
