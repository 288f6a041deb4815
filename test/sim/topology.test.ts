/** Networks of routers: who gets which address, which routes are made, and what goes where. */
import { describe, expect, test } from "vitest";
import {
  AF_INET,
  type Host,
  IP_MTU,
  IP_MTU_DISCOVER,
  IP_PMTUDISC_DO,
  IP_PMTUDISC_DONT,
  IP_TTL,
  IPPROTO_ICMP,
  IPPROTO_IP,
  IPPROTO_TCP,
  type Network,
  type NetworkOptions,
  SO_ERROR,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_SOCKET,
  TCP_INFO,
  type WireOptions,
} from "../../src/index.ts";
import { formatAddress } from "../../src/ip/address.ts";
import { checksum, parseIcmp, parseIpv4, pattern } from "../support/wire.ts";
import { connection, network, readAll } from "../support/world.ts";

/** The routes of `host`, as "10.0.0.0/24 via 10.0.0.1 eth0". */
function routes(host: Host): string[] {
  return [...host.route].map(({ network, prefixLength, via, interface: by }) => {
    const gateway = via === 0 ? "" : ` via ${formatAddress(via)}`;
    return `${formatAddress(network)}/${prefixLength}${gateway} ${by.name}`;
  });
}

function addresses(host: Host): string[] {
  const [, ...wires] = host.ipv4.interfaces;
  return wires.map(({ address, prefixLength }) => `${formatAddress(address)}/${prefixLength}`);
}

interface Chain {
  net: Network;
  a: Host;
  b: Host;
  routers: Host[];
}

/** a, `count` routers in a row, b; the wires from left to right have `options`. */
function chain(count: number, options: WireOptions[] = [], given: NetworkOptions = {}): Chain {
  const net = network({ seed: 1, ...given });
  const a = net.host("a");
  const b = net.host("b");
  const routers = Array.from({ length: count }, (_, number) => net.router(`r${number + 1}`));
  const row = [a, ...routers, b];
  for (let at = 0; at + 1 < row.length; at++) net.link(row[at]!, row[at + 1]!, options[at] ?? { latency: 1 });
  return { net, a, b, routers };
}

/** An echo request with `length` bytes of data. */
function echoRequest(sequence: number, length = 8): Uint8Array {
  const message = new Uint8Array(8 + length);
  message.set([8, 0, 0, 0, 0x12, 0x34, sequence >> 8, sequence & 255]);
  const sum = checksum(message);
  message.set([sum >> 8, sum & 255], 2);
  return message;
}

