import { EADDRINUSE, EADDRNOTAVAIL, EINVAL } from "../base/errno.ts";
import { keyedHash } from "../base/hash.ts";
import { CLOSED } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** What the hash of a port for bind is about: no connection has this destination. */
const FOR_BIND = 0x62696e64;

/**
 * Gives the TCB a local address (int32; 0: any) and port (0: a free one is picked); RFC 9293 §3.9.1.1, MUST-43.
 * EINVAL (bound already, or not CLOSED), EADDRINUSE, EADDRNOTAVAIL (not an address of this host, and
 * neither IP_FREEBIND nor IP_TRANSPARENT is set).
 */
export function bind(tcb: Tcb, address: number, port: number): number {
  const { tcp } = tcb;
  if (tcb.state !== CLOSED || hasPort(tcb)) return -EINVAL;
  const mayBeForeign = tcb.settings.freeBind || tcb.settings.transparent;
  if (address !== 0 && !mayBeForeign && !isOurs(tcb, address)) return -EADDRNOTAVAIL;
  if (port === 0) {
    const hash = keyedHash(tcp.key, FOR_BIND, Math.floor(tcp.clock.now), tcp.counters.segmentsSent);
    port = tcp.ports.pickFree(tcp.config.ephemeralPorts, hash);
    if (port === 0) return -EADDRINUSE;
  } else if (!tcp.ports.mayBind(tcb, address, port)) {
    return -EADDRINUSE;
  }
  tcb.localAddress = tcb.boundAddress = address;
  tcb.localPort = port;
  tcb.boundByUser = true;
  tcp.ports.add(tcb);
  return 0;
}

/** Linux lets a stream be bound to a group or a broadcast address as well, useless though it is. */
function isOurs(tcb: Tcb, address: number): boolean {
  const { paths } = tcb.tcp;
  return paths.isLocal(address) || paths.isBroadcastOrMulticast(address);
}

/** A connection that is over has given back a port that IP chose for it, and may be bound, as on Linux. */
function hasPort(tcb: Tcb): boolean {
  return tcb.localPort !== 0 && (tcb.boundByUser || tcb.remotePort === 0);
}

/** Gives `tcb` the place that `from` was bound to, where nobody can come in between. */
export function inheritBinding(tcb: Tcb, from: Tcb): void {
  if (!from.boundByUser) return;
  tcb.localAddress = tcb.boundAddress = from.boundAddress;
  tcb.localPort = from.localPort;
  tcb.boundByUser = true;
  tcb.tcp.ports.add(tcb);
}
