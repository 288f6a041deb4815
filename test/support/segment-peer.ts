/**
 * A scripted peer: it speaks raw segments to one real stack on a virtual clock, so that a test can say, as in an RFC's
 * figure, what arrives and what must be answered.
 *
 * Sequence numbers are counted from each side's SYN, as tcpdump prints them: the peer's SYN is `seq: 0`, its first octet
 * 1; so are the stack's once its SYN was seen. Before that, `ack` and the stack's `seq` are the numbers on the wire.
 */
import { afterEach, expect, onTestFailed } from "vitest";
import { VirtualClock } from "../../src/base/clock.ts";
import { Host } from "../../src/host/host.ts";
import type { IpConfig } from "../../src/ip/config.ts";
import { packetPool } from "../../src/packet/pool.ts";
import type { StreamCore } from "../../src/sockets/stream.ts";
import type { Tcb, TcpConfig } from "../../src/tcp/index.ts";
import {
  flagBits,
  flagLetters,
  mss,
  parseTcp,
  type TcpFields,
  type TcpOptions,
  tcp,
  timestamps,
} from "./tcp-wire.ts";
import { TestLink, type TestLinkOptions } from "./test-link.ts";
import { type Ipv4Fields, ip as int32, parseIpv4, text } from "./wire.ts";

export interface SegmentPeerOptions {
  /** The stack's configuration. */
  tcp?: Partial<TcpConfig>;
  ip?: Partial<IpConfig>;
  link?: TestLinkOptions;
  seed?: number;
  /** The peer's initial sequence number. Default 1_000_000. */
  iss?: number;
  /** The peer's port. Default 4000. */
  port?: number;
  /** The stack's port for {@link SegmentPeer.accept}. Default 80. */
  listenPort?: number;
}

/** A segment for the stack. What is left out continues the connection. */
export interface Inject extends Omit<Partial<TcpFields>, "data"> {
  data?: Uint8Array | string;
  /** Fields of the IPv4 header. */
  ip?: Partial<Ipv4Fields>;
  /** As the link sets them: FLAG_BROADCAST … */
  linkFlags?: number;
  /** It stands for several segments, with so much text in each but the last, as a link with offload hands them up. Default 0: it does not. */
  segmentSize?: number;
}

/** A segment from the stack. */
export interface ParsedSegment {
  /** Letters in the order S F R P U E C A. */
  flags: string;
  /** Counted from the stack's SYN, signed; and as on the wire. */
  seq: number;
  rawSeq: number;
  /** Counted from the peer's SYN, signed; and as on the wire. */
  ack: number;
  rawAck: number;
  window: number;
  urgentPointer: number;
  options: TcpOptions;
  optionBytes: Uint8Array;
  /** SACK blocks, counted from the peer's SYN. */
  sack: [left: number, right: number][];
  data: Uint8Array;
  /** Text as a string of single bytes. */
  text: string;
  length: number;
  sourcePort: number;
  destinationPort: number;
  intact: boolean;
  /** When it was sent, ms. */
  at: number;
  ip: Ipv4Fields;
  /** The whole IPv4 datagram. */
  datagram: Uint8Array;
}

/** What {@link SegmentPeer.expect} compares; `data` may be a string. */
export interface Expected {
  seq?: number;
  rawSeq?: number;
  ack?: number;
  rawAck?: number;
  window?: number;
  urgentPointer?: number;
  data?: Uint8Array | string;
  length?: number;
  sack?: [left: number, right: number][];
  /** Those options that matter. */
  options?: Partial<TcpOptions>;
  at?: number;
}

export interface HandshakeOptions {
  /** Of the peer's SYN or SYN-ACK. Default: mss(1460) alone. */
  options?: Uint8Array[];
  /** The window of the peer's segments. Default 65535. */
  window?: number;
  /** The socket to open or to listen with; default: a new one. Set options on it before. */
  socket?: StreamCore;
  /** Milliseconds between the stack's SYN or SYN-ACK and the answer. Default 0. */
  delay?: number;
}

const STACK = "10.0.0.1";
const PEER = "10.0.0.2";
const ALL_READ = new Uint8Array(1 << 20);

/** The one stack and link that all peers of a test share. */
class World {
  readonly clock = new VirtualClock();
  readonly link: TestLink;
  readonly host: Host;
  readonly peers: SegmentPeer[] = [];
  /** Lines as tcpdump prints them, and changes of state. */
  readonly log: string[] = [];
  /** Datagrams from the stack that are not TCP. */
  readonly datagrams: Uint8Array[] = [];

