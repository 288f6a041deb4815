/**
 * What a socket object of Python keeps beside the socket itself: its descriptor, its time-out, and the files made from
 * it; with all that can be asked of a socket without waiting.
 */
import { EBADF, ENOTCONN, ENOTSOCK, EOPNOTSUPP, ETIMEDOUT } from "../../base/errno.ts";
import { INSPECT } from "../../base/inspect.ts";
import { AT_ONCE, optionPatience, type Patience } from "../async.ts";
import { closeFile, takesWhatIsThere } from "../calls.ts";
import { AF_PACKET, MSG_DONTWAIT } from "../constants.ts";
import { SocketCore } from "../core.ts";
import type { Description, Slot } from "../descriptors.ts";
import { SocketError } from "../error.ts";
import { checkInteger, checkWaiting, show } from "../misuse.ts";
import { type OptionInput, type OptionValueOf, readOption, writeOption } from "../options/index.ts";
import type { SocketHost } from "../socket-host.ts";
import { namePlace, type SocketName } from "../socket-name.ts";
import { showAddress } from "./addresses.ts";
import { OWNER } from "./owner.ts";

/** The last argument of every call that may wait. */
export interface Waiting {
  /**
   * Aborting it ends the wait: the call rejects with EINTR, unless a part of its work is done and counts. When it is
   * aborted before, the call does nothing and rejects, though it need not have waited.
   */
  signal?: AbortSignal | undefined;
}

/** Milliseconds; more is a mistake. */
const LONGEST = 1e12;

/** A descriptor for a socket that was just made, not inherited by other programs as all of Python's. EMFILE, ENFILE. */
export function openDescriptor(host: SocketHost, core: SocketCore, syscall: string): number {
  const descriptor = host.descriptors.open(core);
  if (descriptor < 0) {
    core.close();
    throw new SocketError(descriptor, syscall);
  }
  host.descriptors.closeOnExec.add(descriptor);
  return descriptor;
}

/** Another descriptor for what `descriptor` stands for. EBADF, EMFILE. */
export function duplicate(host: SocketHost, descriptor: number, syscall: string): number {
  const description = host.descriptors.get(descriptor);
  const copy = description === undefined ? -EBADF : host.descriptors.add(description);
  if (copy < 0) throw new SocketError(copy, syscall);
  host.descriptors.closeOnExec.add(copy);
  return copy;
}

/** Checks a time-out as `settimeout` takes it. */
export function checkTimeout(call: string, millis: unknown): asserts millis is number | null {
  if (millis === null || (typeof millis === "number" && millis >= 0 && millis <= LONGEST)) return;
  const message = `${call}: the time is null or a number of milliseconds from 0 to 1e12, not ${show(millis)}`;
  throw typeof millis === "number" ? new RangeError(message) : new TypeError(message);
}

export abstract class Handle<A> {
  protected readonly host: SocketHost;
  /** What `descriptor` stands for: dup2 may have it stand for something else. */
  private readonly slot: Slot;
  /** What it stood for at first: Python remembers its family, type and protocol. */
  private readonly made: SocketCore;
  /** -1 when closed or detached. */
  protected descriptor: number;
  private timeoutMillis: number | null;
  /** Files of `makefile` that are open: they keep the descriptor open. */
  private openFiles = 0;
  /** Whether `close` was called, and may have to wait for the files. */
  private closing = false;

  /** Takes over `descriptor`, which is closed with the object. EBADF, ENOTSOCK. */
  constructor(
    host: SocketHost,
    descriptor: number,
    timeoutMillis: number | null = host.defaultTimeoutMillis,
  ) {
    const slot = host.descriptors.slot(descriptor);
    if (slot === undefined) throw new SocketError(EBADF, "socket");
    const { description } = slot;
    if (!(description.file instanceof SocketCore)) throw new SocketError(ENOTSOCK, "socket");
    this.host = host;
    this.slot = slot;
    this.made = description.file;
    this.descriptor = descriptor;
    this.timeoutMillis = timeoutMillis;
    if (timeoutMillis !== null) description.nonBlocking = true;
  }

  /** AF_INET … */
  get family(): number {
    return this.made.domain;
  }

  /** SOCK_STREAM … */
  get type(): number {
    return this.made.type;
  }

  /** IPPROTO_TCP … */
  get proto(): number {
    return this.made.protocol;
  }

  /** The descriptor, which `host.posix` takes too; -1 once closed. */
  fileno(): number {
    return this.descriptor;
  }

