/** One measurement, as its server has it: iperf3's states in their order. */
import type { Host } from "../../host/host.ts";
import { AF_INET, SO_KEEPALIVE, SO_REUSEADDR, SOCK_DGRAM, SOL_SOCKET } from "../../sockets/constants.ts";
import { SocketError } from "../../sockets/error.ts";
import type { Socket } from "../../sockets/socket.ts";
import { readable } from "../wait.ts";
import {
  CLIENT_TERMINATE,
  CLOSED,
  type Control,
  CREATE_STREAMS,
  DISPLAY_RESULTS,
  EXCHANGE_RESULTS,
  Iperf3Error,
  PARAM_EXCHANGE,
  sameBytes,
  TEST_END,
  TEST_RUNNING,
  TEST_START,
} from "./control.ts";
import type { Flow } from "./flow.ts";
import { Measurement } from "./measurement.ts";
import { type EndResults, NO_CPU, parseResults, resultsToJson } from "./results.ts";
import type { ServerOptions, TestStart } from "./server.ts";
import { parseSettings, type Settings } from "./settings.ts";
import {
  congestionOf,
  prepareAccepted,
  prepareSocket,
  StreamMaker,
  streamCounts,
  UDP_HELLO,
  UDP_OLD_HELLO,
  UDP_OLD_WELCOME,
  UDP_WELCOME,
} from "./streams.ts";
import { intervalHeading, intervalLines, summaryLines } from "./text.ts";

/** How long a client may be silent where it is its turn, milliseconds. */
const PATIENCE_MILLIS = 10_000;
/** How much longer than agreed a measurement may take. */
const GRACE_MILLIS = 60_000;
/** iperf3's number for parameters that cannot be. */
const IERECVPARAMS = 114;

export class ServerTest {
  private readonly host: Host;
  private readonly control: Control;
  private readonly cookie: Uint8Array;
  private readonly port: number;
  private readonly options: ServerOptions;
  /** The sockets of the streams, in the order in which the client has opened them. */
  private readonly sockets: Socket[] = [];
  private wanted = 0;
  /** Aborted when all of them are there. */
  private readonly complete = new AbortController();
  private measurement: Measurement | undefined = undefined;
  private readonly output: string[] = [];

  constructor(host: Host, control: Control, cookie: Uint8Array, port: number, options: ServerOptions) {
    this.host = host;
    this.control = control;
    this.cookie = cookie;
    this.port = port;
    this.options = options;
  }

  /** Whether a connection with `cookie` is a stream that is waited for: it is the measurement's then. */
  takes(cookie: Uint8Array, socket: Socket): boolean {
    if (this.sockets.length >= this.wanted || !sameBytes(cookie, this.cookie)) return false;
    this.sockets.push(socket);
    socket.settimeout(null);
    if (this.sockets.length === this.wanted) this.complete.abort();
    return true;
  }

  /** Ends it: whoever waits for something learns EBADF. */
  close(): void {
    this.measurement?.end();
    for (const socket of this.sockets) void socket.close();
    void this.control.socket.close();
  }

