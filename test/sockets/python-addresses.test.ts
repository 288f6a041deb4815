/** The forms of addresses in the Python face. What is expected was said by Python 3.11 on Linux, where it is Python's. */
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  type AF_INET,
  AF_PACKET,
  AF_UNIX,
  AF_UNSPEC,
  ETH_P_IP,
  type InetAddress,
  type PacketAddress,
  SOCK_DGRAM,
  SOCK_STREAM,
  type Socket,
} from "../../src/index.ts";
import { parseAddress, showAddress } from "../../src/sockets/python/addresses.ts";
import { connection, failure, network, pair, receiver, text, thrown } from "../support/world.ts";

describe("addresses of AF_UNIX", () => {
  it("are paths, abstract names, or nothing", async () => {
    const net = network({ seed: 1 });
    const host = net.host("a");
    await net.run(async () => {
      const listening = host.socket(AF_UNIX, SOCK_STREAM);
      expectTypeOf(listening).toEqualTypeOf<Socket<string>>();
      expect(listening.getsockname()).toBe("");
      expect(thrown(() => listening.getpeername()).code).toBe("ENOTCONN");
      listening.bind("/run/service");
      listening.listen();
      const client = host.socket(AF_UNIX);
      await client.connect("/run/service");
      const [server, peer] = await listening.accept();
      expect([peer, server.getsockname(), client.getpeername(), server.getpeername()]).toEqual([
        ...["", "/run/service", "/run/service", ""],
      ]);
      await client.send("hi");
      expect(await server.recvfrom(10)).toEqual([new TextEncoder().encode("hi"), null]);
      const [left, right] = host.socketpair();
      expect([left.getsockname(), right.getpeername()]).toEqual(["", ""]);
      for (const socket of [listening, client, server, left, right]) await socket.close();
    });
  });

  it("name the sender of a datagram, or do not", async () => {
    const net = network({ seed: 1 });
    const host = net.host("a");
    await net.run(async () => {
      const server = host.socket(AF_UNIX, SOCK_DGRAM);
      const client = host.socket(AF_UNIX, SOCK_DGRAM);
      server.bind("\0server");
      await client.sendto("x", "\0server");
      expect((await server.recvfrom(5))[1]).toBe(null);
      client.bind("");
      expect(client.getsockname()).toMatch(/^\0[0-9a-f]{5}$/);
      await client.sendto("y", 0, "\0server");
      expect((await server.recvfrom_into(new Uint8Array(3)))[1]).toBe(client.getsockname());
      expect((await failure(client.connect(""))).code).toBe("EINVAL");
      expect((await failure(client.connect("\0nobody"))).message).toBe("connect ECONNREFUSED @nobody");
      await Promise.all([server.close(), client.close()]);
    });
  });

  it("are strings, and nothing else", async () => {
    const host = network().host("a");
    const socket = host.socket(AF_UNIX, SOCK_DGRAM);
    for (const where of [{ address: "", port: 80 }, ["/x"], 5, undefined]) {
      expect(() => socket.bind(where as never)).toThrow(
        "bind: an address in AF_UNIX is a path, a string, not ",
      );
      await expect(socket.sendto("x", where as never)).rejects.toThrow(TypeError);
      await expect(socket.connect_ex(where as never)).rejects.toThrow("connect_ex: an address in AF_UNIX");
    }
    await socket.close();
  });
});

