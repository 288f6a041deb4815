/** Reads pcapng as it comes, in pieces of any size. */
import {
  BYTE_ORDER_MAGIC,
  type CaptureDirection,
  DIRECTIONS,
  ENHANCED_PACKET,
  EPB_FLAGS,
  IF_NAME,
  IF_TSRESOL,
  INTERFACE_DESCRIPTION,
  LINKTYPE_ETHERNET,
  LINKTYPE_IPV4,
  LINKTYPE_RAW,
  OPT_COMMENT,
  SECTION_HEADER,
} from "./pcapng-blocks.ts";

const ETHERNET_HEADER = 14;
const ETHERTYPE_IPV4 = 0x0800;
/** The first four bytes of a classic pcap file: times in µs or ns, in either byte order. */
const CLASSIC_PCAP = [0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1];
/** Type, length, and the length again. */
const SMALLEST_BLOCK = 12;
/** What is longer is damage: no packet is, and it would be waited for. */
const LARGEST_BLOCK = 64 * 1024 * 1024;

export interface CapturedPacket {
  /** Microseconds. */
  readonly time: number;
  /** Index into the names of the interfaces. */
  readonly interface: number;
  readonly direction: CaptureDirection;
  /** What was kept of the packet. */
  readonly bytes: Uint8Array;
  /** The Ethernet header in front of `bytes`, to be written; of files that are read it is left out. */
  readonly header?: Uint8Array | undefined;
  /** How long it was, without the header; more than `bytes` when a snap length cut it. */
  readonly originalLength: number;
  readonly comment?: string | undefined;
}

/**
 * Sections of either byte order, raw IPv4 or Ethernet, and interfaces of any time resolution. Blocks it does not know are skipped,
 * and so are packets that are not IPv4. What makes no sense is a RangeError that says where.
 */
export class PcapngReader {
  /** Names of the interfaces seen so far, of all sections. */
  readonly interfaces: string[] = [];
  /** Packets of other protocols than IPv4, which are not handed on. */
  notIpv4 = 0;
  private readonly onPacket: (packet: CapturedPacket) => void;
  /** The beginning of a block whose rest has not come. */
  private rest: Uint8Array = new Uint8Array(0);
  /** How many bytes came before the rest. */
  private passed = 0;
  private bytes: Uint8Array = this.rest;
  private view = viewOf(this.rest);
  private little = true;
  /** Interfaces of earlier sections: each section counts its own from 0. */
  private sectionStart = 0;
  private readonly ticksPerMicro: number[] = [];
  private readonly linkTypes: number[] = [];

  constructor(onPacket: (packet: CapturedPacket) => void) {
    this.onPacket = onPacket;
  }

  /** Takes the next bytes and hands on the packets that are whole with them. Throws a RangeError; nothing can be read after it. */
  push(bytes: Uint8Array): void {
    this.bytes = this.rest.length === 0 ? bytes : joined(this.rest, bytes);
    this.view = viewOf(this.bytes);
    let at = 0;
    try {
      for (let length = this.blockAt(at); length > 0; length = this.blockAt(at)) {
        this.readBlock(at, length);
        at += length;
      }
    } finally {
      this.rest = this.bytes.slice(at);
      this.passed += at;
      this.bytes = this.rest;
    }
  }

  /** Nothing more comes. Throws a RangeError when that is in the middle of a block, or when nothing came at all. */
  end(): void {
    const { length } = this.rest;
    if (this.passed + length === 0) throw new RangeError("not a readable pcapng file: it is empty");
    if (length === 0) return;
    const block = length < SMALLEST_BLOCK ? 0 : viewOf(this.rest).getUint32(4, this.little);
    throw this.fault(`it is cut off in a block${block === 0 ? "" : ` of length ${block}`}`, 0);
  }

  /** Length of the block at `at`; 0 when it is not whole yet. */
  private blockAt(at: number): number {
    const { bytes, view } = this;
    const isFirst = this.passed + at === 0;
    if (isFirst && bytes.length >= 4 && CLASSIC_PCAP.includes(view.getUint32(0))) {
      throw new RangeError("a classic pcap file; convert it with `tshark -r … -w … -F pcapng`");
    }
    if (at + SMALLEST_BLOCK > bytes.length) return 0;
    const type = view.getUint32(at, this.little);
    if (isFirst && type !== SECTION_HEADER)
      throw new RangeError("not a readable pcapng file: it does not begin as one");
    if (type === SECTION_HEADER) this.readByteOrder(at);
    const length = view.getUint32(at + 4, this.little);
    if (length < SMALLEST_BLOCK || length % 4 !== 0 || length > LARGEST_BLOCK) {
      throw this.fault(`a block of length ${length}`, at);
    }
    return at + length > bytes.length ? 0 : length;
  }

