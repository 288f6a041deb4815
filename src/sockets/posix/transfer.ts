/** The calls that send and receive. Each of them may wait. */
import { EFAULT, EINVAL, EMSGSIZE } from "../../base/errno.ts";
import { type Patience, perform } from "../async.ts";
import {
  type BookControlMessage,
  type BookMessage,
  CONTROL_FIELDS,
  fillIn,
  MESSAGE_FIELDS,
  ownNames,
} from "../book-names.ts";
import { ReceiveCall, SEND_BLOCKING, SEND_SOME, SendCall, takesWhatIsThere } from "../calls.ts";
import { MSG_CMSG_CLOEXEC, MSG_DONTWAIT } from "../constants.ts";
import { CMSG_SPACE, collectControl, prepareControl } from "../control.ts";
import { type ControlMessage, dataBytes } from "../control-data.ts";
import { SocketCore } from "../core.ts";
import { SocketError } from "../error.ts";
import { checkBuffer, checkInteger, type Sendable, show, toBytes } from "../misuse.ts";
import { gather, MOST_PIECES, roomIn, scatter } from "../pieces.ts";
import type { SocketName } from "../socket-name.ts";
import { type AnySockaddr, nameFor, type Sockaddr, type SockaddrInput, sockaddr } from "./addresses.ts";
import { type CallOptions, PosixSockets, patienceOf } from "./sockets.ts";

/** `struct msghdr` for `sendmsg`. */
export interface SendMessage {
  /** Where to; left out: to the peer. */
  name?: SockaddrInput | null | undefined;
  /** What to send, piece behind piece: 1024 at most. */
  iov: readonly Sendable[];
  control?: Iterable<AnyControlMessage> | undefined;
  /** Not looked at: the flags are the call's argument. */
  flags?: number;
}

/** `struct msghdr` for `recvmsg`, which fills in what it is not given. */
export interface ReceiveMessage {
  /** Filled in: who sent it. */
  name?: AnySockaddr;
  /** What is to be filled, one after the other: 1024 at most. */
  iov: readonly Uint8Array[];
  /** Filled in. With neither this nor `controllen` there is no room for control messages: MSG_CTRUNC if some have come. */
  control?: ControlMessage[];
  /** Room for control messages in bytes, as CMSG_SPACE counts them; filled in if given: how much was used. Default: any. */
  controllen?: number;
  /** Filled in: MSG_TRUNC, MSG_CTRUNC, MSG_EOR, MSG_OOB, MSG_ERRQUEUE. */
  flags?: number;
}

/** The same in the book's spelling. */
export type BookSendMessage = BookMessage<SockaddrInput, Sendable, Iterable<AnyControlMessage>>;
export type BookReceiveMessage = BookMessage<AnySockaddr, Uint8Array, ControlMessage[]>;
/** A control message that is sent. */
export type AnyControlMessage = ControlMessage | BookControlMessage<ControlMessage["data"]>;

export class PosixTransfer extends PosixSockets {
  /**
   * Takes everything, as Linux does, unless it is non-blocking: then what there is room for. Returns how many bytes that
   * were. No length here: `data.subarray(0, n)`. EPIPE (also before `connect`), ECONNRESET, EDESTADDRREQ (a datagram for
   * nobody), EMSGSIZE, EWOULDBLOCK.
   */
  readonly send = async (fd: number, data: Sendable, flags = 0, options: CallOptions = {}): Promise<number> =>
    this.transmit(this.core(fd, "send"), fd, "send", data, flags, options);

  /** As `send` without flags. No length here: `data.subarray(0, n)`. */
  readonly write = async (fd: number, data: Sendable, options: CallOptions = {}): Promise<number> =>
    this.transmit(this.stream(fd, "write"), fd, "write", data, 0, options);

