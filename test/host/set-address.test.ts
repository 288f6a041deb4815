/** An interface's address: none at first, another later. What goes with the old one, and what stays. */
import { afterEach, describe, expect, it } from "vitest";
import { EADDRNOTAVAIL, ENETRESET, ENETUNREACH } from "../../src/base/errno.ts";
import { INSPECT } from "../../src/base/inspect.ts";
import {
  AF_INET,
  EthernetLink,
  Host,
  Random,
  SIOCGIFADDR,
  SIOCGIFCONF,
  SIOCGIFNETMASK,
  SOCK_DGRAM,
  VirtualClock,
} from "../../src/index.ts";
import { Loopback } from "../../src/link/loopback.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { FrameHub, type Seen, see } from "../support/frame-hub.ts";
import { TestLink } from "../support/test-link.ts";
import { ip, parseIpv4, udp } from "../support/wire.ts";
import { network } from "../support/world.ts";

const hosts: Host[] = [];

function rig(address?: string) {
  const clock = new VirtualClock();
  const host = new Host({ clock, seed: 1 });
  const link = new TestLink(clock);
  const by = host.attach(link, address === undefined ? {} : { address });
  hosts.push(host);
  return { clock, host, link, by };
}

afterEach(() => {
  for (const host of hosts.splice(0)) {
    host.close();
    host.clock.runInstant();
    expect(host.clock.timers.armedCount).toBe(0);
  }
  expect(packetPool.outstanding).toBe(0);
});

function routesOf(host: Host): string[] {
  return [...host.route].map(({ network, prefixLength, via, interface: by }) =>
    [network >>> 0, prefixLength, via >>> 0, by.name].join(" "),
  );
}

describe("an interface without an address", () => {
  it("has no routes, and its host says so", () => {
    const { host, by } = rig();
    expect([by.address, by.prefixLength]).toEqual([0, 0]);
    expect(routesOf(host)).toEqual([`${ip("127.0.0.0") >>> 0} 8 0 lo`]);
    expect(host[INSPECT]()).toBe("Host host (no address)");
    expect(host.ipv4.path(ip("10.0.0.2"), 0)).toBe(-ENETUNREACH);
    expect(host.ipv4.isLocal(0)).toBe(false);
    expect(host.ipv4.interfaceWith(0)).toBe(-1);
  });

  it("tells the ioctls of Linux nothing: EADDRNOTAVAIL, and no line of SIOCGIFCONF", () => {
    const { host } = rig();
    const { posix } = host;
    const fd = posix.socket(AF_INET, SOCK_DGRAM);
    const ask = (request: number) => {
      try {
        return posix.ioctl(fd, request, { name: "eth0" });
      } catch (error) {
        return (error as { errno: number }).errno;
      }
    };
    expect([ask(SIOCGIFADDR), ask(SIOCGIFNETMASK)]).toEqual([-EADDRNOTAVAIL, -EADDRNOTAVAIL]);
    expect(posix.ioctl(fd, SIOCGIFCONF)).toEqual([{ name: "lo", address: "127.0.0.1" }]);
    host.setAddress("eth0", "10.0.0.1/24");
    const asked = { name: "eth0" };
    posix.ioctl(fd, SIOCGIFADDR, asked);
    expect(asked).toEqual({ name: "eth0", address: "10.0.0.1" });
  });

  it("takes what is for all, but nothing for 0.0.0.0 and nothing for one host", () => {
    const { clock, host, link } = rig();
    const endpoint = host.udp.create();
    endpoint.bind(0, 68);
    for (const destination of ["255.255.255.255", "0.0.0.0", "10.0.0.1"]) {
      link.receive(udp({ destinationPort: 68 }, { source: "10.0.0.2", destination }));
    }
    clock.runInstant();
    expect(endpoint.counters.received).toBe(1);
    expect(host.ipv4.counters.notForUs).toBe(2);
  });

  it("sends what is for all from another wire's address, where there is one: as Linux does", () => {
    const { host, link } = rig();
    const send = () => {
      const endpoint = host.udp.create();
      endpoint.settings.broadcast = true;
      endpoint.settings.interface = 1;
      expect(endpoint.send(Uint8Array.of(1), 0, 1, -1, 67)).toBe(1);
      endpoint.close();
      return parseIpv4(link.take()[0] as Uint8Array).source;
    };
    expect(send()).toBe("0.0.0.0");
    host.attach(new TestLink(host.clock), { address: "10.0.1.1/24" });
    expect(send()).toBe("10.0.1.1");
  });
});

