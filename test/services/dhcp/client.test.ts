/** A DHCP client and a server on one Ethernet, on the virtual clock: RFC 2131. */
import { describe, expect, test } from "vitest";
import { ECONNABORTED, EINTR, ENODEV, EPERM, ETIMEDOUT } from "../../../src/base/errno.ts";
import { DhcpClient, Host, type Lease, type SocketError, VirtualClock } from "../../../src/index.ts";
import { packetPool } from "../../../src/packet/pool.ts";
import { TestLink } from "../../support/test-link.ts";
import { ip } from "../../support/wire.ts";
import { Rig, SERVER } from "./rig.ts";
import {
  ACK,
  DECLINE,
  DISCOVER,
  NAK,
  OFFER,
  quad,
  RELEASE,
  REQUEST,
  seconds,
  TestServer,
  writeReply,
} from "./server.ts";

function types({ server }: Rig): number[] {
  return server.take().map(({ type }) => type);
}

/** Begins, and notes what becomes of it. */
function configure(rig: Rig, options = {}): { lease?: Lease; error?: SocketError } {
  const outcome: { lease?: Lease; error?: SocketError } = {};
  rig.client.configure(options).then(
    (lease) => {
      outcome.lease = lease;
    },
    (error) => {
      outcome.error = error;
    },
  );
  return outcome;
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}

