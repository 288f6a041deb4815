/** Segments: hosts and routers on switches, with real frames and ARP. */
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  AF_INET,
  type Host,
  IP_RECVERR,
  IPPROTO_IP,
  type Network,
  SO_BROADCAST,
  SOCK_DGRAM,
  SOL_SOCKET,
  type Socket,
} from "../../src/index.ts";
import { formatAddress } from "../../src/ip/address.ts";
import { type ParsedPacket, readPcapng } from "../../src/trace/index.ts";
import { pattern } from "../support/wire.ts";
import { listener, network, readAll, receiver } from "../support/world.ts";

interface Lan {
  net: Network;
  hosts: [Host, Host, Host];
}

function lan(options: Parameters<Network["lan"]>[1] = { latency: 5 }, seed = 1): Lan {
  const net = network({ seed });
  const hosts: [Host, Host, Host] = [net.host("a"), net.host("b"), net.host("c")];
  net.lan(hosts, options);
  return { net, hosts };
}

/** What has come to `socket` within `millis`. */
async function heard(net: Network, socket: Socket, millis: number): Promise<string[]> {
  const all: string[] = [];
  void (async () => {
    for (;;) all.push(new TextDecoder().decode((await socket.recvfrom(2000))[0]));
  })().catch(() => {});
  await net.sleep(millis);
  await socket.close();
  return all;
}

async function transfer(from: Host, to: Host, length: number): Promise<void> {
  const listening = listener(to, 0);
  const client = from.socket();
  const { port } = listening.getsockname() as { port: number };
  const accepting = listening.accept();
  await client.connect({ address: to.name, port });
  const [server] = await accepting;
  await listening.close();
  const sent = client.sendall(pattern(length)).then(() => client.close());
  expect(Buffer.compare(await readAll(server), pattern(length))).toBe(0);
  await sent;
  await server.close();
}

