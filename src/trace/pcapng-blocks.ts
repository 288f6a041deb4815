/**
 * The blocks that pcapng is made of (draft-ietf-opsawg-pcapng), and how they are written: little-endian, times in microseconds.
 */

export const SECTION_HEADER = 0x0a0d0d0a;
export const INTERFACE_DESCRIPTION = 1;
export const INTERFACE_STATISTICS = 5;
export const ENHANCED_PACKET = 6;
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/**
 * LINKTYPE_IPV4: the packet begins with its IPv4 header. LINKTYPE_RAW, where IPv6 is allowed too, is read as well; it is not
 * written, because libpcap's own number for that type is another one, and it then refuses files of several interfaces.
 */
export const LINKTYPE_IPV4 = 228;
export const LINKTYPE_RAW = 101;
/** LINKTYPE_ETHERNET: 14 bytes of addresses and type come first. */
export const LINKTYPE_ETHERNET = 1;
/** Option codes: common, of a section, of an interface, of its statistics, of a packet. */
export const OPT_COMMENT = 1;
const SHB_USERAPPL = 4;
export const IF_NAME = 2;
const IF_DESCRIPTION = 3;
export const IF_TSRESOL = 9;
const ISB_IFDROP = 5;
export const EPB_FLAGS = 2;

/** Which way a packet went, seen from the interface: the two lowest bits of epb_flags. */
export type CaptureDirection = "unknown" | "in" | "out";
export const DIRECTIONS: readonly CaptureDirection[] = ["unknown", "in", "out"];

/** Writes blocks; without bytes to write to, it only counts. */
export class BlockWriter {
  at = 0;
  readonly bytes: Uint8Array | undefined;
  private readonly view: DataView | undefined;
  private start = 0;

  constructor(bytes: Uint8Array<ArrayBuffer> | undefined) {
    this.bytes = bytes;
    this.view = bytes === undefined ? undefined : new DataView(bytes.buffer, bytes.byteOffset);
  }

  /** The block that every file begins with. */
  section(): void {
    this.begin(SECTION_HEADER);
    this.int32(BYTE_ORDER_MAGIC);
    this.int16(1); // version 1.0
    this.int16(0);
    this.int32(-1); // the section's length is not said
    this.int32(-1);
    this.textOption(SHB_USERAPPL, "netwright");
    this.endOptions();
    this.end();
  }

  /** `snapLength`: the most bytes kept of a packet; 0 is no limit. */
  interface(name: string, linkType: number, snapLength: number, description?: string): void {
    this.begin(INTERFACE_DESCRIPTION);
    this.int16(linkType);
    this.int16(0);
    this.int32(snapLength);
    this.textOption(IF_NAME, name);
    if (description !== undefined) this.textOption(IF_DESCRIPTION, description);
    this.option(IF_TSRESOL, new Uint8Array([6])); // 10^-6 s
    this.endOptions();
    this.end();
  }

  /** How many packets of an interface were not written for want of room. */
  statistics(interfaceNumber: number, time: number, dropped: number): void {
    this.begin(INTERFACE_STATISTICS);
    this.int32(interfaceNumber);
    this.time(time);
    this.int16(ISB_IFDROP);
    this.int16(8);
    this.int32(dropped | 0);
    this.int32(Math.floor(dropped / 0x1_0000_0000));
    this.endOptions();
    this.end();
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

  /** Microseconds, the higher half first whatever the byte order. */
  time(micros: number): void {
    this.int32(Math.floor(micros / 0x1_0000_0000));
    this.int32(micros | 0);
  }

  raw(data: Uint8Array): void {
    this.bytes?.set(data, this.at);
    this.at += data.length;
  }

  /** `data`, and zeros up to a multiple of four. */
  padded(data: Uint8Array): void {
    this.raw(data);
    while ((this.at & 3) !== 0) this.int8(0);
  }

  int8(value: number): void {
    this.view?.setInt8(this.at, value);
    this.at += 1;
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
