/** How endpoints share a port. */
import { REUSE_ADDRESS, REUSE_PORT } from "../base/claims.ts";
import { keyedHash, type SipKey } from "../base/hash.ts";
import type { UdpSettings } from "./settings.ts";

/** The ways of sharing that an endpoint with these settings is for: see `clash`. */
export function sharingOf({ reuseAddress, reusePort }: UdpSettings): number {
  return (reuseAddress ? REUSE_ADDRESS : 0) | (reusePort ? REUSE_PORT : 0);
}

/** Whose turn it is among `count` that share out what comes (SO_REUSEPORT), 0 for the youngest: always the same for one peer. */
export function turnOf(
  key: SipKey,
  local: number,
  localPort: number,
  remote: number,
  remotePort: number,
  count: number,
): number {
  const hash = keyedHash(key, local, remote, (localPort << 16) | remotePort) >>> 0;
  return Math.floor((hash * count) / 0x1_0000_0000);
}