describe("getting an address", () => {
  test("RFC2131-3.1: DISCOVER, OFFER, REQUEST, ACK; then the address and the routes are there", async () => {
    const rig = new Rig();
    rig.server.more = [
      [3, [...quad("10.0.0.1"), ...quad("10.0.0.2")]],
      [6, [...quad("10.0.0.1"), ...quad("9.9.9.9")]],
      [15, [..."example.org"].map((char) => char.charCodeAt(0))],
      [26, [5, 220]],
      [42, quad("10.0.0.3")],
    ];
    const outcome = configure(rig);
    expect(rig.client.state).toBe("SELECTING");
    expect(rig.host.leaks()).toContain("pending configure of eth0 (SELECTING)");
    rig.wait(0);
    await settle();
    const [discover, request] = rig.server.take();
    expect(discover).toMatchObject({
      type: DISCOVER,
      from: "0.0.0.0",
      ciaddr: "0.0.0.0",
      hlen: 6,
      chaddr: "020000000002",
      broadcast: false,
      secs: 0,
    });
    expect(discover?.bytes.length).toBeGreaterThanOrEqual(300);
    expect(discover?.options.get(61)).toEqual([1, 2, 0, 0, 0, 0, 2]);
    expect(discover?.options.get(12)).toEqual([..."h2"].map((char) => char.charCodeAt(0)));
    expect(discover?.options.get(57)).toEqual([5, 220]);
    expect(discover?.options.get(55)?.slice(0, 4)).toEqual([1, 121, 3, 6]); // RFC 3442: 121 before 3
    expect([...(discover?.options.keys() ?? [])]).not.toContain(50);
    expect(request).toMatchObject({ type: REQUEST, from: "0.0.0.0", ciaddr: "0.0.0.0", xid: discover?.xid });
    expect(request?.options.get(50)).toEqual(quad("10.0.0.50")); // table 4
    expect(request?.options.get(54)).toEqual(quad(SERVER));
    expect(outcome.lease).toEqual({
      address: "10.0.0.50",
      prefixLength: 24,
      serverId: SERVER,
      leaseSeconds: 3600,
      renewalSeconds: undefined,
      rebindingSeconds: undefined,
      routers: ["10.0.0.1", "10.0.0.2"],
      routes: [],
      nameServers: ["10.0.0.1", "9.9.9.9"],
      domain: "example.org",
      search: ["example.org"],
      hostName: undefined,
      ntpServers: ["10.0.0.3"],
      mtu: 1500,
    });
    expect(rig.client.state).toBe("BOUND");
    expect(rig.client.lease).toEqual(outcome.lease);
    expect(rig.address).toBe("10.0.0.50/24");
    expect(rig.routes).toEqual([
      "10.0.0.0/24 via 0.0.0.0",
      "0.0.0.0/0 via 10.0.0.1",
      "0.0.0.0/0 via 10.0.0.2",
    ]);
    expect(await rig.client.configure()).toBe(outcome.lease); // there it is
    expect(rig.host.netstat().sockets.map(({ protocol }) => protocol)).toEqual(["udp"]); // nobody looks on any more
  });

  test("RFC2131-4.1: retransmission after 4, 8, 16, 32, 64, 64 s, each ± 1 s, and no two hosts alike", () => {
    const gaps = [1, 2].map((seed) => {
      const rig = new Rig({}, {}, seed);
      rig.server.silent = true;
      configure(rig, { timeout: 300_000 });
      rig.wait(250);
      const heard = rig.server.take();
      expect(new Set(heard.map(({ type }) => type))).toEqual(new Set([DISCOVER]));
      expect(new Set(heard.map(({ xid }) => xid)).size).toBe(1);
      expect(heard.map(({ secs, at }) => secs - Math.floor(at))).toEqual(heard.map(() => 0));
      expect(rig.client.counters.retransmitted).toBe(heard.length - 1);
      return heard.slice(1).map(({ at }, index) => at - heard[index]!.at);
    });
    for (const each of gaps) {
      expect(each.length).toBeGreaterThanOrEqual(6);
      each.forEach((gap, index) => {
        expect(Math.abs(gap - Math.min(4 * 2 ** index, 64))).toBeLessThanOrEqual(1);
      });
    }
    expect(gaps[0]).not.toEqual(gaps[1]);
  });

  test("a wire that loses every third frame delays it, no more", async () => {
    const rig = new Rig();
    let count = 0;
    rig.hub.lose = () => count++ % 3 === 0;
    const outcome = configure(rig);
    rig.wait(200);
    await settle();
    expect(outcome.lease?.address).toBe("10.0.0.50");
  });

  test("a request that nobody answers is given up after four, and servers are looked for anew", () => {
    const rig = new Rig();
    rig.server.change = (reply) => (reply.type === OFFER ? reply : undefined);
    configure(rig);
    rig.wait(62); // 4 + 8 + 16 + 32, ± 4
    rig.wait(3);
    expect(types(rig).slice(0, 7)).toEqual([DISCOVER, REQUEST, REQUEST, REQUEST, REQUEST, DISCOVER, REQUEST]);
  });

  test("a server may send to the address it gives, and to our hardware alone", async () => {
    const rig = new Rig();
    rig.server.silent = true;
    const outcome = configure(rig);
    rig.wait(0);
    for (const type of [OFFER, ACK]) {
      const [heard] = rig.server.take().slice(-1);
      const message = writeReply(
        {
          type,
          yiaddr: "10.0.0.50",
          options: [
            [54, quad(SERVER)],
            [51, seconds(60)],
          ],
        },
        heard!,
      );
      const udp = Uint8Array.from([
        0,
        67,
        0,
        68,
        (8 + message.length) >> 8,
        (8 + message.length) & 255,
        0,
        0,
        ...message,
      ]);
      const header = Uint8Array.from([
        0x45,
        0,
        (20 + udp.length) >> 8,
        (20 + udp.length) & 255,
        0,
        0,
        0,
        0,
        64,
        17,
        0,
        0,
        ...quad(SERVER),
        ...quad("10.0.0.50"),
      ]);
      let sum = 0;
      for (let at = 0; at < 20; at += 2) sum += (header[at]! << 8) | header[at + 1]!;
      sum = (sum & 0xffff) + (sum >>> 16);
      header.set([(~sum >> 8) & 255, ~sum & 255], 10);
      rig.hub.carry(Uint8Array.from([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, ...header, ...udp]));
      rig.wait(0);
    }
    await settle();
    expect(outcome.lease).toMatchObject({ address: "10.0.0.50", prefixLength: 8 }); // no mask: that of its class
  });

  test("RFC2131-4.4.2: an address from before is asked for at once; one that no longer fits is refused", async () => {
    const again = new Rig({ previousAddress: "10.0.0.50" });
    const outcome = configure(again);
    expect(again.client.state).toBe("REBOOTING");
    again.wait(0);
    await settle();
    const [request] = again.server.take();
    expect(request).toMatchObject({ type: REQUEST, ciaddr: "0.0.0.0" });
    expect(request?.options.get(50)).toEqual(quad("10.0.0.50"));
    expect(request?.options.has(54)).toBe(false); // table 4: MUST NOT
    expect(outcome.lease?.address).toBe("10.0.0.50");

    const elsewhere = new Rig({ previousAddress: "10.7.7.7" });
    configure(elsewhere);
    elsewhere.wait(0);
    expect(types(elsewhere)).toEqual([REQUEST, DISCOVER, REQUEST]);
    expect(elsewhere.client.counters.naks).toBe(1);
    expect(elsewhere.address).toBe("10.0.0.50/24");

    const silent = new Rig({ previousAddress: "10.0.0.50" });
    silent.server.silent = true;
    configure(silent);
    silent.wait(14.1); // 4 + 8, ± 2
    expect(types(silent)).toEqual([REQUEST, REQUEST, DISCOVER]);
    void silent.client.close();
  });

  test("RFC2131-4.4.1: waits a random time first, when told to", () => {
    const rig = new Rig({ startDelayMillis: 10_000 });
    configure(rig);
    expect(types(rig)).toEqual([]);
    rig.wait(10);
    const [discover] = rig.server.take();
    expect(discover?.at).toBeGreaterThan(0);
  });

  test("who has no hardware address says so, asks for broadcasts and names itself (RFC 4390)", () => {
    const clock = new VirtualClock();
    const hosts = [1, 2].map((seed) => new Host({ clock, seed }));
    const links = hosts.map(() => new TestLink(clock)); // which carry bare datagrams
    const [serverHost, host] = hosts as [Host, Host];
    serverHost.attach(links[0]!, { address: `${SERVER}/24` });
    host.attach(links[1]!, {});
    const server = new TestServer(serverHost, SERVER);
    const client = new DhcpClient(host, "eth0");
    void client.configure();
    for (let turn = 0; turn < 10; turn++) {
      clock.runInstant();
      for (const datagram of links[0]!.take()) links[1]!.receive(datagram);
      for (const datagram of links[1]!.take()) links[0]!.receive(datagram);
    }
    const [discover] = server.take();
    expect(discover).toMatchObject({ hlen: 0, broadcast: true });
    expect(discover?.options.get(61)).toHaveLength(9);
    expect(discover?.options.get(61)?.[0]).toBe(0);
    expect(client.state).toBe("BOUND");
    for (const each of hosts) each.close();
    clock.runInstant();
    expect([clock.timers.armedCount, packetPool.outstanding]).toEqual([0, 0]);
  });
});

