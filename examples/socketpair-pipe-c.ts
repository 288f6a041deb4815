/**
 * `socketpair`, the C way: a pipe in both directions between two tasks of one host (before a `fork`, in the book). The
 * Python way: socketpair-pipe.ts.
 *
 *     npx tsx examples/socketpair-pipe-c.ts
 */
import { AF_UNIX, Network, SHUT_WR, SOCK_STREAM } from "../src/index.ts"; // in a program of yours: from "netwright"

const text = new TextDecoder();
const net = new Network({ seed: 1 });
const { socketpair, read, write, shutdown, close } = net.host("alone").posix;

async function parent(fd: number): Promise<void> {
  const buffer = new Uint8Array(100);
  const receive = async () => text.decode(buffer.subarray(0, await read(fd, buffer)));
  for (const number of [6, 7, 8]) {
    await write(fd, `${number}`);
    console.log(`parent: the square of ${number} is ${await receive()}`);
  }
  shutdown(fd, SHUT_WR);
  console.log(`parent: ${await receive()}`);
  await close(fd);
}

async function child(fd: number): Promise<void> {
  const buffer = new Uint8Array(100);
  for (let n = await read(fd, buffer); n > 0; n = await read(fd, buffer)) {
    await write(fd, `${Number(text.decode(buffer.subarray(0, n))) ** 2}`);
  }
  await write(fd, "the child says good-bye");
  await close(fd);
}

const [ours, theirs] = socketpair(AF_UNIX, SOCK_STREAM, 0);
await net.run(() => Promise.all([parent(ours), child(theirs)]));
await net.idle();
