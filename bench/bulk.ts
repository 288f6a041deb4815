/**
 * Goodput: 64 KiB after 64 KiB over one connection, from `send` to the last byte's `receive`. The peer is node:net over
 * the kernel's loopback (whose MTU is 65536, and whose checksums nobody makes). Nagle's algorithm is off on both: with
 * it, a round would end by waiting for a delayed ACK.
 */
import type { Socket as NodeSocket } from "node:net";
import type { Socket } from "../src/index.ts";
import { type BatchCase, batches, report } from "./harness.ts";
import * as nodeNet from "./peers/node-net.ts";
import { closeBoth, connect, Receiver, Sender } from "./support/core.ts";
import { connectSockets } from "./support/promises.ts";
import { loWorld, realWorld, type World, wireWorld } from "./support/world.ts";

const CHUNK = 65_536;
const PEER = "node:net, kernel's loopback";
const common = { operations: 1000, bytes: CHUNK };

function peer(): BatchCase {
  let pair: [NodeSocket, NodeSocket];
  let receiver: nodeNet.Receiver;
  const chunk = new Uint8Array(CHUNK);
  return {
    ...common,
    name: PEER,
    async start() {
      pair = await nodeNet.connect();
      receiver = new nodeNet.Receiver(pair[1]);
    },
    async run(operations) {
      const all = receiver.expect(operations * CHUNK);
      nodeNet.sendBytes(pair[0], chunk, operations * CHUNK);
      await all;
    },
    stop: () => nodeNet.closeBoth(pair),
  };
}

/** The synchronous core of either kind of time. */
function core(name: string, make: () => World): BatchCase {
  let world: World;
  let pair: Awaited<ReturnType<typeof connect>>;
  let sender: Sender;
  let receiver: Receiver;
  return {
    ...common,
    name,
    peer: PEER,
    async start() {
      world = make();
      pair = await connect(world, 80);
      sender = new Sender(pair[0], new Uint8Array(CHUNK));
      receiver = new Receiver(pair[1], new Uint8Array(CHUNK));
    },
    async run(operations) {
      const all = receiver.expect(operations * CHUNK);
      sender.start(operations * CHUNK);
      world.drain();
      await all;
    },
    async stop() {
      closeBoth(world, pair);
      await world.close();
    },
  };
}

/** Sockets with promises: `sendall` on one side, `recv_into` on the other. */
function promises(name: string, make: () => World): BatchCase {
  let world: World;
  let client: Socket;
  let server: Socket;
  const chunk = new Uint8Array(CHUNK);
  const buffer = new Uint8Array(CHUNK);
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
    run(operations) {
      const sending = async () => {
        for (let count = 0; count < operations; count++) await client.sendall(chunk);
      };
      const receiving = async () => {
        let awaited = operations * CHUNK;
        while (awaited > 0) awaited -= await server.recv_into(buffer);
      };
      return world.run(async () => {
        await Promise.all([sending(), receiving()]);
      });
    },
    async stop() {
      await client.close();
      await server.close();
      await world.close();
    },
  };
}

const small = { mtu: 1500, checksums: true };

await report(
  "bulk",
  await batches(
    [
      peer(),
      core("core, ideal wire, MTU 1500, checksums", () => wireWorld({ mtu: 1500 })),
      core("core, ideal wire, MTU 1500, trusted", () => wireWorld({ mtu: 1500, checksum: false })),
      core("core, lo, MTU 1500, checksums", () => loWorld(small)),
      core("core, lo, MTU 65535, trusted", () => loWorld()),
      core("core, real time, lo, MTU 1500, checksums", () => realWorld(small)),
      core("core, real time, lo, MTU 65535, trusted", () => realWorld()),
      promises("promises, real time, lo, MTU 1500, checksums", () => realWorld(small)),
      promises("promises, real time, lo, MTU 65535, trusted", () => realWorld()),
      promises("promises in net.run, ideal wire, MTU 1500, checksums", () => wireWorld({ mtu: 1500 })),
    ],
    15,
  ),
);
