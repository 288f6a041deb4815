/**
 * The textbook's first pair over TCP, the C way: descriptors, and buffers to fill. The Python way: uppercase-tcp.ts.
 *
 *     npx tsx examples/uppercase-tcp-c.ts
 */
import { AF_INET, type Host, INADDR_ANY, Network, SOCK_STREAM } from "../src/index.ts"; // yours: from "netwright"

const PORT = 12_000;
const text = new TextDecoder();

async function server(host: Host): Promise<void> {
  const { socket, bind, listen, accept, recv, send, close } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  bind(fd, { family: AF_INET, port: PORT, address: INADDR_ANY });
  listen(fd, 1);
  console.log("server: ready to receive");
  const { fd: connection, address } = await accept(fd);
  const buffer = new Uint8Array(1024);
  const n = await recv(connection, buffer, 0);
  console.log(`server: ${address.address} says ${text.decode(buffer.subarray(0, n))}`);
  for (let i = 0; i < n; i++) if (buffer[i]! >= 97 && buffer[i]! <= 122) buffer[i]! -= 32;
  await send(connection, buffer.subarray(0, n), 0);
  await close(connection);
  await close(fd);
}

async function client(host: Host): Promise<void> {
  const { socket, connect, recv, send, close } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  await connect(fd, { family: AF_INET, port: PORT, address: "10.0.0.2" });
  await send(fd, "every packet counts", 0);
  const buffer = new Uint8Array(1024);
  const n = await recv(fd, buffer, 0);
  console.log(`client: from server: ${text.decode(buffer.subarray(0, n))}`);
  await close(fd);
}

const net = new Network({ seed: 1 });
const a = net.host("client");
const b = net.host("server");
net.link(a, b, { latency: 10 });
await net.run(() => Promise.all([server(b), client(a)]));
console.log(`all said after ${net.now} ms of virtual time`);
await net.idle(); // the last packets arrive, and TIME-WAIT ends
