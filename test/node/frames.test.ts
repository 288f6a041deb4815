/** Frames over real sockets, between hosts on the real clock; and what a hostile other end may send. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { EthernetLink, type Host, Random, RealClock, VirtualClock } from "../../src/index.ts";
import { connectFrames, FrameStream } from "../../src/node/frames.ts";
import type { Packet } from "../../src/packet/packet.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { realHost } from "../support/world.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "netwright-"));
  cleanups.push(() => rmSync(path, { recursive: true }));
  return path;
}

/** A server at `path`, and the first socket it gets. */
async function serve(path: string): Promise<{ peer: Promise<Socket> }> {
  const server = createServer();
  const peer = new Promise<Socket>((resolve) => server.once("connection", resolve));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  return { peer };
}

/** A stream on the real clock, the raw socket at its other end, and what has come out of the stream. */
async function rig(options = {}, clock: RealClock | VirtualClock = new RealClock()) {
  const path = join(folder(), "s");
  const { peer } = await serve(path);
  const stream = await connectFrames(clock, { path }, options);
  const other = await peer;
  other.on("error", () => {});
  cleanups.push(() => {
    stream.close();
    other.destroy();
    if (clock instanceof RealClock) clock.close();
  });
  const got: Uint8Array[] = [];
  stream.attach({
    input(frame: Packet): void {
      got.push(frame.bytes().slice());
      frame.release();
    },
  });
  return { clock, stream, other, got };
}

function framed(...frames: Uint8Array[]): Buffer {
  return Buffer.concat(
    frames.map((frame) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(frame.length);
      return Buffer.concat([length, frame]);
    }),
  );
}

