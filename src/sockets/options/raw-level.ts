/** Options of levels SOL_RAW (man 7 raw) and SOL_PACKET (man 7 packet). */
import { ENODEV, EOPNOTSUPP } from "../../base/errno.ts";
import {
  ICMP_FILTER,
  IPPROTO_ICMP,
  PACKET_ADD_MEMBERSHIP,
  PACKET_DROP_MEMBERSHIP,
  SOL_PACKET,
  SOL_RAW,
} from "../constants.ts";
import type { SocketCore } from "../core.ts";
import { PacketCore } from "../packet-socket.ts";
import {
  INTEGER,
  type Option,
  option,
  PACKET_GROUP,
  type PacketGroupRequest,
  Refusal,
  setSetting,
  setting,
} from "./option.ts";

export const RAW_OPTIONS: readonly Option[] = [
  option(SOL_RAW, { ICMP_FILTER }, INTEGER, {
    summary:
      "the types of ICMP message that are kept away, a bit for each up to 31; raw sockets of ICMP only (else EOPNOTSUPP)",
    default: 0,
    get: (core) =>
      core.protocol === IPPROTO_ICMP ? setting(core, "icmpFilter", 0) : new Refusal(EOPNOTSUPP),
    set: (core, types) => {
      if (core.protocol !== IPPROTO_ICMP) return -EOPNOTSUPP;
      setSetting(core, "icmpFilter", types | 0);
      return 0;
    },
  }),
  option(SOL_PACKET, { PACKET_ADD_MEMBERSHIP }, PACKET_GROUP, {
    summary:
      "asks an interface for what is not for this host: of type 1, PACKET_MR_PROMISC, frames for other stations; groups come anyhow. ENODEV",
    set: (core, request) => {
      const index = interfaceIndex(core, request);
      if (index < 0) return -ENODEV;
      if (core instanceof PacketCore) core.addMembership(index, request.type ?? 0);
      return 0;
    },
  }),
  option(SOL_PACKET, { PACKET_DROP_MEMBERSHIP }, PACKET_GROUP, {
    summary: "takes PACKET_ADD_MEMBERSHIP back",
    set: (core, request) => {
      const index = interfaceIndex(core, request);
      if (core instanceof PacketCore) core.dropMembership(index, request.type ?? 0);
      return 0;
    },
  }),
];

/** From 0; -1 for none. */
function interfaceIndex({ owner }: SocketCore, { interface: by }: PacketGroupRequest): number {
  const { ipv4 } = owner;
  if (typeof by === "string") return ipv4.interfaceNamed(by);
  return ipv4.interfaceName(by - 1) === "" ? -1 : by - 1;
}
