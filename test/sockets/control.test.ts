/** Control messages through `sendmsg` and `recvmsg` by descriptor. What Linux 6.18 answers was tried on loopback. */
import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  CMSG_LEN,
  CMSG_SPACE,
  type ControlMessage,
  EPOLLIN,
  F_GETFD,
  FD_CLOEXEC,
  type Host,
  IP_PKTINFO,
  IP_RECVERR,
  IP_RECVTOS,
  IP_RECVTTL,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_TCP,
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_TRUNC,
  type ReceiveMessage,
  SCM_CREDENTIALS,
  SCM_RIGHTS,
  SCM_TIMESTAMP,
  SO_MARK,
  SO_PASSCRED,
  SO_PRIORITY,
  SO_TIMESTAMP,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_CM_INQ,
  TCP_INQ,
} from "../../src/index.ts";
import { connection, failure, pair, receiver, text } from "../support/world.ts";

type Control = [level: number, type: number, data: unknown];

function message(length: number, controllen?: number): ReceiveMessage & { buffer: Uint8Array } {
  const buffer = new Uint8Array(length);
  return { buffer, iov: [buffer], control: [], ...(controllen === undefined ? {} : { controllen }) };
}

function send(host: Host, fd: number, control: Control[], data = "x"): Promise<number> {
  const messages = control.map(([level, type, value]) => ({ level, type, data: value }) as ControlMessage);
  return host.posix.sendmsg(fd, { iov: [data], control: messages });
}

/** Bytes of little-endian integers, as C has them. */
function ints(...values: number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}

describe("the room that control messages take", () => {
  it("is Linux's on a 64-bit machine", () => {
    expect([0, 1, 4, 8, 12, 16].map(CMSG_LEN)).toEqual([16, 17, 20, 24, 28, 32]);
    expect([0, 1, 4, 8, 12, 16].map(CMSG_SPACE)).toEqual([16, 24, 24, 24, 32, 32]);
    expect(() => CMSG_LEN(-1)).toThrow(RangeError);
  });
});

