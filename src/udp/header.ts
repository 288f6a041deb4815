/**
 * The UDP header (RFC 768).
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |          Source Port          |       Destination Port        |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |            Length             |           Checksum            |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
import { CORRECT_SUM, finish, pseudoHeaderSum } from "../packet/checksum.ts";
import { FLAG_CHECKSUM_TRUSTED, type Packet } from "../packet/packet.ts";

export const PROTOCOL_UDP = 17;
export const UDP_HEADER_LENGTH = 8;
/** The most data that fits a datagram: 65535 bytes less the headers of IPv4 and UDP. */
export const MAX_UDP_DATA = 65_507;

const AT_DESTINATION_PORT = 2;
const AT_LENGTH = 4;
const AT_CHECKSUM = 6;

/** Why a received datagram cannot be believed: also the name of the counter. */
export type UdpFault = "tooShort" | "badLength" | "badChecksum";

/**
 * Checks the datagram that `packet` frames and cuts it to the length that its header says: what follows is no data. Returns what
 * is wrong, or undefined.
 */
export function checkUdp(packet: Packet): UdpFault | undefined {
  if (packet.length < UDP_HEADER_LENGTH) return "tooShort";
  const { offset } = packet;
  const { view } = packet.slab;
  const length = view.getUint16(offset + AT_LENGTH);
  if (length < UDP_HEADER_LENGTH || length > packet.length) return "badLength";
  packet.length = length;
  // 0: the sender made none. That is allowed (RFC 768), even where we insist on making ours (RFC 1122 §4.1.3.4).
  if (view.getUint16(offset + AT_CHECKSUM) === 0 || (packet.flags & FLAG_CHECKSUM_TRUSTED) !== 0) {
    return undefined;
  }
  const pseudo = pseudoHeaderSum(packet.source, packet.destination, PROTOCOL_UDP, length);
  return packet.slab.checksum(offset, length, pseudo) === CORRECT_SUM ? undefined : "badChecksum";
}

/**
 * Writes the header where `packet`, which frames header and data, begins. Addresses are for the checksum, which is left out (0)
 * where `trusted` says that nobody will look.
 */
export function writeUdpHeader(
  packet: Packet,
  source: number,
  sourcePort: number,
  destination: number,
  destinationPort: number,
  trusted: boolean,
): void {
  const { offset, length } = packet;
  const { view } = packet.slab;
  view.setInt32(offset, (sourcePort << 16) | destinationPort);
  view.setInt32(offset + AT_LENGTH, length << 16);
  if (trusted) return;
  const pseudo = pseudoHeaderSum(source, destination, PROTOCOL_UDP, length);
  const checksum = finish(packet.slab.checksum(offset, length, pseudo));
  view.setUint16(offset + AT_CHECKSUM, checksum === 0 ? 0xffff : checksum); // RFC 768: 0 would say that there is none
}

export function sourcePortAt(view: DataView, offset: number): number {
  return view.getUint16(offset);
}

export function destinationPortAt(view: DataView, offset: number): number {
  return view.getUint16(offset + AT_DESTINATION_PORT);
}
