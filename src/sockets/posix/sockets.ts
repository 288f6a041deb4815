/** The calls that make sockets, give them their ends, and ask about them. */
import { EINVAL, ENOTCONN, ENOTTY, EOPNOTSUPP } from "../../base/errno.ts";
import { AT_ONCE, optionPatience, type Patience, perform } from "../async.ts";
import { AcceptCall, ConnectCall } from "../calls.ts";
import { AF_PACKET, AF_UNSPEC, SOCK_CLOEXEC, SOCK_NONBLOCK } from "../constants.ts";
import type { SocketCore } from "../core.ts";
import { SocketError } from "../error.ts";
import { checkInteger, show } from "../misuse.ts";
import { type OptionInput, type OptionValueOf, readOption, writeOption } from "../options/index.ts";
import { kindError } from "../socket-kind.ts";
import { namePlace, type SocketName } from "../socket-name.ts";
import {
  type AnySockaddr,
  familyOf,
  nameFor,
  type Sockaddr,
  type SockaddrInput,
  sockaddr,
} from "./addresses.ts";
import { checkOptions } from "./checks.ts";
import { PosixFiles } from "./files.ts";

/** The last argument of every call that may wait. */
export interface CallOptions {
  /** Ends the wait when it is aborted, as a signal does: EINTR. Aborted before, it ends the call before it begins. */
  signal?: AbortSignal | undefined;
}

const TYPE_FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;

export class PosixSockets extends PosixFiles {
  /**
   * A new socket's descriptor, the lowest free. SOCK_NONBLOCK and SOCK_CLOEXEC may be or-ed into `type`. EAFNOSUPPORT,
   * ESOCKTNOSUPPORT, EPROTONOSUPPORT, EPERM, EMFILE, ENFILE.
   */
  readonly socket = (domain: number, type: number, protocol = 0): number => {
    checkKind("socket", domain, type, protocol);
    const core = this.host.makeSocket(domain, type & ~TYPE_FLAGS, protocol);
    if (typeof core === "number") throw kindError(core, "socket", domain, type, protocol);
    return this.add(core, type & TYPE_FLAGS, "socket");
  };

  /** The descriptors of two sockets that are each other's peers. EOPNOTSUPP outside AF_UNIX. */
  readonly socketpair = (domain: number, type: number, protocol = 0): [number, number] => {
    checkKind("socketpair", domain, type, protocol);
    const pair = this.host.makePair(domain, type & ~TYPE_FLAGS, protocol);
    if (typeof pair === "number") throw kindError(pair, "socketpair", domain, type, protocol);
    const [left, right] = pair;
    try {
      const first = this.add(left, type & TYPE_FLAGS, "socketpair");
      try {
        return [first, this.add(right, type & TYPE_FLAGS, "socketpair")];
      } catch (error) {
        void this.close(first);
        throw error;
      }
    } catch (error) {
      right.close();
      throw error;
    }
  };

  /** Gives it a name of its own. Port 0 picks a free one. EADDRINUSE, EADDRNOTAVAIL, EACCES, EINVAL, EFAULT (NULL). */
  readonly bind = (fd: number, where: SockaddrInput): void => {
    const core = this.core(fd, "bind");
    const name = nameFor(this.host, "bind", core, where);
    if (name instanceof Promise) {
      throw new RangeError(`bind: the address in ${show(where)} is no name that this host knows by itself`);
    }
    check("bind", core.bind(name), name);
  };

  /** Has it take connections, `backlog` of which may wait for `accept`. EADDRINUSE, EOPNOTSUPP, EINVAL (connected). */
  readonly listen = (fd: number, backlog: number): void => {
    const core = this.core(fd, "listen");
    checkInteger("listen", "backlog", backlog);
    check("listen", core.listen(backlog));
  };

  /**
   * The next connection's descriptor, and who is at its other end. EINVAL (`listen` was forgotten), EOPNOTSUPP
   * (datagrams), EWOULDBLOCK, EMFILE.
   */
  readonly accept = async <A extends AnySockaddr = Sockaddr>(
    fd: number,
    options: CallOptions = {},
  ): Promise<{ fd: number; address: A }> => this.acceptWith("accept", fd, 0, options);

  /** `accept` with SOCK_NONBLOCK and SOCK_CLOEXEC among `flags` for the connection. EINVAL for other flags. */
  readonly accept4 = async <A extends AnySockaddr = Sockaddr>(
    fd: number,
    flags: number,
    options: CallOptions = {},
  ): Promise<{ fd: number; address: A }> => this.acceptWith("accept4", fd, flags, options);

