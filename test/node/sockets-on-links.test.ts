/** Raw, ping and packet sockets see the same on every link. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { EthernetLink, type Host, Random } from "../../src/index.ts";
import { connectFrames, FrameStream } from "../../src/node/frames.ts";
import { network, pair, realHost } from "../support/world.ts";
import { type Played, playSockets } from "./sockets-play.ts";
import { inNamespace } from "./tap/in-namespace.ts";

/** What it is for all: data of 32 bytes, in a message of 40, in a datagram of 60. */
function expected(neighbor: string, frame: number): Played {
  return {
    raw: [0, 60, neighbor, true],
    ping: [0, 40, neighbor, true],
    ownHeader: [0, 60, neighbor, true],
    refused: "ECONNREFUSED",
    seen: ["4 8", "0 0"], // PACKET_OUTGOING an echo request, PACKET_HOST an echo reply
    frame,
  };
}

/** Two hosts at the two ends of a UNIX socket. */
async function overFrames(): Promise<[Host, Host]> {
  const folder = mkdtempSync(join(tmpdir(), "netwright-"));
  const path = join(folder, "cable");
  const server = createServer();
  const other = new Promise<Socket>((resolve) => server.once("connection", resolve));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const [a, b] = [realHost(), realHost()];
  const streams = [await connectFrames(a.clock, { path }), new FrameStream(b.clock, await other)];
  [a, b].forEach((host, index) => {
    const link = new EthernetLink({ clock: host.clock, random: new Random(index), port: streams[index]! });
    host.attach(link, { address: `10.9.0.${2 - index}/24` });
  });
  onTestFinished(async () => {
    a.close();
    b.close();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });
  return [a, b];
}

describe("raw, ping and packet sockets", () => {
  test("on a simulated wire", async () => {
    const { net, a } = pair({ latency: 5 });
    const played = await net.run(() => playSockets(a, "10.0.0.1", "10.0.0.2"));
    expect(played).toEqual(expected("10.0.0.2", 0));
  });

  test("on a simulated LAN", async () => {
    const net = network();
    const [a, b, c] = [net.host("a"), net.host("b"), net.host("c")];
    net.lan([a, b, c], { latency: 1 });
    const played = await net.run(() => playSockets(a, "10.0.0.1", "10.0.0.2"));
    expect(played).toEqual(expected("10.0.0.2", 14));
  });

  test("on a stream of frames", async () => {
    const [a] = await overFrames();
    expect(await playSockets(a, "10.9.0.2", "10.9.0.1")).toEqual(expected("10.9.0.1", 14));
  });

  test.for([true, false])("on a TAP device, offload %s", async (offload, context) => {
    expect(await inNamespace(context, "sockets", { offload })).toEqual(expected("10.9.0.1", 14));
  });

  test.for([true, false])("on a TUN device, offload %s", async (offload, context) => {
    expect(await inNamespace(context, "sockets-on-tun", { offload })).toEqual(expected("10.9.0.1", 0));
  });
});
