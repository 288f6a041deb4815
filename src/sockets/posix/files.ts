/** The calls that are about descriptors as such, whatever they stand for. */
import { EBADF, EINVAL, EMFILE, ENOTSOCK, ENOTTY, EPERM } from "../../base/errno.ts";
import { inputQueue } from "../../tcp/index.ts";
import { type ArpRequest, arpRequest } from "../arp-request.ts";
import { type BookInterfaceRequest, fillIn, IFREQ_FIELDS, ownNames } from "../book-names.ts";
import { closeFile } from "../calls.ts";
import {
  AF_UNIX,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  FIONBIO,
  FIONREAD,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
  RLIMIT_NOFILE,
  SIOCATMARK,
  SIOCGARP,
  SIOCGIFCONF,
  SIOCGIFNAME,
  SIOCOUTQ,
} from "../constants.ts";
import { SocketCore } from "../core.ts";
import { DEFAULT_LIMITS, type Description } from "../descriptors.ts";
import { SocketError } from "../error.ts";
import type { OpenFile } from "../file.ts";
import {
  type InterfaceAddress,
  type InterfaceIndex,
  type InterfaceRequest,
  interfaceAddresses,
  interfaceIndexes,
  interfaceIndexOf,
  interfaceNameOf,
  interfaceRequest,
  isInterfaceRequest,
} from "../interface-requests.ts";
import { checkInteger, show } from "../misuse.ts";
import { PosixNames } from "../names/posix-names.ts";
import type { SocketHost } from "../socket-host.ts";
import { StreamCore } from "../stream.ts";
import { checkDescriptor } from "./checks.ts";

/** `struct rlimit`. */
export interface ResourceLimit {
  /** What counts. */
  rlim_cur: number;
  /** How far it may be raised. */
  rlim_max: number;
}

/** What `ioctl` takes and gives, by request. */
export interface Ioctl {
  /** FIONBIO: 0 or 1; returns 0. FIONREAD (SIOCINQ), SIOCOUTQ: bytes. SIOCATMARK: 0 or 1. */
  (fd: number, request: number, argument?: number | boolean): number;
  /** SIOCGIFCONF: every interface with its address. */
  (fd: number, request: typeof SIOCGIFCONF): InterfaceAddress[];
  /** Another SIOCGIF request, with `struct ifreq`: its field is filled in; returns 0. */
  (fd: number, request: number, argument: InterfaceRequest | BookInterfaceRequest): number;
  /** SIOCGARP, with `struct arpreq`, which is filled in: 0. */
  (fd: number, request: typeof SIOCGARP, argument: ArpRequest): number;
  /** … or with an interface's name: returns what would be filled in. */
  (fd: number, request: number, argument: string): string | number;
}

export class PosixFiles extends PosixNames {
  protected readonly host: SocketHost;

  constructor(host: SocketHost) {
    super(host.names);
    this.host = host;
  }

  /**
   * Closes a descriptor; the file ends with its last one. Calls under way end with EBADF then. Waits as SO_LINGER says.
   */
  readonly close = async (fd: number): Promise<void> => {
    checkDescriptor("close", fd);
    const removed = this.host.descriptors.remove(fd);
    if (typeof removed === "number") throw new SocketError(removed, "close");
    if (removed.drop()) await closeFile(this.host, removed.file);
  };

  /** Another descriptor, the lowest free, for the same file. EMFILE. */
  readonly dup = (fd: number): number => {
    return this.duplicate(fd, "dup", 0, false);
  };

  /** Has `target` stand for the same file as `fd`, in place of what it stood for. EBADF also beyond the limit. */
  readonly dup2 = (fd: number, target: number): number => {
    const description = this.get(fd, "dup2");
    checkInteger("dup2", "the new descriptor", target);
    if (target < 0 || target >= this.host.descriptors.limits.descriptors)
      throw new SocketError(EBADF, "dup2");
    if (fd !== target) this.replace(target, description);
    return target;
  };

  /** As `dup2`, with O_CLOEXEC among `flags` if wished; two equal descriptors are EINVAL. */
  readonly dup3 = (fd: number, target: number, flags: number): number => {
    checkInteger("dup3", "flags", flags);
    if ((flags & ~O_CLOEXEC) !== 0 || fd === target) throw new SocketError(EINVAL, "dup3");
    const description = this.get(fd, "dup3");
    checkInteger("dup3", "the new descriptor", target);
    if (target < 0 || target >= this.host.descriptors.limits.descriptors)
      throw new SocketError(EBADF, "dup3");
    this.replace(target, description);
    this.closeOnExec(target, (flags & O_CLOEXEC) !== 0);
    return target;
  };

