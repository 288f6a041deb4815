/** Python's `select` module on a host. What is expected was said by Python 3.11 on Linux, unless a test says otherwise. */
import { describe, expect, it } from "vitest";
import {
  EPOLL_CLOEXEC,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLRDHUP,
  type Host,
  MSG_OOB,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDHUP,
} from "../../src/index.ts";
import { connection, failure, listener, network, pair, text, thrown } from "../support/world.ts";

async function alone(program: (host: Host, sleep: (ms: number) => Promise<void>) => Promise<void>) {
  const net = network({ seed: 1 });
  const host = net.host("a");
  await net.run(() => program(host, (ms) => net.sleep(ms)));
}

describe("select", () => {
  it("gives back the objects that are ready, sockets, files and descriptors", async () => {
    await alone(async (host) => {
      const [a, b] = host.socketpair();
      const file = b.makefile("rb");
      await a.send("x");
      const [readable, writable, exceptional] = await host.select([a, b, file], [b.fileno(), a, a], [a, b]);
      expect([readable[0] === b, readable[1] === file, readable.length]).toEqual([true, true, 2]);
      expect([writable[0], writable[1] === a, writable.length]).toEqual([b.fileno(), true, 3]);
      expect(exceptional).toEqual([]);
      await Promise.all([file.close(), a.close(), b.close()]);
    });
  });

  it("waits for a connection, data, the end, urgent data, room, or the time", async () => {
    const { net, a, b } = pair({ latency: 10 });
    await net.run(async () => {
      const listening = listener(b, 80);
      const client = a.socket();
      const connecting = client.connect({ address: "b", port: 80 });
      expect((await b.select([listening], [], []))[0]).toEqual([listening]);
      await connecting;
      const [server] = await listening.accept();
      const start = net.now;
      expect(await b.select([server], [], [server], 25)).toEqual([[], [], []]);
      expect(net.now).toBe(start + 25);
      await client.send("!", MSG_OOB);
      expect((await b.select([], [], [server]))[2]).toEqual([server]);
      server.setblocking(false);
      while ((await server.send(new Uint8Array(1 << 20)).catch(() => 0)) > 0);
      expect(await b.select([], [server], [], 0)).toEqual([[], [], []]);
      const room = b.select([], [server], []);
      while ((await a.select([client], [], [], 100))[0].length > 0) await client.recv(1 << 20);
      expect((await room)[1]).toEqual([server]);
      await client.close();
      expect((await b.select([server], [], []))[0]).toEqual([server]);
      await Promise.all([server.close(), listening.close()]);
    });
  });

  it("is a pure sleep without sockets", async () => {
    const net = network({ seed: 1 });
    const host = net.host("a");
    await net.run(async () => {
      expect(await host.select([], [], [], 40)).toEqual([[], [], []]);
      expect(net.now).toBe(40);
      expect(await host.select([], [], [], 0)).toEqual([[], [], []]);
    });
  });

  it("says what is wrong with what it gets", async () => {
    await alone(async (host) => {
      const closed = host.socket();
      await closed.close();
      for (const [lists, message] of [
        [[[-1], [], []], new RangeError("select: a descriptor is at least 0; not -1")],
        [
          [[closed], [], []],
          new RangeError("select: a descriptor is at least 0; that of a Socket is -1: it is closed"),
        ],
        [[["x"], [], []], new TypeError('select: what to wait for is a socket or a descriptor, not "x"')],
        [[5, [], []], new TypeError("select: rlist is an array of sockets or descriptors, not 5")],
        [[[], [], [1024]], new RangeError("select: a descriptor is below 1024, not 1024")],
        [[[], [], [], -1], new RangeError("select: the time is null or at least 0 milliseconds, not -1")],
        [[[], [], [], "1"], 'select: the time is null or a number of milliseconds up to 1e12, not "1"'],
      ] as const) {
        await expect((host.select as (...args: unknown[]) => Promise<unknown>)(...lists)).rejects.toThrow(
          message,
        );
      }
      expect((await failure(host.select([999], [], [], 0))).message).toBe("select EBADF");
    });
  });

  it("ends with EINTR when its signal is aborted", async () => {
    await alone(async (host, sleep) => {
      const [a, b] = host.socketpair();
      const { signal, ...abort } = controller();
      const waits = [
        host.select([a], [], [], null, { signal }),
        (() => {
          const poller = host.poll();
          poller.register(a, POLLIN);
          return poller.poll(null, { signal });
        })(),
      ].map(failure);
      await sleep(5);
      abort.abort();
      expect((await Promise.all(waits)).map(({ message }) => message)).toEqual([
        "select EINTR",
        "poll EINTR",
      ]);
      expect((await failure(host.select([a], [], [], 0, { signal }))).code).toBe("EINTR");
      await Promise.all([a.close(), b.close()]);
    });
  });
});

