/**
 * A graceful close, the C way: `shutdown` says that nothing follows, `read` goes on until it gives 0. The Python way:
 * graceful-close.ts.
 *
 *     npx tsx examples/graceful-close-c.ts
 */
import {
  AF_INET,
  type Host,
  INADDR_ANY,
  Network,
  SHUT_WR,
  SOCK_STREAM,
  type SocketError,
} from "../src/index.ts"; // yours: from "netwright"

const PORT = 79;
const text = new TextDecoder();

async function server(host: Host): Promise<void> {
  const { socket, bind, listen, accept, recv, send, close } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  bind(fd, { family: AF_INET, port: PORT, address: INADDR_ANY });
  listen(fd, 1);
  const { fd: connection } = await accept(fd);
  const buffer = new Uint8Array(4096);
  let total = 0;
  for (let n = await recv(connection, buffer, 0); n > 0; n = await recv(connection, buffer, 0)) total += n;
  console.log(`server: the client has finished, after ${total} bytes`);
  await send(connection, `I have got all ${total} bytes`, 0);
  await close(connection);
  await close(fd);
}

async function client(host: Host): Promise<void> {
  const { socket, connect, recv, send, shutdown, close } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  await connect(fd, { family: AF_INET, port: PORT, address: "server" });
  await send(fd, new Uint8Array(100_000), 0);
  shutdown(fd, SHUT_WR);
  try {
    await send(fd, "one more", 0);
  } catch (error) {
    console.log(`client: ${(error as SocketError).message}`);
  }
  const buffer = new Uint8Array(100);
  const n = await recv(fd, buffer, 0);
  console.log(`client: ${text.decode(buffer.subarray(0, n))}`);
  const end = await recv(fd, buffer, 0);
  console.log(`client: ${end} bytes: the server has closed, too`);
  await close(fd);
}

const net = new Network({ seed: 1 });
const a = net.host("client");
const b = net.host("server");
net.link(a, b, { latency: 10 });
await net.run(() => Promise.all([server(b), client(a)]));
await net.idle();
const states = a.netstat().sockets.map(({ state }) => state);
console.log(states.length === 0 ? "nothing is left" : `left: ${states.join(", ")}`);