  /**
   * F_GETFL, and F_SETFL, which looks at O_NONBLOCK alone; F_DUPFD and F_DUPFD_CLOEXEC: a duplicate, not below
   * `argument`; F_GETFD and F_SETFD: FD_CLOEXEC, which is remembered. EINVAL for other commands.
   */
  readonly fcntl = (fd: number, command: number, argument = 0): number => {
    const description = this.get(fd, "fcntl");
    checkInteger("fcntl", "the command", command);
    checkInteger("fcntl", "the argument", argument);
    switch (command) {
      case F_GETFL:
        return O_RDWR | (description.nonBlocking ? O_NONBLOCK : 0);
      case F_SETFL:
        description.nonBlocking = (argument & O_NONBLOCK) !== 0;
        return 0;
      case F_GETFD:
        return this.host.descriptors.closeOnExec.has(fd) ? FD_CLOEXEC : 0;
      case F_SETFD:
        this.closeOnExec(fd, (argument & FD_CLOEXEC) !== 0);
        return 0;
      case F_DUPFD:
      case F_DUPFD_CLOEXEC:
        return this.duplicate(fd, "fcntl", argument, command === F_DUPFD_CLOEXEC);
      default:
        throw new SocketError(EINVAL, "fcntl");
    }
  };

  /**
   * FIONREAD (SIOCINQ): bytes to read, of datagrams the first one's. SIOCOUTQ: bytes sent and not acknowledged.
   * SIOCATMARK: 1 when the next byte is the urgent one, or follows it. FIONBIO: sets O_NONBLOCK. SIOCGIF…: about the
   * host's interfaces. SIOCGARP: ENXIO for a neighbour that is not known, EPFNOSUPPORT for another family's.
   * ENOTTY for what the file does not know, EINVAL for queues of a listener, ENODEV.
   */
  readonly ioctl = ((fd: number, request: number, argument?: unknown): unknown => {
    const description = this.get(fd, "ioctl");
    checkInteger("ioctl", "request", request);
    if (request === FIONBIO) {
      if (argument === undefined) throw new TypeError("ioctl: FIONBIO takes 0 or 1");
      description.nonBlocking = Boolean(argument);
      return 0;
    }
    const { file } = description;
    if (!(file instanceof SocketCore)) throw new SocketError(EINVAL, "ioctl");
    if (request === SIOCGARP && file.domain !== AF_UNIX) {
      const result = arpRequest(this.host.ipv4, argument);
      if (result < 0) throw new SocketError(result, "ioctl");
      return result;
    }
    return isInterfaceRequest(request) ? this.interfaceIoctl(request, argument) : socketIoctl(file, request);
  }) as Ioctl;

  /** Takes the path of a socket of AF_UNIX away: another may be bound there. ENOENT. */
  readonly unlink = (path: string): void => this.host.unlink(path);

  /** The host's interfaces, from index 1. */
  readonly if_nameindex = (): InterfaceIndex[] => interfaceIndexes(this.host.ipv4.interfaces);

  /** The index, from 1, of an interface. ENODEV. */
  readonly if_nametoindex = (name: string): number => {
    const index = interfaceIndexOf(this.host.ipv4.interfaces, name);
    if (index < 0) throw new SocketError(index, "if_nametoindex");
    return index;
  };

  /** The name of the interface with this index, from 1. ENXIO. */
  readonly if_indextoname = (index: number): string => {
    const name = interfaceNameOf(this.host.ipv4.interfaces, index);
    if (typeof name === "number") throw new SocketError(name, "if_indextoname");
    return name;
  };

  /** How many descriptors there may be. RLIMIT_NOFILE: they are below `rlim_cur`. EINVAL for other resources. */
  readonly getrlimit = (resource: number): ResourceLimit => {
    checkInteger("getrlimit", "the resource", resource);
    if (resource !== RLIMIT_NOFILE) throw new SocketError(EINVAL, "getrlimit");
    const { descriptors } = this.host.descriptors.limits;
    return { rlim_cur: descriptors, rlim_max: Math.max(descriptors, DEFAULT_LIMITS.descriptors) };
  };

