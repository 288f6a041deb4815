/** A TAP device: the kernel as a station on the same Ethernet. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Capture } from "./support/capture.ts";
import { fields, judge } from "./support/judge.ts";
import { onStreet, usePlace } from "./support/places.ts";
import { netwright } from "./support/stack.ts";
import { ROUTER, STACK } from "./support/street.ts";

const MAC = "02:00:00:00:00:07";
const SIZE = 50_000_000;
const CURL = "curl -sS --fail --max-time 60";

function content(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 31 + (at >>> 8) * 7) & 255;
  return bytes;
}

const FILE = content(SIZE);
const digest = createHash("sha256").update(FILE).digest("hex");

function options(folder: string): string[] {
  writeFileSync(join(folder, "file"), FILE);
  return ["--tap", "--hardware-address", MAC, "--serve", folder, "--upload", "--echo", "7"];
}

describe.each([
  ["with offload", []],
  ["without offload", ["--no-offload"]],
])("%s", (_, more) => {
  const at = usePlace({ tun: (folder) => [...options(folder), ...more], programs: ["curl", "ping"] });

  test("the kernel resolves the stack and the stack the kernel", async (context) => {
    const { kernel } = at(context).street;
    await kernel.run(`ip neigh flush dev nw0; ping -n -q -c 2 -i 0.1 -W 2 ${STACK}`);
    expect(await kernel.output(`ip neigh show ${STACK}`)).toMatch(
      new RegExp(`dev nw0 lladdr ${MAC} (REACHABLE|DELAY|STALE)`),
    );
  });

  test.for([0, 8, 56, 1472, 1473, 9000, 65_507])(
    "ping -s %d, in fragments where it must be",
    async (size, context) => {
      const { kernel } = at(context).street;
      const { out } = await kernel.run(`ping -n -q -c 3 -i 0.05 -W 2 -s ${size} ${STACK}`);
      expect(out).toContain("3 packets transmitted, 3 received, 0% packet loss");
    },
  );

  test("curl takes 50 MB and brings them back", async (context) => {
    const { kernel, folder } = at(context).street;
    expect(await kernel.output(`${CURL} http://${STACK}/file | sha256sum`)).toBe(`${digest}  -`);
    const put = await kernel.output(`${CURL} -T ${folder}/file http://${STACK}/upload`);
    expect(JSON.parse(put)).toEqual({ bytes: SIZE, sha256: digest });
  });

  test("tshark finds no fault", async (context) => {
    const { street } = at(context, "tcpdump", "tshark");
    const { kernel } = street;
    await kernel.run("ip neigh flush dev nw0");
    const capture = await Capture.start(street);
    await kernel.run(`ping -n -q -c 2 -i 0.1 ${STACK}; ${CURL} -r 0-999999 http://${STACK}/file | wc -c`);
    expect(await kernel.output(`echo hello | nc -u -w 1 ${STACK} 7`)).toBe("hello");
    const file = await capture.stop();
    expect(await judge(file, { checksums: more.length > 0 })).toEqual([]);
    expect((await fields(file, `arp.opcode == 2 && eth.src == ${MAC}`, "arp.src.proto_ipv4"))[0]).toEqual([
      STACK,
    ]);
  });

  test("a kernel that has us among its permanent neighbours needs no question; who is gone is asked for anew", async (context) => {
    const { street } = at(context, "tcpdump", "tshark");
    const { kernel } = street;
    await kernel.run(`ip neigh replace ${STACK} lladdr ${MAC} nud permanent dev nw0`);
    const capture = await Capture.start(street);
    await kernel.run(`ping -n -q -c 2 -i 0.1 -W 2 ${STACK}`);
    const file = await capture.stop();
    await kernel.run(`ip neigh del ${STACK} dev nw0`);
    expect(await fields(file, `arp.opcode == 1 && arp.dst.proto_ipv4 == ${STACK}`, "frame.number")).toEqual(
      [],
    );
  });

  test("frames for other stations are not answered", async (context) => {
    const { kernel } = at(context).street;
    await kernel.run(`ip neigh replace ${STACK} lladdr 02:00:00:00:00:08 nud permanent dev nw0`);
    const { out } = await kernel.run(`ping -n -q -c 1 -W 0.5 ${STACK}`, { mayFail: true });
    expect(out).toContain("0 received");
    await kernel.run(`ip neigh del ${STACK} dev nw0; ping -n -q -c 1 -W 2 ${STACK}`);
  });
});

const link = ["--tap", "--address", `${ROUTER}/24`, "--peer", STACK];

test("pings of the stack reach the kernel, all of the network and all hosts", async (context) => {
  await onStreet(context, {}, async ({ kernel }) => {
    await kernel.run("sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=0");
    const ping = async (...args: string[]) =>
      (await kernel.run(netwright("ping", ...link, "-c", "2", "-i", "0.2", ...args).join(" "))).out;
    expect(await ping(ROUTER)).toContain("2 packets transmitted, 2 received, 0% packet loss");
    expect(await ping("-b", "10.9.0.255")).toContain(`from ${ROUTER}`);
    expect(await ping("224.0.0.1")).toContain(`from ${ROUTER}`);
  });
});

test("a neighbour that does not answer is a host that cannot be reached", async (context) => {
  await onStreet(context, {}, async ({ kernel }) => {
    const ping = netwright("ping", ...link, "-c", "1", "10.9.0.99").join(" ");
    const { code, out } = await kernel.run(ping, { mayFail: true });
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`From ${STACK} icmp_seq=1 Destination Host Unreachable`));
    const nc = await kernel.run(`${netwright("nc", ...link, "10.9.0.99", "80").join(" ")} < /dev/null`, {
      mayFail: true,
    });
    expect(nc.code).toBe(1);
    expect(nc.err).toMatch(/No route to host/);
  });
});

test("a capture has the frames, ARP's among them", async (context) => {
  await onStreet(context, { programs: ["tshark"] }, async ({ kernel, folder }) => {
    const file = join(folder, "own.pcapng");
    await kernel.run(netwright("ping", ...link, "--pcap", file, "-c", "2", "-i", "0.2", ROUTER).join(" "));
    expect(await judge(file)).toEqual([]);
    expect(await fields(file, "arp.opcode == 1", "eth.dst", "arp.dst.proto_ipv4")).toContainEqual([
      "ff:ff:ff:ff:ff:ff",
      ROUTER,
    ]);
    expect(await fields(file, "icmp.type == 0", "ip.src")).toEqual([[ROUTER], [ROUTER]]);
  });
});