  /** `write` of what `iov` holds, piece behind piece: one datagram. EINVAL for more than 1024 pieces. */
  readonly writev = async (
    fd: number,
    iov: readonly Sendable[],
    options: CallOptions = {},
  ): Promise<number> => {
    const core = this.stream(fd, "writev");
    return this.transmit(core, fd, "writev", gathered("writev", iov, EINVAL), 0, options);
  };

  /**
   * `send` to `where`, which is left out or null for the peer. GaiError; EMSGSIZE, ENETUNREACH, EACCES (a broadcast
   * without SO_BROADCAST), EDESTADDRREQ, EISCONN (a stream of AF_UNIX), EPIPE, EWOULDBLOCK.
   */
  readonly sendto = async (
    fd: number,
    data: Sendable,
    flags: number,
    where?: SockaddrInput | null,
    options: CallOptions = {},
  ): Promise<number> => {
    const core = this.core(fd, "sendto");
    checkPointer("sendto", data);
    const patience = this.sendPatience("sendto", core, fd, flags, options);
    const found = this.destination("sendto", core, where);
    const to = found instanceof Promise ? await found : found; // without a name to ask for it leaves at once
    return perform(
      this.host,
      sendCall(core, "sendto", toBytes("sendto", data), flags, patience, to),
      patience,
    );
  };

  /** Sends the pieces of `message.iov` as one, with control messages. EMSGSIZE for more than 1024 pieces. */
  readonly sendmsg = async (
    fd: number,
    message: SendMessage | BookSendMessage,
    flags = 0,
    options: CallOptions = {},
  ): Promise<number> => {
    const core = this.core(fd, "sendmsg");
    const own = ownMessage<SendMessage>("sendmsg", message);
    const data = gathered("sendmsg", own.iov, EMSGSIZE);
    const patience = this.sendPatience("sendmsg", core, fd, flags, options);
    const found = this.destination("sendmsg", core, own.name);
    const to = found instanceof Promise ? await found : found;
    const call = sendCall(core, "sendmsg", data, flags, patience, to);
    const outgoing = prepareControl(this.host, core, ownControl(own.control));
    if (typeof outgoing === "number") throw new SocketError(outgoing, "sendmsg");
    call.outgoing = outgoing;
    return perform(this.host, call, patience);
  };

  /**
   * Fills `buffer` and returns how many bytes came: 0 at the end of a stream. No length here: `buffer.subarray(0, n)`.
   * ENOTCONN (a stream before `connect`), ECONNRESET, ECONNREFUSED (ICMP answered a datagram), EWOULDBLOCK.
   */
  readonly recv = async (
    fd: number,
    buffer: Uint8Array,
    flags = 0,
    options: CallOptions = {},
  ): Promise<number> => this.receive(this.core(fd, "recv"), fd, "recv", buffer, flags, options, count);

  /** As `recv` without flags; of 0 bytes it never waits. */
  readonly read = async (fd: number, buffer: Uint8Array, options: CallOptions = {}): Promise<number> => {
    const core = this.stream(fd, "read");
    checkPointer("read", buffer);
    if (buffer.length === 0) return 0;
    return this.receive(core, fd, "read", buffer, 0, options, count);
  };

  /** `read` into one buffer after the other. EINVAL for more than 1024 of them. */
  readonly readv = async (
    fd: number,
    iov: readonly Uint8Array[],
    options: CallOptions = {},
  ): Promise<number> => {
    const core = this.stream(fd, "readv");
    if (roomOf("readv", iov, EINVAL) === 0) return 0;
    return this.receiveInto(core, fd, "readv", iov, 0, options, count);
  };

  /** As `recv`: `{ n, address }` says how many bytes came, and where from. */
  readonly recvfrom = async <A extends AnySockaddr = Sockaddr>(
    fd: number,
    buffer: Uint8Array,
    flags = 0,
    options: CallOptions = {},
  ): Promise<{ n: number; address: A }> =>
    this.receive(this.core(fd, "recvfrom"), fd, "recvfrom", buffer, flags, options, ({ core }, n) => ({
      n,
      address: sockaddr(this.host, core.senderName) as A,
    }));

