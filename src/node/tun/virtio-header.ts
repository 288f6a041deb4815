/**
 * The virtio-net header in front of every packet (Virtual I/O Device 1.2 §5.1.6, <linux/virtio_net.h>), in the machine's own byte
 * order, as TUN has it:
 *
 *   flags u8 · gso_type u8 · hdr_len u16 · gso_size u16 · csum_start u16 · csum_offset u16 · num_buffers u16
 */
import { AT_TOTAL_LENGTH } from "../../ip/ipv4-header.ts";
import { ETHER_TYPE_IPV4 } from "../../link/ethernet.ts";
import { pseudoHeaderSum } from "../../packet/checksum.ts";
import { FLAG_CHECKSUM_TRUSTED, FLAG_FOREIGN, type Packet } from "../../packet/packet.ts";
import { LITTLE_ENDIAN } from "./ioctl.ts";

export const HEADER_LENGTH = 12;
/** What a device has that nobody has told otherwise: without num_buffers. */
export const DEFAULT_HEADER_LENGTH = 10;

/** The checksum at csum_start + csum_offset holds the pseudo-header's sum only; whoever puts it on a wire completes it. */
export const NEEDS_CSUM = 1;
/** The checksum has been verified. */
export const DATA_VALID = 2;

export const GSO_NONE = 0;
export const GSO_TCPV4 = 1;
export const GSO_TCPV6 = 4;
/** Datagrams of gso_size bytes of data each, in one piece. */
export const GSO_UDP_L4 = 5;
/** A bit beside the type: the first of the segments says CWR. */
export const GSO_ECN = 0x80;

const AT_FLAGS = 0;
const AT_GSO_TYPE = 1;
const AT_HEADER_LENGTH = 2;
const AT_GSO_SIZE = 4;
const AT_CSUM_START = 6;
const AT_CSUM_OFFSET = 8;
const AT_NUM_BUFFERS = 10;

const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
const TCP_HEADER_LENGTH = 20;
/** The flag "congestion window reduced" (RFC 3168 §6.1.2). */
const TCP_CWR = 0x80;
const UDP_HEADER_LENGTH = 8;
/** Of the word of flags and fragment offset: what a fragment has and a whole datagram has not. */
const FRAGMENT_BITS = 0x3fff;

/** The kind of offload in the header at `at`, without {@link GSO_ECN}. */
export function gsoTypeAt(view: DataView, at: number): number {
  return view.getUint8(at + AT_GSO_TYPE) & ~GSO_ECN;
}

/** FLAG_CHECKSUM_TRUSTED where the header at `at` says that the checksum needs no verification, else 0. */
export function trustAt(view: DataView, at: number): number {
  return (view.getUint8(at + AT_FLAGS) & (NEEDS_CSUM | DATA_VALID)) === 0 ? 0 : FLAG_CHECKSUM_TRUSTED;
}

/** Bytes of data in each segment, for a packet that is more than one. */
export function gsoSizeAt(view: DataView, at: number): number {
  return view.getUint16(at + AT_GSO_SIZE, LITTLE_ENDIAN);
}

/**
 * Writes the `headerLength` bytes in front of `packet`, which frames an IPv4 datagram made here, or, with a `linkLength`, an Ethernet
 * frame that may hold one and has a header of so many bytes.
 */
export function writeVirtioHeader(packet: Packet, headerLength: number, linkLength = 0): void {
  const at = packet.offset - headerLength;
  packet.slab.bytes.fill(0, at, packet.offset);
  if (linkLength === 0) describeDatagram(packet, at);
  else describeFrame(packet, at, linkLength);
}

/** As {@link describeDatagram}, for the datagram in a frame, which may have padding behind it. */
function describeFrame(packet: Packet, at: number, linkLength: number): void {
  const { offset, length } = packet;
  const { view } = packet.slab;
  const start = offset + linkLength;
  if (length < linkLength + 20 || view.getUint16(start - 2) !== ETHER_TYPE_IPV4) return;
  packet.offset = start;
  packet.length = Math.min(length - linkLength, view.getUint16(start + AT_TOTAL_LENGTH));
  describeDatagram(packet, at);
  packet.offset = offset;
  packet.length = length;
  if (view.getUint8(at + AT_FLAGS) !== 0) addTo(view, at + AT_CSUM_START, linkLength);
  if (view.getUint8(at + AT_GSO_TYPE) !== GSO_NONE) addTo(view, at + AT_HEADER_LENGTH, linkLength);
}

