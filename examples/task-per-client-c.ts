/**
 * One task per client, the C way: where C calls `fork` after `accept`, a promise that nobody awaits is enough. The
 * Python way: task-per-client.ts.
 *
 *     npx tsx examples/task-per-client-c.ts
 */
import {
  AF_INET,
  type Host,
  INADDR_ANY,
  Network,
  perror,
  SHUT_WR,
  SOCK_STREAM,
  SocketError,
} from "../src/index.ts"; // yours: from "netwright"

const PORT = 7;
const text = new TextDecoder();

async function serve(host: Host, fd: number): Promise<void> {
  for (;;) {
    try {
      const { fd: connection } = await host.posix.accept(fd);
      void echo(host, connection); // the child's work; the parent goes on accepting
    } catch (error) {
      if (error instanceof SocketError && error.code === "EBADF") return; // the listener was closed
      console.log(perror("accept", error));
    }
  }
}

async function echo(host: Host, fd: number): Promise<void> {
  const { read, write, close } = host.posix;
  const buffer = new Uint8Array(1024);
  for (let n = await read(fd, buffer); n > 0; n = await read(fd, buffer))
    await write(fd, buffer.subarray(0, n));
  await close(fd);
}

async function client(host: Host): Promise<void> {
  const { socket, connect, read, write, shutdown, close } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  await connect(fd, { family: AF_INET, port: PORT, address: "server" });
  await write(fd, `I am ${host.name}`);
  shutdown(fd, SHUT_WR);
  const buffer = new Uint8Array(1024);
  let answer = "";
  for (let n = await read(fd, buffer); n > 0; n = await read(fd, buffer))
    answer += text.decode(buffer.subarray(0, n));
  await close(fd);
  console.log(`${String(net.now).padStart(4)} ms  ${host.name} hears: ${answer}`);
}

const net = new Network({ seed: 1 });
const server = net.host("server");
const clients = [400, 5, 100, 40, 1].map((latency, index) => {
  const host = net.host(`client-${index + 1}`);
  net.link(host, server, { latency });
  return host;
});

const { socket, bind, listen, close } = server.posix;
const fd = socket(AF_INET, SOCK_STREAM, 0);
bind(fd, { family: AF_INET, port: PORT, address: INADDR_ANY });
listen(fd, clients.length);
await net.run(async () => {
  const served = serve(server, fd);
  await Promise.all(clients.map(client));
  await close(fd); // ends the server's loop
  await served;
});
await net.idle(); // the last packets arrive, and TIME-WAIT ends
