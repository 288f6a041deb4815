/**
 * Ethernet frames over a stream socket: before each frame its length, four bytes in network order. passt speaks it
 * (`passt -s SOCKET`), and so does QEMU (`-netdev stream`): connectivity without root, and virtual machines as peers.
 */
import { connect } from "node:net";
import type { Clock } from "../base/clock.ts";
import { copyBytes } from "../base/copy.ts";
import type { Random } from "../base/random.ts";
import { Task } from "../base/task.ts";
import type { FramePort, FrameReceiver } from "../link/frame-port.ts";
import type { Packet } from "../packet/packet.ts";
import { PacketQueue } from "../packet/packet-queue.ts";
import { packetPool } from "../packet/pool.ts";
import { Failure } from "./arguments.ts";
import { stationAddress } from "./station-address.ts";

const LENGTH_BYTES = 4;
/** The longest datagram and an Ethernet header with room for a tag; what is longer is no frame. */
const LONGEST_FRAME = 65_535 + 18;
/** What is written to the socket at once, bytes, at most; several of the longest frames. */
const CHUNK_BYTES = 256 * 1024;
/** Frames that came and wait for the stack, bytes of packet buffers: beyond this the socket is not read. */
const MAX_ARRIVED_BYTES = 4 * 1024 * 1024;
/** More than one connection may have under way: its window is 6 MiB at most by default. */
const DEFAULT_QUEUE_BYTES = 8 * 1024 * 1024;

export interface FrameStreamOptions {
  /** Our station's address, six bytes. Default: a random one, marked as local. */
  hardwareAddress?: Uint8Array;
  /** Where the random address comes from. Default: nobody can guess it. */
  random?: Random;
  /** What may wait until the other end reads, bytes; frames beyond that are dropped. Default 8 MiB. */
  queueBytes?: number;
}

/** What a frame stream needs of a `net.Socket`, told so that the types of this package need none of Node's. */
export interface StreamSocket {
  /** Bytes that `write` has taken and the kernel has not. */
  readonly writableLength: number;
  on(event: "data", listener: (data: Uint8Array) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "end" | "close", listener: () => void): unknown;
  write(bytes: Uint8Array): boolean;
  pause(): unknown;
  resume(): unknown;
  destroy(): unknown;
}

export class FrameStreamCounters {
  sent = 0;
  received = 0;
  /** Not sent: the other end does not read as fast as we write. */
  queueFull = 0;
  /** Not sent: the stream has ended. */
  closed = 0;
  /** Received while nobody was attached. */
  noReceiver = 0;
  /** Received: frames of no bytes. */
  empty = 0;
}

/** One end of a stream of frames. The socket belongs to it: `close` closes it. */
export class FrameStream implements FramePort {
  readonly hardwareAddress: Uint8Array;
  /** No padding: passt of 2023 takes it for data. */
  readonly shortestFrame = 0;
  readonly counters = new FrameStreamCounters();
  /** Called once when the stream ends otherwise than by {@link close}; `error` says why, and what to do. */
  onEnd: ((error: Error) => void) | undefined = undefined;
  /** Why the stream has ended; undefined while it goes on and after {@link close}. */
  error: Error | undefined = undefined;
  private readonly clock: Clock;
  private readonly socket: StreamSocket;
  private readonly queueBytes: number;
  private receiver: FrameReceiver | undefined = undefined;
  private closed = false;

  /** The length before the next frame, as far as it has come. */
  private length = 0;
  private lengthBytes = 0;
  /** The frame that is coming in, and how many bytes of it are missing. */
  private frame: Packet | undefined = undefined;
  private missing = 0;
  private readonly arrived = new PacketQueue();
  private readonly delivery = new Task(() => this.deliver());

  /** What is to be written at the end of this instant: `chunk` from `written` to `filled`. */
  private chunk = Buffer.alloc(0);
  private written = 0;
  private filled = 0;
  private readonly flushing = new Task(() => this.flush());

