/**
 * Transactions: 64 bytes there and 64 bytes back over one connection, one after the other. The peer is node:net over
 * the kernel's loopback. Without Nagle's algorithm, both.
 */
import type { Socket as NodeSocket } from "node:net";
import { EAGAIN } from "../src/base/errno.ts";
import type { Socket, StreamCore } from "../src/index.ts";
import { type BatchCase, batches, report } from "./harness.ts";
import * as nodeNet from "./peers/node-net.ts";
import { closeBoth, connect, must } from "./support/core.ts";
import { connectSockets } from "./support/promises.ts";
import { loWorld, realWorld, type World, wireWorld } from "./support/world.ts";

const SIZE = 64;
const PEER = "node:net, kernel's loopback";
const common = { operations: 2000 };

/** Counts what comes; tells when a whole message is there. */
class Message {
  private missing = SIZE;

  complete(count: number): boolean {
    this.missing -= count;
    if (this.missing > 0) return false;
    if (this.missing < 0) throw new Error("more has come than was sent");
    this.missing = SIZE;
    return true;
  }
}

function peer(): BatchCase {
  let pair: [NodeSocket, NodeSocket];
  let remaining = 0;
  let done = () => {};
  const message = new Uint8Array(SIZE);
  return {
    ...common,
    name: PEER,
    async start() {
      pair = await nodeNet.connect();
      const [client, server] = pair;
      const request = new Message();
      const response = new Message();
      server.on("data", (data) => {
        if (request.complete(data.length)) server.write(message);
      });
      client.on("data", (data) => {
        if (!response.complete(data.length)) return;
        if (--remaining > 0) client.write(message);
        else done();
      });
    },
    run(operations) {
      remaining = operations;
      return new Promise<void>((resolve) => {
        done = resolve;
        pair[0].write(message);
      });
    },
    stop: () => nodeNet.closeBoth(pair),
  };
}

/** Has `then` run for every whole message that `core` receives. */
function onMessage(core: StreamCore, then: () => void): void {
  const buffer = new Uint8Array(SIZE);
  const message = new Message();
  core.onReadiness = () => {
    for (;;) {
      const count = core.receive(buffer);
      if (count === -EAGAIN || must(count) === 0) return;
      if (message.complete(count)) then();
    }
  };
}

function core(name: string, make: () => World): BatchCase {
  let world: World;
  let pair: [StreamCore, StreamCore];
  let remaining = 0;
  let done = () => {};
  const message = new Uint8Array(SIZE);
  return {
    ...common,
    name,
    peer: PEER,
    async start() {
      world = make();
      pair = await connect(world, 80);
      const [client, server] = pair;
      onMessage(server, () => must(server.send(message)));
      onMessage(client, () => {
        if (--remaining > 0) must(client.send(message));
        else done();
      });
    },
    run(operations) {
      remaining = operations;
      return new Promise<void>((resolve) => {
        done = resolve;
        must(pair[0].send(message));
        world.drain();
      });
    },
    async stop() {
      closeBoth(world, pair);
      await world.close();
    },
  };
}

function promises(name: string, make: () => World): BatchCase {
  let world: World;
  let client: Socket;
  let server: Socket;
  const message = new Uint8Array(SIZE);
  const exchange = async (socket: Socket, operations: number, begins: boolean) => {
    const buffer = new Uint8Array(SIZE);
    for (let count = 0; count < operations; count++) {
      if (begins) await socket.sendall(message);
      for (let got = 0; got < SIZE; ) got += await socket.recv_into(buffer);
      if (!begins) await socket.sendall(message);
    }
  };
  return {
    ...common,
    name,
    peer: PEER,
    start() {
      world = make();
      return world.run(async () => {
        [client, server] = await connectSockets(world, 80);
      });
    },
    run: (operations) =>
      world.run(async () => {
        await Promise.all([exchange(client, operations, true), exchange(server, operations, false)]);
      }),
    async stop() {
      await client.close();
      await server.close();
      await world.close();
    },
  };
}

await report(
  "request-response",
  await batches([
    peer(),
    core("core, real time, lo", () => realWorld()),
    promises("promises, real time, lo", () => realWorld()),
    core("core, lo", () => loWorld()),
    core("core, ideal wire, checksums", () => wireWorld()),
    promises("promises in net.run, ideal wire, checksums", () => wireWorld()),
  ]),
);
