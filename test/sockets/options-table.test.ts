/**
 * The table of options against Linux 6.18: for each kind of socket the default of each option, and what it reads after
 * each of these values was set; an errno where Linux has one.
 */
import { describe, expect, it } from "vitest";
import * as netwright from "../../src/index.ts";
import {
  AF_INET,
  AF_PACKET,
  AF_UNIX,
  type Host,
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_MTU,
  IP_MULTICAST_IF,
  IP_OPTIONS,
  IP_UNICAST_IF,
  IPPROTO_ICMP,
  IPPROTO_IP,
  IPPROTO_TCP,
  SO_BINDTODEVICE,
  SO_DEBUG,
  SO_INCOMING_CPU,
  SO_MARK,
  SO_MAX_PACING_RATE,
  SO_PEERCRED,
  SO_PRIORITY,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_PACKET,
  SOL_RAW,
  SOL_SOCKET,
  type SocketError,
  TCP_DEFER_ACCEPT,
  TCP_LINGER2,
} from "../../src/index.ts";
import { OPTIONS } from "../../src/sockets/options/index.ts";
import { connection, network, pair, receiver, text } from "../support/world.ts";

const KINDS = {
  tcp: [AF_INET, SOCK_STREAM, 0],
  udp: [AF_INET, SOCK_DGRAM, 0],
  raw: [AF_INET, SOCK_RAW, IPPROTO_ICMP],
  unix: [AF_UNIX, SOCK_STREAM, 0],
  packet: [AF_PACKET, SOCK_RAW, 0],
} as const;
type Kind = keyof typeof KINDS;

const VALUES = [1, 0, -1, 5, 7, 300];
const FLAG = [0, 1, 0, 1, 1, 1, 1];
const SET_FLAG = [1, 1, 0, 1, 1, 1, 1];
const KEPT = [0, 1, 0, -1, 5, 7, 300];
const UNKNOWN = new Array(7).fill("ENOPROTOOPT");
const STRANGE = new Array(7).fill("EOPNOTSUPP");

