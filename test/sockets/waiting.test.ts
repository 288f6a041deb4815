import { describe, expect, it } from "vitest";
import {
  DeadlockError,
  MSG_DONTWAIT,
  SHUT_WR,
  SO_ERROR,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SO_SNDBUF,
  SO_SNDTIMEO,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../src/index.ts";
import {
  connection,
  failure,
  listener,
  network,
  pair,
  pattern,
  readAll,
  receiver,
  text,
} from "../support/world.ts";

describe("settimeout", () => {
  it("recv, accept and recvfrom reject with ETIMEDOUT when the time is over, and may be called again", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const listening = listener(b, 81);
      const datagrams = receiver(b, 53);
      for (const [socket, call] of [
        [server, () => server.recv(10)],
        [listening, () => listening.accept()],
        [datagrams, () => datagrams.recvfrom(10)],
      ] as const) {
        const before = net.now;
        socket.settimeout(250);
        expect((await failure(call())).code).toBe("ETIMEDOUT");
        expect(net.now - before).toBe(250);
      }
      await client.sendall("late");
      expect(text(await server.recv(10))).toBe("late");
      await Promise.all([client, server, listening, datagrams].map((socket) => socket.close()));
    });
  });

  it("sendall rejects though part of the data was taken", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      client.setsockopt(SOL_SOCKET, SO_SNDBUF, 5000);
      client.settimeout(100);
      expect((await failure(client.sendall(pattern(10_000_000)))).message).toBe("send ETIMEDOUT");
      const reading = readAll(server);
      await client.close();
      expect((await reading).length).toBeGreaterThan(0);
      await server.close();
    });
  });

  it("settles the timer when the call succeeds in time", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      server.settimeout(600_000);
      const waiting = server.recv(10);
      await client.sendall("now");
      expect(text(await waiting)).toBe("now");
      await Promise.all([client.close(), server.close()]);
    });
    await net.idle();
    expect(net.now).toBeLessThan(600_000); // TIME-WAIT was the last to happen
  });

  it("is null at first, and says what it says", async () => {
    const host = network().host("a");
    const socket = host.socket();
    expect([socket.gettimeout(), socket.getblocking()]).toEqual([null, true]);
    socket.settimeout(1500);
    expect([socket.gettimeout(), socket.getblocking()]).toEqual([1500, true]);
    socket.setblocking(false);
    expect([socket.gettimeout(), socket.getblocking()]).toEqual([0, false]);
    socket.setblocking(true);
    expect([socket.gettimeout(), socket.getblocking()]).toEqual([null, true]);
    await socket.close();
  });
});

describe("SO_RCVTIMEO and SO_SNDTIMEO", () => {
  it("make calls fail with EWOULDBLOCK, connect with EINPROGRESS, as in Linux", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      server.setsockopt(SOL_SOCKET, SO_RCVTIMEO, 300);
      const before = net.now;
      expect((await failure(server.recv(10))).message).toBe("recv EWOULDBLOCK");
      expect(net.now - before).toBe(300);
      client.setsockopt(SOL_SOCKET, SO_SNDTIMEO, 200);
      client.setsockopt(SOL_SOCKET, SO_SNDBUF, 5000);
      expect((await failure(client.sendall(pattern(10_000_000)))).message).toBe("send EWOULDBLOCK");
      await Promise.all([client.close(), server.close()]);
      net.partition(a, b);
      const lost = a.socket();
      lost.setsockopt(SOL_SOCKET, SO_SNDTIMEO, 100);
      expect((await failure(lost.connect({ address: "b", port: 80 }))).code).toBe("EINPROGRESS");
      await lost.close();
      net.heal(a, b);
    });
  });

  it("settimeout wins over them", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const socket = receiver(a, 53);
      socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, 50);
      socket.settimeout(100);
      expect((await failure(socket.recv(1))).code).toBe("ETIMEDOUT");
      expect(net.now).toBe(100);
      await socket.close();
    });
  });
});

