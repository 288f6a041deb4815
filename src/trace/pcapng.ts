/**
 * pcapng, the capture file format of Wireshark and tcpdump (draft-ietf-opsawg-pcapng). Little-endian, timestamps in
 * microseconds, packets that begin with their IPv4 header. Virtual time 0 is the epoch, 1970.
 */
import {
  BlockWriter,
  DIRECTIONS,
  ENHANCED_PACKET,
  EPB_FLAGS,
  LINKTYPE_ETHERNET,
  LINKTYPE_IPV4,
  OPT_COMMENT,
} from "./pcapng-blocks.ts";
import { type CapturedPacket, PcapngReader } from "./pcapng-reader.ts";

export type { CaptureDirection } from "./pcapng-blocks.ts";
export type { CapturedPacket } from "./pcapng-reader.ts";

export interface CaptureFile {
  /** Names of the interfaces. */
  readonly interfaces: readonly string[];
  readonly packets: readonly CapturedPacket[];
  /** The most bytes kept of a packet; 0 is no limit. */
  readonly snapLength?: number;
}

const NO_HEADER = new Uint8Array(0);
/** Of IPv4 from nobody to nobody, as `lo` has it: for what has crossed a wire without frames. */
const BLANK_HEADER = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x00);

/** `file` as pcapng, every block made in two passes: first its length, then its bytes. */
export function writePcapng(file: CaptureFile): Uint8Array<ArrayBuffer> {
  const sizer = new BlockWriter(undefined);
  writeBlocks(sizer, file);
  const writer = new BlockWriter(new Uint8Array(sizer.at));
  writeBlocks(writer, file);
  return writer.bytes as Uint8Array<ArrayBuffer>;
}

function writeBlocks(writer: BlockWriter, file: CaptureFile): void {
  writer.section();
  // libpcap refuses files of several types: where one packet has an Ethernet header they all get one
  const isEthernet = file.packets.some(({ header }) => header !== undefined);
  const linkType = isEthernet ? LINKTYPE_ETHERNET : LINKTYPE_IPV4;
  const { snapLength = 0 } = file;
  const limit = snapLength === 0 ? 0 : snapLength + (isEthernet ? BLANK_HEADER.length : 0);
  for (const name of file.interfaces) writer.interface(name, linkType, limit);
  for (const packet of file.packets) {
    const { header = isEthernet ? BLANK_HEADER : NO_HEADER } = packet;
    writer.begin(ENHANCED_PACKET);
    writer.int32(packet.interface);
    writer.time(packet.time);
    writer.int32(header.length + packet.bytes.length);
    writer.int32(header.length + packet.originalLength);
    writer.raw(header);
    writer.padded(packet.bytes);
    const direction = DIRECTIONS.indexOf(packet.direction);
    if (direction > 0) writer.option(EPB_FLAGS, new Uint8Array([direction, 0, 0, 0]));
    if (packet.comment !== undefined) writer.textOption(OPT_COMMENT, packet.comment);
    if (direction > 0 || packet.comment !== undefined) writer.endOptions();
    writer.end();
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
  const packets: CapturedPacket[] = [];
  const reader = new PcapngReader((packet) => packets.push(packet));
  let fault: RangeError | undefined;
  try {
    reader.push(bytes);
    reader.end();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    fault = error;
  }
  const { interfaces, notIpv4 } = reader;
  return { interfaces, packets, notIpv4, fault };
}
