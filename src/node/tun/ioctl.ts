/** The ioctls that make and set up a TUN device (<linux/if_tun.h>, <linux/sockios.h>), as steps for a helper to take. */
import { endianness } from "node:os";

export const LITTLE_ENDIAN = endianness() === "LE";

/** Numbers of ioctls carry their direction in the upper bits; PowerPC counts otherwise than the others. */
const WRITE = process.arch === "ppc64" ? 0x8000_0000 : 0x4000_0000;

/** `_IOW('T', number, int)` */
function tunRequest(number: number): number {
  return (WRITE | (4 << 16) | (0x54 << 8) | number) >>> 0;
}

export const TUNSETPERSIST = tunRequest(203);
export const TUNSETIFF = tunRequest(202);
export const TUNSETOFFLOAD = tunRequest(208);
export const TUNSETVNETHDRSZ = tunRequest(216);

export const SIOCGIFFLAGS = 0x8913;
export const SIOCSIFFLAGS = 0x8914;
export const SIOCGIFADDR = 0x8915;
export const SIOCSIFADDR = 0x8916;
export const SIOCGIFDSTADDR = 0x8917;
export const SIOCSIFDSTADDR = 0x8918;
export const SIOCGIFNETMASK = 0x891b;
export const SIOCSIFNETMASK = 0x891c;
export const SIOCGIFMTU = 0x8921;
export const SIOCSIFMTU = 0x8922;
export const SIOCSIFTXQLEN = 0x8943;

/** For TUNSETIFF: datagrams or Ethernet frames, with nothing in front, or with a virtio-net header. */
export const IFF_TUN = 0x0001;
export const IFF_TAP = 0x0002;
export const IFF_NO_PI = 0x1000;
export const IFF_VNET_HDR = 0x4000;

/** For TUNSETOFFLOAD: what the kernel may hand over unfinished. */
export const TUN_F_CSUM = 0x01;
export const TUN_F_TSO4 = 0x02;
export const TUN_F_TSO6 = 0x04;
export const TUN_F_USO4 = 0x20;
export const TUN_F_USO6 = 0x40;

/** For SIOCSIFFLAGS: up, and what a TUN device is anyhow (POINTOPOINT, NOARP, MULTICAST), or a TAP device (BROADCAST, MULTICAST). */
export const UP_FLAGS = 0x1091;
export const TAP_UP_FLAGS = 0x1003;

/** Of the flags: the interface is up. */
export const IFF_UP = 0x0001;

const NAME_SIZE = 16;
/** sizeof(struct ifreq) where longs have 64 bits; shorter elsewhere, and more does no harm. */
const IFREQ_SIZE = 40;
const AF_INET = 2;

/** One ioctl on the device's descriptor or on a socket. Bytes are passed by address and come back, a number as it is. */
export interface Step {
  readonly on: "device" | "socket";
  readonly request: number;
  readonly argument: Uint8Array | number;
}

/** What became of a step. */
export interface Outcome {
  /** 0 where it worked. */
  readonly errno: number;
  /** The argument as the kernel left it; empty where it was a number. */
  readonly bytes: Uint8Array;
}

/** An `int` as it lies in memory. */
export function intBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, LITTLE_ENDIAN);
  return bytes;
}

/** A `struct ifreq` that says the name alone. */
export function ifreq(name: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(IFREQ_SIZE);
  new TextEncoder().encodeInto(name, bytes.subarray(0, NAME_SIZE - 1));
  return bytes;
}

/** A `struct ifreq` with flags for TUNSETIFF and SIOCSIFFLAGS. */
export function ifreqFlags(name: string, flags: number): Uint8Array {
  const bytes = ifreq(name);
  new DataView(bytes.buffer).setUint16(NAME_SIZE, flags, LITTLE_ENDIAN);
  return bytes;
}

/** A `struct ifreq` with an int, such as the MTU. */
export function ifreqInt(name: string, value: number): Uint8Array {
  const bytes = ifreq(name);
  bytes.set(intBytes(value), NAME_SIZE);
  return bytes;
}

/** A `struct ifreq` with an IPv4 address (int32) in a `struct sockaddr_in`. */
export function ifreqAddress(name: string, address: number): Uint8Array {
  const bytes = ifreq(name);
  const view = new DataView(bytes.buffer);
  view.setUint16(NAME_SIZE, AF_INET, LITTLE_ENDIAN);
  view.setInt32(NAME_SIZE + 4, address);
  return bytes;
}

/** The name in a `struct ifreq`. */
export function nameIn(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.subarray(0, Math.min(end < 0 ? NAME_SIZE : end, NAME_SIZE)));
}

/** The int in a `struct ifreq`. */
export function intIn(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(NAME_SIZE, LITTLE_ENDIAN);
}

/** The flags in a `struct ifreq`. */
export function flagsIn(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint16(NAME_SIZE, LITTLE_ENDIAN);
}

/** The IPv4 address in a `struct ifreq`. */
export function addressIn(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(NAME_SIZE + 4);
}
