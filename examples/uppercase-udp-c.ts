/**
 * The textbook's first pair over UDP, the C way. The Python way: uppercase-udp.ts.
 *
 *     npx tsx examples/uppercase-udp-c.ts
 */
import { AF_INET, type Host, INADDR_ANY, Network, SOCK_DGRAM } from "../src/index.ts"; // yours: from "netwright"

const PORT = 12_000;
const text = new TextDecoder();

async function server(host: Host): Promise<void> {
  const { socket, bind, recvfrom, sendto, close } = host.posix;
  const fd = socket(AF_INET, SOCK_DGRAM, 0);
  bind(fd, { family: AF_INET, port: PORT, address: INADDR_ANY });
  console.log("server: ready to receive");
  const buffer = new Uint8Array(2048);
  const { n, address } = await recvfrom(fd, buffer, 0);
  const message = text.decode(buffer.subarray(0, n));
  console.log(`server: ${address.address} says ${message}`);
  await sendto(fd, message.toUpperCase(), 0, address);
  await close(fd);
}

async function client(host: Host): Promise<void> {
  const { socket, recvfrom, sendto, close } = host.posix;
  const fd = socket(AF_INET, SOCK_DGRAM, 0);
  await sendto(fd, "every packet counts", 0, { family: AF_INET, port: PORT, address: "10.0.0.2" });
  const buffer = new Uint8Array(2048);
  const { n, address } = await recvfrom(fd, buffer, 0);
  console.log(`client: from ${address.address}:${address.port}: ${text.decode(buffer.subarray(0, n))}`);
  await close(fd);
}

const net = new Network({ seed: 1 });
const a = net.host("client");
const b = net.host("server");
net.link(a, b, { latency: 10 });
await net.run(() => Promise.all([server(b), client(a)]));
console.log(`all said after ${net.now} ms of virtual time`);
await net.idle(); // the last packets arrive, and TIME-WAIT ends
