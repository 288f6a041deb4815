/**
 * The messages of the Address Resolution Protocol (RFC 826) for IPv4 on Ethernet.
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |      hardware space (1)       |    protocol space (0x0800)    |
 *   | hw. length (6)| pr. length (4)|  opcode (1 request, 2 reply)  |
 *   |                 sender's hardware address                     |
 *   |               …               |   sender's IPv4 address …     |
 *   |               …               |   target's hardware address   |
 *   |                               …                               |
 *   |                     target's IPv4 address                     |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
import type { Packet } from "../packet/packet.ts";
import { packetPool } from "../packet/pool.ts";
import { ETHER_TYPE_IPV4 } from "./ethernet.ts";
import { readHardwareAddress, writeHardwareAddress } from "./hardware-address.ts";

export const ARP_LENGTH = 28;
export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;

/** ares_hrd$Ethernet, and IEEE 802's number, which some stations use for the same and Linux takes too. */
const HARDWARE_ETHERNET = 1;
const HARDWARE_IEEE_802 = 6;
/** Both address lengths, as they stand in the message. */
const LENGTHS = 0x0604;

const AT_PROTOCOL = 2;
const AT_LENGTHS = 4;
const AT_OPERATION = 6;
const AT_SENDER_HARDWARE = 8;
const AT_SENDER = 14;
const AT_TARGET_HARDWARE = 18;
const AT_TARGET = 24;

/** What an ARP message says. One object is filled again and again. */
export class ArpMessage {
  /** {@link ARP_REQUEST} or {@link ARP_REPLY}. */
  operation = 0;
  /** ar$sha, 48 bits. */
  senderHardware = 0;
  /** ar$spa, int32. 0: the sender probes whether `target` is free (RFC 5227 §1.1). */
  sender = 0;
  /** ar$tha. */
  targetHardware = 0;
  /** ar$tpa. */
  target = 0;
}

/** Why a message is of no use: too short, or about other addresses or with an other opcode than we know. */
export type ArpFault = "arpTooShort" | "arpUnknown";

/** Reads the message that `packet` holds, padding behind it or not, into `into`. Returns what is wrong, or undefined. */
export function parseArp(packet: Packet, into: ArpMessage): ArpFault | undefined {
  if (packet.length < ARP_LENGTH) return "arpTooShort";
  const { offset } = packet;
  const { view } = packet.slab;
  // RFC 826, "Packet Reception": do I have the hardware type, do I speak the protocol
  const hardware = view.getUint16(offset);
  if (hardware !== HARDWARE_ETHERNET && hardware !== HARDWARE_IEEE_802) return "arpUnknown";
  if (view.getUint16(offset + AT_PROTOCOL) !== ETHER_TYPE_IPV4) return "arpUnknown";
  if (view.getUint16(offset + AT_LENGTHS) !== LENGTHS) return "arpUnknown";
  into.operation = view.getUint16(offset + AT_OPERATION);
  if (into.operation !== ARP_REQUEST && into.operation !== ARP_REPLY) return "arpUnknown";
  into.senderHardware = readHardwareAddress(view, offset + AT_SENDER_HARDWARE);
  into.sender = view.getInt32(offset + AT_SENDER);
  into.targetHardware = readHardwareAddress(view, offset + AT_TARGET_HARDWARE);
  into.target = view.getInt32(offset + AT_TARGET);
  return undefined;
}

/** A packet with `message`, for its owner to frame. */
export function makeArp(message: Readonly<ArpMessage>): Packet {
  const packet = packetPool.allocate(ARP_LENGTH);
  packet.length = ARP_LENGTH;
  const { offset } = packet;
  const { view } = packet.slab;
  view.setUint16(offset, HARDWARE_ETHERNET);
  view.setUint16(offset + AT_PROTOCOL, ETHER_TYPE_IPV4);
  view.setUint16(offset + AT_LENGTHS, LENGTHS);
  view.setUint16(offset + AT_OPERATION, message.operation);
  writeHardwareAddress(view, offset + AT_SENDER_HARDWARE, message.senderHardware);
  view.setInt32(offset + AT_SENDER, message.sender);
  writeHardwareAddress(view, offset + AT_TARGET_HARDWARE, message.targetHardware);
  view.setInt32(offset + AT_TARGET, message.target);
  return packet;
}