  /**
   * Fills the buffers of `message.iov` and the rest of `message`; returns how many bytes came. ENOTCONN, ECONNRESET,
   * EWOULDBLOCK (also of an empty queue of errors), EMSGSIZE for more than 1024 buffers.
   */
  readonly recvmsg = async (
    fd: number,
    message: ReceiveMessage | BookReceiveMessage,
    flags = 0,
    options: CallOptions = {},
  ): Promise<number> => {
    const core = this.core(fd, "recvmsg");
    const own = ownMessage<ReceiveMessage>("recvmsg", message);
    if (own.controllen !== undefined) checkInteger("recvmsg", "controllen", own.controllen);
    roomOf("recvmsg", own.iov, EMSGSIZE);
    const finish = (_: unknown, n: number): number => {
      fillIn(message, MESSAGE_FIELDS, this.collect(core, own, flags));
      return n;
    };
    return this.receiveInto(core, fd, "recvmsg", own.iov, flags, options, finish, true);
  };

  /** What `recvmsg` fills in. */
  private collect(core: SocketCore, { control, controllen }: ReceiveMessage, flags: number): object {
    const room = controllen ?? (control === undefined ? 0 : undefined);
    const closeOnExec = flags & MSG_CMSG_CLOEXEC;
    const collected = collectControl(this.host, core, room, closeOnExec !== 0);
    const filled = {
      name: sockaddr(this.host, core.senderName),
      control: collected.messages,
      flags: core.message.flags | collected.flags | closeOnExec,
    };
    if (controllen === undefined) return filled;
    return { ...filled, controllen: Math.min(controllen, spaceOf(collected.messages)) };
  }

  /** `read` and `write` of what cannot be read and written: an epoll. */
  private stream(fd: number, syscall: string): SocketCore {
    const { file } = this.get(fd, syscall);
    if (file instanceof SocketCore) return file;
    throw new SocketError(EINVAL, syscall);
  }

  private sendPatience(
    syscall: string,
    core: SocketCore,
    fd: number,
    flags: number,
    options: CallOptions,
  ): Patience {
    checkInteger(syscall, "flags", flags);
    const atOnce = this.nonBlocking(fd) || (flags & MSG_DONTWAIT) !== 0;
    return patienceOf(syscall, core, "send", atOnce, options);
  }

  private destination(
    syscall: string,
    core: SocketCore,
    where: SockaddrInput | null | undefined,
  ): SocketName | undefined | Promise<SocketName> {
    return where === undefined || where === null ? undefined : nameFor(this.host, syscall, core, where);
  }

  private transmit(
    core: SocketCore,
    fd: number,
    syscall: string,
    data: Sendable,
    flags: number,
    options: CallOptions,
  ): Promise<number> {
    checkPointer(syscall, data);
    const patience = this.sendPatience(syscall, core, fd, flags, options);
    return perform(this.host, sendCall(core, syscall, toBytes(syscall, data), flags, patience), patience);
  }

  private receive<T>(
    core: SocketCore,
    fd: number,
    syscall: string,
    buffer: Uint8Array,
    flags: number,
    options: CallOptions,
    result: (call: ReceiveCall<T>, count: number) => T,
    wantsRights = false,
  ): Promise<T> {
    checkPointer(syscall, buffer);
    checkBuffer(syscall, buffer);
    checkInteger(syscall, "flags", flags);
    const call = new ReceiveCall(core, syscall, buffer, 0, buffer.length, flags, result);
    call.wantsRights = wantsRights;
    return this.performReceive(call, fd, flags, options);
  }

  private performReceive<T>(
    call: ReceiveCall<T>,
    fd: number,
    flags: number,
    options: CallOptions,
  ): Promise<T> {
    const { core, syscall } = call;
    const atOnce = this.nonBlocking(fd) || takesWhatIsThere(core, flags);
    const patience = patienceOf(syscall, core, "receive", atOnce, options);
    call.atOnce = patience.nonBlocking;
    return perform(this.host, call, patience);
  }

