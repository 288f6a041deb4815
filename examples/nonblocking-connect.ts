/**
 * A connect that does not wait: it says EINPROGRESS, `select` tells when there is a result, and SO_ERROR which one.
 * One server is there, the other refuses. The C way: nonblocking-connect-c.ts.
 *
 *     npx tsx examples/nonblocking-connect.ts
 */
import { AF_INET, errorName, type Host, Network, SO_ERROR, SOCK_STREAM, SOL_SOCKET } from "../src/index.ts"; // yours: from "netwright"

async function client(host: Host, port: number): Promise<void> {
  const socket = host.socket(AF_INET, SOCK_STREAM);
  socket.setblocking(false);
  const begun = await socket.connect_ex({ address: "server", port });
  console.log(`${net.now} ms: connect to port ${port}: ${errorName(begun)}`);
  const [, writable] = await host.select([], [socket], [], 1000);
  const error = socket.getsockopt(SOL_SOCKET, SO_ERROR);
  console.log(
    `${net.now} ms: ${writable.length} socket ready, ${error === 0 ? "connected" : errorName(error)}`,
  );
  await socket.close();
}

const net = new Network({ seed: 1 });
const a = net.host("client");
const b = net.host("server");
net.link(a, b, { latency: 10 });
const listener = b.create_server({ address: "", port: 80 });
await net.run(async () => {
  await client(a, 80);
  await client(a, 81);
  await listener.close();
});
await net.idle(); // the last packets arrive, and TIME-WAIT ends
