/**
 * What offload leaves to a device, done here for links whose device does not do it: cutting a long TCP segment into those that fit
 * (Linux's tcp_gso_segment), and making the checksum that was left out.
 */
import { copyBytes } from "../base/copy.ts";
import { finish, pseudoHeaderSum } from "../packet/checksum.ts";
import type { Packet } from "../packet/packet.ts";
import { packetPool } from "../packet/pool.ts";
import { sendFragments } from "./fragment.ts";
import type { Interface } from "./interface.ts";
import {
  AT_DESTINATION,
  AT_FRAGMENT,
  AT_IDENTIFICATION,
  AT_PROTOCOL,
  AT_SOURCE,
  AT_TOTAL_LENGTH,
  FRAGMENT_OFFSET_MASK,
  IPV4_HEADER_LENGTH,
  MORE_FRAGMENTS,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  rewriteHeaderChecksum,
} from "./ipv4-header.ts";

/** Where fields of TCP's header are (RFC 9293 §3.1), and UDP's (RFC 768). */
const AT_SEQUENCE = 4;
const AT_DATA_OFFSET = 12;
const AT_FLAGS = 13;
const AT_TCP_CHECKSUM = 16;
const AT_URGENT_POINTER = 18;
const TCP_HEADER_LENGTH = 20;
const AT_UDP_CHECKSUM = 6;
const UDP_HEADER_LENGTH = 8;

const FIN = 0x01;
const PSH = 0x08;
const URG = 0x20;
const CWR = 0x80;

/**
 * Bytes of IPv4's and TCP's headers in `packet`, which frames a whole datagram; 0 where that is no datagram of TCP, or only a fragment
 * of one.
 */
function headersOf(packet: Packet): number {
  const { offset, length } = packet;
  const { view } = packet.slab;
  const ipLength = (view.getUint8(offset) & 15) << 2;
  if (view.getUint8(offset + AT_PROTOCOL) !== PROTOCOL_TCP || isFragment(packet)) return 0;
  if (ipLength < IPV4_HEADER_LENGTH || length < ipLength + TCP_HEADER_LENGTH) return 0;
  const tcpLength = (view.getUint8(offset + ipLength + AT_DATA_OFFSET) >>> 4) << 2;
  return tcpLength < TCP_HEADER_LENGTH || length < ipLength + tcpLength ? 0 : ipLength + tcpLength;
}

function isFragment(packet: Packet): boolean {
  const word = packet.slab.view.getUint16(packet.offset + AT_FRAGMENT);
  return (word & (MORE_FRAGMENTS | FRAGMENT_OFFSET_MASK)) !== 0;
}

/**
 * Bytes of the longest datagram that `packet` is when it goes over a wire: its own length, or that of the segments it is to be cut
 * into. 0: it cannot be cut, as it is no whole datagram of TCP.
 */
export function wireLength(packet: Packet): number {
  if (packet.segmentSize === 0) return packet.length;
  const headers = headersOf(packet);
  return headers === 0 ? 0 : Math.min(packet.length, headers + packet.segmentSize);
}

/**
 * Sends `packet`, which frames a whole datagram of TCP, in segments of `packet.segmentSize` bytes of data by `by` to `nextHop`. Takes
 * ownership. Their checksums are made unless the link does that. What is longer than the link's MTU goes in fragments. Returns the
 * number of segments; 0 where it cannot be cut, and nothing is sent.
 */
export function sendSegments(packet: Packet, by: Interface, nextHop: number): number {
  const headers = headersOf(packet);
  let pieces = 0;
  if (headers > 0) {
    const size = packet.segmentSize;
    const dataLength = packet.length - headers;
    const { checksum } = by.link.features;
    // once for a segment without data, too
    for (let done = 0; done < dataLength || pieces === 0; done += size) {
      const piece = cut(packet, headers, done, Math.min(size, dataLength - done));
      fitHeaders(piece, pieces, done, done + size >= dataLength);
      if (!checksum) completeChecksum(piece);
      if (piece.length > by.mtu) sendFragments(piece, by.mtu, by, nextHop);
      else by.output(piece, nextHop);
      pieces++;
    }
  }
  packet.release();
  return pieces;
}

