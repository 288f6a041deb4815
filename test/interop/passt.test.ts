/** The network of this machine through passt: an Ethernet that nobody needs to be root for. Its gateway is this machine's loopback. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type TestContext, test } from "vitest";
import { has, skip } from "./support/missing.ts";
import { onStreet } from "./support/places.ts";
import { netwright } from "./support/stack.ts";
import type { Street } from "./support/street.ts";

const GATEWAY = "10.9.5.1";
/** The address of the kernel, which passt gives to us, too. */
const OURS = "10.9.5.2";
/** Another one of the kernel's, that passt does not touch. */
const OTHER = "10.9.6.1";
const SIZE = 30_000_000;
const NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/** A place where passt finds what it looks for: an interface with a default route. */
async function prepare({ kernel }: Street): Promise<void> {
  await kernel.run(`
    ip link add up0 type veth peer name up1
    ip addr add ${OURS}/24 dev up0 && ip addr add ${OTHER}/24 dev up1
    ip link set up0 up && ip link set up1 up && ip route add default via ${GATEWAY}
    sysctl -qw net.ipv4.ping_group_range='0 2147483647'`);
}

function withPasst(context: TestContext, body: (street: Street) => Promise<void>): Promise<void> {
  return onStreet(context, { programs: ["passt", "python3", "curl"], prepare }, body);
}

function content(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 31 + (at >>> 8) * 7) & 255;
  return bytes;
}

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const line = (...args: string[]): string => netwright(...args).join(" ");

/** The processes called passt in a namespace, by their numbers. */
async function passts({ kernel }: Street): Promise<string> {
  const one = "grep -q ^passt /proc/{}/comm && echo {}"; // or passt.avx2
  const script = `ip netns pids ${kernel.name} | xargs -I{} sh -c '${one}'`;
  return (await kernel.run(script, { mayFail: true })).out.trim();
}

/** passt notices that we have gone, and goes too. */
async function expectNoPasst(street: Street): Promise<void> {
  await expect.poll(() => passts(street), { timeout: 2000 }).toBe("");
}

test("ping is configured by DHCP and answered, and leaves no passt behind", async (context) => {
  await withPasst(context, async (street) => {
    const { out } = await street.kernel.run(line("ping", "--passt", "-c", "3", "-i", "0.2", OTHER));
    expect(out).toContain("3 packets transmitted, 3 received, 0% packet loss");
    await expectNoPasst(street);
  });
});

test("who has addresses of its own needs no DHCP", async (context) => {
  await withPasst(context, async (street) => {
    const who = ["--peer", `${OURS}/24`, "--gateway", GATEWAY];
    const { out } = await street.kernel.run(line("ping", "--passt", ...who, "-c", "2", "-i", "0.2", OTHER));
    expect(out).toContain("2 packets transmitted, 2 received, 0% packet loss");
  });
});

test("names are asked for at a server on this machine's loopback", async (context) => {
  await withPasst(context, async (street) => {
    if (!has("dnsmasq")) skip(context, "dnsmasq not installed");
    const { kernel, folder } = street;
    const names = ["--no-resolv", "--no-hosts", `--address=/host.test/${OTHER}`, `--pid-file=${folder}/pid`];
    const where = ["--listen-address=127.0.0.1", "--bind-interfaces", "--user=root"];
    street.start(kernel, ["dnsmasq", "--keep-in-foreground", ...names, ...where]);
    await kernel.run("until ss -lun | grep -q 127.0.0.1:53; do sleep 0.05; done");
    const { out } = await kernel.run(line("ping", "--passt", "--dns", GATEWAY, "-c", "1", "host.test"));
    expect(out).toContain(`PING host.test (${OTHER})`);
    expect(out).toContain("1 packets transmitted, 1 received");
  });
});

test("TCP carries 30 MB each way, out to a server on this machine's loopback", async (context) => {
  await withPasst(context, async ({ kernel, folder }) => {
    const bytes = content(SIZE);
    writeFileSync(join(folder, "file"), bytes);
    const sink = kernel.start(["sh", "-c", "nc -l 127.0.0.1 7000 < /dev/null | sha256sum"], { seconds: 60 });
    await kernel.run("until ss -ltn | grep -q :7000; do sleep 0.05; done");
    await kernel.run(`${line("nc", "--passt", "-N", GATEWAY, "7000")} < ${folder}/file > /dev/null`);
    expect((await sink.ended).out).toContain(digest(bytes));
    const source = kernel.start(["sh", "-c", `nc -N -l 127.0.0.1 7001 < ${folder}/file`], { seconds: 60 });
    await kernel.run("until ss -ltn | grep -q :7001; do sleep 0.05; done");
    // without -N: that our half ends first passt of 2023 does not bear
    const got = await kernel.output(`${line("nc", "--passt", GATEWAY, "7001")} < /dev/null | sha256sum`);
    expect(got).toContain(digest(bytes));
    expect((await source.ended).code).toBe(0);
  });
});

