/**
 * The messages of DHCP (RFC 2131 §2).
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |     op        |     htype     |     hlen      |     hops      |
 *   |                              xid                              |
 *   |             secs              |B|           flags             |
 *   |                            ciaddr                             |
 *   |                            yiaddr                             |
 *   |                            siaddr                             |
 *   |                            giaddr                             |
 *   |                       chaddr (16 bytes) …                     |
 *   |                       sname (64 bytes) …                      |
 *   |                       file (128 bytes) …                      |
 *   |           magic cookie, options (variable) …                  |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
import { MESSAGE_TYPE, Options, OVERLOAD } from "./options.ts";

export const BOOTREQUEST = 1;
export const BOOTREPLY = 2;

/** Values of the option "DHCP message type" (RFC 2132 §9.6). */
export const DHCPDISCOVER = 1;
export const DHCPOFFER = 2;
export const DHCPREQUEST = 3;
export const DHCPDECLINE = 4;
export const DHCPACK = 5;
export const DHCPNAK = 6;
export const DHCPRELEASE = 7;

const AT_XID = 4;
const AT_SECS = 8;
const AT_FLAGS = 10;
const AT_CIADDR = 12;
const AT_YIADDR = 16;
const AT_CHADDR = 28;
const CHADDR_LENGTH = 16;
const AT_SNAME = 44;
const AT_FILE = 108;
const AT_COOKIE = 236;
const AT_OPTIONS = 240;
const COOKIE = 0x6382_5363;
const FLAG_BROADCAST = 0x8000;
/** Relays and servers of BOOTP's days take nothing shorter (RFC 951 §3; RFC 1542 §2.1). */
const LEAST_LENGTH = 300;

export interface DhcpMessage {
  /** BOOTREQUEST or BOOTREPLY. */
  readonly op: number;
  /** Number and address of the client's hardware; 0 and empty where links have none. */
  readonly hardwareType: number;
  readonly hardwareAddress: Uint8Array;
  /** The transaction, 0 to 2^32 - 1. */
  readonly xid: number;
  /** How long the client has been at it. */
  readonly secs: number;
  /** Whether the answer must come by broadcast. */
  readonly broadcast: boolean;
  /** The address that the client has and uses, int32; else 0. */
  readonly clientAddress: number;
  /** The address that it is given, int32. */
  readonly yourAddress: number;
  /** DHCPDISCOVER … */
  readonly type: number;
  readonly options: Options;
}

/** Reads a message; undefined for what is none, of whatever length it is. */
export function parseDhcpMessage(bytes: Uint8Array): DhcpMessage | undefined {
  if (bytes.length < AT_OPTIONS) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const hardwareLength = view.getUint8(2);
  if (hardwareLength > CHADDR_LENGTH || view.getUint32(AT_COOKIE) !== COOKIE) return undefined;
  const options = readOptions(bytes);
  const type = options?.uint8(MESSAGE_TYPE);
  if (options === undefined || type === undefined) return undefined;
  return {
    op: view.getUint8(0),
    hardwareType: view.getUint8(1),
    hardwareAddress: bytes.slice(AT_CHADDR, AT_CHADDR + hardwareLength),
    xid: view.getUint32(AT_XID),
    secs: view.getUint16(AT_SECS),
    broadcast: (view.getUint16(AT_FLAGS) & FLAG_BROADCAST) !== 0,
    clientAddress: view.getInt32(AT_CIADDR),
    yourAddress: view.getInt32(AT_YIADDR),
    type,
    options,
  };
}

/** The options in their order: behind the cookie, then in `file`, then in `sname` (RFC 2131 §4.1; RFC 3396 §5). */
function readOptions(bytes: Uint8Array): Options | undefined {
  const options = new Options();
  if (!options.read(bytes.subarray(AT_OPTIONS))) return undefined;
  const overload = options.uint8(OVERLOAD) ?? 0;
  if ((overload & 1) !== 0 && !options.read(bytes.subarray(AT_FILE, AT_COOKIE))) return undefined;
  if ((overload & 2) !== 0 && !options.read(bytes.subarray(AT_SNAME, AT_FILE))) return undefined;
  return options;
}

/** The bytes of `message`, whose type is written as its first option. */
export function writeDhcpMessage(message: DhcpMessage): Uint8Array {
  const all = new Options().setUint8(MESSAGE_TYPE, message.type).write();
  const options = message.options.write();
  const typeLength = all.length - 1; // without its END
  const bytes = new Uint8Array(Math.max(LEAST_LENGTH, AT_OPTIONS + typeLength + options.length));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, message.op);
  view.setUint8(1, message.hardwareType);
  view.setUint8(2, message.hardwareAddress.length);
  view.setUint32(AT_XID, message.xid);
  view.setUint16(AT_SECS, Math.min(message.secs, 0xffff));
  view.setUint16(AT_FLAGS, message.broadcast ? FLAG_BROADCAST : 0);
  view.setInt32(AT_CIADDR, message.clientAddress);
  view.setInt32(AT_YIADDR, message.yourAddress);
  bytes.set(message.hardwareAddress, AT_CHADDR);
  view.setUint32(AT_COOKIE, COOKIE);
  bytes.set(all.subarray(0, typeLength), AT_OPTIONS);
  bytes.set(options, AT_OPTIONS + typeLength);
  return bytes;
}
