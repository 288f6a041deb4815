import { EAGAIN, EINVAL, EISCONN, ENOTCONN, EOPNOTSUPP, EPIPE } from "../../base/errno.ts";
import { POLLPRI } from "../../base/readiness.ts";
import { MSG_OOB, MSG_PEEK, SOCK_STREAM } from "../constants.ts";
import { UnixConnectionCore } from "./connection.ts";
import type { UnixOwner } from "./core.ts";
import { MAX_PIECE, pieceMemory } from "./memory.ts";
import type { UnixMessage } from "./message-queue.ts";

/**
 * `SOCK_STREAM` in AF_UNIX. Each send leaves pieces in the peer's queue, and a receive goes across their borders, but
 * not across the urgent byte, which is a piece of its own.
 */
export class UnixStreamCore extends UnixConnectionCore {
  protected override readonly kind = "stream";
  /** The last urgent byte, while it is in the queue and unread. */
  private urgent: UnixMessage | undefined = undefined;

  constructor(owner: UnixOwner) {
    super(owner, SOCK_STREAM);
  }

  protected override another(): UnixStreamCore {
    return new UnixStreamCore(this.owner);
  }

  protected override sendToPlace(): number {
    return this.connected ? -EISCONN : -EOPNOTSUPP;
  }

  protected override sendBytes(data: Uint8Array, offset: number, length: number, flags: number): number {
    const isUrgent = (flags & MSG_OOB) !== 0;
    if (isUrgent && length === 0) return -EOPNOTSUPP;
    const peer = this.peer as UnixStreamCore | undefined;
    if (peer === undefined) return -ENOTCONN;
    if (this.sendShut) return -EPIPE;
    const refused = this.checkRights();
    if (refused !== 0) return refused;
    const ordinary = isUrgent ? length - 1 : length;
    let done = 0;
    while (done < length) {
      if (peer.closed || peer.receiveShut) return done || -EPIPE;
      if (!this.hasRoom) return done || -EAGAIN;
      // the last byte of an urgent send goes alone
      const piece = done === ordinary ? 1 : Math.min(ordinary - done, this.largestPiece);
      // descriptors go with the first piece
      const message = this.put(peer, data, offset + done, piece, pieceMemory(piece), done === 0);
      if (isUrgent && done === ordinary) peer.urgent = message; // one that was there is ordinary from now on
      done += piece;
    }
    return done; // 0 leaves no message, and takes no descriptors
  }

  /** Two pieces are to fit into SO_SNDBUF, as in Linux. */
  private get largestPiece(): number {
    return Math.min(Math.floor(this.sendBuffer / 2) - 64, MAX_PIECE);
  }

  protected override receiveBytes(into: Uint8Array, offset: number, length: number, flags: number): number {
    if (!this.connected) return -EINVAL;
    const isPeek = (flags & MSG_PEEK) !== 0;
    if ((flags & MSG_OOB) !== 0) return this.receiveUrgent(into, offset, length, isPeek);
    const first = this.readableFrom(this.queue.first, 0, isPeek);
    if (first === undefined) return this.error === 0 ? this.endOrNothing(flags) : -this.takeError();
    this.clearMessage();
    this.tellSender(first);
    let done = 0;
    let at: UnixMessage | undefined = first;
    while (at !== undefined && this.continues(first, at)) {
      const count = Math.min(at.left, length - done);
      at.copyTo(into, offset + done, count);
      done += count;
      // what descriptors came with is the last that a receive gives
      const isLast = at.rights !== undefined || done === length;
      this.tellRights(at, isPeek);
      const next = isPeek ? at.next : this.advance(at, count);
      if (isLast) break;
      at = this.readableFrom(next, done, isPeek);
    }
    this.message.length = done;
    return done;
  }

  /** Who asks for credentials gets the bytes of different senders one after the other. */
  private continues(first: UnixMessage, { credentials }: UnixMessage): boolean {
    if (!this.common.passCredentials || first.credentials === credentials) return true;
    const { pid = 0, uid = -1, gid = -1 } = first.credentials ?? {};
    return pid === credentials?.pid && uid === credentials.uid && gid === credentials.gid;
  }

  /** `count` bytes of the first message have been read. Returns the message to go on with. */
  private advance(message: UnixMessage, count: number): UnixMessage | undefined {
    message.consumed += count;
    if (message.left > 0) return message;
    this.consume(message);
    return this.queue.first;
  }

  /**
   * Where an ordinary receive that has got `done` bytes goes on: at `at`, unless that is the urgent byte, or was before
   * it was read. There it stops; the next one steps over it, and an urgent byte that nobody has read is gone, unless
   * SO_OOBINLINE has made it one of the others (Linux's manage_oob).
   */
  private readableFrom(at: UnixMessage | undefined, done: number, isPeek: boolean): UnixMessage | undefined {
    if (at === undefined || (at !== this.urgent && at.left > 0)) return at;
    const wasRead = at.left === 0;
    if (done > 0 && !(wasRead && this.urgent !== undefined)) return undefined;
    if (wasRead) return this.readableFrom(isPeek ? at.next : this.advance(at, 0), done, isPeek);
    if (isPeek) return this.common.oobInline ? at : at.next;
    this.urgent = undefined;
    if (this.common.oobInline) return at;
    this.discardFirst(at);
    return this.queue.first;
  }

  /** MSG_OOB: the urgent byte, whose place in the stream stays. EINVAL: there is none, or it is one of the others. */
  private receiveUrgent(into: Uint8Array, offset: number, length: number, isPeek: boolean): number {
    const { urgent } = this;
    if (urgent === undefined || this.common.oobInline) return -EINVAL;
    const count = Math.min(length, 1);
    this.clearMessage();
    urgent.copyTo(into, offset, count);
    this.message.flags |= MSG_OOB;
    this.message.length = count;
    if (isPeek) return count;
    urgent.consumed = 1;
    this.urgent = undefined;
    return count;
  }

  override get atMark(): boolean {
    const { first } = this.queue;
    if (first === undefined) return false;
    if (first === this.urgent) return true;
    return first.left === 0 && (this.urgent === undefined || first.next === this.urgent);
  }

  override get readiness(): number {
    return this.urgent === undefined ? super.readiness : super.readiness | POLLPRI;
  }

  /** An urgent byte that was read does not count. */
  protected override get hasUnread(): boolean {
    return this.queue.bytes > 0;
  }

  override discard(): void {
    super.discard();
    this.urgent = undefined;
  }
}
