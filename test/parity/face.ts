/** What the interpreter asks of a face: the calls of the language on things, whatever stands for a thing there. */
import type { Host, Network, OptionValue, Socket } from "../../src/index.ts";
import type { Place } from "./places.ts";

/** Something that a variable names: a descriptor on a host, and where the face has one, its object. */
export interface Thing {
  readonly host: Host;
  /** The descriptor, as it was: it stays when the thing is closed. */
  readonly fd: number;
  readonly socket?: Socket;
  /** An object of `makefile`. */
  readonly file?: unknown;
}

/** A control message: level, type and value, as netwright has them. */
export type Control = readonly [level: number, type: number, value: unknown];

export interface Received {
  readonly data: Uint8Array;
  readonly control: readonly Control[];
  readonly flags: number;
  readonly from: Place;
}

export interface Options {
  readonly flags?: number;
  readonly control?: readonly Control[];
  readonly to?: Place;
}

export interface SocketFace {
  socket(host: Host, family: number, type: number, protocol: number): Thing;
  socketpair(host: Host, family: number, type: number, protocol: number): [Thing, Thing];
  /** What stands for a descriptor that came some other way. */
  adopt(host: Host, fd: number): Thing;
  bind(thing: Thing, place: Place): unknown;
  listen(thing: Thing, backlog: number): unknown;
  accept(thing: Thing): Promise<[Thing, Place]>;
  connect(thing: Thing, place: Place): Promise<unknown>;
  send(thing: Thing, data: Uint8Array, flags: number): Promise<number>;
  sendto(thing: Thing, data: Uint8Array, flags: number, place: Place): Promise<number>;
  sendmsg(thing: Thing, buffers: Uint8Array[], options: Options): Promise<number>;
  recv(thing: Thing, size: number, flags: number): Promise<Uint8Array>;
  recvfrom(thing: Thing, size: number, flags: number): Promise<[Uint8Array, Place]>;
  recvmsg(thing: Thing, size: number, room: number, flags: number): Promise<Received>;
  shutdown(thing: Thing, how: number): unknown;
  close(thing: Thing): Promise<unknown>;
  dup(thing: Thing): Thing;
  getsockname(thing: Thing): Place;
  getpeername(thing: Thing): Place;
  getsockopt(thing: Thing, level: number, option: number): OptionValue;
  setsockopt(thing: Thing, level: number, option: number, value: OptionValue): unknown;
}

/** The world a face works in. */
export interface Stage {
  readonly net: Network;
  readonly a: Host;
  readonly b: Host | undefined;
}

/** `call` of `object`, or an Error that says it is not there. */
// biome-ignore lint/suspicious/noExplicitAny: the judge calls what may not exist
export function method(object: object, call: string): (...given: any[]) => any {
  const found = Reflect.get(object, call);
  if (typeof found !== "function") throw new TypeError(`there is no ${call}`);
  return found.bind(object);
}
