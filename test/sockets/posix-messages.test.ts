/** Messages in pieces: sendmsg, recvmsg, readv and writev by descriptor; and accept4, shutdown, getpeername. */
import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  F_GETFD,
  F_GETFL,
  FD_CLOEXEC,
  INADDR_ANY,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  O_NONBLOCK,
  O_RDWR,
  type ReceiveMessage,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from "../../src/index.ts";
import { connection, failure, network, pair, pattern, receiver, text, thrown } from "../support/world.ts";

function buffers(...lengths: number[]): Uint8Array[] {
  return lengths.map((length) => new Uint8Array(length));
}

function texts(iov: readonly Uint8Array[]): string[] {
  return iov.map((piece) => text(piece).replaceAll("\0", "."));
}

describe("messages in pieces", () => {
  it("are one datagram each, and fill buffer after buffer", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const server = receiver(b, 53).detach();
      const client = a.posix.socket(AF_INET, SOCK_DGRAM);
      const name = { family: AF_INET, address: "b", port: 53 };
      expect(await a.posix.sendmsg(client, { name, iov: ["ho", new Uint8Array(0), "la", "!"] })).toBe(5);
      const message: ReceiveMessage = { iov: buffers(2, 0, 2, 9) };
      expect(await b.posix.recvmsg(server, message, MSG_PEEK)).toBe(5);
      expect(texts(message.iov)).toEqual(["ho", "", "la", "!........"]);
      expect([message.flags, message.control, message.name]).toEqual([
        0,
        [],
        { family: AF_INET, address: "10.0.0.1", port: a.posix.getsockname(client).port },
      ]);
      const short: ReceiveMessage = { iov: buffers(1, 2) };
      expect(await b.posix.recvmsg(server, short, MSG_TRUNC)).toBe(5);
      expect([...texts(short.iov), short.flags]).toEqual(["h", "ol", MSG_TRUNC]);
      await a.posix.connect(client, name);
      expect(await a.posix.writev(client, ["a", "bc"])).toBe(3);
      const iov = buffers(2, 2);
      expect(await b.posix.readv(server, iov)).toBe(3);
      expect(texts(iov)).toEqual(["ab", "c."]);
      expect(await a.posix.sendmsg(client, { iov: [], name: null })).toBe(0);
      expect(await b.posix.recvmsg(server, { iov: buffers(1, 1) })).toBe(0);
      await a.posix.close(client);
      await b.posix.close(server);
    });
  });

  it("carry a megabyte in a thousand pieces, and MSG_WAITALL waits for the last", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const data = pattern(1_024_000);
      const pieces = Array.from({ length: 1024 }, (_, index) =>
        data.subarray(index * 1000, index * 1000 + 1000),
      );
      const message: ReceiveMessage = { iov: buffers(24_000, 1, 999_999) };
      const receiving = b.posix.recvmsg(server.fileno(), message, MSG_WAITALL);
      expect(await a.posix.writev(client.fileno(), pieces)).toBe(data.length);
      expect(await receiving).toBe(data.length);
      expect(message.iov[0]).toEqual(data.subarray(0, 24_000));
      expect(message.iov[2]).toEqual(data.subarray(24_001));
      await client.close();
      expect(await b.posix.recvmsg(server.fileno(), { iov: buffers(5, 5) }, MSG_WAITALL)).toBe(0);
      await server.close();
    });
  });

  it("tell of urgent data, and of the peer of a stream nothing new", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      await client.send("!", MSG_OOB);
      await net.sleep(5);
      const message: ReceiveMessage = { iov: buffers(1) };
      expect(await b.posix.recvmsg(server.fileno(), message, MSG_OOB)).toBe(1);
      expect(message.flags).toBe(MSG_OOB);
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("are 1024 at most: EMSGSIZE, and EINVAL for readv and writev; and are buffers", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const { posix } = a;
      const fd = posix.socket(AF_INET, SOCK_DGRAM);
      const iov = buffers(...new Array<number>(1025).fill(1));
      expect((await failure(posix.sendmsg(fd, { iov }))).message).toBe("sendmsg EMSGSIZE");
      expect((await failure(posix.recvmsg(fd, { iov }))).message).toBe("recvmsg EMSGSIZE");
      expect((await failure(posix.writev(fd, iov))).message).toBe("writev EINVAL");
      expect((await failure(posix.readv(fd, iov))).message).toBe("readv EINVAL");
      expect(await posix.readv(fd, buffers(0, 0))).toBe(0); // System V's way: nothing is asked for
      expect(await posix.read(fd, new Uint8Array(0))).toBe(0);
      await expect(posix.readv(fd, [5 as never])).rejects.toThrow(TypeError);
      await expect(posix.sendmsg(fd, { iov: 5 as never })).rejects.toThrow(TypeError);
      await expect(posix.sendmsg(fd, [] as never)).rejects.toThrow(TypeError);
      await expect(
        posix.recvmsg(fd, { iov: buffers(1), controllen: "8" as never }, MSG_DONTWAIT),
      ).rejects.toThrow();
      await posix.close(fd);
    });
  });

  it("flags that have no meaning here are passed over, as in Linux", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      expect(await a.posix.send(client.fileno(), "x", MSG_NOSIGNAL | 0x80 | 0x0010_0000)).toBe(1);
      expect(await b.posix.recv(server.fileno(), new Uint8Array(1), MSG_NOSIGNAL)).toBe(1);
      await Promise.all([client.close(), server.close()]);
    });
  });
});