  constructor(options: SegmentPeerOptions) {
    const { clock } = this;
    this.link = new TestLink(clock, options.link);
    this.host = new Host({
      clock,
      seed: options.seed ?? 1,
      ...(options.tcp && { tcp: options.tcp }),
      ...(options.ip && { ip: options.ip }),
    });
    this.host.attach(this.link, { address: `${STACK}/24` });
    this.host.route.add({ to: "default", via: "10.0.0.254" });
    this.host.tcp.observer = {
      stateChanged: (tcb, from, to) => this.note(`stack:${tcb.localPort} ${from} -> ${to}`),
    };
    worlds.push(this);
    onTestFailed(({ task }) => {
      const error = task.result?.errors?.[0];
      if (error === undefined || error.message.includes(HEADING)) return;
      error.message += this.describe();
    });
  }

  note(line: string): void {
    this.log.push(`${(this.clock.now / 1000).toFixed(3).padStart(12)}  ${line}`);
  }

  /** For failure messages: everything that happened, and how to see it again. */
  describe(): string {
    const { currentTestName, testPath } = expect.getState();
    const file = testPath?.replace(`${process.cwd()}/`, "");
    const name = currentTestName?.split(" > ").join(" ").replaceAll('"', '\\"');
    return [`\n\n${HEADING}`, ...this.log.slice(-60), `Again: npx vitest run ${file} -t "${name}"\n`].join(
      "\n",
    );
  }

  /** Runs what is left of the instant, and hands out what the stack has sent. */
  run(): void {
    this.clock.runInstant();
    for (const datagram of this.link.take()) {
      const header = parseIpv4(datagram);
      if (header.protocol !== 6) {
        this.datagrams.push(datagram);
        this.note(`stack > ${header.destination} protocol ${header.protocol}`);
        continue;
      }
      const { destinationPort, sourcePort } = parseTcp(datagram);
      const owner = this.peers.find(
        (peer) =>
          peer.address === header.destination &&
          peer.port === destinationPort &&
          (peer.stackPort === sourcePort || peer.stackPort === 0),
      );
      (owner ?? (this.peers[0] as SegmentPeer)).receive(datagram);
    }
  }
}

const worlds: World[] = [];
const HEADING = "Segments so far, numbered from each side's SYN:";

export class SegmentPeer {
  readonly address: string;
  readonly port: number;
  readonly listenPort: number;
  /** The peer's initial sequence number, and the stack's (0 until its SYN was seen). */
  iss: number;
  stackIss = 0;
  /** The stack's port of this connection; 0: not known yet. */
  stackPort = 0;
  /** The next octet the peer would send, and the next it expects; what {@link inject} puts where nothing is said. */
  seq = 0;
  ack = 0;
  /** What {@link inject} puts into the window field. */
  window = 65_535;
  /** Timestamps are in use: every segment that is injected has them, unless `options` are given. */
  useTimestamps = false;
  /** Added to the clock's milliseconds for the peer's TSval; and the stack's last TSval. */
  timestampOffset = 500_000;
  lastTimestamp = 0;
  /** The stack's end of the connection, after {@link connect} or {@link accept}. */
  socket!: StreamCore;
  /** The socket that listens, after {@link listen}. */
  listener: StreamCore | undefined = undefined;
  private sawSyn = false;
  private readonly inbox: ParsedSegment[] = [];
  private readonly world: World;

  constructor(options: SegmentPeerOptions = {}, world = new World(options), address = PEER) {
    this.world = world;
    this.address = address;
    this.iss = options.iss ?? 1_000_000;
    this.port = options.port ?? 4000;
    this.listenPort = options.listenPort ?? 80;
    world.peers.push(this);
  }

  /** Another peer of the same stack: its own port (default: the next one), or its own address. */
  another(options: { port?: number; iss?: number; address?: string; listenPort?: number } = {}): SegmentPeer {
    const last = Math.max(...this.world.peers.map((peer) => peer.port));
    const { listenPort, listener } = this;
    const peer = new SegmentPeer({ port: last + 1, listenPort, ...options }, this.world, options.address);
    if (peer.listenPort === listenPort) peer.listener = listener;
    return peer;
  }

  get host(): Host {
    return this.world.host;
  }

  get tcp(): Host["tcp"] {
    return this.world.host.tcp;
  }

  get clock(): VirtualClock {
    return this.world.clock;
  }

  get link(): TestLink {
    return this.world.link;
  }

  get counters(): Host["tcp"]["counters"] {
    return this.tcp.counters;
  }

  /** Virtual time, ms. */
  get now(): number {
    return this.clock.now / 1000;
  }