  /**
   * Closes it; a second time nothing happens. Calls that still wait reject with EBADF, and iterations end. With a time
   * in SO_LINGER it waits until the peer has everything, or the time is over. While files of `makefile` are open the
   * socket stays open: the last of them closes it. The connection ends with its last descriptor.
   */
  async close(): Promise<void> {
    this.closing = true;
    if (this.openFiles > 0) return;
    const { description, descriptor, host, slot } = this;
    this.descriptor = -1;
    // somebody may have closed the descriptor by its number, and another socket may have it now
    if (descriptor < 0 || !slot.open) return;
    host.descriptors.remove(descriptor);
    if (description.drop()) await closeFile(host, description.file);
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Closes the object and not the descriptor, which it returns; -1 when it was closed before. */
  detach(): number {
    const { descriptor } = this;
    this.descriptor = -1;
    this.closing = true;
    return descriptor;
  }

  /** Its own address. In AF_UNIX "" before it has a name. */
  getsockname(): A {
    return this.addressOf(this.open("getsockname").localName);
  }

  /** The peer's address. ENOTCONN without a peer; EOPNOTSUPP in AF_PACKET. */
  getpeername(): A {
    const core = this.open("getpeername");
    if (core.domain === AF_PACKET) throw new SocketError(EOPNOTSUPP, "getpeername");
    if (core.peerName === undefined) throw new SocketError(ENOTCONN, "getpeername");
    return this.addressOf(core.peerName);
  }

  /** The value of an option: see the table of options. ENOPROTOOPT. */
  getsockopt<L extends number, O extends number>(level: L, option: O): OptionValueOf<L, O> {
    return readOption(this.open("getsockopt"), level, option) as OptionValueOf<L, O>;
  }

  /** Sets an option: see the table of options. ENOPROTOOPT, EINVAL (out of range), EPERM. */
  setsockopt(level: number, option: number, value: OptionInput): void {
    writeOption(this.open("setsockopt"), level, option, value);
  }

  /**
   * Milliseconds that a call may wait before it rejects with ETIMEDOUT; null: for ever; 0: not at all, which fails with
   * EWOULDBLOCK. The time is the object's own; but null clears and any number sets O_NONBLOCK, which `dup`s share.
   */
  settimeout(millis: number | null): void {
    checkTimeout("settimeout", millis);
    this.open("settimeout");
    this.timeoutMillis = millis;
    this.description.nonBlocking = millis !== null;
  }

  /** What {@link settimeout} was told: milliseconds; null for ever. */
  gettimeout(): number | null {
    return this.timeoutMillis;
  }

  /**
   * `true` is `settimeout(null)`. `false` is `settimeout(0)`: what cannot be done at once fails with EWOULDBLOCK
   * (errno -11, which is EAGAIN's too), `connect` with EINPROGRESS.
   */
  setblocking(blocking: boolean): void {
    this.settimeout(truth("setblocking", "blocking", blocking) ? null : 0);
  }

  /** Whether calls may wait: whether the time-out is not 0. */
  getblocking(): boolean {
    return this.timeoutMillis !== 0;
  }

  /** Whether FD_CLOEXEC is off. Nothing is executed here: the flag is kept and given back. */
  get_inheritable(): boolean {
    this.open("get_inheritable");
    return !this.host.descriptors.closeOnExec.has(this.descriptor);
  }

  /** Clears FD_CLOEXEC, or sets it. */
  set_inheritable(inheritable: boolean): void {
    this.open("set_inheritable");
    const { closeOnExec } = this.host.descriptors;
    if (truth("set_inheritable", "inheritable", inheritable)) closeOnExec.delete(this.descriptor);
    else closeOnExec.add(this.descriptor);
  }

  /** The synchronous socket below. */
  get core(): SocketCore {
    return this.open("core");
  }

  protected get description(): Description {
    return this.slot.description;
  }

  /** The socket, open or not. */
  protected get file(): SocketCore {
    const { file } = this.slot.description;
    return file instanceof SocketCore ? file : this.made;
  }

  /** Whether it was closed at this end. */
  protected get closedHere(): boolean {
    return this.descriptor < 0 || !this.slot.open || this.file.closed;
  }

  protected open(syscall: string): SocketCore {
    if (this.descriptor < 0) throw new SocketError(EBADF, syscall);
    const { file } = this.slot.description;
    if (file.closed) throw new SocketError(file.closedErrno, syscall);
    if (!this.slot.open) throw new SocketError(EBADF, syscall);
    if (!(file instanceof SocketCore)) throw new SocketError(ENOTSOCK, syscall);
    return file;
  }

  protected check(syscall: string, result: number, name?: SocketName): void {
    if (result < 0) throw new SocketError(result, syscall, ...namePlace(name));
  }

  protected addressOf(name: SocketName | undefined): A {
    return showAddress(this.host, name) as A;
  }

  /** Who sent what was just received. Null, as Python's None: a stream does not say. */
  protected senderOf(core: SocketCore): A {
    return this.addressOf(core.senderName);
  }

  /** How long a call may wait. With a time-out of the object's own, Python asks for readiness first, whatever the flags. */
  protected patience(
    call: string,
    direction: "receive" | "send",
    flags: number,
    waiting?: Waiting,
  ): Patience {
    checkInteger(call, "flags", flags);
    checkWaiting(call, waiting);
    const { timeoutMillis } = this;
    const signal = waiting?.signal;
    if (timeoutMillis !== null && timeoutMillis > 0) {
      const timeoutMicros = Math.ceil(timeoutMillis * 1000);
      return { nonBlocking: false, timeoutMicros, timeoutErrno: ETIMEDOUT, signal, selects: true };
    }
    if (this.description.nonBlocking || (flags & MSG_DONTWAIT) !== 0) return AT_ONCE;
    if (direction === "receive" && takesWhatIsThere(this.file, flags)) return AT_ONCE;
    const patience = optionPatience(this.file, direction);
    return signal === undefined ? patience : { ...patience, signal };
  }

  protected get [OWNER](): SocketHost {
    return this.host;
  }

  /** In the console: "Socket { fd: 3, 10.0.0.1:1234 ↔ 10.0.0.2:80 (ESTABLISHED) }". */
  protected [INSPECT](): string {
    return `Socket { fd: ${this.descriptor}, ${this.closedHere ? "closed" : this.file.describe()} }`;
  }

  protected fileOpened(): void {
    this.openFiles++;
  }

  protected async fileClosed(): Promise<void> {
    this.openFiles--;
    if (this.closing) await this.close();
  }
}

/** Python takes numbers for truth. */
function truth(call: string, what: string, value: unknown): boolean {
  if (typeof value === "boolean" || typeof value === "number") return Boolean(value);
  throw new TypeError(`${call}: ${what} is true or false, not ${show(value)}`);
}
