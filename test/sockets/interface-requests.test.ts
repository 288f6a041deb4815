import { describe, expect, it } from "vitest";
import { ENODEV, ENOTTY, ENXIO } from "../../src/base/errno.ts";
import {
  FIONREAD,
  IFF_BROADCAST,
  IFF_LOOPBACK,
  IFF_MULTICAST,
  IFF_POINTOPOINT,
  IFF_RUNNING,
  IFF_UP,
  SIOCGIFADDR,
  SIOCGIFBRDADDR,
  SIOCGIFCONF,
  SIOCGIFFLAGS,
  SIOCGIFINDEX,
  SIOCGIFMTU,
  SIOCGIFNAME,
  SIOCGIFNETMASK,
} from "../../src/index.ts";
import {
  interfaceAddresses,
  interfaceIndexes,
  interfaceIndexOf,
  interfaceNameOf,
  interfaceRequest,
  isInterfaceRequest,
} from "../../src/sockets/interface-requests.ts";
import { network } from "../support/world.ts";

/** Answers compared with those of Linux 6 for `lo` and an Ethernet of 192.0.2.2/24. */
describe("requests about interfaces", () => {
  const ask = (name: string, request: number) => interfaceRequest(interfaces(), request, { name });

  it("tell address, mask, broadcast, MTU and index by name", () => {
    expect(ask("lo", SIOCGIFADDR)).toEqual({ name: "lo", address: "127.0.0.1" });
    expect(ask("lo", SIOCGIFNETMASK)).toEqual({ name: "lo", netmask: "255.0.0.0" });
    expect(ask("lo", SIOCGIFBRDADDR)).toEqual({ name: "lo", broadcast: "0.0.0.0" });
    expect(ask("lo", SIOCGIFINDEX)).toEqual({ name: "lo", index: 1 });
    expect(ask("eth0", SIOCGIFADDR)).toEqual({ name: "eth0", address: "10.0.0.1" });
    expect(ask("eth0", SIOCGIFNETMASK)).toEqual({ name: "eth0", netmask: "255.255.255.0" });
    expect(ask("eth0", SIOCGIFBRDADDR)).toEqual({ name: "eth0", broadcast: "10.0.0.255" });
    expect(ask("eth0", SIOCGIFMTU)).toEqual({ name: "eth0", mtu: 1400 });
    expect(ask("eth0", SIOCGIFINDEX)).toEqual({ name: "eth0", index: 2 });
  });

  it("tell the flags, as the interface is now", () => {
    expect(ask("lo", SIOCGIFFLAGS)).toEqual({ name: "lo", flags: IFF_UP | IFF_LOOPBACK | IFF_RUNNING });
    const flags = IFF_BROADCAST | IFF_MULTICAST;
    expect(ask("eth0", SIOCGIFFLAGS)).toEqual({ name: "eth0", flags: IFF_UP | IFF_RUNNING | flags });
    const down = interfaces();
    down[1]!.up = false;
    expect(interfaceRequest(down, SIOCGIFFLAGS, { name: "eth0" })).toEqual({ name: "eth0", flags });
  });

  it("know no broadcast on a link of two ends", () => {
    const ends = interfaces("10.0.0.0/31");
    expect(interfaceRequest(ends, SIOCGIFBRDADDR, { name: "eth0" })).toEqual({
      name: "eth0",
      broadcast: "0.0.0.0",
    });
    const flags = IFF_UP | IFF_RUNNING | IFF_POINTOPOINT | IFF_MULTICAST;
    expect(interfaceRequest(ends, SIOCGIFFLAGS, { name: "eth0" })).toEqual({ name: "eth0", flags });
  });

  it("tell names by index, and list all", () => {
    expect(interfaceRequest(interfaces(), SIOCGIFNAME, { index: 2 })).toEqual({ index: 2, name: "eth0" });
    expect(interfaceAddresses(interfaces())).toEqual([
      { name: "lo", address: "127.0.0.1" },
      { name: "eth0", address: "10.0.0.1" },
    ]);
    expect(interfaceIndexes(interfaces())).toEqual([
      { index: 1, name: "lo" },
      { index: 2, name: "eth0" },
    ]);
    expect(interfaceIndexOf(interfaces(), "eth0")).toBe(2);
    expect(interfaceNameOf(interfaces(), 1)).toBe("lo");
  });

  it("fail as Linux does for what there is none of", () => {
    expect(ask("eth9", SIOCGIFADDR)).toBe(-ENODEV);
    expect(interfaceRequest(interfaces(), SIOCGIFADDR, {})).toBe(-ENODEV);
    expect(interfaceRequest(interfaces(), SIOCGIFNAME, { index: 3 })).toBe(-ENODEV);
    expect(interfaceRequest(interfaces(), SIOCGIFNAME, {})).toBe(-ENODEV);
    expect(interfaceIndexOf(interfaces(), "eth9")).toBe(-ENODEV);
    expect(interfaceNameOf(interfaces(), 0)).toBe(-ENXIO);
    expect(interfaceNameOf(interfaces(), 3)).toBe(-ENXIO);
    expect(ask("eth0", FIONREAD)).toBe(-ENOTTY);
  });

  it("can be told from other requests", () => {
    for (const request of [SIOCGIFCONF, SIOCGIFNAME, SIOCGIFADDR, SIOCGIFMTU]) {
      expect(isInterfaceRequest(request)).toBe(true);
    }
    expect(isInterfaceRequest(FIONREAD)).toBe(false);
  });
});

/** `lo`, and `eth0` with an MTU of 1400. */
function interfaces(address = "10.0.0.1/24") {
  const net = network();
  const host = net.host("a", { address });
  net.link(host, net.host("b", { address: "10.1.0.1/24" }), { mtu: 1400 });
  return host.ipv4.interfaces;
}
