/**
 * An iterative server: it serves one client to the end before it accepts the next. The others wait in the listen
 * queue: they are connected, and what they have sent is kept for them. The C way: iterative-server-c.ts.
 *
 *     npx tsx examples/iterative-server.ts
 */
import { AF_INET, type Host, Network, SOCK_STREAM } from "../src/index.ts"; // in a program of yours: from "netwright"

const PORT = 13;
const CLIENTS = 3;
const text = new TextDecoder();

async function server(host: Host): Promise<void> {
  const listener = host.socket(AF_INET, SOCK_STREAM);
  listener.bind({ address: "", port: PORT });
  listener.listen(CLIENTS);
  for (let served = 0; served < CLIENTS; served++) {
    const [connection, peer] = await listener.accept();
    const question = text.decode(await connection.recv(100));
    await net.sleep(1000); // hard work
    await connection.sendall(`${question} ${peer.address}, you are number ${served + 1}`);
    await connection.close();
  }
  await listener.close();
}

async function client(host: Host): Promise<void> {
  const socket = host.socket(AF_INET, SOCK_STREAM);
  await socket.connect({ address: "server", port: PORT });
  await socket.sendall("hello");
  const answer = text.decode(await socket.recv(100));
  console.log(`${net.now} ms: ${answer}`);
  await socket.close();
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
