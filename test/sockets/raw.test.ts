/** Raw sockets in AF_INET as programs use them. Answers and errors are those of Linux 6.18, tried with Python. */
import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_INET6,
  AF_PACKET,
  type Host,
  IP_TTL,
  IPPROTO_ICMP,
  IPPROTO_IP,
  IPPROTO_RAW,
  IPPROTO_TCP,
  IPPROTO_UDP,
  MSG_DONTWAIT,
  MSG_OOB,
  SHUT_WR,
  SO_PROTOCOL,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOCK_RDM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
} from "../../src/index.ts";
import { TestLink } from "../support/test-link.ts";
import { checksum, concat, icmp, parseIcmp, parseIpv4 } from "../support/wire.ts";
import { failure, network, pair, receiver, text, thrown } from "../support/world.ts";

const NONE = { address: "0.0.0.0", port: 0 };

/** An ICMP message by hand, as the book makes it. */
function message(type: number, id: number, sequence: number, data = ""): Uint8Array {
  const body = concat(
    Uint8Array.of(type, 0, 0, 0, id >> 8, id & 255, sequence >> 8, sequence & 255),
    new TextEncoder().encode(data),
  );
  const sum = checksum(body);
  body.set([sum >> 8, sum & 255], 2);
  return body;
}

function rawSocket(host: Host, protocol = IPPROTO_ICMP): Socket {
  return host.socket(AF_INET, SOCK_RAW, protocol);
}

/** What waits at `socket`, one entry for each datagram. */
async function all(socket: Socket): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for (;;) {
    const next = await socket.recv(70_000, MSG_DONTWAIT).catch(() => undefined);
    if (next === undefined) return found;
    found.push(next);
  }
}

