/** Errors about what a socket is to be, and what it is to be called. */
import { expect } from "vitest";
import {
  AF_APPLETALK,
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_UNIX,
  AF_X25,
  INADDR_ANY,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SIOCGARP,
  SO_BROADCAST,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_RDM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../../src/index.ts";
import { caught, fails, situation } from "../../support/situations.ts";

situation("EACCES", "a port below 1024, without the privilege", async ({ a }) => {
  const socket = a.socket();
  a.host.capabilities.delete("CAP_NET_BIND_SERVICE");
  await fails(() => socket.bind("0.0.0.0", 80), "bind EACCES 0.0.0.0:80");
  await fails(() => socket.bind("10.0.0.1", 1023), "bind EACCES 10.0.0.1:1023");
  socket.bind("0.0.0.0", 1024);
  await socket.close();
});

situation("EACCES", "a broadcast, without SO_BROADCAST", async ({ a, b }) => {
  const [socket, hearer] = [a.socket(SOCK_DGRAM), b.socket(SOCK_DGRAM)];
  hearer.bind("0.0.0.0", 9);
  await fails(() => socket.sendto("hola", "255.255.255.255", 9), "sendto EACCES 255.255.255.255:9");
  await fails(() => socket.sendto("hola", "10.0.0.255", 9), "sendto EACCES 10.0.0.255:9");
  await fails(() => socket.connect("10.0.0.255", 9), "connect EACCES 10.0.0.255:9");
  socket.set(SOL_SOCKET, SO_BROADCAST, 1 as never);
  expect(await socket.sendto("hola", "10.0.0.255", 9)).toBe(4);
  expect(await hearer.recv(10)).toBe("hola");
  await socket.close();
  await hearer.close();
});

situation("EADDRINUSE", "two servers want one port", async ({ a }) => {
  const [first, second] = [a.listener(80), a.socket()];
  await fails(() => second.bind("0.0.0.0", 80), "bind EADDRINUSE 0.0.0.0:80");
  await fails(() => second.bind("10.0.0.1", 80), "bind EADDRINUSE 10.0.0.1:80");
  await first.close();
  second.bind("0.0.0.0", 80);
  await second.close();
});

situation(
  "EADDRINUSE",
  "a path that is bound already, whose socket may be closed long since",
  async ({ a }) => {
    const [first, second] = [a.socket(SOCK_STREAM, AF_UNIX), a.socket(SOCK_STREAM, AF_UNIX)];
    first.bind("/run/server");
    await first.close();
    await fails(() => second.bind("/run/server"), "bind EADDRINUSE /run/server");
    a.host.unlink("/run/server");
    second.bind("/run/server");
    await second.close();
  },
);

situation("EADDRNOTAVAIL", "an address that is not this host's", async ({ a }) => {
  for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
    const socket = a.socket(type);
    await fails(() => socket.bind("10.0.0.2", 80), "bind EADDRNOTAVAIL 10.0.0.2:80");
    await socket.close();
  }
});

situation("EAFNOSUPPORT", "a domain that is not there", async ({ a }) => {
  for (const domain of [AF_INET6, AF_NETLINK, AF_X25, AF_APPLETALK, 0, 99]) {
    await fails(() => a.socket(SOCK_STREAM, domain), "socket EAFNOSUPPORT");
  }
});

situation(
  "EAFNOSUPPORT",
  "an address of another family than the socket's",
  async ({ a }) => {
    const socket = a.socket();
    const { posix } = a.host;
    await fails(() => posix.connect(socket.fd, { family: AF_UNIX, path: "/x" }), "connect EAFNOSUPPORT");
    await fails(() => posix.bind(socket.fd, { family: AF_UNIX, path: "/x" }), "bind EAFNOSUPPORT");
    await socket.close();
  },
  ["C"],
);

situation("EDESTADDRREQ", "a datagram for nobody", async ({ a }) => {
  const socket = a.socket(SOCK_DGRAM);
  await fails(() => socket.send("hola"), "send EDESTADDRREQ");
  await socket.close();
});

situation(
  "EFAULT",
  "NULL where the call needs something to read or to fill",
  async ({ a }) => {
    const { posix } = a.host;
    const socket = a.socket();
    await fails(() => posix.bind(socket.fd, null as never), "bind EFAULT");
    await fails(() => posix.connect(socket.fd, null as never), "connect EFAULT");
    await socket.close();
  },
  ["C"],
);

