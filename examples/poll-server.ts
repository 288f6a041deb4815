/**
 * An echo server for many clients with `poll`: it registers what it wants to hear of each socket, and sleeps until
 * something of it has come about. The C way: poll-server-c.ts.
 *
 *     npx tsx examples/poll-server.ts
 */
import { AF_INET, type Host, Network, POLLIN, SOCK_STREAM, type Socket } from "../src/index.ts"; // yours: from "netwright"

const PORT = 7;
const text = new TextDecoder();

async function server(host: Host): Promise<void> {
  const listener = host.socket(AF_INET, SOCK_STREAM);
  listener.bind({ address: "", port: PORT });
  listener.listen(5);
  const sockets = new Map<number, Socket>([[listener.fileno(), listener]]);
  const poller = host.poll();
  poller.register(listener, POLLIN);
  do {
    for (const [fd] of await poller.poll()) {
      const socket = sockets.get(fd)!;
      if (socket === listener) {
        const [connection, peer] = await listener.accept();
        console.log(`${net.now} ms: ${peer.address} connects`);
        sockets.set(connection.fileno(), connection);
        poller.register(connection, POLLIN);
        continue;
      }
      const bytes = await socket.recv(1024);
      if (bytes.length > 0) {
        await socket.sendall(bytes);
        continue;
      }
      console.log(`${net.now} ms: ${socket.getpeername().address} leaves`);
      poller.unregister(socket);
      sockets.delete(fd);
      await socket.close();
    }
  } while (sockets.size > 1); // until the last client has left
  await listener.close();
}

async function client(host: Host): Promise<void> {
  const socket = host.socket(AF_INET, SOCK_STREAM);
  await socket.connect({ address: "server", port: PORT });
  for (const word of ["ping", "pong"]) {
    await socket.sendall(word);
    const answer = await socket.recv(1024);
    console.log(`${net.now} ms: ${host.name} hears ${text.decode(answer)}`);
  }
  await socket.close();
}

const net = new Network({ seed: 1 });
const b = net.host("server");
const clients = [30, 10, 20].map((latency, index) => {
  const host = net.host(`client-${index + 1}`);
  net.link(host, b, { latency });
  return host;
});
await net.run(() => Promise.all([server(b), ...clients.map(client)]));
await net.idle(); // the last packets arrive, and TIME-WAIT ends
