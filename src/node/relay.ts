/** Bytes between the terminal and a socket, both ways at once and no faster than the slower end takes them. */
import { SHUT_WR, SOCK_DGRAM } from "../sockets/constants.ts";
import type { Socket } from "../sockets/socket.ts";
import type { Terminal } from "./terminal.ts";

/** What one receive takes at most, bytes. */
const PIECE = 262_144;
/** What one datagram carries of the input: netcat's buffer. */
const DATAGRAM = 16_384;
/** For how long the input may pause once the peer has ended, where that ends the relay: what is ready is still sent. */
const LAST_PIECES_MILLIS = 250;

export interface RelayOptions {
  /** Whether the end of the input shuts the sending direction down. */
  readonly shutdown: boolean;
  /** Whether it is over when the peer sends no more and the input gives nothing just then. */
  readonly untilPeerEnds: boolean;
  /** How many milliseconds after the input's end it is over; undefined: not for that. */
  readonly lingerMillis?: number | undefined;
  /** After how many milliseconds without a byte it is over; undefined: never. */
  readonly idleMillis?: number | undefined;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** The terminal's input, for one connection after the other: a piece that comes between two of them is for the next. */
export class Input {
  private readonly pieces: AsyncIterator<Uint8Array>;
  private next: Promise<IteratorResult<Uint8Array>> | undefined = undefined;

  constructor(terminal: Terminal, signal: AbortSignal) {
    this.pieces = terminal.input(signal);
  }

  /** The next piece, undefined at the end: the same one until it is {@link taken}. */
  async peek(): Promise<Uint8Array | undefined> {
    this.next ??= this.pieces.next();
    const { done, value } = await this.next;
    return done ? undefined : value;
  }

  taken(): void {
    this.next = undefined;
  }
}

/** Relays until both directions have ended, or as the options say. Throws the SocketError that has ended it early. */
export class Relay {
  private readonly socket: Socket;
  private readonly input: Input;
  private readonly terminal: Terminal;
  private readonly options: RelayOptions;
  private readonly over = new AbortController();
  private readonly waiting = { signal: this.over.signal };
  private timer: NodeJS.Timeout | undefined = undefined;
  private peerEnded = false;

  constructor(socket: Socket, input: Input, terminal: Terminal, options: RelayOptions) {
    this.socket = socket;
    this.input = input;
    this.terminal = terminal;
    this.options = options;
  }

  async run(): Promise<void> {
    const { signal } = this.options;
    const stop = () => this.over.abort();
    signal.addEventListener("abort", stop);
    try {
      this.touch();
      const inward = this.inward().catch((error) => {
        this.over.abort();
        throw error;
      });
      const outward = this.outward().catch((error) => {
        this.over.abort();
        // what a peer that has ended does not want any more is its own affair
        if (!this.peerEnded) throw error;
      });
      await Promise.all([inward, outward]);
    } finally {
      signal.removeEventListener("abort", stop);
      clearTimeout(this.timer);
    }
  }

  private async inward(): Promise<void> {
    const { socket, terminal, over } = this;
    const isDatagram = socket.type === SOCK_DGRAM;
    try {
      for (;;) {
        const bytes = await socket.recv(PIECE, 0, this.waiting);
        if (bytes.length === 0 && !isDatagram) break;
        this.touch();
        await terminal.write(bytes);
      }
      this.peerEnded = true;
      this.touch();
    } catch (error) {
      if (!over.signal.aborted) throw error;
    }
  }

  private async outward(): Promise<void> {
    const { socket, input, over, options } = this;
    const end = aborted(over.signal);
    try {
      for (;;) {
        const piece = await Promise.race([input.peek(), end]);
        if (piece === undefined || over.signal.aborted) break;
        if (this.peerEnded) clearTimeout(this.timer);
        await this.send(piece);
        input.taken();
        this.touch();
      }
      if (over.signal.aborted) return;
      if (options.shutdown && socket.type !== SOCK_DGRAM) socket.shutdown(SHUT_WR);
      if (options.lingerMillis !== undefined) this.endIn(options.lingerMillis);
      else if (this.peerEnded) this.over.abort();
    } catch (error) {
      if (!over.signal.aborted) throw error;
    }
  }

  private async send(piece: Uint8Array): Promise<void> {
    const { socket } = this;
    if (socket.type !== SOCK_DGRAM) return socket.sendall(piece, 0, this.waiting);
    for (let at = 0; at < piece.length; at += DATAGRAM) {
      await socket.send(piece.subarray(at, at + DATAGRAM), 0, this.waiting);
    }
  }

  private touch(): void {
    const { idleMillis, untilPeerEnds } = this.options;
    const millis = untilPeerEnds && this.peerEnded ? LAST_PIECES_MILLIS : idleMillis;
    if (millis !== undefined) this.endIn(millis);
  }

  private endIn(millis: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.over.abort(), millis);
  }
}

/** Resolves when `signal` is aborted. */
function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
