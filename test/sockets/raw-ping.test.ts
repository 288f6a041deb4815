/** Ping sockets (icmp(7)). Answers and errors are those of Linux 6.18 with net.ipv4.ping_group_range open, tried with Python. */
import { describe, expect, it } from "vitest";
import {
  AF_INET,
  type Host,
  IP_HDRINCL,
  IPPROTO_ICMP,
  IPPROTO_IP,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_OOB,
  SHUT_WR,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOL_SOCKET,
  type Socket,
} from "../../src/index.ts";
import { TestLink } from "../support/test-link.ts";
import { text as bytes, checksum, icmp, parseIcmp, parseIpv4 } from "../support/wire.ts";
import { failure, network, pair, thrown } from "../support/world.ts";

/** An echo request as a program makes it: neither identifier nor checksum. */
const REQUEST = Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 5, ...bytes("data"));
const SELF = { address: "127.0.0.1", port: 0 };

function ping(host: Host): Socket {
  return host.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
}

describe("ping sockets", () => {
  it("send echo requests with an identifier of their own, and get the replies without an IP header", async () => {
    const { net, a } = pair({ latency: 5 });
    await net.run(async () => {
      const socket = ping(a);
      const other = ping(a);
      expect(await socket.sendto(REQUEST, { address: "b", port: 0 })).toBe(12);
      const { port } = socket.getsockname();
      expect(port).not.toBe(0);
      const [reply, from] = await socket.recvfrom(100);
      expect(net.now).toBe(10);
      expect(from).toEqual({ address: "10.0.0.2", port: 0, family: "IPv4" });
      expect(parseIcmp(reply)).toMatchObject({ type: 0, rest: port * 65_536 + 5, payload: bytes("data") });
      expect(checksum(reply)).toBe(0);
      expect((await failure(other.recv(100, MSG_DONTWAIT))).code).toBe("EWOULDBLOCK");
      expect(a.netstat().sockets.map(({ protocol }) => protocol)).toEqual(["icmp"]);
      expect(a.netstat().counters["icmp"]!["echoReply"]).toBe(0);
      await Promise.all([socket.close(), other.close()]);
    });
  });

  it("take their identifier from bind; the newest of several gets the reply", async () => {
    const net = network();
    const host = net.host("a");
    await net.run(async () => {
      const [first, second, third] = [ping(host), ping(host), ping(host)];
      first!.bind({ address: "", port: 7 });
      second!.bind({ address: "", port: 7 });
      expect(second!.getsockname().port).toBe(7);
      expect(thrown(() => second!.bind(SELF)).code).toBe("EINVAL");
      third!.setsockopt(SOL_SOCKET, SO_REUSEADDR, 0);
      expect(thrown(() => third!.bind({ address: "", port: 7 })).code).toBe("EADDRINUSE");
      expect(thrown(() => third!.bind({ address: "192.0.2.1", port: 8 })).code).toBe("EADDRNOTAVAIL");
      expect(thrown(() => third!.bind({ address: "224.0.0.1", port: 8 })).code).toBe("EADDRNOTAVAIL");
      await first!.sendto(REQUEST, SELF);
      expect(parseIcmp(await second!.recv(100)).rest).toBe(0x0007_0005);
      expect((await failure(first!.recv(100, MSG_DONTWAIT))).code).toBe("EWOULDBLOCK");
      for (const socket of [first, second, third]) await socket!.close();
    });
  });

  it("connected need no address, and lose what they did not bind when they are disconnected", async () => {
    const net = network();
    const host = net.host("a");
    await net.run(async () => {
      const socket = ping(host);
      expect((await failure(socket.send(REQUEST))).code).toBe("EDESTADDRREQ");
      const { port } = socket.getsockname();
      expect(port).not.toBe(0); // chosen all the same, as in Linux
      await socket.connect({ ...SELF, port: 3 });
      expect(socket.getsockname()).toEqual({ address: "127.0.0.1", port, family: "IPv4" });
      expect(socket.getpeername()).toEqual({ address: "127.0.0.1", port: 3, family: "IPv4" });
      expect(await socket.send(REQUEST)).toBe(12);
      expect((await socket.recv(100)).length).toBe(12);
      socket.core.disconnect();
      expect(socket.getsockname()).toMatchObject({ address: "0.0.0.0", port: 0 });
      const bound = ping(host);
      bound.bind({ address: "", port: 9 });
      await bound.connect(SELF);
      bound.core.disconnect();
      expect(bound.getsockname()).toMatchObject({ address: "0.0.0.0", port: 9 });
      await Promise.all([socket.close(), bound.close()]);
    });
  });

  it("send echo requests and nothing else", async () => {
    const net = network();
    const host = net.host("a");
    await net.run(async () => {
      const socket = ping(host);
      const refused = async (data: Uint8Array) => (await failure(socket.sendto(data, SELF))).code;
      expect(await refused(REQUEST.slice(0, 7))).toBe("EINVAL");
      expect(await refused(Uint8Array.of(0, ...REQUEST.slice(1)))).toBe("EINVAL");
      expect(await refused(Uint8Array.of(8, 1, ...REQUEST.slice(2)))).toBe("EINVAL");
      expect(await refused(Uint8Array.of(13, ...REQUEST.slice(1)))).toBe("EINVAL");
      const long = new Uint8Array(65_516);
      long[0] = 8;
      expect(await refused(long)).toBe("EMSGSIZE");
      expect(await socket.sendto(long.subarray(0, 65_515), SELF)).toBe(65_515);
      expect((await socket.recv(70_000)).length).toBe(65_515);
      expect((await failure(socket.sendto(REQUEST, MSG_OOB, SELF))).code).toBe("EOPNOTSUPP");
      expect(thrown(() => socket.listen(1)).code).toBe("EOPNOTSUPP");
      expect(thrown(() => socket.setsockopt(IPPROTO_IP, IP_HDRINCL, 1)).code).toBe("ENOPROTOOPT");
      expect(thrown(() => socket.shutdown(SHUT_WR)).code).toBe("ENOTCONN");
      expect(await refused(REQUEST)).toBe("EPIPE");
      await socket.close();
    });
  });

  it("hear of the ICMP errors about their requests, and of nobody else's", async () => {
    const net = network();
    const host = net.host("a");
    const link = new TestLink(host.clock);
    host.attach(link, { address: "10.9.0.1/24" });
    await net.run(async () => {
      const [socket, other] = [ping(host), ping(host)];
      await socket.connect({ address: "10.9.0.2", port: 0 });
      await other.connect({ address: "10.9.0.2", port: 0 });
      await socket.send(REQUEST);
      const [sent] = link.take() as [Uint8Array];
      const toUs = { source: "10.9.0.2", destination: "10.9.0.1" };
      link.inject(icmp({ type: 11, payload: sent }, toUs)); // soft
      link.inject(icmp({ type: 3, code: 10, payload: sent }, toUs)); // host prohibited: hard
      expect((await failure(socket.recv(100))).code).toBe("EHOSTUNREACH");
      expect((await failure(other.recv(100, MSG_DONTWAIT))).code).toBe("EWOULDBLOCK");
      socket.core.common.receiveErrors = true;
      socket.core.settingsChanged();
      link.receive(icmp({ type: 11, payload: sent }, toUs));
      const quoted = new Uint8Array(100);
      expect(socket.core.receive(quoted, 0, 100, MSG_ERRQUEUE)).toBe(12);
      expect(quoted.slice(0, 12)).toEqual(parseIpv4(sent).payload);
      expect(socket.core.message.error).toMatchObject({ type: 11, code: 0, offender: "10.9.0.2" });
      await Promise.all([socket.close(), other.close()]);
    });
  });
});