/** By option and kind of socket: the default, then what each of {@link VALUES} makes of it. `inet`: tcp, udp and raw. */
const EXPECTED: Record<string, Partial<Record<Kind | "inet" | "all", unknown[]>>> = {
  SO_DEBUG: { all: FLAG },
  SO_REUSEADDR: { all: FLAG, raw: SET_FLAG },
  SO_REUSEPORT: {
    inet: FLAG,
    unix: [0, "EOPNOTSUPP", 0, ...new Array(4).fill("EOPNOTSUPP")],
    packet: [0, "EOPNOTSUPP", 0, ...new Array(4).fill("EOPNOTSUPP")],
  },
  SO_DONTROUTE: { all: FLAG },
  SO_BROADCAST: { all: FLAG },
  SO_KEEPALIVE: { all: FLAG },
  SO_OOBINLINE: { all: FLAG },
  SO_TIMESTAMP: { all: FLAG },
  SO_PRIORITY: { all: KEPT },
  SO_MARK: { all: KEPT },
  SO_INCOMING_CPU: { all: [-1, ...KEPT.slice(1)] },
  SO_MAX_PACING_RATE: { all: [-1, ...KEPT.slice(1)] },
  SO_PASSCRED: { inet: STRANGE, packet: STRANGE, unix: FLAG },
  SO_RCVLOWAT: { all: [1, 1, 1, 2_147_483_647, 5, 7, 300], tcp: [1, 1, 1, 6_291_456, 5, 7, 300] },
  SO_SNDLOWAT: { all: [1, ...UNKNOWN.slice(1)] },
  SO_RCVBUFFORCE: { all: UNKNOWN },
  IP_TOS: {
    udp: [0, 1, 0, 255, 5, 7, 44],
    raw: [0, 1, 0, 255, 5, 7, 44],
    tcp: [0, 0, 0, 252, 4, 4, 44],
    unix: STRANGE,
  },
  IP_TTL: { inet: [64, 1, "EINVAL", 64, 5, 7, "EINVAL"], unix: STRANGE, packet: UNKNOWN },
  IP_HDRINCL: { raw: FLAG, tcp: [0, ...UNKNOWN.slice(1)], udp: [0, ...UNKNOWN.slice(1)], unix: STRANGE },
  IP_PKTINFO: { inet: FLAG, unix: STRANGE, packet: UNKNOWN },
  IP_RECVERR: { inet: FLAG },
  IP_RECVTTL: { inet: FLAG },
  IP_RECVTOS: { inet: FLAG },
  IP_FREEBIND: { inet: FLAG },
  IP_TRANSPARENT: { inet: FLAG },
  IP_MTU_DISCOVER: { inet: [1, 1, 0, "EINVAL", 5, "EINVAL", "EINVAL"] },
  IP_MTU: { inet: ["ENOTCONN", ...UNKNOWN.slice(1)] },
  IP_MULTICAST_TTL: {
    udp: [1, 1, 0, 1, 5, 7, "EINVAL"],
    raw: [1, 1, 0, 1, 5, 7, "EINVAL"],
    tcp: [1, ...new Array(6).fill("EINVAL")],
  },
  IP_MULTICAST_LOOP: { inet: SET_FLAG },
  IP_MULTICAST_ALL: { inet: [1, 1, 0, ...new Array(4).fill("EINVAL")] },
  TCP_NODELAY: { tcp: FLAG, udp: ["EOPNOTSUPP", ...UNKNOWN.slice(1)], unix: STRANGE, packet: UNKNOWN },
  TCP_CORK: { tcp: FLAG },
  TCP_QUICKACK: { tcp: SET_FLAG },
  TCP_MAXSEG: { tcp: [536, "EINVAL", 536, "EINVAL", "EINVAL", "EINVAL", 300] },
  TCP_KEEPIDLE: { tcp: [7200, 1, "EINVAL", "EINVAL", 5, 7, 300] },
  TCP_KEEPINTVL: { tcp: [75, 1, "EINVAL", "EINVAL", 5, 7, 300] },
  TCP_KEEPCNT: { tcp: [9, 1, "EINVAL", "EINVAL", 5, 7, "EINVAL"] },
  TCP_SYNCNT: { tcp: [7, 1, "EINVAL", "EINVAL", 5, 7, "EINVAL"] }, // Linux begins with 6: RFC 9293, MUST-23 asks for more
  TCP_LINGER2: { tcp: [60, 1, 60, -1, 5, 7, 120] },
  TCP_DEFER_ACCEPT: { tcp: [0, 1, 0, 0, 7, 7, 367] },
  TCP_WINDOW_CLAMP: { tcp: [0, 1152, 0, 1152, 1152, 1152, 1152] },
  TCP_USER_TIMEOUT: { tcp: [0, 1, 0, "EINVAL", 5, 7, 300] },
  TCP_NOTSENT_LOWAT: { tcp: [0, 1, 0, -1, 5, 7, 300] },
  TCP_INQ: { tcp: [0, 1, 0, "EINVAL", "EINVAL", "EINVAL", "EINVAL"] },
};

function levelOf(name: string): number {
  if (name.startsWith("SO_")) return SOL_SOCKET;
  return name.startsWith("IP_") ? IPPROTO_IP : IPPROTO_TCP;
}

function numberOf(name: string): number {
  return (netwright as unknown as Record<string, number>)[name] as number;
}

function outcome(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return (error as SocketError).code ?? error;
  }
}

async function withSocket<T>(host: Host, kind: Kind, body: (fd: number) => T): Promise<T> {
  const fd = host.posix.socket(...(KINDS[kind] as [number, number, number]));
  try {
    return body(fd);
  } finally {
    await host.posix.close(fd);
  }
}

const ROWS = Object.entries(EXPECTED).flatMap(([name, byKind]) =>
  (Object.keys(KINDS) as Kind[]).flatMap((kind) => {
    const isInet = kind === "tcp" || kind === "udp" || kind === "raw";
    const expected = byKind[kind] ?? (isInet ? byKind.inet : undefined) ?? byKind.all;
    return expected === undefined ? [] : [[name, kind, expected] as const];
  }),
);

describe("every number that an option can be", () => {
  it.each(ROWS)("%s of a socket of %s", async (name, kind, expected) => {
    const host = network().host("a");
    const [level, option] = [levelOf(name), numberOf(name)];
    await withSocket(host, kind, (fd) => {
      const read = () => outcome(() => host.posix.getsockopt(fd, level, option));
      const results = [read()];
      for (const value of VALUES) {
        const failed = outcome(() => host.posix.setsockopt(fd, level, option, value));
        results.push(failed ?? read());
      }
      expect(results).toEqual(expected);
    });
  });
});