describe("conflicts", () => {
  test("RFC2131-3.1: an address that another station has is declined, and another asked for ten seconds later", async () => {
    const rig = new Rig({}, { probe: true });
    rig.addHost(3, "10.0.0.50/24");
    const outcome = configure(rig);
    rig.wait(8);
    expect(types(rig)).toEqual([DISCOVER, REQUEST, DECLINE]);
    expect(rig.client.counters.declined).toBe(1);
    expect(rig.address).toBe("0.0.0.0/0");
    expect(outcome.lease).toBe(undefined);
    rig.server.address = "10.0.0.51";
    rig.wait(1);
    expect(types(rig)).toEqual([]);
    rig.wait(20);
    await settle();
    expect(types(rig)).toEqual([DISCOVER, REQUEST]);
    expect(outcome.lease?.address).toBe("10.0.0.51");
  });

  test("with a link that probes, the lease is told when the address is known to be free", async () => {
    const rig = new Rig({}, { probe: true });
    const outcome = configure(rig);
    rig.wait(3);
    await settle();
    expect([outcome.lease, rig.client.state, rig.address]).toEqual([undefined, "REQUESTING", "10.0.0.50/24"]);
    rig.wait(5);
    await settle();
    expect(outcome.lease?.address).toBe("10.0.0.50");
    expect(types(rig)).toEqual([DISCOVER, REQUEST]);
  });

  test("the DECLINE names address and server, and nothing else", () => {
    const rig = new Rig({}, { probe: true });
    rig.addHost(3, "10.0.0.50/24");
    configure(rig);
    rig.wait(8);
    const decline = rig.server.take().at(-1);
    expect(decline).toMatchObject({ type: DECLINE, ciaddr: "0.0.0.0", from: "0.0.0.0" });
    expect([...(decline?.options.keys() ?? [])].sort((a, b) => a - b)).toEqual([50, 53, 54, 61]); // table 5
    void rig.client.close();
  });
});

