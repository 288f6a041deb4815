import { describe, expect, it } from "vitest";
import {
  AF_INET,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLRDHUP,
  SHUT_WR,
  SO_LINGER,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "../../src/index.ts";
import { connection, listener, network, pair, pattern, readAll, receiver, text } from "../support/world.ts";

describe("poll", () => {
  it("waits until one of many is ready, and fills in revents", async () => {
    const { net, a, b } = pair({ latency: 5 });
    await net.run(async () => {
      const [first, second] = [receiver(b, 1), receiver(b, 2)];
      const fds = [first, second].map((socket) => ({ fd: socket.fileno(), events: POLLIN, revents: 99 }));
      const waiting = b.posix.poll(fds, -1);
      const sender = a.socket(AF_INET, SOCK_DGRAM);
      await sender.sendto("x", { address: "b", port: 2 });
      expect(await waiting).toBe(1);
      expect(net.now).toBe(5);
      expect(fds.map(({ revents }) => revents)).toEqual([0, POLLIN]);
      expect(await b.posix.poll(fds, 0)).toBe(1); // level-triggered
      await second.recv(1);
      expect(await b.posix.poll(fds, 0)).toBe(0);
      await Promise.all([first, second, sender].map((socket) => socket.close()));
    });
  });

  it("stops its timer when something is ready in time", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const socket = receiver(b, 1);
      const waiting = b.posix.select({ read: [socket.fileno()] }, 60_000);
      await socket.sendto("x", { address: "127.0.0.1", port: 1 });
      expect((await waiting).read).toEqual([socket.fileno()]);
      await socket.close();
    });
    await net.idle();
    expect(net.now).toBe(0);
  });

  it("returns 0 when the time is over, and leaves nobody waiting", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const socket = receiver(b, 1);
      const fds = [{ fd: socket.fileno(), events: POLLIN }];
      expect(await b.posix.poll(fds, 30)).toBe(0);
      expect(net.now).toBe(30);
      expect(fds).toEqual([{ fd: socket.fileno(), events: POLLIN, revents: 0 }]);
      expect(socket.core.watchers.empty).toBe(true);
      await socket.close();
    });
  });

  it("without descriptors it is a sleep; negative descriptors are passed over", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const fds = [{ fd: -1, events: POLLIN, revents: 5 }];
      expect(await b.posix.poll(fds, 40)).toBe(0);
      expect(fds[0]!.revents).toBe(0);
      expect((await b.posix.select({}, 2.5)).read).toEqual([]);
      expect(net.now).toBe(42.5);
    });
  });

  it("says POLLNVAL for a descriptor that is not open", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const fds = [{ fd: 77, events: 0, revents: 0 }];
      expect(await b.posix.poll(fds, -1)).toBe(1);
      expect(fds[0]!.revents).toBe(POLLNVAL);
    });
  });

  it("says POLLNVAL when the socket is closed under it", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const socket = receiver(b, 1);
      const fds = [{ fd: socket.fileno(), events: POLLIN, revents: 0 }];
      const waiting = b.posix.poll(fds, -1);
      await socket.close();
      expect(await waiting).toBe(1);
      expect(fds[0]!.revents).toBe(POLLNVAL);
    });
  });

  it("follows a connection's life as Linux's tcp_poll does", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const events = POLLIN | POLLOUT | POLLRDHUP;
      const state = async (socket: { fileno(): number }, host = b) => {
        const fds = [{ fd: socket.fileno(), events, revents: 0 }];
        await host.posix.poll(fds, 0);
        return fds[0]!.revents;
      };
      const fresh = b.socket();
      expect(await state(fresh)).toBe(POLLOUT | POLLHUP);
      await fresh.close();
      const listening = listener(b, 80);
      expect(await state(listening)).toBe(0);
      const client = a.socket();
      const connecting = client.connect({ address: "b", port: 80 });
      expect(await state(client, a)).toBe(0);
      await connecting;
      await net.sleep(2);
      expect(await state(listening)).toBe(POLLIN);
      const [server] = await listening.accept();
      expect(await state(listening)).toBe(0);
      expect(await state(server)).toBe(POLLOUT);
      await client.sendall("x");
      await net.sleep(2);
      expect(await state(server)).toBe(POLLOUT | POLLIN);
      client.shutdown(SHUT_WR);
      await net.sleep(2);
      await server.recv(10);
      expect(await state(server)).toBe(POLLOUT | POLLIN | POLLRDHUP);
      server.shutdown(SHUT_WR);
      expect(await state(server)).toBe(POLLOUT | POLLIN | POLLRDHUP | POLLHUP);
      await Promise.all([client, server, listening].map((socket) => socket.close()));
    });
  });

  it("tells of a reset without being asked", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const fds = [{ fd: server.fileno(), events: 0, revents: 0 }];
      const waiting = b.posix.poll(fds, -1);
      client.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
      await client.close();
      expect(await waiting).toBe(1);
      expect(fds[0]!.revents).toBe(POLLERR | POLLHUP);
      await server.close();
    });
  });

  it("POLLOUT comes back when the peer has read", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      client.settimeout(50);
      await client.sendall(pattern(20_000_000)).catch(() => {});
      const fds = [{ fd: client.fileno(), events: POLLOUT, revents: 0 }];
      expect(await a.posix.poll(fds, 100)).toBe(0);
      const reading = readAll(server);
      expect(await a.posix.poll(fds, -1)).toBe(1);
      expect(fds[0]!.revents).toBe(POLLOUT);
      await client.close();
      await reading;
      await server.close();
    });
  });

  it("is listed among the pending calls", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const [first, second] = [receiver(b, 1), receiver(b, 2)];
      const waiting = b.posix.select({ read: [first.fileno(), second.fileno()] }, 10);
      expect([...b.pendingCalls].map((call) => call.describe())).toEqual(["select on descriptors 3, 4"]);
      await waiting;
      expect(b.pendingCalls.size).toBe(0);
      await Promise.all([first.close(), second.close()]);
    });
  });

  it("refuses a time that is none, and events that are none", async () => {
    const { posix } = network().host("a");
    await expect(posix.poll([], Number.NaN)).rejects.toThrow(
      "poll: the time is a number of milliseconds up to 1e12, or -1 or null for ever, not NaN",
    );
    await expect(posix.select({}, "5" as never)).rejects.toThrow(TypeError);
    await expect(posix.poll([{ fd: 1, events: "in" as never }], 0)).rejects.toThrow(TypeError);
  });
});

