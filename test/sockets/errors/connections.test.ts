/** Errors about the state that a connection is in. */
import { expect } from "vitest";
import {
  AF_UNIX,
  errno,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_TCP,
  MSG_DONTWAIT,
  SHUT_WR,
  SO_ERROR,
  SO_LINGER,
  SO_RCVTIMEO,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_USER_TIMEOUT,
} from "../../../src/index.ts";
import { caught, fails, type Situation, type SpokenSocket, situation } from "../../support/situations.ts";
import { failure } from "../../support/world.ts";

/** A connection from a to port 80 of b, and who accepted it. */
async function connected({ a, b }: Situation): Promise<[client: SpokenSocket, server: SpokenSocket]> {
  const listening = b.listener(80);
  const client = a.socket();
  await client.connect("10.0.0.2", 80);
  const server = await listening.accept();
  await listening.close();
  return [client, server];
}

situation("EAGAIN", "nothing has come yet, and MSG_DONTWAIT says not to wait", async (world) => {
  const [client, server] = await connected(world);
  expect(errno.EAGAIN).toBe(errno.EWOULDBLOCK); // one error with two names; this is the one it is called by
  await fails(() => client.recv(10, MSG_DONTWAIT), "recv EWOULDBLOCK");
  await client.close();
  await server.close();
});

situation("EAGAIN", "the time of SO_RCVTIMEO is over", async (world) => {
  const [client, server] = await connected(world);
  client.set(SOL_SOCKET, SO_RCVTIMEO, 50 as never);
  const begin = world.net.now;
  await fails(() => client.recv(10), "recv EWOULDBLOCK");
  expect(world.net.now - begin).toBe(50);
  await client.close();
  await server.close();
});

situation(
  "EWOULDBLOCK",
  "a socket that does not wait: accept, receive, and send when all is full",
  async (world) => {
    const listening = world.b.listener(81);
    listening.nonBlocking();
    await fails(() => listening.accept(), "accept EWOULDBLOCK");
    await listening.close();
    const [client, server] = await connected(world);
    client.nonBlocking();
    await fails(() => client.recv(10), "recv EWOULDBLOCK");
    const chunk = new Uint8Array(1_000_000);
    await fails(async () => {
      for (;;) await client.send(chunk);
    }, "send EWOULDBLOCK");
    server.set(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 } as never);
    await server.close();
    await client.close();
  },
);

situation("EINPROGRESS", "a connect that does not wait, and EALREADY for the next", async ({ a, b, net }) => {
  const [listening, client] = [b.listener(80), a.socket()];
  client.nonBlocking();
  await fails(() => client.connect("10.0.0.2", 80), "connect EINPROGRESS 10.0.0.2:80");
  await net.sleep(20);
  expect(client.get(SOL_SOCKET, SO_ERROR)).toBe(0);
  await client.connect("10.0.0.2", 80); // says once that it is done
  await client.close();
  await listening.close();
});

situation("EALREADY", "a second connect while the first is under way", async ({ a, b }) => {
  const [listening, client] = [b.listener(80), a.socket()];
  client.nonBlocking();
  await fails(() => client.connect("10.0.0.2", 80), "connect EINPROGRESS 10.0.0.2:80");
  await fails(() => client.connect("10.0.0.2", 80), "connect EALREADY 10.0.0.2:80");
  await client.close();
  await listening.close();
});

situation("EISCONN", "a second connect on a connection", async (world) => {
  const [client, server] = await connected(world);
  await fails(() => client.connect("10.0.0.2", 81), "connect EISCONN 10.0.0.2:81");
  await fails(() => server.connect("10.0.0.2", 81), "connect EISCONN 10.0.0.2:81");
  await client.close();
  await server.close();
});

situation("EISCONN", "a destination for what is connected, in AF_UNIX", async ({ a }) => {
  const [left, right] = a.socketpair(AF_UNIX, SOCK_STREAM);
  await fails(() => left.sendto("hola", "/run/other"), "sendto EISCONN /run/other");
  await left.close();
  await right.close();
});

situation("ECONNREFUSED", "nobody listens to the port", async ({ a }) => {
  const client = a.socket();
  await fails(() => client.connect("10.0.0.2", 80), "connect ECONNREFUSED 10.0.0.2:80");
  await client.close();
});

situation(
  "ECONNREFUSED",
  "nobody has the port, as the next call after a datagram hears",
  async ({ a, net }) => {
    const client = a.socket(SOCK_DGRAM);
    await client.connect("10.0.0.2", 53);
    expect(await client.send("hola")).toBe(4);
    await fails(() => client.recv(10), "recv ECONNREFUSED");
    expect(await client.send("hola")).toBe(4);
    await net.sleep(20);
    await fails(() => client.send("hola"), "send ECONNREFUSED");
    await client.close();
  },
);

