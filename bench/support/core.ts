/** Programs on the synchronous core: callbacks and plain calls, no promise per operation. */
import { EAGAIN, EINPROGRESS } from "../../src/base/errno.ts";
import { POLLOUT, type SocketCore, type StreamCore } from "../../src/index.ts";
import type { World } from "./world.ts";

/** The result of a call that must not fail. */
export function must(result: number): number {
  if (result < 0) throw new Error(`a call has failed with errno ${-result}`);
  return result;
}

/** A listener of the server's. */
export function listen(world: World, port: number): StreamCore {
  const listener = world.server.stream();
  must(listener.bind(world.address, port));
  must(listener.listen(16));
  return listener;
}

/** The two ends of a fresh connection, without Nagle's algorithm. */
export async function connect(world: World, port: number): Promise<[client: StreamCore, server: StreamCore]> {
  const listener = listen(world, port);
  const accepted = new Promise<StreamCore>((resolve) => {
    listener.onReadiness = () => {
      const connection = listener.accept();
      if (typeof connection !== "number") resolve(connection as StreamCore);
    };
  });
  const client = world.client.stream();
  if (client.connect(world.address, port) !== -EINPROGRESS) throw new Error("connect has failed");
  world.drain();
  const server = await accepted;
  listener.close();
  for (const end of [client, server]) {
    end.settings.noDelay = true;
    end.settingsChanged();
  }
  return [client, server];
}

/** Closes both ends of a connection, one after the other. */
export function closeBoth(world: World, [client, server]: [StreamCore, StreamCore]): void {
  client.close();
  world.drain();
  server.close();
  world.drain();
}

/** Sends as many bytes as it is told, chunk by chunk, as fast as they are taken. */
export class Sender {
  private remaining = 0;
  private readonly core: StreamCore;
  private readonly chunk: Uint8Array;

  constructor(core: StreamCore, chunk: Uint8Array) {
    this.core = core;
    this.chunk = chunk;
    core.onReadiness = (mask) => {
      if (this.remaining > 0 && (mask & POLLOUT) !== 0) this.pump();
    };
  }

  start(bytes: number): void {
    this.remaining += bytes;
    this.pump();
  }

  private pump(): void {
    while (this.remaining > 0) {
      const taken = this.core.send(this.chunk, 0, Math.min(this.chunk.length, this.remaining));
      if (taken === -EAGAIN) return;
      this.remaining -= must(taken);
    }
  }
}

/** Receives, throws away and counts. */
export class Receiver {
  private awaited = 0;
  private done: () => void = () => {};

  constructor(core: SocketCore, buffer: Uint8Array) {
    core.onReadiness = () => {
      for (;;) {
        const count = core.receive(buffer);
        if (count === -EAGAIN) return;
        this.awaited -= must(count);
        if (count === 0 && this.awaited > 0) throw new Error("the peer has closed too early");
        if (this.awaited === 0) this.done();
        if (count === 0) return;
      }
    };
  }

  /** Resolves when `bytes` have come from now on. */
  expect(bytes: number): Promise<void> {
    this.awaited += bytes;
    return new Promise((resolve) => {
      this.done = resolve;
    });
  }
}
