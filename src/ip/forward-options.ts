/** What a router writes into the options of what it passes on: where it went, and when (RFC 791 §3.1, RFC 1812 §5.3.13). */
import type { Packet } from "../packet/packet.ts";
import { IPV4_HEADER_LENGTH, rewriteHeaderChecksum } from "./ipv4-header.ts";
import { OPTION_END, OPTION_NOP, OPTION_RECORD_ROUTE, OPTION_TIMESTAMP } from "./options.ts";
import { stampTime, TIMESTAMP_AND_ADDRESS, TIMESTAMP_ONLY, TIMESTAMP_PRESPECIFIED } from "./send-options.ts";

const ADDRESS_LENGTH = 4;
const TIME_LENGTH = 4;

/** There is nothing to object to. */
const GOOD = -1;

/**
 * Adds our `address`, that of the interface it leaves by, and the time `now` (microseconds of the clock) to the records in the header
 * of `packet`, whose options have been checked. Returns -1, or the absolute offset of the byte that is wrong.
 */
export function recordWay(
  packet: Packet,
  headerLength: number,
  address: number,
  own: { isLocal(address: number): boolean },
  now: number,
): number {
  const { view } = packet.slab;
  const end = packet.offset + headerLength;
  let at = packet.offset + IPV4_HEADER_LENGTH;
  while (at < end) {
    const type = view.getUint8(at);
    if (type === OPTION_END) break;
    if (type === OPTION_NOP) {
      at++;
      continue;
    }
    let fault = GOOD;
    if (type === OPTION_RECORD_ROUTE) fault = recordRoute(view, at, address);
    else if (type === OPTION_TIMESTAMP) fault = recordTime(view, at, address, own, now);
    if (fault !== GOOD) return fault;
    at += view.getUint8(at + 1);
  }
  rewriteHeaderChecksum(view, packet.offset, headerLength);
  return GOOD;
}

function recordRoute(view: DataView, at: number, address: number): number {
  const length = view.getUint8(at + 1);
  const pointer = view.getUint8(at + 2);
  if (pointer > length) return GOOD; // full: it goes on as it is
  if (pointer - 1 + ADDRESS_LENGTH > length) return at + 2; // RFC 791: some room, but not enough, is an error
  view.setInt32(at + pointer - 1, address);
  view.setUint8(at + 2, pointer + ADDRESS_LENGTH);
  return GOOD;
}

function recordTime(
  view: DataView,
  at: number,
  address: number,
  own: { isLocal(address: number): boolean },
  now: number,
): number {
  const length = view.getUint8(at + 1);
  const pointer = view.getUint8(at + 2);
  const word = view.getUint8(at + 3);
  const kind = word & 15;
  const isKnown = kind === TIMESTAMP_AND_ADDRESS || kind === TIMESTAMP_PRESPECIFIED;
  if (kind !== TIMESTAMP_ONLY && !isKnown) return GOOD;
  if (pointer > length) {
    if (kind === TIMESTAMP_PRESPECIFIED) return GOOD; // all who were asked have answered
    if (word >>> 4 === 15) return at + 3; // RFC 791: more routers than can be counted
    view.setUint8(at + 3, word + 0x10);
    return GOOD;
  }
  const room = kind === TIMESTAMP_ONLY ? TIME_LENGTH : ADDRESS_LENGTH + TIME_LENGTH;
  if (pointer - 1 + room > length) return at + 2;
  const place = at + pointer - 1;
  if (kind === TIMESTAMP_PRESPECIFIED && !own.isLocal(view.getInt32(place))) return GOOD; // another one is meant
  if (kind === TIMESTAMP_AND_ADDRESS) view.setInt32(place, address);
  stampTime(view, place + room - TIME_LENGTH, now);
  view.setUint8(at + 2, pointer + room);
  return GOOD;
}
