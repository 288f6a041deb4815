/** The server of iperf3's protocol: one measurement at a time, then the next. */
import type { Host } from "../../host/host.ts";
import { AF_INET, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET } from "../../sockets/constants.ts";
import { SocketError } from "../../sockets/error.ts";
import type { Socket } from "../../sockets/socket.ts";
import { ACCESS_DENIED, COOKIE_LENGTH, Control, Iperf3Error, isCookie, readExactly } from "./control.ts";
import type { IntervalReport } from "./measurement.ts";
import type { CpuUse, EndResults } from "./results.ts";
import { ServerTest } from "./server-test.ts";
import { IPERF3_PORT, type Settings } from "./settings.ts";

/** How long a stranger may be silent, milliseconds. */
const PATIENCE_MILLIS = 10_000;
/** Connections that say nothing yet, at once. */
const MOST_STRANGERS = 64;

/** Who measures, with what. */
export interface TestStart {
  readonly address: string;
  readonly port: number;
  readonly settings: Settings;
  /** The streams: each one's number, and its two ends. */
  readonly streams: readonly {
    readonly id: number;
    readonly localAddress: string;
    readonly localPort: number;
    readonly remoteAddress: string;
    readonly remotePort: number;
  }[];
}

/** What the server tells while it works. All of them are optional. */
export interface ServerEvents {
  /** It waits for the `number`-th measurement, from 1. */
  onListening?(port: number, number: number): void;
  onAccepted?(address: string, port: number): void;
  onStart?(start: TestStart): void;
  onInterval?(settings: Settings, report: IntervalReport): void;
  /** `remote`: what the client counted. */
  onEnd?(settings: Settings, local: EndResults, remote: EndResults): void;
  /** A measurement ended otherwise, and why in one line. */
  onFailure?(message: string): void;
}

export interface ServerOptions extends ServerEvents {
  /** Default 5201. */
  port?: number;
  /** Default: every address of the host. */
  address?: string;
  /** Of the reports, milliseconds; default 1000. */
  interval?: number;
  /** How many measurements it serves before it ends; default: no end. */
  count?: number;
  /** How much of the processor this program takes, as percent of the time since the last call. Default: nobody knows. */
  cpu?: () => CpuUse;
  /** Ends it. */
  signal?: AbortSignal | undefined;
}

/** Runs the server until `signal` is aborted or `count` measurements are done. SocketError: EADDRINUSE, EADDRNOTAVAIL, EACCES. */
export async function serveIperf3(host: Host, options: ServerOptions = {}): Promise<void> {
  await new Server(host, options).run();
}

class Server {
  private readonly host: Host;
  private readonly options: ServerOptions;
  private readonly port: number;
  private readonly listener: Socket;
  /** The measurement that goes on. */
  private test: ServerTest | undefined = undefined;
  private served = 0;
  /** Connections whose cookie has not come. */
  private readonly strangers = new Set<Socket>();
  private readonly tasks = new Set<Promise<void>>();
  private ended = false;

  constructor(host: Host, options: ServerOptions) {
    this.host = host;
    this.options = options;
    this.listener = host.socket(AF_INET, SOCK_STREAM);
    this.port = options.port ?? IPERF3_PORT;
  }

  async run(): Promise<void> {
    const { listener, options } = this;
    const { signal } = options;
    const stop = () => this.end();
    signal?.addEventListener("abort", stop);
    try {
      listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
      listener.bind({ address: options.address ?? "", port: this.port });
      listener.listen();
      if (signal?.aborted) return;
      options.onListening?.(this.port, 1);
      for await (const connection of listener.connections()) {
        const task = this.admit(connection).finally(() => this.tasks.delete(task));
        this.tasks.add(task);
      }
    } catch (error) {
      if (!this.ended) throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
      this.end();
      await Promise.all(this.tasks);
    }
  }

  /** Closes everything: who waits learns it. */
  private end(): void {
    if (this.ended) return;
    this.ended = true;
    void this.listener.close();
    for (const stranger of this.strangers) void stranger.close();
    this.test?.close();
  }

  /** Hears who has connected: a stream of the measurement that goes on, or another client. */
  private async admit(socket: Socket): Promise<void> {
    const cookie = await this.cookieOf(socket);
    if (cookie === undefined) return socket.close();
    if (this.test === undefined) return this.measure(socket, cookie);
    if (this.test.takes(cookie, socket)) return;
    try {
      await new Control(socket).sendState(ACCESS_DENIED);
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
    }
    await socket.close();
  }

  private async cookieOf(socket: Socket): Promise<Uint8Array | undefined> {
    const { strangers } = this;
    if (strangers.size >= MOST_STRANGERS || this.ended) return undefined;
    strangers.add(socket);
    try {
      socket.settimeout(PATIENCE_MILLIS);
      const cookie = await readExactly(socket, COOKIE_LENGTH);
      return cookie !== undefined && isCookie(cookie) ? cookie : undefined;
    } catch (error) {
      if (error instanceof SocketError) return undefined; // it has gone, or says nothing
      throw error;
    } finally {
      strangers.delete(socket);
    }
  }

  private async measure(socket: Socket, cookie: Uint8Array): Promise<void> {
    const { host, options } = this;
    const { address, port } = socket.getpeername();
    options.onAccepted?.(address, port);
    const test = new ServerTest(host, new Control(socket), cookie, this.port, options);
    this.test = test;
    try {
      await test.run();
    } catch (error) {
      if (!(error instanceof Iperf3Error || error instanceof SocketError)) throw error;
      if (!this.ended) options.onFailure?.(error instanceof SocketError ? error.strerror : error.message);
    } finally {
      this.test = undefined;
      test.close();
    }
    if (this.ended) return;
    this.served++;
    if (this.served === options.count) this.end();
    else options.onListening?.(this.port, this.served + 1);
  }
}
