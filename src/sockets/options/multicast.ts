/** Options of level IPPROTO_IP about multicast groups (man 7 ip). */
import { EADDRNOTAVAIL, EINVAL, ENODEV, ENOPROTOOPT, EPROTO } from "../../base/errno.ts";
import { formatAddress } from "../../ip/address.ts";
import { placeAddress } from "../address.ts";
import {
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_MULTICAST_ALL,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
} from "../constants.ts";
import type { SocketCore } from "../core.ts";
import {
  FLAG,
  flagOf,
  GROUP,
  type GroupRequest,
  INTEGER,
  ip,
  isStream,
  MULTICAST_INTERFACE,
  type MulticastInterface,
  type Option,
  setSetting,
  setting,
} from "./option.ts";

export const MULTICAST_OPTIONS: readonly Option[] = [
  ip({ IP_MULTICAST_TTL }, INTEGER, {
    summary: "the time to live of what is sent to a group, 0 to 255; -1 is 1; not for streams (EINVAL)",
    unit: "hops",
    default: 1,
    range: [-1, 255],
    get: (core) => setting(core, "multicastTimeToLive", 1),
    set: (core, hops) => {
      if (isStream(core)) return -EINVAL;
      setSetting(core, "multicastTimeToLive", hops === -1 ? 1 : hops);
      return 0;
    },
  }),
  ip({ IP_MULTICAST_LOOP }, FLAG, {
    ...flagOf("multicastLoop", "what is sent to a group comes back to this host's members"),
    default: 1,
    get: (core) => setting(core, "multicastLoop", true),
  }),
  ip({ IP_MULTICAST_ALL }, FLAG, {
    ...flagOf("multicastAll", "hears every group that anybody on this host has joined; 0 or 1 (else EINVAL)"),
    default: 1,
    range: [0, 1],
    get: (core) => setting(core, "multicastAll", true),
  }),
  ip({ IP_MULTICAST_IF }, MULTICAST_INTERFACE, {
    summary:
      "the interface to send to groups by, by an address of it, or { address, interface }; EADDRNOTAVAIL; not for streams (EINVAL)",
    default: '"0.0.0.0": as routed',
    get: (core) => formatAddress(setting(core, "multicastAddress", 0)),
    set: chooseInterface,
  }),
  ip({ IP_ADD_MEMBERSHIP }, GROUP, {
    summary: "joins a group on an interface: EINVAL, ENODEV, EADDRINUSE, ENOBUFS; not for streams (EPROTO)",
    set: (core, request) => changeMembership(core, request, true),
  }),
  ip({ IP_DROP_MEMBERSHIP }, GROUP, {
    summary: "leaves a group: EADDRNOTAVAIL, ENODEV; not for streams (EPROTO)",
    set: (core, request) => changeMembership(core, request, false),
  }),
];

function chooseInterface(core: SocketCore, value: string | number | MulticastInterface): number {
  if (isStream(core)) return -EINVAL;
  const { ipv4 } = core.owner;
  const asked = typeof value === "object" ? value : { address: value };
  const address = placeAddress("setsockopt", asked.address ?? 0);
  let index = (asked.interface ?? 0) - 1;
  if (index < 0 && address !== 0) index = ipv4.interfaceWith(address);
  const isNone = address === 0 && (asked.interface ?? 0) === 0;
  if (!isNone && ipv4.interfaceName(index) === "") return -EADDRNOTAVAIL;
  setSetting(core, "multicastInterface", isNone ? -1 : index);
  setSetting(core, "multicastAddress", address);
  return 0;
}

/** A socket that can be a member of groups. */
interface GroupMember {
  readonly memberships: {
    join(group: number, interfaceIndex: number): number;
    leave(group: number, interfaceIndex: number): number;
  };
}

function changeMembership(core: SocketCore, request: GroupRequest, joins: boolean): number {
  if (isStream(core)) return -EPROTO;
  if (!("memberships" in core)) return -ENOPROTOOPT;
  const { memberships } = core as unknown as GroupMember;
  const group = placeAddress("setsockopt", request.multiaddr);
  const index = interfaceOf(core, request.interface ?? 0);
  if (index === undefined) return joins ? -ENODEV : -EADDRNOTAVAIL;
  return joins ? memberships.join(group, index) : memberships.leave(group, index);
}

/** The interface that a request names: by its index from 1, or by an address of it; -1 for any, undefined for none there is. */
function interfaceOf({ owner }: SocketCore, by: string | number): number | undefined {
  const { ipv4 } = owner;
  if (typeof by === "number" && by > 0 && ipv4.interfaceName(by - 1) !== "") return by - 1;
  const address = placeAddress("setsockopt", by);
  if (address === 0) return -1;
  const index = ipv4.interfaceWith(address);
  return index < 0 ? undefined : index;
}
