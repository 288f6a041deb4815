/**
 * A netwright router between two kernels:
 *
 *     kernel 10.9.1.2 ── left ── 10.9.1.1 router 10.9.2.1 ── right ── 10.9.2.2 kernel
 */
import { fileURLToPath } from "node:url";
import { describe, expect, type TestContext, test } from "vitest";
import { needs } from "./support/missing.ts";
import type { Namespace, Running } from "./support/namespace.ts";
import { Namespaces } from "./support/namespaces.ts";
import { NODE } from "./support/stack.ts";

const PROGRAM = fileURLToPath(new URL("support/two-tuns.ts", import.meta.url));

/** Takes one connection to port 7000, and says how much came and what its digest is. */
const SINK = `
import hashlib, socket
server = socket.create_server(("", 7000))
print("listening", flush=True)
connection, _ = server.accept()
digest, count = hashlib.sha256(), 0
while data := connection.recv(1 << 20):
    digest.update(data)
    count += len(data)
print(count, digest.hexdigest(), flush=True)
`;

/** Sends so many bytes to the address, and says what their digest is. */
const SOURCE = `
import hashlib, os, socket, sys
block, digest = os.urandom(999983), hashlib.sha256()
with socket.create_connection((sys.argv[1], 7000)) as connection:
    left = int(sys.argv[2])
    while left > 0:
        part = block[:left]
        connection.sendall(part)
        digest.update(part)
        left -= len(part)
print(sys.argv[2], digest.hexdigest())
`;

interface Joined {
  left: Namespace;
  right: Namespace;
  router: Running;
}

type Counters = Record<"left" | "right" | "ip" | "icmp", Record<string, number>> & { packets: number };

/** Lays the two devices, has `body` use them, and returns what the router has counted. */
async function join(options: object, body: (joined: Joined) => Promise<void>): Promise<Counters> {
  const namespaces = new Namespaces();
  let router: Running | undefined;
  try {
    const middle = namespaces.create("router");
    const [left, right] = [namespaces.create("left"), namespaces.create("right")];
    router = middle.start([...NODE, PROGRAM, JSON.stringify(options)], { seconds: 120 });
    await router.says(/^ready/m);
    for (const [number, name, end] of [
      [1, "left", left],
      [2, "right", right],
    ] as const) {
      await middle.run(`ip link set ${name} netns ${end.name}`); // it stays with its opener wherever it moves to
      await end.run(`ip addr add 10.9.${number}.2/24 dev ${name} && ip link set ${name} up txqueuelen 10000`);
      await end.run(`ip route add default via 10.9.${number}.1`);
    }
    await body({ left, right, router });
    for (const end of [left, right]) {
      const drops = await end.output(
        "nstat -az TcpInCsumErrors UdpInCsumErrors IcmpInCsumErrors IpInHdrErrors",
      );
      expect(drops.match(/ [1-9]\d* /)).toBeNull();
    }
    const { out, err } = await router.stop();
    expect(err).toBe("");
    const counters = JSON.parse(out.trim().split("\n").at(-1) ?? "") as Counters;
    expect(counters.packets).toBe(0);
    return counters;
  } finally {
    await router?.stop("SIGKILL");
    await namespaces.close();
  }
}

async function transfer(from: Namespace, to: Namespace, address: string, bytes: number): Promise<void> {
  const sink = to.start(["python3", "-c", SINK]);
  await sink.says("listening");
  const source = from.start(["python3", "-c", SOURCE, address, String(bytes)]);
  const [sent, received] = [await source.ended, await sink.ended];
  expect(sent.out.startsWith(`${bytes} `), sent.err).toBe(true);
  expect(received.out).toBe(`listening\n${sent.out}`);
}

const FORTY_MEGABYTES = 40_000_000;

const KINDS: [string, { left?: object; right?: object }][] = [
  ["with offload on both sides", {}],
  [
    "with offload on the left alone, and a smaller MTU on the right",
    { right: { offload: false, mtu: 1400 } },
  ],
  ["without offload", { left: { offload: false }, right: { offload: false } }],
];

describe.each(KINDS)("two kernels joined by a router, %s", (_, options) => {
  const isWhole = options.left === undefined && options.right === undefined;

  test("exchange bytes by TCP, as they were sent", async (context: TestContext) => {
    needs(context, "python3", "nstat");
    const { left, right, ip } = await join(options, async (joined) => {
      await transfer(joined.left, joined.right, "10.9.2.2", FORTY_MEGABYTES);
      await transfer(joined.right, joined.left, "10.9.1.2", FORTY_MEGABYTES);
    });
    const mean = (bytes = 0, packets = 1) => bytes / packets;
    // long segments pass whole where both devices take them
    const longest = isWhole ? 10_000 : 0;
    expect(mean(right["sentBytes"], right["sentPackets"])).toBeGreaterThan(longest);
    expect(mean(left["sentBytes"], left["sentPackets"])).toBeGreaterThan(longest);
    expect(ip).toMatchObject({ notSegmentable: 0, badChecksum: 0, forwardNoRoute: 0 });
    expect(ip["forwardTooBig"] ?? 0).toBeLessThan(100);
  });

  test("ping each other and the router, with fragments too, and trace the way", async (context: TestContext) => {
    needs(context, "ping", "traceroute", "nstat");
    const { ip } = await join(options, async ({ left, right }) => {
      for (const size of [0, 56, 1372, 1472, 8000, 60_000]) {
        // the first that is too long for what is behind the router is refused: the kernel fragments those after it
        await left.run(`ping -n -c 1 -W 2 -s ${size} 10.9.2.2`, { mayFail: true });
        await left.run(`ping -n -c 2 -i 0.01 -W 2 -s ${size} 10.9.2.2`);
      }
      await right.run(
        "ping -n -c 2 -i 0.01 -W 2 10.9.1.2 && ping -n -c 1 -W 2 10.9.1.1 && ping -n -c 1 -W 2 10.9.2.1",
      );
      for (const how of ["", "-I"]) {
        const way = await left.output(`traceroute ${how} -n -q 1 -w 2 10.9.2.2`);
        expect([...way.matchAll(/^ *\d+ +([\d.]+) /gm)].map((match) => match[1])).toEqual([
          "10.9.1.1",
          "10.9.2.2",
        ]);
      }
      const nobody = await left.run("ping -n -c 1 -W 2 203.0.113.1", { mayFail: true });
      expect(nobody.out).toContain("From 10.9.1.1 icmp_seq=1 Destination Net Unreachable");
    });
    expect(ip).toMatchObject({ timeToLiveExceeded: 2, forwardNoRoute: 1 });
  });
});

test("a kernel learns the MTU behind a router", async (context) => {
  needs(context, "ping", "nstat");
  await join({ right: { mtu: 1000 } }, async ({ left }) => {
    const { out } = await left.run("ping -n -c 2 -i 0.2 -W 2 -M do -s 1400 10.9.2.2", { mayFail: true });
    expect(out).toMatch(/Frag needed and DF set \(mtu = 1000\)/);
    expect(await left.output("ip route get 10.9.2.2")).toContain("mtu 1000");
  });
});
