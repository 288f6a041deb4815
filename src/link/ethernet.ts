/**
 * Ethernet frames as RFC 894 puts IPv4 into them: two addresses, a type, the datagram. The check sequence behind them is the
 * device's affair and never seen here.
 *
 *    0           6           12    14
 *   +-----------+-----------+-----+----------------------+---------+
 *   |destination|  source   | type|  46 to 1500 bytes … | padding |
 *   +-----------+-----------+-----+----------------------+---------+
 */
import type { Packet } from "../packet/packet.ts";
import { readHardwareAddress, writeHardwareAddress } from "./hardware-address.ts";

export const ETHERNET_HEADER_LENGTH = 14;
/** The shortest frame without its check sequence, bytes (RFC 894: a data field of at least 46). */
export const SHORTEST_FRAME = 60;

export const ETHER_TYPE_IPV4 = 0x0800;
export const ETHER_TYPE_ARP = 0x0806;
/** Below this the type field is the length of an IEEE 802.3 frame (RFC 1122 §2.3.3). */
const FIRST_ETHER_TYPE = 0x0600;

const AT_SOURCE = 6;
const AT_TYPE = 12;

/** Why a frame has no header that says what it carries. */
export type FrameFault = "tooShort" | "lengthFrame";

/** The header of a frame. One object is filled again and again. */
export class EthernetHeader {
  destination = 0;
  source = 0;
  etherType = 0;
}

/**
 * Reads the header of the frame that `packet` holds into `into`. Returns what is wrong with it, or undefined: too short, or
 * IEEE 802.3's with a length (RFC 1122 §2.3.3 lets hosts do without those).
 */
export function parseEthernetHeader(packet: Packet, into: EthernetHeader): FrameFault | undefined {
  if (packet.length < ETHERNET_HEADER_LENGTH) return "tooShort";
  const { view } = packet.slab;
  const { offset } = packet;
  into.destination = readHardwareAddress(view, offset);
  into.source = readHardwareAddress(view, offset + AT_SOURCE);
  into.etherType = view.getUint16(offset + AT_TYPE);
  return into.etherType < FIRST_ETHER_TYPE ? "lengthFrame" : undefined;
}

/** Puts a header before what `packet` holds, and makes it `shortest` bytes long at least. */
export function writeFrame(
  packet: Packet,
  destination: number,
  source: number,
  etherType: number,
  shortest = SHORTEST_FRAME,
): void {
  packet.prepend(ETHERNET_HEADER_LENGTH);
  const { offset, length } = packet;
  const { bytes, view } = packet.slab;
  writeHardwareAddress(view, offset, destination);
  writeHardwareAddress(view, offset + AT_SOURCE, source);
  view.setUint16(offset + AT_TYPE, etherType);
  if (length >= shortest) return;
  // RFC 1042, "octets of zero": what stood there before is nobody's business (CVE-2003-0001)
  bytes.fill(0, offset + length, offset + shortest);
  packet.length = shortest;
}
