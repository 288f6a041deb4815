/** Packet sockets (packet(7)). Answers and errors are those of Linux 6.18 on a TUN device, whose frames are datagrams too. */
import { describe, expect, it } from "vitest";
import {
  AF_PACKET,
  ARPHRD_LOOPBACK,
  ARPHRD_NONE,
  ETH_P_ALL,
  ETH_P_ARP,
  ETH_P_IP,
  type Host,
  htons,
  IP_TTL,
  IPPROTO_IP,
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OUTGOING,
  SO_BROADCAST,
  SO_ERROR,
  SO_RCVBUF,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_SOCKET,
} from "../../src/index.ts";
import type { PacketCore } from "../../src/sockets/packet-socket.ts";
import type { PacketName } from "../../src/sockets/socket-name.ts";
import { text as bytes, icmp, ipv4, parseIpv4 } from "../support/wire.ts";
import { failure, network, pair, pattern, receiver, text, thrown } from "../support/world.ts";

const BOTH = [SOCK_RAW, SOCK_DGRAM];
/** The index of `eth0`: `lo` is 1. */
const ETH0 = 2;

function packetSocket(host: Host, protocol = htons(ETH_P_ALL), type: number = SOCK_RAW) {
  return host.socket(AF_PACKET, type, protocol);
}

type Sniffer = ReturnType<typeof packetSocket>;

interface Seen {
  datagram: Uint8Array;
  name: PacketName;
}

/** What `socket` has seen so far. */
function seen(socket: Sniffer): Seen[] {
  const core = socket.core as PacketCore;
  const buffer = new Uint8Array(70_000);
  const found: Seen[] = [];
  for (;;) {
    const count = core.receive(buffer);
    if (count < 0) return found;
    found.push({ datagram: buffer.slice(0, count), name: core.senderName as PacketName });
  }
}

/** `10.0.0.1 > 10.0.0.2 HOST` … */
function lines(socket: Sniffer): string[] {
  const types = ["HOST", "BROADCAST", "MULTICAST", "OTHERHOST", "OUTGOING"];
  return seen(socket).map(({ datagram, name }) => {
    const { source, destination } = parseIpv4(datagram);
    return `${source} > ${destination} ${types[name.packetType]}`;
  });
}

const eth0 = (protocol: number) => ({ interfaceIndex: ETH0, protocol });