  /** From the parameters to the results. Iperf3Error, SocketError. */
  async run(): Promise<void> {
    const { control, options } = this;
    control.socket.settimeout(PATIENCE_MILLIS);
    control.socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1);
    await control.sendState(PARAM_EXCHANGE);
    const settings = parseSettings(await control.json());
    if (typeof settings === "string") {
      await control.refuse(IERECVPARAMS);
      throw new Iperf3Error(`the client's parameters make no sense: ${settings}`);
    }
    await this.openStreams(settings);
    await this.measure(settings);
    const streams = this.measurement!.summary();
    const cpu = options.cpu?.() ?? NO_CPU;
    const congestion = congestionOf(this.sockets, settings);
    // a client that receives may wait for the rest of a block: the end of the stream releases it
    for (const socket of this.sockets) await socket.close();
    await control.sendState(EXCHANGE_RESULTS);
    const remote = parseResults(await control.json(), streams);
    if (settings.wantsServerOutput) this.output.push(...summaryLines(settings, streams, "S"));
    const output = settings.wantsServerOutput ? `${this.output.join("\n")}\n` : undefined;
    const local: EndResults = { cpu, streams, congestion, output };
    await control.sendJson(resultsToJson(local));
    await control.sendState(DISPLAY_RESULTS);
    await control.state(); // IPERF_DONE, or the end: both will do
    options.onEnd?.(settings, local, remote);
  }

  private async openStreams(settings: Settings): Promise<void> {
    const { control, host } = this;
    const { toServer, toClient } = streamCounts(settings);
    const count = toServer + toClient;
    if (settings.protocol === "udp") return this.openDatagramStreams(settings, count);
    this.wanted = count;
    await control.sendState(CREATE_STREAMS);
    const gone = await readable(host, control.socket.core, PATIENCE_MILLIS * 1000, this.complete.signal);
    if (this.sockets.length === count) return;
    if (gone) throw new Iperf3Error("the client has gone");
    throw new Iperf3Error(`the client has opened ${this.sockets.length} of ${count} streams`);
  }

  /** Each socket becomes its first sender's; the next one, which is there before that one is answered, the next sender's. */
  private async openDatagramStreams(settings: Settings, count: number): Promise<void> {
    const { host, control, complete } = this;
    let socket = this.datagramSocket(settings);
    await control.sendState(CREATE_STREAMS);
    // one time for all of them: strangers do not prolong it
    const over = new AbortController();
    const leaving = readable(host, control.socket.core, PATIENCE_MILLIS * 1000, complete.signal);
    leaving.finally(() => over.abort()).catch(() => {}); // where that is closed, the stream is too
    for (let opened = 0; opened < count; ) {
      await readable(host, socket.core, undefined, over.signal);
      if (over.signal.aborted) {
        throw new Iperf3Error(
          (await leaving) ? "the client has gone" : `the client has opened ${opened} of ${count} streams`,
        );
      }
      const [data, from] = await socket.recvfrom(64);
      const isOld = sameBytes(data, UDP_OLD_HELLO);
      if (!isOld && !sameBytes(data, UDP_HELLO)) continue; // a stranger
      await socket.connect(from);
      const next = ++opened < count ? this.datagramSocket(settings) : socket;
      await socket.send(isOld ? UDP_OLD_WELCOME : UDP_WELCOME);
      socket = next;
    }
    complete.abort();
    await leaving;
  }

  private datagramSocket(settings: Settings): Socket {
    const socket = this.host.socket(AF_INET, SOCK_DGRAM);
    this.sockets.push(socket);
    try {
      prepareSocket(socket, { ...settings, windowBytes: 0 });
      socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
      socket.bind({ address: this.options.address ?? "", port: this.port });
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      throw new Iperf3Error(`no UDP on port ${this.port}: ${error.strerror}`);
    }
    return socket;
  }

  private async measure(settings: Settings): Promise<void> {
    const { control, host, options, sockets } = this;
    const maker = new StreamMaker(host, settings);
    const { toServer } = streamCounts(settings);
    const flows = sockets.map((socket, index) => maker.make(socket.core, index, index >= toServer));
    if (settings.protocol === "tcp") for (const { core } of sockets) prepareAccepted(core, settings);
    const measurement = new Measurement(host, settings, flows, options.interval ?? 1000, (report) => {
      options.onInterval?.(settings, report);
      if (settings.wantsServerOutput) this.output.push(...intervalLines(settings, report, "S"));
    });
    this.measurement = measurement;
    await control.sendState(TEST_START);
    options.onStart?.(this.startOf(settings, flows));
    if (settings.wantsServerOutput) this.output.push(intervalHeading(settings, toServer === 0));
    options.cpu?.();
    await control.sendState(TEST_RUNNING);
    measurement.begin();
    const { seconds, omitSeconds } = settings;
    control.socket.settimeout(seconds === 0 ? null : (seconds + omitSeconds) * 1000 + GRACE_MILLIS);
    const state = await control.state();
    measurement.end();
    control.socket.settimeout(PATIENCE_MILLIS);
    if (state === TEST_END) return;
    if (state === CLOSED) throw new Iperf3Error("the client has unexpectedly closed the connection");
    if (state === CLIENT_TERMINATE) throw new Iperf3Error("the client has terminated");
    throw new Iperf3Error(`the client says ${state} where the end was to come`);
  }

  private startOf(settings: Settings, flows: readonly Flow[]): TestStart {
    const { address, port } = this.control.socket.getpeername();
    const streams = this.sockets.map((socket, index) => {
      const { address: remoteAddress, port: remotePort } = socket.getpeername();
      const { address: localAddress, port: localPort } = socket.getsockname();
      return { id: flows[index]!.id, localAddress, localPort, remoteAddress, remotePort };
    });
    return { address, port, settings, streams };
  }
}
