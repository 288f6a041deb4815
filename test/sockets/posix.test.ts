import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  F_GETFL,
  F_SETFL,
  htons,
  INADDR_ANY,
  INADDR_LOOPBACK,
  IPPROTO_TCP,
  IPPROTO_UDP,
  inet_addr,
  inet_aton,
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  O_NONBLOCK,
  O_RDWR,
  perror,
  SHUT_WR,
  SO_ERROR,
  SO_RCVTIMEO,
  SO_SNDTIMEO,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
} from "../../src/index.ts";
import { failure, network, pair, pattern, text, thrown } from "../support/world.ts";

const anyAt = (port: number) => ({ family: AF_INET, address: INADDR_ANY, port });

describe("the calls by descriptor", () => {
  it("make an upper-case server and its client, as in C", async () => {
    const { net, a, b } = pair({ latency: 5 });
    const server = async () => {
      const { socket, bind, listen, accept, recv, send, close } = b.posix;
      const fd = socket(AF_INET, SOCK_STREAM, 0);
      bind(fd, anyAt(1234));
      listen(fd, 5);
      const { fd: client, address } = await accept(fd);
      expect(address).toMatchObject({ family: AF_INET, address: "10.0.0.1" });
      const buffer = new Uint8Array(100);
      for (let n = await recv(client, buffer, 0); n > 0; n = await recv(client, buffer, 0)) {
        await send(client, text(buffer.subarray(0, n)).toUpperCase(), 0);
      }
      await close(client);
      await close(fd);
    };
    const client = async () => {
      const { socket, connect, write, read, shutdown, close, getpeername, getsockname } = a.posix;
      const fd = socket(AF_INET, SOCK_STREAM, 0);
      await connect(fd, { family: AF_INET, address: "10.0.0.2", port: 1234 });
      expect(getpeername(fd)).toEqual({ family: AF_INET, address: "10.0.0.2", port: 1234 });
      expect(getsockname(fd).address).toBe("10.0.0.1");
      expect(await write(fd, "hola")).toBe(4);
      const buffer = new Uint8Array(100);
      const n = await read(fd, buffer);
      expect(text(buffer.subarray(0, n))).toBe("HOLA");
      shutdown(fd, SHUT_WR);
      expect(await read(fd, buffer)).toBe(0);
      await close(fd);
    };
    await net.run(() => Promise.all([server(), client()]));
  });

  it("send and receive datagrams; connect to AF_UNSPEC forgets the peer", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const server = b.posix.socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
      b.posix.bind(server, anyAt(53));
      const client = a.posix.socket(AF_INET, SOCK_DGRAM);
      const to = {
        sin_family: AF_INET,
        sin_addr: { s_addr: inet_addr("10.0.0.2") },
        sin_port: htons(53),
      };
      expect(await a.posix.sendto(client, "uno", 0, to)).toBe(3);
      const buffer = new Uint8Array(10);
      const { n, address } = await b.posix.recvfrom(server, buffer);
      expect([n, text(buffer.subarray(0, n)), address.address]).toEqual([3, "uno", "10.0.0.1"]);
      await a.posix.connect(client, { ...to, sin_addr: inet_aton("10.0.0.2") });
      expect(await a.posix.send(client, "dos")).toBe(3);
      expect(await b.posix.recv(server, buffer, MSG_PEEK)).toBe(3);
      await a.posix.connect(client, { family: AF_UNSPEC });
      expect((await failure(a.posix.send(client, "tres"))).message).toBe("send EDESTADDRREQ");
      await a.posix.close(client);
      await b.posix.close(server);
    });
  });

  it("give the lowest free descriptor, from 3, in one table with the other face", async () => {
    const host = network().host("a");
    const { socket, close } = host.posix;
    const make = () => socket(AF_INET, SOCK_DGRAM);
    expect([make(), make(), make()]).toEqual([3, 4, 5]);
    await close(4);
    await close(3);
    const python = host.socket();
    expect(python.fileno()).toBe(3);
    expect([make(), make()]).toEqual([4, 6]);
    expect(host.posix.getsockopt(python.fileno(), SOL_SOCKET, SO_TYPE)).toBe(SOCK_STREAM);
    for (const fd of [4, 5, 6]) await close(fd);
    expect(python.detach()).toBe(3);
    expect(python.fileno()).toBe(-1);
    await close(3);
  });

  it("may close what the other face has opened, which then closes nobody else's", async () => {
    const host = network().host("a");
    const python = host.socket();
    await host.posix.close(python.fileno());
    expect(thrown(() => python.listen()).message).toBe("listen EBADF");
    const other = host.posix.socket(AF_INET, SOCK_STREAM);
    expect(other).toBe(3);
    await python.close();
    host.posix.listen(other, 1);
    await host.posix.close(other);
  });

  it("are limited in number: EMFILE, and what was accepted is closed", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const listening = b.posix.socket(AF_INET, SOCK_STREAM);
      b.posix.bind(listening, anyAt(80));
      b.posix.listen(listening, 5);
      const waiting = failure(b.posix.accept(listening));
      b.descriptors.add = () => -24; // a table that is full
      expect(thrown(() => b.posix.socket(AF_INET, SOCK_STREAM)).message).toBe("socket EMFILE");
      expect(thrown(() => b.socket()).message).toBe("socket EMFILE");
      const client = a.socket();
      await client.connect({ address: "b", port: 80 });
      expect((await waiting).message).toBe("accept EMFILE");
      expect((await client.recv(1)).length).toBe(0);
      expect(b.sockets.size).toBe(1);
      await client.close();
      await b.posix.close(listening);
    });
  });

  it("fail with EBADF on what is no open descriptor", async () => {
    const { posix } = network().host("a");
    const buffer = new Uint8Array(1);
    for (const fd of [3, 0, -1, 1000]) {
      expect(thrown(() => posix.listen(fd, 1)).message).toBe("listen EBADF");
      expect(thrown(() => posix.getsockname(fd)).code).toBe("EBADF");
      expect((await failure(posix.recv(fd, buffer))).message).toBe("recv EBADF");
      expect((await failure(posix.write(fd, buffer))).message).toBe("write EBADF");
      expect((await failure(posix.close(fd))).message).toBe("close EBADF");
      expect((await failure(posix.select({ read: [fd] }, 0))).message).toBe("select EBADF");
    }
  });

  it("say which domains, types and protocols there are not", () => {
    const { posix } = network().host("a");
    expect(thrown(() => posix.socket(AF_INET6, SOCK_STREAM)).message).toBe("socket EAFNOSUPPORT");
    expect(thrown(() => posix.socket(AF_INET, 77)).code).toBe("EINVAL");
    expect(thrown(() => posix.socket(AF_INET, SOCK_RAW)).code).toBe("EPROTONOSUPPORT");
    expect(thrown(() => posix.socket(AF_INET, SOCK_STREAM, IPPROTO_UDP)).code).toBe("EPROTONOSUPPORT");
    expect(thrown(() => posix.socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP)).code).toBe("EPROTONOSUPPORT");
    expect(() => posix.socket("2" as never, SOCK_STREAM)).toThrow(TypeError);
  });

  it("take only addresses of AF_INET", async () => {
    const { posix } = network().host("a");
    const fd = posix.socket(AF_INET, SOCK_DGRAM);
    expect(thrown(() => posix.bind(fd, { ...anyAt(1), family: AF_INET6 })).message).toBe("bind EAFNOSUPPORT");
    expect(thrown(() => posix.bind(fd, { ...anyAt(1), address: 0x0102_0304 })).message).toBe(
      "bind EADDRNOTAVAIL 1.2.3.4:1",
    );
    posix.bind(fd, { ...anyAt(1), address: INADDR_LOOPBACK });
    expect(posix.getsockname(fd)).toEqual({ family: AF_INET, address: "127.0.0.1", port: 1 });
    await posix.close(fd);
  });

  it("O_NONBLOCK is set by SOCK_NONBLOCK and by fcntl", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const { posix } = a;
      const fd = posix.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK);
      const buffer = new Uint8Array(1);
      expect(posix.fcntl(fd, F_GETFL)).toBe(O_RDWR | O_NONBLOCK);
      expect((await failure(posix.recv(fd, buffer))).code).toBe("EWOULDBLOCK");
      expect(posix.fcntl(fd, F_SETFL, O_RDWR)).toBe(0);
      expect(posix.fcntl(fd, F_GETFL)).toBe(O_RDWR);
      posix.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, 20);
      expect((await failure(posix.recv(fd, buffer))).code).toBe("EWOULDBLOCK");
      expect(net.now).toBe(20);
      expect(thrown(() => posix.fcntl(fd, 99)).code).toBe("EINVAL");
      await posix.close(fd);
      const python = a.socket();
      python.setblocking(false);
      expect(posix.fcntl(python.fileno(), F_GETFL)).toBe(O_RDWR | O_NONBLOCK);
      await python.close();
    });
  });

  it("connect waits no longer than SO_SNDTIMEO: EINPROGRESS", async () => {
    const { net, a, b } = pair();
    net.partition(a, b);
    await net.run(async () => {
      const fd = a.posix.socket(AF_INET, SOCK_STREAM);
      a.posix.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, 70);
      const error = await failure(a.posix.connect(fd, { address: "b", port: 80 }));
      expect([error.message, net.now]).toEqual(["connect EINPROGRESS 10.0.0.2:80", 70]);
      await a.posix.close(fd);
    });
  });

  it("connect without waiting, by select for writing and SO_ERROR", async () => {
    const { net, a, b } = pair({ latency: 10 });
    await net.run(async () => {
      const listening = b.posix.socket(AF_INET, SOCK_STREAM);
      b.posix.bind(listening, anyAt(80));
      b.posix.listen(listening, 5);
      for (const [port, expected] of [
        [80, 0],
        [81, 111],
      ] as const) {
        const fd = a.posix.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
        const error = await failure(a.posix.connect(fd, { address: "b", port }));
        expect(error.message).toBe(`connect EINPROGRESS 10.0.0.2:${port}`);
        expect((await a.posix.select({ write: [fd] }, 5)).write).toEqual([]);
        const before = net.now;
        expect((await a.posix.select({ write: [fd] }, 10_000)).write).toEqual([fd]);
        expect(net.now - before).toBe(15);
        expect(a.posix.getsockopt(fd, SOL_SOCKET, SO_ERROR)).toBe(expected);
        await a.posix.close(fd);
      }
      const { fd } = await b.posix.accept(listening);
      await b.posix.close(fd);
      await b.posix.close(listening);
    });
  });

  it("send blocks until everything is taken; when time runs out it says how much was", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const listening = b.posix.socket(AF_INET, SOCK_STREAM);
      b.posix.bind(listening, anyAt(80));
      b.posix.listen(listening, 5);
      const client = a.posix.socket(AF_INET, SOCK_STREAM);
      await a.posix.connect(client, { address: "b", port: 80 });
      const { fd: server } = await b.posix.accept(listening);
      a.posix.setsockopt(client, IPPROTO_TCP, TCP_NODELAY, 1);
      a.posix.setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, 100);
      const taken = await a.posix.send(client, pattern(10_000_000));
      expect(taken).toBeGreaterThan(0);
      expect(taken).toBeLessThan(10_000_000);
      let more = 0;
      const full = await failure(
        (async () => {
          for (;;) more += await a.posix.send(client, pattern(1_000_000), MSG_DONTWAIT);
        })(),
      );
      expect(full.message).toBe("send EWOULDBLOCK");
      expect((await failure(a.posix.send(client, "x"))).message).toBe("send EWOULDBLOCK");
      a.posix.setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, 0);
      const sending = a.posix.send(client, pattern(2_000_000));
      const buffer = new Uint8Array(100_000);
      let total = 0;
      const reading = (async () => {
        for (let n = -1; n !== 0; total += n) n = await b.posix.read(server, buffer);
      })();
      expect(await sending).toBe(2_000_000);
      await a.posix.close(client);
      await reading;
      expect(total).toBe(taken + more + 2_000_000);
      for (const fd of [server, listening]) await b.posix.close(fd);
    });
  });

  it("errors read as perror prints them", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const fd = a.posix.socket(AF_INET, SOCK_STREAM);
      const error = await failure(a.posix.connect(fd, { address: "b", port: 1 }));
      expect(perror("connect", error)).toBe("connect: Connection refused");
      await a.posix.close(fd);
    });
  });
});

describe("select and poll", () => {
  it("tell of urgent data in the except set (RFC9293-MUST-32)", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const listening = b.socket();
      listening.bind({ address: "", port: 80 });
      listening.listen();
      const client = a.socket();
      await client.connect({ address: "b", port: 80 });
      const [server] = await listening.accept();
      const fd = server.fileno();
      const waiting = b.posix.select({ read: [], except: [fd] }, null);
      await client.send("!", MSG_OOB);
      expect((await waiting).except).toEqual([fd]);
      expect(text(await server.recv(1, MSG_OOB))).toBe("!");
      expect((await b.posix.select({ except: new Set([fd]) }, 0)).except).toEqual([]);
      await Promise.all([client, server, listening].map((socket) => socket.close()));
    });
  });
});
