/** The calls about descriptors as such: dup and its kin, fcntl, ioctl, limits; and addresses of other domains. */
import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_PACKET,
  AF_UNIX,
  ETH_P_IP,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  FD_CLOEXEC,
  FIONBIO,
  FIONREAD,
  type Host,
  htons,
  INADDR_ANY,
  type InterfaceRequest,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
  RLIMIT_NOFILE,
  SIOCATMARK,
  SIOCGIFADDR,
  SIOCGIFCONF,
  SIOCGIFMTU,
  SIOCGIFNAME,
  SIOCOUTQ,
  SO_LINGER,
  SO_RCVTIMEO,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_SOCKET,
  type SockaddrLl,
  type SockaddrUn,
} from "../../src/index.ts";
import { connection, failure, network, pair, thrown } from "../support/world.ts";

const anyAt = (port: number) => ({ family: AF_INET, address: INADDR_ANY, port });

describe("duplicates of a descriptor", () => {
  it("share the file, its O_NONBLOCK and its end; FD_CLOEXEC is each one's own", async () => {
    const { posix } = network().host("a");
    const fd = posix.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC);
    const twin = posix.dup(fd);
    expect(twin).toBe(fd + 1);
    posix.bind(fd, anyAt(7));
    expect(posix.getsockname(twin).port).toBe(7);
    posix.ioctl(twin, FIONBIO, 1);
    expect(posix.fcntl(fd, F_GETFL)).toBe(O_RDWR | O_NONBLOCK);
    posix.ioctl(twin, FIONBIO, 0);
    expect(posix.fcntl(fd, F_GETFL)).toBe(O_RDWR);
    expect([posix.fcntl(fd, F_GETFD), posix.fcntl(twin, F_GETFD)]).toEqual([FD_CLOEXEC, 0]);
    posix.fcntl(twin, F_SETFD, FD_CLOEXEC);
    posix.fcntl(fd, F_SETFD, 0);
    expect([posix.fcntl(fd, F_GETFD), posix.fcntl(twin, F_GETFD)]).toEqual([0, FD_CLOEXEC]);
    await posix.close(fd);
    expect(posix.getsockname(twin).port).toBe(7);
    await posix.close(twin);
    expect(thrown(() => posix.getsockname(twin)).code).toBe("EBADF");
  });

  it("keep a connection alive until the last is closed, and the calls under way on those closed before", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const { posix } = b;
      const fd = server.detach();
      const twin = posix.dup(fd);
      const buffer = new Uint8Array(10);
      const reading = posix.recv(fd, buffer);
      await posix.close(fd);
      await client.send("still");
      expect(await reading).toBe(5);
      await posix.send(twin, "here");
      expect((await client.recv(10)).length).toBe(4);
      const last = failure(posix.recv(twin, buffer));
      await posix.close(twin);
      expect((await last).message).toBe("recv EBADF");
      expect((await client.recv(10)).length).toBe(0);
      await client.close();
    });
  });

  it("take the number that dup2, dup3 and fcntl say", async () => {
    const { posix } = network().host("a");
    const one = posix.socket(AF_INET, SOCK_DGRAM);
    const two = posix.socket(AF_INET, SOCK_STREAM);
    posix.bind(one, anyAt(7));
    expect(posix.dup2(one, two)).toBe(two); // what stood there is closed
    expect(posix.getsockname(two).port).toBe(7);
    expect(posix.dup2(one, one)).toBe(one);
    expect(posix.dup2(one, 20)).toBe(20);
    expect(posix.dup3(one, 21, O_CLOEXEC)).toBe(21);
    expect([20, 21].map((fd) => posix.fcntl(fd, F_GETFD))).toEqual([0, FD_CLOEXEC]);
    expect(posix.fcntl(one, F_DUPFD, 20)).toBe(22);
    expect(posix.fcntl(one, F_DUPFD_CLOEXEC, 0)).toBe(5);
    expect(posix.fcntl(5, F_GETFD)).toBe(FD_CLOEXEC);
    const code = (call: () => unknown) => thrown(call).code;
    expect(code(() => posix.dup(99))).toBe("EBADF");
    expect(code(() => posix.dup2(99, 5))).toBe("EBADF");
    expect(code(() => posix.dup2(one, -1))).toBe("EBADF");
    expect(code(() => posix.dup2(one, 1_048_576))).toBe("EBADF");
    expect(code(() => posix.dup3(one, one, 0))).toBe("EINVAL");
    expect(code(() => posix.dup3(one, 5, 1))).toBe("EINVAL");
    expect(code(() => posix.fcntl(one, F_DUPFD, -1))).toBe("EINVAL");
    expect(code(() => posix.fcntl(one, F_DUPFD, 1_048_576))).toBe("EINVAL");
    for (const fd of [one, two, 20, 21, 22, 5]) await posix.close(fd);
  });

  it("dup2 waits for nobody who lingers", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      client.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 1 });
      const fd = client.detach();
      await a.posix.send(fd, "last words");
      const other = a.posix.socket(AF_INET, SOCK_DGRAM);
      expect(a.posix.dup2(other, fd)).toBe(fd);
      expect((await server.recv(100)).length).toBe(10);
      for (const each of [fd, other]) await a.posix.close(each);
      await server.close();
      await net.sleep(10);
    });
  });

  it("are bounded by RLIMIT_NOFILE: EMFILE", async () => {
    const { posix } = network().host("a");
    expect(posix.getrlimit(RLIMIT_NOFILE)).toEqual({ rlim_cur: 1_048_576, rlim_max: 1_048_576 });
    posix.setrlimit(RLIMIT_NOFILE, { rlim_cur: 5 });
    const [one, two] = [posix.socket(AF_INET, SOCK_DGRAM), posix.socket(AF_INET, SOCK_DGRAM)];
    expect(thrown(() => posix.socket(AF_INET, SOCK_DGRAM)).message).toBe("socket EMFILE");
    expect(thrown(() => posix.dup(one)).message).toBe("dup EMFILE");
    expect(thrown(() => posix.epoll_create1(0)).message).toBe("epoll_create1 EMFILE");
    expect(thrown(() => posix.fcntl(one, F_DUPFD, 4)).message).toBe("fcntl EMFILE");
    await posix.close(two);
    expect(thrown(() => posix.socketpair(AF_UNIX, SOCK_STREAM)).message).toBe("socketpair EMFILE");
    expect(posix.dup(one)).toBe(two); // the pair has left nothing
    expect(thrown(() => posix.setrlimit(RLIMIT_NOFILE, { rlim_cur: 2_000_000 })).code).toBe("EPERM");
    expect(thrown(() => posix.getrlimit(0)).code).toBe("EINVAL");
    for (const fd of [one, two]) await posix.close(fd);
  });
});

