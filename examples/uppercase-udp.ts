/**
 * The textbook's first pair over UDP: no connection, one datagram each way. The C way: uppercase-udp-c.ts.
 *
 *     npx tsx examples/uppercase-udp.ts
 */
import { AF_INET, type Host, Network, SOCK_DGRAM } from "../src/index.ts"; // in a program of yours: from "netwright"

const PORT = 12_000;
const text = new TextDecoder();

async function server(host: Host): Promise<void> {
  const socket = host.socket(AF_INET, SOCK_DGRAM);
  socket.bind({ address: "", port: PORT });
  console.log("server: ready to receive");
  const [message, from] = await socket.recvfrom(2048);
  console.log(`server: ${from.address} says ${text.decode(message)}`);
  await socket.sendto(text.decode(message).toUpperCase(), from);
  await socket.close();
}

async function client(host: Host): Promise<void> {
  const socket = host.socket(AF_INET, SOCK_DGRAM);
  await socket.sendto("every packet counts", { address: "server", port: PORT });
  const [answer, from] = await socket.recvfrom(2048);
  console.log(`client: from ${from.address}:${from.port}: ${text.decode(answer)}`);
  await socket.close();
}

const net = new Network({ seed: 1 });
const a = net.host("client");
const b = net.host("server");
net.link(a, b, { latency: 10 });
await net.run(() => Promise.all([server(b), client(a)]));
console.log(`all said after ${net.now} ms of virtual time`);
await net.idle(); // the last packets arrive, and TIME-WAIT ends