  /** `clock`: the host's. `socket`: connected, or connecting. TypeError and RangeError for options that make no sense. */
  constructor(clock: Clock, socket: StreamSocket, options: FrameStreamOptions = {}) {
    const { queueBytes = DEFAULT_QUEUE_BYTES } = options;
    if (!Number.isInteger(queueBytes) || queueBytes < LENGTH_BYTES + LONGEST_FRAME) {
      throw new RangeError(
        `queueBytes is an integer from ${LENGTH_BYTES + LONGEST_FRAME}, room for one frame, not ${queueBytes}`,
      );
    }
    this.hardwareAddress = stationAddress(options.hardwareAddress, options.random);
    this.clock = clock;
    this.socket = socket;
    this.queueBytes = queueBytes;
    socket.on("data", (data: Uint8Array) => this.read(data));
    socket.on("error", (error) => this.end(error));
    socket.on("end", () => this.end(undefined));
    socket.on("close", () => this.end(undefined));
  }

  attach(receiver: FrameReceiver | undefined): void {
    this.receiver = receiver;
  }

  send(frame: Packet): void {
    const { length } = frame;
    if (this.closed) {
      this.counters.closed++;
    } else if (this.waitingBytes + LENGTH_BYTES + length > this.queueBytes) {
      this.counters.queueFull++;
    } else {
      this.append(frame, length);
      this.counters.sent++;
      this.clock.post(this.flushing);
    }
    frame.release();
  }

  /** Drops what has not been written or handed on, and closes the socket. */
  close(): void {
    this.closed = true;
    this.receiver = undefined;
    this.frame?.release();
    this.frame = undefined;
    this.arrived.clear();
    this.written = this.filled;
    this.socket.destroy();
  }

  // ------------------------------------------------------------------------------------------------ going out

  private get waitingBytes(): number {
    return this.socket.writableLength + this.filled - this.written;
  }

  private append(frame: Packet, length: number): void {
    if (this.filled + LENGTH_BYTES + length > this.chunk.length) {
      this.flush();
      this.chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES); // the socket still needs the last one
      this.written = 0;
      this.filled = 0;
    }
    this.filled = this.chunk.writeUInt32BE(length, this.filled);
    copyBytes(frame.slab.bytes, frame.offset, this.chunk, this.filled, length);
    this.filled += length;
  }

  private flush(): void {
    const { written, filled } = this;
    if (filled === written) return;
    this.written = filled;
    this.socket.write(this.chunk.subarray(written, filled));
  }

  // ------------------------------------------------------------------------------------------------ coming in

  /** Takes what the socket gives: frames, or pieces of them. */
  private read(data: Uint8Array): void {
    let at = 0;
    while (at < data.length && !this.closed) {
      at = this.frame === undefined ? this.readLength(data, at) : this.readFrame(data, at, this.frame);
    }
    if (this.arrived.first === undefined) return;
    this.clock.post(this.delivery);
    if (this.arrived.memory > MAX_ARRIVED_BYTES) this.socket.pause(); // the other end has to wait
  }

  private readLength(data: Uint8Array, from: number): number {
    let at = from;
    for (; this.lengthBytes < LENGTH_BYTES && at < data.length; this.lengthBytes++) {
      this.length = this.length * 256 + data[at++]!;
    }
    if (this.lengthBytes < LENGTH_BYTES) return at;
    const { length } = this;
    this.length = 0;
    this.lengthBytes = 0;
    if (length > LONGEST_FRAME) {
      // from here on nobody knows where a frame begins
      this.end(
        new Failure(
          `the other end announced a frame of ${length} bytes, and no frame is longer than ${LONGEST_FRAME}: it does not speak ` +
            "this protocol (4 bytes of length, then an Ethernet frame); passt and QEMU's -netdev stream do",
        ),
      );
    } else if (length === 0) {
      this.counters.empty++;
    } else {
      this.frame = packetPool.allocate(length);
      this.missing = length;
    }
    return at;
  }

  private readFrame(data: Uint8Array, at: number, frame: Packet): number {
    const count = Math.min(this.missing, data.length - at);
    copyBytes(data, at, frame.slab.bytes, frame.offset + frame.length, count);
    frame.length += count;
    this.missing -= count;
    if (this.missing === 0) {
      this.frame = undefined;
      this.counters.received++;
      this.arrived.push(frame);
    }
    return at + count;
  }

  private deliver(): void {
    try {
      for (let frame = this.arrived.take(); frame !== undefined; frame = this.arrived.take()) {
        if (this.receiver === undefined) {
          this.counters.noReceiver++;
          frame.release();
        } else {
          this.receiver.input(frame);
        }
      }
    } finally {
      // A program's error may have come up from the receiver: the frames behind this one still arrive.
      if (this.arrived.first !== undefined) this.clock.post(this.delivery);
      else if (!this.closed) this.socket.resume();
    }
  }

  /** The stream has ended, not by our doing. What has come is still handed on. */
  private end(error: Error | undefined): void {
    if (this.closed) return;
    this.closed = true;
    this.frame?.release();
    this.frame = undefined;
    this.written = this.filled;
    this.error = new Failure(
      error instanceof Failure
        ? error.message
        : `the other end of the frame stream has gone${error === undefined ? "" : ` (${error.message})`}: ` +
            "start passt or QEMU again if it has ended, then connect anew",
    );
    this.socket.destroy();
    this.onEnd?.(this.error);
  }
}

