/** Endpoints in groups (RFC 1112, RFC 1122 §4.1.3.6). What each of them hears was tried on Linux 6.18 in a namespace. */
import { describe, expect, test } from "vitest";
import { EADDRINUSE, EADDRNOTAVAIL, EAGAIN, EINVAL, ENOBUFS, ENODEV } from "../../src/base/errno.ts";
import { DatagramInfo, type UdpEndpoint } from "../../src/udp/endpoint.ts";
import type { UdpSettings } from "../../src/udp/settings.ts";
import { IpHost, leaveNothingBehind } from "../support/ip-host.ts";
import { TestLink } from "../support/test-link.ts";
import { ip, parseIpv4, text, udp } from "../support/wire.ts";

leaveNothingBehind();

const GROUP = ip("224.1.1.1");
const PORT = 7000;
const ETH0 = 1;
const ETH1 = 2;

/** lo, eth0 10.0.0.1/24 with the default gateway, eth1 10.0.1.1/24. */
function home() {
  const host = new IpHost();
  const second = new TestLink(host.clock);
  host.ip.addInterface({ name: "eth1", link: second, address: ip("10.0.1.1"), prefixLength: 24 });
  return { host, second };
}

function open(host: IpHost, address: string, settings: Partial<UdpSettings> = {}): UdpEndpoint {
  const endpoint = host.udp.create();
  Object.assign(endpoint.settings, { reuseAddress: true, broadcast: true }, settings);
  expect(
    endpoint.bind(ip(address), address === "0.0.0.0" && settings.reuseAddress === false ? 0 : PORT),
  ).toBe(0);
  return endpoint;
}

const info = new DatagramInfo();

function hears(endpoint: UdpEndpoint): boolean {
  const result = endpoint.receive(new Uint8Array(10), 0, 10, 0, info);
  expect([1, -EAGAIN]).toContain(result);
  return result === 1;
}

function send(host: IpHost, to: string, settings: Partial<UdpSettings> = {}): UdpEndpoint {
  const sender = open(host, "0.0.0.0", { reuseAddress: false, ...settings });
  expect(sender.send(text("a"), 0, 1, ip(to), PORT)).toBe(1);
  host.clock.runInstant();
  return sender;
}

describe("who hears a group", () => {
  /** The endpoints of the trial on Linux, and which of them hear what. */
  function crowd() {
    const { host, second } = home();
    const endpoints = {
      joined: open(host, "0.0.0.0"),
      any: open(host, "0.0.0.0"),
      "any, own groups only": open(host, "0.0.0.0", { multicastAll: false }),
      group: open(host, "224.1.1.1"),
      "other group": open(host, "224.1.1.2"),
      address: open(host, "10.0.0.1"),
      "joined on eth1": open(host, "0.0.0.0"),
      "joined another": open(host, "0.0.0.0"),
      "of eth0": open(host, "0.0.0.0", { interface: ETH0 }),
      "of eth1": open(host, "0.0.0.0", { interface: ETH1 }),
      "of lo": open(host, "0.0.0.0", { interface: 0 }),
    };
    expect(endpoints.joined.memberships.join(GROUP, ETH0)).toBe(0);
    expect(endpoints["joined on eth1"].memberships.join(GROUP, ETH1)).toBe(0);
    expect(endpoints["joined another"].memberships.join(ip("224.9.9.9"), ETH0)).toBe(0);
    const listeners = () =>
      Object.entries(endpoints)
        .filter(([, endpoint]) => hears(endpoint))
        .map(([name]) => name);
    return { host, second, endpoints, listeners };
  }

  const ANYBODY = ["joined", "any", "joined on eth1", "joined another"];

  test("everyone at its port, once somebody has joined", () => {
    const { host, listeners } = crowd();
    send(host, "224.1.1.1");
    expect(listeners().sort()).toEqual([...ANYBODY, "group", "of eth0"].sort());
    send(host, "224.1.1.1", { multicastInterface: ETH1 });
    expect(listeners().sort()).toEqual([...ANYBODY, "group", "of eth1"].sort());
    send(host, "224.0.0.1");
    expect(listeners().sort()).toEqual([...ANYBODY, "of eth0"].sort());
  });

  test("nobody, if nobody has joined by that interface, or loop is off", () => {
    const { host, listeners } = crowd();
    send(host, "224.3.3.3");
    send(host, "224.9.9.9", { multicastInterface: ETH1 });
    send(host, "224.1.1.1", { multicastLoop: false });
    send(host, "224.1.1.1", { multicastInterface: 0 });
    expect(listeners()).toEqual([]);
  });

  test("broadcasts are for all at the port, the sender's host too", () => {
    const { host, listeners } = crowd();
    const all = [...ANYBODY, "any, own groups only"];
    for (const to of ["10.0.0.255", "255.255.255.255"]) {
      send(host, to);
      expect(listeners().sort()).toEqual([...all, "of eth0"].sort());
    }
    send(host, "127.255.255.255");
    expect(listeners().sort()).toEqual([...all, "of lo"].sort());
  });

  test("without multicastAll, those that joined by the interface it came by", () => {
    const { host, second } = home();
    const endpoint = open(host, "0.0.0.0", { multicastAll: false });
    endpoint.memberships.join(GROUP, ETH0);
    open(host, "0.0.0.0").memberships.join(GROUP, ETH1);
    const datagram = (source: string) =>
      udp({ destinationPort: PORT, payload: text("x") }, { source, destination: "224.1.1.1" });
    second.receive(datagram("10.0.1.2"));
    expect(hears(endpoint)).toBe(false);
    host.receive(datagram("10.0.0.2"));
    expect(hears(endpoint)).toBe(true);
    expect([info.destination, info.interfaceIndex]).toEqual([GROUP, ETH0]);
  });

  test("nobody any more when the only member closes", () => {
    const { host } = home();
    const listener = open(host, "0.0.0.0");
    const member = open(host, "0.0.0.0");
    member.memberships.join(GROUP, ETH0);
    send(host, "224.1.1.1");
    expect(hears(listener)).toBe(true);
    member.close();
    send(host, "224.1.1.1");
    expect(hears(listener)).toBe(false);
  });
});

