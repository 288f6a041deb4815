/** What routers are told of groups: IGMPv3 (RFC 3376, which RFC 9776 obsoletes), and v2 and v1 for those that ask in them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../src/base/clock.ts";
import { EthernetLink, Host, Random } from "../../src/index.ts";
import { FrameHub } from "../support/frame-hub.ts";
import { IpHost, type IpHostOptions, leaveNothingBehind } from "../support/ip-host.ts";
import { TestLink } from "../support/test-link.ts";
import { checksum, concat, hex, ip, ipv4, parseIpv4 } from "../support/wire.ts";

leaveNothingBehind();

const G = "239.1.1.1";
const H = "239.1.1.2";
const ALL = "224.0.0.1";
const ROUTERS = "224.0.0.2";
const V3_ROUTERS = "224.0.0.22";
const RECORDS = ["", "is_in", "is_ex", "to_in", "to_ex"];

function quad(bytes: Uint8Array, at: number): string {
  return bytes.slice(at, at + 4).join(".");
}

/** A message in the words of tcpdump: "224.0.0.22 to_ex 239.1.1.1", "239.1.1.1 v2". */
function say(datagram: Uint8Array): string {
  const { destination, protocol, payload } = parseIpv4(datagram);
  expect(protocol).toBe(2);
  expect([...datagram.slice(0, 10)]).toEqual([0x46, 0xc0, 0, datagram.length, 0, 0, 0x40, 0, 1, 2]); // tos, id, DF, ttl
  expect([...datagram.slice(20, 24)]).toEqual([0x94, 4, 0, 0]); // Router Alert
  expect(checksum(payload)).toBe(0);
  const [type] = payload;
  if (type !== 0x22) {
    expect([payload.length, payload[1]]).toEqual([8, 0]);
    const name = { 18: "v1", 22: "v2", 23: "leave" }[type as number];
    return `${destination} ${name} ${quad(payload, 4)}`;
  }
  const said: string[] = [];
  let at = 8;
  for (let count = (payload[6]! << 8) | payload[7]!; count > 0; count--) {
    const sources = (payload[at + 2]! << 8) | payload[at + 3]!;
    const list = Array.from({ length: sources }, (_, index) => quad(payload, at + 8 + 4 * index));
    said.push(`${RECORDS[payload[at]!]} ${[quad(payload, at + 4), ...list].join(" ")}`);
    at += 8 + 4 * sources;
  }
  expect(at).toBe(payload.length);
  return `${destination} ${said.join(", ")}`;
}

interface Rig {
  host: IpHost;
  join: (...groups: string[]) => void;
  leave: (...groups: string[]) => void;
  /** Lets `seconds` pass; what was said meanwhile, and when. */
  wait: (seconds: number) => [at: number, text: string][];
  said: (seconds: number) => string[];
  hear: (message: Uint8Array, destination?: string) => void;
}

function rig(options: IpHostOptions = {}): Rig {
  const host = new IpHost(options);
  const { clock, link } = host;
  const wait = (seconds: number) => {
    const end = clock.now + seconds * 1e6;
    const said: [number, string][] = [];
    const take = () => {
      for (const datagram of link.take()) said.push([clock.now / 1e6, say(datagram)]);
    };
    clock.runInstant();
    take();
    for (; clock.nextDeadline() <= end; take()) {
      clock.jumpTo(clock.nextDeadline());
      clock.runInstant();
    }
    clock.jumpTo(end);
    return said;
  };
  return {
    host,
    wait,
    said: (seconds) => wait(seconds).map(([, text]) => text),
    join: (...groups) => {
      for (const group of groups) host.ip.join(1, ip(group));
    },
    leave: (...groups) => {
      for (const group of groups) host.ip.leave(1, ip(group));
    },
    hear: (message, destination = ALL) => {
      link.receive(ipv4({ source: "10.0.0.254", destination, protocol: 2, timeToLive: 1, payload: message }));
      clock.runInstant();
    },
  };
}

function message(text: string): Uint8Array {
  const bytes = hex(text);
  const sum = checksum(bytes);
  bytes.set([sum >> 8, sum & 255], 2);
  return bytes;
}

const address = (text: string) =>
  text
    .split(".")
    .map((part) => Number(part).toString(16).padStart(2, "0"))
    .join("");
const shortQuery = (group: string, tenths: number) =>
  message(`11 ${tenths.toString(16).padStart(2, "0")} 0000 ${address(group)}`);
