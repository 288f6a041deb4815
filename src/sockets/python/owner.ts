/**
 * What sockets, files and epoll objects know of each other beside what users see: keys that are in no list of theirs. To
 * another host a descriptor's number means something else, so whoever takes an object for its descriptor asks whose it is.
 */
import type { SocketHost } from "../socket-host.ts";

/** The host that the object's descriptor is one of. */
export const OWNER: unique symbol = Symbol("owner");
/** The socket that a file is made of. */
export const SOCKET: unique symbol = Symbol("socket");

/** The host of an object, undefined for one that does not say. */
export function ownerOf(object: object): SocketHost | undefined {
  return OWNER in object ? (object[OWNER] as SocketHost) : undefined;
}

/** The socket that a file is made of. */
export function socketOf(file: object): object {
  return Reflect.get(file, SOCKET) as object;
}
