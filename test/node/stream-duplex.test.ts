/** Connections as Node streams: two hosts over a virtual wire, one end a stream of Node's, the other a plain socket. */
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { describe, expect, test } from "vitest";
import { type Host, type Socket, type StreamCore, serveEcho } from "../../src/index.ts";
import { StreamDuplex } from "../../src/node/stream-duplex.ts";
import { listener, realHost } from "../support/world.ts";

const PATTERN = new Uint8Array(3_000_000).map((_, index) => (index * 31 + (index >>> 8) * 7) & 255);

/** A stream and the plain socket at its other end, on one host over loopback. */
async function ends(host: Host, options: { allowHalfOpen?: boolean } = {}): Promise<[StreamDuplex, Socket]> {
  const listening = listener(host, 80);
  const core = host.stream();
  const accepting = listening.accept();
  core.connect({ address: "127.0.0.1", port: 80 });
  const [socket] = await accepting;
  await listening.close();
  return [new StreamDuplex(core as StreamCore, options), socket];
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of socket.chunks()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Unlike `once`, an error does not end it. */
const closed = (stream: StreamDuplex) => new Promise((resolve) => stream.once("close", resolve));

/** Everything has settled that can without anybody's help. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 30));

describe("a connection as a Node stream", () => {
  test("writes everything, in order, and ends with FIN", async () => {
    const [stream, socket] = await ends(realHost());
    stream.cork();
    for (const text of ["a", "", "bc"]) stream.write(text);
    stream.uncork(); // all three in one call
    stream.end(PATTERN);
    const got = await readAll(socket);
    expect(got.equals(Buffer.concat([Buffer.from("abc"), PATTERN]))).toBe(true);
    expect(stream.bytesWritten).toBe(PATTERN.length + 3);
    await socket.close();
    stream.resume();
    await once(stream, "close");
  });

  test("sends what is written at once in one segment", async () => {
    const host = realHost();
    const [stream, socket] = await ends(host);
    stream.setNoDelay();
    const { counters } = host.tcp;
    const before = counters.segmentsSent;
    stream.cork();
    for (let count = 0; count < 10; count++) stream.write("piece");
    stream.uncork();
    expect(counters.segmentsSent - before).toBe(1);
    expect(await socket.recv(100)).toHaveLength(50);
    stream.destroy();
    await socket.close();
  });

  test("sends at once what only empty writes follow, as http ends its messages", async () => {
    const host = realHost();
    const [stream, socket] = await ends(host);
    const before = host.tcp.counters.segmentsSent;
    stream.cork();
    for (const text of ["all", "", ""]) stream.write(text);
    stream.uncork();
    expect(host.tcp.counters.segmentsSent - before).toBe(1);
    expect(await socket.recv(100)).toHaveLength(3);
    stream.destroy();
    await socket.close();
  });

  test("reads everything and hears the end, then ends too", async () => {
    const [stream, socket] = await ends(realHost());
    const sending = socket.sendall(PATTERN).then(() => socket.shutdown(1));
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    await sending;
    expect(Buffer.concat(chunks).equals(PATTERN)).toBe(true);
    expect(stream.bytesRead).toBe(PATTERN.length);
    expect(await readAll(socket)).toHaveLength(0);
    await socket.close();
  });

  test("may stay writable after the peer's end", async () => {
    const [stream, socket] = await ends(realHost(), { allowHalfOpen: true });
    socket.shutdown(1);
    stream.resume();
    await once(stream, "end");
    stream.end("still here");
    expect(String(await readAll(socket))).toBe("still here");
    await socket.close();
  });

  test("receives nothing that nobody reads", async () => {
    const [stream, socket] = await ends(realHost());
    let taken = 0;
    socket.setblocking(false);
    for (let tries = 0; tries < 50; tries++) {
      taken += await socket.send(PATTERN).catch(() => 0);
      await settle();
      if (taken > 40_000_000) break;
    }
    expect(taken).toBeLessThan(16_000_000);
    expect(stream.bytesRead).toBeLessThan(300_000);
    stream.destroy();
    await socket.close();
  });

  test("takes no more than the peer lets it send, and says so", async () => {
    const [stream, socket] = await ends(realHost());
    let writes = 0;
    let done = 0;
    while (writes < 20) {
      writes++;
      stream.write(PATTERN, () => done++);
      await settle();
    }
    expect(done).toBeLessThan(10);
    expect(stream.bytesWritten).toBeLessThan(16_000_000);
    expect(stream.writableNeedDrain).toBe(true);
    stream.end();
    expect(await readAll(socket)).toHaveLength(20 * PATTERN.length);
    expect(done).toBe(20);
    await socket.close();
    stream.destroy();
  });

  test("is a pipeline's end and beginning", async () => {
    const host = realHost();
    const echo = serveEcho(host);
    const core = host.stream();
    core.connect({ address: "127.0.0.1", port: 7 });
    const stream = new StreamDuplex(core as StreamCore);
    const chunks: Buffer[] = [];
    await Promise.all([
      pipeline([PATTERN], stream, { end: true }),
      (async () => {
        for await (const chunk of stream) chunks.push(chunk as Buffer);
      })(),
    ]);
    expect(Buffer.concat(chunks).equals(PATTERN)).toBe(true);
    echo.close();
  });

  test("hears of a reset, whether it reads, writes or does neither", async () => {
    const what: Record<string, (stream: StreamDuplex) => void> = {
      reads: (stream) => stream.resume(),
      writes: (stream) => stream.write(PATTERN),
      waits: () => {},
    };
    for (const [name, act] of Object.entries(what)) {
      const [stream, socket] = await ends(realHost());
      act(stream);
      const failing = closed(stream);
      const errors: Error[] = [];
      stream.on("error", (error) => errors.push(error));
      socket.setsockopt(1, 13, { onoff: 1, linger: 0 }); // SO_LINGER: RST
      await settle();
      await socket.close();
      await failing;
      expect([name, errors.map(({ message }) => message)]).toEqual([
        name,
        [expect.stringMatching(/^(read ECONNRESET|write EPIPE|write ECONNRESET) 127\.0\.0\.1:80$/)],
      ]);
      expect(stream.destroyed).toBe(true);
    }
  });

  test("destroyed, it lets go of its socket and of who waits for a write", async () => {
    const host = realHost();
    const [stream, socket] = await ends(host);
    const errors: (Error | null | undefined)[] = [];
    for (let count = 0; count < 8; count++) stream.write(PATTERN, (error) => errors.push(error));
    await settle();
    stream.destroy();
    await once(stream, "close");
    await settle();
    expect(errors).toHaveLength(8);
    expect(errors.at(-1)).toBeInstanceOf(Error);
    await socket.close();
    expect(host.sockets.size).toBe(0);
  });

  test("resetAndDestroy resets", async () => {
    const [stream, socket] = await ends(realHost());
    stream.resetAndDestroy();
    await expect(socket.recv(10)).rejects.toThrow("ECONNRESET");
    await socket.close();
  });

  test("destroySoon sends what was written first", async () => {
    const [stream, socket] = await ends(realHost());
    stream.write(PATTERN);
    stream.destroySoon();
    expect(stream.destroyed).toBe(false);
    const ending = closed(stream);
    expect(await readAll(socket)).toHaveLength(PATTERN.length);
    await ending;
    expect(stream.destroyed).toBe(true);
    await socket.close();
  });

  test("tells when nothing moves, and not while something does", async () => {
    const [stream, socket] = await ends(realHost());
    let timeouts = 0;
    stream.setTimeout(80, () => timeouts++);
    stream.resume();
    for (let count = 0; count < 5; count++) {
      await socket.sendall("x");
      await settle();
    }
    expect(timeouts).toBe(0);
    await once(stream, "timeout");
    stream.setTimeout(0);
    stream.destroy();
    await socket.close();
  });

  test("knows its ends", async () => {
    const [stream, socket] = await ends(realHost());
    expect(stream).toMatchObject({
      remoteAddress: "127.0.0.1",
      remotePort: 80,
      localAddress: "127.0.0.1",
      localPort: socket.getpeername().port,
    });
    stream.destroy();
    await socket.close();
  });
});
