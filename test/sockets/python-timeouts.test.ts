/** Time-outs and blocking. What is expected was said by Python 3.11 on Linux's loopback, unless a test says otherwise. */
import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  F_GETFL,
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_WAITALL,
  O_NONBLOCK,
  SO_RCVTIMEO,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
} from "../../src/index.ts";
import { connection, failure, listener, pair, receiver, text, thrown } from "../support/world.ts";

type Flags = { posix: { fcntl(fd: number, command: number): number } };
const isNonBlocking = (host: Flags, socket: Socket) =>
  (host.posix.fcntl(socket.fileno(), F_GETFL) & O_NONBLOCK) !== 0;

describe("settimeout and setblocking", () => {
  it("set O_NONBLOCK, which dups share, and a time, which they do not", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const socket = receiver(a, 53);
      expect([socket.gettimeout(), socket.getblocking(), isNonBlocking(a, socket)]).toEqual([
        null,
        true,
        false,
      ]);
      socket.settimeout(5000);
      expect([socket.getblocking(), isNonBlocking(a, socket)]).toEqual([true, true]);
      const copy = socket.dup();
      expect(copy.gettimeout()).toBe(5000);
      copy.settimeout(null);
      expect([socket.gettimeout(), isNonBlocking(a, socket)]).toEqual([5000, false]);
      copy.setblocking(false);
      expect([copy.gettimeout(), copy.getblocking(), isNonBlocking(a, socket)]).toEqual([0, false, true]);
      const third = a.fromfd(socket.fileno());
      expect([third.gettimeout(), third.getblocking()]).toEqual([null, true]);
      expect((await failure(third.recv(1))).message).toBe("recv EWOULDBLOCK"); // as the description says
      expect((await failure(third.recv(1))).errno).toBe(-11); // EAGAIN has the same number
      socket.settimeout(null);
      copy.setsockopt(SOL_SOCKET, SO_RCVTIMEO, 30);
      const start = net.now;
      expect(copy.gettimeout()).toBe(0);
      expect((await failure(copy.recv(1))).code).toBe("EWOULDBLOCK");
      expect(net.now).toBe(start + 30); // the description blocks, whatever the object thinks
      await Promise.all([socket.close(), copy.close(), third.close()]);
    });
  });

  it("a time of the object's own goes before MSG_DONTWAIT, and makes MSG_WAITALL take what there is", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      server.settimeout(100);
      const start = net.now;
      expect((await failure(server.recv(1, MSG_DONTWAIT))).code).toBe("ETIMEDOUT");
      expect(net.now).toBe(start + 100);
      await client.send("ab");
      expect(text(await server.recv(5, MSG_WAITALL))).toBe("ab");
      expect(net.now).toBe(start + 100);
      server.setblocking(true);
      expect((await failure(server.recv(1, MSG_DONTWAIT))).code).toBe("EWOULDBLOCK");
      await client.send("cd");
      await net.sleep(1);
      expect(text(await server.recv(5, MSG_WAITALL | MSG_DONTWAIT))).toBe("cd");
      expect((await failure(server.recv(1, MSG_OOB))).code).toBe("EINVAL");
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("accept gives sockets with the default time-out, whatever the listener's is", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const listening = listener(b, 80);
      const clients = [a.socket(), a.socket(), a.socket()];
      for (const client of clients) await client.connect({ address: "b", port: 80 });
      listening.settimeout(5000);
      const [first] = await listening.accept();
      listening.setblocking(false);
      const [second] = await listening.accept();
      b.setdefaulttimeout(7000);
      const [third] = await listening.accept();
      expect([first, second, third].map((socket) => socket.gettimeout())).toEqual([null, null, 7000]);
      expect([first, second, third].map((socket) => isNonBlocking(b, socket))).toEqual([false, false, true]);
      expect((await failure(listening.accept())).code).toBe("EWOULDBLOCK");
      for (const socket of [...clients, first, second, third, listening]) await socket.close();
    });
  });

  it("setdefaulttimeout is for sockets made from now on", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      expect(a.getdefaulttimeout()).toBe(null);
      const before = a.socket();
      a.setdefaulttimeout(3000);
      const after = a.socket();
      const nonBlocking = a.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
      const [left, right] = a.socketpair();
      const copy = a.fromfd<string>(left.fileno());
      left.settimeout(null);
      const dup = left.dup();
      const sockets = [before, after, nonBlocking, right, copy, dup];
      expect(sockets.map((socket) => socket.gettimeout())).toEqual([null, 3000, 0, 3000, 3000, null]);
      expect(isNonBlocking(a, after)).toBe(true);
      for (const socket of [left, ...sockets]) await socket.close();
      for (const millis of [-1, Number.NaN, "5"]) {
        expect(() => a.setdefaulttimeout(millis as never)).toThrow(
          "setdefaulttimeout: the time is null or a number of milliseconds from 0 to 1e12",
        );
      }
    });
  });

  it("connect_ex says 11 when its time is over, connect ETIMEDOUT; what follows is EALREADY", async () => {
    const { net, a, b } = pair({ latency: 10 });
    await net.run(async () => {
      net.partition(a, b);
      const client = a.socket();
      client.settimeout(200);
      expect(await client.connect_ex({ address: "10.0.0.2", port: 80 })).toBe(11);
      expect((await failure(client.connect({ address: "10.0.0.2", port: 80 }))).code).toBe("EALREADY");
      const other = a.socket();
      other.settimeout(200);
      expect((await failure(other.connect({ address: "10.0.0.2", port: 80 }))).message).toBe(
        "connect ETIMEDOUT 10.0.0.2:80",
      );
      await Promise.all([client.close(), other.close()]);
    });
  });

  it("connect with a time leaves the result once more to the next connect", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const where = { address: "10.0.0.2", port: 80 };
      const refused = a.socket();
      refused.settimeout(1000);
      const codes: number[] = [];
      for (let round = 0; round < 4; round++) codes.push(await refused.connect_ex(where));
      expect(codes).toEqual([111, 103, 111, 103]);
      const listening = listener(b, 80);
      const connected = a.socket();
      connected.settimeout(1000);
      expect([await connected.connect_ex(where), await connected.connect_ex(where)]).toEqual([0, 0]);
      expect(await connected.connect_ex(where)).toBe(106);
      for (const socket of [refused, connected, listening]) await socket.close();
    });
  });

  it("in AF_UNIX, connect to a full queue waits only without a time", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const listening = a.create_server("\0full", { family: AF_UNIX, backlog: 0 });
      const clients = [0, 1, 2].map(() => a.socket(AF_UNIX, SOCK_STREAM));
      const [first, second, third] = clients as [Socket<string>, Socket<string>, Socket<string>];
      first.settimeout(100);
      second.settimeout(100);
      await first.connect("\0full");
      expect((await failure(second.connect("\0full"))).message).toBe("connect EWOULDBLOCK @full");
      expect(await second.connect_ex("\0full")).toBe(11);
      const waiting = third.connect("\0full");
      await net.sleep(10);
      const [accepted] = await listening.accept();
      await waiting;
      for (const socket of [...clients, accepted, listening]) await socket.close();
    });
  });
});

