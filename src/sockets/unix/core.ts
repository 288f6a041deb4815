/**
 * What the sockets of AF_UNIX have in common: a name that is a path, a peer on the same host, a queue of messages, and
 * who the peer is. Behaviour and errors are Linux's (net/unix/af_unix.c), tried on 6.18.
 */
import { EADDRINUSE, EAGAIN, EINVAL, ETOOMANYREFS } from "../../base/errno.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from "../../base/readiness.ts";
import { Task } from "../../base/task.ts";
import type { Place } from "../address.ts";
import { AF_UNIX, MSG_CTRUNC, MSG_PEEK, MSG_TRUNC, SHUT_RD, SHUT_WR } from "../constants.ts";
import { SocketCore, type SocketOwner } from "../core.ts";
import type { Description } from "../descriptors.ts";
import type { Credentials } from "../message.ts";
import type { SocketName, UnixName } from "../socket-name.ts";
import type { UnixDomain } from "./domain.ts";
import { MessageQueue, UnixMessage } from "./message-queue.ts";
import type { UnixNode } from "./namespace.ts";
import { isAbstract, unixPath } from "./path.ts";
import { MAX_BUFFER_BYTES, UnixSettings } from "./settings.ts";

/** What sockets of AF_UNIX ask of their host. */
export interface UnixOwner extends SocketOwner {
  readonly unix: UnixDomain;
  /** Who its programs are. */
  readonly credentials: Credentials;
}

/** What SO_PEERCRED shows of nobody. */
const NO_PEER: Credentials = { pid: 0, uid: -1, gid: -1 };
/** What SCM_CREDENTIALS shows of a message that was sent before anybody asked: Linux's overflow ids. */
const UNKNOWN_SENDER: Credentials = { pid: 0, uid: 65_534, gid: 65_534 };
/** What Linux keeps of SO_SNDBUF for itself when it asks whether a record fits, bytes. */
const RECORD_RESERVE = 32;
const NO_NAME: UnixName = { family: AF_UNIX, path: "" };

export abstract class UnixCore extends SocketCore {
  declare readonly owner: UnixOwner;
  readonly settings = new UnixSettings();
  readonly queue = new MessageQueue();
  /** SO_PEERCRED: who made the peer, when it connected, listened, or was made with this one. */
  peerCredentials = NO_PEER;
  /** Also when it is closed. */
  peer: UnixCore | undefined = undefined;
  /** Bytes of SO_SNDBUF that messages take which have not been read. */
  sendMemory = 0;
  receiveShut = false;
  sendShut = false;
  /** SO_ERROR, positive. */
  error = 0;
  /** Undefined: has none. */
  boundName: UnixName | undefined = undefined;
  private node: UnixNode | undefined = undefined;
  private readonly newsTask = new Task(this.notify);

  constructor(owner: UnixOwner, type: number) {
    super(owner, AF_UNIX, type, 0);
  }

  /** Makes `other`, of the same type, its peer: `socketpair`. */
  abstract join(other: UnixCore): void;

  /** Whether it is a connection that waits to be accepted. */
  get isEmbryo(): boolean {
    return false;
  }

  /** The connections that wait to be accepted here. */
  get embryos(): readonly UnixCore[] {
    return [];
  }

  /** Tells whoever waits at it, when the instant ends. */
  news(): void {
    if (!this.closed) this.owner.clock.defer(this.newsTask);
  }

  /** "" asks for an abstract name that is free (Linux's autobind). */
  protected override bindPlace(place: Place): number {
    const path = unixPath("bind", place);
    if (typeof path === "number") return path;
    if (path === "") return this.bindAny();
    if (this.boundName !== undefined) {
      // Linux makes the path first, and then finds that there is a name already
      return !isAbstract(path) && this.owner.unix.names.exists(path) ? -EADDRINUSE : -EINVAL;
    }
    return this.take(this.owner.unix.names.bind(this, path));
  }

  /** A name for one that has none: also before it connects or sends, when it wants credentials (SO_PASSCRED). */
  protected bindAny(): number {
    if (this.boundName !== undefined) return 0;
    return this.take(this.owner.unix.names.bindAny(this));
  }

  private take(node: UnixNode | number): number {
    if (typeof node === "number") return node;
    this.node = node;
    this.boundName = { family: AF_UNIX, path: node.path };
    return 0;
  }

  protected override shutdownHow(how: number): number {
    if (how !== SHUT_WR) this.receiveShut = true;
    if (how !== SHUT_RD) this.sendShut = true;
    this.news();
    return 0;
  }

  protected override release(): void {
    if (this.node !== undefined) this.owner.unix.names.release(this.node);
    this.discard();
  }

  /** Throws away what waits to be read. */
  discard(): void {
    for (let message = this.queue.first; message !== undefined; message = this.queue.first) {
      this.discardFirst(message);
    }
  }

  protected discardFirst(message: UnixMessage): void {
    const { rights } = message;
    this.consume(message);
    if (rights === undefined) return;
    message.rights = undefined;
    this.owner.unix.rights.arrive(rights);
    this.owner.unix.rights.drop(rights);
  }

  /** The first message has been read. */
  protected consume(message: UnixMessage): void {
    this.queue.shift();
    message.sender.wasRead(message.memory);
  }

  /** A message of its own has been read. */
  wasRead(memory: number): void {
    const wasWritable = this.writable;
    this.sendMemory -= memory;
    if (this.writable && !wasWritable) this.news();
  }

  /** Whether the next {@link put} may be made; how large it is does not matter, as in Linux. */
  protected get hasRoom(): boolean {
    return this.sendMemory < this.sendBuffer;
  }

