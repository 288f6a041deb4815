import { EAGAIN, EMSGSIZE, ENOTCONN, EOPNOTSUPP, EPIPE } from "../../base/errno.ts";
import { MSG_OOB, SOCK_SEQPACKET } from "../constants.ts";
import { UnixConnectionCore } from "./connection.ts";
import type { UnixOwner } from "./core.ts";
import { recordMemory } from "./memory.ts";

/** `SOCK_SEQPACKET` in AF_UNIX: a connection that keeps the borders of what was sent. MSG_EOR means nothing, as in Linux. */
export class UnixSeqPacketCore extends UnixConnectionCore {
  protected override readonly kind = "seqpacket";

  constructor(owner: UnixOwner) {
    super(owner, SOCK_SEQPACKET);
  }

  protected override another(): UnixSeqPacketCore {
    return new UnixSeqPacketCore(this.owner);
  }

  /** The place is not looked at, as in Linux. */
  protected override sendToPlace(data: Uint8Array, offset: number, length: number, flags: number): number {
    return this.sendBytes(data, offset, length, flags);
  }

  protected override sendBytes(data: Uint8Array, offset: number, length: number, flags: number): number {
    if (this.error !== 0) return -this.takeError();
    const { peer } = this;
    if (peer === undefined) return -ENOTCONN;
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    if (this.isTooLong(length)) return -EMSGSIZE;
    if (this.sendShut) return -EPIPE;
    if (!this.hasRoom) return -EAGAIN;
    if (peer.closed || peer.receiveShut) return -EPIPE;
    const refused = this.checkRights();
    if (refused !== 0) return refused;
    this.put(peer, data, offset, length, recordMemory(length), true);
    return length;
  }

  protected override receiveBytes(into: Uint8Array, offset: number, length: number, flags: number): number {
    if (!this.connected) return -ENOTCONN;
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    return this.receiveRecord(into, offset, length, flags);
  }
}
