/**
 * What netwright's commands do not do, on the stack's end of a street: `program.ts MODE [JSON]`, until SIGINT or SIGTERM. JSON has
 * `link`, options for openTun; `host`, options for Host; and what the mode needs.
 *   server   answers as bulk.py does, on PORT; with keep-alive probes each second
 *   client   asks bulk.py at `address`, `what` and `size`; prints one line of JSON, and ends
 *   datagrams  takes what comes to PORT; asked to by a line of input sends `count` of `size` bytes to `address`, as fast as it can
 * On ending it prints what is left: sockets, packets.
 */
import {
  AF_INET,
  Host,
  IPPROTO_TCP,
  packetPool,
  SO_KEEPALIVE,
  SOCK_DGRAM,
  SOL_SOCKET,
  type Socket,
  TCP_INFO,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
} from "../../../src/index.ts";
import { openTun } from "../../../src/node/index.ts";
import { answer, ask } from "./pattern.ts";

const PORT = 7000;

const [mode, json = "{}"] = process.argv.slice(2);
const options = JSON.parse(json);
const link = await openTun({ address: "10.9.0.1/24", peer: "10.9.0.2", ...options.link });
const host = new Host({ seed: 1, ...options.host });
host.attach(link, { address: "10.9.0.2/24" });
host.route.add({ to: "default", via: "10.9.0.1" });

function keepAlive(socket: Socket): void {
  socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1);
  socket.setsockopt(IPPROTO_TCP, TCP_KEEPIDLE, 1);
  socket.setsockopt(IPPROTO_TCP, TCP_KEEPINTVL, 1);
  socket.setsockopt(IPPROTO_TCP, TCP_KEEPCNT, 3);
}

async function serve(): Promise<void> {
  const listener = host.create_server({ address: "", port: PORT });
  console.log("listening");
  for (;;) {
    const [socket] = await listener.accept();
    keepAlive(socket);
    answer(socket).catch((error) => console.log(`failed: ${error.message}`));
  }
}

async function request(): Promise<void> {
  const { address, what, size } = options;
  console.log("asking");
  const start = performance.now();
  const socket = await host.create_connection({ address, port: PORT });
  const result = await ask(socket, what, size);
  const info = socket.getsockopt(IPPROTO_TCP, TCP_INFO);
  await socket.close();
  console.log(JSON.stringify({ result, seconds: (performance.now() - start) / 1000, info }));
}

let taken = 0;

/** Never blocks: the socket has no room, or gets some, by the kernel's answers alone. */
async function flood(): Promise<void> {
  const { count, size, address } = options;
  const socket = host.socket(AF_INET, SOCK_DGRAM);
  socket.bind({ address: "", port: PORT });
  const { core } = socket;
  const buffer = new Uint8Array(65_536);
  core.onReadiness = () => {
    while (core.receive(buffer) >= 0) taken++;
  };
  console.log("ready");
  for await (const _ of process.stdin) {
    const data = new Uint8Array(size);
    for (let number = 0; number < count; number++) await socket.sendto(data, { address, port: PORT });
    console.log("sent");
  }
}

function end(): void {
  const { counters } = host.netstat();
  host.close();
  process.once("exit", () =>
    console.log(JSON.stringify({ packets: packetPool.outstanding, taken, counters, link: link.counters })),
  );
}

process.once("SIGINT", end);
process.once("SIGTERM", end);
if (mode === "server")
  serve().catch(() => {}); // it is closed under the listener
else if (mode === "datagrams") flood().catch(() => {});
else await request().finally(end);
