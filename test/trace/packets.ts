/** Builds datagrams by hand, independently of the stack's codecs. */
export interface TcpSpec {
  from?: string;
  to?: string;
  flags: string;
  seq?: number;
  ack?: number;
  window?: number;
  options?: number[];
  data?: number;
  urgent?: number;
}

const FLAG_BITS: Record<string, number> = { F: 1, S: 2, R: 4, P: 8, ".": 16, U: 32, E: 64, W: 128 };

/** A segment; `from` and `to` are "address:port", `data` a count of bytes. */
export function tcp(spec: TcpSpec): Uint8Array {
  const { from = "10.0.0.1:49152", to = "10.0.0.2:80", options = [], data = 0 } = spec;
  const [source, sourcePort] = from.split(":");
  const [destination, destinationPort] = to.split(":");
  const headerLength = 20 + options.length;
  const body = new Uint8Array(headerLength + data).fill(0x61, headerLength);
  const view = new DataView(body.buffer);
  view.setUint16(0, Number(sourcePort));
  view.setUint16(2, Number(destinationPort));
  view.setUint32(4, spec.seq ?? 0);
  view.setUint32(8, spec.ack ?? 0);
  view.setUint8(12, (headerLength / 4) << 4);
  view.setUint8(
    13,
    [...spec.flags].reduce((bits, letter) => bits | (FLAG_BITS[letter] ?? 0), 0),
  );
  view.setUint16(14, spec.window ?? 1000);
  view.setUint16(18, spec.urgent ?? 0);
  body.set(options, 20);
  const sum = sum16(words(source!)) + sum16(words(destination!)) + 6 + body.length + sum16(body);
  view.setUint16(16, ~foldSum(sum));
  return datagram(6, source!, destination!, body);
}

export function udp(from: string, to: string, data: Uint8Array): Uint8Array {
  const [source, sourcePort] = from.split(":");
  const [destination, destinationPort] = to.split(":");
  const body = new Uint8Array(8 + data.length);
  const view = new DataView(body.buffer);
  view.setUint16(0, Number(sourcePort));
  view.setUint16(2, Number(destinationPort));
  view.setUint16(4, body.length);
  body.set(data, 8);
  const sum = sum16(words(source!)) + sum16(words(destination!)) + 17 + body.length + sum16(body);
  view.setUint16(6, ~foldSum(sum));
  return datagram(17, source!, destination!, body);
}

export function icmp(
  source: string,
  destination: string,
  type: number,
  code: number,
  rest: number,
  data: Uint8Array,
): Uint8Array {
  const body = new Uint8Array(8 + data.length);
  const view = new DataView(body.buffer);
  view.setUint8(0, type);
  view.setUint8(1, code);
  view.setUint32(4, rest);
  body.set(data, 8);
  view.setUint16(2, ~foldSum(sum16(body)));
  return datagram(1, source, destination, body);
}

/** `fragment`: the word of flags and fragment offset. */
export function datagram(
  protocol: number,
  source: string,
  destination: string,
  body: Uint8Array,
  fragment = 0x4000,
): Uint8Array {
  const bytes = new Uint8Array(20 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, bytes.length);
  view.setUint16(6, fragment);
  view.setUint8(8, 64);
  view.setUint8(9, protocol);
  bytes.set(words(source), 12);
  bytes.set(words(destination), 16);
  view.setUint16(10, ~foldSum(sum16(bytes.subarray(0, 20))));
  bytes.set(body, 20);
  return bytes;
}

function words(address: string): Uint8Array {
  return Uint8Array.from(address.split("."), Number);
}

function sum16(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at++) sum += at % 2 === 0 ? bytes[at]! << 8 : bytes[at]!;
  return sum;
}

function foldSum(sum: number): number {
  let rest = sum;
  while (rest > 0xffff) rest = (rest & 0xffff) + Math.floor(rest / 0x10000);
  return rest;
}

export const MSS = (value: number): number[] => [2, 4, value >> 8, value & 255];
export const SACK_OK: number[] = [4, 2];
export const NOP: number[] = [1];
export const WSCALE = (shift: number): number[] => [3, 3, shift];
export const TIMESTAMPS = (value: number, echo: number): number[] => [8, 10, ...int32(value), ...int32(echo)];
export const SACK = (...edges: number[]): number[] => [5, 2 + 4 * edges.length, ...edges.flatMap(int32)];

function int32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}