const query3 = (group: string, { code = 100, qrv = 2, qqic = 125, sources = [] as string[] } = {}) => {
  const byte = (value: number) => value.toString(16).padStart(2, "0");
  const count = sources.length.toString(16).padStart(4, "0");
  return message(
    `11 ${byte(code)} 0000 ${address(group)} ${byte(qrv)} ${byte(qqic)} ${count} ${sources.map(address).join("")}`,
  );
};

describe("joining and leaving (RFC 3376 §5.1)", () => {
  test("is told at once, and once more within a second; as Linux's own reports, byte by byte", () => {
    const { host, join, leave, wait } = rig();
    join(G);
    const [first, second] = [...wait(0), ...wait(1)];
    expect(first).toEqual([0, `${V3_ROUTERS} to_ex ${G}`]);
    expect(second?.[1]).toBe(`${V3_ROUTERS} to_ex ${G}`);
    expect(second?.[0]).toBeGreaterThan(0);
    expect(wait(1000)).toEqual([]);
    leave(G);
    expect(wait(2).map(([, text]) => text)).toEqual([`${V3_ROUTERS} to_in ${G}`, `${V3_ROUTERS} to_in ${G}`]);
    // what Linux 6.18 says from this address, recorded on a veth pair
    join(G);
    host.clock.runInstant();
    expect(host.link.take()).toEqual([
      hex("46c0002800004000 0102f9f8 0a000001 e0000016 94040000 2200e9fb 00000001 04000000 ef010101"),
    ]);
    expect(host.ip.igmp.counters.reportsSent).toBe(5);
  });

  test("changes of one instant are told together, the last one counts", () => {
    const { join, leave, said } = rig();
    join(G, H);
    expect(said(0)).toEqual([`${V3_ROUTERS} to_ex ${G}, to_ex ${H}`]);
    leave(H);
    expect(said(0)).toEqual([`${V3_ROUTERS} to_ex ${G}, to_in ${H}`]); // G for the second time
    expect(said(5)).toEqual([`${V3_ROUTERS} to_in ${H}`]);
    join(H);
    leave(H);
    expect(said(5)).toEqual([`${V3_ROUTERS} to_in ${H}`, `${V3_ROUTERS} to_in ${H}`]);
  });

  test("only the first of several members counts, and the last", () => {
    const { join, leave, said } = rig();
    join(G, G);
    expect(said(5)).toHaveLength(2);
    leave(G);
    expect(said(5)).toEqual([]);
    leave(G);
    expect(said(5)).toHaveLength(2);
  });

  test("RFC3376-5: of 224.0.0.1 nobody ever speaks; nor on lo, on links that say so, or where the configuration does", () => {
    const { host, join, said } = rig();
    join(ALL);
    host.ip.join(0, ip(G));
    const quiet = new TestLink(host.clock);
    Object.assign(quiet.features, { groupReports: false });
    host.ip.addInterface({ name: "eth1", link: quiet, address: ip("10.0.1.1"), prefixLength: 24 });
    host.ip.join(2, ip(G));
    expect([said(5), quiet.take()]).toEqual([[], []]);
    const mute = rig({ ip: { igmpVersion: 0 } });
    mute.join(G);
    mute.hear(query3("0.0.0.0"));
    expect(mute.said(20)).toEqual([]);
  });

  test("groups for which a datagram has no room go in another", () => {
    const { host, wait } = rig({ link: { mtu: 68 } });
    for (let last = 1; last <= 9; last++) host.ip.join(1, ip(`239.0.0.${last}`));
    expect(wait(0).map(([, text]) => text.split(", ").length)).toEqual([4, 4, 1]);
  });

  test("an interface that has another address, or is up again, tells of everything anew; one that is down of nothing", () => {
    const { host, join, said } = rig();
    join(G);
    said(5);
    host.ip.setAddress(host.eth0, ip("10.0.0.9"), 24);
    expect(said(5)).toHaveLength(2);
    host.eth0.up = false;
    host.ip.join(1, ip(H));
    expect(said(5)).toEqual([]);
    host.eth0.up = true;
    expect(said(5)).toEqual(Array(2).fill(`${V3_ROUTERS} to_ex ${G}, to_ex ${H}`));
  });

  test("an interface that is taken away leaves nothing", () => {
    const { host, join } = rig();
    join(G, H);
    host.clock.runInstant();
    host.link.take();
    host.ip.removeInterface(host.eth0);
    expect(host.clock.timers.armedCount).toBe(0);
  });

  test("a host that is closed says nothing more", () => {
    const clock = new VirtualClock();
    const host = new Host({ clock, seed: 1 });
    const link = new TestLink(clock);
    host.attach(link, { address: "10.0.0.1/24" });
    const socket = host.datagram();
    expect(socket.memberships.join(ip(G), -1)).toBe(0);
    clock.runInstant();
    expect(link.take()).toHaveLength(1);
    expect(host.netstat().counters["igmp"]).toMatchObject({ reportsSent: 1 });
    host.close();
    clock.runInstant();
    expect(link.take()).toEqual([]);
    expect(clock.timers.armedCount).toBe(0);
  });

  test("waits until the link knows that our address is free (RFC 5227), and then tells as often as ever", () => {
    const clock = new VirtualClock();
    const hub = new FrameHub(clock);
    const host = new Host({ clock, seed: 1 });
    const link = new EthernetLink({ clock, random: new Random(1), port: hub.port(1) }, { probe: true });
    host.attach(link, { address: "10.0.0.1/24" });
    host.ipv4.join(1, ip(G));
    for (const address of ["10.0.0.1/24", "10.0.0.2/24"]) {
      host.setAddress("eth0", address); // the second is probed for, too
      const end = clock.now + 30e6;
      for (; clock.nextDeadline() <= end; clock.runInstant()) clock.jumpTo(clock.nextDeadline());
      const reports = hub.take().filter((frame) => frame[12] === 8 && frame[13] === 0);
      expect(reports.map((frame) => say(frame.slice(14, 14 + frame[17]!)))).toEqual(
        Array(2).fill(`${V3_ROUTERS} to_ex ${G}`),
      );
      expect(link.counters.noAddress).toBe(0);
    }
    host.close();
    clock.runInstant();
  });

  test("nobody stays for it", () => {
    const { host, join } = rig();
    join(G);
    host.clock.runInstant();
    host.link.take();
    expect(host.clock.timers.armedCount).toBe(1);
    expect(host.clock.timers.backgroundCount).toBe(1);
  });
});

