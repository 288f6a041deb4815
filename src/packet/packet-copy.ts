import { copyBytes } from "../base/copy.ts";
import type { Packet } from "./packet.ts";
import { packetPool } from "./pool.ts";

/** A packet of its own with `length` bytes of `packet` from the absolute offset `start`, and with what IP input has said of it. */
export function copyPacket(packet: Packet, start: number, length: number): Packet {
  const copy = packetPool.allocate(length);
  copyBytes(packet.slab.bytes, start, copy.slab.bytes, copy.offset, length);
  copy.length = length;
  copy.source = packet.source;
  copy.destination = packet.destination;
  copy.protocol = packet.protocol;
  copy.timeToLive = packet.timeToLive;
  copy.trafficClass = packet.trafficClass;
  copy.flags = packet.flags;
  copy.interfaceIndex = packet.interfaceIndex;
  return copy;
}
