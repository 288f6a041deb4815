/** The calls that may wait, as both faces make them: {@link perform} runs them. */
import { EAGAIN, EALREADY, EBADF, ENOMEM } from "../base/errno.ts";
import { POLLERR, POLLHUP, POLLIN, POLLPRI, POLLRDHUP } from "../base/readiness.ts";
import { type Call, type CallOwner, perform, RECEIVING, SENDING } from "./async.ts";
import {
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_PEEK,
  MSG_WAITALL,
  SOCK_STREAM,
} from "./constants.ts";
import { releaseControl } from "./control.ts";
import { SocketCore } from "./core.ts";
import type { DescriptorTable } from "./descriptors.ts";
import type { OpenFile } from "./file.ts";
import type { Outgoing } from "./message.ts";
import type { SocketName } from "./socket-name.ts";

/** Readiness without which there is nothing to receive: neither data nor end nor error. */
const RECEIVABLE = POLLIN | POLLPRI | POLLRDHUP | POLLERR | POLLHUP;
/** No entry of the error queue has more bytes than a datagram. */
const LARGEST_DATAGRAM = 65_535;

/** `recv` and its kin. */
export class ReceiveCall<T> implements Call<T> {
  readonly core: SocketCore;
  readonly syscall: string;
  readonly direction = RECEIVING;
  /** Where the bytes go. Without a buffer of the user's it is made when there is something to put into it. */
  into: Uint8Array;
  /** Whether descriptors that come with the bytes are looked at afterwards: `recvmsg` sets it before the call is made. */
  wantsRights = false;
  /** Whether it never waits, so that MSG_WAITALL and SO_RCVLOWAT mean nothing: to be set before the call is made. */
  atOnce = false;
  private readonly makesBuffer: boolean;
  private readonly offset: number;
  private readonly length: number;
  private readonly flags: number;
  private readonly waitAll: boolean;
  private done = 0;
  private readonly result: (call: ReceiveCall<T>, count: number) => T;

  /** `into`: the user's buffer, of which `length` bytes from `offset` may be filled; undefined to make one. */
  constructor(
    core: SocketCore,
    syscall: string,
    into: Uint8Array | undefined,
    offset: number,
    length: number,
    flags: number,
    result: (call: ReceiveCall<T>, count: number) => T,
  ) {
    this.core = core;
    this.syscall = syscall;
    this.into = into ?? NOTHING;
    this.makesBuffer = into === undefined;
    this.offset = offset;
    this.length = length;
    this.flags = flags & ~MSG_WAITALL;
    this.waitAll = (flags & MSG_WAITALL) !== 0 && core.type === SOCK_STREAM && (flags & MSG_OOB) === 0;
    this.result = result;
  }

  attempt(): number {
    if (this.mustWait) {
      if (this.core.type === SOCK_STREAM) return -EAGAIN;
      if (this.makesBuffer) this.into = NOTHING; // flags that are not known are told of at once nevertheless
    } else if (this.makesBuffer) {
      this.makeBuffer();
    }
    const { message } = this.core;
    message.wantsRights = this.wantsRights;
    const result = this.receive();
    message.wantsRights = false;
    return result;
  }

  private receive(): number {
    const { core, into, offset, room, flags } = this;
    // the socket may answer otherwise to one who does not wait: a datagram socket that was shut down does
    if (this.atOnce) return core.receive(into, offset, room, flags | MSG_DONTWAIT);
    if (!this.waitAll) return core.receive(into, offset, room, flags);
    return (this.flags & MSG_PEEK) !== 0 ? this.peekAll() : this.receiveAll();
  }

  finish(count: number): T {
    return this.result(this, count);
  }

  partial(): number {
    return this.done;
  }

  private get room(): number {
    return this.makesBuffer ? this.into.length : this.length;
  }

  /** Only a stream has urgent data; datagrams take no notice of MSG_OOB. */
  private get isUrgent(): boolean {
    return (this.flags & MSG_OOB) !== 0 && this.core.type === SOCK_STREAM;
  }

