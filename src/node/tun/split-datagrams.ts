/** Cuts what UDP segmentation offload has left in one piece into the datagrams that were sent. */
import { copyBytes } from "../../base/copy.ts";
import { AT_IDENTIFICATION, AT_TOTAL_LENGTH, rewriteHeaderChecksum } from "../../ip/ipv4-header.ts";
import type { Packet } from "../../packet/packet.ts";
import { packetPool } from "../../packet/pool.ts";

const UDP_HEADER_LENGTH = 8;
const AT_UDP_LENGTH = 4;

/**
 * Hands the datagrams in `packet`, which frames an IPv4 datagram of UDP, to `take`, each with `size` bytes of data, the last with
 * what is left; their checksums are as unfinished as that of `packet`. Takes ownership. False, and nothing handed over, when it is
 * too short for its headers. With a `linkLength`, that many bytes of Ethernet header stand in front of it, and of each of them.
 */
export function splitDatagrams(
  packet: Packet,
  size: number,
  take: (packet: Packet) => void,
  linkLength = 0,
): boolean {
  packet.strip(linkLength);
  const { offset, length } = packet;
  const { bytes, view } = packet.slab;
  const ipLength = (view.getUint8(offset) & 15) << 2;
  const headers = ipLength + UDP_HEADER_LENGTH;
  const isGood = size > 0 && ipLength >= 20 && length > headers;
  if (isGood) {
    const identification = view.getUint16(offset + AT_IDENTIFICATION);
    for (let from = headers, number = 0; from < length; from += size, number++) {
      const count = Math.min(size, length - from);
      const part = packetPool.allocate(headers + count);
      part.length = headers + count;
      part.flags = packet.flags;
      const { slab, offset: at } = part;
      copyBytes(bytes, offset, slab.bytes, at, headers);
      copyBytes(bytes, offset + from, slab.bytes, at + headers, count);
      slab.view.setUint16(at + AT_TOTAL_LENGTH, part.length);
      slab.view.setUint16(at + AT_IDENTIFICATION, identification + number);
      slab.view.setUint16(at + ipLength + AT_UDP_LENGTH, UDP_HEADER_LENGTH + count);
      rewriteHeaderChecksum(slab.view, at, ipLength);
      if (linkLength > 0) {
        part.prepend(linkLength);
        copyBytes(bytes, offset - linkLength, slab.bytes, part.offset, linkLength);
      }
      take(part);
    }
  }
  packet.release();
  return isGood;
}
