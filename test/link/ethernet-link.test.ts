/** Hosts that find and hear each other on an Ethernet. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EHOSTUNREACH, EINPROGRESS } from "../../src/base/errno.ts";
import {
  AF_INET,
  type ArpRequest,
  EthernetLink,
  Random,
  SIOCGARP,
  SOCK_DGRAM,
  VirtualClock,
} from "../../src/index.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { arpFrame, FrameHub, type Seen } from "../support/frame-hub.ts";
import { concat, hex, icmp, ip } from "../support/wire.ts";
import { BROADCAST, endpoint, heard, tell, World } from "./ethernet-rig.ts";

const A = "020000000001";
const B = "020000000002";
const NOBODY = "000000000000";

function arpOf(frames: Seen[]): Seen["arp"][] {
  return frames.filter(({ type }) => type === 0x0806).map(({ arp }) => arp);
}

function frame(to: string, from: string, type: string, payload: Uint8Array): Uint8Array {
  return concat(hex(to), hex(from), hex(type), payload);
}

describe("two hosts", () => {
  test("RFC 826: a broadcast asks, the one who is meant answers, then the datagram goes to him alone; next time nobody asks", () => {
    const world = new World();
    const [a, b] = [world.station(1), world.station(2)];
    world.station(3);
    const [from, to] = [endpoint(a, 9), endpoint(b, 9)];
    tell(from, "10.0.0.2", 42);
    const frames = world.wait(0);
    expect(frames.map(({ to, from, type }) => [to, from, type])).toEqual([
      [BROADCAST, A, 0x0806],
      [A, B, 0x0806],
      [B, A, 0x0800],
    ]);
    expect(arpOf(frames)).toEqual([
      { operation: 1, hardware: A, sender: "10.0.0.1", wanted: NOBODY, target: "10.0.0.2" },
      { operation: 2, hardware: B, sender: "10.0.0.2", wanted: A, target: "10.0.0.1" },
    ]);
    expect(heard(to)).toEqual([42]);
    tell(from, "10.0.0.2", 43);
    tell(to, "10.0.0.1", 44); // who was asked has learnt who asks
    expect(world.wait(1).map(({ to, from, type }) => [to, from, type])).toEqual([
      [B, A, 0x0800],
      [A, B, 0x0800],
    ]);
    expect([heard(from), heard(to)]).toEqual([[44], [43]]);
    expect(a.link.neighbors()).toEqual([
      { address: ip("10.0.0.2"), hardwareAddress: hex(B), state: "REACHABLE" },
    ]);
    expect(b.link.neighbors()).toMatchObject([{ address: ip("10.0.0.1"), state: "DELAY" }]);
    expect(world.stations[2]?.link.neighbors()).toEqual([]); // who was not asked has learnt nothing
  });

  test("SIOCGARP tells the hardware address of a neighbour that has answered, and ENXIO of any other", () => {
    const world = new World();
    const [a, b] = [world.station(1), world.station(2)];
    const [from] = [endpoint(a, 9), endpoint(b, 9)];
    tell(from, "10.0.0.2", 42);
    world.wait(0);
    const { socket, ioctl } = a.host.posix;
    const fd = socket(AF_INET, SOCK_DGRAM, 0);
    const asked: ArpRequest = { arp_pa: { family: AF_INET, address: "10.0.0.2" }, arp_dev: "eth0" };
    expect(ioctl(fd, SIOCGARP, asked)).toBe(0);
    expect(asked.arp_ha).toEqual({ family: 1, address: hex(B) }); // ARPHRD_ETHER
    expect(asked.arp_flags).toBe(2); // ATF_COM
    const ask = (address: string, arp_dev: string) => () =>
      ioctl(fd, SIOCGARP, { arp_pa: { family: AF_INET, address }, arp_dev });
    expect(ask("10.0.0.3", "eth0")).toThrow("ioctl ENXIO");
    expect(ask("10.0.0.2", "lo")).toThrow("ioctl ENXIO");
    expect(ask("10.0.0.2", "eth9")).toThrow("ioctl ENODEV");
    void a.host.posix.close(fd);
  });

  test("a question and an answer that get lost are asked and given again", () => {
    const world = new World();
    const [a, b] = [world.station(1), world.station(2)];
    const [from, to] = [endpoint(a, 9), endpoint(b, 9)];
    let losses = 0;
    world.hub.lose = () => losses++ === 0 || losses === 3;
    for (const byte of [1, 2, 3]) tell(from, "10.0.0.2", byte);
    world.wait(1.5);
    expect(heard(to)).toEqual([]);
    world.wait(1);
    expect(heard(to)).toEqual([1, 2, 3]);
    expect(world.clock.now).toBe(2_500_000);
    expect(a.link.neighborCounters.solicitationsSent).toBe(3);
  });

  test("TCP: a hundred kilobytes go over", () => {
    const world = new World();
    const [a, b] = [world.station(1), world.station(2)];
    const listening = b.host.stream();
    expect(listening.bind(0, 80)).toBe(0);
    expect(listening.listen()).toBe(0);
    const client = a.host.stream();
    expect(client.connect(ip("10.0.0.2"), 80)).toBe(-EINPROGRESS);
    world.wait(0.1);
    expect(client.connectResult()).toBe(0);
    const server = listening.accept();
    if (typeof server === "number") throw new Error(`accept: ${server}`);
    const data = new Uint8Array(100_000).map((_, index) => index * 7);
    expect(client.send(data)).toBe(data.length);
    const into = new Uint8Array(data.length);
    let got = 0;
    for (let turn = 0; turn < 100 && got < data.length; turn++) {
      world.wait(0.1);
      const count = server.receive(into, got);
      if (count > 0) got += count;
    }
    expect(into).toEqual(data);
    for (const socket of [client, server, listening]) socket.close();
    world.wait(200);
  });

  test("beyond a gateway, the gateway is asked for", () => {
    const world = new World();
    const a = world.station(1);
    world.station(254, 2);
    a.host.route.add({ to: "default", via: "10.0.0.254" });
    tell(endpoint(a, 9), "192.0.2.1", 1);
    const frames = world.wait(0);
    expect(arpOf(frames)[0]).toMatchObject({ target: "10.0.0.254" });
    expect(frames.at(-1)).toMatchObject({ to: B, type: 0x0800 });
  });

  test("who moves says so, and is found at his new place at once", () => {
    const world = new World();
    const [a, b] = [world.station(1), world.station(2)];
    const from = endpoint(a, 9);
    tell(from, "10.0.0.2", 1);
    world.wait(0);
    b.host.close();
    const moved = world.station(2, 7);
    const to = endpoint(moved, 9);
    moved.link.announce();
    expect(arpOf(world.wait(0))).toEqual([
      { operation: 1, hardware: "020000000007", sender: "10.0.0.2", wanted: NOBODY, target: "10.0.0.2" },
    ]);
    tell(from, "10.0.0.2", 2);
    world.wait(0);
    expect(heard(to)).toEqual([2]);
  });
});

describe("nobody answers", () => {
  test("RFC 1122 §2.3.2.2: after three questions who asked for errors gets EHOSTUNREACH, at three seconds, as on Linux", () => {
    const world = new World();
    const a = world.station(1);
    const from = endpoint(a, 9);
    from.settings.receiveErrors = true;
    from.settingsChanged();
    expect(tell(from, "10.0.0.99", 1)).toBe(1);
    expect(arpOf(world.wait(2.9))).toHaveLength(3);
    expect(heard(from)).toEqual([]);
    expect(world.wait(0.2)).toEqual([]); // the news goes over lo
    expect(heard(from)[0]).toBe(-EHOSTUNREACH);
    expect(a.link.neighborCounters).toMatchObject({ failed: 1, unreachable: 1 });
    expect(a.host.ipv4.icmp.counters.errorsReceived).toBe(1);
  });

  test("a connection attempt ends with EHOSTUNREACH where soft errors end it", () => {
    const world = new World();
    const a = world.station(1, 1, {}, { tcp: { softErrorsEndOpen: true } });
    const client = a.host.stream();
    expect(client.connect(ip("10.0.0.99"), 80)).toBe(-EINPROGRESS);
    world.wait(2.9);
    expect(client.connectResult()).not.toBe(-EHOSTUNREACH);
    world.wait(0.2);
    expect(client.connectResult()).toBe(-EHOSTUNREACH);
    client.close();
  });

  test("what waits is released with the host", () => {
    const world = new World();
    const a = world.station(1);
    tell(endpoint(a, 9), "10.0.0.99", 1);
    world.wait(1);
    expect(packetPool.outstanding).toBe(1);
    a.host.close();
    expect(packetPool.outstanding).toBe(0);
    expect(world.wait(10)).toEqual([]);
    a.link.send(packetPool.from(new Uint8Array(20)), ip("10.0.0.2"));
    expect(a.link.counters.closed).toBe(1);
  });
});

describe("to many", () => {
  test("broadcasts go to ff:ff:ff:ff:ff:ff, multicasts to the address of their group, and nobody is asked", () => {
    const world = new World();
    const [a, b] = [world.station(1), world.station(2)];
    const [from, to] = [endpoint(a, 9), endpoint(b, 9)];
    from.settings.broadcast = true;
    from.settingsChanged();
    expect(to.memberships.join(ip("239.129.2.3"), -1)).toBe(0);
    expect(world.wait(0).map(({ to }) => to)).toEqual(["01005e000016"]); // IGMP's report
    for (const [byte, address] of ["255.255.255.255", "10.0.0.255", "10.0.0.0", "239.129.2.3"].entries()) {
      tell(from, address, byte);
    }
    expect(world.wait(0).map(({ to, type }) => [to, type])).toEqual([
      [BROADCAST, 0x0800],
      [BROADCAST, 0x0800],
      [BROADCAST, 0x0800],
      ["01005e010203", 0x0800],
    ]);
    expect(heard(to)).toEqual([0, 1, 2, 3]);
  });

  test("RFC 1122 §3.3.6: a datagram for one host in a broadcast or multicast frame is dropped", () => {
    const world = new World();
    const b = world.station(2);
    const ping = icmp({ type: 8, code: 0 }, { source: "10.0.0.1", destination: "10.0.0.2" });
    for (const to of [BROADCAST, "01005e000001"]) world.hub.carry(frame(to, A, "0800", ping));
    expect(world.wait(0)).toHaveLength(2); // nothing but the two themselves
    expect(b.host.ipv4.counters.linkBroadcast).toBe(2);
    world.hub.carry(frame(B, A, "0800", ping));
    expect(arpOf(world.wait(0))).toMatchObject([{ target: "10.0.0.1" }]); // it would answer
  });

  test("an address that no host can have is never asked for", () => {
    const world = new World();
    const a = world.station(1);
    for (const address of ["0.0.0.0", "127.0.0.1", "10.0.0.1", "240.0.0.1"]) {
      a.link.send(packetPool.from(new Uint8Array(20)), ip(address));
    }
    expect(world.wait(5)).toEqual([]);
    expect(a.link.counters.noNextHop).toBe(4);
    a.link.send(packetPool.from(new Uint8Array(1501)), ip("10.0.0.2"));
    expect(a.link.counters.tooLong).toBe(1);
  });
});

describe("what comes in", () => {
  test("for others, from nobody, of other types: dropped and counted", () => {
    const world = new World();
    const { link } = world.station(1);
    const payload = new Uint8Array(46);
    world.hub.carry(frame(B, B, "0800", payload));
    world.hub.carry(frame(A, "010000000002", "0800", payload));
    world.hub.carry(frame(A, NOBODY, "0800", payload));
    world.hub.carry(frame(A, A, "0800", payload));
    world.hub.carry(frame(A, B, "002e", payload));
    world.hub.carry(frame(A, B, "86dd", payload));
    world.hub.carry(hex(A + B));
    world.hub.carry(frame(A, B, "0806", new Uint8Array(27)));
    world.hub.carry(frame(A, B, "0806", new Uint8Array(28)));
    world.wait(0);
    expect(link.counters).toMatchObject({
      framesReceived: 9,
      notForUs: 1,
      badSource: 3,
      lengthFrame: 1,
      unknownType: 1,
      tooShort: 1,
      arpTooShort: 1,
      arpUnknown: 1,
    });
  });

  test("RFC826-Packet_Reception-1: only questions for our address are answered; known neighbours are learnt anew from any message, others not", () => {
    const world = new World();
    const a = world.station(1);
    const asked = (operation: number, hardware: number, sender: number, target: number, to?: number) => {
      const sent = arpFrame(operation, hardware, sender, target, to);
      world.hub.carry(sent);
      return arpOf(world.wait(0)).slice(1);
    };
    expect(asked(1, 9, 5, 77)).toEqual([]); // not for us
    expect(asked(2, 9, 5, 1, 1)).toEqual([]); // an answer nobody asked for
    expect(a.link.neighbors()).toEqual([]);
    expect(asked(1, 9, 5, 1)).toEqual([
      { operation: 2, hardware: A, sender: "10.0.0.1", wanted: "020000000009", target: "10.0.0.5" },
    ]);
    expect(a.link.neighbors()).toMatchObject([{ address: ip("10.0.0.5"), state: "STALE" }]);
    world.wait(2);
    asked(1, 8, 5, 77); // he has another card, and looks for somebody else
    expect(a.link.neighbors()).toMatchObject([{ hardwareAddress: hex("020000000008") }]);
    expect(asked(1, 9, 0, 1)).toHaveLength(1); // a probe is told that the address is taken
    expect(asked(1, 9, 255, 1)).toEqual([]); // nobody can be there
    expect(a.link.neighbors()).toHaveLength(1);
    expect(a.link.counters.arpBadSender).toBe(1);
  });

  test("whatever comes: nothing is thrown, nothing leaks, and no more neighbours are kept than may be", () => {
    const byte = fc.integer({ min: 0, max: 255 });
    const arp = fc
      .tuple(fc.integer({ min: 1, max: 2 }), byte, byte, fc.constantFrom(1, 2, 99), fc.option(fc.constant(1)))
      .map(([operation, hardware, sender, target, to]) =>
        arpFrame(operation, hardware, sender, target, to ?? undefined),
      );
    const mutilated = fc
      .tuple(arp, fc.integer({ min: 0, max: 59 }), byte, fc.integer({ min: 0, max: 60 }))
      .map(([bytes, at, value, length]) => {
        bytes[at] = value;
        return bytes.slice(0, length);
      });
    const datagram = fc
      .tuple(fc.constantFrom(A, BROADCAST, "01005e000001"), fc.uint8Array({ maxLength: 80 }))
      .map(([to, payload]) => frame(to, B, "0800", payload));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 100 }), arp, mutilated, datagram), { maxLength: 60 }),
        fc.boolean(),
        (frames, probe) => {
          const world = new World();
          const { link, host } = world.station(1, 1, { maxNeighbors: 8, probe });
          for (const bytes of frames) {
            world.hub.carry(bytes);
            world.wait(0.01);
          }
          expect(link.counters.framesReceived).toBe(frames.length);
          expect(link.neighbors().length).toBeLessThanOrEqual(8);
          host.close();
          expect(packetPool.outstanding).toBe(0);
        },
      ),
    );
  });
});

describe("an interface that is down", () => {
  test("neither asks nor answers, and forgets its neighbours: who sends to it gets EHOSTUNREACH, as on Linux", () => {
    const world = new World();
    const [a, b] = [world.station(1), world.station(2)];
    const [from, to] = [endpoint(a, 9), endpoint(b, 9)];
    const eth0 = b.host.ipv4.interfaces[1]!;
    expect(tell(to, "10.0.0.7", 1)).toBe(1); // waits for an answer
    world.wait(0);
    eth0.up = false;
    expect(b.link.neighbors()).toEqual([]);
    from.settings.receiveErrors = true;
    tell(from, "10.0.0.2", 42);
    expect(arpOf(world.wait(4)).map((arp) => arp?.sender)).toEqual(Array(3).fill("10.0.0.1"));
    expect(heard(from)).toEqual([-EHOSTUNREACH]);
    b.link.announce();
    b.link.send(packetPool.from(new Uint8Array(20)), ip("10.0.0.1"));
    b.link.sendFrame(packetPool.from(new Uint8Array(60)));
    world.hub.carry(arpFrame(1, 1, 2, 2)); // somebody takes its address
    expect(world.wait(1).filter((each) => each.from === B)).toEqual([]);
    expect(b.link.counters).toMatchObject({ down: 6, arpReceived: 0, conflicts: 0 });
    eth0.up = true;
    tell(from, "10.0.0.2", 43);
    world.wait(1);
    expect([heard(from), heard(to)]).toEqual([[], [43]]);
  });

  test("probes for its address again when it is up, and not before", () => {
    const world = new World();
    const { host, link } = world.station(1, 1, { probe: true });
    const eth0 = host.ipv4.interfaces[1]!;
    world.wait(20);
    expect(link.claimState).toBe("held");
    eth0.up = false;
    expect(link.claimState).toBe("probing");
    expect(world.wait(20)).toEqual([]);
    eth0.up = true;
    expect(arpOf(world.wait(20)).map((arp) => arp?.sender)).toEqual([
      ...Array(3).fill("0.0.0.0"),
      ...Array(2).fill("10.0.0.1"),
    ]);
    eth0.up = true; // as it is
    expect(link.claimState).toBe("held");
  });
});

test("options that make no sense", () => {
  const clock = new VirtualClock();
  const make = (options: object) => () =>
    new EthernetLink({ clock, random: new Random(1), port: new FrameHub(clock).port(1) }, options);
  expect(make({ mtu: 67 })).toThrow("mtu is an integer from 68 to 65535, not 67");
  expect(make({ mtu: "1500" })).toThrow(TypeError);
  expect(make({ probe: 1 })).toThrow(TypeError);
  expect(make({ retransMillis: 0 })).toThrow(RangeError);
  expect(make({ maxNeighbours: 3 })).toThrow(/there is no option maxNeighbours; there are: .*maxNeighbors/);
  expect(make({ mtu: 9000, probe: true })().mtu).toBe(9000);
});
