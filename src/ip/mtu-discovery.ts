/** IP_MTU_DISCOVER: which datagrams may be cut into fragments, and by whose word (RFC 1191; Linux's ip_sk_use_pmtu and kin). */
import {
  IP_PMTUDISC_DO,
  IP_PMTUDISC_DONT,
  IP_PMTUDISC_INTERFACE,
  IP_PMTUDISC_PROBE,
  IP_PMTUDISC_WANT,
} from "../base/mtu-discovery.ts";
import type { Path, SendOptions } from "./path.ts";

/** The MTU, bytes, that counts in `mode`: the path's, or from PROBE on the link's. */
export function mtuFor(mode: number, path: Path): number {
  const { mtu } = path;
  return mode < IP_PMTUDISC_PROBE ? mtu : Math.max(mtu, path.linkMtu); // a path that has lost its link keeps its MTU
}

/** Whether a datagram of `total` bytes may go by `path`. Sets in `options` whether it may be cut, and where. */
export function mayGo(mode: number, path: Path, total: number, options: SendOptions): boolean {
  const fits = total <= mtuFor(mode, path);
  options.dontFragment =
    mode === IP_PMTUDISC_DO || mode === IP_PMTUDISC_PROBE || (fits && mode === IP_PMTUDISC_WANT);
  options.ignoresPathMtu = mode >= IP_PMTUDISC_INTERFACE;
  return fits || mode < IP_PMTUDISC_DO || mode > IP_PMTUDISC_INTERFACE;
}

/** Whether "fragmentation needed" is told in `mode` to whom it concerns. */
export function heedsTooBig(mode: number): boolean {
  return mode !== IP_PMTUDISC_DONT;
}

/** Whether it teaches the path's MTU. */
export function learnsTooBig(mode: number): boolean {
  return heedsTooBig(mode) && mode < IP_PMTUDISC_INTERFACE;
}
