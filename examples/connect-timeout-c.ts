/**
 * A client that gives up, the C way: `connect` is begun without waiting, and `poll` waits 5 s for its result. They are
 * virtual: the program ends at once. The Python way: connect-timeout.ts.
 *
 *     npx tsx examples/connect-timeout-c.ts
 */
import { AF_INET, Network, POLLOUT, perror, SOCK_NONBLOCK, SOCK_STREAM } from "../src/index.ts"; // yours: from "netwright"

const net = new Network({ seed: 1 });
const a = net.host("a");
const b = net.host("b");
net.link(a, b, { latency: 10 });
net.partition(a, b); // what they send each other is lost

const { socket, connect, poll, close } = a.posix;
await net.run(async () => {
  const fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  console.log("connecting, for 5 s at most");
  try {
    await connect(fd, { family: AF_INET, port: 80, address: "10.0.0.2" });
  } catch (error) {
    console.log(`${net.now} ms: ${perror("connect", error)}`);
  }
  const ready = await poll([{ fd, events: POLLOUT }], 5000);
  if (ready === 0) console.log(`${net.now} ms: no answer`);
  await close(fd); // which ends the attempt
});
await net.idle();
