/**
 * The names of AF_UNIX on one host: paths, and abstract names. Of a file system there is only this: a path is a name
 * that is bound or not, compared as it is written. There are no directories, no permissions, no other files, and
 * `./x` is not `x`.
 */
import { EADDRINUSE, ECONNREFUSED, EINVAL, ENOENT, EPROTOTYPE } from "../../base/errno.ts";
import type { Random } from "../../base/random.ts";
import type { UnixCore } from "./core.ts";
import { isAbstract } from "./path.ts";

/** Autobind chooses among 2^20 names of five hexadecimal digits (man 7 unix). */
const AUTOMATIC_NAMES = 0x10_0000;
const AUTOMATIC_DIGITS = 5;

/** An inode: what a path stands for, also when the path is gone or the socket is. */
export class UnixNode {
  readonly path: string;
  /** Undefined once the socket is closed. */
  socket: UnixCore | undefined;

  constructor(path: string, socket: UnixCore) {
    this.path = path;
    this.socket = socket;
  }
}

export class UnixNamespace {
  private readonly random: Random;
  private readonly paths = new Map<string, UnixNode>();
  /** By type of socket: an abstract name may be bound once for each (Linux hashes it with the type). */
  private readonly abstract = new Map<number, Map<string, UnixNode>>();

  constructor(random: Random) {
    this.random = random;
  }

  /** Gives `path` to `socket`. -EADDRINUSE: it exists, be its socket open or closed. */
  bind(socket: UnixCore, path: string): UnixNode | number {
    const table = this.tableOf(path, socket.type);
    if (table.has(path)) return -EADDRINUSE;
    const node = new UnixNode(path, socket);
    table.set(path, node);
    return node;
  }

  /** Whether there is such a path. */
  exists(path: string): boolean {
    return this.paths.has(path);
  }

  /** An abstract name that is free, or -EADDRINUSE when none is. */
  bindAny(socket: UnixCore): UnixNode | number {
    const first = this.random.uint32() % AUTOMATIC_NAMES;
    for (let step = 0; step < AUTOMATIC_NAMES; step++) {
      const digits = ((first + step) % AUTOMATIC_NAMES).toString(16).padStart(AUTOMATIC_DIGITS, "0");
      const node = this.bind(socket, `\0${digits}`);
      if (typeof node !== "number") return node;
    }
    return -EADDRINUSE;
  }

  /** The socket is closed: an abstract name ends with it, a path stays until it is unlinked. */
  release(node: UnixNode): void {
    const { path, socket } = node;
    node.socket = undefined;
    if (isAbstract(path) && socket !== undefined) this.tableOf(path, socket.type).delete(path);
  }

  /** The open socket that `path` stands for. EINVAL (no name), ENOENT, ECONNREFUSED (closed), EPROTOTYPE. */
  find(path: string, type: number): UnixCore | number {
    if (path === "") return -EINVAL;
    const node = this.tableOf(path, type).get(path);
    if (node === undefined) return isAbstract(path) ? -ECONNREFUSED : -ENOENT;
    if (node.socket === undefined) return -ECONNREFUSED;
    return node.socket.type === type ? node.socket : -EPROTOTYPE;
  }

  /** Takes a path away; its socket lives on, and may be reached by nobody new. 0 or -ENOENT. */
  unlink(path: string): number {
    return this.paths.delete(path) ? 0 : -ENOENT;
  }

  /** The paths there are, those of closed sockets too, and then the abstract names, in the order they were bound. */
  names(): string[] {
    return [...this.paths.keys(), ...[...this.abstract.values()].flatMap((names) => [...names.keys()])];
  }

  private tableOf(path: string, type: number): Map<string, UnixNode> {
    if (!isAbstract(path)) return this.paths;
    let table = this.abstract.get(type);
    if (table === undefined) {
      table = new Map();
      this.abstract.set(type, table);
    }
    return table;
  }
}