situation("ECONNREFUSED", "a path that a closed socket has left behind", async ({ a }) => {
  const [server, client] = [a.socket(SOCK_STREAM, AF_UNIX), a.socket(SOCK_STREAM, AF_UNIX)];
  server.bind("/run/server");
  await server.close();
  await fails(() => client.connect("/run/server"), "connect ECONNREFUSED /run/server");
  await client.close();
});

situation("ECONNRESET", "the peer throws the connection away", async (world) => {
  const [client, server] = await connected(world);
  server.set(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 } as never);
  await server.close();
  await fails(() => client.recv(10), "recv ECONNRESET");
  expect(await client.recv(10)).toBe(""); // told once; then it is the end
  await client.close();
});

situation(
  "ECONNABORTED",
  "SO_ERROR has told why a connect failed, and the socket is used again",
  async ({ a, net }) => {
    const client = a.socket();
    client.nonBlocking();
    await fails(() => client.connect("10.0.0.2", 80), "connect EINPROGRESS 10.0.0.2:80");
    await net.sleep(20);
    expect(client.get(SOL_SOCKET, SO_ERROR)).toBe(errno.ECONNREFUSED);
    await fails(() => client.connect("10.0.0.2", 80), "connect ECONNABORTED 10.0.0.2:80");
    await fails(() => client.connect("10.0.0.2", 80), "connect EINPROGRESS 10.0.0.2:80");
    await client.close();
  },
);

situation("ECONNABORTED", "the host is closed under calls that wait", async (world) => {
  const [client, server] = await connected(world);
  const waiting = failure(client.recv(10));
  await world.net.sleep(1);
  world.a.host.close();
  await fails(async () => {
    throw await waiting;
  }, "recv ECONNABORTED");
  server.set(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 } as never);
  await server.close();
});

situation("ENOTCONN", "nobody at the other end", async ({ a }) => {
  const socket = a.socket();
  await fails(() => socket.getpeername(), "getpeername ENOTCONN");
  await fails(() => socket.recv(10), "recv ENOTCONN");
  await fails(() => socket.shutdown(SHUT_WR), "shutdown ENOTCONN");
  await socket.close();
});

situation("EPIPE", "send after shutdown, and to who has gone", async (world) => {
  const [client, server] = await connected(world);
  client.shutdown(SHUT_WR);
  await fails(() => client.send("more"), "send EPIPE");
  await client.close();
  await server.close();
  const [left, right] = world.a.socketpair(AF_UNIX, SOCK_STREAM);
  await right.close();
  await fails(() => left.send("more"), "send EPIPE");
  await left.close();
  const fresh = world.a.socket();
  await fails(() => fresh.send("more"), "send EPIPE"); // never connected
  await fresh.close();
});

situation("ETIMEDOUT", "a host that never answers", async ({ a, b, net }) => {
  net.partition(a.host, b.host);
  const client = a.socket();
  const begin = net.now;
  await fails(() => client.connect("10.0.0.2", 80), "connect ETIMEDOUT 10.0.0.2:80");
  expect(net.now - begin).toBeGreaterThan(60_000); // as often as TCP tries
  await client.close();
});

situation("ETIMEDOUT", "a peer that is heard of no more, within TCP_USER_TIMEOUT", async (world) => {
  const [client, server] = await connected(world);
  client.set(IPPROTO_TCP, TCP_USER_TIMEOUT, 2000 as never);
  world.net.partition(world.a.host, world.b.host);
  await client.send("hola");
  await fails(() => client.recv(10), "recv ETIMEDOUT");
  server.set(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 } as never);
  await client.close();
  await server.close();
});

situation(
  "ETIMEDOUT",
  "the time of settimeout is over",
  async ({ a, net }) => {
    const socket = a.host.socket(undefined, SOCK_DGRAM);
    socket.bind({ address: "", port: 53 });
    socket.settimeout(30);
    await fails(() => socket.recv(10), "recv ETIMEDOUT");
    expect(net.now).toBe(30);
    await socket.close();
  },
  ["Python"],
);

situation(
  "ENOPROTOOPT",
  "an option that there is not, or not at this level, or not to be set",
  async ({ a }) => {
    const [stream, datagram] = [a.socket(), a.socket(SOCK_DGRAM)];
    await fails(() => stream.get(SOL_SOCKET, 9999), "getsockopt ENOPROTOOPT");
    await fails(() => stream.set(SOL_SOCKET, SO_ERROR, 1 as never), "setsockopt ENOPROTOOPT");
    await fails(() => datagram.set(IPPROTO_TCP, TCP_USER_TIMEOUT, 1 as never), "setsockopt ENOPROTOOPT");
    expect(await caught(() => stream.set(IPPROTO_IP, IP_TTL, 256 as never))).toMatchObject({
      code: "EINVAL",
    });
    await stream.close();
    await datagram.close();
  },
);