describe("a non-blocking socket", () => {
  it("answers EWOULDBLOCK where it would have to wait", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const listening = listener(b, 80);
      listening.setblocking(false);
      expect((await failure(listening.accept())).message).toBe("accept EWOULDBLOCK");
      const client = a.socket();
      await client.connect({ address: "b", port: 80 });
      const [server] = await listening.accept();
      expect(server.getblocking()).toBe(true);
      client.setblocking(false);
      expect((await failure(client.recv(1))).errno).toBe(-11);
      expect(await client.send(pattern(10_000_000))).toBeGreaterThan(0);
      expect((await failure(client.send("x"))).message).toBe("send EWOULDBLOCK");
      expect((await failure(client.sendall("x"))).message).toBe("send EWOULDBLOCK");
      const reading = readAll(server);
      await client.close();
      await reading;
      await Promise.all([server.close(), listening.close()]);
    });
  });

  it("connects in the background: EINPROGRESS, EALREADY, then 0 and EISCONN", async () => {
    const { net, a, b } = pair({ latency: 10 });
    await net.run(async () => {
      const listening = listener(b, 80);
      const client = a.socket(undefined, SOCK_STREAM | SOCK_NONBLOCK);
      expect(client.getblocking()).toBe(false);
      const where = { address: "b", port: 80 };
      expect((await failure(client.connect(where))).message).toBe("connect EINPROGRESS 10.0.0.2:80");
      expect(await client.connect_ex(where)).toBe(114);
      await net.sleep(20);
      expect(await client.connect_ex(where)).toBe(0);
      expect(await client.connect_ex(where)).toBe(106);
      const [server] = await listening.accept();
      await Promise.all([client.close(), server.close(), listening.close()]);
    });
  });

  it("tells a failed connect by SO_ERROR, once", async () => {
    const { net, a } = pair({ latency: 10 });
    await net.run(async () => {
      const client = a.socket();
      client.setblocking(false);
      const where = { address: "b", port: 80 };
      expect(await client.connect_ex(where)).toBe(115);
      await net.sleep(20);
      expect(client.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(111);
      expect(client.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0);
      expect(await client.connect_ex(where)).toBe(103); // as in Linux: the error is gone, the attempt failed all the same
      expect(await client.connect_ex(where)).toBe(115);
      await net.sleep(20);
      expect(await client.connect_ex(where)).toBe(111);
      await client.close();
    });
  });

  it("a blocking connect joins an attempt that is under way", async () => {
    const { net, a, b } = pair({ latency: 10 });
    await net.run(async () => {
      const listening = listener(b, 80);
      const client = a.socket();
      client.setblocking(false);
      const where = { address: "b", port: 80 };
      expect(await client.connect_ex(where)).toBe(115);
      client.setblocking(true);
      await client.connect(where);
      expect(net.now).toBe(20);
      await Promise.all([client.close(), listening.close()]);
    });
  });
});

