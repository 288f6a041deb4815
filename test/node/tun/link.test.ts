/**
 * The stack against the kernel of this machine, over TUN, in network namespaces that end with the processes in them: each test
 * runs program.ts. Where that is not allowed the tests are skipped, and say why.
 */
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, type TestContext, test } from "vitest";

const PROGRAM = fileURLToPath(new URL("program.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** As root, or as anybody where the kernel lets anybody have namespaces. */
const WAYS: readonly (readonly string[])[] = [["-n"], ["-Urn"]];

interface Report {
  result: Record<string, unknown>;
  features: { checksum: boolean; segmentation: boolean };
  counters: Record<string, number>;
  mtu: number;
  gone: boolean;
  heard: string[];
  packets: number;
  afterClose: number;
  checksums: number;
}

/** Runs program.ts in a namespace; what it reports. */
async function inNamespace(context: TestContext, mode: string, options: object = {}): Promise<Report> {
  const way = WAYS.find((flags) => spawnSync("unshare", [...flags, "true"]).status === 0);
  const skip = (why: string): never => {
    console.log(`skipped: ${why}`);
    return context.skip(why);
  };
  if (way === undefined) return skip("no network namespace can be made here with unshare");
  for (const command of ["ip", "python3"]) {
    if (spawnSync(command, ["-V"]).error !== undefined) return skip(`${command} is not installed`);
  }
  const args = [...way, process.execPath, "--import", "tsx", PROGRAM, mode, JSON.stringify(options)];
  const { code, text } = await new Promise<{ code: number | null; text: string }>((resolve) => {
    const child = spawn("unshare", args, {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 50_000,
    });
    let text = "";
    child.stdout.on("data", (data) => {
      text += data;
    });
    child.on("close", (code) => resolve({ code, text }));
  });
  expect(code).toBe(0);
  const report = JSON.parse(text.trim().split("\n").at(-1)!) as Report & { refused?: string };
  if (report.refused !== undefined) return skip(report.refused);
  expect(report).toMatchObject({ gone: true, packets: 0, checksums: 0 });
  expect(report.counters).toMatchObject({ badHeader: 0, noReceiver: 0 });
  expect(report.afterClose).toBeLessThan(500); // milliseconds until the process had nothing left to do
  return report;
}

const SIZES = [0, 1, 8, 56, 1000, 1472, 1473, 3000, 9000, 20_000, 40_000, 65_000, 65_507];

const KINDS: [string, object][] = [
  ["with offload", {}],
  ["without the header", { offload: false }],
  ["woken by a process", { waker: "select" }],
];

describe.each(KINDS)("the kernel as the peer, %s", (_, options) => {
  test("pings the stack, with and without fragments", async (context) => {
    const { result } = await inNamespace(context, "ping", options);
    expect(result["answered"]).toEqual(SIZES);
  });

  test("exchanges datagrams of every size", async (context) => {
    const { result } = await inNamespace(context, "udp", options);
    expect(result["same"]).toEqual(SIZES.slice(1));
  });

  test("gets 10 MB of TCP back, byte by byte", async (context) => {
    const { result } = await inNamespace(context, "tcp-server", options);
    expect(result).toEqual({ same: true, bytes: 10_000_000 });
  });

  test("gives 10 MB of TCP back, byte by byte", async (context) => {
    const { result } = await inNamespace(context, "tcp-client", options);
    expect(result).toEqual({ same: true, bytes: 10_000_000, kernel: { bytes: 10_000_000 } });
  });

  test("deletes the device: the link ends and says so", async (context) => {
    const { result, heard } = await inNamespace(context, "deleted", options);
    expect(result).toEqual({ code: "EBADFD", syscall: "read", closed: true, notSent: 1 });
    expect(heard).toEqual(["nw0 has been deleted: close the link and open a new one"]);
  });

  test("ends the process: it goes, and the device with it", async (context) => {
    const { result } = await inNamespace(context, "terminated", options);
    expect(result).toMatchObject({ there: true, killedBy: "SIGTERM", gone: true });
    expect(result["millis"]).toBeLessThan(1000);
  });

  test("interrupts a process that closes its host: it ends by itself", async (context) => {
    const { result } = await inNamespace(context, "interrupted", options);
    expect(result).toMatchObject({ there: true, code: 0, gone: true });
    expect(result["millis"]).toBeLessThan(1000);
  });
});

describe("a TUN link", () => {
  test("has the kernel make checksums and hand over long segments", async (context) => {
    const { features, counters } = await inNamespace(context, "tcp-server");
    if (!features.segmentation) context.skip("this kernel has no segmentation offload for TUN");
    expect(features).toMatchObject({ checksum: true, segmentation: true });
    expect(counters["receivedBytes"]! / counters["receivedPackets"]!).toBeGreaterThan(2000);
  });

  test("without offload carries packets of its MTU", async (context) => {
    const { features, mtu, counters } = await inNamespace(context, "tcp-server", {
      offload: false,
      mtu: 9000,
    });
    expect({ features, mtu }).toEqual({
      features: { checksum: false, marksTrusted: false, segmentation: false },
      mtu: 9000,
    });
    expect(counters["receivedPackets"]).toBeGreaterThan(1000);
  });

  test("cuts what the kernel hands over of UDP into the datagrams that were sent", async (context) => {
    const { result } = await inNamespace(context, "udp-segments");
    expect(result).toEqual({ sizes: [1200, 1200, 1200, 1200, 200], same: true });
  });

  test("counts what it cannot send while the interface is down, says so once, and works when it is up again", async (context) => {
    const { result, heard } = await inNamespace(context, "down-and-up");
    expect(result).toMatchObject({ before: { answered: [56] }, interfaceDown: 3, after: { answered: [56] } });
    expect(heard).toEqual(["the interface is down: `ip link set nw0 up`"]);
  });

  test("refuses a name that another has", async (context) => {
    const { result } = await inNamespace(context, "taken");
    expect(result).toEqual({
      code: "EBUSY",
      message: "nw0 is already attached by another process: end it or choose another name",
    });
  });

  test("may outlive its user, and the next one sets its own offloads", async (context) => {
    const { result } = await inNamespace(context, "persistent");
    expect(result).toEqual({
      stayed: true,
      stayedAgain: true,
      plain: false,
      segmentation: true,
      route: true,
      gone: true,
    });
  });

  test("is opened by python3 where there is no perl", async (context) => {
    const { result } = await inNamespace(context, "python");
    expect(result).toEqual({ name: "nw6" });
  });
});
