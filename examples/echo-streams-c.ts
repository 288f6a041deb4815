/**
 * Echo by streams, the C way: `read` until the end of the stream, `write` whatever came. The Python way, with streams
 * piped into each other: echo-streams.ts.
 *
 *     npx tsx examples/echo-streams-c.ts
 */
import { AF_INET, type Host, INADDR_ANY, Network, SHUT_WR, SOCK_STREAM } from "../src/index.ts"; // yours: from "netwright"

const PORT = 8000;

async function server(host: Host): Promise<void> {
  const { socket, bind, listen, accept, read, write, close } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  bind(fd, { family: AF_INET, port: PORT, address: INADDR_ANY });
  listen(fd, 5);
  const { fd: connection, address } = await accept(fd);
  console.log(`accepted ${address.address}`);
  const buffer = new Uint8Array(8192);
  for (;;) {
    const n = await read(connection, buffer);
    if (n === 0) break;
    await write(connection, buffer.subarray(0, n));
  }
  console.log("end of stream");
  await close(connection);
  await close(fd);
}

async function client(host: Host): Promise<void> {
  const { socket, connect, read, write, shutdown, close } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  await connect(fd, { family: AF_INET, port: PORT, address: "10.0.0.2" });
  for (const line of ["one\n", "two\n", "three\n"]) await write(fd, line);
  shutdown(fd, SHUT_WR);
  const buffer = new Uint8Array(8192);
  let answer = "";
  for (;;) {
    const n = await read(fd, buffer);
    if (n === 0) break;
    answer += new TextDecoder().decode(buffer.subarray(0, n));
  }
  console.log(`echoed: ${JSON.stringify(answer)}`);
  await close(fd);
}

const net = new Network({ seed: 1 });
const a = net.host("client");
const b = net.host("server");
net.link(a, b, { latency: 10 });
await net.run(() => Promise.all([server(b), client(a)]));
await net.idle(); // the last packets arrive, and TIME-WAIT ends