function controller() {
  const abort = new AbortController();
  return { signal: abort.signal, abort: () => abort.abort() };
}

describe("poll", () => {
  it("tells what has come about, of what is registered, in order", async () => {
    await alone(async (host, sleep) => {
      const [a, b] = host.socketpair();
      const [x, y] = [a.fileno(), b.fileno()];
      const poller = host.poll();
      poller.register(a);
      expect(await poller.poll(0)).toEqual([[x, POLLOUT]]);
      poller.register(a, POLLIN); // another time: as modify
      expect(await poller.poll(0)).toEqual([]);
      poller.modify(a.fileno(), POLLOUT);
      poller.register(b, POLLIN);
      await a.send("x");
      expect(await poller.poll()).toEqual([
        [x, POLLOUT],
        [y, POLLIN],
      ]);
      poller.modify(a, POLLIN);
      poller.unregister(b);
      const start = poller.poll(20);
      await b.recv(1);
      await sleep(5);
      await b.close();
      expect(await start).toEqual([[x, POLLIN | POLLHUP]]);
      poller.modify(a, POLLIN | POLLRDHUP | POLLPRI | POLLOUT);
      expect(await poller.poll(-1)).toEqual([[x, POLLIN | POLLRDHUP | POLLHUP | POLLOUT]]);
      await a.close();
      expect(await poller.poll(null)).toEqual([[x, POLLNVAL]]);
      poller.unregister(x);
      expect(await poller.poll(10)).toEqual([]);
    });
  });

  it("says what is wrong with what it gets", async () => {
    await alone(async (host) => {
      const [a, b] = host.socketpair();
      const poller = host.poll();
      expect(thrown(() => poller.modify(a, POLLIN)).message).toBe("modify ENOENT");
      expect(thrown(() => poller.unregister(a)).message).toBe("unregister ENOENT"); // Python: KeyError
      expect(() => poller.register(a, -1)).toThrow(
        new RangeError("register: events is an integer from 0 to 65535, not -1"),
      );
      expect(() => poller.register("x" as never)).toThrow("register: what to wait for is a socket");
      await expect(poller.poll("x" as never)).rejects.toThrow("poll: the time is null or a number");
      poller.register(5000); // nothing is asked of it before poll
      expect(await poller.poll(0)).toEqual([[5000, POLLNVAL]]);
      await Promise.all([a.close(), b.close()]);
      expect(() => poller.register(a)).toThrow("that of a Socket is -1: it is closed");
    });
  });
});