describe("setAddress", () => {
  it("gives an address and the route to its network; all other routes of the interface go, as with SIOCSIFADDR", () => {
    const { host, by } = rig("10.0.0.1/24");
    const other = new TestLink(host.clock);
    host.attach(other, { address: "10.0.1.1/24" });
    host.route.add({ to: "default", via: "10.0.0.254" });
    host.route.add({ to: "10.7.0.0/16", via: "10.0.1.254" });
    const path = host.ipv4.path(ip("10.3.3.3"), 0) as { mtu: number };
    host.setAddress("eth0", "10.3.0.9/16");
    expect([by.address, by.prefixLength]).toEqual([ip("10.3.0.9"), 16]);
    expect(routesOf(host).slice(0, -1)).toEqual([
      `${ip("10.0.1.0") >>> 0} 24 0 eth1`,
      `${ip("10.7.0.0") >>> 0} 16 ${ip("10.0.1.254") >>> 0} eth1`,
      `${ip("10.3.0.0") >>> 0} 16 0 eth0`,
    ]);
    expect(path.mtu).toBe(1500); // found anew
    expect(host.ipv4.isLocal(ip("10.0.0.1"))).toBe(false);
    expect(host.ipv4.isBroadcastOrMulticast(ip("10.3.255.255"))).toBe(true);
    host.setAddress("eth0", "0.0.0.0/0");
    expect(routesOf(host)).toHaveLength(3);
  });

  it("leaves everything as it is when it is the address there is", () => {
    const { host } = rig("10.0.0.1/24");
    host.route.add({ to: "default", via: "10.0.0.254" });
    const { generation } = host.ipv4;
    host.setAddress("eth0", "10.0.0.1/24");
    expect(routesOf(host)).toHaveLength(3);
    expect(host.ipv4.generation).toBe(generation);
    host.setAddress("eth0", "10.0.0.1/25"); // another network is another address
    expect(routesOf(host)).toHaveLength(2);
  });

  it("refuses what makes no sense", () => {
    const { host } = rig("10.0.0.1/24");
    const refuse = (name: string, address: string) => expect(() => host.setAddress(name, address));
    refuse("eth7", "10.0.0.1/24").toThrow(new RangeError('setAddress: "eth7" is none of eth0'));
    refuse("lo", "10.0.0.1/24").toThrow(RangeError);
    refuse("eth0", "127.0.0.2/8").toThrow(new RangeError("setAddress: 127.0.0.2/8 is for lo alone"));
    refuse("eth0", "10.0.0.0/24").toThrow("the address of eth0 names one host: 10.0.0.0 does not");
    refuse("eth0", "0.0.0.0/24").toThrow("names one host");
    refuse("eth0", "10.0.0.1").toThrow(RangeError);
    expect(() => host.attach(new Loopback(host.clock), { address: "0.0.0.0/8" })).toThrow("names one host");
    expect(routesOf(host)).toHaveLength(2);
  });

  it("ends the connections of the old address with ENETRESET, and no others", async () => {
    const net = network({ seed: 1 });
    const [a, b] = [net.host("a"), net.host("b")];
    net.link(a, b);
    await net.run(async () => {
      const server = b.create_server({ address: "", port: 80 });
      const local = a.create_server({ address: "", port: 80 });
      const client = await a.create_connection({ address: "10.0.0.2", port: 80 });
      const inner = await a.create_connection({ address: "127.0.0.1", port: 80 });
      const [accepted] = await server.accept();
      const lost = client.recv(1).catch((error) => error.errno);
      a.setAddress("eth0", "10.0.0.77/24");
      expect(await lost).toBe(-ENETRESET);
      await inner.send("x"); // lives on
      const again = await a.create_connection({ address: "10.0.0.2", port: 80 });
      const [renewed, from] = await server.accept();
      expect(from.address).toBe("10.0.0.77");
      for (const each of [server, local, client, inner, accepted, again, renewed]) await each.close();
    });
    await net.idle();
  });

  it("keeps connections whose address another interface has too", () => {
    const { host } = rig("10.0.0.1/24");
    host.attach(new TestLink(host.clock), { address: "10.0.0.1/24" });
    host.setAddress("eth0", "10.0.5.1/24");
    expect(host.ipv4.isLocal(ip("10.0.0.1"))).toBe(true);
  });

  it("keeps its groups", () => {
    const { host, by } = rig("10.0.0.1/24");
    host.ipv4.join(1, ip("224.1.1.1"));
    host.setAddress("eth0", "10.0.5.1/24");
    expect(by.isMember(ip("224.1.1.1"))).toBe(true);
  });
});

describe("on an Ethernet", () => {
  function ethernet(options = {}) {
    const clock = new VirtualClock();
    const hub = new FrameHub(clock);
    const host = new Host({ clock, seed: 1 });
    const link = new EthernetLink({ clock, random: new Random(1), port: hub.port(1) }, options);
    host.attach(link, {});
    hosts.push(host);
    const wait = (seconds: number): Seen[] => {
      const end = clock.now + seconds * 1e6;
      for (; clock.nextDeadline() <= end; clock.runInstant()) clock.jumpTo(clock.nextDeadline());
      clock.jumpTo(end);
      return hub.take().map(see);
    };
    return { host, link, wait };
  }

  it("an address is probed for when it is given, and again when there is another (RFC 5227 §2.1)", () => {
    const { host, link, wait } = ethernet({ probe: true });
    expect(wait(10)).toEqual([]);
    expect(link.claimState).toBe(undefined);
    for (const address of ["10.0.0.1", "10.0.0.2"]) {
      host.setAddress("eth0", `${address}/24`);
      expect(link.claimState).toBe("probing");
      const said = wait(10).map(({ arp }) => [arp?.sender, arp?.target]);
      const probe = ["0.0.0.0", address];
      expect(said).toEqual([probe, probe, probe, [address, address], [address, address]]);
      expect(link.claimState).toBe("held");
    }
    host.setAddress("eth0", "0.0.0.0/0");
    expect([link.claimState, wait(10)]).toEqual([undefined, []]);
  });
});