describe("calls with a difference", () => {
  it("accept4 gives the connection O_NONBLOCK and FD_CLOEXEC", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const { posix } = b;
      const listening = posix.socket(AF_INET, SOCK_STREAM);
      posix.bind(listening, { family: AF_INET, address: INADDR_ANY, port: 80 });
      posix.listen(listening, 5);
      const clients = [a.socket(), a.socket()];
      for (const client of clients) await client.connect({ address: "b", port: 80 });
      const { fd: plain } = await posix.accept(listening);
      const { fd } = await posix.accept4(listening, SOCK_NONBLOCK | SOCK_CLOEXEC);
      expect([plain, fd].map((each) => posix.fcntl(each, F_GETFL))).toEqual([O_RDWR, O_RDWR | O_NONBLOCK]);
      expect([plain, fd].map((each) => posix.fcntl(each, F_GETFD))).toEqual([0, FD_CLOEXEC]);
      expect((await failure(posix.accept4(listening, 1))).message).toBe("accept4 EINVAL");
      for (const each of [plain, fd, listening]) await posix.close(each);
      await Promise.all(clients.map((client) => client.close()));
    });
  });

  it("shutdown in another mode than the three is EINVAL", async () => {
    const { posix } = network().host("a");
    const fd = posix.socket(AF_INET, SOCK_STREAM);
    for (const how of [-1, 3]) expect(thrown(() => posix.shutdown(fd, how)).message).toBe("shutdown EINVAL");
    expect(thrown(() => posix.shutdown(fd, 2)).message).toBe("shutdown ENOTCONN");
    expect(thrown(() => posix.getpeername(fd)).message).toBe("getpeername ENOTCONN");
    await posix.close(fd);
  });

  it("an address of another domain is EAFNOSUPPORT for AF_INET, EINVAL for AF_UNIX", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const { posix } = a;
      const inet = posix.socket(AF_INET, SOCK_DGRAM);
      const unix = posix.socket(AF_UNIX, SOCK_DGRAM);
      const path = { family: AF_UNIX, path: "/x" };
      const six = { family: AF_INET6, address: "10.0.0.2", port: 1 };
      for (const where of [path, six]) {
        expect((await failure(posix.connect(inet, where))).code).toBe("EAFNOSUPPORT");
        expect((await failure(posix.sendto(inet, "x", 0, where))).code).toBe("EAFNOSUPPORT");
      }
      expect((await failure(posix.connect(unix, six))).code).toBe("EINVAL");
      expect((await failure(posix.sendto(unix, "x", 0, six))).code).toBe("EINVAL");
      for (const fd of [inet, unix]) await posix.close(fd);
    });
  });
});
