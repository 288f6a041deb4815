/** Copies what the interfaces of a host carry, but for `lo`, into capture outputs. */
import type { Host } from "../../host/host.ts";
import type { Interface } from "../../ip/interface.ts";
import { AT_TOTAL_LENGTH } from "../../ip/ipv4-header.ts";
import type { Onlooker } from "../../ip/tap.ts";
import { ETHER_TYPE_IPV4, ETHERNET_HEADER_LENGTH } from "../../link/ethernet.ts";
import { finish, pseudoHeaderSum } from "../../packet/checksum.ts";
import { FLAG_CHECKSUM_TRUSTED, type Packet } from "../../packet/packet.ts";
import { type CaptureDirection, LINKTYPE_ETHERNET, LINKTYPE_IPV4 } from "../../trace/pcapng-blocks.ts";
import type { CaptureInterface } from "../../trace/pcapng-stream.ts";
import type { CaptureOutput } from "./capture-output.ts";
import { realMicros } from "./real-micros.ts";

const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
/** Where the checksum stands in the transport's header, and how long that is at least. */
const CHECKSUM_AT: Readonly<Record<number, readonly [at: number, headerLength: number]>> = {
  [IPPROTO_TCP]: [16, 20],
  [IPPROTO_UDP]: [6, 8],
};
/** Of the word of flags and fragment offset: what a fragment has and a whole datagram has not. */
const FRAGMENT_BITS = 0x3fff;

export class Capture implements Onlooker {
  private readonly host: Host;
  private readonly label: string;
  private readonly outputs = new Set<CaptureOutput>();
  private readonly interfaces = new Map<Interface, CaptureInterface>();
  private unwatch: (() => void) | undefined = undefined;

  /** `label`: what the host's first interface is attached to. */
  constructor(host: Host, label: string) {
    this.host = host;
    this.label = label;
  }

  add(output: CaptureOutput): void {
    this.outputs.add(output);
    this.unwatch ??= this.host.ipv4.taps.watch(this);
  }

  remove(output: CaptureOutput): void {
    this.outputs.delete(output);
    if (this.outputs.size > 0) return;
    this.unwatch?.();
    this.unwatch = undefined;
  }

  incoming(packet: Packet, from: Interface): void {
    if (!from.isLoopback) this.keep(packet, from, "in");
  }

  outgoing(packet: Packet, by: Interface): void {
    if (!by.isLoopback) this.keep(packet, by, "out");
  }

  private keep(packet: Packet, by: Interface, direction: CaptureDirection): void {
    const { slab, offset, length } = packet;
    const time = realMicros();
    const seen = this.interfaceOf(by);
    const field = checksumField(packet, by, direction);
    const checksum = field < 0 ? 0 : transportChecksum(packet, headerLength(by), field);
    for (const output of this.outputs) {
      const start = output.add(seen, direction, time, slab.bytes, offset, length);
      if (start < 0 || field < 0) continue;
      const { buffer } = output.stream;
      buffer[start + field] = checksum >>> 8;
      buffer[start + field + 1] = checksum & 0xff;
    }
  }

  private interfaceOf(by: Interface): CaptureInterface {
    let seen = this.interfaces.get(by);
    if (seen === undefined) {
      const description = this.interfaces.size === 0 ? this.label : undefined;
      const linkType = headerLength(by) === 0 ? LINKTYPE_IPV4 : LINKTYPE_ETHERNET;
      seen = { name: by.name, description, linkType };
      this.interfaces.set(by, seen);
    }
    return seen;
  }
}

/** Bytes of Ethernet header in front of the datagrams that `by` shows. */
function headerLength(by: Interface): number {
  return by.link.sendFrame === undefined ? 0 : ETHERNET_HEADER_LENGTH;
}

/**
 * Where in `packet` the transport's checksum stands, if it is one that the link or the kernel is to make, or has not made since
 * nobody verifies it: a reader of the capture would take it for damage. Else -1.
 */
function checksumField(packet: Packet, by: Interface, direction: CaptureDirection): number {
  const { slab, offset, length } = packet;
  const start = headerLength(by);
  if (length < start + 20) return -1;
  if (direction === "in" ? (packet.flags & FLAG_CHECKSUM_TRUSTED) === 0 : !by.link.features.checksum)
    return -1;
  const { view } = slab;
  if (start > 0 && view.getUint16(offset + start - 2) !== ETHER_TYPE_IPV4) return -1;
  const datagram = offset + start;
  const ipLength = (view.getUint8(datagram) & 15) << 2;
  const place = CHECKSUM_AT[view.getUint8(datagram + 9)];
  if (place === undefined || (view.getUint16(datagram + 6) & FRAGMENT_BITS) !== 0) return -1;
  const [at, least] = place;
  if (ipLength < 20 || sizeOf(packet, start) < ipLength + least) return -1;
  const field = start + ipLength + at;
  const isZero = view.getUint16(offset + field) === 0;
  if (direction === "out") return isZero ? field : -1; // 0 was left out, others are made
  // the pseudo-header's sum may be all that is there; but UDP's 0 is "none"
  return isZero && view.getUint8(datagram + 9) === IPPROTO_UDP ? -1 : field;
}

/** Bytes of the datagram in `packet` behind `start` bytes of Ethernet header: padding may follow it there. */
function sizeOf({ slab, offset, length }: Packet, start: number): number {
  if (start === 0) return length;
  return Math.min(length - start, slab.view.getUint16(offset + start + AT_TOTAL_LENGTH));
}

/** The checksum that belongs at `field`, whatever is there now; the datagram begins behind `start` bytes. */
function transportChecksum(packet: Packet, start: number, field: number): number {
  const { slab, offset } = packet;
  const { view } = slab;
  const datagram = offset + start;
  const ipLength = (view.getUint8(datagram) & 15) << 2;
  const protocol = view.getUint8(datagram + 9);
  const size = sizeOf(packet, start) - ipLength;
  const pseudo = pseudoHeaderSum(view.getInt32(datagram + 12), view.getInt32(datagram + 16), protocol, size);
  const sum = slab.checksum(datagram + ipLength, size, pseudo);
  // without what stands there: ones' complement subtraction is addition of the complement (RFC 1624 §3)
  const without = sum + (~view.getUint16(offset + field) & 0xffff);
  const checksum = finish((without & 0xffff) + (without >>> 16));
  return checksum === 0 && protocol === IPPROTO_UDP ? 0xffff : checksum;
}
