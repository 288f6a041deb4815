import {
  type Host,
  type Network,
  type NetworkHostOptions,
  SOCK_DGRAM,
  SOCK_STREAM,
  type Socket,
  SocketError,
  type WireOptions,
} from "../../src/index.ts";
import { host, network } from "../../src/vitest/index.ts";

export { network };

export interface Pair {
  net: Network;
  /** 10.0.0.1 and 10.0.0.2. */
  a: Host;
  b: Host;
  wire: ReturnType<Network["link"]>;
}

/** Two hosts and a wire. */
export function pair(wireOptions: WireOptions = {}, hostOptions: NetworkHostOptions = {}): Pair {
  const net = network({ seed: 1 });
  const a = net.host("a", hostOptions);
  const b = net.host("b", hostOptions);
  return { net, a, b, wire: net.link(a, b, wireOptions) };
}

/** A host of its own on the real clock, closed at the end of the test. */
export function realHost(): Host {
  return host({ seed: 1 });
}

/** A listening socket of `host`, and where it listens. */
export function listener(host: Host, port: number, backlog = 5): Socket {
  const socket = host.socket(undefined, SOCK_STREAM);
  socket.bind({ address: "", port });
  socket.listen(backlog);
  return socket;
}

/** A datagram socket of `host`, bound to `port`. */
export function receiver(host: Host, port: number): Socket {
  const socket = host.socket(undefined, SOCK_DGRAM);
  socket.bind({ address: "", port });
  return socket;
}

/** The two ends of a connection from `a` to port 80 of `b`. Inside `net.run`. */
export async function connection(a: Host, b: Host): Promise<[client: Socket, server: Socket]> {
  const listening = listener(b, 80);
  const client = a.socket();
  const accepting = listening.accept();
  await client.connect({ address: "b", port: 80 });
  const [server] = await accepting;
  await listening.close();
  return [client, server];
}

/** The SocketError that `promise` rejects with; the test fails when it does not. */
export async function failure(promise: Promise<unknown>): Promise<SocketError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof SocketError) return error;
    throw error;
  }
  throw new Error("it should have failed");
}

/** The SocketError that `call` throws. */
export function thrown(call: () => unknown): SocketError {
  try {
    call();
  } catch (error) {
    if (error instanceof SocketError) return error;
    throw error;
  }
  throw new Error("it should have failed");
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Everything up to the end of the stream. */
export async function readAll(socket: Socket): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of socket.chunks()) {
    chunks.push(chunk);
    length += chunk.length;
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** `length` bytes, each of which depends on its place. */
export function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 7 + (at >> 8)) & 255;
  return bytes;
}
