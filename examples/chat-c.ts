/**
 * Chat, the C way: one `select` for all clients; whatever one of them says, the server passes on to all others. The
 * Python way, with a task per client: chat.ts.
 *
 *     npx tsx examples/chat-c.ts
 */
import { AF_INET, type Host, INADDR_ANY, Network, SHUT_WR, SOCK_STREAM } from "../src/index.ts"; // yours: from "netwright"

const PORT = 5000;
const text = new TextDecoder();

/** What the server knows of a client: its name, once it has told it, and the beginning of its next line. */
interface Guest {
  name?: string;
  rest: string;
}

async function server(host: Host, guests: number): Promise<void> {
  const { socket, bind, listen, accept, select, read, write, close } = host.posix;
  const listener = socket(AF_INET, SOCK_STREAM, 0);
  bind(listener, { family: AF_INET, port: PORT, address: INADDR_ANY });
  listen(listener, 5);
  const room = new Map<number, Guest>();
  let left = 0;
  const tell = async (line: string, except: number) => {
    for (const [fd, { name }] of room) {
      if (fd !== except && name !== undefined) await write(fd, `${line}\n`);
    }
  };
  const hear = async (fd: number, guest: Guest, line: string) => {
    if (guest.name !== undefined) return tell(`<${guest.name}> ${line}`, fd);
    guest.name = line;
    return tell(`* ${line} is here`, fd);
  };
  const buffer = new Uint8Array(1024);
  while (left < guests) {
    const { read: ready } = await select({ read: [listener, ...room.keys()] });
    for (const fd of ready) {
      if (fd === listener) {
        room.set((await accept(listener)).fd, { rest: "" });
        continue;
      }
      const guest = room.get(fd)!;
      const n = await read(fd, buffer);
      const lines = (guest.rest + text.decode(buffer.subarray(0, n))).split("\n");
      guest.rest = lines.pop()!;
      for (const line of lines) await hear(fd, guest, line);
      if (n > 0) continue;
      left++;
      room.delete(fd);
      await tell(`* ${guest.name} has left`, fd);
      await close(fd);
    }
  }
  await close(listener);
}

/** Joins at `start`, says one line every 300 ms, and leaves. */
async function client(host: Host, start: number, say: string[]): Promise<void> {
  const { socket, connect, read, write, shutdown, close } = host.posix;
  await net.sleep(start);
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  await connect(fd, { family: AF_INET, port: PORT, address: "server" });
  const listen = async () => {
    const buffer = new Uint8Array(1024);
    for (let n = await read(fd, buffer); n > 0; n = await read(fd, buffer)) {
      for (const line of text.decode(buffer.subarray(0, n)).trim().split("\n")) {
        console.log(`${String(net.now).padStart(4)} ms  ${host.name.padEnd(5)} sees  ${line}`);
      }
    }
  };
  const heard = listen();
  await write(fd, `${host.name}\n`);
  for (const line of say) {
    await net.sleep(300);
    await write(fd, `${line}\n`);
  }
  await net.sleep(300);
  shutdown(fd, SHUT_WR);
  await heard;
  await close(fd);
}

const net = new Network({ seed: 1 });
const b = net.host("server");
const [ada, bob, cleo] = ["ada", "bob", "cleo"].map((name) => {
  const host = net.host(name);
  net.link(host, b, { latency: 10 });
  return host;
}) as [Host, Host, Host];
await net.run(() =>
  Promise.all([
    server(b, 3),
    client(ada, 0, ["anybody here?", "hello bob"]),
    client(bob, 100, ["hello ada"]),
    client(cleo, 450, ["good evening"]),
  ]),
);
await net.idle(); // the last packets arrive, and TIME-WAIT ends
