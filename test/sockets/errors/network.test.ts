/** Errors that the network tells of, or the host that stands on it. */
import { expect, it } from "vitest";
import {
  AF_INET,
  AF_PACKET,
  AF_UNIX,
  ETH_P_ALL,
  htons,
  type Packet,
  SO_ACCEPTCONN,
  SO_LINGER,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../../src/index.ts";
import { caught, fails, type Program, type Situation, situation } from "../../support/situations.ts";
import { TestLink } from "../../support/test-link.ts";
import { icmp } from "../../support/wire.ts";
import { failure, network } from "../../support/world.ts";

/** The way to 203.0.113.0/24 leads over a router that answers everything with "destination unreachable". */
class UnreachableLink extends TestLink {
  code = 0;

  override send(packet: Packet, nextHop: number): void {
    const quoted = packet.bytes().slice(0, 28);
    super.send(packet, nextHop);
    const source = { source: "192.168.1.254", destination: "192.168.1.1" };
    this.inject(icmp({ type: 3, code: this.code, payload: quoted }, source));
  }
}

function behindRouter({ host }: Program, code: number): void {
  const link = new UnreachableLink(host.clock);
  link.code = code;
  host.attach(link, { address: "192.168.1.1/24" });
  host.route.add({ to: "203.0.113.0/24", via: "192.168.1.254" });
}

situation("EHOSTDOWN", "a router says that it does not know the host", async ({ a }) => {
  behindRouter(a, 7); // ICMP_HOST_UNKNOWN, which Linux's icmp_err_convert makes EHOSTDOWN
  const client = a.socket();
  await fails(() => client.connect("203.0.113.5", 80), "connect EHOSTDOWN 203.0.113.5:80");
  await client.close();
  const asker = a.socket(SOCK_DGRAM);
  await asker.connect("203.0.113.5", 53);
  await asker.send("hola");
  await fails(() => asker.recv(10), "recv EHOSTDOWN");
  await asker.close();
});

situation("EHOSTUNREACH", "a router says that the host cannot be reached", async ({ a, net }) => {
  behindRouter(a, 1);
  const client = a.socket();
  await fails(() => client.connect("203.0.113.5", 80), "connect EHOSTUNREACH 203.0.113.5:80");
  expect(net.now).toBeGreaterThan(60_000); // it may pass: RFC 1122 §4.2.3.9 has TCP go on until its time is over
  await client.close();
});

situation("EHOSTUNREACH", "a firewall forbids it", async ({ a, net }) => {
  behindRouter(a, 13);
  const client = a.socket();
  await fails(() => client.connect("203.0.113.5", 80), "connect EHOSTUNREACH 203.0.113.5:80");
  expect(net.now).toBe(0); // at once
  await client.close();
});

situation("ENETUNREACH", "no route leads there", async ({ a }) => {
  const [stream, datagram] = [a.socket(), a.socket(SOCK_DGRAM)];
  await fails(() => stream.connect("203.0.113.5", 80), "connect ENETUNREACH 203.0.113.5:80");
  await fails(() => datagram.connect("203.0.113.5", 53), "connect ENETUNREACH 203.0.113.5:53");
  await fails(() => datagram.sendto("hola", "203.0.113.5", 53), "sendto ENETUNREACH 203.0.113.5:53");
  await stream.close();
  await datagram.close();
});

situation("ENETUNREACH", "the interface is down, and the route over it does not count", async ({ a }) => {
  for (const each of a.host.ipv4.interfaces) if (!each.isLoopback) each.up = false;
  const socket = a.socket();
  await fails(() => socket.connect("10.0.0.2", 80), "connect ENETUNREACH 10.0.0.2:80");
  await socket.close();
});

situation("ENETDOWN", "the interface that a packet socket looks at goes down", async ({ a, net }) => {
  const socket = a.socket(SOCK_RAW, AF_PACKET, htons(ETH_P_ALL));
  a.host.posix.bind(socket.fd, { family: AF_PACKET, interface: "eth0", protocol: ETH_P_ALL });
  const waiting = failure(socket.recv(100));
  await net.sleep(1);
  a.host.ipv4.interfaces[1]!.up = false;
  await fails(async () => {
    throw await waiting;
  }, "recv ENETDOWN");
  await fails(() => socket.send(new Uint8Array(20)), "send ENETDOWN");
  await socket.close();
});

situation("ENETDOWN", "a host whose network has been closed makes no more sockets", async ({ a }) => {
  a.host.close();
  await fails(() => a.socket(), "socket ENETDOWN");
  await fails(() => a.socket(SOCK_DGRAM), "socket ENETDOWN");
  await fails(() => a.socketpair(AF_UNIX, SOCK_STREAM), "socketpair ENETDOWN");
});

situation("ESHUTDOWN", "a socket whose host has been closed under it", async ({ a, b }) => {
  const listening = b.listener(80);
  const client = a.socket();
  await client.connect("10.0.0.2", 80);
  const server = await listening.accept();
  const other = a.socket(SOCK_DGRAM);
  a.host.close();
  await fails(() => client.send("more"), "send ESHUTDOWN");
  await fails(() => client.recv(10), "recv ESHUTDOWN");
  await fails(() => other.sendto("more", "10.0.0.2", 53), "sendto ESHUTDOWN");
  await fails(() => other.bind("0.0.0.0", 53), "bind ESHUTDOWN");
  await fails(() => other.getsockname(), "getsockname ESHUTDOWN");
  await client.close(); // which is nothing more to do, and no error
  await other.close();
  await fails(() => client.dup(), "dup EBADF");
  server.set(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 } as never);
  await server.close();
  await listening.close();
});

