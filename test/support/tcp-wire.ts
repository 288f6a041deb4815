/**
 * TCP segments as bytes, made and read by code that shares nothing with the stack: the second opinion of the tests.
 */
import { checksum, concat, type Ipv4Fields, ipv4, parseIpv4 } from "./wire.ts";

/** The control bits by letter, in the order in which they are printed: C is CWR, E is ECE. */
const FLAG_LETTERS: readonly [letter: string, bit: number][] = [
  ["S", 0x02],
  ["F", 0x01],
  ["R", 0x04],
  ["P", 0x08],
  ["U", 0x20],
  ["E", 0x40],
  ["C", 0x80],
  ["A", 0x10],
];

export interface TcpFields {
  sourcePort: number;
  destinationPort: number;
  /** Modulo 2^32; may be given negative. */
  seq: number;
  ack: number;
  /** Of the header, in words of four bytes. */
  dataOffset: number;
  /** Letters of S F R P U E C A, in any order. */
  flags: string;
  /** As it stands in the header, not scaled. */
  window: number;
  checksum: number;
  urgentPointer: number;
  /** See {@link mss} and the others; padded with zeros to a multiple of four bytes. */
  options: Uint8Array[];
  data: Uint8Array;
}

/** What a segment's options say. Those that are absent are undefined. */
export interface TcpOptions {
  mss?: number;
  windowScale?: number;
  sackPermitted?: true;
  /** Edges in pairs, unsigned. */
  sack?: [left: number, right: number][];
  timestamps?: { value: number; echo: number };
  /** The kinds in their order, no-operation (1) and end of list (0) too. */
  kinds: number[];
  /** The bytes behind an end of list. */
  padding: Uint8Array;
}

export interface TcpSegment extends Omit<TcpFields, "options"> {
  options: TcpOptions;
  /** The option bytes, padding too. */
  optionBytes: Uint8Array;
  /** Whether the checksum is right. */
  intact: boolean;
}

function word(value: number): number[] {
  return [(value >>> 8) & 255, value & 255];
}

function long(value: number): number[] {
  return [...word(value >>> 16), ...word(value & 0xffff)];
}

/** An option of any kind: `option(kind, ...bytes)` with the length that fits, unless `length` is set in the bytes by hand. */
export function option(kind: number, ...bytes: number[]): Uint8Array {
  return Uint8Array.from([kind, bytes.length + 2, ...bytes]);
}
export const END_OF_LIST = Uint8Array.of(0);
export const NO_OPERATION = Uint8Array.of(1);
export const SACK_PERMITTED = option(4);
export function mss(size: number): Uint8Array {
  return option(2, ...word(size));
}
export function windowScale(shift: number): Uint8Array {
  return option(3, shift);
}
export function sack(...blocks: [left: number, right: number][]): Uint8Array {
  return option(5, ...blocks.flat().flatMap(long));
}
export function timestamps(value: number, echo = 0): Uint8Array {
  return option(8, ...long(value), ...long(echo));
}

export function flagBits(flags: string): number {
  let bits = 0;
  for (const letter of flags) {
    const found = FLAG_LETTERS.find(([known]) => known === letter);
    if (found === undefined) throw new RangeError(`no control bit ${letter} in ${flags}`);
    bits |= found[1];
  }
  return bits;
}

/** The letters in their order: "AS" and "SA" are the same. */
export function flagLetters(bits: number): string {
  return FLAG_LETTERS.filter(([, bit]) => (bits & bit) !== 0)
    .map(([letter]) => letter)
    .join("");
}

/** What the checksum field of a TCP segment must be. */
export function tcpChecksum(source: string, destination: string, segment: Uint8Array): number {
  const zeroed = Uint8Array.from(segment);
  zeroed[16] = 0;
  zeroed[17] = 0;
  const addresses = [...source.split("."), ...destination.split(".")].map(Number);
  return checksum(concat(Uint8Array.from([...addresses, 0, 6, ...word(segment.length)]), zeroed));
}

/** A segment without IPv4 header. Fields left out are right for the rest; any may be given wrong on purpose. */
export function tcpBytes(fields: Partial<TcpFields>, source: string, destination: string): Uint8Array {
  const options = concat(...(fields.options ?? []));
  const padding = new Uint8Array(-options.length & 3);
  const data = fields.data ?? new Uint8Array(0);
  const dataOffset = fields.dataOffset ?? 5 + (options.length + padding.length) / 4;
  const header = Uint8Array.from([
    ...word(fields.sourcePort ?? 0),
    ...word(fields.destinationPort ?? 0),
    ...long(fields.seq ?? 0),
    ...long(fields.ack ?? 0),
    dataOffset << 4,
    flagBits(fields.flags ?? ""),
    ...word(fields.window ?? 65_535),
    0,
    0,
    ...word(fields.urgentPointer ?? 0),
  ]);
  const segment = concat(header, options, padding, data);
  segment.set(word(fields.checksum ?? tcpChecksum(source, destination, segment)), 16);
  return segment;
}

/** A segment in an IPv4 datagram; `ip` are fields of the latter. */
export function tcp(fields: Partial<TcpFields>, ip: Partial<Ipv4Fields> = {}): Uint8Array {
  const { source = "10.0.0.2", destination = "10.0.0.1" } = ip;
  return ipv4({ protocol: 6, payload: tcpBytes(fields, source, destination), ...ip });
}

/** Reads the TCP segment in a datagram that the stack has sent; throws when its header does not fit. */
export function parseTcp(datagram: Uint8Array): TcpSegment {
  const ip = parseIpv4(datagram);
  const bytes = ip.payload;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const dataOffset = view.getUint8(12) >>> 4;
  if (dataOffset < 5 || dataOffset * 4 > bytes.length) throw new RangeError(`data offset ${dataOffset}`);
  const optionBytes = bytes.slice(20, dataOffset * 4);
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    seq: view.getUint32(4),
    ack: view.getUint32(8),
    dataOffset,
    flags: flagLetters(view.getUint8(13)),
    window: view.getUint16(14),
    checksum: view.getUint16(16),
    urgentPointer: view.getUint16(18),
    options: parseTcpOptions(optionBytes),
    optionBytes,
    data: bytes.slice(dataOffset * 4),
    intact: tcpChecksum(ip.source, ip.destination, bytes) === view.getUint16(16),
  };
}

/** Strict: what the stack sends has no illegal length. */
export function parseTcpOptions(bytes: Uint8Array): TcpOptions {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: TcpOptions = { kinds: [], padding: new Uint8Array(0) };
  let at = 0;
  while (at < bytes.length) {
    const kind = view.getUint8(at);
    found.kinds.push(kind);
    if (kind === 0) {
      found.padding = bytes.slice(at + 1);
      break;
    }
    if (kind === 1) {
      at++;
      continue;
    }
    const length = view.getUint8(at + 1);
    if (length < 2 || at + length > bytes.length) throw new RangeError(`option ${kind} of length ${length}`);
    if (kind === 2) found.mss = view.getUint16(at + 2);
    else if (kind === 3) found.windowScale = view.getUint8(at + 2);
    else if (kind === 4) found.sackPermitted = true;
    else if (kind === 5) {
      found.sack = [];
      for (let edge = at + 2; edge < at + length; edge += 8) {
        found.sack.push([view.getUint32(edge), view.getUint32(edge + 4)]);
      }
    } else if (kind === 8) {
      found.timestamps = { value: view.getUint32(at + 2), echo: view.getUint32(at + 6) };
    }
    at += length;
  }
  return found;
}
