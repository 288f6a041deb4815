/**
 * Datagrams: 64 bytes there and back, one after the other; and 1472 bytes (MTU 1500) one way, in salvos of 32, each when
 * the one before has arrived, so that no queue overflows. The peer is node:dgram over the kernel's loopback. Sockets
 * are connected on both sides.
 */
import type { Socket as NodeSocket } from "node:dgram";
import { EAGAIN } from "../src/base/errno.ts";
import { type DatagramCore, SOCK_DGRAM, type Socket } from "../src/index.ts";
import { type BatchCase, batches, report } from "./harness.ts";
import * as nodeDgram from "./peers/node-dgram.ts";
import { must } from "./support/core.ts";
import { loWorld, realWorld, type World, wireWorld } from "./support/world.ts";

interface Work {
  name: string;
  size: number;
  /** How many datagrams leave at once. */
  salvo: number;
  /** Whether each is answered by one of the same size. */
  echo: boolean;
  operations: number;
}

const ECHO: Work = { name: "64 B and back", size: 64, salvo: 1, echo: true, operations: 2000 };
const SALVOS: Work = { name: "1472 B in salvos", size: 1472, salvo: 32, echo: false, operations: 4096 };

const peerName = (work: Work) => `node:dgram, kernel's loopback, ${work.name}`;
const common = (work: Work) => ({
  operations: work.operations,
  smokeOperations: 2 * work.salvo,
  bytes: work.size,
});

/** Sends salvo after salvo; the next one when `arrived` was called for every datagram of the last. */
class Salvos {
  private toSend = 0;
  private underWay = 0;
  private done = () => {};
  private readonly work: Work;
  private readonly send: () => void;

  constructor(work: Work, send: () => void) {
    this.work = work;
    this.send = send;
  }

  /** Resolves when all of `count` have arrived. `count` is a multiple of the salvo. */
  start(count: number): Promise<void> {
    this.toSend = count;
    return new Promise((resolve) => {
      this.done = resolve;
      this.next();
    });
  }

  arrived(length: number): void {
    if (length !== this.work.size) throw new Error(`a datagram of ${length} bytes has come`);
    if (--this.underWay > 0) return;
    if (this.toSend > 0) this.next();
    else this.done();
  }

  private next(): void {
    this.underWay = this.work.salvo;
    this.toSend -= this.work.salvo;
    for (let count = 0; count < this.work.salvo; count++) this.send();
  }
}

function peer(work: Work): BatchCase {
  let sockets: [NodeSocket, NodeSocket];
  let salvos: Salvos;
  return {
    ...common(work),
    name: peerName(work),
    async start() {
      sockets = await nodeDgram.pair();
      const [client, server] = sockets;
      const message = new Uint8Array(work.size);
      salvos = new Salvos(work, () => client.send(message));
      server.on("message", (data) => {
        if (work.echo) server.send(message);
        else salvos.arrived(data.length);
      });
      client.on("message", (data) => salvos.arrived(data.length));
    },
    run: (operations) => salvos.start(operations),
    stop: () => nodeDgram.closeBoth(sockets),
  };
}

function core(name: string, work: Work, make: () => World): BatchCase {
  let world: World;
  let client: DatagramCore;
  let server: DatagramCore;
  let salvos: Salvos;
  const message = new Uint8Array(work.size);
  const onDatagram = (core: DatagramCore, then: (length: number) => void) => {
    const buffer = new Uint8Array(2048);
    core.onReadiness = () => {
      for (let count = core.receive(buffer); count !== -EAGAIN; count = core.receive(buffer)) {
        then(must(count));
      }
    };
  };
  return {
    ...common(work),
    name: `${name}, ${work.name}`,
    peer: peerName(work),
    start() {
      world = make();
      client = world.client.datagram();
      server = world.server.datagram();
      must(server.bind(world.address, 53));
      must(client.connect(world.address, 53));
      must(server.connect(client.localAddress, client.localPort));
      salvos = new Salvos(work, () => must(client.send(message)));
      onDatagram(server, (length) => {
        if (work.echo) must(server.send(message));
        else salvos.arrived(length);
      });
      onDatagram(client, (length) => salvos.arrived(length));
    },
    async run(operations) {
      const all = salvos.start(operations);
      world.drain();
      await all;
    },
    stop() {
      client.close();
      server.close();
      return world.close();
    },
  };
}

function promises(name: string, work: Work, make: () => World): BatchCase {
  let world: World;
  let client: Socket;
  let server: Socket;
  const message = new Uint8Array(work.size);
  const receive = async (socket: Socket) => {
    const data = await socket.recv(2048);
    if (data.length !== work.size) throw new Error(`a datagram of ${data.length} bytes has come`);
  };
  const serve = async (operations: number) => {
    for (let count = 0; count < operations; count++) {
      await receive(server);
      if (work.echo) await server.send(message);
    }
  };
  const ask = async (operations: number) => {
    for (let count = 0; count < operations; count += work.salvo) {
      const served = work.echo ? undefined : serve(work.salvo);
      for (let sent = 0; sent < work.salvo; sent++) await client.send(message);
      if (work.echo) await receive(client);
      await served;
    }
  };
  return {
    ...common(work),
    name: `${name}, ${work.name}`,
    peer: peerName(work),
    async start() {
      world = make();
      client = world.client.socket(undefined, SOCK_DGRAM);
      server = world.server.socket(undefined, SOCK_DGRAM);
      server.bind({ address: world.address, port: 53 });
      await client.connect({ address: world.address, port: 53 });
      await server.connect(client.getsockname());
    },
    run: (operations) =>
      world.run(async () => {
        await Promise.all([ask(operations), work.echo ? serve(operations) : undefined]);
      }),
    async stop() {
      await client.close();
      await server.close();
      await world.close();
    },
  };
}

await report(
  "udp",
  await batches(
    [ECHO, SALVOS].flatMap((work) => [
      peer(work),
      core("core, real time, lo", work, () => realWorld()),
      promises("promises, real time, lo", work, () => realWorld()),
      core("core, lo", work, () => loWorld()),
      core("core, ideal wire, checksums", work, () => wireWorld()),
    ]),
  ),
);
