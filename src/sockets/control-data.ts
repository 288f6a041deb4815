/** The data of control messages: the objects that users write and read, and how many bytes C's structures for them take. */
import { EINVAL } from "../base/errno.ts";
import { formatAddress } from "../ip/address.ts";
import { placeAddress } from "./address.ts";
import type { Credentials, ExtendedError } from "./message.ts";
import { checkInteger, checkRange, show } from "./misuse.ts";

/** `struct cmsghdr` on a 64-bit machine, bytes. */
const HEADER_BYTES = 16;
const ALIGNMENT = 8;
export const INTEGER_BYTES = 4;
/** `struct in_pktinfo`, `struct ucred`, `struct timeval`, `struct sock_extended_err` with a `sockaddr_in` behind it. */
export const PACKET_INFO_BYTES = 12;
export const CREDENTIALS_BYTES = 12;
export const TIMEVAL_BYTES = 16;
export const EXTENDED_ERROR_BYTES = 32;

/** Bytes of a control message with `length` bytes of data, without what fills it up: C's CMSG_LEN. */
export function CMSG_LEN(length: number): number {
  checkRange("CMSG_LEN", "length", length, 0, 0x7fff_ffff - HEADER_BYTES);
  return HEADER_BYTES + length;
}

/** Bytes that a control message with `length` bytes of data takes from the room there is: C's CMSG_SPACE. */
export function CMSG_SPACE(length: number): number {
  checkRange("CMSG_SPACE", "length", length, 0, 0x7fff_ffff - HEADER_BYTES - ALIGNMENT);
  return HEADER_BYTES + Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

/** `struct in_pktinfo` (IP_PKTINFO). */
export interface PacketInfo {
  /** The interface, from 1; 0: as the routes say. */
  ifindex?: number;
  /** To send: the source address. Received: the address of ours to answer from. Dotted quad, or a number as INADDR_ANY. */
  spec_dst?: string | number;
  /** Received: the destination in the header. Not looked at in what is sent. */
  addr?: string | number;
}

/** `struct timeval` (SO_TIMESTAMP): when it arrived, counted from the start of the host's clock. */
export interface Timeval {
  readonly sec: number;
  readonly usec: number;
}

/**
 * Numbers for IP_TTL, IP_TOS, TCP_CM_INQ; descriptors for SCM_RIGHTS; the structures as objects. To send, a
 * `Uint8Array` may hold what C would put there, little-endian.
 */
export type ControlData =
  | number
  | Uint8Array
  | Int32Array
  | readonly number[]
  | PacketInfo
  | Credentials
  | Timeval
  | ExtendedError;

/** `struct cmsghdr` and what follows it. */
export interface ControlMessage {
  /** SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP. */
  level: number;
  /** SCM_RIGHTS, SCM_CREDENTIALS, SCM_TIMESTAMP; IP_PKTINFO, IP_TTL, IP_TOS, IP_RECVERR; TCP_CM_INQ. */
  type: number;
  data: ControlData;
}

export function checkControl(call: string, message: unknown): asserts message is ControlMessage {
  if (typeof message !== "object" || message === null || !("data" in message)) {
    throw new TypeError(
      `${call}: a control message is an object { level, type, data }, not ${show(message)}`,
    );
  }
  const { level, type, data } = message as Partial<ControlMessage>;
  checkInteger(call, "level", level);
  checkInteger(call, "type", type);
  if (typeof data === "number" || (typeof data === "object" && data !== null)) return;
  const forms = "a number, a Uint8Array, an array of descriptors or an object";
  throw new TypeError(`${call}: the data of a control message is ${forms}, not ${show(data)}`);
}

/** Bytes that C would have in the place of `data`. */
export function dataBytes(data: ControlData): number {
  if (data instanceof Uint8Array) return data.length;
  if (typeof data === "number") return INTEGER_BYTES;
  if (Array.isArray(data) || data instanceof Int32Array) return INTEGER_BYTES * data.length;
  return "sec" in data ? TIMEVAL_BYTES : PACKET_INFO_BYTES;
}

/** The integer of `data`, or undefined when it is none: EINVAL. `octetToo`: a single byte will do (IP_TOS). */
export function integerOf(call: string, data: ControlData, octetToo = false): number | undefined {
  if (typeof data === "number") {
    checkInteger(call, "data", data);
    return data;
  }
  if (!(data instanceof Uint8Array)) {
    throw new TypeError(`${call}: the data of this control message is an integer, not ${show(data)}`);
  }
  if (octetToo && data.length === 1) return data[0];
  return data.length === INTEGER_BYTES ? integers(data)[0] : undefined;
}

/** The descriptors of SCM_RIGHTS. Of bytes that do not make a whole descriptor Linux takes no notice. */
export function rightsOf(call: string, data: ControlData): readonly number[] {
  if (data instanceof Uint8Array) return integers(data);
  if (!Array.isArray(data) && !(data instanceof Int32Array)) {
    throw new TypeError(`${call}: the data of SCM_RIGHTS is an array of descriptors, not ${show(data)}`);
  }
  const descriptors: readonly number[] = Array.from(data as ArrayLike<number>);
  for (const descriptor of descriptors) checkInteger(call, "a descriptor", descriptor);
  return descriptors;
}

/** What IP_PKTINFO says: the interface from 1 (0: any) and the int32 of the source (0: any). -EINVAL for a wrong length. */
export function packetInfoOf(
  call: string,
  data: ControlData,
): { interfaceNumber: number; source: number } | number {
  if (data instanceof Uint8Array) {
    if (data.length !== PACKET_INFO_BYTES) return -EINVAL;
    const view = new DataView(data.buffer, data.byteOffset);
    return { interfaceNumber: view.getInt32(0, true), source: view.getInt32(4) };
  }
  checkStructure(call, "IP_PKTINFO", "{ ifindex, spec_dst }", data);
  const { ifindex = 0, spec_dst = 0 } = data as PacketInfo;
  checkInteger(call, "ifindex", ifindex);
  return { interfaceNumber: ifindex, source: placeAddress(call, spec_dst) };
}

/** What SCM_CREDENTIALS says. -EINVAL for a wrong length. */
export function credentialsOf(call: string, data: ControlData): Credentials | number {
  if (data instanceof Uint8Array) {
    if (data.length !== CREDENTIALS_BYTES) return -EINVAL;
    const [pid, uid, gid] = integers(data) as [number, number, number];
    return { pid, uid, gid };
  }
  checkStructure(call, "SCM_CREDENTIALS", "{ pid, uid, gid }", data);
  const { pid, uid, gid } = data as Credentials;
  checkInteger(call, "pid", pid);
  checkInteger(call, "uid", uid);
  checkInteger(call, "gid", gid);
  return { pid, uid, gid };
}

export function timevalOf(micros: number): Timeval {
  const usec = micros % 1e6;
  return { sec: (micros - usec) / 1e6, usec };
}

export function packetInfo(interfaceIndex: number, answerFrom: number, destination: number): PacketInfo {
  return {
    ifindex: interfaceIndex + 1,
    spec_dst: formatAddress(answerFrom),
    addr: formatAddress(destination),
  };
}

function checkStructure(call: string, name: string, form: string, data: unknown): void {
  if (typeof data === "object" && data !== null && !Array.isArray(data)) return;
  throw new TypeError(`${call}: the data of ${name} is an object ${form}, not ${show(data)}`);
}

/** As many whole little-endian integers as there are. */
function integers(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = Math.floor(bytes.length / INTEGER_BYTES);
  return Array.from({ length: count }, (_, index) => view.getInt32(index * INTEGER_BYTES, true));
}
