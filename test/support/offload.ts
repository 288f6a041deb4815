/** Gives the interface of a host what a device with segmentation offload does, both ways. */
import { Task } from "../../src/base/task.ts";
import type { Host } from "../../src/index.ts";
import { FLAG_CHECKSUM_TRUSTED, type Packet } from "../../src/packet/packet.ts";
import { packetPool } from "../../src/packet/pool.ts";
import { cut, join } from "./cut.ts";
import { parseTcp } from "./tcp-wire.ts";
import { checksum, parseIpv4 } from "./wire.ts";

/** What passed. */
export interface Offloaded {
  /** Packets that were several segments, and the most segments in one. */
  runs: number;
  longest: number;
}

/** The link of interface `name` cuts what is sent, and makes checksums, from now on: each piece goes by itself. */
export function cutsOnSending(host: Host, name = "eth0"): Offloaded {
  const { link } = host.ipv4.interfaces.find((each) => each.name === name)!;
  const seen: Offloaded = { runs: 0, longest: 1 };
  const send = link.send.bind(link);
  Object.assign(link, {
    features: { checksum: true, segmentation: true },
    send(packet: Packet, nextHop: number): void {
      const pieces = cut(packet.bytes().slice(), packet.segmentSize);
      packet.release();
      note(seen, pieces.length);
      for (const piece of pieces) send(packetPool.from(piece), nextHop);
    },
  });
  return seen;
}

/** What comes to interface `name` in one instant is joined where it can be, checksums verified, from now on. */
export function joinsOnReceiving(host: Host, name = "eth0"): Offloaded {
  const by = host.ipv4.interfaces.find((each) => each.name === name)!;
  const seen: Offloaded = { runs: 0, longest: 1 };
  const input = by.input.bind(by);
  const waiting: Uint8Array[] = [];
  const handUp = (bytes: Uint8Array, segmentSize: number, flags: number): void => {
    const packet = packetPool.from(bytes);
    packet.segmentSize = segmentSize;
    packet.flags = flags;
    input(packet);
  };
  const arrival = new Task(() => {
    for (const [datagram, size] of join(waiting.splice(0))) {
      if (size > 0) note(seen, Math.ceil(parseTcp(datagram).data.length / size));
      handUp(datagram, size, FLAG_CHECKSUM_TRUSTED);
    }
  });
  by.input = (packet: Packet): void => {
    const bytes = packet.bytes().slice();
    const { flags } = packet;
    packet.release();
    if (isIntact(bytes)) {
      waiting.push(bytes);
      host.clock.post(arrival);
    } else {
      handUp(bytes, 0, flags);
    }
  };
  return seen;
}

function note(seen: Offloaded, segments: number): void {
  if (segments > 1) seen.runs++;
  seen.longest = Math.max(seen.longest, segments);
}

/** Whether it is a whole datagram of TCP with both checksums right. */
function isIntact(bytes: Uint8Array): boolean {
  try {
    const { version, headerLength, totalLength, protocol, moreFragments, fragmentOffset } = parseIpv4(bytes);
    if (version !== 4 || protocol !== 6 || totalLength !== bytes.length) return false;
    if (moreFragments || fragmentOffset > 0 || checksum(bytes.subarray(0, headerLength)) !== 0) return false;
    return parseTcp(bytes).intact;
  } catch {
    return false;
  }
}