describe("keeping it", () => {
  test("RFC2131-4.4.5: renewed at half time, of the server alone, from the address", async () => {
    const rig = new Rig();
    configure(rig);
    rig.wait(0);
    rig.server.take();
    const leases: (Lease | undefined)[] = [];
    rig.client.onLease = (lease) => leases.push(lease);
    rig.wait(1600);
    expect(types(rig)).toEqual([]);
    rig.wait(400);
    const [request] = rig.server.take();
    expect(request).toMatchObject({ type: REQUEST, from: "10.0.0.50", ciaddr: "10.0.0.50", secs: 0 });
    expect([request?.options.has(50), request?.options.has(54)]).toEqual([false, false]);
    expect(Math.abs((request?.at ?? 0) - 1800)).toBeLessThanOrEqual(90);
    expect(leases).toEqual([rig.client.lease]);
    expect(rig.client.state).toBe("BOUND");
    rig.wait(2000);
    expect(types(rig)).toEqual([REQUEST]); // and again, counted from the last
  });

  test("the server's own times count where they make sense", () => {
    const rig = new Rig();
    rig.server.more = [
      [58, seconds(100)],
      [59, seconds(300)],
    ];
    configure(rig);
    rig.wait(0);
    rig.server.take();
    rig.server.silent = true;
    rig.wait(3000);
    const heard = rig.server.take();
    // RENEWING to the server at 100 s and after half of the 200 s to T2, at least a minute; REBINDING to all from 300 s on
    expect(heard.slice(0, 4).map(({ at }) => at)).toEqual([100, 200, 260, 300]);
    expect(new Set(heard.map(({ xid }) => xid)).size).toBe(heard.length);
    expect(rig.client.state).toBe("REBINDING");
  });

  test("who rebinds asks everybody; any server may answer", async () => {
    const rig = new Rig();
    rig.server.more = [
      [58, seconds(100)],
      [59, seconds(200)],
    ];
    configure(rig);
    rig.wait(1);
    rig.server.silent = true;
    rig.wait(198);
    rig.hub.take();
    expect(rig.client.state).toBe("RENEWING");
    rig.server.silent = false;
    const frames = rig.wait(60);
    const sent = frames.filter(({ from, type }) => from === "020000000002" && type === 0x0800);
    expect(sent.map(({ to }) => to)).toEqual(["ffffffffffff"]);
    expect(rig.client.state).toBe("BOUND");
  });

  test("a lease that is not renewed ends with the address, its routes and its connections, and another is looked for", async () => {
    const rig = new Rig();
    rig.server.more = [[3, quad(SERVER)]];
    const leases: (string | undefined)[] = [];
    rig.client.onLease = (lease) => leases.push(lease?.address);
    configure(rig);
    rig.wait(0);
    rig.server.silent = true;
    rig.wait(3599);
    expect([rig.client.state, rig.address]).toEqual(["REBINDING", "10.0.0.50/24"]);
    rig.server.take();
    rig.wait(2);
    expect([rig.client.state, rig.address, rig.routes]).toEqual(["SELECTING", "0.0.0.0/0", []]);
    expect(rig.client.counters.expired).toBe(1);
    const [discover] = rig.server.take();
    expect(discover).toMatchObject({ type: DISCOVER, from: "0.0.0.0" });
    expect(discover?.options.get(50)).toEqual(quad("10.0.0.50")); // the same again, if it may be
    rig.server.silent = false;
    rig.wait(10);
    expect(leases).toEqual(["10.0.0.50", undefined, "10.0.0.50"]);
    expect(rig.routes).toContain("0.0.0.0/0 via 10.0.0.1");
  });

  test("simulated days: renewed all the time, on a wire that loses half of everything", () => {
    const rig = new Rig();
    let turn = 0;
    rig.hub.lose = () => {
      turn = (turn * 1103515245 + 12345) & 0x7fffffff;
      return turn % 65536 < 32768;
    };
    configure(rig);
    rig.wait(600);
    let bound = 0;
    for (let hour = 0; hour < 72; hour++) {
      rig.wait(3600);
      if (rig.client.lease !== undefined) bound++;
    }
    expect(bound).toBeGreaterThan(65);
    expect(rig.client.counters.received).toBeGreaterThan(72);
    rig.hub.lose = () => false;
  });

  test("a NAK ends it at once, and servers are looked for (RFC2131-4.4.5)", () => {
    const rig = new Rig();
    configure(rig);
    rig.wait(0);
    rig.server.take();
    rig.server.address = "10.0.0.60";
    rig.wait(2000);
    expect(types(rig)).toEqual([REQUEST, DISCOVER, REQUEST]);
    expect(rig.address).toBe("10.0.0.60/24");
    expect(rig.client.counters.naks).toBe(1);
  });

  test("a server that offers and then refuses is asked again, but not at once", () => {
    const rig = new Rig();
    rig.server.refuses = true;
    configure(rig);
    rig.wait(10);
    expect(types(rig)).toEqual([DISCOVER, REQUEST, DISCOVER, REQUEST, DISCOVER, REQUEST, DISCOVER, REQUEST]);
    void rig.client.close();
  });

  test("a renewal may bring other routes, and takes away only its own", () => {
    const rig = new Rig();
    rig.server.more = [[3, quad("10.0.0.1")]];
    configure(rig);
    rig.wait(0);
    rig.host.route.add({ to: "10.9.0.0/16", via: "10.0.0.9" });
    rig.server.more = [[3, quad("10.0.0.2")]];
    rig.wait(2000);
    expect(rig.routes).toEqual([
      "10.0.0.0/24 via 0.0.0.0",
      "10.9.0.0/16 via 10.0.0.9",
      "0.0.0.0/0 via 10.0.0.2",
    ]);
  });

  test("a lease for ever needs nobody any more", () => {
    const rig = new Rig();
    rig.server.leaseSeconds = 0xffff_ffff;
    configure(rig);
    rig.wait(1);
    rig.server.take();
    expect(rig.client.lease?.leaseSeconds).toBe(Number.POSITIVE_INFINITY);
    expect(rig.clock.timers.armedCount - rig.clock.timers.backgroundCount).toBe(0);
    rig.wait(1e7);
    expect(types(rig)).toEqual([]);
  });

  test("no process stays for a renewal alone", () => {
    const rig = new Rig();
    configure(rig);
    expect(rig.clock.timers.armedCount).toBeGreaterThan(rig.clock.timers.backgroundCount);
    rig.wait(1);
    expect(rig.clock.timers.armedCount).toBe(rig.clock.timers.backgroundCount);
  });
});

