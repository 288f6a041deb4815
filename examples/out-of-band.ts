/**
 * An out-of-band signal: one byte that overtakes the rest. The server learns of it by POLLPRI, takes it with MSG_OOB,
 * and reads on to the mark where it stood in the stream. The C way: out-of-band-c.ts.
 *
 *     npx tsx examples/out-of-band.ts
 */
import { type Host, MSG_OOB, Network, POLLIN, POLLPRI, SIOCATMARK } from "../src/index.ts"; // yours: from "netwright"

const PORT = 513;
const text = new TextDecoder();

async function server(host: Host): Promise<void> {
  const listener = host.create_server({ address: "", port: PORT });
  const [connection] = await listener.accept();
  const poller = host.poll();
  poller.register(connection, POLLPRI);
  await poller.poll();
  console.log(`urgent: ${text.decode(await connection.recv(1, MSG_OOB))}`);
  const atMark = () => host.posix.ioctl(connection.fileno(), SIOCATMARK) === 1;
  while (!atMark()) console.log(`before the mark: ${text.decode(await connection.recv(100))}`);
  poller.modify(connection, POLLIN);
  await poller.poll();
  console.log(`behind the mark: ${text.decode(await connection.recv(100))}`);
  await connection.close();
  await listener.close();
}

async function client(host: Host): Promise<void> {
  const socket = await host.create_connection({ address: "server", port: PORT });
  await socket.sendall("a long computation");
  await socket.send("!", MSG_OOB);
  await socket.sendall("and the next one");
  await socket.close();
}

const net = new Network({ seed: 1 });
const a = net.host("client");
const b = net.host("server");
net.link(a, b, { latency: 10 });
await net.run(() => Promise.all([server(b), client(a)]));
await net.idle(); // the last packets arrive, and TIME-WAIT ends