describe("queries of v3 (RFC 3376 §5.2)", () => {
  /** In G and H, and all that told. */
  function member(options: IpHostOptions = {}) {
    const world = rig(options);
    world.join(G, H);
    world.wait(5);
    return world;
  }

  test("a general one is answered once, about all groups, at a random time within what it allows", () => {
    const times = [1, 2, 3].map((seed) => {
      const { host, hear, wait } = member({ seed });
      hear(query3("0.0.0.0", { code: 100 }));
      const [[at, text] = [0, ""], ...more] = wait(20);
      expect([text, more]).toEqual([`${V3_ROUTERS} is_ex ${G}, is_ex ${H}`, []]);
      expect(host.ip.igmp.counters.queriesV3).toBe(1);
      return at - 5;
    });
    for (const time of times) expect(time > 0 && time <= 10).toBe(true);
    expect(new Set(times).size).toBe(3);
  });

  test("times from 12.8 s on have an exponent (§4.1.1)", () => {
    const latest = Math.max(
      ...Array.from({ length: 40 }, (_, seed) => {
        const { hear, wait } = member({ seed });
        hear(query3("0.0.0.0", { code: 0x8f })); // (15 + 16) << 3 tenths: 24.8 s
        return wait(60)[0]![0] - 5;
      }),
    );
    expect(latest).toBeGreaterThan(20);
    expect(latest).toBeLessThanOrEqual(24.8);
  });

  test("one about a group is answered about that", () => {
    const { hear, said } = member();
    hear(query3(G, { code: 10 }), G);
    expect(said(1)).toEqual([`${V3_ROUTERS} is_ex ${G}`]);
    hear(query3("239.9.9.9", { code: 10 }), ALL);
    expect(said(20)).toEqual([]);
  });

  test("one about sources is answered about those; several together", () => {
    const { hear, said } = member();
    hear(query3(G, { code: 10, sources: ["1.1.1.1", "2.2.2.2"] }), G);
    hear(query3(G, { code: 10, sources: ["2.2.2.2", "3.3.3.3"] }), G);
    expect(said(20)).toEqual([`${V3_ROUTERS} is_in ${G} 1.1.1.1 2.2.2.2 3.3.3.3`]);
    hear(query3(G, { code: 10, sources: ["1.1.1.1"] }), G);
    hear(query3(G, { code: 10 }), G); // the group, whatever the sources
    expect(said(20)).toEqual([`${V3_ROUTERS} is_ex ${G}`]);
    hear(query3(G, { code: 10 }), G);
    hear(query3(G, { code: 10, sources: ["1.1.1.1"] }), G);
    expect(said(20)).toEqual([`${V3_ROUTERS} is_ex ${G}`]);
  });

  test("more sources than are remembered: the group", () => {
    const { hear, said } = member();
    const sources = Array.from({ length: 65 }, (_, index) => `1.1.1.${index}`);
    hear(query3(G, { code: 10, sources }), G);
    expect(said(20)).toEqual([`${V3_ROUTERS} is_ex ${G}`]);
  });

  test("what a general answer that comes sooner says need not be said twice", () => {
    const { hear, said } = member();
    hear(query3("0.0.0.0", { code: 1 }));
    hear(query3(G, { code: 100 }), G);
    expect(said(20)).toEqual([`${V3_ROUTERS} is_ex ${G}, is_ex ${H}`]);
  });

  test("who is in no group has nothing to say", () => {
    const { hear, said, leave } = member();
    leave(G, H);
    said(5);
    hear(query3("0.0.0.0"));
    expect(said(20)).toEqual([]);
  });

  test("the querier's robustness is ours (§4.1.6)", () => {
    const { hear, said, join, leave } = member();
    hear(query3("0.0.0.0", { qrv: 4 }));
    said(20);
    leave(G);
    expect(said(10)).toHaveLength(4);
    hear(query3("0.0.0.0", { qrv: 0 })); // beyond what it can say: the default
    said(20);
    join(G);
    expect(said(10)).toHaveLength(2);
  });

  test("a flood of them is answered no faster than a tenth of a second allows", () => {
    const { host, hear, wait } = member();
    let answers = 0;
    for (let count = 0; count < 1000; count++) {
      hear(query3("0.0.0.0", { code: 0 }));
      answers += wait(0.001).length;
    }
    expect(answers).toBeGreaterThan(5);
    expect(answers).toBeLessThan(200);
    expect(host.clock.timers.armedCount).toBeLessThan(4);
  });
});

