/** One question to one server: by UDP (RFC 1035 §4.2.1), with what RFC 5452 asks against forged answers, or by TCP (RFC 7766). */
import { EAGAIN, ECONNABORTED } from "../../base/errno.ts";
import type { Host } from "../../host/host.ts";
import { AF_INET, SOCK_STREAM } from "../../sockets/constants.ts";
import { SocketError } from "../../sockets/error.ts";
import type { Socket } from "../../sockets/socket.ts";
import { readable } from "../wait.ts";
import { type DnsCodec, type DnsMessage, type DnsQuery, NOERROR, NXDOMAIN } from "./codec.ts";
import type { DnsCounters } from "./counters.ts";
import type { Ending } from "./ending.ts";
import { fold } from "./names.ts";

/** What an exchange needs of its resolver. */
export interface Asker {
  readonly host: Host;
  readonly codec: DnsCodec;
  readonly counters: DnsCounters;
  /** Where servers listen. */
  readonly port: number;
  /** Where datagrams are read to: as long as the longest, and for all exchanges one, since none keeps anything of it. */
  readonly buffer: Uint8Array;
  readonly ending: Ending;
}

/** "silent": nobody answered in time. "unreachable": it could not be sent. "suspicious": somebody guesses at the answer. */
export type Failure = "silent" | "unreachable" | "suspicious";

/** What is not the answer, until it is asked by TCP instead: who guesses has had so many tries. RFC 5452 §9.1 */
const MOST_STRANGERS = 32;

/**
 * Asks `server`, a dotted quad, and waits `micros` for the answer: from there, with the same identifier and question. Whatever else
 * comes is dropped. The socket is one of its own, so that each question has a port that nobody can guess (RFC 5452 §9.2).
 */
export async function askUdp(
  asker: Asker,
  server: string,
  query: DnsQuery,
  micros: number,
): Promise<DnsMessage | Failure> {
  const { host, counters, buffer, ending } = asker;
  const socket = host.datagram();
  const exchange = ending.begin();
  try {
    const bytes = asker.codec.encode(query);
    counters.udpQueries++;
    if (socket.connect({ address: server, port: asker.port }) < 0 || socket.send(bytes) < 0)
      return "unreachable";
    const deadline = host.clock.now + micros;
    let strangers = 0;
    while (await readable(host, socket, deadline - host.clock.now, exchange.signal)) {
      const length = socket.receive(buffer);
      if (length === -EAGAIN) continue;
      if (length < 0) return "unreachable";
      const message = answerTo(asker, query, buffer.subarray(0, length));
      if (message !== undefined) return message;
      if (++strangers >= MOST_STRANGERS) return "suspicious";
    }
    checkOpen(asker);
    return "silent";
  } finally {
    ending.done(exchange);
    socket.close();
  }
}

/** The same by TCP: for answers that UDP has cut off, and where somebody guesses. */
export async function askTcp(
  asker: Asker,
  server: string,
  query: DnsQuery,
  micros: number,
): Promise<DnsMessage | Failure> {
  const { host, counters, ending } = asker;
  const deadline = host.clock.now + micros;
  const socket = host.socket(AF_INET, SOCK_STREAM);
  const exchange = ending.begin();
  try {
    const bytes = asker.codec.encode(query);
    counters.tcpQueries++;
    const stream = new TimedStream(host, socket, { deadline, signal: exchange.signal });
    await stream.connect(server, asker.port);
    await stream.send(Uint8Array.of(bytes.length >>> 8, bytes.length, ...bytes)); // RFC 7766 §8: length and message at once
    const [high = 0, low = 0] = await stream.receive(2);
    return answerTo(asker, query, await stream.receive((high << 8) | low)) ?? "unreachable";
  } catch (error) {
    checkOpen(asker);
    if (host.closed || !(error instanceof SocketError)) throw error;
    return "unreachable";
  } finally {
    ending.done(exchange);
    await socket.close();
  }
}

/** What ends the calls of a connection: a time, microseconds, and the end of the resolver. */
interface Limits {
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** A connection whose calls have their limits in common. */
class TimedStream {
  private readonly host: Host;
  private readonly socket: Socket;
  private readonly limits: Limits;

  constructor(host: Host, socket: Socket, limits: Limits) {
    this.host = host;
    this.socket = socket;
    this.limits = limits;
  }

  async connect(address: string, port: number): Promise<void> {
    await this.socket.connect({ address, port }, this.waiting());
  }

  async send(bytes: Uint8Array): Promise<void> {
    await this.socket.sendall(bytes, 0, this.waiting());
  }

  /** Exactly `count` bytes; fewer where the peer ends before. */
  async receive(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      const length = await this.socket.recv_into(bytes.subarray(filled), 0, 0, this.waiting());
      if (length === 0) return bytes.subarray(0, filled);
      filled += length;
    }
    return bytes;
  }

  private waiting(): { signal: AbortSignal } {
    const { deadline, signal } = this.limits;
    const left = (deadline - this.host.clock.now) / 1000;
    this.socket.settimeout(Math.max(left, 0.001)); // 0 would be "not at all"
    return { signal };
  }
}

function checkOpen({ ending }: Asker): void {
  if (ending.over) throw new SocketError(ECONNABORTED, "getaddrinfo");
}

/** What `bytes` say if they are the answer to `query` (RFC 5452 §9.1, MUST). */
function answerTo({ codec, counters }: Asker, query: DnsQuery, bytes: Uint8Array): DnsMessage | undefined {
  if (bytes.length < 2 || ((bytes[0]! << 8) | bytes[1]!) !== query.id) {
    counters.mismatched++;
    return undefined;
  }
  const message = read(codec, bytes);
  if (message === undefined) counters.malformed++;
  else if (!answers(message, query)) counters.mismatched++;
  else return message;
  return undefined;
}

function read(codec: DnsCodec, bytes: Uint8Array): DnsMessage | undefined {
  try {
    return codec.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Whether it is a response to the question; one that could not even read it may leave it out, and says nothing of the name then. */
function answers({ isResponse, opcode, questions, rcode }: DnsMessage, query: DnsQuery): boolean {
  if (!isResponse || opcode !== 0) return false;
  if (questions.length === 0) return rcode !== NOERROR && rcode !== NXDOMAIN;
  const [asked] = questions;
  return (
    questions.length === 1 &&
    fold(asked!.name) === fold(query.name) &&
    asked!.type === query.type &&
    asked!.class === "IN"
  );
}