describe("RFC 3442: classless routes", () => {
  test("take the place of the routers; gateway 0.0.0.0 is the link", () => {
    const rig = new Rig();
    rig.server.more = [
      [3, quad("10.0.0.1")],
      [121, [0, ...quad("10.0.0.7"), 24, 192, 168, 5, ...quad("10.0.0.8"), 32, 172, 16, 0, 1, 0, 0, 0, 0]],
    ];
    configure(rig);
    rig.wait(0);
    expect(rig.routes).toEqual([
      "172.16.0.1/32 via 0.0.0.0",
      "10.0.0.0/24 via 0.0.0.0",
      "192.168.5.0/24 via 10.0.0.8",
      "0.0.0.0/0 via 10.0.0.7",
    ]);
  });
});

describe("the end", () => {
  test("RFC2131-4.4.6: close gives the address back, and takes it off", () => {
    const rig = new Rig();
    rig.server.more = [[3, quad(SERVER)]];
    configure(rig);
    rig.wait(100);
    rig.server.take();
    void rig.client.close();
    rig.wait(1);
    const [release] = rig.server.take();
    expect(release).toMatchObject({ type: RELEASE, ciaddr: "10.0.0.50", from: "10.0.0.50" });
    expect([...(release?.options.keys() ?? [])].sort((a, b) => a - b)).toEqual([53, 54, 61]);
    expect([rig.address, rig.routes]).toEqual(["0.0.0.0/0", []]);
    void rig.client.close();
  });

  test("or leaves everything as it is", async () => {
    const rig = new Rig();
    configure(rig);
    rig.wait(0);
    rig.server.take();
    void rig.client.close(false);
    expect(rig.wait(10_000)).toEqual([]);
    expect(rig.address).toBe("10.0.0.50/24");
    await expect(rig.client.configure()).rejects.toMatchObject({ errno: -ECONNABORTED });
  });

  test("configure ends by time, by its signal, by close and with its host; each leaves nothing", async () => {
    const rig = new Rig();
    rig.server.silent = true;
    const aborted = new AbortController();
    const outcomes = [
      configure(rig, { timeout: 1000 }),
      configure(rig, { signal: aborted.signal }),
      configure(rig),
    ];
    rig.wait(2);
    aborted.abort();
    expect(rig.client.state).toBe("SELECTING");
    void rig.client.close();
    await settle();
    expect(outcomes.map(({ error }) => error?.errno)).toEqual([-ETIMEDOUT, -EINTR, -ECONNABORTED]);
    expect(outcomes[0]?.error?.message).toContain("configure ETIMEDOUT");

    const other = new Rig();
    other.server.silent = true;
    const outcome = configure(other);
    other.wait(1);
    other.host.close();
    await settle();
    expect(outcome.error?.errno).toBe(-ECONNABORTED);
    expect(other.clock.timers.armedCount).toBe(0);
  });

  test("a host that is closed ends a bound client too", () => {
    const rig = new Rig();
    configure(rig);
    rig.wait(10);
    rig.host.close();
    rig.wait(1);
    expect(rig.clock.timers.armedCount - rig.clock.timers.backgroundCount).toBe(0);
    rig.server.take();
    rig.wait(10_000);
    expect(types(rig)).toEqual([]);
  });

  test("an interface that is taken away: ENODEV", async () => {
    const rig = new Rig();
    rig.server.silent = true;
    const outcome = configure(rig);
    rig.wait(1);
    rig.host.detach("eth0");
    rig.wait(10);
    await settle();
    expect(outcome.error?.errno).toBe(-ENODEV);
  });

  test("an interface that is taken away as soon as its lease is lost", () => {
    const rig = new Rig({}, { probe: false });
    rig.client.onLease = (lease) => {
      if (lease === undefined) rig.host.detach("eth0");
    };
    configure(rig);
    rig.wait(10);
    rig.server.change = (reply) => ({ ...reply, yiaddr: "10.0.0.51" }); // another one at renewal: the first is given up
    rig.wait(3600);
    expect(rig.host.ipv4.interfaces.length).toBe(1);
    expect(rig.client.state).toBe("INIT");
  });

  test("without the right to packet sockets: EPERM", async () => {
    const rig = new Rig();
    rig.host.capabilities.delete("CAP_NET_RAW");
    await expect(rig.client.configure()).rejects.toMatchObject({ errno: -EPERM });
  });

  test("refuses what makes no sense", () => {
    const host = new Host();
    const make = (name: unknown, options?: unknown) =>
      expect(() => Reflect.construct(DhcpClient, [host, name, options]));
    make("eth0").toThrow(new RangeError('DhcpClient: there is no interface "eth0" to configure'));
    make("lo").toThrow(RangeError);
    const rig = new Rig();
    const fine = (options: unknown) =>
      expect(() => Reflect.construct(DhcpClient, [rig.host, "eth0", options]));
    fine({ clientId: Uint8Array.of(1) }).toThrow(TypeError);
    fine({ hostName: 5 }).toThrow(TypeError);
    fine({ previousAddress: "here" }).toThrow(RangeError);
    fine({ startDelayMillis: -1 }).toThrow(RangeError);
    fine({ hostname: "x" }).toThrow(/hostname/);
    fine(null).toThrow(TypeError);
    host.close();
  });
});