describe("packet sockets", () => {
  it("sniff what comes in and goes out, whole, and say by which interface", async () => {
    for (const type of BOTH) {
      const { net, a, b } = pair({ latency: 5 });
      await net.run(async () => {
        const sniffer = packetSocket(a, htons(ETH_P_ALL), type);
        const there = receiver(b, 53);
        const here = receiver(a, 54);
        await here.sendto("ask", { address: "b", port: 53 });
        const [, from] = await there.recvfrom(10);
        await there.sendto("answer", from);
        await here.recv(10);
        const [out, back, ...more] = seen(sniffer);
        expect(more).toEqual([]);
        expect(text(parseIpv4(out!.datagram).payload.slice(8))).toBe("ask");
        expect(parseIpv4(back!.datagram)).toMatchObject({ source: "10.0.0.2", protocol: 17 });
        const name = {
          family: AF_PACKET,
          interfaceIndex: ETH0,
          protocol: ETH_P_IP,
          hardwareType: ARPHRD_NONE,
        };
        expect(out!.name).toMatchObject({ ...name, packetType: PACKET_OUTGOING });
        expect(back!.name).toMatchObject({ ...name, packetType: PACKET_HOST });
        expect(back!.name.hardwareAddress.length).toBe(0);
        await Promise.all([sniffer.close(), there.close(), here.close()]);
      });
    }
  });

  it("see only what comes in unless they ask for everything, and nothing before they are bound to a protocol", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const everything = packetSocket(a, htons(ETH_P_ALL), SOCK_DGRAM);
      const incoming = packetSocket(a, htons(ETH_P_IP), SOCK_DGRAM);
      const arp = packetSocket(a, htons(ETH_P_ARP), SOCK_DGRAM);
      const nothing = packetSocket(a, 0, SOCK_DGRAM);
      const socket = receiver(a, 9);
      await socket.sendto("x", { address: "127.0.0.1", port: 9 });
      await socket.recv(10);
      // lo carries it twice: out, and in again
      expect(lines(everything)).toEqual(["127.0.0.1 > 127.0.0.1 OUTGOING", "127.0.0.1 > 127.0.0.1 HOST"]);
      expect(lines(incoming)).toEqual(["127.0.0.1 > 127.0.0.1 HOST"]);
      expect(lines(arp)).toEqual([]);
      expect(lines(nothing)).toEqual([]);
      expect(nothing.core.bind({ interfaceIndex: 0, protocol: ETH_P_IP })).toBe(0);
      await socket.sendto("x", { address: "127.0.0.1", port: 9 });
      await socket.recv(10);
      expect(lines(nothing).length).toBe(1);
      for (const each of [everything, incoming, arp, nothing, socket]) await each.close();
    });
  });

  it("take a protocol in network order, as books write it, and a plain one too", async () => {
    const host = network().host("a");
    for (const protocol of [ETH_P_ALL, ETH_P_IP, ETH_P_ARP]) {
      for (const spelling of [protocol, htons(protocol)]) {
        const socket = packetSocket(host, spelling);
        expect(socket.core.localName).toMatchObject({ interfaceIndex: 0, protocol });
        expect(socket.core.bind({ interfaceIndex: 1, protocol: spelling })).toBe(0);
        expect(socket.core.localName).toMatchObject({ interfaceIndex: 1, protocol });
        await socket.close();
      }
    }
    const other = packetSocket(host, htons(0x88cc));
    expect(other.core.localName).toMatchObject({ protocol: 0x88cc });
    other.core.bind({ interfaceIndex: 1, protocol: 0x88b5 });
    expect(other.core.localName).toMatchObject({ protocol: 0x88b5 });
    other.core.bind({ interfaceIndex: 0, protocol: 0 }); // 0 leaves the protocol as it is
    expect(other.core.localName).toMatchObject({ interfaceIndex: 0, protocol: 0x88b5 });
    await other.close();
  });

  it("see one interface when they are bound to it", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const wire = packetSocket(a);
      expect(wire.core.bind(eth0(ETH_P_ALL))).toBe(0);
      expect(wire.core.bind({ interfaceIndex: 9, protocol: ETH_P_ALL })).toBe(-19); // ENODEV; stays bound
      const socket = receiver(a, 9);
      await socket.sendto("x", { address: "127.0.0.1", port: 9 });
      await socket.sendto("x", { address: "b", port: 9 });
      expect(lines(wire)).toEqual(["10.0.0.1 > 10.0.0.2 OUTGOING"]);
      await Promise.all([wire.close(), socket.close()]);
    });
  });

  it("tell broadcasts and multicasts by the datagram, also those that are for nobody here", async () => {
    const { net, a, b } = pair();
    await net.run(async () => {
      const sniffer = packetSocket(b, htons(ETH_P_IP));
      const socket = receiver(a, 9);
      socket.setsockopt(SOL_SOCKET, SO_BROADCAST, 1);
      for (const address of ["10.0.0.255", "255.255.255.255", "224.1.1.1"]) {
        await socket.sendto("x", { address, port: 9 });
      }
      await net.sleep(1);
      expect(seen(sniffer).map(({ name }) => name.packetType)).toEqual([
        PACKET_BROADCAST,
        PACKET_BROADCAST,
        PACKET_MULTICAST,
      ]);
      await Promise.all([sniffer.close(), socket.close()]);
    });
  });

  it("send what they are given, past IP, by the interface of the address or of bind; but do not see it", async () => {
    for (const type of BOTH) {
      const { net, a, b } = pair({ latency: 5 });
      await net.run(async () => {
        const socket = packetSocket(a, htons(ETH_P_ALL), type);
        const onlooker = packetSocket(a);
        const request = icmp({ type: 8, rest: 7 }, { source: "10.0.0.1", destination: "10.0.0.2" });
        const { core } = socket;
        expect(core.send(request)).toBe(-6); // ENXIO: no interface
        expect(core.sendTo(request, 0, request.length, 0, eth0(ETH_P_IP))).toBe(request.length);
        expect(core.bind(eth0(ETH_P_ALL))).toBe(0);
        expect(core.send(request)).toBe(request.length);
        await net.sleep(10);
        expect(lines(socket)).toEqual(Array(2).fill("10.0.0.2 > 10.0.0.1 HOST"));
        expect(lines(onlooker).filter((line) => line.includes("OUTGOING")).length).toBe(2);
        expect(b.netstat().counters["icmp"]!["echoRepliesSent"]).toBe(2);
        await Promise.all([socket.close(), onlooker.close()]);
      });
    }
  });

  it("send nonsense too, which the other end drops and counts", async () => {
    const { net, a, b } = pair();
    const capture = net.capture();
    await net.run(async () => {
      const socket = packetSocket(a);
      socket.core.bind(eth0(ETH_P_ALL));
      for (const data of [Uint8Array.of(0x45), pattern(30), bytes("not IP at all, nor anything else")]) {
        expect(socket.core.send(data)).toBe(data.length);
      }
      await net.sleep(1);
      const { tooShort, badVersion } = b.ipv4.counters;
      expect(tooShort + badVersion).toBe(3);
      await socket.close();
    });
    expect(capture.pcapng().length).toBeGreaterThan(0);
  });

  it("fail with ENXIO, ENETDOWN, EMSGSIZE and EINVAL", async () => {
    const { a } = pair({ mtu: 1000 });
    const socket = packetSocket(a);
    const { core } = socket;
    const to = (interfaceIndex: number, length: number) =>
      core.sendTo(new Uint8Array(length), 0, length, 0, { interfaceIndex, protocol: ETH_P_IP });
    expect(to(9, 20)).toBe(-6);
    expect(to(0, 20)).toBe(-6);
    expect(to(ETH0, 1001)).toBe(-90);
    expect(to(ETH0, 0)).toBe(-22);
    a.ipv4.interfaces[1]!.up = false;
    expect(to(ETH0, 20)).toBe(-100);
    expect(core.bind(eth0(ETH_P_IP))).toBe(0); // which works, and says so in SO_ERROR
    expect(socket.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(100);
    expect(() => core.bind(7)).toThrow(
      "a place in AF_PACKET is an object { interfaceIndex, protocol }, not 7",
    );
    await socket.close();
  });

  it("learn that their interface went down", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const socket = packetSocket(a);
      const other = packetSocket(a);
      socket.core.bind(eth0(ETH_P_ALL));
      const waiting = failure(socket.recv(100));
      a.ipv4.interfaces[1]!.up = false;
      expect((await waiting).message).toBe("recv ENETDOWN");
      expect(other.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0);
      await Promise.all([socket.close(), other.close()]);
    });
  });

  it("cut with MSG_TRUNC, look with MSG_PEEK, and take no other flag", async () => {
    const net = network();
    const host = net.host("a");
    await net.run(async () => {
      const socket = packetSocket(host, htons(ETH_P_IP), SOCK_DGRAM);
      const sender = packetSocket(host, 0, SOCK_DGRAM);
      const whole = ipv4({ protocol: 200, payload: bytes("hola") });
      sender.core.sendTo(whole, 0, whole.length, 0, { interfaceIndex: 1, protocol: ETH_P_IP });
      await net.sleep(1);
      const buffer = new Uint8Array(100);
      expect(await socket.recv_into(buffer, 5, MSG_PEEK | MSG_TRUNC)).toBe(24);
      expect(await socket.recv(5)).toEqual(whole.slice(0, 5));
      for (const flags of [MSG_OOB, MSG_WAITALL]) {
        expect(socket.core.receive(buffer, 0, 5, flags)).toBe(-22);
      }
      expect((await failure(socket.recv(5, MSG_DONTWAIT))).code).toBe("EWOULDBLOCK");
      await Promise.all([socket.close(), sender.close()]);
    });
  });

  it("keep no more than SO_RCVBUF has room for", async () => {
    const net = network();
    const host = net.host("a");
    await net.run(async () => {
      const socket = packetSocket(host);
      socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 2000);
      const sender = packetSocket(host, 0, SOCK_DGRAM);
      const datagram = ipv4({ protocol: 200 });
      for (let round = 0; round < 9; round++) {
        sender.core.sendTo(datagram, 0, datagram.length, 0, { interfaceIndex: 1, protocol: ETH_P_IP });
      }
      await net.sleep(1);
      expect(seen(socket).length).toBe(2);
      expect(host.netstat().counters["packet"]).toEqual({ delivered: 2, receiveQueueFull: 16 });
      await Promise.all([socket.close(), sender.close()]);
    });
  });

  it("see 14 bytes of Ethernet header on lo with SOCK_RAW, and its hardware type and address", async () => {
    const { net, a } = pair();
    await net.run(async () => {
      const [whole, cooked] = [packetSocket(a), packetSocket(a, htons(ETH_P_ALL), SOCK_DGRAM)];
      const socket = receiver(a, 9);
      await socket.sendto("x", { address: "127.0.0.1", port: 9 });
      await socket.sendto("x", { address: "127.255.255.255", port: 9 }).catch(() => undefined);
      await socket.recv(10);
      const datagrams = seen(cooked).map(({ datagram }) => datagram);
      const frames = seen(whole);
      expect(datagrams.length).toBe(2);
      expect(frames.map(({ datagram }) => datagram.slice(14))).toEqual(datagrams);
      for (const { datagram, name } of frames) {
        expect([...datagram.slice(0, 14)]).toEqual([...new Uint8Array(12), 8, 0]);
        expect(name).toMatchObject({ interfaceIndex: 1, protocol: ETH_P_IP, hardwareType: ARPHRD_LOOPBACK });
        expect(name.hardwareAddress).toEqual(new Uint8Array(6));
      }
      await Promise.all([whole, cooked, socket].map((each) => each.close()));
    });
  });

  it("send frames on lo with SOCK_RAW: what is not for its address, or not IPv4, is nobody's", async () => {
    const net = network();
    const host = net.host("a");
    await net.run(async () => {
      const socket = packetSocket(host, 0);
      const sniffer = packetSocket(host, htons(ETH_P_IP));
      const datagram = icmp({ type: 0 }, { source: "127.0.0.1", destination: "127.0.0.1" });
      const frame = (to: number, etherType: number) =>
        Uint8Array.of(to, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, etherType >> 8, etherType & 255, ...datagram);
      const send = (data: Uint8Array) =>
        socket.core.sendTo(data, 0, data.length, 0, { interfaceIndex: 1, protocol: ETH_P_IP });
      const types = async () => {
        await net.sleep(1);
        return seen(sniffer).map(({ datagram: { length }, name }) => [length, name.packetType]);
      };
      expect(send(frame(0, ETH_P_IP))).toBe(42);
      expect(await types()).toEqual([[42, PACKET_HOST]]);
      expect(send(frame(1, ETH_P_IP))).toBe(42);
      expect(await types()).toEqual([[42, PACKET_MULTICAST]]);
      expect(host.ipv4.counters).toMatchObject({ received: 2, linkBroadcast: 1 });
      for (const lost of [frame(2, ETH_P_IP), frame(0, ETH_P_ARP), frame(0, 20)]) expect(send(lost)).toBe(42);
      expect(await types()).toEqual([]);
      expect(host.ipv4.counters.received).toBe(2);
      // RFC 894's header has 14 bytes; the interface's MTU counts what follows it
      expect([send(new Uint8Array(13)), send(new Uint8Array(0))]).toEqual([-22, -22]);
      expect([send(new Uint8Array(65_549)), send(new Uint8Array(65_550))]).toEqual([65_549, -90]);
      const cooked = packetSocket(host, 0, SOCK_DGRAM);
      expect(cooked.core.sendTo(datagram, 0, 0, 0, { interfaceIndex: 1, protocol: ETH_P_IP })).toBe(0);
      await net.sleep(1);
      await Promise.all([socket, sniffer, cooked].map((each) => each.close()));
    });
  });

  it("know no connections, no listening, and no options of IP", async () => {
    const host = network().host("a");
    const socket = packetSocket(host);
    const { core } = socket;
    expect(core.connect({ interfaceIndex: 1, protocol: ETH_P_IP })).toBe(-95);
    expect(core.disconnect()).toBe(-95);
    expect(core.shutdown(2)).toBe(-95);
    expect(thrown(() => socket.listen(1)).code).toBe("EOPNOTSUPP");
    expect((await failure(socket.accept())).code).toBe("EOPNOTSUPP");
    expect(thrown(() => socket.getsockopt(IPPROTO_IP, IP_TTL)).code).toBe("ENOPROTOOPT");
    expect(core.describe()).toBe("packet * 0x0003");
    await socket.close();
  });

  it("cost nothing once the last is closed: interfaces know of none", async () => {
    const { a } = pair();
    const [first, second] = [packetSocket(a), packetSocket(a)];
    expect(a.ipv4.interfaces.every(({ tap }) => tap !== undefined)).toBe(true);
    await first!.close();
    expect(a.ipv4.interfaces.every(({ tap }) => tap !== undefined)).toBe(true);
    await second!.close();
    expect(a.ipv4.interfaces.every(({ tap }) => tap === undefined)).toBe(true);
  });
});
