/** Errors about descriptors, memory, sizes and waits. */
import { expect } from "vitest";
import {
  AF_UNIX,
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_TTL,
  IPPROTO_IP,
  SO_RCVBUFFORCE,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../../src/index.ts";
import { caught, fails, situation } from "../../support/situations.ts";

situation("EBADF", "a descriptor that is closed", async ({ a }) => {
  const socket = a.socket();
  const { fd } = socket;
  await socket.close();
  await fails(() => socket.bind("0.0.0.0", 80), "bind EBADF");
  await fails(() => socket.recv(10), "recv EBADF");
  await fails(() => socket.dup(), "dup EBADF");
  await fails(() => a.host.posix.close(fd), "close EBADF");
});

situation("ENOTSOCK", "a descriptor that is no socket", async ({ a }) => {
  const { posix } = a.host;
  const epoll = posix.epoll_create1(0);
  const at = { family: 2, address: "0.0.0.0", port: 80 };
  await fails(() => posix.bind(epoll, at), "bind ENOTSOCK");
  await fails(() => posix.listen(epoll, 5), "listen ENOTSOCK");
  await fails(() => posix.accept(epoll), "accept ENOTSOCK");
  await fails(() => posix.connect(epoll, at), "connect ENOTSOCK");
  await fails(() => posix.recv(epoll, new Uint8Array(1)), "recv ENOTSOCK");
  await fails(() => posix.getsockopt(epoll, SOL_SOCKET, 3), "getsockopt ENOTSOCK");
  await fails(() => a.host.socket({ fileno: epoll }), "socket ENOTSOCK");
  await posix.close(epoll);
});

situation("EMFILE", "a program has as many descriptors as it may", async ({ a, b }) => {
  a.host.limits.descriptors = 5; // 3 and 4
  const [first, second] = [a.socket(), a.socket(SOCK_DGRAM)];
  await fails(() => a.socket(), "socket EMFILE");
  await fails(() => a.socketpair(AF_UNIX, SOCK_STREAM), "socketpair EMFILE");
  await fails(() => first.dup(), "dup EMFILE");
  await second.close();
  const third = a.socket();
  await first.close();
  await third.close();
  const listening = b.listener(80);
  b.host.limits.descriptors = 4;
  const client = a.socket();
  await client.connect("10.0.0.2", 80);
  await fails(() => listening.accept(), "accept EMFILE");
  b.host.limits.descriptors = 5;
  const server = await listening.accept(); // it waited in the queue
  for (const each of [client, server, listening]) await each.close();
});

situation("ENFILE", "the system has as many open files as it may", async ({ a }) => {
  a.host.limits.files = 1;
  const socket = a.socket();
  await fails(() => a.socket(), "socket ENFILE");
  const copy = socket.dup(); // another descriptor for the same file
  await socket.close();
  await fails(() => a.socket(), "socket ENFILE");
  await copy.close();
  await a.socket().close();
});

situation("ENOMEM", "no memory for another socket", async ({ a, b }) => {
  a.host.limits.sockets = 2;
  const [first, second] = [a.socket(), a.socket(SOCK_DGRAM)];
  await fails(() => a.socket(), "socket ENOMEM");
  await fails(() => a.socket(SOCK_DGRAM), "socket ENOMEM");
  await fails(() => a.host.stream(), "socket ENOMEM");
  await fails(() => a.host.datagram(), "socket ENOMEM");
  await second.close();
  await fails(() => a.socketpair(AF_UNIX, SOCK_STREAM), "socketpair ENOMEM");
  await first.close();
  const listening = b.listener(80);
  b.host.limits.sockets = 1;
  const client = a.socket();
  await client.connect("10.0.0.2", 80);
  await fails(() => listening.accept(), "accept ENOMEM");
  b.host.limits.sockets = 2;
  const server = await listening.accept(); // it waited in the queue
  for (const each of [client, server, listening]) await each.close();
});

situation("EMSGSIZE", "a datagram longer than the protocol carries", async ({ a }) => {
  const socket = a.socket(SOCK_DGRAM);
  await fails(() => socket.sendto(new Uint8Array(65_508), "10.0.0.2", 9), "sendto EMSGSIZE 10.0.0.2:9");
  const [left, right] = a.socketpair(AF_UNIX, SOCK_DGRAM);
  await fails(() => left.send(new Uint8Array(1_000_000)), "send EMSGSIZE");
  for (const each of [socket, left, right]) await each.close();
});

// as python3 has it on Linux 6.18 (net.ipv4.igmp_max_memberships)
situation("ENOBUFS", "more multicast groups than a socket may be in", async ({ a }) => {
  const socket = a.socket(SOCK_DGRAM);
  const join = (last: number) => {
    const group = { multiaddr: `239.0.0.${last}`, interface: "10.0.0.1" };
    socket.set(IPPROTO_IP, IP_ADD_MEMBERSHIP, group as never);
  };
  for (let last = 1; last <= 20; last++) join(last);
  await fails(() => join(21), "setsockopt ENOBUFS");
  socket.set(IPPROTO_IP, IP_DROP_MEMBERSHIP, { multiaddr: "239.0.0.1", interface: "10.0.0.1" } as never);
  join(21);
  await socket.close();
});

situation("ENOBUFS", "more control messages than a socket has memory for", async ({ a }) => {
  const socket = a.socket(SOCK_DGRAM);
  const control = Array.from({ length: 6000 }, () => ({ level: IPPROTO_IP, type: IP_TTL, data: 5 }));
  const name = { family: 2, address: "10.0.0.2", port: 9 };
  const { sendmsg } = a.host.posix;
  await fails(() => sendmsg(socket.fd, { name, iov: ["hola"], control }, 0), "sendmsg ENOBUFS");
  const python = a.host.fromfd(socket.fd);
  const ancdata = control.map(({ level, type, data }) => [level, type, data] as [number, number, number]);
  const sending = () => python.sendmsg(["hola"], ancdata, 0, { address: "10.0.0.2", port: 9 });
  await fails(sending, "sendmsg ENOBUFS");
  await python.close();
  await socket.close();
});

situation("EINTR", "a signal ends a call that waits", async ({ a, net }) => {
  const socket = a.socket(SOCK_DGRAM);
  socket.bind("0.0.0.0", 9);
  const alarm = new AbortController();
  const receiving = caught(() => socket.recv(10, 0, alarm.signal));
  await net.sleep(25);
  alarm.abort();
  await fails(async () => {
    throw await receiving;
  }, "recv EINTR");
  expect(net.now).toBe(25);
  await fails(() => socket.recv(10, 0, alarm.signal), "recv EINTR"); // it has come already
  await socket.close();

  const listening = a.listener(80);
  const other = new AbortController();
  const accepting = caught(() => listening.accept(other.signal));
  await net.sleep(5);
  other.abort();
  await fails(async () => {
    throw await accepting;
  }, "accept EINTR");
  await listening.close();
});

situation("EPERM", "an option beyond the usual, without the privilege", async ({ a }) => {
  const socket = a.socket();
  a.host.capabilities.delete("CAP_NET_ADMIN");
  await fails(() => socket.set(SOL_SOCKET, SO_RCVBUFFORCE, 1_000_000 as never), "setsockopt EPERM");
  await socket.close();
});
