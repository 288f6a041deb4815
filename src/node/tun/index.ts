/** TUN devices of this machine's kernel. */
export { TunCounters } from "./counters.ts";
export { TunError } from "./errors.ts";
export { openTun, type TunOptions } from "./open-tun.ts";
export { type OnTunError, TunLink } from "./tun-link.ts";
