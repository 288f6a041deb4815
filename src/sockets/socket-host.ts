import type { CallOwner } from "./async.ts";
import type { SocketCore } from "./core.ts";
import type { DescriptorTable } from "./descriptors.ts";

/** What both faces of the API ask of the host. */
export interface SocketHost extends CallOwner {
  readonly descriptors: DescriptorTable;
  /** A socket, or -EAFNOSUPPORT, -ESOCKTNOSUPPORT, -EPROTONOSUPPORT. `type` without SOCK_NONBLOCK and the like. */
  makeSocket(domain: number, type: number, protocol: number): SocketCore | number;
  /**
   * The int32 of an address or of a host's name; a promise only if somebody has to be asked. A name that nobody knows
   * is a SocketError, ENOTFOUND. Throws a RangeError for what can be neither.
   */
  addressOf(call: string, text: string): number | Promise<number>;
}
