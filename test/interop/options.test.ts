/** What the two TCPs agree on when they begin, seen by the kernel and in a capture; and an agreement to stay, when nothing is said. */
import { describe, expect, test } from "vitest";
import {
  IS_LONG,
  kernelAsks,
  kernelIdles,
  kernelServer,
  remains,
  stackAsks,
  stackServer,
} from "./support/bulk.ts";
import { Capture } from "./support/capture.ts";
import { fields, judge } from "./support/judge.ts";
import { pause } from "./support/namespace.ts";
import { onStreet } from "./support/places.ts";
import { ROUTER, STACK, type Street } from "./support/street.ts";

const PROGRAMS = ["python3", "tcpdump", "tshark"];
const SIZE = 2e6;
/** Seconds in which nothing is said. */
const IDLE = IS_LONG ? 600 : 30;

interface Syn {
  readonly from: string;
  readonly ack: boolean;
  readonly mss: number;
  readonly sack: boolean;
  readonly timestamps: boolean;
  readonly windowScale: number;
  readonly ece: boolean;
  readonly cwr: boolean;
}

/** The two SYNs of a capture. */
async function synsOf(file: string): Promise<Syn[]> {
  const rows = await fields(
    file,
    "tcp.flags.syn == 1",
    "ip.src",
    "tcp.flags.ack",
    "tcp.options.mss_val",
    "tcp.options.sack_perm",
    "tcp.options.timestamp.tsval",
    "tcp.options.wscale.shift",
    "tcp.flags.ece",
    "tcp.flags.cwr",
  );
  return rows.map(([from, ack, mss, sack, timestamp, shift, ece, cwr]) => ({
    from: from!,
    ack: isSet(ack),
    mss: Number(mss),
    sack: sack !== "",
    timestamps: timestamp !== "",
    windowScale: shift === "" ? -1 : Number(shift),
    ece: isSet(ece),
    cwr: isSet(cwr),
  }));
}

const isSet = (value: string | undefined): boolean => value === "1" || value === "True";

/** A transfer, the capture of its SYNs, and what ss says of it meanwhile. */
async function negotiate(street: Street, sysctls: string): Promise<Syn[]> {
  if (sysctls !== "") await street.kernel.run(`sysctl -qw ${sysctls}`);
  const server = await stackServer(street, { offload: false });
  const capture = await Capture.start(street);
  for (const what of ["take", "send"] as const) {
    expect((await kernelAsks(street, what, SIZE)).result).toBe(`same ${SIZE}`);
  }
  const { packets } = await remains(server);
  expect(packets).toBe(0);
  const file = await capture.stop();
  expect(await judge(file)).toEqual([]);
  return synsOf(file);
}

