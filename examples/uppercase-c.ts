/**
 * The upper-case pair the C way: descriptors, buffers to fill, and `perror` when a call fails. The client comes too
 * early at first.
 *
 *     npx tsx examples/uppercase-c.ts
 */
import { AF_INET, type Host, INADDR_ANY, Network, perror, SOCK_STREAM } from "../src/index.ts"; // yours: from "netwright"

const PORT = 1234;

async function server(host: Host): Promise<void> {
  const { socket, bind, listen, accept, recv, send, close } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  bind(fd, { family: AF_INET, port: PORT, address: INADDR_ANY });
  listen(fd, 5);
  const { fd: client, address } = await accept(fd);
  console.log(`server: fd ${client} is ${address.address}`);
  const buffer = new Uint8Array(100);
  for (;;) {
    const n = await recv(client, buffer, 0);
    if (n === 0) break;
    for (let i = 0; i < n; i++) if (buffer[i]! >= 97 && buffer[i]! <= 122) buffer[i]! -= 32;
    await send(client, buffer.subarray(0, n), 0);
  }
  await close(client);
  await close(fd);
}

async function client(host: Host): Promise<void> {
  const { socket, connect, recv, send, close } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  try {
    await connect(fd, { family: AF_INET, port: PORT, address: "10.0.0.2" });
  } catch (error) {
    console.log(perror("connect", error));
    return close(fd);
  }
  await send(fd, "every packet counts", 0);
  const buffer = new Uint8Array(100);
  const n = await recv(fd, buffer, 0);
  console.log(`client: ${new TextDecoder().decode(buffer.subarray(0, n))}`);
  await close(fd);
}

const net = new Network({ seed: 1 });
const a = net.host("client");
const b = net.host("server");
net.link(a, b, { latency: 10 });
await net.run(async () => {
  await client(a); // nobody listens yet
  const served = server(b);
  await client(a);
  await served;
});
await net.idle(); // the last packets arrive, and TIME-WAIT ends
