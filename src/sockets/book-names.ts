/**
 * Structures in the spelling of books, `{ tv_sec, tv_usec }`, which calls take beside their own. What calls give has their
 * own names, but in what the caller handed in to be filled the caller's spelling is kept.
 */
import { formatAddress } from "../ip/address.ts";
import { checkFields, checkInteger, show } from "./misuse.ts";
import { addressNumber, type InAddr } from "./sockaddr.ts";

/** `struct timeval`, for a time to wait. */
export interface BookTimeval {
  tv_sec: number;
  /** Microseconds. */
  tv_usec: number;
}

/** `struct linger`. */
export interface BookLinger {
  l_onoff: number;
  /** Seconds. */
  l_linger: number;
}

/** `struct ip_mreq`, or with `imr_ifindex` `struct ip_mreqn`. Addresses are in network order, or dotted quads. */
export interface BookGroupRequest {
  imr_multiaddr: InAddr | string;
  imr_interface?: InAddr | string;
  imr_address?: InAddr | string;
  /** From 1; 0 is none. */
  imr_ifindex?: number;
}

/** `struct ifreq`: what is filled in has the names of InterfaceRequest. */
export interface BookInterfaceRequest {
  ifr_name?: string;
  ifr_ifindex?: number;
}

/** `struct cmsghdr`. */
export interface BookControlMessage<Data> {
  cmsg_level: number;
  cmsg_type: number;
  cmsg_data: Data;
  /** Not looked at, as all lengths beside what has one. */
  cmsg_len?: number;
}

/** `struct msghdr`. */
export interface BookMessage<Name, Piece, Control> {
  msg_name?: Name | null;
  msg_namelen?: number;
  msg_iov: readonly Piece[];
  msg_iovlen?: number;
  msg_control?: Control | null;
  msg_controllen?: number;
  msg_flags?: number;
}

/** A structure: how its fields are called here, and what books call them. */
interface Structure {
  readonly fields: readonly string[];
  /** From the book's name of a field to ours; "" is not looked at. */
  readonly book: Readonly<Record<string, string>>;
}

export const LINGER_FIELDS: Structure = {
  fields: ["onoff", "linger"],
  book: { l_onoff: "onoff", l_linger: "linger" },
};
export const GROUP_FIELDS: Structure = { fields: ["multiaddr", "interface"], book: {} };
export const PACKET_GROUP_FIELDS: Structure = {
  fields: ["interface", "type", "address"],
  book: { mr_ifindex: "interface", mr_type: "type", mr_address: "address", mr_alen: "" },
};
export const MULTICAST_FIELDS: Structure = { fields: ["address", "interface"], book: {} };
export const IFREQ_FIELDS: Structure = {
  fields: ["name", "index", "address", "netmask", "broadcast", "flags", "mtu"],
  book: { ifr_name: "name", ifr_ifindex: "index" },
};
export const MESSAGE_FIELDS: Structure = {
  fields: ["name", "iov", "control", "controllen", "flags"],
  book: {
    msg_name: "name",
    msg_namelen: "",
    msg_iov: "iov",
    msg_iovlen: "",
    msg_control: "control",
    msg_controllen: "controllen",
    msg_flags: "flags",
  },
};
export const CONTROL_FIELDS: Structure = {
  fields: ["level", "type", "data"],
  book: { cmsg_len: "", cmsg_level: "level", cmsg_type: "type", cmsg_data: "data" },
};

/**
 * `given` with our names for its fields: itself if it has them already. What is null in a book's structure is not there.
 * TypeError for a field that neither knows, unless `isOpen`. What is no plain object is given back as it is.
 */
export function ownNames(call: string, { fields, book }: Structure, given: unknown, isOpen = false): unknown {
  if (typeof given !== "object" || given === null || isSomethingElse(given)) return given;
  const names = Object.keys(given);
  const isBook = names.some((name) => name in book);
  if (!isOpen) checkFields(call, "field", given, isBook ? Object.keys(book) : fields);
  if (!isBook) return given;
  const entries = Object.entries(given).filter(([name, value]) => book[name] && value !== null);
  return Object.fromEntries(entries.map(([name, value]) => [book[name], value]));
}

/** Writes what a call has filled in, `answer` in our names, back into `given`. */
export function fillIn(given: object, { book }: Structure, answer: object): void {
  const isBook = Object.keys(given).some((name) => name in book);
  if (!isBook) return void Object.assign(given, answer);
  const spelled = new Map(Object.entries(book).map(([theirs, ours]) => [ours, theirs]));
  for (const [name, value] of Object.entries(answer)) Reflect.set(given, spelled.get(name) ?? name, value);
}

function isSomethingElse(given: object): boolean {
  return Array.isArray(given) || ArrayBuffer.isView(given);
}

/** Whether it is a `struct timeval`. */
export function isTimeval(given: unknown): given is BookTimeval {
  return typeof given === "object" && given !== null && ("tv_sec" in given || "tv_usec" in given);
}

/** The milliseconds of a `struct timeval`. */
export function timevalMillis(call: string, given: BookTimeval): number {
  checkFields(call, "field", given, ["tv_sec", "tv_usec"]);
  const { tv_sec, tv_usec = 0 } = given;
  checkInteger(call, "tv_sec", tv_sec);
  checkInteger(call, "tv_usec", tv_usec);
  return tv_sec * 1000 + tv_usec / 1000;
}

const GROUP_NAMES = ["imr_multiaddr", "imr_interface", "imr_address", "imr_ifindex"];

/** `struct ip_mreq` and `struct ip_mreqn` in our names, with addresses as dotted quads. */
export function ownGroupRequest(call: string, own: Structure, given: unknown): unknown {
  if (typeof given !== "object" || given === null || !GROUP_NAMES.some((name) => name in given)) {
    return ownNames(call, own, given);
  }
  checkFields(call, "field", given, GROUP_NAMES);
  const { imr_multiaddr, imr_interface, imr_address, imr_ifindex } = given as Partial<BookGroupRequest>;
  const address = addressText(call, "the interface's address", imr_address ?? imr_interface ?? "");
  if (imr_multiaddr === undefined) return { address, interface: imr_ifindex ?? 0 };
  return { multiaddr: addressText(call, "imr_multiaddr", imr_multiaddr), interface: imr_ifindex || address };
}

function addressText(call: string, what: string, address: unknown): string {
  if (typeof address === "string") return address;
  if (typeof address === "object" && address !== null) {
    return formatAddress(addressNumber(call, what, address as InAddr));
  }
  throw new TypeError(
    `${call}: ${what} is { s_addr: htonl(…) }, 4 bytes or a dotted quad, not ${show(address)}`,
  );
}
