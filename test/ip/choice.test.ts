/** What a user of the stack may ask of a path: see PathChoice. The errors are those of Linux 6, tried in a namespace. */
import { describe, expect, test } from "vitest";
import { EINVAL, ENETUNREACH, ENODEV } from "../../src/base/errno.ts";
import { DEFAULT_CHOICE, type Path, type PathChoice } from "../../src/ip/path.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { IpHost, leaveNothingBehind } from "../support/ip-host.ts";
import { TestLink } from "../support/test-link.ts";
import { ip, pattern } from "../support/wire.ts";

leaveNothingBehind();

const PROTOCOL = 253;
const SEND = { timeToLive: 64, trafficClass: 0, dontFragment: false };

/** lo, eth0 10.0.0.1/24 with the default gateway, eth1 10.0.1.1/24. */
function twoWires() {
  const host = new IpHost();
  const second = new TestLink(host.clock);
  const eth1 = host.ip.addInterface({
    name: "eth1",
    link: second,
    address: ip("10.0.1.1"),
    prefixLength: 24,
  });
  const ask = (to: string, choice: Partial<PathChoice>, from = 0) =>
    host.ip.path(ip(to), from, { ...DEFAULT_CHOICE, ...choice });
  /** Sends four bytes and tells which wires they went by. */
  const tell = (path: Path | number): string => {
    if (typeof path === "number") return String(path);
    path.send(packetPool.from(pattern(4)), PROTOCOL, SEND);
    host.clock.runInstant();
    const first = host.link.take().length;
    const other = second.take().length;
    return `${first > 0 ? "eth0" : ""}${other > 0 ? "eth1" : ""}` || "inside";
  };
  return { host, second, eth1, ask, tell };
}

describe("the source", () => {
  test("is no group, and not the limited broadcast: EINVAL; another's address, or a directed broadcast: ENETUNREACH", () => {
    const { ask } = twoWires();
    for (const [source, errno] of [
      ["224.1.1.1", EINVAL],
      ["255.255.255.255", EINVAL],
      ["1.2.3.4", ENETUNREACH],
      ["10.0.0.255", ENETUNREACH],
    ] as const) {
      expect(ask("10.0.0.7", {}, ip(source))).toBe(-errno);
    }
    expect(ask("10.0.0.7", { foreignSource: true }, ip("224.1.1.1"))).toBe(-EINVAL);
  });
});

describe("the interface", () => {
  test("carries what routes would send elsewhere, from its own address", () => {
    const { ask, tell } = twoWires();
    expect(tell(ask("8.8.8.8", {}))).toBe("eth0");
    const path = ask("8.8.8.8", { interface: 2 }) as Path;
    expect([tell(path), path.source]).toEqual(["eth1", ip("10.0.1.1")]);
    expect(tell(ask("10.0.0.7", { interface: 2 }))).toBe("eth1");
  });

  test("that is not there is ENODEV, one that is down ENETUNREACH, when asked and later", () => {
    const { ask, eth1 } = twoWires();
    expect(ask("10.0.1.2", { interface: 3 })).toBe(-ENODEV);
    const path = ask("10.0.1.2", { interface: 2 }) as Path;
    eth1.up = false;
    expect(ask("10.0.1.2", { interface: 2 })).toBe(-ENETUNREACH);
    expect(path.send(packetPool.from(pattern(4)), PROTOCOL, SEND)).toBe(-ENETUNREACH);
  });

  test("of an own address leads inside; another does not", () => {
    const { ask, tell } = twoWires();
    expect(tell(ask("10.0.1.1", { interface: 2 }))).toBe("inside");
    expect(tell(ask("10.0.1.1", { interface: 0 }))).toBe("inside");
    expect(tell(ask("10.0.1.1", { interface: 1 }))).toBe("eth0");
    expect(ask("127.0.0.1", { interface: 1 })).toBe(-ENETUNREACH);
  });

  test("takes broadcasts", () => {
    const { ask, tell } = twoWires();
    expect(tell(ask("255.255.255.255", { broadcast: true }))).toBe("eth0");
    expect(tell(ask("255.255.255.255", { broadcast: true, interface: 2 }))).toBe("eth1");
    expect(tell(ask("255.255.255.255", { broadcast: true }, ip("10.0.1.1")))).toBe("eth1");
  });

  test("is found by name and by address", () => {
    const { host } = twoWires();
    expect(["lo", "eth1", "eth9"].map((name) => host.ip.interfaceNamed(name))).toEqual([0, 2, -1]);
    expect(["10.0.0.1", "10.0.1.1", "10.0.1.2"].map((each) => host.ip.interfaceWith(ip(each)))).toEqual([
      1, 2, -1,
    ]);
    expect([host.ip.interfaceName(2), host.ip.interfaceName(3)]).toEqual(["eth1", ""]);
    expect([host.ip.interfaceAddress(2), host.ip.interfaceAddress(-1)]).toEqual([ip("10.0.1.1"), 0]);
  });
});

