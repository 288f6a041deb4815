/**
 * A server that greets, the C way: it answers `hola` with `pues hola`, and `adios` with `pues adios`, after which it
 * closes. TCP carries bytes and no messages, so a line is a message here. The Python way: greeting.ts.
 *
 *     npx tsx examples/greeting-c.ts
 */
import { AF_INET, type Host, INADDR_ANY, Network, SOCK_STREAM } from "../src/index.ts"; // yours: from "netwright"

const PORT = 2000;

/** Stevens's `readline`: the next line that arrives at `fd`, without its end; undefined when the peer has closed. */
async function readLine(host: Host, fd: number): Promise<string | undefined> {
  const byte = new Uint8Array(1);
  let line = "";
  while ((await host.posix.read(fd, byte)) === 1) {
    const character = String.fromCharCode(byte[0]!);
    if (character === "\n") return line;
    line += character;
  }
  return undefined;
}

async function server(host: Host): Promise<void> {
  const { socket, bind, listen, accept, write, close } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  bind(fd, { family: AF_INET, port: PORT, address: INADDR_ANY });
  listen(fd, 5);
  const { fd: connection } = await accept(fd);
  for (;;) {
    const line = await readLine(host, connection);
    if (line === "hola" || line === "adios") await write(connection, `pues ${line}\n`);
    if (line === undefined || line === "adios") break;
  }
  await close(connection);
  await close(fd);
}

async function client(host: Host): Promise<void> {
  const { socket, connect, write, close } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  await connect(fd, { family: AF_INET, port: PORT, address: "10.0.0.2" });
  for (const word of ["hola", "hola", "adios"]) {
    console.log(`> ${word}`);
    await write(fd, `${word}\n`);
    console.log(`< ${await readLine(host, fd)}`);
  }
  if ((await readLine(host, fd)) === undefined) console.log("the server has closed");
  await close(fd);
}

const net = new Network({ seed: 1 });
const a = net.host("client");
const b = net.host("server");
net.link(a, b, { latency: 10, loss: 0.05 });
await net.run(() => Promise.all([server(b), client(a)]));
await net.idle(); // the last packets arrive, and TIME-WAIT ends
