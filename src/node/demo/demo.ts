/**
 * The demonstration: two hosts, a slow wire that loses packets, and on it two ordinary socket programs that move a
 * file. Nothing here prints; see demo-command.ts.
 */
import { createHash } from "node:crypto";
import type { Host } from "../../host/host.ts";
import { Network } from "../../sim/network.ts";
import type { Wire } from "../../sim/wire.ts";
import { AF_INET, IPPROTO_TCP, SHUT_WR, SOCK_STREAM, TCP_INFO } from "../../sockets/constants.ts";
import type { TcpInfo } from "../../tcp/index.ts";
import type { Capture } from "../../trace/capture.ts";
import { Recorder, type TraceEvent } from "../../trace/recorder.ts";
import type { Content } from "./content.ts";

export interface DemoOptions {
  readonly content: Content;
  readonly seed: number;
  /** Probability that a packet is lost, 0 to 1. */
  readonly loss: number;
  /** ms one way. */
  readonly latency: number;
  /** bit/s; Infinity for none to speak of. */
  readonly bandwidth: number;
  /** Whether to keep every packet. */
  readonly capture: boolean;
  /** Told how many bytes the server has, and the virtual time in ms, after every `recv`. */
  readonly onProgress?: (bytes: number, nowMillis: number) => void;
}

/** What came of it. Equal options give equal reports: real time is not in it. */
export interface DemoReport {
  readonly bytes: { readonly sent: number; readonly received: number };
  readonly sha256: { readonly sent: string; readonly received: string };
  /** Whether what arrived is what was sent. */
  readonly equal: boolean;
  /** Virtual time from `connect` until the server had the end of the stream, ms. */
  readonly virtualMillis: number;
  /** Of virtual time; null when none has passed, on a wire without latency. */
  readonly goodputBytesPerSecond: number | null;
  /** TCP segments sent by both ends. */
  readonly segments: number;
  readonly retransmissions: number;
  readonly timeouts: number;
  readonly fastRetransmits: number;
  /** Round-trip time as the client measured it. */
  readonly rtt: { readonly smoothedMillis: number; readonly leastMillis: number };
  /** The client's congestion window at the end. */
  readonly cwnd: { readonly segments: number; readonly bytes: number };
  readonly wire: { readonly packets: number; readonly lost: number };
  /** Digest of every packet and its time: the witness of determinism. */
  readonly hash: string;
}

export const CLIENT = "client";
export const SERVER = "server";
/** One that Wireshark takes for no protocol it knows: the bytes would make no sense to it. */
const PORT = 12_000;

/**
 * How long the server waits for the next byte before it gives up, ms of virtual time: an hour, far more than TCP itself
 * waits for an acknowledgement. So the demonstration ends, whatever is asked of it.
 */
const PATIENCE = 3_600_000;

/** Packets that are written down: enough from the beginning to have the first loss among them. */
const FIRST = 400;
const LAST = 30;

export class Demo {
  /** Every packet, when `capture` was asked for. Filled while it runs. */
  readonly capture: Capture | undefined;
  private readonly net: Network;
  private readonly client: Host;
  private readonly server: Host;
  private readonly wire: Wire;
  private readonly recorder = new Recorder({ first: FIRST, last: LAST });
  private readonly options: DemoOptions;

  constructor(options: DemoOptions) {
    const { seed, loss, latency, bandwidth } = options;
    this.options = options;
    this.net = new Network({ seed });
    this.client = this.net.host(CLIENT);
    this.server = this.net.host(SERVER);
    this.wire = this.net.link(this.client, this.server, { latency, loss, bandwidth });
    this.capture = options.capture ? this.net.capture() : undefined;
    this.net.observe(this.recorder);
    this.recorder.watch(this.client);
    this.recorder.watch(this.server);
  }

  /** What happened so far, for a ladder: the first packets, the last ones, every change of state. */
  get events(): TraceEvent[] {
    return this.recorder.events;
  }

  /** Moves the file, and lets TIME-WAIT end. Rejects with what went wrong: ETIMEDOUT, a deadlock. */
  async run(): Promise<DemoReport> {
    const { net, options } = this;
    try {
      const [received, sent] = await net.run(() =>
        Promise.all([
          receiveFile(this.server, () => net.now, options.onProgress),
          sendFile(this.client, options.content),
        ]),
      );
      await net.idle();
      return this.report(sent, received);
    } finally {
      net.close();
    }
  }

  private report(sent: Sent, received: Received): DemoReport {
    const { info } = sent;
    const { a, b } = this.wire.counters;
    const tcp = [this.client.tcp.counters, this.server.tcp.counters];
    const virtualMillis = received.endMillis;
    return {
      bytes: { sent: sent.bytes, received: received.bytes },
      sha256: { sent: sent.sha256, received: received.sha256 },
      equal: sent.sha256 === received.sha256,
      virtualMillis,
      goodputBytesPerSecond: virtualMillis === 0 ? null : Math.round((received.bytes / virtualMillis) * 1000),
      segments: sum(tcp.map((counters) => counters.segmentsSent)),
      retransmissions: sum(tcp.map((counters) => counters.retransmissions)),
      timeouts: sum(tcp.map((counters) => counters.timeouts)),
      fastRetransmits: sum(tcp.map((counters) => counters.fastRetransmits)),
      rtt: { smoothedMillis: info.rtt / 1000, leastMillis: info.min_rtt / 1000 },
      cwnd: { segments: info.snd_cwnd, bytes: info.snd_cwnd * info.snd_mss },
      wire: { packets: a.sent + b.sent, lost: a.dropped.loss + b.dropped.loss },
      hash: this.net.hash(),
    };
  }
}

interface Sent {
  readonly bytes: number;
  readonly sha256: string;
  readonly info: TcpInfo;
}

interface Received {
  readonly bytes: number;
  readonly sha256: string;
  /** When the stream ended, ms. */
  readonly endMillis: number;
}

/** The client: connects, sends everything, says that this was all, and waits until the server has closed too. */
async function sendFile(host: Host, content: Content): Promise<Sent> {
  const socket = host.socket(AF_INET, SOCK_STREAM);
  await socket.connect({ address: SERVER, port: PORT });
  const digest = createHash("sha256");
  let bytes = 0;
  for (const piece of content.pieces()) {
    digest.update(piece);
    bytes += piece.length;
    await socket.sendall(piece);
  }
  socket.shutdown(SHUT_WR);
  await socket.recv(1);
  const info = socket.getsockopt(IPPROTO_TCP, TCP_INFO);
  await socket.close();
  return { bytes, sha256: digest.digest("hex"), info };
}

/** The server: takes one connection and reads it to its end. */
async function receiveFile(
  host: Host,
  now: () => number,
  onProgress: DemoOptions["onProgress"],
): Promise<Received> {
  const listener = host.socket(AF_INET, SOCK_STREAM);
  listener.bind({ address: "", port: PORT });
  listener.listen(1);
  const [connection] = await listener.accept();
  await listener.close();
  connection.settimeout(PATIENCE);
  const digest = createHash("sha256");
  const buffer = new Uint8Array(65_536);
  let bytes = 0;
  for (;;) {
    const count = await connection.recv_into(buffer);
    if (count === 0) break;
    digest.update(buffer.subarray(0, count));
    bytes += count;
    onProgress?.(bytes, now());
  }
  const endMillis = now();
  await connection.close();
  return { bytes, sha256: digest.digest("hex"), endMillis };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
