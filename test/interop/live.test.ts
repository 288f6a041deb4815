/** What one sees of a stack while it runs, and how it ends. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { judge } from "./support/judge.ts";
import { pause } from "./support/namespace.ts";
import { onStreet } from "./support/places.ts";
import { LINK, netwright, Stack } from "./support/stack.ts";
import { STACK, type Street } from "./support/street.ts";

const URL = `http://${STACK}/file`;
const CURL = "curl -sS --fail --max-time 60 -o /dev/null";

/** Makes a folder with one file. */
function makeFolder({ folder }: Street, size: number): string {
  const root = join(folder, "www");
  mkdirSync(root);
  writeFileSync(join(root, "file"), new Uint8Array(size).fill(0x41));
  return root;
}

test.for([
  ["with offload", []],
  ["without offload", ["--no-offload"]],
])("--pcap, %s: tshark and netwright dump read it, and find no fault", ([, link], context) =>
  onStreet(context, { programs: ["curl", "ping", "tshark", "python3"] }, async (street) => {
    const { kernel, folder } = street;
    const file = join(folder, "own.pcapng");
    const root = makeFolder(street, 1_000_000);
    const stack = await Stack.start(street, ["--serve", root, "--pcap", file, ...(link as string[])]);
    await kernel.run("sysctl -qw net.ipv4.tcp_early_retrans=0");
    await kernel.run(`${CURL} ${URL}; ping -n -q -c 3 -i 0.05 -s 4000 ${STACK}`);
    await stack.stop();
    // what the kernel or the stack leaves to the other has no checksum yet
    expect(await judge(file, { checksums: link.length > 0 })).toEqual([]);
    const { out } = await kernel.run(netwright("dump", file).join(" "));
    expect(out).toMatch(/10\.9\.0\.1\.\d+ > 10\.9\.0\.2\.80: .*\[S\]/);
    expect(out).toMatch(/ICMP echo request/);
  }),
);

test("SIGUSR1 prints who listens and who is connected", (context) =>
  onStreet(context, { programs: ["curl", "bash"] }, async (street) => {
    const stack = await Stack.start(street, ["--echo", "7", "--discard", "9"]);
    const client = street.start(street.kernel, ["bash", "-c", `exec 3<>/dev/tcp/${STACK}/7; read -t 20`]);
    await pause(300);
    const lines = (await stack.netstat()).join("\n");
    expect(lines).toMatch(/^tcp .*0\.0\.0\.0:7 .*LISTEN/m);
    expect(lines).toMatch(/^udp .*0\.0\.0\.0:9 /m);
    expect(lines).toMatch(/^tcp .*10\.9\.0\.2:7 +10\.9\.0\.1:\d+ +ESTABLISHED/m);
    expect(lines).toMatch(/passiveOpens/);
    await client.stop();
    await stack.stop();
  }));

describe.each(["SIGINT", "SIGTERM"] as const)("%s", (signal) => {
  test("in the middle of a transfer ends it at once, and the device goes", (context) =>
    onStreet(context, { programs: ["curl"] }, async (street) => {
      const root = makeFolder(street, 200_000_000);
      const stack = await Stack.start(street, ["--serve", root, "--chargen", "19"]);
      const client = street.start(street.kernel, ["bash", "-c", `${CURL} --limit-rate 10M ${URL}`]);
      const endless = street.start(street.kernel, ["bash", "-c", `cat < /dev/tcp/${STACK}/19 > /dev/null`]);
      await pause(1000);
      const start = performance.now();
      const { code } = await stack.running.stop(signal);
      expect(code).toBe(0);
      expect(performance.now() - start).toBeLessThan(1500);
      await street.near.run("! ip link show nw0");
      await client.stop();
      await endless.stop();
    }));
});

test("two stand beside each other; a name that is taken is refused in one line", (context) =>
  onStreet(context, { programs: ["ping"] }, async (street) => {
    const { near, kernel } = street;
    const first = await Stack.start(street);
    const other = street.start(near, netwright("tun", "--address", "10.9.3.1/24", "--peer", "10.9.3.2"));
    await other.says(/^ready: .* on nw1/m);
    await kernel.run(`ping -n -q -c 1 -W 2 ${STACK} && ping -n -q -c 1 -W 2 10.9.3.2`);
    const again = [...netwright("tun", "--name", "nw0"), ...LINK].join(" ");
    const { code, err } = await near.run(again, { mayFail: true });
    expect(code).toBe(1);
    expect(err.trim().split("\n")).toHaveLength(1);
    expect(err).toContain("nw0 is already attached by another process");
    expect((await other.stop("SIGINT")).code).toBe(0);
    await first.stop();
  }));

test("without offload the kernel keeps enough packets for the answers to a whole window", (context) =>
  onStreet(context, { programs: ["iperf3"] }, async (street) => {
    const server = street.start(street.near, [...netwright("iperf3", "--server"), ...LINK, "--no-offload"]);
    await server.says("Server listening");
    await street.kernel.run(`iperf3 -c ${STACK} -t 1 --bidir`);
    expect(await street.kernel.output("cat /sys/class/net/nw0/statistics/tx_dropped")).toBe("0");
    await server.stop("SIGINT");
  }));
