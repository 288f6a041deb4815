/** What Python's `socket` module offers beside sockets. What is expected was said by Python 3.11 on Linux, where it is Python's. */
import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_TCP,
  SO_ACCEPTCONN,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RDM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  Socket,
  type SocketError,
} from "../../src/index.ts";
import { failure, listener, network, pair, text, thrown } from "../support/world.ts";

describe("socketpair", () => {
  it("gives two sockets of AF_UNIX that are connected", async () => {
    const net = network({ seed: 1 });
    const host = net.host("a");
    await net.run(async () => {
      const [left, right] = host.socketpair();
      expect([left.family, left.type, left.proto]).toEqual([AF_UNIX, SOCK_STREAM, 0]);
      await left.sendall("through");
      expect(text(await right.recv(10))).toBe("through");
      const [one, other] = host.socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK);
      expect([one.type, one.gettimeout(), other.gettimeout()]).toEqual([SOCK_DGRAM, 0, 0]);
      for (const socket of [left, right, one, other]) await socket.close();
    });
  });

  it("has none to give elsewhere", () => {
    const host = network().host("a");
    expect(thrown(() => host.socketpair(AF_INET)).message).toBe("socketpair EOPNOTSUPP");
    expect(thrown(() => host.socketpair(9)).message).toBe("socketpair EAFNOSUPPORT");
    expect(thrown(() => host.socketpair(AF_UNIX, SOCK_STREAM, 5)).message).toBe("socketpair EPROTONOSUPPORT");
    expect(thrown(() => host.socketpair(AF_UNIX, SOCK_RDM)).message).toBe("socketpair ESOCKTNOSUPPORT");
    expect(() => host.socketpair("AF_UNIX" as never)).toThrow(
      'socketpair: family is an integer, not "AF_UNIX"',
    );
  });
});

describe("fromfd and { fileno }", () => {
  it("duplicate a descriptor, or take it over", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const fd = a.posix.socket(AF_INET, SOCK_STREAM);
      const copy = a.fromfd(fd);
      expect(copy.fileno()).not.toBe(fd);
      expect([copy.family, copy.type, copy.proto]).toEqual([AF_INET, SOCK_STREAM, IPPROTO_TCP]);
      await copy.close();
      const taken = a.socket({ fileno: fd });
      expect(taken.fileno()).toBe(fd);
      await taken.close();
      expect(thrown(() => a.posix.getsockname(fd)).code).toBe("EBADF");
    });
  });

  it("want a socket's descriptor", () => {
    const host = network().host("a");
    expect(thrown(() => host.fromfd(999)).message).toBe("fromfd EBADF");
    expect(thrown(() => host.socket({ fileno: 999 })).message).toBe("socket EBADF");
    expect(() => host.socket({ fileno: -1 })).toThrow("socket: fileno is at least 0, not -1");
    expect(() => host.fromfd("3" as never)).toThrow('fromfd: fd is an integer, not "3"');
    expect(() => host.socket({ fileno: "3" } as never)).toThrow('socket: fileno is an integer, not "3"');
    const epoll = host.epoll();
    expect(thrown(() => host.fromfd(epoll.fileno())).code).toBe("ENOTSOCK");
    expect(thrown(() => host.socket({ fileno: epoll.fileno() })).code).toBe("ENOTSOCK");
    expect([...host.descriptors.used()]).toEqual([epoll.fileno()]);
    epoll.close();
    expect(host.descriptors.openFiles).toBe(0);
  });
});

describe("create_connection", () => {
  it("connects by name or address, from where it is told, with the time it is told", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const listening = listener(b, 80);
      const local = listener(a, 80);
      const sockets = [
        await a.create_connection({ address: "b", port: 80 }),
        await a.create_connection({ address: "10.0.0.2", port: "http" }, { timeout: 3000 }),
        await a.create_connection(
          { address: "b", port: "80" },
          { timeout: null, source_address: { address: "10.0.0.1", port: 4711 } },
        ),
        await a.create_connection({ address: "", port: 80 }),
      ];
      expect(sockets.map((socket) => socket.gettimeout())).toEqual([null, 3000, null, null]);
      expect(sockets[2]!.getsockname()).toEqual({ address: "10.0.0.1", port: 4711, family: "IPv4" });
      expect(sockets[3]!.getpeername().address).toBe("127.0.0.1");
      for (const socket of [...sockets, listening, local]) await socket.close();
    });
  });

  it("tries every address, and says why the last failed, or all of them", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      a.hosts.add("10.0.0.9", "many");
      a.hosts.add("127.0.0.1", "many");
      a.hosts.add("10.0.0.2", "many");
      net.rule((packet) => (packet.destination === "10.0.0.9" ? "drop" : "pass"));
      const failed = await failure(a.create_connection({ address: "many", port: 80 }, { timeout: 500 }));
      expect(failed.message).toBe("connect ECONNREFUSED 10.0.0.2:80");
      const all = await a
        .create_connection({ address: "many", port: 80 }, { timeout: 500, all_errors: true })
        .catch((error: unknown) => error);
      if (!(all instanceof AggregateError)) throw all;
      expect([all.message, all.errors.map((error) => (error as SocketError).message)]).toEqual([
        "create_connection failed",
        [
          "connect ETIMEDOUT 10.0.0.9:80",
          "connect ECONNREFUSED 127.0.0.1:80",
          "connect ECONNREFUSED 10.0.0.2:80",
        ],
      ]);
      const listening = listener(b, 80);
      const socket = await a.create_connection({ address: "many", port: 80 }, { timeout: 500 });
      expect(socket.getpeername().address).toBe("10.0.0.2");
      await Promise.all([socket.close(), listening.close()]);
      expect(a.sockets.size).toBe(0);
    });
  });

  it("tries no other address when it is aborted", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      a.hosts.add("10.0.0.2", "two");
      a.hosts.add("127.0.0.1", "two");
      net.partition(a, b);
      const abort = new AbortController();
      const options = { all_errors: true, signal: abort.signal };
      const connecting = failure(a.create_connection({ address: "two", port: 80 }, options));
      await net.sleep(10);
      abort.abort();
      expect((await connecting).message).toBe("connect EINTR 10.0.0.2:80");
      net.heal(a, b);
    });
  });

  it("fails as its steps do", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      expect((await failure(a.create_connection({ address: "nobody", port: 1 }))).code).toBe("EAI_NONAME");
      const from = { source_address: { address: "9.9.9.9", port: 0 } };
      expect((await failure(a.create_connection({ address: "b", port: 1 }, from))).code).toBe(
        "EADDRNOTAVAIL",
      );
      for (const [where, options, message] of [
        ["b:80", {}, 'create_connection: the address is an object { address, port }, not "b:80"'],
        [
          { address: "b" },
          {},
          'create_connection: the address is an object { address, port }, not { address: "b" }',
        ],
        [{ address: "b", port: 1 }, 5, "create_connection: the options are an object"],
        [
          { address: "b", port: 1 },
          { timeout: "1" },
          "settimeout: the time is null or a number of milliseconds",
        ],
      ] as const) {
        await expect(a.create_connection(where as never, options as never)).rejects.toThrow(message);
      }
      expect(a.sockets.size).toBe(0);
    });
  });
});

