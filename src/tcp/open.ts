/** OPEN, RFC 9293 §3.10.1: active (`connect`) and passive (`listen`), and taking what a passive one has brought. */
import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAGAIN,
  EALREADY,
  ECONNREFUSED,
  EINVAL,
  EISCONN,
  ENETUNREACH,
} from "../base/errno.ts";
import { bind } from "./bind.ts";
import { transmit } from "./build.ts";
import { enterClosed } from "./end.ts";
import { prepare } from "./handshake.ts";
import { SYN } from "./header.ts";
import { ListenQueue } from "./listen-queue.ts";
import { findPath } from "./path-choice.ts";
import { armRetransmission } from "./retransmission-timeout.ts";
import { CLOSED, LISTEN, SYN_RECEIVED, SYN_SENT } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { mayReplace, sequenceBeyond } from "./time-wait.ts";

/**
 * Active OPEN to `address` (int32) and `port`. 0: the SYN has left; what becomes of it shows in readiness and
 * `takeError`. EALREADY (under way), EISCONN, EADDRNOTAVAIL (no port free, or the four numbers are in use),
 * ENETUNREACH (no route; a broadcast or multicast address), ENODEV (no such interface), ECONNREFUSED (port 0).
 */
export function open(tcb: Tcb, address: number, port: number): number {
  const { tcp } = tcb;
  if (tcb.state === SYN_SENT || tcb.state === SYN_RECEIVED) return -EALREADY;
  if (tcb.state !== CLOSED || tcb.remotePort !== 0) return -EISCONN;
  // RFC 9293 §3.9.1.1, MUST-46
  if (tcp.paths.isBroadcastOrMulticast(address)) return -ENETUNREACH;
  if (port === 0) return -ECONNREFUSED;
  // RFC 9293 §3.9.1.1, MUST-44: IP chooses the local address if the user has not
  // bound to a group or a broadcast address, the socket has no address to send from
  const source = tcp.paths.isBroadcastOrMulticast(tcb.localAddress) ? 0 : tcb.localAddress;
  const found = findPath(tcb, address, source);
  if (found < 0) return found;
  const path = tcb.path!;
  if (tcb.localPort === 0) {
    tcb.localPort = tcp.ports.pickForConnection(tcp.config.ephemeralPorts, path.source, address, port);
    if (tcb.localPort === 0) return -EADDRNOTAVAIL;
  }
  const previous = tcp.find(path.source, tcb.localPort, address, port, tcb.settings.interface);
  if (previous !== undefined && !mayReplace(previous)) return -EADDRNOTAVAIL;
  tcb.localAddress = path.source; // MUST-45: and it stays
  tcb.remoteAddress = address;
  tcb.remotePort = port;
  prepare(tcb, previous === undefined ? undefined : sequenceBeyond(previous));
  if (previous !== undefined) enterClosed(previous);
  tcp.counters.activeOpens++;
  tcb.enter(SYN_SENT);
  tcp.remember(tcb);
  tcb.recovery.stalledSince = tcb.handshakeSentAt = tcp.clock.now;
  transmit(tcb, tcb.snd.iss, 0, SYN); // <SEQ=ISS><CTL=SYN>
  armRetransmission(tcb);
  return 0;
}

/**
 * Passive OPEN: connections to the bound address and port are accepted, up to `backlog` (clamped to 0 … 4096) waiting.
 * Listening again changes the backlog. EINVAL (connected), EADDRINUSE (somebody listens there already).
 */
export function listen(tcb: Tcb, backlog: number): number {
  const { tcp } = tcb;
  const bounded = Math.max(0, Math.min(4096, backlog));
  if (tcb.state === LISTEN) {
    tcb.queue!.backlog = bounded;
    return 0;
  }
  if (tcb.state !== CLOSED || tcb.remotePort !== 0) return -EINVAL;
  if (tcb.localPort === 0) {
    const bound = bind(tcb, tcb.localAddress, 0);
    if (bound < 0) return bound;
  }
  // RFC 9293 §3.9.1.1, MUST-41, MUST-42: other connections on the port are in nobody's way
  if (!tcp.ports.mayListen(tcb)) return -EADDRINUSE;
  tcb.queue = new ListenQueue(bounded);
  tcb.enter(LISTEN);
  tcp.rememberListener(tcb);
  return 0;
}

/** The next established connection of a listener. EAGAIN (none waits), EINVAL (not listening). */
export function accept(tcb: Tcb): Tcb | number {
  if (tcb.state !== LISTEN) return -EINVAL;
  const accepted = tcb.queue!.shift();
  if (accepted === undefined) return -EAGAIN;
  accepted.listener = undefined;
  return accepted;
}