describe("options that need a right", () => {
  it.each([
    ["SO_DEBUG", SO_DEBUG, 1, "EACCES"],
    ["SO_MARK", SO_MARK, 0, "EPERM"],
    ["SO_PRIORITY", SO_PRIORITY, 7, "EPERM"],
    ["SO_RCVBUFFORCE", SO_RCVBUFFORCE, 1, "EPERM"],
    ["SO_SNDBUFFORCE", SO_SNDBUFFORCE, 1, "EPERM"],
  ])("%s without it", async (_, option, value, code) => {
    const host = network().host("a");
    host.capabilities.delete("CAP_NET_ADMIN");
    host.capabilities.delete("CAP_NET_RAW");
    await withSocket(host, "udp", (fd) => {
      expect(outcome(() => host.posix.setsockopt(fd, SOL_SOCKET, option, value))).toBe(code);
      expect(outcome(() => host.posix.setsockopt(fd, SOL_SOCKET, SO_PRIORITY, 6))).toBe(undefined);
      expect(outcome(() => host.posix.setsockopt(fd, IPPROTO_IP, netwright.IP_TRANSPARENT, 1))).toBe("EPERM");
    });
  });

  it("SO_RCVBUFFORCE and SO_SNDBUFFORCE go beyond the host's maximum", async () => {
    const host = network().host("a");
    await withSocket(host, "udp", (fd) => {
      for (const [force, plain] of [
        [SO_RCVBUFFORCE, SO_RCVBUF],
        [SO_SNDBUFFORCE, SO_SNDBUF],
      ] as const) {
        host.posix.setsockopt(fd, SOL_SOCKET, force, 50_000_000);
        expect(host.posix.getsockopt(fd, SOL_SOCKET, plain)).toBe(100_000_000);
      }
    });
  });
});