describe("raw sockets", () => {
  it("ping by hand: the request goes, the reply comes with its IP header", async () => {
    const { net, a, b } = pair({ latency: 5 });
    await net.run(async () => {
      const socket = rawSocket(a);
      const sniffer = rawSocket(b);
      const request = message(8, 77, 1, "are you there?");
      expect(await socket.sendto(request, { address: "b", port: 0 })).toBe(request.length);
      const [reply, from] = await socket.recvfrom(1500);
      expect(net.now).toBe(10);
      expect(from).toEqual({ address: "10.0.0.2", port: 0, family: "IPv4" });
      const header = parseIpv4(reply);
      expect(header).toMatchObject({ source: "10.0.0.2", destination: "10.0.0.1", protocol: 1 });
      expect(header.payload).toEqual(message(0, 77, 1, "are you there?"));
      // the other host sees the request, though its stack answers it
      expect((await all(sniffer)).map((each) => parseIpv4(each).payload)).toEqual([request]);
      await Promise.all([socket.close(), sniffer.close()]);
    });
  });

  it("trace a route: a time to live that ends on the way, and the router's word for it", async () => {
    const { net, host, link } = behindRouters();
    await net.run(async () => {
      const socket = rawSocket(host);
      const route: string[] = [];
      for (let hops = 1; hops <= 4; hops++) {
        socket.setsockopt(IPPROTO_IP, IP_TTL, hops);
        await socket.sendto(message(8, 9, hops), { address: "192.0.2.1", port: 0 });
        const [answer, from] = await socket.recvfrom(1500);
        const { type, payload } = parseIcmp(parseIpv4(answer).payload);
        route.push(`${from.address} ${type}`);
        // the error quotes the request, so that a program knows its own
        if (type === 11) expect(parseIpv4(payload).payload[7]).toBe(hops);
      }
      expect(route).toEqual(["10.0.0.254 11", "10.1.0.254 11", "10.2.0.254 11", "192.0.2.1 0"]);
      expect(link.sent.length).toBe(0);
      await socket.close();
    });
  });

  it("see what other sockets are sent, and say the protocol where others say a port", async () => {
    const net = network();
    const host = net.host("a");
    await net.run(async () => {
      const socket = rawSocket(host, IPPROTO_UDP);
      expect(socket.getsockname()).toEqual({ ...NONE, port: IPPROTO_UDP, family: "IPv4" });
      const there = receiver(host, 5001);
      await there.sendto("seen", { address: "127.0.0.1", port: 5001 });
      expect(text(await there.recv(10))).toBe("seen");
      const [datagram] = await all(socket);
      expect(text(parseIpv4(datagram!).payload.slice(8))).toBe("seen");
      expect(socket.getsockopt(SOL_SOCKET, SO_PROTOCOL)).toBe(IPPROTO_UDP);
      expect(socket.getsockopt(SOL_SOCKET, SO_REUSEADDR)).toBe(1);
      expect(host.netstat().sockets.map(({ protocol }) => protocol)).toEqual(["raw", "udp"]);
      expect(host.netstat().counters["raw"]).toMatchObject({ delivered: 1, sent: 0 });
      await Promise.all([socket.close(), there.close()]);
    });
  });

  it("carry a protocol of one's own, connected or not", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const here = rawSocket(a, 99);
      const there = rawSocket(b, 99);
      expect((await failure(here.send("x"))).message).toBe("send EDESTADDRREQ");
      await here.connect({ address: "b", port: 0 });
      expect(here.getsockname()).toEqual({ address: "10.0.0.1", port: 99, family: "IPv4" });
      expect(thrown(() => here.getpeername()).code).toBe("ENOTCONN"); // port 0 is no peer, says Linux
      await here.send("own");
      const [datagram, from] = await there.recvfrom(100);
      expect(text(parseIpv4(datagram).payload)).toBe("own");
      await there.sendto("back", from);
      expect(text(parseIpv4(await here.recv(100)).payload)).toBe("back");
      await here.connect({ address: "b", port: 7 });
      expect(here.getpeername()).toEqual({ address: "10.0.0.2", port: 7, family: "IPv4" });
      expect(here.core.disconnect()).toBe(0);
      expect(here.getsockname()).toEqual({ ...NONE, family: "IPv4" });
      await Promise.all([here.close(), there.close()]);
    });
  });

  it("with IPPROTO_RAW send a datagram of their own making, and hear nothing", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const socket = rawSocket(a, IPPROTO_RAW);
      const there = rawSocket(b);
      const forged = icmp(
        { type: 0, rest: 5 },
        { source: "192.0.2.9", destination: "10.0.0.2", identification: 3 },
      );
      expect(await socket.sendto(forged, { address: "b", port: 0 })).toBe(forged.length);
      const [got, from] = await there.recvfrom(100);
      expect(got).toEqual(forged);
      expect(from.address).toBe("192.0.2.9");
      expect((await failure(socket.sendto("short", { address: "b", port: 0 }))).message).toBe(
        "sendto EINVAL 10.0.0.2:0",
      );
      await Promise.all([socket.close(), there.close()]);
    });
  });

  it("hear of ECONNREFUSED when they play UDP", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const socket = rawSocket(a, IPPROTO_UDP);
      await socket.connect({ address: "b", port: 0 });
      await socket.send(Uint8Array.of(0, 5, 0, 6, 0, 8, 0, 0));
      expect((await failure(socket.recv(100))).message).toBe("recv ECONNREFUSED");
      await socket.close();
    });
  });

  it("know no urgent data, no connections, and shut down without a peer only to fail", async () => {
    const net = network();
    const host = net.host("a");
    await net.run(async () => {
      const socket = rawSocket(host, 99);
      expect(thrown(() => socket.listen(1)).code).toBe("EOPNOTSUPP");
      expect((await failure(socket.accept())).code).toBe("EOPNOTSUPP");
      expect((await failure(socket.recv(1, MSG_OOB))).code).toBe("EOPNOTSUPP");
      const to = { address: "127.0.0.1", port: 0 };
      expect((await failure(socket.sendto("x", MSG_OOB, to))).code).toBe("EOPNOTSUPP");
      expect(thrown(() => socket.shutdown(SHUT_WR)).code).toBe("ENOTCONN");
      expect((await failure(socket.recv(1, MSG_DONTWAIT))).code).toBe("EWOULDBLOCK");
      await socket.close();
    });
  });

  it("bind to port 1 without CAP_NET_BIND_SERVICE: it is none", async () => {
    const host = network().host("a");
    host.capabilities.delete("CAP_NET_BIND_SERVICE");
    const socket = rawSocket(host);
    socket.bind({ address: "127.0.0.1", port: 1 });
    expect(thrown(() => socket.bind({ address: "192.0.2.1", port: 0 })).message).toBe(
      "bind EADDRNOTAVAIL 192.0.2.1:0",
    );
    await socket.close();
  });
});