test("ports of this machine are the stack's: 30 MB over HTTP, both ways, and datagrams", async (context) => {
  await withPasst(context, async (street) => {
    const { kernel, folder } = street;
    const bytes = content(SIZE);
    writeFileSync(join(folder, "file"), bytes);
    const services = ["--serve", folder, "--upload", "--echo", "7"];
    const stack = street.start(
      kernel,
      netwright("tun", "--passt", "--forward", "8080:80", "--forward", "7007:7", ...services),
    );
    await stack.says(/^ready/m);
    expect(stack.out).toContain(`${OURS} on passt (MTU 65520)`);
    const url = "http://127.0.0.1:8080";
    const got = await kernel.output(`curl -sS --fail --max-time 30 ${url}/file | sha256sum`);
    expect(got).toContain(digest(bytes));
    const put = await kernel.output(`curl -sS --fail --max-time 30 -T ${folder}/file ${url}/upload`);
    expect(JSON.parse(put)).toEqual({ bytes: SIZE, sha256: digest(bytes) });
    expect(await kernel.output("echo hello | nc -u -w 1 127.0.0.1 7007")).toBe("hello");
    expect((await stack.stop("SIGTERM")).code).toBe(0);
    await expectNoPasst(street);
  });
});

test("passt goes with a stack that is killed", async (context) => {
  await withPasst(context, async (street) => {
    const stack = street.start(street.kernel, netwright("tun", "--passt"));
    await stack.says(/^ready/m);
    expect(await passts(street)).toMatch(/^\d+$/);
    await stack.stop("SIGKILL");
    await expectNoPasst(street);
  });
});

test("a stack whose passt is killed ends and says so", async (context) => {
  await withPasst(context, async (street) => {
    const stack = street.start(street.kernel, netwright("tun", "--passt"));
    await stack.says(/^ready/m);
    process.kill(Number(await passts(street)), "SIGKILL");
    const { code, err } = await stack.ended;
    expect({ code, err: err.trim() }).toEqual({ code: 1, err: "passt has ended (SIGKILL)" });
  });
});

test("a passt that listens will do as well", async (context) => {
  await withPasst(context, async (street) => {
    const { kernel, folder } = street;
    await kernel.run(`chmod 777 ${folder} && chmod a+x ${folder}/..`); // passt does not stay root
    const socket = join(folder, "passt");
    const passt = street.start(kernel, ["passt", "-f", "-1", "-4", "-s", socket]);
    await passt.says("bound at");
    const { out } = await kernel.run(line("ping", "--passt", socket, "-c", "2", "-i", "0.2", OTHER));
    expect(out).toContain("2 packets transmitted, 2 received, 0% packet loss");
    expect((await passt.ended).code).toBe(0);
    const again = await kernel.run(line("ping", "--passt", socket, "-c", "1", OTHER), { mayFail: true });
    expect(again.code).toBe(1);
    expect(again.err).toMatch(/^nobody listens at .*: start "passt -f -s /);
  });
});

test("an ordinary user needs nothing but passt", async (context) => {
  await withPasst(context, async ({ kernel }) => {
    const mayRead = await kernel.run(`${NOBODY.join(" ")} test -r ${netwright().at(-1)}`, { mayFail: true });
    if (mayRead.code !== 0) skip(context, "nobody may not read this folder");
    const ping = line("ping", "--passt", "-c", "2", "-i", "0.2", OTHER);
    const { out } = await kernel.run(`${NOBODY.join(" ")} env TSX_DISABLE_CACHE=1 HOME=/nonexistent ${ping}`);
    expect(out).toContain("2 packets transmitted, 2 received, 0% packet loss");
  });
});

test("without a way out, and without passt, one line says what to do", async (context) => {
  await onStreet(context, { programs: ["passt"] }, async ({ kernel }) => {
    const out = await kernel.run(line("ping", "--passt", "-c", "1", OTHER), { mayFail: true });
    expect(out.code).toBe(1);
    expect(out.err).toMatch(
      /^passt has ended \(.*\): it needs an interface with an address and a default route\n$/,
    );
    const absent = await kernel.run(`PATH=/nowhere ${line("ping", "--passt", "-c", "1", OTHER)}`, {
      mayFail: true,
    });
    expect(absent.code).toBe(1);
    expect(absent.err).toMatch(/^passt is not installed: .*apt-get install passt.*\n$/);
  });
});