  /** There is nothing to receive, or less than SO_RCVLOWAT asks for, and neither end nor error. */
  private get mustWait(): boolean {
    const { core } = this;
    if ((core.readiness & RECEIVABLE) !== 0 || this.isUrgent) return false;
    if (core.listening || core.closed) return false;
    return core.readable < (this.atOnce ? 1 : Math.max(this.length, 1));
  }

  /** Makes a buffer of the right size. */
  private makeBuffer(): void {
    const { core } = this;
    // one byte at least: to receive none would say nothing about the end of the stream
    const isError = (this.flags & MSG_ERRQUEUE) !== 0;
    const available = this.isUrgent ? 1 : isError ? LARGEST_DATAGRAM : Math.max(core.readable, 1);
    const size = this.waitAll && !this.atOnce ? this.length : Math.min(this.length, available);
    if (this.into.length !== size) this.into = new Uint8Array(size);
  }

  private receiveAll(): number {
    while (this.done < this.length) {
      // what has come is given first; the error stays for the next call, as in Linux
      if (this.done > 0 && (this.core.readiness & POLLERR) !== 0) break;
      const { into, offset, length, done } = this;
      const count = this.core.receive(into, offset + done, length - done, this.flags);
      if (count === 0) break;
      if (count < 0) return count;
      this.done += count;
      // what comes with other rights is another message, as in Linux; MSG_CTRUNC: there were some that nobody wants
      if (this.core.message.rights !== undefined || (this.core.message.flags & MSG_CTRUNC) !== 0) break;
      if (this.core.atMark) break; // nor does a receive go on past the urgent mark
    }
    return this.done;
  }

  private peekAll(): number {
    const { core, length } = this;
    const ended = (core.readiness & (POLLRDHUP | POLLERR | POLLHUP)) !== 0;
    if (core.readable < length && !ended) return -EAGAIN;
    return core.receive(this.into, this.offset, length, this.flags);
  }
}

const NOTHING = new Uint8Array(0);

/** Whether a receive with these flags never waits: urgent data and queued errors are there or not, as in BSD and Linux. */
export function takesWhatIsThere({ type }: SocketCore, flags: number): boolean {
  const beside = type === SOCK_STREAM ? MSG_OOB | MSG_ERRQUEUE : MSG_ERRQUEUE;
  return (flags & (MSG_DONTWAIT | beside)) !== 0;
}

/** What has to be taken before `send` is done: whatever fits at once (Python's `send`) … */
export const SEND_SOME = 0;
/** … or all, but when time or the connection ends first, what was taken counts (a blocking `send` of Linux) … */
export const SEND_BLOCKING = 1;
/** … or all, and anything else is a failure (Python's `sendall`). */
export const SEND_ALL = 2;

/** `send` and its kin. */
export class SendCall implements Call<number> {
  readonly core: SocketCore;
  readonly syscall: string;
  readonly direction = SENDING;
  /** Where to, for `sendto`. */
  readonly to?: SocketName;
  /**
   * What control messages ask of the first piece: `sendmsg` sets it before the call is made. Afterwards it is undefined:
   * a socket has taken it, or the call has failed and given its references back.
   */
  outgoing: Outgoing | undefined = undefined;
  private readonly data: Uint8Array;
  private readonly flags: number;
  private readonly extent: number;
  private done = 0;

  constructor(
    core: SocketCore,
    syscall: string,
    data: Uint8Array,
    flags: number,
    extent: number,
    to?: SocketName,
  ) {
    this.core = core;
    this.syscall = syscall;
    this.data = data;
    this.flags = flags;
    this.extent = core.type === SOCK_STREAM ? extent : SEND_SOME;
    if (to !== undefined) this.to = to;
  }

