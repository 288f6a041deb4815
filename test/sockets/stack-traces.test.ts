import { describe, expect, it } from "vitest";
import { AF_INET, type Host, SOCK_DGRAM, SOCK_STREAM } from "../../src/index.ts";
import { pair } from "../support/world.ts";

async function stackOf(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
  } catch (error) {
    return (error as Error).stack!;
  }
  throw new Error("the call did not fail");
}

async function dialPythonsWay(host: Host): Promise<void> {
  await using socket = host.socket();
  await socket.connect({ address: "b", port: 81 });
}

async function dialThroughPosix(host: Host): Promise<void> {
  const { close, connect, socket } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM);
  try {
    await connect(fd, { address: "10.0.0.2", port: 82 });
  } finally {
    await close(fd);
  }
}

async function hearNothing(host: Host): Promise<void> {
  await using socket = host.socket(AF_INET, SOCK_DGRAM);
  socket.settimeout(5);
  await socket.recv(1);
}

describe("the stack trace of a call that has waited", () => {
  it("leads to the line that made the call", async () => {
    const { net, a } = pair({ latency: 5 });
    await net.run(async () => {
      for (const program of [dialPythonsWay, dialThroughPosix, hearNothing]) {
        const stack = await stackOf(() => program(a));
        expect(stack).toMatch(new RegExp(`at (async )?${program.name} .*stack-traces\\.test\\.ts`));
        expect(stack).not.toContain("tcb.ts");
      }
    });
  });

  it("comes to a rejection that nobody has missed in the meantime", async () => {
    const { net, a } = pair({ latency: 5 });
    const outcomes = await net.run(async () => {
      const programs = [dialPythonsWay(a), dialThroughPosix(a), hearNothing(a)];
      return Promise.allSettled(programs);
    });
    expect(outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason.code)).toEqual([
      "ECONNREFUSED",
      "ECONNREFUSED",
      "ETIMEDOUT",
    ]);
  });
});
