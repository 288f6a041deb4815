/**
 * UDP in IPv4 by hand (RFC 768, RFC 791), for a packet socket: who has no address yet cannot leave it to the host. Broadcasts only
 * go out; what comes in may be for anybody, since a server may send to the address that it is about to give.
 */

export const SERVER_PORT = 67;
export const CLIENT_PORT = 68;

const IPV4_HEADER_LENGTH = 20;
const UDP_HEADER_LENGTH = 8;
const PROTOCOL_UDP = 17;
const TIME_TO_LIVE = 64;
/** More Fragments and the fragment's offset. */
const FRAGMENT = 0x3fff;

/** A datagram from 0.0.0.0, port 68, to everybody's port 67. */
export function wrapDatagram(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(IPV4_HEADER_LENGTH + UDP_HEADER_LENGTH + payload.length);
  const view = new DataView(bytes.buffer);
  const udpLength = UDP_HEADER_LENGTH + payload.length;
  view.setUint8(0, 0x45);
  view.setUint16(2, bytes.length);
  view.setUint8(8, TIME_TO_LIVE);
  view.setUint8(9, PROTOCOL_UDP);
  view.setInt32(16, -1);
  view.setUint16(10, ~fold(sumOf(bytes, 0, IPV4_HEADER_LENGTH)));
  view.setUint16(20, CLIENT_PORT);
  view.setUint16(22, SERVER_PORT);
  view.setUint16(24, udpLength);
  bytes.set(payload, IPV4_HEADER_LENGTH + UDP_HEADER_LENGTH);
  const sum = pseudoHeaderSum(bytes, udpLength) + sumOf(bytes, IPV4_HEADER_LENGTH, bytes.length);
  view.setUint16(26, ~fold(sum) & 0xffff || 0xffff);
  return bytes;
}

/** The payload of a datagram that is whole and from port 67 to port 68; undefined for any other. */
export function unwrapDatagram(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < IPV4_HEADER_LENGTH || bytes[0]! >>> 4 !== 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const at = (bytes[0]! & 15) << 2;
  const end = view.getUint16(2);
  if (at < IPV4_HEADER_LENGTH || end > bytes.length || end < at + UDP_HEADER_LENGTH) return undefined;
  if (view.getUint8(9) !== PROTOCOL_UDP || (view.getUint16(6) & FRAGMENT) !== 0) return undefined;
  if (fold(sumOf(bytes, 0, at)) !== 0xffff) return undefined;
  const length = view.getUint16(at + 4);
  if (view.getUint16(at) !== SERVER_PORT || view.getUint16(at + 2) !== CLIENT_PORT) return undefined;
  if (length < UDP_HEADER_LENGTH || at + length > end) return undefined;
  return isIntact(bytes, view, at, length) ? bytes.subarray(at + UDP_HEADER_LENGTH, at + length) : undefined;
}

/**
 * Whether the checksum is right, or there is none. What a kernel hands over that has left the checksum to the device, as to a TAP
 * device with the virtio-net header, has the sum of the pseudo-header in its place: good too, as it has crossed no wire.
 */
function isIntact(bytes: Uint8Array, view: DataView, at: number, length: number): boolean {
  const given = view.getUint16(at + 6);
  if (given === 0) return true;
  const pseudo = pseudoHeaderSum(bytes, length);
  return given === fold(pseudo) || fold(pseudo + sumOf(bytes, at, at + length)) === 0xffff;
}

/** Of the datagram whose addresses stand at 12. */
function pseudoHeaderSum(bytes: Uint8Array, udpLength: number): number {
  return sumOf(bytes, 12, IPV4_HEADER_LENGTH) + PROTOCOL_UDP + udpLength;
}

/** The sum of the 16-bit words from `from` to `end`, an odd last byte padded. */
function sumOf(bytes: Uint8Array, from: number, end: number): number {
  let sum = 0;
  for (let at = from; at < end; at += 2) sum += (bytes[at]! << 8) | (at + 1 < end ? bytes[at + 1]! : 0);
  return sum;
}

function fold(sum: number): number {
  const once = (sum >>> 16) + (sum & 0xffff);
  return (once + (once >>> 16)) & 0xffff;
}