/** The first `headers` bytes of `packet`, and the `length` of its data from `from` on. */
function cut(packet: Packet, headers: number, from: number, length: number): Packet {
  const piece = packetPool.allocate(headers + length);
  const { bytes } = packet.slab;
  copyBytes(bytes, packet.offset, piece.slab.bytes, piece.offset, headers);
  copyBytes(bytes, packet.offset + headers + from, piece.slab.bytes, piece.offset + headers, length);
  piece.length = headers + length;
  return piece;
}

/** Makes the copied headers of `piece` say what it is: the one of this `number`, from 0, with the data from `done` on. */
function fitHeaders(piece: Packet, number: number, done: number, isLast: boolean): void {
  const { offset } = piece;
  const { view } = piece.slab;
  const ipLength = (view.getUint8(offset) & 15) << 2;
  const tcp = offset + ipLength;
  view.setUint16(offset + AT_TOTAL_LENGTH, piece.length);
  // as Linux: one after the other (RFC 6864 §4.1 does not care where DF is set)
  view.setUint16(offset + AT_IDENTIFICATION, view.getUint16(offset + AT_IDENTIFICATION) + number);
  rewriteHeaderChecksum(view, offset, ipLength);
  view.setInt32(tcp + AT_SEQUENCE, view.getInt32(tcp + AT_SEQUENCE) + done);
  let flags = view.getUint8(tcp + AT_FLAGS);
  if (!isLast) flags &= ~(FIN | PSH); // they say something of the last byte …
  if (number > 0) flags &= ~CWR; // … and this of the first (RFC 3168 §6.1.2)
  if ((flags & URG) !== 0) {
    const left = view.getUint16(tcp + AT_URGENT_POINTER) - done; // it counts from the sequence number
    if (left <= 0) flags &= ~URG;
    view.setUint16(tcp + AT_URGENT_POINTER, Math.max(left, 0));
  }
  view.setUint8(tcp + AT_FLAGS, flags);
  view.setUint16(tcp + AT_TCP_CHECKSUM, 0);
}

/** Where the checksum of TCP or UDP is in the datagram that `packet` frames, absolute; -1 where there is none, as in a fragment. */
function checksumAt(packet: Packet): number {
  const { offset, length } = packet;
  const { view } = packet.slab;
  const start = (view.getUint8(offset) & 15) << 2;
  if (isFragment(packet)) return -1;
  const protocol = view.getUint8(offset + AT_PROTOCOL);
  if (protocol === PROTOCOL_TCP && length >= start + TCP_HEADER_LENGTH)
    return offset + start + AT_TCP_CHECKSUM;
  return protocol === PROTOCOL_UDP && length >= start + UDP_HEADER_LENGTH
    ? offset + start + AT_UDP_CHECKSUM
    : -1;
}

/**
 * Makes the checksum of TCP or UDP in the whole datagram that `packet` frames, whatever stands in its place: nothing, or the sum of
 * the pseudo-header, with which a device begins.
 */
export function completeChecksum(packet: Packet): void {
  const at = checksumAt(packet);
  if (at < 0) return;
  const { offset, length } = packet;
  const { slab } = packet;
  const { view } = slab;
  const start = (view.getUint8(offset) & 15) << 2;
  const protocol = view.getUint8(offset + AT_PROTOCOL);
  const source = view.getInt32(offset + AT_SOURCE);
  const destination = view.getInt32(offset + AT_DESTINATION);
  view.setUint16(at, 0);
  const sum = pseudoHeaderSum(source, destination, protocol, length - start);
  const checksum = finish(slab.checksum(offset + start, length - start, sum));
  view.setUint16(at, protocol === PROTOCOL_UDP && checksum === 0 ? 0xffff : checksum); // RFC 768: 0 says that there is none
}

/** Leaves the checksum of TCP or UDP in `packet` to a device: 0 in its place, as what is made here has it (see `LinkFeatures`). */
export function leaveOutChecksum(packet: Packet): void {
  const at = checksumAt(packet);
  if (at >= 0) packet.slab.view.setUint16(at, 0);
}