/** Where a frame stream is to be had: a UNIX socket, or a TCP port (`host`: default 127.0.0.1). */
export type FrameStreamPlace = { path: string } | { port: number; host?: string };

export interface FrameConnectOptions extends FrameStreamOptions {
  /** Ends the attempt when it is aborted: who does not answer is called for two minutes otherwise. Of no effect afterwards. */
  signal?: AbortSignal | undefined;
}

/** Connects to `place`, where passt or QEMU listens. Rejects with an Error that says what to do, or that `signal` was aborted. */
export async function connectFrames(
  clock: Clock,
  place: FrameStreamPlace,
  options: FrameConnectOptions = {},
): Promise<FrameStream> {
  const { signal } = options;
  const interrupted = () => socket.destroy(new Error("interrupted"));
  const socket = "path" in place ? connect(place.path) : connect(place.port, place.host ?? "127.0.0.1");
  signal?.addEventListener("abort", interrupted);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", (error) => reject(new Failure(connectError(place, error))));
      if (signal?.aborted) interrupted();
    });
  } finally {
    signal?.removeEventListener("abort", interrupted);
  }
  socket.removeAllListeners("error");
  socket.setNoDelay(true);
  try {
    return new FrameStream(clock, socket, options);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function connectError(place: FrameStreamPlace, error: NodeJS.ErrnoException): string {
  const { code } = error;
  if (!("path" in place)) {
    const where = `${place.host ?? "127.0.0.1"} port ${place.port}`;
    const how = `start QEMU with -netdev stream,id=net0,server=on,addr.type=inet,addr.host=127.0.0.1,addr.port=${place.port}`;
    return code === "ECONNREFUSED"
      ? `nobody listens at ${where}: ${how}`
      : `cannot connect to ${where}: ${error.message}`;
  }
  const { path } = place;
  const how = `start "passt -f -s ${path}", or QEMU with -netdev stream,id=net0,server=on,addr.type=unix,addr.path=${path}`;
  switch (code) {
    case "ENOENT":
      return `there is no socket ${path}: ${how}`;
    case "ECONNREFUSED":
      return `nobody listens at ${path}, perhaps what made it has ended: ${how}`;
    case "EACCES":
      return `no permission to connect to ${path}: run as the user who started passt or QEMU, or have that user allow it (chmod)`;
    default:
      return `cannot connect to ${path}: ${error.message}`;
  }
}