/** What a raw socket of `from` hears when it pings `to` with a time to live: the source, and the type of the message. */
async function ping(from: Host, to: string, timeToLive = 64, length = 8): Promise<[string, number]> {
  const socket = from.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  socket.setsockopt(IPPROTO_IP, IP_TTL, timeToLive);
  socket.setsockopt(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
  await socket.sendto(echoRequest(timeToLive, length), { address: to, port: 0 });
  const datagram = parseIpv4(await socket.recv(2000));
  await socket.close();
  return [datagram.source, parseIcmp(datagram.payload).type];
}

describe("addresses", () => {
  test("hosts get theirs in order, whatever else there is; routers the last of the network", () => {
    const net = network();
    const [a, r, b, s, c] = [net.host("a"), net.router("r"), net.host("b"), net.router("s"), net.host("c")];
    net.link(a, r);
    net.link(r, b);
    net.link(r, s);
    net.link(s, c);
    expect([a, b, c].map(addresses)).toEqual([["10.0.0.1/24"], ["10.0.0.2/24"], ["10.0.0.3/24"]]);
    // RFC 1812 §2.2.7: one address for all wires, of no network
    expect(addresses(r)).toEqual(["10.0.0.254/32", "10.0.0.254/32", "10.0.0.254/32"]);
    expect(addresses(s)).toEqual(["10.0.0.253/32", "10.0.0.253/32"]);
  });

  test("a router's may be given; an address that a router has got is nobody else's", () => {
    const net = network();
    const r = net.router("r", { address: "192.168.7.1/24" });
    const lan = net.lan([net.host("a", { address: "10.1.0.1/24" }), r]);
    expect(addresses(r)).toEqual(["10.1.0.254/24"]);
    expect(() => net.host("b", { address: "10.1.0.254/24" })).toThrow(
      "host r has the address 10.1.0.254 already",
    );
    net.link(net.host("b", { address: "192.168.7.2/24" }), r);
    expect(addresses(r)).toEqual(["10.1.0.254/24", "192.168.7.1/32"]);
    expect(lan.name).toBe("lan-1");
  });

  test("names are one list: of hosts, routers and switches", () => {
    const net = network();
    net.switch("x");
    net.router("y");
    expect(() => net.host("X")).toThrow(RangeError);
    expect(() => net.switch("Y")).toThrow("there is a node named y on this network already");
    expect(() => net.router("x")).toThrow(RangeError);
    expect(() => net.router("z", { adress: "10.0.0.1/24" } as object)).toThrow("router option");
  });

  test("a router's name is looked up, and its address back", async () => {
    const { net, a } = chain(2);
    await net.run(async () => {
      expect(await a.gethostbyname("r2")).toBe("10.0.0.253");
      expect((await a.gethostbyaddr("10.0.0.253"))[0]).toBe("r2");
    });
  });
});

describe("routes", () => {
  test("a host gets a default route, a router one to every address", () => {
    const { a, b, routers } = chain(2);
    const [r1, r2] = routers as [Host, Host];
    expect(routes(a).filter((route) => !route.endsWith(" lo"))).toEqual([
      "10.0.0.254/32 eth0",
      "10.0.0.0/24 eth0",
      "0.0.0.0/0 via 10.0.0.254 eth0",
    ]);
    expect(routes(b)).toContain("0.0.0.0/0 via 10.0.0.253 eth0");
    expect(routes(r1)).toEqual(
      expect.arrayContaining(["10.0.0.1/32 eth0", "10.0.0.2/32 via 10.0.0.253 eth1"]),
    );
    expect(routes(r2)).toEqual(
      expect.arrayContaining(["10.0.0.2/32 eth1", "10.0.0.1/32 via 10.0.0.254 eth0"]),
    );
  });

  test("those without routers have none but to who is linked", () => {
    const net = network();
    const [a, b, c] = [net.host("a"), net.host("b"), net.host("c")];
    net.link(a, b);
    net.link(b, c);
    expect(routes(a).filter((route) => !route.endsWith(" lo"))).toEqual([
      "10.0.0.2/32 eth0",
      "10.0.0.0/24 eth0",
    ]);
  });

  test("of several ways the shortest is taken, of those the first; those a user adds stay", () => {
    const net = network();
    const [a, b] = [net.host("a"), net.host("b", { address: "10.7.0.1/24" })];
    const [r, s, t, u] = ["r", "s", "t", "u"].map((name) => net.router(name)) as [Host, Host, Host, Host];
    net.link(a, r);
    net.link(r, s);
    net.link(s, t);
    net.link(t, b);
    expect(routes(r)).toContain("10.7.0.1/32 via 10.0.0.253 eth1");
    net.link(r, u);
    net.link(u, b);
    expect(routes(r)).toContain("10.7.0.1/32 via 10.0.0.251 eth2");
    expect(routes(r)).not.toContain("10.7.0.1/32 via 10.0.0.253 eth1");
    r.route.add({ to: "10.8.0.0/16", via: "10.0.0.253" });
    net.link(s, net.host("c"));
    expect(routes(r)).toContain("10.8.0.0/16 via 10.0.0.253 eth1");
    expect(routes(b)).toEqual(expect.arrayContaining(["0.0.0.0/0 via 10.0.0.252 eth0"]));
    expect(routes(b)).toContain("10.0.0.1/32 via 10.0.0.251 eth1"); // nearer by its second wire
  });

  test("hosts do not pass anything on, and are on nobody's way", () => {
    const net = network();
    const [a, b, r] = [net.host("a"), net.host("b"), net.router("r")];
    const c = net.host("c", { address: "10.7.0.1/24" });
    net.link(a, b);
    net.link(a, net.host("d"));
    net.link(b, r);
    net.link(r, c);
    expect(routes(a).some((route) => route.startsWith("10.7") || route.startsWith("0.0.0.0/0"))).toBe(false);
    expect(routes(b)).toContain("0.0.0.0/0 via 10.0.0.254 eth1");
  });
});

describe("over three routers", () => {
  test("ping is answered, and each router by its address", async () => {
    const { net, a } = chain(3);
    await net.run(async () => {
      expect(await ping(a, "10.0.0.2")).toEqual(["10.0.0.2", 0]);
      for (const router of ["10.0.0.254", "10.0.0.253", "10.0.0.252"]) {
        expect(await ping(a, router)).toEqual([router, 0]);
      }
    });
    expect(net.now).toBe(8 + 2 + 4 + 6);
  });

  test("RFC1812-4.2.2.9-1: traceroute hears of all on the way", async () => {
    const { net, a } = chain(3);
    const way: [string, number][] = [];
    await net.run(async () => {
      for (let hop = 1; hop <= 4; hop++) way.push(await ping(a, "10.0.0.2", hop));
    });
    expect(way).toEqual([
      ["10.0.0.254", 11],
      ["10.0.0.253", 11],
      ["10.0.0.252", 11],
      ["10.0.0.2", 0],
    ]);
  });

  test("a stream goes both ways over bad wires, byte by byte", async () => {
    const faults = { latency: 5, jitter: 1, bandwidth: 20e6, loss: 0.01, duplicate: 0.01, reorder: 0.01 };
    const { net, a, b } = chain(3, [faults, faults, faults, faults]);
    const payload = pattern(200_000);
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const back = server.sendall(payload).then(() => server.shutdown(1));
      const forth = client.sendall(payload).then(() => client.shutdown(1));
      const received = await Promise.all([readAll(client), readAll(server)]);
      await Promise.all([back, forth]);
      expect(received.map((bytes) => Buffer.compare(bytes, payload))).toEqual([0, 0]);
      await client.close();
      await server.close();
    });
  });

  test("equal seeds give equal runs", async () => {
    const run = async (seed: number) => {
      const lossy = { latency: 3, jitter: 2, loss: 0.02 };
      const { net, a, b } = chain(2, [{}, lossy, {}], { seed });
      await net.run(async () => {
        const [client, server] = await connection(a, b);
        const sent = client.sendall(pattern(50_000)).then(() => client.close());
        await readAll(server);
        await sent;
        await server.close();
      });
      await net.idle();
      return net.hash();
    };
    expect(await run(5)).toBe(await run(5));
    expect(await run(5)).not.toBe(await run(6));
  });

  test("RFC1812-5.2.7.1-1: an address that nobody has is unreachable, and so is what a router no longer knows", async () => {
    const { net, a } = chain(1);
    await net.run(async () => {
      expect(await ping(a, "10.0.0.77")).toEqual(["10.0.0.254", 3]);
      expect(await ping(a, "192.0.2.1")).toEqual(["10.0.0.254", 3]);
    });
  });

  test("a router that is told to stop passes nothing on", async () => {
    const { net, a, b, routers } = chain(1);
    const router = routers[0] as Host;
    await net.run(async () => {
      router.forwarding = false;
      const socket = a.socket(AF_INET, SOCK_DGRAM);
      await socket.sendto("x", { address: "b", port: 9 });
      await net.sleep(100);
      expect(b.netstat().counters["ip"]).toMatchObject({ received: 0 });
      router.forwarding = true;
      await socket.sendto("x", { address: "b", port: 9 });
      await net.sleep(100);
      expect(b.netstat().counters["ip"]).toMatchObject({ received: 1 });
      await socket.close();
    });
    expect(() => {
      Reflect.set(router, "forwarding", "yes");
    }).toThrow("forwarding is true or false");
  });

  test("cut off on the way, a connection goes on when that is mended", async () => {
    const { net, a, b, routers } = chain(2);
    const [r1, r2] = routers as [Host, Host];
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      net.partition(r1, r2);
      const sent = client.sendall("hello");
      await net.sleep(3000);
      net.heal(r1, r2);
      expect(new TextDecoder().decode(await server.recv(100))).toBe("hello");
      await sent;
      await client.close();
      await server.close();
    });
  });

  test("a capture of one router sees what comes in and what goes out", async () => {
    const { net, a, routers } = chain(1);
    const capture = net.capture({ host: routers[0] as Host });
    await net.run(() => ping(a, "10.0.0.2"));
    const seen = capture.packets.map(({ direction, bytes }) => [direction, parseIpv4(bytes).timeToLive]);
    expect(seen).toEqual([
      ["in", 64],
      ["out", 63],
      ["in", 64],
      ["out", 63],
    ]);
  });
});

