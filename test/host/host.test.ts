import { describe, expect, it } from "vitest";
import {
  Host,
  packetPool,
  SO_KEEPALIVE,
  SOCK_DGRAM,
  SOL_SOCKET,
  SocketError,
  VirtualClock,
} from "../../src/index.ts";
import { Loopback } from "../../src/link/loopback.ts";
import { FrameHub } from "../support/frame-hub.ts";
import {
  connection,
  failure,
  listener,
  network,
  pair,
  pattern,
  realHost,
  receiver,
  text,
} from "../support/world.ts";

describe("a host of its own", () => {
  it("lives on the real clock and talks to itself over lo", async () => {
    const host = realHost();
    const listening = listener(host, 0);
    const serving = (async () => {
      const [server] = await listening.accept();
      for await (const chunk of server.chunks()) await server.sendall(chunk);
      await server.close();
    })();
    const client = host.socket();
    await client.connect({ address: "localhost", port: listening.getsockname().port });
    const data = pattern(300_000);
    const sending = client.sendall(data).then(() => client.shutdown(1));
    let received = 0;
    for await (const chunk of client.chunks()) {
      expect(chunk.every((byte: number, at: number) => byte === data[received + at])).toBe(true);
      received += chunk.length;
    }
    expect(received).toBe(data.length);
    await Promise.all([sending, serving]);
    await client.close();
    await listening.close();
  });

  it("times out on the real clock", async () => {
    const socket = receiver(realHost(), 0);
    socket.settimeout(5);
    expect((await failure(socket.recv(1))).code).toBe("ETIMEDOUT");
    await socket.close();
  });

  it("knows its own name and localhost, and asks the given resolver for others", async () => {
    const asked: string[] = [];
    const host = new Host({
      name: "here",
      clock: new VirtualClock(),
      seed: 1,
      resolve: async (name) => {
        asked.push(name);
        return name === "there" ? "192.0.2.7" : undefined;
      },
    });
    expect(host.gethostname()).toBe("here");
    expect(await host.resolve("there")).toBe("192.0.2.7");
    expect(await host.resolve("localhost")).toBe("127.0.0.1");
    expect(await host.resolve("here")).toBe("127.0.0.1");
    expect(await Promise.all(["LOCALHOST", "Here"].map((name) => host.resolve(name)))).toEqual(
      new Array(2).fill("127.0.0.1"),
    );
    expect(await host.resolve("10.1.2.3")).toBe("10.1.2.3");
    expect((await failure(host.resolve("nowhere"))).message).toBe("getaddrinfo EAI_NONAME nowhere");
    expect(asked).toEqual(["there", "here", "Here", "nowhere"]);
    const socket = host.socket(undefined, SOCK_DGRAM);
    expect((await failure(socket.connect({ address: "there", port: 1 }))).message).toBe(
      "connect ENETUNREACH 192.0.2.7:1",
    );
    expect(() => socket.bind({ address: "there", port: 1 })).toThrow(
      "no name that this host knows by itself",
    );
    host.close();
  });

  it("says which argument of attach is wrong", () => {
    const host = realHost();
    const attach = (...values: unknown[]) => expect(() => Reflect.apply(host.attach, host, values));
    const link = new Loopback(host.clock);
    const interfaces = host.ipv4.interfaces.length;
    const rule = "attach: link is a Link (mtu, features, send, attach, close), not";
    attach().toThrow(new TypeError(`${rule} undefined`));
    attach(null).toThrow(new TypeError(`${rule} null`));
    attach({}, { address: "10.0.0.1/24" }).toThrow(new TypeError(`${rule} {}`));
    attach({ ...link, send: 1 }, { address: "10.0.0.1/24" }).toThrow(rule);
    attach(new FrameHub(host.clock).port(1), { address: "10.0.0.1/24" }).toThrow(
      new TypeError(
        "attach: this carries Ethernet frames: make a Link of it with new EthernetLink({ clock: host.clock, random: host.random, port })",
      ),
    );
    attach(link).toThrow(new TypeError("attach: options are an object { address, name }, not undefined"));
    attach(link, { address: null }).toThrow(
      new TypeError('attach: address is a string such as "10.0.0.1/24", not null'),
    );
    attach(link, { address: "10.0.0.1" }).toThrow(RangeError);
    attach(link, { address: "10.0.0.1/24", name: 0 }).toThrow(
      new TypeError('attach: name is a string such as "eth0", not 0'),
    );
    expect(host.ipv4.interfaces.length).toBe(interfaces);
    expect(host.attach(link, { address: "10.0.0.1/24" }).name).toBe("eth0");
    host.close();
  });

  it("equal seeds make equal choices, other seeds others", () => {
    const portOf = (seed: number) => {
      const host = new Host({ clock: new VirtualClock(), seed });
      const socket = host.datagram();
      socket.bind("", 0);
      const port = socket.localPort;
      host.close();
      return port;
    };
    expect(portOf(5)).toBe(portOf(5));
    expect(new Set([1, 2, 3, 4, 5].map(portOf)).size).toBeGreaterThan(1);
  });
});

