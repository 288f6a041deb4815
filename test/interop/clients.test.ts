/** netwright's commands and their namesakes on the kernel's side talk to each other. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { onStreet, usePlace } from "./support/places.ts";
import { LINK, netwright } from "./support/stack.ts";
import { FAR, ROUTER, STACK, type Street } from "./support/street.ts";

/** Bytes that go through nc. */
const SIZE = 20_000_000;
const PORT = 7000;

const OFFLOAD: [string, string[]][] = [
  ["with offload", []],
  ["without offload", ["--no-offload"]],
];

/** A command of netwright's on a link of its own, as a piece of a script. */
const command = (...args: string[]): string => [...netwright(...args), ...LINK].join(" ");

/** Two files of which no part is like another: what goes to the stack and what comes from there. */
function writeFiles({ folder }: Street): { there: string; back: string } {
  const [there, back] = [join(folder, "there"), join(folder, "back")];
  for (const [index, path] of [there, back].entries()) {
    let state = index + 1;
    const words = new Uint32Array(SIZE / 4).map(() => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state;
    });
    writeFileSync(path, words);
  }
  return { there, back };
}

/** That each got what the other sent. */
async function expectSame(
  { kernel, folder }: Street,
  ...pairs: (readonly [string, string])[]
): Promise<void> {
  for (const [one, other] of pairs) await kernel.run(`cmp ${folder}/${one} ${folder}/${other}`);
}

describe.each(OFFLOAD)("nc, %s", (_, link) => {
  const programs = ["nc"];

  test("netwright connects to the kernel's, and sends 20 MB", (context) =>
    onStreet(context, { programs }, async (street) => {
      const { back } = writeFiles(street);
      const { kernel, near, folder } = street;
      const server = kernel.run(`nc -l ${PORT} > ${folder}/back2 < /dev/null`);
      const client = command("nc", "-N", ROUTER, String(PORT), ...link);
      await Promise.all([server, near.run(`sleep 0.2; ${client} < ${back}`)]);
      await expectSame(street, ["back", "back2"]);
    }));

  // one way at a time: netcat as a server does not go on when its client has shut its direction down
  test("netwright connects to the kernel's, and gets 20 MB", (context) =>
    onStreet(context, { programs }, async (street) => {
      const { there } = writeFiles(street);
      const { kernel, near, folder } = street;
      const server = kernel.run(`nc -l -N ${PORT} < ${there}`);
      const client = command("nc", ROUTER, String(PORT), ...link);
      await Promise.all([server, near.run(`sleep 0.2; ${client} > ${folder}/there2`)]);
      await expectSame(street, ["there", "there2"]);
    }));

  test("the kernel's connects to netwright, and both send 20 MB at once", (context) =>
    onStreet(context, { programs }, async (street) => {
      const { there, back } = writeFiles(street);
      const { kernel, near, folder } = street;
      const server = command("nc", "-l", String(PORT), "-N", "-v", ...link);
      const running = street.start(near, ["bash", "-c", `${server} < ${back} > ${folder}/there2`]);
      await running.says("Listening");
      await kernel.run(`nc -N ${STACK} ${PORT} < ${there} > ${folder}/back2`);
      expect(await running.ended).toMatchObject({ code: 0 });
      await expectSame(street, ["there", "there2"], ["back", "back2"]);
    }));

  test("datagrams, both ways", (context) =>
    onStreet(context, { programs }, async (street) => {
      const server = street.start(street.near, [
        ...netwright("nc", "-l", "-u", "-v", String(PORT)),
        ...LINK,
        ...link,
      ]);
      await server.says("Bound");
      const client = street.start(street.kernel, ["nc", "-u", STACK, String(PORT)]);
      client.child.stdin?.write("from the kernel\n");
      await server.says("from the kernel\n");
      server.child.stdin?.write("from the stack\n");
      await client.says("from the stack\n");
      await server.stop("SIGINT");
    }));
});