  /** What the stack has sent that is not TCP; taken. */
  takeDatagrams(): Uint8Array[] {
    this.world.run();
    return this.world.datagrams.splice(0);
  }

  /** The stack's block of this connection, also when its user has let go. */
  get tcb(): Tcb | undefined {
    return this.tcp.find(int32(STACK), this.stackPort, int32(this.address), this.port);
  }

  /** As RFC 9293 spells it; CLOSED when there is no block. */
  get state(): string {
    return this.tcb?.stateName ?? "CLOSED";
  }

  /** The segments so far as tcpdump prints them. */
  get trace(): string {
    return this.world.log.join("\n");
  }

  // ---- the wire ----

  /** Lets the segments arrive, all in one instant, and runs it. Fields left out continue the connection. */
  inject(...segments: Inject[]): void {
    for (const segment of segments) this.post(segment);
    this.world.run();
  }

  /** Lets a whole IPv4 datagram arrive and runs the instant. */
  injectDatagram(datagram: Uint8Array, linkFlags = 0): void {
    this.world.note(`peer > datagram of ${datagram.length} bytes, protocol ${datagram[9]}`);
    this.link.inject(datagram, linkFlags);
    this.world.run();
  }

  /** The datagram that {@link inject} would send. */
  datagram(segment: Inject): Uint8Array {
    const { ip = {}, linkFlags: _, segmentSize: __, data, ...fields } = segment;
    const flags = flagBits(segment.flags ?? "A");
    const hasAck = (flags & 0x10) !== 0;
    return tcp(
      {
        ...fields,
        flags: flagLetters(flags),
        sourcePort: fields.sourcePort ?? this.port,
        destinationPort: fields.destinationPort ?? (this.stackPort || this.listenPort),
        seq: (this.iss + (fields.seq ?? this.seq)) >>> 0,
        ack: hasAck || fields.ack !== undefined ? (this.stackIss + (fields.ack ?? this.ack)) >>> 0 : 0,
        window: fields.window ?? this.window,
        options: fields.options ?? (this.useTimestamps ? [this.timestampOption()] : []),
        data: typeof data === "string" ? text(data) : (data ?? new Uint8Array(0)),
      },
      { source: this.address, destination: STACK, ...ip },
    );
  }

  /** The timestamps option of the peer's next segment. */
  timestampOption(): Uint8Array {
    return timestamps(Math.floor(this.now) + this.timestampOffset, this.lastTimestamp);
  }

  private post(segment: Inject): void {
    const datagram = this.datagram(segment);
    const bits = flagBits(segment.flags ?? "A");
    const size = typeof segment.data === "string" ? text(segment.data).length : (segment.data?.length ?? 0);
    const from = segment.seq ?? this.seq;
    const isOurs = (segment.sourcePort ?? this.port) === this.port && segment.ip === undefined;
    if (isOurs && from === this.seq) this.seq += size + (bits & 1) + ((bits >>> 1) & 1);
    this.world.note(`peer:${segment.sourcePort ?? this.port} > ${this.line(datagram, false)}`);
    this.link.inject(datagram, segment.linkFlags ?? 0, segment.segmentSize ?? 0);
  }

  /** A segment from the stack has come: for {@link World} to call. */
  receive(datagram: Uint8Array): void {
    const raw = parseTcp(datagram);
    const bits = flagBits(raw.flags);
    if ((bits & 0x02) !== 0) {
      if (!this.sawSyn || this.stackIss !== raw.seq) this.ack = 0;
      this.sawSyn = true;
      this.stackIss = raw.seq;
      this.stackPort = raw.sourcePort;
    }
    this.world.note(`stack:${raw.sourcePort} > ${this.line(datagram, true)}`);
    if (raw.options.timestamps !== undefined) this.lastTimestamp = raw.options.timestamps.value;
    const seq = (raw.seq - this.stackIss) | 0;
    const end = seq + raw.data.length + (bits & 1) + ((bits >>> 1) & 1);
    if ((bits & 0x04) === 0 && seq <= this.ack && end > this.ack) this.ack = end;
    this.inbox.push({
      ...raw,
      seq,
      rawSeq: raw.seq,
      ack: (raw.ack - this.iss) | 0,
      rawAck: raw.ack,
      sack: (raw.options.sack ?? []).map(([left, right]) => [(left - this.iss) | 0, (right - this.iss) | 0]),
      text: String.fromCharCode(...raw.data.subarray(0, 10_000)),
      length: raw.data.length,
      at: this.now,
      ip: parseIpv4(datagram),
      datagram,
    });
  }

  /** What the stack has sent to this peer since the last call. */
  take(): ParsedSegment[] {
    this.world.run();
    return this.inbox.splice(0);
  }