describe("an AbortSignal", () => {
  it("ends every call that waits with EINTR", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const listening = listener(b, 81);
      const udp = receiver(b, 53);
      net.partition(a, b);
      const far = a.socket();
      const other = a.socket();
      const abort = new AbortController();
      const abortToo = new AbortController();
      const waiting = { signal: abort.signal };
      const sending = { signal: abortToo.signal };
      const big = new Uint8Array(16 << 20);
      const calls = [
        listening.accept(waiting),
        far.connect({ address: "10.0.0.2", port: 81 }, waiting),
        udp.recv(1, 0, waiting),
        udp.recv_into(new Uint8Array(1), 0, 0, waiting),
        udp.recvfrom(1, 0, waiting),
        udp.recvfrom_into(new Uint8Array(1), 0, 0, waiting),
        udp.recvmsg(1, 0, 0, waiting),
        udp.recvmsg_into([new Uint8Array(1)], 0, 0, waiting),
        client.sendall(big, 0, sending),
        client.send(big, 0, sending),
        client.sendto(big, { address: "b", port: 80 }, sending),
        client.sendto(big, 0, { address: "b", port: 80 }, sending),
        client.sendmsg([big], [], 0, null, sending),
        a.create_connection({ address: "10.0.0.2", port: 81 }, waiting),
      ].map(failure);
      const number = other.connect_ex({ address: "10.0.0.2", port: 81 }, waiting);
      await net.sleep(50);
      abort.abort();
      abortToo.abort();
      expect(new Set((await Promise.all(calls)).map(({ code }) => code))).toEqual(new Set(["EINTR"]));
      expect(await number).toBe(4);
      expect((await failure(udp.recv(1, 0, waiting))).message).toBe("recv EINTR"); // aborted before
      await udp.sendto("x", udp.getsockname());
      await net.sleep(1);
      expect((await failure(udp.recv(1, 0, waiting))).code).toBe("EINTR"); // it takes nothing then
      expect((await udp.recv(1)).length).toBe(1);
      expect((await failure(b.select([udp], [], [], 0, waiting))).code).toBe("EINTR"); // also without a wait
      const epoll = b.epoll();
      expect((await failure(epoll.poll(0, -1, waiting))).code).toBe("EINTR");
      epoll.close();
      await expect(udp.recv(1, 0, { signal: true } as never)).rejects.toThrow(
        "recv: the last argument is an object { signal } with an AbortSignal, not { signal: true }",
      );
      net.heal(a, b);
      for (const socket of [client, server, listening, udp, far, other]) await socket.close();
    });
  });
});

