/**
 * What a device with segmentation offload does to a packet that stands for several TCP segments (Virtual I/O Device 1.2 §5.1.6.2,
 * VIRTIO_NET_HDR_GSO_TCPV4; Linux's tcp_gso_segment), by code that shares nothing with the stack; and the reverse, as receivers join
 * segments. A packet that a device would refuse or spoil is an error.
 */
import { parseTcp, tcpChecksum } from "./tcp-wire.ts";
import { checksum, parseIpv4 } from "./wire.ts";

const FIN = 0x01;
const PSH = 0x08;
const CWR = 0x80;

/** The segments of `size` bytes of text each that the device makes of `datagram`, checksums made; itself completed if it is one. */
export function cut(datagram: Uint8Array, size: number): Uint8Array[] {
  const header = parseIpv4(datagram);
  if (header.protocol !== 6) return [datagram];
  const { data } = parseTcp(datagram);
  const isRun = size > 0 && data.length > size;
  if (isRun) refuseSpoiled(datagram);
  const pieces: Uint8Array[] = [];
  const step = isRun ? size : Math.max(1, data.length);
  for (let from = 0; from < data.length || pieces.length === 0; from += step) {
    pieces.push(piece(datagram, from, Math.min(step, data.length - from), pieces.length));
  }
  return pieces;
}

function refuseSpoiled(datagram: Uint8Array): void {
  const header = parseIpv4(datagram);
  const { flags, checksum: field } = parseTcp(datagram);
  if (header.totalLength !== datagram.length) throw new Error("the total length is not the packet's");
  if (/[USR]/.test(flags)) throw new Error(`no device cuts segments with the flags ${flags}`);
  if (!header.dontFragment) throw new Error("the pieces may be fragmented, and share their identification");
  if (field !== 0) throw new Error("a checksum was made that no piece can have");
}

/** `length` bytes of the text from `from` on, as the segment of this `number` from 0. */
function piece(datagram: Uint8Array, from: number, length: number, number: number): Uint8Array {
  const { options, source, destination, identification } = parseIpv4(datagram);
  const { dataOffset, data, seq } = parseTcp(datagram);
  const start = 20 + options.length;
  const text = start + 4 * dataOffset;
  const bytes = new Uint8Array(text + length);
  bytes.set(datagram.subarray(0, text));
  bytes.set(data.subarray(from, from + length), text);
  const view = new DataView(bytes.buffer);
  view.setUint16(2, bytes.length);
  view.setUint16(4, identification + number);
  view.setUint16(10, 0);
  view.setUint16(10, checksum(bytes.subarray(0, start)));
  view.setUint32(start + 4, seq + from);
  const isLast = from + length === data.length;
  const gone = (isLast ? 0 : FIN | PSH) | (number === 0 ? 0 : CWR);
  view.setUint8(start + 13, view.getUint8(start + 13) & ~gone);
  if (view.getUint16(start + 16) === 0)
    view.setUint16(start + 16, tcpChecksum(source, destination, bytes.subarray(start)));
  return bytes;
}

/**
 * Joins neighbours among `datagrams` as a receiving device or Linux's GRO does: of one connection, one behind the other, with equal
 * headers, all full but the last, and nothing behind a PSH or FIN. Each with the size of its segments, 0 for one that is alone.
 */
export function join(datagrams: readonly Uint8Array[]): [datagram: Uint8Array, size: number][] {
  const joined: [datagram: Uint8Array, size: number][] = [];
  for (const datagram of datagrams) {
    const last = joined.at(-1);
    const size = last === undefined ? -1 : sizeOfRun(last, datagram);
    if (last === undefined || size < 0) joined.push([datagram, 0]);
    else joined[joined.length - 1] = [append(last[0], datagram), size];
  }
  return joined;
}

/** The size of the segments of the run that `datagram` makes behind `[before, size]`; -1: it does not. */
function sizeOfRun([before, size]: [Uint8Array, number], datagram: Uint8Array): number {
  if (parseIpv4(before).protocol !== 6 || parseIpv4(datagram).protocol !== 6) return -1;
  const [a, b] = [parseTcp(before), parseTcp(datagram)];
  const full = size === 0 ? a.data.length : size;
  const fits = a.data.length % full === 0 && b.data.length > 0 && b.data.length <= full;
  const follows = (a.seq + a.data.length) >>> 0 === b.seq && a.flags === "A" && /^P?F?A$/.test(b.flags);
  const isSame =
    parseIpv4(before).source === parseIpv4(datagram).source &&
    a.sourcePort === b.sourcePort &&
    a.destinationPort === b.destinationPort &&
    a.ack === b.ack &&
    a.window === b.window &&
    String(a.optionBytes) === String(b.optionBytes);
  return full > 0 && fits && follows && isSame && before.length + b.data.length <= 65_535 ? full : -1;
}

function append(before: Uint8Array, datagram: Uint8Array): Uint8Array {
  const { data } = parseTcp(datagram);
  const bytes = new Uint8Array(before.length + data.length);
  bytes.set(before);
  bytes.set(data, before.length);
  const view = new DataView(bytes.buffer);
  const start = 4 * (view.getUint8(0) & 15);
  view.setUint16(2, bytes.length);
  view.setUint16(10, 0);
  view.setUint16(10, checksum(bytes.subarray(0, start)));
  view.setUint8(start + 13, datagram[4 * (datagram[0]! & 15) + 13]!);
  return bytes;
}
