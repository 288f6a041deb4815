/**
 * An echo server for many clients with `epoll`, the C way. The Python way: epoll-server.ts.
 *
 *     npx tsx examples/epoll-server-c.ts
 */
import {
  AF_INET,
  EPOLL_CTL_ADD,
  EPOLLIN,
  type EpollEvent,
  type Host,
  INADDR_ANY,
  Network,
  SOCK_STREAM,
} from "../src/index.ts"; // yours: from "netwright"

const PORT = 7;
const text = new TextDecoder();

async function server(host: Host): Promise<void> {
  const { socket, bind, listen, accept, read, write, getpeername, close } = host.posix;
  const { epoll_create1, epoll_ctl, epoll_wait } = host.posix;
  const listener = socket(AF_INET, SOCK_STREAM, 0);
  bind(listener, { family: AF_INET, port: PORT, address: INADDR_ANY });
  listen(listener, 5);
  const epfd = epoll_create1(0);
  epoll_ctl(epfd, EPOLL_CTL_ADD, listener, { events: EPOLLIN, data: listener });
  let connections = 0;
  const events: EpollEvent[] = [];
  const buffer = new Uint8Array(1024);
  do {
    const count = await epoll_wait(epfd, events, 16, -1);
    for (const { data: fd } of events.slice(0, count) as { data: number }[]) {
      if (fd === listener) {
        const { fd: connection, address } = await accept(listener);
        console.log(`${net.now} ms: ${address.address} connects`);
        epoll_ctl(epfd, EPOLL_CTL_ADD, connection, { events: EPOLLIN, data: connection });
        connections++;
        continue;
      }
      const n = await read(fd, buffer);
      if (n > 0) {
        await write(fd, buffer.subarray(0, n));
        continue;
      }
      console.log(`${net.now} ms: ${getpeername(fd).address} leaves`);
      connections--;
      await close(fd); // which takes it out of the set, too
    }
  } while (connections > 0); // until the last client has left
  await close(epfd);
  await close(listener);
}

async function client(host: Host): Promise<void> {
  const { socket, connect, read, write, close } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  await connect(fd, { family: AF_INET, port: PORT, address: "server" });
  const buffer = new Uint8Array(1024);
  for (const word of ["ping", "pong"]) {
    await write(fd, word);
    const n = await read(fd, buffer);
    console.log(`${net.now} ms: ${host.name} hears ${text.decode(buffer.subarray(0, n))}`);
  }
  await close(fd);
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
