/**
 * ICMP messages (RFC 792): numbers, and the layout that all of them share.
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |     Type      |     Code      |          Checksum             |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |       by type: identifier and sequence, next-hop MTU, …       |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |      echo data, or the quoted header and its first bytes …    |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
import {
  ECONNREFUSED,
  EHOSTDOWN,
  EHOSTUNREACH,
  EMSGSIZE,
  ENETUNREACH,
  ENONET,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPROTO,
} from "../base/errno.ts";

export const ICMP_HEADER_LENGTH = 8;

export const ICMP_ECHO_REPLY = 0;
export const ICMP_UNREACHABLE = 3;
export const ICMP_SOURCE_QUENCH = 4;
export const ICMP_REDIRECT = 5;
export const ICMP_ECHO_REQUEST = 8;
export const ICMP_ROUTER_ADVERTISEMENT = 9;
export const ICMP_ROUTER_SOLICITATION = 10;
export const ICMP_TIME_EXCEEDED = 11;
export const ICMP_PARAMETER_PROBLEM = 12;
export const ICMP_TIMESTAMP_REQUEST = 13;
export const ICMP_ADDRESS_MASK_REPLY = 18;

/** Codes of {@link ICMP_UNREACHABLE} (RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1). */
export const UNREACHABLE_NET = 0;
export const UNREACHABLE_HOST = 1;
export const UNREACHABLE_PROTOCOL = 2;
export const UNREACHABLE_PORT = 3;
export const UNREACHABLE_FRAGMENTATION_NEEDED = 4;
export const UNREACHABLE_SOURCE_ROUTE_FAILED = 5;
/** Precedence cutoff: there are no others. */
export const LAST_UNREACHABLE_CODE = 15;

/** Code of {@link ICMP_REDIRECT}: for this destination alone. */
export const REDIRECT_HOST = 1;

/** Codes of {@link ICMP_TIME_EXCEEDED}. */
export const EXCEEDED_IN_TRANSIT = 0;
export const EXCEEDED_IN_REASSEMBLY = 1;

/** Whether `type` is one that answers or asks something, as opposed to an error; an unknown type counts as an error. */
export function isIcmpQuery(type: number): boolean {
  return (
    type === ICMP_ECHO_REPLY ||
    type === ICMP_ECHO_REQUEST ||
    type === ICMP_ROUTER_ADVERTISEMENT ||
    type === ICMP_ROUTER_SOLICITATION ||
    (type >= ICMP_TIMESTAMP_REQUEST && type <= ICMP_ADDRESS_MASK_REPLY)
  );
}

/** By code of Destination Unreachable: Linux's icmp_err_convert. */
const UNREACHABLE_ERRNO: readonly number[] = [
  ENETUNREACH, // 0 net
  EHOSTUNREACH, // 1 host
  ENOPROTOOPT, // 2 protocol
  ECONNREFUSED, // 3 port
  EMSGSIZE, // 4 fragmentation needed
  EOPNOTSUPP, // 5 source route failed
  ENETUNREACH, // 6 net unknown
  EHOSTDOWN, // 7 host unknown
  ENONET, // 8 source host isolated
  ENETUNREACH, // 9 net prohibited
  EHOSTUNREACH, // 10 host prohibited
  ENETUNREACH, // 11 net unreachable for this type of service
  EHOSTUNREACH, // 12 host unreachable for this type of service
  EHOSTUNREACH, // 13 filtered
  EHOSTUNREACH, // 14 precedence violation
  EHOSTUNREACH, // 15 precedence cutoff
];

/** The codes of Destination Unreachable that only hint at trouble which may pass (RFC 1122 §3.2.2.1; Linux's table). */
const SOFT_UNREACHABLE: readonly number[] = [0, 1, 5, 11, 12];

/** The error number that a socket reports for an ICMP error, as Linux does; positive. */
export function icmpErrno(type: number, code: number): number {
  if (type === ICMP_UNREACHABLE) return UNREACHABLE_ERRNO[code] ?? EHOSTUNREACH;
  return type === ICMP_PARAMETER_PROBLEM ? EPROTO : EHOSTUNREACH;
}

/** Whether an ICMP error says that trying again is of no use. */
export function isHardError(type: number, code: number): boolean {
  if (type === ICMP_UNREACHABLE) return !SOFT_UNREACHABLE.includes(code);
  return type === ICMP_PARAMETER_PROBLEM;
}
