/** nmap looks at the stack and hping3 pelts it; afterwards it serves as before. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { IS_LONG } from "./support/bulk.ts";
import { pause } from "./support/namespace.ts";
import { type Place, usePlace } from "./support/places.ts";
import { STACK } from "./support/street.ts";

/** Packets of one flood. */
const COUNT = 10_000;

/** Connections that a listener keeps half open at most; the rest get SYN cookies, or nothing. */
const BACKLOG = 1024;

/** Bytes that the process may have grown by: what the garbage of a flood leaves in the heap, and no state of each packet. */
const GROWTH = 150e6;

function serve(folder: string): string[] {
  const root = join(folder, "www");
  mkdirSync(root);
  writeFileSync(join(root, "note.txt"), "hello\n");
  return ["--serve", root, "--echo", "7", "--discard", "9", "--chargen", "19"];
}

/** What the process holds, bytes. */
async function residentBytes({ street, stack }: Place): Promise<number> {
  return Number(await street.near.output(`awk '/VmRSS/{print $2}' /proc/${stack.running.pid}/status`)) * 1024;
}

async function expectService({ street, stack }: Place): Promise<void> {
  const note = await street.kernel.output(`curl -sS --fail --max-time 5 http://${STACK}/note.txt`);
  expect(note).toBe("hello");
  await street.kernel.run(`ping -n -q -c 1 -W 2 ${STACK}`);
  expect(stack.running.err).toBe("");
}

/** "80/open/tcp/http" for each port, of nmap's greppable output. */
function ports(output: string): string[] {
  const line = output.split("\n").find((text) => text.includes("Ports: ")) ?? "";
  const list = line.replace(/^.*Ports: /, "").split("\t")[0] ?? "";
  return list.split(", ").map((port) => port.split("/").slice(0, 3).join("/"));
}

const FLOODS: [string, string][] = [
  ["SYN", "-S -p 80"],
  ["SYN from everywhere", "-S -p 80 --rand-source"],
  ["SYN to every port", "-S -p ++1"],
  ["SYN with data", "-S -p 80 -d 500"],
  ["ACK", "-A -p 80"],
  ["RST", "-R -p 80"],
  ["FIN", "-F -p 80"],
  ["no flags", "-p 80"],
  ["xmas", "-F -S -R -P -A -U -X -Y -p 80"],
  ["SYN with a wrong checksum", "-S -p 80 -b"],
  ["UDP with a wrong checksum", "-2 -p 7 -d 100 -b"],
  ["UDP to a service", "-2 -p 9 -d 1000"],
  ["UDP that answers itself", `-2 -p 7 -s 7 -k -d 100 -a ${STACK}`],
  ["UDP to nobody", "-2 -p 5000 -d 100"],
  ["land: from itself", `-S -p 80 -s 80 -k -a ${STACK}`],
  ["ICMP echo", "-1 -d 500"],
  ["ICMP time stamps", "-1 -C 13"],
  ["ICMP unreachable", "-1 -C 3 -K 3"],
  ["ICMP redirects", "-1 -C 5 -K 1"],
  ["a protocol that there is not", "-0 -H 253 -d 100"],
  ["TCP in tiny fragments", "-S -p 80 -d 300 -f"],
  ["ICMP in fragments", "-1 -d 4000 -f -m 1000"],
  ["first fragments only", "-2 -p 9 -d 600 -x"],
  ["last fragments only", "-2 -p 9 -d 600 -g 1200"],
  ["record route", "-1 -G"],
];

describe.each([
  ["with offload", []],
  ["without offload", ["--no-offload"]],
])("%s", (_, link) => {
  const at = usePlace({ tun: (folder) => [...serve(folder), ...link], programs: ["curl", "ping"] });

  test("nmap -sS finds the ports that are open, and the others closed", async (context) => {
    const place = at(context, "nmap");
    const out = await place.street.kernel.output(`nmap -n -Pn -sS -T4 -p 1-1000 -oG - ${STACK}`);
    expect(ports(out)).toEqual(["7/open/tcp", "9/open/tcp", "19/open/tcp", "80/open/tcp"]);
    expect(out).toContain("Ignored State: closed (996)");
    await expectService(place);
  });

  test("nmap -sU finds what answers, and what nobody has", async (context) => {
    const place = at(context, "nmap");
    const out = await place.street.kernel.output(`nmap -n -Pn -sU -T4 -p 7,9,19,53,80,161 -oG - ${STACK}`);
    expect(ports(out)).toEqual([
      "7/open/udp",
      "9/open|filtered/udp",
      "19/open/udp",
      "53/closed/udp",
      "80/closed/udp",
      "161/closed/udp",
    ]);
    await expectService(place);
  });

  test("nmap -sV tells the services", async (context) => {
    const place = at(context, "nmap");
    const out = await place.street.kernel.output(`nmap -n -Pn -sV -T4 -p 7,80,81 ${STACK}`, { seconds: 110 });
    expect(out).toMatch(/^7\/tcp +open +echo/m);
    expect(out).toMatch(/^80\/tcp +open +http/m);
    expect(out).toMatch(/^81\/tcp +closed/m);
    await expectService(place);
  });

  test("nmap -O gets an answer to each of its questions that Linux answers", async (context) => {
    const place = at(context, "nmap");
    const out = await place.street.kernel.output(`nmap -n -Pn -O -d -T4 -p 80,81 ${STACK}`, { seconds: 60 });
    const print = out.replaceAll("\nOS:", "");
    // sequence numbers that nobody guesses: the spread of the differences is wide, and they have no divisor to speak of
    expect(print).toMatch(/SEQ\(SP=(F[0-9A-F]|1[0-9A-F]{2})%GCD=[1-6]%/);
    expect(print).toContain("T1(R=Y%DF=Y%T=40%S=O%A=S+%F=AS%RD=0");
    expect(print).toContain("T2(R=N)");
    expect(print).toContain("T5(R=Y%DF=Y%T=40%W=0%S=Z%A=S+%F=AR%O=%RD=0");
    expect(print).toContain("IPL=164%UN=0%RIPL=G%RID=G%RIPCK=G%RUCK=G%RUD=G");
    expect(print).toMatch(/IE\(R=Y%DFI=N/);
    await expectService(place);
  });

  test.for(FLOODS)("hping3: %s", async ([, options], context) => {
    const place = at(context, "hping3");
    const before = await residentBytes(place);
    // it ends with 1 where nobody has answered
    await place.street.kernel.run(`hping3 -n -q -i u1 -c ${COUNT} ${options} ${STACK}`, { mayFail: true });
    await expectService(place);
    expect((await residentBytes(place)) - before).toBeLessThan(GROWTH);
  });

  test("afterwards nothing is left but some that never came back, and in a minute not they either", async (context) => {
    const { stack } = at(context);
    await pause(IS_LONG ? 70_000 : 1000);
    const connections = await stack.connections();
    const embryonic = connections.filter((line) => line.includes("SYN-RECEIVED"));
    expect(connections).toEqual(embryonic);
    expect(embryonic.length).toBeLessThanOrEqual(IS_LONG ? 0 : BACKLOG);
  });
});