describe("calls that nobody awaited", () => {
  it("are served in the order they were made", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const got: string[] = [];
      const reading = [1, 2, 3].map((size, index) =>
        server.recv(size).then((bytes) => got.push(`${index}: ${text(bytes)}`)),
      );
      await client.sendall("abbccc");
      await Promise.all(reading);
      expect(got).toEqual(["0: a", "1: bb", "2: ccc"]);
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("do not mix their bytes", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      client.setsockopt(SOL_SOCKET, SO_SNDBUF, 5000);
      const sending = ["1", "2", "3"].map((digit) => client.sendall(digit.repeat(100_000)));
      const reading = readAll(server);
      await Promise.all(sending);
      client.shutdown(SHUT_WR);
      expect(text(await reading)).toBe("1".repeat(100_000) + "2".repeat(100_000) + "3".repeat(100_000));
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("keep their turn though there would be room for a smaller one", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      client.setsockopt(SOL_SOCKET, SO_SNDBUF, 9000);
      server.setsockopt(SOL_SOCKET, SO_RCVBUF, 9000);
      const first = client.sendall("1".repeat(500_000));
      await net.sleep(100);
      await server.recv(2000); // some room, but not the third of the buffer that wakes a sender
      await net.sleep(1000);
      const second = client.sendall("2");
      const reading = readAll(server);
      await Promise.all([first, second]);
      client.shutdown(SHUT_WR);
      expect(text(await reading)).toBe(`${"1".repeat(498_000)}2`);
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("may be made before the connection is there", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const listening = listener(b, 80);
      const client = a.socket();
      const connecting = client.connect({ address: "b", port: 80 });
      const sending = client.sendall("early");
      const [server] = await listening.accept();
      expect(text(await server.recv(10))).toBe("early");
      await Promise.all([connecting, sending]);
      await Promise.all([client.close(), server.close(), listening.close()]);
    });
  });

  it("reject with EBADF when the socket is closed under them, as calls afterwards do", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const listening = listener(b, 81);
      const waiting = [failure(client.recv(1)), failure(listening.accept())];
      await Promise.all([client.close(), listening.close()]);
      expect((await Promise.all(waiting)).map((error) => error.message)).toEqual([
        "recv EBADF",
        "accept EBADF",
      ]);
      expect((await failure(client.recv(1, MSG_DONTWAIT))).message).toBe("recv EBADF");
      expect(client.fileno()).toBe(-1);
      await client.close();
      await server.close();
    });
  });

  it("are listed with what they wait for, by a DeadlockError too", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const listening = listener(b, 81);
      const stuck = net.sleep(1).then(() => Promise.all([server.recv(1), listening.accept()]));
      const waiting = stuck.catch((error) => error.code);
      await net.sleep(2);
      const { port } = client.getsockname();
      expect([...b.pendingCalls].map((call) => call.describe())).toEqual([
        `recv on 10.0.0.2:80 ↔ 10.0.0.1:${port} (ESTABLISHED)`,
        "accept on 0.0.0.0:81 (LISTEN)",
      ]);
      await Promise.all([client, server, listening].map((socket) => socket.close()));
      expect(await waiting).toBe("EBADF");
      expect(b.pendingCalls.size).toBe(0);
    });
  });

  it("that can never end make run reject with a DeadlockError", async () => {
    const net = network({ grace: 5 });
    const host = net.host("a");
    const socket = receiver(host, 53);
    const stuck = net.run(() => socket.recv(1).catch(() => "closed"));
    const error = await stuck.catch((thrown) => thrown);
    expect(error).toBeInstanceOf(DeadlockError);
    expect(error.message).toContain("a: recv on 0.0.0.0:53 (UNCONN)");
    await socket.close();
  });
});

describe("the calls that receive", () => {
  it("go by their own names, in errors and while they wait", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const buffer = new Uint8Array(10);
      for (const [name, call] of [
        ["recv", () => server.recv(10)],
        ["recv_into", () => server.recv_into(buffer)],
        ["recvfrom", () => server.recvfrom(10)],
        ["recvfrom_into", () => server.recvfrom_into(buffer)],
      ] as const) {
        server.setblocking(false);
        expect((await failure(call())).message).toBe(`${name} EWOULDBLOCK`);
        server.settimeout(1);
        const waiting = failure(call());
        expect([...b.pendingCalls][0]?.describe()).toMatch(new RegExp(`^${name} on 10\\.0\\.0\\.2:80 `));
        expect(await waiting).toMatchObject({ syscall: name, code: "ETIMEDOUT" });
      }
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("of no bytes end at once, as in Python, and take nothing", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      expect(await server.recv(0)).toEqual(new Uint8Array(0));
      expect(await server.recv_into(new Uint8Array(0))).toBe(0);
      const datagrams = receiver(a, 53);
      await datagrams.sendto("here", { address: "127.0.0.1", port: 53 });
      await net.sleep(1);
      expect((await datagrams.recv(0)).length).toBe(0);
      expect(text(await datagrams.recv(10))).toBe("here");
      await Promise.all([client.close(), server.close(), datagrams.close()]);
      expect((await server.recv(0)).length).toBe(0); // Python 3.11 does not even look whether it is open
    });
  });
});
