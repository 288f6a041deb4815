/** The stack and the kernel on one Ethernet, a TAP device: who is where, and whose address is whose. More is in test/interop. */
import { describe, expect, test } from "vitest";
import { inNamespace } from "./in-namespace.ts";

describe("on one Ethernet with the kernel", () => {
  test("an address is probed for three times before it is used, then announced twice (RFC 5227)", async (context) => {
    const { messages, state } = (await inNamespace(context, "probing")) as {
      messages: [string, number][];
      state: string;
    };
    const [probe, announcement] = ["1 0.0.0.0 10.9.0.2", "1 10.9.0.2 10.9.0.2"];
    expect(messages.map(([text]) => text)).toEqual([probe, probe, probe, announcement, announcement]);
    const [first, second, third, fourth, fifth] = messages.map(([, seconds]) => seconds) as number[];
    for (const gap of [second! - first!, third! - second!]) {
      expect(gap).toBeGreaterThan(0.9);
      expect(gap).toBeLessThan(2.3);
    }
    expect(fourth! - third!).toBeCloseTo(2, 0);
    expect(fifth! - fourth!).toBeCloseTo(2, 0);
    expect(state).toBe("held");
  });

  test("an address that the kernel has is not used", async (context) => {
    expect(await inNamespace(context, "taken")).toEqual({
      state: "lost",
      conflicts: 1,
      noAddress: 1,
      framesSent: 0,
    });
  });

  test("an address that another takes is defended, once in ten seconds; who probes for it is answered", async (context) => {
    const announcement = "1 10.9.0.2 10.9.0.2";
    expect(await inNamespace(context, "defence")).toEqual({
      first: [announcement],
      second: [],
      probe: ["2 10.9.0.2 0.0.0.0"],
      conflicts: 2,
      state: "held",
    });
  });

  test("who does not answer three questions is unreachable", async (context) => {
    expect(await inNamespace(context, "unreachable")).toEqual({
      code: "EHOSTUNREACH",
      seconds: 3,
      solicitationsSent: 3,
      failed: 1,
    });
  });

  test("what is for a kernel that does not answer yet waits, and arrives in order", async (context) => {
    const arrived = [0, 1, 2, 3, 4].map((number) => `number ${number}`);
    expect(await inNamespace(context, "queueing")).toEqual({
      before: ["INCOMPLETE"],
      arrived,
      after: ["REACHABLE"],
    });
  });

  test("a packet socket asks the kernel where it is", async (context) => {
    expect(await inNamespace(context, "arp-by-hand")).toMatchObject({
      operation: 2,
      sameSource: true,
      told: true,
    });
  });
});
