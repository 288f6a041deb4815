import {
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  EINVAL,
  EMSGSIZE,
  ENOTCONN,
  EOPNOTSUPP,
  EPERM,
  EPIPE,
} from "../../base/errno.ts";
import { POLLOUT } from "../../base/readiness.ts";
import type { Place } from "../address.ts";
import { MSG_DONTWAIT, MSG_OOB, SOCK_DGRAM } from "../constants.ts";
import { UnixCore, type UnixOwner } from "./core.ts";
import { recordMemory } from "./memory.ts";
import type { UnixMessage } from "./message-queue.ts";
import { unixPath } from "./path.ts";

/** Of these one more may wait at a socket, as in Linux: net.unix.max_dgram_qlen. */
const MAX_QUEUE = 10;

/** `SOCK_DGRAM` in AF_UNIX: reliable and in order; who sends waits for room at the receiver. */
export class UnixDatagramCore extends UnixCore {
  protected override readonly kind = "datagram";
  declare peer: UnixDatagramCore | undefined;
  /** Those who have it as their peer, and those who found its queue full: they want to know when it no longer is. */
  private readonly clients = new Set<UnixDatagramCore>();
  private readonly refused = new Set<UnixDatagramCore>();
  /** Those whose `refused` has it. */
  private readonly refusedBy = new Set<UnixDatagramCore>();

  constructor(owner: UnixOwner) {
    super(owner, SOCK_DGRAM);
  }

  override join(other: UnixCore): void {
    this.setPeer(other as UnixDatagramCore);
    this.peerCredentials = this.owner.credentials;
  }

  protected override connectPlace(place: Place): number {
    const path = unixPath("connect", place);
    if (typeof path === "number") return path;
    if (path !== "" && this.common.passCredentials) this.bindAny();
    const peer = this.owner.unix.names.find(path, SOCK_DGRAM) as UnixDatagramCore | number;
    if (typeof peer === "number") return peer;
    if (!this.maySendTo(peer)) return -EPERM;
    this.changePeer(peer);
    return 0;
  }

  protected override dissolve(): number {
    this.changePeer(undefined);
    return 0;
  }

  /** What came from a former peer is thrown away, and the former peer learns of it if we were his. */
  private changePeer(peer: UnixDatagramCore | undefined): void {
    const former = this.peer;
    this.setPeer(peer);
    if (former === undefined || former === peer) return;
    this.discard();
    if (former.closed || former.peer !== this) return;
    former.error = ECONNRESET;
    former.news();
  }

  private setPeer(peer: UnixDatagramCore | undefined): void {
    this.peer?.clients.delete(this);
    this.peer = peer;
    peer?.clients.add(this);
    this.news(); // whether it is writable may depend on the peer
  }

  /** Who has a peer hears that one alone. */
  private maySendTo(target: UnixDatagramCore): boolean {
    return target.peer === undefined || target.peer === this;
  }

  protected override sendBytes(data: Uint8Array, offset: number, length: number, flags: number): number {
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    const refused = this.checkOwnSide(length);
    if (refused !== 0) return refused;
    const { peer } = this;
    if (peer === undefined) return -ENOTCONN;
    if (peer.closed) {
      this.changePeer(undefined);
      return -ECONNREFUSED;
    }
    return this.transmit(peer, data, offset, length);
  }

  protected override sendToPlace(
    data: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    place: Place,
  ): number {
    const path = unixPath("sendTo", place);
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    if (typeof path === "number") return path;
    if (path === "") return -EINVAL;
    const refused = this.checkOwnSide(length);
    if (refused !== 0) return refused;
    const target = this.owner.unix.names.find(path, SOCK_DGRAM) as UnixDatagramCore | number;
    return typeof target === "number" ? target : this.transmit(target, data, offset, length);
  }

  private checkOwnSide(length: number): number {
    if (this.common.passCredentials) this.bindAny();
    if (this.isTooLong(length)) return -EMSGSIZE;
    if (this.error !== 0) return -this.takeError();
    if (this.sendShut) return -EPIPE;
    return this.hasRoom ? this.checkRights() : -EAGAIN;
  }

  private transmit(target: UnixDatagramCore, data: Uint8Array, offset: number, length: number): number {
    if (!this.maySendTo(target)) return -EPERM;
    if (target.receiveShut) return -EPIPE;
    if (this.mustWaitFor(target)) {
      target.refused.delete(this); // who tries anew stands behind the others
      target.refused.add(this);
      this.refusedBy.add(target);
      return -EAGAIN;
    }
    this.put(target, data, offset, length, recordMemory(length), true);
    return length;
  }

  /** Two who have each other as peers are bounded by SO_SNDBUF alone. */
  private mustWaitFor(target: UnixDatagramCore): boolean {
    return target !== this && target.peer !== this && target.queue.count > MAX_QUEUE;
  }

  protected override receiveBytes(into: Uint8Array, offset: number, length: number, flags: number): number {
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    return this.receiveRecord(into, offset, length, flags);
  }

  /** After a shutdown there is no more to wait for: 0 to one who would wait. Others hear EAGAIN, as in Linux. */
  protected override endOrNothing(flags: number): number {
    return (flags & MSG_DONTWAIT) !== 0 ? -EAGAIN : super.endOrNothing(flags);
  }

  protected override consume(message: UnixMessage): void {
    const wasFull = this.queue.count > MAX_QUEUE;
    super.consume(message);
    if (wasFull && this.queue.count <= MAX_QUEUE) this.admit();
  }

  /** Those who found the queue full, or may have, try again in the order they came. */
  private admit(): void {
    for (const sender of this.refused) {
      sender.refusedBy.delete(this);
      sender.news();
    }
    this.refused.clear();
    for (const client of this.clients) client.news();
  }

  protected override shutdownHow(how: number): number {
    super.shutdownHow(how);
    this.admit(); // who waits for room learns that there will be none: EPIPE
    return 0;
  }

  protected override release(): void {
    super.release(); // empties the queue: who waits for room learns that there is nobody, ECONNREFUSED
    this.peer?.clients.delete(this);
    for (const target of this.refusedBy) target.refused.delete(this);
    this.refusedBy.clear();
  }

  override get readiness(): number {
    const { peer } = this;
    const mustWait = peer !== undefined && !peer.closed && this.mustWaitFor(peer);
    return mustWait ? super.readiness & ~POLLOUT : super.readiness;
  }

  override get readable(): number {
    return this.queue.first?.left ?? 0;
  }

  override get stateName(): string {
    return this.peer === undefined ? "UNCONN" : "ESTABLISHED";
  }
}