  /** Bounds the descriptors. EPERM beyond 1048576, EINVAL for other resources. What is open already stays open. */
  readonly setrlimit = (resource: number, limit: { rlim_cur: number }): void => {
    checkInteger("setrlimit", "the resource", resource);
    if (resource !== RLIMIT_NOFILE) throw new SocketError(EINVAL, "setrlimit");
    const wanted = limit?.rlim_cur;
    checkInteger("setrlimit", "rlim_cur", wanted);
    if (wanted < 0) throw new SocketError(EINVAL, "setrlimit");
    if (wanted > DEFAULT_LIMITS.descriptors) throw new SocketError(EPERM, "setrlimit");
    this.host.descriptors.limits.descriptors = wanted;
  };

  /** What `fd` stands for. TypeError for what is no integer, EBADF for one that is not open. */
  protected get(fd: number, syscall: string): Description {
    const description = typeof fd === "number" ? this.host.descriptors.get(fd) : undefined;
    if (description !== undefined) return description;
    checkDescriptor(syscall, fd);
    throw new SocketError(EBADF, syscall);
  }

  protected core(fd: number, syscall: string): SocketCore {
    const { file } = this.get(fd, syscall);
    if (!(file instanceof SocketCore)) throw new SocketError(ENOTSOCK, syscall);
    if (file.closed) throw new SocketError(file.closedErrno, syscall);
    return file;
  }

  protected nonBlocking(fd: number): boolean {
    return this.host.descriptors.get(fd)?.nonBlocking ?? false;
  }

  /** Gives a file that was just made its descriptor. `flags`: O_NONBLOCK, O_CLOEXEC. Without one the file is closed. */
  protected add(file: OpenFile, flags: number, syscall: string): number {
    const fd = this.host.descriptors.open(file, (flags & O_NONBLOCK) !== 0);
    if (fd < 0) {
      file.close();
      throw new SocketError(fd, syscall);
    }
    this.closeOnExec(fd, (flags & O_CLOEXEC) !== 0);
    return fd;
  }

  private closeOnExec(fd: number, on: boolean): void {
    if (on) this.host.descriptors.closeOnExec.add(fd);
    else this.host.descriptors.closeOnExec.delete(fd);
  }

  private duplicate(fd: number, syscall: string, least: number, closeOnExec: boolean): number {
    const description = this.get(fd, syscall);
    const { descriptors } = this.host;
    if (least < 0 || least >= descriptors.limits.descriptors) {
      throw new SocketError(syscall === "dup" ? EMFILE : EINVAL, syscall);
    }
    const made = descriptors.add(description, least);
    if (made < 0) throw new SocketError(made, syscall);
    this.closeOnExec(made, closeOnExec);
    return made;
  }

  private replace(target: number, description: Description): void {
    const before = this.host.descriptors.put(target, description);
    // nobody waits for a lingering close here, and so nobody hears how it ended
    if (before?.drop()) closeFile(this.host, before.file).catch(() => {});
  }

  private interfaceIoctl(request: number, argument: unknown): unknown {
    const { interfaces } = this.host.ipv4;
    if (request === SIOCGIFCONF) return interfaceAddresses(interfaces);
    if (typeof argument === "string") {
      const { name: _, ...filled } = this.answer(request, { name: argument });
      return Object.values(filled)[0];
    }
    const asked = ownNames("ioctl", IFREQ_FIELDS, argument, true) as InterfaceRequest;
    const [key, kind] = request === SIOCGIFNAME ? ["index", "number"] : ["name", "string"];
    if (typeof asked !== "object" || asked === null || typeof Reflect.get(asked, key) !== kind) {
      const form = request === SIOCGIFNAME ? "{ index }" : "{ name } or an interface's name";
      throw new TypeError(`ioctl: the argument is an object ${form}, not ${show(argument)}`);
    }
    fillIn(argument as object, IFREQ_FIELDS, this.answer(request, asked));
    return 0;
  }

  private answer(request: number, asked: InterfaceRequest): InterfaceRequest {
    const answer = interfaceRequest(this.host.ipv4.interfaces, request, asked);
    if (typeof answer === "number") throw new SocketError(answer, "ioctl");
    return answer;
  }
}

function socketIoctl(core: SocketCore, request: number): number {
  const isQueue = request === FIONREAD || request === SIOCOUTQ;
  if (isQueue && core.listening) throw new SocketError(EINVAL, "ioctl");
  if (request === FIONREAD) return core instanceof StreamCore ? inputQueue(core.tcb) : core.readable;
  if (request === SIOCOUTQ) return core.unacknowledged;
  const { atMark } = core;
  if (request !== SIOCATMARK || atMark === undefined) throw new SocketError(ENOTTY, "ioctl");
  return Number(atMark);
}
