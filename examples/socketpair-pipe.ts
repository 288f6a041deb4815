/**
 * `socketpair`: a pipe in both directions between two tasks of one host (before a `fork`, in the book). The C way:
 * socketpair-pipe-c.ts.
 *
 *     npx tsx examples/socketpair-pipe.ts
 */
import { Network, SHUT_WR, type Socket } from "../src/index.ts"; // in a program of yours: from "netwright"

const text = new TextDecoder();

async function parent(socket: Socket<string>): Promise<void> {
  for (const number of [6, 7, 8]) {
    await socket.sendall(`${number}`);
    console.log(`parent: the square of ${number} is ${text.decode(await socket.recv(100))}`);
  }
  socket.shutdown(SHUT_WR);
  console.log(`parent: ${text.decode(await socket.recv(100))}`);
  await socket.close();
}

async function child(socket: Socket<string>): Promise<void> {
  for (let bytes = await socket.recv(100); bytes.length > 0; bytes = await socket.recv(100)) {
    await socket.sendall(`${Number(text.decode(bytes)) ** 2}`);
  }
  await socket.sendall("the child says good-bye");
  await socket.close();
}

const net = new Network({ seed: 1 });
const host = net.host("alone");
const [ours, theirs] = host.socketpair();
await net.run(() => Promise.all([parent(ours), child(theirs)]));
await net.idle();