describe("what is not for it", () => {
  test("is dropped and counted", async () => {
    const rig = new Rig();
    const outcome = configure(rig);
    const wrong: Parameters<typeof writeReply>[0][] = [];
    rig.server.change = (reply) => {
      wrong.push(
        { ...reply, xid: 1 },
        { ...reply, chaddr: [2, 0, 0, 0, 0, 9] },
        { ...reply, op: 1 },
        { ...reply, options: [...reply.options, [61, [1, 2, 3]]] }, // RFC 6842: somebody else's
        { ...reply, type: NAK },
        { ...reply, type: ACK },
        { ...reply, type: 9 },
        { ...reply, options: reply.options.filter(([code]) => code !== 54) },
        { ...reply, options: reply.options.filter(([code]) => code !== 51) },
        { ...reply, yiaddr: "10.0.0.0" },
        { ...reply, yiaddr: "127.0.0.1" },
        { ...reply, yiaddr: "224.0.0.1" },
        { ...reply, options: [...reply.options, [1, [255, 0, 255, 0]]] },
      );
      return undefined;
    };
    rig.wait(0);
    const [discover] = rig.server.take();
    for (const reply of wrong) rig.server.say(reply, discover!);
    rig.wait(1);
    await settle();
    expect(rig.client.state).toBe("SELECTING");
    expect(outcome.lease).toBe(undefined);
    expect(rig.client.counters).toMatchObject({ notForUs: 4, unexpected: 3, badLease: 6, received: 0 });
    expect(rig.host.ipv4.isLocal(ip("10.0.0.50"))).toBe(false);
  });

  test("a NAK or an ACK of another server does not count while one was chosen", () => {
    const rig = new Rig();
    rig.server.change = (reply) => (reply.type === OFFER ? reply : undefined);
    configure(rig);
    rig.wait(0);
    const request = rig.server.take().at(-1);
    for (const type of [NAK, ACK]) {
      const options: [number, number[]][] = [
        [54, quad("10.0.0.9")],
        [51, seconds(99)],
      ];
      rig.server.say({ type, yiaddr: "10.0.0.66", options }, request!);
    }
    rig.wait(1);
    expect(rig.client.state).toBe("REQUESTING");
    expect(rig.client.counters.unexpected).toBe(2);
  });
});