describe("control messages of datagrams", () => {
  it("tell where to, by what, with which header and when a datagram came, as far as it was asked", async () => {
    const { net, a, b } = pair({ latency: 7 });
    await net.run(async () => {
      const server = receiver(b, 53);
      const fd = server.fileno();
      const client = a.socket(AF_INET, SOCK_DGRAM);
      await client.connect({ address: "b", port: 53 });
      const told = async (controllen?: number) => {
        await send(a, client.fileno(), [
          [IPPROTO_IP, IP_TTL, 7],
          [IPPROTO_IP, IP_TOS, 0x10],
        ]);
        const got = message(10, controllen);
        expect(await b.posix.recvmsg(fd, got)).toBe(1);
        expect(got.name).toMatchObject({ family: AF_INET, address: "10.0.0.1" });
        return [got.flags, ...got.control!.map(({ level, type, data }) => [level, type, data])];
      };
      expect(await told()).toEqual([0]);
      for (const option of [IP_PKTINFO, IP_RECVTTL, IP_RECVTOS]) server.setsockopt(IPPROTO_IP, option, 1);
      server.setsockopt(SOL_SOCKET, SO_TIMESTAMP, 1);
      const time = [SOL_SOCKET, SCM_TIMESTAMP, { sec: 0, usec: 14_000 }];
      const info = [IPPROTO_IP, IP_PKTINFO, { ifindex: 2, spec_dst: "10.0.0.2", addr: "10.0.0.2" }];
      const ttl = [IPPROTO_IP, IP_TTL, 7];
      const tos = [IPPROTO_IP, IP_TOS, 0x10];
      expect(await told()).toEqual([0, time, info, ttl, tos]);
      const kinds = async (room: number) =>
        (await told(room)).map((each) => (Array.isArray(each) ? each[1] : each));
      expect(await kinds(15)).toEqual([MSG_CTRUNC]);
      expect(await kinds(32)).toEqual([MSG_CTRUNC, SCM_TIMESTAMP]);
      expect(await kinds(60)).toEqual([MSG_CTRUNC, SCM_TIMESTAMP, IP_PKTINFO]); // without the padding behind it
      expect(await kinds(90)).toEqual([MSG_CTRUNC, SCM_TIMESTAMP, IP_PKTINFO, IP_TTL]);
      expect(await kinds(112)).toEqual([0, SCM_TIMESTAMP, IP_PKTINFO, IP_TTL, IP_TOS]);
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("without room for them are told by MSG_CTRUNC; controllen says how much was used", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const server = receiver(b, 53);
      server.setsockopt(IPPROTO_IP, IP_RECVTTL, 1);
      for (let round = 0; round < 2; round++) await server.sendto("abc", { address: "127.0.0.1", port: 53 });
      const without: ReceiveMessage = { iov: [new Uint8Array(2)] };
      expect(await b.posix.recvmsg(server.fileno(), without)).toBe(2);
      expect(without.flags).toBe(MSG_CTRUNC | MSG_TRUNC);
      const roomy = message(10, 100);
      await b.posix.recvmsg(server.fileno(), roomy);
      expect([roomy.flags, roomy.controllen, roomy.control!.length]).toEqual([0, CMSG_SPACE(4), 1]);
      await server.close();
    });
  });

  it("choose source and interface of what is sent", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const server = receiver(b, 53);
      const client = a.socket(AF_INET, SOCK_DGRAM);
      client.bind({ address: "", port: 1000 });
      const by = (data: unknown) =>
        a.posix.sendmsg(client.fileno(), {
          iov: ["x"],
          name: { family: AF_INET, address: "10.0.0.2", port: 53 },
          control: [{ level: IPPROTO_IP, type: IP_PKTINFO, data: data as never }],
        });
      await by({ ifindex: 2 });
      await by({ spec_dst: "10.0.0.1" });
      await by(new Uint8Array([2, 0, 0, 0, 10, 0, 0, 1, 0, 0, 0, 0]));
      for (let round = 0; round < 3; round++) {
        expect((await server.recvfrom(10))[1]).toMatchObject({ address: "10.0.0.1", port: 1000 });
      }
      expect((await failure(by({ ifindex: 77 }))).message).toBe("sendmsg ENODEV");
      expect((await failure(by(new Uint8Array(1)))).message).toBe("sendmsg EINVAL");
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("that are malformed or unknown fail as in Linux; other levels are not looked at", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const socket = receiver(b, 9);
      await socket.connect({ address: "127.0.0.1", port: 9 });
      const outcome = async (...control: Control[]) => {
        try {
          return await send(b, socket.fileno(), control);
        } catch (error) {
          return (error as { code?: string }).code ?? (error as Error).name;
        }
      };
      for (const good of [7, 255, ints(7)]) expect(await outcome([IPPROTO_IP, IP_TTL, good])).toBe(1);
      for (const bad of [0, -1, 256, new Uint8Array([7]), new Uint8Array(5)]) {
        expect(await outcome([IPPROTO_IP, IP_TTL, bad])).toBe("EINVAL");
      }
      expect(await outcome([IPPROTO_IP, IP_TOS, new Uint8Array([7])])).toBe(1);
      expect(await outcome([IPPROTO_IP, IP_TOS, 256])).toBe("EINVAL");
      expect(await outcome([IPPROTO_IP, 99, 1])).toBe("EINVAL");
      expect(await outcome([IPPROTO_IP, IP_RECVERR, 1])).toBe("EINVAL");
      expect(await outcome([IPPROTO_TCP, 1, 1])).toBe(1);
      expect(await outcome([999, 1, new Uint8Array(3)])).toBe(1);
      expect(await outcome([SOL_SOCKET, SCM_RIGHTS, [999]])).toBe(1);
      expect(await outcome([SOL_SOCKET, SCM_CREDENTIALS, { pid: 1, uid: 2, gid: 3 }])).toBe(1);
      expect(await outcome([SOL_SOCKET, SCM_TIMESTAMP, new Uint8Array(0)])).toBe("EINVAL");
      expect(await outcome([SOL_SOCKET, SO_MARK, 3], [SOL_SOCKET, SO_PRIORITY, 30])).toBe(1);
      b.capabilities.delete("CAP_NET_ADMIN");
      b.capabilities.delete("CAP_NET_RAW");
      expect(await outcome([SOL_SOCKET, SO_MARK, 3])).toBe("EPERM");
      expect(await outcome([SOL_SOCKET, SO_PRIORITY, 6])).toBe(1);
      expect(await outcome([SOL_SOCKET, SO_PRIORITY, 7])).toBe("EPERM");
      expect(await outcome([999, 1, new Uint8Array(131_072 - 24)])).toBe(1);
      expect(await outcome([999, 1, new Uint8Array(131_072 - 23)])).toBe("ENOBUFS");
      expect(await outcome([IPPROTO_IP, IP_TTL, "7"])).toBe("TypeError");
      expect(await outcome([IPPROTO_IP, IP_PKTINFO, 7])).toBe("TypeError");
      await socket.close();
    });
  });

  it("give the error queue: who said it, and the datagram it is about", async () => {
    const { net, a } = pair({ latency: 1 });
    await net.run(async () => {
      const { posix } = a;
      const fd = posix.socket(AF_INET, SOCK_DGRAM);
      posix.setsockopt(fd, IPPROTO_IP, IP_RECVERR, 1);
      const got = message(100);
      expect((await failure(posix.recvmsg(fd, got, MSG_ERRQUEUE))).message).toBe("recvmsg EWOULDBLOCK");
      await posix.sendto(fd, "lost", 0, { family: AF_INET, address: "10.0.0.2", port: 9 });
      await net.sleep(10);
      const n = await posix.recvmsg(fd, got, MSG_ERRQUEUE);
      expect(text(got.buffer.subarray(0, n))).toBe("lost");
      expect(got.flags).toBe(MSG_ERRQUEUE);
      expect(got.name).toEqual({ family: AF_INET, address: "10.0.0.2", port: 9 });
      const { level, type, data } = got.control![0]!;
      expect([level, type]).toEqual([IPPROTO_IP, IP_RECVERR]);
      expect(data).toMatchObject({ errno: 111, origin: 2, type: 3, code: 3, offender: "10.0.0.2" });
      await posix.close(fd);
    });
  });
});