describe("host.close", () => {
  it("ends connections, packets, timers and calls that wait: they reject with ECONNABORTED", async () => {
    const { net, a, b } = pair({ latency: 10 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const listening = listener(a, 90);
      const datagrams = receiver(a, 53);
      const selecting = a.posix.select({}, 1000);
      const epoll = a.epoll();
      const waiting = [client.recv(1), listening.accept(), datagrams.recv(1), selecting, epoll.poll()].map(
        failure,
      );
      await client.sendall(pattern(50_000));
      a.close();
      expect((await Promise.all(waiting)).map((error) => error.message)).toEqual([
        "recv ECONNABORTED",
        "accept ECONNABORTED",
        "recv ECONNABORTED",
        "select ECONNABORTED",
        "epoll_wait ECONNABORTED",
      ]);
      expect(a.leaks()).toEqual([]);
      expect((await failure(a.posix.poll([], 50))).message).toBe("poll ESHUTDOWN");
      expect((await failure(epoll.poll(0))).code).toBe("ESHUTDOWN");
      expect(() => a.posix.epoll_create1(0)).toThrow("epoll_create1 ENETDOWN");
      expect(() => client.dup()).toThrow(SocketError);
      expect((await failure(client.recv(1))).code).toBe("ESHUTDOWN");
      a.close();
      server.settimeout(1);
      await failure(server.recv(1));
      server.setsockopt(1, 13, { onoff: 1, linger: 0 });
      await server.close();
    });
  });

  // retried, since the timers of the test runner itself come and go, and are counted with the others
  it("lets nothing of a real host behind, so that the process can exit", { retry: 3 }, async () => {
    const host = new Host({ seed: 1 });
    const alarms = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = alarms();
    const [client, listening] = [host.socket(), listener(host, 80)];
    const endpoint = host.udp.create(); // without a socket
    endpoint.bind(0, 53);
    await client.connect({ address: "", port: 80 });
    await client.sendall("x");
    client.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1);
    await new Promise((resolve) => setImmediate(resolve)); // the clock sets its alarm
    await new Promise((resolve) => setImmediate(resolve));
    expect(alarms()).toBe(before + 1);
    const epoll = host.epoll();
    expect(host.leaks()).toContain("open epoll of descriptors (none)");
    epoll.close();
    expect(host.leaks().length).toBeGreaterThan(2);
    host.close();
    expect(alarms()).toBe(before);
    expect([...host.udp.endpoints()]).toEqual([]);
    expect(host.leaks()).toEqual([]);
    expect(packetPool.outstanding).toBe(0);
    expect(listening.fileno()).toBeGreaterThan(0);
    await expect(listening.accept()).rejects.toThrow("accept ESHUTDOWN");
  });
});

describe("host.leaks", () => {
  it("names open sockets, connections without one, and pending calls", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const { port } = client.getsockname();
      const waiting = server.recv(1);
      expect(b.leaks()).toEqual([
        `open socket 10.0.0.2:80 ↔ 10.0.0.1:${port} (ESTABLISHED)`,
        `pending recv on 10.0.0.2:80 ↔ 10.0.0.1:${port} (ESTABLISHED)`,
      ]);
      await client.close();
      await waiting;
      await server.close();
      await net.sleep(5);
      expect(b.leaks()).toEqual([]);
      expect(a.leaks()).toEqual([`connection 10.0.0.1:${port} ↔ 10.0.0.2:80 (TIME-WAIT)`]);
    });
  });
});

describe("host.netstat", () => {
  it("has a row per socket and connection, TIME-WAIT included, and counters by protocol", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const listening = listener(b, 80, 7);
      const datagrams = receiver(b, 53);
      const client = a.socket();
      await client.connect({ address: "b", port: 80 });
      const { port } = client.getsockname();
      await client.sendall("hola");
      await a.socket(undefined, SOCK_DGRAM).close();
      const sender = a.socket(undefined, SOCK_DGRAM);
      await sender.sendto("hola", { address: "b", port: 53 });
      await sender.sendto("nobody", { address: "b", port: 54 });
      await net.sleep(100);
      expect(b.netstat().sockets).toEqual([
        {
          protocol: "tcp",
          state: "LISTEN",
          local: "0.0.0.0:80",
          remote: "0.0.0.0:0",
          recvQueue: 1,
          sendQueue: 7,
        },
        {
          protocol: "tcp",
          state: "ESTABLISHED",
          local: "10.0.0.2:80",
          remote: `10.0.0.1:${port}`,
          recvQueue: 4,
          sendQueue: 0,
        },
        {
          protocol: "udp",
          state: "UNCONN",
          local: "0.0.0.0:53",
          remote: "0.0.0.0:0",
          recvQueue: 4,
          sendQueue: 0,
        },
      ]);
      const { counters } = b.netstat();
      expect(counters["udp"]).toMatchObject({ received: 2, delivered: 1, noPort: 1 });
      expect(counters["tcp"]!["passiveOpens"]).toBe(1);
      expect(counters["icmp"]!["errorsSent"]).toBe(1);
      expect(counters["ip"]!["received"]).toBeGreaterThan(4);
      const [server] = await listening.accept();
      expect(text(await server.recv(10))).toBe("hola");
      await client.close();
      await server.recv(1);
      await server.close();
      await net.sleep(1);
      expect(a.netstat().sockets.map((row) => `${row.protocol} ${row.state}`)).toEqual([
        "tcp TIME-WAIT",
        "udp UNCONN",
      ]);
      await Promise.all([listening, datagrams, sender].map((socket) => socket.close()));
    });
  });
});

describe("interfaces and routes", () => {
  it("are named eth0, eth1 … behind lo, and reached by routes", () => {
    const net = network();
    const [a, b] = [net.host("a"), net.host("b", { address: "10.9.0.1/24" })];
    net.link(a, b);
    expect(a.ipv4.interfaces.map(({ name }) => name)).toEqual(["lo", "eth0"]);
    a.route.add({ to: "10.9.0.0/24", interface: "eth0" });
    const socket = a.datagram();
    expect(socket.connect("10.9.0.77", 1)).toBe(0);
    expect(() => a.route.add({ to: "10.10.0.0/16", via: "172.16.0.1" })).toThrow(RangeError);
    socket.close();
  });
});