describe("a LAN", () => {
  test("asks by ARP who is where, then carries frames to that host alone", async () => {
    const { net, hosts } = lan();
    const [a, b, c] = hosts;
    const frames: string[] = [];
    net.rule((packet, { from, to, etherType }) => {
      frames.push(`${from}>${to} ${etherType === 0x0806 ? "arp" : packet.protocol}`);
      return "pass";
    });
    const socket = receiver(b, 9);
    await net.run(async () => {
      const sender = a.socket(AF_INET, SOCK_DGRAM);
      await sender.sendto("hello", { address: "b", port: 9 });
      await socket.recv(10);
      await sender.close();
    });
    expect(net.now).toBe(15); // the question, the answer, and the datagram: the latency is that from host to host
    expect(frames).toEqual([
      ...["a>lan-1 arp", "lan-1>b arp", "lan-1>c arp"],
      ...["b>lan-1 arp", "lan-1>a arp"],
      ...["a>lan-1 udp", "lan-1>b udp"],
    ]);
    const [neighbor] = [...(a.ipv4.interfaces[1]?.link.neighbors?.() ?? [])];
    expect(formatAddress(neighbor?.address ?? 0)).toBe("10.0.0.2");
    expect([...(neighbor?.hardwareAddress ?? [])]).toEqual([2, 0, 10, 0, 0, 2]);
    expect(c.ipv4.counters.received).toBe(0);
    await socket.close();
  });

  test("broadcasts to all", async () => {
    const { net, hosts } = lan();
    const [a, b, c] = hosts;
    const all = [receiver(b, 9), receiver(c, 9)];
    await net.run(async () => {
      const sender = a.socket(AF_INET, SOCK_DGRAM);
      sender.setsockopt(SOL_SOCKET, SO_BROADCAST, 1);
      await sender.sendto("to all", { address: "10.0.0.255", port: 9 });
      const texts = await Promise.all(all.map((socket) => heard(net, socket, 100)));
      expect(texts).toEqual([["to all"], ["to all"]]);
      await sender.close();
    });
  });

  test("nobody who is asked for in vain is host unreachable", async () => {
    const { net, hosts } = lan();
    await net.run(async () => {
      const socket = hosts[0].socket(AF_INET, SOCK_DGRAM);
      socket.setsockopt(IPPROTO_IP, IP_RECVERR, 1);
      await socket.connect({ address: "10.0.0.77", port: 9 });
      await socket.send("?");
      socket.settimeout(10_000);
      await expect(socket.recv(10)).rejects.toMatchObject({ code: "EHOSTUNREACH" });
      await socket.close();
    });
    expect(net.now).toBe(3000); // three questions, a second apart
  });

  test("carries streams over bad wires, and equal seeds give equal runs", async () => {
    const run = async (seed: number) => {
      const { net, hosts } = lan(
        { latency: 2, loss: 0.02, duplicate: 0.02, bandwidth: 50e6, corrupt: 0.002 },
        seed,
      );
      const [a, b, c] = hosts;
      await net.run(() =>
        Promise.all([transfer(a, b, 60_000), transfer(c, a, 60_000), transfer(b, c, 60_000)]),
      );
      await net.idle();
      return net.hash();
    };
    expect(await run(1)).toBe(await run(1));
    expect(await run(1)).not.toBe(await run(2));
  });

  test("is parted between two, who still reach the third", async () => {
    const { net, hosts } = lan();
    const [a, b, c] = hosts;
    const socket = receiver(b, 9);
    await net.run(async () => {
      const [from, third] = [a.socket(AF_INET, SOCK_DGRAM), c.socket(AF_INET, SOCK_DGRAM)];
      await from.sendto("0", { address: "b", port: 9 });
      await net.sleep(100);
      net.partition(a, b);
      await from.sendto("1", { address: "b", port: 9 });
      await third.sendto("2", { address: "b", port: 9 });
      await net.sleep(100);
      net.heal(b, a);
      await from.sendto("3", { address: "b", port: 9 });
      expect(await heard(net, socket, 100)).toEqual(["0", "2", "3"]);
      await from.close();
      await third.close();
    });
  });

  test("is captured as Ethernet, ARP too; what has crossed other wires gets a blank header there", async () => {
    const { net, hosts } = lan();
    const [a, b] = hosts;
    const r = net.router("r");
    net.link(r, net.host("d"));
    net.link(a, r);
    const capture = net.capture();
    const socket = receiver(b, 9);
    await net.run(async () => {
      const sender = a.socket(AF_INET, SOCK_DGRAM);
      await sender.sendto("on", { address: "b", port: 9 });
      await sender.sendto("off", { address: "d", port: 7 });
      await socket.recv(10);
      await sender.close();
      await net.sleep(10);
    });
    await socket.close();
    const headers = capture.packets.map(({ header }) =>
      header === undefined ? "none" : `${header[12]},${header[13]}`,
    );
    expect(new Set(headers)).toEqual(new Set(["8,6", "8,0", "none"]));
    const file = readPcapng(capture.pcapng());
    expect(file.interfaces).toEqual(capture.interfaces);
    expect(file.packets).toHaveLength(headers.filter((header) => header !== "8,6").length); // it leaves out what is not IPv4
  });

  test("names its switch, checks its members, and makes checksums", () => {
    const net = network();
    const [a, b] = [net.host("a"), net.host("b")];
    net.host("lan-2");
    expect(net.lan([a, b]).name).toBe("lan-1");
    const second = net.lan([]);
    expect([second.name, inspect(second)]).toEqual(["lan-3", "Switch lan-3 (0 ports, 0 stations heard)"]);
    expect(inspect(net)).toContain("hosts a, b, lan-2, lan-1, lan-3; wires a-lan-1, b-lan-1");
    expect(() => net.lan("ab" as never)).toThrow("lan: members are an array of hosts");
    expect(() => net.lan([second as never])).toThrow("lan: members[0] is a host made by net.host(name)");
    expect(() => net.lan([a], { checksum: false })).toThrow(
      "checksum: false is for a wire between two hosts",
    );
    expect(() => net.lan([a], { a: {} } as never)).toThrow("a");
  });
});

describe("switches", () => {
  test("joined, are one segment; partition cuts the wire between them", async () => {
    const net = network();
    const [a, b] = [net.host("a"), net.host("b")];
    const [x, y] = [net.switch("x"), net.switch("y")];
    net.link(x, a, { latency: 1 });
    net.link(x, y, { latency: 1 });
    net.link(b, y, { latency: 1 });
    const socket = receiver(b, 9);
    await net.run(async () => {
      const sender = a.socket(AF_INET, SOCK_DGRAM);
      await sender.sendto("1", { address: "b", port: 9 });
      await net.sleep(20);
      net.partition(x, y);
      await sender.sendto("2", { address: "b", port: 9 });
      await net.sleep(20);
      net.heal(x, y);
      net.partition(a, b); // on one segment, by two switches
      await sender.sendto("3", { address: "b", port: 9 });
      await net.sleep(20);
      net.heal(a, b);
      await sender.sendto("4", { address: "b", port: 9 });
      expect(await heard(net, socket, 50)).toEqual(["1", "4"]);
      await sender.close();
    });
  });

  test("may not be joined in a loop, nor may a host be on a segment twice", () => {
    const net = network();
    const a = net.host("a");
    const [x, y, z] = [net.switch("x"), net.switch("y"), net.switch("z")];
    net.link(x, y);
    net.link(y, z);
    net.link(a, x);
    expect(() => net.link(x, z)).toThrow(RangeError);
    expect(() => net.link(a, z)).toThrow("a and z are on one segment already");
    expect(() => net.link(x, x)).toThrow("a wire joins two hosts; x is one switch");
    expect(() => net.partition(a, z)).toThrow("there is no wire between a and z");
    expect(() => network().link(net.host("b"), x)).toThrow(TypeError);
    expect(() => network().partition(x, y)).toThrow("switch x was not made by it");
  });
});