describe("addresses of AF_INET", () => {
  it("are objects with a port that is a number", async () => {
    const socket = network().host("a").socket();
    expectTypeOf(socket).toEqualTypeOf<Socket<InetAddress>>();
    for (const [where, message] of [
      ["10.0.0.1:80", 'the address is an object { address, port }, not "10.0.0.1:80"'],
      [["10.0.0.1", 80], 'the address is an object { address, port }, not ["10.0.0.1", 80]'],
      [{ address: "10.0.0.1" }, 'port is missing in { address: "10.0.0.1" }'],
      [{ host: "a", port: 80 }, 'address is missing in { host: "a", port: 80 }'],
      [{ address: "a", port: "80" }, 'port is an integer, not "80"'],
      [{ address: "a", port: 70_000 }, "port is an integer from 0 to 65535, not 70000"],
    ] as const) {
      expect(() => socket.bind(where as never)).toThrow(message);
      await expect(socket.connect(where as never)).rejects.toThrow(message);
      await expect(socket.connect_ex(where as never)).rejects.toThrow(`connect_ex: `);
      await expect(socket.sendto("x", where as never)).rejects.toThrow(message);
      await expect(socket.sendmsg(["x"], [], 0, where as never)).rejects.toThrow(message);
    }
    await socket.close();
  });

  it("are looked up by connect_ex, which throws when nobody knows them", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const socket = a.socket();
      expect((await failure(socket.connect_ex({ address: "nobody", port: 80 }))).code).toBe("EAI_NONAME");
      expect(await socket.connect_ex({ address: "b", port: 80 })).toBe(111);
      await socket.close();
    });
  });

  it("are forgotten by AF_UNSPEC", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const one = receiver(a, 53);
      const other = receiver(a, 54);
      await one.connect({ address: "127.0.0.1", port: 54 });
      await one.send("x");
      expect(text((await other.recvfrom(5))[0])).toBe("x");
      await one.connect({ family: AF_UNSPEC });
      expect(thrown(() => one.getpeername()).code).toBe("ENOTCONN");
      expect((await failure(one.send("x"))).code).toBe("EDESTADDRREQ");
      await one.connect({ address: "127.0.0.1", port: 54 });
      expect(await one.connect_ex({ family: AF_UNSPEC })).toBe(0);
      await Promise.all([one.close(), other.close()]);
    });
  });

  it("come from no stream", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      await client.send("abcd");
      const buffer = new Uint8Array(1);
      expect((await server.recvfrom(1))[1]).toBe(null);
      expect(await server.recvfrom_into(buffer)).toEqual([1, null]);
      expect((await server.recvmsg(1))[3]).toBe(null);
      expect((await server.recvmsg_into([buffer]))[3]).toBe(null);
      await Promise.all([client.close(), server.close()]);
    });
  });
});

describe("addresses of AF_PACKET", () => {
  it("are interfaces by name, with a protocol", () => {
    const { a } = pair();
    const parse = (where: unknown) => parseAddress(a, AF_PACKET, "bind", where);
    const name = {
      family: AF_PACKET,
      interfaceIndex: 2,
      protocol: ETH_P_IP,
      packetType: 0,
      hardwareType: 0,
      hardwareAddress: new Uint8Array(0),
    };
    expect(parse({ interface: "eth0", protocol: ETH_P_IP })).toEqual(name);
    expect(showAddress(a, { ...name, family: AF_PACKET })).toEqual({
      interface: "eth0",
      protocol: ETH_P_IP,
      packetType: 0,
      hardwareType: 0,
      hardwareAddress: new Uint8Array(0),
    } satisfies PacketAddress);
    expect(parse({ interface: "lo" })).toMatchObject({ interfaceIndex: 1, protocol: 0 });
    for (const nowhere of ["nope", ""]) {
      expect(thrown(() => parse({ interface: nowhere })).code).toBe("ENODEV");
    }
    for (const [where, message] of [
      ["lo", 'bind: an address in AF_PACKET is an object { interface, protocol }, not "lo"'],
      [{ interface: 1 }, 'bind: interface is a name such as "eth0", not 1'],
      [{ interface: "lo", protocol: 70_000 }, "protocol is an integer from 0 to 65535, not 70000"],
      [{ interface: "lo", hardwareAddress: "x" }, "hardwareAddress is a Uint8Array of at most 8 bytes"],
    ] as const) {
      expect(() => parse(where)).toThrow(message);
    }
  });

  it("have types of their own", () => {
    const host = network().host("a");
    expectTypeOf(host.socket<PacketAddress>).returns.toEqualTypeOf<Socket<PacketAddress>>();
    expectTypeOf((f: typeof AF_PACKET) => host.socket(f)).returns.toEqualTypeOf<Socket<PacketAddress>>();
    expectTypeOf(host.socketpair).returns.toEqualTypeOf<[Socket<string>, Socket<string>]>();
    expectTypeOf((f: typeof AF_INET) => host.socket(f)).returns.toEqualTypeOf<Socket>();
  });
});