  /** Into many buffers: by way of one that is as long as what there is. */
  private receiveInto<T>(
    core: SocketCore,
    fd: number,
    syscall: string,
    iov: readonly Uint8Array[],
    flags: number,
    options: CallOptions,
    result: (call: ReceiveCall<T>, count: number) => T,
    wantsRights = false,
  ): Promise<T> {
    if (iov.length <= 1) {
      const only = iov[0] ?? new Uint8Array(0);
      return this.receive(core, fd, syscall, only, flags, options, result, wantsRights);
    }
    checkInteger(syscall, "flags", flags);
    const room = roomOf(syscall, iov, EINVAL);
    if (room === 0) {
      return this.receive(core, fd, syscall, new Uint8Array(0), flags, options, result, wantsRights);
    }
    const finish = (call: ReceiveCall<T>, n: number): T => {
      scatter(call.into.subarray(0, Math.min(n, call.into.length)), iov);
      return result(call, n);
    };
    const call = new ReceiveCall(core, syscall, undefined, 0, room, flags, finish);
    call.wantsRights = wantsRights;
    return this.performReceive(call, fd, flags, options);
  }
}

/** One that waits takes everything. */
function sendCall(
  core: SocketCore,
  syscall: string,
  data: Uint8Array,
  flags: number,
  { nonBlocking }: Patience,
  to?: SocketName,
): SendCall {
  return new SendCall(core, syscall, data, flags, nonBlocking ? SEND_SOME : SEND_BLOCKING, to);
}

function count(_: unknown, n: number): number {
  return n;
}

/** What C would take for a pointer to nothing. */
function checkPointer(syscall: string, pointer: unknown): void {
  if (pointer === null || pointer === undefined) throw new SocketError(EFAULT, syscall);
}

/** A `struct msghdr` in our names. */
function ownMessage<M extends object>(syscall: string, given: unknown): M {
  checkPointer(syscall, given);
  // the one to be filled is its owner's, who may keep more in it
  const message = ownNames(syscall, MESSAGE_FIELDS, given, syscall === "recvmsg");
  if (typeof message === "object" && "iov" in message!) return message as M;
  throw new TypeError(`${syscall}: the message is an object { iov, name, control }, not ${show(given)}`);
}

/** Control messages in our names; what is no list of them is somebody else's to refuse. */
function ownControl(given: Iterable<AnyControlMessage> | undefined): Iterable<ControlMessage> | undefined {
  if (typeof given !== "object" || given === null || !(Symbol.iterator in given)) return given;
  return Array.from(given, (each) => ownNames("sendmsg", CONTROL_FIELDS, each) as ControlMessage);
}

function checkPieces(syscall: string, iov: unknown, tooMany: number): asserts iov is readonly unknown[] {
  checkPointer(syscall, iov);
  if (!Array.isArray(iov)) throw new TypeError(`${syscall}: iov is an array of buffers, not ${show(iov)}`);
  if (iov.length > MOST_PIECES) throw new SocketError(tooMany, syscall);
  for (const piece of iov) checkPointer(syscall, piece);
}

/** The pieces as one. */
function gathered(syscall: string, iov: readonly Sendable[], tooMany: number): Uint8Array {
  checkPieces(syscall, iov, tooMany);
  return gather(iov.map((piece) => toBytes(syscall, piece)));
}

/** How many bytes the buffers hold in all. */
function roomOf(syscall: string, iov: readonly Uint8Array[], tooMany: number): number {
  checkPieces(syscall, iov, tooMany);
  for (const piece of iov) checkBuffer(syscall, piece);
  return roomIn(iov);
}

function spaceOf(messages: readonly ControlMessage[]): number {
  return messages.reduce((bytes, { data }) => bytes + CMSG_SPACE(dataBytes(data)), 0);
}
