/**
 * A graceful close: the client says with `shutdown` that nothing follows, and goes on reading. The server reads to the
 * end, answers, and closes last. The C way: graceful-close-c.ts.
 *
 *     npx tsx examples/graceful-close.ts
 */
import { type Host, Network, SHUT_WR, type SocketError } from "../src/index.ts"; // in a program of yours: from "netwright"

const PORT = 79;
const text = new TextDecoder();

async function server(host: Host): Promise<void> {
  const listener = host.create_server({ address: "", port: PORT });
  const [connection] = await listener.accept();
  let total = 0;
  for await (const bytes of connection.chunks()) total += bytes.length;
  console.log(`server: the client has finished, after ${total} bytes`);
  await connection.sendall(`I have got all ${total} bytes`);
  await connection.close();
  await listener.close();
}

async function client(host: Host): Promise<void> {
  const socket = await host.create_connection({ address: "server", port: PORT });
  await socket.sendall(new Uint8Array(100_000));
  socket.shutdown(SHUT_WR);
  try {
    await socket.send("one more");
  } catch (error) {
    console.log(`client: ${(error as SocketError).message}`);
  }
  console.log(`client: ${text.decode(await socket.recv(100))}`);
  const end = await socket.recv(100);
  console.log(`client: ${end.length} bytes: the server has closed, too`);
  await socket.close();
}

const net = new Network({ seed: 1 });
const a = net.host("client");
const b = net.host("server");
net.link(a, b, { latency: 10 });
await net.run(() => Promise.all([server(b), client(a)]));
await net.idle();
const states = a.netstat().sockets.map(({ state }) => state);
console.log(states.length === 0 ? "nothing is left" : `left: ${states.join(", ")}`);
