import { describe, expect, expectTypeOf, it } from "vitest";
import {
  AF_INET,
  type Host,
  IP_MTU_DISCOVER,
  IP_PMTUDISC_DO,
  IP_PMTUDISC_DONT,
  IP_PMTUDISC_WANT,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  type Linger,
  MSG_WAITALL,
  type OptionValue,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_DOMAIN,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_OOBINLINE,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_SNDBUF,
  SO_SNDTIMEO,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  TCP_CONGESTION,
  TCP_INFO,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_USER_TIMEOUT,
  type TcpInfo,
} from "../../src/index.ts";
import { connection, listener, network, pair, text, thrown } from "../support/world.ts";

/** Runs `body` with a socket of `type` on a host of its own. */
async function withSocket(type: number, body: (socket: Socket, host: Host) => void): Promise<void> {
  const host = network().host("a");
  const socket = host.socket(AF_INET, type);
  body(socket, host);
  await socket.close();
}

const BOTH = [
  ["SOCK_STREAM", SOCK_STREAM],
  ["SOCK_DGRAM", SOCK_DGRAM],
] as const;

describe.each(BOTH)("options of a %s", (_, type) => {
  it.each([
    ["SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR],
    ["SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE],
    ["SO_BROADCAST", SOL_SOCKET, SO_BROADCAST],
    ["SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE],
  ])("%s is off at first, and 0 or 1", async (_name, level, option) => {
    await withSocket(type, (socket) => {
      expect(socket.getsockopt(level, option)).toBe(0);
      socket.setsockopt(level, option, 5);
      expect(socket.getsockopt(level, option)).toBe(1);
      socket.setsockopt(level, option, 0);
      expect(socket.getsockopt(level, option)).toBe(0);
    });
  });

  it("SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ERROR and SO_ACCEPTCONN can only be read", async () => {
    await withSocket(type, (socket) => {
      expect(socket.getsockopt(SOL_SOCKET, SO_TYPE)).toBe(type);
      expect(socket.getsockopt(SOL_SOCKET, SO_DOMAIN)).toBe(AF_INET);
      expect(socket.getsockopt(SOL_SOCKET, SO_PROTOCOL)).toBe(
        type === SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP,
      );
      expect(socket.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0);
      expect(socket.getsockopt(SOL_SOCKET, SO_ACCEPTCONN)).toBe(0);
      for (const option of [SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ERROR, SO_ACCEPTCONN]) {
        expect(thrown(() => socket.setsockopt(SOL_SOCKET, option, 1)).message).toBe("setsockopt ENOPROTOOPT");
      }
    });
  });

  it("SO_LINGER is { onoff, linger }", async () => {
    await withSocket(type, (socket) => {
      expect(socket.getsockopt(SOL_SOCKET, SO_LINGER)).toEqual({ onoff: 0, linger: 0 });
      socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 7 });
      expect(socket.getsockopt(SOL_SOCKET, SO_LINGER)).toEqual({ onoff: 1, linger: 7 });
      expect(() => socket.setsockopt(SOL_SOCKET, SO_LINGER, 1)).toThrow(
        "SO_LINGER takes an object { onoff, linger } of integers, not 1",
      );
      expect(() => socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1 } as never)).toThrow(TypeError);
    });
  });

  it.each([
    ["SO_RCVBUF", SO_RCVBUF, 2304],
    ["SO_SNDBUF", SO_SNDBUF, 4608],
  ])("%s reads twice what was set, within Linux's bounds", async (_name, option, least) => {
    await withSocket(type, (socket) => {
      socket.setsockopt(SOL_SOCKET, option, 50_000);
      expect(socket.getsockopt(SOL_SOCKET, option)).toBe(100_000);
      socket.setsockopt(SOL_SOCKET, option, 1);
      expect(socket.getsockopt(SOL_SOCKET, option)).toBe(least);
      socket.setsockopt(SOL_SOCKET, option, 2 ** 31 - 1);
      const most = socket.getsockopt(SOL_SOCKET, option);
      expect(most).toBeGreaterThanOrEqual(2 * 212_992);
      expect(most).toBeLessThan(2 ** 25);
    });
  });

  it("SO_RCVTIMEO and SO_SNDTIMEO are milliseconds, 0 for ever", async () => {
    await withSocket(type, (socket) => {
      for (const option of [SO_RCVTIMEO, SO_SNDTIMEO]) {
        expect(socket.getsockopt(SOL_SOCKET, option)).toBe(0);
        socket.setsockopt(SOL_SOCKET, option, 1500);
        expect(socket.getsockopt(SOL_SOCKET, option)).toBe(1500);
        socket.setsockopt(SOL_SOCKET, option, -1); // not at all, as parity's option-timeouts-negative shows
        expect(socket.getsockopt(SOL_SOCKET, option)).toBe(0);
        expect(() => socket.setsockopt(SOL_SOCKET, option, Number.NaN)).toThrow(
          "takes a number of milliseconds, not NaN",
        );
      }
    });
  });

  it("IP_TTL is 1 to 255; -1 gives the default back", async () => {
    await withSocket(type, (socket) => {
      expect(socket.getsockopt(IPPROTO_IP, IP_TTL)).toBe(64);
      for (const hops of [1, 255]) {
        socket.setsockopt(IPPROTO_IP, IP_TTL, hops);
        expect(socket.getsockopt(IPPROTO_IP, IP_TTL)).toBe(hops);
      }
      for (const hops of [0, 256, -2]) {
        expect(thrown(() => socket.setsockopt(IPPROTO_IP, IP_TTL, hops)).code).toBe("EINVAL");
      }
      socket.setsockopt(IPPROTO_IP, IP_TTL, -1);
      expect(socket.getsockopt(IPPROTO_IP, IP_TTL)).toBe(64);
    });
  });

  it("IP_TOS is a byte, whose ECN bits are TCP's own", async () => {
    await withSocket(type, (socket) => {
      socket.setsockopt(IPPROTO_IP, IP_TOS, 0x1ff);
      expect(socket.getsockopt(IPPROTO_IP, IP_TOS)).toBe(type === SOCK_STREAM ? 0xfc : 0xff);
    });
  });

  it("IP_MTU_DISCOVER is one of IP_PMTUDISC_", async () => {
    await withSocket(type, (socket) => {
      expect(socket.getsockopt(IPPROTO_IP, IP_MTU_DISCOVER)).toBe(IP_PMTUDISC_WANT);
      for (let mode = 0; mode <= 5; mode++) {
        socket.setsockopt(IPPROTO_IP, IP_MTU_DISCOVER, mode);
        expect(socket.getsockopt(IPPROTO_IP, IP_MTU_DISCOVER)).toBe(mode);
      }
      for (const mode of [-1, 6]) {
        expect(thrown(() => socket.setsockopt(IPPROTO_IP, IP_MTU_DISCOVER, mode)).code).toBe("EINVAL");
      }
    });
  });

  it("an unknown level or option is ENOPROTOOPT", async () => {
    await withSocket(type, (socket) => {
      expect(thrown(() => socket.getsockopt(SOL_SOCKET, 9999)).message).toBe("getsockopt ENOPROTOOPT");
      expect(thrown(() => socket.setsockopt(77, SO_REUSEADDR, 1)).message).toBe("setsockopt ENOPROTOOPT");
    });
  });

  it("a value of the wrong kind is a TypeError that says what is right", async () => {
    await withSocket(type, (socket) => {
      expect(() => socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, "1")).toThrow(
        new TypeError('setsockopt: SO_REUSEADDR takes 0 or 1, not "1"'),
      );
      expect(() => socket.setsockopt(IPPROTO_IP, IP_TTL, 1.5)).toThrow(
        new TypeError("setsockopt: IP_TTL takes an integer, not 1.5"),
      );
      expect(() => socket.setsockopt(SOL_SOCKET, SO_RCVBUF, undefined as never)).toThrow(TypeError);
      expect(() => socket.setsockopt("1" as never, 1, 1)).toThrow(TypeError);
    });
  });
});

