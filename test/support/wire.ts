/**
 * Datagrams as bytes, made and read by code that shares nothing with the stack: the second opinion of the tests.
 */

export interface Ipv4Fields {
  version: number;
  headerLength: number;
  trafficClass: number;
  totalLength: number;
  identification: number;
  reserved: boolean;
  dontFragment: boolean;
  moreFragments: boolean;
  /** In bytes. */
  fragmentOffset: number;
  timeToLive: number;
  protocol: number;
  checksum: number;
  source: string;
  destination: string;
  options: Uint8Array;
  payload: Uint8Array;
}

export interface UdpFields {
  sourcePort: number;
  destinationPort: number;
  length: number;
  checksum: number;
  payload: Uint8Array;
}

export interface IcmpFields {
  type: number;
  code: number;
  checksum: number;
  /** The second word. */
  rest: number;
  payload: Uint8Array;
}

/** Bytes from hexadecimal digits; spaces and line ends are ignored. */
export function hex(text: string): Uint8Array {
  const digits = text.replace(/\s/g, "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  );
}

export function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** `length` bytes that differ from their neighbours, at every distance up to 250. */
export function pattern(length: number, start = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (start + index) % 251);
}

export function text(string: string): Uint8Array {
  return new TextEncoder().encode(string);
}

/** "10.0.0.1" as an int32. */
export function ip(address: string): number {
  const parts = address.split(".").map(Number);
  return parts.reduce((sum, part) => sum * 256 + part, 0) | 0;
}

/** The Internet checksum, straight from RFC 1071's definition. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += 256 * (bytes[at] ?? 0) + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum % 65_536) + Math.floor(sum / 65_536);
  return 0xffff - sum;
}

function word(value: number): number[] {
  return [(value >>> 8) & 255, value & 255];
}

function quad(address: string): number[] {
  return address.split(".").map(Number);
}

/** A datagram. Fields left out are right for the rest; `checksum` and the lengths may be given wrong on purpose. */
export function ipv4(fields: Partial<Ipv4Fields>): Uint8Array {
  const options = fields.options ?? new Uint8Array(0);
  const payload = fields.payload ?? new Uint8Array(0);
  const headerLength = fields.headerLength ?? 20 + options.length;
  const totalLength = fields.totalLength ?? 20 + options.length + payload.length;
  const flags =
    (fields.reserved ? 0x8000 : 0) |
    (fields.dontFragment ? 0x4000 : 0) |
    (fields.moreFragments ? 0x2000 : 0) |
    ((fields.fragmentOffset ?? 0) >>> 3);
  const header = [
    ((fields.version ?? 4) << 4) | (headerLength >>> 2),
    fields.trafficClass ?? 0,
    ...word(totalLength),
    ...word(fields.identification ?? 0),
    ...word(flags),
    fields.timeToLive ?? 64,
    fields.protocol ?? 17,
    0,
    0,
    ...quad(fields.source ?? "10.0.0.2"),
    ...quad(fields.destination ?? "10.0.0.1"),
    ...options,
  ];
  const sum = word(fields.checksum ?? checksum(Uint8Array.from(header)));
  header[10] = sum[0] as number;
  header[11] = sum[1] as number;
  return concat(Uint8Array.from(header), payload);
}

export function parseIpv4(bytes: Uint8Array): Ipv4Fields {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headerLength = (view.getUint8(0) & 15) * 4;
  const flags = view.getUint16(6);
  return {
    version: view.getUint8(0) >>> 4,
    headerLength,
    trafficClass: view.getUint8(1),
    totalLength: view.getUint16(2),
    identification: view.getUint16(4),
    reserved: (flags & 0x8000) !== 0,
    dontFragment: (flags & 0x4000) !== 0,
    moreFragments: (flags & 0x2000) !== 0,
    fragmentOffset: (flags & 0x1fff) * 8,
    timeToLive: view.getUint8(8),
    protocol: view.getUint8(9),
    checksum: view.getUint16(10),
    source: bytes.slice(12, 16).join("."),
    destination: bytes.slice(16, 20).join("."),
    options: bytes.slice(20, headerLength),
    payload: bytes.slice(headerLength),
  };
}

function pseudoHeader(source: string, destination: string, protocol: number, length: number): number[] {
  return [...quad(source), ...quad(destination), 0, protocol, ...word(length)];
}

/** What the checksum field of a UDP datagram must be. */
export function udpChecksum(source: string, destination: string, datagram: Uint8Array): number {
  const zeroed = Uint8Array.from(datagram);
  zeroed[6] = 0;
  zeroed[7] = 0;
  const pseudo = Uint8Array.from(pseudoHeader(source, destination, 17, datagram.length));
  return checksum(concat(pseudo, zeroed)) || 0xffff;
}

/** A UDP datagram in an IPv4 datagram; `ip` are fields of the latter. */
export function udp(fields: Partial<UdpFields>, ip: Partial<Ipv4Fields> = {}): Uint8Array {
  const payload = fields.payload ?? new Uint8Array(0);
  const datagram = concat(
    Uint8Array.from([
      ...word(fields.sourcePort ?? 2000),
      ...word(fields.destinationPort ?? 1000),
      ...word(fields.length ?? 8 + payload.length),
      0,
      0,
    ]),
    payload,
  );
  const source = ip.source ?? "10.0.0.2";
  const destination = ip.destination ?? "10.0.0.1";
  datagram.set(word(fields.checksum ?? udpChecksum(source, destination, datagram)), 6);
  return ipv4({ ...ip, protocol: 17, payload: datagram });
}

export function parseUdp(payload: Uint8Array): UdpFields {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    length: view.getUint16(4),
    checksum: view.getUint16(6),
    payload: payload.slice(8),
  };
}

/** An ICMP message in an IPv4 datagram; `ip` are fields of the latter. */
export function icmp(fields: Partial<IcmpFields>, ip: Partial<Ipv4Fields> = {}): Uint8Array {
  const rest = fields.rest ?? 0;
  const message = concat(
    Uint8Array.from([fields.type ?? 8, fields.code ?? 0, 0, 0, ...word(rest >>> 16), ...word(rest & 0xffff)]),
    fields.payload ?? new Uint8Array(0),
  );
  message.set(word(fields.checksum ?? checksum(message)), 2);
  return ipv4({ ...ip, protocol: 1, payload: message });
}

export function parseIcmp(payload: Uint8Array): IcmpFields {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return {
    type: view.getUint8(0),
    code: view.getUint8(1),
    checksum: view.getUint16(2),
    rest: view.getUint32(4),
    payload: payload.slice(8),
  };
}

/** `datagram` in fragments whose data is at most `size` bytes, a multiple of eight. */
export function fragments(datagram: Uint8Array, size: number): Uint8Array[] {
  const whole = parseIpv4(datagram);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < whole.payload.length; at += size) {
    const { totalLength: _, checksum: __, ...fields } = whole;
    pieces.push(
      ipv4({
        ...fields,
        fragmentOffset: at,
        moreFragments: at + size < whole.payload.length,
        payload: whole.payload.slice(at, at + size),
      }),
    );
  }
  return pieces;
}
