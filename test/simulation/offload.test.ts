/** Hosts whose devices cut and join segments, over wires that lose some of the pieces. transfer.test.ts has them too, at random. */
import { describe, expect, it } from "vitest";
import type { Host, Network, SocketCore, WireOptions } from "../../src/index.ts";
import { cutsOnSending, joinsOnReceiving, type Offloaded } from "../support/offload.ts";
import { checkInvariants } from "../support/tcb-invariants.ts";
import { network, pattern } from "../support/world.ts";

const SIZE = 1_000_000;

interface Outcome {
  /** Virtual time until all had come, ms. */
  millis: number;
  retransmissions: number;
  lost: number;
  cut: Offloaded | undefined;
  joined: Offloaded | undefined;
}

/** `a` sends to `b`, which reads at once; every byte is looked at. */
async function transfer(net: Network, a: Host, b: Host): Promise<number> {
  const data = pattern(SIZE);
  const into = new Uint8Array(100_000);
  let sent = 0;
  let received = 0;
  let ended = false;
  const listener = b.stream();
  listener.bind({ address: "", port: 80 });
  listener.listen(1);
  let server: SocketCore | undefined;
  const read = () => {
    for (let count = server!.receive(into); count >= 0; count = server!.receive(into)) {
      if (count === 0) {
        ended = true;
        return;
      }
      expect(Buffer.compare(into.subarray(0, count), data.subarray(received, received + count))).toBe(0);
      received += count;
    }
  };
  listener.onReadiness = () => {
    const accepted = listener.accept();
    if (typeof accepted === "number") return;
    server = accepted;
    server.onReadiness = read;
  };
  const client = a.stream();
  client.onReadiness = () => {
    while (sent < SIZE) {
      const taken = client.send(data.subarray(sent, sent + 65_536));
      if (taken <= 0) return;
      sent += taken;
      if (sent === SIZE) client.shutdown(1);
    }
  };
  client.connect({ address: "10.0.0.2", port: 80 });
  for (let step = 0; step < 100_000 && !ended; step++) {
    await net.advance(10);
    checkInvariants(a);
    checkInvariants(b);
  }
  expect(received).toBe(SIZE);
  const { now } = net;
  for (const socket of [client, server, listener]) socket?.close();
  await net.idle();
  return now;
}

async function outcome(seed: number, options: WireOptions, cuts: boolean, joins: boolean): Promise<Outcome> {
  const net = network({ seed });
  const [a, b] = [net.host("a"), net.host("b")];
  const wire = net.link(a, b, { latency: 10, bandwidth: 5e7, checksum: true, ...options });
  const cut = cuts ? cutsOnSending(a) : undefined;
  const joined = joins ? joinsOnReceiving(b) : undefined;
  const millis = await transfer(net, a, b);
  return {
    millis,
    retransmissions: a.tcp.counters.retransmissions,
    lost: wire.counters.a.dropped.loss,
    cut,
    joined,
  };
}

const WIRES: readonly [string, WireOptions][] = [
  ["a clean wire", {}],
  ["losses", { a: { loss: 0.02 } }],
  ["losses both ways and reordering", { loss: 0.01, reorder: 0.02, jitter: 1 }],
  ["duplicates and bad bytes", { duplicate: 0.02, corrupt: 0.005 }],
  ["a short queue", { queue: 15 }],
];

describe("segments that devices cut and join", () => {
  it.each(WIRES)("over %s: all arrive as sent, recovery does as well as without", async (_, options) => {
    const sum = { plain: 0, offloaded: 0 };
    for (const seed of [1, 2, 3]) {
      const plain = await outcome(seed, options, false, false);
      const offloaded = await outcome(seed, options, true, true);
      expect(offloaded.cut!.longest).toBeGreaterThanOrEqual(10);
      expect(offloaded.retransmissions === 0).toBe(plain.retransmissions === 0);
      sum.plain += plain.millis;
      sum.offloaded += offloaded.millis;
    }
    expect(sum.offloaded).toBeLessThan(1.3 * sum.plain);
  });

  it("loss by loss: what is sent again is what was lost, segment by segment", async () => {
    for (const seed of [1, 2, 3]) {
      const { lost, retransmissions, cut } = await outcome(seed, { a: { loss: 0.01 } }, true, false);
      expect(lost).toBeGreaterThan(3);
      expect(retransmissions).toBeGreaterThanOrEqual(lost);
      expect(retransmissions).toBeLessThan(2 * lost); // and not the packets of up to 44 segments that they went in
      expect(cut!.runs).toBeGreaterThan(10);
    }
  });

  it("cutting alone changes nothing on the wire", async () => {
    for (const options of [{}, { a: { loss: 0.01 } }]) {
      const [plain, cut] = [await outcome(7, options, false, false), await outcome(7, options, true, false)];
      expect([cut.millis, cut.retransmissions, cut.lost]).toEqual([
        plain.millis,
        plain.retransmissions,
        plain.lost,
      ]);
    }
  });

  it("what arrives in one instant is handed up joined", async () => {
    const { joined } = await outcome(1, { bandwidth: Number.POSITIVE_INFINITY }, false, true);
    expect(joined!.longest).toBeGreaterThan(10);
  });
});
