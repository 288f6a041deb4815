/** What peer.py does, done by the stack: takes uploads, gives downloads, echoes datagrams, on the core and with promises. */
import { EAGAIN } from "../../src/base/errno.ts";
import {
  type Host,
  IPPROTO_TCP,
  SOCK_DGRAM,
  type Socket,
  type StreamCore,
  TCP_NODELAY,
} from "../../src/index.ts";
import { must } from "../support/core.ts";

/** peer.py has the first. */
export const CORE_PORTS = { up: 7001, down: 7002, udp: 7003 };
export const PROMISE_PORTS = { up: 7011, down: 7012, udp: 7013 };

/** Bytes that are received, or sent, at once. */
const PIECE = 262_144;
const LENGTH_BYTES = 8;

/** The length at the start of an upload, or a download that is asked for. */
function lengthIn(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0));
}

/** On the synchronous core: nothing is allocated for what comes and goes. */
export function serveCore(host: Host): void {
  listen(host, CORE_PORTS.up, (core) => new Uploads(core).receive());
  listen(host, CORE_PORTS.down, (core) => new Downloads(core).work());
  const datagrams = host.datagram();
  const buffer = new Uint8Array(2048);
  must(datagrams.bind(0, CORE_PORTS.udp));
  datagrams.onReadiness = () => {
    for (let count = datagrams.receive(buffer); count !== -EAGAIN; count = datagrams.receive(buffer)) {
      const { address, port } = datagrams.message;
      must(datagrams.sendTo(buffer, 0, must(count), 0, address, port));
    }
  };
}

function listen(host: Host, port: number, serve: (core: StreamCore) => void): void {
  const listener = host.stream();
  must(listener.bind(0, port));
  must(listener.listen(16));
  listener.onReadiness = () => {
    const core = listener.accept();
    if (typeof core === "number") return;
    const stream = core as StreamCore;
    stream.settings.noDelay = true;
    stream.settingsChanged();
    serve(stream);
  };
}

class Uploads {
  private readonly core: StreamCore;
  private readonly buffer = new Uint8Array(PIECE);
  private awaited = 0;

  constructor(core: StreamCore) {
    this.core = core;
    core.onReadiness = () => this.receive();
  }

  receive(): void {
    const { core, buffer } = this;
    for (;;) {
      const isHead = this.awaited === 0;
      const count = core.receive(buffer, 0, isHead ? LENGTH_BYTES : Math.min(this.awaited, PIECE));
      if (count === -EAGAIN) return;
      if (must(count) === 0) return void core.close();
      if (isHead) this.awaited = lengthIn(buffer);
      else this.awaited -= count;
      if (this.awaited === 0) must(core.send(buffer, 0, 1));
    }
  }
}

class Downloads {
  private readonly core: StreamCore;
  private readonly piece = new Uint8Array(PIECE);
  private readonly head = new Uint8Array(LENGTH_BYTES);
  private remaining = 0;

  constructor(core: StreamCore) {
    this.core = core;
    core.onReadiness = () => this.work();
  }

  work(): void {
    const { core, piece, head } = this;
    for (;;) {
      if (this.remaining > 0) {
        const taken = core.send(piece, 0, Math.min(this.remaining, PIECE));
        if (taken === -EAGAIN) return;
        this.remaining -= must(taken);
      } else {
        const count = core.receive(head);
        if (count === -EAGAIN) return;
        if (must(count) === 0) return void core.close();
        this.remaining = lengthIn(head);
      }
    }
  }
}

/** With sockets the Python way; ends when the host is closed. */
export function servePromises(host: Host): void {
  accept(host, PROMISE_PORTS.up, async (socket) => {
    const buffer = new Uint8Array(PIECE);
    for (;;) {
      const head = await socket.recv(LENGTH_BYTES);
      if (head.length === 0) break;
      for (let awaited = lengthIn(head); awaited > 0; ) {
        awaited -= await socket.recv_into(awaited < PIECE ? buffer.subarray(0, awaited) : buffer);
      }
      await socket.send("!");
    }
  });
  accept(host, PROMISE_PORTS.down, async (socket) => {
    const piece = new Uint8Array(PIECE);
    for (;;) {
      const head = await socket.recv(LENGTH_BYTES);
      if (head.length === 0) break;
      for (let remaining = lengthIn(head); remaining > 0; remaining -= PIECE) {
        await socket.sendall(remaining < PIECE ? piece.subarray(0, remaining) : piece);
      }
    }
  });
  untilClosed(host, echo(host));
}

function accept(host: Host, port: number, serve: (socket: Socket) => Promise<void>): void {
  const listener = host.create_server({ address: "", port });
  const accepting = async () => {
    for await (const socket of listener.connections()) {
      socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
      untilClosed(host, serve(socket));
    }
  };
  untilClosed(host, accepting());
}

async function echo(host: Host): Promise<void> {
  const socket = host.socket(undefined, SOCK_DGRAM);
  socket.bind({ address: "", port: PROMISE_PORTS.udp });
  for (;;) {
    const [data, from] = await socket.recvfrom(2048);
    await socket.sendto(data, from);
  }
}

/** Calls that wait when the host is closed reject; whatever else fails is a failure of the run. */
function untilClosed(host: Host, program: Promise<void>): void {
  program.catch((error) => {
    if (!host.closed) throw error;
  });
}