  /** Connects, or names the peer. AF_UNSPEC forgets it. ECONNREFUSED, ETIMEDOUT, EINPROGRESS, EISCONN … */
  readonly connect = async (fd: number, where: SockaddrInput, options: CallOptions = {}): Promise<void> => {
    const core = this.core(fd, "connect");
    if (familyOf("connect", where) === AF_UNSPEC) return check("connect", core.disconnect());
    const found = nameFor(this.host, "connect", core, where);
    const patience = patienceOf("connect", core, "send", this.nonBlocking(fd), options);
    const name = found instanceof Promise ? await found : found;
    const result = core.connect(name);
    if (!core.connectPending || patience.nonBlocking) return check("connect", result, name);
    // EINPROGRESS, EALREADY: a connection that is being made goes on without us; EAGAIN: there was no room in a queue
    return perform(this.host, new ConnectCall(core, name), { ...patience, timeoutErrno: -result });
  };

  /** `how`: SHUT_RD, SHUT_WR, SHUT_RDWR; another number is EINVAL. ENOTCONN. */
  readonly shutdown = (fd: number, how: number): void => {
    const core = this.core(fd, "shutdown");
    checkInteger("shutdown", "how", how);
    check("shutdown", how < 0 || how > 2 ? -EINVAL : core.shutdown(how));
  };

  /** Its own address. ENOTSOCK. */
  readonly getsockname = <A extends AnySockaddr = Sockaddr>(fd: number): A =>
    sockaddr(this.host, this.core(fd, "getsockname").localName) as A;

  /** The peer's address. ENOTCONN without a peer, EOPNOTSUPP in AF_PACKET, where there are none. */
  readonly getpeername = <A extends AnySockaddr = Sockaddr>(fd: number): A => {
    const { domain, peerName: name } = this.core(fd, "getpeername");
    if (domain === AF_PACKET) throw new SocketError(EOPNOTSUPP, "getpeername");
    if (name === undefined) throw new SocketError(ENOTCONN, "getpeername");
    return sockaddr(this.host, name) as A;
  };

  /** The value of an option: see the table of options. ENOPROTOOPT. */
  readonly getsockopt = <L extends number, O extends number>(
    fd: number,
    level: L,
    option: O,
  ): OptionValueOf<L, O> => readOption(this.core(fd, "getsockopt"), level, option) as OptionValueOf<L, O>;

  /** Sets an option: see the table of options. ENOPROTOOPT, EINVAL (out of range), EPERM. */
  readonly setsockopt = (fd: number, level: number, option: number, value: OptionInput): void =>
    writeOption(this.core(fd, "setsockopt"), level, option, value);

  /** 1 when the next byte to read is the urgent one, or follows it; else 0. ENOTTY where there is no such thing. */
  readonly sockatmark = (fd: number): number => {
    const { atMark } = this.core(fd, "sockatmark");
    if (atMark === undefined) throw new SocketError(ENOTTY, "sockatmark");
    return Number(atMark);
  };

  private acceptWith<A extends AnySockaddr>(
    syscall: string,
    fd: number,
    flags: number,
    options: CallOptions,
  ): Promise<{ fd: number; address: A }> {
    checkInteger(syscall, "flags", flags);
    if ((flags & ~TYPE_FLAGS) !== 0) throw new SocketError(EINVAL, syscall);
    const core = this.core(fd, syscall);
    const wrap = (connection: SocketCore) => ({
      fd: this.add(connection, flags, syscall),
      address: sockaddr(this.host, connection.remoteName) as A,
    });
    const call = new AcceptCall(core, this.host.descriptors, wrap, syscall);
    return perform(this.host, call, patienceOf(syscall, core, "receive", this.nonBlocking(fd), options));
  }
}

/** How long a call may wait. TypeError for a last argument that is none. */
export function patienceOf(
  syscall: string,
  core: SocketCore,
  direction: "receive" | "send",
  nonBlocking: boolean,
  options: CallOptions,
): Patience {
  checkOptions(syscall, options);
  const patience = nonBlocking ? AT_ONCE : optionPatience(core, direction);
  return options.signal === undefined ? patience : { ...patience, signal: options.signal };
}

export function check(syscall: string, result: number, name?: SocketName): void {
  if (result < 0) throw new SocketError(result, syscall, ...namePlace(name));
}

function checkKind(syscall: string, domain: unknown, type: unknown, protocol: unknown): void {
  checkInteger(syscall, "domain", domain);
  checkInteger(syscall, "type", type);
  checkInteger(syscall, "protocol", protocol);
}
