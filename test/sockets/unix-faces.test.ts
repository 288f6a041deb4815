/** AF_UNIX in both faces: what waits, and what a program types. */
import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  type Host,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_WAITALL,
  type Network,
  POLLHUP,
  POLLIN,
  POLLOUT,
  SCM_CREDENTIALS,
  SCM_RIGHTS,
  SHUT_RD,
  SHUT_WR,
  SO_SNDTIMEO,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../src/index.ts";
import type { SockaddrUn } from "../../src/sockets/posix/addresses.ts";
import type { Socket } from "../../src/sockets/socket.ts";
import { failure, network, text } from "../support/world.ts";

type UnixSocket = Socket<string>;

function world(): { net: Network; host: Host } {
  const net = network({ seed: 1 });
  return { net, host: net.host("a") };
}

describe("AF_UNIX, the Python way", () => {
  it("serves upper-case over a path", async () => {
    const { net, host } = world();
    await net.run(async () => {
      const listening = host.socket(AF_UNIX, SOCK_STREAM);
      listening.bind("/tmp/upper");
      listening.listen(5);
      const serving = (async () => {
        const [connection, peer] = await listening.accept();
        expect(peer).toBe("");
        for (;;) {
          const bytes = await connection.recv(100);
          if (bytes.length === 0) break;
          await connection.sendall(text(bytes).toUpperCase());
        }
        await connection.close();
      })();
      const client = host.socket(AF_UNIX, SOCK_STREAM);
      await client.connect("/tmp/upper");
      expect([client.getpeername(), client.getsockname()]).toEqual(["/tmp/upper", ""]);
      await client.sendall("hola");
      expect(text(await client.recv(100))).toBe("HOLA");
      client.shutdown(SHUT_WR);
      expect(await client.recv(100)).toHaveLength(0);
      await serving;
      await client.close();
      await listening.close();
      host.unlink("/tmp/upper");
    });
  });

  it("waits for room in a listener's queue, and fails at once where it must not wait", async () => {
    const { net, host } = world();
    await net.run(async () => {
      const listening = host.socket(AF_UNIX, SOCK_STREAM);
      listening.bind("l");
      listening.listen(0);
      const clients = [1, 2, 3].map(() => host.socket(AF_UNIX, SOCK_STREAM));
      await clients[0]!.connect("l");
      clients[2]!.setblocking(false);
      expect((await failure(clients[2]!.connect("l"))).message).toBe("connect EWOULDBLOCK l");
      const order: number[] = [];
      clients[2]!.setblocking(true);
      const waiting = [1, 2].map(async (index) => {
        await clients[index]!.connect("l");
        order.push(index);
      });
      await net.sleep(10);
      expect(order).toEqual([]);
      const accepted: UnixSocket[] = [];
      for (let count = 0; count < 3; count++) accepted.push((await listening.accept())[0]);
      await Promise.all(waiting);
      expect(order).toEqual([1, 2]);
      for (const socket of [...clients, ...accepted, listening]) await socket.close();
    });
  });

  it("ends the wait for room with its time, or with the listener", async () => {
    const { net, host } = world();
    await net.run(async () => {
      const listening = host.socket(AF_UNIX, SOCK_STREAM);
      listening.bind("l");
      listening.listen(0);
      const [first, second, third] = [1, 2, 3].map(() => host.socket(AF_UNIX, SOCK_STREAM)) as [
        UnixSocket,
        UnixSocket,
        UnixSocket,
      ];
      await first.connect("l");
      second.setsockopt(SOL_SOCKET, SO_SNDTIMEO, 50);
      expect((await failure(second.connect("l"))).code).toBe("EWOULDBLOCK");
      expect(net.now).toBe(50);
      const waiting = failure(third.connect("l"));
      await net.sleep(1);
      await listening.close();
      expect((await waiting).code).toBe("ECONNREFUSED");
      expect((await failure(first.recv(1))).code).toBe("ECONNRESET");
      for (const socket of [first, second, third]) await socket.close();
    });
  });

  it("moves a megabyte through a pair, its sender waiting for the reader", async () => {
    const { net, host } = world();
    await net.run(async () => {
      const [client, server] = host.socketpair();
      const data = Uint8Array.from({ length: 1 << 20 }, (_, index) => index * 7);
      const sending = client.sendall(data).then(() => client.close());
      const got = await server.recv(data.length, MSG_WAITALL);
      expect(got.length).toBe(data.length);
      expect(got.every((byte, index) => byte === data[index])).toBe(true);
      await sending;
      await server.close();
    });
  });

  it("carries datagrams with their senders, and waits for a full receiver", async () => {
    const { net, host } = world();
    await net.run(async () => {
      const server = host.socket(AF_UNIX, SOCK_DGRAM);
      const client = host.socket(AF_UNIX, SOCK_DGRAM);
      server.bind("server");
      client.bind("client");
      for (let count = 0; count < 11; count++) await client.sendto(`${count}`, "server");
      const waiting = client.sendto("waited", "server");
      await net.sleep(5);
      expect(await server.recvfrom(100)).toEqual([new TextEncoder().encode("0"), "client"]);
      expect(await waiting).toBe(6);
      await server.close();
      expect((await failure(client.sendto("x", "server"))).message).toBe("sendto ECONNREFUSED server");
      await client.close();
    });
  });
});

