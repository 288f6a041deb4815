import { describe, expect, it } from "vitest";
import {
  GaiError,
  IPPROTO_TCP,
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SO_ERROR,
  SO_LINGER,
  SO_OOBINLINE,
  SO_RCVBUF,
  SO_SNDBUF,
  SOL_SOCKET,
  TCP_NODELAY,
} from "../../src/index.ts";
import { connection, failure, listener, pair, pattern, readAll, text, thrown } from "../support/world.ts";

describe("connect and accept", () => {
  it("give both ends each other's addresses", async () => {
    const { net, a, b } = pair({ latency: 10 });
    await net.run(async () => {
      const listening = listener(b, 80);
      expect(listening.getsockname()).toEqual({ address: "0.0.0.0", port: 80, family: "IPv4" });
      const client = a.socket();
      expect(client.getsockname()).toEqual({ address: "0.0.0.0", port: 0, family: "IPv4" });
      await client.connect({ address: "b", port: 80 });
      const [server, peer] = await listening.accept();
      expect(peer).toEqual(client.getsockname());
      expect(peer.address).toBe("10.0.0.1");
      expect(server.getpeername()).toEqual(peer);
      expect(client.getpeername()).toEqual({ address: "10.0.0.2", port: 80, family: "IPv4" });
      expect(server.getsockname()).toEqual(client.getpeername());
      await Promise.all([client.close(), server.close(), listening.close()]);
    });
  });

  it("refused: ECONNREFUSED with the address, and the socket may try again", async () => {
    const { net, a, b } = pair({ latency: 10 });
    await net.run(async () => {
      const client = a.socket();
      client.bind({ address: "", port: 5000 });
      client.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
      const error = await failure(client.connect({ address: "b", port: 80 }));
      expect({ ...error }).toMatchObject({
        code: "ECONNREFUSED",
        errno: -111,
        syscall: "connect",
        address: "10.0.0.2",
        port: 80,
      });
      expect(error.message).toBe("connect ECONNREFUSED 10.0.0.2:80");
      const listening = listener(b, 80);
      await client.connect({ address: "b", port: 80 });
      expect(client.getsockname().port).toBe(5000);
      expect(client.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(1);
      const [server] = await listening.accept();
      await Promise.all([client.close(), server.close(), listening.close()]);
    });
  });

  it("connect_ex gives the error as a number, positive as in Python", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const client = a.socket();
      expect(await client.connect_ex({ address: "b", port: 80 })).toBe(111);
      expect(await client.connect_ex({ address: "10.99.0.1", port: 80 })).toBe(101);
      const listening = listener(b, 80);
      expect(await client.connect_ex({ address: "b", port: 80 })).toBe(0);
      expect(await client.connect_ex({ address: "b", port: 80 })).toBe(106);
      await expect(client.connect_ex({ address: "b", port: 1e6 })).rejects.toThrow(RangeError);
      await Promise.all([client.close(), listening.close()]);
    });
  });

  it("a name that nobody has is EAI_NONAME, and so is what cannot be one", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const client = a.socket();
      for (const address of ["nobody", "256.1.1.1", "no blanks"]) {
        const error = await failure(client.connect({ address, port: 80 }));
        expect(error).toBeInstanceOf(GaiError);
        expect(error).toMatchObject({ message: `getaddrinfo EAI_NONAME ${address}`, errno: -2, address });
        expect(thrown(() => client.bind({ address, port: 80 })).code).toBe("EAI_NONAME");
      }
      await client.close();
    });
  });

  it("a host that never answers: ETIMEDOUT after settimeout's time", async () => {
    const { net, a, b } = pair({ latency: 10 });
    net.partition(a, b);
    await net.run(async () => {
      const client = a.socket();
      client.settimeout(5000);
      expect((await failure(client.connect({ address: "b", port: 80 }))).message).toBe(
        "connect ETIMEDOUT 10.0.0.2:80",
      );
      expect(net.now).toBe(5000);
      await client.close();
    });
  });

  it("connects to itself through 0.0.0.0, and to itself by name", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const listening = listener(b, 80);
      for (const address of ["", "localhost", "b", "127.0.0.1"]) {
        const client = b.socket();
        await client.connect({ address, port: 80 });
        const [server] = await listening.accept();
        expect(server.getpeername().port).toBe(client.getsockname().port);
        await Promise.all([client.close(), server.close()]);
      }
      await listening.close();
    });
  });

  it("accept on a socket that does not listen is EINVAL, on one that is connected too", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const socket = a.socket();
      expect((await failure(socket.accept())).message).toBe("accept EINVAL");
      await socket.close();
      const [client, server] = await connection(a, b);
      expect((await failure(server.accept())).code).toBe("EINVAL");
      expect(thrown(() => server.listen()).message).toBe("listen EINVAL");
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("the local address may be named on either side (RFC9293-MUST-43)", async () => {
    const { net, a, b } = pair();
    net.link(a, b); // second addresses: 10.0.1.1 and 10.0.1.2
    await net.run(async () => {
      const listening = b.socket();
      listening.bind({ address: "10.0.1.2", port: 80 });
      listening.listen();
      const refused = a.socket();
      expect(await refused.connect_ex({ address: "10.0.0.2", port: 80 })).toBe(111);
      const client = a.socket();
      client.bind({ address: "10.0.1.1", port: 0 });
      await client.connect({ address: "10.0.1.2", port: 80 });
      const [server, peer] = await listening.accept();
      expect(peer.address).toBe("10.0.1.1");
      await Promise.all([refused.close(), client.close(), server.close(), listening.close()]);
    });
  });

  it("a bound port is in use, an address must be our own", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const first = listener(a, 80);
      const second = a.socket();
      expect(thrown(() => second.bind({ address: "", port: 80 })).message).toBe("bind EADDRINUSE 0.0.0.0:80");
      expect(thrown(() => second.bind({ address: "10.0.0.77", port: 80 })).message).toBe(
        "bind EADDRNOTAVAIL 10.0.0.77:80",
      );
      second.bind({ address: "a", port: 0 });
      expect(second.getsockname()).toMatchObject({ address: "10.0.0.1" });
      const [firstPort, lastPort] = a.tcp.config.ephemeralPorts;
      expect(second.getsockname().port).toBeGreaterThanOrEqual(firstPort);
      expect(second.getsockname().port).toBeLessThanOrEqual(lastPort);
      await Promise.all([first.close(), second.close()]);
    });
  });

  it("the backlog bounds what waits for accept; nothing is lost", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const listening = listener(b, 80, 1);
      const clients = Array.from({ length: 6 }, () => a.socket());
      const connecting = clients.map((client) => client.connect({ address: "b", port: 80 }));
      await net.sleep(500);
      const waiting = b.netstat().sockets.find((row) => row.state === "LISTEN")!;
      expect(waiting.recvQueue).toBeLessThanOrEqual(2);
      expect(waiting.sendQueue).toBe(1);
      for (const _ of clients) {
        const [server] = await listening.accept();
        await server.close();
      }
      await Promise.all(connecting);
      await Promise.all([...clients, listening].map((socket) => socket.close()));
    });
  });
});