describe("select", () => {
  it("serves many clients in one loop, as a C server does", async () => {
    const { net, a, b } = pair({ latency: 3 });
    await net.run(async () => {
      const { posix } = b;
      const listening = listener(b, 80).detach();
      let served = 0;
      const serve = async () => {
        const clients = new Set<number>();
        const buffer = new Uint8Array(100);
        while (served < 10) {
          const { read } = await posix.select({ read: [listening, ...clients] }, null);
          for (const fd of read) {
            if (fd === listening) {
              clients.add((await posix.accept(fd)).fd);
              continue;
            }
            const n = await posix.recv(fd, buffer);
            if (n > 0) {
              await posix.send(fd, buffer.subarray(0, n));
              continue;
            }
            clients.delete(fd);
            await posix.close(fd);
            served++;
          }
        }
        await posix.close(listening);
      };
      const ask = async (index: number) => {
        const client = a.socket();
        await client.connect({ address: "b", port: 80 });
        for (let round = 0; round < 3; round++) {
          await client.sendall(`${index} ${round}`);
          expect(text(await client.recv(100))).toBe(`${index} ${round}`);
        }
        await client.close();
      };
      await Promise.all([serve(), ...Array.from({ length: 10 }, (_, index) => ask(index))]);
    });
  });
});
