/** What a measurement is: agreed on in JSON, in the names that iperf3 gives its fields. */

/** iperf3's port. */
export const IPERF3_PORT = 5201;
/** What one write takes at most, bytes: iperf3's MAX_BLOCKSIZE, and what a datagram holds. */
const LONGEST_BLOCK = 1_048_576;
const LONGEST_DATAGRAM = 65_507;
/** A header with a 64-bit number, beside the time: there is no shorter datagram. */
export const SHORTEST_DATAGRAM = 16;
const MOST_STREAMS = 128;
const LONGEST_SECONDS = 86_400;
const LONGEST_OMIT = 600;

/** One measurement. Both ends have the same. */
export interface Settings {
  readonly protocol: "tcp" | "udp";
  /** How long it takes; 0: until `bytes` or `blocks` have been sent. */
  readonly seconds: number;
  /** What is left out at the beginning, while the connections warm up. */
  readonly omitSeconds: number;
  /** 0: as many as there is time for. */
  readonly bytes: number;
  readonly blocks: number;
  readonly streams: number;
  /** Bytes of one write, or of one datagram's data. */
  readonly blockLength: number;
  /** Whether the server sends. */
  readonly reverse: boolean;
  /** Whether both send, each on `streams` streams. */
  readonly bidirectional: boolean;
  /** Of each stream; 0: no limit. */
  readonly bitsPerSecond: number;
  readonly maximumSegment: number;
  readonly noDelay: boolean;
  /** SO_SNDBUF and SO_RCVBUF; 0: as the stack has it. */
  readonly windowBytes: number;
  readonly trafficClass: number;
  /** TCP_CONGESTION; "": as the stack has it. */
  readonly congestion: string;
  /** Whether datagrams are numbered with 64 bits. */
  readonly longCounters: boolean;
  /** Whether the client wants the server's report too. */
  readonly wantsServerOutput: boolean;
}

export const DEFAULT_SETTINGS: Settings = {
  protocol: "tcp",
  seconds: 10,
  omitSeconds: 0,
  bytes: 0,
  blocks: 0,
  streams: 1,
  blockLength: 131_072,
  reverse: false,
  bidirectional: false,
  bitsPerSecond: 0,
  maximumSegment: 0,
  noDelay: false,
  windowBytes: 0,
  trafficClass: 0,
  congestion: "",
  longCounters: true,
  wantsServerOutput: false,
};

/** What a peer asks for, or why that makes no sense. */
export function parseSettings(json: unknown): Settings | string {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return "the parameters are no object";
  const fields = new Fields(json as Record<string, unknown>);
  const udp = fields.flag("udp");
  if (fields.flag("sctp")) return "there is no SCTP here";
  if (!udp && !fields.flag("tcp")) return "neither tcp nor udp is asked for";
  const longCounters = fields.integer("udp_counters_64bit", 0, 0, 1) === 1;
  const settings: Settings = {
    protocol: udp ? "udp" : "tcp",
    seconds: fields.number("time", 0, 0, LONGEST_SECONDS),
    omitSeconds: fields.number("omit", 0, 0, LONGEST_OMIT),
    bytes: fields.integer("num", 0, 0, Number.MAX_SAFE_INTEGER),
    blocks: fields.integer("blockcount", 0, 0, Number.MAX_SAFE_INTEGER),
    streams: fields.integer("parallel", 1, 1, MOST_STREAMS),
    blockLength: udp
      ? fields.integer("len", 1448, SHORTEST_DATAGRAM, LONGEST_DATAGRAM)
      : fields.integer("len", 131_072, 1, LONGEST_BLOCK),
    reverse: fields.flag("reverse"),
    bidirectional: fields.flag("bidirectional"),
    bitsPerSecond: fields.number("bandwidth", 0, 0, Number.MAX_SAFE_INTEGER),
    maximumSegment: fields.integer("MSS", 0, 0, 65_535),
    noDelay: fields.flag("nodelay"),
    windowBytes: fields.integer("window", 0, 0, 0x7fff_ffff),
    trafficClass: fields.integer("TOS", 0, 0, 255),
    congestion: fields.text("congestion"),
    longCounters,
    wantsServerOutput: fields.integer("get_server_output", 0, 0, 1) === 1,
  };
  return fields.fault ?? settings;
}

/** What a client sends. */
export function settingsToJson(settings: Settings): object {
  const { protocol, reverse, bidirectional, maximumSegment, noDelay, windowBytes } = settings;
  const { trafficClass, congestion, longCounters, wantsServerOutput } = settings;
  return {
    [protocol]: true,
    omit: settings.omitSeconds,
    time: settings.seconds,
    num: settings.bytes,
    blockcount: settings.blocks,
    ...(maximumSegment > 0 && { MSS: maximumSegment }),
    ...(noDelay && { nodelay: true }),
    parallel: settings.streams,
    ...(reverse && { reverse: true }),
    ...(bidirectional && { bidirectional: true }),
    ...(windowBytes > 0 && { window: windowBytes }),
    len: settings.blockLength,
    ...(settings.bitsPerSecond > 0 && { bandwidth: settings.bitsPerSecond }),
    ...(trafficClass > 0 && { TOS: trafficClass }),
    ...(congestion !== "" && { congestion }),
    ...(protocol === "udp" && longCounters && { udp_counters_64bit: 1 }),
    ...(wantsServerOutput && { get_server_output: 1 }),
    pacing_timer: 1000,
    client_version: "3.12",
  };
}

/** Reads fields of JSON that a stranger wrote. `fault`: the first one that made no sense. */
export class Fields {
  fault: string | undefined = undefined;
  private readonly json: Record<string, unknown>;

  constructor(json: Record<string, unknown>) {
    this.json = json;
  }

  number(name: string, standard: number, least: number, most: number): number {
    const value = Object.hasOwn(this.json, name) ? this.json[name] : undefined;
    if (value === undefined) return standard;
    if (typeof value === "number" && value >= least && value <= most) return value;
    this.fault ??= `${name} is a number from ${least} to ${most}, not ${JSON.stringify(value).slice(0, 40)}`;
    return standard;
  }

  /** The same without fractions, which options of sockets would not take. */
  integer(name: string, standard: number, least: number, most: number): number {
    const value = this.number(name, standard, least, most);
    if (Number.isInteger(value)) return value;
    this.fault ??= `${name} is a whole number, not ${value}`;
    return standard;
  }

  flag(name: string): boolean {
    return Object.hasOwn(this.json, name) && Boolean(this.json[name]);
  }

  text(name: string): string {
    const value = Object.hasOwn(this.json, name) ? this.json[name] : "";
    return typeof value === "string" ? value : "";
  }
}
