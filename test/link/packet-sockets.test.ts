/** Packet sockets on an Ethernet (packet(7)). Answers and errors are those of Linux 6.18 on a veth device. */
import { describe, expect, test } from "vitest";
import {
  AF_PACKET,
  ETH_P_ALL,
  ETH_P_ARP,
  ETH_P_IP,
  htons,
  MSG_TRUNC,
  PACKET_ADD_MEMBERSHIP,
  PACKET_BROADCAST,
  PACKET_DROP_MEMBERSHIP,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OUTGOING,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_PACKET,
} from "../../src/index.ts";
import type { SocketCore } from "../../src/sockets/core.ts";
import { setOption } from "../../src/sockets/options/index.ts";
import type { PacketName } from "../../src/sockets/socket-name.ts";
import { arpFrame, see } from "../support/frame-hub.ts";
import { hex, icmp, ipv4, parseIpv4, toHex, udp } from "../support/wire.ts";
import { BROADCAST, endpoint, type Station, tell, World } from "./ethernet-rig.ts";

const ETH0 = 2;
const PACKET_OTHERHOST = 3;
const PACKET_MR_PROMISC = 1;
const mac = (last: number) => Uint8Array.of(2, 0, 0, 0, 0, last);

function open({ host }: Station, type: number, protocol: number = ETH_P_ALL): SocketCore {
  return host.makeSocket(AF_PACKET, type, htons(protocol)) as SocketCore;
}

interface Seen {
  bytes: Uint8Array;
  name: PacketName;
}

function seen(socket: SocketCore): Seen[] {
  const buffer = new Uint8Array(70_000);
  const found: Seen[] = [];
  for (;;) {
    const count = socket.receive(buffer);
    if (count < 0) return found;
    found.push({ bytes: buffer.slice(0, count), name: socket.senderName as PacketName });
  }
}

/** `0806 OUTGOING 02…01` … */
function lines(socket: SocketCore): string[] {
  const types = ["HOST", "BROADCAST", "MULTICAST", "OTHERHOST", "OUTGOING"];
  return seen(socket).map(({ name }) => {
    const { protocol, packetType, hardwareAddress } = name;
    return `${protocol.toString(16).padStart(4, "0")} ${types[packetType]} ${toHex(hardwareAddress)}`;
  });
}

/** A frame to 02:00:00:00:00:`to` or to the address of these digits. */
function frame(to: number | string, from: number, type: number, payload: Uint8Array): Uint8Array {
  const destination = typeof to === "string" ? hex(to) : mac(to);
  return Uint8Array.of(...destination, ...mac(from), type >> 8, type & 255, ...payload);
}

const datagram = (destination: string) =>
  udp({ sourcePort: 1, destinationPort: 9, payload: Uint8Array.of(1) }, { source: "10.0.0.9", destination });

function place(protocol: number, hardwareAddress?: Uint8Array) {
  return { interfaceIndex: ETH0, protocol, ...(hardwareAddress && { hardwareAddress }) };
}