describe("socket()", () => {
  it("refuses in Linux's order what there is not", async () => {
    const host = network().host("a");
    const refused = (domain: number, type: number, protocol = 0) =>
      thrown(() => host.posix.socket(domain, type, protocol)).code;
    for (const domain of [-1, 0, 3, AF_INET6, 16, 99])
      expect(refused(domain, SOCK_STREAM)).toBe("EAFNOSUPPORT");
    expect(refused(AF_INET6, 99)).toBe("EINVAL"); // flags that there are not come first
    expect(refused(AF_INET6, 11)).toBe("EINVAL"); // as those that no family has, but for
    expect(refused(99, 11)).toBe("EAFNOSUPPORT"); // what is no family at all
    for (const type of [-1, 11, 15, 16, 99]) expect(refused(AF_INET, type)).toBe("EINVAL");
    for (const type of [0, SOCK_RDM, SOCK_SEQPACKET, 6])
      expect(refused(AF_INET, type)).toBe("ESOCKTNOSUPPORT");
    for (const protocol of [1, IPPROTO_UDP, 132, 255]) {
      expect(refused(AF_INET, SOCK_STREAM, protocol)).toBe("EPROTONOSUPPORT");
    }
    for (const protocol of [2, IPPROTO_TCP, 132]) {
      expect(refused(AF_INET, SOCK_DGRAM, protocol)).toBe("EPROTONOSUPPORT");
    }
    expect(refused(AF_INET, SOCK_RAW, 0)).toBe("EPROTONOSUPPORT");
    for (const protocol of [-5, 263, 300]) {
      expect(refused(AF_INET, SOCK_RDM, protocol)).toBe("EINVAL");
      expect(refused(AF_INET, SOCK_RAW, protocol)).toBe("EINVAL");
    }
    for (const type of [0, SOCK_STREAM, SOCK_SEQPACKET])
      expect(refused(AF_PACKET, type)).toBe("ESOCKTNOSUPPORT");
    expect(refused(AF_PACKET, 11)).toBe("EINVAL");
    await host.socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, 255).close();
    await host.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP).close();
  });

  it("wants CAP_NET_RAW of raw and packet sockets: EPERM, when all else is right", async () => {
    const host = network().host("a");
    host.capabilities.delete("CAP_NET_RAW");
    const refused = (domain: number, type: number, protocol: number) =>
      thrown(() => host.socket(domain, type, protocol)).message;
    expect(refused(AF_INET, SOCK_RAW, IPPROTO_ICMP)).toBe("socket EPERM");
    expect(refused(AF_PACKET, SOCK_RAW, 0)).toBe("socket EPERM");
    expect(refused(AF_INET, SOCK_RAW, 0)).toBe("socket EPROTONOSUPPORT");
    expect(refused(AF_PACKET, SOCK_STREAM, 0)).toBe("socket EPERM");
    await host.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP).close(); // a ping socket needs none
  });
});

/** A host whose gateway stands before three routers and 192.0.2.1; the test plays them all. */
function behindRouters() {
  const net = network();
  const host = net.host("a");
  net.link(host, net.host("b"));
  const link = new TestLink(host.clock);
  host.attach(link, { address: "10.9.0.1/24", name: "far" });
  host.route.add({ to: "192.0.2.0/24", via: "10.9.0.254" });
  const send = link.send.bind(link);
  link.send = (packet, nextHop) => {
    send(packet, nextHop);
    const [sent] = link.take() as [Uint8Array];
    const { timeToLive, payload } = parseIpv4(sent);
    const to = { destination: "10.9.0.1" };
    if (timeToLive < 4) {
      const router = `10.${timeToLive - 1}.0.254`;
      link.inject(icmp({ type: 11, payload: sent }, { ...to, source: router }));
    } else {
      const { rest } = parseIcmp(payload);
      link.inject(icmp({ type: 0, rest }, { ...to, source: "192.0.2.1" }));
    }
  };
  return { net, host, link };
}
