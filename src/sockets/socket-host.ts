import type { Interface } from "../ip/interface.ts";
import type { PathFinder } from "../ip/path.ts";
import type { CallOwner } from "./async.ts";
import type { SocketCore } from "./core.ts";
import type { DescriptorTable } from "./descriptors.ts";
import type { Credentials } from "./message.ts";
import type { Names } from "./names/names.ts";

/** What sockets ask of their host's IP. */
export interface IpLayer extends PathFinder {
  /** By index: the first is 0 here, 1 for users. */
  readonly interfaces: readonly Interface[];
}

/** What both faces of the API ask of the host. */
export interface SocketHost extends CallOwner {
  readonly descriptors: DescriptorTable;
  readonly names: Names;
  /** Takes the path of a socket of AF_UNIX away. Throws ENOENT. */
  unlink(path: string): void;
  /** Milliseconds that a new socket's calls may wait, null: for ever (`setdefaulttimeout`). */
  readonly defaultTimeoutMillis: number | null;
  /** Who its programs are: what a peer in AF_UNIX learns of them. */
  credentials: Credentials;
  /** A socket, or -EAFNOSUPPORT, -ESOCKTNOSUPPORT, -EPROTONOSUPPORT, -EPERM. `type` without SOCK_NONBLOCK and the like. */
  makeSocket(domain: number, type: number, protocol: number): SocketCore | number;
  /** Two sockets that are each other's peers: `socketpair`. -EOPNOTSUPP where the domain has none. */
  makePair(domain: number, type: number, protocol: number): [SocketCore, SocketCore] | number;
  /**
   * The int32 of an address or of a host's name; a promise only if somebody has to be asked. Throws or rejects with a
   * GaiError for what nobody knows.
   */
  addressOf(call: string, text: string): number | Promise<number>;
}
