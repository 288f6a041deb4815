/**
 * An echo server for many clients with `epoll`: it registers once what it wants to hear of each socket, and is
 * told of the ready ones alone. The C way: epoll-server-c.ts.
 *
 *     npx tsx examples/epoll-server.ts
 */
import { AF_INET, EPOLLIN, type Host, Network, SOCK_STREAM, type Socket } from "../src/index.ts"; // yours: from "netwright"

const PORT = 7;
const text = new TextDecoder();

async function server(host: Host): Promise<void> {
  const listener = host.socket(AF_INET, SOCK_STREAM);
  listener.bind({ address: "", port: PORT });
  listener.listen(5);
  const sockets = new Map<number, Socket>([[listener.fileno(), listener]]);
  const events = host.epoll();
  events.register(listener, EPOLLIN);
  do {
    for (const [fd] of await events.poll()) {
      const socket = sockets.get(fd)!;
      if (socket === listener) {
        const [connection, peer] = await listener.accept();
        console.log(`${net.now} ms: ${peer.address} connects`);
        sockets.set(connection.fileno(), connection);
        events.register(connection, EPOLLIN);
        continue;
      }
      const bytes = await socket.recv(1024);
      if (bytes.length > 0) {
        await socket.sendall(bytes);
        continue;
      }
      console.log(`${net.now} ms: ${socket.getpeername().address} leaves`);
      events.unregister(socket);
      sockets.delete(fd);
      await socket.close();
    }
  } while (sockets.size > 1); // until the last client has left
  events.close();
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
