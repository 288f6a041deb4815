/** The client of iperf3's protocol: it says what is measured, and when that is over. */
import { Timer } from "../../base/timer.ts";
import type { Host } from "../../host/host.ts";
import {
  AF_INET,
  IPPROTO_TCP,
  SO_LINGER,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_MAXSEG,
} from "../../sockets/constants.ts";
import { SocketError, strerror } from "../../sockets/error.ts";
import type { Socket } from "../../sockets/socket.ts";
import { readable } from "../wait.ts";
import type { ClientOptions, ClientResult } from "./client-options.ts";
import {
  ACCESS_DENIED,
  CLOSED,
  Control,
  CREATE_STREAMS,
  DISPLAY_RESULTS,
  EXCHANGE_RESULTS,
  IPERF_DONE,
  Iperf3Error,
  makeCookie,
  PARAM_EXCHANGE,
  SERVER_ERROR,
  SERVER_TERMINATE,
  sameBytes,
  TEST_END,
  TEST_RUNNING,
  TEST_START,
} from "./control.ts";
import { Measurement } from "./measurement.ts";
import { type EndResults, NO_CPU, parseResults, resultsToJson } from "./results.ts";
import {
  DEFAULT_SETTINGS,
  IPERF3_PORT,
  parseSettings,
  type Settings,
  SHORTEST_DATAGRAM,
  settingsToJson,
} from "./settings.ts";
import {
  congestionOf,
  prepareSocket,
  StreamMaker,
  streamCounts,
  streamId,
  UDP_HELLO,
  UDP_OLD_WELCOME,
  UDP_WELCOME,
} from "./streams.ts";

/** iperf3's: what UDP sends where nobody says how fast. */
const DEFAULT_UDP_RATE = 1_048_576;
/** How often a stream over UDP is asked for, and how long an answer may take. */
const HELLOS = 10;
const HELLO_MICROS = 1_000_000;
const PATIENCE_MILLIS = 10_000;
const FAREWELL_SECONDS = 2;

export class Client {
  private readonly host: Host;
  private readonly destination: string;
  private readonly options: ClientOptions;
  private readonly port: number;
  private readonly cookie: Uint8Array;
  private readonly sockets: Socket[] = [];
  private readonly endTimer = new Timer(() => this.finish());
  private settings: Settings = DEFAULT_SETTINGS;
  private control: Control | undefined = undefined;
  private maker: StreamMaker | undefined = undefined;
  private measurement: Measurement | undefined = undefined;
  private running = false;
  private failure: string | undefined = undefined;

  constructor(host: Host, destination: string, options: ClientOptions) {
    this.host = host;
    this.destination = destination;
    this.options = options;
    this.port = options.port ?? IPERF3_PORT;
    this.cookie = makeCookie(host);
  }

  async run(): Promise<ClientResult> {
    const { signal } = this.options;
    const stop = () => this.stop();
    signal?.addEventListener("abort", stop);
    const socket = this.host.socket(AF_INET, SOCK_STREAM);
    try {
      await socket.connect({ address: this.destination, port: this.port }, { signal });
      const control = new Control(socket);
      this.control = control;
      this.settings = settingsOf(this.options, socket.getsockopt(IPPROTO_TCP, TCP_MAXSEG));
      await socket.sendall(this.cookie);
      return await this.converse(control);
    } catch (error) {
      if (this.failure !== undefined && error instanceof SocketError) throw new Iperf3Error(this.failure);
      throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
      this.host.clock.disarm(this.endTimer);
      this.measurement?.end();
      for (const stream of this.sockets) await stream.close();
      await socket.close();
    }
  }

