/** Groups: who is in them, by which way they are reached, and what of it comes back (RFC 1112, RFC 1122 §3.3.6). */
import { describe, expect, test } from "vitest";
import { ENETUNREACH, ENODEV } from "../../src/base/errno.ts";
import { DEFAULT_CHOICE, type Path, type PathChoice, type Transport } from "../../src/ip/path.ts";
import { FLAG_BROADCAST, FLAG_CHECKSUM_TRUSTED, type Packet } from "../../src/packet/packet.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { IpHost, type IpHostOptions, leaveNothingBehind } from "../support/ip-host.ts";
import { TestLink } from "../support/test-link.ts";
import { icmp, ip, ipv4, pattern } from "../support/wire.ts";

leaveNothingBehind();

const PROTOCOL = 253;
const GROUP = "224.1.1.1";

interface Note {
  source: number;
  destination: number;
  by: number;
  flags: number;
  data: number[];
}

class Recorder implements Transport {
  readonly notes: Note[] = [];
  input(packet: Packet): void {
    const { source, destination, interfaceIndex: by, flags } = packet;
    this.notes.push({ source, destination, by, flags, data: [...packet.bytes()] });
    packet.release();
  }
  error(): void {}
}

/** lo, eth0 10.0.0.1/24 and eth1 10.0.1.1/24. What routers are told of groups is another matter: igmp.test.ts. */
function listener(options: IpHostOptions = {}) {
  const host = new IpHost({ ...options, ip: { igmpVersion: 0, ...options.ip } });
  const second = new TestLink(host.clock);
  const eth1 = host.ip.addInterface({
    name: "eth1",
    link: second,
    address: ip("10.0.1.1"),
    prefixLength: 24,
  });
  const recorder = new Recorder();
  host.ip.register(PROTOCOL, recorder);
  const send = (
    to: string,
    choice: Partial<PathChoice> = {},
    from = "0.0.0.0",
    timeToLive = 1,
    length = 4,
  ) => {
    const path = host.ip.path(ip(to), ip(from), { ...DEFAULT_CHOICE, broadcast: true, ...choice }) as Path;
    const options = { timeToLive, trafficClass: 0, dontFragment: false };
    expect(path.send(packetPool.from(pattern(length)), PROTOCOL, options)).toBe(0);
    expect(recorder.notes).toEqual([]); // sending never turns into receiving
    host.clock.runInstant();
    return { sent: [host.link.take().length, second.take().length], heard: recorder.notes.splice(0) };
  };
  return { host, second, eth1, recorder, send };
}

describe("membership", () => {
  test("RFC1112-7.2: a group is heard where it was joined, until it was left as often", () => {
    const { host, second, recorder } = listener();
    const arrive = () => {
      host.receive(ipv4({ destination: GROUP, protocol: PROTOCOL }));
      second.receive(ipv4({ source: "10.0.1.2", destination: GROUP, protocol: PROTOCOL }));
      return recorder.notes.splice(0).map((note) => note.by);
    };
    expect(arrive()).toEqual([]);
    expect([host.ip.join(1, ip(GROUP)), host.ip.join(1, ip(GROUP))]).toEqual([1, 1]);
    expect(arrive()).toEqual([1]);
    host.ip.join(2, ip(GROUP));
    expect(arrive()).toEqual([1, 2]);
    host.ip.leave(1, ip(GROUP));
    expect(arrive()).toEqual([1, 2]);
    host.ip.leave(1, ip(GROUP));
    expect(arrive()).toEqual([2]);
    expect(host.ip.counters.notForUs).toBe(4);
  });

  test("RFC1112-4: every host is in 224.0.0.1, which causes no error and no echo reply", () => {
    const { host, recorder } = listener();
    host.receive(ipv4({ destination: "224.0.0.1", protocol: PROTOCOL }));
    expect(recorder.notes).toMatchObject([{ destination: ip("224.0.0.1"), flags: FLAG_BROADCAST }]);
    expect(host.receive(ipv4({ destination: "224.0.0.1", protocol: 252 }))).toEqual([]);
    expect(host.receive(icmp({ type: 8 }, { destination: "224.0.0.1" }))).toEqual([]);
    expect(host.ip.icmp.counters.echoBroadcast).toBe(1);
  });

  test("without an interface it is where the group is reached", () => {
    const { host } = listener();
    expect(host.ip.join(-1, ip(GROUP))).toBe(1); // the default route's
    host.ip.routes.add({ to: "224.1.0.0/16", interface: "eth1" });
    expect(host.ip.join(-1, ip(GROUP))).toBe(2);
    expect(host.ip.join(3, ip(GROUP))).toBe(-ENODEV);
    host.ip.leave(3, ip(GROUP));
  });
});

