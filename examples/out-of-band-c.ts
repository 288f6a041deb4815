/**
 * An out-of-band signal, the C way: POLLPRI, MSG_OOB and `sockatmark`. The Python way: out-of-band.ts.
 *
 *     npx tsx examples/out-of-band-c.ts
 */
import {
  AF_INET,
  type Host,
  INADDR_ANY,
  MSG_OOB,
  Network,
  POLLIN,
  POLLPRI,
  SOCK_STREAM,
} from "../src/index.ts"; // yours: from "netwright"

const PORT = 513;
const text = new TextDecoder();

async function server(host: Host): Promise<void> {
  const { socket, bind, listen, accept, poll, recv, sockatmark, close } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  bind(fd, { family: AF_INET, port: PORT, address: INADDR_ANY });
  listen(fd, 1);
  const { fd: connection } = await accept(fd);
  const buffer = new Uint8Array(100);
  const receive = async (flags: number) =>
    text.decode(buffer.subarray(0, await recv(connection, buffer, flags)));
  await poll([{ fd: connection, events: POLLPRI }], -1);
  console.log(`urgent: ${await receive(MSG_OOB)}`);
  while (!sockatmark(connection)) console.log(`before the mark: ${await receive(0)}`);
  await poll([{ fd: connection, events: POLLIN }], -1);
  console.log(`behind the mark: ${await receive(0)}`);
  await close(connection);
  await close(fd);
}

async function client(host: Host): Promise<void> {
  const { socket, connect, send, close } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  await connect(fd, { family: AF_INET, port: PORT, address: "server" });
  await send(fd, "a long computation", 0);
  await send(fd, "!", MSG_OOB);
  await send(fd, "and the next one", 0);
  await close(fd);
}

const net = new Network({ seed: 1 });
const a = net.host("client");
const b = net.host("server");
net.link(a, b, { latency: 10 });
await net.run(() => Promise.all([server(b), client(a)]));
await net.idle(); // the last packets arrive, and TIME-WAIT ends
