/**
 * A connect that does not wait, the C way: O_NONBLOCK, EINPROGRESS, `select`, SO_ERROR. The Python way:
 * nonblocking-connect.ts.
 *
 *     npx tsx examples/nonblocking-connect-c.ts
 */
import {
  AF_INET,
  errorName,
  F_GETFL,
  F_SETFL,
  type Host,
  INADDR_ANY,
  Network,
  O_NONBLOCK,
  SO_ERROR,
  SOCK_STREAM,
  SOL_SOCKET,
  SocketError,
} from "../src/index.ts"; // in a program of yours: from "netwright"

async function client(host: Host, port: number): Promise<void> {
  const { socket, fcntl, connect, select, getsockopt, close } = host.posix;
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  try {
    await connect(fd, { family: AF_INET, port, address: "10.0.0.2" });
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    console.log(`${net.now} ms: connect to port ${port}: ${error.code}`);
  }
  const { write } = await select({ write: [fd] }, 1000);
  const error = getsockopt(fd, SOL_SOCKET, SO_ERROR);
  console.log(`${net.now} ms: ${write.length} socket ready, ${error === 0 ? "connected" : errorName(error)}`);
  await close(fd);
}

const net = new Network({ seed: 1 });
const a = net.host("client");
const b = net.host("server");
net.link(a, b, { latency: 10 });
const { socket, bind, listen, close } = b.posix;
const listener = socket(AF_INET, SOCK_STREAM, 0);
bind(listener, { family: AF_INET, port: 80, address: INADDR_ANY });
listen(listener, 5);
await net.run(async () => {
  await client(a, 80);
  await client(a, 81);
  await close(listener);
});
await net.idle(); // the last packets arrive, and TIME-WAIT ends
