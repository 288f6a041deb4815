/** DHCP and DNS against dnsmasq, over a TAP device; dig asks the same of the same zone. */

import { fileURLToPath } from "node:url";
import { expect, type TestContext, test } from "vitest";
import { Capture } from "./support/capture.ts";
import { fields, judge } from "./support/judge.ts";
import { onStreet } from "./support/places.ts";
import { NODE } from "./support/stack.ts";
import type { Street } from "./support/street.ts";

const PROGRAM = fileURLToPath(new URL("support/named.ts", import.meta.url));
const KERNEL = "10.9.0.1";
const LEASE = ["--dhcp-range=10.9.0.50,10.9.0.99,255.255.255.0,2m", "--dhcp-authoritative"];
const ZONE = [
  "--host-record=www.zone.test,10.9.7.1",
  "--host-record=www.zone.test,10.9.7.2",
  "--cname=alias.zone.test,www.zone.test",
  "--txt-record=empty.zone.test,words",
  "--ptr-record=9.7.9.10.in-addr.arpa,named.zone.test",
  ...Array.from({ length: 120 }, (_, index) => `--host-record=many.zone.test,10.9.8.${index + 1}`),
];

/** dnsmasq on the kernel's end of the device, which need not be there yet. */
async function serve(street: Street, ...options: string[]) {
  const command = [
    "dnsmasq",
    "--no-daemon",
    "--no-ping",
    "--log-dhcp",
    "--log-queries",
    "--no-resolv",
    "--no-hosts",
    "--user=root",
  ];
  const where = [
    "--conf-file=/dev/null",
    "--interface=nw0",
    "--bind-dynamic",
    "--pid-file=",
    `--dhcp-leasefile=${street.folder}/leases`,
  ];
  const zone = ["--local=/zone.test/", "--local=/in-addr.arpa/", "--edns-packet-max=512", ...options];
  const running = street.start(street.kernel, [...command, ...where, ...zone]);
  await running.says(/started/);
  return running;
}

interface Told {
  lease: Record<string, unknown>;
  found: Record<string, unknown>;
  state: string;
  counters: { dhcp: Record<string, number>; dns: Record<string, number> };
  packets: number;
}

async function ask(street: Street, wishes: object): Promise<Told> {
  const all = { address: `${KERNEL}/24`, names: [], addresses: [], ...wishes };
  const running = street.start(street.kernel, [...NODE, PROGRAM, JSON.stringify(all)], 60);
  const { code, out, err } = await running.ended;
  if (code !== 0) throw new Error(`named.ts ended with ${code}: ${out}${err}`);
  return JSON.parse(out.trim().split("\n").at(-1)!) as Told;
}

function withDnsmasq(context: TestContext, programs: string[], body: (street: Street) => Promise<void>) {
  return onStreet(context, { programs: ["dnsmasq", ...programs] }, body);
}