describe("epoll", () => {
  it("tells what has come about, as level, as edge, once", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const epoll = b.epoll();
      const fd = server.fileno();
      epoll.register(server);
      expect(await epoll.poll(0)).toEqual([[fd, EPOLLOUT]]);
      epoll.modify(server, EPOLLIN);
      await client.send("ab");
      expect(await epoll.poll()).toEqual([[fd, EPOLLIN]]);
      expect(await epoll.poll(null, 1)).toEqual([[fd, EPOLLIN]]);
      epoll.modify(fd, EPOLLIN | EPOLLET);
      expect([await epoll.poll(0), await epoll.poll(0)]).toEqual([[[fd, EPOLLIN]], []]);
      epoll.modify(server, EPOLLIN | EPOLLONESHOT);
      expect([await epoll.poll(0), await epoll.poll(0)]).toEqual([[[fd, EPOLLIN]], []]);
      epoll.modify(server, EPOLLIN | EPOLLRDHUP);
      expect(text(await server.recv(5))).toBe("ab");
      const start = net.now;
      expect(await epoll.poll(30)).toEqual([]);
      expect(net.now).toBe(start + 30);
      await client.close();
      expect(await epoll.poll(-1)).toEqual([[fd, EPOLLIN | EPOLLRDHUP]]);
      server.shutdown(1);
      await net.sleep(10);
      expect(await epoll.poll()).toEqual([[fd, EPOLLIN | EPOLLRDHUP | EPOLLHUP]]);
      epoll.unregister(server);
      expect(await epoll.poll(0)).toEqual([]);
      epoll.close();
      await server.close();
    });
  });

  it("is a descriptor itself, that select can wait for", async () => {
    await alone(async (host, sleep) => {
      const [a, b] = host.socketpair();
      const epoll = host.epoll(10, EPOLL_CLOEXEC);
      epoll.register(b, EPOLLIN);
      const ready = host.select([epoll], [], []);
      await sleep(1);
      await a.send("x");
      expect((await ready)[0]).toEqual([epoll]);
      expect(await epoll.poll(0)).toEqual([[b.fileno(), EPOLLIN]]);
      epoll[Symbol.dispose]();
      await Promise.all([a.close(), b.close()]);
      expect(host.descriptors.openFiles).toBe(0);
    });
  });

  it("waits until it is aborted or closed", async () => {
    await alone(async (host, sleep) => {
      const epoll = host.epoll();
      const { signal, abort } = controller();
      const wait = failure(epoll.poll(null, -1, { signal }));
      const closed = failure(epoll.poll());
      await sleep(1);
      abort();
      expect((await wait).code).toBe("EINTR");
      epoll.close();
      expect((await closed).code).toBe("EBADF");
    });
  });

  it("says what is wrong with what it gets", async () => {
    await alone(async (host) => {
      const [a, b] = host.socketpair();
      const epoll = host.epoll();
      epoll.register(a);
      expect(thrown(() => epoll.register(a)).message).toBe("register EEXIST");
      expect(thrown(() => epoll.modify(b, EPOLLIN)).message).toBe("modify ENOENT");
      expect(thrown(() => epoll.unregister(b)).message).toBe("unregister ENOENT");
      expect(thrown(() => epoll.register(999)).message).toBe("register EBADF");
      expect(thrown(() => epoll.register(epoll)).message).toBe("register EINVAL");
      for (const most of [0, -2]) {
        await expect(epoll.poll(0, most)).rejects.toThrow(
          new RangeError(`poll: maxevents is above 0, or -1 for the default, not ${most}`),
        );
      }
      expect(() => host.epoll(0)).toThrow("epoll: sizehint is above 0, or -1 for the default, not 0");
      expect(thrown(() => host.epoll(-1, 1)).message).toBe("epoll EINVAL");
      expect([epoll.closed, epoll.fileno() > 0]).toEqual([false, true]);
      epoll.close();
      epoll.close();
      expect(epoll.closed).toBe(true);
      // Python: ValueError
      expect((await failure(epoll.poll(0))).message).toBe("poll EBADF");
      expect(thrown(() => epoll.fileno()).message).toBe("fileno EBADF");
      expect(thrown(() => epoll.register(a)).message).toBe("register EBADF");
      await Promise.all([a.close(), b.close()]);
      expect(() => host.epoll().register(a)).toThrow("it is closed");
      await host.posix.close(3);
    });
  });

  it("needs a descriptor", async () => {
    await alone(async (host) => {
      host.limits.descriptors = 3;
      expect(thrown(() => host.epoll()).message).toBe("epoll EMFILE");
      expect(host.descriptors.openFiles).toBe(0);
    });
  });
});
