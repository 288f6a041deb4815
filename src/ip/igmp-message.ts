/**
 * The messages by which a host tells routers which groups it is in: IGMPv1 (RFC 1112), v2 (RFC 2236 §2), v3 (RFC 3376 §4).
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |     type      | max resp code |           checksum            |
 *   |                            group                              |
 *   | resv  |S| QRV |     QQIC      |     number of sources (N)     |   a query of v3 goes on so,
 *   |                     N sources …                               |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 *   |  type 0x22    |   reserved    |           checksum            |   a report of v3 is so
 *   |           reserved            |     number of records         |
 *   |  record type  |  aux length   |     number of sources (N)     |   each record
 *   |                            group                              |
 *   |                     N sources …                               |
 */
import { CORRECT_SUM, finish } from "../packet/checksum.ts";
import type { Packet } from "../packet/packet.ts";
import { packetPool } from "../packet/pool.ts";
import { isMulticast } from "./address.ts";

export const PROTOCOL_IGMP = 2;

export const IGMP_QUERY = 0x11;
export const IGMP_V1_REPORT = 0x12;
export const IGMP_V2_REPORT = 0x16;
export const IGMP_LEAVE = 0x17;
export const IGMP_V3_REPORT = 0x22;

/** What a record of a v3 report says of its group (RFC 3376 §4.2.12). */
export const MODE_IS_INCLUDE = 1;
export const MODE_IS_EXCLUDE = 2;
export const CHANGE_TO_INCLUDE_MODE = 3;
export const CHANGE_TO_EXCLUDE_MODE = 4;

const SHORT_LENGTH = 8;
const QUERY_V3_LENGTH = 12;
const RECORD_LENGTH = 8;
const MICROS_PER_TENTH = 100_000;
/** RFC 3376 §7.2.1, RFC 2236 §4: what a query of v1, which does not say, means. */
const V1_MAX_RESPONSE = 100 * MICROS_PER_TENTH;

/** All systems, all routers, and those that speak IGMPv3. */
export const ALL_ROUTERS = 0xe000_0002 >> 0;
export const V3_ROUTERS = 0xe000_0016 >> 0;

/** One record of a report. */
export interface GroupRecord {
  readonly type: number;
  readonly group: number;
  readonly sources: readonly number[];
}

/** What a query says. One object is filled again and again. */
export class Query {
  version: 1 | 2 | 3 = 1;
  /** 0: about every group. */
  group = 0;
  maxResponseMicros = 0;
  /** Of v3: the querier's robustness variable, 0 where it does not say, and the seconds between its general queries. */
  robustness = 0;
  intervalSeconds = 0;
  /** Of v3: the sources that it is about, int32s; none: all. */
  readonly sources: number[] = [];
}

/** Whether the message that `packet` frames is whole: eight bytes at least, with a right checksum. */
export function checkIgmp(packet: Packet): "tooShort" | "badChecksum" | undefined {
  if (packet.length < SHORT_LENGTH) return "tooShort";
  const isRight = packet.slab.checksum(packet.offset, packet.length, 0) === CORRECT_SUM;
  return isRight ? undefined : "badChecksum";
}

export function typeOf({ slab, offset }: Packet): number {
  return slab.view.getUint8(offset);
}

/** The group of a message of v1 and v2. */
export function groupOf({ slab, offset }: Packet): number {
  return slab.view.getInt32(offset + 4);
}

/** Reads a query into `into`. False: it makes no sense. RFC 3376 §7.1: its length tells its version. */
export function parseQuery({ slab, offset, length }: Packet, into: Query): boolean {
  const { view } = slab;
  const code = view.getUint8(offset + 1);
  into.group = view.getInt32(offset + 4);
  into.sources.length = 0;
  into.robustness = 0;
  into.intervalSeconds = 0;
  if (into.group !== 0 && !isMulticast(into.group)) return false;
  if (length === SHORT_LENGTH) {
    into.version = code === 0 ? 1 : 2;
    into.maxResponseMicros = code === 0 ? V1_MAX_RESPONSE : code * MICROS_PER_TENTH;
    return true;
  }
  if (length < QUERY_V3_LENGTH) return false; // RFC 3376 §7.1, MUST: silently ignored
  const count = view.getUint16(offset + 10);
  if (QUERY_V3_LENGTH + 4 * count > length || (count > 0 && into.group === 0)) return false;
  into.version = 3;
  into.maxResponseMicros = Math.max(floatingPoint(code), 1) * MICROS_PER_TENTH;
  into.robustness = view.getUint8(offset + 8) & 7;
  into.intervalSeconds = floatingPoint(view.getUint8(offset + 9));
  for (let index = 0; index < count; index++) {
    into.sources.push(view.getInt32(offset + QUERY_V3_LENGTH + 4 * index));
  }
  return true;
}

/** RFC 3376 §4.1.1, §4.1.7: from 128 on a mantissa and an exponent. */
function floatingPoint(code: number): number {
  return code < 128 ? code : ((code & 15) | 16) << (((code >>> 4) & 7) + 3);
}

/** A report of v1 or v2, or a leave. */
export function makeShortMessage(type: number, group: number): Packet {
  const packet = packetPool.allocate(SHORT_LENGTH);
  packet.length = SHORT_LENGTH;
  packet.slab.view.setInt32(packet.offset, type << 24);
  packet.slab.view.setInt32(packet.offset + 4, group);
  return withChecksum(packet);
}

/** Bytes of a record with so many sources. */
export function recordLength(sources: number): number {
  return RECORD_LENGTH + 4 * sources;
}

/** A report of v3; its records must fit a datagram. */
export function makeReport(records: readonly GroupRecord[]): Packet {
  const length = records.reduce((sum, { sources }) => sum + recordLength(sources.length), SHORT_LENGTH);
  const packet = packetPool.allocate(length);
  packet.length = length;
  const { view } = packet.slab;
  view.setInt32(packet.offset, IGMP_V3_REPORT << 24);
  view.setInt32(packet.offset + 4, records.length);
  let at = packet.offset + SHORT_LENGTH;
  for (const { type, group, sources } of records) {
    view.setInt32(at, (type << 24) | sources.length);
    view.setInt32(at + 4, group);
    at += RECORD_LENGTH;
    for (const source of sources) {
      view.setInt32(at, source);
      at += 4;
    }
  }
  return withChecksum(packet);
}

function withChecksum(packet: Packet): Packet {
  const { slab, offset, length } = packet;
  slab.view.setUint16(offset + 2, finish(slab.checksum(offset, length, 0)));
  return packet;
}
