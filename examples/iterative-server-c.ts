/**
 * An iterative server, the C way: one client after the other, the others wait in the listen queue. The Python way:
 * iterative-server.ts.
 *
 *     npx tsx examples/iterative-server-c.ts
 */
import { AF_INET, type Host, INADDR_ANY, Network, SOCK_STREAM } from "../src/index.ts"; // yours: from "netwright"

const PORT = 13;
const CLIENTS = 3;
const text = new TextDecoder();

async function server(host: Host): Promise<void> {
  const { socket, bind, listen, accept, read, write, close } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  bind(fd, { family: AF_INET, port: PORT, address: INADDR_ANY });
  listen(fd, CLIENTS);
  const buffer = new Uint8Array(100);
  for (let served = 0; served < CLIENTS; served++) {
    const { fd: connection, address } = await accept(fd);
    const n = await read(connection, buffer);
    const question = text.decode(buffer.subarray(0, n));
    await net.sleep(1000); // hard work
    await write(connection, `${question} ${address.address}, you are number ${served + 1}`);
    await close(connection);
  }
  await close(fd);
}

async function client(host: Host): Promise<void> {
  const { socket, connect, read, write, close } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  await connect(fd, { family: AF_INET, port: PORT, address: "server" });
  await write(fd, "hello");
  const buffer = new Uint8Array(100);
  const n = await read(fd, buffer);
  console.log(`${net.now} ms: ${text.decode(buffer.subarray(0, n))}`);
  await close(fd);
}

const net = new Network({ seed: 1 });
const b = net.host("server");
const clients = [1, 2, 3].map((number) => {
  const host = net.host(`client-${number}`);
  net.link(host, b, { latency: 10 * number });
  return host;
});
await net.run(() => Promise.all([server(b), ...clients.map(client)]));
await net.idle(); // the last packets arrive, and TIME-WAIT ends
