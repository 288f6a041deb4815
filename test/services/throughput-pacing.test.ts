/** How a sender whose rate is limited makes up for a time without turns. */
import { expect, test } from "vitest";
import type { SocketCore } from "../../src/index.ts";
import { Budget } from "../../src/services/iperf3/flow.ts";
import { UdpSender } from "../../src/services/iperf3/udp-flow.ts";
import { realHost } from "../support/world.ts";

test("who is behind catches up in steps of 3 ms of its rate, 1 ms apart", async () => {
  const host = realHost();
  const core = host.datagram();
  core.connect({ address: "127.0.0.1", port: 9 });
  const block = new Uint8Array(1448);
  const sender = new UdpSender(host, core, 1, new Budget(0, 0), block, 50e6, false);
  const sentAt: number[] = [];
  const send = core.send.bind(core);
  core.send = (...values: Parameters<SocketCore["send"]>) => {
    sentAt.push(host.clock.now);
    return send(...values);
  };
  sender.begin();
  sender["turn"]();
  const end = performance.now() + 60; // nobody else gets a turn
  while (performance.now() < end);
  while (sender.count.packets < 300) await new Promise((resolve) => setTimeout(resolve, 5));
  sender.close();
  const most = Math.max(...sentAt.map((from) => sentAt.filter((at) => at >= from && at < from + 900).length));
  expect(most).toBeGreaterThan(8); // 4 or 5 a millisecond: there was something to make up for
  expect(most).toBeLessThan(42); // of the 258 that were due; three steps, where the machine made one of them long
  host.close();
});
