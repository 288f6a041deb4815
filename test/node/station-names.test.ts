/** A station's lease says whom to ask for names, and its renewal may say others. */
import { afterEach, expect, test } from "vitest";
import { EthernetLink, Host, Random, VirtualClock } from "../../src/index.ts";
import { join, type Membership } from "../../src/node/station/join.ts";
import { askForNames } from "../../src/node/station/names.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { quad, TestServer } from "../services/dhcp/server.ts";
import { a, DnsServer, type Heard, reply } from "../services/dns/server.ts";
import { FrameHub } from "../support/frame-hub.ts";

const FIRST = "10.0.0.1";
const SECOND = "10.0.0.2";
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A station by DHCP at 10.0.0.50, and two hosts that answer for names: the first has the leases. */
async function world(dns: readonly string[] = []) {
  const clock = new VirtualClock();
  const hub = new FrameHub(clock);
  const ethernet = (number: number) =>
    new EthernetLink({ clock, random: new Random(number), port: hub.port(number) });
  const [first, second, host] = [1, 2, 3].map((seed) => new Host({ clock, seed })) as [Host, Host, Host];
  first.attach(ethernet(1), { address: `${FIRST}/24` });
  second.attach(ethernet(2), { address: `${SECOND}/24` });
  const dhcp = new TestServer(first, FIRST);
  const servers = [new DnsServer(first, FIRST), new DnsServer(second, SECOND)];
  for (const each of servers)
    each.script = (heard: Heard) => reply(heard, { answers: [a(heard.name, heard.server)] });
  /** Lets `seconds` pass. */
  const wait = async (seconds: number): Promise<void> => {
    const end = clock.now + seconds * 1e6;
    for (let idle = 0; idle < 20; ) {
      clock.runInstant();
      await Promise.resolve();
      if (clock.nextDeadline() <= end) clock.jumpTo(clock.nextDeadline());
      else idle++;
    }
    clock.jumpTo(end);
  };
  const offer = (server: string, domain: string) => {
    dhcp.more = [
      [6, quad(server)],
      [15, [...new TextEncoder().encode(domain)]],
    ];
  };
  offer(FIRST, "one.example");
  const link = ethernet(3);
  const uplink = { link, label: "it", address: undefined, gateway: undefined, dns, attached: () => {} };
  const ended = new Promise<Error>(() => {});
  let membership: Membership | undefined;
  void join(host, { ...uplink, ended }, new AbortController().signal).then((joined) => {
    membership = joined;
    joined.onNames = askForNames(host, joined.names);
  });
  await wait(10);
  expect(membership?.address).toBe("10.0.0.50");
  closing.push(async () => {
    dhcp.socket.close();
    const closed = Promise.all(servers.map((each) => each.close()));
    await wait(1);
    await closed;
    for (const each of [first, second, host]) each.close();
    await wait(1);
    expect(clock.timers.armedCount).toBe(0);
    expect(packetPool.outstanding).toBe(0);
  });
  const ask = async (name: string): Promise<string[] | string> => {
    let answer: string[] | string = "nothing";
    host.gethostbyname_ex(name).then(
      ([canonical, , addresses]) => (answer = [canonical, ...addresses]),
      (error: Error & { code: string }) => (answer = error.code),
    );
    await wait(30);
    return answer;
  };
  return { dhcp, offer, wait, ask, servers };
}

test("a renewed lease with other servers and domains has those asked from then on", async () => {
  const { offer, wait, ask } = await world();
  expect(await ask("www")).toEqual(["www.one.example", FIRST]);
  offer(SECOND, "two.example");
  expect(await ask("www")).toEqual(["www.one.example", FIRST]);
  await wait(2000);
  expect(await ask("www")).toEqual(["www.two.example", SECOND]);
});

test("one with the same servers forgets nothing of what they have said", async () => {
  const { wait, ask, servers, dhcp } = await world();
  servers[0]!.script = (heard) => reply(heard, { answers: [a(heard.name, "10.0.0.9", { ttl: 86_400 })] });
  await ask("www");
  servers[0]!.take();
  dhcp.take();
  await wait(4000);
  expect(dhcp.take().length).toBeGreaterThan(0);
  expect(await ask("www")).toEqual(["www.one.example", "10.0.0.9"]);
  expect(servers[0]!.take()).toEqual([]);
});

test("the user's own servers go before", async () => {
  const { offer, wait, ask } = await world([SECOND]);
  expect(await ask("www")).toEqual(["www.one.example", SECOND]);
  offer(FIRST, "two.example");
  await wait(2000);
  expect(await ask("www")).toEqual(["www.two.example", SECOND]);
});

test("servers that come later, or go, are used, or no more", async () => {
  const { dhcp, offer, wait, ask } = await world();
  dhcp.more = [];
  await wait(2000);
  expect(await ask("www.one.example")).toBe("EAI_NONAME");
  offer(FIRST, "one.example");
  await wait(2000);
  expect(await ask("www")).toEqual(["www.one.example", FIRST]);
});
