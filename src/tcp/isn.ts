import { keyedHash, type SipKey } from "../base/hash.ts";

/**
 * The initial sequence number, RFC 6528 §3: ISN = M + F(localip, localport, remoteip, remoteport, secretkey), with M
 * a clock of 4 µs (RFC 9293 §3.4.1, MUST-8, SHLD-1) and F a keyed hash that nobody outside can compute (MUST-9).
 */
export function initialSequenceNumber(
  key: SipKey,
  nowMicros: number,
  localAddress: number,
  localPort: number,
  remoteAddress: number,
  remotePort: number,
): number {
  const ticks = Math.floor(nowMicros / 4) | 0;
  return (ticks + keyedHash(key, localAddress, remoteAddress, (localPort << 16) | remotePort)) | 0;
}
