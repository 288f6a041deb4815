/** The same work on node:net, over the kernel's loopback, both ends in this process. */
import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net";

export async function listen(onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ noDelay: true }, onConnection);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** The two ends of a fresh connection, without Nagle's algorithm. */
export async function connect(): Promise<[client: Socket, server: Socket]> {
  let server: Server | undefined;
  const accepted = new Promise<Socket>((resolve, reject) => {
    listen(resolve).then((listening) => {
      server = listening;
      client = createConnection({ port: portOf(listening), host: "127.0.0.1", noDelay: true });
    }, reject);
  });
  let client: Socket | undefined;
  const connection = await accepted;
  if (client?.connecting) await once(client, "connect");
  server?.close();
  return [client as Socket, connection];
}

/** Closes both ends of a connection; resolves when both are gone. */
export async function closeBoth([client, server]: [Socket, Socket]): Promise<void> {
  const gone = [once(client, "close"), once(server, "close")];
  client.resume();
  server.resume();
  client.end();
  server.end();
  await Promise.all(gone);
}

/** Sends `bytes`, chunk by chunk, waiting for "drain" whenever `write` asks for that. */
export function sendBytes(socket: Socket, chunk: Uint8Array, bytes: number): void {
  let remaining = bytes;
  const pump = () => {
    while (remaining > 0) {
      const part = remaining < chunk.length ? chunk.subarray(0, remaining) : chunk;
      remaining -= part.length;
      if (!socket.write(part) && remaining > 0) {
        socket.once("drain", pump);
        return;
      }
    }
  };
  pump();
}

/** Receives, throws away and counts. */
export class Receiver {
  private awaited = 0;
  private done: () => void = () => {};

  constructor(socket: Socket) {
    socket.on("data", (data) => {
      this.awaited -= data.length;
      if (this.awaited === 0) this.done();
    });
  }

  expect(bytes: number): Promise<void> {
    this.awaited += bytes;
    return new Promise((resolve) => {
      this.done = resolve;
    });
  }
}