describe("on the link alone", () => {
  test("no gateway is asked, before and after the routes change", () => {
    const { ask, tell, host } = twoWires();
    expect(ask("8.8.8.8", { onLink: true })).toBe(-ENETUNREACH);
    const path = ask("10.0.1.2", { onLink: true }) as Path;
    expect(tell(path)).toBe("eth1");
    host.ip.routes.add({ to: "10.0.1.2/32", via: "10.0.0.254" });
    expect(tell(path)).toBe("eth1");
    expect(tell(ask("10.0.1.2", {}))).toBe("eth0");
  });
});

describe("the source", () => {
  test("is one of ours, unless a foreign one is asked for", () => {
    const { ask } = twoWires();
    expect(ask("8.8.8.8", {}, ip("192.0.2.1"))).toBe(-ENETUNREACH);
    const path = ask("8.8.8.8", { foreignSource: true }, ip("192.0.2.1")) as Path;
    expect(path.source).toBe(ip("192.0.2.1"));
  });
});

describe("options", () => {
  const COPIED = [148, 4, 0, 0]; // router alert
  const ONCE = [0x44, 8, 9, 0, 0, 0, 0, 0]; // a timestamp option that is full

  test("stand padded in every header", () => {
    const { ask, host } = twoWires();
    const path = ask("10.0.0.2", { options: Uint8Array.from([...COPIED, 1]) }) as Path;
    expect(path.optionsLength).toBe(8);
    expect(ask("10.0.0.2", { options: new Uint8Array(0) })).toMatchObject({ optionsLength: 0 });
    path.send(packetPool.from(pattern(4)), PROTOCOL, SEND);
    const [bytes] = host.link.take();
    expect([...bytes!.subarray(20)]).toEqual([...COPIED, 1, 0, 0, 0, ...pattern(4)]);
    expect([bytes![0], bytes![3]]).toEqual([0x47, 32]);
    const other = new IpHost();
    const received = other.ip.counters;
    other.receive(bytes!); // the checksum covers them: what is wrong is that its source is ours
    expect([received.badChecksum, received.badOptions, received.ownSource]).toEqual([0, 0, 1]);
  });

  test("RFC791-3.1: those with the copied flag stand in every fragment, the others in the first", () => {
    const { ask, host } = twoWires();
    const path = ask("10.0.0.2", { options: Uint8Array.from([...ONCE, ...COPIED]) }) as Path;
    path.send(packetPool.from(pattern(2000)), PROTOCOL, SEND);
    const [first, second] = host.link.take();
    expect([...first!.subarray(20, 32)]).toEqual([...ONCE, ...COPIED]);
    expect([...second!.subarray(20, 24)]).toEqual(COPIED);
    expect([first![0], second![0]]).toEqual([0x48, 0x46]);
  });

  test("a change of the caller's array changes nothing", () => {
    const { ask, host } = twoWires();
    const options = Uint8Array.from(COPIED);
    const path = ask("10.0.0.2", { options }) as Path;
    options[0] = 1;
    path.send(packetPool.from(pattern(4)), PROTOCOL, SEND);
    expect(host.link.take()[0]![20]).toBe(148);
  });
});