describe("send and receive", () => {
  it("bring a megabyte across a bad wire as it was, both ways", async () => {
    const { net, a, b } = pair({ latency: 5, loss: 0.02, reorder: 0.05, duplicate: 0.01 });
    const data = pattern(1 << 20);
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const half = async (socket: typeof client) => {
        const [, received] = await Promise.all([
          socket.sendall(data).then(() => socket.shutdown(SHUT_WR)),
          readAll(socket),
        ]);
        expect(received.length).toBe(data.length);
        expect(received.every((byte, at) => byte === data[at])).toBe(true);
      };
      await Promise.all([half(client), half(server)]);
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("send takes what there is room for; sendall takes everything", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      client.setsockopt(SOL_SOCKET, SO_SNDBUF, 10_000);
      server.setsockopt(SOL_SOCKET, SO_RCVBUF, 10_000);
      expect(await client.send(pattern(50_000))).toBe(10_000);
      let settled = false;
      const sending = client.sendall(pattern(200_000)).then(() => {
        settled = true;
      });
      await net.sleep(1000);
      expect(settled).toBe(false);
      const reading = readAll(server);
      await sending;
      client.shutdown(SHUT_WR);
      expect((await reading).length).toBe(210_000);
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("recv gives at most what was asked for, and 0 bytes at the end; the other way stays open", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      await client.sendall("hola");
      client.shutdown(SHUT_WR);
      expect(text(await server.recv(3))).toBe("hol");
      expect(text(await server.recv(1000))).toBe("a");
      expect((await server.recv(10)).length).toBe(0);
      expect((await server.recv(10)).length).toBe(0);
      expect((await failure(client.send("x"))).message).toBe("send EPIPE");
      await server.sendall("pues hola");
      expect(text(await client.recv(100))).toBe("pues hola");
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("recv_into fills a buffer, or part of it", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      await client.sendall("abcdef");
      const buffer = new Uint8Array(8);
      expect(await server.recv_into(buffer, 2)).toBe(2);
      expect(await server.recv_into(buffer.subarray(4))).toBe(4);
      expect(text(buffer)).toBe("ab\0\0cdef");
      expect(await server.recv_into(new Uint8Array(0), 0, MSG_DONTWAIT)).toBe(0);
      const [bytes, from] = await (async () => {
        await client.sendall("!");
        return server.recvfrom(10);
      })();
      expect([text(bytes), from]).toEqual(["!", null]); // tried with Python 3.11: None
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("MSG_PEEK leaves the bytes, MSG_TRUNC throws them away, MSG_DONTWAIT does not wait", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      expect((await failure(server.recv(10, MSG_DONTWAIT))).message).toBe("recv EWOULDBLOCK");
      await client.sendall("uno dos");
      expect(text(await server.recv(100, MSG_PEEK))).toBe("uno dos");
      expect(await server.recv_into(new Uint8Array(4), 0, MSG_TRUNC)).toBe(4);
      expect(text(await server.recv(100))).toBe("dos");
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("MSG_WAITALL waits until everything is there, or the end", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const peeked = server.recv(6, MSG_WAITALL | MSG_PEEK);
      const all = server.recv(6, MSG_WAITALL);
      for (const part of ["ab", "cd", "efgh"]) {
        await net.sleep(10);
        await client.sendall(part);
      }
      expect(text(await peeked)).toBe("abcdef");
      expect(text(await all)).toBe("abcdef");
      const rest = server.recv(100, MSG_WAITALL);
      client.shutdown(SHUT_WR);
      expect(text(await rest)).toBe("gh");
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("MSG_WAITALL whose time runs out gives what has come", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      await client.sendall("abc");
      server.settimeout(50);
      expect(text(await server.recv(6, MSG_WAITALL))).toBe("abc");
      expect((await failure(server.recv(6, MSG_WAITALL))).code).toBe("ETIMEDOUT");
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("what has come before a reset is given first: to MSG_WAITALL, and as the count of a send that waited", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const all = client.recv(10, MSG_WAITALL);
      const sending = a.posix.send(client.fileno(), pattern(10_000_000));
      await server.sendall("abc");
      await net.sleep(50);
      server.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
      await server.close();
      expect(text(await all)).toBe("abc");
      const taken = await sending;
      expect(taken).toBeGreaterThan(0);
      expect(taken).toBeLessThan(10_000_000);
      expect((await failure(client.recv(10))).message).toBe("recv ECONNRESET");
      await client.close();
    });
  });

  it("urgent data comes by MSG_OOB, past the stream (RFC9293-MUST-30)", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      expect((await failure(server.recv(1, MSG_OOB))).code).toBe("EINVAL");
      await client.sendall("abc");
      await client.send("X", MSG_OOB);
      await client.sendall("def");
      await net.sleep(100);
      expect(text(await server.recv(10, MSG_OOB))).toBe("X");
      expect(text(await server.recv(10))).toBe("abc");
      expect(text(await server.recv(10))).toBe("def");
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("with SO_OOBINLINE urgent data stays in its place, and reading stops at the mark (RFC9293-MUST-33)", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const fd = server.fileno();
      server.setsockopt(SOL_SOCKET, SO_OOBINLINE, 1);
      await client.sendall("abc");
      await client.send("X", MSG_OOB);
      await client.sendall("def");
      await net.sleep(100);
      expect(b.posix.sockatmark(fd)).toBe(0);
      expect(text(await server.recv(10))).toBe("abc");
      expect(b.posix.sockatmark(fd)).toBe(1);
      expect(text(await server.recv(10))).toBe("Xdef");
      expect(b.posix.sockatmark(fd)).toBe(0);
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("without a connection: recv is ENOTCONN, send EPIPE, shutdown ENOTCONN", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const socket = a.socket();
      expect((await failure(socket.recv(1))).message).toBe("recv ENOTCONN");
      expect((await failure(socket.send("x"))).message).toBe("send EPIPE");
      expect(thrown(() => socket.shutdown(SHUT_RDWR)).message).toBe("shutdown ENOTCONN");
      expect(thrown(() => socket.getpeername()).message).toBe("getpeername ENOTCONN");
      socket.bind({ address: "", port: 80 });
      socket.listen();
      expect((await failure(socket.recv(1))).message).toBe("recv ENOTCONN");
      await socket.close();
    });
  });
});

describe("the end of a connection", () => {
  it("closing with unread data resets the peer: ECONNRESET once, then EPIPE (RFC9293-MUST-12)", async () => {
    const { net, a, b } = pair({ latency: 2 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      await client.sendall("never read");
      await net.sleep(10);
      const waiting = failure(client.recv(10));
      await server.close();
      expect((await waiting).message).toBe("recv ECONNRESET");
      expect((await client.recv(10)).length).toBe(0);
      expect((await failure(client.send("x"))).code).toBe("EPIPE");
      await client.close();
    });
  });

  it("SO_LINGER of 0 seconds resets at once; SO_ERROR tells it", async () => {
    const { net, a, b } = pair({ latency: 2 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      client.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
      await client.close();
      await net.sleep(10);
      expect(a.netstat().sockets).toEqual([]);
      expect(server.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(104);
      expect(server.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0);
      await server.close();
    });
  });

  it("SO_LINGER with a time: close waits until the peer has everything", async () => {
    const { net, a, b } = pair({ latency: 50, bandwidth: 8e6 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      client.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 30 });
      await client.sendall(pattern(200_000));
      const reading = readAll(server);
      const before = net.now;
      await client.close();
      expect(net.now - before).toBeGreaterThan(200);
      expect(b.netstat().sockets[0]!.state).toBe("CLOSE-WAIT");
      expect((await reading).length).toBe(200_000);
      await server.close();
    });
  });

  it("SO_LINGER with a time: close waits no longer than that", async () => {
    const { net, a, b } = pair({ latency: 50 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      client.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 3 });
      net.partition(a, b);
      await client.sendall("late");
      const before = net.now;
      await client.close();
      expect(net.now - before).toBe(3000);
      net.heal(a, b);
      expect(text(await readAll(server))).toBe("late"); // it goes on by itself
      await server.close();
    });
  });

  it("SO_LINGER with a time: with unread data close resets at once", async () => {
    const { net, a, b } = pair({ latency: 50 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      await server.sendall("unread");
      await net.sleep(60);
      client.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 5 });
      const before = net.now;
      await client.close();
      expect(net.now).toBe(before);
      expect((await failure(server.recv(1))).code).toBe("ECONNRESET");
      await server.close();
    });
  });

  it("SO_LINGER with a time: calls that wait reject at once, though close goes on", async () => {
    const { net, a, b } = pair({ latency: 50 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      client.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 5 });
      const waiting = failure(client.recv(1));
      const before = net.now;
      const closing = client.close();
      expect((await waiting).message).toBe("recv EBADF");
      expect(net.now).toBe(before);
      await closing;
      expect(net.now).toBeGreaterThan(before);
      await server.close();
    });
  });

  it("without SO_LINGER close does not wait, and the data still arrives", async () => {
    const { net, a, b } = pair({ latency: 50 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      await client.sendall("hola");
      const before = net.now;
      await client.close();
      expect(net.now).toBe(before);
      expect(text(await readAll(server))).toBe("hola");
      await server.close();
    });
  });

  it("shutdown for reading ends what waits, and what comes", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const waiting = server.recv(10);
      server.shutdown(SHUT_RD);
      expect((await waiting).length).toBe(0);
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("many clients are served at once", async () => {
    const { net, a, b } = pair({ latency: 7, jitter: 3, loss: 0.01 });
    await net.run(async () => {
      const listening = listener(b, 80, 128);
      const serving = (async () => {
        const served: Promise<void>[] = [];
        for await (const connected of listening.connections()) {
          served.push(
            (async () => {
              for await (const chunk of connected.chunks()) await connected.sendall(chunk);
              await connected.close();
            })(),
          );
        }
        await Promise.all(served);
        return served.length;
      })();
      await Promise.all(
        Array.from({ length: 100 }, async (_, index) => {
          const client = a.socket();
          await client.connect({ address: "b", port: 80 });
          await client.sendall(`client ${index}`);
          client.shutdown(SHUT_WR);
          expect(text(await readAll(client))).toBe(`client ${index}`);
          await client.close();
        }),
      );
      await listening.close();
      expect(await serving).toBe(100);
    });
  });
});
