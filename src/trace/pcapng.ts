/**
 * pcapng, the capture file format of Wireshark and tcpdump (draft-ietf-opsawg-pcapng). Little-endian, timestamps in
 * microseconds, packets that begin with their IPv4 header. Virtual time 0 is the epoch, 1970.
 */

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/**
 * LINKTYPE_IPV4: the packet begins with its IPv4 header. LINKTYPE_RAW, where IPv6 is allowed too, is read as well; it is not
 * written, because libpcap's own number for that type is another one, and it then refuses files of several interfaces.
 */
const LINKTYPE_IPV4 = 228;
const LINKTYPE_RAW = 101;
/** LINKTYPE_ETHERNET: 14 bytes of addresses and type come first; it is read and not written. */
const LINKTYPE_ETHERNET = 1;
const ETHERNET_HEADER = 14;
const ETHERTYPE_IPV4 = 0x0800;
/** The first four bytes of a classic pcap file: times in µs or ns, in either byte order. */
const CLASSIC_PCAP = [0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1];
/** Option codes: common, of an interface, of a packet. */
const OPT_COMMENT = 1;
const SHB_USERAPPL = 4;
const IF_NAME = 2;
const IF_TSRESOL = 9;
const EPB_FLAGS = 2;

/** Which way a packet went, seen from the interface: the two lowest bits of epb_flags. */
export type CaptureDirection = "unknown" | "in" | "out";
const DIRECTIONS: readonly CaptureDirection[] = ["unknown", "in", "out"];

export interface CapturedPacket {
  /** Microseconds. */
  readonly time: number;
  /** Index into {@link CaptureFile.interfaces}. */
  readonly interface: number;
  readonly direction: CaptureDirection;
  /** What was kept of the packet. */
  readonly bytes: Uint8Array;
  /** How long it was; more than `bytes` when a snap length cut it. */
  readonly originalLength: number;
  readonly comment?: string | undefined;
}

export interface CaptureFile {
  /** Names of the interfaces. */
  readonly interfaces: readonly string[];
  readonly packets: readonly CapturedPacket[];
  /** The most bytes kept of a packet; 0 is no limit. */
  readonly snapLength?: number;
}

/** `file` as pcapng, every block made in two passes: first its length, then its bytes. */
export function writePcapng(file: CaptureFile): Uint8Array<ArrayBuffer> {
  const sizer = new BlockWriter(undefined);
  writeBlocks(sizer, file);
  const writer = new BlockWriter(new Uint8Array(sizer.at));
  writeBlocks(writer, file);
  return writer.bytes as Uint8Array<ArrayBuffer>;
}

function writeBlocks(writer: BlockWriter, file: CaptureFile): void {
  writer.begin(SECTION_HEADER);
  writer.int32(BYTE_ORDER_MAGIC);
  writer.int16(1); // version 1.0
  writer.int16(0);
  writer.int32(-1); // the section's length is not said
  writer.int32(-1);
  writer.textOption(SHB_USERAPPL, "netwright");
  writer.endOptions();
  writer.end();
  for (const name of file.interfaces) {
    writer.begin(INTERFACE_DESCRIPTION);
    writer.int16(LINKTYPE_IPV4);
    writer.int16(0);
    writer.int32(file.snapLength ?? 0);
    writer.textOption(IF_NAME, name);
    writer.option(IF_TSRESOL, new Uint8Array([6])); // 10^-6 s
    writer.endOptions();
    writer.end();
  }
  for (const packet of file.packets) {
    writer.begin(ENHANCED_PACKET);
    writer.int32(packet.interface);
    writer.int32(Math.floor(packet.time / 0x1_0000_0000));
    writer.int32(packet.time | 0);
    writer.int32(packet.bytes.length);
    writer.int32(packet.originalLength);
    writer.padded(packet.bytes);
    const direction = DIRECTIONS.indexOf(packet.direction);
    if (direction > 0) writer.option(EPB_FLAGS, new Uint8Array([direction, 0, 0, 0]));
    if (packet.comment !== undefined) writer.textOption(OPT_COMMENT, packet.comment);
    if (direction > 0 || packet.comment !== undefined) writer.endOptions();
    writer.end();
  }
}

/** Writes blocks; without bytes to write to, it only counts. */
class BlockWriter {
  at = 0;
  readonly bytes: Uint8Array | undefined;
  private readonly view: DataView | undefined;
  private start = 0;

  constructor(bytes: Uint8Array<ArrayBuffer> | undefined) {
    this.bytes = bytes;
    this.view = bytes === undefined ? undefined : new DataView(bytes.buffer);
  }

  begin(type: number): void {
    this.start = this.at;
    this.int32(type);
    this.int32(0); // the length: known at the end
  }

  end(): void {
    const length = this.at + 4 - this.start;
    this.view?.setInt32(this.start + 4, length, true);
    this.int32(length);
  }

  int16(value: number): void {
    this.view?.setInt16(this.at, value, true);
    this.at += 2;
  }

