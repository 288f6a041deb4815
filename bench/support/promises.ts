/** What programs on sockets with promises share. */
import { IPPROTO_TCP, type Socket, TCP_NODELAY } from "../../src/index.ts";
import type { World } from "./world.ts";

/** The two ends of a fresh connection, without Nagle's algorithm. Inside `world.run`. */
export async function connectSockets(world: World, port: number): Promise<[client: Socket, server: Socket]> {
  const listener = world.server.socket();
  listener.bind({ address: world.address, port });
  listener.listen();
  const client = world.client.socket();
  const [[server]] = await Promise.all([listener.accept(), client.connect({ address: world.address, port })]);
  await listener.close();
  for (const socket of [client, server]) socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
  return [client, server];
}