describe("AF_UNIX, the C way", () => {
  const at = (path: string): SockaddrUn => ({ family: AF_UNIX, path });

  it("passes a descriptor, with which the receiver goes on", async () => {
    const { net, host } = world();
    const { socketpair, sendmsg, recvmsg, close, send, recv } = host.posix;
    await net.run(async () => {
      const [left, right] = socketpair(AF_UNIX, SOCK_STREAM, 0);
      const [one, other] = socketpair(AF_UNIX, SOCK_SEQPACKET, 0);
      const rights = { level: SOL_SOCKET, type: SCM_RIGHTS, data: [other] };
      expect(await sendmsg(left, { iov: ["take"], control: [rights] })).toBe(4);
      await close(other);
      const message = { iov: [new Uint8Array(10)], control: [] as { data: unknown }[] };
      expect(await recvmsg(right, message as never)).toBe(4);
      const [got] = message.control[0]!.data as number[];
      await send(one, "through");
      const buffer = new Uint8Array(10);
      expect(await recv(got!, buffer)).toBe(7);
      for (const fd of [left, right, one, got!]) await close(fd);
      expect(host.descriptors.openFiles).toBe(0);
    });
  });

  it("gives MSG_WAITALL no further than the message that brings descriptors, wanted or not", async () => {
    const { net, host } = world();
    const { socketpair, sendmsg, recv, recvmsg, close, send } = host.posix;
    await net.run(async () => {
      const [left, right] = socketpair(AF_UNIX, SOCK_STREAM, 0);
      const rights = { level: SOL_SOCKET, type: SCM_RIGHTS, data: [left] };
      const three = async () => {
        await send(left, "00");
        await sendmsg(left, { iov: ["1234"], control: [rights] });
        await send(left, "56");
      };
      const buffer = new Uint8Array(20);
      await three();
      expect(await recv(right, buffer, MSG_WAITALL | MSG_PEEK | MSG_DONTWAIT).catch(() => -1)).not.toBe(8);
      expect(await recv(right, buffer, MSG_WAITALL)).toBe(6);
      expect(await recv(right, buffer)).toBe(2);
      await three();
      const message = { iov: [buffer], control: [] as { data: unknown }[] };
      expect(await recvmsg(right, message as never, MSG_WAITALL)).toBe(6);
      const [got] = message.control[0]!.data as number[];
      expect(await recv(right, buffer)).toBe(2);
      for (const fd of [left, right, got!]) await close(fd);
    });
  });

  it("says who sends, which only root may make up", async () => {
    const { net, host } = world();
    const { socketpair, sendmsg, recvmsg, close } = host.posix;
    await net.run(async () => {
      const [left, right] = socketpair(AF_UNIX, SOCK_DGRAM, 0);
      const core = host.descriptors.get(right)!.file as unknown as { common: { passCredentials: boolean } };
      core.common.passCredentials = true;
      const claim = { level: SOL_SOCKET, type: SCM_CREDENTIALS, data: { pid: 9, uid: 9, gid: 9 } };
      await sendmsg(left, { iov: ["x"], control: [claim] });
      const message = { iov: [new Uint8Array(10)], control: [] as unknown[] };
      await recvmsg(right, message as never);
      expect(message.control).toEqual([claim]);
      host.credentials = { pid: 5, uid: 1000, gid: 1000 };
      expect((await failure(sendmsg(left, { iov: ["x"], control: [claim] }))).code).toBe("EPERM");
      for (const fd of [left, right]) await close(fd);
    });
  });

  it("counts what a blocking send got rid of before the peer was gone", async () => {
    const { net, host } = world();
    const { socketpair, send, recv, close, shutdown } = host.posix;
    await net.run(async () => {
      const [left, right] = socketpair(AF_UNIX, SOCK_STREAM, 0);
      const sending = send(left, new Uint8Array(300_000));
      await recv(right, new Uint8Array(219_264));
      await net.sleep(1);
      await recv(right, new Uint8Array(300_000));
      await close(right);
      expect(await sending).toBe(300_000);
      await close(left);
      const [one, other] = socketpair(AF_UNIX, SOCK_STREAM, 0);
      const cut = send(one, new Uint8Array(300_000));
      await net.sleep(1);
      await close(other);
      expect(await cut).toBe(219_264);
      await close(one);
      const [writer, reader] = socketpair(AF_UNIX, SOCK_STREAM, 0);
      const refused = send(writer, new Uint8Array(300_000));
      await net.sleep(1);
      shutdown(reader, SHUT_RD);
      await recv(reader, new Uint8Array(300_000)); // room for a sender who is told that nobody reads
      expect(await refused).toBe(219_264);
      expect((await failure(send(writer, "x"))).code).toBe("EPIPE");
      for (const fd of [writer, reader]) await close(fd);
    });
  });

  it("polls a listener, a connection and its end", async () => {
    const { net, host } = world();
    const { socket, bind, listen, connect, accept, poll, close, getpeername, getsockname } = host.posix;
    await net.run(async () => {
      const listening = socket(AF_UNIX, SOCK_SEQPACKET, 0);
      bind(listening, at("\0abstract"));
      listen(listening, 5);
      const client = socket(AF_UNIX, SOCK_SEQPACKET, 0);
      const fds = [{ fd: listening, events: POLLIN | POLLOUT, revents: 0 }];
      const polling = poll(fds, 100);
      await connect(client, at("\0abstract"));
      expect(await polling).toBe(1);
      expect(fds[0]!.revents).toBe(POLLIN);
      const { fd: server, address } = await accept<SockaddrUn>(listening);
      expect(address).toEqual(at(""));
      expect([getpeername(client), getsockname(server)]).toEqual([at("\0abstract"), at("\0abstract")]);
      const ends = [{ fd: server, events: POLLIN, revents: 0 }];
      const ending = poll(ends, -1);
      await close(client);
      await ending;
      expect(ends[0]!.revents).toBe(POLLIN | POLLHUP);
      for (const fd of [server, listening]) await close(fd);
    });
  });

  it("ends with its host: what waits fails, what is under way is let go of", async () => {
    const { net, host } = world();
    const { socketpair, sendmsg, recv, socket } = host.posix;
    await net.run(async () => {
      const [left, right] = socketpair(AF_UNIX, SOCK_STREAM, 0);
      const carried = socket(AF_INET, SOCK_STREAM, 0);
      const rights = { level: SOL_SOCKET, type: SCM_RIGHTS, data: [left, carried] };
      await sendmsg(left, { iov: ["x"], control: [rights] });
      const waiting = failure(recv(left, new Uint8Array(1)));
      await net.sleep(1);
      host.close();
      expect((await waiting).code).toBe("ECONNABORTED");
      expect(host.unix.rights.idle).toBe(true);
      void right;
    });
  });
});
