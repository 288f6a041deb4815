/** Cutting a datagram that does not fit (RFC 791 §3.2, "An Example Fragmentation Procedure"). */
import { copyBytes } from "../base/copy.ts";
import { FLAG_FOREIGN, type Packet } from "../packet/packet.ts";
import { packetPool } from "../packet/pool.ts";
import type { Interface } from "./interface.ts";
import {
  AT_FRAGMENT,
  AT_TOTAL_LENGTH,
  FRAGMENT_OFFSET_MASK,
  IPV4_HEADER_LENGTH,
  MORE_FRAGMENTS,
  rewriteHeaderChecksum,
} from "./ipv4-header.ts";
import { OPTION_COPIED, OPTION_END, OPTION_NOP } from "./options.ts";

/**
 * Sends `packet`, which frames a whole datagram without DF, in pieces of at most `mtu` bytes (68 or more) to `nextHop`. Takes
 * ownership. Returns the number of pieces. The datagram may be a fragment itself. Pieces never overlap (RFC 1122 §3.3.3).
 */
export function sendFragments(packet: Packet, mtu: number, by: Interface, nextHop: number): number {
  const { offset } = packet;
  const { view } = packet.slab;
  const headerLength = (view.getUint8(offset) & 15) << 2;
  const word = view.getUint16(offset + AT_FRAGMENT);
  const dataLength = packet.length - headerLength;
  let pieces = 0;
  let done = 0;
  while (done < dataLength) {
    const left = dataLength - done;
    // The first keeps every option; the others keep those with the copied flag.
    const piece = packetPool.allocate(Math.min(mtu, headerLength + left));
    copyBytes(packet.slab.bytes, offset, piece.slab.bytes, piece.offset, headerLength);
    const pieceHeader = done === 0 ? headerLength : keepCopiedOptions(piece, headerLength);
    const room = mtu - pieceHeader;
    const isLast = left <= room;
    const length = isLast ? left : room & ~7; // all but the last are multiples of eight bytes
    copyBytes(
      packet.slab.bytes,
      offset + headerLength + done,
      piece.slab.bytes,
      piece.offset + pieceHeader,
      length,
    );
    piece.length = pieceHeader + length;
    piece.flags = packet.flags & FLAG_FOREIGN;
    const more = isLast ? word & MORE_FRAGMENTS : MORE_FRAGMENTS;
    const pieceView = piece.slab.view;
    pieceView.setUint16(piece.offset + AT_TOTAL_LENGTH, piece.length);
    pieceView.setUint16(piece.offset + AT_FRAGMENT, more | ((word & FRAGMENT_OFFSET_MASK) + (done >>> 3)));
    rewriteHeaderChecksum(pieceView, piece.offset, pieceHeader);
    by.output(piece, nextHop);
    done += length;
    pieces++;
  }
  packet.release();
  return pieces;
}

/** Takes the options without the copied flag out of the header of `piece` and returns the header's new length. */
function keepCopiedOptions(piece: Packet, headerLength: number): number {
  if (headerLength === IPV4_HEADER_LENGTH) return headerLength;
  const { view } = piece.slab;
  const { bytes } = piece.slab;
  const end = piece.offset + headerLength;
  let from = piece.offset + IPV4_HEADER_LENGTH;
  let to = from;
  while (from < end) {
    const type = view.getUint8(from);
    if (type === OPTION_END) break;
    if (type === OPTION_NOP) {
      from++;
      continue;
    }
    const length = from + 1 < end ? view.getUint8(from + 1) : 0;
    if (length < 2 || from + length > end) break; // malformed: input would not have let it through
    if ((type & OPTION_COPIED) !== 0) {
      bytes.copyWithin(to, from, from + length);
      to += length;
    }
    from += length;
  }
  while (((to - piece.offset) & 3) !== 0) view.setUint8(to++, OPTION_END);
  const length = to - piece.offset;
  view.setUint8(piece.offset, 0x40 | (length >>> 2));
  return length;
}