describe("a router on a LAN", () => {
  test("joins segments of hosts whose addresses are of one network, or of several", async () => {
    for (const networks of [
      ["10.0.0.", "10.0.0."],
      ["10.1.0.", "10.2.0."],
    ]) {
      const net = network();
      const [left, right] = [0, 1].map((side) =>
        [1, 2].map((number) =>
          net.host(`h${side}${number}`, { address: `${networks[side]}${4 * side + number}/24` }),
        ),
      ) as [[Host, Host], [Host, Host]];
      const r = net.router("r");
      net.lan([...left, r], { latency: 1 });
      net.lan([...right, r], { latency: 1 });
      await net.run(async () => {
        for (const from of left) for (const to of right) await transfer(from, to, 5000);
        await transfer(left[0], left[1], 5000);
      });
      expect(left[1].ipv4.counters.forwarded).toBe(0);
      const own = r.ipv4.interfaces.slice(1).map(({ address }) => formatAddress(address));
      expect(own).toEqual([`${networks[0]}254`, `${networks[1]}254`]);
      await net.idle();
    }
  });

  test("RFC1812-5.2.7.1-1: tells a source on another segment that a host does not answer", async () => {
    const net = network();
    const [a, b, r] = [net.host("a"), net.host("b", { address: "10.7.0.1/24" }), net.router("r")];
    net.link(a, r);
    net.lan([b, r]);
    await net.run(async () => {
      const socket = a.socket(AF_INET, SOCK_DGRAM);
      socket.setsockopt(IPPROTO_IP, IP_RECVERR, 1);
      await socket.connect({ address: "10.7.0.9", port: 9 });
      await socket.send("?");
      await expect(socket.recv(10)).rejects.toMatchObject({ code: "EHOSTUNREACH" });
      await socket.close();
    });
    expect(r.ipv4.icmp.counters.errorsSent).toBe(1);
  });

  test("is asked for unused addresses of it from any distance", async () => {
    const net = network();
    const [a, b, c] = [net.host("a"), net.host("b", { address: "10.7.0.1/24" }), net.host("c")];
    const [r1, r2, r3] = [net.router("r1"), net.router("r2"), net.router("r3")];
    net.link(a, r1);
    net.link(r1, r2);
    net.lan([b, r2]);
    net.link(r1, r3);
    net.lan([c, r3]); // of the network that a and the routers have, too
    const asked = async (address: string): Promise<string> => {
      const socket = a.socket(AF_INET, SOCK_DGRAM);
      socket.setsockopt(IPPROTO_IP, IP_RECVERR, 1);
      await socket.connect({ address, port: 9 });
      await socket.send("?");
      const { code } = await socket.recv(10).catch((error) => error);
      await socket.close();
      return code;
    };
    await net.run(async () => {
      expect(await asked("10.7.0.77")).toBe("EHOSTUNREACH");
      expect(await asked("10.0.0.77")).toBe("EHOSTUNREACH");
      expect(await asked("10.8.0.77")).toBe("ENETUNREACH");
      expect(await asked("b")).toBe("ECONNREFUSED");
      expect(await asked("c")).toBe("ECONNREFUSED");
    });
    expect([r1, r2, r3].map((router) => router.ipv4.icmp.counters.errorsSent)).toEqual([1, 1, 1]);
    const routes = [...r1.route].map(
      ({ network, prefixLength }) => `${formatAddress(network)}/${prefixLength}`,
    );
    expect(routes).toContain("10.7.0.0/24");
    expect(routes).not.toContain("10.7.0.1/32"); // the network's route leads there
  });

  test("RFC 1812 §5.2.7.2: sends redirects where another router of the segment is nearer", async () => {
    const net = network();
    const [a, b] = [net.host("a"), net.host("b", { address: "10.7.0.1/24" })];
    const [r, s] = [net.router("r"), net.router("s")];
    net.lan([a, r, s]);
    net.link(s, b);
    a.route.remove({ to: "10.7.0.1/32" }); // so that its default route, by r, is all it has
    const seen: ParsedPacket[] = [];
    net.rule((packet, { from }) => {
      if (from === "r" && packet.protocol === "icmp") seen.push(packet);
      return "pass";
    });
    await net.run(() => transfer(a, b, 100));
    expect(seen.length).toBeGreaterThan(0);
    expect(seen[0]).toMatchObject({
      source: "10.0.0.254",
      destination: "10.0.0.1",
      icmp: { type: 5, code: 1 },
    });
    expect(a.ipv4.icmp.counters.redirect).toBe(seen.length);
  });
});
