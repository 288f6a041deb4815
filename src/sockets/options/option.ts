/** What a row of the table of socket options is made of: a new option is a new row in one of this folder's lists. */
import { EDOM } from "../../base/errno.ts";
import type { TcpInfo } from "../../tcp/index.ts";
import {
  type BookGroupRequest,
  type BookLinger,
  type BookTimeval,
  GROUP_FIELDS,
  isTimeval,
  LINGER_FIELDS,
  MULTICAST_FIELDS,
  ownGroupRequest,
  ownNames,
  PACKET_GROUP_FIELDS,
  timevalMillis,
} from "../book-names.ts";
import {
  type IP_MULTICAST_IF,
  type IP_OPTIONS,
  IPPROTO_IP,
  IPPROTO_TCP,
  type SO_BINDTODEVICE,
  type SO_LINGER,
  type SO_PEERCRED,
  SOL_SOCKET,
  type TCP_CONGESTION,
  type TCP_INFO,
} from "../constants.ts";
import type { SocketCore } from "../core.ts";
import { InetCore } from "../inet-core.ts";
import type { Credentials } from "../message.ts";
import { StreamCore } from "../stream.ts";

export interface Linger {
  /** 0: close returns at once and the data follows by itself. */
  onoff: number;
  /** Seconds that close waits at most; 0 sends RST and forgets the data. */
  linger: number;
}

/** `struct ip_mreq` or `struct ip_mreqn` (IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP). */
export interface GroupRequest {
  /** The group: a dotted quad, or a number as INADDR_ANY is one. */
  multiaddr: string | number;
  /** An address of the interface, or its index from 1; left out, "" and "0.0.0.0": as the routes say. */
  interface?: string | number;
}

/** `struct ip_mreqn` of IP_MULTICAST_IF: the source address, and the interface's index from 1. */
export interface MulticastInterface {
  address?: string | number;
  interface?: number;
}

/** `struct packet_mreq` (PACKET_ADD_MEMBERSHIP, PACKET_DROP_MEMBERSHIP). */
export interface PacketGroupRequest {
  /** By name, or by index from 1. */
  interface: string | number;
  /** PACKET_MR_…; the default, 0, is one multicast address. */
  type?: number;
  /** The link-layer address, where the type is about one. */
  address?: Uint8Array;
}

export type OptionValue =
  | number
  | string
  | Linger
  | TcpInfo
  | Credentials
  | Uint8Array
  | GroupRequest
  | MulticastInterface
  | PacketGroupRequest;

/** What `setsockopt` takes: books' names for the fields will do as well. */
export type OptionInput = OptionValue | BookTimeval | BookLinger | BookGroupRequest;

/** What `getsockopt` gives for option `O` of level `L`, when both are written as constants. */
export type OptionValueOf<L extends number, O extends number> = number extends L | O
  ? OptionValue
  : L extends typeof SOL_SOCKET
    ? SocketValue<O>
    : L extends typeof IPPROTO_TCP
      ? O extends typeof TCP_INFO
        ? TcpInfo
        : O extends typeof TCP_CONGESTION
          ? string
          : number
      : L extends typeof IPPROTO_IP
        ? O extends typeof IP_OPTIONS
          ? Uint8Array
          : O extends typeof IP_MULTICAST_IF
            ? string
            : number
        : number;

type SocketValue<O extends number> = O extends typeof SO_LINGER
  ? Linger
  : O extends typeof SO_PEERCRED
    ? Credentials
    : O extends typeof SO_BINDTODEVICE
      ? string
      : number;

/** What kind of value an option takes, and how the TypeError says it. */
export interface Kind<V> {
  readonly takes: string;
  /** An object in our names for its fields, where books have others; or why it cannot be. */
  own?(value: object): unknown;
  accepts(value: unknown): value is V;
}

/** What `get` answers instead of a value: the option cannot be told now, or not of this socket. A positive errno. */
export class Refusal {
  readonly errno: number;

  constructor(errno: number) {
    this.errno = errno;
  }
}

/** A row. Without `set` it can only be read, without `get` only set. `set` answers a negative errno, or nothing when all is well. */
export interface Row<C, V> {
  /** One line for the reference. */
  readonly summary: string;
  /** What its numbers count, if they count something. */
  readonly unit?: string;
  /** What a new socket has, in words where it depends. */
  readonly default?: string | number;
  readonly get?: (core: C) => OptionValue | boolean | Refusal;
  readonly set?: (core: C, value: V) => number | undefined;
  /** The least and the most it takes; beyond is EINVAL. */
  readonly range?: readonly [least: number, most: number];
}

export interface Option {
  readonly level: number;
  readonly name: string;
  readonly number: number;
  readonly kind: Kind<unknown>;
  readonly row: Row<SocketCore, unknown>;
}

/** A constant with its name, as `{ SO_TYPE }` writes both at once. */
type Constant = Readonly<Record<string, number>>;

