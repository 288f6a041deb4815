/** What epoll tells and when: each answer here is what Linux 6.18 gave to the same calls on loopback. */
import { describe, expect, it } from "vitest";
import {
  AF_INET,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  type EpollEvent,
  F_GETFD,
  FD_CLOEXEC,
  type Host,
  POLLIN,
  SHUT_WR,
  SO_LINGER,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "../../src/index.ts";
import type { EpollInstance } from "../../src/sockets/epoll.ts";
import {
  connection,
  failure,
  listener,
  network,
  pair,
  pattern,
  receiver,
  text,
  thrown,
} from "../support/world.ts";

/** An epoll of `host`, told by the events it gives at once. */
class Epoll {
  readonly fd: number;
  readonly host: Host;

  constructor(host: Host) {
    this.host = host;
    this.fd = host.posix.epoll_create1(0);
  }

  control(operation: number, fd: number, events: number, data: unknown = fd): void {
    this.host.posix.epoll_ctl(this.fd, operation, fd, { events, data });
  }

  add(fd: number, events: number): void {
    this.control(EPOLL_CTL_ADD, fd, events);
  }

  modify(fd: number, events: number): void {
    this.control(EPOLL_CTL_MOD, fd, events);
  }

  /** `[data, events]` of all that is told within `timeout` milliseconds. */
  async wait(timeout = 0, most = 16): Promise<[unknown, number][]> {
    const events: EpollEvent[] = [];
    const count = await this.host.posix.epoll_wait(this.fd, events, most, timeout);
    expect(events.length).toBe(count);
    return events.map(({ data, events: mask }) => [data, mask]);
  }

  close(): Promise<void> {
    return this.host.posix.close(this.fd);
  }
}

describe("epoll", () => {
  it("waits until something is ready, and tells it with the user's data, again and again", async () => {
    const { net, a, b } = pair({ latency: 5 });
    await net.run(async () => {
      const socket = receiver(b, 1);
      const epoll = new Epoll(b);
      epoll.control(EPOLL_CTL_ADD, socket.fileno(), EPOLLIN, { name: "mine" });
      const waiting = epoll.wait(-1);
      const sender = a.socket(AF_INET, SOCK_DGRAM);
      await sender.sendto("x", { address: "b", port: 1 });
      expect(await waiting).toEqual([[{ name: "mine" }, EPOLLIN]]);
      expect(net.now).toBe(5);
      expect(await epoll.wait()).toEqual([[{ name: "mine" }, EPOLLIN]]);
      await socket.recv(1);
      expect(await epoll.wait()).toEqual([]);
      await Promise.all([socket.close(), sender.close(), epoll.close()]);
    });
  });

  it("returns nothing when the time is over, and leaves nothing behind", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const socket = receiver(b, 1);
      const epoll = new Epoll(b);
      epoll.add(socket.fileno(), EPOLLIN);
      expect(await epoll.wait(30)).toEqual([]);
      expect(net.now).toBe(30);
      expect(b.pendingCalls.size).toBe(0);
      await Promise.all([socket.close(), epoll.close()]);
    });
  });

  it("tells all that becomes ready in one instant at once, and once wakes one of many waiters", async () => {
    const { net, a, b } = pair({ latency: 5 });
    await net.run(async () => {
      const sockets = [1, 2, 3].map((port) => receiver(b, port));
      const epoll = new Epoll(b);
      for (const socket of sockets) epoll.add(socket.fileno(), EPOLLIN | EPOLLET);
      const waiting = epoll.wait(-1);
      const other = epoll.wait(50);
      const sender = a.socket(AF_INET, SOCK_DGRAM);
      for (const port of [1, 2, 3]) await sender.sendto("x", { address: "b", port });
      expect((await waiting).map(([fd]) => fd)).toEqual(sockets.map((socket) => socket.fileno()));
      expect(await other).toEqual([]);
      await Promise.all([...sockets, sender, epoll].map((each) => each.close()));
    });
  });

  it("takes turns when there is more than it may tell", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const sockets = [1, 2, 3].map((port) => receiver(b, port));
      const epoll = new Epoll(b);
      for (const [index, socket] of sockets.entries()) {
        await socket.sendto("x", { address: "127.0.0.1", port: index + 1 });
        epoll.control(EPOLL_CTL_ADD, socket.fileno(), EPOLLIN, index);
      }
      await net.sleep(1);
      const told: unknown[] = [];
      for (let round = 0; round < 7; round++) told.push(...(await epoll.wait(0, 1)).map(([index]) => index));
      expect(told).toEqual([0, 1, 2, 0, 1, 2, 0]);
      expect((await epoll.wait(0, 2)).map(([index]) => index)).toEqual([1, 2]);
      expect((await epoll.wait(0, 2)).map(([index]) => index)).toEqual([0, 1]);
      await Promise.all([...sockets, epoll].map((each) => each.close()));
    });
  });

  it("with EPOLLET tells what happens, not what is", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const fd = server.fileno();
      const epoll = new Epoll(b);
      const told = async () => {
        await net.sleep(10);
        return (await epoll.wait()).map(([, events]) => events);
      };
      const both = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
      epoll.add(fd, both);
      expect([await told(), await told()]).toEqual([[EPOLLOUT], []]);
      await client.send("abc");
      expect([await told(), await told()]).toEqual([[EPOLLIN | EPOLLOUT], []]);
      await client.send("d"); // more has come, though the rest is unread
      expect([await told(), await told()]).toEqual([[EPOLLIN | EPOLLOUT], []]);
      await server.recv(1);
      expect(await told()).toEqual([]);
      await server.send("zz"); // sent and acknowledged
      await client.recv(2);
      expect(await told()).toEqual([]);
      epoll.modify(fd, both);
      expect([await told(), await told()]).toEqual([[EPOLLIN | EPOLLOUT], []]);
      await server.recv(100);
      expect(await told()).toEqual([]);
      await client.send("e");
      expect(await told()).toEqual([EPOLLIN | EPOLLOUT]);
      epoll.modify(fd, EPOLLIN | EPOLLRDHUP | EPOLLET);
      expect([await told(), await told()]).toEqual([[EPOLLIN], []]);
      client.shutdown(SHUT_WR);
      expect([await told(), await told()]).toEqual([[EPOLLIN | EPOLLRDHUP], []]);
      await Promise.all([client.close(), server.close(), epoll.close()]);
    });
  });

  it("with EPOLLET tells every connection that comes, and every datagram", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const listening = listener(b, 80);
      const socket = receiver(b, 1);
      const epoll = new Epoll(b);
      epoll.add(listening.fileno(), EPOLLIN | EPOLLET);
      epoll.add(socket.fileno(), EPOLLIN | EPOLLET);
      const clients = [a.socket(), a.socket()];
      for (const client of clients) {
        await client.connect({ address: "b", port: 80 });
        expect(await epoll.wait(5)).toEqual([[listening.fileno(), EPOLLIN]]);
        expect(await epoll.wait(5)).toEqual([]);
      }
      const accepted = [(await listening.accept())[0]];
      expect(await epoll.wait(5)).toEqual([]);
      const sender = a.socket(AF_INET, SOCK_DGRAM);
      for (const word of ["one", "two"]) {
        await sender.sendto(word, { address: "b", port: 1 });
        expect(await epoll.wait(5)).toEqual([[socket.fileno(), EPOLLIN]]);
        expect(await epoll.wait(5)).toEqual([]);
      }
      accepted.push((await listening.accept())[0]);
      const all = [...accepted, ...clients, sender, socket, listening, epoll];
      await Promise.all(all.map((each) => each.close()));
    });
  });

  it("with EPOLLET tells of room again when there was too little", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const epoll = new Epoll(a);
      client.setblocking(false);
      server.settimeout(50);
      epoll.add(client.fileno(), EPOLLOUT | EPOLLET);
      expect((await epoll.wait()).length).toBe(1);
      const fill = async () => {
        for (;;) await client.send(pattern(1_000_000));
      };
      for (let round = 0; round < 3; round++) {
        expect((await failure(fill())).code).toBe("EWOULDBLOCK");
        await net.sleep(100);
        while ((await epoll.wait()).length > 0) await failure(fill()); // the windows had not been full yet
        const waiting = epoll.wait(-1);
        const drain = async () => {
          for (;;) await server.recv(1_000_000);
        };
        expect((await failure(drain())).code).toBe("ETIMEDOUT");
        expect(await waiting).toEqual([[client.fileno(), EPOLLOUT]]);
      }
      client.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
      await Promise.all([client.close(), server.close(), epoll.close()]);
    });
  });

  it("with EPOLLONESHOT tells once, until it is asked again", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const epoll = new Epoll(b);
      epoll.add(server.fileno(), EPOLLIN | EPOLLONESHOT);
      await client.send("x");
      expect(await epoll.wait(5)).toEqual([[server.fileno(), EPOLLIN]]);
      client.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
      await client.close(); // not even a reset is told
      expect(await epoll.wait(5)).toEqual([]);
      epoll.modify(server.fileno(), EPOLLIN | EPOLLONESHOT);
      expect(await epoll.wait(5)).toEqual([[server.fileno(), EPOLLIN | EPOLLERR | EPOLLHUP]]);
      await Promise.all([server.close(), epoll.close()]);
    });
  });

  it("with EPOLLEXCLUSIVE wakes one of those who wait at several epolls", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      for (const [mode, woken] of [
        [EPOLLEXCLUSIVE, [1, 0]],
        [0, [1, 1]],
      ] as const) {
        const socket = receiver(b, 1);
        const epolls = [new Epoll(b), new Epoll(b)];
        for (const epoll of epolls) epoll.add(socket.fileno(), EPOLLIN | mode);
        const waiting = Promise.all(epolls.map((epoll) => epoll.wait(20)));
        const sender = a.socket(AF_INET, SOCK_DGRAM);
        await sender.sendto("x", { address: "b", port: 1 });
        expect((await waiting).map((events) => events.length)).toEqual(woken);
        await Promise.all([socket, sender, ...epolls].map((each) => each.close()));
      }
    });
  });

  it("forgets what is closed for good, and not what has another descriptor", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const { posix } = b;
      const socket = receiver(b, 1);
      await socket.sendto("x", { address: "127.0.0.1", port: 1 });
      await net.sleep(1);
      const fd = socket.fileno();
      const epoll = new Epoll(b);
      epoll.add(fd, EPOLLIN);
      const other = posix.dup(fd);
      epoll.control(EPOLL_CTL_ADD, other, EPOLLIN, "another name");
      await posix.close(fd);
      expect((await epoll.wait()).map(([data]) => data)).toEqual([fd, "another name"]);
      expect(thrown(() => epoll.modify(fd, 0)).message).toBe("epoll_ctl EBADF");
      const reused = receiver(b, 2);
      expect(reused.fileno()).toBe(fd);
      expect(thrown(() => epoll.modify(fd, 0)).message).toBe("epoll_ctl ENOENT");
      await posix.close(other);
      expect(await epoll.wait()).toEqual([]);
      expect((b.descriptors.get(epoll.fd)!.file as EpollInstance).size).toBe(0);
      await Promise.all([socket.close(), reused.close(), epoll.close()]);
    });
  });

  it("can be polled, selected and watched by another epoll", async () => {
    const { net, a, b } = pair({ latency: 5 });
    await net.run(async () => {
      const { posix } = b;
      const socket = receiver(b, 1);
      const [inner, outer] = [new Epoll(b), new Epoll(b)];
      inner.add(socket.fileno(), EPOLLIN);
      outer.add(inner.fd, EPOLLIN);
      const fds = [{ fd: inner.fd, events: POLLIN, revents: 0 }];
      expect(await posix.poll(fds, 0)).toBe(0);
      const waits = [posix.poll(fds, -1), posix.select({ read: [inner.fd] }, -1), outer.wait(-1)];
      const sender = a.socket(AF_INET, SOCK_DGRAM);
      await sender.sendto("x", { address: "b", port: 1 });
      expect(await Promise.all(waits)).toEqual([
        1,
        { read: [inner.fd], write: [], except: [] },
        [[inner.fd, EPOLLIN]],
      ]);
      await socket.recv(1);
      expect(await outer.wait()).toEqual([]);
      expect(await posix.poll(fds, 0)).toBe(0);
      await Promise.all([socket, sender, inner, outer].map((each) => each.close()));
    });
  });

  it("says what is wrong with what it is told", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const { posix } = b;
      const socket = receiver(b, 1);
      const fd = socket.fileno();
      const [epoll, other] = [new Epoll(b), new Epoll(b)];
      const code = (call: () => unknown) => thrown(call).code;
      epoll.add(fd, EPOLLIN);
      expect(code(() => epoll.add(fd, EPOLLIN))).toBe("EEXIST");
      expect(code(() => other.modify(fd, EPOLLIN))).toBe("ENOENT");
      expect(code(() => posix.epoll_ctl(other.fd, EPOLL_CTL_DEL, fd))).toBe("ENOENT");
      expect(code(() => epoll.add(99, EPOLLIN))).toBe("EBADF");
      expect(code(() => posix.epoll_ctl(99, EPOLL_CTL_ADD, fd, { events: 0 }))).toBe("EBADF");
      expect(code(() => posix.epoll_ctl(99, EPOLL_CTL_ADD, fd, null))).toBe("EFAULT");
      expect(code(() => posix.epoll_ctl(fd, EPOLL_CTL_ADD, epoll.fd, { events: 0 }))).toBe("EINVAL");
      expect(code(() => epoll.control(9, fd, 0))).toBe("EINVAL");
      for (const operation of [EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL]) {
        expect(code(() => epoll.control(operation, epoll.fd, EPOLLIN))).toBe("EINVAL");
      }
      for (const company of [EPOLLPRI, EPOLLONESHOT, EPOLLRDHUP]) {
        expect(code(() => other.add(fd, EPOLLIN | EPOLLEXCLUSIVE | company))).toBe("EINVAL");
      }
      expect(code(() => epoll.modify(fd, EPOLLIN | EPOLLEXCLUSIVE))).toBe("EINVAL");
      expect(code(() => other.add(epoll.fd, EPOLLIN | EPOLLEXCLUSIVE))).toBe("EINVAL");
      other.add(fd, EPOLLIN | EPOLLEXCLUSIVE);
      expect(code(() => other.modify(fd, EPOLLIN))).toBe("EINVAL");
      for (const most of [0, -1]) {
        expect((await failure(posix.epoll_wait(epoll.fd, [], most, 0))).message).toBe("epoll_wait EINVAL");
      }
      expect((await failure(posix.epoll_wait(fd, [], 1, 0))).code).toBe("EINVAL");
      expect((await failure(posix.epoll_wait(99, [], 1, 0))).code).toBe("EBADF");
      expect((await failure(posix.epoll_wait(epoll.fd, null as never, 1, 0))).code).toBe("EFAULT");
      expect(code(() => posix.epoll_create(0))).toBe("EINVAL");
      expect(code(() => posix.epoll_create1(1))).toBe("EINVAL");
      expect(() => posix.epoll_ctl(epoll.fd, EPOLL_CTL_MOD, fd, 5 as never)).toThrow(TypeError);
      await Promise.all([socket, epoll, other].map((each) => each.close()));
    });
  });

  it("is no socket, and is not read or written", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const { posix } = b;
      const fd = posix.epoll_create(1);
      const buffer = new Uint8Array(1);
      expect(thrown(() => posix.listen(fd, 1)).code).toBe("ENOTSOCK");
      expect((await failure(posix.send(fd, buffer))).code).toBe("ENOTSOCK");
      expect((await failure(posix.write(fd, buffer))).code).toBe("EINVAL");
      expect((await failure(posix.read(fd, buffer))).code).toBe("EINVAL");
      const twin = posix.dup(fd);
      const closing = posix.epoll_create1(EPOLL_CLOEXEC);
      expect(posix.fcntl(closing, F_GETFD)).toBe(FD_CLOEXEC);
      for (const each of [fd, twin, closing]) await posix.close(each);
    });
  });

  it("may not watch itself by way of others, nor more than five deep: ELOOP", async () => {
    const host = network().host("a");
    const epolls = Array.from({ length: 8 }, () => new Epoll(host));
    const [first, second] = epolls as [Epoll, Epoll];
    const results = epolls.slice(1).map((epoll, index) => {
      try {
        epoll.add(epolls[index]!.fd, EPOLLIN);
        return "";
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(results).toEqual(["", "", "", "", "epoll_ctl ELOOP", "", ""]);
    expect(thrown(() => first.add(second.fd, EPOLLIN)).code).toBe("ELOOP");
    expect(thrown(() => first.add(epolls[4]!.fd, EPOLLIN)).code).toBe("ELOOP");
    for (const epoll of epolls) await epoll.close();
  });

  it("stops watching when it is closed itself, and sends those away who wait at it", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const socket = receiver(b, 1);
      const epoll = new Epoll(b);
      epoll.add(socket.fileno(), EPOLLIN);
      const waiting = failure(epoll.wait(-1));
      expect(socket.core.watchers.empty).toBe(false);
      await epoll.close();
      expect((await waiting).message).toBe("epoll_wait EBADF");
      expect(socket.core.watchers.empty).toBe(true);
      await socket.close();
    });
  });

  it("serves many clients, as in the textbook", async () => {
    const { net, a, b } = pair({ latency: 3 });
    await net.run(async () => {
      const serve = async () => {
        const { posix } = b;
        const listening = listener(b, 7).detach();
        const epoll = new Epoll(b);
        epoll.add(listening, EPOLLIN);
        const buffer = new Uint8Array(100);
        for (let left = 5; left > 0; ) {
          for (const [data] of await epoll.wait(-1)) {
            const fd = data as number;
            if (fd === listening) {
              epoll.add((await posix.accept(fd)).fd, EPOLLIN);
              continue;
            }
            const n = await posix.read(fd, buffer);
            if (n > 0) await posix.write(fd, buffer.subarray(0, n));
            else await posix.close(fd);
            if (n === 0) left--;
          }
        }
        await posix.close(listening);
        await epoll.close();
      };
      const ask = async (index: number) => {
        const client = a.socket();
        await client.connect({ address: "b", port: 7 });
        await client.sendall(`hola ${index}`);
        expect(text(await client.recv(100))).toBe(`hola ${index}`);
        await client.close();
      };
      await Promise.all([serve(), ...Array.from({ length: 5 }, (_, index) => ask(index))]);
    });
  });
});