describe("options of TCP", () => {
  it.each([
    ["TCP_KEEPIDLE", TCP_KEEPIDLE, 7200, 32_767],
    ["TCP_KEEPINTVL", TCP_KEEPINTVL, 75, 32_767],
    ["TCP_KEEPCNT", TCP_KEEPCNT, 9, 127],
  ])("%s has Linux's default and bounds", async (_name, option, standard, most) => {
    await withSocket(SOCK_STREAM, (socket) => {
      expect(socket.getsockopt(IPPROTO_TCP, option)).toBe(standard);
      socket.setsockopt(IPPROTO_TCP, option, most);
      expect(socket.getsockopt(IPPROTO_TCP, option)).toBe(most);
      for (const value of [0, -1, most + 1]) {
        expect(thrown(() => socket.setsockopt(IPPROTO_TCP, option, value)).code).toBe("EINVAL");
      }
      expect(socket.getsockopt(IPPROTO_TCP, option)).toBe(most);
    });
  });

  it("TCP_NODELAY is 0 or 1", async () => {
    await withSocket(SOCK_STREAM, (socket) => {
      expect(socket.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(0);
      socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
      expect(socket.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(1);
    });
  });

  it("TCP_MAXSEG is 88 to 32767, or 0; 536 when nobody has said anything", async () => {
    await withSocket(SOCK_STREAM, (socket) => {
      expect(socket.getsockopt(IPPROTO_TCP, TCP_MAXSEG)).toBe(536);
      socket.setsockopt(IPPROTO_TCP, TCP_MAXSEG, 1000);
      expect(socket.getsockopt(IPPROTO_TCP, TCP_MAXSEG)).toBe(1000);
      for (const bytes of [87, -1, 32_768]) {
        expect(thrown(() => socket.setsockopt(IPPROTO_TCP, TCP_MAXSEG, bytes)).code).toBe("EINVAL");
      }
      socket.setsockopt(IPPROTO_TCP, TCP_MAXSEG, 0);
      expect(socket.getsockopt(IPPROTO_TCP, TCP_MAXSEG)).toBe(536);
    });
  });

  it("TCP_MAXSEG bounds what the peer sends, and reads as what is in use", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const listening = listener(b, 80);
      const client = a.socket();
      client.setsockopt(IPPROTO_TCP, TCP_MAXSEG, 500);
      await client.connect({ address: "b", port: 80 });
      const [server] = await listening.accept();
      const inUse = server.getsockopt(IPPROTO_TCP, TCP_MAXSEG);
      expect(inUse).toBeLessThanOrEqual(500);
      expect(inUse).toBeGreaterThanOrEqual(488); // less the timestamps
      await Promise.all([client.close(), server.close(), listening.close()]);
    });
  });

  it("TCP_USER_TIMEOUT is milliseconds from 0", async () => {
    await withSocket(SOCK_STREAM, (socket) => {
      expect(socket.getsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT)).toBe(0);
      socket.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, 30_000);
      expect(socket.getsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT)).toBe(30_000);
      expect(thrown(() => socket.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, -1)).code).toBe("EINVAL");
    });
  });

  it("TCP_CONGESTION is a name, ENOENT for one there is none of", async () => {
    await withSocket(SOCK_STREAM, (socket) => {
      expect(socket.getsockopt(IPPROTO_TCP, TCP_CONGESTION)).toBe("reno");
      socket.setsockopt(IPPROTO_TCP, TCP_CONGESTION, "reno");
      expect(thrown(() => socket.setsockopt(IPPROTO_TCP, TCP_CONGESTION, "warp")).code).toBe("ENOENT");
      expect(() => socket.setsockopt(IPPROTO_TCP, TCP_CONGESTION, 1)).toThrow("takes a string, not 1");
    });
  });

  it("TCP_INFO says what the connection does", async () => {
    const { net, a, b } = pair({ latency: 10 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      await client.sendall("hola");
      await server.recv(10);
      const info = client.getsockopt(IPPROTO_TCP, TCP_INFO);
      expect(info.state).toBe(1);
      expect(info.rtt).toBeGreaterThanOrEqual(20_000);
      expect(info.total_retrans).toBe(0);
      expect(info.snd_cwnd).toBeGreaterThanOrEqual(10);
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("are no options of a datagram socket", async () => {
    await withSocket(SOCK_DGRAM, (socket) => {
      expect(thrown(() => socket.getsockopt(IPPROTO_TCP, TCP_NODELAY)).code).toBe("EOPNOTSUPP");
      expect(thrown(() => socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)).code).toBe("ENOPROTOOPT");
    });
  });

  it("pass from a listener to its connections", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const listening = listener(b, 80);
      expect(listening.getsockopt(SOL_SOCKET, SO_ACCEPTCONN)).toBe(1);
      listening.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
      listening.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1);
      listening.setsockopt(SOL_SOCKET, SO_RCVTIMEO, 250);
      const client = a.socket();
      await client.connect({ address: "b", port: 80 });
      const [server] = await listening.accept();
      expect(server.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(1);
      expect(server.getsockopt(SOL_SOCKET, SO_KEEPALIVE)).toBe(1);
      expect(server.getsockopt(SOL_SOCKET, SO_RCVTIMEO)).toBe(250);
      expect(server.getsockopt(SOL_SOCKET, SO_ACCEPTCONN)).toBe(0);
      await Promise.all([client.close(), server.close(), listening.close()]);
    });
  });
});