  attempt(): number {
    for (;;) {
      // what was taken is told first; the error stays for the next call, as in Linux
      if (this.partial() > 0 && (this.core.readiness & POLLERR) !== 0) return this.done;
      const count = this.step();
      if (count < 0) return count === -EAGAIN ? count : this.partial() || count;
      this.done += count;
      if (this.extent === SEND_SOME || this.done === this.data.length) return this.done;
    }
  }

  finish(count: number): number {
    this.giveBack();
    return count;
  }

  failed(): void {
    this.giveBack();
  }

  /** Lets go of what no socket has taken. */
  private giveBack(): void {
    releaseControl(this.outgoing);
    this.outgoing = undefined;
  }

  partial(): number {
    return this.extent === SEND_BLOCKING ? this.done : 0;
  }

  private step(): number {
    const { core, outgoing } = this;
    if (outgoing === undefined) return this.transfer();
    core.outgoing = outgoing;
    const count = this.transfer();
    core.outgoing = undefined;
    // of a stream nothing is sent where there are no bytes, and so nothing is taken
    if (count > 0 || (count === 0 && core.type !== SOCK_STREAM)) this.outgoing = undefined;
    return count;
  }

  private transfer(): number {
    const { core, data, done, flags, to } = this;
    const length = data.length - done;
    return to === undefined
      ? core.send(data, done, length, flags)
      : core.sendTo(data, done, length, flags, to);
  }
}

/** `accept`. `wrap` makes what the user gets of the connection. */
export class AcceptCall<T> implements Call<T> {
  readonly core: SocketCore;
  readonly syscall: string;
  readonly direction = RECEIVING;
  private readonly descriptors: DescriptorTable;
  private readonly wrap: (connection: SocketCore) => T;
  private connection: SocketCore | undefined = undefined;

  constructor(
    core: SocketCore,
    descriptors: DescriptorTable,
    wrap: (connection: SocketCore) => T,
    syscall = "accept",
  ) {
    this.core = core;
    this.syscall = syscall;
    this.descriptors = descriptors;
    this.wrap = wrap;
  }

  attempt(): number {
    // without a descriptor or memory for it the connection stays in the queue, as in Linux
    const { full, limits } = this.descriptors;
    if (full !== 0) return full;
    if (this.core.owner.sockets.size >= limits.sockets) return -ENOMEM;
    const result = this.core.accept();
    if (typeof result === "number") return result;
    this.connection = result;
    return 0;
  }

  finish(): T {
    return this.wrap(this.connection as SocketCore);
  }
}

/** The wait for the result of a `connect` that has begun. */
export class ConnectCall implements Call<void> {
  readonly core: SocketCore;
  readonly syscall = "connect";
  readonly direction = SENDING;
  readonly to: SocketName;

  constructor(core: SocketCore, to: SocketName) {
    this.core = core;
    this.to = to;
  }

  attempt(): number {
    const result = this.core.connectResult();
    return result === -EALREADY ? -EAGAIN : result;
  }

  finish(): void {}
}

/** The wait of a `close` with SO_LINGER until the peer has everything. When time runs out, that is fine too. */
class LingerCall implements Call<void> {
  readonly core: SocketCore;
  readonly syscall = "close";
  readonly direction = SENDING;

  constructor(core: SocketCore) {
    this.core = core;
  }

  attempt(): number {
    return this.core.lingered();
  }

  partial(): number {
    return 1;
  }

  finish(): void {}
}

/** `close` of both faces, for the last descriptor of a file: waits as SO_LINGER says, then lets go. */
export async function closeFile(owner: CallOwner, file: OpenFile): Promise<void> {
  if (file instanceof SocketCore) await linger(owner, file);
  file.close();
}

async function linger(owner: CallOwner, core: SocketCore): Promise<void> {
  const { lingerOn, lingerSeconds } = core.common;
  if (!lingerOn || lingerSeconds <= 0 || !core.startLinger()) return;
  core.dismiss(EBADF);
  const timeoutMicros = lingerSeconds * 1e6;
  await perform(owner, new LingerCall(core), { nonBlocking: false, timeoutMicros, timeoutErrno: EAGAIN });
}