describe("control messages of streams", () => {
  it("TCP_INQ tells how much is left, and at the end that there is an end", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      await client.sendall("abcd");
      await net.sleep(5);
      server.setsockopt(IPPROTO_TCP, TCP_INQ, 1);
      const inq = async () => {
        const got = message(2);
        await b.posix.recvmsg(server.fileno(), got);
        return got.control;
      };
      expect(await inq()).toEqual([{ level: IPPROTO_TCP, type: TCP_CM_INQ, data: 2 }]);
      await client.close();
      await net.sleep(5);
      expect(await inq()).toEqual([{ level: IPPROTO_TCP, type: TCP_CM_INQ, data: 1 }]);
      await server.close();
    });
  });

  it("look at SOL_SOCKET alone", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      expect(await send(a, client.fileno(), [[IPPROTO_IP, 99, 0]])).toBe(1);
      const error = await failure(send(a, client.fileno(), [[SOL_SOCKET, 99, 0]]));
      expect(error.message).toBe("sendmsg EINVAL");
      await Promise.all([client.close(), server.close()]);
    });
  });
});

describe("control messages of AF_UNIX", () => {
  it("pass descriptors on, of sockets and of epolls, with FD_CLOEXEC if asked", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const { posix } = a;
      const [left, right] = posix.socketpair(AF_UNIX, SOCK_STREAM, 0);
      const socket = posix.socket(AF_INET, SOCK_DGRAM);
      const epoll = posix.epoll_create1(0);
      posix.epoll_ctl(epoll, 1, socket, { events: EPOLLIN });
      posix.bind(socket, { family: AF_INET, address: "127.0.0.1", port: 5 });
      await send(a, left, [[SOL_SOCKET, SCM_RIGHTS, Int32Array.of(socket, epoll)]]);
      await posix.close(socket); // it lives on under way
      await posix.close(epoll);
      const got = message(10);
      expect(await posix.recvmsg(right, got, MSG_CMSG_CLOEXEC)).toBe(1);
      expect(got.flags).toBe(MSG_CMSG_CLOEXEC);
      const [copy, watcher] = got.control![0]!.data as [number, number];
      expect(posix.getsockname(copy).port).toBe(5);
      expect(posix.fcntl(copy, F_GETFD)).toBe(FD_CLOEXEC);
      await posix.sendto(copy, "x", 0, { family: AF_INET, address: "127.0.0.1", port: 5 });
      expect(await posix.epoll_wait(watcher, [], 1, -1)).toBe(1);
      for (const fd of [left, right, copy, watcher]) await posix.close(fd);
    });
  });

  it("leave out what has no room or no descriptor, and close it: MSG_CTRUNC", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const { posix } = a;
      const [left, right] = posix.socketpair(AF_UNIX, SOCK_STREAM, 0);
      const take = async (controllen: number) => {
        const fds = [0, 1, 2].map(() => posix.socket(AF_INET, SOCK_DGRAM));
        await send(a, left, [[SOL_SOCKET, SCM_RIGHTS, fds]]);
        for (const fd of fds) await posix.close(fd);
        const got = message(10, controllen);
        await posix.recvmsg(right, got);
        const opened = got.control!.flatMap(({ data }) => data as number[]);
        expect(a.sockets.size).toBe(2 + opened.length);
        for (const fd of opened) await posix.close(fd);
        return [got.flags, opened.length];
      };
      expect(await take(16)).toEqual([MSG_CTRUNC, 0]);
      expect(await take(23)).toEqual([MSG_CTRUNC, 1]);
      expect(await take(24)).toEqual([MSG_CTRUNC, 2]);
      expect(await take(28)).toEqual([0, 3]);
      const fds = [0, 1].map(() => posix.socket(AF_INET, SOCK_DGRAM));
      await send(a, left, [[SOL_SOCKET, SCM_RIGHTS, fds]]);
      const most = a.limits.descriptors;
      a.limits.descriptors = Math.max(...fds) + 2;
      const got = message(10);
      await posix.recvmsg(right, got);
      a.limits.descriptors = most;
      expect([got.flags, (got.control![0]!.data as number[]).length]).toEqual([MSG_CTRUNC, 1]);
      for (const fd of [...fds, ...(got.control![0]!.data as number[]), left, right]) await posix.close(fd);
    });
  });

  it("stay in the socket with their message when the room for them is no number", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const { posix } = a;
      const [left, right] = posix.socketpair(AF_UNIX, SOCK_STREAM, 0);
      await send(a, left, [[SOL_SOCKET, SCM_RIGHTS, [left]]]);
      const said = "recvmsg: controllen is an integer, not 1.5";
      await expect(posix.recvmsg(right, message(10, 1.5))).rejects.toThrow(said);
      const got = message(10, 24);
      expect(await posix.recvmsg(right, got)).toBe(1);
      const [fd] = got.control![0]!.data as number[];
      for (const each of [fd!, left, right]) await posix.close(each);
      expect(a.descriptors.openFiles).toBe(0);
    });
  });

  it("have data that is a number, an array or an object", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const [left, right] = a.socketpair();
      for (const data of ["x", null, undefined, true]) {
        const said = `sendmsg: the data of a control message is a number, a Uint8Array, an array of descriptors or an object, not `;
        const shown = typeof data === "string" ? `"${data}"` : String(data);
        const refused = left.sendmsg(["a"], [[1, 1, data as never]]);
        await expect(refused).rejects.toThrow(new TypeError(said + shown));
      }
      for (const each of [left, right]) await each.close();
    });
  });

  it("that fail to go give their references back", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const { posix } = a;
      const [left, right] = posix.socketpair(AF_UNIX, SOCK_STREAM, 0);
      const fd = posix.socket(AF_INET, SOCK_DGRAM);
      const { references } = a.descriptors.get(fd)!;
      const rights = (...fds: unknown[]): Control => [SOL_SOCKET, SCM_RIGHTS, fds];
      const refused = async (control: Control[], code: string, data = "x", flags = 0) => {
        const messages = control.map(
          ([level, type, value]) => ({ level, type, data: value }) as ControlMessage,
        );
        const sending = posix.sendmsg(left, { iov: [data], control: messages }, flags);
        expect((await failure(sending)).code).toBe(code);
        expect(a.descriptors.get(fd)!.references).toBe(references);
      };
      await refused([rights(fd, 999)], "EBADF");
      await refused([rights(fd), [SOL_SOCKET, 99, 0]], "EINVAL");
      await refused([rights(...Array(254).fill(fd))], "EINVAL");
      await refused([rights(...Array(200).fill(fd)), rights(...Array(54).fill(fd))], "EINVAL");
      await expect(send(a, left, [rights(fd), rights("4")])).rejects.toThrow(TypeError);
      expect(a.descriptors.get(fd)!.references).toBe(references);
      expect(await send(a, left, [rights(fd)], "")).toBe(0); // a stream sends nothing where there are no bytes
      expect(a.descriptors.get(fd)!.references).toBe(references);
      await posix.send(left, new Uint8Array(10_000_000), MSG_DONTWAIT);
      await refused([rights(fd)], "EWOULDBLOCK", "x", MSG_DONTWAIT);
      const abort = new AbortController();
      const waiting = failure(
        posix.sendmsg(left, { iov: ["x"], control: [{ level: 1, type: 1, data: [fd] }] }, 0, {
          signal: abort.signal,
        }),
      );
      await net.sleep(0);
      expect(a.descriptors.get(fd)!.references).toBe(references + 1);
      abort.abort();
      expect((await waiting).message).toBe("sendmsg EINTR");
      expect(a.descriptors.get(fd)!.references).toBe(references);
      await posix.close(right);
      await refused([rights(fd)], "EPIPE");
      for (const each of [left, fd]) await posix.close(each);
    });
  });

  it("say who sends: only root may say somebody else", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const { posix } = a;
      const [left, right] = posix.socketpair(AF_UNIX, SOCK_DGRAM, 0);
      posix.setsockopt(right, SOL_SOCKET, SO_PASSCRED, 1);
      const claim = (data: unknown) => send(a, left, [[SOL_SOCKET, SCM_CREDENTIALS, data]]);
      const told = async () => {
        const got = message(10);
        await posix.recvmsg(right, got);
        return got.control![0]!.data;
      };
      await claim({ pid: 5, uid: 6, gid: 7 });
      expect(await told()).toEqual({ pid: 5, uid: 6, gid: 7 });
      a.credentials = { pid: 9, uid: 1000, gid: 1000 };
      await posix.send(left, "x");
      expect(await told()).toEqual({ pid: 9, uid: 1000, gid: 1000 });
      await claim(ints(9, 1000, 1000));
      expect(await told()).toEqual({ pid: 9, uid: 1000, gid: 1000 });
      expect((await failure(claim({ pid: 9, uid: 0, gid: 1000 }))).message).toBe("sendmsg EPERM");
      expect((await failure(claim(ints(9, 0)))).message).toBe("sendmsg EINVAL");
      for (const fd of [left, right]) await posix.close(fd);
    });
  });
});