  /** SO_SNDBUF as `getsockopt` shows it: what messages and their bookkeeping may take. */
  protected get sendBuffer(): number {
    return 2 * this.settings.sendBufferBytes;
  }

  /** Linux calls it writable when three quarters of SO_SNDBUF are free; what is sent before is taken all the same. */
  private get writable(): boolean {
    return 4 * this.sendMemory <= this.sendBuffer;
  }

  /** Why the descriptors that go with this send cannot: -ETOOMANYREFS, or 0. */
  protected checkRights(): number {
    const { outgoing, owner } = this;
    if (outgoing?.rights === undefined || owner.credentials.uid === 0) return 0;
    return owner.unix.rights.exceeded ? -ETOOMANYREFS : 0;
  }

  /** Sends `data` as one message to `target`, with what control messages asked for unless it went before. */
  protected put(
    target: UnixCore,
    data: Uint8Array,
    offset: number,
    length: number,
    memory: number,
    withRights: boolean,
  ): UnixMessage {
    const { owner, outgoing } = this;
    const isAsked = this.common.passCredentials || target.common.passCredentials;
    const credentials = outgoing?.credentials ?? (isAsked ? owner.credentials : undefined);
    const rights = withRights && outgoing?.rights !== undefined ? [...outgoing.rights] : undefined;
    if (rights !== undefined) owner.unix.rights.depart(rights);
    this.sendMemory += memory;
    const message = new UnixMessage(this, data, offset, length, memory, credentials, rights);
    target.queue.push(message);
    target.news();
    return message;
  }

  /** Whether a record of `length` bytes can never be sent: EMSGSIZE. */
  protected isTooLong(length: number): boolean {
    return length > this.sendBuffer - RECORD_RESERVE;
  }

  /** The next record; 0 when none can come any more, but see {@link endOrNothing}. */
  protected receiveRecord(into: Uint8Array, offset: number, length: number, flags: number): number {
    if (this.error !== 0) return -this.takeError();
    const { first } = this.queue;
    if (first === undefined) return this.endOrNothing(flags);
    const { message } = this;
    this.clearMessage();
    const count = Math.min(length, first.left);
    first.copyTo(into, offset, count);
    message.length = first.left;
    if (count < first.left) message.flags |= MSG_TRUNC;
    const isPeek = (flags & MSG_PEEK) !== 0;
    this.tellSender(first);
    this.tellRights(first, isPeek);
    if (!isPeek) this.consume(first);
    return (flags & MSG_TRUNC) !== 0 ? message.length : count;
  }

  /** What a receive of nothing gives: 0 at the end, which nobody sent, else -EAGAIN. */
  protected endOrNothing(_flags: number): number {
    if (!this.receiveShut) return -EAGAIN;
    this.clearMessage();
    return 0;
  }

  /** Forgets what the last `receive` told. */
  protected clearMessage(): void {
    const { message } = this;
    message.name = undefined;
    message.flags = 0;
    message.length = 0;
    message.rights = undefined;
    message.credentials = undefined;
  }

  /** Who sent it. */
  protected tellSender(of: UnixMessage): void {
    this.message.name = of.sender.boundName;
    if (this.common.passCredentials) this.message.credentials = of.credentials ?? UNKNOWN_SENDER;
  }

  /** Hands over the descriptors that came with a message: `recvmsg` gets them, others let them go. */
  protected tellRights(of: UnixMessage, isPeek: boolean): void {
    const { message, owner } = this;
    const { rights } = of;
    if (rights === undefined) return;
    if (!message.wantsRights) message.flags |= MSG_CTRUNC;
    if (isPeek) {
      if (message.wantsRights) message.rights = duplicates(rights);
      return;
    }
    of.rights = undefined;
    owner.unix.rights.arrive(rights);
    if (message.wantsRights) message.rights = rights;
    else owner.unix.rights.drop(rights);
  }

  override get readiness(): number {
    let mask = this.error === 0 ? 0 : POLLERR;
    if (this.receiveShut) mask |= POLLIN | POLLRDHUP;
    if (this.receiveShut && this.sendShut) mask |= POLLHUP;
    if (this.queue.first !== undefined) mask |= POLLIN;
    if (this.writable) mask |= POLLOUT;
    return mask;
  }

  override takeError(): number {
    const { error } = this;
    this.error = 0;
    return error;
  }

  override get unacknowledged(): number {
    return this.sendMemory;
  }

  override settingsChanged(): void {
    this.news(); // a larger buffer may have made it writable
  }

  override get maxReceiveBufferBytes(): number {
    return MAX_BUFFER_BYTES;
  }

  override get maxSendBufferBytes(): number {
    return MAX_BUFFER_BYTES;
  }

  /** There is no IP here. */
  override get defaultTimeToLive(): number {
    return 0;
  }

  override get localName(): UnixName {
    return this.boundName ?? NO_NAME;
  }

  override get remoteName(): UnixName | undefined {
    return this.peer?.localName;
  }

  override get senderName(): SocketName | undefined {
    return this.message.name;
  }

  /** `unix stream /run/x ↔ @y (ESTABLISHED)`. */
  override describe(): string {
    const { peer, stateName } = this;
    const remote = peer === undefined ? "" : ` ↔ ${shown(peer.localName)}`;
    return `unix ${this.kind} ${shown(this.localName)}${remote} (${stateName})`;
  }

  /** "stream" … */
  protected abstract readonly kind: string;
}

function duplicates(rights: readonly Description[]): Description[] {
  for (const description of rights) description.references++;
  return [...rights];
}

function shown({ path }: UnixName): string {
  return path === "" ? "(no name)" : path.replaceAll("\0", "@");
}