describe("routers of v2 (RFC 2236; RFC 3376 §7.2.1)", () => {
  function member(options: IpHostOptions = {}) {
    const world = rig(options);
    world.join(G, H);
    world.wait(5);
    return world;
  }

  test("get an answer for each group, to that group, at times of their own", () => {
    const { host, hear, wait } = member();
    hear(shortQuery("0.0.0.0", 100));
    const said = wait(10);
    expect(said.map(([, text]) => text).sort()).toEqual([`${G} v2 ${G}`, `${H} v2 ${H}`]);
    expect(said[0]![0]).not.toBe(said[1]![0]);
    expect(host.ip.igmp.counters.queriesV2).toBe(1);
    hear(shortQuery(G, 10), G);
    expect(wait(1).map(([, text]) => text)).toEqual([`${G} v2 ${G}`]);
  });

  test("RFC2236-3: a report of another host does for ours", () => {
    const { host, hear, said, leave } = member();
    hear(shortQuery("0.0.0.0", 100));
    expect(said(20)).toHaveLength(2);
    hear(shortQuery("0.0.0.0", 100));
    hear(message(`16 00 0000 ${address(G)}`), G);
    expect(said(20)).toEqual([`${H} v2 ${H}`]);
    expect(host.ip.igmp.counters).toMatchObject({ reportsHeard: 1, reportsSuppressed: 1 });
    leave(G, H); // only of H were we the last who reported it
    expect(said(20)).toEqual([`${ROUTERS} leave ${H}`]);
    expect(host.ip.igmp.counters.leavesSent).toBe(1);
  });

  test("a report about another group than it was sent to is none", () => {
    const { hear, said } = member();
    hear(shortQuery("0.0.0.0", 100));
    hear(message(`16 00 0000 ${address(G)}`), ALL);
    hear(message(`16 00 0000 ${address(G)}`), H);
    expect(said(20)).toHaveLength(2);
  });

  test("hear of a group that is joined at once, and once more within ten seconds; byte by byte as from Linux", () => {
    const { host, hear, join, wait } = rig();
    hear(shortQuery("0.0.0.0", 100));
    join(G);
    const said = wait(15);
    expect(said.map(([, text]) => text)).toEqual([`${G} v2 ${G}`, `${G} v2 ${G}`]);
    expect(said[0]![0]).toBe(0);
    expect(said[1]![0]).toBeLessThanOrEqual(10);
    host.ip.leave(1, ip(G));
    wait(0);
    join(G);
    expect(host.link.take()).toEqual([
      hex("46c0002000004000 0102ea14 0a000001 ef010101 94040000 1600f9fc ef010101"),
    ]);
  });

  test("a second query moves an answer forward, never back", () => {
    const { hear, wait, leave } = member();
    leave(H);
    wait(5);
    hear(shortQuery("0.0.0.0", 255));
    hear(shortQuery("0.0.0.0", 5));
    hear(shortQuery("0.0.0.0", 255));
    const said = wait(30);
    expect(said).toHaveLength(1);
    expect(said[0]![0]).toBeLessThanOrEqual(10.5);
  });

  test("cancel what v3 had still to say; and are forgotten when they are silent for 2 × 125 s + 10 s (§8.12)", () => {
    const { hear, join, said, leave } = rig();
    join(G);
    said(0);
    hear(shortQuery("0.0.0.0", 100));
    expect(said(20)).toEqual([`${G} v2 ${G}`]); // an answer, but no second report of v3
    said(238);
    join(H);
    expect(said(0)).toEqual([`${H} v2 ${H}`]);
    said(3);
    leave(G);
    expect(said(0)).toEqual([`${V3_ROUTERS} to_in ${G}`]);
  });

  test("are forgotten after a quarter of an hour, however rare queries are said to be; after seconds where they are frequent, as on Linux", () => {
    const { hear, join, said } = rig();
    hear(query3("0.0.0.0", { qrv: 7, qqic: 255 })); // 7 × 31744 s
    hear(shortQuery("0.0.0.0", 100));
    join(G);
    expect(said(880)).toContain(`${G} v2 ${G}`);
    join(H);
    expect(said(0)).toEqual([`${H} v2 ${H}`]);
    said(6);
    hear(query3("0.0.0.0", { code: 1, qrv: 1, qqic: 1 }));
    expect(said(5)).toEqual([`${V3_ROUTERS} is_ex ${G}, is_ex ${H}`]);
    hear(shortQuery("0.0.0.0", 10));
    said(2.1);
    hear(query3("0.0.0.0", { code: 1, qrv: 1, qqic: 1 }));
    expect(said(5)).toEqual([`${V3_ROUTERS} is_ex ${G}, is_ex ${H}`]);
  });

  test("are answered in v2 though others ask in v3, and where nothing newer may be spoken", () => {
    const { hear, said } = member();
    hear(shortQuery("0.0.0.0", 10));
    said(5);
    hear(query3("0.0.0.0", { code: 10 }));
    expect(said(5).sort()).toEqual([`${G} v2 ${G}`, `${H} v2 ${H}`]);
    const old = rig({ ip: { igmpVersion: 2 } });
    old.join(G);
    expect(old.said(15)).toEqual([`${G} v2 ${G}`, `${G} v2 ${G}`]);
    old.hear(query3("0.0.0.0", { code: 10 }));
    expect(old.said(15)).toEqual([`${G} v2 ${G}`]);
    old.leave(G);
    expect(old.said(15)).toEqual([`${ROUTERS} leave ${G}`]);
  });
});

