/** UDP as fast as it goes, faster than who receives can: what does not arrive has been counted, by the stack or by the kernel, where it was lost. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { TunCounters } from "../../src/node/index.ts";
import type { UdpCounters } from "../../src/udp/counters.ts";
import { remains } from "./support/bulk.ts";
import { onStreet } from "./support/places.ts";
import { NODE } from "./support/stack.ts";
import { STACK, type Street } from "./support/street.ts";

const DATAGRAMS = ["python3", "-B", fileURLToPath(new URL("support/datagrams.py", import.meta.url))];
const PROGRAM = [...NODE, fileURLToPath(new URL("support/program.ts", import.meta.url))];
const PORT = 7000;
const COUNT = 30_000;
const SIZE = 1000;

const OFFLOAD: [string, object][] = [
  ["with offload", {}],
  ["without offload", { offload: false }],
];

/** What the kernel has counted of nw0, of IP and of UDP. */
interface KernelCounts {
  rx: { packets: number; dropped: number };
  tx: { packets: number; dropped: number };
  received: number;
  overflown: number;
}

/** Nobody but the test sends: the kernel asks for IPv6 routers by itself. */
const prepare = async ({ near }: Street) => {
  await near.run("sysctl -qw net.ipv6.conf.default.disable_ipv6=1", { mayFail: true });
};

async function kernelCounts({ kernel }: Street): Promise<KernelCounts> {
  const [{ stats64 }] = JSON.parse(await kernel.output("ip -j -s -s link show nw0"));
  const snmp = (name: string) => kernel.output(`nstat -asz ${name} | awk '/^[IU]/{print $2}'`);
  const [received, overflown] = [await snmp("IpInReceives"), await snmp("UdpRcvbufErrors")];
  return { ...stats64, received: Number(received), overflown: Number(overflown) };
}

/** The kernel's counts when they change no more. */
async function settledCounts(street: Street): Promise<KernelCounts> {
  for (let last = ""; ; ) {
    const counts = await kernelCounts(street);
    if (JSON.stringify(counts) === last) return counts;
    last = JSON.stringify(counts);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

function startProgram(street: Street, options: object) {
  return street.start(street.near, [...PROGRAM, "datagrams", JSON.stringify(options)]);
}

describe.each(OFFLOAD)("of a flood of datagrams, %s", (_, link) => {
  test("from the stack none is lost that nobody has counted", (context) =>
    onStreet(context, { prepare }, async (street) => {
      const program = startProgram(street, { link, count: COUNT, size: SIZE, address: "10.9.0.1" });
      await program.says("ready");
      const receiver = street.start(street.kernel, [...DATAGRAMS, "receive", String(PORT)]);
      await receiver.says("receiving");
      program.child.stdin?.end("send\n");
      await program.says("sent");
      const { rx, received, overflown } = await settledCounts(street);
      const taken = Number((await receiver.stop()).out.trim().split("\n").at(-1));
      const left = await remains(program);
      const { sentPackets, queueFull } = left.link as unknown as TunCounters;
      expect(left.counters["udp"]).toMatchObject({ sent: COUNT, sendFailed: 0 });
      expect(sentPackets + queueFull).toBe(COUNT);
      expect(rx.packets).toBe(sentPackets);
      expect(received + rx.dropped).toBe(rx.packets);
      expect(taken + overflown).toBe(received);
      expect(taken).toBeGreaterThan(0);
    }));

  test("to the stack none is lost that nobody has counted", (context) =>
    onStreet(context, { prepare }, async (street) => {
      const program = startProgram(street, { link });
      await program.says("ready");
      program.child.stdin?.end(); // it is asked for nothing
      const sent = Number(
        await street.kernel.output([...DATAGRAMS, "send", STACK, PORT, COUNT, SIZE].join(" ")),
      );
      const { tx } = await settledCounts(street);
      const left = await remains(program);
      const { received, delivered, receiveQueueFull } = left.counters["udp"] as unknown as UdpCounters;
      expect(tx.packets + tx.dropped).toBe(sent);
      expect(left.link).toMatchObject({ receivedPackets: tx.packets });
      expect(received).toBe(tx.packets);
      expect(delivered + receiveQueueFull).toBe(tx.packets);
      expect(left.taken).toBe(delivered);
      expect(delivered).toBeGreaterThan(0);
    }));
});
