/** The TCP header, RFC 9293 §3.1. */
import type { Packet } from "../packet/packet.ts";
import { parseOptions } from "./options.ts";
import type { Segment } from "./segment.ts";

export const TCP = 6;
export const HEADER_LENGTH = 20;

/** The control bits. */
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;

/** Offsets of the fields in the header. */
export const OFFSET_CHECKSUM = 16;

/**
 * Reads the header and options of `packet` (present layer: TCP) into `segment`. False when the header does not fit
 * the packet. Malformed options never make a segment invalid (RFC 9293 §3.1, MUST-7).
 */
export function parseHeader(packet: Packet, segment: Segment): boolean {
  if (packet.length < HEADER_LENGTH) return false;
  const view = packet.slab.view;
  const at = packet.offset;
  const headerLength = (view.getUint8(at + 12) >> 4) * 4;
  if (headerLength < HEADER_LENGTH || headerLength > packet.length) return false;
  segment.sourcePort = view.getUint16(at);
  segment.destinationPort = view.getUint16(at + 2);
  segment.seq = view.getInt32(at + 4);
  segment.ack = view.getInt32(at + 8);
  segment.headerLength = headerLength;
  segment.flags = view.getUint8(at + 13);
  segment.window = view.getUint16(at + 14); // RFC 9293 §3.1, MUST-1: unsigned
  segment.urgentPointer = view.getUint16(at + 18);
  segment.dataOffset = at + headerLength;
  const dataLength = packet.length - headerLength;
  const { segmentSize } = packet;
  const isRun = segmentSize > 0 && segmentSize < dataLength;
  segment.dataLength = dataLength;
  segment.count = isRun ? Math.ceil(dataLength / segmentSize) : 1;
  segment.fullLength = isRun ? segmentSize : dataLength;
  parseOptions(view, at + HEADER_LENGTH, at + headerLength, segment);
  return true;
}

/** Writes the fixed part of the header at `at`, with a checksum of zero. */
export function writeHeader(
  view: DataView,
  at: number,
  sourcePort: number,
  destinationPort: number,
  seq: number,
  ack: number,
  headerLength: number,
  flags: number,
  window: number,
  urgentPointer: number,
): void {
  view.setUint16(at, sourcePort);
  view.setUint16(at + 2, destinationPort);
  view.setInt32(at + 4, seq);
  view.setInt32(at + 8, ack);
  view.setUint16(at + 12, ((headerLength >> 2) << 12) | flags);
  view.setUint16(at + 14, window);
  view.setUint16(at + OFFSET_CHECKSUM, 0);
  view.setUint16(at + 18, urgentPointer);
}
