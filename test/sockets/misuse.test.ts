import { describe, expect, it } from "vitest";
import { AF_INET, AF_INET6, AF_UNIX, inet_pton, SOCK_DGRAM, SOCK_STREAM } from "../../src/index.ts";
import { show } from "../../src/sockets/misuse.ts";
import { network, thrown } from "../support/world.ts";

describe("misuse says what was given and what is allowed", () => {
  const makers = (): [socket: ReturnType<ReturnType<ReturnType<typeof network>["host"]>["socket"]>] => [
    network().host("a").socket(),
  ];

  it("in addresses", async () => {
    const [socket] = makers();
    const cases: [unknown, RegExp | string][] = [
      ["10.0.0.1", 'bind: the address is an object { address, port }, not "10.0.0.1"'],
      [undefined, "not undefined"],
      [
        { address: "" },
        'bind: the address is an object { address, port }; port is missing in { address: "" }',
      ],
      [{ port: 5 }, "bind: the address is an object { address, port }; address is missing in { port: 5 }"],
      [{}, "bind: the address is an object { address, port }; address and port are missing in {}"],
      [["10.0.0.1", 80], 'bind: the address is an object { address, port }, not ["10.0.0.1", 80]'],
      [{ address: "", port: 70_000 }, "bind: port is an integer from 0 to 65535, not 70000"],
      [{ address: "", port: "80" }, 'bind: port is an integer, not "80"'],
      [{ address: "", port: 1.5 }, "not 1.5"],
      [{ address: "", port: -1 }, "not -1"],
      [{ address: 5, port: 80 }, 'bind: address is a string (a dotted quad, a host name or ""), not 5'],
      [{ address: "", port: 80, family: "IPv6" }, 'family is AF_INET or "IPv4", not "IPv6"'],
    ];
    for (const [where, message] of cases) {
      expect(() => socket.bind(where as never)).toThrow(message);
      const connecting = socket.connect(where as never);
      await expect(connecting).rejects.toThrow(
        typeof message === "string" ? message.replace(/^bind/, "connect") : message,
      );
    }
    await socket.close();
  });

  it("in sizes, data and flags", async () => {
    const [socket] = makers();
    expect(() => socket.listen("x" as never)).toThrow(
      new TypeError('listen: backlog is an integer, not "x"'),
    );
    await expect(socket.recv("10" as never)).rejects.toThrow(
      new TypeError('recv: size is an integer, not "10"'),
    );
    await expect(socket.recv(-1)).rejects.toThrow("recv: size is an integer from 0 to 2147483647, not -1");
    await expect(socket.recv(1, "PEEK" as never)).rejects.toThrow(TypeError);
    await expect(socket.recv_into([] as never)).rejects.toThrow(
      "recv_into: the buffer is a Uint8Array, not []",
    );
    await expect(socket.recv_into(new Uint8Array(4), 5)).rejects.toThrow("from 0 to 4, not 5");
    await expect(socket.send(5 as never)).rejects.toThrow("send: data is a Uint8Array or a string, not 5");
    await expect(socket.sendall(null as never)).rejects.toThrow(
      "sendall: data is a Uint8Array or a string, not null",
    );
    await expect(socket.sendto("x", 0 as never)).rejects.toThrow(
      "sendto: the address is an object { address, port }",
    );
    expect(() => socket.shutdown("all" as never)).toThrow('shutdown: how is an integer, not "all"');
    expect(thrown(() => socket.shutdown(3)).message).toBe("shutdown EINVAL");
    await expect(socket.recv(undefined as never)).rejects.toThrow("recv: size is an integer, not undefined");
    await expect(socket.recv(5, { signal: undefined } as never)).rejects.toThrow(
      "recv: flags is an integer, not { signal: undefined }",
    );
    await expect(socket.send(["a"] as never)).rejects.toThrow(
      "send: data is a Uint8Array or a string, not [",
    );
    expect(() => socket.setblocking("no" as never)).toThrow(
      'setblocking: blocking is true or false, not "no"',
    );
    expect(() => socket.set_inheritable(null as never)).toThrow("inheritable is true or false, not null");
    for (const time of [-1, Number.NaN, "5", undefined]) {
      const Kind = typeof time === "number" ? RangeError : TypeError;
      expect(() => socket.settimeout(time as never)).toThrow(
        new Kind(
          `settimeout: the time is null or a number of milliseconds from 0 to 1e12, not ${show(time)}`,
        ),
      );
    }
    await socket.close();
  });

  it("in create_server()", () => {
    const host = network().host("a");
    expect(() => host.create_server(80 as never)).toThrow(
      new TypeError("create_server: the address is an object { address, port }, not 80"),
    );
    expect(() => host.create_server({ address: "", port: 0 } as never, { family: AF_UNIX })).toThrow(
      new TypeError('create_server: an address in AF_UNIX is a path, a string, not { address: "", port: 0 }'),
    );
    expect(host.sockets.size).toBe(0);
  });

  it("in families of inet_pton()", () => {
    expect(() => inet_pton("10.0.0.1" as never, "10.0.0.1")).toThrow(
      new TypeError('inet_pton: family is an integer, not "10.0.0.1"'),
    );
  });

  it("in socket()", () => {
    const host = network().host("a");
    expect(() => host.socket("AF_INET" as never)).toThrow(TypeError);
    expect(thrown(() => host.socket(AF_INET6)).message).toBe("socket EAFNOSUPPORT");
    expect(thrown(() => host.socket(AF_INET, 9)).message).toBe("socket ESOCKTNOSUPPORT");
    expect(thrown(() => host.socket(AF_INET, SOCK_STREAM, 17)).message).toBe("socket EPROTONOSUPPORT");
    expect(thrown(() => host.socket(AF_INET, SOCK_DGRAM, 6)).message).toBe("socket EPROTONOSUPPORT");
    expect(host.sockets.size).toBe(0);
  });

  it("in poll and select", async () => {
    const { posix } = network().host("a");
    for (const [fds, message] of [
      [{ fd: 3, events: 1 }, "poll: fds is an array of { fd, events }, not { fd: 3, events: 1 }"],
      [undefined, "poll: fds is an array of { fd, events }, not undefined"],
      [[3], "poll: fds is an array of { fd, events }, of which 3 is none"],
      [[{ events: 1 }], "poll: fd is an integer, not undefined"],
      [[{ fd: 3 }], "poll: events is an integer, not undefined"],
    ] as const) {
      await expect(posix.poll(fds as never)).rejects.toThrow(new TypeError(message));
    }
    const form = "select: the sets are an object { read, write, except } of descriptors";
    for (const [sets, message] of [
      [[77], `${form}, not [77]`],
      [undefined, `${form}, not undefined`],
      [{ reads: [77] }, `${form}, without reads`],
      [{ read: 77 }, `${form}; read is 77`],
    ] as const) {
      await expect(posix.select(sets as never, 0)).rejects.toThrow(new TypeError(message));
    }
    await expect((posix.select as (...args: unknown[]) => unknown)([77], [], [], 0)).rejects.toThrow(form);
  });

  it("in a sockaddr_in", async () => {
    const { posix } = network().host("a");
    const fd = posix.socket(AF_INET, SOCK_STREAM);
    expect(() => posix.bind(fd, { family: AF_INET, address: 0 })).toThrow(
      new TypeError("bind: port is an integer, not undefined"),
    );
    expect(() => posix.bind(fd, ["", 80] as never)).toThrow('sin_addr }, not ["", 80]');
    await posix.close(fd);
  });

  it("shows what is in an object or array, and the kind of any other", () => {
    class Ear {}
    expect(
      [{ a: { b: 1 }, c: [1], d: {}, e: null }, [[], {}, "x"], { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }].map(
        (value) => show(value),
      ),
    ).toEqual([
      "{ a: {…}, c: […], d: {}, e: null }",
      '[[…], {}, "x"]',
      "{ a: 1, b: 2, c: 3, d: 4, e: 5, … }",
    ]);
    expect(show(Array.from({ length: 9 }, (_, at) => at))).toBe("[0, 1, 2, 3, 4, …]");
    expect(
      [new Ear(), new Uint8Array(1), new Map(), Object.create(null)].map((value) => show(value)),
    ).toEqual(["an Ear", "a Uint8Array", "a Map", "{}"]);
  });
});
