/**
 * The stack against the kernel of this machine, over TUN, in network namespaces that end with the processes in them: each test
 * runs program.ts. Where that is not allowed the tests are skipped, and say why.
 */
import { describe, expect, test } from "vitest";
import { inNamespace, useProgram } from "./namespace.ts";

useProgram();

const SIZES = [0, 1, 8, 56, 1000, 1472, 1473, 3000, 9000, 20_000, 40_000, 65_000, 65_507];

const KINDS: [string, object][] = [
  ["with offload", {}],
  ["without the header", { offload: false }],
  ["woken by a process", { waker: "select" }],
];

interface Flood {
  sent: number;
  longest: number;
  mostAtOnce: number;
  taken: number;
  udp: Record<string, number>;
}

describe.concurrent.each(KINDS)("the kernel as the peer, %s", (_, options) => {
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
    expect(result["millis"]).toBeLessThan(3000);
  });

  test("kills the process: the device goes all the same", async (context) => {
    const { result } = await inNamespace(context, "killed", options);
    expect(result).toMatchObject({ there: true, killedBy: "SIGKILL", gone: true });
  });

  test("sends on when its device has been down in the midst of a transfer", async (context) => {
    const { result } = await inNamespace(context, "down-within", options);
    expect(result).toEqual({ same: true, bytes: 10_000_000, wasInterrupted: true });
  });

  test("floods the stack: each packet is accounted for, and timers come in time", async (context) => {
    const { result, counters } = await inNamespace(context, "flooded", options);
    const { sent, longest, mostAtOnce, taken, udp } = result as unknown as Flood;
    const { receivedPackets, notIpv4 } = counters as Record<string, number>;
    expect(sent).toBeGreaterThan(2000);
    expect(taken).toBe(receivedPackets); // of what the kernel has handed over nothing is missing
    const { received, delivered, receiveQueueFull } = udp;
    expect(received).toBe(receivedPackets! - notIpv4!);
    expect(delivered! + receiveQueueFull!).toBe(received);
    expect(mostAtOnce).toBeGreaterThan(1);
    expect(mostAtOnce).toBeLessThanOrEqual(65); // then others have their turn
    expect(longest).toBeLessThan(700); // milliseconds between two ticks that ought to be 5
  });

  test("interrupts a process that closes its host: it ends by itself", async (context) => {
    const { result } = await inNamespace(context, "interrupted", options);
    expect(result).toMatchObject({ there: true, code: 0, gone: true });
    expect(result["millis"]).toBeLessThan(3000);
  });
});

describe.concurrent("a TUN link", () => {
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

  test("sets the size of its header anew where whoever was there before had another", async (context) => {
    const { result } = await inNamespace(context, "as-left");
    const good = { same: true, bytes: 1_000_000 };
    expect(result).toEqual({ errno: 0, results: [good, good] });
  });

  test("needs no waiting process where Node's own handle is to be had", async (context) => {
    const { result } = await inNamespace(context, "waiter");
    expect(result).toMatchObject({ waits: false, answered: [56] });
  });

  test("has a process wait for packets where that is asked for", async (context) => {
    const { result } = await inNamespace(context, "waiter", { waker: "select" });
    expect(result).toMatchObject({ waits: true, answered: [56] });
  });

  test("has a process wait for packets where Node's own handle is not where it was", async (context) => {
    const { result } = await inNamespace(context, "without-handle");
    expect(result).toMatchObject({ waits: true, answered: [56] });
  });

  test("has a process wait for packets in a worker thread, where descriptors are the thread's", async (context) => {
    const { result } = await inNamespace(context, "in-worker");
    expect(result).toMatchObject({ waits: true, answered: [56] });
  });

  test("is opened by python3 where there is no perl", async (context) => {
    const { result } = await inNamespace(context, "python");
    expect(result).toEqual({ name: "nw6" });
  });
});