describe("the way to a group", () => {
  test("is by the chosen interface, the source's, the route's, or the first wire", () => {
    const { send, host } = listener({ prefixLength: 24 }); // no default route
    expect(send(GROUP).sent).toEqual([1, 0]);
    expect(send(GROUP, {}, "10.0.1.1").sent).toEqual([0, 1]);
    host.ip.routes.add({ to: "224.0.0.0/4", interface: "eth1" });
    expect(send(GROUP).sent).toEqual([0, 1]);
    expect(send(GROUP, {}, "10.0.0.1").sent).toEqual([1, 0]);
    expect(send(GROUP, { interface: 1 }, "10.0.1.1").sent).toEqual([1, 0]);
  });

  test("is direct: the default gateway takes none of it, a gateway to groups does", () => {
    const { host, send } = listener();
    const hops: number[] = [];
    const whole = host.link.send.bind(host.link);
    host.link.send = (packet, nextHop) => {
      hops.push(nextHop);
      whole(packet, nextHop);
    };
    send(GROUP);
    host.ip.routes.add({ to: "224.0.0.0/4", via: "10.0.0.77" });
    send(GROUP);
    expect(hops).toEqual([ip(GROUP), ip("10.0.0.77")]);
  });

  test("does not lead through what is down", () => {
    const { host, eth1 } = listener();
    eth1.up = false;
    expect(host.ip.path(ip(GROUP), 0, { ...DEFAULT_CHOICE, interface: 2 })).toBe(-ENETUNREACH);
  });
});

describe("what comes back", () => {
  const COPY = { source: ip("10.0.0.1"), by: 1, flags: FLAG_BROADCAST | FLAG_CHECKSUM_TRUSTED };

  test("are multicasts of groups joined on the interface they leave by", () => {
    const { host, send } = listener();
    host.ip.join(1, ip(GROUP));
    expect(send(GROUP)).toMatchObject({ sent: [1, 0], heard: [{ ...COPY, destination: ip(GROUP) }] });
    expect(send(GROUP, { interface: 2 })).toEqual({ sent: [0, 1], heard: [] });
    expect(send("224.1.1.2")).toEqual({ sent: [1, 0], heard: [] });
    expect(send("224.0.0.1").heard).toHaveLength(1);
  });

  test("are none with multicastLoop off; none but those with a time to live of 0", () => {
    const { host, send } = listener();
    host.ip.join(1, ip(GROUP));
    expect(send(GROUP, { multicastLoop: false })).toEqual({ sent: [1, 0], heard: [] });
    expect(send(GROUP, {}, "0.0.0.0", 0)).toMatchObject({ sent: [0, 0], heard: [COPY] });
    expect(send(GROUP, { multicastLoop: false }, "0.0.0.0", 0)).toEqual({ sent: [0, 0], heard: [] });
  });

  test("RFC1122-3.3.6: are all broadcasts, whole where the wire gets fragments", () => {
    const { send } = listener();
    for (const to of ["255.255.255.255", "10.0.0.255"]) {
      const { sent, heard } = send(to, { multicastLoop: false }, "0.0.0.0", 64, 4000);
      expect(sent).toEqual([3, 0]);
      expect(heard).toEqual([{ ...COPY, destination: ip(to), data: [...pattern(4000)] }]);
    }
  });

  test("by lo is what lo brings, once", () => {
    const { host, send } = listener();
    expect(send("127.255.255.255").heard).toHaveLength(1);
    expect(send(GROUP, { interface: 0 }).heard).toEqual([]);
    host.ip.join(0, ip(GROUP));
    expect(send(GROUP, { interface: 0 }).heard).toMatchObject([{ source: ip("127.0.0.1"), by: 0 }]);
  });

  test("is nothing when the host closes or the interface goes down first", () => {
    const { host, eth1, recorder } = listener();
    const path = (index: number) =>
      host.ip.path(ip("255.255.255.255"), 0, {
        ...DEFAULT_CHOICE,
        broadcast: true,
        interface: index,
      }) as Path;
    const options = { timeToLive: 1, trafficClass: 0, dontFragment: false };
    path(2).send(packetPool.from(pattern(4)), PROTOCOL, options);
    eth1.up = false;
    host.clock.runInstant();
    expect([recorder.notes.length, host.ip.counters.interfaceDown]).toEqual([0, 1]);
    path(1).send(packetPool.from(pattern(4)), PROTOCOL, options);
    host.close();
    expect(recorder.notes).toEqual([]);
  });
});
