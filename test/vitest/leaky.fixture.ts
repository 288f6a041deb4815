/** Run by leaks.test.ts with a configuration of its own: two tests that leave something behind, and one that does not. */
import { test } from "vitest";
import { packetPool } from "../../src/index.ts";
import { network } from "../../src/vitest/index.ts";

test("tidy", async () => {
  const net = network({ seed: 1 });
  const [a, b] = [net.host("a"), net.host("b")];
  net.link(a, b, { latency: 5 });
  const listener = b.socket();
  listener.bind({ address: "", port: 80 });
  listener.listen(1);
  await net.run(async () => {
    const client = a.socket();
    await Promise.all([
      client.connect({ address: "b", port: 80 }),
      listener.accept().then(([c]) => c.close()),
    ]);
    await client.close();
  });
  await listener.close();
});

test("leaves a socket", () => {
  const net = network();
  net.host("a").socket();
});

test("leaves a packet", () => {
  packetPool.allocate(10);
});