  private readBlock(at: number, length: number): void {
    const type = this.view.getUint32(at, this.little);
    if (type === SECTION_HEADER) this.sectionStart = this.interfaces.length;
    if (type === INTERFACE_DESCRIPTION) this.readInterface(at, length);
    if (type === ENHANCED_PACKET) this.readPacket(at, length);
  }

  private readByteOrder(at: number): void {
    this.little = this.view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC;
    if (this.view.getUint32(at + 8, this.little) !== BYTE_ORDER_MAGIC) {
      throw this.fault("no byte-order magic", at);
    }
  }

  private readInterface(at: number, length: number): void {
    const link = length < 20 ? -1 : this.view.getUint16(at + 8, this.little);
    if (link !== LINKTYPE_RAW && link !== LINKTYPE_IPV4 && link !== LINKTYPE_ETHERNET) {
      throw this.fault(`link type ${link}; only Ethernet (1) and raw IPv4 (101, 228) are understood`, at);
    }
    let name = `interface ${this.interfaces.length}`;
    let ticksPerMicro = 1;
    this.readOptions(at + 16, at + length - 4, (code, data) => {
      if (code === IF_NAME) name = new TextDecoder().decode(data);
      if (code === IF_TSRESOL) ticksPerMicro = resolution(data[0] ?? 6) / 1e6;
    });
    this.interfaces.push(name);
    this.ticksPerMicro.push(ticksPerMicro);
    this.linkTypes.push(link);
  }

  private readPacket(at: number, length: number): void {
    const { view, little } = this;
    const number = length < 32 ? -1 : this.sectionStart + view.getUint32(at + 8, little);
    const ticksPerMicro = this.ticksPerMicro[number];
    if (ticksPerMicro === undefined) throw this.fault("a packet of an interface that is not described", at);
    const kept = view.getUint32(at + 20, little);
    const dataEnd = at + 28 + ((kept + 3) & ~3);
    if (kept > length || dataEnd > at + length - 4) throw this.fault("a packet longer than its block", at);
    let direction: CaptureDirection = "unknown";
    let comment: string | undefined;
    this.readOptions(dataEnd, at + length - 4, (code, data) => {
      const flags = little ? data[0] : data[3];
      if (code === EPB_FLAGS && flags !== undefined) direction = DIRECTIONS[flags & 3] ?? "unknown";
      if (code === OPT_COMMENT) comment = new TextDecoder().decode(data);
    });
    const start = this.headerLength(number, at + 28, kept);
    if (start < 0) {
      this.notIpv4++;
      return;
    }
    const ticks = view.getUint32(at + 12, little) * 0x1_0000_0000 + view.getUint32(at + 16, little);
    this.onPacket({
      time: Math.floor(ticks / ticksPerMicro),
      interface: number,
      direction,
      bytes: this.bytes.slice(at + 28 + start, at + 28 + kept),
      originalLength: view.getUint32(at + 24, little) - start,
      comment,
    });
  }

  /** Bytes before the IPv4 header of the `kept` bytes at `at`; -1 when they are something else. */
  private headerLength(number: number, at: number, kept: number): number {
    const link = this.linkTypes[number];
    if (link === LINKTYPE_RAW) return kept > 0 && this.view.getUint8(at) >> 4 === 6 ? -1 : 0;
    if (link !== LINKTYPE_ETHERNET) return 0;
    return kept >= ETHERNET_HEADER && this.view.getUint16(at + 12) === ETHERTYPE_IPV4 ? ETHERNET_HEADER : -1;
  }

  private readOptions(from: number, end: number, take: (code: number, data: Uint8Array) => void): void {
    let at = from;
    while (at + 4 <= end) {
      const code = this.view.getUint16(at, this.little);
      const length = this.view.getUint16(at + 2, this.little);
      if (code === 0) return;
      if (at + 4 + length > end) throw this.fault("an option longer than its block", at);
      take(code, this.bytes.subarray(at + 4, at + 4 + length));
      at += 4 + ((length + 3) & ~3);
    }
  }

  private fault(what: string, at: number): RangeError {
    return new RangeError(`not a readable pcapng file: ${what} at byte ${this.passed + at}`);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** Ticks per second of an if_tsresol: a power of ten, or of two when the highest bit is set. */
function resolution(code: number): number {
  return code & 0x80 ? 2 ** (code & 0x7f) : 10 ** code;
}