describe("create_server", () => {
  it("listens, with SO_REUSEADDR and what else it is told", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const server = b.create_server({ address: "", port: 80 });
      const options = [SO_REUSEADDR, SO_REUSEPORT, SO_ACCEPTCONN];
      expect(options.map((option) => server.getsockopt(SOL_SOCKET, option))).toEqual([1, 0, 1]);
      const shared = b.create_server({ address: "", port: 0 }, { reuse_port: true, backlog: -1 });
      expect(shared.getsockopt(SOL_SOCKET, SO_REUSEPORT)).toBe(1);
      const unix = b.create_server("\0service", { family: AF_UNIX });
      expect(unix.getsockname()).toBe("\0service");
      const client = await a.create_connection({ address: "b", port: 80 });
      const [connected] = await server.accept();
      for (const socket of [server, shared, unix, client, connected]) await socket.close();
    });
  });

  it("fails as its steps do, and leaves nothing behind", async () => {
    const { net, b } = pair();
    await net.run(async () => {
      const server = b.create_server({ address: "", port: 80 });
      expect(thrown(() => b.create_server({ address: "", port: 80 })).message).toBe(
        "bind EADDRINUSE 0.0.0.0:80",
      );
      expect(thrown(() => b.create_server({ address: "8.8.8.8", port: 0 })).code).toBe("EADDRNOTAVAIL");
      expect(
        thrown(() => b.create_server({ address: "", port: 1 }, { family: AF_INET6 } as never)).code,
      ).toBe("EAFNOSUPPORT");
      expect(thrown(() => b.create_server("\0x", { family: AF_UNIX, reuse_port: true })).code).toBe(
        "EOPNOTSUPP",
      );
      expect(() => b.create_server({ address: "", port: 0 }, { dualstack_ipv6: true })).toThrow(
        new RangeError("create_server: dualstack_ipv6 requires AF_INET6, which there is none of here"),
      );
      const six = { family: AF_INET6, dualstack_ipv6: true } as never;
      expect(() => b.create_server({ address: "", port: 0 }, six)).toThrow(
        new RangeError("create_server: dualstack_ipv6 is not supported on this platform"),
      );
      expect(() => b.create_server({ address: "", port: 70_000 })).toThrow(
        "port is an integer from 0 to 65535",
      );
      expect(() => b.create_server("x" as never)).toThrow(
        "create_server: the address is an object { address, port }",
      );
      await net.sleep(1);
      expect(b.sockets.size).toBe(1);
      await server.close();
      expect(b.has_dualstack_ipv6()).toBe(false);
    });
  });
});

describe("iteration and web streams in AF_UNIX", () => {
  it("carry a service", async () => {
    const net = network({ seed: 1 });
    const host = net.host("a");
    await net.run(async () => {
      const server = host.create_server("/run/x", { family: AF_UNIX });
      const serving = (async () => {
        for await (const connected of server) {
          if (!(connected instanceof Socket)) throw new Error("no connection");
          await new Response(connected.readable).text().then((all) => connected.sendall(all.toUpperCase()));
          await connected.close();
        }
      })();
      const client = host.socket(AF_UNIX);
      await client.connect("/run/x");
      await client.sendall("hola");
      client.shutdown(1);
      expect(await new Response(client.readable).text()).toBe("HOLA");
      await client.close();
      await server.close();
      await serving;
    });
  });

  it("end a connection of records where it ends", async () => {
    const net = network({ seed: 1 });
    const host = net.host("a");
    await net.run(async () => {
      const [left, right] = host.socketpair(AF_UNIX, SOCK_SEQPACKET);
      for (const record of ["one", "two"]) await left.send(record);
      await left.close();
      const records: string[] = [];
      for await (const record of right.chunks()) records.push(text(record));
      expect(records).toEqual(["one", "two"]);
      await right.close();
    });
  });
});