describe("ioctl", () => {
  it("counts what is queued, and knows the urgent mark", async () => {
    const { net, a, b } = pair({ latency: 5 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const [from, to] = [client.fileno(), server.fileno()];
      await client.send("abcde");
      expect([a.posix.ioctl(from, SIOCOUTQ), b.posix.ioctl(to, FIONREAD)]).toEqual([5, 0]);
      await net.sleep(60);
      expect([a.posix.ioctl(from, SIOCOUTQ), b.posix.ioctl(to, FIONREAD)]).toEqual([0, 5]);
      expect(b.posix.ioctl(to, SIOCATMARK)).toBe(0);
      const udp = b.posix.socket(AF_INET, SOCK_DGRAM);
      b.posix.bind(udp, anyAt(9));
      for (const word of ["one", "three"]) {
        await b.posix.sendto(udp, word, 0, { family: AF_INET, address: "127.0.0.1", port: 9 });
      }
      await net.sleep(1);
      expect(b.posix.ioctl(udp, FIONREAD)).toBe(3); // the first datagram's
      expect(thrown(() => b.posix.ioctl(udp, SIOCATMARK)).message).toBe("ioctl ENOTTY");
      expect(thrown(() => b.posix.ioctl(udp, 1)).message).toBe("ioctl ENOTTY");
      const listening = b.posix.socket(AF_INET, SOCK_STREAM);
      b.posix.listen(listening, 1);
      expect(thrown(() => b.posix.ioctl(listening, FIONREAD)).message).toBe("ioctl EINVAL");
      expect(thrown(() => b.posix.ioctl(listening, SIOCOUTQ)).message).toBe("ioctl EINVAL");
      for (const fd of [udp, listening]) await b.posix.close(fd);
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("tells of interfaces, filling in what it is given, or by name", async () => {
    const { a } = pair();
    const { posix } = a;
    const fd = posix.socket(AF_INET, SOCK_DGRAM);
    expect(posix.ioctl(fd, SIOCGIFCONF)).toEqual([
      { name: "lo", address: "127.0.0.1" },
      { name: "eth0", address: "10.0.0.1" },
    ]);
    const request: InterfaceRequest = { name: "eth0" };
    expect(posix.ioctl(fd, SIOCGIFADDR, request)).toBe(0);
    expect(posix.ioctl(fd, SIOCGIFMTU, request)).toBe(0);
    expect(request).toEqual({ name: "eth0", address: "10.0.0.1", mtu: 1500 });
    expect(posix.ioctl(fd, SIOCGIFADDR, "lo")).toBe("127.0.0.1");
    const named: InterfaceRequest = { index: 2 };
    posix.ioctl(fd, SIOCGIFNAME, named);
    expect(named.name).toBe("eth0");
    expect(thrown(() => posix.ioctl(fd, SIOCGIFADDR, "eth9")).message).toBe("ioctl ENODEV");
    expect(() => posix.ioctl(fd, SIOCGIFADDR, 5 as never)).toThrow(TypeError);
    expect(posix.if_nameindex()).toEqual([
      { index: 1, name: "lo" },
      { index: 2, name: "eth0" },
    ]);
    expect([posix.if_nametoindex("eth0"), posix.if_indextoname(2)]).toEqual([2, "eth0"]);
    expect(thrown(() => posix.if_nametoindex("x")).message).toBe("if_nametoindex ENODEV");
    expect(thrown(() => posix.if_indextoname(9)).message).toBe("if_indextoname ENXIO");
    await posix.close(fd);
  });
});

describe("sockets of every domain by descriptor", () => {
  it("socketpair makes a pipe in both directions, in AF_UNIX alone", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const { posix } = a;
      const [left, right] = posix.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      const buffer = new Uint8Array(10);
      expect((await failure(posix.read(right, buffer))).code).toBe("EWOULDBLOCK");
      expect(posix.fcntl(right, F_GETFD)).toBe(FD_CLOEXEC);
      await posix.write(left, "x");
      await net.sleep(0);
      expect(await posix.read(right, buffer)).toBe(1);
      expect(posix.getpeername<SockaddrUn>(left)).toEqual({ family: AF_UNIX, path: "" });
      expect(thrown(() => posix.socketpair(AF_INET, SOCK_STREAM)).message).toBe("socketpair EOPNOTSUPP");
      for (const fd of [left, right]) await posix.close(fd);
    });
  });

  it("paths are bound, named, connected to and unlinked, in either spelling", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const { posix } = a;
      const make = () => posix.socket(AF_UNIX, SOCK_STREAM);
      const [listening, client] = [make(), make()];
      posix.bind(listening, { sun_family: AF_UNIX, sun_path: "/run/x" });
      posix.listen(listening, 1);
      await posix.connect(client, { family: AF_UNIX, path: "/run/x" });
      const { fd, address } = await posix.accept<SockaddrUn>(listening);
      expect(address).toEqual({ family: AF_UNIX, path: "" });
      expect(posix.getpeername<SockaddrUn>(client).path).toBe("/run/x");
      const again = make();
      const bind = () => posix.bind(again, { family: AF_UNIX, path: "/run/x" });
      expect(thrown(bind).message).toBe("bind EADDRINUSE /run/x");
      posix.unlink("/run/x");
      bind();
      expect(thrown(() => posix.unlink("/nowhere")).message).toBe("unlink ENOENT /nowhere");
      expect(thrown(() => posix.bind(client, anyAt(1))).message).toBe("bind EINVAL");
      expect(() => posix.bind(client, { family: AF_UNIX, path: 5 as never })).toThrow(TypeError);
      for (const each of [listening, client, fd, again]) await posix.close(each);
    });
  });

  it("frames come with the interface, in either spelling", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const { posix } = b;
      const fd = posix.socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));
      posix.bind(fd, { family: AF_PACKET, interface: "eth0", protocol: ETH_P_IP });
      const name = posix.getsockname<SockaddrLl>(fd);
      expect(name).toMatchObject({ family: AF_PACKET, interface: "eth0", ifindex: 2, protocol: ETH_P_IP });
      posix.bind(fd, { sll_family: AF_PACKET, sll_ifindex: 2, sll_protocol: htons(ETH_P_IP) });
      expect(posix.getsockname<SockaddrLl>(fd)).toEqual(name);
      const sender = a.socket(AF_INET, SOCK_DGRAM);
      await sender.sendto("x", { address: "b", port: 9 });
      const { n, address } = await posix.recvfrom<SockaddrLl>(fd, new Uint8Array(100));
      expect([n, address.interface, address.protocol]).toEqual([29, "eth0", ETH_P_IP]);
      const bad = () => posix.bind(fd, { family: AF_PACKET, interface: "eth9" });
      expect(thrown(bad).message).toBe("bind ENODEV");
      await posix.close(fd);
      await sender.close();
    });
  });

  it("a raw socket's address needs no port", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const { posix } = a;
      const fd = posix.socket(AF_INET, SOCK_RAW, 99);
      posix.bind(fd, { family: AF_INET, address: "127.0.0.1" });
      await posix.sendto(fd, "x", 0, { sin_family: AF_INET, sin_addr: new Uint8Array([127, 0, 0, 1]) });
      expect(await posix.recv(fd, new Uint8Array(100))).toBe(21);
      await posix.close(fd);
    });
  });

  it("NULL is EFAULT, wherever C would take a pointer", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const { posix } = a;
      const fd = posix.socket(AF_INET, SOCK_DGRAM);
      const nothing = null as never;
      expect(thrown(() => posix.bind(fd, nothing)).message).toBe("bind EFAULT");
      const calls: Record<string, Promise<unknown>> = {
        connect: posix.connect(fd, nothing),
        send: posix.send(fd, nothing),
        write: posix.write(fd, nothing),
        recv: posix.recv(fd, nothing),
        read: posix.read(fd, nothing),
        recvfrom: posix.recvfrom(fd, nothing),
        sendmsg: posix.sendmsg(fd, nothing),
        recvmsg: posix.recvmsg(fd, nothing),
        readv: posix.readv(fd, nothing),
        writev: posix.writev(fd, [nothing]),
      };
      for (const [name, call] of Object.entries(calls)) {
        expect((await failure(call)).message).toBe(`${name} EFAULT`);
      }
      await posix.close(fd);
    });
  });
});

