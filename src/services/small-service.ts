/**
 * What the small services of the early Internet have in common: they listen on a port in TCP and in UDP, each connection gets a
 * piece of program that is called when it is ready, each datagram may get an answer.
 *
 * Nothing is kept of a connection but what TCP's own buffers hold: what a peer does not take stops what is sent to it. Two
 * services that answer datagrams can be set on each other by one datagram with a forged source, for ever (CVE-1999-0103). So no
 * datagram is answered that comes from a port below 1024, as in inetd, from the service's own port or from one that `deafTo` names,
 * nor one that was sent to many.
 */
import { EAGAIN, ECONNABORTED } from "../base/errno.ts";
import type { Host } from "../host/host.ts";
import type { DatagramCore } from "../sockets/datagram.ts";
import { SocketError } from "../sockets/error.ts";
import type { Outgoing } from "../sockets/message.ts";
import { checkRange } from "../sockets/misuse.ts";
import type { StreamCore } from "../sockets/stream.ts";

export interface SmallServiceOptions {
  /** 1 to 65535. Default: the port that IANA gave the service. */
  port?: number;
  /** The address to listen on, a dotted quad. Default: all of the host's. */
  address?: string;
  /** Connections at a time, at least 1; more wait until one has ended. Default 1000. */
  connections?: number;
  /** Ports whose datagrams get no answer, beside those below 1024 and the service's own: those of other services. */
  deafTo?: readonly number[];
}

/** What a service has done. */
export class SmallServiceCounters {
  connections = 0;
  /** Connections that ended with an error: a reset, a peer that vanished. */
  brokenConnections = 0;
  receivedBytes = 0;
  sentBytes = 0;
  datagrams = 0;
  /** Datagrams that were not answered for safety's sake. */
  unanswered = 0;
}

/** A service that runs, until it or its host is closed. */
export interface SmallService {
  /** "echo" */
  readonly name: string;
  readonly port: number;
  readonly counters: Readonly<SmallServiceCounters>;
  /** Ends it with all its connections. What was sent and not taken yet is still delivered. */
  close(): void;
}

/** What one connection is served by. */
export interface Attendant {
  /** Called when the connection may be ready for something. A negative errno other than -EAGAIN, or 1, ends the connection. */
  ready(): number;
}

/** What makes a service the one it is. */
export interface ServiceKind {
  readonly name: string;
  readonly port: number;
  attend(connection: StreamCore, counters: SmallServiceCounters): Attendant;
  /** Puts the answer to the `length` bytes in `buffer` there; returns its length, or -1 for none. `now`: microseconds. */
  answer(buffer: Uint8Array, length: number, now: number): number;
}

/** Connection is over, in the way it should be. */
export const DONE = 1;

/** The longest datagram. */
const BUFFER_BYTES = 65_536;
const BACKLOG = 1024;
/** Datagrams answered before others get their turn. */
const BATCH = 64;
/** Source ports that get no answer: those of servers, as inetd has it. */
const FIRST_CLIENT_PORT = 1024;

class PortService implements SmallService {
  readonly name: string;
  readonly port: number;
  readonly counters = new SmallServiceCounters();
  private readonly host: Host;
  private readonly kind: ServiceKind;
  private readonly mostConnections: number;
  private readonly deafTo: ReadonlySet<number>;
  private readonly listener: StreamCore;
  private readonly datagrams: DatagramCore;
  private readonly connections = new Set<StreamCore>();
  private readonly buffer = new Uint8Array(BUFFER_BYTES);
  /** Lets an answer come from the address that was asked. */
  private readonly outgoing: { -readonly [K in keyof Outgoing]: Outgoing[K] } = {
    source: 0,
    interfaceIndex: -1,
    timeToLive: -1,
    trafficClass: -1,
    rights: undefined,
    credentials: undefined,
  };

  constructor(host: Host, kind: ServiceKind, options: SmallServiceOptions) {
    const { port = kind.port, address = "", connections = 1000, deafTo = [] } = options;
    checkRange(kind.name, "port", port, 1, 65_535);
    checkRange(kind.name, "connections", connections, 1, Number.MAX_SAFE_INTEGER);
    this.host = host;
    this.kind = kind;
    this.name = kind.name;
    this.port = port;
    this.mostConnections = connections;
    this.deafTo = new Set([port, ...deafTo]);
    this.listener = host.stream();
    this.datagrams = host.datagram();
    try {
      this.listen(address);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  private listen(address: string): void {
    const { listener, datagrams, port } = this;
    listener.settings.reuseAddress = true;
    listener.settings.keepAlive = listener.common.keepAlive = true; // who vanishes makes room in the end
    listener.settingsChanged();
    const check = (syscall: string, result: number): void => {
      if (result < 0) throw new SocketError(result, syscall, address === "" ? "0.0.0.0" : address, port);
    };
    check("bind", listener.bind({ address, port }));
    check("listen", listener.listen(BACKLOG));
    check("bind", datagrams.bind({ address, port }));
    listener.onReadiness = () => this.acceptAll();
    datagrams.onReadiness = this.answerSome;
  }

  close(): void {
    this.listener.close();
    this.datagrams.close();
    for (const connection of this.connections) connection.close();
    this.connections.clear();
  }

  private acceptAll(): void {
    while (this.connections.size < this.mostConnections) {
      const connection = this.listener.accept();
      if (connection === -ECONNABORTED) continue;
      if (typeof connection === "number") return;
      this.counters.connections++;
      this.connections.add(connection as StreamCore);
      const attendant = this.kind.attend(connection as StreamCore, this.counters);
      connection.onReadiness = () => {
        const result = attendant.ready();
        if (result !== -EAGAIN && result !== 0) this.end(connection as StreamCore, result);
      };
    }
  }

  private end(connection: StreamCore, result: number): void {
    if (result < 0) this.counters.brokenConnections++;
    this.connections.delete(connection);
    connection.close();
    this.acceptAll();
  }

  private readonly answerSome = (): void => {
    const { buffer, counters, datagrams } = this;
    for (let count = 0; count < BATCH; count++) {
      const length = datagrams.receive(buffer);
      if (length === -EAGAIN || datagrams.closed) return;
      if (length < 0) continue; // an error that an earlier answer met
      counters.datagrams++;
      counters.receivedBytes += length;
      const { address, port, destination } = datagrams.message;
      if (port < FIRST_CLIENT_PORT || this.deafTo.has(port) || !this.host.ipv4.isLocal(destination)) {
        counters.unanswered++;
        continue;
      }
      this.answer(length, address, port, destination);
    }
    datagrams.onReadiness = this.answerSome; // for the rest, after the others
  };

  private answer(length: number, address: number, port: number, source: number): void {
    const { buffer, counters, datagrams, outgoing } = this;
    const answered = this.kind.answer(buffer, length, this.host.clock.now);
    if (answered < 0) {
      counters.unanswered++;
      return;
    }
    outgoing.source = source;
    datagrams.outgoing = outgoing;
    const sent = datagrams.sendTo(buffer, 0, answered, 0, address, port);
    datagrams.outgoing = undefined;
    if (sent >= 0) counters.sentBytes += sent;
  }
}

/** Starts a service. SocketError (EADDRINUSE, EACCES …), TypeError and RangeError for options that make no sense. */
export function startService(host: Host, kind: ServiceKind, options: SmallServiceOptions): SmallService {
  return new PortService(host, kind, options);
}