describe("options at work", () => {
  it("IP_TTL and IP_TOS show on the wire, also when changed in the middle (RFC9293-MUST-48, RFC9293-MUST-49)", async () => {
    const { net, a, b } = pair();
    const seen = new Set<string>();
    net.rule((packet) => {
      if (packet.source === "10.0.0.1") seen.add(`${packet.timeToLive} ${packet.trafficClass}`);
      return "pass";
    });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      expect([...seen]).toEqual(["64 0"]);
      seen.clear();
      client.setsockopt(IPPROTO_IP, IP_TTL, 9);
      client.setsockopt(IPPROTO_IP, IP_TOS, 0x28);
      await client.sendall("hola");
      await server.recv(10);
      expect([...seen]).toEqual(["9 40"]);
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("IP_MTU_DISCOVER = DONT takes DF off a connection's segments", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      const seen = new Set<boolean>();
      net.rule((packet) => {
        if (packet.source === "10.0.0.1") seen.add(packet.dontFragment);
        return "pass";
      });
      await client.sendall("x");
      await server.recv(1);
      expect([...seen]).toEqual([true]);
      seen.clear();
      client.setsockopt(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
      await client.sendall("x");
      await server.recv(1);
      expect([...seen]).toEqual([false]);
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("SO_RCVBUF bounds what a connection keeps for its reader", async () => {
    const { net, a, b } = pair({ latency: 1 });
    await net.run(async () => {
      const listening = listener(b, 80);
      listening.setsockopt(SOL_SOCKET, SO_RCVBUF, 8000);
      const client = a.socket();
      await client.connect({ address: "b", port: 80 });
      const [server] = await listening.accept();
      const sending = client.sendall(new Uint8Array(100_000));
      await net.sleep(500);
      const waiting = server.core.readable;
      expect(waiting).toBeGreaterThan(4000);
      expect(waiting).toBeLessThanOrEqual(8000);
      await server.recv(100_000, MSG_WAITALL);
      await sending;
      await Promise.all([client.close(), server.close(), listening.close()]);
    });
  });

  it("IP_MTU_DISCOVER = DO makes a datagram that does not fit fail with EMSGSIZE", async () => {
    const { net, a, b } = pair({ mtu: 1500 });
    await net.run(async () => {
      const socket = a.socket(AF_INET, SOCK_DGRAM);
      const there = b.socket(AF_INET, SOCK_DGRAM);
      there.bind({ address: "", port: 9 });
      const where = { address: "b", port: 9 };
      expect(await socket.sendto(new Uint8Array(1473), where)).toBe(1473);
      socket.setsockopt(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
      await expect(socket.sendto(new Uint8Array(1473), where)).rejects.toThrow("sendto EMSGSIZE 10.0.0.2:9");
      expect(await socket.sendto(new Uint8Array(1472), where)).toBe(1472);
      expect((await there.recv(2000)).length).toBe(1473);
      expect((await there.recv(2000)).length).toBe(1472);
      await Promise.all([socket.close(), there.close()]);
    });
  });

  it("TCP_NODELAY lets every small write leave at once (RFC9293-MUST-17)", async () => {
    for (const [noDelay, expected] of [
      [0, [1, 2]],
      [1, [1, 1, 1]],
    ] as const) {
      const { net, a, b } = pair({ latency: 10 });
      await net.run(async () => {
        const [client, server] = await connection(a, b);
        client.setsockopt(IPPROTO_TCP, TCP_NODELAY, noDelay);
        const lengths: number[] = [];
        net.rule((packet) => {
          if (packet.protocol === "tcp" && packet.tcp.length > 0) lengths.push(packet.tcp.length);
          return "pass";
        });
        for (const letter of "abc") await client.send(letter);
        expect(text(await server.recv(3, MSG_WAITALL))).toBe("abc");
        expect(lengths).toEqual(expected);
        await Promise.all([client.close(), server.close()]);
      });
    }
  });

  it("TCP_USER_TIMEOUT says when to give up (RFC9293-MUST-21)", async () => {
    const { net, a, b } = pair({ latency: 10 });
    await net.run(async () => {
      const [client, server] = await connection(a, b);
      client.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
      net.partition(a, b);
      const before = net.now;
      await client.sendall("hola");
      await expect(client.recv(1)).rejects.toThrow("recv ETIMEDOUT");
      expect(net.now - before).toBeGreaterThanOrEqual(5000);
      expect(net.now - before).toBeLessThan(12_000);
      await Promise.all([client.close(), server.close()]);
    });
  });

  it("SO_KEEPALIVE is per connection, after TCP_KEEPIDLE seconds (RFC9293-MUST-24, RFC9293-MUST-27)", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const [quiet, quietServer] = await connection(a, b);
      const listening = listener(b, 81);
      const lively = a.socket();
      lively.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1);
      lively.setsockopt(IPPROTO_TCP, TCP_KEEPIDLE, 10);
      lively.setsockopt(IPPROTO_TCP, TCP_KEEPINTVL, 10);
      await lively.connect({ address: "b", port: 81 });
      const [livelyServer] = await listening.accept();
      await net.sleep(1000);
      const probes: string[] = [];
      const off = net.rule((packet) => {
        const { source, protocol } = packet;
        if (source === "10.0.0.1" && protocol === "tcp")
          probes.push(`${net.now} ${packet.tcp.destinationPort}`);
        return "pass";
      });
      await net.sleep(20_000);
      off();
      expect(probes).toEqual(["10000 81", "20000 81"]);
      lively.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 0);
      const all = [quiet, quietServer, lively, livelyServer, listening];
      await Promise.all(all.map((socket) => socket.close()));
    });
  });
});