describe("joining and leaving", () => {
  test("fails as on Linux", () => {
    const { host } = home();
    const { memberships } = host.udp.create();
    expect(memberships.join(ip("10.1.1.1"), ETH0)).toBe(-EINVAL);
    expect(memberships.join(GROUP, 9)).toBe(-ENODEV);
    expect(memberships.join(GROUP, ETH0)).toBe(0);
    expect(memberships.join(GROUP, ETH0)).toBe(-EADDRINUSE);
    expect(memberships.join(GROUP, ETH1)).toBe(0);
    expect(memberships.leave(ip("224.1.1.9"), ETH0)).toBe(-EADDRNOTAVAIL);
    expect(memberships.leave(GROUP, 9)).toBe(-EADDRNOTAVAIL);
    expect([memberships.leave(GROUP, ETH0), memberships.leave(GROUP, ETH0)]).toEqual([0, -EADDRNOTAVAIL]);
    expect(memberships.leave(GROUP, ETH1)).toBe(0);
  });

  test("without an interface is where the group would be sent", () => {
    const { host } = home();
    const { memberships } = host.udp.create();
    expect([memberships.join(GROUP, -1), memberships.has(GROUP, ETH0)]).toEqual([0, true]);
    host.ip.routes.add({ to: "224.0.0.0/4", interface: "eth1" });
    expect(memberships.leave(GROUP, -1)).toBe(-EADDRNOTAVAIL);
    expect([memberships.join(GROUP, -1), memberships.has(GROUP, ETH1)]).toEqual([0, true]);
  });

  test("twenty groups and no more; what failed has not joined", () => {
    const { host } = home();
    const { memberships } = host.udp.create();
    for (let each = 0; each < 20; each++) expect(memberships.join(ip(`225.1.1.${each}`), ETH0)).toBe(0);
    expect(memberships.join(GROUP, ETH0)).toBe(-ENOBUFS);
    const listener = open(host, "0.0.0.0");
    send(host, "224.1.1.1");
    expect(hears(listener)).toBe(false);
  });
});

describe("sending", () => {
  test("goes with a time to live of 1, from the address and by the interface chosen", () => {
    const { host, second } = home();
    send(host, "224.1.1.1");
    expect(parseIpv4(host.link.take()[0]!)).toMatchObject({ timeToLive: 1, source: "10.0.0.1" });
    send(host, "224.1.1.1", { multicastInterface: ETH1, multicastTimeToLive: 7 });
    expect(parseIpv4(second.take()[0]!)).toMatchObject({ timeToLive: 7, source: "10.0.1.1" });
    send(host, "224.1.1.1", { multicastInterface: ETH0, multicastAddress: ip("10.0.1.1") });
    expect(parseIpv4(host.link.take()[0]!)).toMatchObject({ source: "10.0.1.1" });
    send(host, "224.1.1.1", { multicastTimeToLive: 0 });
    expect(host.link.take()).toEqual([]);
  });

  test("a bound interface goes before IP_MULTICAST_IF, which says nothing of what is for one host", () => {
    const { host, second } = home();
    send(host, "224.1.1.1", { interface: ETH1, multicastInterface: ETH0 });
    send(host, "10.0.0.2", { multicastInterface: ETH1 });
    expect([second.take().length, host.link.take().length]).toEqual([1, 1]);
  });

  test("a connection to a group takes the chosen interface's address", () => {
    const { host } = home();
    const endpoint = host.udp.create();
    endpoint.settings.multicastInterface = ETH1;
    expect(endpoint.connect(GROUP, PORT)).toBe(0);
    expect(endpoint.localAddress).toBe(ip("10.0.1.1"));
  });
});
