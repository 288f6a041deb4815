/**
 * A server that greets: it answers `hola` with `pues hola`, and `adios` with `pues adios`, after which it closes.
 * TCP carries bytes and no messages, so a line is a message here. The C way: greeting-c.ts.
 *
 *     npx tsx examples/greeting.ts
 */
import { AF_INET, type Host, Network, SOCK_STREAM, type Socket } from "../src/index.ts"; // yours: from "netwright"

const PORT = 2000;

/** What `socket` receives, line by line, however the network has cut it. */
async function* lines(socket: Socket): AsyncGenerator<string> {
  const text = new TextDecoder();
  let rest = "";
  for await (const bytes of socket.chunks()) {
    rest += text.decode(bytes, { stream: true });
    const complete = rest.split("\n");
    rest = complete.pop() ?? "";
    yield* complete;
  }
}

async function server(host: Host): Promise<void> {
  const listener = host.socket(AF_INET, SOCK_STREAM);
  listener.bind({ address: "", port: PORT });
  listener.listen(5);
  const [connection] = await listener.accept();
  for await (const line of lines(connection)) {
    if (line === "hola" || line === "adios") await connection.sendall(`pues ${line}\n`);
    if (line === "adios") break;
  }
  await connection.close();
  await listener.close();
}

async function client(host: Host): Promise<void> {
  const socket = host.socket(AF_INET, SOCK_STREAM);
  await socket.connect({ address: "server", port: PORT });
  const answers = lines(socket);
  for (const word of ["hola", "hola", "adios"]) {
    console.log(`> ${word}`);
    await socket.sendall(`${word}\n`);
    const { value } = await answers.next();
    console.log(`< ${value}`);
  }
  const { done } = await answers.next();
  if (done) console.log("the server has closed");
  await socket.close();
}

const net = new Network({ seed: 1 });
const a = net.host("client");
const b = net.host("server");
net.link(a, b, { latency: 10, loss: 0.05 });
await net.run(() => Promise.all([server(b), client(a)]));
await net.idle(); // the last packets arrive, and TIME-WAIT ends