  /** Does what the server says, until there are results. */
  private async converse(control: Control): Promise<ClientResult> {
    let results: ClientResult | undefined;
    for (;;) {
      const state = await control.state();
      switch (state) {
        case PARAM_EXCHANGE:
          await control.sendJson(settingsToJson(this.settings));
          break;
        case CREATE_STREAMS:
          await this.openStreams();
          break;
        case TEST_START:
          this.prepare();
          break;
        case TEST_RUNNING:
          this.begin();
          break;
        case EXCHANGE_RESULTS:
          results = await this.exchangeResults(control);
          break;
        case DISPLAY_RESULTS:
          await control.sendState(IPERF_DONE);
          // the host may be closed as soon as this has ended, and the server is to hear that it is over
          control.socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: FAREWELL_SECONDS });
          if (results === undefined) throw new Iperf3Error("the server has not told its results");
          return results;
        default:
          throw await refusal(control, state);
      }
    }
  }

  private async openStreams(): Promise<void> {
    const { settings, sockets } = this;
    const { toServer, toClient } = streamCounts(settings);
    for (let index = 0; index < toServer + toClient; index++) {
      const isDatagram = settings.protocol === "udp";
      const socket = this.host.socket(AF_INET, isDatagram ? SOCK_DGRAM : SOCK_STREAM);
      sockets.push(socket);
      prepareSocket(socket, settings);
      await socket.connect({ address: this.destination, port: this.port }, { signal: this.options.signal });
      if (isDatagram) await this.introduce(socket);
      else await socket.sendall(this.cookie);
    }
  }

  /** Has the server know a stream over UDP. */
  private async introduce(socket: Socket): Promise<void> {
    for (let hellos = 0; hellos < HELLOS; hellos++) {
      await socket.send(UDP_HELLO);
      if (!(await readable(this.host, socket.core, HELLO_MICROS, this.options.signal))) continue;
      const answer = await socket.recv(64);
      if (sameBytes(answer, UDP_WELCOME) || sameBytes(answer, UDP_OLD_WELCOME)) return;
    }
    throw new Iperf3Error(`no datagram gets through to port ${this.port} and back`);
  }

  private prepare(): void {
    const { host, settings, sockets, options } = this;
    const { toServer } = streamCounts(settings);
    const maker = new StreamMaker(host, settings);
    const flows = sockets.map((socket, index) => maker.make(socket.core, index, index < toServer));
    for (const flow of flows) flow.onEnd = (errno) => this.streamEnded(errno);
    this.maker = maker;
    this.measurement = new Measurement(host, settings, flows, options.interval ?? 1000, (report) =>
      options.onInterval?.(settings, report),
    );
    const streams = sockets.map((socket, index) => {
      const { address: localAddress, port: localPort } = socket.getsockname();
      const { address: remoteAddress, port: remotePort } = socket.getpeername();
      return { id: streamId(index), localAddress, localPort, remoteAddress, remotePort };
    });
    const address = streams[0]?.remoteAddress ?? this.destination;
    options.onStart?.({ address, port: this.port, settings, streams });
  }

  private begin(): void {
    const { measurement, maker, host, settings, options } = this;
    if (measurement === undefined || maker === undefined) {
      throw new Iperf3Error("the server begins before it has made streams");
    }
    this.running = true;
    maker.budget.onEnd = () => this.finish();
    options.cpu?.();
    measurement.begin();
    const { seconds, omitSeconds } = settings;
    if (seconds > 0) host.clock.armIn(this.endTimer, (seconds + omitSeconds) * 1e6);
    if (options.signal?.aborted) this.finish();
  }

  /** It is over: the server is told, and asks for results. */
  private finish(): void {
    if (!this.running) return;
    this.running = false;
    this.host.clock.disarm(this.endTimer);
    this.measurement?.end();
    this.control?.socket.settimeout(PATIENCE_MILLIS);
    this.control?.sendState(TEST_END).catch((error) => this.fail(String(error)));
  }

  /** The user has had enough: what was measured counts; where nothing was, it fails. */
  private stop(): void {
    if (this.running) this.finish();
    else if (this.measurement === undefined) this.fail("interrupted");
  }

  private streamEnded(errno: number): void {
    if (this.running)
      this.fail(errno === 0 ? "the server has closed a stream" : `a stream: ${strerror(errno)}`);
  }

  /** Ends it: who waits for the server learns `why`. */
  private fail(why: string): void {
    this.failure ??= why;
    void this.control?.socket.close();
  }

  private async exchangeResults(control: Control): Promise<ClientResult> {
    this.finish(); // the server may have said so first
    const { settings, measurement, sockets, options } = this;
    const streams = measurement?.summary() ?? [];
    const congestion = congestionOf(sockets, settings);
    const local: EndResults = { cpu: options.cpu?.() ?? NO_CPU, streams, congestion, output: undefined };
    await control.sendJson(resultsToJson(local));
    const remote = parseResults(await control.json(), streams);
    return { settings, local, remote };
  }
}

/** `segment`: the most bytes that a segment on this path takes. RangeError for what cannot be measured. */
function settingsOf(options: ClientOptions, segment: number): Settings {
  const names = Object.keys(DEFAULT_SETTINGS) as (keyof Settings)[];
  const given = names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]);
  const isDatagram = options.protocol === "udp";
  const isBounded = (options.bytes ?? 0) > 0 || (options.blocks ?? 0) > 0;
  const settings: Settings = {
    ...DEFAULT_SETTINGS,
    ...(isDatagram && { blockLength: Math.max(segment, SHORTEST_DATAGRAM), bitsPerSecond: DEFAULT_UDP_RATE }),
    ...(isBounded && { seconds: 0 }),
    ...Object.fromEntries(given),
  };
  const checked = parseSettings(settingsToJson(settings));
  if (typeof checked === "string") throw new RangeError(`throughput: ${checked}`);
  return settings;
}

async function refusal(control: Control, state: number): Promise<Iperf3Error> {
  switch (state) {
    case ACCESS_DENIED:
      return new Iperf3Error("the server is busy with another measurement: try again later");
    case SERVER_TERMINATE:
      return new Iperf3Error("the server has terminated");
    case SERVER_ERROR: {
      const { number, errno } = await control.serverError();
      return new Iperf3Error(`the server says error ${number}${errno === 0 ? "" : `: ${strerror(errno)}`}`);
    }
    case CLOSED:
      return new Iperf3Error("the server has closed the control connection");
    default:
      return new Iperf3Error(`the server says ${state}, which is no state`);
  }
}
