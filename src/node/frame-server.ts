/** The listening end of frame streams: whoever connects is the cable's other end until it goes, and then the next one may come. */
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { FramePort, FrameReceiver } from "../link/frame-port.ts";
import type { Packet } from "../packet/packet.ts";
import { Failure } from "./arguments.ts";
import { FrameStream, type FrameStreamOptions, type FrameStreamPlace, type StreamSocket } from "./frames.ts";
import { stationAddress } from "./station-address.ts";

/** What is needed of a `net.Server`, told so that the types of this package need none of Node's. */
export interface StreamServer {
  readonly listening: boolean;
  on(event: "connection", listener: (socket: StreamSocket) => void): unknown;
  close(): unknown;
}

export class FrameServerCounters {
  /** Streams taken, one after the other. */
  accepted = 0;
  /** Streams closed at once, since another is there. */
  refused = 0;
  /** Streams that the kernel could not hand over: this process has no descriptor left, for one. */
  failed = 0;
  /** Frames not sent: nobody is connected. */
  notConnected = 0;
}

/** One port for one stream at a time. */
export class FrameServer implements FramePort {
  readonly hardwareAddress: Uint8Array;
  readonly shortestFrame = 0;
  readonly counters = new FrameServerCounters();
  /** Called when somebody has connected. */
  onConnection: (() => void) | undefined = undefined;
  private readonly clock: Clock;
  private readonly server: StreamServer;
  private readonly options: FrameStreamOptions;
  private receiver: FrameReceiver | undefined = undefined;
  private stream: FrameStream | undefined = undefined;

  /** Owns `server`, which listens. */
  constructor(clock: Clock, server: StreamServer, options: FrameStreamOptions = {}) {
    this.clock = clock;
    this.server = server;
    this.hardwareAddress = stationAddress(options.hardwareAddress, options.random);
    this.options = { ...options, hardwareAddress: this.hardwareAddress };
    server.on("connection", (socket) => this.connected(socket));
  }

  /** Whether somebody is there. */
  get isConnected(): boolean {
    return this.stream !== undefined;
  }

  send(frame: Packet): void {
    if (this.stream !== undefined) {
      this.stream.send(frame);
      return;
    }
    this.counters.notConnected++;
    frame.release();
  }

  attach(receiver: FrameReceiver | undefined): void {
    this.receiver = receiver;
    this.stream?.attach(receiver);
  }

  /** Closes the stream there is, listens no more, and takes a UNIX socket's name away. */
  close(): void {
    this.receiver = undefined;
    this.stream?.close();
    this.stream = undefined;
    this.server.close();
  }

  private connected(socket: StreamSocket): void {
    if (this.stream !== undefined || !this.server.listening) {
      this.counters.refused++;
      socket.destroy();
      return;
    }
    this.counters.accepted++;
    const stream = new FrameStream(this.clock, socket, this.options);
    this.stream = stream;
    stream.attach(this.receiver);
    stream.onEnd = () => {
      this.stream = undefined;
    };
    this.onConnection?.();
  }
}

/** Listens at `place` (`host`: default 127.0.0.1). Rejects with a Failure that says what to do. */
export async function listenForFrames(
  clock: Clock,
  place: FrameStreamPlace,
  options: FrameStreamOptions = {},
): Promise<FrameServer> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new Failure(listenError(place, error))));
    if ("path" in place) server.listen(place.path, resolve);
    else server.listen(place.port, place.host ?? "127.0.0.1", resolve);
  });
  server.removeAllListeners("error");
  try {
    const frames = new FrameServer(clock, server, options);
    server.on("error", () => frames.counters.failed++); // the next one may have more luck
    return frames;
  } catch (error) {
    server.close();
    throw error;
  }
}

function listenError(place: FrameStreamPlace, { code, message }: NodeJS.ErrnoException): string {
  if (!("path" in place))
    return `cannot listen at ${place.host ?? "127.0.0.1"} port ${place.port}: ${message}`;
  const { path } = place;
  switch (code) {
    case "EADDRINUSE":
      return `there is a ${path} already: remove it if nobody listens there, or choose another`;
    case "EACCES": // Node says this for ENOENT too
      return existsSync(dirname(path))
        ? `cannot make ${path}: no permission to write in its folder`
        : `cannot make ${path}: there is no such folder`;
    default:
      return `cannot listen at ${path}: ${message}`;
  }
}
