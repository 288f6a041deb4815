/**
 * The IPv4 header (RFC 791 §3.1).
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |Version|  IHL  |   DSCP    |ECN|          Total Length         |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |         Identification        |0|D|M|      Fragment Offset    |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |  Time to Live |    Protocol   |         Header Checksum       |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                         Source Address                        |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                      Destination Address                      |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                    Options                    |    Padding    |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
import type { Packet } from "../packet/packet.ts";

/** Bytes of a header without options. */
export const IPV4_HEADER_LENGTH = 20;
/** The longest datagram: Total Length has 16 bits. */
export const MAX_DATAGRAM_LENGTH = 65_535;
export { MIN_MTU } from "../base/mtu.ts";

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;

/** Bits of the 16-bit word that holds the flags and the fragment offset. */
export const DONT_FRAGMENT = 0x4000;
export const MORE_FRAGMENTS = 0x2000;
export const FRAGMENT_OFFSET_MASK = 0x1fff;

/** Offsets into the header. */
export const AT_TRAFFIC_CLASS = 1;
export const AT_TOTAL_LENGTH = 2;
export const AT_IDENTIFICATION = 4;
export const AT_FRAGMENT = 6;
export const AT_TIME_TO_LIVE = 8;
export const AT_PROTOCOL = 9;
export const AT_CHECKSUM = 10;
export const AT_SOURCE = 12;
export const AT_DESTINATION = 16;

/** What {@link parseIpv4Header} found; one such object serves a host, so copy what you keep. */
export class Ipv4Header {
  headerLength = 0;
  totalLength = 0;
  trafficClass = 0;
  identification = 0;
  /** Flags and fragment offset as they stand in the header. */
  fragment = 0;
  timeToLive = 0;
  protocol = 0;
  source = 0;
  destination = 0;
}

/** Why a header cannot be believed: also the name of the counter. */
export type HeaderFault = "tooShort" | "badVersion" | "badHeaderLength" | "badTotalLength" | "badChecksum";

/** Adds the two halves of `word`: a 32-bit word's share of the Internet checksum. */
function halves(word: number): number {
  return (word >>> 16) + (word & 0xffff);
}

/** Folds a sum below 2^32 to 16 bits. */
function fold(sum: number): number {
  const once = (sum >>> 16) + (sum & 0xffff);
  return (once + (once >>> 16)) & 0xffff;
}

/**
 * Reads the header that `packet` frames into `header`, checking lengths before anything that depends on them. Returns what is
 * wrong, or undefined. `packet` may be longer than the datagram: a link may have padded it.
 */
export function parseIpv4Header(packet: Packet, header: Ipv4Header): HeaderFault | undefined {
  if (packet.length < IPV4_HEADER_LENGTH) return "tooShort";
  const { offset } = packet;
  const { view } = packet.slab;
  const word0 = view.getInt32(offset);
  if (word0 >>> 28 !== 4) return "badVersion"; // RFC 1122 §3.2.1.1, MUST
  const headerLength = ((word0 >>> 24) & 15) << 2;
  if (headerLength < IPV4_HEADER_LENGTH || headerLength > packet.length) return "badHeaderLength";
  const totalLength = word0 & 0xffff;
  if (totalLength < headerLength || totalLength > packet.length) return "badTotalLength";

  const word1 = view.getInt32(offset + 4);
  const word2 = view.getInt32(offset + 8);
  const source = view.getInt32(offset + 12);
  const destination = view.getInt32(offset + 16);
  let sum = halves(word0) + halves(word1) + halves(word2) + halves(source) + halves(destination);
  for (let at = IPV4_HEADER_LENGTH; at < headerLength; at += 4) sum += halves(view.getInt32(offset + at));
  if (fold(sum) !== 0xffff) return "badChecksum"; // RFC 1122 §3.2.1.2, MUST

  header.headerLength = headerLength;
  header.totalLength = totalLength;
  header.trafficClass = (word0 >>> 16) & 0xff;
  header.identification = word1 >>> 16;
  header.fragment = word1 & 0xffff;
  header.timeToLive = word2 >>> 24;
  header.protocol = (word2 >>> 16) & 0xff;
  header.source = source;
  header.destination = destination;
  return undefined;
}

/**
 * Writes a header without options at `at`. `totalLength` counts the header; `fragment` is the word of flags and fragment
 * offset, whose reserved bit stays zero (RFC 791 §3.1).
 */
export function writeIpv4Header(
  view: DataView,
  at: number,
  totalLength: number,
  trafficClass: number,
  identification: number,
  fragment: number,
  timeToLive: number,
  protocol: number,
  source: number,
  destination: number,
): void {
  const word0 = 0x4500_0000 | (trafficClass << 16) | totalLength;
  const word1 = (identification << 16) | fragment;
  const word2 = (timeToLive << 24) | (protocol << 16);
  const sum = halves(word0) + halves(word1) + halves(word2) + halves(source) + halves(destination);
  view.setInt32(at, word0);
  view.setInt32(at + 4, word1);
  view.setInt32(at + 8, word2 | (~fold(sum) & 0xffff));
  view.setInt32(at + 12, source);
  view.setInt32(at + 16, destination);
}

/** Makes the checksum of the header at `at` anew: after options or the fragment word were changed. */
export function rewriteHeaderChecksum(view: DataView, at: number, headerLength: number): void {
  view.setUint16(at + AT_CHECKSUM, 0);
  let sum = 0;
  for (let word = 0; word < headerLength; word += 4) sum += halves(view.getInt32(at + word));
  view.setUint16(at + AT_CHECKSUM, ~fold(sum) & 0xffff);
}
