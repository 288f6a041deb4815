/** AF_UNIX of one host: its names, the descriptors that are under way, and the making of sockets. */
import { EPROTONOSUPPORT, ESOCKTNOSUPPORT } from "../../base/errno.ts";
import type { Random } from "../../base/random.ts";
import { AF_UNIX, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_STREAM } from "../constants.ts";
import type { DescriptorTable } from "../descriptors.ts";
import type { UnixCore, UnixOwner } from "./core.ts";
import { UnixDatagramCore } from "./datagram.ts";
import { UnixNamespace } from "./namespace.ts";
import { RightsUnderWay } from "./rights.ts";
import { UnixSeqPacketCore } from "./seqpacket.ts";
import { UnixStreamCore } from "./stream.ts";

interface UnixHost extends UnixOwner {
  readonly descriptors: DescriptorTable;
}

export class UnixDomain {
  readonly names: UnixNamespace;
  readonly rights: RightsUnderWay;
  private readonly owner: UnixHost;

  constructor(owner: UnixHost, random: Random) {
    this.owner = owner;
    this.names = new UnixNamespace(random);
    this.rights = new RightsUnderWay(owner);
  }

  /** Whether the host has no room for another socket (ENOMEM), such as a connection's other end. */
  get full(): boolean {
    return this.owner.sockets.size >= this.owner.descriptors.limits.sockets;
  }

  /** A socket, or -EPROTONOSUPPORT (`protocol` is 0 or PF_UNIX), -ESOCKTNOSUPPORT. SOCK_RAW gives a datagram socket, as in Linux. */
  socket(type: number, protocol: number): UnixStreamCore | UnixSeqPacketCore | UnixDatagramCore | number {
    if (protocol !== 0 && protocol !== AF_UNIX) return -EPROTONOSUPPORT;
    switch (type) {
      case SOCK_STREAM:
        return new UnixStreamCore(this.owner);
      case SOCK_SEQPACKET:
        return new UnixSeqPacketCore(this.owner);
      case SOCK_DGRAM:
      case SOCK_RAW:
        return new UnixDatagramCore(this.owner);
      default:
        return -ESOCKTNOSUPPORT;
    }
  }

  /** Two that are each other's peers, or a negative errno as from {@link socket}. */
  pair(type: number, protocol: number): [UnixCore, UnixCore] | number {
    const one = this.socket(type, protocol);
    if (typeof one === "number") return one;
    const other = this.socket(type, protocol) as UnixCore;
    one.join(other);
    other.join(one);
    return [one, other];
  }
}