  int32(value: number): void {
    this.view?.setInt32(this.at, value, true);
    this.at += 4;
  }

  /** `data`, and zeros up to a multiple of four. */
  padded(data: Uint8Array): void {
    this.bytes?.set(data, this.at);
    this.at += (data.length + 3) & ~3;
  }

  option(code: number, data: Uint8Array): void {
    this.int16(code);
    this.int16(data.length);
    this.padded(data);
  }

  textOption(code: number, text: string): void {
    this.option(code, new TextEncoder().encode(text));
  }

  /** opt_endofopt. */
  endOptions(): void {
    this.int32(0);
  }
}

/**
 * Reads pcapng: sections of either byte order, raw IPv4 or Ethernet, and interfaces of any time resolution. Blocks it does
 * not know are skipped, and so are packets that are not IPv4. Throws a RangeError that says where the file stops making
 * sense.
 */
export function readPcapng(bytes: Uint8Array): CaptureFile {
  const { interfaces, packets, fault } = scanPcapng(bytes);
  if (fault !== undefined) throw fault;
  return { interfaces, packets };
}

/** What can be read of a file that may be damaged or cut off. */
export interface CaptureScan extends CaptureFile {
  /** Packets of other protocols than IPv4, which are not among `packets`. */
  readonly notIpv4: number;
  /** Where and why reading ended before the end. */
  readonly fault: RangeError | undefined;
}

/** As {@link readPcapng}, but never throws. */
export function scanPcapng(bytes: Uint8Array): CaptureScan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = new PcapngReader(bytes, view);
  let fault: RangeError | undefined;
  try {
    reader.readAll();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    fault = error;
  }
  const { interfaces, packets, notIpv4 } = reader;
  return { interfaces, packets, notIpv4, fault };
}

class PcapngReader {
  readonly interfaces: string[] = [];
  readonly packets: CapturedPacket[] = [];
  notIpv4 = 0;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private little = true;
  /** Interfaces of earlier sections: each section counts its own from 0. */
  private sectionStart = 0;
  private readonly ticksPerMicro: number[] = [];
  private readonly linkTypes: number[] = [];

  constructor(bytes: Uint8Array, view: DataView) {
    this.bytes = bytes;
    this.view = view;
  }

  readAll(): void {
    if (this.bytes.length === 0) throw new RangeError("not a readable pcapng file: it is empty");
    if (this.bytes.length >= 4 && CLASSIC_PCAP.includes(this.view.getUint32(0))) {
      throw new RangeError("a classic pcap file; convert it with `tshark -r … -w … -F pcapng`");
    }
    let at = 0;
    while (at < this.bytes.length) {
      if (at + 12 > this.bytes.length) throw fault("it is cut off in a block", at);
      const type = this.view.getUint32(at, this.little);
      if (at === 0 && type !== SECTION_HEADER) throw fault("this is not a pcapng file", at);
      if (type === SECTION_HEADER) this.readByteOrder(at);
      const length = this.view.getUint32(at + 4, this.little);
      if (length < 12 || length % 4 !== 0) throw fault(`a block of length ${length}`, at);
      if (at + length > this.bytes.length) throw fault(`it is cut off in a block of length ${length}`, at);
      if (type === INTERFACE_DESCRIPTION) this.readInterface(at, length);
      if (type === ENHANCED_PACKET) this.readPacket(at, length);
      at += length;
    }
  }

  private readByteOrder(at: number): void {
    this.little = this.view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC;
    if (this.view.getUint32(at + 8, this.little) !== BYTE_ORDER_MAGIC) {
      throw fault("no byte-order magic", at);
    }
    this.sectionStart = this.interfaces.length;
  }

  private readInterface(at: number, length: number): void {
    const link = length < 20 ? -1 : this.view.getUint16(at + 8, this.little);
    if (link !== LINKTYPE_RAW && link !== LINKTYPE_IPV4 && link !== LINKTYPE_ETHERNET) {
      throw fault(`link type ${link}; only Ethernet (1) and raw IPv4 (101, 228) are understood`, at);
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
    if (ticksPerMicro === undefined) throw fault("a packet of an interface that is not described", at);
    const kept = view.getUint32(at + 20, little);
    const dataEnd = at + 28 + ((kept + 3) & ~3);
    if (kept > length || dataEnd > at + length - 4) throw fault("a packet longer than its block", at);
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
    this.packets.push({
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
      if (at + 4 + length > end) throw fault("an option longer than its block", at);
      take(code, this.bytes.subarray(at + 4, at + 4 + length));
      at += 4 + ((length + 3) & ~3);
    }
  }
}

/** Ticks per second of an if_tsresol: a power of ten, or of two when the highest bit is set. */
function resolution(code: number): number {
  return code & 0x80 ? 2 ** (code & 0x7f) : 10 ** code;
}

function fault(what: string, at: number): RangeError {
  return new RangeError(`not a readable pcapng file: ${what} at byte ${at}`);
}