describe.each(OFFLOAD)("iperf3, %s", (_, link) => {
  const DEVICE = ["--name", "nw0", ...link];
  /** The device stays when the stack has gone, and what the kernel has counted of it. */
  const prepare = async ({ near }: Street) => {
    await near.run("ip tuntap add dev nw0 mode tun");
  };
  const options = { programs: ["iperf3"], prepare };
  const MEASURES: [string, string][] = [
    ["TCP to the server", ""],
    ["TCP from the server", "-R"],
    ["TCP both ways at once", "--bidir"],
    ["four connections", "-P 4"],
    ["UDP to the server", "-u -b 50M"],
    ["UDP from the server", "-u -b 50M -R"],
  ];

  interface Flow {
    readonly rate: number;
    readonly lost: number;
  }

  /** Of what iperf3 -J has printed, and netwright throughput --json prints too. */
  function flowsOf(json: string): Flow[] {
    const { end, error } = JSON.parse(json);
    expect(error).toBeUndefined();
    const sums = Object.entries(end as Record<string, Record<string, number>>);
    return sums
      .filter(([name]) => /^sum/.test(name))
      .map(([, sum]) => ({ rate: sum["bits_per_second"]!, lost: sum["lost_packets"] ?? 0 }));
  }

  /**
   * Every stream has moved, and what is lost of UDP the kernel has counted: it had no room for it on the way to one of the two. That the
   * stack loses none in silence is for datagrams.test.ts to show.
   */
  async function expectFlow({ kernel }: Street, flows: readonly Flow[]): Promise<void> {
    expect(flows.length).toBeGreaterThan(0);
    const full = await kernel.output("nstat -az UdpRcvbufErrors | awk '/Udp/{print $2}'");
    const [{ stats64 }] = JSON.parse(await kernel.output("ip -j -s link show nw0"));
    expect(stats64.tx.packets).toBeGreaterThan(0);
    const overflown = stats64.tx.dropped + stats64.rx.dropped;
    for (const { rate, lost } of flows) {
      expect(rate).toBeGreaterThan(10e6);
      expect(lost).toBeLessThanOrEqual(Number(full) + overflown);
    }
  }

  test.for(MEASURES)("the real client measures netwright iperf3 --server: %s", ([, flags], context) =>
    onStreet(context, options, async (street) => {
      const server = street.start(street.near, [...netwright("iperf3", "--server"), ...LINK, ...DEVICE]);
      await server.says("Server listening");
      const json = await street.kernel.output(`iperf3 -c ${STACK} -t 1 -J ${flags}`);
      await expectFlow(street, flowsOf(json));
      expect(await server.stop("SIGINT")).toMatchObject({ code: 0 });
    }),
  );

  test.for(MEASURES)("netwright throughput measures the real server: %s", ([, flags], context) =>
    onStreet(context, options, async (street) => {
      const server = street.start(street.kernel, ["iperf3", "-s", "-1", "--forceflush"]);
      await server.says("Server listening");
      const client = command("throughput", ROUTER, "-t", "1", "--json", ...DEVICE);
      await expectFlow(street, flowsOf(await street.near.output(`${client} ${flags}`)));
      expect(await server.ended).toMatchObject({ code: 0 });
    }),
  );
});

describe.each(OFFLOAD)("netwright get, %s", (_, link) => {
  test("gets 20 MB of python's file server, byte by byte", (context) =>
    onStreet(context, { programs: ["python3"] }, async (street) => {
      writeFiles(street);
      const { kernel, near, folder } = street;
      const server = street.start(kernel, ["python3", "-u", "-m", "http.server", "-d", folder, "8000"]);
      await server.says("Serving HTTP");
      await near.run(`${command("get", `http://${ROUTER}:8000/there`, "-o", `${folder}/there2`, ...link)}`);
      await expectSame(street, ["there", "there2"]);
      const missing = await near.run(command("get", `http://${ROUTER}:8000/none`, ...link), {
        mayFail: true,
      });
      expect(missing.code).toBe(1);
      expect(missing.err).toContain("404");
    }));
});

describe("netwright ping", () => {
  const SIZES = [0, 1, 56, 1472, 1473, 9000, 65_000, 65_507];

  test.for(SIZES)("-s %d", (size, context) =>
    onStreet(context, { programs: ["ip"] }, async ({ near }) => {
      const { out } = await near.run(command("ping", ROUTER, "-c", "3", "-i", "0.05", "-s", String(size)));
      expect(out).toMatch(/3 packets transmitted, 3 received, 0% packet loss/);
    }),
  );

  test("-M do: whole up to the MTU, and not beyond", (context) =>
    onStreet(context, { programs: ["ip"] }, async ({ near }) => {
      const whole = await near.run(command("ping", ROUTER, "-c", "1", "-M", "do", "-s", "1472"));
      expect(whole.out).toContain("1 received");
      const beyond = command("ping", ROUTER, "-c", "1", "-W", "1", "-M", "do", "-s", "1473");
      const { code, out, err } = await near.run(beyond, { mayFail: true });
      expect(code).toBe(1);
      expect(out + err).toMatch(/message too long.*1500/i);
    }));
});

describe("traceroute", () => {
  const WAYS: [string, string][] = [
    ["by UDP", ""],
    ["by ICMP", "-I"],
    ["by TCP to an open port", "-T -p 7"],
    ["by TCP to a closed port", "-T -p 81"],
  ];

  describe("to the stack", () => {
    const at = usePlace({ tun: ["--echo", "7"], wire: {}, programs: ["traceroute", "ethtool"] });
    test.for(WAYS)("%s", async ([, options], context) => {
      const { kernel } = at(context).street;
      const out = await kernel.output(`traceroute -n -w 2 ${options} ${STACK}`);
      expect(hops(out)).toEqual(["10.9.1.1", STACK]);
    });
  });

  test.for(WAYS)("of netwright: %s", ([, options], context) =>
    onStreet(context, { wire: {}, programs: ["ethtool"] }, async ({ near }) => {
      const out = await near.output(`${command("traceroute", FAR, "-n")} ${options}`);
      expect(hops(out)).toEqual([ROUTER, FAR]);
    }),
  );

  /** The address of each hop. A line is " 1  10.9.1.1  0.3 ms  0.2 ms  0.2 ms"; "*" stands for no answer. */
  function hops(output: string): string[] {
    const lines = output.split("\n").filter((line) => /^ *\d+ /.test(line));
    return lines.map((line) => /(\d+\.\d+\.\d+\.\d+|\*)/.exec(line)![1]!);
  }
});
