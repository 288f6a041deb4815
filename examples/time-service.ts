/**
 * A time service over UDP on a wire that loses every second packet or so. UDP repeats nothing, so the client does: it
 * asks again when no answer comes, each time with twice the patience. The C way: time-service-c.ts.
 *
 *     npx tsx examples/time-service.ts
 */
import { AF_INET, type Host, Network, SOCK_DGRAM, SocketError } from "../src/index.ts"; // yours: from "netwright"

const PORT = 37;
const text = new TextDecoder();

async function server(host: Host): Promise<void> {
  const socket = host.socket(AF_INET, SOCK_DGRAM);
  socket.bind({ address: "", port: PORT });
  for (;;) {
    const [request, from] = await socket.recvfrom(100);
    if (text.decode(request) === "stop") break;
    await socket.sendto(`it is ${net.now} ms past the hour`, from);
  }
  await socket.close();
}

async function client(host: Host): Promise<void> {
  const socket = host.socket(AF_INET, SOCK_DGRAM);
  await socket.connect({ address: "server", port: PORT });
  for (let patience = 200; patience <= 3200; patience *= 2) {
    socket.settimeout(patience);
    await socket.send("what time is it?");
    try {
      const answer = await socket.recv(100);
      console.log(`${net.now} ms: ${text.decode(answer)}`);
      break;
    } catch (error) {
      if (!(error instanceof SocketError) || error.code !== "ETIMEDOUT") throw error;
      console.log(`${net.now} ms: no answer within ${patience} ms`);
    }
  }
  await socket.close();
}

const net = new Network({ seed: 3 });
const a = net.host("client");
const b = net.host("server");
net.link(a, b, { latency: 20, loss: 0.5 });
await net.run(async () => {
  const served = server(b);
  await client(a);
  const local = b.socket(AF_INET, SOCK_DGRAM);
  await local.sendto("stop", { address: "127.0.0.1", port: PORT });
  await local.close();
  await served;
});
await net.idle();
