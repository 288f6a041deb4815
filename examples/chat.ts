/**
 * Chat: whatever one client says, the server passes on to all others. One task per client, and a set of who is there.
 * The C way, with `select`: chat-c.ts.
 *
 *     npx tsx examples/chat.ts
 */
import { type Host, Network, SHUT_WR, type Socket } from "../src/index.ts"; // in a program of yours: from "netwright"

const PORT = 5000;

async function server(host: Host, guests: number): Promise<void> {
  const listener = host.create_server({ address: "", port: PORT });
  const room = new Set<Socket>();
  const tell = async (line: string, except: Socket) => {
    for (const other of room) if (other !== except) await other.sendall(`${line}\n`);
  };
  const serve = async (guest: Socket) => {
    const lines = guest.makefile("r");
    const name = (await lines.readline()).trim();
    room.add(guest);
    await tell(`* ${name} is here`, guest);
    for await (const line of lines) await tell(`<${name}> ${line.trim()}`, guest);
    room.delete(guest);
    await tell(`* ${name} has left`, guest);
    await lines.close();
    await guest.close();
  };
  const tasks: Promise<void>[] = [];
  while (tasks.length < guests) tasks.push(serve((await listener.accept())[0]));
  await Promise.all(tasks);
  await listener.close();
}

/** Joins at `start`, says one line every 300 ms, and leaves. */
async function client(host: Host, start: number, say: string[]): Promise<void> {
  await net.sleep(start);
  const socket = await host.create_connection({ address: "server", port: PORT });
  const listen = async () => {
    for await (const line of socket.makefile("r")) {
      console.log(`${String(net.now).padStart(4)} ms  ${host.name.padEnd(5)} sees  ${line.trim()}`);
    }
  };
  const heard = listen();
  await socket.sendall(`${host.name}\n`);
  for (const line of say) {
    await net.sleep(300);
    await socket.sendall(`${line}\n`);
  }
  await net.sleep(300);
  socket.shutdown(SHUT_WR);
  await heard;
  await socket.close();
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
