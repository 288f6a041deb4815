/**
 * Hardware addresses of Ethernet: 48 bits (IEEE Std 802-2014 §8). Inside the stack one is an integer from 0 to 2^48 - 1 whose
 * highest byte is sent first: 02:00:00:00:00:01 is 0x0200_0000_0001. Text and bytes exist only at the edges.
 */
import type { Random } from "../base/random.ts";

export const HARDWARE_ADDRESS_LENGTH = 6;
/** ff:ff:ff:ff:ff:ff */
export const HARDWARE_BROADCAST = 0xffff_ffff_ffff;

/** RFC 1112 §6.4: 01:00:5e and the low 23 bits of the group. */
const IPV4_GROUPS = 0x0100_5e00_0000;
const GROUP_MASK = 0x007f_ffff;

const TWO_TO_32 = 0x1_0000_0000;
const TWO_TO_40 = 0x100_0000_0000;
/** The lowest bits of the first byte: for many stations; and not given by a manufacturer. */
const GROUP_BIT = 1;
const LOCAL_BIT = 2;

export function readHardwareAddress(view: DataView, at: number): number {
  return view.getUint16(at) * TWO_TO_32 + view.getUint32(at + 2);
}

export function writeHardwareAddress(view: DataView, at: number, address: number): void {
  view.setUint16(at, Math.floor(address / TWO_TO_32));
  view.setUint32(at + 2, address); // taken modulo 2^32
}

/** Whether frames for `address` are for many stations; the broadcast is one such. */
export function isGroupHardwareAddress(address: number): boolean {
  return (Math.floor(address / TWO_TO_40) & GROUP_BIT) !== 0;
}

/** Whether one station can have `address`: it is no group and not all zero. */
export function isStationAddress(address: number): boolean {
  return address !== 0 && !isGroupHardwareAddress(address);
}

/** Where frames for the IPv4 multicast `group` (int32) go; 32 groups share one (RFC 1112 §6.4). */
export function groupHardwareAddress(group: number): number {
  return IPV4_GROUPS + (group & GROUP_MASK);
}

/** An address for one station that no manufacturer has given: 46 random bits. */
export function randomHardwareAddress(random: Random): Uint8Array {
  const bytes = new Uint8Array(HARDWARE_ADDRESS_LENGTH);
  random.fill(bytes);
  bytes[0] = ((bytes[0] as number) & ~GROUP_BIT) | LOCAL_BIT;
  return bytes;
}

/** The six bytes as a number. TypeError for anything else, RangeError for one that no station can have. */
export function stationAddressOf(bytes: Uint8Array): number {
  if (!(bytes instanceof Uint8Array) || bytes.length !== HARDWARE_ADDRESS_LENGTH) {
    throw new TypeError(
      `a hardware address is a Uint8Array of ${HARDWARE_ADDRESS_LENGTH} bytes, not ${String(bytes)}`,
    );
  }
  const address = readHardwareAddress(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
  if (!isStationAddress(address)) {
    throw new RangeError(`${formatHardwareAddress(address)} names no station: it is a group, or zero`);
  }
  return address;
}

export function hardwareAddressBytes(address: number): Uint8Array {
  const bytes = new Uint8Array(HARDWARE_ADDRESS_LENGTH);
  writeHardwareAddress(new DataView(bytes.buffer), 0, address);
  return bytes;
}

/** "02:00:00:00:00:01" */
export function formatHardwareAddress(address: number): string {
  const digits = address.toString(16).padStart(2 * HARDWARE_ADDRESS_LENGTH, "0");
  return digits.replace(/(..)(?=.)/g, "$1:");
}

/** Six bytes of two hexadecimal digits between colons. RangeError for anything else. */
export function parseHardwareAddress(text: string): Uint8Array {
  if (typeof text !== "string" || !/^[\da-f]{2}(:[\da-f]{2}){5}$/i.test(text)) {
    throw new RangeError(`a hardware address is written as "02:00:00:00:00:01", not ${String(text)}`);
  }
  return Uint8Array.from(text.split(":"), (byte) => Number.parseInt(byte, 16));
}