describe("path MTU discovery through a router", () => {
  const NARROW: WireOptions[] = [{ latency: 1 }, { latency: 1, mtu: 1000 }, { latency: 1 }];

  test("RFC1191-3-1 RFC1812-5.2.6-2: TCP learns the MTU and sends again", async () => {
    const { net, a, b } = chain(2, NARROW);
    const payload = pattern(30_000);
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const sent = client.sendall(payload).then(() => client.shutdown(1));
      expect(Buffer.compare(await readAll(server), payload)).toBe(0);
      await sent;
      expect(client.getsockopt(IPPROTO_TCP, TCP_INFO)).toMatchObject({ snd_mss: 1000 - 52, pmtu: 1000 });
      await client.close();
      await server.close();
    });
    expect(net.now).toBeLessThan(1000);
  });

  test("UDP is told, and may ask for it", async () => {
    const { net, a, b } = chain(2, NARROW);
    await net.run(async () => {
      const socket = a.socket(AF_INET, SOCK_DGRAM);
      socket.setsockopt(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
      await socket.connect({ address: "b", port: 9 });
      await socket.send(pattern(1400));
      await net.sleep(50);
      expect(socket.getsockopt(IPPROTO_IP, IP_MTU)).toBe(1000);
      expect(socket.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(90); // EMSGSIZE
      await socket.close();
    });
    expect(b.netstat().counters["ip"]).toMatchObject({ received: 0 });
  });

  test("without DF a router cuts, and the end puts together", async () => {
    const { net, a, b, routers } = chain(2, NARROW);
    await net.run(async () => expect(await ping(a, "10.0.0.2", 64, 1400)).toEqual(["10.0.0.2", 0]));
    expect(routers[0]?.netstat().counters["ip"]).toMatchObject({ fragmented: 1, fragmentsSent: 2 });
    expect(b.netstat().counters["ip"]).toMatchObject({ reassembled: 1 });
  });
});