describe("options that are no numbers", () => {
  it('SO_BINDTODEVICE is a name; "" unbinds; to change it needs CAP_NET_RAW', async () => {
    const { a } = pair();
    await withSocket(a, "udp", (fd) => {
      const { posix } = a;
      const bind = (name: string) => outcome(() => posix.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name));
      const read = () => posix.getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE);
      expect(read()).toBe("");
      expect([bind("eth0"), read()]).toEqual([undefined, "eth0"]);
      expect([bind("eth9"), read()]).toEqual(["ENODEV", "eth0"]);
      expect([bind(""), read()]).toEqual([undefined, ""]);
      a.capabilities.delete("CAP_NET_RAW");
      expect([bind("lo"), bind("eth0"), read()]).toEqual([undefined, "EPERM", "lo"]);
      expect(() => posix.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, 2)).toThrow("takes a string, not 2");
    });
  });

  it("SO_PEERCRED is who the peer was", async () => {
    const { posix } = network().host("a");
    const [left, right] = posix.socketpair(AF_UNIX, SOCK_STREAM);
    expect(posix.getsockopt(left, SOL_SOCKET, SO_PEERCRED)).toEqual({ pid: 1, uid: 0, gid: 0 });
    expect(outcome(() => posix.setsockopt(left, SOL_SOCKET, SO_PEERCRED, 1))).toBe("ENOPROTOOPT");
    const nobody = { pid: 0, uid: -1, gid: -1 };
    const alone = posix.socket(AF_UNIX, SOCK_STREAM);
    const tcp = posix.socket(AF_INET, SOCK_STREAM);
    for (const fd of [alone, tcp]) expect(posix.getsockopt(fd, SOL_SOCKET, SO_PEERCRED)).toEqual(nobody);
    for (const fd of [left, right, alone, tcp]) await posix.close(fd);
  });

  it("IP_OPTIONS is bytes, filled up to whole words", async () => {
    const host = network().host("a");
    await withSocket(host, "udp", (fd) => {
      const set = (...bytes: number[]) =>
        outcome(() => host.posix.setsockopt(fd, IPPROTO_IP, IP_OPTIONS, Uint8Array.from(bytes)));
      const read = () => [...host.posix.getsockopt(fd, IPPROTO_IP, IP_OPTIONS)];
      expect(read()).toEqual([]);
      expect([set(1), read()]).toEqual([undefined, [1, 0, 0, 0]]);
      expect([set(0x44, 4, 5, 0), read()]).toEqual([undefined, [0x44, 4, 5, 0]]);
      expect([set(...new Array(41).fill(1)), set(0x99, 0x99), read()]).toEqual([
        "EINVAL",
        "EINVAL",
        [0x44, 4, 5, 0],
      ]);
      expect([set(), read()]).toEqual([undefined, []]);
    });
  });

  it("IP_MULTICAST_IF is an address of the interface, or { address, interface }", async () => {
    const { a } = pair();
    const { posix } = a;
    await withSocket(a, "udp", (fd) => {
      const set = (value: netwright.OptionValue) =>
        outcome(() => posix.setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, value));
      const read = () => posix.getsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF);
      expect(read()).toBe("0.0.0.0");
      expect([set("10.0.0.1"), read()]).toEqual([undefined, "10.0.0.1"]);
      expect([set("9.9.9.9"), set({ interface: 9 }), read()]).toEqual([
        "EADDRNOTAVAIL",
        "EADDRNOTAVAIL",
        "10.0.0.1",
      ]);
      expect([set({ interface: 2 }), read()]).toEqual([undefined, "0.0.0.0"]);
      expect([set("0.0.0.0"), read()]).toEqual([undefined, "0.0.0.0"]);
    });
    await withSocket(a, "tcp", (fd) => {
      expect(outcome(() => posix.setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, "10.0.0.1"))).toBe("EINVAL");
    });
  });

  it("IP_UNICAST_IF is an interface's index from 1", async () => {
    const { a } = pair();
    for (const kind of ["udp", "tcp", "raw"] as const) {
      await withSocket(a, kind, (fd) => {
        const set = (index: number) =>
          outcome(() => a.posix.setsockopt(fd, IPPROTO_IP, IP_UNICAST_IF, index));
        const read = () => a.posix.getsockopt(fd, IPPROTO_IP, IP_UNICAST_IF);
        expect([read(), set(2), read(), set(77), read(), set(0), read()]).toEqual([
          0,
          undefined,
          2,
          "EADDRNOTAVAIL",
          2,
          undefined,
          0,
        ]);
      });
    }
  });

  it("IP_ADD_MEMBERSHIP and IP_DROP_MEMBERSHIP take { multiaddr, interface }, and cannot be read", async () => {
    const { a } = pair();
    const { posix } = a;
    for (const kind of ["udp", "raw"] as const) {
      await withSocket(a, kind, (fd) => {
        const change = (option: number, multiaddr: string, by?: string | number) =>
          outcome(() =>
            posix.setsockopt(fd, IPPROTO_IP, option, {
              multiaddr,
              ...(by === undefined ? {} : { interface: by }),
            }),
          );
        const add = (group: string, by?: string | number) => change(IP_ADD_MEMBERSHIP, group, by);
        const drop = (group: string, by?: string | number) => change(IP_DROP_MEMBERSHIP, group, by);
        expect([add("224.1.1.1", "127.0.0.1"), add("224.1.1.1", "127.0.0.1")]).toEqual([
          undefined,
          "EADDRINUSE",
        ]);
        expect([add("10.0.0.1", "127.0.0.1"), add("224.1.1.2", "9.9.9.9")]).toEqual(["EINVAL", "ENODEV"]);
        expect([add("224.1.1.3", 2), add("224.1.1.3", "10.0.0.1")]).toEqual([undefined, "EADDRINUSE"]);
        expect([drop("224.1.1.1", "127.0.0.1"), drop("224.1.1.1", "127.0.0.1")]).toEqual([
          undefined,
          "EADDRNOTAVAIL",
        ]);
        expect(outcome(() => posix.getsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP))).toBe("ENOPROTOOPT");
        expect(() => posix.setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, 5)).toThrow(TypeError);
      });
    }
    await withSocket(a, "tcp", (fd) => {
      const request = { multiaddr: "224.1.1.1", interface: "127.0.0.1" };
      expect(outcome(() => posix.setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, request))).toBe("EPROTO");
    });
  });

  it("ICMP_FILTER is for raw sockets of ICMP, PACKET_ADD_MEMBERSHIP for AF_PACKET", async () => {
    const { a } = pair();
    const { posix } = a;
    await withSocket(a, "raw", (fd) => {
      expect(posix.getsockopt(fd, SOL_RAW, netwright.ICMP_FILTER)).toBe(0);
      posix.setsockopt(fd, SOL_RAW, netwright.ICMP_FILTER, 1 << 8);
      expect(posix.getsockopt(fd, SOL_RAW, netwright.ICMP_FILTER)).toBe(256);
      expect(outcome(() => posix.getsockopt(fd, SOL_RAW, 2))).toBe("ENOPROTOOPT");
    });
    await withSocket(a, "packet", (fd) => {
      const add = (by: string | number) =>
        outcome(() =>
          posix.setsockopt(fd, SOL_PACKET, netwright.PACKET_ADD_MEMBERSHIP, { interface: by, type: 1 }),
        );
      expect([add("eth0"), add(1), add(99), add("eth9")]).toEqual([undefined, undefined, "ENODEV", "ENODEV"]);
      expect(
        outcome(() => posix.setsockopt(fd, SOL_PACKET, netwright.PACKET_DROP_MEMBERSHIP, { interface: 1 })),
      ).toBe(undefined);
    });
    await withSocket(a, "udp", (fd) => {
      expect(outcome(() => posix.getsockopt(fd, SOL_PACKET, 1))).toBe("EOPNOTSUPP");
      expect(outcome(() => posix.setsockopt(fd, SOL_RAW, 1, 1))).toBe("ENOPROTOOPT");
    });
  });
});