situation("EINVAL", "a second name for a socket; an accept before listen", async ({ a }) => {
  const socket = a.socket();
  await fails(() => socket.accept(), "accept EINVAL");
  socket.bind("0.0.0.0", 80);
  await fails(() => socket.bind("0.0.0.0", 81), "bind EINVAL 0.0.0.0:81");
  await socket.close();
});

// as python3 has it on Linux 6.18, with fcntl.ioctl and a struct arpreq: net/ipv4/arp.c is where Linux's IPv4 has this error
situation("EPFNOSUPPORT", "a neighbour's address of another family, asked for by SIOCGARP", async ({ a }) => {
  const { ioctl } = a.host.posix;
  for (const type of [SOCK_DGRAM, SOCK_STREAM]) {
    const { fd, close } = a.socket(type);
    const ask = (family: number, arp_dev?: string) => () =>
      ioctl(fd, SIOCGARP, { arp_pa: { family, address: "10.0.0.2" }, ...(arp_dev && { arp_dev }) });
    await fails(ask(AF_INET6, "eth0"), "ioctl EPFNOSUPPORT");
    await fails(ask(AF_INET6), "ioctl EPFNOSUPPORT");
    expect(await caught(ask(AF_INET, "eth0"))).toMatchObject({ code: "ENXIO" }); // no entry
    expect(await caught(ask(AF_INET))).toMatchObject({ code: "ENODEV" });
    expect(await caught(ask(AF_INET, "eth9"))).toMatchObject({ code: "ENODEV" });
    expect(await caught(() => ioctl(fd, SIOCGARP, null as never))).toMatchObject({ code: "EFAULT" });
    await close();
  }
  const unix = a.socket(SOCK_STREAM, AF_UNIX);
  const asked = { arp_pa: { family: AF_INET6, address: "" } };
  expect(await caught(() => ioctl(unix.fd, SIOCGARP, asked))).toMatchObject({ code: "ENOTTY" });
  await unix.close();
});

situation("EPROTONOSUPPORT", "a protocol that the type has not", async ({ a }) => {
  const combinations: [type: number, domain: number, protocol: number][] = [
    [SOCK_STREAM, AF_INET, IPPROTO_UDP],
    [SOCK_DGRAM, AF_INET, IPPROTO_TCP],
    [SOCK_STREAM, AF_UNIX, IPPROTO_TCP],
  ];
  for (const [type, domain, protocol] of combinations) {
    await fails(() => a.socket(type, domain, protocol), "socket EPROTONOSUPPORT");
  }
});

situation("EPROTOTYPE", "a stream that wants to connect to a datagram socket", async ({ a }) => {
  const server = a.socket(SOCK_DGRAM, AF_UNIX);
  server.bind("/run/log");
  for (const type of [SOCK_STREAM, SOCK_SEQPACKET]) {
    const client = a.socket(type, AF_UNIX);
    await fails(() => client.connect("/run/log"), "connect EPROTOTYPE /run/log");
    await client.close();
  }
  await server.close();
});

situation("ESOCKTNOSUPPORT", "a type that the domain has not", async ({ a }) => {
  await fails(() => a.socket(SOCK_RDM), "socket ESOCKTNOSUPPORT");
  await fails(() => a.socket(SOCK_SEQPACKET), "socket ESOCKTNOSUPPORT");
  await fails(() => a.socket(SOCK_RDM, AF_UNIX), "socket ESOCKTNOSUPPORT");
});

situation("EPERM", "a raw socket, without the privilege", async ({ a }) => {
  a.host.capabilities.delete("CAP_NET_RAW");
  await fails(() => a.socket(SOCK_RAW, AF_INET, 1), "socket EPERM");
});

situation("EOPNOTSUPP", "what a type of socket cannot do", async ({ a }) => {
  const socket = a.socket(SOCK_DGRAM);
  socket.bind("0.0.0.0", 53);
  await fails(() => socket.listen(5), "listen EOPNOTSUPP");
  await fails(() => socket.accept(), "accept EOPNOTSUPP");
  await fails(() => a.socketpair(AF_INET, SOCK_STREAM), "socketpair EOPNOTSUPP");
  await socket.close();
});

situation(
  "EFAULT",
  "NULL for a buffer",
  async ({ a }) => {
    const { posix } = a.host;
    const socket = a.socket(SOCK_DGRAM);
    posix.bind(socket.fd, { family: AF_INET, address: INADDR_ANY, port: 9 });
    await fails(() => posix.recv(socket.fd, null as never), "recv EFAULT");
    await fails(
      () => posix.sendto(socket.fd, null as never, 0, { family: AF_INET, address: "10.0.0.2", port: 9 }),
      "sendto EFAULT",
    );
    await socket.close();
  },
  ["C"],
);