export const INTEGER: Kind<number> = {
  takes: "an integer",
  accepts: (value): value is number => Number.isInteger(value),
};
export const FLAG: Kind<number | boolean> = {
  takes: "0 or 1",
  accepts: (value): value is number | boolean => typeof value === "boolean" || Number.isInteger(value),
};
export const MILLIS: Kind<number> = {
  takes: "a number of milliseconds",
  own: (value) => (isTimeval(value) ? optionMillis(value) : value),
  accepts: (value): value is number => Number.isFinite(value),
};
export const TEXT: Kind<string> = {
  takes: "a string",
  accepts: (value): value is string => typeof value === "string",
};
export const BYTES: Kind<Uint8Array> = {
  takes: "a Uint8Array",
  accepts: (value): value is Uint8Array => value instanceof Uint8Array,
};
export const LINGER: Kind<Linger> = {
  takes: "an object { onoff, linger } of integers",
  own: (value) => ownNames("setsockopt", LINGER_FIELDS, value),
  accepts: (value): value is Linger => {
    if (typeof value !== "object" || value === null) return false;
    const { onoff, linger } = value as Partial<Linger>;
    return FLAG.accepts(onoff) && INTEGER.accepts(linger);
  },
};
export const GROUP: Kind<GroupRequest> = {
  takes: "an object { multiaddr, interface }",
  own: (value) => ownGroupRequest("setsockopt", GROUP_FIELDS, value),
  accepts: (value): value is GroupRequest => {
    if (typeof value !== "object" || value === null) return false;
    const { multiaddr, interface: by } = value as Partial<GroupRequest>;
    return isAddress(multiaddr) && (by === undefined || isAddress(by));
  },
};
export const PACKET_GROUP: Kind<PacketGroupRequest> = {
  takes: "an object { interface, type }",
  own: (value) => ownNames("setsockopt", PACKET_GROUP_FIELDS, value),
  accepts: (value): value is PacketGroupRequest => {
    if (typeof value !== "object" || value === null) return false;
    return isAddress((value as PacketGroupRequest).interface);
  },
};
export const MULTICAST_INTERFACE: Kind<string | number | MulticastInterface> = {
  takes: "an address, or an object { address, interface }",
  own: (value) => ownGroupRequest("setsockopt", MULTICAST_FIELDS, value),
  accepts: (value): value is string | number | MulticastInterface => {
    if (isAddress(value)) return true;
    if (typeof value !== "object" || value === null) return false;
    const { address, interface: by } = value as MulticastInterface;
    return (address === undefined || isAddress(address)) && (by === undefined || Number.isInteger(by));
  },
};

/** EDOM when the microseconds are below 0 or make a second. */
function optionMillis(time: BookTimeval): number | Refusal {
  const millis = timevalMillis("setsockopt", time);
  return time.tv_usec < 0 || time.tv_usec >= 1e6 ? new Refusal(EDOM) : millis;
}

function isAddress(value: unknown): value is string | number {
  return typeof value === "string" || Number.isInteger(value);
}

export function option<V>(level: number, constant: Constant, kind: Kind<V>, row: Row<SocketCore, V>): Option {
  const [name, number] = Object.entries(constant)[0]!;
  return { level, name, number, kind, row: row as Row<SocketCore, unknown> };
}

/** An option of any socket. */
export function so<V>(constant: Constant, kind: Kind<V>, row: Row<SocketCore, V>): Option {
  return option(SOL_SOCKET, constant, kind, row);
}

/** An option of AF_INET: the table gives the row to its sockets alone. */
export function ip<V>(constant: Constant, kind: Kind<V>, row: Row<InetCore, V>): Option {
  return option(IPPROTO_IP, constant, kind, row as unknown as Row<SocketCore, V>);
}

/** An option of TCP: the table gives the row to streams alone. */
export function tcp<V>(constant: Constant, kind: Kind<V>, row: Row<StreamCore, V>): Option {
  return option(IPPROTO_TCP, constant, kind, row as unknown as Row<SocketCore, V>);
}

export function isStream(core: SocketCore): core is StreamCore {
  return core instanceof StreamCore;
}

export function isInet(core: SocketCore): core is InetCore {
  return core instanceof InetCore;
}

/** Whether the protocol of `core` knows the setting `name`. */
export function hasSetting(core: SocketCore, name: string): boolean {
  return name in core.settings;
}

/** The setting `name`: the protocol's own, or, where that has no use for it, what was set last, or `initial`. */
export function setting<T extends OptionValue | boolean>(core: SocketCore, name: string, initial: T): T {
  const own = (core.settings as unknown as Record<string, T>)[name];
  return own ?? (core.common.kept[name] as T | undefined) ?? initial;
}

export function setSetting(core: SocketCore, name: string, value: OptionValue | boolean): void {
  if (hasSetting(core, name)) (core.settings as unknown as Record<string, unknown>)[name] = value;
  else core.common.kept = { ...core.common.kept, [name]: value };
}

/** The row of a flag that is a setting. */
export function flagOf(name: string, summary: string): Row<SocketCore, number | boolean> {
  return {
    summary,
    default: 0,
    get: (core) => setting(core, name, false),
    set: (core, on) => {
      setSetting(core, name, Boolean(on));
    },
  };
}
