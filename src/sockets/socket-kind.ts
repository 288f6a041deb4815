import { EAFNOSUPPORT, EINVAL, EPERM, EPROTONOSUPPORT, ESOCKTNOSUPPORT } from "../base/errno.ts";
import {
  AF_INET,
  AF_PACKET,
  AF_UNIX,
  IPPROTO_ICMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
} from "./constants.ts";
import type { Capability } from "./core.ts";
import { SocketError } from "./error.ts";

/** What sockets there are. Of `unix` its domain says more. */
export type SocketKind = "stream" | "datagram" | "ping" | "raw" | "packet" | "unix";

/** The bits of a type that are not flags. */
const TYPE_MASK = 15;
/** The last domain that Linux has a number for: AF_MCTP. */
const LAST_DOMAIN = 45;
/** The last type that Linux has a number for: SOCK_PACKET. */
const LAST_TYPE = 10;
/** IPPROTO_MPTCP: the last protocol that Linux has a number for. */
const LAST_PROTOCOL = 262;

/**
 * What `socket(domain, type, protocol)` makes, `type` without SOCK_NONBLOCK and SOCK_CLOEXEC; or the negative errno that
 * Linux gives, the first that applies: EINVAL (unknown flags in the type), EAFNOSUPPORT (beyond all domains), EINVAL
 * (beyond all types), EAFNOSUPPORT (not here), and then what the domain says.
 */
export function socketKind(
  domain: number,
  type: number,
  protocol: number,
  capabilities: ReadonlySet<Capability>,
): SocketKind | number {
  if ((type & ~TYPE_MASK) !== 0) return -EINVAL;
  if (domain < 0 || domain > LAST_DOMAIN) return -EAFNOSUPPORT;
  if (type > LAST_TYPE) return -EINVAL;
  if (domain !== AF_INET && domain !== AF_UNIX && domain !== AF_PACKET) return -EAFNOSUPPORT;
  if (domain === AF_UNIX) return "unix";
  const mayBeRaw = capabilities.has("CAP_NET_RAW");
  if (domain === AF_INET) return inetKind(type, protocol, mayBeRaw);
  if (!mayBeRaw) return -EPERM;
  return type === SOCK_RAW || type === SOCK_DGRAM ? "packet" : -ESOCKTNOSUPPORT;
}

/** Raw sockets have a protocol, and need CAP_NET_RAW only when all else is right. */
function inetKind(type: number, protocol: number, mayBeRaw: boolean): SocketKind | number {
  if (protocol < 0 || protocol > LAST_PROTOCOL) return -EINVAL;
  switch (type) {
    case SOCK_STREAM:
      return protocol === 0 || protocol === IPPROTO_TCP ? "stream" : -EPROTONOSUPPORT;
    case SOCK_DGRAM:
      if (protocol === IPPROTO_ICMP) return "ping";
      return protocol === 0 || protocol === IPPROTO_UDP ? "datagram" : -EPROTONOSUPPORT;
    case SOCK_RAW:
      if (protocol === 0) return -EPROTONOSUPPORT;
      return mayBeRaw ? "raw" : -EPERM;
    default:
      return -ESOCKTNOSUPPORT;
  }
}

/** The error of `socket` and `socketpair`, with a hint which kind it was that there is not. */
export function kindError(
  errno: number,
  call: string,
  domain: number,
  type: number,
  protocol: number,
): SocketError {
  const asked = `domain ${domain}, type ${type}, protocol ${protocol}`;
  return new SocketError(errno, call, undefined, undefined, asked);
}