  /** Takes the next segment from the stack and compares it: exactly these flags, and the fields that are given. */
  expect(flags: string, fields: Expected = {}): ParsedSegment {
    this.world.run();
    const segment = this.inbox.shift();
    if (segment === undefined) this.fail(`the stack has sent nothing, not ${describe(flags, fields)}`);
    const wrong: string[] = [];
    if (!segment.intact) wrong.push("checksum is wrong");
    if (segment.flags !== flagLetters(flagBits(flags))) wrong.push(`flags are ${segment.flags}`);
    const { data, options, ...rest } = fields;
    for (const [name, value] of Object.entries(rest)) {
      const actual = segment[name as keyof ParsedSegment];
      if (JSON.stringify(actual) !== JSON.stringify(value))
        wrong.push(`${name} is ${JSON.stringify(actual)}`);
    }
    for (const [name, value] of Object.entries(options ?? {})) {
      const actual = segment.options[name as keyof TcpOptions];
      if (JSON.stringify(actual) !== JSON.stringify(value)) {
        wrong.push(`option ${name} is ${JSON.stringify(actual)}`);
      }
    }
    if (data !== undefined) {
      const bytes = typeof data === "string" ? text(data) : data;
      if (bytes.length !== segment.length || bytes.some((byte, index) => byte !== segment.data[index])) {
        wrong.push(`data is ${JSON.stringify(segment.text.slice(0, 60))} (${segment.length} bytes)`);
      }
    }
    if (wrong.length > 0) this.fail(`expected ${describe(flags, fields)}, but ${wrong.join(", ")}`);
    return segment;
  }

  /** Fails if the stack has sent anything that was not taken. */
  expectNothing(): void {
    this.world.run();
    const [first] = this.inbox;
    if (first !== undefined)
      this.fail(`expected silence, but the stack sent ${this.line(first.datagram, true)}`);
  }

  /** Runs the world for `millis` of virtual time. */
  advance(millis: number): void {
    const { clock } = this;
    const end = clock.now + millis * 1000;
    this.world.run();
    while (clock.nextDeadline() <= end) {
      clock.jumpTo(clock.nextDeadline());
      this.world.run();
    }
    clock.jumpTo(end);
  }

  // ---- the user above the stack ----

  /** The stack's active OPEN to this peer, left in SYN-SENT; returns its SYN. */
  open(socket: StreamCore = this.host.stream()): ParsedSegment {
    this.socket = socket;
    socket.connect({ address: this.address, port: this.port });
    return this.expect("S", { seq: 0 });
  }

  /** The stack's active OPEN, answered by the peer: ESTABLISHED. Returns the SYN. */
  connect(options: HandshakeOptions = {}): ParsedSegment {
    const syn = this.open(options.socket);
    if (options.delay) this.advance(options.delay);
    this.begin(options);
    this.inject({ flags: "SA", options: this.handshakeOptions(options) });
    this.expect("A", { seq: 1, ack: 1 });
    expect(this.state, this.trace).toBe("ESTABLISHED");
    return syn;
  }

  /** The stack's passive OPEN on {@link listenPort}. */
  listen(backlog = 128, socket: StreamCore = this.host.stream()): StreamCore {
    expect(socket.localPort !== 0 || socket.bind({ address: "0.0.0.0", port: this.listenPort }) === 0).toBe(
      true,
    );
    expect(socket.listen(backlog)).toBe(0);
    this.listener = socket;
    return socket;
  }

  /** The peer's SYN to a listener (which is made unless there is one), left in SYN-RECEIVED; returns the SYN-ACK. */
  syn(options: HandshakeOptions = {}): ParsedSegment {
    if (this.listener === undefined) this.listen(128, options.socket ?? this.host.stream());
    this.begin(options);
    this.inject({ flags: "S", options: this.handshakeOptions(options) });
    return this.expect("SA", { seq: 0, ack: 1 });
  }

  /** A connection that the peer opens and the stack's user accepts: ESTABLISHED. Returns the SYN-ACK. */
  accept(options: HandshakeOptions = {}): ParsedSegment {
    const synAck = this.syn(options);
    if (options.delay) this.advance(options.delay);
    this.inject({ flags: "A" });
    this.expectNothing();
    const accepted = this.listener?.accept();
    if (typeof accepted !== "object") this.fail(`accept returned ${accepted}`);
    this.socket = accepted as StreamCore;
    expect(this.state, this.trace).toBe("ESTABLISHED");
    return synAck;
  }

  /** The window and the use of timestamps that `options` ask for, for handshakes by hand. */
  begin(options: HandshakeOptions): void {
    if (options.window !== undefined) this.window = options.window;
    this.useTimestamps = (options.options ?? []).some(isTimestamps);
  }

