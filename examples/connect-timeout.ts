/**
 * A client that gives up: the other host never answers, and `connect` may take 5 s. They are virtual: the program ends
 * at once. The C way: connect-timeout-c.ts.
 *
 *     npx tsx examples/connect-timeout.ts
 */
import { AF_INET, Network, SOCK_STREAM, SocketError } from "../src/index.ts"; // in a program of yours: from "netwright"

const net = new Network({ seed: 1 });
const a = net.host("a");
const b = net.host("b");
net.link(a, b, { latency: 10 });
net.partition(a, b); // what they send each other is lost

await net.run(async () => {
  const socket = a.socket(AF_INET, SOCK_STREAM);
  socket.settimeout(5000);
  console.log("connecting, for 5 s at most");
  try {
    await socket.connect({ address: "b", port: 80 });
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    console.log(`${net.now} ms: ${error.message}`);
    console.log(`code ${error.code}, errno ${error.errno}, syscall ${error.syscall}`);
  }
  await socket.close();
});
await net.idle(); // the last packets arrive, and TIME-WAIT ends
