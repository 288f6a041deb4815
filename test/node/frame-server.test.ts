/** The listening end of frame streams: one after the other. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { EthernetLink, type Host, Random } from "../../src/index.ts";
import { Failure } from "../../src/node/arguments.ts";
import { type FrameServer, listenForFrames } from "../../src/node/frame-server.ts";
import { connectFrames, type FrameStreamPlace } from "../../src/node/frames.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { realHost } from "../support/world.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "netwright-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

function attach(
  host: Host,
  port: FrameServer | Awaited<ReturnType<typeof connectFrames>>,
  address: string,
): EthernetLink {
  const link = new EthernetLink({ clock: host.clock, random: new Random(address), port });
  host.attach(link, { address });
  return link;
}

/** A datagram there and back. */
async function talk(a: Host, b: Host): Promise<string> {
  const [here, there] = [a.socket(2, 2), b.socket(2, 2)];
  there.settimeout(5000);
  here.settimeout(5000);
  there.bind({ address: "", port: 7 });
  await here.sendto("hello", { address: "10.9.0.1", port: 7 });
  const [data, from] = await there.recvfrom(100);
  await there.sendto(data, from);
  const answer = new TextDecoder().decode(await here.recv(100));
  await Promise.all([here.close(), there.close()]);
  return answer;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function until(done: () => boolean): Promise<void> {
  for (let turn = 0; !done(); turn++) {
    if (turn > 3000) throw new Error("it never happened");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

test.each(["a path", "a port"] as const)(
  "at %s a peer may come, go, and come again; a second one at a time may not",
  async (kind) => {
    const place: FrameStreamPlace =
      kind === "a path" ? { path: join(folder(), "cable") } : { port: await freePort() };
    const b = realHost();
    const server = await listenForFrames(b.clock, place);
    const hardwareAddress = Uint8Array.of(2, 0, 0, 0, 0, 9); // for a second nobody believes that it is another's
    let connections = 0;
    server.onConnection = () => connections++;
    attach(b, server, "10.9.0.1/24");
    for (let round = 1; round <= 2; round++) {
      const a = realHost();
      attach(a, await connectFrames(a.clock, place, { hardwareAddress }), "10.9.0.2/24");
      await until(() => server.isConnected);
      expect(await talk(a, b)).toBe("hello");
      const second = "path" in place ? connect(place.path) : connect(place.port);
      await new Promise((resolve) => second.once("close", resolve));
      expect(server.counters).toMatchObject({ accepted: round, refused: round });
      a.close();
      await until(() => !server.isConnected);
    }
    expect(connections).toBe(2);
    const lost = b.socket(2, 2);
    await lost.sendto("x", { address: "10.9.0.2", port: 9 });
    await until(() => server.counters.notConnected > 0);
    await lost.close();
    b.close();
    if ("path" in place) await until(() => !existsSync(place.path));
    expect(packetPool.outstanding).toBe(0);
  },
);

test("a peer whom the kernel cannot hand over is counted, and the next one may come", async () => {
  const listening = vi.spyOn(Server.prototype, "listen");
  const host = realHost();
  const place = { path: join(folder(), "cable") };
  const server = await listenForFrames(host.clock, place);
  const [socket] = listening.mock.contexts as Server[];
  listening.mockRestore();
  socket!.emit("error", new Error("accept ENOMEM"));
  expect(server.counters.failed).toBe(1);
  const peer = await connectFrames(host.clock, place);
  await until(() => server.isConnected);
  peer.close();
  server.close();
  host.close();
});

test("what is in the way is told, and what to do", async () => {
  const place = join(folder(), "file");
  writeFileSync(place, "");
  const host = realHost();
  await expect(listenForFrames(host.clock, { path: place })).rejects.toThrow(
    new Failure(`there is a ${place} already: remove it if nobody listens there, or choose another`),
  );
  await expect(listenForFrames(host.clock, { path: `${place}s/cable` })).rejects.toThrow(
    "there is no such folder",
  );
  const bad = { hardwareAddress: Uint8Array.of(1, 0, 0, 0, 0, 0) };
  await expect(listenForFrames(host.clock, { path: `${place}2` }, bad)).rejects.toThrow("names no station");
  await until(() => !existsSync(`${place}2`));
  host.close();
});