  /** A timestamps option in the peer's SYN bears the time and the echo that are right, whatever was given. */
  private handshakeOptions(options: HandshakeOptions): Uint8Array[] {
    return (options.options ?? [mss(1460)]).map((bytes) =>
      isTimestamps(bytes) ? this.timestampOption() : bytes,
    );
  }

  /** SEND by the stack's user; returns what `send` says, and runs the instant. */
  write(data: Uint8Array | string, flags = 0): number {
    const bytes = typeof data === "string" ? text(data) : data;
    const result = this.socket.send(bytes, 0, bytes.length, flags);
    this.world.note(`user  send(${bytes.length}) = ${result}`);
    this.world.run();
    return result;
  }

  /** RECEIVE by the stack's user: the text, or the negative errno (0: the end of the stream); runs the instant. */
  read(length = ALL_READ.length, flags = 0): string | number {
    const result = this.socket.receive(ALL_READ, 0, Math.min(length, ALL_READ.length), flags);
    this.world.note(`user  receive(${length}) = ${result}`);
    this.world.run();
    if (result <= 0) return result;
    let read = "";
    for (let index = 0; index < result; index++) read += String.fromCharCode(ALL_READ[index] as number);
    return read;
  }

  /** CLOSE by the stack's user. */
  close(): void {
    this.world.note("user  close");
    this.socket.close();
    this.world.run();
  }

  /** SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2 by the stack's user. */
  shutdown(how: number): number {
    const result = this.socket.shutdown(how);
    this.world.note(`user  shutdown(${how}) = ${result}`);
    this.world.run();
    return result;
  }

  // ---- printing ----

  private fail(message: string): never {
    throw new Error(message + this.world.describe());
  }

  /** `[PA] seq 1:6 ack 1 win 65535 <mss 1460> len 5` */
  private line(datagram: Uint8Array, fromStack: boolean): string {
    let segment: ReturnType<typeof parseTcp>;
    try {
      segment = parseTcp(datagram);
    } catch (error) {
      return `malformed segment: ${(error as Error).message}`;
    }
    const [sender, receiver] = fromStack ? [this.stackIss, this.iss] : [this.iss, this.stackIss];
    const seq = (segment.seq - sender) | 0;
    const parts = [`[${segment.flags}] seq ${seq}`];
    if (segment.data.length > 0) parts[0] += `:${seq + segment.data.length}`;
    if (segment.flags.includes("A")) parts.push(`ack ${(segment.ack - receiver) | 0}`);
    parts.push(`win ${segment.window}`);
    if (segment.urgentPointer !== 0) parts.push(`urg ${segment.urgentPointer}`);
    const options = describeOptions(segment.options, receiver);
    if (options !== "") parts.push(`<${options}>`);
    if (segment.data.length > 0) parts.push(`len ${segment.data.length}`);
    return parts.join(" ");
  }
}

function isTimestamps(option: Uint8Array): boolean {
  return option[0] === 8 && option[1] === 10 && option.length === 10;
}

function describe(flags: string, fields: Expected): string {
  return `[${flags}] ${JSON.stringify(fields)}`;
}

function describeOptions(options: TcpOptions, receiver: number): string {
  const parts: string[] = [];
  if (options.mss !== undefined) parts.push(`mss ${options.mss}`);
  if (options.windowScale !== undefined) parts.push(`wscale ${options.windowScale}`);
  if (options.sackPermitted) parts.push("sackOK");
  if (options.timestamps) parts.push(`TS val ${options.timestamps.value} ecr ${options.timestamps.echo}`);
  for (const [left, right] of options.sack ?? []) {
    parts.push(`sack ${(left - receiver) | 0}:${(right - receiver) | 0}`);
  }
  return parts.join(",");
}

/** Closes every stack made so far, and checks that no timer is armed, no packet out. Called after each test. */
export function closePeers(): void {
  for (const world of worlds.splice(0)) {
    for (const socket of [...world.host.sockets]) socket.close();
    world.clock.runInstant();
    world.host.close();
    world.clock.runInstant();
    expect(world.clock.timers.armedCount, "armed timers after close").toBe(0);
    expect([...world.host.tcp.connections()], "connections after close").toEqual([]);
    expect(world.link.closed).toBe(true);
  }
  expect(packetPool.outstanding, "packets outstanding").toBe(0);
}

/** After each test of the file: hosts are closed, and no packet and no timer is left. */
export function leaveNothingBehind(): void {
  packetPool.debug = true;
  afterEach(closePeers);
}