describe("the kernel connects", () => {
  test("both sides have SACK, timestamps and window scale", (context) =>
    onStreet(context, { programs: PROGRAMS }, async (street) => {
      const [syn, answer] = await negotiate(street, "");
      expect(syn).toMatchObject({ from: ROUTER, ack: false, sack: true, timestamps: true, mss: 1460 });
      expect(answer).toMatchObject({ from: STACK, ack: true, sack: true, timestamps: true, mss: 1460 });
      expect(syn!.windowScale).toBeGreaterThan(0);
      expect(answer!.windowScale).toBeGreaterThan(0);
    }));

  test.for([
    ["SACK", "net.ipv4.tcp_sack=0", { sack: false, timestamps: true }],
    ["timestamps", "net.ipv4.tcp_timestamps=0", { sack: true, timestamps: false }],
    ["window scale", "net.ipv4.tcp_window_scaling=0", { sack: true, windowScale: -1 }],
  ] as const)("what it has not, %s, the stack does not offer", ([, sysctl, expected], context) =>
    onStreet(context, { programs: PROGRAMS }, async (street) => {
      const [syn, answer] = await negotiate(street, sysctl);
      expect(syn).toMatchObject(expected);
      expect(answer).toMatchObject(expected);
    }),
  );

  test("and asks for ECN, which it does not get: all goes on without", (context) =>
    onStreet(context, { programs: PROGRAMS }, async (street) => {
      const [syn, answer] = await negotiate(street, "net.ipv4.tcp_ecn=1");
      expect(syn).toMatchObject({ ece: true, cwr: true });
      expect(answer).toMatchObject({ ece: false, cwr: false });
    }));

  test("ss sees what was agreed on, and that nothing was sent twice", (context) =>
    onStreet(context, { programs: ["python3", "ss"] }, async (street) => {
      const server = await stackServer(street);
      await street.kernel.run("sysctl -qw net.ipv4.tcp_early_retrans=0"); // as for captures
      const talk = `echo "echo 0" >&3; head -c 100000 /dev/zero >&3; head -c 100000 <&3 | wc -c; read -t 20`;
      const client = street.start(street.kernel, ["bash", "-c", `exec 3<>/dev/tcp/${STACK}/7000; ${talk}`]);
      await client.says("100000");
      const info = await street.kernel.output(`ss -tioHn dst ${STACK}`);
      expect(info).toMatch(/\bts\b/);
      expect(info).toMatch(/\bsack\b/);
      expect(info).toMatch(/wscale:\d+,\d+/);
      expect(info).not.toContain("ecn");
      expect(info).not.toContain("retrans:");
      expect(info).toContain("bytes_received:100000");
      await client.stop();
      await remains(server);
    }));
});

test("the stack connects, and both sides have SACK, timestamps and window scale", (context) =>
  onStreet(context, { programs: PROGRAMS }, async (street) => {
    const capture = kernelCapture(street);
    await kernelServer(street);
    const { result } = await stackAsks(street, "send", SIZE, { offload: false });
    expect(result).toBe(`same ${SIZE}`);
    const [syn, answer] = await synsOf(await (await capture).stop());
    for (const side of [syn!, answer!])
      expect(side).toMatchObject({ sack: true, timestamps: true, mss: 1460 });
    expect(syn!.windowScale).toBeGreaterThan(0);
    expect(answer!.windowScale).toBeGreaterThan(0);
  }));

/** A capture of a device that comes later: of all devices. */
const kernelCapture = (street: Street): Promise<Capture> => Capture.start(street, street.kernel, "any");

test(
  `a connection on which nothing is said for ${IDLE} s lives, by the probes of both sides`,
  (context) =>
    onStreet(context, { programs: PROGRAMS }, async (street) => {
      const server = await stackServer(street, { offload: false });
      const capture = await Capture.start(street);
      expect(await kernelIdles(street, IDLE)).toEqual(["still here", "still here"]);
      const { counters, packets } = await remains(server);
      expect(packets).toBe(0);
      const file = await capture.stop();
      const probes = (await fields(file, "tcp.analysis.keep_alive", "ip.src")).flat();
      for (const side of [ROUTER, STACK]) {
        expect(probes.filter((from) => from === side).length, side).toBeGreaterThan(IDLE / 4);
      }
      expect(counters["tcp"]!["keepAliveProbesSent"]).toBeGreaterThan(IDLE / 4);
      expect(await judge(file, { expected: [/^TCP keep-alive segment|^ACK to a TCP keep-alive/i] })).toEqual(
        [],
      );
    }),
  IDLE * 1000 + 60_000,
);

test("a peer that has gone is found out by the stack's probes", (context) =>
  onStreet(context, { programs: ["python3"] }, async (street) => {
    const server = await stackServer(street);
    street.start(street.kernel, [
      "bash",
      "-c",
      `exec 3<>/dev/tcp/${STACK}/7000; echo "echo 0" >&3; read -t 60`,
    ]);
    await pause(500);
    await street.kernel.run("ip addr add 10.9.7.1/32 dev lo; ip addr del 10.9.0.1/24 dev nw0"); // nobody answers any more
    await server.says("failed: ", 20);
    expect(server.out).toContain("ETIMEDOUT");
    await remains(server);
  }));
