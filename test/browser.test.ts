/** The core runs where there is nothing but a browser's globals: bundled, and in a realm that has nothing else. */
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { expect, test } from "vitest";

/** What every browser has, and nothing of Node's. */
const BROWSER = {
  TextEncoder,
  TextDecoder,
  ReadableStream,
  WritableStream,
  MessageChannel,
  crypto,
  performance,
  queueMicrotask,
  setTimeout,
  clearTimeout,
};

/** Moves 100 kB over a lossy wire, and a word over the loopback of a host on the real clock. */
const PROGRAM = `(async () => {
  const { AF_INET, Host, Network, SOCK_STREAM } = netwright;
  async function move(server, client, address, bytes, run) {
    const listener = server.socket(AF_INET, SOCK_STREAM);
    listener.bind({ address: "", port: 80 });
    listener.listen(1);
    async function serve() {
      const [connection] = await listener.accept();
      let sum = 0;
      for await (const chunk of connection.chunks()) for (const byte of chunk) sum += byte;
      await connection.close();
      await listener.close();
      return sum;
    }
    const [sum] = await run(async () => {
      const socket = client.socket(AF_INET, SOCK_STREAM);
      const served = serve();
      await socket.connect({ address, port: 80 });
      await socket.sendall(bytes);
      await socket.close();
      return Promise.all([served]);
    });
    return sum;
  }
  const net = new Network({ seed: 3 });
  const [a, b] = [net.host("a"), net.host("b")];
  net.link(a, b, { latency: 20, loss: 0.02 });
  const virtual = await move(b, a, "b", new Uint8Array(100_000).fill(2), (program) => net.run(program));
  const host = new Host();
  const real = await move(host, host, "127.0.0.1", "AA", (program) => program());
  host.close();
  return JSON.stringify({ virtual, real, hash: net.hash() });
})()`;

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: "browser",
    format: "iife",
    globalName: "netwright",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]!.text;
}

test("the core bundles for a browser and runs on nothing else", async () => {
  const context = createContext({ ...BROWSER });
  runInContext(await bundle("src/index.ts"), context);
  expect(runInContext("typeof process + typeof Buffer + typeof setImmediate + typeof require", context)).toBe(
    "undefined".repeat(4),
  );
  const { virtual, real, hash } = JSON.parse(await runInContext(PROGRAM, context));
  expect(virtual).toBe(200_000);
  expect(real).toBe(130);
  expect(hash).toMatch(/^[0-9a-f]{16}$/);
});

test("netwright/trace bundles for a browser too", async () => {
  expect(await bundle("src/trace/index.ts")).toContain("ladder");
});

test("what needs Node does not bundle", async () => {
  await expect(bundle("src/node/index.ts")).rejects.toThrow(/node:/);
});