test("an address, routes, servers and domains by DHCP; then names, as dig hears them", async (context) => {
  await withDnsmasq(context, ["dig"], async (street) => {
    const options = [
      "--dhcp-option=option:domain-search,zone.test,other.test",
      "--dhcp-option=option:classless-static-route,10.77.0.0/16,10.9.0.3,0.0.0.0/0,10.9.0.1",
      "--dhcp-option=option:mtu,1400",
      "--domain=zone.test",
    ];
    const dnsmasq = await serve(street, ...LEASE, ...ZONE, ...options);
    const names = [
      "www.zone.test",
      "www",
      "alias.zone.test",
      "empty.zone.test",
      "nobody.zone.test",
      "many.zone.test",
    ];
    const { lease, found, counters, packets } = await ask(street, {
      names,
      addresses: ["10.9.7.9", "10.9.7.77"],
    });
    expect(lease).toMatchObject({
      address: expect.stringMatching(/^10\.9\.0\.[5-9]\d$/),
      prefixLength: 24,
      serverId: KERNEL,
      leaseSeconds: 120,
      nameServers: [KERNEL],
      domain: "zone.test",
      search: ["zone.test", "other.test"],
      mtu: 1400,
      routes: [
        { to: "10.77.0.0/16", via: "10.9.0.3" },
        { to: "0.0.0.0/0", via: "10.9.0.1" },
      ],
    });
    const addresses = [0x0a090701, 0x0a090702];
    const sorted = (entry: unknown) =>
      [...(entry as { addresses: number[] }).addresses].sort((a, b) => a - b);
    expect(sorted(found["www.zone.test"])).toEqual(addresses);
    expect(sorted(found["www"])).toEqual(addresses);
    expect(found["alias.zone.test"]).toMatchObject({ name: "www.zone.test", aliases: ["alias.zone.test"] });
    expect(found["empty.zone.test"]).toBe("EAI_NODATA");
    expect(found["nobody.zone.test"]).toBe(undefined);
    expect(found["10.9.7.9"]).toBe("named.zone.test");
    expect(found["10.9.7.77"]).toBe(undefined);
    expect(sorted(found["many.zone.test"])).toHaveLength(120); // by TCP
    expect(counters.dns).toMatchObject({
      truncated: 1,
      tcpQueries: 1,
      malformed: 0,
      mismatched: 0,
      timeouts: 0,
    });
    expect(packets).toBe(0);
    expect(dnsmasq.err).toContain("DHCPRELEASE(nw0)");
    // what dig says of the same zone
    await street.kernel.run(
      "ip tuntap add dev nw0 mode tap && ip addr add 10.9.0.1/24 dev nw0 && ip link set nw0 up",
    );
    const dig = async (...args: string[]) =>
      (await street.kernel.output(`dig +short +tries=3 +time=1 @${KERNEL} ${args.join(" ")}`))
        .split("\n")
        .sort();
    expect(await dig("www.zone.test")).toEqual(["10.9.7.1", "10.9.7.2"]);
    expect(await dig("-x", "10.9.7.9")).toEqual(["named.zone.test."]);
    expect(await dig("many.zone.test")).toHaveLength(120);
  });
});

test("tshark finds no fault with what DHCP and DNS say", async (context) => {
  await withDnsmasq(context, ["tshark", "tcpdump"], async (street) => {
    await serve(street, ...LEASE, ...ZONE);
    await street.kernel.run(
      "ip tuntap add dev nw0 mode tap && ip addr add 10.9.0.1/24 dev nw0 && ip link set nw0 up",
    );
    const capture = await Capture.start(street, street.kernel);
    await ask(street, { names: ["www.zone.test", "many.zone.test"], addresses: ["10.9.7.9"] });
    const file = await capture.stop();
    expect(await judge(file, { only: "dhcp || dns || icmp", checksums: false })).toEqual([]);
    const said = await fields(
      file,
      "dhcp && eth.src == 02:00:00:00:00:07",
      "dhcp.option.dhcp",
      "ip.src",
      "dhcp.option.hostname",
    );
    // dnsmasq may not have seen the device yet when the first DISCOVER comes, and is then asked again
    const steps = said.map(
      ([type, source]) => `${type} ${source === "0.0.0.0" ? "from nowhere" : "from the address"}`,
    );
    expect([...new Set(steps)]).toEqual(["1 from nowhere", "3 from nowhere", "7 from the address"]);
    expect(said[0]?.[2]).toBe("stack");
    expect(await fields(file, "icmp && eth.src == 02:00:00:00:00:07", "icmp.type")).toEqual([]);
  });
});

test("a lease is renewed, of the server alone; an address that another has is declined", async (context) => {
  await withDnsmasq(context, [], async (street) => {
    const dnsmasq = await serve(street, ...LEASE, "--dhcp-option=option:T1,3", "--dhcp-option=option:T2,60");
    const renewed = await ask(street, { stay: 4000, release: false });
    expect(renewed.state).toBe("BOUND");
    expect(renewed.counters.dhcp).toMatchObject({ received: 3, naks: 0, retransmitted: 0 });
    const before = dnsmasq.err.split("DHCPACK").length;
    expect(before).toBe(3);
    // the next time the kernel has the address that was ours
    await street.kernel.run(`ip addr add ${renewed.lease["address"]}/32 dev lo`);
    const other = await ask(street, { probe: true });
    expect(other.counters.dhcp["declined"]).toBe(1);
    expect(other.lease["address"]).not.toBe(renewed.lease["address"]);
    expect(dnsmasq.err).toContain("DHCPDECLINE(nw0)");
  });
});
