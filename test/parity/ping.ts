/** ICMP messages that raw programs send, and packets that raw sockets receive, in words. */
import { inet_aton } from "../../src/index.ts";
import type { Word } from "./language.ts";
import { hostAddress } from "./places.ts";
import { show } from "./words.ts";

/** An echo request, its checksum right; with an IP header of ours when `header` names a source. */
export function echoRequest(
  identifier: number,
  sequence: number,
  data: Uint8Array,
  header: Word | undefined,
  target: string,
): Uint8Array {
  const body = new Uint8Array(8 + data.length);
  const view = new DataView(body.buffer);
  view.setUint16(0, 0x0800);
  view.setUint16(4, identifier);
  view.setUint16(6, sequence);
  body.set(data, 8);
  view.setUint16(2, checksum(body));
  if (header === undefined) return body;
  const packet = new Uint8Array(20 + body.length);
  packet.set([0x45, 0, 0, packet.length, 0, 7, 0, 0, 33, 1, 0, 0]);
  packet.set(inet_aton(hostAddress(String(header))), 12);
  packet.set(inet_aton(target), 16);
  new DataView(packet.buffer).setUint16(10, checksum(packet.subarray(0, 20)));
  packet.set(body, 20);
  return packet;
}

export function showPacket(data: Uint8Array): string {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const size = (data[0]! & 15) * 4;
  const length = view.getUint16(2);
  const [source, target] = [12, 16].map((at) => data.subarray(at, at + 4).join("."));
  const head = `ip(${source}>${target} ttl=${data[8]} len=${length} proto=${data[9]})`;
  if (data[9] !== 1) return `${head} ${show(data.subarray(size))}`;
  const [kind, code] = [data[size], data[size + 1]];
  const [identifier, sequence] = [view.getUint16(size + 4), view.getUint16(size + 6)];
  const state = checksum(data.subarray(size, length)) === 0 ? "good" : "bad";
  const rest = show(data.subarray(size + 8));
  return `${head} icmp(${kind}/${code} id=${identifier} seq=${sequence} ${state}) ${rest}`;
}

function checksum(data: Uint8Array): number {
  let total = 0;
  for (let at = 0; at < data.length; at += 2) total += (data[at]! << 8) | (data[at + 1] ?? 0);
  while (total >> 16 !== 0) total = (total & 0xffff) + (total >> 16);
  return ~total & 0xffff;
}