describe("routers of v1 (RFC 1112)", () => {
  test("get reports of v1 within ten seconds, and never hear of leaving", () => {
    const { host, hear, said, join, leave } = rig();
    join(G);
    said(5);
    hear(shortQuery("0.0.0.0", 0));
    expect(said(10)).toEqual([`${G} v1 ${G}`]);
    expect(host.ip.igmp.counters.queriesV1).toBe(1);
    join(H);
    expect(said(15)).toEqual([`${H} v1 ${H}`, `${H} v1 ${H}`]);
    leave(G);
    expect(said(15)).toEqual([]);
    hear(message(`12 00 0000 ${address(H)}`), H);
    hear(shortQuery("0.0.0.0", 100)); // v2, but v1 is there too
    expect(said(10)).toEqual([`${H} v1 ${H}`]);
  });
});

describe("what is no query", () => {
  const cases: [string, Uint8Array, string, string][] = [
    ["too short", message("11 64 0000 000000"), ALL, "tooShort"],
    ["with a wrong checksum", hex("11640000 00000000"), ALL, "badChecksum"],
    ["longer than v2's and shorter than v3's", message("1164 0000 00000000 0000"), ALL, "badQuery"],
    ["with fewer sources than it says", message(`1164 0000 ${address(G)} 0200 0002 01010101`), G, "badQuery"],
    ["about sources of no group", query3("0.0.0.0", { sources: ["1.1.1.1"] }), ALL, "badQuery"],
    ["about what is no group", query3("10.0.0.1"), ALL, "badQuery"],
    ["a general one to a group (RFC3376-9.1)", query3("0.0.0.0"), G, "badQuery"],
    ["a leave", message(`1700 0000 ${address(G)}`), ALL, "ignored"],
    ["a report of v3", message(`2200 0000 00000001 04000000 ${address(G)}`), ALL, "ignored"],
    ["of another type", message("9900 0000 00000000"), ALL, "ignored"],
  ];

  test.each(cases)("%s", (_what, bytes, destination, counter) => {
    const { host, join, said, hear } = rig();
    join(G);
    said(5);
    hear(bytes, destination);
    expect(said(30)).toEqual([]);
    expect(host.ip.igmp.counters).toMatchObject({ received: 1, [counter]: 1 });
    hear(concat(query3("0.0.0.0"), hex("0000")), ALL); // more than it must have: as good
    expect(said(30)).toHaveLength(1);
  });

  test("one from 0.0.0.0 is answered, as of a switch without an address (RFC 4541 §2.1.1); nothing else to a group comes from there", () => {
    const { host, join, said } = rig();
    join(G);
    said(5);
    const from = { source: "0.0.0.0", destination: ALL, timeToLive: 1 };
    host.link.receive(ipv4({ ...from, protocol: 2, payload: query3("0.0.0.0") }));
    expect(said(30)).toHaveLength(1);
    host.link.receive(ipv4({ ...from, protocol: 17, payload: new Uint8Array(8) }));
    host.link.receive(ipv4({ ...from, destination: "10.0.0.1", protocol: 2, payload: query3("0.0.0.0") }));
    expect(said(30)).toEqual([]);
    expect(host.ip.counters.martianSource).toBe(2);
  });

  // Linux 6.18 answers all of these (tried on a veth pair), and follows what they say of the version: this is for safety's sake
  test.each([
    ["with a time to live beyond the link", { timeToLive: 2 }],
    ["from another network", { source: "203.0.113.9" }],
    ["from another network, for us alone", { source: "203.0.113.9", destination: "10.0.0.1" }],
  ])("one %s is heeded by nobody", (_what, strange) => {
    const { host, join, leave, said } = rig();
    join(G);
    said(5);
    const header = { source: "10.0.0.254", destination: ALL, protocol: 2, timeToLive: 1 };
    for (const payload of [query3("0.0.0.0"), shortQuery("0.0.0.0", 10), shortQuery("0.0.0.0", 0)]) {
      host.link.receive(ipv4({ ...header, ...strange, payload }));
    }
    expect(said(30)).toEqual([]);
    expect(host.ip.igmp.counters).toMatchObject({ badQuery: 3, queriesV1: 0, queriesV2: 0, queriesV3: 0 });
    leave(G);
    expect(said(0)).toEqual([`${V3_ROUTERS} to_in ${G}`]);
  });

  test("an address without a network has its neighbour anywhere", () => {
    const { join, said, hear } = rig({ prefixLength: 32 });
    join(G);
    said(5);
    hear(query3("0.0.0.0"));
    expect(said(30)).toHaveLength(1);
  });

  test("one for us alone is answered (§4.1.12)", () => {
    const { join, said, hear } = rig();
    join(G);
    said(5);
    hear(query3("0.0.0.0"), "10.0.0.1");
    expect(said(30)).toHaveLength(1);
  });

  test("random messages never throw, and no timer is left when time has passed", () => {
    const { host, join, hear, wait } = rig();
    join(G);
    fc.assert(
      fc.property(
        fc.constantFrom(0x11, 0x12, 0x16, 0x17, 0x22),
        fc.uint8Array({ maxLength: 60 }),
        fc.boolean(),
        (type, tail, toGroup) => {
          const bytes = concat(Uint8Array.of(type, tail[0] ?? 0, 0, 0), tail);
          const sum = checksum(bytes);
          bytes.set([sum >> 8, sum & 255], 2);
          hear(bytes, toGroup ? G : ALL);
          wait(0.1);
        },
      ),
      { numRuns: 1000 },
    );
    wait(10_000);
    expect(host.clock.timers.armedCount).toBe(0);
  });
});
