/** Two node:dgram sockets, each connected to the other, over the kernel's loopback. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

export async function pair(): Promise<[Socket, Socket]> {
  const sockets: [Socket, Socket] = [createSocket("udp4"), createSocket("udp4")];
  for (const socket of sockets) {
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
  }
  const [a, b] = sockets;
  a.connect(b.address().port, "127.0.0.1");
  b.connect(a.address().port, "127.0.0.1");
  await Promise.all([once(a, "connect"), once(b, "connect")]);
  return sockets;
}

export async function closeBoth(sockets: [Socket, Socket]): Promise<void> {
  await Promise.all(
    sockets.map((socket) => {
      const closed = once(socket, "close");
      socket.close();
      return closed;
    }),
  );
}