describe("a signal", () => {
  /** What waits, and how its error begins. */
  async function waits(host: Host, signal: AbortSignal): Promise<[string, Promise<unknown>, number[]][]> {
    const { posix } = host;
    const udp = posix.socket(AF_INET, SOCK_DGRAM);
    posix.setsockopt(udp, SOL_SOCKET, SO_RCVTIMEO, 60_000);
    const tcp = posix.socket(AF_INET, SOCK_STREAM);
    const listening = posix.socket(AF_INET, SOCK_STREAM);
    posix.listen(listening, 1);
    const epoll = posix.epoll_create1(0);
    const buffer = new Uint8Array(10);
    const by = { signal };
    return [
      ["recv", posix.recv(udp, buffer, 0, by), [udp, epoll]],
      ["readv", posix.readv(udp, [buffer, buffer], by), []],
      ["recvfrom", posix.recvfrom(udp, buffer, 0, by), []],
      ["recvmsg", posix.recvmsg(udp, { iov: [buffer] }, 0, by), []],
      ["accept", posix.accept(listening, by), [listening]],
      ["accept4", posix.accept4(listening, 0, by), []],
      ["connect", posix.connect(tcp, { family: AF_INET, address: "10.0.0.2", port: 80 }, by), [tcp]],
      ["poll", posix.poll([{ fd: udp, events: 1 }], -1, by), []],
      ["select", posix.select({ read: [udp] }, null, by), []],
      ["epoll_wait", posix.epoll_wait(epoll, [], 1, -1, by), []],
    ];
  }

  it("ends every wait with EINTR, and leaves nothing behind", async () => {
    const { net, a, b } = pair();
    net.partition(a, b);
    await net.run(async () => {
      for (const early of [false, true]) {
        const abort = new AbortController();
        if (early) abort.abort();
        const calls = await waits(a, abort.signal);
        const errors = Promise.all(calls.map(([, call]) => failure(call)));
        await net.sleep(1);
        if (!early) expect(a.pendingCalls.size).toBe(calls.length);
        abort.abort();
        for (const [index, { message }] of (await errors).entries()) {
          expect(message).toMatch(new RegExp(`^${calls[index]![0]} EINTR`));
        }
        expect(a.pendingCalls.size).toBe(0);
        for (const fd of calls.flatMap(([, , fds]) => fds)) {
          const { file } = a.descriptors.get(fd)!;
          expect([file.receivers, file.senders, file.watchers].every((queue) => queue.empty)).toBe(true);
          await a.posix.close(fd);
        }
      }
    });
    await net.idle();
    expect(net.now).toBeLessThan(10); // no timer was left
  });

  it("after something was sent tells how much that was", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const abort = new AbortController();
      const sending = a.posix.send(client.fileno(), new Uint8Array(50_000_000), 0, { signal: abort.signal });
      await net.sleep(500);
      abort.abort();
      const taken = await sending;
      expect(taken).toBeGreaterThan(0);
      expect(taken).toBeLessThan(50_000_000);
      client.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("must be one", async () => {
    const { posix } = network().host("a");
    const fd = posix.socket(AF_INET, SOCK_DGRAM);
    await expect(posix.recv(fd, new Uint8Array(1), 0, { signal: 5 as never })).rejects.toThrow(TypeError);
    await expect(posix.poll([], 0, 5 as never)).rejects.toThrow("the last argument is an object { signal }");
    await posix.close(fd);
  });
});
