/**
 * A time service over UDP on a wire that loses every second packet or so, the C way: the client waits with `poll`, and
 * asks again when no answer comes, each time with twice the patience. The Python way: time-service.ts.
 *
 *     npx tsx examples/time-service-c.ts
 */
import { AF_INET, type Host, INADDR_ANY, Network, POLLIN, SOCK_DGRAM } from "../src/index.ts"; // yours: from "netwright"

const PORT = 37;
const text = new TextDecoder();

async function server(host: Host): Promise<void> {
  const { socket, bind, recvfrom, sendto, close } = host.posix;
  const fd = socket(AF_INET, SOCK_DGRAM, 0);
  bind(fd, { family: AF_INET, port: PORT, address: INADDR_ANY });
  const buffer = new Uint8Array(100);
  for (;;) {
    const { n, address } = await recvfrom(fd, buffer, 0);
    if (text.decode(buffer.subarray(0, n)) === "stop") break;
    await sendto(fd, `it is ${net.now} ms past the hour`, 0, address);
  }
  await close(fd);
}

async function client(host: Host): Promise<void> {
  const { socket, connect, send, poll, recv, close } = host.posix;
  const fd = socket(AF_INET, SOCK_DGRAM, 0);
  await connect(fd, { family: AF_INET, port: PORT, address: "server" });
  const buffer = new Uint8Array(100);
  for (let patience = 200; patience <= 3200; patience *= 2) {
    await send(fd, "what time is it?", 0);
    if ((await poll([{ fd, events: POLLIN }], patience)) > 0) {
      const n = await recv(fd, buffer, 0);
      console.log(`${net.now} ms: ${text.decode(buffer.subarray(0, n))}`);
      break;
    }
    console.log(`${net.now} ms: no answer within ${patience} ms`);
  }
  await close(fd);
}

const net = new Network({ seed: 3 });
const a = net.host("client");
const b = net.host("server");
net.link(a, b, { latency: 20, loss: 0.5 });
await net.run(async () => {
  const served = server(b);
  await client(a);
  const local = b.posix.socket(AF_INET, SOCK_DGRAM, 0);
  await b.posix.sendto(local, "stop", 0, { family: AF_INET, port: PORT, address: "127.0.0.1" });
  await b.posix.close(local);
  await served;
});
await net.idle();
