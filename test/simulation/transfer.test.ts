/**
 * Random worlds from seeds: topology, impairments, TCP features and what the programs do. The oracles: every byte that
 * is delivered is the right one; all of them arrive, and both ends hear the end of the stream; the invariants of every
 * TCB hold after every instant; in the end nothing is left.
 */
import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.ts";
import type { Host, Network, SocketCore, TcpConfig, WireOptions } from "../../src/index.ts";
import { cutsOnSending, joinsOnReceiving } from "../support/offload.ts";
import { checkInvariants } from "../support/tcb-invariants.ts";
import { network } from "../support/world.ts";

const SEEDS = Number(process.env["SIMULATION_SEEDS"] ?? 150);
const FIRST = Number(process.env["SIMULATION_FIRST"] ?? 1);
const EAGAIN = -11;

/** The byte at `offset` of the stream that host number `from` sends. */
function byteAt(from: number, offset: number): number {
  return (offset * 31 + (offset >> 8) * 7 + from * 101) & 255;
}

function randomWire(random: Random): WireOptions {
  const sometimes = (chance: number, value: () => number) => (random.chance(chance) ? value() : 0);
  const isSlow = random.chance(0.4);
  return {
    latency: sometimes(0.8, () => random.below(80)),
    jitter: sometimes(0.4, () => random.below(10)),
    loss: sometimes(0.6, () => random.float() * 0.15),
    duplicate: sometimes(0.3, () => random.float() * 0.1),
    reorder: sometimes(0.4, () => random.float() * 0.2),
    corrupt: sometimes(0.3, () => random.float() * 0.05),
    mtu: [1500, 1500, 1400, 576, 300, 9000][random.below(6)] as number,
    ...(isSlow ? { bandwidth: 1e5 + random.below(2e7), queue: 5 + random.below(100) } : {}),
  };
}

function randomTcp(random: Random): Partial<TcpConfig> {
  return {
    selectiveAcks: random.chance(0.7),
    timestamps: random.chance(0.7),
    windowScaling: random.chance(0.7),
    receiveBufferBytes: 3000 + random.below(200_000),
    sendBufferBytes: 3000 + random.below(200_000),
  };
}

/** One end of a connection: sends `size` bytes in random pieces, then FIN; checks what it receives. */
class Party {
  received = 0;
  private sent = 0;
  private sawEnd = false;
  private readonly stream: SocketCore;
  private readonly number: number;
  private readonly size: number;
  private readonly random: Random;
  private readonly buffer = new Uint8Array(8192);
  /** Longest sleep between reads, steps: a sleepy reader lets its window close, and be probed. 0: reads at once. */
  private readonly sleep: number;
  private asleep = 0;

  constructor(stream: SocketCore, number: number, size: number, random: Random) {
    this.stream = stream;
    this.number = number;
    this.size = size;
    this.random = random;
    this.sleep = random.chance(0.4) ? 1 + random.below(100) : 0;
    stream.onReadiness = () => this.work(false);
  }

  get done(): boolean {
    return this.sawEnd && this.sent > this.size;
  }

  /** @param isStep one step of the run has passed; else there is news of the socket */
  work(isStep: boolean): void {
    this.write();
    if (this.sleep === 0) this.read();
    if (!isStep || this.sleep === 0 || this.asleep-- > 0) return;
    this.read();
    this.asleep = this.random.below(this.sleep);
  }

  private write(): void {
    while (this.sent < this.size) {
      const length = Math.min(this.size - this.sent, 1 + this.random.below(this.buffer.length));
      for (let index = 0; index < length; index++)
        this.buffer[index] = byteAt(this.number, this.sent + index);
      const taken = this.stream.send(this.buffer, 0, length);
      if (taken === EAGAIN) return;
      expect(taken).toBeGreaterThan(0);
      this.sent += taken;
    }
    if (this.sent === this.size) {
      this.sent++;
      this.stream.shutdown(1);
    }
  }

  private read(): void {
    while (!this.sawEnd) {
      const count = this.stream.receive(this.buffer, 0, 1 + this.random.below(this.buffer.length));
      if (count === EAGAIN) return;
      expect(count).toBeGreaterThanOrEqual(0);
      for (let index = 0; index < count; index++) {
        if (this.buffer[index] !== byteAt(1 - this.number, this.received + index)) {
          throw new Error(`byte ${this.received + index} is wrong`);
        }
      }
      this.received += count;
      if (count === 0) this.sawEnd = true;
    }
  }

  close(): void {
    this.stream.close();
  }
}

/** Runs until both are done, checking every TCB in between. The longest this may take is hours of virtual time. */
async function runTransfer(net: Network, hosts: Host[], parties: Party[]): Promise<void> {
  for (
    let step = 0;
    step < 40_000 && !(parties.length === 2 && parties.every((party) => party.done));
    step++
  ) {
    await net.advance(step < 20_000 ? 20 : 1000);
    for (const party of parties) party.work(true);
    for (const host of hosts) checkInvariants(host);
  }
}

/** Takes the wire away for a while. */
async function cutFor(net: Network, a: Host, b: Host, after: number, millis: number): Promise<void> {
  await net.advance(after);
  net.partition(a, b);
  await net.advance(millis);
  net.heal(a, b);
}

/** Some hosts have devices that cut and join segments. */
function offload(host: Host, random: Random): void {
  if (random.chance(0.4)) cutsOnSending(host);
  if (random.chance(0.4)) joinsOnReceiving(host);
}

async function transfer(seed: number): Promise<void> {
  const random = new Random(`transfer ${seed}`);
  const net = network({ seed });
  const a = net.host("a", { tcp: randomTcp(random) });
  const b = net.host("b", { tcp: randomTcp(random) });
  net.link(a, b, { a: randomWire(random), b: randomWire(random) });
  for (const host of [a, b]) offload(host, new Random(`offload ${host.name} ${seed}`));
  const sizes = [random.below(300_000), random.below(random.chance(0.5) ? 100 : 200_000)] as const;
  const cut = random.chance(0.3) ? random.below(3000) : Number.POSITIVE_INFINITY;
  const parties: Party[] = [];
  const listener = b.stream();
  listener.bind({ address: "", port: 80 });
  listener.listen(1);
  listener.onReadiness = () => {
    const accepted = listener.accept();
    if (typeof accepted === "number") return;
    parties.push(new Party(accepted, 1, sizes[1], random.fork("b")));
    listener.close();
    parties[1]?.work(true);
  };
  const stream = a.stream();
  parties.push(new Party(stream, 0, sizes[0], random.fork("a")));
  expect(stream.connect({ address: "10.0.0.2", port: 80 })).toBe(-115);
  if (Number.isFinite(cut)) await cutFor(net, a, b, cut, random.below(8000));
  await runTransfer(net, [a, b], parties);
  expect(parties.map((party) => [party.done, party.received])).toEqual([
    [true, sizes[1]],
    [true, sizes[0]],
  ]);
  for (const party of parties) party.close();
  await net.idle();
  expect([...a.tcp.connections(), ...b.tcp.connections()]).toEqual([]);
}

describe("random transfers", () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    it(`seed ${seed} (again: SIMULATION_FIRST=${seed} SIMULATION_SEEDS=1 npx vitest run test/simulation/transfer.test.ts)`, async () => {
      await transfer(seed);
    });
  }
});
