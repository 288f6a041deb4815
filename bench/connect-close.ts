/**
 * Connections: open one, send a byte there, close from both sides, and only then the next. The peer is node:net over
 * the kernel's loopback. On virtual time each round ends when TIME-WAIT has, too; on real time that lasts a minute, as the
 * kernel's does.
 */
import { createConnection, type Server } from "node:net";
import { EAGAIN, EINPROGRESS } from "../src/base/errno.ts";
import { POLLOUT, type Socket, type StreamCore } from "../src/index.ts";
import { type BatchCase, batches, report } from "./harness.ts";
import * as nodeNet from "./peers/node-net.ts";
import { listen, must } from "./support/core.ts";
import { loWorld, realWorld, type World, wireWorld } from "./support/world.ts";

const PEER = "node:net, kernel's loopback";
const common = { operations: 500 };
const byte = new Uint8Array(1);

/** An operation is over when both ends have closed and seen the other's end of stream. */
class Ends {
  private open = 0;
  private readonly over: () => void;

  constructor(over: () => void) {
    this.over = over;
  }

  opened(): void {
    this.open = 2;
  }

  closed(): void {
    if (--this.open === 0) this.over();
  }
}

function peer(): BatchCase {
  let listener: Server;
  let remaining = 0;
  let done = () => {};
  const next = () => {
    ends.opened();
    const client = createConnection({ port: nodeNet.portOf(listener), host: "127.0.0.1", noDelay: true });
    client.on("data", () => {});
    client.on("close", () => ends.closed());
    client.end(byte);
  };
  const ends = new Ends(() => {
    if (--remaining > 0) next();
    else done();
  });
  return {
    ...common,
    name: PEER,
    async start() {
      listener = await nodeNet.listen((server) => {
        let count = 0;
        server.on("data", (data) => {
          count += data.length;
        });
        server.on("end", () => {
          if (count !== 1) throw new Error(`${count} bytes have come`);
        });
        server.on("close", () => ends.closed()); // it has ended its side itself: allowHalfOpen is off
      });
    },
    run(operations) {
      remaining = operations;
      return new Promise<void>((resolve) => {
        done = resolve;
        next();
      });
    },
    async stop() {
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

/** Reads to the end of the stream and closes: `then` is told how many bytes there were. */
function readToEnd(core: StreamCore, buffer: Uint8Array, then: (bytes: number) => void): () => void {
  let bytes = 0;
  return () => {
    for (;;) {
      const count = core.receive(buffer);
      if (count === -EAGAIN) return;
      bytes += must(count);
      if (count > 0) continue;
      core.close();
      then(bytes);
      return;
    }
  };
}

function core(name: string, make: () => World): BatchCase {
  let world: World;
  let listener: StreamCore;
  let remaining = 0;
  let done = () => {};
  const buffer = new Uint8Array(16);
  const next = () => {
    ends.opened();
    const client = world.client.stream();
    const read = readToEnd(client, buffer, () => ends.closed());
    client.onReadiness = (mask) => {
      if ((mask & POLLOUT) === 0) return;
      must(client.connectResult());
      must(client.send(byte));
      must(client.shutdown(1));
      client.onReadiness = read;
    };
    if (client.connect(world.address, 80) !== -EINPROGRESS) throw new Error("connect has failed");
  };
  const ends = new Ends(() => {
    if (--remaining > 0) next();
    else done();
  });
  return {
    ...common,
    name,
    peer: PEER,
    start() {
      world = make();
      listener = listen(world, 80);
      listener.onReadiness = () => {
        const server = listener.accept();
        if (typeof server === "number") return;
        const connection = server as StreamCore;
        connection.onReadiness = readToEnd(connection, buffer, (bytes) => {
          if (bytes !== 1) throw new Error(`${bytes} bytes have come`);
          ends.closed();
        });
      };
    },
    run(operations) {
      remaining = operations;
      return new Promise<void>((resolve) => {
        done = resolve;
        next();
        world.drain();
      });
    },
    stop() {
      listener.close();
      return world.close();
    },
  };
}

function promises(name: string, make: () => World): BatchCase {
  let world: World;
  let listener: Socket;
  const serve = async () => {
    const [connection] = await listener.accept();
    let bytes = 0;
    for (let count = 1; count > 0; bytes += count) count = (await connection.recv(16)).length;
    if (bytes !== 1) throw new Error(`${bytes} bytes have come`);
    await connection.close();
  };
  const visit = async () => {
    const client = world.client.socket();
    await client.connect({ address: world.address, port: 80 });
    await client.sendall(byte);
    client.shutdown(1);
    await client.recv(16);
    await client.close();
  };
  return {
    ...common,
    name,
    peer: PEER,
    start() {
      world = make();
      listener = world.server.socket();
      listener.bind({ address: world.address, port: 80 });
      listener.listen();
    },
    run: (operations) =>
      world.run(async () => {
        for (let count = 0; count < operations; count++) await Promise.all([serve(), visit()]);
      }),
    async stop() {
      await listener.close();
      await world.close();
    },
  };
}

await report(
  "connect-close",
  await batches([
    peer(),
    core("core, real time, lo", () => realWorld()),
    promises("promises, real time, lo", () => realWorld()),
    core("core, lo", () => loWorld()),
    core("core, ideal wire, checksums", () => wireWorld()),
    promises("promises in net.run, ideal wire, checksums", () => wireWorld()),
  ]),
);