describe("packet sockets on an Ethernet", () => {
  test("see whole frames with SOCK_RAW, ARP's among them, and what is in them with SOCK_DGRAM", () => {
    const world = new World();
    const [a, b] = [world.station(1), world.station(2)];
    const [raw, cooked, arp] = [open(a, SOCK_RAW), open(a, SOCK_DGRAM), open(a, SOCK_DGRAM, ETH_P_ARP)];
    endpoint(b, 9);
    tell(endpoint(a, 10), "10.0.0.2", 7);
    world.wait(0.1);
    const frames = seen(raw);
    expect(frames.map(({ bytes }) => see(bytes).to)).toEqual([BROADCAST, toHex(mac(1)), toHex(mac(2))]);
    expect(frames.map(({ name }) => name.packetType)).toEqual([
      PACKET_OUTGOING,
      PACKET_HOST,
      PACKET_OUTGOING,
    ]);
    expect(frames.map(({ name }) => name.protocol)).toEqual([ETH_P_ARP, ETH_P_ARP, ETH_P_IP]);
    expect(frames.map(({ name }) => toHex(name.hardwareAddress))).toEqual(
      [1, 2, 1].map((n) => toHex(mac(n))),
    );
    expect(frames.every(({ name }) => name.hardwareType === 1 && name.interfaceIndex === ETH0)).toBe(true);
    const inside = seen(cooked);
    expect(inside.map(({ bytes }) => bytes)).toEqual(frames.map(({ bytes }) => bytes.slice(14)));
    expect(inside.map(({ name }) => name)).toEqual(frames.map(({ name }) => name));
    expect(parseIpv4(inside[2]!.bytes)).toMatchObject({ source: "10.0.0.1", destination: "10.0.0.2" });
    expect(lines(arp)).toEqual([`0806 HOST ${toHex(mac(2))}`]); // what goes out is for who asks for all
    for (const socket of [raw, cooked, arp]) socket.close();
  });

  test("say for whom a frame is, and see others' only while the interface is promiscuous", () => {
    const world = new World();
    const a = world.station(1);
    const all = open(a, SOCK_RAW);
    const cases: [number | string, number][] = [
      [1, PACKET_HOST],
      [BROADCAST, PACKET_BROADCAST],
      ["01005e000001", PACKET_MULTICAST],
      [7, PACKET_OTHERHOST],
    ];
    const carry = () => {
      for (const [to] of cases) world.hub.carry(frame(to, 9, ETH_P_IP, datagram("10.0.0.77")));
      world.wait(0.01);
      return seen(all).map(({ name }) => name.packetType);
    };
    expect(carry()).toEqual([PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST]);
    const other = open(a, SOCK_RAW, 0);
    const promiscuous = { interface: "eth0", type: PACKET_MR_PROMISC };
    expect(setOption(other, SOL_PACKET, PACKET_ADD_MEMBERSHIP, promiscuous)).toBe(0);
    expect(setOption(all, SOL_PACKET, PACKET_ADD_MEMBERSHIP, promiscuous)).toBe(0);
    expect(carry()).toEqual(cases.map(([, type]) => type));
    expect(setOption(all, SOL_PACKET, PACKET_DROP_MEMBERSHIP, promiscuous)).toBe(0);
    expect(carry()).toEqual(cases.map(([, type]) => type)); // the other socket still has it so
    other.close();
    expect(carry()).toEqual([PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST]);
    expect(a.link.counters.notForUs).toBe(4); // to IP they were nothing all along
    all.close();
  });

  test("see frames of unknown types, tagged ones, those of IEEE 802.3, and none that is no frame", () => {
    const world = new World();
    const a = world.station(1);
    const all = open(a, SOCK_DGRAM);
    for (const type of [0x86dd, 0x8100, 0x88cc, 46]) world.hub.carry(frame(1, 9, type, new Uint8Array(46)));
    world.hub.carry(new Uint8Array(13));
    world.wait(0.01);
    const from = toHex(mac(9));
    expect(lines(all)).toEqual([
      `86dd HOST ${from}`,
      `8100 HOST ${from}`,
      `88cc HOST ${from}`,
      `0004 HOST ${from}`,
    ]);
    all.close();
  });

  test("send whole frames as they are, from whomever they say they come", () => {
    const world = new World();
    const [a, b] = [world.station(1), world.station(2)];
    const socket = open(a, SOCK_RAW, 0);
    const sniffer = open(a, SOCK_RAW);
    const question = arpFrame(1, 5, 55, 2).slice(0, 42); // 10.0.0.55 at 02:…:05, it says; not padded
    expect(socket.sendTo(question, 0, 42, 0, place(ETH_P_ARP))).toBe(42);
    const sent = world.wait(0.1);
    expect(sent[0]).toMatchObject({ to: BROADCAST, from: toHex(mac(5)), type: ETH_P_ARP });
    expect(sent[0]!.payload.length).toBe(28);
    expect(sent[1]!.arp).toMatchObject({ operation: 2, sender: "10.0.0.2", target: "10.0.0.55" });
    expect(b.link.neighbors()).toMatchObject([{ hardwareAddress: mac(5) }]);
    expect(lines(sniffer)).toEqual([`0806 OUTGOING ${toHex(mac(5))}`]); // the answer was for 02:…:05
    expect(socket.bind(place(0))).toBe(0);
    expect(socket.send(question, 0, 42, 0)).toBe(42);
    expect(world.wait(0.1)).toHaveLength(2);
    for (const each of [socket, sniffer]) each.close();
  });

  test("refuse what is no frame or too long for one; a tag may be on top", () => {
    const world = new World();
    const a = world.station(1);
    const socket = open(a, SOCK_RAW, 0);
    const send = (bytes: Uint8Array) => socket.sendTo(bytes, 0, bytes.length, 0, place(ETH_P_IP));
    expect([send(new Uint8Array(0)), send(new Uint8Array(13)), send(new Uint8Array(14))]).toEqual([
      -22, -22, 14,
    ]);
    expect([send(new Uint8Array(1514)), send(new Uint8Array(1515))]).toEqual([1514, -90]);
    const tagged = (length: number) => frame(2, 1, 0x8100, new Uint8Array(length - 14));
    expect([send(tagged(1518)), send(tagged(1519))]).toEqual([1518, -90]);
    world.wait(0.01);
    socket.close();
  });

  test("with SOCK_DGRAM get the header that the place says", () => {
    const world = new World();
    const [a, b] = [world.station(1), world.station(2)];
    const socket = open(a, SOCK_DGRAM, 0);
    const pong = icmp(
      { type: 8, rest: 1, payload: Uint8Array.of(1) },
      { source: "10.0.0.1", destination: "10.0.0.2" },
    );
    expect(socket.sendTo(pong, 0, pong.length, 0, place(ETH_P_IP, mac(2)))).toBe(pong.length);
    expect(world.wait(0.1)[0]).toMatchObject({ to: toHex(mac(2)), from: toHex(mac(1)), type: ETH_P_IP });
    expect(b.host.netstat().counters["icmp"]).toMatchObject({ received: 1 });
    // bytes of the address that are not there are zeros; ETH_P_802_3 asks for a length in place of a type
    expect(socket.sendTo(pong, 0, 5, 0, place(0x88b5))).toBe(5);
    expect(socket.sendTo(pong, 0, 5, 0, place(1, mac(2)))).toBe(5);
    expect(world.wait(0.1)).toMatchObject([
      { to: "000000000000", type: 0x88b5 },
      { to: toHex(mac(2)), type: 5 },
    ]);
    // a socket that is bound has a protocol, and nobody to send to
    expect(socket.bind(place(ETH_P_IP))).toBe(0);
    expect(socket.send(pong, 0, pong.length, 0)).toBe(-22);
    expect(socket.sendTo(new Uint8Array(1501), 0, 1501, 0, place(ETH_P_IP, mac(2)))).toBe(-90);
    socket.close();
  });

  test("say their interface's address as their own, and how long a frame was that did not fit", () => {
    const world = new World();
    const a = world.station(1);
    const socket = open(a, SOCK_RAW);
    expect(socket.bind(place(ETH_P_ALL))).toBe(0);
    expect(socket.localName).toMatchObject({ hardwareType: 1, hardwareAddress: mac(1), protocol: ETH_P_ALL });
    world.hub.carry(frame(1, 9, ETH_P_IP, ipv4({ protocol: 200 })));
    world.wait(0.01);
    expect(socket.receive(new Uint8Array(6), 0, 6, MSG_TRUNC)).toBe(34);
    socket.close();
  });

  test("see nothing of an interface that is down, and cost a link nothing once the last is closed", () => {
    const world = new World();
    const a = world.station(1);
    const [first, second] = [open(a, SOCK_RAW), open(a, SOCK_DGRAM)];
    const eth0 = a.host.ipv4.interfaces[1]!;
    eth0.up = false;
    world.hub.carry(frame(1, 9, ETH_P_IP, ipv4({ protocol: 200 })));
    world.wait(0.01);
    expect(lines(first)).toEqual([]);
    eth0.up = true;
    first.close();
    expect(a.link.watcher).toBeDefined();
    second.close();
    expect(a.link.watcher).toBeUndefined();
  });
});
