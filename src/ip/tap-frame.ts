/** What packet sockets see in front of a datagram: the frame of an Ethernet, what `lo` looks like to them, or nothing. */
import { ETHER_TYPE_IPV4, ETHERNET_HEADER_LENGTH } from "../link/ethernet.ts";
import {
  HARDWARE_ADDRESS_LENGTH,
  HARDWARE_BROADCAST,
  isGroupHardwareAddress,
  readHardwareAddress,
  writeHardwareAddress,
} from "../link/hardware-address.ts";
import { HARDWARE_TYPE_LOOPBACK } from "../link/loopback.ts";
import { FLAG_BROADCAST, type Packet } from "../packet/packet.ts";
import { copyPacket } from "../packet/packet-copy.ts";
import type { Interface } from "./interface.ts";
import { IPV4_HEADER_LENGTH } from "./ipv4-header.ts";

const ETHER_TYPE_IPV6 = 0x86dd;
/** ETH_P_802_3 and ETH_P_802_2: what Linux calls frames that have a length where others have a type. */
const ETHER_TYPE_802_3 = 1;
const ETHER_TYPE_802_2 = 4;
const FIRST_ETHER_TYPE = 0x0600;
/** IEEE 802.1Q: four bytes more than the header of others. */
const ETHER_TYPE_VLAN = 0x8100;
const VLAN_LENGTH = 4;

/** Where the fields of Ethernet's header are. */
const AT_SOURCE = 6;
const AT_ETHER_TYPE = 12;
/** The address of `lo`. */
export const LOOPBACK_HARDWARE = 0;

/** PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST and PACKET_OTHERHOST of <linux/if_packet.h>. */
export const TO_HOST = 0;
export const TO_BROADCAST = 1;
export const TO_MULTICAST = 2;
export const TO_OTHERHOST = 3;

/** Bytes that a frame of `by` has in front of its datagram; 0 where links have no frames. */
export function headerLength(by: Interface): number {
  const { link } = by;
  const hasHeader = link.sendFrame !== undefined || link.hardwareType === HARDWARE_TYPE_LOOPBACK;
  return hasHeader ? ETHERNET_HEADER_LENGTH : 0;
}

/** What `packet` is that passes `by`: a frame where that has frames, else a datagram. */
export function etherTypeOf(packet: Packet, by: Interface): number {
  return by.link.sendFrame === undefined
    ? datagramType(packet, packet.offset, packet.length)
    : frameType(packet, packet.offset);
}

/** What a packet is that {@link keep} has copied. */
export function keptType(packet: Packet, by: Interface): number {
  const { networkOffset, networkLength } = packet;
  return headerLength(by) > 0
    ? frameType(packet, networkOffset - ETHERNET_HEADER_LENGTH)
    : datagramType(packet, networkOffset, networkLength);
}

/** To whom the frame at `offset` goes, seen by the station of `by`: PACKET_HOST … */
export function addressee(packet: Packet, offset: number, by: Interface): number {
  const destination = readHardwareAddress(packet.slab.view, offset);
  const own = stationOf(by);
  if (isGroupHardwareAddress(destination)) {
    // the broadcast address of `lo`, too, is all zero
    return destination === HARDWARE_BROADCAST && own !== LOOPBACK_HARDWARE ? TO_BROADCAST : TO_MULTICAST;
  }
  return destination === own ? TO_HOST : TO_OTHERHOST;
}

/** Who sent a kept packet, six bytes; only where links have frames. */
export function keptSource({ slab, networkOffset }: Packet): Uint8Array {
  const at = networkOffset - ETHERNET_HEADER_LENGTH + AT_SOURCE;
  return slab.bytes.slice(at, at + HARDWARE_ADDRESS_LENGTH);
}

/** The same for {@link addressee}. */
export function keptAddressee(packet: Packet, by: Interface): number {
  return addressee(packet, packet.networkOffset - ETHERNET_HEADER_LENGTH, by);
}

/** A copy of `packet`, which passes `by`: `networkOffset` at the datagram, its header in front of that; framed with it if `framed`. */
export function keep(packet: Packet, by: Interface, framed: boolean): Packet {
  const { offset, length, flags } = packet;
  const copy = copyPacket(packet, offset, length);
  const header = headerLength(by);
  if (by.link.sendFrame === undefined && header > 0) {
    const toMany = (flags & FLAG_BROADCAST) !== 0;
    const etherType = datagramType(packet, offset, length);
    const destination = toMany ? HARDWARE_BROADCAST : LOOPBACK_HARDWARE;
    putHeader(copy, destination, LOOPBACK_HARDWARE, etherType);
  }
  copy.networkOffset = copy.offset + header;
  copy.networkLength = copy.length - header;
  if (!framed) copy.strip(header);
  return copy;
}

/** Puts an Ethernet header in front of `packet`. */
export function putHeader(packet: Packet, destination: number, source: number, etherType: number): void {
  const isLength = etherType === ETHER_TYPE_802_3 || etherType === ETHER_TYPE_802_2;
  const field = isLength ? packet.length : etherType;
  packet.prepend(ETHERNET_HEADER_LENGTH);
  const { offset, slab } = packet;
  writeHardwareAddress(slab.view, offset, destination);
  writeHardwareAddress(slab.view, offset + AT_SOURCE, source);
  slab.view.setUint16(offset + AT_ETHER_TYPE, field);
}

/** By how many bytes the frame that begins at `offset` may exceed what others may have. */
export function tagLength(data: Uint8Array, offset: number, length: number): number {
  if (length < ETHERNET_HEADER_LENGTH) return 0;
  const at = offset + AT_ETHER_TYPE;
  return ((data[at]! << 8) | data[at + 1]!) === ETHER_TYPE_VLAN ? VLAN_LENGTH : 0;
}

/** The hardware address of `by`, 0 where it has none. */
export function stationOf(by: Interface): number {
  const { hardwareAddress } = by.link;
  return hardwareAddress === undefined ? 0 : stationNumber(hardwareAddress);
}

/** The six bytes of a hardware address as a number; bytes that are not there are zeros. */
export function stationNumber(bytes: Uint8Array): number {
  let address = 0;
  for (let at = 0; at < HARDWARE_ADDRESS_LENGTH; at++) address = address * 256 + (bytes[at] ?? 0);
  return address;
}

/** Whether `length` bytes of `packet` from `offset` on begin with an IPv4 header. */
export function isIpv4(packet: Packet, offset: number, length: number): boolean {
  return length >= IPV4_HEADER_LENGTH && datagramType(packet, offset, length) === ETHER_TYPE_IPV4;
}

/** What a datagram without a link header is: told by its version, as Linux's TUN does; 0 for neither IPv4 nor IPv6. */
function datagramType(packet: Packet, offset: number, length: number): number {
  const version = length === 0 ? 0 : packet.slab.view.getUint8(offset) >>> 4;
  if (version === 4) return ETHER_TYPE_IPV4;
  return version === 6 ? ETHER_TYPE_IPV6 : 0;
}

function frameType(packet: Packet, offset: number): number {
  const field = packet.slab.view.getUint16(offset + AT_ETHER_TYPE);
  return field < FIRST_ETHER_TYPE ? ETHER_TYPE_802_2 : field;
}