describe("what getsockopt gives has its own type", () => {
  it("where level and option are constants, in both faces", async () => {
    await withSocket(SOCK_STREAM, (socket, { posix }) => {
      const fd = socket.fileno();
      expectTypeOf(socket.getsockopt(SOL_SOCKET, SO_RCVBUF)).toEqualTypeOf<number>();
      expectTypeOf(socket.getsockopt(SOL_SOCKET, SO_LINGER)).toEqualTypeOf<Linger>();
      expectTypeOf(socket.getsockopt(IPPROTO_IP, IP_TTL)).toEqualTypeOf<number>();
      expectTypeOf(socket.getsockopt(IPPROTO_TCP, TCP_INFO)).toEqualTypeOf<TcpInfo>();
      expectTypeOf(socket.getsockopt(IPPROTO_TCP, TCP_CONGESTION)).toEqualTypeOf<string>();
      expectTypeOf(posix.getsockopt(fd, SOL_SOCKET, SO_RCVBUF)).toEqualTypeOf<number>();
      expectTypeOf(posix.getsockopt(fd, IPPROTO_TCP, TCP_INFO)).toEqualTypeOf<TcpInfo>();
      expectTypeOf(socket.getsockopt(SOL_SOCKET, 8 as number)).toEqualTypeOf<OptionValue>();
    });
  });
});
