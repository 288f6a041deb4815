/**
 * An echo server that serves many clients at once: one `for await` takes the connections, and nobody waits for a
 * slow neighbour. The C way: task-per-client-c.ts.
 *
 *     npx tsx examples/task-per-client.ts
 */
import { AF_INET, type Host, Network, SHUT_WR, SOCK_STREAM, type Socket } from "../src/index.ts"; // yours: from "netwright"

const PORT = 7;
const text = new TextDecoder();

async function serve(listener: Socket): Promise<void> {
  for await (const connection of listener.connections()) void echo(connection);
}

async function echo(connection: Socket): Promise<void> {
  for await (const bytes of connection.chunks()) await connection.sendall(bytes);
  await connection.close();
}

async function client(host: Host): Promise<void> {
  const socket = host.socket(AF_INET, SOCK_STREAM);
  await socket.connect({ address: "server", port: PORT });
  await socket.sendall(`I am ${host.name}`);
  socket.shutdown(SHUT_WR);
  let answer = "";
  for await (const bytes of socket.chunks()) answer += text.decode(bytes);
  await socket.close();
  console.log(`${String(net.now).padStart(4)} ms  ${host.name} hears: ${answer}`);
}

const net = new Network({ seed: 1 });
const server = net.host("server");
const clients = [400, 5, 100, 40, 1].map((latency, index) => {
  const host = net.host(`client-${index + 1}`);
  net.link(host, server, { latency });
  return host;
});

const listener = server.socket(AF_INET, SOCK_STREAM);
listener.bind({ address: "", port: PORT });
listener.listen(clients.length);
await net.run(async () => {
  const served = serve(listener);
  await Promise.all(clients.map(client));
  await listener.close(); // ends the server's loop
  await served;
});
await net.idle(); // the last packets arrive, and TIME-WAIT ends