function addTo(view: DataView, at: number, count: number): void {
  view.setUint16(at, view.getUint16(at, LITTLE_ENDIAN) + count, LITTLE_ENDIAN);
}

/**
 * Says in the empty header at `at` what is left to do of the datagram that `packet` frames. A TCP or UDP checksum of 0
 * was left out, as the link's features say: the pseudo-header's sum goes in its place, and the kernel does the rest; any other one
 * stays. What has a `segmentSize` and is longer the kernel cuts.
 */
function describeDatagram(packet: Packet, at: number): void {
  const { offset, length } = packet;
  const { view } = packet.slab;
  if (length < 20 || (view.getUint16(offset + 6) & FRAGMENT_BITS) !== 0) return;
  const protocol = view.getUint8(offset + 9);
  const start = (view.getUint8(offset) & 15) << 2;
  if (protocol === PROTOCOL_TCP && length >= start + TCP_HEADER_LENGTH) {
    const headers = start + ((view.getUint8(offset + start + 12) >>> 4) << 2);
    const isLong = packet.segmentSize !== 0 && length - headers > packet.segmentSize;
    if (isLong) {
      const saysReduced = (view.getUint8(offset + start + 13) & TCP_CWR) !== 0; // of one segment it must not become many
      view.setUint8(at + AT_GSO_TYPE, saysReduced ? GSO_TCPV4 | GSO_ECN : GSO_TCPV4);
      view.setUint16(at + AT_HEADER_LENGTH, headers, LITTLE_ENDIAN);
      view.setUint16(at + AT_GSO_SIZE, packet.segmentSize, LITTLE_ENDIAN);
    }
    leaveChecksum(packet, at, protocol, start, TCP_CHECKSUM, isLong);
  } else if (protocol === PROTOCOL_UDP && length >= start + UDP_HEADER_LENGTH) {
    leaveChecksum(packet, at, protocol, start, UDP_CHECKSUM, false);
  }
}

/** Has the kernel complete the checksum, if it was left out or `always`. */
function leaveChecksum(
  packet: Packet,
  at: number,
  protocol: number,
  start: number,
  field: number,
  always: boolean,
): void {
  const { offset, length } = packet;
  const { view } = packet.slab;
  const checksumAt = offset + start + field;
  const isForeign = (packet.flags & FLAG_FOREIGN) !== 0; // as it is, even without one
  if (!always && (isForeign || view.getUint16(checksumAt) !== 0)) return;
  const source = view.getInt32(offset + 12);
  const destination = view.getInt32(offset + 16);
  view.setUint16(checksumAt, pseudoHeaderSum(source, destination, protocol, length - start));
  view.setUint8(at + AT_FLAGS, NEEDS_CSUM);
  view.setUint16(at + AT_CSUM_START, start, LITTLE_ENDIAN);
  view.setUint16(at + AT_CSUM_OFFSET, field, LITTLE_ENDIAN);
}

/** What {@link readVirtioHeader} finds, field by field. */
export interface VirtioHeader {
  flags: number;
  gsoType: number;
  headerLength: number;
  gsoSize: number;
  checksumStart: number;
  checksumOffset: number;
  /** 0 in a header of 10 bytes. */
  buffers: number;
}

/** The whole header at `at`, of `length` bytes: for who looks at it, not for the data path. */
export function readVirtioHeader(view: DataView, at: number, length = HEADER_LENGTH): VirtioHeader {
  return {
    flags: view.getUint8(at + AT_FLAGS),
    gsoType: view.getUint8(at + AT_GSO_TYPE),
    headerLength: view.getUint16(at + AT_HEADER_LENGTH, LITTLE_ENDIAN),
    gsoSize: view.getUint16(at + AT_GSO_SIZE, LITTLE_ENDIAN),
    checksumStart: view.getUint16(at + AT_CSUM_START, LITTLE_ENDIAN),
    checksumOffset: view.getUint16(at + AT_CSUM_OFFSET, LITTLE_ENDIAN),
    buffers: length >= HEADER_LENGTH ? view.getUint16(at + AT_NUM_BUFFERS, LITTLE_ENDIAN) : 0,
  };
}
