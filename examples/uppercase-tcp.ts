/**
 * The textbook's first pair over TCP: the client sends a sentence, the server sends it back in upper case. The C way:
 * uppercase-tcp-c.ts.
 *
 *     npx tsx examples/uppercase-tcp.ts
 */
import { AF_INET, type Host, Network, SOCK_STREAM } from "../src/index.ts"; // in a program of yours: from "netwright"

const PORT = 12_000;
const text = new TextDecoder();

async function server(host: Host): Promise<void> {
  const listener = host.socket(AF_INET, SOCK_STREAM);
  listener.bind({ address: "", port: PORT });
  listener.listen(1);
  console.log("server: ready to receive");
  const [connection, peer] = await listener.accept();
  const sentence = text.decode(await connection.recv(1024));
  console.log(`server: ${peer.address} says ${sentence}`);
  await connection.sendall(sentence.toUpperCase());
  await connection.close();
  await listener.close();
}

async function client(host: Host): Promise<void> {
  const socket = host.socket(AF_INET, SOCK_STREAM);
  await socket.connect({ address: "server", port: PORT });
  await socket.sendall("every packet counts");
  console.log(`client: from server: ${text.decode(await socket.recv(1024))}`);
  await socket.close();
}

const net = new Network({ seed: 1 });
const a = net.host("client");
const b = net.host("server");
net.link(a, b, { latency: 10 });
await net.run(() => Promise.all([server(b), client(a)]));
console.log(`all said after ${net.now} ms of virtual time`);
await net.idle(); // the last packets arrive, and TIME-WAIT ends