describe("a socket object", () => {
  it("that is closed answers as Python's", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const socket = receiver(a, 53);
      socket.settimeout(1000);
      await socket.close();
      await socket.close();
      expect([socket.fileno(), socket.detach(), socket.gettimeout(), socket.type]).toEqual([-1, -1, 1000, 2]);
      expect(await socket.connect_ex({ address: "a", port: 1 })).toBe(9);
      for (const call of [
        () => socket.settimeout(1),
        () => socket.setblocking(true),
        () => socket.dup(),
        () => socket.get_inheritable(),
        () => socket.set_inheritable(true),
        () => socket.getsockname(),
        () => socket.getpeername(),
        () => socket.shutdown(0),
        () => socket.listen(),
      ]) {
        expect(thrown(call).code).toBe("EBADF");
      }
      expect((await failure(socket.recvfrom(1))).code).toBe("EBADF");
    });
  });

  it("ends its connection with the last descriptor", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const copy = client.dup();
      expect([copy.fileno() !== client.fileno(), copy.get_inheritable()]).toEqual([true, false]);
      await client.close();
      await copy.send("x");
      expect(text(await server.recv(1))).toBe("x");
      const again = a.socket({ fileno: copy.detach() });
      expect([copy.fileno(), again.getpeername()]).toEqual([
        -1,
        { address: "10.0.0.2", port: 80, family: "IPv4" },
      ]);
      await again.close();
      expect((await server.recv(1)).length).toBe(0);
      await server.close();
    });
  });

  it("is not inherited unless it is told to be, and nor is its dup", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const socket = receiver(a, 53);
      expect(socket.get_inheritable()).toBe(false);
      socket.set_inheritable(true);
      const copy = socket.dup();
      expect([socket.get_inheritable(), copy.get_inheritable()]).toEqual([true, false]);
      socket.set_inheritable(false);
      expect(socket.get_inheritable()).toBe(false);
      await Promise.all([socket.close(), copy.close()]);
    });
  });

  it("has no room when descriptors are at their limit", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const socket = receiver(a, 53);
      a.limits.descriptors = socket.fileno() + 1;
      expect(thrown(() => socket.dup()).message).toBe("dup EMFILE");
      expect(thrown(() => a.socket()).message).toBe("socket EMFILE");
      expect(thrown(() => a.socketpair()).message).toBe("socketpair EMFILE");
      a.limits.descriptors++;
      expect(thrown(() => a.socketpair()).message).toBe("socketpair EMFILE");
      await net.sleep(1);
      expect([a.sockets.size, a.descriptors.openFiles]).toEqual([1, 1]);
      await socket.close();
    });
  });
});