async function until(done: () => boolean): Promise<void> {
  for (let turn = 0; !done(); turn++) {
    if (turn > 5000) throw new Error("it never happened");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function randomBytes(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  new Random(seed).fill(bytes);
  return bytes;
}

async function echo(host: Host): Promise<void> {
  const listening = host.socket();
  listening.bind({ address: "", port: 7 });
  listening.listen();
  const [served] = await listening.accept();
  for await (const chunk of served.chunks()) await served.sendall(chunk);
  await served.close();
  await listening.close();
}

describe("two hosts on the real clock", () => {
  test.each([1500, 65_520])(
    "10 MB of TCP come back through a UNIX socket, byte for byte, MTU %i",
    async (mtu) => {
      const path = join(folder(), "s");
      const { peer } = await serve(path);
      const [a, b] = [realHost(), realHost()];
      const streamA = await connectFrames(a.clock, { path }, { random: new Random("a") });
      const streamB = new FrameStream(b.clock, await peer, { random: new Random("b") });
      for (const [host, port, address] of [
        [a, streamA, "10.0.0.1/24"],
        [b, streamB, "10.0.0.2/24"],
      ] as const) {
        const link = new EthernetLink({ clock: host.clock, random: new Random(address), port }, { mtu });
        host.attach(link, { address });
      }
      const echoing = echo(b);
      const client = a.socket();
      await client.connect({ address: "10.0.0.2", port: 7 });
      const data = randomBytes(10_000_000);
      const sending = client.sendall(data).then(() => client.shutdown(1));
      let at = 0;
      let same = true;
      for await (const chunk of client.chunks()) {
        same &&= Buffer.compare(chunk, data.subarray(at, at + chunk.length)) === 0;
        at += chunk.length;
      }
      expect([at, same]).toEqual([data.length, true]);
      await Promise.all([sending, echoing]);
      await client.close();
      expect(streamA.counters).toMatchObject({ queueFull: 0, closed: 0, noReceiver: 0, empty: 0 });
      a.close();
      b.close();
    },
    60_000,
  );
});

describe("coming in", () => {
  test("frames cut anywhere are put together again", async () => {
    const { other, got } = await rig();
    const frames = [1, 14, 60, 1514, 65_549].map((length) => randomBytes(length, length));
    const bytes = framed(...frames);
    const random = new Random(1);
    other.setNoDelay(true);
    for (let at = 0; at < bytes.length; ) {
      const size = at < 200 ? 1 + random.below(3) : 1 + random.below(3000);
      other.write(bytes.subarray(at, at + size));
      at += size;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => got.length === frames.length);
    expect(got).toEqual(frames);
  });

  test("many at once, more than may wait: the socket is held back, and none is lost", async () => {
    const clock = new VirtualClock();
    const { other, got, stream } = await rig({}, clock);
    const count = 20_000;
    const frames = Array.from({ length: count }, (_, index) => {
      const frame = Buffer.alloc(60);
      frame.writeUInt32BE(index);
      return frame;
    });
    other.write(framed(...frames));
    await until(() => packetPool.outstanding > 2000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(packetPool.outstanding).toBeLessThan(4096); // 4 MiB of buffers, and what one more read brings
    await until(() => {
      clock.runInstant(); // the stack gets round to it
      return got.length === count;
    });
    expect(got.every((frame, index) => new DataView(frame.buffer).getUint32(0) === index)).toBe(true);
    expect(stream.counters.received).toBe(count);
  });

  test("a length that no frame has ends the stream, and says what is wrong", async () => {
    const { other, stream, got } = await rig();
    const ended: Error[] = [];
    stream.onEnd = (error) => ended.push(error);
    other.write(Buffer.concat([framed(randomBytes(60)), Buffer.from("GET / HTTP/1.1\r\n\r\n")]));
    await until(() => ended.length > 0);
    expect(ended[0]?.message).toMatch(/announced a frame of 1195725856 bytes.*does not speak this protocol/);
    expect(got).toHaveLength(1); // what came before it is good
    expect(stream.error).toBe(ended[0]);
    stream.send(packetPool.from(randomBytes(60)));
    expect(stream.counters.closed).toBe(1);
    other.resume();
    await until(() => other.destroyed);
    expect(ended).toHaveLength(1);
  });

  test("the other end goes in the middle of a frame: told once, nothing leaks", async () => {
    const { other, stream } = await rig();
    const ended: Error[] = [];
    stream.onEnd = (error) => ended.push(error);
    other.end(framed(randomBytes(60)).subarray(0, 30));
    await until(() => ended.length > 0);
    expect(ended[0]?.message).toMatch(
      /the other end of the frame stream has gone.*start passt or QEMU again/,
    );
    expect(packetPool.outstanding).toBe(0);
  });

  test("frames of no bytes are counted; without a receiver frames are released", async () => {
    const { other, stream, got } = await rig();
    other.write(framed(new Uint8Array(0), randomBytes(60)));
    await until(() => got.length === 1);
    expect(stream.counters.empty).toBe(1);
    stream.attach(undefined);
    other.write(framed(randomBytes(60)));
    await until(() => stream.counters.noReceiver === 1);
    expect(packetPool.outstanding).toBe(0);
  });

  test("whatever comes: nothing is thrown, and nothing leaks", async () => {
    const pieces = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.uint8Array({ maxLength: 100 }).map((frame) => new Uint8Array(framed(frame))),
      ),
      { maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(pieces, async (chunks) => {
        const { other, stream, clock } = await rig();
        const host = realHost();
        const link = new EthernetLink({ clock, random: new Random(1), port: stream });
        host.attach(link, { address: "10.0.0.1/24" });
        for (const chunk of chunks) other.write(chunk);
        other.end();
        await until(() => stream.error !== undefined);
        host.close();
        expect(packetPool.outstanding).toBe(0);
      }),
      { numRuns: 30 },
    );
  }, 30_000);
});

describe("going out", () => {
  test("what the other end does not read waits, up to a bound; more is dropped and counted", async () => {
    const { other, stream } = await rig({ queueBytes: 100_000 });
    other.pause();
    for (let index = 0; index < 2000; index++) {
      stream.send(packetPool.from(randomBytes(1514, index)));
      if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const { sent, queueFull } = stream.counters;
    expect(sent + queueFull).toBe(2000);
    expect(queueFull).toBeGreaterThan(0);
    let received = 0;
    other.on("data", (data) => {
      received += data.length;
    });
    other.resume();
    await until(() => received === sent * 1518);
    expect(packetPool.outstanding).toBe(0);
  });

  test("frames of one instant go as one write, in order", async () => {
    const { other, stream } = await rig();
    const frames = Array.from({ length: 500 }, (_, index) => randomBytes(1000 + index, index));
    let writes = 0;
    const got: Buffer[] = [];
    other.on("data", (data) => {
      writes++;
      got.push(data);
    });
    for (const frame of frames) stream.send(packetPool.from(frame));
    const expected = framed(...frames);
    await until(() => Buffer.concat(got).length === expected.length);
    expect(Buffer.compare(Buffer.concat(got), expected)).toBe(0);
    expect(writes).toBeLessThan(100);
  });
});

describe("what can go wrong before", () => {
  test("no socket, nobody behind it, no port: the error says what to start", async () => {
    const clock = new RealClock();
    const path = join(folder(), "gone");
    await expect(connectFrames(clock, { path })).rejects.toThrow(
      `there is no socket ${path}: start "passt -f -s ${path}"`,
    );
    await expect(connectFrames(clock, { port: 1 })).rejects.toThrow(
      /nobody listens at 127.0.0.1 port 1: start QEMU with -netdev stream.*addr.port=1$/,
    );
    clock.close();
  });

  test("options that make no sense", async () => {
    const { stream } = await rig();
    const clock = new RealClock();
    const make = (options: object) => () => new FrameStream(clock, new Socket(), options);
    expect(make({ queueBytes: 1000 })).toThrow(RangeError);
    expect(make({ hardwareAddress: new Uint8Array(6) })).toThrow(RangeError);
    expect((stream.hardwareAddress[0] as number) & 3).toBe(2);
    clock.close();
  });
});
