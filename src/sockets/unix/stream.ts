import { EAGAIN, EINVAL, EISCONN, ENOTCONN, EOPNOTSUPP, EPIPE } from "../../base/errno.ts";
import { MSG_OOB, MSG_PEEK, SOCK_STREAM } from "../constants.ts";
import { UnixConnectionCore } from "./connection.ts";
import type { UnixOwner } from "./core.ts";
import { MAX_PIECE, pieceMemory } from "./memory.ts";
import type { UnixMessage } from "./message-queue.ts";

/** `SOCK_STREAM` in AF_UNIX. Each send leaves pieces in the peer's queue, and a receive goes across their borders. */
export class UnixStreamCore extends UnixConnectionCore {
  protected override readonly kind = "stream";

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
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    const { peer } = this;
    if (peer === undefined) return -ENOTCONN;
    if (this.sendShut) return -EPIPE;
    const refused = this.checkRights();
    if (refused !== 0) return refused;
    let done = 0;
    while (done < length) {
      if (peer.closed || peer.receiveShut) return done || -EPIPE;
      if (!this.hasRoom) return done || -EAGAIN;
      const piece = Math.min(length - done, this.largestPiece);
      // descriptors go with the first piece
      this.put(peer, data, offset + done, piece, pieceMemory(piece), done === 0);
      done += piece;
    }
    return done; // 0 leaves no message, and takes no descriptors
  }

  /** Two pieces are to fit into SO_SNDBUF, as in Linux. */
  private get largestPiece(): number {
    return Math.min(Math.floor(this.sendBuffer / 2) - 64, MAX_PIECE);
  }

  protected override receiveBytes(into: Uint8Array, offset: number, length: number, flags: number): number {
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    if (!this.connected) return -EINVAL;
    const { first } = this.queue;
    if (first === undefined) return this.error === 0 ? this.endOrNothing() : -this.takeError();
    this.clearMessage();
    this.tellSender(first);
    const isPeek = (flags & MSG_PEEK) !== 0;
    let done = 0;
    let at: UnixMessage | undefined = first;
    while (at !== undefined && this.continues(first, at)) {
      const count = Math.min(at.left, length - done);
      at.copyTo(into, offset + done, count);
      done += count;
      // what descriptors came with is the last that a receive gives
      const isLast = at.rights !== undefined || done === length;
      this.tellRights(at, isPeek);
      at = isPeek ? at.next : this.advance(at, count);
      if (isLast) break;
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
}
