/** IGMP before the kernel's judge of it: a bridge that snoops, and asks. */
import { fileURLToPath } from "node:url";
import { expect, type TestContext, test } from "vitest";
import { Capture } from "./support/capture.ts";
import { fields, judge } from "./support/judge.ts";
import { skip } from "./support/missing.ts";
import type { Running } from "./support/namespace.ts";
import { onStreet } from "./support/places.ts";
import { NODE } from "./support/stack.ts";
import type { Street } from "./support/street.ts";

const PROGRAM = fileURLToPath(new URL("support/member.ts", import.meta.url));
const [G, H] = ["239.1.1.1", "239.1.1.2"];

/** A bridge whose querier asks every three seconds and waits one; nw0 is a port of it. */
const BRIDGE = `
  ip link add br0 type bridge mcast_snooping 1 mcast_querier 1 mcast_igmp_version 3 \\
    mcast_query_interval 300 mcast_query_response_interval 100 mcast_startup_query_interval 200 &&
  ip addr add 10.9.0.1/24 dev br0 && ip tuntap add dev nw0 mode tap &&
  ip link set nw0 master br0 up && ip link set br0 up`;

function withBridge(
  context: TestContext,
  body: (street: Street, member: Member) => Promise<void>,
): Promise<void> {
  return onStreet(context, { programs: ["bridge", "tshark", "tcpdump"] }, async (street) => {
    const made = await street.kernel.run(BRIDGE, { mayFail: true });
    if (made.code !== 0) skip(context, `this kernel has no bridge that snoops: ${made.err.trim()}`);
    const running = street.start(street.kernel, [...NODE, PROGRAM]);
    await running.says("ready");
    await body(street, new Member(running));
  });
}

class Member {
  private readonly running: Running;

  constructor(running: Running) {
    this.running = running;
  }

  async ask(line: string): Promise<string> {
    const before = this.running.out.length;
    this.running.child.stdin?.write(`${line}\n`);
    await expect.poll(() => this.running.out.slice(before).includes("\n")).toBe(true);
    return this.running.out.slice(before).trim();
  }

  async counters(): Promise<Record<string, number>> {
    return JSON.parse(await this.ask("tell"));
  }
}

/** The groups that the bridge sends to nw0, without the kernel's own. */
async function known({ kernel }: Street): Promise<string[]> {
  const text = await kernel.output("bridge mdb show dev br0");
  return [...text.matchAll(/port nw0 grp (239\.\S+)/g)].map((match) => match[1]!).sort();
}

const soon = { timeout: 5000, interval: 50 };

test("the bridge knows what we are in, from our reports and for as long as we answer; v3, then v2", async (context) => {
  await withBridge(context, async (street, member) => {
    const capture = await Capture.start(street, street.kernel);
    expect(await known(street)).toEqual([]);
    expect(await member.ask(`join ${G}`)).toBe("joined 0");
    await expect.poll(() => known(street), soon).toEqual([G]);
    await member.ask(`join ${H}`);
    await expect.poll(() => known(street), soon).toEqual([G, H]);
    await expect
      .poll(async () => (await member.counters())["queriesV3"], { timeout: 10_000 })
      .toBeGreaterThan(1);
    await member.ask(`leave ${H}`);
    await expect.poll(() => known(street), soon).toEqual([G]);
    // entries that nobody confirms are forgotten after 260 s: that is too long to wait, so it is made short
    await street.kernel.run(
      "ip link set br0 type bridge mcast_membership_interval 500 mcast_last_member_interval 50",
    );
    await street.kernel.run("ip link set br0 type bridge mcast_igmp_version 2");
    await expect
      .poll(async () => (await member.counters())["queriesV2"], { timeout: 10_000 })
      .toBeGreaterThan(2);
    expect(await known(street)).toEqual([G]);
    await member.ask(`leave ${G}`);
    await expect.poll(() => known(street), soon).toEqual([]);
    const counters = await member.counters();
    expect(counters).toMatchObject({
      badChecksum: 0,
      badQuery: 0,
      tooShort: 0,
      sendFailed: 0,
      leavesSent: 1,
    });
    const file = await capture.stop();
    expect(await judge(file, { only: "igmp" })).toEqual([]);
    const said = await fields(
      file,
      "igmp && eth.src == 02:00:00:00:00:07",
      "ip.ttl",
      "igmp.version",
      "ip.dst",
    );
    expect(new Set(said.map(([ttl]) => ttl))).toEqual(new Set(["1"]));
    expect(new Set(said.map(([, version]) => version))).toEqual(new Set(["2", "3"]));
    expect(said.at(-1)?.[2]).toBe("224.0.0.2");
  });
}, 90_000);