/** A connection from a to port 80 of b, whose end at b is closed, and b's listener. */
async function connected({ a, b }: Situation) {
  const listening = b.listener(80);
  const client = a.socket();
  await client.connect("10.0.0.2", 80);
  return { client, server: await listening.accept(), listening };
}

situation("ENETRESET", "the interface under a connection is taken away", async (world) => {
  const { a, net } = world;
  const { client, server, listening } = await connected(world);
  const waiting = failure(client.recv(10));
  await net.sleep(1);
  a.host.detach("eth0");
  await fails(async () => {
    throw await waiting;
  }, "recv ENETRESET");
  await fails(() => client.send("more"), "send EPIPE"); // it was told; now it is closed
  await client.close();
  const next = a.socket();
  await fails(() => next.connect("10.0.0.2", 80), "connect ENETUNREACH 10.0.0.2:80");
  await fails(() => next.bind("10.0.0.1", 80), "bind EADDRNOTAVAIL 10.0.0.1:80");
  await next.close();
  for (const each of [server, listening]) {
    each.set(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 } as never);
    await each.close();
  }
});

it("detach: connections from other addresses live on, and so does what listens", async () => {
  const net = network({ seed: 1 });
  const [a, b, c] = [net.host("a"), net.host("b"), net.host("c", { address: "10.0.0.9/24" })];
  net.link(a, b);
  net.link(a, b); // a second wire between the two, with addresses of its own
  net.link(a, c);
  await net.run(async () => {
    const listening = a.socket();
    listening.bind({ address: "", port: 80 });
    listening.listen();
    const clients = [b.socket(), b.socket(), c.socket()];
    await clients[0]!.connect({ address: "10.0.0.1", port: 80 });
    await clients[1]!.connect({ address: "10.0.1.1", port: 80 });
    await clients[2]!.connect({ address: "10.0.0.1", port: 80 });
    const ends = [];
    for (let count = 0; count < 3; count++) ends.push((await listening.accept())[0]);
    const bound = a.socket();
    bound.bind({ address: "10.0.1.1", port: 81 });
    bound.listen();
    a.detach("eth1"); // 10.0.1.1
    expect(a.ipv4.interfaces.map(({ name }) => name)).toEqual(["lo", "eth0", "eth2"]);
    expect([...a.route].map((route) => route.interface.name)).not.toContain("eth1");
    expect(bound.getsockopt(SOL_SOCKET, SO_ACCEPTCONN)).toBe(1);
    await bound.close();
    const link = new TestLink(a.clock);
    expect(a.attach(link, { address: "10.5.0.1/24" }).name).toBe("eth3"); // eth0 and eth2 are taken
    a.detach("eth3");
    expect(link.closed).toBe(true);
    expect((await failure(ends[1]!.recv(10))).message).toBe("recv ENETRESET");
    a.detach("eth0"); // 10.0.0.1, which eth2 has as well
    await ends[2]!.sendall("hola");
    expect((await clients[2]!.recv(10)).length).toBe(4);
    expect(a.posix.if_nametoindex("eth2")).toBe(4);
    expect(a.posix.if_indextoname(4)).toBe("eth2");
    expect(await caught(() => a.posix.if_indextoname(2))).toMatchObject({ code: "ENXIO" });
    for (const each of [...clients, ...ends]) {
      each.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
      await each.close();
    }
    expect(listening.getsockname().port).toBe(80);
    await listening.close();
  });
});

it("detach says which interfaces there are", () => {
  const host = network({ seed: 1 }).host("a");
  host.attach(new TestLink(host.clock), { address: "10.5.0.1/24" });
  expect(() => host.detach("eth7")).toThrow(new RangeError('detach: "eth7" is none of eth0'));
  expect(() => host.detach("lo")).toThrow(RangeError);
  host.detach("eth0");
  expect(() => host.detach("eth0")).toThrow("no interfaces beside lo");
  expect(host.posix.socket(AF_INET, SOCK_STREAM)).toBe(3);
  void host.posix.close(3);
});