describe("options of a connection", () => {
  it("tell its path's MTU and the processor; a listener has no MTU", async () => {
    const { net, a, b } = pair({ latency: 1, mtu: 1000 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      expect(client.getsockopt(IPPROTO_IP, IP_MTU)).toBe(1000);
      expect(client.getsockopt(SOL_SOCKET, SO_INCOMING_CPU)).toBe(0);
      const udp = a.posix.socket(AF_INET, SOCK_DGRAM);
      await a.posix.connect(udp, { family: AF_INET, address: "127.0.0.1", port: 9 });
      expect(a.posix.getsockopt(udp, IPPROTO_IP, IP_MTU)).toBe(65_535);
      const listening = a.posix.socket(AF_INET, SOCK_STREAM);
      a.posix.listen(listening, 1);
      expect(outcome(() => a.posix.getsockopt(listening, IPPROTO_IP, IP_MTU))).toBe("ENOTCONN");
      for (const fd of [udp, listening]) await a.posix.close(fd);
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("TCP_DEFER_ACCEPT and TCP_LINGER2 count as Linux does", async () => {
    const host = network().host("a");
    await withSocket(host, "tcp", (fd) => {
      const read = (option: number, value: number) => {
        host.posix.setsockopt(fd, IPPROTO_TCP, option, value);
        return host.posix.getsockopt(fd, IPPROTO_TCP, option);
      };
      const deferred = [1, 2, 3, 7, 10, 100, 300, 100_000].map((seconds) => read(TCP_DEFER_ACCEPT, seconds));
      expect(deferred).toEqual([1, 3, 3, 7, 15, 127, 367, 29_887]);
      expect([100, 121, -5, 0].map((seconds) => read(TCP_LINGER2, seconds))).toEqual([100, 120, -1, 60]);
    });
  });

  it("UDP_CORK makes one datagram of many sends", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const server = receiver(b, 53);
      const client = a.socket(AF_INET, SOCK_DGRAM);
      await client.connect({ address: "b", port: 53 });
      expect(client.getsockopt(netwright.IPPROTO_UDP, netwright.UDP_CORK)).toBe(0);
      client.setsockopt(netwright.IPPROTO_UDP, netwright.UDP_CORK, 1);
      await client.send("ho");
      await client.send("la");
      client.setsockopt(netwright.IPPROTO_UDP, netwright.UDP_CORK, 0);
      expect(text(await server.recv(10))).toBe("hola");
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("SO_MAX_PACING_RATE slows a sender down", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      client.setsockopt(SOL_SOCKET, SO_MAX_PACING_RATE, 100_000);
      const start = net.now;
      await client.sendall(new Uint8Array(100_000));
      for (let got = 0; got < 100_000; ) got += (await server.recv(100_000)).length;
      expect(net.now - start).toBeGreaterThan(800);
      await Promise.all([client.close(), server.close()]);
    });
  });
});

describe("the table", () => {
  it("says of each option in one line what it does", () => {
    for (const { name, row } of OPTIONS) {
      expect(row.summary, name).toMatch(/^[^\n]{5,160}[^.]$/);
      expect(row.get !== undefined || row.set !== undefined, name).toBe(true);
      if (row.set !== undefined && row.get !== undefined) expect(row.default, name).toBeDefined();
    }
  });

  it("has each number once", () => {
    const keys = OPTIONS.map(({ level, number }) => `${level} ${number}`);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
