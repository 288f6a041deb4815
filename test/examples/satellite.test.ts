/** The example that needs a kernel, in a network namespace that ends with it. Where there can be none the tests are skipped, and say why. */
import { spawn } from "node:child_process";
import { expect, type TestContext, test } from "vitest";
import { namespaceWay, needPrograms, typescript } from "../support/namespace.ts";
import { ROOT } from "./run.ts";

interface Ended {
  readonly code: number | null;
  readonly text: string;
  readonly millisAfterSignal: number;
}

/** Runs the example with `args`; sends SIGINT to it when it has said `until`. */
async function satellite(context: TestContext, args: string[], until?: string): Promise<Ended> {
  const way = namespaceWay(context, true);
  needPrograms(context, "ip", "curl");
  const command = [...way, ...typescript("examples/satellite.ts", ...args)];
  const child = spawn("unshare", command, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], timeout: 50_000 });
  let text = "";
  let signalledAt = 0;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (said: string) => {
      text += said;
      if (until === undefined || signalledAt > 0 || !text.includes(until)) return;
      signalledAt = performance.now();
      child.kill("SIGINT"); // unshare has become the program
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, text, millisAfterSignal: performance.now() - signalledAt };
}

test("curl gets a page through a simulated satellite, and has to wait for it", async (context) => {
  const { code, text } = await satellite(context, ["--demo", "--size", "50000"]);
  const match =
    /^curl says 200: 50000 bytes in ([\d.]+) s\nthe satellite has lost \d+ of \d+ packets from the server\n$/.exec(
      text,
    );
  expect(match, text).not.toBeNull();
  expect(code).toBe(0);
  expect(Number(match?.[1])).toBeGreaterThan(4 * 0.54); // the handshake, the request, and 50 kB from a window of 14 on
});

test("it can be told to be quick", async (context) => {
  const { text } = await satellite(context, ["--demo", "--latency", "5", "--loss", "0", "--size", "1000"]);
  const [, seconds] =
    /^curl says 200: 1000 bytes in ([\d.]+) s\nthe satellite has lost 0 of \d+ packets/.exec(text) ?? [];
  expect(Number(seconds), text).toBeLessThan(1); // one way there would be 0.27, and curl has to go there and back twice
});

test("without --demo it says what to type, and ends when it is interrupted", async (context) => {
  const { code, text, millisAfterSignal } = await satellite(context, [], "traceroute 10.20.0.1\n");
  expect(text).toBe("type: curl -v http://10.20.0.1/    or: ping 10.20.0.1    or: traceroute 10.20.0.1\n");
  expect(code).toBe(0);
  expect(millisAfterSignal).toBeLessThan(2000);
});
