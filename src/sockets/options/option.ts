/** What a row of the table of socket options is made of: a new option is a new row in one of this folder's lists. */
import type { TcpInfo } from "../../tcp/index.ts";
import {
  IPPROTO_TCP,
  type SO_LINGER,
  type SOL_SOCKET,
  type TCP_CONGESTION,
  type TCP_INFO,
} from "../constants.ts";
import type { SocketCore } from "../core.ts";
import { StreamCore } from "../stream.ts";

export interface Linger {
  /** 0: close returns at once and the data follows by itself. */
  onoff: number;
  /** Seconds that close waits at most; 0 sends RST and forgets the data. */
  linger: number;
}

export type OptionValue = number | string | Linger | TcpInfo;

/** What `getsockopt` gives for option `O` of level `L`, when both are written as constants. */
export type OptionValueOf<L extends number, O extends number> = number extends L | O
  ? OptionValue
  : L extends typeof SOL_SOCKET
    ? O extends typeof SO_LINGER
      ? Linger
      : number
    : L extends typeof IPPROTO_TCP
      ? O extends typeof TCP_INFO
        ? TcpInfo
        : O extends typeof TCP_CONGESTION
          ? string
          : number
      : number;

/** What kind of value an option takes, and how the TypeError says it. */
export interface Kind<V> {
  readonly takes: string;
  accepts(value: unknown): value is V;
}

/** A row. Without `set` it can only be read. `set` answers a negative errno, or nothing when all is well. */
export interface Row<C, V> {
  readonly get: (core: C) => OptionValue | boolean;
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
  accepts: (value): value is number => Number.isFinite(value),
};
export const TEXT: Kind<string> = {
  takes: "a string",
  accepts: (value): value is string => typeof value === "string",
};
export const LINGER: Kind<Linger> = {
  takes: "an object { onoff, linger } of integers",
  accepts: (value): value is Linger => {
    if (typeof value !== "object" || value === null) return false;
    const { onoff, linger } = value as Partial<Linger>;
    return FLAG.accepts(onoff) && INTEGER.accepts(linger);
  },
};

export function option<V>(level: number, constant: Constant, kind: Kind<V>, row: Row<SocketCore, V>): Option {
  const [name, number] = Object.entries(constant)[0]!;
  return { level, name, number, kind, row: row as Row<SocketCore, unknown> };
}

/** An option of TCP: {@link find} gives the row to streams alone. */
export function tcp<V>(constant: Constant, kind: Kind<V>, row: Row<StreamCore, V>): Option {
  return option(IPPROTO_TCP, constant, kind, row as unknown as Row<SocketCore, V>);
}

export function isStream(core: SocketCore): core is StreamCore {
  return core instanceof StreamCore;
}
