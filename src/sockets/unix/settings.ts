import type { TransportSettings } from "../core.ts";

/** What SO_RCVBUF and SO_SNDBUF may ask for, bytes: Linux's net.core.rmem_max and wmem_max. */
export const MAX_BUFFER_BYTES = 212_992;
/** Half of what `getsockopt` shows of a new socket: Linux's net.core.wmem_default. */
const DEFAULT_BUFFER_BYTES = 106_496;

/** What a user may choose per socket of AF_UNIX. */
export class UnixSettings implements TransportSettings {
  /** Has no meaning here: options of IP are AF_INET's. */
  timeToLive = 0;
  trafficClass = 0;
  /** SO_RCVBUF: kept and given back; what is sent is counted at the sender. */
  receiveBufferBytes = DEFAULT_BUFFER_BYTES;
  /** SO_SNDBUF: half of what messages may take, their bookkeeping included, until they have been read. */
  sendBufferBytes = DEFAULT_BUFFER_BYTES;
  /** SO_REUSEADDR: kept and given back; a path is bound once. */
  reuseAddress = false;
}
